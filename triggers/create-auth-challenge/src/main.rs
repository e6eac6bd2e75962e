//! Create: issues the challenge and delivers the code. It may not access accounts.

use std::process::ExitCode;

use latchstring_aws::{Aws, DynamoStore, SecretsManager};
use latchstring_core::ports::{CounterStore, Courier, FlowStore, PendingStore};
use latchstring_lambda::cognito::CreateTrigger;
use latchstring_lambda::config::{ConfigError, Environment, StoreChoice};
use latchstring_lambda::{Either, Handler, OsEntropy, SystemClock};
use latchstring_memory::{Inbox, MemoryStore};

fn main() -> ExitCode {
    latchstring_lambda::run(|environment| {
        let aws = Aws::new(environment.aws()?);
        Ok(match environment.store()? {
            StoreChoice::Memory => {
                let (store, courier) = (MemoryStore::default(), Inbox::new(SystemClock));
                Either::This(trigger(environment, &aws, store, courier)?)
            }
            StoreChoice::Table(table) => {
                let store = DynamoStore::new(&aws, table, OsEntropy);
                let courier = environment.couriers(&aws)?;
                Either::That(trigger(environment, &aws, store, courier)?)
            }
        })
    })
}

fn trigger<S: FlowStore + PendingStore + CounterStore, M: Courier>(
    environment: &Environment<'_>,
    aws: &Aws,
    store: S,
    courier: M,
) -> Result<impl Handler + use<S, M>, ConfigError> {
    Ok(CreateTrigger {
        deployment: environment.deployments(|secret| SecretsManager::new(aws, secret))?,
        store,
        courier,
        clock: SystemClock,
        entropy: OsEntropy,
    })
}
