//! Texts of messages that an operator wrote in place of the built-in ones.

use std::collections::BTreeMap;

use crate::value::locale::Locale;

/// The texts of one tenant, by language, kind of message and part of it. `message::texts` makes them,
/// and so they are complete: a part that one language has, each has.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Texts(BTreeMap<(Locale, &'static str, &'static str), String>);

impl Texts {
    pub(crate) const fn new(texts: BTreeMap<(Locale, &'static str, &'static str), String>) -> Self {
        Self(texts)
    }

    /// Returns a part of a message, if the tenant has its own.
    pub(crate) fn get(
        &self,
        locale: Locale,
        kind: &'static str,
        part: &'static str,
    ) -> Option<&str> {
        self.0.get(&(locale, kind, part)).map(String::as_str)
    }
}
