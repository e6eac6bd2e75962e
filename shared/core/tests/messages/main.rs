//! Every message, in every language and for both channels, as a recipient reads it.
#![expect(clippy::unwrap_used, reason = "a failed expectation fails its test")]

mod html;
mod lengths;
mod links;
mod snapshots;

use std::time::Duration;

use latchstring_core::code::{Code, CodeLength};
use latchstring_core::flow::{FlowId, Purpose};
use latchstring_core::identifier::{Identifier, Method};
use latchstring_core::keys::{Key, KeyId};
use latchstring_core::locale::Locale;
use latchstring_core::message::{
    AndroidHash, AppName, Branding, Content, Kind, Link, LinkUrl, Message, Remedy, SmsDomain,
    SupportContact,
};
use latchstring_core::pending::PendingId;
use latchstring_core::time::Timestamp;

/// The kinds that carry a code.
const CODES: [Kind; 2] = [Kind::SignInCode, Kind::ConfirmationCode];
const NOTICES: [Kind; 3] = [
    Kind::ContactReplaced,
    Kind::ContactAdded,
    Kind::ChangeUndone,
];
/// The link of a notice, and the time in which the change can be undone.
const LINK: &str = "https://example.com/link#undo";
const UNDO: Duration = Duration::from_secs(72 * 3600);

struct Mail {
    subject: String,
    text: String,
    html: String,
}

/// A deployment with a value for every setting.
fn acme() -> Branding {
    Branding {
        app_name: Some(AppName::parse("Acme").unwrap()),
        sms_domain: Some(SmsDomain::parse("example.com").unwrap()),
        sms_android_hash: Some(AndroidHash::parse("FA+9qCX9VSu").unwrap()),
        support: Some(SupportContact::parse("help@example.com").unwrap()),
        ..Branding::default()
    }
}

/// The same, with a page for links.
fn linking() -> Branding {
    Branding {
        link_url: Some(LinkUrl::parse("https://app.example.com/link?a=1&b=2").unwrap()),
        ..acme()
    }
}

fn code(digits: u8) -> Code {
    Code::derive(
        &Key::new(KeyId::parse("k1").unwrap(), &[7; 32]).unwrap(),
        CodeLength::new(digits).unwrap(),
        FlowId::from_bytes([1; 16]),
        Purpose::SignIn,
        &Identifier::parse(Method::Email, "ada@example.com").unwrap(),
        Timestamp::from_secs(1),
    )
}

/// Returns the code of a slot that ends at 09:10.
fn slot_code() -> Code {
    let at = Timestamp::from_secs(1_772_269_507);
    let ada = Identifier::parse(Method::Email, "ada@example.com").unwrap();
    let key = Key::new(KeyId::parse("k1").unwrap(), &[7; 32]).unwrap();
    Code::of_slot_at(&key, at, Duration::from_secs(600), &ada)
}

/// Returns a message. A notice of a replaced contact says how to undo the change, by a link where
/// every setting has a value.
fn message(branding: &Branding, locale: Locale, kind: Kind, to: &str, code: Code) -> Message {
    let remedy = Remedy {
        undo_for: Some(UNDO),
        link: branding.support.as_ref().map(|_| LINK),
    };
    message_with(branding, locale, kind, to, code, remedy)
}

fn message_with(
    branding: &Branding,
    locale: Locale,
    kind: Kind,
    to: &str,
    code: Code,
    remedy: Remedy<'_>,
) -> Message {
    let method = if to.starts_with('+') {
        Method::PhoneNumber
    } else {
        Method::Email
    };
    let to = Identifier::parse(method, to).unwrap();
    // 2026-02-28T09:05:07Z
    let at = Timestamp::from_secs(1_772_269_507);
    let purpose = match kind {
        Kind::SignInCode => Purpose::SignIn,
        Kind::ConfirmationCode => Purpose::VerifyContact(PendingId::from_bytes([2; 16])),
        Kind::ContactReplaced => {
            return Message::contact_replaced(branding, Some(locale), to, at, remedy);
        }
        Kind::ContactAdded => {
            return Message::contact_added(branding, Some(locale), to, at);
        }
        Kind::ChangeUndone => {
            return Message::change_undone(branding, Some(locale), to, at);
        }
    };
    let life = Duration::from_secs(300);
    let link = branding
        .link_url
        .as_ref()
        .map(|page| Link::new(page, "6pointer-0123", &code.link_token()));
    Message::code(
        branding,
        Some(locale),
        to,
        code,
        link.as_ref(),
        purpose,
        at,
        life,
    )
}

fn mail(branding: &Branding, locale: Locale, kind: Kind) -> Mail {
    mail_with(branding, locale, kind, code(6))
}

fn mail_with(branding: &Branding, locale: Locale, kind: Kind, code: Code) -> Mail {
    match message(branding, locale, kind, "ada@example.com", code).content {
        Content::Mail {
            subject,
            text,
            html,
        } => Mail {
            subject,
            text,
            html,
        },
        Content::Sms { .. } => panic!("an address gets a mail"),
    }
}

fn sms_with(branding: &Branding, locale: Locale, kind: Kind, code: Code) -> String {
    match message(branding, locale, kind, "+14155550132", code).content {
        Content::Sms { text } => text,
        Content::Mail { .. } => panic!("a number gets an SMS"),
    }
}

fn sms(branding: &Branding, locale: Locale, kind: Kind) -> String {
    sms_with(branding, locale, kind, code(6))
}

/// Every language with every kind.
fn all() -> impl Iterator<Item = (Locale, Kind)> {
    Locale::ALL
        .iter()
        .flat_map(|locale| Kind::ALL.map(|kind| (*locale, kind)))
}

#[test]
fn every_kind_has_its_own_text_in_every_language() {
    let mut seen = std::collections::BTreeSet::new();
    for (locale, kind) in all() {
        let Mail { subject, text, .. } = mail(&acme(), locale, kind);
        let sms = sms(&Branding::default(), locale, kind);
        for words in [&subject, &text, &sms] {
            assert!(words.trim().len() > 10, "{locale:?} {kind:?}: {words:?}");
            assert!(seen.insert(words.clone()), "twice: {words:?}");
        }
        for words in [subject, text, sms, self::sms(&acme(), locale, kind)] {
            assert!(!words.contains(['{', '}', '[', ']']), "{words:?}");
        }
    }
}

#[test]
fn the_app_name_appears_only_if_configured() {
    for (locale, kind) in all() {
        for (branding, named) in [(acme(), true), (Branding::default(), false)] {
            let Mail {
                subject,
                text,
                html,
            } = mail(&branding, locale, kind);
            assert_eq!(html.contains("Acme"), named, "{html}");
            let branding = Branding {
                sms_domain: None,
                sms_android_hash: None,
                support: None,
                ..branding
            };
            for words in [subject, text, sms(&branding, locale, kind)] {
                assert_eq!(words.contains("Acme"), named, "{words}");
                for gap in ["  ", " .", " ,", " :"] {
                    assert!(!words.contains(gap), "{words:?}");
                }
            }
        }
    }
}

#[test]
fn a_code_is_in_the_text_once_and_never_in_the_subject() {
    for locale in Locale::ALL.iter().copied() {
        for kind in CODES {
            let Mail {
                subject,
                text,
                html,
            } = mail(&acme(), locale, kind);
            let code = code(6);
            assert!(!subject.contains(code.digits()));
            assert_eq!(text.matches(code.digits()).count(), 1);
            assert_eq!(html.matches(code.digits()).count(), 1);
            let line = text.lines().position(|line| line == code.digits());
            assert_eq!(line, Some(2), "early, and on a line of its own");
        }
    }
}

#[test]
fn minutes_have_natural_words_and_are_rounded_down() {
    let says = |secs| {
        let to = Identifier::parse(Method::PhoneNumber, "+14155550132").unwrap();
        let life = Duration::from_secs(secs);
        let branding = Branding::default();
        let at = Timestamp::from_secs(1);
        Message::code(
            &branding,
            None,
            to,
            code(6),
            None,
            Purpose::SignIn,
            at,
            life,
        )
        .content
        .text()
        .to_owned()
    };
    for (secs, minutes) in [
        (600, "10 minutes."),
        (300, "5 minutes."),
        (299, "4 minutes."),
        (120, "2 minutes."),
        (119, "1 minute."),
        (60, "1 minute."),
        (1, "1 minute."),
    ] {
        assert!(says(secs).contains(minutes), "{}", says(secs));
    }
}

#[test]
fn a_notice_states_the_time_and_no_other_contact() {
    for locale in Locale::ALL.iter().copied() {
        let texts = NOTICES.map(|kind| {
            let mail = mail(&acme(), locale, kind).text;
            [mail, sms(&acme(), locale, kind)]
        });
        for text in texts.into_iter().flatten() {
            for part in ["2026", "02", "28", "09:05", "UTC"] {
                assert!(text.contains(part), "{text:?}");
            }
            let text = text.replace("help@example.com", "").replace(LINK, "");
            assert!(!text.contains(['@', '#']), "{text:?}");
        }
    }
}

/// gumroad#2594: a notice that says "contact support" and names no way to do so.
#[test]
fn a_notice_names_the_support_contact_or_another_remedy() {
    for locale in Locale::ALL.iter().copied() {
        for contact in [
            "help@example.com",
            "+1 415 555 0100",
            "https://example.com/help",
        ] {
            let branding = Branding {
                support: SupportContact::parse(contact).ok(),
                ..acme()
            };
            for kind in NOTICES {
                let Mail { text, html, .. } = mail(&branding, locale, kind);
                let sms = permanent(&branding, locale, kind, "+14155550132");
                for words in [&text, &html, &sms] {
                    assert_eq!(words.matches(contact).count(), 1, "{words}");
                }
            }
        }
        let by_phone = match locale {
            Locale::En => "phone number",
            Locale::Fr => "numéro de téléphone",
            Locale::De => "Telefonnummer",
            Locale::Es | Locale::Pt => "número de tel",
            Locale::Ja => "電話番号",
        };
        let kind = Kind::ContactReplaced;
        let bare = permanent(&Branding::default(), locale, kind, "ada@example.com");
        assert!(bare.contains(by_phone), "{bare}");
    }
}

/// Returns the text of a message about a change that cannot be undone.
fn permanent(branding: &Branding, locale: Locale, kind: Kind, to: &str) -> String {
    let message = message_with(branding, locale, kind, to, code(6), Remedy::default());
    message.content.text().to_owned()
}

#[test]
fn a_notice_says_how_long_and_where_a_change_is_undone() {
    for locale in Locale::ALL.iter().copied() {
        for to in ["ada@example.com", "+14155550132"] {
            let says = |undo_for, link| {
                let remedy = Remedy {
                    undo_for: Some(Duration::from_secs(undo_for)),
                    link,
                };
                let (bare, kind) = (Branding::default(), Kind::ContactReplaced);
                let message = message_with(&bare, locale, kind, to, code(6), remedy);
                message.content.text().to_owned()
            };
            let with_link = says(72 * 3600, Some(LINK));
            // No link fits into one part in Japanese.
            let fits = locale != Locale::Ja || !to.starts_with('+');
            assert_eq!(
                with_link.matches(LINK).count(),
                usize::from(fits),
                "{with_link}"
            );
            let without = says(72 * 3600, None);
            assert!(!without.contains("http"), "{without}");
            for words in [&with_link, &without] {
                assert_eq!(words.matches("72").count(), 1, "{words}");
            }
            let permanent = permanent(&Branding::default(), locale, Kind::ContactReplaced, to);
            assert!(!permanent.contains("72"), "{permanent}");
            assert_ne!(says(3600, None), says(2 * 3600, None), "one hour and two");
            let long = format!("https://example.com/{}#undo", "p".repeat(150));
            let long = says(72 * 3600, Some(&long));
            if to.starts_with('+') {
                assert_eq!(long, without, "the link is left out of a full SMS");
            }
        }
    }
}

/// Account owners distinguish their own request from an attacker's by its time.
#[test]
fn a_mail_with_a_code_states_the_time_of_the_request() {
    for locale in Locale::ALL.iter().copied() {
        for kind in CODES {
            let text = mail(&Branding::default(), locale, kind).text;
            for part in ["2026", "28", "09:05", "UTC"] {
                assert_eq!(text.matches(part).count(), 1, "{part}: {text}");
            }
        }
    }
}

#[test]
fn nothing_of_a_message_shows_in_debug() {
    let message = message(
        &acme(),
        Locale::En,
        Kind::SignInCode,
        "a@example.com",
        code(6),
    );
    assert_eq!(format!("{message:?}"), "Message(…)");
    assert_eq!(format!("{:?}", message.content), "Content(…)");
}
