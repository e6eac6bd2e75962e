use latchstring_core::account::Names;
use latchstring_core::contact::{ContactError, ContactMessage, PendingState, SignedIn};
use latchstring_core::flow::AppClient;
use latchstring_core::identifier::{Identifier, Method, PhoneRules};
use latchstring_core::locale::Locale;
use latchstring_core::policy::Deployment;
use latchstring_core::ports::{
    AccessTokenVerifier, ChallengeApi, Clock, CounterStore, Directory, Entropy, PendingStore,
    UndoStore,
};
use latchstring_core::secret::Secret;
use latchstring_core::sign_in::{Context, SignInError};
use serde::Deserialize;
use serde_json::{Value, json};

use super::{
    GraphqlMethod, LogContext, LoggedIdentifier, Outcome, SourceOf, arguments, link_challenge,
    respond, session,
};
use crate::handler::{Handler, HandlerResponse, PublicError};
use crate::keys::Deployments;

#[derive(Deserialize)]
struct SignUpArguments {
    input: SignUpInput,
}

#[derive(Deserialize)]
struct SignUpInput {
    data: ContactInput,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct ContactInput {
    method: GraphqlMethod,
    email_or_phone: String,
    given_name: String,
    family_name: String,
    locale: Option<String>,
    link_challenge: Option<String>,
}

#[derive(Deserialize)]
struct ChangeArguments {
    input: ChangeInput,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct ChangeInput {
    method: GraphqlMethod,
    email_or_phone: String,
    locale: Option<String>,
    link_challenge: Option<String>,
    resume: Option<String>,
}

#[derive(Deserialize)]
struct NameArguments {
    input: NameInput,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct NameInput {
    given_name: String,
    family_name: String,
}

#[derive(Deserialize)]
struct PendingArguments {
    method: GraphqlMethod,
}

/// The fields for signed-in callers: `signUp`, `updateName`, `changeContact`, `pendingContact`,
/// `rememberDevice` and `forgetDevices`.
#[derive(Clone, Debug)]
pub struct AccountResolver<S, D, T, A, C, E, K = Deployment> {
    /// The source of keys and settings.
    pub deployment: K,
    /// The pool and app client that sessions are opened for.
    pub app_client: AppClient,
    /// The part of an event that holds the client's address.
    pub source: SourceOf,
    /// The store of pending contacts, budgets and device generations.
    pub store: S,
    /// The accounts.
    pub directory: D,
    /// The port that returns the holder of an access token.
    pub tokens: T,
    /// Cognito's API as a client calls it.
    pub api: A,
    /// The clock.
    pub clock: C,
    /// The source of randomness.
    pub entropy: E,
}

impl<S, D, T, A, C, E, K> Handler for AccountResolver<S, D, T, A, C, E, K>
where
    S: PendingStore + UndoStore + CounterStore,
    D: Directory,
    T: AccessTokenVerifier,
    A: ChallengeApi,
    C: Clock,
    E: Entropy,
    K: Deployments,
{
    async fn handle(&self, event: Value) -> Result<HandlerResponse, PublicError> {
        let resolving = respond(event, &self.clock, async |event, field, log_context| {
            self.resolve(event, field, log_context).await
        });
        resolving.await.map(HandlerResponse::from)
    }
}

impl<S, D, T, A, C, E, K> AccountResolver<S, D, T, A, C, E, K>
where
    S: PendingStore + UndoStore + CounterStore,
    D: Directory,
    T: AccessTokenVerifier,
    A: ChallengeApi,
    C: Clock,
    E: Entropy,
    K: Deployments,
{
    async fn resolve(
        &self,
        event: &Value,
        field: &str,
        log_context: &LogContext,
    ) -> Result<Outcome, PublicError> {
        let field = Field::parse(field)?;
        let Some(identity) = super::identity(event) else {
            return Ok(Err(ContactError::NotSignedIn));
        };
        // The key of a resume secret is on every ring before it becomes current, so none is named.
        let deployment = match self.deployment.deployment(&[]).await {
            Ok(deployment) => deployment,
            Err(fault) => return Ok(Err(fault.into())),
        };
        let account = SignedIn::<(S, D, A, C, E), T> {
            context: Context {
                deployment: &deployment,
                app_client: &self.app_client,
                store: &self.store,
                directory: &self.directory,
                api: &self.api,
                clock: &self.clock,
                entropy: &self.entropy,
            },
            tokens: &self.tokens,
        };
        let source = self.source.of(event);
        let keys = &deployment.keys;
        let phones = &deployment.policy.phones;
        match field {
            Field::SignUp => {
                let input = arguments::<SignUpArguments>(event)?.input.data;
                let parsed = Names::parse(&input.given_name, &input.family_name)
                    .map_err(ContactError::from)
                    .and_then(|names| {
                        let contact = contact(input.method, &input.email_or_phone, phones)?;
                        Ok((names, contact))
                    });
                let (names, contact) = match parsed {
                    Ok(parsed) => parsed,
                    Err(error) => return Ok(Err(error)),
                };
                let message = message(input.locale.as_deref(), input.link_challenge.as_deref());
                log_context.get_or_init(|| LoggedIdentifier::is(&contact, keys));
                let begun = account
                    .sign_up(&identity, &names, &contact, message, source)
                    .await;
                Ok(begun.map(|payload| session(&payload)))
            }
            Field::UpdateName => {
                let input = arguments::<NameArguments>(event)?.input;
                let names = match Names::parse(&input.given_name, &input.family_name) {
                    Ok(names) => names,
                    Err(error) => return Ok(Err(error.into())),
                };
                let updated = account.update_names(&identity, &names).await;
                Ok(updated
                    .map(|()| json!({ "givenName": names.given(), "familyName": names.family() })))
            }
            Field::ChangeContact => {
                let input = arguments::<ChangeArguments>(event)?.input;
                let contact = match contact(input.method, &input.email_or_phone, phones) {
                    Ok(contact) => contact,
                    Err(error) => return Ok(Err(error)),
                };
                let message = message(input.locale.as_deref(), input.link_challenge.as_deref());
                log_context.get_or_init(|| LoggedIdentifier::is(&contact, keys));
                let begun = match input.resume.map(Secret::new) {
                    None => {
                        account
                            .change_contact(&identity, &contact, message, source)
                            .await
                    }
                    Some(resume) => {
                        account
                            .resume_contact(&identity, &contact, &resume, source)
                            .await
                    }
                };
                Ok(begun.map(|payload| session(&payload)))
            }
            Field::PendingContact => {
                let method: Method = arguments::<PendingArguments>(event)?.method.into();
                let state = account.pending_contact(&identity, method).await;
                Ok(state.map(|state| {
                    state.map_or(Value::Null, |state| {
                        json!({ "method": graphql_name(method), "state": state_name(state) })
                    })
                }))
            }
            Field::RememberDevice => {
                let remembered = account.remember_device(&identity).await;
                Ok(remembered.map(|payload| {
                    json!({
                        "device": payload.device.expose(),
                        "expiresIn": payload.expires_in,
                    })
                }))
            }
            Field::ForgetDevices => {
                let forgotten = account.forget_devices(&identity).await;
                Ok(forgotten.map(|()| Value::Bool(true)))
            }
        }
    }
}

/// Returns the caller's wishes for the message of a contact. What cannot be read counts as missing.
fn message(locale: Option<&str>, challenge: Option<&str>) -> ContactMessage {
    ContactMessage {
        locale: locale.and_then(Locale::parse),
        link_challenge: link_challenge(challenge),
    }
}

#[derive(Clone, Copy)]
enum Field {
    SignUp,
    UpdateName,
    ChangeContact,
    PendingContact,
    RememberDevice,
    ForgetDevices,
}

impl Field {
    fn parse(name: &str) -> Result<Self, PublicError> {
        match name {
            "signUp" => Ok(Self::SignUp),
            "updateName" => Ok(Self::UpdateName),
            "changeContact" => Ok(Self::ChangeContact),
            "pendingContact" => Ok(Self::PendingContact),
            "rememberDevice" => Ok(Self::RememberDevice),
            "forgetDevices" => Ok(Self::ForgetDevices),
            _ => Err(PublicError::UnreadableEvent),
        }
    }
}

fn contact(
    method: GraphqlMethod,
    typed: &str,
    phones: &PhoneRules,
) -> Result<Identifier, ContactError> {
    Identifier::parse_by(method.into(), typed, phones)
        .map_err(|error| SignInError::from(error).into())
}

const fn graphql_name(method: Method) -> &'static str {
    match method {
        Method::Email => "EMAIL",
        Method::PhoneNumber => "PHONE_NUMBER",
    }
}

const fn state_name(state: PendingState) -> &'static str {
    match state {
        PendingState::Waiting => "WAITING",
        PendingState::Done => "DONE",
        PendingState::InUse => "IN_USE",
        PendingState::Expired => "EXPIRED",
    }
}
