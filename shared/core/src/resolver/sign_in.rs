//! The sign-in resolver, which alone issues tickets for a sign-in.
//!
//! Without a proof it looks up no user, unless the pool reports missing users. It reads the budgets
//! and opens a session at the same time, seals a ticket, and answers the first challenge with it.
//! These calls are the same with and without an account. With a proof it ensures that the account
//! exists, and opens a session that the proof answers.

use std::convert::Infallible;
use std::pin::pin;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use futures_util::future::{join, try_join, try_join_all};

pub use super::context::{Context, Ports};
pub use super::error::{Cause, SignInError};
use super::flow_opener::{Answered, ProofAction, payload};
pub use super::payload::{SignInPayload, TokensPayload};
use crate::effects::{Clock, Entropy, timeout};
use crate::policy::Deployment;
use crate::policy::admission::{Admission, AdmissionRule};
use crate::policy::holders::OtherHolders;
use crate::ports::{
    AdmissionDecision, AdmissionHook, AdmissionQuestion, Captcha, ChallengeApi, ContactWrite,
    Creation, Directory, FlowStore, InvitationStore, LeaseStore, OpenChallenge, PortError,
    Redeemable, RedemptionStore, Reply,
};
use crate::rate_limit::{CaptchaGate, CodeRequest};
use crate::record::event::OutboxEntry;
use crate::record::invitation::{Invitation, Membership};
use crate::seal::code_terms::CodeTerms;
use crate::seal::device::Device;
use crate::seal::keys::KeyId;
use crate::seal::link::LinkChallenge;
use crate::seal::pseudonym::Pseudonym;
use crate::seal::sealed::Proof;
use crate::value::account::Account;
use crate::value::id::FlowId;
use crate::value::identifier::{Identifier, Method};
use crate::value::locale::Locale;
use crate::value::purpose::{Purpose, TicketPurpose};
use crate::value::secret::Secret;
use crate::value::source::Source;

/// The time limit of one call of the deployment's own rule for new accounts.
const HOOK_LIMIT: Duration = Duration::from_secs(1);

/// The name for which an invitation is redeemed where contacts are usernames. The pool then makes the
/// account's username itself, and has each contact once.
const NAMED_BY_THE_POOL: &str = "named by the pool";

/// A client's request to sign in.
#[derive(Clone, Debug)]
pub struct SignInRequest {
    /// The parsed identifier.
    pub identifier: Identifier,
    /// The proof that a right code earned, for a first sign-in.
    pub proof: Option<Secret>,
    /// The resume secret of a flow to continue. Without effect if there is a proof.
    pub resume: Option<Secret>,
    /// The requested language, if messages are written in it.
    pub locale: Option<Locale>,
    /// The challenge of the client's link secret, if a mail may have a link.
    pub link_challenge: Option<LinkChallenge>,
    /// The device token, if the client has one.
    pub device: Option<Secret>,
    /// The CAPTCHA response. It is verified only if a budget requires it.
    pub captcha: Option<Secret>,
    /// The source of the request, if it is known.
    pub source: Option<Source>,
}

impl SignInRequest {
    /// The names of the keys of the proof, the resume secret and the device token.
    pub fn key_ids(&self) -> Vec<KeyId> {
        let sealed = self.proof.iter().chain(&self.resume).chain(&self.device);
        sealed
            .filter_map(|sealed| KeyId::named_by(sealed.expose()))
            .collect()
    }
}

/// The content of `ClientMetadata`, for an SDK that runs the whole exchange.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TicketPayload {
    /// The ticket.
    pub ticket: Secret,
    /// The username for `InitiateAuth`.
    pub username: Secret,
    /// Seconds until the ticket expires.
    pub expires_in: u32,
}

/// The maximum time that one request holds the lease on a new account's identifier. It is longer
/// than the resolver's own time limit, so that no other request overtakes a slow one.
const LEASE: Duration = Duration::from_secs(30);
/// The waits for a lease, or for a new account to be found: six attempts, with waits that double
/// from 100 ms, 3.1 s in total.
struct Backoff {
    next_wait: Duration,
}

impl Backoff {
    const FIRST_WAIT: Duration = Duration::from_millis(100);
    const LAST_WAIT: Duration = Duration::from_millis(1600);

    const fn new() -> Self {
        Self {
            next_wait: Self::FIRST_WAIT,
        }
    }

    /// Waits before the next attempt; false if none is left.
    async fn wait(&mut self, clock: &impl Clock) -> bool {
        if self.next_wait > Self::LAST_WAIT {
            return false;
        }
        clock.sleep(self.next_wait).await;
        self.next_wait *= 2;
        true
    }
}

/// The number of times that a proof is answered again in its session once it is redeemed.
const ANSWERS_AFTER_REDEMPTION: u8 = 3;

/// The reason that a request may create an account.
#[derive(Clone, Copy)]
enum NewAccount<'a> {
    /// The request has this proof of the identifier. The account is charged to its mail domain.
    Proved(&'a Secret, &'a IsNew),
    /// The pool reports missing users, so the account must exist before its code is sent. It is
    /// charged to no budget: requests that are never redeemed would otherwise refuse the new users
    /// of a domain.
    Unproved,
}

/// The mark that a request creates an account, or completes a half-created one. It is readable also
/// if the request is dropped before its end.
pub(super) struct IsNew(AtomicBool);

impl IsNew {
    pub(super) const fn new(is_new: bool) -> Self {
        Self(AtomicBool::new(is_new))
    }

    pub(super) fn get(&self) -> bool {
        self.0.load(Ordering::Relaxed)
    }

    fn set(&self) {
        self.0.store(true, Ordering::Relaxed);
    }
}

/// The account that holds an identifier.
struct AccountFound {
    username: String,
    /// The lease on the identifier and its holder, if this request has it.
    lease: Option<(Pseudonym, Pseudonym)>,
}

/// The sign-in resolver.
pub struct SignIn<'a, P: Ports, C, H = Infallible> {
    /// The settings and ports. Accounts are used only with a proof, or in a legacy pool.
    pub context: Context<'a, P>,
    /// True if the pool reports missing users; accounts are then created before a proof.
    pub legacy_pool: bool,
    /// The CAPTCHA that is required when a budget of a source, a mailbox, a mail domain, all mail
    /// or the deployment's guesses is spent. If `None`, the request is refused; for a mailbox and
    /// the deployment's guesses, the code has ten digits instead.
    pub captcha: Option<&'a C>,
    /// The deployment's own rule for new accounts, if that is the rule.
    pub hook: Option<&'a H>,
}

impl<P, C, H> SignIn<'_, P, C, H>
where
    P: Ports<Store: FlowStore + RedemptionStore + LeaseStore + InvitationStore>,
    C: Captcha,
    H: AdmissionHook,
{
    /// Opens a session and answers its first challenge. The next challenge requests the code, or,
    /// if the request has a proof, that proof.
    pub async fn session(&self, request: &SignInRequest) -> Result<SignInPayload, SignInError> {
        match (&request.proof, &request.resume) {
            (Some(proof), _) => self.session_by_proof(request, proof).await,
            (None, Some(resume)) => self.resumed_session(request, resume).await,
            (None, None) => self.session_by_code(request).await,
        }
    }

    /// Returns the ticket alone, for an SDK that runs the whole exchange.
    pub async fn ticket(&self, request: &SignInRequest) -> Result<TicketPayload, SignInError> {
        let identifier = &request.identifier;
        if let (None, Some(resume)) = (&request.proof, &request.resume) {
            let ticket = self
                .context
                .seal_resumption(resume, identifier, TicketPurpose::Resume);
            return Ok(TicketPayload {
                ticket: ticket.ok_or(SignInError::InvalidResume)?,
                username: Secret::new(identifier.as_str()),
                expires_in: seconds(self.context.deployment.policy.ticket_life),
            });
        }
        let (purpose, username, terms) = match &request.proof {
            None => {
                let terms = self.plan(request).await?;
                if self.legacy_pool {
                    let account = self.account_of(identifier, NewAccount::Unproved).await?;
                    self.release(&account).await;
                }
                (Purpose::SignIn, identifier.as_str().to_owned(), terms)
            }
            Some(proof) => {
                let is_new = IsNew::new(false);
                let account = self.account_of(identifier, NewAccount::Proved(proof, &is_new));
                let account = account.await?;
                self.release(&account).await;
                (Purpose::Claim, account.username, self.context.uncharged())
            }
        };
        Ok(TicketPayload {
            ticket: self.context.seal(
                purpose,
                identifier,
                request.locale,
                request.link_challenge,
                terms,
            ),
            username: Secret::new(username),
            expires_in: seconds(self.context.deployment.policy.ticket_life),
        })
    }

    /// Plans one code, with the budgets of known devices if the request has a device token.
    async fn plan(&self, request: &SignInRequest) -> Result<CodeTerms, SignInError> {
        let device = request.device.as_ref().and_then(|device| {
            let now = self.context.clock.now();
            Device::open(
                device.expose(),
                &self.context.deployment.keys,
                &self.context.device_client(),
                now,
            )
            .ok()
        });
        let gate = self.captcha.map(|port| CaptchaGate {
            port,
            answer: request.captcha.as_ref(),
        });
        let code = CodeRequest {
            identifier: &request.identifier,
            device,
            source: request.source,
            is_sign_in: true,
        };
        self.context.plan(code, gate).await
    }

    async fn session_by_code(&self, request: &SignInRequest) -> Result<SignInPayload, SignInError> {
        let SignInRequest {
            identifier, source, ..
        } = request;
        // Both run at the same time, because a user waits. An open session is useless without the
        // ticket, which is sealed only for a request that the budgets allow. A refused request does
        // not wait for a session.
        let charging = pin!(self.plan(request));
        let opening = pin!(async {
            Ok(self
                .context
                .api
                .initiate(self.context.app_client, identifier.as_str(), *source)
                .await?)
        });
        let (terms, opened) = try_join(charging, opening).await?;
        let mut purpose = Purpose::SignIn;
        let mut username = identifier.as_str().to_owned();
        let challenge = match opened {
            Reply::Challenge(challenge) => challenge,
            Reply::UserNotFound if self.legacy_pool => {
                let account = self.account_of(identifier, NewAccount::Unproved).await?;
                self.first_session(&account, *source).await?
            }
            Reply::Tokens(_) => return Err(Cause::UnexpectedChallenge.into()),
            Reply::UserNotFound => return Err(Cause::PoolReportsMissingUsers.into()),
            // It may be in the way of the contact's owner, who gets a code and can prove the contact.
            // A client answers the session under the name that it was opened for.
            Reply::Unconfirmed if self.context.deployment.policy.contacts_are_usernames => {
                let challenge = self.session_of_no_account(*source).await?;
                let opened_for = challenge.parameters.get("USERNAME");
                username = opened_for.cloned().unwrap_or(username);
                challenge
            }
            // A user whom Cognito refuses, such as a disabled one, must look like any other. The
            // session is opened for a random username, and the ticket's flow is a decoy. It is
            // charged, and its code has the planned length.
            Reply::Unconfirmed | Reply::Refused => {
                purpose = Purpose::Decoy;
                self.session_of_no_account(*source).await?
            }
        };
        let ticket = self.context.seal(
            purpose,
            identifier,
            request.locale,
            request.link_challenge,
            terms,
        );
        let selecting = self.context.select(challenge, identifier, &ticket, *source);
        let asked = selecting.await?;
        payload(&asked, "otp", &username)?.ok_or_else(|| Cause::UnexpectedChallenge.into())
    }

    async fn session_of_no_account(
        &self,
        source: Option<Source>,
    ) -> Result<OpenChallenge, SignInError> {
        let no_user = uuid(self.context.entropy.bytes());
        let Context {
            api, app_client, ..
        } = self.context;
        match api.initiate(app_client, &no_user, source).await? {
            Reply::Challenge(challenge) => Ok(challenge),
            Reply::Tokens(_) | Reply::UserNotFound | Reply::Unconfirmed | Reply::Refused => {
                Err(Cause::SessionRefused.into())
            }
        }
    }

    /// Continues the flow of a resume secret in another session. Nothing is sent or charged. The
    /// calls are those of a sign-in, with and without an account.
    async fn resumed_session(
        &self,
        request: &SignInRequest,
        resume: &Secret,
    ) -> Result<SignInPayload, SignInError> {
        let SignInRequest {
            identifier, source, ..
        } = request;
        let ticket = self
            .context
            .seal_resumption(resume, identifier, TicketPurpose::Resume);
        let ticket = ticket.ok_or(SignInError::InvalidResume)?;
        let Context {
            api, app_client, ..
        } = self.context;
        let opening = api.initiate(app_client, identifier.as_str(), *source);
        let challenge = match opening.await? {
            Reply::Challenge(challenge) => challenge,
            // The account was deleted: a code was only sent because there was one.
            Reply::UserNotFound if self.legacy_pool => return Err(SignInError::InvalidResume),
            Reply::Tokens(_) => return Err(Cause::UnexpectedChallenge.into()),
            Reply::UserNotFound => return Err(Cause::PoolReportsMissingUsers.into()),
            // A session of any name continues the flow.
            Reply::Unconfirmed | Reply::Refused => self.session_of_no_account(*source).await?,
        };
        self.context
            .resume(challenge, identifier, identifier.as_str(), &ticket, *source)
            .await
    }

    async fn session_by_proof(
        &self,
        request: &SignInRequest,
        proof: &Secret,
    ) -> Result<SignInPayload, SignInError> {
        let SignInRequest {
            identifier, source, ..
        } = request;
        let is_new = IsNew::new(false);
        let opening = self.claim_session(request, proof, &is_new);
        let (username, mut challenge) = opening.await?;
        // A new account may not be visible everywhere immediately. The triggers then find no
        // account and request a code instead of the proof.
        let mut backoff = Backoff::new();
        loop {
            // Nothing is sent, so no language and no link is needed.
            let uncharged = self.context.uncharged();
            let ticket = self
                .context
                .seal(Purpose::Claim, identifier, None, None, uncharged);
            let selecting = self.context.select(challenge, identifier, &ticket, *source);
            let asked = selecting.await?;
            if let Some(payload) = payload(&asked, "claim", &username)? {
                return Ok(payload);
            }
            if !backoff.wait(self.context.clock).await {
                return Err(Cause::AccountNotFound.into());
            }
            challenge = self.initiate_new(&username, *source).await?;
        }
    }

    /// Opens a session for the account of a proof, which is created if there is none. Returns the
    /// username too.
    async fn claim_session(
        &self,
        request: &SignInRequest,
        proof: &Secret,
        is_new: &IsNew,
    ) -> Result<(String, OpenChallenge), SignInError> {
        let account = self.account_of(&request.identifier, NewAccount::Proved(proof, is_new));
        let account = account.await?;
        let challenge = self.first_session(&account, request.source).await?;
        Ok((account.username, challenge))
    }

    /// Signs in with a proof, and returns the tokens. The proof answers the first challenge of a
    /// session that this request opens.
    ///
    /// If the answer is lost on its way to the client, the proof is used: the client then signs in
    /// with a new code.
    pub async fn tokens(
        &self,
        request: &SignInRequest,
        proof: &Secret,
    ) -> Result<TokensPayload, SignInError> {
        self.tokens_of(request, proof, &IsNew::new(false)).await
    }

    /// Signs in with a proof, and notes whether the account is new.
    pub(super) async fn tokens_of(
        &self,
        request: &SignInRequest,
        proof: &Secret,
        is_new: &IsNew,
    ) -> Result<TokensPayload, SignInError> {
        let SignInRequest {
            identifier, source, ..
        } = request;
        let (username, mut challenge) = self.claim_session(request, proof, is_new).await?;
        let (mut backoff, mut answers_left) = (Backoff::new(), ANSWERS_AFTER_REDEMPTION);
        loop {
            let answering =
                self.context
                    .answer(challenge, identifier, proof, ProofAction::Complete, *source);
            challenge = match answering.await? {
                Answered::Tokens(tokens) => {
                    return Ok(TokensPayload::new(username, tokens));
                }
                Answered::Refused => return Err(Cause::SessionRefused.into()),
                Answered::Asked(challenge) => challenge,
            };
            if !backoff.wait(self.context.clock).await {
                return Err(Cause::AccountNotFound.into());
            }
            let opened = self.sealed_proof(identifier, proof)?;
            let redeemable = Redeemable::Proof(opened.flow);
            if self.context.store.is_redeemed(redeemable).await? {
                // By this session, and then a port of Define did not answer; or by another one, and
                // then no answer passes.
                if answers_left == 0 {
                    return Err(SignInError::InvalidProof);
                }
                answers_left -= 1;
            } else {
                // The triggers do not see the new account yet.
                challenge = self.initiate_new(&username, *source).await?;
            }
        }
    }

    /// Opens a proof of the identifier. Whether it was earned and is unused is another question.
    pub(super) fn sealed_proof(
        &self,
        identifier: &Identifier,
        proof: &Secret,
    ) -> Result<Proof, SignInError> {
        let opened = Proof::open(
            proof.expose(),
            &self.context.deployment.keys,
            self.context.app_client,
            self.context.clock.now(),
            self.context.deployment.policy.proof_life,
        );
        match opened {
            Ok(proof) if proof.contact == *identifier => Ok(proof),
            _ => Err(SignInError::InvalidProof),
        }
    }

    /// Succeeds if the flow that the proof names earned it, and no flow has redeemed it. Returns the
    /// language of the flow.
    pub(super) async fn earned(
        &self,
        identifier: &Identifier,
        proof: &Proof,
    ) -> Result<Option<Locale>, SignInError> {
        let (earned, redeemed) = try_join(
            self.context.store.flow(proof.flow),
            self.context
                .store
                .is_redeemed(Redeemable::Proof(proof.flow)),
        )
        .await?;
        let Deployment { policy, keys } = self.context.deployment;
        let now = self.context.clock.now();
        let earned = earned.filter(|flow| {
            flow.proves(
                identifier,
                self.context.app_client,
                keys,
                now,
                policy.proof_life,
            )
        });
        match earned {
            Some(flow) if !redeemed => Ok(flow.locale),
            _ => Err(SignInError::InvalidProof),
        }
    }

    /// Returns the account that holds the identifier, and creates it if there is none. A lease
    /// admits one request at a time for one identifier, so two proofs result in one account. The
    /// caller releases it.
    ///
    /// A proof is verified while the lease is taken, because a user waits. Only the holder of a
    /// sealed proof of the identifier can so take its lease. A request without a proof is charged to
    /// no budget, and takes the lease only if an account must be created or completed. Otherwise a
    /// caller who repeats such requests could hold the lease and delay the account owner.
    async fn account_of(
        &self,
        identifier: &Identifier,
        new: NewAccount<'_>,
    ) -> Result<AccountFound, SignInError> {
        let on = Pseudonym::of_identifier(&self.context.deployment.keys, identifier);
        let holder = Pseudonym::random(self.context.entropy.bytes());
        let lease = || {
            let now = self.context.clock.now();
            self.context.store.lease(on, holder, now, now.plus(LEASE))
        };
        let (mut leased, locale, proof) = match new {
            NewAccount::Unproved => match self.complete_account(identifier).await? {
                Some(account) => return Ok(account),
                None => (lease().await?, None, None),
            },
            NewAccount::Proved(proof, _) => {
                let proof = self.sealed_proof(identifier, proof)?;
                let (earned, leased) = join(self.earned(identifier, &proof), lease()).await;
                match earned {
                    Ok(locale) => (leased?, locale, Some(proof)),
                    Err(error) => {
                        if leased == Ok(true) {
                            let _ = self.context.store.release(on, holder).await;
                        }
                        return Err(error);
                    }
                }
            }
        };
        let mut backoff = Backoff::new();
        while !leased {
            // Only a request that may create the account waits.
            if let Some(account) = self.complete_account(identifier).await? {
                return Ok(account);
            }
            if !backoff.wait(self.context.clock).await {
                return Err(Cause::LeaseHeld.into());
            }
            leased = lease().await?;
        }
        match self.find_or_create(identifier, new, locale).await {
            Ok(username) => Ok(AccountFound {
                username,
                lease: Some((on, holder)),
            }),
            Err(error) => {
                let spent = self.spend_refused(proof.as_ref(), &error).await;
                let _ = self.context.store.release(on, holder).await;
                spent?;
                Err(error)
            }
        }
    }

    /// Redeems a proof whose account is refused. Otherwise one code would permit any number of calls
    /// of the hook, the pool's trigger and the searches, until the proof expires.
    async fn spend_refused(
        &self,
        proof: Option<&Proof>,
        error: &SignInError,
    ) -> Result<(), PortError> {
        let refused = matches!(error, SignInError::NotAdmitted | SignInError::HeldElsewhere);
        if let (Some(proof), true) = (proof, refused) {
            let store = self.context.store;
            let keep_until = proof.keep_redemption(self.context.deployment.policy.proof_life);
            // Of a flow that does not exist.
            let spender = FlowId::from_bytes(self.context.entropy.bytes());
            let redeemable = Redeemable::Proof(proof.flow);
            store.redeem(redeemable, spender, keep_until).await?;
        }
        Ok(())
    }

    /// Releases the lease on an account's identifier. It expires without a release; releasing it
    /// early only shortens the wait of others.
    async fn release(&self, account: &AccountFound) {
        if let Some((on, holder)) = account.lease {
            let _ = self.context.store.release(on, holder).await;
        }
    }

    /// Returns the account that holds the identifier, if it needs nothing more.
    async fn complete_account(
        &self,
        identifier: &Identifier,
    ) -> Result<Option<AccountFound>, PortError> {
        let holder = self.holder(identifier).await?;
        let complete = holder.filter(|account| !account.attributes.is_half_created());
        Ok(complete.map(|account| AccountFound {
            username: account.username,
            lease: None,
        }))
    }

    async fn holder(&self, identifier: &Identifier) -> Result<Option<Account>, PortError> {
        let found = self.context.directory.find(identifier.as_str()).await?;
        Ok(found.filter(|Account { attributes, .. }| {
            attributes.holds(identifier) && attributes.takes_codes()
        }))
    }

    /// Returns the accounts that have the identifier without being found by it. It is called with a
    /// proof, where no account holds the canonical form, so its calls reveal nothing to others than the
    /// owner of the contact.
    ///
    /// Fails if another account is in the way of a new one. An unverified account is never signed in
    /// to: anyone may have made it.
    async fn other_holder(&self, identifier: &Identifier) -> Result<OtherHolder, SignInError> {
        let policy = &self.context.deployment.policy;
        if policy.other_holders == OtherHolders::Ignore {
            return Ok(OtherHolder::InTheWay(Vec::new()));
        }
        let (directory, method) = (self.context.directory, identifier.method());
        let forms = identifier.forms(&policy.phones);
        let searches = forms.iter().map(|form| directory.having(method, form));
        let found = try_join_all(searches).await?.into_iter().flatten();
        let has_it = |account: &Account| {
            let attributes = &account.attributes;
            attributes.has_in_any_form(identifier, &policy.phones)
        };
        let (federated, own): (Vec<_>, Vec<_>) = found
            .filter(has_it)
            .partition(|account| account.attributes.is_federated());
        let (mut verified, unverified): (Vec<_>, Vec<_>) = own
            .into_iter()
            .partition(|account| is_verified_holder(account, method));
        match (verified.pop(), verified.is_empty()) {
            (Some(account), true) if account.enabled => {
                let adopted = self.adopt(&account, identifier).await?;
                Ok(OtherHolder::Adopted(adopted))
            }
            // Disabled, or one of several.
            (Some(_), _) => Err(SignInError::HeldElsewhere),
            (None, _) if !federated.is_empty() => Err(SignInError::HeldElsewhere),
            (None, _) => self
                .in_the_way(identifier, unverified)
                .map(OtherHolder::InTheWay),
        }
    }

    /// Gives an account the canonical form of a contact that it holds.
    async fn adopt(
        &self,
        found: &Account,
        identifier: &Identifier,
    ) -> Result<Account, SignInError> {
        let Context {
            directory,
            deployment,
            ..
        } = self.context;
        let adopting = async {
            // The search may show a contact that the account has given up.
            let account = directory.find(&found.username).await?;
            let account = account.filter(|account| {
                account.enabled
                    && is_verified_holder(account, identifier.method())
                    && account
                        .attributes
                        .has_in_any_form(identifier, &deployment.policy.phones)
            });
            let account = account.ok_or(SignInError::HeldElsewhere)?;
            // Devices of a former holder of the canonical form are not this account's.
            let limiter = self.context.limiter();
            limiter.forget_devices([identifier]).await?;
            match directory.set_contact(&account.username, identifier).await? {
                ContactWrite::Done => Ok(account),
                ContactWrite::Taken => Err(SignInError::HeldElsewhere),
            }
        };
        self.alone_on(found, adopting).await
    }

    /// Returns the unverified accounts that a new one would meet, if they may be deleted for it.
    /// Elsewhere than in a pool whose contacts are usernames, an unverified account keeps no one from the
    /// contact.
    fn in_the_way(
        &self,
        identifier: &Identifier,
        unverified: Vec<Account>,
    ) -> Result<Vec<Account>, SignInError> {
        let policy = &self.context.deployment.policy;
        if !policy.contacts_are_usernames {
            return Ok(Vec::new());
        }
        let mut met = unverified;
        met.retain(|account| account.attributes.has(identifier));
        let may_go = policy.other_holders == OtherHolders::Delete && met.iter().all(is_unused);
        if may_go || met.is_empty() {
            Ok(met)
        } else {
            Err(SignInError::HeldElsewhere)
        }
    }

    /// Deletes the accounts in the way of one that is admitted, as they are now.
    async fn clear(
        &self,
        identifier: &Identifier,
        in_the_way: &[Account],
    ) -> Result<(), SignInError> {
        let directory = self.context.directory;
        for met in in_the_way {
            let clearing = async {
                match directory.find(&met.username).await? {
                    None => Ok(()),
                    Some(account) if !account.attributes.has(identifier) => Ok(()),
                    Some(account) if is_unused(&account) => {
                        Ok(directory.delete(&account.username).await?)
                    }
                    Some(_) => Err(SignInError::HeldElsewhere),
                }
            };
            self.alone_on(met, clearing).await?;
        }
        Ok(())
    }

    /// Does work under the lease on an account, so that no change of its contact is under way.
    async fn alone_on<T>(
        &self,
        account: &Account,
        work: impl Future<Output = Result<T, SignInError>>,
    ) -> Result<T, SignInError> {
        let Context {
            store,
            deployment,
            clock,
            entropy,
            ..
        } = self.context;
        let on = Pseudonym::of_account(&deployment.keys, account.attributes.sub());
        let holder = Pseudonym::random(entropy.bytes());
        let now = clock.now();
        if !store.lease(on, holder, now, now.plus(LEASE)).await? {
            return Err(Cause::LeaseHeld.into());
        }
        let done = work.await;
        let _ = store.release(on, holder).await;
        done
    }

    /// Releases the lease while a session opens.
    async fn first_session(
        &self,
        account: &AccountFound,
        source: Option<Source>,
    ) -> Result<OpenChallenge, SignInError> {
        let opening = self.initiate_new(&account.username, source);
        let ((), opened) = join(self.release(account), opening).await;
        opened
    }

    async fn find_or_create(
        &self,
        identifier: &Identifier,
        new: NewAccount<'_>,
        locale: Option<Locale>,
    ) -> Result<String, SignInError> {
        let by_contact = self.context.deployment.policy.contacts_are_usernames;
        let mut backoff = Backoff::new();
        loop {
            let mut in_the_way = Vec::new();
            let found = match (self.holder(identifier).await?, new) {
                (None, NewAccount::Proved(..)) => match self.other_holder(identifier).await? {
                    OtherHolder::Adopted(account) => Some(account),
                    OtherHolder::InTheWay(accounts) => {
                        in_the_way = accounts;
                        None
                    }
                },
                (found, _) => found,
            };
            let (joining, username) = if let Some(Account {
                username,
                attributes,
                ..
            }) = found
            {
                if !attributes.is_half_created() {
                    return Ok(username);
                }
                // It was admitted, or an operator created it.
                let redeemer = if by_contact {
                    NAMED_BY_THE_POOL
                } else {
                    &username
                };
                let joining = self.joining(identifier, Redeemer::HalfCreated(redeemer), locale);
                let joining = joining.await?;
                let joining = joining
                    .filter(|joining| joining.username == redeemer)
                    .unwrap_or_else(|| Joining::of(redeemer));
                (joining, username)
            } else if let Some(created) = self.create(identifier, new, locale, &in_the_way).await? {
                created
            } else if backoff.wait(self.context.clock).await {
                // The present holder appeared, or is not visible yet: look again.
                continue;
            } else {
                return Err(Cause::AccountNotFound.into());
            };
            if let NewAccount::Proved(_, is_new) = new {
                is_new.set();
            }
            return self.complete(joining, username, identifier.method()).await;
        }
    }

    /// Creates an account if its contact is admitted, and deletes those in its way. Returns its
    /// username too; `None` if the contact is taken.
    async fn create(
        &self,
        identifier: &Identifier,
        new: NewAccount<'_>,
        locale: Option<Locale>,
        in_the_way: &[Account],
    ) -> Result<Option<(Joining, String)>, SignInError> {
        let by_contact = self.context.deployment.policy.contacts_are_usernames;
        let redeemer = if by_contact {
            NAMED_BY_THE_POOL.to_owned()
        } else {
            uuid(self.context.entropy.bytes())
        };
        let joining = self
            .joining(identifier, Redeemer::New(&redeemer), locale)
            .await?;
        let joining = joining.ok_or(SignInError::NotAdmitted)?;
        // Devices of a former holder of the identifier are not this account's.
        let limiter = self.context.limiter();
        let charging = async {
            match new {
                NewAccount::Proved(..) => limiter.charge_new_account(identifier).await,
                NewAccount::Unproved => Ok(None),
            }
        };
        let (charged, forgotten) = join(charging, limiter.forget_devices([identifier])).await;
        let receipt = charged?;
        let attributes = joining.membership.attributes();
        let directory = self.context.directory;
        let name = if by_contact {
            identifier.as_str()
        } else {
            &joining.username
        };
        let creating = async {
            forgotten?;
            self.clear(identifier, in_the_way).await?;
            Ok(directory.create(name, identifier, attributes).await?)
        };
        let created: Result<_, SignInError> = creating.await;
        if !matches!(created, Ok(Creation::New { .. })) {
            limiter.refund_new_account(receipt).await;
        }
        match created? {
            Creation::New { username } => Ok(Some((joining, username))),
            Creation::Refused => Err(SignInError::NotAdmitted),
            Creation::Taken => Ok(None),
        }
    }

    /// Gives an account its groups and its password. The invitation is used before the account can
    /// be: so it permits no second account, whatever fails.
    async fn complete(
        &self,
        joining: Joining,
        username: String,
        method: Method,
    ) -> Result<String, SignInError> {
        let directory = self.context.directory;
        for group in joining.membership.groups() {
            directory.add_to_group(&username, group).await?;
        }
        if let Some(invitation) = joining.invitation {
            let store = self.context.store;
            store.use_invitation(invitation, &joining.username).await?;
        }
        let now = self.context.clock.now();
        let client = self.context.app_client.client();
        let keys = &self.context.deployment.keys;
        self.context
            .note_event(|| OutboxEntry::account_created(keys, &username, client, method, now))
            .await?;
        let password = password(&self.context.entropy.bytes());
        directory.set_password(&username, &password).await?;
        Ok(username)
    }

    /// Returns what an account of this contact is created with; `None` if it is not admitted. An
    /// invitation is redeemed for this username, or it names the one that it was redeemed for, if
    /// that account was not created yet.
    async fn joining(
        &self,
        identifier: &Identifier,
        redeemer: Redeemer<'_>,
        locale: Option<Locale>,
    ) -> Result<Option<Joining>, SignInError> {
        let username = redeemer.username();
        let Context {
            deployment, clock, ..
        } = &self.context;
        let admission = deployment.policy.admission_of(self.context.app_client);
        let is_half_created = matches!(redeemer, Redeemer::HalfCreated(_));
        // Also at a client without a rule an invitation of another one gives its groups.
        if deployment.policy.admissions().all(Admission::is_open) {
            return Ok(Some(Joining::of(username)));
        }
        let contact = Pseudonym::of_invitation(&deployment.keys, identifier);
        let now = clock.now();
        let invitation = self
            .context
            .store
            .redeem_invitation(contact, username, now)
            .await?;
        // What it gives belongs to a half-created account, also after its end.
        let is_its_own =
            |it: &Invitation| is_half_created && it.redeemed_by.as_deref() == Some(username);
        let is_live = |it: &Invitation| !it.is_used && (now < it.until || is_its_own(it));
        let invited = invitation.filter(is_live).map(|invitation| Joining {
            username: invitation
                .redeemed_by
                .unwrap_or_else(|| username.to_owned()),
            membership: invitation.membership,
            invitation: Some(contact),
        });
        if admission.rule == AdmissionRule::Hook {
            let membership = invited.as_ref().map(|joining| &joining.membership);
            return Ok(match self.decided(identifier, locale, membership).await? {
                // It was admitted when it was created.
                AdmissionDecision::Refuse if is_half_created => invited,
                AdmissionDecision::Refuse => None,
                AdmissionDecision::Admit(membership) => {
                    let joining = invited.unwrap_or_else(|| Joining::of(username));
                    Some(Joining {
                        membership: joining.membership.with(membership),
                        ..joining
                    })
                }
            });
        }
        let admitted = || admission.admits(identifier).then(|| Joining::of(username));
        Ok(invited.or_else(admitted))
    }

    /// Calls the deployment's own rule, once more if it does not answer. Without an answer there is
    /// no account.
    async fn decided(
        &self,
        contact: &Identifier,
        locale: Option<Locale>,
        invitation: Option<&Membership>,
    ) -> Result<AdmissionDecision, SignInError> {
        let Some(hook) = self.hook else {
            return Ok(AdmissionDecision::Refuse);
        };
        let question = AdmissionQuestion {
            contact,
            client: self.context.app_client.client(),
            locale,
            invitation,
        };
        let decide = async || {
            let deciding = hook.decide(&question);
            let decided = timeout(self.context.clock, HOOK_LIMIT, deciding).await;
            decided.unwrap_or_else(|| Err(PortError::new("admission hook", "timeout")))
        };
        match decide().await {
            Ok(decision) => Ok(decision),
            Err(_) => Ok(decide().await?),
        }
    }

    /// Opens a session for an account that may be too new to be visible.
    pub(super) async fn initiate_new(
        &self,
        username: &str,
        source: Option<Source>,
    ) -> Result<OpenChallenge, SignInError> {
        let Context {
            api, app_client, ..
        } = self.context;
        let mut backoff = Backoff::new();
        loop {
            match api.initiate(app_client, username, source).await? {
                Reply::Challenge(challenge) => return Ok(challenge),
                Reply::Tokens(_) | Reply::Unconfirmed | Reply::Refused => {
                    return Err(Cause::SessionRefused.into());
                }
                Reply::UserNotFound if backoff.wait(self.context.clock).await => {}
                Reply::UserNotFound => return Err(Cause::AccountNotFound.into()),
            }
        }
    }
}

/// The accounts that have an identifier without being found by it.
enum OtherHolder {
    /// Its verified holder in another form, which now has the canonical one.
    Adopted(Account),
    /// Unverified ones, to be deleted for a new account.
    InTheWay(Vec<Account>),
}

fn is_verified_holder(Account { attributes, .. }: &Account, method: Method) -> bool {
    attributes.is_verified(method) && !attributes.is_unconfirmed() && !attributes.is_federated()
}

/// Returns whether an account is in use by no one: it has no verified contact and no linked user. A disabled
/// one keeps its contact from coming back.
fn is_unused(account: &Account) -> bool {
    let Account {
        enabled,
        attributes,
        ..
    } = account;
    let is_used = Method::ALL.into_iter().any(|it| attributes.is_verified(it));
    *enabled && !is_used && !attributes.is_linked()
}

/// The username that an invitation is redeemed for.
#[derive(Clone, Copy)]
enum Redeemer<'a> {
    /// Of an account to create.
    New(&'a str),
    /// Of an account whose creation was interrupted.
    HalfCreated(&'a str),
}

impl<'a> Redeemer<'a> {
    const fn username(self) -> &'a str {
        match self {
            Self::New(username) | Self::HalfCreated(username) => username,
        }
    }
}

/// What a new account is created with.
struct Joining {
    /// The username for which the invitation is redeemed.
    username: String,
    membership: Membership,
    /// The redeemed invitation.
    invitation: Option<Pseudonym>,
}

impl Joining {
    /// Returns an account without attributes and groups.
    fn of(username: impl Into<String>) -> Self {
        Self {
            username: username.into(),
            membership: Membership::default(),
            invitation: None,
        }
    }
}

fn seconds(duration: Duration) -> u32 {
    u32::try_from(duration.as_secs()).unwrap_or(u32::MAX)
}

fn hex(bytes: &[u8]) -> String {
    data_encoding::HEXLOWER.encode(bytes)
}

/// Formats a random username as a version 4 UUID. An alias pool would refuse an email address or
/// phone number as username.
fn uuid(mut bytes: [u8; 16]) -> String {
    bytes[6] = bytes[6] & 0x0f | 0x40;
    bytes[8] = bytes[8] & 0x3f | 0x80;
    let hex = hex(&bytes);
    [
        &hex[..8],
        &hex[8..12],
        &hex[12..16],
        &hex[16..20],
        &hex[20..],
    ]
    .join("-")
}

/// Returns a permanent password that is never stored. It only confirms the account. Its 100
/// characters of all four classes satisfy any password policy that Cognito allows.
fn password(random: &[u8; 72]) -> Secret {
    Secret::new(format!(
        "{}aA1!",
        data_encoding::BASE64URL_NOPAD.encode(random)
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_username_is_a_version_4_uuid() {
        assert_eq!(uuid([0xff; 16]), "ffffffff-ffff-4fff-bfff-ffffffffffff");
        assert_eq!(uuid([0; 16]), "00000000-0000-4000-8000-000000000000");
    }

    #[test]
    fn a_password_passes_the_strictest_policy_of_cognito() {
        let password = password(&[0; 72]);
        let text = password.expose();
        assert!((99..=256).contains(&text.len()));
        for class in [
            char::is_lowercase as fn(char) -> bool,
            char::is_uppercase,
            |c| c.is_ascii_digit(),
            |c| c.is_ascii_punctuation(),
        ] {
            assert!(text.contains(class));
        }
    }
}
