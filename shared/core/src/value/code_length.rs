//! The length of a code.

/// How many digits a code has: 6 to 10.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct CodeLength(u8);

impl CodeLength {
    /// The shortest code: 20 bits, which NIST 800-63B asks for at least.
    pub const MIN: u8 = 6;
    /// The longest code that people still type.
    pub const MAX: u8 = 10;

    /// Six digits.
    pub const DEFAULT: Self = Self(6);
    /// Eight digits, for an identifier under attack.
    pub const LONG: Self = Self(8);
    /// Ten digits, for a deployment under attack.
    pub const LONGEST: Self = Self(Self::MAX);

    /// A length of 6 to 10 digits.
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
