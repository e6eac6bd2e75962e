//! Cross-origin requests from pages and web views on this machine.

use std::sync::Arc;

use axum::Router;
use axum::body::Body;
use axum::extract::{Request, State};
use axum::http::header::{
    ACCESS_CONTROL_ALLOW_HEADERS, ACCESS_CONTROL_ALLOW_METHODS, ACCESS_CONTROL_ALLOW_ORIGIN,
    ACCESS_CONTROL_EXPOSE_HEADERS, ACCESS_CONTROL_MAX_AGE, ACCESS_CONTROL_REQUEST_HEADERS,
    ACCESS_CONTROL_REQUEST_METHOD, ORIGIN, VARY,
};
use axum::http::{HeaderValue, Method, StatusCode};
use axum::middleware::{self, Next};
use axum::response::Response;

/// The origins whose pages may call: local ones (see [`Origins::allows`]) and additional ones.
#[derive(Clone, Debug, Default)]
pub struct Origins(Arc<[String]>);

impl Origins {
    /// Returns the local origins and these, compared exactly as written.
    pub fn with(further: impl IntoIterator<Item = String>) -> Self {
        Self(further.into_iter().collect())
    }

    /// Returns true for `http` and `https` on any port of a [local name](is_local_name), for the
    /// app schemes of Capacitor, Ionic and Tauri (`capacitor://localhost`, `ionic://localhost`,
    /// `tauri://localhost`), and for the additional origins.
    pub fn allows(&self, origin: &HeaderValue) -> bool {
        origin.to_str().is_ok_and(|origin| {
            is_local_origin(origin) || self.0.iter().any(|further| further == origin)
        })
    }
}

/// The schemes of web views that load an app's own files.
const APP_SCHEMES: [&str; 3] = ["capacitor", "ionic", "tauri"];

fn is_local_origin(origin: &str) -> bool {
    let Some((scheme, authority)) = origin.split_once("://") else {
        return false;
    };
    if APP_SCHEMES.contains(&scheme) {
        return authority == "localhost";
    }
    if !matches!(scheme, "http" | "https") {
        return false;
    }
    // The colons of `[::1]` are within its brackets.
    let (name, port) = match authority.rsplit_once(':') {
        Some((name, port)) if !port.ends_with(']') => (name, Some(port)),
        _ => (authority, None),
    };
    is_local_name(name)
        && port
            .is_none_or(|port| !port.is_empty() && port.bytes().all(|byte| byte.is_ascii_digit()))
}

/// Returns true for the names by which a program on this machine, or in an emulator on it, reaches
/// the loopback interface: `localhost` and every name under it (RFC 6761 keeps them out of DNS),
/// `127.0.0.1`, `[::1]`, and `10.0.2.2` of the Android emulator.
pub fn is_local_name(name: &str) -> bool {
    let is = |own: &str| name.eq_ignore_ascii_case(own);
    let under_localhost = || {
        let Some((labels, last)) = name.rsplit_once('.') else {
            return false;
        };
        last.eq_ignore_ascii_case("localhost")
            && labels.split('.').all(|label| {
                !label.is_empty()
                    && label
                        .bytes()
                        .all(|byte| byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'_')
            })
    };
    ["localhost", "127.0.0.1", "[::1]", "10.0.2.2"]
        .into_iter()
        .any(is)
        || under_localhost()
}

/// Admits pages of these origins to every route of `router`, and answers their preflights. Other
/// origins get no permission.
pub fn allow_origins(router: Router, origins: Origins) -> Router {
    router.layer(middleware::from_fn_with_state(origins, admit))
}

async fn admit(State(origins): State<Origins>, request: Request, next: Next) -> Response {
    let headers = request.headers();
    let Some(origin) = headers
        .get(ORIGIN)
        .filter(|origin| origins.allows(origin))
        .cloned()
    else {
        return next.run(request).await;
    };
    let preflight =
        request.method() == Method::OPTIONS && headers.contains_key(ACCESS_CONTROL_REQUEST_METHOD);
    let mut response = if preflight {
        // Clients send many headers (x-amz-target, x-amz-user-agent, amz-sdk-request, x-api-key …).
        let wanted = headers.get(ACCESS_CONTROL_REQUEST_HEADERS).cloned();
        let mut response = Response::new(Body::empty());
        *response.status_mut() = StatusCode::NO_CONTENT;
        let headers = response.headers_mut();
        if let Some(wanted) = wanted {
            headers.insert(ACCESS_CONTROL_ALLOW_HEADERS, wanted);
        }
        headers.insert(
            ACCESS_CONTROL_ALLOW_METHODS,
            HeaderValue::from_static("GET, POST, OPTIONS"),
        );
        headers.insert(ACCESS_CONTROL_MAX_AGE, HeaderValue::from_static("172800"));
        response
    } else {
        next.run(request).await
    };
    let headers = response.headers_mut();
    headers.insert(ACCESS_CONTROL_ALLOW_ORIGIN, origin);
    headers.insert(
        ACCESS_CONTROL_EXPOSE_HEADERS,
        HeaderValue::from_static("x-amzn-RequestId, x-amzn-ErrorType, x-amzn-ErrorMessage, Date"),
    );
    headers.append(VARY, HeaderValue::from_static("Origin"));
    response
}

#[cfg(test)]
mod tests {
    use super::*;

    fn allows(origins: &Origins, origin: &str) -> bool {
        origins.allows(&HeaderValue::from_str(origin).expect("a header"))
    }

    #[test]
    fn pages_on_this_machine_are_allowed() {
        for origin in [
            "http://localhost",
            "http://localhost:5173",
            "https://127.0.0.1:3000",
            "http://[::1]",
            "http://[::1]:80",
            "http://app.localhost:3000",
            "https://a.b-c.localhost",
        ] {
            assert!(allows(&Origins::default(), origin), "{origin}");
        }
    }

    /// Capacitor on iOS, Ionic before it, Tauri on macOS and Linux, Tauri on Windows and Android,
    /// and a dev server as the Android emulator reaches it.
    #[test]
    fn web_views_and_emulators_are_allowed() {
        for origin in [
            "capacitor://localhost",
            "ionic://localhost",
            "tauri://localhost",
            "http://tauri.localhost",
            "http://10.0.2.2:5173",
        ] {
            assert!(allows(&Origins::default(), origin), "{origin}");
        }
    }

    #[test]
    fn every_other_origin_is_refused() {
        for origin in [
            "null",
            "http://",
            "http://.localhost",
            "http://a..localhost",
            "http://localhost.evil.example",
            "http://localhost:5173.evil.example",
            "http://evillocalhost",
            "http://evil.example#.localhost",
            "http://evil@localhost",
            "http://127.0.0.1:",
            "http://127.0.0.11",
            "http://10.0.2.20",
            "http://192.168.0.2",
            "http://evil.example",
            "ftp://localhost",
            "capacitor://localhost:80",
            "capacitor://evil.example",
            "tauri://app.localhost",
        ] {
            assert!(!allows(&Origins::default(), origin), "{origin}");
        }
    }

    #[test]
    fn further_origins_are_allowed_exactly_as_written() {
        let origins = Origins::with(["http://dev.example.test:3000".to_owned()]);
        assert!(allows(&origins, "http://dev.example.test:3000"));
        assert!(allows(&origins, "http://localhost"));
        for origin in [
            "http://dev.example.test",
            "https://dev.example.test:3000",
            "http://dev.example.test:3000.evil.example",
        ] {
            assert!(!allows(&origins, origin), "{origin}");
        }
    }
}
