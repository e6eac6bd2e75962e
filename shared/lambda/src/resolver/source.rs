use std::net::Ipv4Addr;

use latchstring_core::rate_limit::Source;
use serde_json::Value;

/// The part of AppSync's events that holds the client's address.
///
/// Events without an address there share one source, so a client gains no budget by hiding its
/// address.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum SourceOf {
    /// Sources are not distinguished.
    #[default]
    Off,
    /// AppSync's `x-forwarded-for` header.
    ///
    /// It ends with the client's address as `CloudFront` saw it and the address of the `CloudFront`
    /// edge, which differs between requests. The client itself can set the entries further left.
    /// (Events in aws-mobile-appsync-sdk-js#584.) A header with one entry has no edge.
    AppSync,
    /// `requestContext.http.sourceIp` of an HTTP API or function URL, which AWS sets.
    Http,
}

impl SourceOf {
    /// Returns the source of an event, or `None` where sources are not distinguished.
    pub fn of(self, event: &Value) -> Option<Source> {
        let address = match self {
            Self::Off => return None,
            Self::AppSync => {
                let header = event["request"]["headers"]["x-forwarded-for"].as_str();
                header.and_then(|header| {
                    let mut entries = header.rsplit(',');
                    let last = entries.next();
                    entries.next().or(last)
                })
            }
            Self::Http => event["requestContext"]["http"]["sourceIp"].as_str(),
        };
        let address = address.and_then(|address| address.trim().parse().ok());
        Some(Source::new(address.unwrap_or(Ipv4Addr::UNSPECIFIED.into())))
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_source_is_read_where_a_client_cannot_write() {
        let at = |address: &str| address.parse().ok().map(Source::new);
        let together = at("0.0.0.0");
        for (header, source) in [
            // Two requests of one client, as in aws-mobile-appsync-sdk-js#584: each has another
            // edge.
            ("203.0.113.7, 64.252.186.150", at("203.0.113.7")),
            ("203.0.113.7, 64.252.186.11", at("203.0.113.7")),
            // An entry that the client sent stands further left.
            ("192.0.2.9, 203.0.113.7, 64.252.186.150", at("203.0.113.7")),
            ("2001:db8::1,  2600:9000::1", at("2001:db8::1")),
            ("203.0.113.7", at("203.0.113.7")),
            ("", together),
            ("unknown, 64.252.186.150", together),
            ("192.0.2.9:1234, 64.252.186.150", together),
            ("192.0.2, 64.252.186.150", together),
        ] {
            let event = json!({"request": {"headers": {"x-forwarded-for": header}}});
            assert_eq!(SourceOf::AppSync.of(&event), source, "{header:?}");
            assert_eq!(SourceOf::Off.of(&event), None);
            assert_eq!(
                SourceOf::Http.of(&event),
                together,
                "a header is not trusted"
            );
        }
        assert_eq!(SourceOf::AppSync.of(&json!({"request": null})), together);
        let event = json!({"requestContext": {"http": {"sourceIp": "203.0.113.7"}}});
        assert_eq!(SourceOf::Http.of(&event), at("203.0.113.7"));
    }
}
