//! The HTML of a mail: the same text as its plain part, escaped, and readable in every mail client.

use latchstring_core::code::Code;
use latchstring_core::locale::Locale;
use latchstring_core::message::{AppName, Branding, Content, Kind, Preview};

use crate::{CODES, LINK, Mail, acme, all, code, linking, mail, message};

/// A name with characters that have a meaning in HTML, in a mail header and in the templates.
fn hostile() -> Branding {
    Branding {
        app_name: Some(AppName::parse("\"</h1><b>&'{code}[").unwrap()),
        ..Branding::default()
    }
}

/// The text of the paragraphs, the heading and the box of the code.
fn paragraphs(html: &str) -> Vec<String> {
    let elements = ["<p ", "<h1 ", "<td class=\"code\" "];
    html.lines()
        .filter(|line| elements.iter().any(|element| line.starts_with(element)))
        .map(|line| {
            let (_, text) = line.split_once('>').unwrap();
            let (text, _) = text.rsplit_once("</").unwrap();
            unescaped(&without_anchor(text))
        })
        .collect()
}

/// Returns a paragraph with the text of its link in place of the link.
fn without_anchor(paragraph: &str) -> String {
    let Some((before, rest)) = paragraph.split_once("<a href=\"") else {
        return paragraph.to_owned();
    };
    let (address, rest) = rest.split_once('"').unwrap();
    let (_, rest) = rest.split_once('>').unwrap();
    let (shown, after) = rest.split_once("</a>").unwrap();
    assert_eq!(shown, address);
    format!("{before}{shown}{after}")
}

fn unescaped(text: &str) -> String {
    assert!(!text.contains(['<', '>', '"', '\'']), "{text:?}");
    text.replace("&lt;", "<")
        .replace("&gt;", ">")
        .replace("&quot;", "\"")
        .replace("&#39;", "'")
        .replace("&amp;", "&")
}

/// Returns the text of the preview, and the filler characters after it.
fn preview(html: &str) -> (String, &str) {
    let (_, rest) = html.split_once("<div class=\"preview\" ").unwrap();
    let (_, rest) = rest.split_once('>').unwrap();
    let (hidden, _) = rest.split_once("</div>").unwrap();
    let (text, filler) = hidden.split_once('\n').unwrap();
    (unescaped(text), filler)
}

#[test]
fn html_and_plain_text_say_the_same() {
    for (locale, kind) in all() {
        for branding in [acme(), Branding::default(), hostile(), linking()] {
            let Mail { text, html, .. } = mail(&branding, locale, kind);
            let plain: Vec<_> = text.trim_end().split("\n\n").collect();
            assert_eq!(paragraphs(&html), plain);
        }
    }
}

#[test]
fn a_name_is_escaped_everywhere() {
    for (locale, kind) in all() {
        let html = mail(&hostile(), locale, kind).html;
        let named = Branding {
            app_name: acme().app_name,
            ..Branding::default()
        };
        let plain = mail(&named, locale, kind).html;
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
fn a_mail_has_no_other_link_and_no_remote_content() {
    for (locale, kind) in all() {
        // A notice has the address of the page that undoes a change.
        let html = without_anchor(&mail(&acme(), locale, kind).html).replace(LINK, "");
        let html = html.to_lowercase();
        for outside in [
            "http", "//", "href", "src", "url(", "@import", "<a", "<img", "<link", "<script",
            "<form", "<svg", "onload",
        ] {
            assert!(!html.contains(outside), "{outside}");
        }
    }
}

#[test]
fn a_screen_reader_gets_language_title_and_one_run_of_digits() {
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
            "tables are for layout only"
        );
        if CODES.contains(&kind) {
            assert!(html.contains(&format!(">{}</td>", code(6).digits())));
        }
    }
}

#[test]
fn dark_mode_has_dark_colours_and_codes_are_not_phone_links() {
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

/// Some apps have users who read codes from a locked phone, others have users who open each mail
/// for six digits (wire-emails#222, isomer#2802). A setting decides; the subject never has a code.
#[test]
fn the_preview_is_the_request_or_the_code() {
    for (locale, kind) in all() {
        for setting in [Preview::Request, Preview::Code] {
            let branding = Branding {
                preview: setting,
                ..acme()
            };
            let Mail { subject, html, .. } = mail(&branding, locale, kind);
            let (text, filler) = preview(&html);
            let digits = code(6);
            let shown = setting == Preview::Code && CODES.contains(&kind);
            assert_eq!(text.contains(digits.digits()), shown, "{text}");
            assert!(!subject.contains(digits.digits()), "{subject}");
            for part in ["2026", "09:05", "UTC"] {
                assert!(text.contains(part), "{text}");
            }
            // An inbox shows up to some 200 characters; the text below begins with the code.
            assert!(filler.matches("&nbsp;").count() >= 100);
            assert!(
                unescaped(filler)
                    .split('&')
                    .skip(1)
                    .all(|entity| entity.len() <= 7)
            );
            let body = html.split_once("<body").unwrap().1;
            let first = body.split_once("<div ").unwrap().1;
            assert!(
                first.starts_with("class=\"preview\" aria-hidden=\"true\" style=\"display: none;")
            );
        }
    }
}

/// ARIA's `aria-roledescription` is read aloud, so it must be in the language of the mail.
#[test]
fn a_screen_reader_gets_the_document_kind_in_its_language() {
    for (locale, word) in [
        (Locale::En, "email"),
        (Locale::Fr, "e-mail"),
        (Locale::De, "E-Mail"),
        (Locale::Es, "correo electrónico"),
        (Locale::Pt, "e-mail"),
        (Locale::Ja, "メール"),
    ] {
        let html = mail(&acme(), locale, Kind::SignInCode).html;
        let role = format!("<div role=\"article\" aria-roledescription=\"{word}\" ");
        assert_eq!(html.matches(&role).count(), 1, "{html}");
    }
}

/// Outlook on Windows renders with Word. It ignores `max-width`, takes padding and background from
/// cells only, falls back to Times New Roman, and uses 120 dots an inch on many screens.
#[test]
fn outlook_gets_a_width_a_font_and_a_cell_for_the_code() {
    for (locale, kind) in all() {
        let html = mail(&acme(), locale, kind).html;
        let conditional: Vec<_> = html
            .split("<!--[if mso]>")
            .skip(1)
            .map(|rest| rest.split_once("<![endif]-->").unwrap().0)
            .collect();
        let [settings, open, close] = conditional[..] else {
            panic!("three conditional comments");
        };
        assert!(settings.contains("<o:PixelsPerInch>96</o:PixelsPerInch>"));
        assert!(settings.contains("font-family: 'Segoe UI', Arial"));
        assert!(open.contains("<table role=\"presentation\" align=\"center\" width=\"512\""));
        for element in ["<table", "<tr>", "<td>"] {
            assert_eq!(open.matches(element).count(), 1);
            let end = element.replace('<', "</").trim_end_matches('>').to_owned();
            assert_eq!(close.matches(&end).count(), 1);
        }
        let boxes = html
            .matches("<td class=\"code\" align=\"center\" bgcolor=")
            .count();
        assert_eq!(boxes, usize::from(CODES.contains(&kind)));
    }
}

/// Mail clients take ten digits for a phone number. A meta tag forbids links of numbers; where a
/// client ignores it, the link looks and behaves like text.
#[test]
fn ten_digits_do_not_look_like_a_phone_link() {
    let digits: Code = code(10);
    for locale in Locale::ALL.iter().copied() {
        let message = message(
            &acme(),
            locale,
            Kind::SignInCode,
            "ada@example.com",
            digits.clone(),
        );
        let Content::Mail { html, text, .. } = message.content else {
            panic!("an address gets a mail");
        };
        assert!(html.contains(&format!(">{}</td>", digits.digits())));
        assert!(html.contains("<meta name=\"format-detection\" content=\"telephone=no,"));
        for rule in [
            "a[x-apple-data-detectors] { color: inherit",
            ".code a { color: inherit",
        ] {
            assert_eq!(html.matches(rule).count(), 1, "{rule}");
        }
        assert!(!html.contains("tel:"));
        assert!(text.lines().any(|line| line == digits.digits()));
    }
}

#[test]
fn every_line_fits_into_a_mail() {
    for (locale, kind) in all() {
        let Mail { text, html, .. } = mail(&linking(), locale, kind);
        assert!(html.len() < 20_000, "webmail clips mails of over 100 kB");
        for line in html.lines().chain(text.lines()) {
            assert!(line.len() < 998, "RFC 5322, 2.1.1: {line}");
        }
    }
}
