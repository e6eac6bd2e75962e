//! What stands between AWS Lambda and `latchstring-core`: events, configuration, logs, and the
//! runtime. The same [`Handler`]s serve the Lambda binaries and the local service.

pub mod appsync;
pub mod cognito;
pub mod config;
mod handler;
mod keys;
mod log;
mod system;

pub use handler::{Either, Handler, PublicError, answer};
pub use keys::{Deployments, FixedOrRotating, Rotating};
pub use system::{OsEntropy, SystemClock};

use std::process::ExitCode;

use config::{ConfigError, Environment};
use lambda_runtime::{Diagnostic, LambdaEvent, service_fn};
use serde_json::Value;

/// The main of a Lambda: builds its handler from the environment and serves invocations until
/// Lambda ends the process. A configuration that is missing something stops it here, by name.
pub fn run<H: Handler>(build: impl FnOnce(&Environment<'_>) -> Result<H, ConfigError>) -> ExitCode {
    let environment = Environment::Process;
    let started = environment.log_level().and_then(|level| {
        log::init(&level);
        build(&environment)
    });
    let handler = match started {
        Ok(handler) => handler,
        Err(error) => {
            // Before there is a log level there may be no log.
            log::init("error");
            tracing::error!(%error, "configuration");
            return ExitCode::FAILURE;
        }
    };
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build();
    let ended = match runtime {
        Ok(runtime) => runtime.block_on(serve(&handler)),
        Err(error) => Err(error.into()),
    };
    match ended {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            tracing::error!(%error, "the Lambda runtime ended");
            ExitCode::FAILURE
        }
    }
}

async fn serve(handler: &impl Handler) -> Result<(), lambda_runtime::Error> {
    // Taken as any JSON, so that lambda_runtime never gets to relay a decoding error, which would
    // quote the offending value to the caller.
    lambda_runtime::run(service_fn(move |event: LambdaEvent<Value>| async move {
        answer(handler, event.payload)
            .await
            .map_err(Diagnostic::from)
    }))
    .await
}
