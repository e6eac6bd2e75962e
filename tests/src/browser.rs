//! A browser in session mode: it keeps the one cookie.

use std::sync::{Arc, Mutex, PoisonError};

use reqwest::RequestBuilder;
use reqwest::header::{COOKIE, HeaderMap, SET_COOKIE, USER_AGENT};

use crate::files::note;

const NAME: &str = "__Host-latchstring=";

/// A browser. Clones share its cookie.
#[derive(Clone, Default)]
pub struct Browser {
    cookie: Arc<Mutex<Option<String>>>,
    /// What it says of itself.
    agent: &'static str,
}

impl Browser {
    /// Returns the browser, of this `User-Agent`, into which someone put a copy of this one's cookie.
    #[must_use]
    pub fn stolen_by(&self, agent: &'static str) -> Self {
        Self {
            cookie: Arc::new(Mutex::new(self.cookie())),
            agent,
        }
    }

    /// Returns the value of the cookie.
    pub(crate) fn cookie(&self) -> Option<String> {
        let cookie = self.cookie.lock();
        cookie.unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Returns true if it has a cookie.
    pub fn has_a_cookie(&self) -> bool {
        self.cookie().is_some()
    }

    /// Adds what a page of the app's own origin sends.
    pub(crate) fn send(&self, request: RequestBuilder) -> RequestBuilder {
        let request = request
            .header("x-latchstring", "1")
            .header("sec-fetch-site", "same-origin")
            .header(USER_AGENT, self.agent);
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
        *self.cookie.lock().unwrap_or_else(PoisonError::into_inner) = kept;
    }
}
