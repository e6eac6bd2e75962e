//! The link of a mail.

use latchstring_core::locale::Locale;
use latchstring_core::message::Kind;

use crate::{CODES, LINK, Mail, NOTICES, acme, all, code, linking, mail, sms};

fn address() -> String {
    format!(
        "https://app.example.com/link?a=1&b=2#6pointer-0123.{}",
        code(6).link_token().text()
    )
}

#[test]
fn a_mail_has_its_link_as_a_button_and_as_text() {
    for locale in Locale::ALL.iter().copied() {
        for kind in CODES {
            let Mail {
                subject,
                text,
                html,
            } = mail(&linking(), locale, kind);
            assert_eq!(text.lines().filter(|line| *line == address()).count(), 1);
            assert_eq!(text.matches("://").count(), 1, "{text}");
            let escaped = address().replace('&', "&amp;");
            assert_eq!(html.matches(&escaped).count(), 2);
            assert_eq!(html.matches(&format!("<a href=\"{escaped}\"")).count(), 1);
            assert_eq!(html.matches("<a ").count(), 1);
            assert!(html.contains(&format!(">{escaped}</p>")));
            let token = code(6).link_token().text();
            assert!(!subject.contains(&token));
            let hidden = html.split_once("<h1").unwrap().0;
            assert!(!hidden.contains(&token), "the preview has no link");
        }
    }
}

#[test]
fn the_code_comes_before_the_link() {
    for locale in Locale::ALL.iter().copied() {
        for kind in CODES {
            let Mail { text, html, .. } = mail(&linking(), locale, kind);
            let line = |wanted: &str| text.lines().position(|line| line == wanted);
            assert_eq!(line(code(6).digits()), Some(2));
            assert_eq!(line(&address()), Some(6));
            let place = |wanted| html.find(wanted).unwrap();
            assert!(place("class=\"code\"") < place("class=\"button\""));
        }
    }
}

#[test]
fn a_mail_with_a_link_says_all_that_one_without_does() {
    for locale in Locale::ALL.iter().copied() {
        for kind in CODES {
            let paragraphs = |text: &str| -> Vec<String> {
                text.trim_end().split("\n\n").map(str::to_owned).collect()
            };
            let mut with = paragraphs(&mail(&linking(), locale, kind).text);
            with.drain(2..4);
            assert_eq!(with, paragraphs(&mail(&acme(), locale, kind).text));
        }
    }
}

#[test]
fn notices_and_sms_have_no_link() {
    for (locale, kind) in all() {
        assert_eq!(sms(&linking(), locale, kind), sms(&acme(), locale, kind));
        if NOTICES.contains(&kind) {
            let [with, without] = [linking(), acme()].map(|it| mail(&it, locale, kind));
            assert_eq!((with.text, with.html), (without.text, without.html));
        }
    }
}

/// `format-detection` forbids links that a mail program makes of an address.
#[test]
fn the_address_of_an_undo_is_a_link_in_the_html() {
    for (locale, kind) in all() {
        let html = mail(&acme(), locale, kind).html;
        let anchors = html.matches(&format!("<a href=\"{LINK}\"")).count();
        assert_eq!(anchors, usize::from(kind == Kind::ContactReplaced));
        assert_eq!(html.matches("<a ").count(), anchors);
    }
}

#[test]
fn each_kind_has_a_button_of_its_own_in_every_language() {
    let mut labels = std::collections::BTreeSet::new();
    for locale in Locale::ALL.iter().copied() {
        for kind in CODES {
            let html = mail(&linking(), locale, kind).html;
            let (_, rest) = html.split_once("text-decoration: none;\">").unwrap();
            let label = rest.split('<').next().unwrap();
            assert!((2..=20).contains(&label.chars().count()), "{label}");
            labels.insert((kind == Kind::SignInCode, label.to_owned()));
        }
    }
    // "Entrar" and "Confirmar" are Spanish and Portuguese.
    assert_eq!(labels.len(), 2 * Locale::ALL.len() - 2);
}
