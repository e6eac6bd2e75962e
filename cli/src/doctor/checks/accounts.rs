//! Accounts whose contact sign-in does not find, and accounts by their state.

use crate::doctor::facts::{Accounts, Read};
use crate::doctor::{Finding, Fix, State};
use crate::pool_needs::{AccountState, UnverifiedHolder};

/// The most accounts that are listed.
const LISTED: usize = 100;

/// The findings about all accounts.
pub fn accounts(accounts: &Read<Accounts>, pool_id: &str) -> Vec<Finding> {
    let mut findings = vec![contacts(accounts, pool_id)];
    if let Ok(accounts) = accounts {
        findings.push(states(accounts));
        findings.extend(unverified(accounts));
    }
    findings
}

/// Reports accounts of a username-attribute pool that hold a contact which they have not proved.
fn unverified(accounts: &Accounts) -> Option<Finding> {
    const CHECK: &str = "accounts.unverified";
    let holders = &accounts.unverified;
    if holders.is_empty() {
        return None;
    }
    let listed = holders.iter().take(LISTED);
    let listed: Vec<_> = listed
        .map(|(sub, kind)| format!("{sub} ({})", kind.name()))
        .collect();
    let more = match holders.len().saturating_sub(LISTED) {
        0 => String::new(),
        more => format!(" and {more} more"),
    };
    let says = format!(
        "{} accounts hold a contact that they have not proved, and whose owner cannot sign in while they do: {}{more}",
        holders.len(),
        listed.join(", ")
    );
    let is_doomed = |(_, kind): &(String, UnverifiedHolder)| *kind == UnverifiedHolder::Unproved;
    let fix = if holders.iter().any(is_doomed) {
        "latchstring attach --harden --unverified delete deletes those without a verified contact: \
         docs/existing-pools.md#unverified-holders."
    } else {
        "Remove the contact from each, or have its owner prove it: docs/existing-pools.md#unverified-holders."
    };
    Some(Finding::fails(CHECK, says).with_fix(Fix::Words(fix)))
}

/// Reports the accounts by state, with the outcome of a sign-in.
fn states(accounts: &Accounts) -> Finding {
    const CHECK: &str = "accounts.states";
    let states = &accounts.states;
    let state = if states.any(AccountState::is_refused) {
        State::Fails
    } else if states.any(|state| state != AccountState::Confirmed) {
        State::Note
    } else {
        State::Ok
    };
    let lines: Vec<_> = states.lines().collect();
    let says = if lines.is_empty() {
        "the pool has no account".to_owned()
    } else {
        lines.join("; ")
    };
    let finding = Finding::new(CHECK, state, says);
    if state == State::Fails {
        finding.with_fix(Fix::Words(
            "List them with aws cognito-idp list-users --filter 'cognito:user_status = \"RESET_REQUIRED\"', or \
             \"UNCONFIRMED\": docs/existing-pools.md#accounts-from-before.",
        ))
    } else {
        finding
    }
}

fn contacts(accounts: &Read<Accounts>, pool_id: &str) -> Finding {
    const CHECK: &str = "accounts.contacts";
    let accounts = match accounts {
        Ok(accounts) => accounts,
        Err(unread) => return super::unreadable(CHECK, "the pool's accounts", unread),
    };
    let (strange, total) = (&accounts.strange, accounts.total);
    if strange.is_empty() {
        return Finding::ok(
            CHECK,
            format!("every verified contact of the pool's {total} accounts is in canonical form"),
        );
    }
    let listed: Vec<_> = strange
        .iter()
        .take(LISTED)
        .map(|contact| format!("{} ({}, {})", contact.sub, contact.attribute, contact.form))
        .collect();
    let more = match strange.len().saturating_sub(LISTED) {
        0 => String::new(),
        more => format!(" and {more} more"),
    };
    Finding::fails(
        CHECK,
        format!(
            "{} verified contacts of the pool's {total} accounts are not in canonical form: without \
             OTHER_HOLDERS sign-in does not find the account and makes a second one: {}{more}",
            strange.len(),
            listed.join(", ")
        ),
    )
    .with_fix(Fix::Command(format!(
        "latchstring fix-contacts --user-pool {pool_id} # writes the canonical form with --apply: \
         docs/existing-pools.md#accounts-from-before"
    )))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::doctor::facts::{Form, Strange, Unread};
    use crate::pool_needs::AccountStates;

    #[test]
    fn accounts_with_noncanonical_contacts_are_listed_by_sub() {
        let strange = |number: usize| Strange {
            sub: format!("sub-{number}"),
            attribute: "phone_number",
            form: Form::Other,
        };
        let judged = |count: usize| {
            contacts(
                &Ok(Accounts {
                    total: 1000,
                    strange: (0..count).map(strange).collect(),
                    states: AccountStates::default(),
                    unverified: Vec::new(),
                }),
                "p",
            )
        };
        assert_eq!(judged(0).state, State::Ok);
        let found = judged(102);
        assert_eq!(found.state, State::Fails);
        for part in [
            "102 verified",
            "sub-99 (phone_number, another form)",
            "and 2 more",
        ] {
            assert!(found.says.contains(part), "{part}");
        }
        assert!(!found.says.contains("sub-100"));
        let unread = Unread {
            action: "cognito-idp:ListUsers",
            code: "AccessDeniedException".into(),
        };
        let findings = accounts(&Err(unread), "p");
        assert_eq!(findings.len(), 1);
        assert_eq!(findings[0].state, State::Unknown);
    }

    #[test]
    fn unverified_holders_fail_and_are_listed_by_sub() {
        let judged = |unverified: &[UnverifiedHolder]| {
            let holders = unverified.iter().enumerate();
            let holders = holders.map(|(number, kind)| (format!("sub-{number}"), *kind));
            let all = Accounts {
                total: 3,
                strange: Vec::new(),
                states: AccountStates::default(),
                unverified: holders.collect(),
            };
            accounts(&Ok(all), "p").into_iter().nth(2)
        };
        assert_eq!(judged(&[]), None);
        let (unproved, partly) = (UnverifiedHolder::Unproved, UnverifiedHolder::Partly);
        let found = judged(&[unproved, partly]).expect("a finding");
        assert_eq!(
            (found.check, found.state),
            ("accounts.unverified", State::Fails)
        );
        assert!(found.says.contains("sub-1 (another contact is verified)"));
        let fix = |found: Finding| format!("{:?}", found.fix);
        assert!(fix(found).contains("--unverified delete"));
        let found = judged(&[partly]).expect("a finding");
        assert!(!fix(found).contains("delete"));
    }

    #[test]
    fn accounts_that_cognito_refuses_fail_and_others_are_noted() {
        use AccountState::{
            Confirmed, Disabled, ExternalProvider, ForceChangePassword, ResetRequired, Unconfirmed,
            UnconfirmedHolder,
        };

        let judged = |all: &[AccountState]| {
            let mut states = AccountStates::default();
            for state in all {
                states.count(*state);
            }
            let accounts = accounts(
                &Ok(Accounts {
                    total: 3,
                    strange: Vec::new(),
                    states,
                    unverified: Vec::new(),
                }),
                "p",
            );
            let found = accounts.into_iter().nth(1).expect("a finding");
            assert_eq!(found.check, "accounts.states");
            (found.state, found.says)
        };
        assert_eq!(judged(&[]).0, State::Ok);
        assert_eq!(judged(&[Confirmed]).0, State::Ok);
        for noted in [Disabled, Unconfirmed, ForceChangePassword, ExternalProvider] {
            assert_eq!(judged(&[Confirmed, noted]).0, State::Note, "{noted:?}");
        }
        for refused in [UnconfirmedHolder, ResetRequired] {
            assert_eq!(judged(&[refused, Confirmed]).0, State::Fails, "{refused:?}");
        }
        let (_, says) = judged(&[ResetRequired, Confirmed, ResetRequired]);
        assert!(says.starts_with("1 CONFIRMED: signs in"), "{says}");
        assert!(
            says.contains("; 2 RESET_REQUIRED: Cognito refuses"),
            "{says}"
        );
    }
}
