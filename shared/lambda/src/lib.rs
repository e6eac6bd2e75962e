//! What stands between AWS Lambda and `latchstring-core`: events, configuration, logs, and the
//! runtime. The same [`Handler`]s serve the Lambda binaries and the local service.

pub mod appsync;
pub mod cognito;
pub mod config;
mod delivery;
mod handler;
mod keys;
mod log;
pub mod metrics;
mod runtime;
mod system;

pub use delivery::{DELIVERY, Parcel};
pub use handler::{Answer, Either, Handler, PublicError, answer, deliver};
pub use keys::{Deployments, FixedOrRotating, Rotating};
pub use system::{OsEntropy, SystemClock};

use std::process::ExitCode;

use config::{ConfigError, Environment};

/// The main of a Lambda: builds its handler from the environment and serves invocations until
/// Lambda ends the process. A configuration that is missing something stops it here, by name.
pub fn run<H: Handler>(build: impl FnOnce(&Environment<'_>) -> Result<H, ConfigError>) -> ExitCode {
    let environment = Environment::Process;
    let started = environment.log_level().and_then(|level| {
        log::init(level);
        metrics::init(&environment.metrics_namespace()?);
        Ok((environment.delivery()?, build(&environment)?))
    });
    let (delivery, handler) = match started {
        Ok(started) => started,
        Err(error) => {
            // Before there is a log level there may be no log.
            log::init(tracing::Level::ERROR);
            tracing::error!(%error, "configuration");
            return ExitCode::FAILURE;
        }
    };
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build();
    let ended = match runtime {
        Ok(runtime) => runtime.block_on(runtime::serve(&handler, delivery)),
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
