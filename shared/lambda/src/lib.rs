//! The layer between AWS Lambda and `latchstring-core`: events, configuration, logs and the
//! runtime. The Lambda binaries and the local service use the same [`Handler`]s.

mod appsync;
pub mod cognito;
pub mod config;
#[cfg(feature = "couriers")]
mod couriers;
mod delivery;
mod door;
mod extension;
mod handler;
pub mod http;
mod keys;
mod log;
pub mod metrics;
mod operator;
mod outbox;
pub mod resolver;
mod ring_text;
mod runtime;
mod self_test;
mod system;

pub use delivery::{DELIVERY, FollowUp, PendingDelivery};
pub use door::Behind;
pub use handler::{Either, FollowsUp, Handler, HandlerResponse, PublicError, answer, follow_up};
pub use keys::{Deployments, FixedOrRotating, RING_MAX_AGE, Rotating};
pub use outbox::{OutboxSweeper, Publishing};
pub use ring_text::{KeyText, RingText};
pub use self_test::{Examined, KeyRingIds};
pub use system::{OsEntropy, SystemClock};

use std::process::ExitCode;

use config::{ConfigError, Environment};
use self_test::{Facts, SelfTested};

/// Runs a Lambda: builds its handler from the environment and serves invocations until Lambda ends
/// the process. An incomplete configuration stops it here, with the name of the variable.
pub fn run<H: Handler>(build: impl FnOnce(&Environment<'_>) -> Result<H, ConfigError>) -> ExitCode {
    let environment = Environment::Process;
    match started(&environment, build) {
        Ok(()) => ExitCode::SUCCESS,
        Err(Ended::Configuration(error)) => {
            // Before the log level is known, only errors are logged.
            log::init(tracing::Level::ERROR);
            tracing::error!(%error, "configuration is invalid; the function does not start");
            ExitCode::FAILURE
        }
        Err(Ended::Runtime(error)) => {
            tracing::error!(%error, "the Lambda runtime ended");
            ExitCode::FAILURE
        }
    }
}

/// The reason that a Lambda ended.
enum Ended {
    Configuration(ConfigError),
    Runtime(lambda_runtime::Error),
}

fn started<H: Handler>(
    environment: &Environment<'_>,
    build: impl FnOnce(&Environment<'_>) -> Result<H, ConfigError>,
) -> Result<(), Ended> {
    log::init(environment.log_level().map_err(Ended::Configuration)?);
    let namespace = environment.metrics_namespace();
    let api_key = environment.api_key_expires();
    metrics::init(
        &namespace.map_err(Ended::Configuration)?,
        api_key.map_err(Ended::Configuration)?,
    );
    let delivery = environment.delivery().map_err(Ended::Configuration)?;
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .map_err(|error| Ended::Runtime(error.into()))?;
    let follows_up = match H::FOLLOWS_UP {
        FollowsUp::Never => false,
        FollowsUp::WithEvents => {
            let bus = environment.event_bus().map_err(Ended::Configuration)?;
            bus.is_some()
        }
        FollowsUp::Always => true,
    };
    runtime.block_on(async {
        let registering = runtime::register(follows_up, delivery).await;
        let handler = SelfTested {
            handler: build(environment).map_err(Ended::Configuration)?,
            facts: Facts::of(environment).map_err(Ended::Configuration)?,
        };
        runtime::serve(&handler, registering)
            .await
            .map_err(Ended::Runtime)
    })
}
