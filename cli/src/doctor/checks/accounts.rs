//! Accounts whose contact sign-in does not find.

use crate::doctor::facts::{Accounts, Read};
use crate::doctor::{Finding, Fix};

/// The most accounts that are listed.
const LISTED: usize = 100;

/// The finding about the contacts of all accounts.
pub fn accounts(accounts: &Read<Accounts>) -> Finding {
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
            "{} verified contacts of the pool's {total} accounts are not in canonical form, so that sign-in \
             does not find the account and makes a second one: {}{more}",
            strange.len(),
            listed.join(", ")
        ),
    )
    .with_fix(Fix::Words(
        "Write the canonical form to the account, or ask its owner for another contact: \
         docs/operations.md#accounts-from-before.",
    ))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::doctor::State;
    use crate::doctor::facts::{Form, Strange, Unread};

    #[test]
    fn accounts_with_noncanonical_contacts_are_listed_by_sub() {
        let strange = |number: usize| Strange {
            sub: format!("sub-{number}"),
            attribute: "phone_number",
            form: Form::Other,
        };
        let judged = |count: usize| {
            accounts(&Ok(Accounts {
                total: 1000,
                strange: (0..count).map(strange).collect(),
            }))
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
        assert_eq!(accounts(&Err(unread)).state, State::Unknown);
    }
}
