//! Sign-up: a signed-in person adds their name and their second contact.

use std::process::ExitCode;

use latchstring_aws::{Aws, CognitoChallengeApi, CognitoDirectory, CognitoTokens};
use latchstring_lambda::appsync::ContactResolver;
use latchstring_lambda::{OsEntropy, SystemClock};
use latchstring_memory::MemoryStore;

fn main() -> ExitCode {
    latchstring_lambda::run(|environment| {
        environment.store_in_memory()?;
        let aws = Aws::new(environment.aws()?);
        let caller = environment.caller()?;
        Ok(ContactResolver {
            deployment: environment.deployment()?,
            store: MemoryStore::default(),
            directory: CognitoDirectory::new(&aws, environment.user_pool()?),
            tokens: CognitoTokens::new(&aws),
            api: CognitoChallengeApi::new(&aws, caller.client()),
            caller,
            clock: SystemClock,
            entropy: OsEntropy,
        })
    })
}
