//! The Lambda functions behind the resolvers.

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use serde_json::Value;

/// The Lambda functions behind the resolvers.
pub trait Functions: Send + Sync + 'static {
    /// Invokes `function` with an AppSync context and returns its answer: `{"data": …}` or
    /// `{"error": {"type": …, "message": …}}`.
    fn invoke(
        &self,
        function: &str,
        event: Value,
    ) -> Pin<Box<dyn Future<Output = Result<Value, FunctionError>> + Send + '_>>;
}

/// The error of a function that threw. The resolver reveals none of it.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{error_type}: {message}")]
pub struct FunctionError {
    /// The Lambda's `errorType`.
    pub error_type: String,
    /// The Lambda's `errorMessage`.
    pub message: String,
}

/// The reason why a field got no data.
#[derive(Debug)]
pub(crate) struct ResolverError {
    pub(crate) error_type: String,
    pub(crate) message: String,
}

impl ResolverError {
    fn new(error_type: &str, message: impl Into<String>) -> Self {
        Self {
            error_type: error_type.to_owned(),
            message: message.into(),
        }
    }

    /// The error that `infra/resolvers/invoke.js` returns for every failure that it must not pass
    /// on.
    fn internal() -> Self {
        Self::new("Internal", "Something went wrong.")
    }
}

/// Calls `function` and treats its answer as `infra/resolvers/invoke.js` does.
pub(crate) async fn resolve(
    functions: Arc<dyn Functions>,
    function: String,
    event: Value,
    time_left: Duration,
) -> Result<Value, ResolverError> {
    // A separate task: a panic ends one function and not the request. A function that AppSync no
    // longer waits for still runs to its end, as a Lambda does.
    let running = tokio::spawn(async move { functions.invoke(&function, event).await });
    let Ok(ended) = tokio::time::timeout(time_left, running).await else {
        return Err(ResolverError::new(
            "Lambda:ExecutionTimeoutException",
            "Execution timed out.",
        ));
    };
    match ended {
        Ok(Ok(answer)) => data_of(answer),
        // The function threw or panicked.
        Ok(Err(_)) | Err(_) => Err(ResolverError::internal()),
    }
}

fn data_of(answer: Value) -> Result<Value, ResolverError> {
    let Value::Object(mut answer) = answer else {
        return Err(ResolverError::internal());
    };
    match (answer.remove("data"), answer.remove("error")) {
        (Some(data), None) => Ok(data),
        (None, Some(error)) => match (error["type"].as_str(), error["message"].as_str()) {
            (Some(error_type), Some(message)) => Err(ResolverError::new(error_type, message)),
            _ => Err(ResolverError::internal()),
        },
        _ => Err(ResolverError::internal()),
    }
}
