//! The numbering plans: the age of the metadata, and the configured ranges.

use latchstring_core::identifier::METADATA;

use crate::doctor::facts::{Sms, Used, Variables};
use crate::doctor::{Finding, Fix};

/// The age from which newer ranges are to be expected. libphonenumber is released every two weeks.
const OLD_DAYS: u64 = 180;

pub(super) fn judge(sms: &Sms, metadata_days: u64, create: Option<&Variables>) -> Vec<Finding> {
    if sms.used == Used::No {
        return Vec::new();
    }
    let ranges = create.map(|variables| variables.phones.without_effect());
    let mut findings = vec![metadata(sms.used, metadata_days)];
    if let Some(ranges @ 1..) = ranges {
        findings.push(
            Finding::fails(
                "sms.ranges",
                format!("PHONE_RANGES has no effect in {ranges} of its ranges: the calling code is not the country's"),
            )
            .with_fix(Fix::Words(
                "Correct the country or the number of the entry; docs/phone-numbers.md has the format.",
            )),
        );
    }
    findings
}

fn metadata(used: Used, days: u64) -> Finding {
    const CHECK: &str = "sms.metadata";
    let says = format!(
        "numbering plans are those of libphonenumber {} of {}, {days} days old",
        METADATA.version, METADATA.released
    );
    if used == Used::Unknown {
        Finding::note(CHECK, says)
    } else if days < OLD_DAYS {
        Finding::ok(CHECK, says)
    } else {
        Finding::note(
            CHECK,
            format!("{says}: numbers of newer ranges are refused"),
        )
        .with_fix(Fix::Words(
            "Update Latchstring, or add the ranges to PHONE_RANGES.",
        ))
    }
}

#[cfg(test)]
mod tests {
    use latchstring_core::identifier::{PhoneRanges, PhoneRules};

    use super::*;
    use crate::doctor::State;
    use crate::doctor::checks::good::{self, state};

    /// python-phonenumbers#318: metadata that ages lacks ranges that have opened.
    #[test]
    fn metadata_of_half_a_year_is_noted_where_sms_are_sent() {
        let mut sms = good::facts().sms;
        for (days, expected) in [(0, State::Ok), (179, State::Ok), (180, State::Note)] {
            let findings = judge(&sms, days, None);
            assert_eq!(state(&findings, "sms.metadata"), expected, "{days}");
            assert!(findings[0].says.contains(METADATA.released));
        }
        sms.used = Used::Unknown;
        assert_eq!(state(&judge(&sms, 0, None), "sms.metadata"), State::Note);
        sms.used = Used::No;
        assert_eq!(judge(&sms, 1000, None), []);
    }

    #[test]
    fn a_range_of_another_countrys_calling_code_fails() {
        let with = |text| Variables {
            phones: PhoneRules {
                more: PhoneRanges::parse(text).unwrap(),
                ..PhoneRules::default()
            },
            ..Variables::default()
        };
        let sms = good::facts().sms;
        let findings = judge(&sms, 0, Some(&with("HK:+8524545XXXX,US:+8524545XXXX")));
        assert_eq!(state(&findings, "sms.ranges"), State::Fails);
        assert!(findings[1].says.contains("in 1 of"));
        assert_eq!(judge(&sms, 0, Some(&with("HK:+8524545XXXX"))).len(), 1);
    }
}
