//! Mail by Amazon SES.

use std::fmt::Write as _;
use std::str::FromStr;

use aws_runtime::user_agent::ApiMetadata;
use aws_sdk_ses::meta::PKG_VERSION;
use aws_sdk_ses::operation::send_email::SendEmailInput;
use aws_sdk_ses::types::{Body, Content as Part, Destination, Message as Mail};
use data_encoding::BASE64;
use latchstring_core::identifier::Email;
use latchstring_core::message::{Content, Message};
use latchstring_core::ports::{Courier, DeliveryFault, Fate, Fault};
use thiserror::Error;

use crate::client::Aws;
use crate::delivery::{Outbound, send, wrong_channel};
use crate::service::{Api, requests};

const CALL: &str = "SendEmail";

pub(crate) static API: Api = Api {
    host: "email",
    signing_name: "ses",
    sdk: ApiMetadata::new("ses", PKG_VERSION),
    protocol: |_| (),
};

requests! { aws_sdk_ses:
    send_email: SendEmail, SendEmailInput, SendEmailOutput, SendEmailError;
}

/// Who a mail is from: an address that SES has verified, or of a domain that it has.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EmailSender {
    address: String,
    /// As the header `From` takes it.
    header: String,
}

/// A text that is no sender.
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

/// RFC 2047: words of at most 75 characters, none of which splits a character of ours.
fn encoded_words(text: &str) -> String {
    // Four characters of base64 for three bytes, and the frame of twelve.
    const BYTES: usize = 45;
    let mut words = String::new();
    let mut rest = text;
    while !rest.is_empty() {
        let (word, after) = rest.split_at(rest.floor_char_boundary(BYTES));
        let space = if words.is_empty() { "" } else { " " };
        // Invariant: a String can always be written to.
        let _ = write!(
            words,
            "{space}=?UTF-8?B?{}?=",
            BASE64.encode(word.as_bytes())
        );
        rest = after;
    }
    words
}

/// Delivers mail. One attempt, over a connection of its own: one that was kept may be dead by now,
/// and then nobody knows whether the request left.
#[derive(Clone, Debug)]
pub struct SesCourier {
    outbound: Outbound,
    sender: EmailSender,
    configuration_set: Option<String>,
}

impl SesCourier {
    /// A courier of mail from a sender. Connects only when there is something to send.
    pub fn new(aws: &Aws, sender: EmailSender, configuration_set: Option<String>) -> Self {
        Self {
            outbound: Outbound::new(aws, &API),
            sender,
            configuration_set,
        }
    }

    fn code(&self, code: &str, message: &str) -> Option<&'static str> {
        let message = message.to_ascii_lowercase();
        let says = |text: &str| message.contains(text);
        Some(match code.strip_suffix("Exception").unwrap_or(code) {
            "MessageRejected" if says("paused") => "account_paused",
            // It names whom it has not verified. Recipients have to be only in the sandbox.
            "MessageRejected" if says("not verified") => {
                if says(&self.sender.address.to_ascii_lowercase()) {
                    "sender_not_verified"
                } else {
                    "sandbox"
                }
            }
            "MessageRejected" => "message_rejected",
            "AccountSendingPaused" => "account_paused",
            "MailFromDomainNotVerified" => "mail_from_not_verified",
            "ConfigurationSetDoesNotExist" => "configuration_set_missing",
            "ConfigurationSetSendingPaused" => "configuration_set_paused",
            "Throttling" | "LimitExceeded" if says("daily") => "daily_quota",
            "Throttling" | "LimitExceeded" => "throttled",
            "AccessDenied" => "not_allowed",
            "InvalidParameterValue" => "invalid_address",
            _ => return None,
        })
    }
}

impl Courier for SesCourier {
    async fn deliver(&self, message: &Message) -> Result<(), DeliveryFault> {
        let Content::Mail {
            subject,
            text,
            html,
        } = &message.content
        else {
            return Err(wrong_channel(CALL));
        };
        let part = |text: &str| Part::builder().data(text).charset("UTF-8").build();
        let built = (|| {
            let body = Body::builder().text(part(text)?).html(part(html)?).build();
            Ok(Mail::builder().subject(part(subject)?).body(body).build())
        })();
        let mail = built.map_err(|_: aws_sdk_ses::error::BuildError| DeliveryFault {
            fault: Fault::new(CALL, "request_not_built"),
            fate: Fate::NeverLeft,
        })?;
        let to = Destination::builder().to_addresses(message.to.as_str());
        let request = SendEmailInput::builder()
            .source(&self.sender.header)
            .destination(to.build())
            .message(mail)
            .set_configuration_set_name(self.configuration_set.clone());
        send(
            CALL,
            |code, text| self.code(code, text),
            || self.outbound.service().ask(request.clone().build()),
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
    fn a_long_name_is_words_of_whole_characters() {
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
    fn what_is_no_sender_is_refused() {
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
