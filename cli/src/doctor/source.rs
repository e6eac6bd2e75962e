//! The header that `SOURCE=appsync` reads, as AppSync delivers it.
//!
//! The API's resolver returns `x-forwarded-for` to a request with the header `x-latchstring-probe`.
//! The value is what AppSync received with this request; it concerns its sender alone. The request is
//! for a ticket, for an address that can have no mailbox; a ticket that is never redeemed sends nothing and charges nothing.

use std::net::IpAddr;
use std::time::Duration;

use aws_smithy_http_client::Connector;
use aws_smithy_http_client::tls::Provider;
use aws_smithy_http_client::tls::rustls_provider::CryptoMode;
use aws_smithy_runtime_api::client::http::HttpConnector as _;
use aws_smithy_runtime_api::client::orchestrator::HttpRequest;
use latchstring_lambda::resolver::SourceOf;
use serde_json::json;

use crate::doctor::Finding;
use crate::doctor::probe::address;

/// The request header that requests the response header.
const ASK: &str = "x-latchstring-probe";
/// The response header.
const SEEN: &str = "x-latchstring-forwarded-for";
/// An address that a client made up: of a network for documentation (RFC 5737).
const FORGED: &str = "192.0.2.1";
const PATIENCE: Duration = Duration::from_secs(35);

/// A GraphQL API.
pub struct Api {
    /// Its URL.
    pub url: String,
    /// Its API key.
    pub key: String,
}

/// Sends two requests with a forged entry, and reports what arrived.
pub async fn run(api: &Api) -> Finding {
    let (first, second) = (seen(api).await, seen(api).await);
    judge(&first, &second)
}

/// Returns the header, or the reason why there is none.
async fn seen(api: &Api) -> Result<String, String> {
    let input = json!({"method": "EMAIL", "emailOrPhone": address()});
    let body = json!({
        "query": "mutation ($input: SignInInput!) { signInTicket(input: $input) { expiresIn } }",
        "variables": { "input": input },
    });
    let mut request = HttpRequest::new(body.to_string().into());
    let unsent = || "the URL or key cannot be sent".to_owned();
    request.set_method("POST").map_err(|_| unsent())?;
    request.set_uri(&*api.url).map_err(|_| unsent())?;
    for (name, value) in [
        ("content-type", "application/json"),
        ("x-api-key", &api.key),
        ("x-forwarded-for", FORGED),
        (ASK, "source"),
    ] {
        let value = value.to_owned();
        let added = request.headers_mut().try_insert(name, value);
        added.map_err(|_| unsent())?;
    }
    let connector = Connector::builder()
        .tls_provider(Provider::Rustls(CryptoMode::Ring))
        .build();
    let response = match tokio::time::timeout(PATIENCE, connector.call(request)).await {
        Ok(Ok(response)) => response,
        Ok(Err(_)) => return Err("the API cannot be reached".to_owned()),
        Err(_) => return Err("the API does not answer".to_owned()),
    };
    let status = response.status().as_u16();
    let found = response.headers().get(SEEN).map(str::to_owned);
    found.ok_or_else(|| format!("the API answered {status} without the header {SEEN}"))
}

/// Returns the address that a resolver with `SOURCE=appsync` reads.
fn read(header: &str) -> Option<IpAddr> {
    let event = json!({"request": {"headers": {"x-forwarded-for": header}}});
    SourceOf::AppSync.of(&event)?.address()
}

/// Returns how `SOURCE=appsync` would read the headers of two requests from this machine.
fn judge(first: &Result<String, String>, second: &Result<String, String>) -> Finding {
    const CHECK: &str = "probe.source";
    let (first, second) = match (first, second) {
        (Ok(first), Ok(second)) => (first, second),
        (Err(reason), _) | (_, Err(reason)) => return Finding::unknown(CHECK, reason),
    };
    let shown = format!("x-forwarded-for arrived as \"{first}\" and as \"{second}\"");
    let (Some(address), Some(other)) = (read(first), read(second)) else {
        let says = format!("{shown}: SOURCE=appsync reads no address, and all clients share one");
        return Finding::fails(CHECK, says);
    };
    if [address, other].iter().any(|it| it.to_string() == FORGED) {
        Finding::leaks(
            CHECK,
            format!("{shown}: SOURCE=appsync would take {FORGED}, which this client made up"),
        )
    } else if other != address {
        Finding::fails(
            CHECK,
            format!("{shown}: SOURCE=appsync would give this client another source each time"),
        )
    } else {
        Finding::ok(
            CHECK,
            format!("{shown}: SOURCE=appsync reads {address}, which should be this machine's"),
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::doctor::State;

    #[test]
    fn the_address_must_be_the_same_and_not_the_clients_own_word() {
        for (first, second, expected) in [
            (
                "192.0.2.1, 203.0.113.7, 64.1.1.1",
                "192.0.2.1, 203.0.113.7, 64.1.1.2",
                State::Ok,
            ),
            ("203.0.113.7, 64.1.1.1", "203.0.113.7, 64.1.1.1", State::Ok),
            // No edge behind the client.
            (
                "192.0.2.1, 203.0.113.7",
                "192.0.2.1, 203.0.113.7",
                State::Leaks,
            ),
            ("203.0.113.7, 64.1.1.1", "192.0.2.1", State::Leaks),
            ("none", "none", State::Fails),
            // Two hops behind it.
            (
                "192.0.2.1, 203.0.113.7, 64.1.1.1, 10.0.0.1",
                "192.0.2.1, 203.0.113.7, 64.1.1.2, 10.0.0.1",
                State::Fails,
            ),
        ] {
            let found = judge(&Ok(first.to_owned()), &Ok(second.to_owned()));
            assert_eq!(found.state, expected, "{first} and {second}");
            assert!(found.says.contains(first) && found.says.contains(second));
        }
        let (none, some) = (Err("no answer".to_owned()), Ok(String::new()));
        for (first, second) in [(&none, &some), (&some, &none)] {
            assert_eq!(judge(first, second).state, State::Unknown);
        }
    }
}
