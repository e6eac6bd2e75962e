//! The common part of SES and SNS: the policy of attempts, the outcome of a failed delivery, and
//! the courier of each channel.

use std::error::Error;
use std::future::Future;
use std::sync::OnceLock;

use aws_smithy_runtime_api::client::orchestrator::HttpResponse;
use aws_smithy_runtime_api::client::result::SdkError;
use aws_smithy_types::error::metadata::ProvideErrorMetadata;
use latchstring_core::identifier::Method;
use latchstring_core::message::{Content, Message};
use latchstring_core::ports::{Courier, DeliveryError, DeliveryOutcome, PortError};

use crate::client::{Aws, CallPolicy};
use crate::http_client::NeverLeft;
use crate::service::{Api, Auth, Service};

/// Two couriers as one: one for mail, one for SMS.
#[derive(Clone, Debug)]
pub struct Couriers<M, S> {
    /// The courier of mail; `None` if the deployment sends no mail.
    pub mail: Option<M>,
    /// The courier of SMS.
    pub sms: S,
}

impl<M: Courier, S: Courier> Courier for Couriers<M, S> {
    fn prepare(&self, method: Method) {
        match (method, &self.mail) {
            (Method::Email, Some(mail)) => mail.prepare(method),
            (Method::Email, None) => {}
            (Method::PhoneNumber, _) => self.sms.prepare(method),
        }
    }

    async fn deliver(&self, message: &Message) -> Result<(), DeliveryError> {
        match &message.content {
            Content::Mail { .. } => match &self.mail {
                Some(mail) => mail.deliver(message).await,
                // The account had an email address before the deployment stopped sending mail.
                None => Err(DeliveryError {
                    fault: PortError::new("SendEmail", "no_mail_is_sent"),
                    outcome: DeliveryOutcome::NeverLeft,
                }),
            },
            Content::Sms { .. } => self.sms.deliver(message).await,
        }
    }
}

/// A service that sends messages. It is built at the first message: nearly always after a response,
/// and most processes send through one service only.
#[derive(Clone, Debug)]
pub(crate) struct Outbound {
    aws: Aws,
    api: &'static Api,
    service: OnceLock<Service>,
}

impl Outbound {
    pub(crate) fn new(aws: &Aws, api: &'static Api) -> Self {
        Self {
            aws: aws.clone(),
            api,
            service: OnceLock::new(),
        }
    }

    /// Begins to open a connection to the service.
    pub(crate) fn prepare(&self) {
        self.aws.open_ahead_of_a_message(self.api.host);
    }

    pub(crate) fn service(&self) -> &Service {
        let wire = || Service::new(&self.aws, self.api, Auth::SigV4, CallPolicy::Send);
        self.service.get_or_init(wire)
    }
}

/// A refusal that docs/delivery.md has a code for.
#[derive(Clone, Copy)]
pub(crate) enum Refusal {
    /// Too many messages in that second.
    Throttled,
    /// Any other, by its code.
    Other(&'static str),
}

impl Refusal {
    const fn code(self) -> &'static str {
        match self {
            Self::Throttled => "throttled",
            Self::Other(code) => code,
        }
    }
}

/// Sends a message. A second attempt follows only if the request provably never left. Any other
/// repetition could deliver the message twice.
///
/// `refusal_for` recognizes a refusal by the service's code and message. The code of any other is
/// kept.
pub(crate) async fn send<T, E, F>(
    call: &'static str,
    refusal_for: impl Fn(&str, &str) -> Option<Refusal>,
    request: impl Fn() -> F,
) -> Result<(), DeliveryError>
where
    E: ProvideErrorMetadata + Error + 'static,
    F: Future<Output = Result<T, SdkError<E, HttpResponse>>>,
{
    let mut sent = request().await;
    if sent.as_ref().is_err_and(never_left) {
        sent = request().await;
    }
    let Err(error) = sent else { return Ok(()) };
    let (code, outcome) = match &error {
        SdkError::ServiceError(refused) if refused.raw().status().is_success() => {
            ("unreadable_response", DeliveryOutcome::Unknown)
        }
        SdkError::ServiceError(refused) => {
            let code = refused.err().code().unwrap_or("unknown_error");
            let message = refused.err().message().unwrap_or_default();
            let refusal = refusal_for(code, message);
            let outcome = match refusal {
                // The failure may have happened before or after the service accepted the message.
                _ if !refused.raw().status().is_client_error() => DeliveryOutcome::Unknown,
                Some(Refusal::Throttled) => DeliveryOutcome::Throttled,
                Some(Refusal::Other(_)) | None => DeliveryOutcome::Refused,
            };
            (refusal.map_or(code, |refusal| refusal.code()), outcome)
        }
        SdkError::DispatchFailure(_) if never_left(&error) => {
            ("connect_failed", DeliveryOutcome::NeverLeft)
        }
        SdkError::DispatchFailure(_) => ("connection_lost", DeliveryOutcome::Unknown),
        SdkError::TimeoutError(_) => ("timeout", DeliveryOutcome::Unknown),
        SdkError::ConstructionFailure(_) => ("request_not_built", DeliveryOutcome::NeverLeft),
        _ => ("unreadable_response", DeliveryOutcome::Unknown),
    };
    Err(DeliveryError {
        fault: PortError::new(call, code),
        outcome,
    })
}

/// Returns the error of a message for another courier's channel.
pub(crate) fn wrong_channel(call: &'static str) -> DeliveryError {
    DeliveryError {
        fault: PortError::new(call, "wrong_channel"),
        outcome: DeliveryOutcome::NeverLeft,
    }
}

/// Returns true if the request provably never left. Only the cause of the SDK's error says it.
fn never_left<E, R>(error: &SdkError<E, R>) -> bool {
    let SdkError::DispatchFailure(failure) = error else {
        return false;
    };
    let mut cause = failure
        .as_connector_error()
        .map(|error| error as &(dyn Error + 'static));
    while let Some(error) = cause {
        if error.is::<NeverLeft>() {
            return true;
        }
        cause = error.source();
    }
    false
}
