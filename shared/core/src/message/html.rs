//! A mail's HTML.

use super::template::{escape, fill};
use crate::locale::Locale;

const LAYOUT: &str = include_str!("layout.html");

/// How the parts of a mail look where its style sheet is ignored. The code is one run of text, so
/// that it is read and copied as one; the space between its digits is a matter of style alone.
const HEADING: &str = "<h1 style=\"margin: 0 0 16px; font-size: 18px; line-height: 1.4; \
    font-weight: 600; color: #15181c;\">{content}</h1>";
const CODE: &str = "<p class=\"code\" style=\"margin: 0 0 16px; padding: 16px 8px; border-radius: 6px; \
    background-color: #eef0f3; color: #000000; text-align: center; font-family: ui-monospace, Menlo, \
    Consolas, 'Liberation Mono', monospace; font-size: 32px; line-height: 1.2; font-weight: 700; \
    letter-spacing: 4px; white-space: nowrap; -webkit-user-select: all; user-select: all;\">\
    {content}</p>";
const PARAGRAPH: &str = "<p style=\"margin: 0 0 16px; font-size: 16px; line-height: 1.5; \
    color: #15181c;\">{content}</p>";

/// The document of a text: its paragraphs, filled in by `with`, the first as the heading and the
/// code in a box of its own.
pub(super) fn html(
    locale: Locale,
    subject: &str,
    text: &str,
    with: impl Fn(&str) -> String,
) -> String {
    let paragraphs: Vec<_> = text
        .trim_end()
        .split("\n\n")
        .enumerate()
        .map(|(place, paragraph)| {
            let element = match (place, paragraph) {
                (0, _) => HEADING,
                (_, "{code}") => CODE,
                _ => PARAGRAPH,
            };
            fill(element, &[("content", Some(&escape(&with(paragraph))))])
        })
        .collect();
    fill(
        LAYOUT,
        &[
            ("lang", Some(locale.tag())),
            ("dir", Some(locale.direction())),
            ("subject", Some(&escape(subject))),
            ("content", Some(&paragraphs.join("\n"))),
        ],
    )
}
