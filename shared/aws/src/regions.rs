//! The DNS suffixes of AWS's partitions.

/// Returns the DNS suffix of a region's host names, which follows the service's name and the
/// region.
///
/// The list is from the SDK's partitions; a test compares it with the SDK's own endpoints.
pub fn suffix(region: &str) -> &'static str {
    const OTHERS: [(&str, &str); 6] = [
        ("cn-", "amazonaws.com.cn"),
        ("eusc-", "amazonaws.eu"),
        ("us-iso-", "c2s.ic.gov"),
        ("us-isob-", "sc2s.sgov.gov"),
        ("us-isof-", "csp.hci.ic.gov"),
        ("eu-isoe-", "cloud.adc-e.uk"),
    ];
    OTHERS
        .iter()
        .find(|(prefix, _)| region.starts_with(prefix))
        .map_or(AMAZONAWS, |(_, suffix)| suffix)
}

/// The suffix of most regions.
pub(crate) const AMAZONAWS: &str = "amazonaws.com";
