//! Session mode: the browser holds a cookie, and no script sees a token.

use std::convert::Infallible;

use http::Uri;
use latchstring_core::ports::{PortError, RefreshApi, Refreshed, SecretSource};
use latchstring_core::secret::Secret;

/// Session mode, as a deployment configures it.
#[derive(Clone, Debug)]
pub struct SessionMode<T, V> {
    /// Cognito's refresh tokens.
    pub tokens: T,
    /// The source of the server credential. Without one no access token is handed out.
    pub credential: Option<V>,
    /// The origins that may send the cookie, besides the door's own.
    pub origins: Origins,
}

/// A resolver in session mode, or without it.
pub trait BrowserSessions: Send + Sync {
    /// Cognito's refresh tokens.
    type Tokens: RefreshApi;
    /// The source of the server credential.
    type Credential: SecretSource;

    /// Returns the configuration; `None` without session mode.
    fn mode(&self) -> Option<&SessionMode<Self::Tokens, Self::Credential>>;
}

impl<T: RefreshApi, V: SecretSource> BrowserSessions for Option<SessionMode<T, V>> {
    type Tokens = T;
    type Credential = V;

    fn mode(&self) -> Option<&SessionMode<T, V>> {
        self.as_ref()
    }
}

/// A resolver without session mode.
#[derive(Clone, Copy, Debug)]
pub struct NoSessions;

impl BrowserSessions for NoSessions {
    type Tokens = Never;
    type Credential = Never;

    fn mode(&self) -> Option<&SessionMode<Never, Never>> {
        None
    }
}

/// A port that is not there.
#[derive(Clone, Copy, Debug)]
pub struct Never(Infallible);

impl RefreshApi for Never {
    async fn refresh(&self, _: &Secret) -> Result<Refreshed, PortError> {
        match self.0 {}
    }

    async fn revoke(&self, _: &Secret) -> Result<(), PortError> {
        match self.0 {}
    }
}

impl SecretSource for Never {
    async fn read(&self) -> Result<Secret, PortError> {
        match self.0 {}
    }
}

/// The origins of other hosts that may send the cookie.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Origins(Vec<String>);

impl Origins {
    /// Parses origins such as `https://app.example.com`, separated by commas. Only a loopback host may
    /// be without TLS.
    pub fn parse(text: &str) -> Option<Self> {
        let origins = text.split(',').map(str::trim);
        let parsed = origins.map(|origin| is_origin(origin).then(|| origin.to_owned()));
        parsed.collect::<Option<_>>().map(Self)
    }

    /// Returns whether a browser's `Origin` is one of them.
    pub(crate) fn admit(&self, origin: &str) -> bool {
        self.0.iter().any(|known| known == origin)
    }
}

/// Returns whether a text is an origin as a browser writes it.
fn is_origin(text: &str) -> bool {
    let Ok(uri) = text.parse::<Uri>() else {
        return false;
    };
    let (Some(scheme), Some(authority)) = (uri.scheme_str(), uri.authority()) else {
        return false;
    };
    let is_secure = match scheme {
        "https" => true,
        "http" => matches!(authority.host(), "localhost" | "127.0.0.1" | "[::1]"),
        _ => false,
    };
    let is_canonical = text == format!("{scheme}://{authority}") && text == text.to_lowercase();
    is_secure && is_canonical && !authority.as_str().contains('@')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_origin_is_as_a_browser_writes_it() {
        let origins = Origins::parse("https://app.example.com, http://localhost:3000").unwrap();
        assert!(origins.admit("https://app.example.com"));
        assert!(origins.admit("http://localhost:3000"));
        for other in [
            "https://example.com",
            "https://app.example.com:444",
            "null",
            "",
        ] {
            assert!(!origins.admit(other), "{other}");
        }
        for text in [
            "",
            "*",
            "null",
            "app.example.com",
            "http://app.example.com",
            "https://app.example.com/",
            "https://App.example.com",
            "https://user@app.example.com",
            "https://*.example.com ,",
            "https://app.example.com/path",
        ] {
            assert_eq!(Origins::parse(text), None, "{text}");
        }
    }
}
