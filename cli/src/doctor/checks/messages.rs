//! Checks of SES and SNS. Sources: SES's API reference v1 and its developer guide, "Request production access"
//! (a sandbox sends 200 messages a day, to verified addresses only); SNS's API reference
//! (`GetSMSSandboxAccountStatus`, `SetSMSAttributes`: one US dollar a month unless raised).

use super::unreadable;
use crate::doctor::facts::{ConfigurationSet, Email, MailLimits, Quota, Read, Sms, Used};
use crate::doctor::{Finding, Fix};

pub(super) fn email(email: &Email, limits: Option<MailLimits>) -> Vec<Finding> {
    match email.used {
        Used::No => {
            return vec![Finding::note(
                "email",
                "no mail is sent: EMAIL of CreateAuthChallenge is false",
            )];
        }
        Used::Yes | Used::Unknown => {}
    }
    let mut findings = vec![
        told("email.sandbox", "SES's quota", &email.quota, |quota| {
            sandbox(quota.daily)
        }),
        told(
            "email.sending",
            "whether SES may send",
            &email.sending,
            |sending| {
                if *sending {
                    Finding::ok("email.sending", "SES sends")
                } else {
                    Finding::fails(
                        "email.sending",
                        "sending is paused for this account and region",
                    )
                    .with_fix(Fix::Words(
                        "Ask AWS Support why it was paused, in SES's console under Reputation.",
                    ))
                }
            },
        ),
    ];
    if let (Ok(quota), Some(limits)) = (&email.quota, limits) {
        findings.extend(daily_quota(*quota, limits));
        findings.push(send_rate(*quota, limits));
    }
    findings.push(told(
        "email.suppression",
        "SES's suppression options",
        &email.suppresses_complaints,
        |complaints| suppression(*complaints),
    ));
    let Some(verified) = &email.verified else {
        findings.push(if email.used == Used::Yes {
            Finding::fails(
                "email.sender",
                "CreateAuthChallenge has no EMAIL_FROM, without which it does not start",
            )
            .with_fix(Fix::Words("Deploy with a sender's address (infra/)."))
        } else {
            Finding::unknown(
                "email.sender",
                "could not read the sender: EMAIL_FROM of CreateAuthChallenge was not read",
            )
        });
        return findings;
    };
    findings.push(told("email.sender", "the sender's identity", verified, |verified| {
        if *verified {
            Finding::ok("email.sender", "the sender is verified")
        } else {
            Finding::fails("email.sender", "neither the sender in EMAIL_FROM nor its domain is verified")
                .with_fix(Fix::Command(
                    "aws ses verify-domain-dkim --domain DOMAIN  # then publish the three CNAME records it names"
                        .to_owned(),
                ))
        }
    }));
    if let Some(dkim) = &email.dkim {
        findings.push(told("email.dkim", "the domain's DKIM", dkim, |dkim| {
            if *dkim {
                Finding::ok("email.dkim", "mail is signed by the sender's domain")
            } else {
                Finding::fails("email.dkim", "mail is not signed by the sender's domain: it lands in spam")
                    .with_fix(Fix::Command(
                        "aws ses verify-domain-dkim --domain DOMAIN  # then publish the three CNAME records it names"
                            .to_owned(),
                    ))
            }
        }));
    }
    if let Some(set) = &email.configuration_set {
        findings.extend(configuration_set(set));
    }
    findings
}

/// The configuration set that mail is sent with.
fn configuration_set(set: &Read<ConfigurationSet>) -> Vec<Finding> {
    let mut findings = vec![told(
        "email.configuration-set",
        "the configuration set",
        set,
        |set| {
            match set {
            ConfigurationSet::Found { .. } => {
                Finding::ok("email.configuration-set", "the configuration set exists")
            }
            ConfigurationSet::Missing => Finding::fails(
                "email.configuration-set",
                "the configuration set in SES_CONFIGURATION_SET does not exist: every send is refused",
            )
            .with_fix(Fix::Command(
                "aws sesv2 create-configuration-set --configuration-set-name NAME".to_owned(),
            )),
        }
        },
    )];
    if let Ok(ConfigurationSet::Found { tracks: true }) = set {
        findings.push(
            Finding::note(
                "email.tracking",
                "the configuration set tracks opens or clicks: SES adds a picture of its own host to each mail with a code",
            )
            .with_fix(Fix::Command(
                "aws sesv2 update-configuration-set-event-destination --configuration-set-name NAME --event-destination-name NAME --event-destination MatchingEventTypes=BOUNCE,COMPLAINT,REJECT,DELIVERY_DELAY"
                    .to_owned(),
            )),
        );
    }
    findings
}

fn is_sandbox(daily: f64) -> bool {
    (0.0..=200.0).contains(&daily)
}

/// v1 of SES does not say whether an account is in the sandbox; its quota of 200 a day does.
fn sandbox(daily: f64) -> Finding {
    const CHECK: &str = "email.sandbox";
    if !is_sandbox(daily) {
        return Finding::ok(CHECK, "SES is out of its sandbox, by its quota");
    }
    Finding::fails(
        CHECK,
        format!("SES may send {daily} messages a day: it is in its sandbox, where only verified addresses get mail"),
    )
    .with_fix(Fix::Command(
        "aws sesv2 put-account-details --production-access-enabled --mail-type TRANSACTIONAL --website-url https://example.com"
            .to_owned(),
    ))
}

/// Compares SES's quota with the mail that the budgets allow. Known devices are in no shared budget of
/// ours, but in SES's.
fn daily_quota(quota: Quota, limits: MailLimits) -> Option<Finding> {
    const CHECK: &str = "email.quota";
    let daily = quota.daily;
    let codes = limits.codes_per_day;
    if is_sandbox(daily) {
        return None;
    }
    if daily < 0.0 || daily >= f64::from(codes) {
        return Some(Finding::ok(
            CHECK,
            format!("SES's daily quota is not below ALL_CODES_PER_DAY ({codes})"),
        ));
    }
    let unproved = f64::from(limits.unproved_per_hour) * 24.0;
    let fix = Fix::Words(
        "Set ALL_CODES_PER_DAY to nine tenths of the quota or less, which leaves the rest to known devices, or ask \
         for a higher quota in Service Quotas (SES, \"Sending quota\").",
    );
    Some(if daily <= unproved {
        Finding::fails(
            CHECK,
            format!(
                "SES sends {daily} mails in 24 hours, and MAIL_UNPROVED_PER_HOUR allows {unproved} to addresses that \
                 prove nothing: an attacker can spend the quota, and then no one gets mail, known devices included"
            ),
        )
        .with_fix(fix)
    } else {
        Finding::note(
            CHECK,
            format!(
                "SES sends {daily} mails in 24 hours, and ALL_CODES_PER_DAY allows {codes} codes: if SES's quota is \
                 spent first, no one gets mail, known devices included"
            ),
        )
        .with_fix(fix)
    })
}

/// SES refuses what is above its rate, and such a code is not sent again.
fn send_rate(quota: Quota, limits: MailLimits) -> Finding {
    const CHECK: &str = "email.rate";
    /// Seconds of an hour for which unproved mail may fill the rate.
    const SHORT: f64 = 120.0;
    let rate = quota.per_second;
    let filled = (f64::from(limits.unproved_per_hour) / rate).ceil();
    let says = format!(
        "SES sends {rate} mails a second, which mail that proves nothing can fill for {filled} s of an hour"
    );
    if filled <= SHORT {
        return Finding::ok(CHECK, says);
    }
    Finding::note(
        CHECK,
        format!("{says}: codes above the rate are not sent, those for known devices included"),
    )
    .with_fix(Fix::Words(
        "Lower MAIL_UNPROVED_PER_HOUR, or request a higher rate in Service Quotas (SES, \"Sending rate\").",
    ))
}

/// SES accepts mail to a suppressed address, and sends nothing.
fn suppression(complaints: bool) -> Finding {
    const CHECK: &str = "email.suppression";
    if !complaints {
        return Finding::ok(
            CHECK,
            "a complaint does not stop later codes to that address",
        );
    }
    Finding::note(
        CHECK,
        "after one complaint SES sends no more mail to that address, codes for known devices included, and reports \
         no error",
    )
    .with_fix(Fix::Command(
        "aws sesv2 put-configuration-set-suppression-options --configuration-set-name NAME --suppressed-reasons BOUNCE  \
         # and NAME in SES_CONFIGURATION_SET; docs/delivery.md has the runbook"
            .to_owned(),
    ))
}

pub(super) fn sms(sms: &Sms, monthly: Option<f64>) -> Vec<Finding> {
    if sms.used == Used::No {
        return vec![Finding::note(
            "sms",
            "no SMS is sent: CreateAuthChallenge has no SMS_COUNTRIES",
        )];
    }
    vec![
        told("sms.sandbox", "SNS's sandbox", &sms.sandbox, |sandbox| {
            if *sandbox {
                Finding::fails(
                    "sms.sandbox",
                    "SNS is in its SMS sandbox: only verified numbers get messages",
                )
                .with_fix(Fix::Words(
                    "Choose \"Exit SMS sandbox\" in SNS's console, under Text messaging.",
                ))
            } else {
                Finding::ok("sms.sandbox", "SNS is out of its SMS sandbox")
            }
        }),
        told(
            "sms.spend-limit",
            "SNS's SMS attributes",
            &sms.spend_limit,
            |limit| spend_limit(limit.as_deref(), monthly),
        ),
    ]
}

/// Compares the account's limit with the highest cost that the budgets allow in a calendar month.
fn spend_limit(limit: Option<&str>, monthly: Option<f64>) -> Finding {
    const CHECK: &str = "sms.spend-limit";
    let Ok(dollars) = limit.unwrap_or("1").parse::<f64>() else {
        return Finding::unknown(CHECK, "SNS's monthly spend limit is not a number");
    };
    let Some(monthly) = monthly else {
        return Finding::unknown(
            CHECK,
            format!(
                "SNS stops all SMS of the account at {dollars} US dollars a month; the cost that the budgets allow \
                 could not be read from CreateAuthChallenge"
            ),
        );
    };
    // To a hundred-thousandth, as prices are counted; a sum of floats may be a hair above it.
    let needed = ((monthly * 100_000.0).round() / 100_000.0).ceil();
    if needed <= dollars {
        return Finding::ok(
            CHECK,
            format!(
                "SMS cost at most {needed} US dollars a month, and the account's limit is {dollars}"
            ),
        );
    }
    Finding::fails(
        CHECK,
        format!(
            "SMS_SPEND_PER_DAY and SMS_SPEND_PER_MONTH allow {needed} US dollars in a calendar month (two windows of \
             30 days, known devices in addition), and SNS stops all SMS of the account at {dollars}"
        ),
    )
    .with_fix(Fix::Command(format!(
        "aws sns set-sms-attributes --attributes MonthlySpendLimit={needed}  # AWS Support raises the highest value \
         that SNS takes; or set SMS_SPEND_PER_MONTH to {} or less",
        dollars / 4.0
    )))
}

fn told<T>(
    check: &'static str,
    what: &str,
    read: &Read<T>,
    judge: impl FnOnce(&T) -> Finding,
) -> Finding {
    match read {
        Ok(value) => judge(value),
        Err(unread) => unreadable(check, what, unread),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::doctor::State;
    use crate::doctor::checks::good;

    const LIMITS: MailLimits = MailLimits {
        codes_per_day: 100_000,
        unproved_per_hour: 1_000,
    };

    #[expect(clippy::unnecessary_wraps, reason = "what is read")]
    fn quota(daily: f64, per_second: f64) -> Read<Quota> {
        Ok(Quota { daily, per_second })
    }

    #[test]
    fn a_sandbox_is_reported_once() {
        let mut of = good::facts().email;
        of.quota = quota(200.0, 1.0);
        let findings = email(&of, Some(LIMITS));
        assert!(
            findings
                .iter()
                .all(|finding| finding.check != "email.quota")
        );
    }

    #[test]
    fn each_check_of_email_separates_safe_from_unsafe() {
        type Break = fn(&mut Email);
        let cases: [(&str, State, Break); 17] = [
            ("email", State::Note, |e| e.used = Used::No),
            ("email.sender", State::Fails, |e| e.verified = None),
            ("email.sandbox", State::Fails, |e| {
                e.quota = quota(200.0, 1.0);
            }),
            ("email.sandbox", State::Fails, |e| {
                e.quota = quota(0.0, 1.0);
            }),
            ("email.sandbox", State::Ok, |e| {
                e.quota = quota(-1.0, 14.0);
            }),
            ("email.quota", State::Ok, |e| {
                e.quota = quota(-1.0, 14.0);
            }),
            ("email.quota", State::Note, |e| {
                e.quota = quota(99_999.0, 14.0);
            }),
            ("email.quota", State::Note, |e| {
                e.quota = quota(24_001.0, 14.0);
            }),
            ("email.quota", State::Fails, |e| {
                e.quota = quota(24_000.0, 14.0);
            }),
            // 1000 mails at 8.4 a second take 120 s.
            ("email.rate", State::Ok, |e| {
                e.quota = quota(100_000.0, 8.4);
            }),
            ("email.rate", State::Note, |e| {
                e.quota = quota(100_000.0, 8.3);
            }),
            ("email.suppression", State::Note, |e| {
                e.suppresses_complaints = Ok(true);
            }),
            ("email.sending", State::Fails, |e| e.sending = Ok(false)),
            ("email.sender", State::Fails, |e| {
                e.verified = Some(Ok(false));
            }),
            ("email.dkim", State::Fails, |e| e.dkim = Some(Ok(false))),
            ("email.configuration-set", State::Fails, |e| {
                e.configuration_set = Some(Ok(ConfigurationSet::Missing));
            }),
            ("email.tracking", State::Note, |e| {
                e.configuration_set = Some(Ok(ConfigurationSet::Found { tracks: true }));
            }),
        ];
        for (check, expected, change) in cases {
            let mut of = good::facts().email;
            change(&mut of);
            let findings = email(&of, Some(LIMITS));
            assert_eq!(good::state(&findings, check), expected, "{check}");
        }
    }

    #[test]
    fn a_channel_in_unknown_use_is_checked_as_if_used() {
        let mut of = good::facts().email;
        of.used = Used::Unknown;
        of.verified = None;
        assert_eq!(
            good::state(&email(&of, None), "email.sender"),
            State::Unknown
        );
        let mut of = good::facts().sms;
        of.used = Used::Unknown;
        of.sandbox = Ok(true);
        assert_eq!(
            good::state(&sms(&of, Some(100.0)), "sms.sandbox"),
            State::Fails
        );
    }

    #[test]
    fn each_check_of_sms_separates_safe_from_unsafe() {
        type Break = fn(&mut Sms);
        let cases: [(&str, State, Break); 6] = [
            ("sms", State::Note, |s| s.used = Used::No),
            ("sms.sandbox", State::Fails, |s| s.sandbox = Ok(true)),
            ("sms.spend-limit", State::Fails, |s| {
                s.spend_limit = Ok(None);
            }),
            ("sms.spend-limit", State::Unknown, |s| {
                s.spend_limit = Ok(Some("much".to_owned()));
            }),
            ("sms.spend-limit", State::Fails, |s| {
                s.spend_limit = Ok(Some("99".to_owned()));
            }),
            ("sms.spend-limit", State::Ok, |s| {
                s.spend_limit = Ok(Some("100".to_owned()));
            }),
        ];
        for (check, expected, change) in cases {
            let mut of = good::facts().sms;
            change(&mut of);
            assert_eq!(
                good::state(&sms(&of, Some(100.0)), check),
                expected,
                "{check}"
            );
        }
    }

    #[test]
    fn the_spend_limit_that_is_printed_is_the_one_that_suffices() {
        let fix = |limit: Option<&str>, monthly| {
            let finding = spend_limit(limit, Some(monthly));
            match finding.fix {
                Some(Fix::Command(command)) => Some((finding.state, command)),
                _ => None,
            }
        };
        for (limit, monthly, expected) in [
            (None, 400.0, "MonthlySpendLimit=400 "),
            (Some("200"), 400.0, "MonthlySpendLimit=400 "),
            (Some("200"), 400.000_000_000_1, "MonthlySpendLimit=400 "),
            (Some("200"), 610.5, "MonthlySpendLimit=611 "),
        ] {
            let (state, command) = fix(limit, monthly).expect("a command");
            assert_eq!(state, State::Fails);
            assert!(command.contains(expected), "{command}");
        }
        let (_, command) = fix(Some("200"), 400.0).expect("a command");
        assert!(
            command.ends_with("SMS_SPEND_PER_MONTH to 50 or less"),
            "{command}"
        );
        assert_eq!(fix(Some("400"), 400.0), None);
        assert_eq!(spend_limit(None, Some(0.8)).state, State::Ok);
        assert_eq!(spend_limit(Some("400"), None).state, State::Unknown);
    }
}
