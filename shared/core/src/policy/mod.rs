//! A deployment's settings and keys.

pub mod admission;
pub(crate) mod branding;
pub(crate) mod budgets;
pub mod clients;
pub mod holders;
pub mod odds;
pub mod shards;
pub mod test_identifier;
pub(crate) mod texts;

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use self::admission::Admission;
use self::branding::Branding;
use self::budgets::{Budgets, Countries, Price};
use self::clients::ClientPolicy;
use self::holders::OtherHolders;
use self::test_identifier::TestIdentifier;
use crate::seal::keys::KeyRing;
use crate::value::app_client::AppClient;
use crate::value::code_length::CodeLength;
use crate::value::identifier::{Identifier, IdentifierError, PhoneRules};
use crate::value::slot::Slot;
use crate::value::time::Timestamp;

/// The time after the end of a flow in which the right answer still passes, so that Cognito's retry
/// of a slow trigger signs in.
pub const REPLAY_GRACE: Duration = Duration::from_secs(15);
/// The maximum lifetime of a device token that the settings permit, in days.
pub const DEVICE_DAYS_MAX: u64 = 400;

/// The guesses at the code of a slot, for each second of the slot. Cognito takes 360 answers a second
/// of a whole AWS account by default, so no attacker spends them.
pub(crate) const SLOT_GUESSES_PER_SECOND: u32 = 2_000;

/// The settings of a deployment. Configuration enforces the bounds that are named here.
#[derive(Clone, Debug)]
pub struct Policy {
    /// The app clients whose sessions are served. Other clients of the pool can also reach the
    /// triggers, because custom authentication is on by default.
    pub clients: Vec<String>,
    /// The number of digits of a code: 6 to 10.
    pub code_length: CodeLength,
    /// The number of digits of a code under attack: `code_length` to 10.
    pub long_code_length: CodeLength,
    /// The maximum number of distinct answers to a code, the right one included: 1 to 5.
    pub attempts: u8,
    /// The lifetime of a code: 60 to 600 s (NIST SP 800-63B: at most 10 minutes).
    pub code_life: Duration,
    /// The time between a message and the next one: 15 to 300 s.
    pub resend_after: Duration,
    /// The length of a slot: 300 to 3600 s. Zero, which no setting permits, disables slot mode.
    pub slot: Duration,
    /// The maximum number of resends: 0 to 5.
    pub resends: u8,
    /// The lifetime of a ticket: 15 to 300 s.
    pub ticket_life: Duration,
    /// The lifetime of a proof: 30 to 600 s.
    pub proof_life: Duration,
    /// The lifetime of a pending contact: 600 to 86400 s.
    pub pending_life: Duration,
    /// The time in which the change of a verified contact can be undone, and in which no contact of
    /// the account can be changed: 0 to 168 h. Zero turns both off.
    pub undo_life: Duration,
    /// The maximum age of a sign-in that may add or change a contact: 60 to 86400 s.
    pub fresh_for: Duration,
    /// The lifetime of a device token: 1 to [`DEVICE_DAYS_MAX`] days.
    pub device_life: Duration,
    /// The time without use after which a browser session ends: 5 minutes to 400 days.
    pub session_idle: Duration,
    /// The time after which a browser session ends, used or not: 1 hour to 400 days, the longest
    /// time that browsers keep a cookie.
    pub session_life: Duration,
    /// The rule for new accounts.
    pub admission: Admission,
    /// The group of the pool whose members may invite; `None` if no user may.
    pub inviters: Option<String>,
    /// The groups that such a user may give with an invitation.
    pub inviters_may_give: BTreeSet<String>,
    /// The attributes that such a user may set with an invitation.
    pub inviters_may_set: BTreeSet<String>,
    /// True if events are published.
    pub events: bool,
    /// True if the contacts are the pool's usernames (`UsernameAttributes`): they sign in unverified,
    /// no two accounts have the same, and the pool makes the username of an account itself.
    pub contacts_are_usernames: bool,
    /// The treatment of accounts that have the contact of a new account.
    pub other_holders: OtherHolders,
    /// The rate limits.
    pub budgets: Budgets,
    /// Enables mail. `budgets.sms.countries` enables SMS.
    pub mail: bool,
    /// The phone numbers that are accepted, and the kinds of numbers that receive codes.
    pub phones: PhoneRules,
    /// Identifiers with a fixed code, to which nothing is sent.
    pub test_identifiers: Vec<TestIdentifier>,
    /// The look of the deployment's messages.
    pub branding: Branding,
    /// The settings of app clients that have their own, by the client's id.
    pub of_clients: BTreeMap<String, ClientPolicy>,
}

impl Policy {
    /// Returns the defaults, for these clients.
    pub fn for_clients(clients: Vec<String>) -> Self {
        Self {
            clients,
            code_length: CodeLength::DEFAULT,
            long_code_length: CodeLength::LONG,
            attempts: 3,
            code_life: Duration::from_secs(300),
            resend_after: Duration::from_secs(30),
            slot: Duration::from_secs(600),
            resends: 2,
            ticket_life: Duration::from_secs(60),
            proof_life: Duration::from_secs(180),
            pending_life: Duration::from_secs(3600),
            undo_life: Duration::from_secs(72 * 3600),
            fresh_for: Duration::from_secs(600),
            device_life: Duration::from_secs(180 * 24 * 3600),
            session_idle: Duration::from_secs(7 * 24 * 3600),
            session_life: Duration::from_secs(30 * 24 * 3600),
            admission: Admission::default(),
            inviters: None,
            inviters_may_give: BTreeSet::new(),
            inviters_may_set: BTreeSet::new(),
            events: false,
            contacts_are_usernames: false,
            other_holders: OtherHolders::Ignore,
            budgets: Budgets::default(),
            mail: true,
            phones: PhoneRules::default(),
            test_identifiers: Vec::new(),
            branding: Branding::default(),
            of_clients: BTreeMap::new(),
        }
    }

    /// Returns whether sessions of this client are served.
    pub fn serves(&self, app_client: &AppClient) -> bool {
        self.clients
            .iter()
            .any(|client| client == app_client.client())
    }

    /// Returns the slot that contains `at`.
    pub(crate) fn slot_at(&self, at: Timestamp) -> Slot {
        Slot::at(at, self.slot)
    }

    /// The limit of guesses at the code of one slot.
    pub(crate) fn guesses_per_slot(&self) -> u32 {
        let seconds = u32::try_from(self.slot.as_secs()).unwrap_or(u32::MAX);
        SLOT_GUESSES_PER_SECOND.saturating_mul(seconds)
    }

    /// Returns whether the identifier has a fixed code at that time.
    pub(crate) fn is_test(&self, identifier: &Identifier, at: Timestamp) -> bool {
        self.test_identifiers
            .iter()
            .any(|test| test.identifier == *identifier && at < test.ends)
    }

    /// Returns whether a contact may get a notice of a change. A test identifier gets none, and
    /// neither does a contact that could get no code.
    pub(crate) fn may_get_notice(&self, contact: &Identifier, at: Timestamp) -> bool {
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

    /// The maximum number of rounds of a session: every attempt, every resend, and ten that a fault
    /// may repeat.
    pub(crate) fn max_rounds(&self) -> usize {
        usize::from(self.attempts) + usize::from(self.resends) + 10
    }
}

impl ClientPolicy {
    /// Returns the settings of a client that sets nothing.
    pub fn of(policy: &Policy) -> Self {
        Self {
            branding: policy.branding.clone(),
            admission: policy.admission.clone(),
            mail: true,
            sms: true,
        }
    }
}

impl Policy {
    fn own(&self, app_client: &AppClient) -> Option<&ClientPolicy> {
        self.of_clients.get(app_client.client())
    }

    /// Returns the look of a client's messages.
    pub fn branding_of(&self, app_client: &AppClient) -> &Branding {
        let own = self.own(app_client);
        own.map_or(&self.branding, |own| &own.branding)
    }

    /// Returns a client's rule for new accounts.
    pub fn admission_of(&self, app_client: &AppClient) -> &Admission {
        let own = self.own(app_client);
        own.map_or(&self.admission, |own| &own.admission)
    }

    /// Returns the rules for new accounts: the deployment's, and those that clients have instead.
    pub fn admissions(&self) -> impl Iterator<Item = &Admission> {
        let own = self.of_clients.values().map(|own| &own.admission);
        std::iter::once(&self.admission).chain(own)
    }

    /// Succeeds if a client takes identifiers of this method. Whether the deployment sends to it is
    /// another question.
    ///
    /// # Errors
    /// As if the deployment sent nothing by the method.
    pub fn check_method(
        &self,
        app_client: &AppClient,
        identifier: &Identifier,
    ) -> Result<(), IdentifierError> {
        let Some(own) = self.own(app_client) else {
            return Ok(());
        };
        match identifier {
            Identifier::Email(_) if !own.mail => Err(IdentifierError::NoMail),
            Identifier::PhoneNumber(_) if !own.sms => Err(IdentifierError::NoSms),
            _ => Ok(()),
        }
    }

    /// Returns the served client that a request names; without a name the first one.
    pub fn client_named<'a>(&'a self, named: Option<&'a str>) -> Option<&'a str> {
        let mut clients = self.clients.iter().map(String::as_str);
        match named {
            None => clients.next(),
            Some(named) => clients.find(|client| *client == named),
        }
    }
}

/// The settings and keys of a deployment.
#[derive(Clone, Debug)]
pub struct Deployment {
    /// The settings.
    pub policy: Policy,
    /// The keys.
    pub keys: KeyRing,
}
