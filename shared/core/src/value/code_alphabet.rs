//! The alphabet of a code.

/// The alphabet of a code.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CodeAlphabet {
    /// The digits 0 to 9.
    Digits,
    /// Crockford's base 32: digits and capital letters without I, L, O and U.
    Base32,
}

impl CodeAlphabet {
    /// The name on the wire.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Digits => "digits",
            Self::Base32 => "base32",
        }
    }

    /// Returns the alphabet of that name.
    pub fn parse(name: &str) -> Option<Self> {
        [Self::Digits, Self::Base32]
            .into_iter()
            .find(|alphabet| alphabet.as_str() == name)
    }

    /// The characters, in the order of their values.
    pub const fn characters(self) -> &'static [u8] {
        match self {
            Self::Digits => b"0123456789",
            Self::Base32 => b"0123456789ABCDEFGHJKMNPQRSTVWXYZ",
        }
    }
}
