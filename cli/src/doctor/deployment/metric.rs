//! The outcome as metrics of `CloudWatch`, for a doctor that runs by schedule.

use crate::access::Access;
use crate::doctor::{Finding, State};
use crate::signed_call::{CLOUDWATCH, CallError, SignedCalls};

/// The metrics, each the number of findings in a state.
const METRICS: [(&str, State); 3] = [
    ("DoctorLeaks", State::Leaks),
    ("DoctorFails", State::Fails),
    ("DoctorUnknown", State::Unknown),
];

/// Publishes the number of findings that leak, fail and are unknown, in a namespace without dimensions.
///
/// # Errors
/// If `CloudWatch` does not take them.
pub async fn put(access: &Access, namespace: &str, findings: &[Finding]) -> Result<(), CallError> {
    let calls = SignedCalls::new(access);
    let fields = fields(namespace, findings);
    let fields: Vec<(&str, &str)> = fields.iter().map(|(a, b)| (&**a, &**b)).collect();
    let put = calls.write_form(CLOUDWATCH, "PutMetricData", &fields);
    put.await.map(drop)
}

fn fields(namespace: &str, findings: &[Finding]) -> Vec<(String, String)> {
    let mut fields = vec![("Namespace".to_owned(), namespace.to_owned())];
    for (number, (name, state)) in METRICS.iter().enumerate() {
        let count = findings.iter().filter(|it| it.state == *state).count();
        let member = format!("MetricData.member.{}", number + 1);
        fields.push((format!("{member}.MetricName"), (*name).to_owned()));
        fields.push((format!("{member}.Value"), count.to_string()));
        fields.push((format!("{member}.Unit"), "Count".to_owned()));
    }
    fields
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_bad_state_is_counted() {
        let findings = [
            Finding::leaks("a", ""),
            Finding::fails("b", ""),
            Finding::fails("c", ""),
            Finding::ok("d", ""),
        ];
        let fields = fields("Latchstring", &findings);
        let value = |name: &str| {
            let at = fields
                .iter()
                .position(|(_, it)| it == name)
                .expect("the metric");
            fields[at + 1].1.clone()
        };
        assert_eq!(
            fields[0],
            ("Namespace".to_owned(), "Latchstring".to_owned())
        );
        assert_eq!(value("DoctorLeaks"), "1");
        assert_eq!(value("DoctorFails"), "2");
        assert_eq!(value("DoctorUnknown"), "0");
    }
}
