//! Create: asks the question and delivers the code. It may not touch accounts.

use std::process::ExitCode;

use latchstring_lambda::cognito::CreateTrigger;
use latchstring_lambda::{OsEntropy, SystemClock};
use latchstring_memory::{Inbox, MemoryStore};

fn main() -> ExitCode {
    latchstring_lambda::run(|environment| {
        environment.store_in_memory()?;
        Ok(CreateTrigger {
            deployment: environment.deployment()?,
            store: MemoryStore::default(),
            courier: Inbox::new(SystemClock),
            clock: SystemClock,
            entropy: OsEntropy,
        })
    })
}
