//! Verify: judges an answer. It may neither send nor touch accounts.

use std::process::ExitCode;

use latchstring_lambda::SystemClock;
use latchstring_lambda::cognito::VerifyTrigger;
use latchstring_memory::MemoryStore;

fn main() -> ExitCode {
    latchstring_lambda::run(|environment| {
        environment.store_in_memory()?;
        Ok(VerifyTrigger {
            deployment: environment.deployment()?,
            store: MemoryStore::default(),
            clock: SystemClock,
        })
    })
}
