//! Cognito's rules for invoking triggers.

use serde_json::Value;

use crate::error::{ApiError, ApiResult, Code};
use crate::pool::UserPool;
use crate::triggers::Trigger;

/// The number of invocations of a trigger that does not answer.
const INVOCATIONS: usize = 3;

/// Invokes a trigger as Cognito does, as often as the controls say.
pub(crate) async fn run(pool: &UserPool, trigger: Trigger, event: Value) -> ApiResult<Value> {
    for _ in 1..pool.controls().trigger_runs() {
        // Only the last answer counts.
        let _ = run_once(pool, trigger, event.clone()).await;
    }
    run_once(pool, trigger, event).await
}

async fn run_once(pool: &UserPool, trigger: Trigger, event: Value) -> ApiResult<Value> {
    if pool.controls().fails_trigger(trigger) {
        return Err(threw(trigger, "a failure that the test set"));
    }
    for _ in 0..INVOCATIONS {
        let triggers = pool.triggers();
        let event = event.clone();
        // A separate task: an abandoned invocation runs on, as a Lambda does, and a panic counts as
        // an error of the trigger.
        let invocation = tokio::spawn(async move { triggers.invoke(trigger, event).await });
        match tokio::time::timeout(pool.config().trigger_timeout, invocation).await {
            Ok(Ok(Ok(output))) => return Ok(output),
            Ok(Ok(Err(error))) => return Err(threw(trigger, &error.message)),
            Ok(Err(_)) => return Err(threw(trigger, "Unhandled")),
            Err(_) => {}
        }
    }
    Err(ApiError::new(
        Code::UnexpectedLambda,
        format!(
            "{} failed with error Socket timeout while invoking Lambda function.",
            trigger.name()
        ),
    ))
}

fn threw(trigger: Trigger, message: &str) -> ApiError {
    ApiError::new(
        Code::UserLambdaValidation,
        format!("{} failed with error {message}.", trigger.name()),
    )
}
