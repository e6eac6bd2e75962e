//! Budgets: limits that are counted.
//!
//! A code is charged before it is asked for, with its full number of attempts, to whoever it is
//! for and to the deployment. Nothing about an account is known then, so a refusal cannot tell
//! anything of one. What is charged stays charged when a send fails.
//!
//! Some charges are *forgivable*: a success forgives what its own flow was charged and no other,
//! so that they count the codes that nobody proved. Where such a budget is spent nobody is
//! refused; the code is longer. So an attacker who never stops meets a smaller chance at every
//! guess, and cannot shut the door by guessing.
//!
//! A known device ([`Bearer::Device`]) draws on budgets of its own throughout.
//!
//! Where a captcha is on, a person who solves it goes on where a source or the deployment is over a
//! budget, up to a further limit. It lifts no limit of an identifier, and none that the odds count.

use std::collections::BTreeMap;
use std::fmt;
use std::net::{IpAddr, Ipv6Addr};

use futures_util::future::join3;

use crate::account::Sub;
use crate::code::CodeLength;
use crate::identifier::{Country, Identifier, IdentifierError, PhoneNumber};
use crate::keys::KeyRing;
use crate::label::Label;
use crate::policy::{Deployment, Policy};
use crate::ports::{Captcha, Charged, Fault, Store, Window};
use crate::secret::Secret;
use crate::sign_in::SignInError;
use crate::time::Timestamp;

const MINUTE: u64 = 60;
const HOUR: u64 = 60 * MINUTE;
const DAY: u64 = 24 * HOUR;
/// What "a month" means here: windows begin at whole numbers of it.
pub(crate) const MONTH: u64 = 30 * DAY;

/// The numbers of a deployment.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Budgets {
    /// What one identifier may be sent, whoever asks.
    pub identifier: IdentifierBudget,
    /// What one identifier may be sent besides, to devices that it signed in on.
    pub device: IdentifierBudget,
    /// For how many new contacts one account may ask for a code in a day.
    pub contacts_per_day: u32,
    /// What all identifiers together may be sent in a day.
    pub deployment: DeploymentBudget,
    /// What one address of the network may ask for.
    pub source: SourceBudget,
    /// What SMS may cost, and where they may go.
    pub sms: SmsBudget,
}

impl Default for Budgets {
    /// The defaults, with SMS to nowhere.
    fn default() -> Self {
        let identifier = IdentifierBudget {
            per_minute: 2,
            per_hour: 5,
            per_day: 10,
            short_per_month: 3,
        };
        Self {
            identifier,
            device: IdentifierBudget {
                per_day: 6,
                short_per_month: 1,
                ..identifier
            },
            contacts_per_day: 10,
            deployment: DeploymentBudget {
                short_per_day: 40,
                long_per_day: 3_000,
                per_day: 100_000,
            },
            source: SourceBudget {
                per_minute: 20,
                per_hour: 200,
                solved_per_hour: 1_000,
            },
            sms: SmsBudget {
                countries: Countries::Only(BTreeMap::new()),
                unproved_per_prefix: 30,
                unproved_per_country: 200,
                spend_per_day: Price(50 * 100_000),
            },
        }
    }
}

/// Codes for one identifier, known or not. Windows are aligned to the clock, so up to twice a
/// window's codes may fall around its edge.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct IdentifierBudget {
    /// In each minute: 1 to 1000.
    pub per_minute: u32,
    /// In each hour: 1 to 10000.
    pub per_hour: u32,
    /// In each day: 1 to 100000.
    pub per_day: u32,
    /// Short codes that nobody proved, in each 30 days: 0 to 100000. Further ones are long.
    pub short_per_month: u32,
}

/// Codes for all identifiers together in a day. Those of known devices are not counted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct DeploymentBudget {
    /// Short codes that nobody proved. Further ones are long.
    pub short_per_day: u32,
    /// Long codes that nobody proved. Further ones have ten digits.
    pub long_per_day: u32,
    /// Codes of any length, proved or not. Further ones are refused.
    pub per_day: u32,
}

/// Codes for one source, if sources are told apart at all.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SourceBudget {
    /// In each minute.
    pub per_minute: u32,
    /// In each hour.
    pub per_hour: u32,
    /// Beyond these, in each hour, where a captcha is on and was solved for each.
    pub solved_per_hour: u32,
}

/// SMS: their countries, their breaker and their price. A known device has budgets of the same
/// size besides.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SmsBudget {
    /// Where SMS are sent.
    pub countries: Countries,
    /// Codes in each hour to numbers that begin with the same country and four digits, and that
    /// nobody proved. Further ones are refused.
    pub unproved_per_prefix: u32,
    /// The same to one country.
    pub unproved_per_country: u32,
    /// What SMS may cost in a day, resends included.
    pub spend_per_day: Price,
}

/// Where SMS are sent.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Countries {
    /// Everywhere, for nothing: where nothing is really sent.
    All,
    /// To these countries, at these prices.
    Only(BTreeMap<Country, Price>),
}

impl Countries {
    /// Whether SMS are sent nowhere.
    pub fn is_empty(&self) -> bool {
        matches!(self, Self::Only(countries) if countries.is_empty())
    }
}

/// What an SMS costs, in hundred-thousandths of the currency that the deployment counts in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Price(u32);

impl Price {
    /// Reads a number with up to five decimals, up to 10000.
    pub fn parse(text: &str) -> Option<Self> {
        let (whole, decimals) = text.split_once('.').unwrap_or((text, ""));
        let digits = |text: &str| text.bytes().all(|b| b.is_ascii_digit());
        if whole.is_empty() || decimals.len() > 5 || !digits(whole) || !digits(decimals) {
            return None;
        }
        let whole: u32 = whole.parse().ok().filter(|whole| *whole <= 10_000)?;
        let decimals: u32 = format!("{decimals:0<5}").parse().ok()?;
        Some(Self(whole * 100_000 + decimals))
    }
}

impl Policy {
    /// What an identifier's messages may cost, or that none is sent there.
    pub(crate) fn price(&self, identifier: &Identifier) -> Result<Option<u32>, IdentifierError> {
        let number = match identifier {
            Identifier::Email(_) if self.mail => return Ok(None),
            Identifier::Email(_) => return Err(IdentifierError::NoMail),
            Identifier::PhoneNumber(number) => number,
        };
        match &self.budgets.sms.countries {
            Countries::All => Ok(None),
            nowhere if nowhere.is_empty() => Err(IdentifierError::NoSms),
            Countries::Only(prices) => {
                let price = number.country().and_then(|country| prices.get(&country));
                let Price(price) = price.ok_or(IdentifierError::Country)?;
                // Like attempts: all the sends that a code may have.
                Ok(Some(price.saturating_mul(u32::from(self.resends) + 1)))
            }
        }
    }
}

/// A budget that refuses. Private: a caller is told when to come back, a log which it was.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Budget {
    /// The identifier's.
    Identifier,
    /// The identifier's for known devices.
    Device,
    /// The one of a signed-in account for new contacts.
    Account,
    /// The source's.
    Source,
    /// The breaker of numbers that begin alike.
    Prefix,
    /// The breaker of a country.
    Country,
    /// What SMS may cost.
    Spend,
    /// All codes of the deployment.
    Deployment,
}

impl Budget {
    /// Whether it is a breaker or price of SMS, which is charged only for countries that are served.
    pub const fn is_of_a_country(self) -> bool {
        matches!(self, Self::Prefix | Self::Country | Self::Spend)
    }

    /// The word for logs and metrics.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Identifier => "identifier",
            Self::Device => "device",
            Self::Account => "account",
            Self::Source => "source",
            Self::Prefix => "prefix",
            Self::Country => "country",
            Self::Spend => "spend",
            Self::Deployment => "deployment",
        }
    }
}

/// Whose budgets a code is charged to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Bearer {
    /// Anybody.
    Stranger,
    /// A device that the identifier signed in on, which no stranger can speak for.
    Device,
}

impl Bearer {
    const fn as_str(self) -> &'static str {
        match self {
            Self::Stranger => "stranger",
            Self::Device => "device",
        }
    }
}

/// Where in the network a request comes from: an IPv4 address, or the /64 of an IPv6 address,
/// which is what one subscriber has. Redacted in `Debug`.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Source(IpAddr);

impl Source {
    /// The source of an address.
    pub fn new(address: IpAddr) -> Self {
        Self(match address.to_canonical() {
            IpAddr::V4(address) => IpAddr::V4(address),
            IpAddr::V6(address) => IpAddr::V6(Ipv6Addr::from_bits(address.to_bits() >> 64 << 64)),
        })
    }

    /// The bytes that stand for it.
    pub(crate) fn to_bytes(self) -> [u8; 16] {
        match self.0 {
            IpAddr::V4(address) => address.to_ipv6_mapped().octets(),
            IpAddr::V6(address) => address.octets(),
        }
    }
}

impl fmt::Debug for Source {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Source(…)")
    }
}

/// What a code was charged, and therefore how long it is. Travels in the ticket and stays in the
/// flow row, so that a success forgives this and nothing else.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Charge {
    /// Digits of the code.
    pub code_length: CodeLength,
    at: Timestamp,
    bearer: Bearer,
    identifier: bool,
    deployment: Option<Tier>,
    destination: Option<Destination>,
}

/// Where an SMS goes, as far as its breakers ask. Kept with the charge: to look it up again would
/// take Define's cold start longer than all the rest of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Destination {
    country: Option<Country>,
    /// How many of the number's digits are its prefix.
    digits: u8,
}

impl Destination {
    fn of(number: &PhoneNumber) -> Self {
        Self {
            country: number.country(),
            // Invariant: a number has 15 digits at most.
            digits: u8::try_from(number.prefix().len()).unwrap_or(u8::MAX),
        }
    }

    fn counter(self, bearer: Bearer, at: Timestamp) -> Counter {
        let (hour, ends) = window_at(at, HOUR);
        Counter {
            label: destination_label(bearer, self.country, hour),
            ends,
        }
    }

    /// The windows of a number's prefix and of its country in the counter.
    fn windows(self, number: &PhoneNumber) -> [String; 2] {
        let digits = number.as_str().trim_start_matches('+');
        let prefix = digits.get(..usize::from(self.digits)).unwrap_or(digits);
        [format!("p{prefix}"), "all".to_owned()]
    }

    const NONE: [u8; 3] = [0; 3];

    const fn to_bytes(self) -> [u8; 3] {
        let [first, second] = match self.country {
            Some(country) => country.letters(),
            None => [0; 2],
        };
        [first, second, self.digits]
    }

    fn from_bytes([first, second, digits]: [u8; 3]) -> Option<Self> {
        let country = match [first, second] {
            [0, 0] => None,
            letters => Some(Country::stored(letters)?),
        };
        (digits > 0).then_some(Self { country, digits })
    }
}

/// A forgivable budget of the deployment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Tier {
    Short,
    Long,
}

impl Tier {
    const fn as_str(self) -> &'static str {
        match self {
            Self::Short => "short",
            Self::Long => "long",
        }
    }
}

impl Charge {
    /// The length of what [`Charge::to_bytes`] writes.
    pub const BYTES: usize = 13;

    /// Nothing charged, nothing to forgive: of a flow that sends nothing.
    pub const fn free(code_length: CodeLength) -> Self {
        Self {
            code_length,
            at: Timestamp::from_millis(0),
            bearer: Bearer::Stranger,
            identifier: false,
            deployment: None,
            destination: None,
        }
    }

    /// For a ticket to carry and a store to keep.
    pub fn to_bytes(self) -> [u8; Self::BYTES] {
        let flags = u8::from(self.bearer == Bearer::Device)
            | u8::from(self.identifier) << 1
            | u8::from(self.deployment == Some(Tier::Short)) << 2
            | u8::from(self.deployment == Some(Tier::Long)) << 3;
        let mut bytes = [0; Self::BYTES];
        bytes[..2].copy_from_slice(&[self.code_length.digits(), flags]);
        bytes[2..10].copy_from_slice(&self.at.as_millis().to_be_bytes());
        let destination = self.destination.map(Destination::to_bytes);
        bytes[10..].copy_from_slice(&destination.unwrap_or(Destination::NONE));
        bytes
    }

    /// The inverse of [`Charge::to_bytes`].
    pub fn from_bytes(bytes: &[u8; Self::BYTES]) -> Option<Self> {
        let &[digits, flags, ref rest @ ..] = bytes;
        let (at, destination) = rest.split_first_chunk()?;
        let destination = destination.try_into().ok()?;
        let has = |bit: u8| flags >> bit & 1 == 1;
        Some(Self {
            code_length: CodeLength::new(digits)?,
            at: Timestamp::from_millis(u64::from_be_bytes(*at)),
            bearer: if has(0) {
                Bearer::Device
            } else {
                Bearer::Stranger
            },
            identifier: has(1),
            deployment: match (has(2), has(3)) {
                (true, false) => Some(Tier::Short),
                (false, true) => Some(Tier::Long),
                (false, false) => None,
                (true, true) => return None,
            },
            destination: match destination {
                Destination::NONE => None,
                bytes => Some(Destination::from_bytes(bytes)?),
            },
        })
        .filter(|_| flags >> 4 == 0)
    }
}

/// A counter's item and the windows in it: each item is charged by one conditional write, and dies
/// with the largest of its windows.
struct Counter {
    label: Label,
    ends: Timestamp,
}

/// A window that refuses, who then refuses, and until when.
struct Limit {
    window: Window,
    budget: Budget,
    ends: Timestamp,
}

/// The time window of this length that `at` is in: its number, and its end.
fn window_at(at: Timestamp, length: u64) -> (u64, Timestamp) {
    let number = at.as_secs() / length;
    (number, Timestamp::from_secs((number + 1) * length))
}

fn one(name: impl Into<String>, limit: u32) -> Window {
    Window {
        name: name.into(),
        amount: 1,
        limit,
    }
}

fn limit(kind: char, length: u64, limit: u32, budget: Budget, at: Timestamp) -> Limit {
    let (number, ends) = window_at(at, length);
    Limit {
        window: one(format!("{kind}{number}"), limit),
        budget,
        ends,
    }
}

fn of_identifier(
    keys: &KeyRing,
    bearer: Bearer,
    identifier: &Identifier,
    at: Timestamp,
) -> Counter {
    let (number, ends) = window_at(at, MONTH);
    Counter {
        label: Label::of_budget(keys, bearer.as_str(), identifier, number),
        ends,
    }
}

/// Without a key: there is nothing personal about it, and an operator can name it.
fn of_deployment(bearer: Bearer, at: Timestamp) -> Counter {
    let (number, ends) = window_at(at, DAY);
    Counter {
        label: deployment_label(bearer, number),
        ends,
    }
}

fn deployment_label(bearer: Bearer, day: u64) -> Label {
    Label::of_public(
        "deployment",
        &[bearer.as_str().as_bytes(), &day.to_be_bytes()],
    )
}

fn destination_label(bearer: Bearer, country: Option<Country>, hour: u64) -> Label {
    let country = country.as_ref().map_or("", Country::as_str);
    let fields = [
        bearer.as_str().as_bytes(),
        country.as_bytes(),
        &hour.to_be_bytes(),
    ];
    Label::of_public("destination", &fields)
}

/// What an operator may reset: the labels of the counters that hold the deployment's budgets and
/// SMS spend of this day, and those of a country's breakers in this hour, for strangers and
/// devices.
pub fn resettable(country: Option<Country>, now: Timestamp) -> Vec<(&'static str, Label)> {
    [Bearer::Stranger, Bearer::Device]
        .into_iter()
        .map(|bearer| {
            let label = match country {
                None => deployment_label(bearer, window_at(now, DAY).0),
                Some(_) => destination_label(bearer, country, window_at(now, HOUR).0),
            };
            (bearer.as_str(), label)
        })
        .collect()
}

/// Where a captcha is on: what checks it, and what the request brings.
#[derive(Debug)]
pub(crate) struct Gate<'a, P> {
    pub(crate) port: &'a P,
    pub(crate) answer: Option<&'a Secret>,
}

/// Charges codes.
pub(crate) struct Till<'a, S, P> {
    pub(crate) deployment: &'a Deployment,
    pub(crate) store: &'a S,
    pub(crate) now: Timestamp,
    pub(crate) gate: Option<Gate<'a, P>>,
}

/// Windows that one request charged, each by one.
struct Receipt {
    counter: Label,
    windows: Vec<String>,
}

impl Receipt {
    fn of(counter: &Counter, limits: &[Limit], more: Option<&str>) -> Self {
        let windows = limits.iter().map(|limit| limit.window.name.clone());
        Self {
            counter: counter.label,
            windows: windows.chain(more.map(str::to_owned)).collect(),
        }
    }
}

/// What the source was charged, and whether a captcha was solved for it.
#[derive(Default)]
struct Entry {
    receipt: Option<Receipt>,
    solved: bool,
}

impl<S: Store, P: Captcha> Till<'_, S, P> {
    /// Charges one code for the identifier, before anything else is known about it. A refusal
    /// looks the same whether or not anybody has the identifier.
    ///
    /// The source comes first, so that one that is refused cannot spend anybody's budget; then the
    /// identifier, so that asking again and again for one cannot trip what others share.
    pub(crate) async fn charge(
        &self,
        identifier: &Identifier,
        bearer: Bearer,
        source: Option<Source>,
    ) -> Result<Charge, SignInError> {
        let price = self.deployment.policy.price(identifier)?;
        let entry = match source.filter(|_| bearer == Bearer::Stranger) {
            Some(source) => self.charge_source(source).await?,
            None => Entry::default(),
        };
        let (short, of_identifier) = self.charge_identifier(identifier, bearer).await?;
        let (destination, of_destination) = match identifier {
            Identifier::Email(_) => (None, None),
            Identifier::PhoneNumber(number) => {
                let destination = Destination::of(number);
                let receipt = self.charge_destination(number, destination, bearer).await?;
                (Some(destination), Some(receipt))
            }
        };
        let charged = [Some(of_identifier), of_destination];
        let tier = self
            .charge_deployment(bearer, price, entry, charged.into_iter().flatten())
            .await?;
        let policy = &self.deployment.policy;
        Ok(Charge {
            code_length: match (short, bearer, tier) {
                // A code that is fixed cannot become longer.
                _ if policy.is_test(identifier, self.now) => policy.long_code_length,
                (_, Bearer::Stranger, None) => CodeLength::LONGEST,
                (false, _, _) | (_, _, Some(Tier::Long)) => policy.long_code_length,
                (true, _, _) => policy.code_length,
            },
            at: self.now,
            bearer,
            identifier: short,
            deployment: tier,
            destination,
        })
    }

    /// Charges an account for a contact that it asks to add: without this, who is signed in once
    /// could have codes sent to everybody.
    pub(crate) async fn charge_account(&self, sub: &Sub) -> Result<(), SignInError> {
        let Deployment { policy, keys } = self.deployment;
        let (day, ends) = window_at(self.now, DAY);
        let counter = Counter {
            label: Label::of_account(keys, sub, day),
            ends,
        };
        let most = policy.budgets.contacts_per_day;
        self.charge_limits(
            &counter,
            &[limit('d', DAY, most, Budget::Account, self.now)],
        )
        .await
    }

    /// Charges the source. One that is over its budget goes on by a captcha, up to a further limit,
    /// which is charged before the answer is checked: so it bounds the checks as well.
    async fn charge_source(&self, source: Source) -> Result<Entry, SignInError> {
        let budget = self.deployment.policy.budgets.source;
        let (hour, ends) = window_at(self.now, HOUR);
        let counter = Counter {
            label: Label::of_source(&self.deployment.keys, source, hour),
            ends,
        };
        let limits = [
            limit('m', MINUTE, budget.per_minute, Budget::Source, self.now),
            limit('h', HOUR, budget.per_hour, Budget::Source, self.now),
        ];
        match (self.charge_limits(&counter, &limits).await, &self.gate) {
            (Err(SignInError::TooManyRequests { .. }), Some(gate)) => {
                let solved = [limit(
                    'c',
                    HOUR,
                    budget.solved_per_hour,
                    Budget::Source,
                    self.now,
                )];
                let answer = gate.answer(Budget::Source)?;
                self.charge_limits(&counter, &solved).await?;
                gate.check(answer, Budget::Source).await?;
                Ok(Entry {
                    receipt: Some(Receipt::of(&counter, &solved, None)),
                    solved: true,
                })
            }
            (charged, _) => {
                charged?;
                Ok(Entry {
                    receipt: Some(Receipt::of(&counter, &limits, None)),
                    solved: false,
                })
            }
        }
    }

    /// Whether a short code was left.
    async fn charge_identifier(
        &self,
        identifier: &Identifier,
        bearer: Bearer,
    ) -> Result<(bool, Receipt), SignInError> {
        let Deployment { policy, keys } = self.deployment;
        let (numbers, budget) = match bearer {
            Bearer::Stranger => (&policy.budgets.identifier, Budget::Identifier),
            Bearer::Device => (&policy.budgets.device, Budget::Device),
        };
        let counter = of_identifier(keys, bearer, identifier, self.now);
        let limits = [
            limit('m', MINUTE, numbers.per_minute, budget, self.now),
            limit('h', HOUR, numbers.per_hour, budget, self.now),
            limit('d', DAY, numbers.per_day, budget, self.now),
        ];
        let tier = Tier::Short.as_str();
        let short = one(tier, numbers.short_per_month);
        let has_short = self
            .charge_tier(&counter, [short], &limits)
            .await?
            .is_some();
        if !has_short {
            self.charge_limits(&counter, &limits).await?;
        }
        let receipt = Receipt::of(&counter, &limits, has_short.then_some(tier));
        Ok((has_short, receipt))
    }

    async fn charge_destination(
        &self,
        number: &PhoneNumber,
        destination: Destination,
        bearer: Bearer,
    ) -> Result<Receipt, SignInError> {
        let sms = &self.deployment.policy.budgets.sms;
        let counter = destination.counter(bearer, self.now);
        let [prefix, country] = destination.windows(number);
        let limits = [
            Limit {
                window: one(prefix, sms.unproved_per_prefix),
                budget: Budget::Prefix,
                ends: counter.ends,
            },
            Limit {
                window: one(country, sms.unproved_per_country),
                budget: Budget::Country,
                ends: counter.ends,
            },
        ];
        self.charge_limits(&counter, &limits).await?;
        Ok(Receipt::of(&counter, &limits, None))
    }

    /// Which of the forgivable budgets had room. A known device is not charged to any, so that
    /// nobody else can spend what it needs; what its SMS cost is counted by itself.
    ///
    /// Where none has room and a captcha is on, it must be solved; the limits hold all the same. A
    /// request that is sent back to solve it gets back what it was charged.
    async fn charge_deployment(
        &self,
        bearer: Bearer,
        price: Option<u32>,
        entry: Entry,
        charged: impl Iterator<Item = Receipt>,
    ) -> Result<Option<Tier>, SignInError> {
        let budgets = &self.deployment.policy.budgets;
        let numbers = budgets.deployment;
        let counter = of_deployment(bearer, self.now);
        let mut limits = Vec::new();
        if bearer == Bearer::Stranger {
            limits.push(Limit {
                window: one("all", numbers.per_day),
                budget: Budget::Deployment,
                ends: counter.ends,
            });
        }
        if let Some(amount) = price {
            let Price(limit) = budgets.sms.spend_per_day;
            limits.push(Limit {
                window: Window {
                    name: "spend".to_owned(),
                    amount,
                    limit,
                },
                budget: Budget::Spend,
                ends: counter.ends,
            });
        }
        if limits.is_empty() {
            return Ok(None);
        }
        if bearer == Bearer::Device {
            self.charge_limits(&counter, &limits).await?;
            return Ok(None);
        }
        let tiers = [
            one(Tier::Short.as_str(), numbers.short_per_day),
            one(Tier::Long.as_str(), numbers.long_per_day),
        ];
        if let Some(tier) = self.charge_tier(&counter, tiers, &limits).await? {
            return Ok([Tier::Short, Tier::Long].get(tier).copied());
        }
        if let Some(gate) = self.gate.as_ref().filter(|_| !entry.solved) {
            let answer = gate.answer(Budget::Deployment);
            // Whoever brings an answer, right or wrong, has it counted to their source.
            let of_source = entry.receipt.filter(|_| answer.is_err());
            let solved = match answer {
                Ok(answer) => gate.check(answer, Budget::Deployment).await,
                Err(error) => Err(error),
            };
            if solved.is_err() {
                self.give_back(charged.chain(of_source)).await;
            }
            solved?;
        }
        self.charge_limits(&counter, &limits).await?;
        Ok(None)
    }

    /// Takes back what a request was charged for which no code was made. One that is lost leaves a
    /// budget a little smaller.
    async fn give_back(&self, receipts: impl Iterator<Item = Receipt>) {
        for Receipt { counter, windows } in receipts {
            let _ = self.store.forgive(counter, &windows).await;
        }
    }

    /// Charges all limits, and with them the first of the tiers that has room: its number, or none
    /// if none has, and then nothing is charged.
    async fn charge_tier<const N: usize>(
        &self,
        counter: &Counter,
        tiers: [Window; N],
        limits: &[Limit],
    ) -> Result<Option<usize>, SignInError> {
        for (number, tier) in tiers.into_iter().enumerate() {
            if tier.limit < tier.amount {
                continue;
            }
            let limited = limits.iter().map(|limit| limit.window.clone());
            let windows: Vec<_> = std::iter::once(tier).chain(limited).collect();
            match self.charge_windows(counter, &windows).await? {
                Charged::Yes => return Ok(Some(number)),
                Charged::Refused { window: 0 } => {}
                Charged::Refused { window } => return Err(self.refused(&limits[window - 1])),
            }
        }
        Ok(None)
    }

    /// Charges all limits.
    async fn charge_limits(&self, counter: &Counter, limits: &[Limit]) -> Result<(), SignInError> {
        let windows: Vec<_> = limits.iter().map(|limit| limit.window.clone()).collect();
        match self.charge_windows(counter, &windows).await? {
            Charged::Yes => Ok(()),
            Charged::Refused { window } => Err(self.refused(&limits[window])),
        }
    }

    async fn charge_windows(
        &self,
        counter: &Counter,
        windows: &[Window],
    ) -> Result<Charged, Fault> {
        self.store
            .charge(counter.label, windows, counter.ends)
            .await
    }

    fn refused(&self, limit: &Limit) -> SignInError {
        SignInError::TooManyRequests {
            retry_after: self.now.secs_until(limit.ends),
            budget: limit.budget,
        }
    }
}

impl<'a, P: Captcha> Gate<'a, P> {
    /// What the request brings, or that it must bring something.
    fn answer(&self, budget: Budget) -> Result<&'a Secret, SignInError> {
        self.answer.ok_or(SignInError::CaptchaRequired { budget })
    }

    /// Once a request: what was found out serves no other.
    async fn check(&self, answer: &Secret, budget: Budget) -> Result<(), SignInError> {
        if self.port.is_answered(answer).await? {
            Ok(())
        } else {
            Err(SignInError::CaptchaRequired { budget })
        }
    }
}

/// Forgives what this flow was charged, when its code was proved. Called once, by whoever moved
/// the flow to finished. One that is lost leaves a budget a little smaller; none is repeated.
pub(crate) async fn forgive(
    keys: &KeyRing,
    store: &impl Store,
    contact: &Identifier,
    charge: Charge,
) {
    let of_counter = async |counter: Counter, windows: Vec<String>| -> Result<(), Fault> {
        if windows.is_empty() {
            return Ok(());
        }
        store.forgive(counter.label, &windows).await
    };
    let Charge { at, bearer, .. } = charge;
    let identifier = charge.identifier.then(|| Tier::Short.as_str().to_owned());
    let deployment = charge.deployment.map(|tier| tier.as_str().to_owned());
    let destination = async {
        match (contact, charge.destination) {
            (Identifier::PhoneNumber(number), Some(destination)) => {
                let windows = destination.windows(number).to_vec();
                of_counter(destination.counter(bearer, at), windows).await
            }
            _ => Ok(()),
        }
    };
    // At once: a person waits for their tokens.
    let _ = join3(
        of_counter(
            of_identifier(keys, bearer, contact, at),
            identifier.into_iter().collect(),
        ),
        of_counter(of_deployment(bearer, at), deployment.into_iter().collect()),
        destination,
    )
    .await;
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_charge_reads_as_it_was_written_and_nothing_else_reads() {
        let at = Timestamp::from_millis(1_800_000_000_123);
        for digits in CodeLength::MIN..=CodeLength::MAX {
            for bearer in [Bearer::Stranger, Bearer::Device] {
                for deployment in [None, Some(Tier::Short), Some(Tier::Long)] {
                    let germany = Destination {
                        country: Country::parse("DE"),
                        digits: 6,
                    };
                    let somewhere = Destination {
                        country: None,
                        ..germany
                    };
                    for (identifier, destination) in [
                        (false, Some(germany)),
                        (false, Some(somewhere)),
                        (true, None),
                    ] {
                        let charge = Charge {
                            code_length: CodeLength::new(digits).unwrap(),
                            at,
                            bearer,
                            identifier,
                            deployment,
                            destination,
                        };
                        assert_eq!(Charge::from_bytes(&charge.to_bytes()), Some(charge));
                    }
                }
            }
        }
        for (digits, flags, destination) in [
            (5, 0, [0; 3]),
            (11, 0, [0; 3]),
            (6, 0b1100, [0; 3]),
            (6, 0b1_0000, [0; 3]),
            (6, 0, *b"DE\0"),
            (6, 0, *b"de\x06"),
            (6, 0, *b"D\0\x06"),
        ] {
            let mut bytes = [0; Charge::BYTES];
            bytes[..2].copy_from_slice(&[digits, flags]);
            bytes[10..].copy_from_slice(&destination);
            assert_eq!(Charge::from_bytes(&bytes), None, "{bytes:?}");
        }
    }

    #[test]
    fn a_price_has_up_to_five_decimals() {
        for (text, price) in [
            ("0", Some(0)),
            ("0.00645", Some(645)),
            ("0.1", Some(10_000)),
            ("10000", Some(1_000_000_000)),
            ("10001", None),
            ("0.000001", None),
            (".5", None),
            ("+1", None),
            ("-1", None),
            ("1e3", None),
            ("", None),
        ] {
            assert_eq!(Price::parse(text), price.map(Price), "{text:?}");
        }
    }
}
