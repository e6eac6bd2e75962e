//! A mail's HTML.

use super::template::{escape, fill, fill_verbatim};
use super::words::mail;
use crate::value::locale::Locale;

/// The document. After the preview it has characters without a width and spaces: an inbox that has
/// room for more than the preview would go on with the text, in which the code comes first.
const LAYOUT: &str = include_str!("layout.html");

/// The looks of the parts of a mail where its style sheet is ignored. The code is one run of text, so
/// that it is read and copied as one; the space between its digits is a matter of style alone. It
/// is in a cell, because Outlook keeps the padding and the background of cells only.
const HEADING: &str = "<h1 style=\"margin: 0 0 16px; font-size: 18px; line-height: 1.4; \
    font-weight: 600; color: #15181c;\">{content}</h1>";
const CODE: &str = "<table role=\"presentation\" width=\"100%\" cellpadding=\"0\" cellspacing=\"0\" \
    border=\"0\">\n<tr>\n<td class=\"code\" align=\"center\" bgcolor=\"#eef0f3\" style=\"padding: 16px 8px; \
    border-radius: 6px; background-color: #eef0f3; color: #000000; text-align: center; \
    font-family: ui-monospace, Menlo, Consolas, 'Liberation Mono', monospace; font-size: 32px; \
    line-height: 1.2; font-weight: 700; letter-spacing: 4px; white-space: nowrap; \
    -webkit-user-select: all; user-select: all;\">{content}</td>\n</tr>\n<tr>\n\
    <td height=\"16\" style=\"height: 16px; font-size: 1px; line-height: 16px;\">&nbsp;</td>\n</tr>\n\
    </table>";
const PARAGRAPH: &str = "<p style=\"margin: 0 0 16px; font-size: 16px; line-height: 1.5; \
    color: #15181c;\">{content}</p>";

/// The parts of a mail that are not its text.
pub(super) struct Head<'a> {
    pub(super) locale: Locale,
    pub(super) subject: &'a str,
    pub(super) preview: &'a str,
}

/// The document of a text: its paragraphs, filled in by `with`, the first as the heading and the
/// code in a box of its own.
pub(super) fn html(head: &Head<'_>, text: &str, with: impl Fn(&str) -> String) -> String {
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
    fill_verbatim(
        LAYOUT,
        &[
            ("lang", Some(head.locale.tag())),
            ("dir", Some(head.locale.direction())),
            ("mail", Some(mail(head.locale))),
            ("subject", Some(&escape(head.subject))),
            ("preview", Some(&escape(head.preview))),
            ("content", Some(&paragraphs.join("\n"))),
        ],
    )
}
