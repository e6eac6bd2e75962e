//! A deployment's settings and keys.

pub(crate) mod branding;
pub(crate) mod budgets;
pub mod odds;
pub mod test_identifier;

use std::time::Duration;

use self::branding::Branding;
use self::budgets::{Budgets, Countries, Price};
use self::test_identifier::TestIdentifier;
use crate::seal::keys::KeyRing;
use crate::value::app_client::AppClient;
use crate::value::code_length::CodeLength;
use crate::value::identifier::{Identifier, IdentifierError, PhoneRules};
use crate::value::time::Timestamp;

/// How long after its flow was finished the same right answer still passes, so that Cognito's
/// retry of a slow trigger signs in rather than fails.
pub const REPLAY_GRACE: Duration = Duration::from_secs(15);

/// What a deployment may set. Where a bound is named, configuration enforces it.
#[derive(Clone, Debug)]
pub struct Policy {
    /// The app clients whose sessions are served. Any other client of the pool could reach the
    /// triggers too, since custom authentication is on by default.
    pub clients: Vec<String>,
    /// Digits of a code: 6 to 10.
    pub code_length: CodeLength,
    /// Digits of a code under attack: as many or more.
    pub long_code_length: CodeLength,
    /// Distinct wrong answers a code survives, the right one included: 1 to 5.
    pub attempts: u8,
    /// How long a code lives: 60 to 600 s (NIST 800-63B: at most 10 minutes).
    pub code_life: Duration,
    /// How long after a send the next one may follow: 15 to 300 s.
    pub resend_after: Duration,
    /// Sends after the first: 0 to 5.
    pub resends: u8,
    /// How long a ticket may wait to be used: 15 to 300 s.
    pub ticket_life: Duration,
    /// How long a proof may wait to be used: 30 to 600 s.
    pub proof_life: Duration,
    /// How long a contact may wait to be proved: 600 to 86400 s.
    pub pending_life: Duration,
    /// How old a sign-in may be for a contact to be added or changed: 60 to 86400 s.
    pub fresh_for: Duration,
    /// How long a device is known: 1 to 400 days.
    pub device_life: Duration,
    /// The rate limits.
    pub budgets: Budgets,
    /// Whether mail is sent. Whether SMS are, `budgets.sms.countries` says.
    pub mail: bool,
    /// The phone numbers that are read, and the kinds of them that codes are sent to.
    pub phones: PhoneRules,
    /// Identifiers whose code is fixed, and to which nothing is sent.
    pub test_identifiers: Vec<TestIdentifier>,
    /// How its messages look.
    pub branding: Branding,
}

impl Policy {
    /// The defaults, for the clients named.
    pub fn for_clients(clients: Vec<String>) -> Self {
        Self {
            clients,
            code_length: CodeLength::DEFAULT,
            long_code_length: CodeLength::LONG,
            attempts: 3,
            code_life: Duration::from_secs(300),
            resend_after: Duration::from_secs(30),
            resends: 2,
            ticket_life: Duration::from_secs(60),
            proof_life: Duration::from_secs(180),
            pending_life: Duration::from_secs(3600),
            fresh_for: Duration::from_secs(600),
            device_life: Duration::from_secs(180 * 24 * 3600),
            budgets: Budgets::default(),
            mail: true,
            phones: PhoneRules::default(),
            test_identifiers: Vec::new(),
            branding: Branding::default(),
        }
    }

    /// Whether sessions of this client are served.
    pub fn serves(&self, caller: &AppClient) -> bool {
        self.clients.iter().any(|client| client == caller.client())
    }

    /// Whether its code is fixed at that time.
    pub(crate) fn is_test(&self, identifier: &Identifier, at: Timestamp) -> bool {
        self.test_identifiers
            .iter()
            .any(|test| test.identifier == *identifier && at < test.ends)
    }

    /// Whether it may be told of a change of contact: nothing goes to a test identifier, nor where no
    /// code would.
    pub(crate) fn may_be_told(&self, contact: &Identifier, at: Timestamp) -> bool {
        self.price(contact).is_ok() && !self.is_test(contact, at)
    }

    /// Returns the cost of one message to the identifier, `None` for mail.
    ///
    /// # Errors
    /// If no message is sent there.
    pub(crate) fn price(&self, identifier: &Identifier) -> Result<Option<u32>, IdentifierError> {
        let number = match identifier {
            Identifier::Email(_) if self.mail => return Ok(None),
            Identifier::Email(_) => return Err(IdentifierError::NoMail),
            Identifier::PhoneNumber(number) => number,
        };
        match &self.budgets.sms.countries {
            Countries::All(Price(price)) => self.phones.check_kind(number).map(|()| Some(*price)),
            nowhere if nowhere.is_empty() => Err(IdentifierError::NoSms),
            Countries::Only(prices) => {
                let country = self.phones.country_of(number);
                let country = country.ok_or(IdentifierError::UnknownRange)?;
                let Price(price) = prices.get(&country).ok_or(IdentifierError::Country)?;
                self.phones.check_kind(number)?;
                Ok(Some(*price))
            }
        }
    }

    /// No honest session has more rounds: every attempt, every resend, and some that a fault made
    /// us ask again.
    pub(crate) fn max_rounds(&self) -> usize {
        usize::from(self.attempts) + usize::from(self.resends) + 10
    }
}

/// What every decision is made under.
#[derive(Clone, Debug)]
pub struct Deployment {
    /// The settings.
    pub policy: Policy,
    /// The keys.
    pub keys: KeyRing,
}
