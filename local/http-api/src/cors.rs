//! The CORS configuration of an API. API Gateway answers preflights itself, and sets the headers of
//! CORS on every other answer in place of the function's.

use std::fmt;
use std::sync::Arc;

use axum::http::header::{
    ACCESS_CONTROL_ALLOW_CREDENTIALS, ACCESS_CONTROL_ALLOW_HEADERS, ACCESS_CONTROL_ALLOW_METHODS,
    ACCESS_CONTROL_ALLOW_ORIGIN, ACCESS_CONTROL_EXPOSE_HEADERS, ACCESS_CONTROL_MAX_AGE, ORIGIN,
    VARY,
};
use axum::http::{HeaderMap, HeaderName, HeaderValue};

/// The CORS configuration of an API, as infra/lib/http-api.ts deploys it.
#[derive(Clone)]
pub struct Cors {
    /// True for an origin whose pages may call.
    pub allows_origin: Arc<dyn Fn(&HeaderValue) -> bool + Send + Sync>,
    /// True if they may send cookies, and receive them.
    pub allows_credentials: bool,
    /// The methods that they may use.
    pub allow_methods: &'static str,
    /// The headers that they may send.
    pub allow_headers: &'static str,
    /// The headers of an answer that they may read.
    pub expose_headers: &'static str,
    /// The seconds for which a browser may keep the answer to a preflight.
    pub max_age: &'static str,
}

impl fmt::Debug for Cors {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Cors").finish_non_exhaustive()
    }
}

impl Cors {
    /// Returns the origin of a request, if its pages may call.
    fn origin(&self, request: &HeaderMap) -> Option<HeaderValue> {
        let origin = request.get(ORIGIN)?;
        (self.allows_origin)(origin).then(|| origin.clone())
    }

    fn set_credentials(&self, headers: &mut HeaderMap) {
        if self.allows_credentials {
            let yes = HeaderValue::from_static("true");
            headers.insert(ACCESS_CONTROL_ALLOW_CREDENTIALS, yes);
        }
    }

    /// Returns the headers of the answer to a preflight; none for another origin.
    pub(crate) fn preflight(&self, request: &HeaderMap) -> HeaderMap {
        let mut headers = HeaderMap::new();
        if let Some(origin) = self.origin(request) {
            headers.insert(ACCESS_CONTROL_ALLOW_ORIGIN, origin);
            self.set_credentials(&mut headers);
            for (name, value) in [
                (ACCESS_CONTROL_ALLOW_METHODS, self.allow_methods),
                (ACCESS_CONTROL_ALLOW_HEADERS, self.allow_headers),
                (ACCESS_CONTROL_MAX_AGE, self.max_age),
            ] {
                headers.insert(name, HeaderValue::from_static(value));
            }
        }
        headers
    }

    /// Sets the headers of CORS on an answer.
    pub(crate) fn set(&self, request: &HeaderMap, answer: &mut HeaderMap) {
        let theirs: Vec<HeaderName> = answer
            .keys()
            .filter(|name| name.as_str().starts_with("access-control-"))
            .cloned()
            .collect();
        for name in theirs {
            answer.remove(name);
        }
        if let Some(origin) = self.origin(request) {
            answer.insert(ACCESS_CONTROL_ALLOW_ORIGIN, origin);
            self.set_credentials(answer);
            answer.insert(
                ACCESS_CONTROL_EXPOSE_HEADERS,
                HeaderValue::from_static(self.expose_headers),
            );
            answer.append(VARY, HeaderValue::from_static("origin"));
        }
    }
}
