//! The length of a code.

use super::code_alphabet::CodeAlphabet;

/// The number of digits of a code: 6 to 10 decimal digits, or 12 digits of base 32 in slot mode.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct CodeLength(u8);

impl CodeLength {
    /// The minimum length: 20 bits, the least that NIST SP 800-63B allows.
    pub const MIN: u8 = 6;
    /// The maximum number of decimal digits that users can be expected to type.
    pub const MAX: u8 = 10;

    /// Six digits, the default.
    pub const DEFAULT: Self = Self(6);
    /// Eight digits, the default while the short guesses of an identifier or deployment are spent.
    pub const LONG: Self = Self(8);
    /// Ten digits, while a mailbox's ordinary budgets or the deployment's long guesses are spent.
    pub const LONGEST: Self = Self(Self::MAX);
    /// Twelve digits of base 32, 60 bits: the code of a slot.
    pub const SLOT: Self = Self(12);

    /// Creates a length in decimal digits; `None` unless it is 6 to 10.
    pub const fn new(digits: u8) -> Option<Self> {
        if digits >= Self::MIN && digits <= Self::MAX {
            Some(Self(digits))
        } else {
            None
        }
    }

    /// Returns the length of a stored byte: 6 to 10, or 12 for the code of a slot.
    pub const fn stored(byte: u8) -> Option<Self> {
        match byte {
            12 => Some(Self::SLOT),
            digits => Self::new(digits),
        }
    }

    /// The number of digits of the alphabet.
    pub const fn digits(self) -> u8 {
        self.0
    }

    /// The alphabet of the code.
    pub const fn alphabet(self) -> CodeAlphabet {
        match self {
            Self::SLOT => CodeAlphabet::Base32,
            _ => CodeAlphabet::Digits,
        }
    }
}
