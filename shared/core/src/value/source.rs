//! The network address that a request comes from.

use std::fmt;
use std::net::{IpAddr, Ipv6Addr};

/// The network that a request comes from: an IPv4 address, or the /64 of an IPv6 address, which one
/// subscriber has. Redacted in `Debug`.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Source(IpAddr);

impl Source {
    /// Returns the source of an address.
    pub fn new(address: IpAddr) -> Self {
        Self(match address.to_canonical() {
            IpAddr::V4(address) => IpAddr::V4(address),
            IpAddr::V6(address) => IpAddr::V6(Ipv6Addr::from_bits(address.to_bits() >> 64 << 64)),
        })
    }

    /// Returns the client's IPv4 address or 64-bit IPv6 network; `None` for the source that all
    /// events without an address share.
    pub fn address(self) -> Option<IpAddr> {
        (!self.0.is_unspecified()).then_some(self.0)
    }

    /// The bytes that a pseudonym is computed from.
    pub(crate) fn to_bytes(self) -> [u8; 16] {
        match self.0 {
            IpAddr::V4(address) => address.to_ipv6_mapped().octets(),
            IpAddr::V6(address) => address.octets(),
        }
    }
}

impl fmt::Debug for Source {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Source(…)")
    }
}
