//! The terms of a code: the budgets that its messages and guesses are charged to.

use super::pseudonym::Pseudonym;
use crate::value::code_length::CodeLength;
use crate::value::identifier::{Country, PhoneNumber};

/// The kind of requester of a code. Each kind has its own budgets.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Requester {
    /// A requester without a valid device token.
    Unknown,
    /// A device on which the identifier has signed in, by the id of its token.
    KnownDevice([u8; 16]),
}

impl Requester {
    /// The word in the keys of counters.
    pub(crate) const fn class(self) -> &'static str {
        match self {
            Self::Unknown => "unknown",
            Self::KnownDevice(_) => "device",
        }
    }
}

/// The tier of a code, which decides its length and the budgets that its guesses are charged to: those
/// of the identifier or mailbox, of the device token, and of the deployment.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Tier {
    /// The ordinary length.
    Short,
    /// The length under attack.
    Long,
    /// Ten digits.
    Longest,
    /// Slot mode: the budgets of the mailbox are spent, and one message in each slot carries the
    /// code of every flow that begins in it.
    Slot,
}

/// The state of the CAPTCHA that grants further budgets.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum CaptchaState {
    /// No CAPTCHA applies to this request.
    NotApplicable,
    /// A CAPTCHA applies and was not solved.
    Unsolved,
    /// A CAPTCHA applies and was solved.
    Solved,
}

/// The country and prefix that an SMS goes to. The terms store them, because parsing the number's
/// metadata again would lengthen Define's cold start.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Destination {
    pub(crate) country: Option<Country>,
    /// The number of digits of the prefix: 1 to 15.
    pub(crate) digits: u8,
}

impl Destination {
    pub(crate) fn of(number: &PhoneNumber) -> Self {
        Self {
            country: number.country(),
            // Invariant: a number has at most 15 digits.
            digits: u8::try_from(number.prefix().len()).unwrap_or(u8::MAX),
        }
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

/// Limits of the mail breakers at the time when the code was planned.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct UnprovedMail {
    pub(crate) domain: u32,
    pub(crate) all: u32,
}

/// The terms of a code. The ticket and the flow row carry them, so that Create charges exactly what
/// the resolver planned, and a success refunds exactly what its flow was charged.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CodeTerms {
    /// The length of the code.
    pub code_length: CodeLength,
    /// `None` for a flow that sends nothing and is charged nothing.
    pub(crate) budgets: Option<BudgetTerms>,
}

/// The budgets that the messages and guesses of a code draw on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct BudgetTerms {
    pub(crate) requester: Requester,
    pub(crate) tier: Tier,
    /// Charges messages to the mailbox's extended budget.
    pub(crate) extended: bool,
    pub(crate) captcha_state: CaptchaState,
    /// The source, if its budget is charged.
    pub(crate) source: Option<Pseudonym>,
    pub(crate) destination: Option<Destination>,
    pub(crate) unproved_mail: UnprovedMail,
}

impl BudgetTerms {
    const fn is_of_device(&self) -> bool {
        matches!(self.requester, Requester::KnownDevice(_))
    }
}

/// The bit that distinguishes the tier of slots from that of ten digits, which old readers refuse.
const SLOT_FLAG: u8 = 1 << 7;

impl CodeTerms {
    /// The length of the output of [`CodeTerms::to_bytes`].
    pub const BYTES: usize = 1 + 1 + 16 + 16 + 3 + 4 + 4;

    /// Returns the terms of a flow that sends nothing.
    pub const fn uncharged(code_length: CodeLength) -> Self {
        Self {
            code_length,
            budgets: None,
        }
    }

    /// Returns the terms of an unknown requester's first code, for tests that need a charged
    /// ticket.
    #[doc(hidden)]
    pub const fn ordinary(code_length: CodeLength) -> Self {
        Self {
            code_length,
            budgets: Some(BudgetTerms {
                requester: Requester::Unknown,
                tier: Tier::Short,
                extended: false,
                captcha_state: CaptchaState::NotApplicable,
                source: None,
                destination: None,
                unproved_mail: UnprovedMail {
                    domain: u32::MAX,
                    all: u32::MAX,
                },
            }),
        }
    }

    /// Returns the terms of a code of a slot, for tests that need a ticket.
    #[doc(hidden)]
    pub const fn of_slot() -> Self {
        let ordinary = Self::ordinary(CodeLength::SLOT);
        Self {
            budgets: match ordinary.budgets {
                Some(budgets) => Some(BudgetTerms {
                    tier: Tier::Slot,
                    ..budgets
                }),
                None => None,
            },
            ..ordinary
        }
    }

    /// Returns whether the code is that of a slot.
    pub(crate) const fn is_slot(&self) -> bool {
        matches!(
            self.budgets,
            Some(BudgetTerms {
                tier: Tier::Slot,
                ..
            })
        )
    }

    /// Returns whether the flow is charged for its messages and guesses.
    pub(crate) const fn is_charged(&self) -> bool {
        self.budgets.is_some()
    }

    /// Encodes the terms for a ticket or a store, always at the same length.
    pub fn to_bytes(self) -> [u8; Self::BYTES] {
        let mut bytes = [0; Self::BYTES];
        bytes[0] = self.code_length.digits();
        let Some(budgets) = self.budgets else {
            return bytes;
        };
        let tier = match budgets.tier {
            Tier::Short => 1,
            Tier::Long => 2,
            Tier::Longest => 3,
            Tier::Slot => 3 | SLOT_FLAG,
        };
        let device = matches!(budgets.requester, Requester::KnownDevice(_));
        bytes[1] = tier
            | u8::from(device) << 2
            | u8::from(budgets.extended) << 3
            | u8::from(budgets.source.is_some()) << 4
            | match budgets.captcha_state {
                CaptchaState::NotApplicable => 0,
                CaptchaState::Unsolved => 1,
                CaptchaState::Solved => 2,
            } << 5;
        if let Requester::KnownDevice(token) = budgets.requester {
            bytes[2..18].copy_from_slice(&token);
        }
        if let Some(source) = &budgets.source {
            bytes[18..34].copy_from_slice(source.as_bytes());
        }
        let destination = budgets.destination.map(Destination::to_bytes);
        bytes[34..37].copy_from_slice(&destination.unwrap_or(Destination::NONE));
        bytes[37..41].copy_from_slice(&budgets.unproved_mail.domain.to_be_bytes());
        bytes[41..].copy_from_slice(&budgets.unproved_mail.all.to_be_bytes());
        bytes
    }

    /// Decodes the output of [`CodeTerms::to_bytes`]; `None` for any other bytes.
    pub fn from_bytes(bytes: &[u8; Self::BYTES]) -> Option<Self> {
        let (&[digits, flags], rest) = bytes.split_first_chunk()?;
        let (&token, rest) = rest.split_first_chunk::<16>()?;
        let (&source, rest) = rest.split_first_chunk::<16>()?;
        let (&destination, rest) = rest.split_first_chunk::<3>()?;
        let (&domain, rest) = rest.split_first_chunk()?;
        let &all = rest.first_chunk()?;
        let code_length = CodeLength::stored(digits)?;
        let has = |bit: u8| flags >> bit & 1 == 1;
        let budgets = match flags & 0b11 {
            0 => None,
            tier => Some(BudgetTerms {
                requester: if has(2) {
                    Requester::KnownDevice(token)
                } else {
                    Requester::Unknown
                },
                tier: match tier {
                    1 => Tier::Short,
                    2 => Tier::Long,
                    _ if flags & SLOT_FLAG != 0 => Tier::Slot,
                    _ => Tier::Longest,
                },
                extended: has(3),
                captcha_state: match flags >> 5 & 0b11 {
                    0 => CaptchaState::NotApplicable,
                    1 => CaptchaState::Unsolved,
                    2 => CaptchaState::Solved,
                    _ => return None,
                },
                source: has(4).then(|| Pseudonym::stored(source)),
                destination: match destination {
                    Destination::NONE => None,
                    bytes => Some(Destination::from_bytes(bytes)?),
                },
                unproved_mail: UnprovedMail {
                    domain: u32::from_be_bytes(domain),
                    all: u32::from_be_bytes(all),
                },
            }),
        };
        let terms = Self {
            code_length,
            budgets,
        };
        // Only the terms of a slot have the code of one. They are an unknown requester's.
        let is_slot = code_length == CodeLength::SLOT;
        let fits = is_slot == terms.is_slot()
            && !(is_slot && budgets.is_some_and(|it| it.extended || it.is_of_device()));
        // The terms have exactly one encoding.
        (fits && terms.to_bytes() == *bytes).then_some(terms)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn any_terms() -> impl Strategy<Value = BudgetTerms> {
        let requester = prop_oneof![
            Just(Requester::Unknown),
            any::<[u8; 16]>().prop_map(Requester::KnownDevice)
        ];
        let tier = prop_oneof![Just(Tier::Short), Just(Tier::Long), Just(Tier::Longest)];
        let captcha_state = prop_oneof![
            Just(CaptchaState::NotApplicable),
            Just(CaptchaState::Unsolved),
            Just(CaptchaState::Solved)
        ];
        let country = prop_oneof![Just(None), Just(Country::parse("DE"))];
        let destination = proptest::option::of(
            (country, 1..=15_u8).prop_map(|(country, digits)| Destination { country, digits }),
        );
        (
            (requester, tier, any::<bool>(), captcha_state),
            (proptest::option::of(any::<[u8; 16]>()), destination),
            any::<(u32, u32)>(),
        )
            .prop_map(
                |(
                    (requester, tier, extended, captcha_state),
                    (source, destination),
                    (domain, all),
                )| {
                    BudgetTerms {
                        requester,
                        tier,
                        extended,
                        captcha_state,
                        source: source.map(Pseudonym::stored),
                        destination,
                        unproved_mail: UnprovedMail { domain, all },
                    }
                },
            )
    }

    proptest! {
        #[test]
        fn terms_read_as_they_were_written(
            digits in CodeLength::MIN..=CodeLength::MAX,
            budgets in proptest::option::of(any_terms()),
        ) {
            let code_length = CodeLength::new(digits).unwrap();
            let terms = CodeTerms { code_length, budgets };
            prop_assert_eq!(CodeTerms::from_bytes(&terms.to_bytes()), Some(terms));
        }

        #[test]
        fn terms_of_a_slot_read_as_they_were_written(budgets in any_terms()) {
            let budgets = BudgetTerms {
                requester: Requester::Unknown,
                tier: Tier::Slot,
                extended: false,
                ..budgets
            };
            let terms = CodeTerms { code_length: CodeLength::SLOT, budgets: Some(budgets) };
            let bytes = terms.to_bytes();
            prop_assert_eq!(CodeTerms::from_bytes(&bytes), Some(terms));
            // No other terms have the code of a slot, and a slot has no other code.
            for (place, byte) in [(0, 10), (1, bytes[1] & !SLOT_FLAG), (1, bytes[1] | 1 << 2)] {
                let mut other = bytes;
                other[place] = byte;
                prop_assert_eq!(CodeTerms::from_bytes(&other), None);
            }
        }

        #[test]
        fn bytes_that_read_as_terms_are_what_they_write(
            digits in CodeLength::MIN..=CodeLength::MAX,
            rest in any::<[u8; CodeTerms::BYTES - 1]>(),
        ) {
            let mut bytes = [digits; CodeTerms::BYTES];
            bytes[1..].copy_from_slice(&rest);
            if let Some(terms) = CodeTerms::from_bytes(&bytes) {
                prop_assert_eq!(terms.to_bytes(), bytes);
            }
        }
    }

    #[test]
    fn bytes_of_no_terms_are_refused() {
        let free = CodeTerms::uncharged(CodeLength::DEFAULT).to_bytes();
        for (place, byte) in [
            (0, 5),
            (0, 11),
            (1, 0b100),
            (1, 0b1000_0000),
            (1, 0b0110_0001),
            (2, 1),
            (44, 1),
        ] {
            let mut bytes = free;
            bytes[place] = byte;
            assert_eq!(CodeTerms::from_bytes(&bytes), None, "{place}: {byte}");
        }
    }
}
