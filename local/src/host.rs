//! Requests for this machine only. A page of another site can have its own name lead to 127.0.0.1
//! (DNS rebinding), and would then read the inbox as if it were its own; the name it must give in
//! `Host` tells it.

use axum::Router;
use axum::extract::Request;
use axum::http::header::HOST;
use axum::http::uri::Authority;
use axum::http::{HeaderMap, StatusCode, Uri};
use axum::middleware::{self, Next};
use axum::response::{IntoResponse, Json, Response};
use serde_json::json;

/// Refuses what is asked of any name but `localhost`, `127.0.0.1` and `[::1]`.
pub(crate) fn only_this_machine(router: Router) -> Router {
    router.layer(middleware::from_fn(admit))
}

async fn admit(request: Request, next: Next) -> Response {
    if is_loopback(request.uri(), request.headers()) {
        return next.run(request).await;
    }
    let message = "This service is asked for as localhost, 127.0.0.1 or [::1] only.";
    (
        StatusCode::MISDIRECTED_REQUEST,
        Json(json!({ "message": message })),
    )
        .into_response()
}

/// Every name that a request gives: exactly one `Host`, and the one before the path if there is one.
fn is_loopback(uri: &Uri, headers: &HeaderMap) -> bool {
    let mut hosts = headers.get_all(HOST).iter();
    let (Some(host), None) = (hosts.next(), hosts.next()) else {
        return false;
    };
    let host = Authority::try_from(host.as_bytes()).ok();
    host.as_ref().is_some_and(is_ours) && uri.authority().is_none_or(is_ours)
}

fn is_ours(authority: &Authority) -> bool {
    let named = ["localhost", "127.0.0.1", "[::1]"]
        .iter()
        .any(|ours| authority.host().eq_ignore_ascii_case(ours));
    named && !authority.as_str().contains('@')
}

#[cfg(test)]
mod tests {
    use super::*;

    fn asked(uri: &'static str, hosts: &[&'static str]) -> bool {
        let mut headers = HeaderMap::new();
        for host in hosts {
            headers.append(HOST, host.parse().expect("a header"));
        }
        is_loopback(&Uri::from_static(uri), &headers)
    }

    #[test]
    fn this_machine_is_asked_by_its_own_names() {
        for host in [
            "localhost",
            "LOCALHOST:4180",
            "127.0.0.1:4180",
            "[::1]:4180",
        ] {
            assert!(asked("/", &[host]), "{host}");
        }
        assert!(asked("http://localhost/", &["localhost"]));
    }

    #[test]
    fn any_other_name_is_refused() {
        for host in [
            "",
            "evil.example",
            "localhost.evil.example",
            "127.0.0.1.evil.example:4180",
            "evil@localhost",
            "0.0.0.0:4180",
        ] {
            assert!(!asked("/", &[host]), "{host}");
        }
        assert!(!asked("/", &[]));
        assert!(!asked("/", &["localhost", "evil.example"]));
        assert!(!asked("http://evil.example/", &["localhost"]));
    }
}
