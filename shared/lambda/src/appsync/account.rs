use latchstring_core::contact::{ContactError, PendingState};
use latchstring_core::identifier::Method;
use latchstring_core::ports::{
    AccessTokenVerifier, ChallengeApi, Clock, CounterStore, Directory, Entropy, OutboxStore,
    PendingStore, UndoStore,
};
use latchstring_core::secret::Secret;
use serde::Deserialize;
use serde_json::{Value, json};

use super::{Answer, Fields, GraphqlMethod, Resolved, arguments, identity, session};
use crate::handler::PublicError;
use crate::keys::Deployments;
use crate::resolver::{
    AccountResolver, BrowserSessions, ContactInput as Contact, LogContext, NamesInput,
};

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

impl<S, D, T, A, C, E, K, B> Fields for AccountResolver<S, D, T, A, C, E, K, B>
where
    S: PendingStore + UndoStore + CounterStore + OutboxStore,
    D: Directory,
    T: AccessTokenVerifier,
    A: ChallengeApi,
    C: Clock,
    E: Entropy,
    K: Deployments,
    B: BrowserSessions,
{
    fn clock(&self) -> &impl Clock {
        &self.clock
    }

    async fn resolve(
        &self,
        event: &Value,
        field: &str,
        log_context: &LogContext,
    ) -> Result<Answer, PublicError> {
        let field = Field::parse(field)?;
        let Some(identity) = identity(event) else {
            return Ok(Err(ContactError::NotSignedIn));
        };
        let deployment = match self.deployment().await {
            Ok(deployment) => deployment,
            Err(fault) => return Ok(Err(fault.into())),
        };
        let account = self.core(&deployment);
        let source = self.source.of(event);
        let resolved = match field {
            Field::SignUp => {
                let (names, contact) = arguments::<SignUpArguments>(event)?.input.data.into();
                let begun = self
                    .sign_up(
                        &deployment,
                        &identity,
                        &names,
                        &contact,
                        source,
                        log_context,
                    )
                    .await;
                begun.map(|(_, payload)| session(&payload))
            }
            Field::UpdateName => {
                let names = arguments::<NameArguments>(event)?.input.into();
                let updated = self.update_names(&deployment, &identity, &names).await;
                updated.map(
                    |names| json!({ "givenName": names.given(), "familyName": names.family() }),
                )
            }
            Field::ChangeContact => {
                let (contact, resume) = arguments::<ChangeArguments>(event)?.input.into();
                let begun = self
                    .change_contact(
                        &deployment,
                        &identity,
                        &contact,
                        resume,
                        source,
                        log_context,
                    )
                    .await;
                begun.map(|(_, payload)| session(&payload))
            }
            Field::PendingContact => {
                let method: Method = arguments::<PendingArguments>(event)?.method.into();
                let state = account.pending_contact(&identity, method).await;
                state.map(|state| {
                    state.map_or(Value::Null, |state| {
                        json!({ "method": graphql_name(method), "state": state_name(state) })
                    })
                })
            }
            Field::RememberDevice => {
                let remembered = account.remember_device(&identity).await;
                return Ok(remembered.map(|payload| Resolved {
                    data: json!({
                        "device": payload.device.expose(),
                        "expiresIn": payload.expires_in,
                    }),
                    events: payload.events,
                }));
            }
            Field::ForgetDevices => {
                let forgotten = account.forget_devices(&identity).await;
                forgotten.map(|()| Value::Bool(true))
            }
        };
        Ok(resolved.map(Resolved::from))
    }
}

impl From<ContactInput> for (NamesInput, Contact) {
    fn from(input: ContactInput) -> Self {
        let names = NamesInput {
            given_name: input.given_name,
            family_name: input.family_name,
        };
        let contact = Contact {
            email_or_phone: Secret::new(input.email_or_phone),
            method: input.method.into(),
            locale: input.locale,
            link_challenge: input.link_challenge,
        };
        (names, contact)
    }
}

impl From<NameInput> for NamesInput {
    fn from(input: NameInput) -> Self {
        Self {
            given_name: input.given_name,
            family_name: input.family_name,
        }
    }
}

impl From<ChangeInput> for (Contact, Option<Secret>) {
    fn from(input: ChangeInput) -> Self {
        let contact = Contact {
            email_or_phone: Secret::new(input.email_or_phone),
            method: input.method.into(),
            locale: input.locale,
            link_challenge: input.link_challenge,
        };
        (contact, input.resume.map(Secret::new))
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
