//! Whole flows of a user who repeats each failed step.

use latchstring_core::flow::{Next, Purpose};

use super::{ADA, ADAS_NAME, BOB, Reply, Session, World};

/// More steps than any user needs.
const PATIENCE: usize = 12;

/// A flow from its beginning to its end.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Story {
    /// A known user signs in.
    Known,
    /// A known user mistypes, has the code sent again, and signs in.
    KnownAfterResend,
    /// A caller without an account signs in, and gets a proof.
    NoAccount,
    /// A new user answers with their proof.
    Claim,
}

impl Story {
    pub(crate) const ALL: [Self; 4] = [
        Self::Known,
        Self::KnownAfterResend,
        Self::NoAccount,
        Self::Claim,
    ];

    /// Opens the session, with the user's ticket and proof.
    pub(crate) fn begin(self, world: &World) -> Telling<'_> {
        let (name, purpose, contact) = match self {
            Self::Known | Self::KnownAfterResend => (ADA, Purpose::SignIn, ADA),
            Self::NoAccount => (BOB, Purpose::SignIn, BOB),
            Self::Claim => (ADAS_NAME, Purpose::Claim, ADA),
        };
        let session = world.initiate(name);
        let careless = matches!(self, Self::KnownAfterResend);
        Telling {
            story: self,
            session,
            ticket: world.ticket_for(purpose, contact),
            proof: world.proof(contact),
            mistypes: careless,
            impatient: careless,
            asked_to_send: 1,
            steps: 0,
        }
    }

    /// The number of messages without a fault.
    pub(crate) const fn messages(self) -> usize {
        match self {
            Self::Known | Self::NoAccount => 1,
            Self::KnownAfterResend => 2,
            Self::Claim => 0,
        }
    }
}

/// A story on its way.
pub(crate) struct Telling<'w> {
    story: Story,
    pub(crate) session: Session<'w>,
    ticket: String,
    proof: String,
    mistypes: bool,
    impatient: bool,
    /// The number of messages that the user requested.
    pub(crate) asked_to_send: usize,
    steps: usize,
}

impl Telling<'_> {
    /// Returns whether the story has reached its good end.
    pub(crate) fn is_over(&self) -> bool {
        match self.story {
            Story::NoAccount => self.session.public.contains_key("proof"),
            Story::Known | Story::KnownAfterResend | Story::Claim => {
                self.session.ended == Some(Next::IssueTokens)
            }
        }
    }

    /// Answers the present challenge, a few seconds later.
    pub(crate) fn step(&mut self) -> Reply {
        self.steps += 1;
        assert!(self.steps < PATIENCE, "locked out of {:?}", self.story);
        let world = self.session.world;
        world.after_secs(5);
        match self.session.step() {
            "select" => self.session.choose(&self.ticket),
            "otp" if std::mem::take(&mut self.mistypes) => self.session.answer("mistyped"),
            "otp" if std::mem::take(&mut self.impatient) || world.sent().is_empty() => {
                self.asked_to_send += 1;
                world.after_secs(self.session.number("resendAfter"));
                self.session.resend()
            }
            "otp" => self.session.answer(&world.code()),
            "claim" => self.session.answer(&self.proof),
            step => panic!("the challenge is {step}"),
        }
    }
}
