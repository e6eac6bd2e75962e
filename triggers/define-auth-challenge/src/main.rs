//! Define: decides the next step, and is the only function that issues tokens. It writes a proved
//! contact to its account, notifies the account's previous contact, and sends no code.

use std::process::ExitCode;

use latchstring_aws::{Aws, CognitoDirectory, DynamoStore, EventBridge, SecretsManager};
use latchstring_core::ports::{Courier, Store};
use latchstring_lambda::cognito::DefineTrigger;
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
                let has_outbox = environment.event_bus()?.is_some();
                let store = DynamoStore::new(&aws, table, OsEntropy).with_outbox(has_outbox);
                let courier = environment.couriers(&aws)?;
                Either::That(trigger(environment, &aws, store, courier)?)
            }
        })
    })
}

fn trigger<S: Store, M: Courier>(
    environment: &Environment<'_>,
    aws: &Aws,
    store: S,
    courier: M,
) -> Result<impl Handler + use<S, M>, ConfigError> {
    Ok(DefineTrigger {
        deployment: environment.deployments(|secret| SecretsManager::new(aws, secret))?,
        store,
        directory: CognitoDirectory::new(aws, environment.user_pool()?),
        courier,
        bus: environment
            .event_bus()?
            .map(|bus| EventBridge::new(aws, bus)),
        clock: SystemClock,
    })
}
