//! Complete flows of a user who repeats each failed step.

use latchstring_core::flow::{Next, Purpose};

use super::{ADA, ADAS_NAME, BOB, Reply, Session, World, now};
use crate::completions::completion;

/// The maximum number of steps of a scenario.
const MAX_STEPS: usize = 12;

/// A complete flow.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Scenario {
    /// A known user signs in.
    Known,
    /// A known user mistypes, requests a resend, and signs in.
    KnownAfterResend,
    /// A caller without an account signs in and gets a proof.
    NoAccount,
    /// A new user answers with a proof.
    Claim,
    /// A new user answers the first challenge with a proof.
    Completion,
}

impl Scenario {
    pub(crate) const ALL: [Self; 5] = [
        Self::Known,
        Self::KnownAfterResend,
        Self::NoAccount,
        Self::Claim,
        Self::Completion,
    ];

    /// Opens the session, with the user's ticket and proof.
    pub(crate) fn start(self, world: &World) -> ScenarioRun<'_> {
        let (name, purpose, contact) = match self {
            Self::Known | Self::KnownAfterResend => (ADA, Purpose::SignIn, ADA),
            Self::NoAccount => (BOB, Purpose::SignIn, BOB),
            Self::Claim | Self::Completion => (ADAS_NAME, Purpose::Claim, ADA),
        };
        let session = world.initiate(name);
        let makes_mistakes = matches!(self, Self::KnownAfterResend);
        ScenarioRun {
            scenario: self,
            session,
            ticket: world.ticket_for(purpose, contact),
            proof: world.proof(contact),
            mistypes: makes_mistakes,
            impatient: makes_mistakes,
            requested_messages: 1,
            steps: 0,
        }
    }

    /// The number of messages without a fault.
    pub(crate) const fn messages(self) -> usize {
        match self {
            Self::Known | Self::NoAccount => 1,
            Self::KnownAfterResend => 2,
            Self::Claim | Self::Completion => 0,
        }
    }
}

/// A running scenario.
pub(crate) struct ScenarioRun<'w> {
    scenario: Scenario,
    pub(crate) session: Session<'w>,
    ticket: String,
    proof: String,
    mistypes: bool,
    impatient: bool,
    /// The number of messages that the user requested.
    pub(crate) requested_messages: usize,
    steps: usize,
}

impl ScenarioRun<'_> {
    /// Returns true if the scenario has succeeded.
    pub(crate) fn is_complete(&self) -> bool {
        match self.scenario {
            Scenario::NoAccount => self.session.public.contains_key("proof"),
            Scenario::Known
            | Scenario::KnownAfterResend
            | Scenario::Claim
            | Scenario::Completion => self.session.ended == Some(Next::IssueTokens),
        }
    }

    /// Answers the current challenge, a few seconds later.
    pub(crate) fn step(&mut self) -> Reply {
        self.steps += 1;
        assert!(self.steps < MAX_STEPS, "locked out of {:?}", self.scenario);
        let world = self.session.world;
        world.after_secs(5);
        match self.session.step() {
            "select" if matches!(self.scenario, Scenario::Completion) => {
                now(self.session.respond(&self.proof, completion()))
            }
            "select" => self.session.choose(&self.ticket),
            "otp" if std::mem::take(&mut self.mistypes) => self.session.answer("mistyped"),
            "otp" if std::mem::take(&mut self.impatient) || world.sent().is_empty() => {
                self.requested_messages += 1;
                world.after_secs(self.session.number("resendAfter"));
                self.session.resend()
            }
            "otp" => self.session.answer(&world.code()),
            "claim" => self.session.answer(&self.proof),
            step => panic!("the challenge is {step}"),
        }
    }
}
