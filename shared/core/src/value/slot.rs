//! Slots: the windows of time of slot mode.

use std::time::Duration;

use super::time::Timestamp;

/// A slot. In each, at most one message goes to one identifier, and its code is that of every flow
/// that begins in the slot.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Slot {
    number: u64,
    seconds: u64,
}

impl Slot {
    /// Returns the slot of this length that contains `at`. Slots begin at whole multiples of it.
    pub(crate) fn at(at: Timestamp, length: Duration) -> Self {
        let seconds = length.as_secs().max(1);
        Self {
            number: at.as_secs() / seconds,
            seconds,
        }
    }

    /// The end, at which the next slot begins.
    pub(crate) const fn ends(self) -> Timestamp {
        Timestamp::from_secs((self.number + 1) * self.seconds)
    }

    /// The number and the length in seconds. Equal numbers of different lengths are different slots.
    pub(crate) fn to_bytes(self) -> [u8; 16] {
        let mut bytes = [0; 16];
        bytes[..8].copy_from_slice(&self.number.to_be_bytes());
        bytes[8..].copy_from_slice(&self.seconds.to_be_bytes());
        bytes
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_slot_begins_where_the_one_before_it_ends() {
        let at = |millis| Slot::at(Timestamp::from_millis(millis), Duration::from_secs(600));
        let (first, second) = (at(600_000), at(1_200_000));
        assert_eq!(at(1_199_999), first);
        assert_eq!(first.ends(), Timestamp::from_secs(1_200));
        assert_ne!(first, second);
        let longer = Slot::at(Timestamp::from_secs(3_600), Duration::from_secs(3_600));
        assert_ne!(
            longer.to_bytes(),
            first.to_bytes(),
            "both have the number 1"
        );
    }
}
