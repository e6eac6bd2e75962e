//! Sign-in: the only door to a ticket. It may create accounts, and may not send.

use std::process::ExitCode;

use latchstring_aws::{Aws, CognitoChallengeApi, CognitoDirectory};
use latchstring_lambda::appsync::SignInResolver;
use latchstring_lambda::{OsEntropy, SystemClock};
use latchstring_memory::MemoryStore;

fn main() -> ExitCode {
    latchstring_lambda::run(|environment| {
        environment.store_in_memory()?;
        let aws = Aws::new(environment.aws()?);
        let caller = environment.caller()?;
        Ok(SignInResolver {
            deployment: environment.deployment()?,
            legacy_pool: environment.legacy_pool()?,
            store: MemoryStore::default(),
            directory: CognitoDirectory::new(&aws, environment.user_pool()?),
            api: CognitoChallengeApi::new(&aws, caller.client()),
            caller,
            clock: SystemClock,
            entropy: OsEntropy,
        })
    })
}
