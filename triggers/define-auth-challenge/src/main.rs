//! Define: what comes next, and the only place that issues tokens. It puts a proved contact on its
//! account, tells the one it replaced, and sends no code.

use std::process::ExitCode;

use latchstring_aws::{Aws, CognitoDirectory};
use latchstring_lambda::SystemClock;
use latchstring_lambda::cognito::DefineTrigger;
use latchstring_memory::{Inbox, MemoryStore};

fn main() -> ExitCode {
    latchstring_lambda::run(|environment| {
        environment.store_in_memory()?;
        Ok(DefineTrigger {
            deployment: environment.deployment()?,
            store: MemoryStore::default(),
            directory: CognitoDirectory::new(
                &Aws::new(environment.aws()?),
                environment.user_pool()?,
            ),
            courier: Inbox::new(SystemClock),
            clock: SystemClock,
        })
    })
}
