//! The resolvers behind the GraphQL API.
//!
//! The event is AppSync's context, in a type of our own: the identity type of `aws_lambda_events`
//! loses `sub` and `claims`. The answer is `{"data": …}` or `{"error": {"type", "message"}}`, which
//! the `APPSYNC_JS` resolver turns into `util.error`.

use std::time::Duration;

use latchstring_core::flow::Caller;
use latchstring_core::identifier::{Identifier, Method};
use latchstring_core::policy::Deployment;
use latchstring_core::ports::{ChallengeApi, Clock, Directory, Entropy, Fault, Store};
use latchstring_core::secret::Secret;
use latchstring_core::sign_in::{SignIn, SignInError, SignInRequest};
use serde::Deserialize;
use serde_json::{Value, json};

use crate::handler::{Handler, PublicError};

/// A resolver's whole time: AppSync gives 30 s.
const BUDGET: Duration = Duration::from_secs(25);

#[derive(Deserialize)]
struct Event<A> {
    arguments: A,
    info: Info,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Info {
    field_name: String,
}

#[derive(Deserialize)]
struct Arguments<I> {
    input: I,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct SignInInput {
    email_or_phone: String,
    method: GraphqlMethod,
    proof: Option<String>,
}

#[derive(Clone, Copy, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
enum GraphqlMethod {
    Email,
    PhoneNumber,
}

impl From<GraphqlMethod> for Method {
    fn from(method: GraphqlMethod) -> Self {
        match method {
            GraphqlMethod::Email => Self::Email,
            GraphqlMethod::PhoneNumber => Self::PhoneNumber,
        }
    }
}

/// `signIn` and `signInTicket`.
#[derive(Clone, Debug)]
pub struct SignInResolver<S, D, A, C, E> {
    /// Keys and numbers.
    pub deployment: Deployment,
    /// The pool and client that sessions are opened for.
    pub caller: Caller,
    /// Whether the pool reports missing users.
    pub legacy_pool: bool,
    /// Budgets, redemptions, leases.
    pub store: S,
    /// Accounts.
    pub directory: D,
    /// Cognito as a client sees it.
    pub api: A,
    /// The time.
    pub clock: C,
    /// Randomness.
    pub entropy: E,
}

impl<S, D, A, C, E> Handler for SignInResolver<S, D, A, C, E>
where
    S: Store,
    D: Directory,
    A: ChallengeApi,
    C: Clock,
    E: Entropy,
{
    async fn handle(&self, event: Value) -> Result<Value, PublicError> {
        let Event { arguments, info } =
            serde_json::from_value::<Event<Arguments<SignInInput>>>(event)
                .map_err(|_| PublicError::UnreadableEvent)?;
        let answering = self.resolve(&info.field_name, arguments.input);
        if let Ok(answered) = tokio::time::timeout(BUDGET, answering).await {
            return answered;
        }
        tracing::error!(field = info.field_name, "out of time");
        let failure = SignInError::from(Fault::new("resolver", "timeout"));
        Ok(error(failure.error_type(), &failure.to_string()))
    }
}

impl<S, D, A, C, E> SignInResolver<S, D, A, C, E>
where
    S: Store,
    D: Directory,
    A: ChallengeApi,
    C: Clock,
    E: Entropy,
{
    async fn resolve(&self, field: &str, input: SignInInput) -> Result<Value, PublicError> {
        let sign_in = SignIn {
            deployment: &self.deployment,
            caller: &self.caller,
            legacy_pool: self.legacy_pool,
            store: &self.store,
            directory: &self.directory,
            api: &self.api,
            clock: &self.clock,
            entropy: &self.entropy,
        };
        let with_proof = input.proof.is_some();
        let request = Identifier::parse(input.method.into(), &input.email_or_phone)
            .map(|identifier| SignInRequest {
                identifier,
                proof: input.proof.map(Secret::new),
            })
            .map_err(SignInError::from);
        let answered = match (field, request) {
            ("signIn" | "signInTicket", Err(error)) => Err(error),
            ("signIn", Ok(request)) => sign_in.session(&request).await.map(|payload| {
                json!({
                    "session": payload.session.expose(),
                    "username": payload.username.expose(),
                    "codeLength": payload.code_length,
                    "expiresIn": payload.expires_in,
                    "resendAfter": payload.resend_after,
                })
            }),
            ("signInTicket", Ok(request)) => sign_in.ticket(&request).await.map(|payload| {
                json!({
                    "ticket": payload.ticket.expose(),
                    "username": payload.username.expose(),
                    "expiresIn": payload.expires_in,
                })
            }),
            _ => return Err(PublicError::UnreadableEvent),
        };
        Ok(match answered {
            Ok(data) => {
                tracing::info!(field, with_proof, outcome = "answered", "resolver");
                json!({ "data": data })
            }
            Err(failure) => {
                let outcome = failure.error_type();
                if let SignInError::Unavailable(cause) = &failure {
                    tracing::error!(field, with_proof, outcome, %cause, "resolver");
                } else {
                    tracing::info!(field, with_proof, outcome, "resolver");
                }
                error(outcome, &failure.to_string())
            }
        })
    }
}

fn error(kind: &str, message: &str) -> Value {
    json!({ "error": { "type": kind, "message": message } })
}
