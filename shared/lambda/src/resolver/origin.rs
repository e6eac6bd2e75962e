//! The secret by which a request shows that it came through CloudFront.

use latchstring_core::secret::Secret;
use subtle::{Choice, ConstantTimeEq};

/// The minimum length of a secret in characters.
const MIN_SECRET_CHARS: usize = 32;

/// The secrets that CloudFront may add to a request: one, or two while it is replaced.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OriginSecrets(Vec<Secret>);

impl OriginSecrets {
    /// Parses one or two secrets of at least 32 printable ASCII characters, separated by a comma.
    pub fn parse(text: &str) -> Option<Self> {
        let secrets: Vec<_> = text.split(',').map(str::trim).collect();
        let are_long = secrets.iter().all(|secret| {
            secret.len() >= MIN_SECRET_CHARS && secret.bytes().all(|byte| byte.is_ascii_graphic())
        });
        (secrets.len() <= 2 && are_long)
            .then(|| Self(secrets.into_iter().map(Secret::new).collect()))
    }

    /// Returns whether a header's value is one of the secrets, in constant time for its length.
    pub(crate) fn admit(&self, header: Option<&str>) -> bool {
        let header = header.unwrap_or_default().as_bytes();
        let mut admitted = Choice::from(0);
        for secret in &self.0 {
            admitted |= secret.expose().as_bytes().ct_eq(header);
        }
        admitted.into()
    }
}
