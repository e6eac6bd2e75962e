//! A mail's HTML.

use super::template::{escape, fill, fill_verbatim};
use super::words::mail;
use crate::value::locale::Locale;

/// The document. Invisible characters and spaces follow the preview. Without them, an inbox with
/// room for more than the preview would continue with the text, which begins with the code.
const LAYOUT: &str = include_str!("layout.html");

/// The styles of a mail's parts for readers that ignore its style sheet.
///
/// The code is one run of text, so that it is read aloud and copied as one; only the style puts
/// space between its digits. It is in a table cell, because Outlook keeps the padding and
/// background of cells only.
const HEADING: &str = "<h1 style=\"margin: 0 0 16px; font-size: 18px; line-height: 1.4; \
    font-weight: 600; color: #15181c;\">{content}</h1>";
const CODE: &str = "<table role=\"presentation\" width=\"100%\" cellpadding=\"0\" cellspacing=\"0\" \
    border=\"0\">\n<tr>\n<td class=\"code\" align=\"center\" bgcolor=\"#eef0f3\" style=\"padding: 16px 8px; \
    border-radius: 6px; background-color: #eef0f3; color: #000000; text-align: center; \
    font-family: ui-monospace, Menlo, Consolas, 'Liberation Mono', monospace; font-size: {size}px; \
    line-height: 1.2; font-weight: 700; letter-spacing: {space}px; white-space: nowrap; \
    -webkit-user-select: all; user-select: all;\">{content}</td>\n</tr>\n<tr>\n\
    <td height=\"16\" style=\"height: 16px; font-size: 1px; line-height: 16px;\">&nbsp;</td>\n</tr>\n\
    </table>";
/// The address is also shown as text, for a reader whose program opens no buttons, and in another
/// browser. The colours of the button have enough contrast in light and dark mode.
const LINK: &str = "<table role=\"presentation\" width=\"100%\" cellpadding=\"0\" cellspacing=\"0\" \
    border=\"0\">\n<tr>\n<td class=\"button\" align=\"center\" bgcolor=\"#1f5fd1\" style=\"border-radius: 6px; \
    background-color: #1f5fd1; text-align: center;\"><a href=\"{content}\" style=\"display: block; \
    padding: 14px 8px; color: #ffffff; font-size: 16px; line-height: 1.2; font-weight: 600; \
    text-decoration: none;\">{button}</a></td>\n</tr>\n<tr>\n\
    <td height=\"12\" style=\"height: 12px; font-size: 1px; line-height: 12px;\">&nbsp;</td>\n</tr>\n\
    </table>\n<p style=\"margin: 0 0 16px; font-size: 13px; line-height: 1.5; color: #15181c; \
    word-break: break-all;\">{content}</p>";
/// A link within a paragraph. The meta tag that keeps programs from making links of digits also keeps
/// them from making one of an address.
const INLINE_LINK: &str =
    "<a href=\"{link}\" style=\"color: #1f5fd1; word-break: break-word;\">{link}</a>";
const PARAGRAPH: &str = "<p style=\"margin: 0 0 16px; font-size: 16px; line-height: 1.5; \
    color: #15181c;\">{content}</p>";

/// The parts of a mail other than its text.
pub(super) struct Head<'a> {
    pub(super) locale: Locale,
    pub(super) subject: &'a str,
    pub(super) preview: &'a str,
    /// The address that the text has, in a paragraph of its own or within one.
    pub(super) link: Option<&'a str>,
    /// The label of a link's button.
    pub(super) button: &'a str,
}

/// Returns the document of a text. `with` fills in each paragraph; the first is the heading, and
/// the code gets a box of its own, and a link a button.
pub(super) fn html(head: &Head<'_>, text: &str, with: impl Fn(&str) -> String) -> String {
    let paragraphs: Vec<_> = text
        .trim_end()
        .split("\n\n")
        .enumerate()
        .map(|(place, paragraph)| {
            let element = match (place, paragraph) {
                (0, _) => HEADING,
                (_, "{code}") => CODE,
                (_, "{link}") => LINK,
                _ => PARAGRAPH,
            };
            let content = with(paragraph);
            // The code of a slot is longer, and must fit on a phone.
            let (size, space) = if content.len() > 10 {
                ("22", "2")
            } else {
                ("32", "4")
            };
            let mut escaped = escape(&content);
            if let Some(link) = head.link.filter(|_| element == PARAGRAPH) {
                let link = escape(link);
                let anchor = fill_verbatim(INLINE_LINK, &[("link", Some(&*link))]);
                escaped = escaped.replace(&*link, &anchor);
            }
            let values = [
                ("content", Some(&*escaped)),
                ("size", Some(size)),
                ("space", Some(space)),
                ("button", Some(&*escape(head.button))),
            ];
            fill(element, &values)
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
