use std::mem;
use std::time::Duration;

use latchstring_core::contact::{ContactError, Identity};
use latchstring_core::continuation::CodeEffect;
use latchstring_core::flow::AppClient;
use latchstring_core::identifier::{Identifier, Method};
use latchstring_core::invite::{Membership, NewInvitation};
use latchstring_core::outbox::Events;
use latchstring_core::policy::Deployment;
use latchstring_core::ports::{
    AccessTokenVerifier, ChallengeApi, Clock, CounterStore, Directory, Entropy, InvitationStore,
    OutboxStore, PendingStore, SessionStore, UndoStore,
};
use latchstring_core::secret::Secret;
use latchstring_core::session::{SessionHandle, Sessions, SignedOut};
use latchstring_core::sign_in::SignInPayload;

use super::bearer;
use super::browser;
use super::problem::{Failure, Rejection};
use super::response::Response;
use super::routes::{
    ACCOUNT, AccountAction, ChangeContact, ForgetDevices, GetAccessToken, GetPendingContact,
    GetSession, Invite, Json, ListSessions, Nothing, Operation, Query, RememberDevice,
    RevokeSession, Route, SignOut, SignUp, UpdateNames, WithdrawInvitation,
};
use super::sign_in::no_code;
use super::types::{
    AccessToken, CodePrompt, ContactChangeRequest, ContactMethod, CurrentSession,
    InvitationRequest, InvitedContact, Names, PendingContact, PendingQuery, PendingResult,
    RememberedDevice, RevokeRequest, SessionList, SignOutRequest, SignUpRequest,
};
use super::{Actions, Call, Caller};
use crate::keys::Deployments;
use crate::metrics;
use crate::resolver::{
    AccountResolver, BrowserSessions, ContactInput, LogContext, NamesInput, OriginSecrets,
};

/// The days for which an invitation is valid by default.
const INVITATION_DAYS: u32 = 7;

impl<S, D, T, A, C, E, K, B> Actions for AccountResolver<S, D, T, A, C, E, K, B>
where
    S: PendingStore + UndoStore + InvitationStore + CounterStore + OutboxStore + SessionStore,
    D: Directory,
    T: AccessTokenVerifier,
    A: ChallengeApi,
    C: Clock,
    E: Entropy,
    K: Deployments,
    B: BrowserSessions,
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

    fn sessions(&self) -> &impl BrowserSessions {
        &self.sessions
    }

    async fn act(&self, action: Self::Action, call: &Call<'_>) -> Result<Response, Failure> {
        let event = &call.event;
        Ok(match action {
            AccountAction::SignUp => {
                let Json(input) = SignUp::request(event)?;
                SignUp::response(Json(self.add(input, call).await?))
            }
            AccountAction::UpdateNames => {
                let Json(input) = UpdateNames::request(event)?;
                UpdateNames::response(Json(self.name(input, call).await?))
            }
            AccountAction::ChangeContact => {
                let Json(input) = ChangeContact::request(event)?;
                ChangeContact::response(Json(self.change(input, call).await?))
            }
            AccountAction::GetPendingContact => {
                let Query(input) = GetPendingContact::request(event)?;
                GetPendingContact::response(Json(self.pending(&input, call).await?))
            }
            AccountAction::RememberDevice => {
                let Nothing = RememberDevice::request(event)?;
                let (device, events) = self.remember(call).await?;
                RememberDevice::response(Json(device)).leaving(events)
            }
            AccountAction::ForgetDevices => {
                let Nothing = ForgetDevices::request(event)?;
                let (deployment, identity) = self.signed_in(call).await?;
                self.core(&deployment).forget_devices(&identity).await?;
                ForgetDevices::response(Nothing)
            }
            AccountAction::Invite => {
                let Json(input) = Invite::request(event)?;
                let (deployment, identity) = self.signed_in(call).await?;
                let new = input.parse(&deployment, call.log_context)?;
                self.core(&deployment).invite(&identity, &new).await?;
                Invite::response(Nothing)
            }
            AccountAction::WithdrawInvitation => {
                let Json(input) = WithdrawInvitation::request(event)?;
                let (deployment, identity) = self.signed_in(call).await?;
                let contact = input.parse(&deployment, call.log_context)?;
                let account = self.core(&deployment);
                account.withdraw_invitation(&identity, &contact).await?;
                WithdrawInvitation::response(Nothing)
            }
            AccountAction::GetSession => {
                let Nothing = GetSession::request(event)?;
                GetSession::response(Json(self.session(call).await?))
            }
            AccountAction::GetAccessToken => {
                let Nothing = GetAccessToken::request(event)?;
                GetAccessToken::response(Json(self.access_token(call).await?))
            }
            AccountAction::ListSessions => {
                let Nothing = ListSessions::request(event)?;
                ListSessions::response(Json(self.list(call).await?))
            }
            AccountAction::RevokeSession => {
                let Json(input) = RevokeSession::request(event)?;
                self.revoke(&input, call).await?;
                RevokeSession::response(Nothing)
            }
            AccountAction::SignOut => {
                let Json(input) = SignOut::request(event)?;
                let events = self.sign_out(&input, call).await?;
                browser::without_session(SignOut::response(Nothing)).leaving(events)
            }
        })
    }
}

impl<S, D, T, A, C, E, K, B> AccountResolver<S, D, T, A, C, E, K, B>
where
    S: PendingStore + UndoStore + InvitationStore + CounterStore + OutboxStore + SessionStore,
    D: Directory,
    T: AccessTokenVerifier,
    A: ChallengeApi,
    C: Clock,
    E: Entropy,
    K: Deployments,
    B: BrowserSessions,
{
    /// Returns the signed-in caller, and the settings and keys.
    async fn signed_in(&self, call: &Call<'_>) -> Result<(Deployment, Identity), Failure> {
        let deployment = self.deployment().await?;
        let identity = match &call.caller {
            Caller::Bearer(identity) => identity.clone(),
            Caller::Browser(id) => {
                let sessions = self.browser_sessions(&deployment)?;
                let mut identity = sessions.identity(id, browser::browser(&call.event)).await?;
                let claims = bearer::claims(identity.access_token.expose());
                identity.groups = claims.map(|claims| claims.groups).unwrap_or_default();
                identity
            }
            Caller::Anyone(_) | Caller::Server(..) => {
                return Err(ContactError::NotSignedIn.into());
            }
        };
        Ok((deployment, identity))
    }

    /// Returns the operations on browser sessions, in session mode.
    fn browser_sessions<'a>(
        &'a self,
        deployment: &'a Deployment,
    ) -> Result<SessionsOf<'a, S, D, A, C, E, B>, Rejection> {
        let mode = self.sessions.mode().ok_or(Rejection::NotFound)?;
        Ok(Sessions {
            context: self.core(deployment).context,
            tokens: &mode.tokens,
        })
    }

    async fn session(&self, call: &Call<'_>) -> Result<CurrentSession, Failure> {
        let deployment = self.deployment().await?;
        let sessions = self.browser_sessions(&deployment)?;
        let current = sessions.current(call.browser_session()?, browser::browser(&call.event));
        Ok(current.await?.into())
    }

    async fn access_token(&self, call: &Call<'_>) -> Result<AccessToken, Failure> {
        let Caller::Server(id, server) = &call.caller else {
            return Err(Rejection::NotTheServer.into());
        };
        let deployment = self.deployment().await?;
        let sessions = self.browser_sessions(&deployment)?;
        Ok(sessions.access_token(id, server).await?.into())
    }

    async fn list(&self, call: &Call<'_>) -> Result<SessionList, Failure> {
        let deployment = self.deployment().await?;
        let sessions = self.browser_sessions(&deployment)?;
        Ok(sessions.list(call.browser_session()?).await?.into())
    }

    async fn revoke(&self, input: &RevokeRequest, call: &Call<'_>) -> Result<(), Failure> {
        let deployment = self.deployment().await?;
        let sessions = self.browser_sessions(&deployment)?;
        let id = call.browser_session()?;
        match SessionHandle::parse(&input.handle) {
            Some(handle) => {
                note_unrevoked(sessions.revoke(id, handle).await?);
                Ok(())
            }
            // A handle of no session. The caller must be signed in all the same.
            None => Ok(sessions.list(id).await.map(|_| ())?),
        }
    }

    async fn sign_out(&self, input: &SignOutRequest, call: &Call<'_>) -> Result<Events, Failure> {
        let deployment = self.deployment().await?;
        let sessions = self.browser_sessions(&deployment)?;
        let Caller::Anyone(id) = &call.caller else {
            return Err(ContactError::NotSignedIn.into());
        };
        match (id, input.everywhere) {
            (Some(id), Some(true)) => return Ok(sessions.sign_out_everywhere(id).await?),
            (None, Some(true)) => return Err(ContactError::NotSignedIn.into()),
            (Some(id), _) => {
                note_unrevoked(sessions.sign_out(id).await?);
            }
            (None, _) => {}
        }
        Ok(Events::default())
    }

    async fn add(&self, input: SignUpRequest, call: &Call<'_>) -> Result<CodePrompt, Failure> {
        let (deployment, identity) = self.signed_in(call).await?;
        let names = NamesInput {
            given_name: input.given_name,
            family_name: input.family_name,
        };
        let typed = input.email_or_phone.0;
        let contact = contact(typed, input.method, input.locale, input.link_challenge);
        let begun = self
            .sign_up(
                &deployment,
                &identity,
                &names,
                &contact,
                Some(call.source),
                call.log_context,
            )
            .await?;
        self.prompt(&deployment, &identity, begun)
    }

    async fn change(
        &self,
        input: ContactChangeRequest,
        call: &Call<'_>,
    ) -> Result<CodePrompt, Failure> {
        let (deployment, identity) = self.signed_in(call).await?;
        let typed = input.email_or_phone.0;
        let contact = contact(typed, input.method, input.locale, input.link_challenge);
        let begun = self
            .change_contact(
                &deployment,
                &identity,
                &contact,
                input.resume.map(|resume| resume.0),
                Some(call.source),
                call.log_context,
            )
            .await?;
        self.prompt(&deployment, &identity, begun)
    }

    fn prompt(
        &self,
        deployment: &Deployment,
        identity: &Identity,
        (contact, payload): (Identifier, SignInPayload),
    ) -> Result<CodePrompt, Failure> {
        let client = self.client_of(deployment, identity);
        let account = self.core_of(deployment, &client);
        let context = &account.context;
        let continuation = context.continuation(&payload, &contact, CodeEffect::Contact)?;
        CodePrompt::new(continuation, payload).ok_or_else(no_code)
    }

    async fn name(&self, input: Names, call: &Call<'_>) -> Result<Names, Failure> {
        let (deployment, identity) = self.signed_in(call).await?;
        let names = NamesInput {
            given_name: input.given_name,
            family_name: input.family_name,
        };
        let names = self.update_names(&deployment, &identity, &names).await?;
        Ok(Names {
            given_name: names.given().to_owned(),
            family_name: names.family().to_owned(),
        })
    }

    async fn pending(
        &self,
        input: &PendingQuery,
        call: &Call<'_>,
    ) -> Result<PendingResult, Failure> {
        let (deployment, identity) = self.signed_in(call).await?;
        let method: Method = input.method.into();
        let account = self.core(&deployment);
        let state = account.pending_contact(&identity, method).await?;
        Ok(PendingResult {
            pending: state.map(|state| PendingContact {
                method: input.method,
                state: state.into(),
            }),
        })
    }

    async fn remember(&self, call: &Call<'_>) -> Result<(RememberedDevice, Events), Failure> {
        let (deployment, identity) = self.signed_in(call).await?;
        let account = self.core(&deployment);
        let mut payload = account.remember_device(&identity).await?;
        let events = mem::take(&mut payload.events);
        Ok((payload.into(), events))
    }
}

impl InvitationRequest {
    /// Parses the contact by the rules of the deployment, and what its account gets.
    pub(crate) fn parse(
        self,
        deployment: &Deployment,
        log_context: &LogContext,
    ) -> Result<NewInvitation, ContactError> {
        let contact = contact(self.email_or_phone.0, self.method, None, None);
        let days = self.days.unwrap_or(INVITATION_DAYS);
        Ok(NewInvitation {
            contact: contact.parse(deployment, log_context)?,
            life: Duration::from_secs(u64::from(days) * 24 * 3600),
            membership: Membership::new(self.attributes, self.groups)?,
        })
    }
}

impl InvitedContact {
    /// Parses the contact by the rules of the deployment.
    pub(crate) fn parse(
        self,
        deployment: &Deployment,
        log_context: &LogContext,
    ) -> Result<Identifier, ContactError> {
        let contact = contact(self.email_or_phone.0, self.method, None, None);
        contact.parse(deployment, log_context)
    }
}

/// Logs that tokens which no cookie leads to any more could not be revoked.
fn note_unrevoked(done: SignedOut) {
    if let Some(fault) = done.unrevoked {
        metrics::failed_call(&fault);
        tracing::warn!(%fault, "the tokens of a session were not revoked");
    }
}

/// The operations on browser sessions, over the ports of a resolver.
type SessionsOf<'a, S, D, A, C, E, B> =
    Sessions<'a, (S, D, A, C, E), <B as BrowserSessions>::Tokens>;

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
