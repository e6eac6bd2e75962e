//! Define: what comes next, and the only place that issues tokens. It reads accounts and may
//! neither write them nor send.

use std::process::ExitCode;

use latchstring_aws::CognitoDirectory;
use latchstring_lambda::SystemClock;
use latchstring_lambda::cognito::DefineTrigger;
use latchstring_memory::MemoryStore;

fn main() -> ExitCode {
    latchstring_lambda::run(|environment| {
        environment.store_in_memory()?;
        Ok(DefineTrigger {
            deployment: environment.deployment()?,
            store: MemoryStore::default(),
            directory: CognitoDirectory::new(&environment.aws()?, environment.user_pool()?),
            clock: SystemClock,
        })
    })
}
