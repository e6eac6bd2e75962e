//! SMS by Amazon SNS.

use std::collections::HashMap;
use std::str::FromStr;

use aws_runtime::user_agent::ApiMetadata;
use aws_sdk_sns::meta::PKG_VERSION;
use aws_sdk_sns::operation::publish::PublishInput;
use aws_sdk_sns::types::MessageAttributeValue;
use latchstring_core::message::{Content, Message};
use latchstring_core::ports::{Courier, DeliveryFault, Fate, Fault};
use thiserror::Error;

use crate::client::Aws;
use crate::delivery::{Outbound, send, wrong_channel};
use crate::service::{Api, requests};

const CALL: &str = "Publish";

pub(crate) static API: Api = Api {
    host: "sns",
    signing_name: "sns",
    sdk: ApiMetadata::new("sns", PKG_VERSION),
    protocol: |_| (),
};

requests! { aws_sdk_sns:
    publish: Publish, PublishInput, PublishOutput, PublishError;
}

/// The name that a phone shows instead of a number, where the country allows one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SenderId(String);

/// A number of one's own that SMS are from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OriginationNumber(String);

/// A text that is neither.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[error("a sender id has 3 to 11 letters and digits, an origination number 5 to 15 digits")]
pub struct NotASmsSender;

impl FromStr for SenderId {
    type Err = NotASmsSender;

    fn from_str(text: &str) -> Result<Self, NotASmsSender> {
        Self::parse(text)
    }
}

impl SenderId {
    /// Parses 3 to 11 letters and digits, at least one letter among them.
    pub fn parse(text: &str) -> Result<Self, NotASmsSender> {
        let is_sender = (3..=11).contains(&text.len())
            && text.bytes().all(|b| b.is_ascii_alphanumeric())
            && text.bytes().any(|b| b.is_ascii_alphabetic());
        is_sender
            .then(|| Self(text.to_owned()))
            .ok_or(NotASmsSender)
    }
}

impl FromStr for OriginationNumber {
    type Err = NotASmsSender;

    fn from_str(text: &str) -> Result<Self, NotASmsSender> {
        Self::parse(text)
    }
}

impl OriginationNumber {
    /// Parses 5 to 15 digits, a `+` before them or not: a short code has none.
    pub fn parse(text: &str) -> Result<Self, NotASmsSender> {
        let digits = text.strip_prefix('+').unwrap_or(text);
        let is_number =
            (5..=15).contains(&digits.len()) && digits.bytes().all(|b| b.is_ascii_digit());
        is_number
            .then(|| Self(text.to_owned()))
            .ok_or(NotASmsSender)
    }
}

/// Delivers SMS, as transactional ones. One attempt, over a connection of its own: one that was
/// kept may be dead by now, and then nobody knows whether the request left.
#[derive(Clone, Debug)]
pub struct SnsCourier {
    outbound: Outbound,
    sender_id: Option<SenderId>,
    origination: Option<OriginationNumber>,
}

impl SnsCourier {
    /// A courier of SMS. Without a sender id or number, AWS chooses. Connects only when there is
    /// something to send.
    pub fn new(
        aws: &Aws,
        sender_id: Option<SenderId>,
        origination: Option<OriginationNumber>,
    ) -> Self {
        Self {
            outbound: Outbound::new(aws, &API),
            sender_id,
            origination,
        }
    }

    fn code(code: &str, message: &str) -> Option<&'static str> {
        let message = message.to_ascii_lowercase();
        let says = |text: &str| message.contains(text);
        Some(match code.strip_suffix("Exception").unwrap_or(code) {
            "OptedOut" => "opted_out",
            _ if says("opted out") => "opted_out",
            _ if says("sandbox") => "sandbox",
            _ if says("origination") => "no_origination",
            _ if says("spend") || says("quota") => "spend_limit",
            "Throttled" | "Throttling" => "throttled",
            "AuthorizationError" | "AccessDenied" => "not_allowed",
            "InvalidParameter" | "InvalidParameterValue" | "ParameterValueInvalid"
                if says("phonenumber") || says("phone number") =>
            {
                "invalid_number"
            }
            _ => return None,
        })
    }

    /// The attributes of a message, by name.
    fn attributes(&self) -> Option<HashMap<String, MessageAttributeValue>> {
        let sender_id = self.sender_id.as_ref().map(|id| id.0.as_str());
        let origination = self.origination.as_ref().map(|number| number.0.as_str());
        [
            ("AWS.SNS.SMS.SMSType", Some("Transactional")),
            ("AWS.SNS.SMS.SenderID", sender_id),
            ("AWS.MM.SMS.OriginationNumber", origination),
        ]
        .into_iter()
        .filter_map(|(name, value)| Some((name, value?)))
        .map(|(name, value)| {
            let value = MessageAttributeValue::builder()
                .data_type("String")
                .string_value(value)
                .build();
            Some((name.to_owned(), value.ok()?))
        })
        .collect()
    }
}

impl Courier for SnsCourier {
    async fn deliver(&self, message: &Message) -> Result<(), DeliveryFault> {
        let Content::Sms { text } = &message.content else {
            return Err(wrong_channel(CALL));
        };
        let Some(attributes) = self.attributes() else {
            return Err(DeliveryFault {
                fault: Fault::new(CALL, "request_not_built"),
                fate: Fate::NeverLeft,
            });
        };
        let request = PublishInput::builder()
            .phone_number(message.to.as_str())
            .message(text)
            .set_message_attributes(Some(attributes));
        let ask = || self.outbound.service().ask(request.clone().build());
        send(CALL, Self::code, ask).await
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_sender_id_is_letters_and_digits_and_no_number() {
        for text in ["Ada", "ADA2", "Latchstring"] {
            assert!(SenderId::parse(text).is_ok(), "{text}");
        }
        for text in ["", "Ad", "Latchstrings", "123456", "Ada & Co", "Söhne"] {
            assert!(SenderId::parse(text).is_err(), "{text}");
        }
    }

    #[test]
    fn an_origination_number_is_digits() {
        for text in ["+12065550100", "12065550100", "54321"] {
            assert!(OriginationNumber::parse(text).is_ok(), "{text}");
        }
        for text in ["", "+", "1234", "+1 206 555", "+1206555010012345"] {
            assert!(OriginationNumber::parse(text).is_err(), "{text}");
        }
    }
}
