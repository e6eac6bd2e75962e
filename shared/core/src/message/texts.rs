//! The check of texts that replace the built-in ones.
//!
//! A tenant replaces parts of messages: `subject`, `text`, `preview` and `sms` of a kind. A part is
//! replaced in every language or in none, so no user reads half a message of each. It has the
//! placeholders of the built-in part, so no message loses its code, its time or its advice.

use std::collections::{BTreeMap, BTreeSet};

use thiserror::Error;

use super::kind::Kind;
use super::sms::parts;
use super::template::{Value, fill};
use super::words::{Words, in_hours, in_minutes, words};
pub use crate::policy::texts::Texts;
use crate::value::locale::Locale;
use crate::value::unicode::is_invisible;

/// The parts of a message, as files and overrides name them.
const PARTS: [&str; 4] = ["subject", "text", "preview", "sms"];

/// The greatest length of a part in bytes.
const TEXT_BYTES_MAX: usize = 4_000;
/// The greatest length of a subject in characters, without the values.
const SUBJECT_CHARS_MAX: usize = 100;

/// Values that a deployment or a message may lack. They stand in brackets.
const OPTIONAL: [&str; 6] = ["app", "support", "until", "hours", "link", "permanent"];
/// Values that a text may leave out.
const FREE: [&str; 2] = ["app", "support"];

/// A fault of a text, at its place: `de.sign_in_code.sms`.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[error("{place}: {fault}")]
pub struct TextError {
    /// The language, the kind and the part.
    pub place: String,
    /// The fault.
    pub fault: TextFault,
}

/// A fault of a text.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[non_exhaustive]
#[expect(missing_docs, reason = "the text of a variant describes it")]
pub enum TextFault {
    #[error("no language, kind and part of a message has this name")]
    Unknown,
    #[error("this language lacks the part, which another one replaces: replace it in all")]
    Missing,
    #[error("it is empty, or longer than {TEXT_BYTES_MAX} bytes")]
    Length,
    #[error("it has a control or formatting character")]
    InvisibleCharacter,
    #[error("a bracket or brace is not closed, or brackets are within brackets")]
    Bracket,
    #[error("{{{0}}} is no value of this part")]
    UnknownValue(String),
    #[error("{{{0}}} is missing")]
    MissingValue(&'static str),
    #[error("{{{0}}} may be missing from a message, so it must be in square brackets")]
    NotInBrackets(&'static str),
    #[error("{{code}} must not be in square brackets")]
    CodeInBrackets,
    #[error("a subject is one line of up to {SUBJECT_CHARS_MAX} characters")]
    Subject,
    #[error("a preview is one line without the code and, of a message with one, a second with it")]
    Preview,
    #[error("{{code}} must be a paragraph of its own, after the first one and before the last")]
    CodeParagraph,
    #[error(
        "an SMS with a code begins with {{code}} and has one to three lines; any other has one line"
    )]
    SmsLines,
    #[error("an SMS with a code may have @ and # in the line for phones alone, which is added")]
    SmsBinding,
    #[error("it needs {0} parts as an SMS without the app's name: shorten it to one")]
    SmsParts(usize),
}

/// Checks the texts of a tenant: language, kind, part and text of each.
///
/// # Errors
/// Every fault, in the order of the texts.
pub fn texts<'a>(
    given: impl IntoIterator<Item = (&'a str, &'a str, &'a str, &'a str)>,
) -> Result<Texts, Vec<TextError>> {
    let mut faults = Vec::new();
    let mut taken = BTreeMap::new();
    for (language, kind, part, text) in given {
        let mut fault = |fault| {
            faults.push(TextError {
                place: format!("{language}.{kind}.{part}"),
                fault,
            });
        };
        let found = Locale::ALL.iter().find(|it| it.tag() == language);
        let kind = Kind::ALL.into_iter().find(|it| it.name() == kind);
        let part = PARTS.into_iter().find(|it| *it == part);
        let (Some(locale), Some(kind), Some(part)) = (found, kind, part) else {
            fault(TextFault::Unknown);
            continue;
        };
        match check(*locale, kind, part, text) {
            Ok(()) => {
                taken.insert((*locale, kind.name(), part), text.trim_end().to_owned());
            }
            Err(found) => {
                fault(found);
                // Its language has it: one fault is enough.
                taken.insert((*locale, kind.name(), part), String::new());
            }
        }
    }
    let replaced: BTreeSet<_> = taken.keys().map(|(_, kind, part)| (*kind, *part)).collect();
    for (kind, part) in replaced {
        for locale in Locale::ALL {
            if !taken.contains_key(&(*locale, kind, part)) {
                faults.push(TextError {
                    place: format!("{}.{kind}.{part}", locale.tag()),
                    fault: TextFault::Missing,
                });
            }
        }
    }
    if faults.is_empty() {
        Ok(Texts::new(taken))
    } else {
        Err(faults)
    }
}

fn check(locale: Locale, kind: Kind, part: &'static str, text: &str) -> Result<(), TextFault> {
    let text = text.trim_end();
    if text.is_empty() || text.len() > TEXT_BYTES_MAX {
        return Err(TextFault::Length);
    }
    if text.chars().any(|c| c != '\n' && is_invisible(c)) {
        return Err(TextFault::InvisibleCharacter);
    }
    check_values(kind, part, text)?;
    let has_code = has_code(kind);
    match part {
        "subject" => {
            let fits = !text.contains('\n') && text.chars().count() <= SUBJECT_CHARS_MAX;
            fits.then_some(()).ok_or(TextFault::Subject)
        }
        "preview" => {
            let with_code: Vec<_> = text.lines().map(|line| line.contains("{code}")).collect();
            let wanted: &[bool] = if has_code { &[false, true] } else { &[false] };
            (with_code == wanted)
                .then_some(())
                .ok_or(TextFault::Preview)
        }
        "text" if has_code => {
            let paragraphs: Vec<_> = text.split("\n\n").collect();
            let places = paragraphs.iter().filter(|it| it.contains("{code}"));
            let place = paragraphs.iter().position(|it| *it == "{code}");
            let is_between = place.is_some_and(|it| it > 0 && it + 1 < paragraphs.len());
            (is_between && places.count() == 1)
                .then_some(())
                .ok_or(TextFault::CodeParagraph)
        }
        "sms" => check_sms(locale, has_code, text),
        _ => Ok(()),
    }
}

const fn has_code(kind: Kind) -> bool {
    matches!(kind, Kind::SignInCode | Kind::ConfirmationCode)
}

fn check_sms(locale: Locale, has_code: bool, text: &str) -> Result<(), TextFault> {
    let lines: Vec<_> = text.lines().collect();
    let of_code = |line: &&str| line.starts_with("{code}");
    let fits = if has_code {
        lines.len() <= 3 && lines.first().is_some_and(of_code) && lines.get(2).is_none_or(of_code)
    } else {
        lines.len() == 1
    };
    if !fits {
        return Err(TextFault::SmsLines);
    }
    if has_code && text.contains(['@', '#']) {
        return Err(TextFault::SmsBinding);
    }
    // The longest code and lifetime. Lines and values beyond these are left out where they would cost
    // another part.
    let minutes = in_minutes(locale, std::time::Duration::from_secs(600));
    let hours = in_hours(locale, std::time::Duration::from_secs(168 * 3600));
    let values: [Value<'_>; 7] = [
        ("code", Some("0000-0000-0000")),
        ("minutes", Some(&minutes)),
        ("hours", Some(&hours)),
        ("year", Some("2026")),
        ("month", Some("12")),
        ("day", Some("31")),
        ("time", Some("23:59")),
    ];
    match parts(&fill(lines.first().unwrap_or(&""), &values)) {
        1 => Ok(()),
        many => Err(TextFault::SmsParts(many)),
    }
}

fn builtin(words: &Words, part: &str) -> &'static str {
    match part {
        "subject" => words.subject,
        "text" => words.text,
        "preview" => words.preview,
        _ => words.sms,
    }
}

fn check_values(kind: Kind, part: &'static str, text: &str) -> Result<(), TextFault> {
    let reference = values_of(builtin(words(Locale::En, kind), part))?;
    let found = values_of(text)?;
    let known = |name: &str| {
        let free = FREE.iter();
        let all = reference.iter().map(|(name, _)| name).chain(free);
        all.copied().find(|known| *known == name)
    };
    for (name, in_brackets) in &found {
        let Some(name) = known(name) else {
            return Err(TextFault::UnknownValue((*name).to_owned()));
        };
        if name == "code" && *in_brackets {
            return Err(TextFault::CodeInBrackets);
        }
        if OPTIONAL.contains(&name) && !in_brackets {
            return Err(TextFault::NotInBrackets(name));
        }
    }
    let required = reference.iter().map(|(name, _)| *name);
    for name in required.filter(|name| !FREE.contains(name)) {
        if !found.iter().any(|(found, _)| *found == name) {
            return Err(TextFault::MissingValue(name));
        }
    }
    Ok(())
}

/// Returns the values of a template, each with whether it stands in brackets.
fn values_of(template: &str) -> Result<Vec<(&str, bool)>, TextFault> {
    let mut values = Vec::new();
    let mut in_brackets = false;
    let mut rest = template;
    while let Some(place) = rest.find(['[', ']', '{', '}']) {
        let (sign, after) = rest[place..].split_at(1);
        rest = after;
        match sign {
            "[" if !in_brackets => in_brackets = true,
            "]" if in_brackets => in_brackets = false,
            "{" => {
                let (name, after) = rest.split_once('}').ok_or(TextFault::Bracket)?;
                if name.is_empty() || !name.bytes().all(|b| b.is_ascii_lowercase()) {
                    return Err(TextFault::UnknownValue(name.to_owned()));
                }
                values.push((name, in_brackets));
                rest = after;
            }
            _ => return Err(TextFault::Bracket),
        }
    }
    if in_brackets {
        return Err(TextFault::Bracket);
    }
    Ok(values)
}

/// Returns every built-in text: its language, its kind, its part, and the text.
pub fn built_in() -> impl Iterator<Item = (&'static str, &'static str, &'static str, &'static str)>
{
    let kinds = Kind::ALL.into_iter();
    let all = kinds.flat_map(|kind| Locale::ALL.iter().map(move |locale| (kind, *locale)));
    all.flat_map(|(kind, locale)| {
        let of = move |part| {
            let text = builtin(words(locale, kind), part).trim_end();
            (locale.tag(), kind.name(), part, text)
        };
        PARTS.map(of)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Returns every built-in text, as overrides.
    fn builtins() -> Vec<(&'static str, &'static str, &'static str, String)> {
        let owned =
            built_in().map(|(locale, kind, part, text)| (locale, kind, part, text.to_owned()));
        owned.collect()
    }

    fn checked(
        all: &[(&'static str, &'static str, &'static str, String)],
    ) -> Result<Texts, Vec<TextError>> {
        let borrowed = all
            .iter()
            .map(|(locale, kind, part, text)| (*locale, *kind, *part, text.as_str()));
        texts(borrowed)
    }

    #[test]
    fn every_built_in_text_passes_as_an_override() {
        let all = builtins();
        let found = checked(&all).unwrap();
        for (locale, kind, part, text) in &all {
            let locale = Locale::ALL.iter().find(|it| it.tag() == *locale).unwrap();
            assert_eq!(found.get(*locale, kind, part), Some(text.trim_end()));
        }
    }

    #[test]
    fn a_part_is_replaced_in_every_language_or_in_none() {
        let mut all = builtins();
        all.retain(|(_, kind, part, _)| *kind == "sign_in_code" && *part == "subject");
        assert!(checked(&all).is_ok());
        all.retain(|(locale, ..)| *locale != "ja");
        let faults = checked(&all).unwrap_err();
        let missing = TextError {
            place: "ja.sign_in_code.subject".to_owned(),
            fault: TextFault::Missing,
        };
        assert_eq!(faults, [missing]);
        assert_eq!(texts([]), Ok(Texts::default()));
    }

    /// Replaces one English text, and returns its fault.
    fn fault(kind: &'static str, part: &'static str, text: &str) -> Option<TextFault> {
        let mut all = builtins();
        for it in &mut all {
            if (it.0, it.1, it.2) == ("en", kind, part) {
                it.3 = text.to_owned();
            }
        }
        let faults = checked(&all).err()?;
        let [only] = &faults[..] else {
            panic!("one fault: {faults:?}");
        };
        assert_eq!(only.place, format!("en.{kind}.{part}"));
        Some(only.fault.clone())
    }

    #[test]
    fn each_fault_of_a_text_is_found() {
        use TextFault as F;
        let code = "sign_in_code";
        let times = "{year} {month} {day} {time}";
        let text = |rest: &str| format!("Hi\n\n{{code}}\n\n{times} {{minutes}}[ {{until}}]{rest}");
        for (kind, part, given, wanted) in [
            (code, "subject", "Your code", None),
            (code, "subject", "", Some(F::Length)),
            (code, "subject", &*"x".repeat(101), Some(F::Subject)),
            (code, "subject", "Your\ncode", Some(F::Subject)),
            (code, "subject", "Your\rcode", Some(F::InvisibleCharacter)),
            (
                code,
                "subject",
                "Your {code}",
                Some(F::UnknownValue("code".into())),
            ),
            (
                code,
                "subject",
                "Your {app} code",
                Some(F::NotInBrackets("app")),
            ),
            (code, "subject", "Your [{app} code", Some(F::Bracket)),
            (code, "subject", "Your [[{app}]] code", Some(F::Bracket)),
            (code, "subject", "Your } code", Some(F::Bracket)),
            (
                code,
                "subject",
                "Your [{APP}] code",
                Some(F::UnknownValue("APP".into())),
            ),
            (code, "text", &*text(""), None),
            (code, "text", &*text(" [{code}]"), Some(F::CodeInBrackets)),
            (code, "text", &*text(" {code}"), Some(F::CodeParagraph)),
            (
                code,
                "text",
                &*text(" {nonsense}"),
                Some(F::UnknownValue("nonsense".into())),
            ),
            (
                code,
                "text",
                "Hi\n\n{code}\n\nBye",
                Some(F::MissingValue("year")),
            ),
            (code, "text", &*"x".repeat(4_001), Some(F::Length)),
            (
                code,
                "preview",
                "{code}\n{year}{month}{day}{time}{minutes}",
                Some(F::Preview),
            ),
            (
                code,
                "preview",
                "{year}{month}{day}{time}{minutes}\n{code}",
                None,
            ),
            (code, "sms", "{code} {minutes}", None),
            (code, "sms", "Code {code} {minutes}", Some(F::SmsLines)),
            (code, "sms", "{code} {minutes}\n\n\n", None),
            (code, "sms", "{code} {minutes}\na\nb", Some(F::SmsLines)),
            (
                code,
                "sms",
                "{code} {minutes} @example.com",
                Some(F::SmsBinding),
            ),
            (
                code,
                "sms",
                "{code} is it",
                Some(F::MissingValue("minutes")),
            ),
            (
                code,
                "sms",
                &*format!("{{code}} {{minutes}} {}", "x".repeat(140)),
                Some(F::SmsParts(2)),
            ),
            (
                code,
                "sms",
                &*format!("{{code}} {{minutes}} {}", "ж".repeat(60)),
                Some(F::SmsParts(2)),
            ),
        ] {
            assert_eq!(fault(kind, part, given), wanted, "{kind}.{part}: {given}");
        }
    }

    #[test]
    fn each_fault_of_a_notice_is_found() {
        use TextFault as F;
        for (kind, part, given, wanted) in [
            ("contact_added", "sms", "{year}{month}{day}{time}", None),
            (
                "contact_added",
                "sms",
                "{year}{month}{day}{time}\n2",
                Some(F::SmsLines),
            ),
            (
                "contact_replaced",
                "sms",
                "{year}{month}{day}{time}",
                Some(F::MissingValue("hours")),
            ),
        ] {
            assert_eq!(fault(kind, part, given), wanted, "{kind}.{part}: {given}");
        }
    }

    #[test]
    fn a_message_or_a_language_that_does_not_exist_is_a_fault() {
        use TextFault as F;
        let unknown = texts([
            ("en", "farewell", "text", "x"),
            ("nl", "sign_in_code", "sms", "x"),
        ]);
        let faults = unknown.unwrap_err().into_iter().map(|it| it.fault);
        assert_eq!(faults.collect::<Vec<_>>(), [F::Unknown, F::Unknown]);
    }
}
