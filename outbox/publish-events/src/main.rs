//! Publish-events: the sweeper of the outbox. A schedule invokes it each minute. It has no keys, and
//! sends no message.

use std::process::ExitCode;

use latchstring_aws::{Aws, CognitoDirectory, DynamoStore, EventBridge};
use latchstring_lambda::config::ConfigError;
use latchstring_lambda::{OsEntropy, OutboxSweeper, SystemClock};

fn main() -> ExitCode {
    latchstring_lambda::run(|environment| {
        let aws = Aws::new(environment.aws()?);
        let bus = environment.event_bus()?.ok_or(ConfigError::NoEvents)?;
        Ok(OutboxSweeper {
            store: DynamoStore::new(&aws, environment.table()?, OsEntropy).with_outbox(true),
            directory: CognitoDirectory::new(&aws, environment.user_pool()?),
            bus: EventBridge::new(&aws, bus),
            clock: SystemClock,
        })
    })
}
