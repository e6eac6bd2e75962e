//! Every outward call of every flow, broken in every way, and what a person sees of it. What comes
//! of it is docs/faults.md; `UPDATE_GOLDEN=1 cargo test -p latchstring-core --test policy fault_table`
//! writes it anew, to be read in the diff.

use std::collections::BTreeSet;
use std::env;
use std::fmt::Write as _;
use std::fs;
use std::path::Path;

use latchstring_core::account::Names;
use latchstring_core::contact::{ContactError, PendingState};

use latchstring_core::flow::Next;
use latchstring_core::identifier::Method;
use latchstring_core::names::update_names;
use latchstring_core::secret::Secret;
use latchstring_core::sign_in::{SignIn, SignInError, SignInPayload, SignInRequest};
use latchstring_memory::FixedCaptcha;

use crate::budgets::with_devices;
use crate::contacts::{self, Tokens, holds, identity};
use crate::harness::{
    ADA, ADAS_NAME, BOB, BOBS_NAME, Break, Flaky, NUMBER, Pool, Session, World, identifier, now,
};
use crate::sign_in;

/// What Ada wants instead of [`ADA`].
const NEW: &str = "ada@example.org";

/// More tries than anybody needs.
const PATIENCE: usize = 8;

/// A call of a flow breaks in one of these ways.
const LOST: [Break; 3] = [Break::Before, Break::Throttled, Break::Hangs];

/// A person's way from what they want to having it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Flow {
    SignIn,
    SignInByPhone,
    Ticket,
    Captcha,
    Resend,
    FirstSignIn,
    FirstSignInToALegacyPool,
    Disabled,
    SignUp,
    ChangeContact,
    ContactInUse,
    PendingContact,
    RememberDevice,
    UpdateName,
}

impl Flow {
    const ALL: [Self; 14] = [
        Self::SignIn,
        Self::SignInByPhone,
        Self::Ticket,
        Self::Captcha,
        Self::Resend,
        Self::FirstSignIn,
        Self::FirstSignInToALegacyPool,
        Self::Disabled,
        Self::SignUp,
        Self::ChangeContact,
        Self::ContactInUse,
        Self::PendingContact,
        Self::RememberDevice,
        Self::UpdateName,
    ];

    /// The resolver's function that the flow begins with.
    const fn resolver(self) -> &'static str {
        match self {
            Self::SignUp
            | Self::ChangeContact
            | Self::ContactInUse
            | Self::PendingContact
            | Self::RememberDevice
            | Self::UpdateName => "sign-up",
            _ => "sign-in",
        }
    }

    const fn title(self) -> &'static str {
        match self {
            Self::SignIn => "Signing in",
            Self::SignInByPhone => "Signing in by phone",
            Self::Ticket => "Signing in by an SDK, with a ticket",
            Self::Captcha => "Signing in with a captcha",
            Self::Resend => "Having the code sent again",
            Self::FirstSignIn => "Signing in for the first time",
            Self::FirstSignInToALegacyPool => {
                "Signing in for the first time to a pool that reports missing users"
            }
            Self::Disabled => "Signing in to an account that is disabled",
            Self::SignUp => "Adding a name and a second contact",
            Self::ChangeContact => "Changing a contact",
            Self::ContactInUse => "Changing a contact to somebody else's",
            Self::PendingContact => "Asking what became of a contact",
            Self::RememberDevice => "Having a device remembered",
            Self::UpdateName => "Writing the name",
        }
    }
}

/// What a person notices when a call breaks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Seen {
    /// A resolver says `Unavailable`; the same request then goes through.
    Error,
    /// The same question comes once more; the same answer then goes through.
    Again,
    /// No message comes; it does when it is asked for once more.
    NoMessage,
    /// The flow failed, and is begun anew.
    Anew,
}

impl Seen {
    const fn word(self) -> &'static str {
        match self {
            Self::Error => "error",
            Self::Again => "again",
            Self::NoMessage => "no message",
            Self::Anew => "anew",
        }
    }
}

/// A flow that was lived to its end.
struct Lived {
    /// Each function that called for a kind of row, with the kind.
    rows: BTreeSet<(&'static str, &'static str)>,
    /// Each call, and the step in which it was made.
    calls: Vec<(&'static str, &'static str)>,
    seen: Vec<Seen>,
    messages: usize,
    /// Calls that charged something.
    charges: usize,
    /// Notices of a change of contact.
    notices: usize,
}

/// A flow that is being lived.
struct Life<'w> {
    world: &'w World,
    pool: &'w Pool<'w>,
    /// Whether sign-in is told that the pool reports missing users.
    legacy: bool,
    steps: Vec<&'static str>,
    seen: Vec<Seen>,
    /// How often a message was asked for.
    asked: usize,
}

/// Lives a flow while one call breaks.
fn live(flow: Flow, broken: Option<(usize, Break)>) -> Lived {
    let mut world = World::new();
    if flow == Flow::Captcha {
        let budget = &mut world.deployment.policy.budgets.deployment;
        (budget.short_guesses_per_day, budget.long_guesses_per_day) = (0, 0);
        let answers = (0..=PATIENCE).map(|number| number.to_string());
        world.captcha = Some(Flaky::new(FixedCaptcha::new(answers), world.wire.clone()));
    }
    let world = world;
    world.put_ada(&[("phone_number", NUMBER), ("phone_number_verified", "true")]);
    let pool = match flow {
        Flow::FirstSignInToALegacyPool => Pool::legacy(&world),
        _ => Pool::of(&world),
    };
    match flow {
        Flow::Disabled => world.disable_ada(),
        Flow::ContactInUse => world.put_somebody(BOBS_NAME, NEW),
        _ => {}
    }
    world.wire.will_break(broken);
    let mut life = Life {
        world: &world,
        pool: &pool,
        legacy: flow == Flow::FirstSignInToALegacyPool,
        steps: Vec::new(),
        seen: Vec::new(),
        asked: 0,
    };
    match flow {
        Flow::SignIn | Flow::Captcha => life.sign_in(ADA, false),
        Flow::Ticket => life.sign_in_by_ticket(),
        Flow::SignInByPhone => life.sign_in(NUMBER, false),
        Flow::Resend => life.sign_in(ADA, true),
        Flow::FirstSignIn | Flow::FirstSignInToALegacyPool => {
            life.sign_in_for_the_first_time();
            assert_eq!(world.directory.port.len(), 2, "one account for Bob");
        }
        Flow::Disabled => life.sign_in_disabled(),
        Flow::SignUp => {
            let names = Names::parse("Ada", "Lovelace").unwrap();
            life.add("signUp", Some(&names), PendingState::Done);
        }
        Flow::ChangeContact => life.add("changeContact", None, PendingState::Done),
        Flow::ContactInUse => life.add("changeContact", None, PendingState::InUse),
        Flow::PendingContact => {
            let state = life.ask("pendingContact", |life| {
                let tokens = Tokens(life.world);
                let contacts = contacts::resolver(life.world, life.pool, &tokens);
                now(contacts.pending(&identity(life.world, ADAS_NAME), Method::Email))
            });
            assert_eq!(state, None);
        }
        Flow::UpdateName => {
            life.ask("updateName", |life| {
                let names = Names::parse("Ada", "Lovelace").unwrap();
                let identity = identity(life.world, ADAS_NAME);
                let tokens = Tokens(life.world);
                let World {
                    deployment,
                    directory,
                    ..
                } = life.world;
                now(update_names(
                    deployment, &tokens, directory, &identity, &names,
                ))
            });
        }
        Flow::RememberDevice => {
            life.ask("rememberDevice", |life| {
                let identity = identity(life.world, ADAS_NAME);
                with_devices(life.world, async |devices| {
                    devices.remember(&identity).await
                })
            });
        }
    }
    let Life {
        steps, seen, asked, ..
    } = life;
    let calls: Vec<_> = world.wire.calls().into_iter().zip(steps).collect();
    let messages = world.sent().len();
    assert!(messages <= asked, "one message for each request at most");
    let charges = calls.iter().enumerate().filter(|(number, (call, _))| {
        let lost = matches!(broken, Some((at, how)) if at == *number && how != Break::After);
        // A device that is remembered charges nothing: it only keeps a counter.
        *call == "charge" && !lost && flow != Flow::RememberDevice
    });
    let rows = world.wire.rows().into_iter();
    Lived {
        rows: rows
            .map(|(trigger, row)| (trigger.unwrap_or(flow.resolver()), row))
            .collect(),
        charges: charges.count(),
        calls,
        seen,
        messages,
        notices: world.told().len(),
    }
}

impl<'w> Life<'w> {
    /// Asks a resolver until it answers.
    fn ask<T>(
        &mut self,
        step: &'static str,
        request: impl Fn(&Self) -> Result<T, ContactError>,
    ) -> T {
        for _ in 0..PATIENCE {
            self.asked +=
                usize::from(["signIn", "signInTicket", "signUp", "changeContact"].contains(&step));
            let answered = request(self);
            self.end(step);
            match answered {
                Ok(answer) => return answer,
                Err(error) => {
                    assert_eq!(error.error_type(), "Unavailable", "{error:?}");
                    self.seen.push(Seen::Error);
                    // Nobody else knows the lease of a request that died: it must end by itself.
                    self.world.after_secs(if self.legacy { 60 } else { 5 });
                }
            }
        }
        panic!("locked out of {step}");
    }

    /// The calls since the last step were made in this one.
    fn end(&mut self, step: &'static str) {
        self.steps.resize(self.world.wire.calls().len(), step);
    }

    fn open(&mut self, step: &'static str, typed: &str, proof: Option<&str>) -> Session<'w> {
        let payload: SignInPayload = self.ask(step, |life| {
            // Each answer to a captcha is good once.
            let request = SignInRequest {
                captcha: Some(Secret::new(life.seen.len().to_string())),
                ..sign_in::request(typed, proof)
            };
            let resolver = SignIn {
                legacy_pool: life.legacy,
                ..sign_in::resolver(life.world, life.pool)
            };
            now(resolver.session(&request)).map_err(|error: SignInError| error.into())
        });
        self.pool.session(&payload.session)
    }

    fn sign_in_disabled(&mut self) {
        let mut session = self.open("signIn", ADA, None);
        assert_eq!(session.step(), "otp", "asked like anybody");
        let mut answers = 0;
        while session.ended.is_none() {
            assert!(answers < PATIENCE, "answers without end");
            session.answer(&answers.to_string());
            answers += 1;
        }
        self.end("wrong answers");
        assert_eq!(session.ended, Some(Next::Fail));
        self.asked -= self.seen.len() + 1;
    }

    fn sign_in(&mut self, typed: &str, once_more: bool) {
        for _ in 0..PATIENCE {
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

    fn sign_in_by_ticket(&mut self) {
        for _ in 0..PATIENCE {
            let payload = self.ask("signInTicket", |life| {
                let resolver = sign_in::resolver(life.world, life.pool);
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
                self.seen.push(Seen::Anew);
            } else if let Some(ended) = self.answer(&mut session) {
                assert_eq!(ended, Ended::Tokens);
                return;
            }
        }
        panic!("locked out");
    }

    fn sign_in_for_the_first_time(&mut self) {
        for _ in 0..PATIENCE {
            let mut session = self.open("signIn", BOB, None);
            let proof = match self.answer(&mut session) {
                None => continue,
                Some(Ended::Proof(proof)) => proof,
                // Made before: nothing is left to do, unless its making broke off half way.
                Some(ended) => {
                    assert_eq!((ended, self.legacy), (Ended::Tokens, true));
                    return;
                }
            };
            let mut session = self.open("signIn with the proof", BOB, Some(&proof));
            assert_eq!(session.step(), "claim");
            for _ in 0..PATIENCE {
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

    fn add(&mut self, step: &'static str, names: Option<&Names>, ends: PendingState) {
        for _ in 0..PATIENCE {
            let payload = self.ask(step, |life| {
                let tokens = Tokens(life.world);
                let contacts = contacts::resolver(life.world, life.pool, &tokens);
                let identity = identity(life.world, ADAS_NAME);
                let to = identifier(NEW);
                now(async {
                    match names {
                        Some(names) => contacts.sign_up(&identity, names, &to, None, None).await,
                        None => contacts.change(&identity, &to, None, None).await,
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
                assert_eq!(holds, ended == Ended::Tokens, "held if it could be had");
                assert_eq!(contacts::pending(self.world, ADAS_NAME), Some(ends));
                return;
            }
        }
        panic!("locked out");
    }

    /// Waits as told and asks for the code again, until there are so many messages.
    fn resend(&mut self, session: &mut Session<'w>, messages: usize) {
        for attempt in 0..PATIENCE {
            self.world.after_secs(session.number("resendAfter"));
            self.asked += 1;
            session.resend();
            self.end("resend");
            if self.world.sent().len() >= messages {
                return;
            }
            if attempt == 0 {
                self.seen.push(Seen::NoMessage);
            }
        }
        panic!("no message comes");
    }

    /// Answers with the code; none if the flow failed, which must be begun anew.
    fn answer(&mut self, session: &mut Session<'w>) -> Option<Ended> {
        if self.world.sent().is_empty() {
            self.seen.push(Seen::NoMessage);
            self.resend(session, 1);
        }
        for _ in 0..PATIENCE {
            let reply = session.answer(&contacts::last_code(self.world));
            self.end("the code");
            match session.ended {
                Some(Next::IssueTokens) => return Some(Ended::Tokens),
                Some(_) if reply.is_right() => return Some(Ended::Refused),
                Some(_) => {
                    self.seen.push(Seen::Anew);
                    return None;
                }
                None => match session.public.get("proof") {
                    Some(proof) => return Some(Ended::Proof(proof.clone())),
                    None => self.seen.push(Seen::Again),
                },
            }
        }
        panic!("the right code is not taken");
    }
}

#[derive(Debug, PartialEq, Eq)]
enum Ended {
    Tokens,
    Proof(String),
    /// The code was right, and what it was for cannot be had.
    Refused,
}

/// A cell of the table: what is seen, and what it costs beyond what the flow costs anyway.
fn cell(lived: &Lived, usual: &Lived) -> String {
    let mut words: Vec<String> = Vec::new();
    let mut seen = lived.seen.clone();
    seen.dedup();
    words.extend(seen.into_iter().map(|seen| seen.word().to_owned()));
    let more =
        |name: &str, is: usize, was: usize| (is > was).then(|| format!("+{} {name}", is - was));
    // Each code is charged to its identifier and to the deployment, one by SMS to its country too.
    let each = usual.charges.max(1);
    words.extend(more("message", lived.messages, usual.messages));
    words.extend(more(
        "code charged",
        lived.charges.div_ceil(each),
        usual.charges / each,
    ));
    if lived.notices < usual.notices {
        words.push("no notice".to_owned());
    }
    if words.is_empty() {
        "–".to_owned()
    } else {
        words.join(", ")
    }
}

/// Whose call it is.
fn service(call: &str) -> &'static str {
    match call {
        "is_answered" => "Turnstile siteverify",
        "initiate" => "Cognito InitiateAuth",
        "respond" => "Cognito RespondToAuthChallenge",
        "get_user" => "Cognito GetUser",
        "find" => "Cognito AdminGetUser",
        "create" => "Cognito AdminCreateUser",
        "set_password" => "Cognito AdminSetUserPassword",
        "set_contact" | "set_names" => "Cognito AdminUpdateUserAttributes",
        "flow" | "pending" | "is_redeemed" => "DynamoDB GetItem",
        "open_flow" | "put_pending" => "DynamoDB PutItem",
        "release" => "DynamoDB DeleteItem",
        _ => "DynamoDB UpdateItem",
    }
}

fn table(flow: Flow) -> String {
    let usual = live(flow, None);
    assert_eq!(usual.seen, [], "{flow:?}");
    let mut table = format!(
        "\n## {}\n\n| step | call | is lost | its answer is lost |\n|---|---|---|---|\n",
        flow.title()
    );
    let mut last_step = "";
    for (number, (call, step)) in usual.calls.iter().enumerate() {
        let cells = LOST.map(|how| cell(&live(flow, Some((number, how))), &usual));
        let [lost, throttled, hangs] = &cells;
        assert_eq!(lost, throttled, "{flow:?}: {call} throttled");
        assert_eq!(lost, hangs, "{flow:?}: {call} hangs");
        let answer_lost = cell(&live(flow, Some((number, Break::After))), &usual);
        let step = if *step == last_step {
            ""
        } else {
            last_step = *step;
            last_step
        };
        // Invariant: a String can always be written to.
        let _ = writeln!(
            table,
            "| {step} | {}: `{call}` | {lost} | {answer_lost} |",
            service(call)
        );
    }
    table
}

/// Where this test's part of the page ends.
const ENDS: &str = "\n## Sending a message\n";

const INTRODUCTION: &str = "\
# What happens when a call fails

Written by the test `fault_table` of `shared/core/tests/policy/`, which lives each flow below once for each call that it makes of Cognito, DynamoDB and Turnstile and each way in which it can break, and follows the person to their end: everybody comes to it, no message is sent that was not asked for, and nobody gets tokens, a contact or an account that they have not proved. After a change, `UPDATE_GOLDEN=1 cargo test -p latchstring-core --test policy fault_table` writes this page anew.

A call *is lost* when it fails, is throttled, or hangs until it is given up: the test tries all three, and it makes no difference which. Its *answer is lost* when it did what it should and nobody knows. A call counts as broken only after its adapter's own second attempt, where it has one.

- `–`: nobody notices.
- `error`: the resolver answers `Unavailable`; the same request then goes through. Where an account is made before it is proved (a pool that reports missing users), it does a minute later.
- `again`: the same question comes once more; the same answer then goes through, and no attempt is lost.
- `no message`: no message comes; asked for once more, after the cooldown, it does.
- `anew`: the flow failed and is begun anew.
- `no notice`: the contact that was replaced, or kept beside a new one, is not told.
- `+1 code charged`: one more code is charged to a budget, or `+1 message` is sent, than without the fault.

What hangs is given up in time: `hanging_ports` of `shared/lambda` tries each call of each trigger. The last two parts are of messages and keys, and written by the test `fault_table` of `tests/`. What a failed delivery means is in [delivery.md](delivery.md).
";

#[test]
#[expect(
    clippy::disallowed_methods,
    reason = "the page is a file, and the core does not see it"
)]
fn every_call_of_every_flow_may_fail_and_the_page_says_what_comes_of_it() {
    let page = Flow::ALL.map(table).concat();
    let page = format!("{INTRODUCTION}{page}");
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/faults.md");
    // Another test writes what follows.
    let rest = |kept: &str| kept.find(ENDS).map_or("", |at| &kept[at..]).to_owned();
    let kept = fs::read_to_string(&path).unwrap_or_default();
    if env::var_os("UPDATE_GOLDEN").is_some() {
        fs::write(&path, page.clone() + &rest(&kept)).unwrap();
    }
    let kept = fs::read_to_string(&path).unwrap_or_default();
    assert!(
        page + &rest(&kept) == kept,
        "docs/faults.md is not what comes out now; UPDATE_GOLDEN=1 writes it"
    );
}

/// The kinds of row that the role of each function may reach, as `infra/lib/rights.ts` has them.
fn rows_of_roles() -> BTreeSet<(&'static str, &'static str)> {
    let rights = include_str!("../../../../infra/lib/rights.ts");
    let (_, rights) = rights.split_once("export const RIGHTS").expect("the table");
    let (rights, _) = rights.split_once("\n};\n").expect("its end");
    let mut function = "";
    let mut rows = BTreeSet::new();
    for line in rights.lines().map(str::trim) {
        if let Some(name) = line.strip_suffix(": {").filter(|_| line.starts_with('\'')) {
            function = name.trim_matches('\'');
        } else if let Some(listed) = line.strip_prefix("rows: [") {
            let listed = listed.split('\'').skip(1).step_by(2);
            rows.extend(listed.map(|row| (function, row)));
        }
    }
    rows
}

#[test]
fn each_function_reaches_the_rows_that_its_role_may_and_no_others() {
    let mut reached = BTreeSet::new();
    for flow in Flow::ALL {
        let usual = live(flow, None);
        for number in 0..usual.calls.len() {
            reached.extend(live(flow, Some((number, Break::Before))).rows);
            reached.extend(live(flow, Some((number, Break::After))).rows);
        }
        reached.extend(usual.rows);
    }
    assert_eq!(reached, rows_of_roles());
}
