//! The protection against DNS rebinding. A page of another site can resolve its own name to
//! 127.0.0.1 and would then read the inbox as its own origin. The `Host` header reveals it.

use std::sync::Arc;

use axum::Router;
use axum::extract::{Request, State};
use axum::http::header::HOST;
use axum::http::uri::Authority;
use axum::http::{HeaderMap, StatusCode, Uri};
use axum::middleware::{self, Next};
use axum::response::{IntoResponse, Json, Response};
use latchstring_local_cognito::is_local_name;
use serde_json::json;

/// The names that the service answers to: local ones and additional ones.
#[derive(Clone, Debug)]
pub(crate) struct Hosts(Arc<[String]>);

impl Hosts {
    pub(crate) fn with(further: Vec<String>) -> Self {
        Self(further.into())
    }

    /// Returns true if all names of a request are allowed: exactly one `Host`, and the authority in
    /// the URI if there is one.
    fn allow(&self, uri: &Uri, headers: &HeaderMap) -> bool {
        let mut hosts = headers.get_all(HOST).iter();
        let (Some(host), None) = (hosts.next(), hosts.next()) else {
            return false;
        };
        let host = Authority::try_from(host.as_bytes()).ok();
        host.as_ref().is_some_and(|host| self.contain(host))
            && uri.authority().is_none_or(|named| self.contain(named))
    }

    fn contain(&self, authority: &Authority) -> bool {
        let name = authority.host();
        let known = is_local_name(name) || self.0.iter().any(|own| name.eq_ignore_ascii_case(own));
        known && !authority.as_str().contains('@')
    }
}

/// Refuses requests for any name but these.
pub(crate) fn only(hosts: Hosts, router: Router) -> Router {
    router.layer(middleware::from_fn_with_state(hosts, admit))
}

async fn admit(State(hosts): State<Hosts>, request: Request, next: Next) -> Response {
    if hosts.allow(request.uri(), request.headers()) {
        return next.run(request).await;
    }
    let message = "This service answers to localhost, names under .localhost, 127.0.0.1, [::1] and \
                   10.0.2.2 only. Start it with --allow-host NAME to add another name.";
    (
        StatusCode::MISDIRECTED_REQUEST,
        Json(json!({ "message": message })),
    )
        .into_response()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn allowed_by(own: &[&str], uri: &'static str, hosts: &[&'static str]) -> bool {
        let mut headers = HeaderMap::new();
        for host in hosts {
            headers.append(HOST, host.parse().expect("a header"));
        }
        let own = own.iter().map(|host| (*host).to_owned()).collect();
        Hosts::with(own).allow(&Uri::from_static(uri), &headers)
    }

    fn allowed(uri: &'static str, hosts: &[&'static str]) -> bool {
        allowed_by(&[], uri, hosts)
    }

    #[test]
    fn host_names_of_this_machine_are_allowed() {
        for host in [
            "localhost",
            "LOCALHOST:4180",
            "127.0.0.1:4180",
            "[::1]:4180",
            "app.localhost:4180",
            // The host machine as the Android emulator names it.
            "10.0.2.2:4180",
        ] {
            assert!(allowed("/", &[host]), "{host}");
        }
        assert!(allowed("http://localhost/", &["localhost"]));
    }

    #[test]
    fn any_other_host_name_is_refused() {
        for host in [
            "",
            "evil.example",
            "localhost.evil.example",
            "127.0.0.1.evil.example:4180",
            "10.0.2.2.evil.example",
            "evillocalhost",
            "evil@localhost",
            "0.0.0.0:4180",
        ] {
            assert!(!allowed("/", &[host]), "{host}");
        }
        assert!(!allowed("/", &[]));
        assert!(!allowed("/", &["localhost", "evil.example"]));
        assert!(!allowed("http://evil.example/", &["localhost"]));
    }

    #[test]
    fn a_host_name_of_the_command_line_is_allowed() {
        let own = ["dev.example.test"];
        assert!(allowed_by(&own, "/", &["dev.example.test:4180"]));
        assert!(allowed_by(&own, "/", &["localhost"]));
        assert!(!allowed_by(&own, "/", &["evil.dev.example.test"]));
        assert!(!allowed_by(&own, "/", &["example.test"]));
    }
}
