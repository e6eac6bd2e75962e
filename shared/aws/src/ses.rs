//! Mail by Amazon SES, API version 2. It accepts headers, and needs the same permission
//! (`ses:SendEmail`) as version 1.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::str::FromStr;

use aws_runtime::user_agent::ApiMetadata;
use aws_sdk_sesv2::error::BuildError;
use aws_sdk_sesv2::meta::PKG_VERSION;
use aws_sdk_sesv2::operation::send_email::SendEmailInput;
use aws_sdk_sesv2::types::{
    Body, Content as Part, Destination, EmailContent, Message as Mail, MessageHeader,
};
use data_encoding::{BASE64, HEXLOWER};
use latchstring_core::identifier::{Email, Method};
use latchstring_core::message::{Content, Message};
use latchstring_core::ports::{Courier, DeliveryError, DeliveryOutcome, Entropy, PortError};
use thiserror::Error;

use crate::client::Aws;
use crate::delivery::{Outbound, Refusal, send, wrong_channel};
use crate::service::{Api, requests};

const CALL: &str = "SendEmail";

/// The headers of every mail. RFC 3834: no automatic reply is sent to such a mail; Exchange reads a
/// header of its own (MS-OXCMAIL, 2.1.3.2.22). Bounces are still sent.
const HEADERS: [(&str, &str); 2] = [
    ("Auto-Submitted", "auto-generated"),
    ("X-Auto-Response-Suppress", "OOF, AutoReply"),
];
/// The header by which Gmail separates mails with one sender and subject. A new value for each mail
/// keeps a code out of the previous conversation, where Gmail would fold it away.
const REFERENCE: &str = "X-Entity-Ref-ID";

pub(crate) static API: Api = Api {
    host: "email",
    signing_name: "ses",
    sdk: ApiMetadata::new("sesv2", PKG_VERSION),
    protocol: |_| (),
};

requests! { aws_sdk_sesv2:
    send_email: SendEmail, SendEmailInput, SendEmailOutput, SendEmailError;
}

/// An address in a mail's header, with or without a name: the sender, whose address or domain SES
/// has verified, or the address for replies.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EmailSender {
    address: String,
    /// The value of the headers `From` and `Reply-To`.
    header: String,
}

/// The error of a text that is not an address with or without a name.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[error("a sender is `address` or `Name <address>`")]
pub struct NotASender;

impl FromStr for EmailSender {
    type Err = NotASender;

    fn from_str(text: &str) -> Result<Self, NotASender> {
        Self::parse(text)
    }
}

impl EmailSender {
    /// Parses `address` or `Name <address>`. A name may be quoted.
    pub fn parse(text: &str) -> Result<Self, NotASender> {
        let (name, address) = match text.trim().strip_suffix('>') {
            None => ("", text.trim()),
            Some(text) => text.rsplit_once('<').ok_or(NotASender)?,
        };
        let (name, address) = (name.trim(), address.trim());
        let name = name
            .strip_prefix('"')
            .and_then(|name| name.strip_suffix('"'))
            .unwrap_or(name);
        Email::parse(address).map_err(|_| NotASender)?;
        let is_plain = name.len() <= 100 && !name.contains(['"', '\\', '<', '>']);
        if !is_plain || !address.is_ascii() || text.chars().any(char::is_control) {
            return Err(NotASender);
        }
        let header = if name.is_empty() {
            address.to_owned()
        } else if name.is_ascii() {
            format!("\"{name}\" <{address}>")
        } else {
            format!("{} <{address}>", encoded_words(name))
        };
        Ok(Self {
            address: address.to_owned(),
            header,
        })
    }
}

/// Encodes a text as RFC 2047 words of at most 75 characters, none of which splits a character.
fn encoded_words(text: &str) -> String {
    // Base64 needs four characters for three bytes, and the delimiters twelve.
    const BYTES: usize = 45;
    let mut words = String::new();
    let mut rest = text;
    while !rest.is_empty() {
        let (word, after) = rest.split_at(rest.floor_char_boundary(BYTES));
        let space = if words.is_empty() { "" } else { " " };
        // Invariant: writing to a String does not fail.
        let _ = write!(
            words,
            "{space}=?UTF-8?B?{}?=",
            BASE64.encode(word.as_bytes())
        );
        rest = after;
    }
    words
}

/// The settings of a deployment's mail.
#[derive(Clone, Debug)]
pub struct MailSettings {
    /// The sender.
    pub from: EmailSender,
    /// The address that replies go to; `None` for the sender's.
    pub reply_to: Option<EmailSender>,
    /// The configuration set, if there is one.
    pub configuration_set: Option<String>,
}

/// A courier of mail. It writes a request once.
#[derive(Clone, Debug)]
pub struct SesCourier<E> {
    outbound: Outbound,
    settings: MailSettings,
    /// The settings of app clients that have their own.
    of_clients: BTreeMap<String, MailSettings>,
    entropy: E,
}

impl<E: Entropy> SesCourier<E> {
    /// Creates a courier of mail. Connects at the first message.
    pub fn new(aws: &Aws, settings: MailSettings, entropy: E) -> Self {
        Self {
            outbound: Outbound::new(aws, &API),
            settings,
            of_clients: BTreeMap::new(),
            entropy,
        }
    }

    /// Sends the mail of these app clients by settings of their own.
    #[must_use]
    pub fn with_clients(self, of_clients: BTreeMap<String, MailSettings>) -> Self {
        Self { of_clients, ..self }
    }

    fn refusal(&self, code: &str, message: &str) -> Option<Refusal> {
        let message = message.to_ascii_lowercase();
        let says = |text: &str| message.contains(text);
        Some(Refusal::Other(
            match code.strip_suffix("Exception").unwrap_or(code) {
                "SendingPaused" if says("configuration set") => "configuration_set_paused",
                "SendingPaused" | "AccountSuspended" => "account_paused",
                "MessageRejected" if says("paused") => "account_paused",
                // The message names the unverified identity. Only the sandbox requires verified
                // recipients.
                "MessageRejected" if says("not verified") => {
                    if says(&self.settings.from.address.to_ascii_lowercase()) {
                        "sender_not_verified"
                    } else {
                        "sandbox"
                    }
                }
                "MessageRejected" => "message_rejected",
                "MailFromDomainNotVerified" => "mail_from_not_verified",
                // The request names no other resource that could be missing.
                "NotFound" => "configuration_set_missing",
                "Throttling" | "LimitExceeded" | "TooManyRequests" if says("daily") => {
                    "daily_quota"
                }
                "Throttling" | "LimitExceeded" | "TooManyRequests" => {
                    return Some(Refusal::Throttled);
                }
                "AccessDenied" => "not_allowed",
                "BadRequest" => "invalid_address",
                _ => return None,
            },
        ))
    }

    /// Returns the headers of one mail.
    fn headers(&self) -> Result<Vec<MessageHeader>, BuildError> {
        let reference = HEXLOWER.encode(&self.entropy.bytes::<16>());
        HEADERS
            .into_iter()
            .chain([(REFERENCE, &*reference)])
            .map(|(name, value)| MessageHeader::builder().name(name).value(value).build())
            .collect()
    }

    fn mail(&self, subject: &str, text: &str, html: &str) -> Result<EmailContent, BuildError> {
        let part = |text: &str| Part::builder().data(text).charset("UTF-8").build();
        let body = Body::builder().text(part(text)?).html(part(html)?).build();
        let mail = Mail::builder()
            .subject(part(subject)?)
            .body(body)
            .set_headers(Some(self.headers()?));
        Ok(EmailContent::builder().simple(mail.build()).build())
    }
}

impl<E: Entropy> Courier for SesCourier<E> {
    fn prepare(&self, _: Method) {
        self.outbound.prepare();
    }

    async fn deliver(&self, message: &Message) -> Result<(), DeliveryError> {
        let Content::Mail {
            subject,
            text,
            html,
        } = &message.content
        else {
            return Err(wrong_channel(CALL));
        };
        let mail = self.mail(subject, text, html).map_err(|_| DeliveryError {
            fault: PortError::new(CALL, "request_not_built"),
            outcome: DeliveryOutcome::NeverLeft,
        })?;
        let MailSettings {
            from,
            reply_to,
            configuration_set,
        } = message
            .sender
            .as_ref()
            .and_then(|client| self.of_clients.get(client))
            .unwrap_or(&self.settings);
        let to = Destination::builder().to_addresses(message.to.as_str());
        let reply_to = reply_to.iter().map(|reply_to| reply_to.header.clone());
        let request = SendEmailInput::builder()
            .from_email_address(&from.header)
            .set_reply_to_addresses(Some(reply_to.collect()))
            .destination(to.build())
            .content(mail)
            .set_configuration_set_name(configuration_set.clone());
        send(
            CALL,
            |code, text| self.refusal(code, text),
            || self.outbound.service().send(request.clone().build()),
        )
        .await
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn header(text: &str) -> Option<String> {
        EmailSender::parse(text).ok().map(|sender| sender.header)
    }

    #[test]
    fn a_sender_is_an_address_with_or_without_a_name() {
        for (text, expected) in [
            ("codes@example.com", "codes@example.com"),
            ("<codes@example.com>", "codes@example.com"),
            (
                "Ada & Co <codes@example.com>",
                "\"Ada & Co\" <codes@example.com>",
            ),
            (
                "\"Ada, Inc.\" <codes@example.com>",
                "\"Ada, Inc.\" <codes@example.com>",
            ),
            (
                "Söhne <Codes@Example.com>",
                "=?UTF-8?B?U8O2aG5l?= <Codes@Example.com>",
            ),
        ] {
            assert_eq!(header(text).as_deref(), Some(expected), "{text}");
        }
    }

    #[test]
    fn a_long_name_is_encoded_without_splitting_a_character() {
        let name = "日本語".repeat(10);
        let header = header(&format!("{name} <codes@example.com>")).unwrap();
        let words: Vec<_> = header.split(' ').collect();
        let mut read = String::new();
        for word in &words[..words.len() - 1] {
            assert!(word.len() <= 75);
            let text = word.strip_prefix("=?UTF-8?B?").unwrap().strip_suffix("?=");
            let bytes = BASE64.decode(text.unwrap().as_bytes()).unwrap();
            read += &String::from_utf8(bytes).expect("whole characters");
        }
        assert_eq!(read, name);
    }

    #[test]
    fn a_text_that_is_not_a_sender_is_refused() {
        for text in [
            "",
            "codes",
            "Ada <codes>",
            "Ada codes@example.com>",
            "Ada <codes@example.com> <x@example.com>",
            "Ada\r\nBcc: x@example.com <codes@example.com>",
            "A\"da <codes@example.com>",
            "<cödes@example.com>",
        ] {
            assert_eq!(header(text), None, "{text:?}");
        }
    }
}
