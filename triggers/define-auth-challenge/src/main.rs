//! Define: what comes next, and the only place that issues tokens. It puts a proved contact on its
//! account, tells the one it replaced, and sends no code.

use std::process::ExitCode;

use latchstring_aws::{
    Aws, CognitoDirectory, Couriers, DynamoStore, MailSettings, SecretsManager, SesCourier,
    SmsSettings, SnsCourier,
};
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
    Ok(DefineTrigger {
        deployment: environment.deployments(|secret| SecretsManager::new(aws, secret))?,
        store,
        directory: CognitoDirectory::new(aws, environment.user_pool()?),
        courier,
        clock: SystemClock,
    })
}

fn couriers(
    environment: &Environment<'_>,
    aws: &Aws,
) -> Result<Couriers<SesCourier<OsEntropy>, SnsCourier>, ConfigError> {
    let reply_to = environment.email_reply_to()?;
    let configuration_set = environment.ses_configuration_set()?;
    Ok(Couriers {
        mail: environment.email_from()?.map(|from| {
            let settings = MailSettings {
                from,
                reply_to,
                configuration_set,
            };
            SesCourier::new(aws, settings, OsEntropy)
        }),
        sms: SnsCourier::new(
            aws,
            SmsSettings {
                sender_id: environment.sms_sender_id()?,
                origination: environment.sms_origination_number()?,
                entity: environment.sms_entity_id()?,
                templates: environment.sms_template_ids()?,
            },
        ),
    })
}
