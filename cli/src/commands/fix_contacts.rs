//! `latchstring fix-contacts`

use std::process::ExitCode;

use clap::Args;
use latchstring_cli::access::{self, Access};
use latchstring_cli::contacts::{Rewrite, distinct, verified};
use latchstring_cli::doctor::read;
use latchstring_cli::signed_call::{COGNITO, CallError, SignedCalls};
use latchstring_core::identifier::PhoneRules;
use serde_json::{Value, json};

use super::output::{self, say};

/// Write the canonical form of verified contacts that are stored in another one, so that sign-in finds the accounts.
///
/// Lists the accounts. Changes nothing without --apply.
#[derive(Args)]
#[command(after_help = after_help())]
pub(crate) struct Arguments {
    /// The user pool's id
    #[arg(long, value_name = "ID")]
    user_pool: String,
    /// Write the canonical forms
    #[arg(long)]
    apply: bool,
}

fn after_help() -> String {
    access::help("latchstring fix-contacts --user-pool eu-west-1_Example00")
        + "\n
It needs cognito-idp:ListUsers, and with --apply also cognito-idp:AdminGetUser and
cognito-idp:AdminUpdateUserAttributes; for the rules of the deployment for phone numbers also
cognito-idp:DescribeUserPool, lambda:GetFunctionConfiguration and lambda:GetPolicy.
docs/existing-pools.md, \"Accounts from before\", explains the list. No contact is printed.

The exit status is 0 if no account is left to fix; 1 if one is; 2 if the command could not start."
}

/// Lists the accounts, and rewrites them with `--apply`.
pub(crate) fn run(arguments: &Arguments) -> ExitCode {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build();
    let fixed = match runtime {
        Ok(runtime) => runtime.block_on(fix(arguments)),
        Err(error) => Err(format!("the runtime does not start: {error}")),
    };
    match fixed {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(problem) => {
            output::error(&problem);
            ExitCode::from(2)
        }
    }
}

/// Returns true if no account is left to fix.
async fn fix(arguments: &Arguments) -> Result<bool, String> {
    let access = Access::for_pool(&arguments.user_pool)?;
    let phones = match read::phone_rules(&access, &arguments.user_pool).await {
        Ok(Some(phones)) => phones,
        Ok(None) => {
            eprintln!(
                "The pool has no trigger of Latchstring: phone numbers are read by the default rules."
            );
            PhoneRules::default()
        }
        Err(unread) => return Err(unread.to_string()),
    };
    let aws = Aws {
        calls: SignedCalls::new(&access),
        pool_id: &arguments.user_pool,
    };
    let (found, read) = aws.rewrites(&phones).await.map_err(|it| it.to_string())?;
    let (refused, others): (Vec<Rewrite>, Vec<Rewrite>) =
        found.into_iter().partition(|it| it.canonical.is_none());
    let (mut free, mut taken) = (Vec::new(), Vec::new());
    let (distinct, clashing) = distinct(others);
    taken.extend(clashing);
    for rewrite in distinct {
        let is_taken = aws.is_taken(&rewrite).await;
        let is_taken = is_taken.map_err(|it| it.to_string())?;
        if is_taken { &mut taken } else { &mut free }.push(rewrite);
    }
    say!("{read} accounts were read.");
    show("in another form", &free);
    show(
        "in another form, and another account has the canonical one: decide which of them stays",
        &taken,
    );
    show(
        "refused by sign-in: ask the owner for another contact by another way",
        &refused,
    );
    let mut left = taken.len() + refused.len();
    output::set("accounts", read);
    for (name, rewrites) in [("fixable", &free), ("taken", &taken), ("refused", &refused)] {
        let list = rewrites.iter();
        let list = list.map(|it| json!({ "sub": it.sub, "attribute": it.attribute }));
        output::set(name, list.collect::<Vec<_>>());
    }
    if !arguments.apply {
        left += free.len();
        if !free.is_empty() {
            say!("Nothing was changed. Run the command with --apply to write the canonical forms.");
        }
        return Ok(left == 0);
    }
    let mut written = 0_u32;
    for rewrite in &free {
        match aws.rewrite(rewrite).await {
            Ok(true) => written += 1,
            Ok(false) => {
                say!("  {} was changed since it was read, and stays", rewrite.sub);
                left += 1;
            }
            Err(error) => {
                output::error(&error);
                say!("{written} were written. Run the command again for the others.");
                return Ok(false);
            }
        }
    }
    say!("{written} were written.");
    output::set("written", written);
    Ok(left == 0)
}

fn show(what: &str, rewrites: &[Rewrite]) {
    if rewrites.is_empty() {
        return;
    }
    say!("{} {what}:", rewrites.len());
    for Rewrite { sub, attribute, .. } in rewrites {
        say!("  {sub} ({attribute})");
    }
}

struct Aws<'a> {
    calls: SignedCalls<'a>,
    pool_id: &'a str,
}

impl Aws<'_> {
    /// Reads every account, a page of 60 a call. Returns the contacts in another form, and the number of
    /// accounts.
    async fn rewrites(&self, phones: &PhoneRules) -> Result<(Vec<Rewrite>, usize), CallError> {
        let (mut found, mut read) = (Vec::new(), 0);
        let mut input = json!({ "UserPoolId": self.pool_id });
        loop {
            let page = self.calls.read(COGNITO, "ListUsers", &input).await?;
            let users = users(&page)?;
            read += users.len();
            found.extend(users.iter().flat_map(|user| Rewrite::of(user, phones)));
            match page["PaginationToken"].as_str() {
                Some(next) => input["PaginationToken"] = next.into(),
                None => return Ok((found, read)),
            }
        }
    }

    /// Reports whether another account has the canonical form, verified or not.
    async fn is_taken(&self, rewrite: &Rewrite) -> Result<bool, CallError> {
        let input = json!({ "UserPoolId": self.pool_id, "Filter": rewrite.filter() });
        let page = self.calls.read(COGNITO, "ListUsers", &input).await?;
        Ok(rewrite.is_taken(users(&page)?))
    }

    /// Writes the canonical form. Returns false if the account or the holder of that form changed since the
    /// scan. Cognito has no conditional write: a change in the moment after these reads is lost.
    async fn rewrite(&self, rewrite: &Rewrite) -> Result<bool, CallError> {
        let user = json!({ "UserPoolId": self.pool_id, "Username": rewrite.username });
        let now = self.calls.read(COGNITO, "AdminGetUser", &user).await?;
        if verified(&now, rewrite.attribute) != Some(&*rewrite.stored)
            || self.is_taken(rewrite).await?
        {
            return Ok(false);
        }
        let mut input = user;
        input["UserAttributes"] = json!([
            {"Name": rewrite.attribute, "Value": rewrite.canonical},
            {"Name": format!("{}_verified", rewrite.attribute), "Value": "true"},
        ]);
        self.calls
            .write(COGNITO, "AdminUpdateUserAttributes", &input)
            .await?;
        Ok(true)
    }
}

fn users(page: &Value) -> Result<&[Value], CallError> {
    let users = page["Users"].as_array();
    users
        .map(Vec::as_slice)
        .ok_or_else(|| CallError::Unanswered {
            action: "cognito-idp:ListUsers".to_owned(),
            reason: "the response lists nothing",
        })
}
