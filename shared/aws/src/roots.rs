//! The root certificates that AWS's endpoints are verified against.
//!
//! Loading the system's whole store costs more than the rest of a cold start. So AWS's endpoints
//! are verified against only the five roots that they chain to:
//! <https://www.amazontrust.com/repository/> lists them.

use std::fmt;
use std::fs;

use rustls::RootCertStore;
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject;
use thiserror::Error;

/// Amazon's roots 1 to 4, and Starfield's root, which cross-signed them for older clients.
#[cfg(feature = "sdk")]
pub(crate) const AMAZON: &[u8] = include_bytes!("roots.pem");

/// The certificates of `AWS_CA_BUNDLE`, trusted instead of the default roots: PEM, each a root that
/// TLS can use.
#[derive(Clone)]
pub struct CaBundle(Vec<u8>);

/// The error of a bundle that is unreadable or empty, or contains anything but root certificates.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[error("not a file of certificates")]
pub struct NotABundle;

impl CaBundle {
    /// Reads the bundle in a file.
    ///
    /// # Errors
    /// Returns an error if the file is unreadable, or is not a bundle of root certificates.
    pub fn read(path: &str) -> Result<Self, NotABundle> {
        Self::parse(fs::read(path).map_err(|_| NotABundle)?)
    }

    fn parse(pem: Vec<u8>) -> Result<Self, NotABundle> {
        let mut roots = RootCertStore::empty();
        for certificate in CertificateDer::pem_slice_iter(&pem) {
            let certificate = certificate.map_err(|_| NotABundle)?;
            roots.add(certificate).map_err(|_| NotABundle)?;
        }
        if roots.is_empty() {
            return Err(NotABundle);
        }
        Ok(Self(pem))
    }

    /// Returns the certificates as PEM.
    pub fn pem(&self) -> &[u8] {
        &self.0
    }
}

impl fmt::Debug for CaBundle {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("CaBundle(…)")
    }
}

#[cfg(test)]
mod tests {
    use data_encoding::HEXLOWER;
    use sha2::{Digest, Sha256};

    use super::*;

    const PEM: &[u8] = include_bytes!("roots.pem");

    /// The fingerprints that Amazon Trust Services publishes.
    const FINGERPRINTS: [&str; 5] = [
        "8ecde6884f3d87b1125ba31ac3fcb13d7016de7f57cc904fe1cb97c6ae98196e",
        "1ba5b2aa8c65401a82960118f80bec4f62304d83cec4713a19c39c011ea46db4",
        "18ce6cfe7bf14e60b2e347b8dfe868cb31d02ebb3ada271569f50343b46db3a4",
        "e35d28419ed02025cfa69038cd623962458da5c695fbdea3c22b0bfb25897092",
        "568d6905a2c88708a4b3025190edcfedb1974a606a13c6e5290fcb2ae63edab5",
    ];

    #[test]
    fn the_roots_have_the_fingerprints_that_amazon_publishes() {
        let fingerprints: Vec<_> = CertificateDer::pem_slice_iter(PEM)
            .map(|certificate| HEXLOWER.encode(&Sha256::digest(certificate.unwrap())))
            .collect();
        assert_eq!(fingerprints, FINGERPRINTS);
        assert!(CaBundle::parse(PEM.to_vec()).is_ok());
    }

    #[test]
    fn a_bundle_contains_only_root_certificates() {
        let broken = b"-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n";
        for text in [&b""[..], b"no certificate", broken, &PEM[..PEM.len() / 2]] {
            assert!(CaBundle::parse(text.to_vec()).is_err());
        }
        assert!(CaBundle::read("/nowhere/at/all").is_err());
    }
}
