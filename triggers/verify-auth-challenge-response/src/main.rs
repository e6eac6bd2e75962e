//! Verify: records an answer and returns its verdict. It may neither send messages nor access
//! accounts.

use std::process::ExitCode;

use latchstring_aws::{Aws, DynamoStore, SecretsManager};
use latchstring_core::ports::{CounterStore, FlowStore, RedemptionStore, UndoStore};
use latchstring_lambda::cognito::VerifyTrigger;
use latchstring_lambda::config::{ConfigError, Environment, StoreChoice};
use latchstring_lambda::{Either, Handler, OsEntropy, SystemClock};
use latchstring_memory::MemoryStore;

fn main() -> ExitCode {
    latchstring_lambda::run(|environment| {
        let aws = Aws::new(environment.aws()?);
        Ok(match environment.store()? {
            StoreChoice::Memory => {
                Either::This(trigger(environment, &aws, MemoryStore::default())?)
            }
            StoreChoice::Table(table) => {
                let has_outbox = environment.event_bus()?.is_some();
                let store = DynamoStore::new(&aws, table, OsEntropy).with_outbox(has_outbox);
                Either::That(trigger(environment, &aws, store)?)
            }
        })
    })
}

fn trigger<S: FlowStore + RedemptionStore + UndoStore + CounterStore>(
    environment: &Environment<'_>,
    aws: &Aws,
    store: S,
) -> Result<impl Handler + use<S>, ConfigError> {
    Ok(VerifyTrigger {
        deployment: environment.deployments(|secret| SecretsManager::new(aws, secret))?,
        store,
        clock: SystemClock,
        entropy: OsEntropy,
    })
}
