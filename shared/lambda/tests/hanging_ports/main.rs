//! Every port call of every flow hangs once, before or after its effect.
//!
//! The function still responds within its own time limit, and its user gets to the end. The
//! handlers wait by the injected clock, so the tests take no real time.
#![expect(clippy::unwrap_used, reason = "a failed expectation fails its test")]

mod cognito;

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use latchstring_core::account::{Account, Attributes, Sub};
use latchstring_core::admission::AdmissionRule;
use latchstring_core::event::{CarriedBy, EventId, EventKind, Intent, OutboxEntry};
use latchstring_core::flow::AppClient;
use latchstring_core::identifier::{Identifier, Method};
use latchstring_core::invite::Membership;
use latchstring_core::pending::PendingId;
use latchstring_core::ports::{Clock, Directory, OpenChallenge, OutboxStore};
use latchstring_core::secret::Secret;
use latchstring_core::time::Timestamp;
use latchstring_lambda::resolver::{AccountResolver, NoSessions, SignInResolver, SourceOf};
use latchstring_lambda::{Handler, OutboxSweeper, Publishing};
use latchstring_memory::{FixedAdmissionHook, FixedCaptcha, ManualClock};
use latchstring_testkit::{Answer, Break, Carried, Wire, deployment};
use serde_json::{Value, json};

use cognito::{CLIENT, NameTokens, POOL, World, invoke};

/// A port whose calls the wire carries.
type Flaky<P> = Carried<P, Wire>;

const ADA: &str = "ada@example.com";
const ADAS_NAME: &str = "username-of-ada";
const NEW: &str = "ada@example.org";
const NUMBER: &str = "+14155550132";
const BOB: &str = "bob@example.com";
const GROUP: &str = "staff";

/// The time limit of a resolver. AppSync allows 30 s.
const RESOLVER: Duration = Duration::from_secs(25);

/// The time limit of the sweeper. Lambda allows 55 s.
const SWEEPER: Duration = Duration::from_secs(50);

/// More attempts than any single fault needs.
const MAX_ATTEMPTS: usize = 12;

/// A complete flow.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Flow {
    Known,
    New,
    Invited,
    Decided,
    Resend,
    Mistyped,
    Guessed,
    Ticket,
    Captcha,
    SignUp,
    Change,
    Device,
    Pending,
    Name,
}

impl Flow {
    const ALL: [Self; 14] = [
        Self::Known,
        Self::New,
        Self::Invited,
        Self::Decided,
        Self::Resend,
        Self::Mistyped,
        Self::Guessed,
        Self::Ticket,
        Self::Captcha,
        Self::SignUp,
        Self::Change,
        Self::Device,
        Self::Pending,
        Self::Name,
    ];

    /// Returns the rule for new accounts.
    const fn rule(self) -> AdmissionRule {
        match self {
            Self::Invited => AdmissionRule::Invited,
            Self::Decided => AdmissionRule::Hook,
            _ => AdmissionRule::Open,
        }
    }

    /// Returns the events of the flow.
    fn events(self) -> BTreeSet<EventKind> {
        match self {
            Self::New | Self::Invited | Self::Decided => {
                [EventKind::AccountCreated, EventKind::SignedIn].into()
            }
            Self::Guessed => [EventKind::SignInRefused].into(),
            Self::SignUp | Self::Change => [EventKind::ContactChanged].into(),
            Self::Device => [EventKind::DeviceRemembered].into(),
            Self::Pending | Self::Name => BTreeSet::new(),
            _ => [EventKind::SignedIn].into(),
        }
    }

    /// Returns the contact of the flow.
    const fn contact(self) -> &'static str {
        match self {
            Self::New | Self::Invited | Self::Decided => BOB,
            Self::SignUp => NUMBER,
            Self::Change => NEW,
            _ => ADA,
        }
    }
}

/// A user whose client repeats each failed step.
struct FlowRun {
    world: World,
    captcha: Option<Flaky<FixedCaptcha>>,
    flow: Flow,
    repetitions: Vec<String>,
    requested_messages: usize,
    attempts: usize,
}

impl FlowRun {
    fn new(flow: Flow) -> Self {
        let mut deployment = deployment(CLIENT, "k1");
        if flow == Flow::Captcha {
            deployment.policy.budgets.deployment.short_guesses_per_day = 0;
            deployment.policy.budgets.deployment.long_guesses_per_day = 0;
        }
        deployment.policy.admission.rule = flow.rule();
        deployment.policy.events = true;
        // The beginning of an hour, so that the whole flow is in one window.
        let world = World::new(
            deployment,
            ManualClock::at(Timestamp::from_secs(1_800_000_000)),
        );
        let attributes = Attributes::from_pairs([
            ("sub", "sub-of-ada"),
            ("cognito:user_status", "CONFIRMED"),
            ("email", ADA),
            ("email_verified", "true"),
        ]);
        world.directory.port.put(Account {
            username: ADAS_NAME.to_owned(),
            enabled: true,
            attributes,
        });
        let captcha = (flow == Flow::Captcha).then(|| {
            Flaky::new(
                FixedCaptcha::new((1..=MAX_ATTEMPTS).map(|number| format!("answer-{number}"))),
                world.wire.clone(),
            )
        });
        Self {
            world,
            captcha,
            flow,
            repetitions: Vec::new(),
            requested_messages: 0,
            attempts: 0,
        }
    }

    /// Counts an attempt, and panics if the flow needs too many: then its user is locked out.
    fn attempts(&mut self) {
        self.attempts += 1;
        assert!(
            self.attempts < MAX_ATTEMPTS,
            "locked out of {:?}: {:?}",
            self.flow,
            self.repetitions
        );
        self.world.clock.advance(Duration::from_secs(1));
    }

    /// Requests a field until its data is returned.
    async fn field(&mut self, field: &str, input: &Value) -> Value {
        loop {
            self.attempts();
            let now = self.world.clock.now().as_secs();
            let mut event = json!({
                "info": {"fieldName": field},
                "arguments": {"input": input},
                "identity": {
                    "sub": "sub-of-ada",
                    "claims": {"token_use": "access", "client_id": CLIENT, "auth_time": now},
                },
                "request": {"headers": {"authorization": ADAS_NAME}},
            });
            if field == "pendingContact" {
                event["arguments"] = input.clone();
            }
            if self.captcha.is_some() {
                event["arguments"]["input"]["captcha"] = json!(format!("answer-{}", self.attempts));
            }
            let value = match field {
                "signIn" | "signInTicket" => {
                    let resolver = self.sign_in();
                    invoke(&self.world.clock, &resolver, event, RESOLVER).await
                }
                _ => {
                    let resolver = self.contact();
                    invoke(&self.world.clock, &resolver, event, RESOLVER).await
                }
            };
            if value["error"].is_null() {
                return value["data"].clone();
            }
            let kind = value["error"]["type"].as_str().expect("a type");
            assert_eq!(kind, "Unavailable", "the only error that a fault may show");
            self.repetitions.push(format!("`{kind}`"));
        }
    }

    fn app_client() -> AppClient {
        AppClient::new(POOL, CLIENT)
    }

    fn sign_in(&self) -> impl Handler + use<> {
        let World {
            deployment,
            clock,
            entropy,
            store,
            directory,
            ..
        } = self.world.clone();
        SignInResolver {
            hook: (self.flow == Flow::Decided).then(|| self.hook()),
            deployment,
            app_client: Self::app_client(),
            legacy_pool: false,
            source: SourceOf::Off,
            origin: None,
            sessions: NoSessions,
            store,
            directory,
            api: Flaky::new(self.world.pool.clone(), self.world.wire.clone()),
            captcha: self.captcha.clone(),
            clock,
            entropy,
        }
    }

    /// Returns a rule that puts Bob into a group.
    fn hook(&self) -> Flaky<FixedAdmissionHook> {
        let bob = Identifier::parse(Method::Email, BOB).expect("an identifier");
        let membership = Membership::new(BTreeMap::new(), [GROUP.to_owned()].into());
        let hook = FixedAdmissionHook::new([(bob, membership.expect("a membership"))]);
        Flaky::new(hook, self.world.wire.clone())
    }

    /// Invites Bob to a group, as an operator.
    async fn invite(&mut self) {
        let event = json!({"invite": {"emailOrPhone": BOB, "groups": [GROUP]}});
        loop {
            self.attempts();
            let resolver = self.contact();
            let answered = invoke(&self.world.clock, &resolver, event.clone(), RESOLVER).await;
            if answered == json!({}) {
                return;
            }
            assert_eq!(answered["error"]["type"], "Unavailable");
            self.repetitions.push("`Unavailable`".to_owned());
        }
    }

    fn contact(&self) -> impl Handler + use<> {
        let World {
            deployment,
            clock,
            entropy,
            store,
            directory,
            ..
        } = self.world.clone();
        let handler = AccountResolver {
            deployment,
            app_client: Self::app_client(),
            source: SourceOf::Off,
            origin: None,
            sessions: NoSessions,
            store: store.clone(),
            directory,
            tokens: Flaky::new(
                NameTokens(self.world.directory.port.clone()),
                self.world.wire.clone(),
            ),
            api: Flaky::new(self.world.pool.clone(), self.world.wire.clone()),
            clock: clock.clone(),
            entropy,
        };
        Publishing {
            handler,
            store,
            bus: Some(self.world.bus.clone()),
            clock,
        }
    }

    /// Sweeps the outbox. Returns the number of the published events.
    async fn sweep(&self) -> u64 {
        let World {
            clock,
            store,
            directory,
            bus,
            ..
        } = self.world.clone();
        let sweeper = OutboxSweeper {
            store,
            directory,
            bus,
            clock,
        };
        let swept = invoke(&self.world.clock, &sweeper, Value::Null, SWEEPER).await;
        swept["published"].as_u64().expect("a number")
    }

    /// Opens a session in which a code is requested.
    async fn open(&mut self, proof: Option<&str>) -> OpenChallenge {
        let (method, typed) = match self.flow {
            Flow::SignUp => ("PHONE_NUMBER", NUMBER),
            flow => ("EMAIL", flow.contact()),
        };
        let mut input = json!({"method": method, "emailOrPhone": typed});
        self.requested_messages += usize::from(proof.is_none());
        let field = match self.flow {
            Flow::SignUp => {
                input["givenName"] = json!("Ada");
                input["familyName"] = json!("Lovelace");
                input = json!({"data": input});
                "signUp"
            }
            Flow::Change => "changeContact",
            _ => "signIn",
        };
        if let Some(proof) = proof {
            input["proof"] = json!(proof);
        }
        let before = self.repetitions.len();
        let opened = self.field(field, &input).await;
        // Each of these attempts may have sent a message.
        self.requested_messages += self.repetitions.len() - before;
        let step = if proof.is_some() { "claim" } else { "otp" };
        OpenChallenge {
            session: Secret::new(opened["session"].as_str().expect("a session")),
            parameters: [
                ("step".to_owned(), step.to_owned()),
                ("resendAfter".to_owned(), opened["resendAfter"].to_string()),
            ]
            .into(),
        }
    }

    /// Opens a session as an SDK does, with a ticket.
    async fn open_by_ticket(&mut self) -> OpenChallenge {
        loop {
            self.attempts();
            self.requested_messages += 1;
            let input = json!({"method": "EMAIL", "emailOrPhone": ADA});
            let ticket = self.field("signInTicket", &input).await;
            let ticket = ticket["ticket"].as_str().expect("a ticket").to_owned();
            let Answer::Challenge(mut challenge) = self.world.pool.initiate(ADA).await else {
                panic!("a challenge is expected");
            };
            // The same request gets the same response.
            while challenge.parameters["step"] == "select" {
                self.attempts();
                let metadata = json!({"method": "email", "ticket": ticket});
                match self.respond(&challenge, "select", metadata).await {
                    Answer::Challenge(next) => {
                        if next.parameters["step"] == "select" {
                            self.repetitions.push("challenge repeated".to_owned());
                        }
                        challenge = next;
                    }
                    Answer::Tokens => panic!("tokens without an answer"),
                    Answer::Failed => break,
                }
            }
            if challenge.parameters["step"] == "otp" {
                return challenge;
            }
            self.repetitions.push("ended, starts again".to_owned());
        }
    }

    /// Answers a challenge, as a client calls Cognito.
    async fn respond(&self, challenge: &OpenChallenge, answer: &str, metadata: Value) -> Answer {
        let pool = &self.world.pool;
        Box::pin(pool.respond(&challenge.session, answer, &metadata)).await
    }

    /// Runs the flow to its end.
    async fn play(&mut self) {
        match self.flow {
            Flow::Device => {
                let device = self.field("rememberDevice", &json!({})).await;
                assert!(device["device"].is_string());
                return;
            }
            Flow::Pending => {
                let pending = self
                    .field("pendingContact", &json!({"method": "EMAIL"}))
                    .await;
                assert!(pending.is_null());
                return;
            }
            Flow::Name => {
                let names = json!({"givenName": "Ada", "familyName": "Lovelace"});
                assert_eq!(self.field("updateName", &names).await, names);
                return;
            }
            _ => {}
        }
        if self.flow == Flow::Invited {
            self.invite().await;
        }
        let mut challenge = match self.flow {
            Flow::Ticket => self.open_by_ticket().await,
            _ => self.open(None).await,
        };
        let mut mistypes = match self.flow {
            Flow::Mistyped => 1,
            Flow::Guessed => 3,
            _ => 0,
        };
        let mut resends = usize::from(self.flow == Flow::Resend);
        let mut proof: Option<String> = None;
        loop {
            self.attempts();
            let after: u64 = challenge.parameters["resendAfter"].parse().unwrap_or(30);
            let asks_for_proof = challenge.parameters["step"] == "claim";
            let code = self.world.codes().0;
            let resend = !asks_for_proof && (resends > 0 || code.is_none());
            let response = if resend {
                if resends == 0 {
                    self.repetitions
                        .push("no code arrived, requests it again".to_owned());
                }
                resends = resends.saturating_sub(1);
                self.requested_messages += 1;
                self.world.clock.advance(Duration::from_secs(after));
                let metadata = json!({"action": "resend"});
                self.respond(&challenge, "resend", metadata).await
            } else {
                let code = code.expect("it arrived");
                let answer = match &proof {
                    Some(proof) if asks_for_proof => proof.clone(),
                    _ if mistypes > 0 => {
                        // A wrong code of the same length, different each time.
                        let digit = u32::from(code.as_bytes()[0] - b'0');
                        format!("{}{}", (digit + mistypes) % 10, &code[1..])
                    }
                    _ => code,
                };
                self.respond(&challenge, &answer, json!({})).await
            };
            match response {
                Answer::Tokens => {
                    assert_ne!(self.flow, Flow::Guessed, "tokens without the right code");
                    assert_eq!(mistypes, 0, "tokens for a wrong code");
                    return;
                }
                Answer::Failed if self.flow == Flow::Guessed => return,
                Answer::Failed => {
                    self.repetitions.push("ended, starts again".to_owned());
                    proof = None;
                    challenge = self.open(None).await;
                }
                Answer::Challenge(next) => {
                    let earned = next.parameters.get("proof").cloned();
                    if earned.is_none() && !resend {
                        if mistypes > 0 && next.parameters["step"] == "otp" {
                            let spent = 3 - next.parameters["attemptsLeft"].parse::<u32>().unwrap();
                            // A fault may leave an answer without a verdict. The client then
                            // repeats the answer.
                            let total = if self.flow == Flow::Mistyped { 1 } else { 3 };
                            if spent == total - mistypes + 1 {
                                mistypes -= 1;
                            } else {
                                self.repetitions.push("challenge repeated".to_owned());
                            }
                        } else {
                            self.repetitions.push("challenge repeated".to_owned());
                        }
                    }
                    challenge = next;
                    if earned.is_some() {
                        proof = earned;
                        challenge = self.open(proof.as_deref()).await;
                    }
                }
            }
        }
    }

    /// Checks the conditions that hold at the end of every flow.
    async fn check(&self, has_fault: bool) {
        let (_, sent) = self.world.codes();
        assert!(
            sent <= self.requested_messages,
            "two messages for one request"
        );
        let directory = &self.world.directory.port;
        let holder = directory.find(self.flow.contact()).await;
        assert!(
            holder.expect("memory answers").is_some(),
            "the contact has an account"
        );
        let accounts = if self.flow.contact() == BOB { 2 } else { 1 };
        assert_eq!(directory.len(), accounts);
        if self.flow.rule() != AdmissionRule::Open {
            let bob = directory.find(BOB).await.expect("memory answers");
            let groups = directory.groups(&bob.expect("an account").username);
            assert!(groups.contains(GROUP), "it has its group: {groups:?}");
        }
        // What no function published is overdue by now.
        self.world.clock.advance(Duration::from_secs(8000));
        self.sweep().await;
        let bus = &self.world.bus.port;
        let kinds = bus.events(usize::MAX).into_iter().map(|event| event.kind);
        let kinds: BTreeSet<_> = kinds.collect();
        // An answer without a verdict may have been right, so the flow was not refused.
        let may_be_none = self.flow == Flow::Guessed && has_fault;
        assert!(
            kinds == self.flow.events() || may_be_none && kinds.is_empty(),
            "{:?}: {kinds:?}",
            self.flow
        );
    }
}

/// Runs a flow while one call hangs, and returns the number of its calls.
async fn run(flow: Flow, hanging: Option<(usize, Break)>) -> usize {
    let mut run = FlowRun::new(flow);
    run.world.wire.will_break(hanging);
    Box::pin(run.play()).await;
    let calls = run.world.wire.calls().len();
    run.world.wire.clear();
    run.check(hanging.is_some()).await;
    if hanging.is_none() {
        assert_eq!(
            run.repetitions, [""; 0],
            "without a fault no step is repeated"
        );
    }
    calls
}

#[tokio::test]
async fn a_hanging_port_delays_no_answer_and_locks_no_user_out() {
    for flow in Flow::ALL {
        let calls = run(flow, None).await;
        for number in 0..calls {
            for how in [Break::Never, Break::NeverAfter] {
                run(flow, Some((number, how))).await;
            }
        }
    }
}

/// Returns a deployment with three overdue events, of which the sweeper has to decide two.
async fn overdue() -> FlowRun {
    let run = FlowRun::new(Flow::Known);
    let account = Intent::Account {
        username: ADAS_NAME.to_owned(),
    };
    let contact = Intent::Contact(PendingId::from_bytes([1; 16]));
    let sub = Sub::new("sub-of-ada");
    for (number, kind, sub, intent) in [
        (1, EventKind::DeviceRemembered, Some(sub.clone()), None),
        (2, EventKind::AccountCreated, None, Some(account)),
        (3, EventKind::ContactChanged, Some(sub), Some(contact)),
    ] {
        let entry = OutboxEntry {
            carried_by: CarriedBy::Item(EventId::from_bytes([number; 16])),
            kind,
            sub,
            client: CLIENT.to_owned(),
            method: Some(Method::Email),
            at: run.world.clock.now(),
            due: run.world.clock.now(),
            intent,
        };
        let put = run.world.store.port.put_event(&entry).await;
        put.expect("memory answers");
    }
    run
}

#[tokio::test]
async fn a_hanging_port_delays_the_sweeper_by_one_run_only() {
    let run = overdue().await;
    assert_eq!(run.sweep().await, 3);
    let calls = run.world.wire.calls().len();
    for number in 0..calls {
        for how in [Break::Never, Break::NeverAfter] {
            let run = overdue().await;
            run.world.wire.will_break([(number, how)]);
            run.sweep().await;
            run.world.wire.clear();
            run.sweep().await;
            let events = run.world.bus.port.events(usize::MAX);
            let ids: BTreeSet<_> = events.iter().map(|event| event.id).collect();
            assert_eq!(ids.len(), 3, "{number} {how:?}");
            assert_eq!(run.sweep().await, 0, "{number} {how:?}");
        }
    }
}
