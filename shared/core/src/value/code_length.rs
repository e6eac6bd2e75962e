//! The length of a code.

/// The number of digits of a code: 6 to 10.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct CodeLength(u8);

impl CodeLength {
    /// The minimum length: 20 bits, the least that NIST SP 800-63B allows.
    pub const MIN: u8 = 6;
    /// The maximum length that users can be expected to type.
    pub const MAX: u8 = 10;

    /// Six digits, the default.
    pub const DEFAULT: Self = Self(6);
    /// Eight digits, the default while the short guesses of an identifier or deployment are spent.
    pub const LONG: Self = Self(8);
    /// Ten digits, while a mailbox's ordinary budgets or the deployment's long guesses are spent.
    pub const LONGEST: Self = Self(Self::MAX);

    /// Creates a length; `None` unless it is 6 to 10 digits.
    pub const fn new(digits: u8) -> Option<Self> {
        if digits >= Self::MIN && digits <= Self::MAX {
            Some(Self(digits))
        } else {
            None
        }
    }

    /// The number of digits.
    pub const fn digits(self) -> u8 {
        self.0
    }
}
