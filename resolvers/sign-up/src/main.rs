//! Sign-up: a signed-in user adds a name and a second contact, changes a contact, and remembers or
//! forgets devices. It publishes the events of these after the response.

use std::process::ExitCode;

use latchstring_aws::{
    Aws, CognitoChallengeApi, CognitoDirectory, CognitoRefreshTokens, CognitoTokens, DynamoStore,
    EventBridge, KeptSecret, SecretsManager,
};
use latchstring_core::ports::{
    CounterStore, InvitationStore, OutboxStore, PendingStore, SessionStore, UndoStore,
};
use latchstring_lambda::config::{AnsweredBy, ConfigError, Environment, StoreChoice};
use latchstring_lambda::resolver::AccountResolver;
use latchstring_lambda::{Behind, Either, Handler, OsEntropy, Publishing, SystemClock};
use latchstring_memory::MemoryStore;

fn main() -> ExitCode {
    latchstring_lambda::run(|environment| {
        let aws = Aws::new(environment.aws()?);
        let resolver = match environment.store()? {
            StoreChoice::Memory => {
                Either::This(resolver(environment, &aws, MemoryStore::default())?)
            }
            StoreChoice::Table(table) => {
                let store = DynamoStore::new(&aws, table, OsEntropy);
                Either::That(resolver(environment, &aws, store)?)
            }
        };
        let doors = environment.doors()?;
        Ok(Behind { doors, resolver })
    })
}

fn resolver<
    S: PendingStore + UndoStore + InvitationStore + CounterStore + OutboxStore + SessionStore + Clone,
>(
    environment: &Environment<'_>,
    aws: &Aws,
    store: S,
) -> Result<impl Handler + use<S>, ConfigError> {
    let app_client = environment.app_client()?;
    let handler = AccountResolver {
        deployment: environment.deployments(|secret| SecretsManager::new(aws, secret))?,
        source: environment.source()?,
        origin: environment.cloudfront()?,
        store: store.clone(),
        directory: CognitoDirectory::new(aws, environment.user_pool()?),
        tokens: CognitoTokens::new(aws),
        api: CognitoChallengeApi::by(
            environment.cognito_calls(AnsweredBy::Client)?,
            aws,
            environment.user_pool()?,
            app_client.client(),
        )
        .with_secret(aws, environment.client_secret()?),
        sessions: environment.session_mode(
            |secret| CognitoRefreshTokens::new(aws, app_client.client(), Some(secret)),
            |credential| KeptSecret::new(aws, credential),
        )?,
        app_client,
        clock: SystemClock,
        entropy: OsEntropy,
    };
    Ok(Publishing {
        handler,
        store,
        bus: environment
            .event_bus()?
            .map(|bus| EventBridge::new(aws, bus)),
        clock: SystemClock,
    })
}
