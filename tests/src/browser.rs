//! A browser in session mode: it keeps the one cookie.

use std::sync::{Arc, Mutex, PoisonError};

use reqwest::RequestBuilder;
use reqwest::header::{COOKIE, HeaderMap, SET_COOKIE};

use crate::files::note;

const NAME: &str = "__Host-latchstring=";

/// A browser. Clones share its cookie.
#[derive(Clone, Default)]
pub struct Browser(Arc<Mutex<Option<String>>>);

impl Browser {
    /// Returns a browser that someone put this browser's cookie into.
    #[must_use]
    pub fn stolen(&self) -> Self {
        Self(Arc::new(Mutex::new(self.cookie())))
    }

    /// Returns the value of the cookie.
    pub(crate) fn cookie(&self) -> Option<String> {
        self.0
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .clone()
    }

    /// Returns true if it has a cookie.
    pub fn has_a_cookie(&self) -> bool {
        self.cookie().is_some()
    }

    /// Adds what a page of the app's own origin sends.
    pub(crate) fn send(&self, request: RequestBuilder) -> RequestBuilder {
        let request = request
            .header("x-latchstring", "1")
            .header("sec-fetch-site", "same-origin");
        match self.cookie() {
            Some(value) => request.header(COOKIE, format!("{NAME}{value}")),
            None => request,
        }
    }

    /// Keeps the cookie of an answer, or deletes it.
    pub(crate) fn keep(&self, answer: &HeaderMap) {
        let Some(cookie) = answer.get(SET_COOKIE) else {
            return;
        };
        let cookie = cookie.to_str().expect("a cookie is text");
        let (pair, attributes) = cookie.split_once(';').expect("attributes");
        let value = pair.strip_prefix(NAME).expect("the one cookie");
        let (fixed, seconds) = attributes.split_once("Max-Age=").expect("an age");
        assert_eq!(fixed, " Path=/; Secure; HttpOnly; SameSite=Lax; ");
        assert_eq!(value.is_empty(), seconds == "0");
        note(value);
        let kept = (!value.is_empty()).then(|| value.to_owned());
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = kept;
    }
}
