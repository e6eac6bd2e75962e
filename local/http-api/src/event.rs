//! The event of payload format 2.0.

use std::net::IpAddr;
use std::time::SystemTime;

use axum::http::header::{CONTENT_TYPE, COOKIE, HOST, USER_AGENT};
use axum::http::request::Parts;
use axum::http::{HeaderMap, HeaderName};
use data_encoding::BASE64;
use serde_json::{Map, Value, json};

const FORWARDED_FOR: HeaderName = HeaderName::from_static("x-forwarded-for");

/// The data of an event that the connection and the authorizer give.
pub(crate) struct Context<'a> {
    pub(crate) route_key: &'a str,
    pub(crate) request_id: &'a str,
    /// The address of the connection.
    pub(crate) peer: IpAddr,
    /// The claims of a signed-in caller.
    pub(crate) claims: Option<Map<String, Value>>,
    pub(crate) at: SystemTime,
}

/// Returns the event of a request.
pub(crate) fn event(request: &Parts, body: &[u8], context: Context<'_>) -> Value {
    let headers = &request.headers;
    let path = request.uri.path();
    let query = request.uri.query().unwrap_or_default();
    let domain = joined(headers, &HOST);
    let since = context.at.duration_since(SystemTime::UNIX_EPOCH);
    let mut event = json!({
        "version": "2.0",
        "routeKey": context.route_key,
        "rawPath": path,
        "rawQueryString": query,
        "headers": lower_case(headers, context.peer),
        "requestContext": {
            "accountId": "123456789012",
            "apiId": "local",
            "domainName": domain,
            "domainPrefix": domain.split('.').next(),
            "http": {
                "method": request.method.as_str(),
                "path": path,
                "protocol": "HTTP/1.1",
                "sourceIp": context.peer.to_string(),
                "userAgent": joined(headers, &USER_AGENT),
            },
            "requestId": context.request_id,
            "routeKey": context.route_key,
            "stage": "$default",
            "time": common_log_time(context.at),
            // Before 1970 only on a machine whose clock is wrong.
            "timeEpoch": since.map_or(0, |since| u64::try_from(since.as_millis()).unwrap_or_default()),
        },
        "isBase64Encoded": false,
    });
    let cookies = cookies(headers);
    if !cookies.is_empty() {
        event["cookies"] = cookies.into();
    }
    let parameters = parameters(query);
    if !parameters.is_empty() {
        event["queryStringParameters"] = parameters.into();
    }
    if let Some(claims) = context.claims {
        event["requestContext"]["authorizer"] = json!({"jwt": {"claims": claims, "scopes": null}});
    }
    if !body.is_empty() {
        match std::str::from_utf8(body) {
            Ok(text) if is_text(headers) => event["body"] = text.into(),
            _ => {
                event["body"] = BASE64.encode(body).into();
                event["isBase64Encoded"] = true.into();
            }
        }
    }
    event
}

/// Returns the headers, each once, and with the headers that API Gateway sets. Their names have
/// lower case. Cookies have a member of their own.
fn lower_case(headers: &HeaderMap, peer: IpAddr) -> Map<String, Value> {
    let mut lower_case: Map<String, Value> = headers
        .keys()
        .filter(|name| **name != COOKIE)
        .map(|name| (name.to_string(), joined(headers, name).into()))
        .collect();
    // The client's claims, and last the address of the connection.
    let claimed = joined(headers, &FORWARDED_FOR);
    let entries = claimed.split(',').map(str::trim);
    let mut forwarded: Vec<&str> = entries.filter(|entry| !entry.is_empty()).collect();
    let peer = peer.to_string();
    forwarded.push(&peer);
    for (name, value) in [
        ("x-forwarded-for", forwarded.join(", ")),
        ("x-forwarded-port", "443".to_owned()),
        ("x-forwarded-proto", "https".to_owned()),
    ] {
        lower_case.insert(name.to_owned(), value.into());
    }
    lower_case
}

fn joined(headers: &HeaderMap, name: &HeaderName) -> String {
    let values: Vec<_> = headers
        .get_all(name)
        .iter()
        .map(|value| String::from_utf8_lossy(value.as_bytes()))
        .collect();
    values.join(",")
}

fn cookies(headers: &HeaderMap) -> Vec<String> {
    let cookies = headers.get_all(COOKIE).iter();
    cookies
        .flat_map(|header| {
            let header = String::from_utf8_lossy(header.as_bytes()).into_owned();
            let cookies = header
                .split(';')
                .map(|cookie| cookie.trim_matches([' ', '\t']).to_owned());
            cookies.collect::<Vec<_>>()
        })
        .filter(|cookie| !cookie.is_empty())
        .collect()
}

/// Returns the parameters of a query, decoded. The values of one name are joined.
fn parameters(query: &str) -> Map<String, Value> {
    let mut parameters = Map::new();
    for pair in query.split('&').filter(|pair| !pair.is_empty()) {
        let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
        let (name, value) = (decoded(name), decoded(value));
        let joined = match parameters.get(&name).and_then(Value::as_str) {
            Some(before) => format!("{before},{value}"),
            None => value,
        };
        parameters.insert(name, joined.into());
    }
    parameters
}

/// Decodes `%XX` and `+`. A malformed sequence stays as it is.
fn decoded(text: &str) -> String {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let Some((&first, after)) = rest.split_first() {
        let digits = after.get(..2).and_then(|two| std::str::from_utf8(two).ok());
        let escaped = digits
            .filter(|_| first == b'%')
            .and_then(|two| u8::from_str_radix(two, 16).ok());
        if let Some(byte) = escaped {
            bytes.push(byte);
            rest = &after[2..];
        } else {
            bytes.push(if first == b'+' { b' ' } else { first });
            rest = after;
        }
    }
    String::from_utf8_lossy(&bytes).into_owned()
}

/// Returns true if the body is passed as text. Measured on AWS
/// (<https://github.com/ministackorg/ministack/pull/766>): a form, another JSON type, and a body
/// without a type are in base64.
fn is_text(headers: &HeaderMap) -> bool {
    let essence = joined(headers, &CONTENT_TYPE);
    let essence = essence.split(';').next().unwrap_or_default().trim();
    let essence = essence.to_ascii_lowercase();
    essence.starts_with("text/")
        || matches!(
            essence.as_str(),
            "application/json" | "application/xml" | "application/javascript"
        )
}

/// Formats a time as `12/Mar/2020:19:03:58 +0000`.
fn common_log_time(at: SystemTime) -> String {
    const MONTHS: [&str; 12] = [
        "Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec",
    ];
    let text = humantime::format_rfc3339_seconds(at).to_string();
    let part = |from: usize, to: usize| text.get(from..to).unwrap_or_default();
    let month = part(5, 7).parse::<usize>().unwrap_or(1);
    let month = MONTHS.get(month.saturating_sub(1)).unwrap_or(&MONTHS[0]);
    let (day, year, time) = (part(8, 10), part(0, 4), part(11, 19));
    format!("{day}/{month}/{year}:{time} +0000")
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[test]
    fn a_time_has_the_form_of_an_access_log() {
        let at = SystemTime::UNIX_EPOCH + Duration::from_secs(1_584_039_838);
        assert_eq!(common_log_time(at), "12/Mar/2020:19:03:58 +0000");
    }

    #[test]
    fn parameters_are_decoded_and_joined() {
        let read = |query| Value::Object(parameters(query));
        assert_eq!(
            read("a=1&b=x%40y+z&a=2&c&=&"),
            json!({"a": "1,2", "b": "x@y z", "c": "", "": ""})
        );
        assert_eq!(
            read("a=%4&b=%zz&c=%ff"),
            json!({"a": "%4", "b": "%zz", "c": "\u{fffd}"})
        );
        assert_eq!(read(""), json!({}));
    }
}
