//! 10,000 sign-ins in one second of virtual time: the requests that each counter's item gets, in
//! `DynamoDB`'s units.
//!
//! The other items belong to one flow, ticket, mailbox or number, and get at most the requests of a
//! few sign-ins.

use std::collections::{BTreeMap, BTreeSet};

use latchstring_core::code::CodeLength;
use latchstring_core::identifier::{Country, Identifier, Method};
use latchstring_core::odds::Odds;
use latchstring_core::policy::Policy;
use latchstring_core::pseudonym::Pseudonym;
use latchstring_core::rate_limit::{Countries, Price};
use latchstring_testkit::Load;

use crate::harness::{Pool, Session, World, now};
use crate::sign_in::{request, resolver};

/// The limits of a partition for one item, in units a second:
/// <https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/bp-partition-key-design.html>.
const WRITE_UNITS: usize = 1_000;
const READ_UNITS: usize = 3_000;
/// The bytes of an item that one unit writes, and that one unit of a strongly consistent read reads:
/// <https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/read-write-operations.html>.
const WRITE_UNIT: usize = 1_024;
const READ_UNIT: usize = 4_096;

/// The load of a second.
const SIGN_INS: usize = 10_000;

/// The settings of the launch in docs/scale.md.
pub(crate) fn launch(policy: &mut Policy) {
    policy.code_length = CodeLength::new(8).unwrap();
    policy.long_code_length = CodeLength::LONGEST;
    let budgets = &mut policy.budgets;
    budgets.deployment.messages_per_day = 1_500_000;
    budgets.deployment.short_guesses_per_day = 20_000;
    budgets.deployment.long_guesses_per_day = 100_000;
    budgets.mail.unproved_per_hour = 500_000;
    budgets.sms.unproved_per_country = 500_000;
    budgets.sms.unproved_per_prefix = 4_000;
    budgets.sms.spend_per_day = Price::parse("10000").unwrap();
    budgets.sms.spend_per_month = Price::parse("10000").unwrap();
    let country = Country::parse("US").unwrap();
    let prices = [(country, Price::parse("0.008").unwrap())].into();
    budgets.sms.countries = Countries::Only(prices);
}

fn world(change: impl FnOnce(&mut Policy)) -> World {
    let mut world = World::new();
    launch(&mut world.deployment.policy);
    change(&mut world.deployment.policy);
    world
}

pub(crate) fn mails(count: usize) -> impl Iterator<Item = String> {
    (0..count).map(|number| format!("user{number}@gmail.com"))
}

/// Returns numbers of the United States, with as many prefixes as it has.
pub(crate) fn numbers(count: usize) -> Vec<String> {
    let candidates = (0..).flat_map(|n| {
        let (first, rest) = (2 + n % 8, 1_000 + n / 8);
        // Codes that end in two equal digits belong to no area.
        let areas = (201..=989).filter(|area| area % 100 % 11 != 0);
        areas.map(move |area| format!("+1{area}{first}55{rest}"))
    });
    let is_american = |number: &String| {
        let parsed = Identifier::parse(Method::PhoneNumber, number);
        parsed.is_ok_and(|parsed| parsed.country() == Country::parse("US"))
    };
    candidates.filter(is_american).take(count).collect()
}

/// Signs all in, in one second: first all request a code, then all answer. All their codes are
/// outstanding in between, as when each takes half a minute.
fn sign_in_at_once(world: &World, contacts: &[String]) {
    for contact in contacts {
        // The directory in memory finds a username at once, and another name by a search.
        world.put_account(contact, contact);
    }
    world.wire.count_requests();
    let pool = Pool::of(world);
    let opened: Vec<(Session<'_>, String)> = contacts
        .iter()
        .map(|contact| {
            let payload = now(resolver(world, &pool).session(&request(contact, None)));
            let payload = payload.unwrap_or_else(|error| panic!("{contact}: {error:?}"));
            (pool.session(&payload.session), world.last_code())
        })
        .collect();
    world.after_millis(999);
    for (mut session, code) in opened {
        assert!(session.answer(&code).is_right());
    }
}

/// Returns the bytes of a counter's item with these windows: name and value of its key, `by`, `ttl`
/// and windows, each of a count below a million.
fn bytes_of(windows: &BTreeSet<String>) -> usize {
    let windows: usize = windows.iter().map(|name| 2 + name.len() + 4).sum();
    (2 + 30) + (2 + 16) + (3 + 6) + windows
}

/// Returns the write and read units of the counter with most of each.
fn units(world: &World) -> [usize; 2] {
    let load = world.wire.load();
    let mut windows: BTreeMap<Pseudonym, BTreeSet<String>> = BTreeMap::new();
    for ((counter, _), load) in &load {
        let known = windows.entry(*counter).or_default();
        known.extend(load.windows.iter().cloned());
    }
    let of = |units: &dyn Fn(usize, &Load) -> usize| {
        let each = load.iter();
        each.map(|((counter, _), load)| units(bytes_of(&windows[counter]), load))
            .max()
            .unwrap()
    };
    [
        of(&|bytes, load| bytes.div_ceil(WRITE_UNIT) * usize::try_from(load.writes).unwrap()),
        of(&|bytes, load| bytes.div_ceil(READ_UNIT) * usize::try_from(load.reads).unwrap()),
    ]
}

#[test]
pub(crate) fn mails_to_one_domain_stay_below_the_limits_of_an_item() {
    let world = world(|_| {});
    sign_in_at_once(&world, &mails(SIGN_INS).collect::<Vec<_>>());
    let [written, read] = units(&world);
    assert!(written < WRITE_UNITS * 2 / 3, "{written} write units");
    assert!(read < READ_UNITS / 3, "{read} read units");
}

#[test]
fn sms_to_one_country_stay_below_the_limits_of_an_item() {
    let world = world(|_| {});
    let numbers = numbers(SIGN_INS);
    let prefixes: BTreeSet<_> = numbers.iter().map(|number| &number[..6]).collect();
    assert!(prefixes.len() > 2_000, "{} prefixes", prefixes.len());
    sign_in_at_once(&world, &numbers);
    let [written, read] = units(&world);
    assert!(written < WRITE_UNITS * 2 / 3, "{written} write units");
    assert!(read < READ_UNITS / 3, "{read} read units");
}

/// The limit on short guesses alone keeps the deployment's counter whole.
#[test]
fn one_shard_exceeds_the_limit_at_a_twentieth() {
    let world = world(|policy| policy.budgets.deployment.short_guesses_per_day = 299);
    sign_in_at_once(&world, &mails(SIGN_INS / 20).collect::<Vec<_>>());
    let [written, _] = units(&world);
    assert!(written > WRITE_UNITS, "{written} write units");
}

/// The settings of the launch have the shards and the odds that the document states.
#[test]
fn a_launch_has_the_stated_shards_and_odds() {
    let world = world(|_| {});
    let policy = &world.deployment.policy;
    for (counter, shards) in policy.shards() {
        let stated = if counter.starts_with("a mail") { 1 } else { 64 };
        assert_eq!(shards, stated, "{counter}");
    }
    let odds = Odds::of(policy, 1_000_000).sprayed();
    assert!((0.2..0.25).contains(&odds), "{odds}");
}
