//! One Lambda, as the runtime and the local service both call it.

use std::future::Future;
use std::panic::AssertUnwindSafe;

use futures_util::FutureExt;
use lambda_runtime::Diagnostic;
use serde_json::Value;
use thiserror::Error;
use tokio::time::Instant;

use crate::delivery::FollowUp;
use crate::self_test::Examined;

/// The error that the invoking service receives when an event cannot be served at all. Cognito passes
/// it on to its own caller, so the texts are fixed; causes go to the log.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum PublicError {
    /// The event is not of the kind that this function handles.
    #[error("The event could not be read.")]
    UnreadableEvent,
    /// No decision is possible without keys.
    #[error("Sign-in is not available at the moment.")]
    Unavailable,
    /// A bug in this crate.
    #[error("Something went wrong.")]
    Internal,
}

impl From<PublicError> for Diagnostic {
    fn from(error: PublicError) -> Self {
        let error_type = match error {
            PublicError::UnreadableEvent => "UnreadableEvent",
            PublicError::Unavailable => "Unavailable",
            PublicError::Internal => "Internal",
        };
        Self {
            error_type: error_type.to_owned(),
            error_message: error.to_string(),
        }
    }
}

/// The responses of a function that leave work.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum FollowsUp {
    /// None.
    Never,
    /// Some, where events are published.
    WithEvents,
    /// Some.
    Always,
}

/// A function's response, with the work that it leaves.
#[derive(Clone, Debug)]
pub struct HandlerResponse {
    /// The response, as JSON.
    pub value: Value,
    /// The work to do after the response.
    pub follow_up: Option<FollowUp>,
}

impl From<Value> for HandlerResponse {
    fn from(value: Value) -> Self {
        Self {
            value,
            follow_up: None,
        }
    }
}

/// A function from an event to an answer, both JSON.
pub trait Handler: Send + Sync {
    /// The responses that leave work.
    const FOLLOWS_UP: FollowsUp = FollowsUp::Never;

    /// Handles one event. Expected failures are responses; an error is for an event of another
    /// kind.
    fn handle(
        &self,
        event: Value,
    ) -> impl Future<Output = Result<HandlerResponse, PublicError>> + Send;

    /// Reads the parts that every invocation needs, for a self-test.
    fn examine(&self) -> impl Future<Output = Examined> + Send;

    /// Does the work that a response left, and writes its outcome to the log and metrics.
    fn follow_up(&self, _work: FollowUp, _until: Instant) -> impl Future<Output = ()> + Send {
        async {}
    }
}

/// One of two handlers, by configuration.
#[derive(Debug)]
pub enum Either<A, B> {
    /// The first.
    This(A),
    /// The second.
    That(B),
}

impl<A: Handler, B: Handler> Handler for Either<A, B> {
    const FOLLOWS_UP: FollowsUp = match (A::FOLLOWS_UP, B::FOLLOWS_UP) {
        (FollowsUp::Always, _) | (_, FollowsUp::Always) => FollowsUp::Always,
        (FollowsUp::Never, FollowsUp::Never) => FollowsUp::Never,
        _ => FollowsUp::WithEvents,
    };

    async fn handle(&self, event: Value) -> Result<HandlerResponse, PublicError> {
        match self {
            Self::This(handler) => handler.handle(event).await,
            Self::That(handler) => handler.handle(event).await,
        }
    }

    async fn examine(&self) -> Examined {
        match self {
            Self::This(handler) => handler.examine().await,
            Self::That(handler) => handler.examine().await,
        }
    }

    async fn follow_up(&self, work: FollowUp, until: Instant) {
        match self {
            Self::This(handler) => handler.follow_up(work, until).await,
            Self::That(handler) => handler.follow_up(work, until).await,
        }
    }
}

/// Handles one event and catches a panic, whose text the runtime would relay.
pub async fn answer(handler: &impl Handler, event: Value) -> Result<HandlerResponse, PublicError> {
    // Boxed, because the compiler would otherwise lay out the SDK's futures through every layer
    // above.
    AssertUnwindSafe(Box::pin(handler.handle(event)))
        .catch_unwind()
        .await
        .unwrap_or_else(|_| {
            tracing::error!("handler panicked");
            Err(PublicError::Internal)
        })
}

/// Handles one event, as Lambda sent it. The text of a parser's error gives the length of the event
/// up to the fault, so it is neither logged nor returned.
pub(crate) async fn answer_json(
    handler: &impl Handler,
    event: &[u8],
) -> Result<HandlerResponse, PublicError> {
    let Ok(event) = serde_json::from_slice(event) else {
        tracing::warn!("event is not valid JSON");
        return Err(PublicError::UnreadableEvent);
    };
    answer(handler, event).await
}

/// Does the work that a response left, and catches a panic: failed work never fails a later
/// invocation.
pub async fn follow_up(handler: &impl Handler, work: FollowUp, until: Instant) {
    let done = AssertUnwindSafe(Box::pin(handler.follow_up(work, until)))
        .catch_unwind()
        .await;
    if done.is_err() {
        crate::metrics::delivery_error("panic");
        tracing::error!("delivery panicked");
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    struct Panics;

    impl Handler for Panics {
        async fn handle(&self, event: Value) -> Result<HandlerResponse, PublicError> {
            panic!("about {event}")
        }

        async fn examine(&self) -> Examined {
            Examined::default()
        }
    }

    #[tokio::test]
    async fn a_panic_becomes_an_answer_without_its_text() {
        let error = answer(&Panics, Value::from("a secret")).await.unwrap_err();
        assert_eq!(error, PublicError::Internal);
        assert_eq!(
            Diagnostic::from(error).error_message,
            "Something went wrong."
        );
    }
}
