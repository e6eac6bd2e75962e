//! Create: asks the question and delivers the code. It may not touch accounts.

use std::process::ExitCode;

use latchstring_aws::{Aws, Couriers, DynamoStore, SecretsManager, SesCourier, SnsCourier};
use latchstring_core::ports::{Courier, Store};
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
                let courier = couriers(environment, &aws)?;
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
    Ok(CreateTrigger {
        deployment: environment.deployments(|secret| SecretsManager::new(aws, secret))?,
        store,
        courier,
        clock: SystemClock,
        entropy: OsEntropy,
    })
}

fn couriers(
    environment: &Environment<'_>,
    aws: &Aws,
) -> Result<Couriers<SesCourier, SnsCourier>, ConfigError> {
    let configuration_set = environment.ses_configuration_set()?;
    let sender_id = environment.sms_sender_id()?;
    Ok(Couriers {
        mail: environment
            .email_from()?
            .map(|from| SesCourier::new(aws, from, configuration_set)),
        sms: SnsCourier::new(aws, sender_id, environment.sms_origination_number()?),
    })
}
