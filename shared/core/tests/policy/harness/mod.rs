//! A simulation of Cognito: it holds sessions and calls the triggers as the pool does.

mod choices;
mod executor;
mod pool;
mod scenario;

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use latchstring_core::account::{Account, Attributes};
use latchstring_core::flow::{
    AccountState, AnswerEvent, AppClient, Challenge, ClientRequest, CreateReason, Created, Decided,
    DefineReason, Flow, FlowId, Next, Purpose, Round, SessionEvent, Step, TicketPurpose, Verdict,
    VerifyReason,
};
use latchstring_core::identifier::{Country, Identifier, Method};
use latchstring_core::keys::{Key, KeyId, KeyRing};
use latchstring_core::locale::Locale;
use latchstring_core::message::Message;
use latchstring_core::policy::{Deployment, Policy};
use latchstring_core::ports::{Clock, Directory, Entropy as _, FlowStore as _, Opened};
use latchstring_core::rate_limit::{CodeTerms, Countries, Price, Refund};
use latchstring_core::sealed::{Proof, Ticket};
use latchstring_core::secret::Secret;
use latchstring_core::time::Timestamp;
use latchstring_memory::{
    FixedCaptcha, ManualClock, MemoryBus, MemoryDirectory, MemoryStore, SeededEntropy,
};

pub(crate) use choices::{Bounds, Choices, Explored};
pub(crate) use executor::{Strand, in_turn, interleaved, now};
pub(crate) use latchstring_testkit::{Break, Wire};
pub(crate) use pool::{Pool, Ports};
pub(crate) use scenario::Scenario;

/// A port whose calls go through the wire.
pub(crate) type Flaky<P> = latchstring_testkit::Carried<P, Wire>;

/// The email address of Ada, who has an account in most tests.
pub(crate) const ADA: &str = "ada@example.com";
/// The email address of Bob.
pub(crate) const BOB: &str = "bob@example.com";
/// Ada's second contact.
pub(crate) const NUMBER: &str = "+14155550132";
/// The pool's username of Ada's account.
pub(crate) const ADAS_NAME: &str = "username-of-ada";
/// The pool's username of Bob's account, if he has one.
pub(crate) const BOBS_NAME: &str = "username-of-bob";
/// Ada's immutable id.
const ADAS_SUB: &str = "sub-of-ada";
/// The time at which every test begins.
const START: Timestamp = Timestamp::from_secs(1_800_000_000);

/// A deployment with its pool. [`World::reconfigured`] shares everything in it.
#[derive(Clone)]
pub(crate) struct World {
    pub(crate) deployment: Deployment,
    pub(crate) app_client: AppClient,
    pub(crate) clock: ManualClock,
    pub(crate) entropy: Arc<SeededEntropy>,
    pub(crate) wire: Wire,
    pub(crate) store: Flaky<MemoryStore>,
    pub(crate) directory: Flaky<MemoryDirectory>,
    pub(crate) bus: Flaky<MemoryBus>,
    /// True if Define publishes after its response.
    pub(crate) has_bus: bool,
    /// `None` unless a test enables it.
    pub(crate) captcha: Option<Flaky<FixedCaptcha>>,
    /// The number of invocations of each trigger with the same event; the last answer counts.
    pub(crate) invocations: usize,
    /// The number of the only trigger with that many invocations, counted from 0 over all triggers.
    pub(crate) only_at: Option<usize>,
    /// Cognito's wait between two invocations.
    pub(crate) pause: Duration,
    triggers: Arc<AtomicUsize>,
    sent: Arc<Mutex<Vec<Message>>>,
    notices: Arc<Mutex<Vec<Message>>>,
}

impl World {
    /// Returns a world with the default policy, one key and an empty pool.
    pub(crate) fn new() -> Self {
        let clock = ManualClock::at(START);
        let wire = Wire::new(clock.clone());
        let mut policy = Policy::for_clients(vec!["client".to_owned(), "second".to_owned()]);
        let country = Country::parse("US").expect("a country");
        let price = Price::parse("0.1").expect("a price");
        policy.budgets.sms.countries = Countries::Only([(country, price)].into());
        Self {
            deployment: Deployment {
                policy,
                keys: KeyRing::new(key("k1", 1), None, None).unwrap(),
            },
            app_client: AppClient::new("pool", "client"),
            clock,
            entropy: Arc::new(SeededEntropy::new(1)),
            wire: wire.clone(),
            store: Flaky::new(MemoryStore::default(), wire.clone()),
            directory: Flaky::new(MemoryDirectory::default(), wire.clone()),
            bus: Flaky::new(MemoryBus::default(), wire),
            has_bus: true,
            captcha: None,
            invocations: 1,
            only_at: None,
            triggers: Arc::default(),
            pause: Duration::ZERO,
            sent: Arc::default(),
            notices: Arc::default(),
        }
    }

    /// Returns a world with Ada's confirmed account and verified email address.
    pub(crate) fn with_ada() -> Self {
        let world = Self::new();
        world.put_ada(&[]);
        world
    }

    /// Returns the same ports and pool under another configuration.
    pub(crate) fn reconfigured(&self, change: impl FnOnce(&mut Self)) -> Self {
        let mut world = self.clone();
        change(&mut world);
        world
    }

    /// Returns the same ports and pool without slot mode, as for a caller who stops at a refusal.
    pub(crate) fn without_slots(&self) -> Self {
        self.reconfigured(|world| world.deployment.policy.slot = Duration::ZERO)
    }

    /// Puts Ada in the pool with these attributes changed.
    pub(crate) fn put_ada(&self, changed: &[(&str, &str)]) {
        let mut attributes = BTreeMap::from([
            ("sub", ADAS_SUB),
            ("cognito:user_status", "CONFIRMED"),
            ("email", ADA),
            ("email_verified", "true"),
        ]);
        attributes.extend(changed.iter().copied());
        self.directory.port.put(Account {
            username: ADAS_NAME.to_owned(),
            enabled: true,
            attributes: Attributes::from_pairs(attributes),
        });
    }

    /// Puts Bob in the pool.
    pub(crate) fn put_bob(&self) {
        self.put_account(BOBS_NAME, BOB);
    }

    /// Puts an account in the pool that holds this contact as verified.
    pub(crate) fn put_account(&self, username: &str, contact: &str) {
        let method = identifier(contact).method().as_str();
        self.directory.port.put(Account {
            username: username.to_owned(),
            enabled: true,
            attributes: Attributes::from_pairs([
                ("sub", &*format!("sub-of-{username}")),
                (method, contact),
                (&*format!("{method}_verified"), "true"),
            ]),
        });
    }

    /// Deletes Ada's account.
    pub(crate) fn delete_ada(&self) {
        self.directory.port.remove(ADAS_NAME);
    }

    /// Disables Ada's account.
    pub(crate) fn disable_ada(&self) {
        let mut ada = now(self.directory.port.find(ADAS_NAME)).unwrap().unwrap();
        ada.enabled = false;
        self.directory.port.put(ada);
    }

    /// Returns the charge of a ticket: a resolver charges every purpose but a claim.
    fn charge(&self, purpose: Purpose) -> CodeTerms {
        let code_length = self.deployment.policy.code_length;
        match purpose {
            Purpose::Claim | Purpose::Undo(_) => CodeTerms::uncharged(code_length),
            Purpose::SignIn | Purpose::VerifyContact(_) | Purpose::Decoy => {
                CodeTerms::ordinary(code_length)
            }
        }
    }

    /// Returns a ticket for a sign-in.
    pub(crate) fn ticket(&self, to: &str) -> String {
        self.ticket_for(Purpose::SignIn, to)
    }

    /// Returns a ticket for a sign-in with the language of its message.
    pub(crate) fn ticket_in(&self, locale: Option<Locale>, to: &str) -> String {
        let ticket = Ticket {
            locale,
            ..Ticket::new(
                Purpose::SignIn,
                identifier(to),
                self.charge(Purpose::SignIn),
                self.clock.now(),
                &*self.entropy,
            )
        };
        ticket.seal(&self.deployment.keys, &self.app_client, &*self.entropy)
    }

    /// Returns a ticket that continues the flow of a session.
    pub(crate) fn ticket_that_continues(&self, session: &Session<'_>, to: &str) -> String {
        let purpose = TicketPurpose::Resume(session.challenge().flow);
        let terms = CodeTerms::uncharged(self.deployment.policy.code_length);
        let (at, entropy) = (self.clock.now(), &*self.entropy);
        Ticket::new(purpose, identifier(to), terms, at, entropy).seal(
            &self.deployment.keys,
            &self.app_client,
            entropy,
        )
    }

    /// Returns a ticket for any purpose.
    pub(crate) fn ticket_for(&self, purpose: Purpose, to: &str) -> String {
        Ticket::new(
            purpose,
            identifier(to),
            self.charge(purpose),
            self.clock.now(),
            &*self.entropy,
        )
        .seal(&self.deployment.keys, &self.app_client, &*self.entropy)
    }

    /// Returns a proof, earned by a flow of which only its row exists.
    pub(crate) fn proof(&self, of: &str) -> String {
        let Deployment { policy, keys } = &self.deployment;
        let proof = Proof {
            contact: identifier(of),
            flow: FlowId::from_bytes(self.entropy.bytes()),
            made_at: self.clock.now(),
        };
        let (flow, now_is, entropy) = (proof.flow, proof.made_at, &*self.entropy);
        let earned = Flow::earned(
            flow,
            &proof.contact,
            &self.app_client,
            policy,
            keys,
            now_is,
            entropy,
        );
        assert_eq!(now(self.store.port.open_flow(&earned)), Ok(Opened::New));
        proof.seal(keys, &self.app_client, entropy)
    }

    /// `InitiateAuth(CUSTOM_AUTH)`.
    pub(crate) fn initiate(&self, username: &str) -> Session<'_> {
        now(Session::initiate(self, username, false))
    }

    /// Returns a session whose ticket was accepted and whose code was sent.
    pub(crate) fn at_otp(&self, to: &str) -> Session<'_> {
        let mut session = self.initiate(to);
        session.choose(&self.ticket(to));
        assert_eq!(session.step(), "otp");
        session
    }

    /// Returns a session that expects a proof.
    pub(crate) fn at_claim(&self) -> Session<'_> {
        let mut session = self.initiate(ADAS_NAME);
        session.choose(&self.ticket_for(Purpose::Claim, ADA));
        assert_eq!(session.step(), "claim");
        session
    }

    /// Returns a session without a ticket.
    pub(crate) fn at_decoy(&self, username: &str) -> Session<'_> {
        let mut session = self.initiate(username);
        session.respond_to("", "email", None);
        assert_eq!(session.step(), "otp");
        session
    }

    /// Returns the code and the recipient of every message so far.
    pub(crate) fn sent(&self) -> Vec<(String, String)> {
        let sent = self.sent.lock().unwrap();
        sent.iter()
            .map(|message| {
                (
                    message.code.as_ref().expect("a code").digits().to_owned(),
                    message.to.as_str().to_owned(),
                )
            })
            .collect()
    }

    /// Returns the code of the latest message.
    pub(crate) fn last_code(&self) -> String {
        let sent = self.sent.lock().unwrap();
        let code = sent.last().and_then(|message| message.code.as_ref());
        code.expect("a code").digits().to_owned()
    }

    /// Returns the number of messages so far.
    pub(crate) fn messages(&self) -> usize {
        self.sent.lock().unwrap().len()
    }

    /// Returns the newest code of this length.
    pub(crate) fn newest_code(&self, length: usize) -> Option<String> {
        let sent = self.sent.lock().unwrap();
        let codes = sent
            .iter()
            .rev()
            .filter_map(|message| message.code.as_ref());
        let mut codes = codes.map(latchstring_core::code::Code::digits);
        codes.find(|code| code.len() == length).map(str::to_owned)
    }

    /// Returns the country of every message so far.
    pub(crate) fn countries(&self) -> Vec<Option<Country>> {
        let sent = self.sent.lock().unwrap();
        sent.iter().map(|message| message.to.country()).collect()
    }

    /// Returns the texts of every message so far.
    pub(crate) fn texts(&self) -> Vec<String> {
        texts(&self.sent)
    }

    /// Returns the texts of every notice so far.
    pub(crate) fn notices(&self) -> Vec<String> {
        texts(&self.notices)
    }

    /// Returns the only code that was sent, in one message or several.
    pub(crate) fn code(&self) -> String {
        let mut codes: Vec<_> = self.sent().into_iter().map(|(code, _)| code).collect();
        codes.dedup();
        let [code] = &codes[..] else {
            panic!("{} different codes were sent", codes.len())
        };
        code.clone()
    }

    /// Returns wrong codes, all different.
    pub(crate) fn wrong_codes(&self) -> impl Iterator<Item = String> + use<> {
        let right: Vec<_> = self.sent().into_iter().map(|(code, _)| code).collect();
        (0..1_000_000)
            .map(|code| format!("{code:06}"))
            .filter(move |code| !right.contains(code))
    }

    /// Returns one wrong code.
    pub(crate) fn wrong_code(&self) -> String {
        self.wrong_codes().next().unwrap()
    }

    /// Advances the clock.
    pub(crate) fn after_secs(&self, secs: u64) -> &Self {
        self.clock.advance(Duration::from_secs(secs));
        self
    }

    /// Advances the clock.
    pub(crate) fn after_millis(&self, millis: u64) -> &Self {
        self.clock.advance(Duration::from_millis(millis));
        self
    }

    /// Returns the state of the account that Cognito reports for that name.
    pub(crate) fn user(&self, username: &str) -> AccountState {
        match now(self.directory.port.find(username)).unwrap() {
            Some(account) => AccountState::new(false, account.attributes),
            None => AccountState::new(true, Attributes::default()),
        }
    }

    /// Returns the contacts that Define notified of a replacement.
    pub(crate) fn notified(&self) -> Vec<String> {
        let notices = self.notices.lock().unwrap();
        notices
            .iter()
            .map(|notice| notice.to.as_str().to_owned())
            .collect()
    }

    /// Calls Define as often as configured, delivers its notices and makes its refunds.
    pub(crate) async fn define(&self, event: &SessionEvent) -> Decided<Next, DefineReason> {
        let mut left = self.invocations();
        loop {
            let mut decided = self
                .wire
                .run(
                    "define-auth-challenge",
                    Box::pin(latchstring_core::flow::define(
                        &self.deployment,
                        &self.store,
                        &self.directory,
                        &self.clock,
                        event,
                    )),
                )
                .await;
            self.notices.lock().unwrap().extend(decided.message.take());
            self.make(decided.refund.take(), "define-auth-challenge")
                .await;
            let events = std::mem::take(&mut decided.events);
            if self.has_bus && !events.is_empty() {
                let publishing = events.publish(&self.store, &self.bus);
                // What is not published is left to the sweeper.
                let _ = self.wire.run("define-auth-challenge", publishing).await;
            }
            if self.is_last(&mut left) {
                return decided;
            }
        }
    }

    /// Calls Create as often as configured, delivers its messages and makes its refunds.
    pub(crate) async fn create(&self, event: &SessionEvent) -> Decided<Created, CreateReason> {
        let mut left = self.invocations();
        loop {
            let mut decided = self
                .wire
                .run(
                    "create-auth-challenge",
                    Box::pin(latchstring_core::flow::create(
                        &self.deployment,
                        &self.store,
                        &self.clock,
                        &*self.entropy,
                        event,
                    )),
                )
                .await;
            let message = decided.message.take();
            self.sent.lock().unwrap().extend(message);
            self.make(decided.refund.take(), "create-auth-challenge")
                .await;
            if self.is_last(&mut left) {
                return decided;
            }
        }
    }

    /// Makes the refund that a trigger left.
    async fn make(&self, refund: Option<Refund>, trigger: &'static str) {
        if let Some(refund) = refund {
            self.wire.run(trigger, refund.make(&self.store)).await;
        }
    }

    /// Calls Verify, as often as configured.
    pub(crate) async fn verify(&self, response: &AnswerEvent) -> Decided<Verdict, VerifyReason> {
        let mut left = self.invocations();
        loop {
            let decided = self
                .wire
                .run(
                    "verify-auth-challenge-response",
                    Box::pin(latchstring_core::flow::verify(
                        &self.deployment,
                        &self.store,
                        &self.clock,
                        &*self.entropy,
                        response,
                    )),
                )
                .await;
            if self.is_last(&mut left) {
                return decided;
            }
        }
    }

    /// Returns the number of triggers so far; a retried one counts once.
    pub(crate) fn triggers(&self) -> usize {
        self.triggers.load(Ordering::Relaxed)
    }

    fn invocations(&self) -> usize {
        let number = self.triggers.fetch_add(1, Ordering::Relaxed);
        match self.only_at {
            Some(other) if other != number => 1,
            _ => self.invocations,
        }
    }

    /// Returns true if this invocation's answer counts; otherwise waits as Cognito does.
    fn is_last(&self, left: &mut usize) -> bool {
        *left -= 1;
        if *left > 0 {
            self.clock.advance(self.pause);
        }
        *left == 0
    }
}

/// A Cognito session. A clone is the same session, kept for a replay.
#[derive(Clone)]
pub(crate) struct Session<'w> {
    pub(crate) world: &'w World,
    pub(crate) username: String,
    pub(crate) rounds: Vec<Round>,
    /// The metadata of the latest challenge, which is also its private parameter.
    pub(crate) metadata: String,
    /// The public parameters of the current challenge.
    pub(crate) public: BTreeMap<&'static str, String>,
    /// The end of the session, once it has ended.
    pub(crate) ended: Option<Next>,
    /// True if the pool does not see the user yet, although there is one.
    unseen: bool,
}

/// The outcome of a response.
#[derive(Clone, Debug)]
pub(crate) struct Reply {
    pub(crate) verify: Decided<Verdict, VerifyReason>,
    pub(crate) define: Decided<Next, DefineReason>,
    pub(crate) create: Option<Decided<Created, CreateReason>>,
}

impl Reply {
    /// The reason of each trigger's decision; `None` if Create was not called.
    pub(crate) fn reasons(&self) -> (VerifyReason, DefineReason, Option<CreateReason>) {
        let create = self.create.as_ref().map(|decided| decided.reason);
        (self.verify.reason, self.define.reason, create)
    }

    pub(crate) fn is_right(&self) -> bool {
        matches!(self.verify.decision, Verdict::Right(_))
    }

    pub(crate) fn next(&self) -> Next {
        self.define.decision
    }
}

impl<'w> Session<'w> {
    /// Opens a session: calls Define and Create without a round.
    pub(crate) async fn initiate(world: &'w World, username: &str, unseen: bool) -> Self {
        let found = now(world.directory.port.find(username)).unwrap();
        let mut session = Self {
            world,
            // The pool's username, or the typed text if there is no account.
            username: found.map_or_else(|| username.to_owned(), |account| account.username),
            rounds: Vec::new(),
            metadata: String::new(),
            public: BTreeMap::new(),
            ended: None,
            unseen,
        };
        let event = session.session_event(ClientRequest::default());
        assert_eq!(world.define(&event).await.decision, Next::Challenge);
        let created = world.create(&event).await;
        session.set_challenge(&created);
        session
    }

    /// `RespondToAuthChallenge(CUSTOM_CHALLENGE)`.
    pub(crate) async fn respond(&mut self, answer: &str, request: ClientRequest) -> Reply {
        assert_eq!(self.ended, None, "the session has ended");
        let verify = self
            .world
            .verify(&self.answer_event(answer, request.clone()))
            .await;
        self.rounds.push(Round {
            challenge_name: "CUSTOM_CHALLENGE".to_owned(),
            passed: matches!(verify.decision, Verdict::Right(_)),
            metadata: Some(self.metadata.clone()),
        });
        let event = self.session_event(request);
        let define = self.world.define(&event).await;
        let mut create = None;
        if define.decision == Next::Challenge {
            let created = self.world.create(&event).await;
            self.set_challenge(&created);
            create = Some(created);
        } else {
            self.ended = Some(define.decision);
        }
        Reply {
            verify,
            define,
            create,
        }
    }

    /// Returns Verify's input for a response.
    pub(crate) fn answer_event(&self, answer: &str, request: ClientRequest) -> AnswerEvent {
        AnswerEvent {
            app_client: self.world.app_client.clone(),
            user: self.user(),
            challenge: Some(self.metadata.clone()),
            answer: Secret::new(answer),
            request,
        }
    }

    /// Returns the input of Define and Create.
    pub(crate) fn session_event(&self, request: ClientRequest) -> SessionEvent {
        SessionEvent {
            app_client: self.world.app_client.clone(),
            username: Secret::new(&*self.username),
            user: self.user(),
            rounds: self.rounds.clone(),
            request,
        }
    }

    fn user(&self) -> AccountState {
        if self.unseen {
            AccountState::NoAccount
        } else {
            self.world.user(&self.username)
        }
    }

    fn set_challenge(&mut self, created: &Decided<Created, CreateReason>) {
        let Created {
            challenge, public, ..
        } = &created.decision;
        self.metadata = challenge.to_text(&self.world.deployment.keys, &self.world.app_client);
        self.public = public.to_pairs().into_iter().collect();
    }

    /// Returns this session in another world.
    pub(crate) fn moved_to<'other>(&self, world: &'other World) -> Session<'other> {
        let Self {
            world: _,
            username,
            rounds,
            metadata,
            public,
            ended,
            unseen,
        } = self.clone();
        Session {
            world,
            username,
            rounds,
            metadata,
            public,
            ended,
            unseen,
        }
    }

    /// Answers `select` with the method of the ticket.
    pub(crate) fn choose(&mut self, ticket: &str) -> Reply {
        let opened = Ticket::open(
            ticket,
            &self.world.deployment.keys,
            &self.world.app_client,
            self.world.clock.now(),
            self.world.deployment.policy.ticket_life,
        );
        let method = opened.map_or(Method::Email, |ticket| ticket.contact.method());
        self.respond_to("", method.as_str(), Some(ticket))
    }

    /// Answers `select` with any method and ticket.
    pub(crate) fn respond_to(&mut self, answer: &str, method: &str, ticket: Option<&str>) -> Reply {
        let request = ClientRequest {
            method: Some(method.to_owned()),
            ticket: ticket.map(Secret::new),
            ..ClientRequest::default()
        };
        now(self.respond(answer, request))
    }

    /// Answers with a code or a proof.
    pub(crate) fn answer(&mut self, answer: &str) -> Reply {
        now(self.respond(answer, ClientRequest::default()))
    }

    /// Answers with any text and an `action`.
    pub(crate) fn answer_with_action(&mut self, answer: &str, action: &str) -> Reply {
        let request = ClientRequest {
            action: Some(action.to_owned()),
            ..ClientRequest::default()
        };
        now(self.respond(answer, request))
    }

    /// Requests a resend.
    pub(crate) fn resend(&mut self) -> Reply {
        self.answer_with_action("resend", "resend")
    }

    /// Returns the public parameters, with the length of each that differs in every flow.
    pub(crate) fn shown(&self) -> BTreeMap<&'static str, String> {
        shown(&self.public)
    }

    /// Returns the step of the current challenge.
    pub(crate) fn step(&self) -> &str {
        &self.public["step"]
    }

    /// Returns a numeric public parameter.
    pub(crate) fn number(&self, name: &str) -> u64 {
        self.public[name].parse().unwrap()
    }

    /// Returns the current challenge.
    pub(crate) fn challenge(&self) -> Challenge {
        let World {
            deployment,
            app_client,
            ..
        } = self.world;
        Challenge::parse(&self.metadata, &deployment.keys, app_client).unwrap()
    }

    /// Returns the row of the flow.
    pub(crate) fn row(&self) -> Option<Flow> {
        now(self.world.store.port.flow(self.challenge().flow)).unwrap()
    }

    /// Replaces the challenge with one that Create did not write.
    pub(crate) fn replace_challenge(&mut self, step: Step) {
        let challenge = Challenge {
            flow: self.challenge().flow,
            step,
        };
        self.metadata = challenge.to_text(&self.world.deployment.keys, &self.world.app_client);
    }
}

/// Returns public parameters, with the length of each that differs in every flow.
pub(crate) fn shown(public: &BTreeMap<&'static str, String>) -> BTreeMap<&'static str, String> {
    let mut shown = public.clone();
    for name in ["pointer", "resume"] {
        if let Some(text) = shown.get_mut(name) {
            *text = text.len().to_string();
        }
    }
    shown
}

fn texts(messages: &Mutex<Vec<Message>>) -> Vec<String> {
    let messages = messages.lock().unwrap();
    messages
        .iter()
        .map(|message| message.content.text().to_owned())
        .collect()
}

/// Parses an identifier.
pub(crate) fn identifier(text: &str) -> Identifier {
    let method = if text.starts_with('+') {
        Method::PhoneNumber
    } else {
        Method::Email
    };
    Identifier::parse(method, text).unwrap()
}

/// Returns a key of a ring.
pub(crate) fn key(id: &str, byte: u8) -> Key {
    Key::new(KeyId::parse(id).unwrap(), &[byte; 32]).unwrap()
}
