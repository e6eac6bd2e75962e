//! The texts of every language, from the files beside this one.

use std::time::Duration;

use super::kind::Kind;
use super::template::fill;
use crate::value::locale::Locale;

/// The texts of one kind of message.
pub(super) struct Words {
    pub(super) subject: &'static str,
    pub(super) text: &'static str,
    /// The preview of the mail: a line without the code and, if there is one, a line with it.
    pub(super) preview: &'static str,
    pub(super) sms: &'static str,
}

struct Language {
    minutes: &'static str,
    hours: &'static str,
    mail: &'static str,
    /// The sentence before a link, and the label of its button for each kind that has a code.
    link: &'static str,
    sign_in_code: Words,
    confirmation_code: Words,
    contact_replaced: Words,
    contact_added: Words,
    change_undone: Words,
}

macro_rules! words {
    ($language:literal, $kind:literal) => {
        Words {
            subject: include_str!(concat!($language, "/", $kind, "/subject.txt")),
            text: include_str!(concat!($language, "/", $kind, "/text.txt")),
            preview: include_str!(concat!($language, "/", $kind, "/preview.txt")),
            sms: include_str!(concat!($language, "/", $kind, "/sms.txt")),
        }
    };
}

macro_rules! language {
    ($language:literal) => {{
        static LANGUAGE: Language = Language {
            minutes: include_str!(concat!($language, "/minutes.txt")),
            hours: include_str!(concat!($language, "/hours.txt")),
            mail: include_str!(concat!($language, "/mail.txt")),
            link: include_str!(concat!($language, "/link.txt")),
            sign_in_code: words!($language, "sign_in_code"),
            confirmation_code: words!($language, "confirmation_code"),
            contact_replaced: words!($language, "contact_replaced"),
            contact_added: words!($language, "contact_added"),
            change_undone: words!($language, "change_undone"),
        };
        &LANGUAGE
    }};
}

fn language(locale: Locale) -> &'static Language {
    match locale {
        Locale::En => language!("en"),
        Locale::Fr => language!("fr"),
        Locale::De => language!("de"),
        Locale::Es => language!("es"),
        Locale::Pt => language!("pt"),
        Locale::Ja => language!("ja"),
    }
}

/// Returns the texts of a kind of message in a language.
pub(super) fn words(locale: Locale, kind: Kind) -> &'static Words {
    let language = language(locale);
    match kind {
        Kind::SignInCode => &language.sign_in_code,
        Kind::ConfirmationCode => &language.confirmation_code,
        Kind::ContactReplaced => &language.contact_replaced,
        Kind::ContactAdded => &language.contact_added,
        Kind::ChangeUndone => &language.change_undone,
    }
}

/// Returns the texts for "1 minute" and "5 minutes": the first line is the singular, the second the
/// plural.
fn minutes(locale: Locale) -> (&'static str, &'static str) {
    one_and_more(language(locale).minutes)
}

/// Returns the texts for "1 hour" and "72 hours".
fn hours(locale: Locale) -> (&'static str, &'static str) {
    one_and_more(language(locale).hours)
}

fn one_and_more(text: &'static str) -> (&'static str, &'static str) {
    let text = text.trim_end();
    text.split_once('\n').unwrap_or((text, text))
}

/// Returns the word for a mail, which a screen reader says before its title.
pub(super) fn mail(locale: Locale) -> &'static str {
    language(locale).mail.trim_end()
}

/// Returns the sentence before a link, and the label of its button.
pub(super) fn link_words(locale: Locale, kind: Kind) -> (&'static str, &'static str) {
    let mut lines = language(locale).link.lines();
    let sentence = lines.next().unwrap_or_default();
    let labels = [lines.next(), lines.next()].map(Option::unwrap_or_default);
    match kind {
        Kind::SignInCode => (sentence, labels[0]),
        Kind::ConfirmationCode
        | Kind::ContactReplaced
        | Kind::ContactAdded
        | Kind::ChangeUndone => (sentence, labels[1]),
    }
}

/// Formats a lifetime in minutes. It is rounded down, so that a code never expires earlier than its
/// message says.
pub(super) fn in_minutes(locale: Locale, life: Duration) -> String {
    let (one, more) = minutes(locale);
    match life.as_secs() / 60 {
        0 | 1 => one.to_owned(),
        number => fill(more, &[("n", Some(&number.to_string()))]),
    }
}

/// Formats a time in whole hours, rounded down.
pub(super) fn in_hours(locale: Locale, time: Duration) -> String {
    let (one, more) = hours(locale);
    match time.as_secs() / 3600 {
        0 | 1 => one.to_owned(),
        number => fill(more, &[("n", Some(&number.to_string()))]),
    }
}
