//! Breaks every external call of every flow in every way, and records the effect on the user in
//! docs/faults.md. `UPDATE_GOLDEN=1 cargo test --workspace --test policy fault_table` rewrites the
//! page; review the diff.

use std::collections::{BTreeMap, BTreeSet};
use std::env;
use std::fmt::Write as _;
use std::fs;
use std::path::Path;
use std::time::Duration;

use latchstring_core::account::Names;
use latchstring_core::admission::AdmissionRule;
use latchstring_core::answer::AnswerPayload;
use latchstring_core::contact::{ContactError, ContactMessage, Identity, PendingState};
use latchstring_core::continuation::CodeEffect;

use latchstring_core::event::EventKind;
use latchstring_core::flow::Next;
use latchstring_core::holders::OtherHolders;
use latchstring_core::identifier::Method;
use latchstring_core::invite::{Membership, NewInvitation};
use latchstring_core::secret::Secret;
use latchstring_core::sign_in::{SignIn, SignInError, SignInPayload, SignInRequest};
use latchstring_memory::{FixedAdmissionHook, FixedCaptcha, MemoryDirectory};

use crate::budgets::with_devices;
use crate::contacts::{self, Tokens, holds, identity};
use crate::harness::{
    ADA, ADAS_NAME, BOB, BOBS_NAME, Break, Flaky, NUMBER, Pool, Session, World, identifier, now,
};
use crate::{admissions, answers, events, other_holders, session_faults, sign_in, undo};

/// The contact that Ada requests in place of [`ADA`].
const NEW: &str = "ada@example.org";

/// An address that an account has in another form.
const IN_UNICODE: &str = "zoe@xn--bcher-kva.example";

/// The group that may invite.
const INVITERS: &str = "admins";

/// The group of Bob's invitation.
const GROUP: &str = "staff";

/// Returns the invitation of Bob.
fn invitation() -> NewInvitation {
    let membership = Membership::new(BTreeMap::new(), [GROUP.to_owned()].into());
    NewInvitation {
        contact: identifier(BOB),
        life: Duration::from_secs(24 * 3600),
        membership: membership.unwrap(),
    }
}

/// More attempts than any user needs.
const ATTEMPTS: usize = 8;

/// The ways in which a call is lost.
const LOST: [Break; 3] = [Break::Before, Break::Throttled, Break::Hangs];

/// A user's path from a request to its result.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Flow {
    SignIn,
    SignInByPhone,
    Ticket,
    Captcha,
    Resend,
    Slot,
    SlotSentBefore,
    Resume,
    FirstSignIn,
    CompletedFirstSignIn,
    InvitedFirstSignIn,
    DecidedFirstSignIn,
    FirstSignInPastAnother,
    FirstSignInByAnotherForm,
    FirstSignInToALegacyPool,
    Disabled,
    Federated,
    SignUp,
    ChangeContact,
    ContactInUse,
    PendingContact,
    RememberDevice,
    UpdateName,
    UndoChange,
    Answer,
    AnswerFirst,
    AnswerResend,
    AnswerUndo,
    Invite,
    WithdrawInvitation,
    NotedSignIn,
    NotedFirstSignIn,
    NotedChange,
}

impl Flow {
    const fn is_in_slots(self) -> bool {
        matches!(self, Self::Slot | Self::SlotSentBefore)
    }

    const ALL: [Self; 33] = [
        Self::SignIn,
        Self::SignInByPhone,
        Self::Ticket,
        Self::Captcha,
        Self::Resend,
        Self::Slot,
        Self::SlotSentBefore,
        Self::Resume,
        Self::FirstSignIn,
        Self::CompletedFirstSignIn,
        Self::InvitedFirstSignIn,
        Self::DecidedFirstSignIn,
        Self::FirstSignInPastAnother,
        Self::FirstSignInByAnotherForm,
        Self::FirstSignInToALegacyPool,
        Self::Disabled,
        Self::Federated,
        Self::SignUp,
        Self::ChangeContact,
        Self::ContactInUse,
        Self::PendingContact,
        Self::RememberDevice,
        Self::UpdateName,
        Self::UndoChange,
        Self::Answer,
        Self::AnswerFirst,
        Self::AnswerResend,
        Self::AnswerUndo,
        Self::Invite,
        Self::WithdrawInvitation,
        Self::NotedSignIn,
        Self::NotedFirstSignIn,
        Self::NotedChange,
    ];

    /// Returns the events that the flow leaves, where events are published.
    const fn events(self) -> &'static [EventKind] {
        match self {
            Self::NotedSignIn => &[EventKind::SignedIn],
            Self::NotedFirstSignIn => &[EventKind::AccountCreated, EventKind::SignedIn],
            Self::NotedChange => &[EventKind::ContactChanged],
            _ => &[],
        }
    }

    /// Returns the rule for new accounts, if there is one.
    const fn rule(self) -> Option<AdmissionRule> {
        match self {
            Self::InvitedFirstSignIn | Self::Invite | Self::WithdrawInvitation => {
                Some(AdmissionRule::Invited)
            }
            Self::DecidedFirstSignIn => Some(AdmissionRule::Hook),
            _ => None,
        }
    }

    /// Returns the resolver function that the flow begins with.
    const fn resolver(self) -> &'static str {
        match self {
            Self::SignUp
            | Self::ChangeContact
            | Self::ContactInUse
            | Self::PendingContact
            | Self::RememberDevice
            | Self::UpdateName
            | Self::NotedChange
            | Self::Invite
            | Self::WithdrawInvitation => "sign-up",
            _ => "sign-in",
        }
    }

    const fn title(self) -> &'static str {
        match self {
            Self::SignIn => "Signing in",
            Self::SignInByPhone => "Signing in by phone",
            Self::Ticket => "Signing in by an SDK, with a ticket",
            Self::Captcha => "Signing in with a CAPTCHA",
            Self::Resend => "Having the code sent again",
            Self::Slot => "Signing in in slot mode",
            Self::SlotSentBefore => "Signing in in slot mode, by the message of another request",
            Self::Resume => "Continuing a sign-in in another session",
            Self::FirstSignIn => "Signing in for the first time",
            Self::CompletedFirstSignIn => {
                "Signing in for the first time, with tokens in the answer to the proof"
            }
            Self::InvitedFirstSignIn => {
                "Signing in for the first time with an invitation to a group"
            }
            Self::DecidedFirstSignIn => {
                "Signing in for the first time where a function of the deployment decides"
            }
            Self::FirstSignInPastAnother => {
                "Signing in for the first time in place of an unverified account"
            }
            Self::FirstSignInByAnotherForm => {
                "Signing in for the first time to an account that has the contact in another form"
            }
            Self::FirstSignInToALegacyPool => {
                "Signing in for the first time to a pool that reports missing users"
            }
            Self::Disabled => "Signing in to an account that is disabled",
            Self::Federated => "Signing in with the contact of a federated user, which is refused",
            Self::SignUp => "Adding a name and a second contact",
            Self::ChangeContact => "Changing a contact",
            Self::ContactInUse => "Changing a contact to that of another account",
            Self::PendingContact => "Reading the state of a pending contact",
            Self::RememberDevice => "Having a device remembered",
            Self::UpdateName => "Writing the name",
            Self::UndoChange => "Undoing the change of a contact",
            Self::Answer => "Signing in with a continuation",
            Self::AnswerFirst => "Signing in for the first time with a continuation",
            Self::AnswerResend => "Having the code sent again with a continuation",
            Self::AnswerUndo => "Undoing the change of a contact with a continuation",
            Self::Invite => "Inviting a contact",
            Self::WithdrawInvitation => "Withdrawing an invitation",
            Self::NotedSignIn => "Signing in where events are published",
            Self::NotedFirstSignIn => {
                "Signing in for the first time where events are published, with tokens in the answer \
                 to the proof"
            }
            Self::NotedChange => "Changing a contact where events are published",
        }
    }
}

/// The effect of a broken call on the user.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Seen {
    /// A resolver returns `Unavailable`; a repeated request succeeds.
    Error,
    /// The challenge is repeated; the same answer then passes.
    Again,
    /// No message arrives until the user requests a resend.
    NoMessage,
    /// The flow failed; the user starts again.
    Restart,
}

impl Seen {
    const fn word(self) -> &'static str {
        match self {
            Self::Error => "error",
            Self::Again => "again",
            Self::NoMessage => "no message",
            Self::Restart => "restart",
        }
    }
}

/// A flow that has run to its end.
struct Outcome {
    /// Each function that accessed a kind of item, with the kind.
    items: BTreeSet<(&'static str, &'static str)>,
    /// Each call, with its step.
    calls: Vec<(&'static str, &'static str)>,
    seen: Vec<Seen>,
    messages: usize,
    /// Calls that charged a budget, less those that a request refunded.
    charges: usize,
    /// Notices of a change of contact.
    notices: usize,
}

/// A running flow.
struct Run<'w> {
    world: &'w World,
    pool: &'w Pool<'w>,
    /// True if sign-in knows that the pool reports missing users.
    legacy: bool,
    /// The deployment's own rule for new accounts.
    hook: Option<&'w Flaky<FixedAdmissionHook>>,
    /// True if no resend is sent: the user starts again, in another slot.
    in_slots: bool,
    steps: Vec<&'static str>,
    seen: Vec<Seen>,
    /// The number of requests for a message.
    requested: usize,
}

/// Puts Ada in the pool, with a replaced contact if the flow undoes that.
fn put_ada(flow: Flow, world: &mut World) {
    let phone = [("phone_number", NUMBER), ("phone_number_verified", "true")];
    if matches!(flow, Flow::UndoChange | Flow::AnswerUndo) {
        let before = World::new();
        before.put_ada(&phone);
        undo::replace(&before);
        world.entropy = before.entropy;
        world.store = Flaky::new(before.store.port, world.wire.clone());
        world.directory = Flaky::new(before.directory.port, world.wire.clone());
    } else {
        world.put_ada(&phone);
    }
}

/// Returns the world in which a flow begins.
fn world_of(flow: Flow) -> World {
    let mut world = World::new();
    if flow == Flow::Captcha {
        let budget = &mut world.deployment.policy.budgets.deployment;
        (budget.short_guesses_per_day, budget.long_guesses_per_day) = (0, 0);
        let answers = (0..=ATTEMPTS).map(|number| number.to_string());
        world.captcha = Some(Flaky::new(FixedCaptcha::new(answers), world.wire.clone()));
    }
    if !flow.events().is_empty() {
        world = events::with_events(&world);
    }
    if flow.is_in_slots() {
        let budgets = &mut world.deployment.policy.budgets;
        (budgets.mailbox.per_minute, budgets.extended.per_minute) = (0, 0);
    }
    if flow == Flow::FirstSignInPastAnother {
        world.directory.port = MemoryDirectory::of_contacts();
        world.deployment.policy.contacts_are_usernames = true;
        world.deployment.policy.other_holders = OtherHolders::Delete;
    }
    put_ada(flow, &mut world);
    if let Some(rule) = flow.rule() {
        world.deployment.policy.admission.rule = rule;
        let policy = &mut world.deployment.policy;
        policy.inviters = Some(INVITERS.to_owned());
        let groups = &mut policy.inviters_may_give;
        groups.clone_from(invitation().membership.groups());
    }
    match flow {
        Flow::Disabled => world.disable_ada(),
        Flow::ContactInUse => world.put_account(BOBS_NAME, NEW),
        Flow::FirstSignInPastAnother => other_holders::put_unverified(&world, BOB),
        Flow::FirstSignInByAnotherForm | Flow::Federated => {
            world.deployment.policy.other_holders = OtherHolders::Refuse;
            other_holders::put_elsewhere(&world, flow == Flow::Federated);
        }
        _ => {}
    }
    world
}

/// Runs a flow in which one call breaks.
fn run(flow: Flow, broken: Option<(usize, Break)>) -> Outcome {
    let world = world_of(flow);
    let pool = match flow {
        Flow::FirstSignInToALegacyPool => Pool::legacy(&world),
        _ => Pool::of(&world),
    };
    let is_invited = [Flow::InvitedFirstSignIn, Flow::WithdrawInvitation].contains(&flow);
    if is_invited {
        now(pool.context().invite(&invitation())).unwrap();
        world.wire.clear();
    }
    let hook = (flow == Flow::DecidedFirstSignIn).then(|| {
        let admitted = (identifier(BOB), invitation().membership);
        Flaky::new(FixedAdmissionHook::new([admitted]), world.wire.clone())
    });
    let sent_before = usize::from(flow == Flow::SlotSentBefore);
    if sent_before > 0 {
        now(sign_in::resolver(&world, &pool).session(&sign_in::request(ADA, None))).unwrap();
        world.wire.clear();
    }
    world.wire.will_break(broken);
    let mut run = Run {
        world: &world,
        pool: &pool,
        legacy: flow == Flow::FirstSignInToALegacyPool,
        hook: hook.as_ref(),
        in_slots: flow.is_in_slots(),
        steps: Vec::new(),
        seen: Vec::new(),
        requested: sent_before,
    };
    run.play(flow);
    let Run {
        steps,
        seen,
        requested,
        ..
    } = run;
    let calls: Vec<_> = world.wire.calls().into_iter().zip(steps).collect();
    let messages = world.sent().len();
    assert!(messages <= requested, "at most one message a request");
    let charges = calls.iter().enumerate().filter(|(number, (call, _))| {
        let lost = matches!(broken, Some((at, how)) if at == *number && how != Break::After);
        // Remembering a device charges no budget: it only updates a counter.
        *call == "charge" && !lost && flow != Flow::RememberDevice
    });
    // A right code refunds as well, whatever happened before it.
    let requests = ["signIn", "the ticket", "resend", "signUp", "changeContact"];
    let refunds = calls
        .iter()
        .filter(|(call, step)| *call == "refund" && requests.contains(step));
    let charges = charges.count().saturating_sub(refunds.count());
    if !flow.events().is_empty() {
        events::are_published(&world, flow.events());
    }
    let items = world.wire.items().into_iter();
    Outcome {
        items: items
            .map(|(trigger, item)| (trigger.unwrap_or(flow.resolver()), item))
            .collect(),
        charges,
        calls,
        seen,
        messages,
        notices: world.notified().len(),
    }
}

impl<'w> Run<'w> {
    /// Runs the flow to its end.
    fn play(&mut self, flow: Flow) {
        match flow {
            Flow::SignIn
            | Flow::Captcha
            | Flow::Slot
            | Flow::SlotSentBefore
            | Flow::NotedSignIn => {
                self.sign_in(ADA, false);
            }
            Flow::Ticket => self.sign_in_by_ticket(),
            Flow::SignInByPhone => self.sign_in(NUMBER, false),
            Flow::Resend => self.sign_in(ADA, true),
            Flow::Resume => self.resume(),
            Flow::FirstSignIn
            | Flow::CompletedFirstSignIn
            | Flow::InvitedFirstSignIn
            | Flow::DecidedFirstSignIn
            | Flow::FirstSignInPastAnother
            | Flow::FirstSignInToALegacyPool
            | Flow::NotedFirstSignIn => {
                let completes = [Flow::CompletedFirstSignIn, Flow::NotedFirstSignIn];
                self.sign_in_for_the_first_time(BOB, completes.contains(&flow));
                assert_eq!(self.world.directory.port.len(), 2, "Bob has one account");
                let is_member = flow.rule().is_some();
                let groups = self
                    .world
                    .directory
                    .port
                    .groups(&admissions::username(self.world, BOB));
                assert_eq!(groups.contains(GROUP), is_member, "{flow:?}: {groups:?}");
            }
            Flow::Invite => self.invite("invitations", |account, caller| {
                now(account.invite(caller, &invitation()))
            }),
            Flow::WithdrawInvitation => self.invite("invitations/withdraw", |account, caller| {
                now(account.withdraw_invitation(caller, &identifier(BOB)))
            }),
            Flow::FirstSignInByAnotherForm => {
                self.sign_in_for_the_first_time(IN_UNICODE, false);
                assert_eq!(self.world.directory.port.len(), 2, "no account is made");
            }
            Flow::Disabled => self.sign_in_disabled(),
            Flow::Federated => self.sign_in_federated(),
            Flow::SignUp => {
                let names = Names::parse("Ada", "Lovelace").unwrap();
                self.add("signUp", Some(&names), PendingState::Done);
            }
            Flow::ChangeContact | Flow::NotedChange => {
                self.add("changeContact", None, PendingState::Done);
            }
            Flow::ContactInUse => self.add("changeContact", None, PendingState::InUse),
            Flow::UndoChange => self.undo(),
            Flow::Answer | Flow::AnswerFirst | Flow::AnswerResend | Flow::AnswerUndo => {
                self.answer_by_continuation(flow);
            }
            Flow::PendingContact => {
                let state = self.call_until_success("pendingContact", |run| {
                    let tokens = Tokens(run.world);
                    let contacts = contacts::resolver(run.pool, &tokens);
                    now(contacts.pending_contact(&identity(run.world, ADAS_NAME), Method::Email))
                });
                assert_eq!(state, None);
            }
            Flow::UpdateName => {
                self.call_until_success("updateName", |run| {
                    let names = Names::parse("Ada", "Lovelace").unwrap();
                    let identity = identity(run.world, ADAS_NAME);
                    let tokens = Tokens(run.world);
                    let account = contacts::resolver(run.pool, &tokens);
                    now(account.update_names(&identity, &names))
                });
            }
            Flow::RememberDevice => {
                self.call_until_success("rememberDevice", |run| {
                    let identity = identity(run.world, ADAS_NAME);
                    with_devices(run.world, async |devices| {
                        devices.remember_device(&identity).await
                    })
                });
            }
        }
    }

    /// Calls a resolver until it succeeds.
    fn call_until_success<T>(
        &mut self,
        step: &'static str,
        request: impl Fn(&Self) -> Result<T, ContactError>,
    ) -> T {
        for _ in 0..ATTEMPTS {
            self.requested +=
                usize::from(["signIn", "signInTicket", "signUp", "changeContact"].contains(&step));
            let answered = request(self);
            self.end(step);
            match answered {
                Ok(answer) => return answer,
                Err(error) => {
                    assert_eq!(error.error_type(), "Unavailable", "{error:?}");
                    self.seen.push(Seen::Error);
                    // Only expiry releases the lease of a failed request.
                    self.world.after_secs(if self.legacy { 60 } else { 5 });
                }
            }
        }
        panic!("locked out of {step}");
    }

    /// Assigns the calls since the last step to this step.
    fn end(&mut self, step: &'static str) {
        self.steps.resize(self.world.wire.calls().len(), step);
    }

    fn open(&mut self, step: &'static str, typed: &str, proof: Option<&str>) -> Session<'w> {
        let payload = self.payload(step, typed, proof);
        self.pool.session(&payload.session)
    }

    fn payload(&mut self, step: &'static str, typed: &str, proof: Option<&str>) -> SignInPayload {
        self.call_until_success(step, |run| {
            // Each CAPTCHA response is valid once.
            let request = SignInRequest {
                captcha: Some(Secret::new(run.seen.len().to_string())),
                ..sign_in::request(typed, proof)
            };
            let resolver = SignIn {
                context: run.pool.context(),
                legacy_pool: run.legacy,
                captcha: run.world.captcha.as_ref(),
                hook: run.hook,
            };
            now(resolver.session(&request)).map_err(|error: SignInError| error.into())
        })
    }

    /// Calls an operation on invitations, as a member of the group that may.
    fn invite(
        &mut self,
        step: &'static str,
        call: impl Fn(&contacts::Resolver<'_, '_>, &Identity) -> Result<(), ContactError>,
    ) {
        self.call_until_success(step, |run| {
            let mut caller = identity(run.world, ADAS_NAME);
            caller.groups = vec![INVITERS.to_owned()];
            let tokens = Tokens(run.world);
            call(&contacts::resolver(run.pool, &tokens), &caller)
        });
    }

    fn sign_in_disabled(&mut self) {
        let mut session = self.open("signIn", ADA, None);
        assert_eq!(session.step(), "otp", "the challenge of any user");
        let mut answers = 0;
        while session.ended.is_none() {
            assert!(answers < ATTEMPTS, "answers without end");
            session.answer(&answers.to_string());
            answers += 1;
        }
        self.end("wrong answers");
        assert_eq!(session.ended, Some(Next::Fail));
        self.requested -= self.seen.len() + 1;
    }

    /// Earns a proof, which is refused: the contact is that of a user of another identity provider.
    fn sign_in_federated(&mut self) {
        for _ in 0..ATTEMPTS {
            let mut session = self.open("signIn", BOB, None);
            let Some(Ended::Proof(proof)) = self.answer(&mut session) else {
                continue;
            };
            for _ in 0..ATTEMPTS {
                let resolver = sign_in::resolver(self.world, self.pool);
                let answered = now(resolver.session(&sign_in::request(BOB, Some(&proof))));
                self.end("signIn with the proof");
                match answered {
                    Err(SignInError::HeldElsewhere) => {
                        assert_eq!(self.world.directory.port.len(), 2, "no account is made");
                        return;
                    }
                    // The request whose answer was lost used the proof.
                    Err(SignInError::InvalidProof) => break,
                    Err(error) => assert_eq!(error.error_type(), "Unavailable", "{error:?}"),
                    Ok(_) => panic!("signed in"),
                }
                self.seen.push(Seen::Error);
                self.world.after_secs(5);
            }
            self.seen.push(Seen::Restart);
            self.world.after_secs(30);
        }
        panic!("locked out");
    }

    fn sign_in(&mut self, typed: &str, once_more: bool) {
        for _ in 0..ATTEMPTS {
            let mut session = self.open("signIn", typed, None);
            if once_more {
                let before = self.world.sent().len();
                self.resend(&mut session, before + 1);
            }
            if let Some(ended) = self.answer(&mut session) {
                assert_eq!(ended, Ended::Tokens);
                return;
            }
        }
        panic!("locked out");
    }

    fn resume(&mut self) {
        for _ in 0..ATTEMPTS {
            let begun = self.open("signIn", ADA, None);
            let secret = Secret::new(&*begun.public["resume"]);
            let payload = self.call_until_success("signIn with the resume secret", |run| {
                let request = SignInRequest {
                    resume: Some(secret.clone()),
                    ..sign_in::request(ADA, None)
                };
                let resolver = sign_in::resolver(run.world, run.pool);
                now(resolver.session(&request)).map_err(SignInError::into)
            });
            let mut session = self.pool.session(&payload.session);
            if let Some(ended) = self.answer(&mut session) {
                assert_eq!(ended, Ended::Tokens);
                return;
            }
        }
        panic!("locked out");
    }

    fn sign_in_by_ticket(&mut self) {
        for _ in 0..ATTEMPTS {
            let payload = self.call_until_success("signInTicket", |run| {
                let resolver = sign_in::resolver(run.world, run.pool);
                now(resolver.ticket(&sign_in::request(ADA, None))).map_err(SignInError::into)
            });
            let mut session = self.world.initiate(ADA);
            while session.ended.is_none() && session.step() == "select" {
                session.choose(payload.ticket.expose());
                self.end("the ticket");
                if session.ended.is_none() && session.step() == "select" {
                    self.seen.push(Seen::Again);
                }
            }
            if session.ended.is_some() {
                self.seen.push(Seen::Restart);
            } else if let Some(ended) = self.answer(&mut session) {
                assert_eq!(ended, Ended::Tokens);
                return;
            }
        }
        panic!("locked out");
    }

    fn sign_in_for_the_first_time(&mut self, typed: &str, completes: bool) {
        for _ in 0..ATTEMPTS {
            let mut session = self.open("signIn", typed, None);
            let proof = match self.answer(&mut session) {
                None => continue,
                Some(Ended::Proof(proof)) => proof,
                // A legacy pool creates the account before the code, so the flow earns no proof. Nor
                // does it after the tokens were lost.
                Some(ended) => {
                    let has_account = self.legacy || self.seen.contains(&Seen::Restart);
                    assert_eq!((ended, has_account), (Ended::Tokens, true));
                    return;
                }
            };
            if completes {
                if self.complete(&proof) {
                    return;
                }
                self.seen.push(Seen::Restart);
                continue;
            }
            let mut session = self.open("signIn with the proof", typed, Some(&proof));
            assert_eq!(session.step(), "claim");
            for _ in 0..ATTEMPTS {
                let reply = session.answer(&proof);
                self.end("the proof");
                match session.ended {
                    Some(next) => {
                        assert_eq!(next, Next::IssueTokens, "{reply:?}");
                        return;
                    }
                    None => self.seen.push(Seen::Again),
                }
            }
        }
        panic!("locked out");
    }

    /// Returns true if the proof led to tokens; false if it is used, and the tokens were lost.
    fn complete(&mut self, proof: &str) -> bool {
        let asked = sign_in::request(BOB, None);
        let proof = Secret::new(proof);
        for _ in 0..ATTEMPTS {
            let resolver = sign_in::resolver(self.world, self.pool);
            let answered = now(resolver.tokens(&asked, &proof));
            self.end("signIn with the proof");
            match answered {
                Ok(_) => return true,
                Err(SignInError::InvalidProof) => return false,
                Err(error) => {
                    assert_eq!(error.error_type(), "Unavailable", "{error:?}");
                    self.seen.push(Seen::Error);
                    self.world.after_secs(5);
                }
            }
        }
        panic!("locked out");
    }

    fn undo(&mut self) {
        for _ in 0..ATTEMPTS {
            let mut session = self.open("signIn", ADA, None);
            let proof = match self.answer(&mut session) {
                None => continue,
                Some(Ended::Proof(proof)) => Secret::new(proof),
                // The change was undone, and the tokens were lost.
                Some(ended) => {
                    let is_undone = self.seen.contains(&Seen::Restart);
                    assert_eq!((ended, is_undone), (Ended::Tokens, true));
                    break;
                }
            };
            if self.undo_by(&proof) {
                break;
            }
            self.seen.push(Seen::Restart);
        }
        let kept = [ADA, NEW].map(|contact| holds(self.world, ADAS_NAME, contact));
        assert_eq!(kept, [true, false]);
    }

    /// Returns true if the proof led to tokens; false if it is used, and the tokens were lost.
    fn undo_by(&mut self, proof: &Secret) -> bool {
        let asked = sign_in::request(ADA, None);
        for _ in 0..ATTEMPTS {
            let resolver = sign_in::resolver(self.world, self.pool);
            let answered = now(resolver.undo_contact_change(&asked, proof));
            self.end("undoContactChange");
            match answered {
                Ok(_) => return true,
                Err(SignInError::InvalidProof) => {
                    // The leases of the request that failed expire.
                    self.world.after_secs(30);
                    return false;
                }
                Err(error) => {
                    assert_eq!(error.error_type(), "Unavailable", "{error:?}");
                    self.seen.push(Seen::Error);
                    self.world.after_secs(5);
                }
            }
        }
        panic!("locked out");
    }

    fn answer_by_continuation(&mut self, flow: Flow) {
        let typed = if flow == Flow::AnswerFirst { BOB } else { ADA };
        for _ in 0..ATTEMPTS {
            let payload = self.payload("signIn", typed, None);
            let context = self.pool.context();
            let sealed = context.continuation(&payload, &identifier(typed), CodeEffect::SignIn);
            let mut continuation = sealed.expect("a continuation");
            if flow == Flow::AnswerResend {
                let before = self.world.sent().len();
                continuation = self.resend_by_continuation(continuation, before + 1);
            }
            if self.world.sent().is_empty() {
                self.seen.push(Seen::NoMessage);
                continuation = self.resend_by_continuation(continuation, 1);
            }
            if self.is_answered(flow, continuation) {
                match flow {
                    Flow::AnswerFirst => assert_eq!(self.world.directory.port.len(), 2),
                    Flow::AnswerUndo => {
                        let kept = [ADA, NEW].map(|held| holds(self.world, ADAS_NAME, held));
                        assert_eq!(kept, [true, false]);
                    }
                    _ => {}
                }
                return;
            }
            self.seen.push(Seen::Restart);
            // The leases of a request that failed expire.
            self.world.after_secs(30);
        }
        panic!("locked out");
    }

    /// Answers with the code until it passes; false if the sign-in has ended.
    fn is_answered(&mut self, flow: Flow, mut continuation: Secret) -> bool {
        let code = contacts::last_code(self.world);
        for _ in 0..ATTEMPTS {
            let answered = if flow == Flow::AnswerUndo {
                answers::undo(self.world, self.pool, &continuation, &code)
            } else {
                answers::answer(self.world, self.pool, &continuation, &code)
            };
            self.end("the code");
            match answered {
                Ok(AnswerPayload::SignedIn { .. }) => return true,
                Ok(AnswerPayload::Wrong {
                    continuation: next, ..
                }) => {
                    self.seen.push(Seen::Again);
                    continuation = next;
                }
                Err(error) => match error.continuation {
                    Some(next) => {
                        assert_eq!(error.error.error_type(), "Unavailable");
                        self.seen.push(Seen::Error);
                        self.world.after_secs(5);
                        continuation = next;
                    }
                    // The change was undone, and the tokens were lost.
                    None if error.error == SignInError::ContactInUse => {
                        assert!(self.seen.contains(&Seen::Restart));
                        return true;
                    }
                    None => {
                        assert_eq!(error.error, SignInError::InvalidContinuation);
                        return false;
                    }
                },
            }
        }
        panic!("the right code is not accepted");
    }

    /// Waits for the cooldown and requests a resend until this many messages were sent.
    fn resend_by_continuation(&mut self, mut continuation: Secret, messages: usize) -> Secret {
        for attempt in 0..ATTEMPTS {
            self.world.after_secs(30);
            self.requested += 1;
            let resent = answers::resend(self.world, self.pool, &continuation);
            self.end("resend");
            continuation = match resent {
                Ok(payload) => payload.continuation,
                Err(error) => match error.continuation {
                    Some(next) => {
                        self.seen.push(Seen::Error);
                        next
                    }
                    // Cognito's answer was lost, and the session with it: the message was sent.
                    None => return continuation,
                },
            };
            if self.world.sent().len() >= messages {
                return continuation;
            }
            if attempt == 0 {
                self.seen.push(Seen::NoMessage);
            }
        }
        panic!("no message was sent");
    }

    fn add(&mut self, step: &'static str, names: Option<&Names>, ends: PendingState) {
        for _ in 0..ATTEMPTS {
            let payload = self.call_until_success(step, |run| {
                let tokens = Tokens(run.world);
                let contacts = contacts::resolver(run.pool, &tokens);
                let identity = identity(run.world, ADAS_NAME);
                let to = identifier(NEW);
                now(async {
                    match names {
                        Some(names) => {
                            contacts
                                .sign_up(&identity, names, &to, ContactMessage::default(), None)
                                .await
                        }
                        None => {
                            contacts
                                .change_contact(&identity, &to, ContactMessage::default(), None)
                                .await
                        }
                    }
                })
            });
            let mut session = self.pool.session(&payload.session);
            if let Some(ended) = self.answer(&mut session) {
                let expected = match ends {
                    PendingState::InUse => Ended::Refused,
                    _ => Ended::Tokens,
                };
                assert_eq!(ended, expected);
                let holds = holds(self.world, ADAS_NAME, NEW);
                assert_eq!(
                    holds,
                    ended == Ended::Tokens,
                    "the contact is held if it was free"
                );
                assert_eq!(contacts::pending(self.world, ADAS_NAME), Some(ends));
                return;
            }
        }
        panic!("locked out");
    }

    /// Waits for the cooldown and requests a resend until this many messages were sent.
    fn resend(&mut self, session: &mut Session<'w>, messages: usize) {
        for attempt in 0..ATTEMPTS {
            self.world.after_secs(session.number("resendAfter"));
            self.requested += 1;
            session.resend();
            self.end("resend");
            if self.world.sent().len() >= messages {
                return;
            }
            if attempt == 0 {
                self.seen.push(Seen::NoMessage);
            }
        }
        panic!("no message was sent");
    }

    /// Answers with the code; `None` if the flow failed and must be started again.
    fn answer(&mut self, session: &mut Session<'w>) -> Option<Ended> {
        if self.world.sent().is_empty() {
            self.seen.push(Seen::NoMessage);
            if self.in_slots {
                self.world.after_secs(600);
                return None;
            }
            self.resend(session, 1);
        }
        for _ in 0..ATTEMPTS {
            let reply = session.answer(&contacts::last_code(self.world));
            self.end("the code");
            match session.ended {
                Some(Next::IssueTokens) => return Some(Ended::Tokens),
                Some(_) if reply.is_right() => return Some(Ended::Refused),
                Some(_) => {
                    self.seen.push(Seen::Restart);
                    return None;
                }
                None => match session.public.get("proof") {
                    Some(proof) => return Some(Ended::Proof(proof.clone())),
                    None => self.seen.push(Seen::Again),
                },
            }
        }
        panic!("the right code is not accepted");
    }
}

#[derive(Debug, PartialEq, Eq)]
enum Ended {
    Tokens,
    Proof(String),
    /// The code was right, but its purpose was refused.
    Refused,
}

/// Returns a cell of the table: the effect, and the cost beyond that of the flow without a fault.
fn cell(outcome: &Outcome, usual: &Outcome) -> String {
    let mut words: Vec<String> = Vec::new();
    let mut seen = outcome.seen.clone();
    seen.dedup();
    words.extend(seen.into_iter().map(|seen| seen.word().to_owned()));
    let more =
        |name: &str, is: usize, was: usize| (is > was).then(|| format!("+{} {name}", is - was));
    // Each code is charged to its identifier and the deployment, and a code by SMS also to its
    // country.
    let each = usual.charges.max(1);
    words.extend(more("message", outcome.messages, usual.messages));
    words.extend(more(
        "code charged",
        outcome.charges.div_ceil(each),
        usual.charges / each,
    ));
    if outcome.notices < usual.notices {
        words.push("no notice".to_owned());
    }
    if words.is_empty() {
        "–".to_owned()
    } else {
        words.join(", ")
    }
}

/// Returns the service and operation of a call.
pub(crate) fn service(call: &str) -> &'static str {
    match call {
        "is_solved" => "Turnstile siteverify",
        "initiate" => "Cognito InitiateAuth",
        "respond" => "Cognito RespondToAuthChallenge",
        "get_user" => "Cognito GetUser",
        "find" => "Cognito AdminGetUser",
        "having" => "Cognito ListUsers",
        "delete" => "Cognito AdminDeleteUser",
        "create" => "Cognito AdminCreateUser",
        "set_password" => "Cognito AdminSetUserPassword",
        "has_group" => "Cognito GetGroup",
        "add_to_group" => "Cognito AdminAddUserToGroup",
        "decide" => "Lambda Invoke",
        "set_contact" | "set_names" => "Cognito AdminUpdateUserAttributes",
        "sign_out" => "Cognito AdminUserGlobalSignOut",
        "flow" | "pending" | "is_redeemed" | "undo" | "replaced" | "session"
        | "enlisted_sessions" | "event" => "DynamoDB GetItem",
        "counts" | "sessions" => "DynamoDB BatchGetItem",
        "due_events" => "DynamoDB Query",
        "publish" => "EventBridge PutEvents",
        "refresh" => "Cognito GetTokensFromRefreshToken",
        "revoke" => "Cognito RevokeToken",
        "open_flow" | "put_pending" | "put_invitation" | "open_session" => "DynamoDB PutItem",
        "release" | "withdraw_invitation" | "end_session" | "drop_event" => "DynamoDB DeleteItem",
        _ => "DynamoDB UpdateItem",
    }
}

fn table(flow: Flow) -> String {
    let usual = run(flow, None);
    assert_eq!(usual.seen, [], "{flow:?}");
    let mut table = format!(
        "\n## {}\n\n| step | call | is lost | its answer is lost |\n|---|---|---|---|\n",
        flow.title()
    );
    let mut last_step = "";
    for (number, (call, step)) in usual.calls.iter().enumerate() {
        let cells = LOST.map(|how| cell(&run(flow, Some((number, how))), &usual));
        let [lost, throttled, hangs] = &cells;
        assert_eq!(lost, throttled, "{flow:?}: {call} throttled");
        assert_eq!(lost, hangs, "{flow:?}: {call} hangs");
        let answer_lost = cell(&run(flow, Some((number, Break::After))), &usual);
        let step = if *step == last_step {
            ""
        } else {
            last_step = *step;
            last_step
        };
        // Invariant: writing to a String does not fail.
        let _ = writeln!(
            table,
            "| {step} | {}: `{call}` | {lost} | {answer_lost} |",
            service(call)
        );
    }
    table
}

/// The heading that ends this test's part of the page.
const ENDS: &str = "\n## Sending a message\n";

const INTRODUCTION: &str = "\
# What happens when a call fails

The test `fault_table` of `shared/core/tests/policy/` writes this page. It plays each flow below once for each call to Cognito, DynamoDB, Turnstile and a function of the deployment, and for each way in which that call can break. It follows the user to the end of the flow and checks that

- the user reaches the result of the flow,
- no message is sent without a request, and
- no client gets tokens, a contact or an account without proof.

After a change, `UPDATE_GOLDEN=1 cargo test --workspace --test policy fault_table` writes the page again. Several rows `charge` or `refund` in one step concern different counters.

A call *is lost* if it fails, is throttled, or hangs until its time limit. The test plays all three; the effect is the same. Its *answer is lost* if the call did its work but the client got no answer. A call counts as broken only after its adapter's second attempt, if the adapter makes one.

- `–`: no effect.
- `error`: the resolver returns `Unavailable`; a repeated request succeeds. In a pool that reports missing users, where the account is created before it is proved, it succeeds a minute later.
- `again`: the challenge is repeated; the same answer then passes, and no attempt is lost.
- `no message`: no message arrives; a resend after the cooldown delivers it, or in slot mode a new sign-in in the next slot.
- `restart`: the flow failed, and the user starts again.
- `no notice`: the contact that was replaced, or kept beside a new one, is not notified.
- `+1 code charged`: one more code stays charged to a budget than without the fault; `+1 message`: one more message is sent.

A call that hangs ends at its time limit: `hanging_ports` of `shared/lambda` checks each call of each trigger. The last two parts are about messages and keys; the test `fault_table` of `tests/` writes them. [delivery.md](delivery.md) describes failed deliveries.
";

#[test]
#[expect(
    clippy::disallowed_methods,
    reason = "the page is a file that the core does not read"
)]
fn the_page_lists_the_effect_of_each_failed_call() {
    let page = Flow::ALL.map(table).concat();
    let sessions = session_faults::page();
    let page = format!("{INTRODUCTION}{page}{sessions}");
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/faults.md");
    // Another test writes the rest of the page.
    let rest = |kept: &str| kept.find(ENDS).map_or("", |at| &kept[at..]).to_owned();
    let kept = fs::read_to_string(&path).unwrap_or_default();
    if env::var_os("UPDATE_GOLDEN").is_some() {
        fs::write(&path, page.clone() + &rest(&kept)).unwrap();
    }
    let kept = fs::read_to_string(&path).unwrap_or_default();
    assert!(
        page + &rest(&kept) == kept,
        "docs/faults.md is out of date; UPDATE_GOLDEN=1 writes it"
    );
}

/// The text of a table of `infra/lib/rights.ts`.
fn rights(table: &str) -> &'static str {
    let rights = include_str!("../../../../infra/lib/rights.ts");
    let begins = format!("export const {table}: ");
    let (_, rights) = rights.split_once(&*begins).expect("the table");
    let (rights, _) = rights.split_once("\n};\n").expect("its end");
    rights
}

/// The kinds of item that the role of each function may access, by a table.
fn items_of(table: &str) -> BTreeSet<(&'static str, &'static str)> {
    let mut function = "";
    let mut items = BTreeSet::new();
    for line in rights(table).lines().map(str::trim) {
        // A function has a line for itself, or begins the line of its rights.
        if let Some((name, _)) = line.split_once(": {").filter(|_| line.starts_with('\'')) {
            function = name.trim_matches('\'');
        }
        if let Some((_, listed)) = line.split_once("items: [") {
            let (listed, _) = listed.split_once(']').expect("the end of the list");
            let listed = listed.split('\'').skip(1).step_by(2);
            items.extend(listed.map(|item| (function, item)));
        }
    }
    items
}

/// The functions to whose roles a rule for new accounts adds a statement on invitations.
fn functions_of_invitations() -> impl Iterator<Item = &'static str> {
    let lines = rights("ADMISSION_RIGHTS").lines();
    lines.filter_map(|line| Some(line.trim().strip_prefix('\'')?.split_once('\'')?.0))
}

#[test]
fn each_function_reaches_exactly_the_items_of_its_role() {
    let mut reached = BTreeSet::new();
    for flow in Flow::ALL {
        let usual = run(flow, None);
        for number in 0..usual.calls.len() {
            reached.extend(run(flow, Some((number, Break::Before))).items);
            reached.extend(run(flow, Some((number, Break::After))).items);
        }
        reached.extend(usual.items);
    }
    // Where events are published, these functions write them too (`EVENT_RIGHTS`).
    let events = include_str!("../../../../infra/lib/events.ts");
    let (_, events) = events.split_once("EVENT_RIGHTS").expect("the table");
    let (events, _) = events.split_once("};").expect("its end");
    reached.retain(|(function, item)| {
        let is_event = *item == "event";
        assert!(
            !is_event || events.contains(&format!("'{function}'")),
            "{function}"
        );
        !is_event
    });
    let mut items = items_of("RIGHTS");
    items.extend(functions_of_invitations().map(|function| (function, "invitation")));
    assert_eq!(reached, items);
    let more = items_of("SESSION_RIGHTS");
    assert_eq!(session_faults::items(), more);
}
