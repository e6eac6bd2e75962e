//! The alphabet of a code.

/// The alphabet of a code.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CodeAlphabet {
    /// The digits 0 to 9.
    Digits,
}

impl CodeAlphabet {
    /// The name on the wire.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Digits => "digits",
        }
    }

    /// Returns the alphabet of that name.
    pub fn parse(name: &str) -> Option<Self> {
        [Self::Digits]
            .into_iter()
            .find(|alphabet| alphabet.as_str() == name)
    }
}
