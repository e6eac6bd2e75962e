//! The messages to users: every kind, in every language, for mail and for SMS.
//!
//! The texts are in files beside this one, and are compiled into the program: `<language>/<kind>/`
//! has `subject.txt`, `text.txt`, `preview.txt` and `sms.txt`. A mail's HTML has exactly the
//! paragraphs of its plain text, in `layout.html`. docs/messages.md describes how to change texts
//! and how to add a language.

mod html;
mod kind;
mod sms;
mod template;
mod texts;
mod words;

use std::borrow::Cow;
use std::time::{Duration, UNIX_EPOCH};

pub use kind::Kind;
pub use sms::parts;
pub use texts::{TextError, TextFault, Texts, built_in, texts};

use self::html::{Head, html};
use self::template::{Value, fill};
use self::words::{in_hours, in_minutes, link_words, words};
pub use crate::policy::branding::{
    AndroidHash, AppName, Branding, LinkUrl, NotBranding, Preview, SmsDomain, SupportContact,
};
use crate::seal::code::Code;
use crate::seal::link::LinkToken;
use crate::value::identifier::Identifier;
use crate::value::locale::Locale;
use crate::value::purpose::Purpose;
use crate::value::time::Timestamp;

/// One message to one contact. Redacted in `Debug`.
#[derive(Clone)]
pub struct Message {
    /// The recipient.
    pub to: Identifier,
    /// The kind of message.
    pub kind: Kind,
    /// The code in the message, if any.
    pub code: Option<Code>,
    /// The text of the message.
    pub content: Content,
    /// The app client whose sender it has; `None` for the deployment's.
    pub sender: Option<String>,
}

/// The text of a message: a mail to an email address, an SMS to a phone number.
#[derive(Clone, PartialEq, Eq)]
pub enum Content {
    /// A mail.
    Mail {
        /// The subject, one line. It never contains the code: mail servers log subjects.
        subject: String,
        /// The plain text.
        text: String,
        /// The text as a whole HTML document, which loads nothing.
        html: String,
    },
    /// An SMS.
    Sms {
        /// The text.
        text: String,
    },
}

/// The address of a link: the page of `LINK_URL`, with the pointer of the flow and the token after
/// the number sign. A browser sends no server what follows that sign. Redacted in `Debug`.
#[derive(Clone, PartialEq, Eq)]
pub struct Link(String);

impl Link {
    /// Creates the link of a token.
    pub fn new(page: &LinkUrl, pointer: &str, token: &LinkToken) -> Self {
        Self(format!("{}#{pointer}.{}", page.as_str(), token.text()))
    }
}

impl std::fmt::Debug for Link {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Link(…)")
    }
}

/// The remedy that a notice of a replaced contact offers to its owner.
#[derive(Clone, Copy, Debug, Default)]
pub struct Remedy<'a> {
    /// The time in which the change can be undone; `None` if it cannot.
    pub undo_for: Option<Duration>,
    /// The link to the page that undoes a change, if there is one.
    pub link: Option<&'a str>,
}

impl Message {
    /// Creates the message with a code that was requested at `at` and expires `life` from now. The
    /// code of a slot is that of every sign-in that begins before the slot ends. Its language is the
    /// requested one or else the deployment's default. Only a mail carries the link.
    #[expect(clippy::too_many_arguments, reason = "the parts of one message")]
    pub fn code(
        branding: &Branding,
        locale: Option<Locale>,
        to: Identifier,
        code: Code,
        link: Option<&Link>,
        purpose: Purpose,
        at: Timestamp,
        life: Duration,
    ) -> Self {
        let locale = locale.unwrap_or(branding.default_locale);
        let kind = match purpose {
            Purpose::SignIn | Purpose::Claim | Purpose::Decoy | Purpose::Undo(_) => {
                Kind::SignInCode
            }
            Purpose::VerifyContact(_) => Kind::ConfirmationCode,
        };
        let minutes = in_minutes(locale, life);
        let at = moment(at);
        let shown = code.shown();
        let until = code.slot_ends().map(moment);
        let [code_value, minutes] = [("code", Some(&*shown)), ("minutes", Some(&*minutes))];
        let until = (
            "until",
            until.as_deref().and_then(|until| until.get(11..16)),
        );
        let [year, month, day, time] = parts_of(&at);
        let link = ("link", link.map(|link| &*link.0));
        let values = [code_value, link, minutes, until, year, month, day, time];
        let content = content(branding, locale, kind, &to, Some(&code), &values);
        Self {
            to,
            kind,
            code: Some(code),
            content,
            sender: branding.sender.clone(),
        }
    }

    /// Creates the notice to a contact that was replaced: the change, its time, and the steps for
    /// an owner who did not make it. The new contact is not named, because it is not the business
    /// of the old one.
    pub fn contact_replaced(
        branding: &Branding,
        locale: Option<Locale>,
        old: Identifier,
        at: Timestamp,
        remedy: Remedy<'_>,
    ) -> Self {
        let words = locale.unwrap_or(branding.default_locale);
        let hours = remedy.undo_for.map(|life| in_hours(words, life));
        let permanent = hours.is_none().then_some("");
        let notice = |to, link: Option<&str>| {
            let remedy = [
                ("hours", hours.as_deref()),
                ("link", link.filter(|_| hours.is_some())),
                ("permanent", permanent),
            ];
            let kind = Kind::ContactReplaced;
            Self::notice(branding, locale, kind, to, at, &remedy)
        };
        let message = notice(old.clone(), remedy.link);
        match &message.content {
            // A link must not cost another part.
            Content::Sms { text } if parts(text) > 1 => notice(old, None),
            _ => message,
        }
    }

    /// Creates the notice to a contact that the account keeps when a contact of the other method
    /// was added.
    pub fn contact_added(
        branding: &Branding,
        locale: Option<Locale>,
        kept: Identifier,
        at: Timestamp,
    ) -> Self {
        Self::notice(branding, locale, Kind::ContactAdded, kept, at, &[])
    }

    /// Creates the notice to a contact that the account keeps when the change of the contact of the
    /// other method was undone.
    pub fn change_undone(
        branding: &Branding,
        locale: Option<Locale>,
        kept: Identifier,
        at: Timestamp,
    ) -> Self {
        Self::notice(branding, locale, Kind::ChangeUndone, kept, at, &[])
    }

    fn notice(
        branding: &Branding,
        locale: Option<Locale>,
        kind: Kind,
        to: Identifier,
        at: Timestamp,
        remedy: &[Value<'_>],
    ) -> Self {
        let locale = locale.unwrap_or(branding.default_locale);
        let at = moment(at);
        let values = [&parts_of(&at), remedy].concat();
        let content = content(branding, locale, kind, &to, None, &values);
        Self {
            to,
            kind,
            code: None,
            content,
            sender: branding.sender.clone(),
        }
    }
}

impl Content {
    /// The plain text.
    pub fn text(&self) -> &str {
        match self {
            Self::Mail { text, .. } | Self::Sms { text } => text,
        }
    }
}

/// Formats a time by RFC 3339, in UTC.
fn moment(at: Timestamp) -> String {
    let at = UNIX_EPOCH + Duration::from_secs(at.as_secs());
    humantime::format_rfc3339_seconds(at).to_string()
}

/// The parts of a time that texts contain.
fn parts_of(moment: &str) -> [Value<'_>; 4] {
    [
        ("year", moment.get(..4)),
        ("month", moment.get(5..7)),
        ("day", moment.get(8..10)),
        ("time", moment.get(11..16)),
    ]
}

fn content(
    branding: &Branding,
    locale: Locale,
    kind: Kind,
    to: &Identifier,
    code: Option<&Code>,
    values: &[Value<'_>],
) -> Content {
    let app = branding.app_name.as_ref().map(AppName::as_str);
    let support = branding.support.as_ref().map(SupportContact::as_str);
    let with = |template: &str, app| {
        let named = [("app", app), ("support", support)];
        let values: Vec<_> = named.iter().chain(values).copied().collect();
        fill(template.trim_end(), &values)
    };
    let words = words(locale, kind);
    let own = |part| {
        let texts = branding.texts.as_ref()?;
        texts.get(locale, kind.name(), part)
    };
    match to {
        Identifier::Email(_) => {
            let subject = with(own("subject").unwrap_or(words.subject), app);
            let previews = own("preview").unwrap_or(words.preview);
            let preview = match branding.preview {
                Preview::Request => previews.lines().next(),
                Preview::Code => previews.lines().last(),
            };
            let link = values
                .iter()
                .find_map(|(name, value)| value.filter(|_| *name == "link"));
            let paragraphs = own("text").unwrap_or(words.text);
            let (sentence, button) = link_words(locale, kind);
            // After the code, which stays first.
            let text = if link.is_some() {
                let link = format!("{{code}}\n\n{sentence}\n\n{{link}}\n\n");
                Cow::Owned(paragraphs.replacen("{code}\n\n", &link, 1))
            } else {
                Cow::Borrowed(paragraphs)
            };
            let head = Head {
                locale,
                subject: &subject,
                preview: &with(preview.unwrap_or_default(), app),
                link,
                button,
            };
            let html = html(&head, &text, |paragraph| with(paragraph, app));
            Content::Mail {
                subject,
                text: with(&text, app) + "\n",
                html,
            }
        }
        Identifier::PhoneNumber(_) => {
            let hash = branding.sms_android_hash.as_ref();
            let last = |hash| {
                code.map(|code| autofill(branding, hash, code))
                    .unwrap_or_default()
            };
            // One part is charged. The second line is left out if it would cost another; then the
            // name is, then all but the code and its label, and then the hash. The code of a slot with
            // a long domain is last without its label.
            let (long, shortest) = sms_lines(own("sms").unwrap_or(words.sms));
            let short = long.lines().next().unwrap_or_default();
            let templates = [
                (long, app),
                (short, app),
                (long, None),
                (short, None),
                (shortest.unwrap_or(short), None),
            ];
            let (with, last) = (&with, &last);
            let candidates = || {
                let labelled = [hash, None].into_iter().flat_map(move |hash| {
                    let texts = templates.into_iter();
                    texts.map(move |(template, app)| with(template, app) + &last(hash))
                });
                let alone = code.map(|_| with("{code}", None) + &last(None));
                labelled.chain(alone)
            };
            let text = candidates()
                .find(|text| parts(text) == 1)
                .or_else(|| candidates().min_by_key(|text| parts(text)));
            Content::Sms {
                text: text.unwrap_or_default(),
            }
        }
    }
}

/// Returns the first two lines of an SMS, and the third, which has only the code and its label. A
/// language has a third line if two parts would otherwise be possible.
fn sms_lines(text: &str) -> (&str, Option<&str>) {
    let text = text.trim_end();
    match text.match_indices('\n').nth(1) {
        Some((end, _)) => (&text[..end], Some(&text[end + 1..])),
        None => (text, None),
    }
}

/// Returns the lines by which a phone finds the app or site of a code. The domain's line must be the
/// last of the text and contain nothing else. The app's hash may be anywhere.
fn autofill(branding: &Branding, hash: Option<&AndroidHash>, code: &Code) -> String {
    let mut lines = String::new();
    if let Some(hash) = hash {
        lines.push('\n');
        lines.push_str(hash.as_str());
    }
    if let Some(domain) = &branding.sms_domain {
        lines.push_str("\n@");
        lines.push_str(domain.as_str());
        lines.push_str(" #");
        lines.push_str(code.digits());
    }
    lines
}

impl std::fmt::Debug for Message {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Message(…)")
    }
}

impl std::fmt::Debug for Content {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Content(…)")
    }
}
