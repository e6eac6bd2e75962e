//! The assumptions of docs/unverified.md, each with the probe that settles it.

use crate::live_check::PROBES;

/// The assumptions that `latchstring doctor --probe` settles on any deployment, with its checks.
pub const BY_DOCTOR: [(&str, &[&str]); 6] = [
    ("U-01", &["probe.ghost", "probe.metadata"]),
    ("U-02", &["probe.username"]),
    ("U-03", &["probe.replay"]),
    ("U-04", &["probe.rounds"]),
    ("U-05", &["probe.signed"]),
    ("U-06", &["probe.source"]),
];

/// The assumptions that a step of `latchstring live-check` settles, with the name of the step.
pub const BY_STEP: [(&str, &str); 8] = [
    ("U-14", "deploy"),
    ("U-16", "lite-tier"),
    ("U-17", "other-triggers"),
    ("U-18", "other-triggers"),
    ("U-19", "other-triggers"),
    ("U-20", "other-triggers"),
    ("U-21", "threat-protection"),
    ("U-22", "password-quota"),
];

/// Returns each id with the name of each probe.
pub fn probes() -> Vec<(&'static str, &'static str)> {
    let by_doctor = BY_DOCTOR.into_iter();
    let by_doctor = by_doctor.flat_map(|(id, checks)| checks.iter().map(move |it| (id, *it)));
    let mut all: Vec<_> = by_doctor.chain(BY_STEP).chain(PROBES).collect();
    all.sort_unstable();
    all
}
