use latchstring_core::contact::{ContactError, Identity};
use latchstring_core::flow::AppClient;
use latchstring_core::identifier::{Identifier, Method};
use latchstring_core::policy::Deployment;
use latchstring_core::ports::{
    AccessTokenVerifier, ChallengeApi, Clock, CounterStore, Directory, Entropy, PendingStore,
    UndoStore,
};
use latchstring_core::secret::Secret;
use latchstring_core::sign_in::SignInPayload;

use super::problem::Failure;
use super::response::Response;
use super::routes::{
    ACCOUNT, AccountAction, ChangeContact, ForgetDevices, GetPendingContact, Json, Nothing,
    Operation, Query, RememberDevice, Route, SignUp, UpdateNames,
};
use super::sign_in::no_code;
use super::types::{
    CodePrompt, ContactChangeRequest, ContactMethod, Names, PendingContact, PendingQuery,
    PendingResult, RememberedDevice, SignUpRequest,
};
use super::{Actions, Call};
use crate::keys::Deployments;
use crate::resolver::{AccountResolver, ContactInput, NamesInput, OriginSecrets};

impl<S, D, T, A, C, E, K> Actions for AccountResolver<S, D, T, A, C, E, K>
where
    S: PendingStore + UndoStore + CounterStore,
    D: Directory,
    T: AccessTokenVerifier,
    A: ChallengeApi,
    C: Clock,
    E: Entropy,
    K: Deployments,
{
    type Action = AccountAction;

    fn routes() -> &'static [Route<Self::Action>] {
        ACCOUNT
    }

    fn clock(&self) -> &impl Clock {
        &self.clock
    }

    fn app_client(&self) -> &AppClient {
        &self.app_client
    }

    fn origin(&self) -> Option<&OriginSecrets> {
        self.origin.as_ref()
    }

    async fn act(&self, action: Self::Action, call: &Call<'_>) -> Result<Response, Failure> {
        let event = &call.event;
        let Some(identity) = &call.identity else {
            return Err(ContactError::NotSignedIn.into());
        };
        Ok(match action {
            AccountAction::SignUp => {
                let Json(input) = SignUp::request(event)?;
                SignUp::response(Json(self.add(identity, input, call).await?))
            }
            AccountAction::UpdateNames => {
                let Json(input) = UpdateNames::request(event)?;
                UpdateNames::response(Json(self.name(identity, input).await?))
            }
            AccountAction::ChangeContact => {
                let Json(input) = ChangeContact::request(event)?;
                ChangeContact::response(Json(self.change(identity, input, call).await?))
            }
            AccountAction::GetPendingContact => {
                let Query(input) = GetPendingContact::request(event)?;
                GetPendingContact::response(Json(self.pending(identity, &input).await?))
            }
            AccountAction::RememberDevice => {
                let Nothing = RememberDevice::request(event)?;
                RememberDevice::response(Json(self.remember(identity).await?))
            }
            AccountAction::ForgetDevices => {
                let Nothing = ForgetDevices::request(event)?;
                let deployment = self.deployment().await?;
                self.core(&deployment).forget_devices(identity).await?;
                ForgetDevices::response(Nothing)
            }
        })
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
    async fn add(
        &self,
        identity: &Identity,
        input: SignUpRequest,
        call: &Call<'_>,
    ) -> Result<CodePrompt, Failure> {
        let deployment = self.deployment().await?;
        let names = NamesInput {
            given_name: input.given_name,
            family_name: input.family_name,
        };
        let typed = input.email_or_phone.0;
        let contact = contact(typed, input.method, input.locale, input.link_challenge);
        let begun = self
            .sign_up(
                &deployment,
                identity,
                &names,
                &contact,
                Some(call.source),
                call.log_context,
            )
            .await?;
        self.prompt(&deployment, begun)
    }

    async fn change(
        &self,
        identity: &Identity,
        input: ContactChangeRequest,
        call: &Call<'_>,
    ) -> Result<CodePrompt, Failure> {
        let deployment = self.deployment().await?;
        let typed = input.email_or_phone.0;
        let contact = contact(typed, input.method, input.locale, input.link_challenge);
        let begun = self
            .change_contact(
                &deployment,
                identity,
                &contact,
                input.resume.map(|resume| resume.0),
                Some(call.source),
                call.log_context,
            )
            .await?;
        self.prompt(&deployment, begun)
    }

    fn prompt(
        &self,
        deployment: &Deployment,
        (contact, payload): (Identifier, SignInPayload),
    ) -> Result<CodePrompt, Failure> {
        let account = self.core(deployment);
        let continuation = account.context.continuation(&payload, &contact)?;
        CodePrompt::new(continuation, payload).ok_or_else(no_code)
    }

    async fn name(&self, identity: &Identity, input: Names) -> Result<Names, Failure> {
        let deployment = self.deployment().await?;
        let names = NamesInput {
            given_name: input.given_name,
            family_name: input.family_name,
        };
        let names = self.update_names(&deployment, identity, &names).await?;
        Ok(Names {
            given_name: names.given().to_owned(),
            family_name: names.family().to_owned(),
        })
    }

    async fn pending(
        &self,
        identity: &Identity,
        input: &PendingQuery,
    ) -> Result<PendingResult, Failure> {
        let deployment = self.deployment().await?;
        let method: Method = input.method.into();
        let account = self.core(&deployment);
        let state = account.pending_contact(identity, method).await?;
        Ok(PendingResult {
            pending: state.map(|state| PendingContact {
                method: input.method,
                state: state.into(),
            }),
        })
    }

    async fn remember(&self, identity: &Identity) -> Result<RememberedDevice, Failure> {
        let deployment = self.deployment().await?;
        let account = self.core(&deployment);
        Ok(account.remember_device(identity).await?.into())
    }
}

fn contact(
    typed: Secret,
    method: Option<ContactMethod>,
    locale: Option<String>,
    link_challenge: Option<String>,
) -> ContactInput {
    ContactInput {
        method: ContactMethod::of(method, typed.expose()),
        email_or_phone: typed,
        locale,
        link_challenge,
    }
}
