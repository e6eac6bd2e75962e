//! A mail's HTML: the same words, safe, and readable anywhere.

use latchstring_core::locale::Locale;
use latchstring_core::message::{AppName, Branding};

use crate::{Kind, Mail, acme, all, code, mail};

/// A name that means something in HTML, in a header and in our templates.
fn hostile() -> Branding {
    Branding {
        app_name: Some(AppName::parse("\"</h1><b>&'{code}[").unwrap()),
        ..Branding::default()
    }
}

/// The text of the paragraphs and the heading.
fn paragraphs(html: &str) -> Vec<String> {
    html.lines()
        .filter(|line| line.starts_with("<p") || line.starts_with("<h1"))
        .map(|line| {
            let (_, text) = line.split_once('>').unwrap();
            let (text, _) = text.rsplit_once("</").unwrap();
            assert!(!text.contains(['<', '>', '"', '\'']), "{text:?}");
            text.replace("&lt;", "<")
                .replace("&gt;", ">")
                .replace("&quot;", "\"")
                .replace("&#39;", "'")
                .replace("&amp;", "&")
        })
        .collect()
}

#[test]
fn html_and_plain_text_say_the_same() {
    for (locale, kind) in all() {
        for branding in [acme(), Branding::default(), hostile()] {
            let Mail { text, html, .. } = mail(&branding, locale, kind);
            let plain: Vec<_> = text.trim_end().split("\n\n").collect();
            assert_eq!(paragraphs(&html), plain);
        }
    }
}

#[test]
fn a_name_is_text_wherever_it_stands() {
    for (locale, kind) in all() {
        let html = mail(&hostile(), locale, kind).html;
        let plain = mail(&acme(), locale, kind).html;
        assert!(!html.contains("<b>"));
        for mark in ["<", ">", "\""] {
            assert_eq!(html.matches(mark).count(), plain.matches(mark).count());
        }
    }
}

#[test]
fn a_subject_is_one_line() {
    for text in [
        "Acme\r\nBcc: eve@example.com",
        "Acme\nX",
        "Ac\u{2028}me",
        "Ac\u{85}me",
    ] {
        assert!(AppName::parse(text).is_err(), "{text:?}");
    }
    for (locale, kind) in all() {
        let subject = mail(&hostile(), locale, kind).subject;
        assert!(!subject.chars().any(char::is_control), "{subject:?}");
    }
}

#[test]
fn a_mail_fetches_nothing_and_leads_nowhere() {
    for (locale, kind) in all() {
        let html = mail(&acme(), locale, kind).html.to_lowercase();
        for outside in [
            "http", "//", "href", "src", "url(", "@import", "<a", "<img", "<link", "<script",
            "<form", "<svg", "onload",
        ] {
            assert!(!html.contains(outside), "{outside}");
        }
    }
}

#[test]
fn a_screen_reader_is_told_the_language_the_title_and_one_run_of_digits() {
    for (locale, kind) in all() {
        let Mail { subject, html, .. } = mail(&acme(), locale, kind);
        let tag = locale.tag();
        assert!(html.starts_with("<!doctype html>\n"));
        // Webmail drops the outer element and keeps the inner one.
        for element in ["<html ", "<div role=\"article\" "] {
            let line = html.lines().find(|line| line.starts_with(element)).unwrap();
            assert!(
                line.contains(&format!("lang=\"{tag}\" dir=\"ltr\"")),
                "{line}"
            );
        }
        assert!(html.contains(&format!("<title>{subject}</title>")));
        assert_eq!(html.matches("<h1").count(), 1);
        assert_eq!(
            html.matches("<table").count(),
            html.matches("<table role=\"presentation\"").count(),
            "tables are only for looks"
        );
        if kind != Kind::ContactReplaced {
            assert!(html.contains(&format!(">{}</p>", code(6).digits())));
        }
    }
}

#[test]
fn a_dark_screen_gets_dark_colours_and_no_phone_makes_a_number_of_the_code() {
    let html = mail(&acme(), Locale::En, Kind::SignInCode).html;
    for needed in [
        "<meta name=\"color-scheme\" content=\"light dark\">",
        "@media (prefers-color-scheme: dark)",
        "name=\"format-detection\" content=\"telephone=no",
        "name=\"viewport\" content=\"width=device-width",
    ] {
        assert!(html.contains(needed), "{needed}");
    }
}

#[test]
fn every_line_fits_into_a_mail() {
    for (locale, kind) in all() {
        let Mail { text, html, .. } = mail(&acme(), locale, kind);
        assert!(html.len() < 10_000, "webmail clips long mails");
        for line in html.lines().chain(text.lines()) {
            assert!(line.len() < 998, "RFC 5322, 2.1.1: {line}");
        }
    }
}
