//! The choice of the roots that servers are verified against.

use rustls::RootCertStore;
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject as _;

use crate::regions::{AMAZONAWS, suffix};
use crate::roots::AMAZON;
use crate::{AwsEnvironment, CaBundle};

/// The roots that servers are verified against.
#[derive(Clone, Debug)]
pub(crate) enum Roots {
    /// The configured bundle.
    Bundle(CaBundle),
    /// Amazon's, for AWS's endpoints.
    Amazon,
    /// The system's. Other authorities may certify custom endpoints and those of AWS's other
    /// partitions.
    System,
    /// None, for an emulator over plain HTTP.
    None,
}

impl Roots {
    pub(crate) fn of(environment: &AwsEnvironment) -> Self {
        match environment {
            AwsEnvironment {
                ca_bundle: Some(bundle),
                ..
            } => Self::Bundle(bundle.clone()),
            AwsEnvironment {
                endpoint_url: None,
                region,
                ..
            } if suffix(region) == AMAZONAWS => Self::Amazon,
            AwsEnvironment {
                endpoint_url: Some(url),
                ..
            } if url.starts_with("http://") => Self::None,
            _ => Self::System,
        }
    }

    /// Returns the certificates. Those that TLS cannot use are left out; a bundle has none.
    pub(crate) fn certificates(&self) -> RootCertStore {
        let mut store = RootCertStore::empty();
        let pem = match self {
            Self::Bundle(bundle) => bundle.pem(),
            Self::Amazon => AMAZON,
            Self::System => {
                store.add_parsable_certificates(rustls_native_certs::load_native_certs().certs);
                return store;
            }
            Self::None => return store,
        };
        store.add_parsable_certificates(CertificateDer::pem_slice_iter(pem).flatten());
        store
    }
}
