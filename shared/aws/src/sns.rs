//! SMS by Amazon SNS.

use std::collections::{BTreeMap, HashMap};
use std::str::FromStr;

use aws_runtime::user_agent::ApiMetadata;
use aws_sdk_sns::meta::PKG_VERSION;
use aws_sdk_sns::operation::publish::PublishInput;
use aws_sdk_sns::types::MessageAttributeValue;
use latchstring_core::identifier::Method;
use latchstring_core::message::{Content, Kind, Message};
use latchstring_core::ports::{Courier, DeliveryError, DeliveryOutcome, PortError};
use thiserror::Error;

use crate::client::Aws;
use crate::delivery::{Outbound, Refusal, send, wrong_channel};
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

/// The sender name that a phone shows instead of a number, where the country permits one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SenderId(String);

/// A phone number or short code of the AWS account that sends SMS.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OriginationNumber(String);

/// The error of a text that is neither a sender id nor an origination number.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[error("a sender id has 3 to 11 letters and digits, an origination number 5 to 15 digits")]
pub struct NotASmsSender;

/// The calling code of India.
const INDIA: &str = "+91";

/// An id in an Indian operator's register (DLT): of the sender, which the register calls the
/// principal entity, or of a message template.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DltId(String);

/// The error of a text that is not such an id or a list of them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[error("an id of the DLT register has 1 to 50 letters, digits, - and _")]
pub struct NotADltId;

impl FromStr for DltId {
    type Err = NotADltId;

    fn from_str(text: &str) -> Result<Self, NotADltId> {
        let is_id = (1..=50).contains(&text.len())
            && text
                .bytes()
                .all(|b| b.is_ascii_alphanumeric() || b == b'-' || b == b'_');
        is_id.then(|| Self(text.to_owned())).ok_or(NotADltId)
    }
}

/// The ids of the message templates; the register has one for each kind of message.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct DltTemplates([Option<DltId>; Kind::ALL.len()]);

impl DltTemplates {
    fn of(&self, kind: Kind) -> Option<&DltId> {
        let mut ids = Kind::ALL.iter().zip(&self.0);
        ids.find_map(|(known, id)| (*known == kind).then_some(id.as_ref()))?
    }
}

impl FromStr for DltTemplates {
    type Err = NotADltId;

    /// Parses `kind=id` pairs, separated by commas, each kind at most once.
    fn from_str(text: &str) -> Result<Self, NotADltId> {
        let mut templates = Self::default();
        for entry in text.split(',') {
            let (kind, id) = entry.split_once('=').ok_or(NotADltId)?;
            let mut places = Kind::ALL.iter().zip(&mut templates.0);
            let place = places
                .find_map(|(known, place)| (known.name() == kind.trim()).then_some(place))
                .filter(|place| place.is_none())
                .ok_or(NotADltId)?;
            *place = Some(id.trim().parse()?);
        }
        Ok(templates)
    }
}

/// The settings of a deployment's SMS. Without a sender id or number, AWS chooses.
#[derive(Clone, Debug, Default)]
pub struct SmsSettings {
    /// The name that phones show.
    pub sender_id: Option<SenderId>,
    /// The number to send from.
    pub origination: Option<OriginationNumber>,
    /// The id of the sender in India's register.
    pub entity: Option<DltId>,
    /// The ids of the message templates in India's register.
    pub templates: Option<DltTemplates>,
}

impl FromStr for SenderId {
    type Err = NotASmsSender;

    fn from_str(text: &str) -> Result<Self, NotASmsSender> {
        Self::parse(text)
    }
}

impl SenderId {
    /// Parses 3 to 11 letters and digits with at least one letter.
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
    /// Parses 5 to 15 digits, optionally with a `+` first: a short code has none.
    pub fn parse(text: &str) -> Result<Self, NotASmsSender> {
        let digits = text.strip_prefix('+').unwrap_or(text);
        let is_number =
            (5..=15).contains(&digits.len()) && digits.bytes().all(|b| b.is_ascii_digit());
        is_number
            .then(|| Self(text.to_owned()))
            .ok_or(NotASmsSender)
    }
}

/// A courier of transactional SMS. It writes a request once.
#[derive(Clone, Debug)]
pub struct SnsCourier {
    outbound: Outbound,
    settings: SmsSettings,
    /// The sender ids of app clients that have their own.
    of_clients: BTreeMap<String, SenderId>,
}

impl SnsCourier {
    /// Creates a courier of SMS. Connects at the first message.
    pub fn new(aws: &Aws, settings: SmsSettings) -> Self {
        Self {
            outbound: Outbound::new(aws, &API),
            settings,
            of_clients: BTreeMap::new(),
        }
    }

    /// Sends the SMS of these app clients under names of their own.
    #[must_use]
    pub fn with_sender_ids(self, of_clients: BTreeMap<String, SenderId>) -> Self {
        Self { of_clients, ..self }
    }

    fn refusal(code: &str, message: &str) -> Option<Refusal> {
        let message = message.to_ascii_lowercase();
        let says = |text: &str| message.contains(text);
        Some(Refusal::Other(
            match code.strip_suffix("Exception").unwrap_or(code) {
                "OptedOut" => "opted_out",
                _ if says("opted out") => "opted_out",
                _ if says("sandbox") => "sandbox",
                _ if says("origination") => "no_origination",
                _ if says("spend") || says("quota") => "spend_limit",
                "Throttled" | "Throttling" => return Some(Refusal::Throttled),
                "AuthorizationError" | "AccessDenied" => "not_allowed",
                "InvalidParameter" | "InvalidParameterValue" | "ParameterValueInvalid"
                    if says("phonenumber") || says("phone number") =>
                {
                    "invalid_number"
                }
                _ => return None,
            },
        ))
    }

    /// Returns the attributes of a message by name. The ids of the register are sent to India only.
    fn attributes(&self, message: &Message) -> Option<HashMap<String, MessageAttributeValue>> {
        let SmsSettings {
            sender_id,
            origination,
            entity,
            templates,
        } = &self.settings;
        let client = message.sender.as_ref();
        let own = client.and_then(|client| self.of_clients.get(client));
        let sender_id = own.or(sender_id.as_ref());
        let to_india = message.to.as_str().starts_with(INDIA);
        let template = templates.as_ref().and_then(|ids| ids.of(message.kind));
        let registered = |id: Option<&'_ DltId>| id.filter(|_| to_india).map(|id| id.0.clone());
        [
            ("AWS.SNS.SMS.SMSType", Some("Transactional".to_owned())),
            ("AWS.SNS.SMS.SenderID", sender_id.map(|id| id.0.clone())),
            (
                "AWS.MM.SMS.OriginationNumber",
                origination.as_ref().map(|number| number.0.clone()),
            ),
            ("AWS.MM.SMS.EntityId", registered(entity.as_ref())),
            ("AWS.MM.SMS.TemplateId", registered(template)),
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
    fn prepare(&self, _: Method) {
        self.outbound.prepare();
    }

    async fn deliver(&self, message: &Message) -> Result<(), DeliveryError> {
        let Content::Sms { text } = &message.content else {
            return Err(wrong_channel(CALL));
        };
        let Some(attributes) = self.attributes(message) else {
            return Err(DeliveryError {
                fault: PortError::new(CALL, "request_not_built"),
                outcome: DeliveryOutcome::NeverLeft,
            });
        };
        let request = PublishInput::builder()
            .phone_number(message.to.as_str())
            .message(text)
            .set_message_attributes(Some(attributes));
        let attempt = || self.outbound.service().send(request.clone().build());
        send(CALL, Self::refusal, attempt).await
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_sender_id_has_letters_and_digits_and_is_not_a_number() {
        for text in ["Ada", "ADA2", "Latchstring"] {
            assert!(SenderId::parse(text).is_ok(), "{text}");
        }
        for text in ["", "Ad", "Latchstrings", "123456", "Ada & Co", "Söhne"] {
            assert!(SenderId::parse(text).is_err(), "{text}");
        }
    }

    #[test]
    fn each_kind_of_message_may_have_a_template() {
        let all = "sign_in_code=1107161, confirmation_code=1107162,contact_replaced=a-b_c,contact_added=4,change_undone=5";
        let templates: DltTemplates = all.parse().unwrap();
        let ids = Kind::ALL.map(|kind| templates.of(kind).unwrap().0.clone());
        assert_eq!(ids, ["1107161", "1107162", "a-b_c", "4", "5"]);
        let templates: DltTemplates = "contact_replaced=7".parse().unwrap();
        assert_eq!(templates.of(Kind::SignInCode), None);
        for text in [
            "1107161",
            "sign_in_code",
            "sign_in_code=",
            "sign_in_code=1 2",
            "sign_up=1",
            "sign_in_code=1,sign_in_code=2",
            "sign_in_code=1,",
        ] {
            assert_eq!(text.parse::<DltTemplates>(), Err(NotADltId), "{text}");
        }
        assert!("x".repeat(50).parse::<DltId>().is_ok());
        assert!("x".repeat(51).parse::<DltId>().is_err());
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
