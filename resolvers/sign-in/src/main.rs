//! Sign-in: the only function that issues tickets. It may create accounts. It may not send
//! messages.

use std::process::ExitCode;

use latchstring_aws::{
    Aws, CognitoChallengeApi, CognitoDirectory, CognitoRefreshTokens, DynamoStore, KeptSecret,
    LambdaAdmissionHook, SecretsManager, Turnstile,
};
use latchstring_core::ports::{
    CounterStore, FlowStore, InvitationStore, LeaseStore, OutboxStore, RedemptionStore,
    SessionStore, UndoStore,
};
use latchstring_lambda::config::{AnsweredBy, ConfigError, Environment, StoreChoice};
use latchstring_lambda::resolver::SignInResolver;
use latchstring_lambda::{Behind, Either, Handler, OsEntropy, SystemClock};
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
    S: FlowStore
        + RedemptionStore
        + LeaseStore
        + UndoStore
        + InvitationStore
        + CounterStore
        + OutboxStore
        + SessionStore,
>(
    environment: &Environment<'_>,
    aws: &Aws,
    store: S,
) -> Result<impl Handler + use<S>, ConfigError> {
    let app_client = environment.app_client()?;
    Ok(SignInResolver {
        deployment: environment.deployments(|secret| SecretsManager::new(aws, secret))?,
        source: environment.source()?,
        origin: environment.cloudfront()?,
        legacy_pool: environment.legacy_pool()?,
        store,
        directory: CognitoDirectory::new(aws, environment.user_pool()?),
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
        hook: environment
            .admission_hook()?
            .map(|function| LambdaAdmissionHook::new(aws, function)),
        app_client,
        captcha: environment
            .turnstile()?
            .map(|turnstile| Turnstile::new(aws, turnstile)),
        clock: SystemClock,
        entropy: OsEntropy,
    })
}
