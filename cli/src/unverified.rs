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

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;
    use crate::live_check;

    const PAGE: &str = include_str!("../../docs/unverified.md");
    const POOLS: &str = include_str!("../../docs/pools.md");

    /// Returns the cells of the rows that begin with an id.
    fn rows() -> Vec<Vec<&'static str>> {
        let rows = PAGE.lines().filter(|line| line.starts_with("| U-"));
        let cells = |row: &'static str| row.trim_matches('|').split(" | ").map(str::trim).collect();
        rows.map(cells).collect()
    }

    #[test]
    fn each_assumption_has_its_probe_and_each_probe_its_row() {
        let mut of_page = Vec::new();
        for row in rows() {
            assert_eq!(row.len(), 5, "{row:?}");
            let quoted = row[4].split('`').skip(1).step_by(2);
            of_page.extend(quoted.map(|probe| (row[0], probe)));
        }
        of_page.sort_unstable();
        assert_eq!(of_page, probes());
        let ids: BTreeSet<&str> = rows().iter().map(|row| row[0]).collect();
        assert_eq!(ids.len(), rows().len(), "an id names one assumption");
    }

    #[test]
    fn the_probes_of_the_doctor_are_checks_that_it_reports() {
        let doctor = [
            include_str!("doctor/probe.rs"),
            include_str!("doctor/signed.rs"),
            include_str!("doctor/source.rs"),
        ]
        .concat();
        for (_, checks) in BY_DOCTOR {
            for check in checks {
                assert!(doctor.contains(&format!("\"{check}\"")), "{check}");
            }
        }
    }

    #[test]
    fn the_steps_are_those_of_live_check() {
        let steps: BTreeSet<(&str, &str)> = live_check::steps().into_iter().collect();
        assert_eq!(steps, BY_STEP.into_iter().collect());
    }

    #[test]
    fn a_pool_that_is_unverified_names_its_assumption() {
        let ids: BTreeSet<&str> = rows().iter().map(|row| row[0]).collect();
        let open = POOLS.lines().filter(|line| {
            line.starts_with("| ") && line.split(" | ").any(|it| it.starts_with("unverified"))
        });
        let mut count = 0;
        for row in open {
            let named = row.split("U-").skip(1).filter_map(|it| it.get(..2));
            let named: Vec<String> = named.map(|it| format!("U-{it}")).collect();
            assert!(!named.is_empty(), "no id: {row}");
            for id in named {
                assert!(
                    ids.contains(&*id),
                    "{id} is not in docs/unverified.md: {row}"
                );
            }
            count += 1;
        }
        assert!(count > 10, "{count}: the rows are found");
    }
}
