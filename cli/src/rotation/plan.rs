//! The ring after each change, or the reason that the change is refused.

use std::fmt;
use std::time::Duration;

use latchstring_core::keys::KeyId;
use latchstring_core::ports::Entropy;
use latchstring_core::time::Timestamp;
use latchstring_lambda::{KeyText, RING_MAX_AGE, RingText};

/// A step of a rotation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Step {
    /// A new key becomes `next`: the functions accept it and make nothing with it.
    Prepare,
    /// The next key becomes `current`, and the current one `previous`.
    Activate,
    /// The previous key leaves the ring.
    Retire,
}

impl Step {
    /// Returns the step that comes next for a ring.
    pub fn next_of(ring: &RingText) -> Self {
        if ring.previous.is_some() {
            Self::Retire
        } else if ring.next.is_some() {
            Self::Activate
        } else {
            Self::Prepare
        }
    }

    /// Returns the minimum age of the stored ring. Before it, a function may use an older ring, or a
    /// text of the previous key may still be valid. `pending_life` is the longest lifetime of a text
    /// that a key of the rotation seals: that of a new contact which waits to be proved.
    pub fn wait(self, pending_life: Duration) -> Duration {
        match self {
            Self::Prepare => Duration::ZERO,
            Self::Activate => RING_MAX_AGE,
            Self::Retire => pending_life + RING_MAX_AGE,
        }
    }
}

impl fmt::Display for Step {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Prepare => "prepare",
            Self::Activate => "activate",
            Self::Retire => "retire",
        })
    }
}

/// A change of the ring.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Change {
    /// A step of a rotation.
    Step(Step),
    /// The replacement of the ring after a key leaked.
    Revoke {
        /// The id of the leaked key.
        key: KeyId,
        /// True if the lasting key is replaced whether or not it is the leaked one.
        also_lasting: bool,
    },
}

/// The reason that a change is refused.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Refusal {
    /// Another step comes next.
    Order {
        /// The requested step.
        requested: Step,
        /// The step that comes next.
        due: Step,
    },
    /// The waiting time of the step has not passed.
    Early {
        /// The requested step.
        step: Step,
        /// The time left.
        left: Duration,
    },
    /// No key of the ring has this id.
    UnknownKey(KeyId),
    /// The ids of the ring leave no greater id for a new key.
    NoId,
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Order { requested, due } => {
                write!(f, "the next step of this ring is {due}, not {requested}")
            }
            Self::Early { step, left } => {
                write!(f, "it is too early to {step}: wait {}", in_minutes(*left))
            }
            Self::UnknownKey(id) => write!(f, "no key of the ring has the id {}", id.as_str()),
            Self::NoId => {
                f.write_str("the greatest id of the ring leaves no greater one for a new key")
            }
        }
    }
}

/// Returns a wait in whole minutes, rounded up.
pub fn in_minutes(wait: Duration) -> String {
    match wait.as_millis().div_ceil(60_000) {
        1 => "1 minute".to_owned(),
        minutes => format!("{minutes} minutes"),
    }
}

/// The stored ring and the facts by which a change of it is decided.
#[derive(Debug)]
pub struct Plan<'a, E> {
    /// The stored ring.
    pub ring: &'a RingText,
    /// The time at which it was stored.
    pub stored_at: Timestamp,
    /// The current time.
    pub now: Timestamp,
    /// `PENDING_SECONDS`
    pub pending_life: Duration,
    /// The source of a new key's secret.
    pub entropy: &'a E,
}

impl<E: Entropy> Plan<'_, E> {
    /// Returns the ring after a change.
    ///
    /// # Errors
    ///
    /// The change is refused.
    pub fn after(&self, change: &Change) -> Result<RingText, Refusal> {
        match change {
            Change::Step(step) => self.after_step(*step),
            Change::Revoke { key, also_lasting } => self.after_leak(key, *also_lasting),
        }
    }

    /// Returns the time left until a step is possible.
    pub fn left(&self, step: Step) -> Duration {
        let age = self.now.since(self.stored_at);
        step.wait(self.pending_life).saturating_sub(age)
    }

    fn after_step(&self, requested: Step) -> Result<RingText, Refusal> {
        let due = Step::next_of(self.ring);
        if requested != due {
            return Err(Refusal::Order { requested, due });
        }
        let left = self.left(due);
        if !left.is_zero() {
            return Err(Refusal::Early { step: due, left });
        }
        let RingText {
            current,
            next,
            previous,
            lasting,
        } = self.ring.clone();
        // In the order of `Step::next_of`.
        Ok(match (next, previous) {
            (next, Some(_)) => RingText {
                current,
                next,
                previous: None,
                lasting,
            },
            (Some(next), None) => RingText {
                current: next,
                next: None,
                previous: Some(current),
                lasting: Some(self.lasting().clone()),
            },
            // The first key becomes the lasting key, because budgets, leases and known devices are
            // kept under it already.
            (None, None) => RingText {
                current,
                next: Some(self.new_key()?),
                previous: None,
                lasting: Some(self.lasting().clone()),
            },
        })
    }

    /// Every key but the lasting one is replaced: flows under way end. The lasting key stays, unless
    /// its secret leaked or it is to go with the others.
    fn after_leak(&self, id: &KeyId, also_lasting: bool) -> Result<RingText, Refusal> {
        let mut leaked = self
            .ring
            .roles()
            .map(|(_, key)| key)
            .filter(|key| key.id() == id.as_str())
            .peekable();
        if leaked.peek().is_none() {
            return Err(Refusal::UnknownKey(id.clone()));
        }
        let lasting = self.lasting();
        let goes = also_lasting || leaked.any(|key| key.has_secret_of(lasting));
        let lasting = (!goes).then(|| lasting.clone());
        Ok(RingText {
            current: self.new_key()?,
            next: None,
            previous: None,
            lasting,
        })
    }

    /// Returns the key that serves as the lasting one.
    fn lasting(&self) -> &KeyText {
        self.ring.lasting.as_ref().unwrap_or(&self.ring.current)
    }

    /// Creates a key. Its id is `k` and the time in seconds, or the number after the greatest one of the
    /// ring, which always holds the newest key. So no id occurs twice, even if the clock is set back.
    fn new_key(&self) -> Result<KeyText, Refusal> {
        let number = |key: &KeyText| key.id().strip_prefix('k')?.parse::<u64>().ok();
        let numbers = self.ring.roles().filter_map(|(_, key)| number(key));
        let least = numbers
            .max()
            .map_or(0, |greatest| greatest.saturating_add(1));
        let id = KeyId::parse(&format!("k{}", self.now.as_secs().max(least)));
        let id = id.map_err(|_| Refusal::NoId)?;
        Ok(KeyText::new(&id, &self.entropy.bytes()))
    }
}

#[cfg(test)]
mod tests {
    use latchstring_core::keys::KEY_BYTES;

    use super::*;

    const NOW: Timestamp = Timestamp::from_secs(1_800_000_000);
    const PENDING: Duration = Duration::from_secs(3600);
    /// The age of a ring for which every waiting time has passed.
    const OLD: Duration = Duration::from_secs(24 * 3600);

    /// Fills buffers with one byte.
    struct Filled(u8);

    impl Entropy for Filled {
        fn fill(&self, buffer: &mut [u8]) {
            buffer.fill(self.0);
        }
    }

    fn key(id: &str, byte: u8) -> KeyText {
        KeyText::new(&KeyId::parse(id).unwrap(), &[byte; KEY_BYTES])
    }

    fn ring(current: KeyText, others: [Option<KeyText>; 3]) -> RingText {
        let [next, previous, lasting] = others;
        RingText {
            current,
            next,
            previous,
            lasting,
        }
    }

    /// Returns a ring of keys with these ids, written as `current next previous lasting`; `-` is none.
    /// Keys with one id have one secret.
    fn of(ids: &str) -> RingText {
        let mut keys = ids.split(' ').map(|id| {
            let byte = id
                .bytes()
                .fold(0, |sum: u8, byte| sum.wrapping_mul(31).wrapping_add(byte));
            (id != "-").then(|| key(id, byte))
        });
        let mut key = || keys.next().expect("four roles");
        ring(key().expect("a current key"), [key(), key(), key()])
    }

    fn ids(ring: &RingText) -> String {
        let id = |key: &Option<KeyText>| key.as_ref().map_or("-", KeyText::id).to_owned();
        let RingText {
            current,
            next,
            previous,
            lasting,
        } = ring;
        [current.id().to_owned(), id(next), id(previous), id(lasting)].join(" ")
    }

    fn after(ring: &RingText, age: Duration, change: &Change) -> Result<RingText, Refusal> {
        let plan = Plan {
            ring,
            stored_at: Timestamp::from_millis(
                NOW.as_millis() - u64::try_from(age.as_millis()).unwrap(),
            ),
            now: NOW,
            pending_life: PENDING,
            entropy: &Filled(0xEE),
        };
        plan.after(change)
    }

    fn step(ring: &str, requested: Step) -> Result<String, Refusal> {
        after(&of(ring), OLD, &Change::Step(requested)).map(|ring| ids(&ring))
    }

    fn revoke(ring: &RingText, id: &str) -> Result<RingText, Refusal> {
        revoke_with(ring, id, false)
    }

    fn revoke_with(ring: &RingText, id: &str, also_lasting: bool) -> Result<RingText, Refusal> {
        let key = KeyId::parse(id).unwrap();
        let change = Change::Revoke { key, also_lasting };
        after(ring, Duration::ZERO, &change)
    }

    /// Every step in every state of a ring. The states are the filled roles.
    #[test]
    fn each_state_permits_one_step_and_names_it_for_the_others() {
        use Step::{Activate, Prepare, Retire};
        for (ring, due, expected) in [
            ("k1 - - -", Prepare, "k1 k1800000000 - k1"),
            ("k2 - - k1", Prepare, "k2 k1800000000 - k1"),
            ("k2 k3 - -", Activate, "k3 - k2 k2"),
            ("k1 k2 - k1", Activate, "k2 - k1 k1"),
            ("k2 k3 - k1", Activate, "k3 - k2 k1"),
            ("k2 - k1 -", Retire, "k2 - - -"),
            ("k2 - k1 k1", Retire, "k2 - - k1"),
            ("k3 - k2 k1", Retire, "k3 - - k1"),
            // Only made by hand. The next key was not accepted for ten minutes after this step.
            ("k2 k3 k1 -", Retire, "k2 k3 - -"),
            ("k2 k3 k1 k0", Retire, "k2 k3 - k0"),
        ] {
            for requested in [Prepare, Activate, Retire] {
                let expected = if requested == due {
                    Ok(expected.to_owned())
                } else {
                    Err(Refusal::Order { requested, due })
                };
                assert_eq!(step(ring, requested), expected, "{ring}: {requested}");
            }
        }
    }

    #[test]
    fn a_step_keeps_every_secret_with_its_id() {
        for (before, requested) in [
            ("k1 - - -", Step::Prepare),
            ("k2 k3 - k1", Step::Activate),
            ("k3 - k2 k1", Step::Retire),
        ] {
            let before = of(before);
            let after = after(&before, OLD, &Change::Step(requested)).unwrap();
            for (role, key) in after.roles() {
                let mut kept = before.roles();
                let is_new = key.id() == "k1800000000";
                assert!(
                    is_new && key.has_secret_of(&self::key("other", 0xEE))
                        || kept.any(|(_, before)| before == key),
                    "{requested}: {role}"
                );
            }
        }
    }

    #[test]
    fn a_step_is_refused_until_its_waiting_time_has_passed() {
        for (ring, step, wait) in [
            ("k1 - - -", Step::Prepare, 0),
            ("k1 k2 - k1", Step::Activate, 600),
            ("k2 - k1 k1", Step::Retire, 4200),
        ] {
            let at = |millis| {
                let age = Duration::from_millis(millis);
                after(&of(ring), age, &Change::Step(step))
            };
            let wait = wait * 1000;
            assert!(at(wait).is_ok(), "{step}");
            if wait > 0 {
                let left = |millis| {
                    let left = Duration::from_millis(millis);
                    Err(Refusal::Early { step, left })
                };
                assert_eq!(at(wait - 1), left(1), "{step}");
                assert_eq!(at(0), left(wait), "{step}");
            }
        }
    }

    #[test]
    fn a_ring_from_the_future_is_as_old_as_one_just_stored() {
        let plan = Plan {
            ring: &of("k1 k2 - k1"),
            stored_at: NOW.plus(OLD),
            now: NOW,
            pending_life: PENDING,
            entropy: &Filled(1),
        };
        assert_eq!(plan.left(Step::Activate), RING_MAX_AGE);
    }

    /// Every role of a leaked key in every state.
    #[test]
    fn a_leak_leaves_a_new_key_and_a_lasting_key_that_did_not_leak() {
        for (ring, leaked, lasting) in [
            ("k1 - - -", "k1", None),
            ("k2 - - k1", "k2", Some("k1")),
            ("k2 - - k1", "k1", None),
            // The current key serves as the lasting one.
            ("k2 k3 - -", "k2", None),
            ("k2 k3 - -", "k3", Some("k2")),
            ("k2 - k1 -", "k1", Some("k2")),
            ("k1 k2 - k1", "k1", None),
            ("k1 k2 - k1", "k2", Some("k1")),
            ("k2 k3 - k1", "k1", None),
            ("k2 k3 - k1", "k2", Some("k1")),
            ("k2 k3 - k1", "k3", Some("k1")),
            ("k2 - k1 k1", "k1", None),
            ("k2 - k1 k1", "k2", Some("k1")),
            ("k3 - k2 k1", "k1", None),
            ("k3 - k2 k1", "k2", Some("k1")),
            ("k3 - k2 k1", "k3", Some("k1")),
            ("k3 k4 k2 k1", "k1", None),
            ("k3 k4 k2 k1", "k4", Some("k1")),
        ] {
            let before = of(ring);
            let after = revoke(&before, leaked).unwrap();
            let expected = format!("k1800000000 - - {}", lasting.unwrap_or("-"));
            assert_eq!(ids(&after), expected, "{ring}: {leaked}");
            assert!(after.current.has_secret_of(&key("k", 0xEE)));
            let kept = before.roles().find(|(_, key)| Some(key.id()) == lasting);
            assert_eq!(after.lasting.as_ref(), kept.map(|(_, key)| key));
            let all = revoke_with(&before, leaked, true).unwrap();
            assert_eq!(ids(&all), "k1800000000 - - -", "{ring}: {leaked}");
        }
    }

    #[test]
    fn a_lasting_key_with_a_leaked_secret_goes_whatever_its_id() {
        let namesake = Some(key("old", 2));
        let ring = ring(key("k2", 2), [None, None, namesake]);
        assert_eq!(ids(&revoke(&ring, "k2").unwrap()), "k1800000000 - - -");
    }

    #[test]
    fn an_id_that_is_not_on_the_ring_is_not_revoked() {
        let unknown = KeyId::parse("k9").unwrap();
        for ring in ["k1 - - -", "k3 k4 k2 k1"] {
            let refusal = revoke(&of(ring), "k9").unwrap_err();
            assert_eq!(refusal, Refusal::UnknownKey(unknown.clone()));
        }
    }

    #[test]
    fn a_new_id_is_greater_than_all_others_whatever_the_clock() {
        for (ring, expected) in [
            ("k1799999999 - - -", "k1800000000"),
            ("k1800000000 - - -", "k1800000001"),
            ("k5 - - k1900000000", "k1900000001"),
            ("first - - 1900000000", "k1800000000"),
        ] {
            let after = after(&of(ring), OLD, &Change::Step(Step::Prepare)).unwrap();
            assert_eq!(after.next.unwrap().id(), expected, "{ring}");
        }
        let mut ids_of = Vec::new();
        let mut ring = of("k1 - - -");
        for _ in 0..3 {
            let id = ring.current.id().to_owned();
            ring = revoke(&ring, &id).unwrap();
            ids_of.push(ring.current.id().to_owned());
        }
        assert_eq!(ids_of, ["k1800000000", "k1800000001", "k1800000002"]);
        let full = of("k999999999999999 - - -");
        assert_eq!(revoke(&full, "k999999999999999"), Err(Refusal::NoId));
    }

    #[test]
    fn a_refusal_names_the_step_and_the_minutes_left() {
        let early = |seconds| Refusal::Early {
            step: Step::Retire,
            left: Duration::from_secs(seconds),
        };
        for (refusal, text) in [
            (early(60), "it is too early to retire: wait 1 minute"),
            (early(61), "it is too early to retire: wait 2 minutes"),
            (
                Refusal::Order {
                    requested: Step::Prepare,
                    due: Step::Activate,
                },
                "the next step of this ring is activate, not prepare",
            ),
        ] {
            assert_eq!(refusal.to_string(), text);
        }
    }
}
