//! The Lambda functions behind the routes.

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use serde_json::Value;

/// The Lambda functions behind the routes.
pub trait Functions: Send + Sync + 'static {
    /// Invokes `function` with an event of payload format 2.0 and returns its answer.
    fn invoke(
        &self,
        function: &str,
        event: Value,
    ) -> Pin<Box<dyn Future<Output = Result<Value, FunctionError>> + Send + '_>>;
}

/// The error of a function that threw. API Gateway reveals none of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the function threw an error")]
pub struct FunctionError;

/// The reason why a function has no answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum NoAnswer {
    /// It threw or panicked.
    Threw,
    /// It took longer than API Gateway waits.
    TimedOut,
}

/// Calls a function. One that is no longer waited for still runs to its end, as a Lambda does.
pub(crate) async fn call(
    functions: Arc<dyn Functions>,
    function: String,
    event: Value,
    time_limit: Duration,
) -> Result<Value, NoAnswer> {
    // A separate task: a panic ends one function and not the request.
    let running = tokio::spawn(async move { functions.invoke(&function, event).await });
    match tokio::time::timeout(time_limit, running).await {
        Ok(Ok(Ok(answer))) => Ok(answer),
        Ok(Ok(Err(FunctionError)) | Err(_)) => Err(NoAnswer::Threw),
        Err(_) => Err(NoAnswer::TimedOut),
    }
}
