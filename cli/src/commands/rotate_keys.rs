//! `latchstring rotate-keys`

use std::process::ExitCode;
use std::time::Duration;

use clap::{Args, Subcommand};
use latchstring_cli::access::{self, Access};
use latchstring_cli::deployed::{self, FunctionLog, Named};
use latchstring_cli::rotation::{Change, Plan, RingSecret, Step, StoredRing, in_minutes};
use latchstring_cli::signed_call::SignedCalls;
use latchstring_cli::trace;
use latchstring_core::keys::KeyId;
use latchstring_core::ports::Clock;
use latchstring_lambda::config::Environment;
use latchstring_lambda::{OsEntropy, RING_MAX_AGE, RingText, SystemClock};
use serde_json::Value;

use super::output::{self, say};

/// Rotate the key ring in Secrets Manager, or replace it after a leak.
///
/// A step is refused until the functions have read the ring of the step before. Without --apply, a step
/// changes nothing and prints the ring that it would store. Keys are printed by id; no secret is printed.
#[derive(Args)]
#[command(after_help = after_help())]
pub(crate) struct Arguments {
    /// The name or ARN of the secret
    #[arg(long, value_name = "NAME_OR_ARN")]
    secret: String,
    /// The stack of Latchstring, whose output names the function define-auth-challenge: activate and retire
    /// then check that each function reads this secret, and that none failed to read it in the last ten minutes
    #[arg(long, value_name = "NAME", conflicts_with = "function", global = true)]
    stack: Option<String>,
    /// The name or ARN of the function define-auth-challenge, instead of --stack
    #[arg(long, value_name = "NAME_OR_ARN", global = true)]
    function: Option<String>,
    #[command(subcommand)]
    action: Action,
}

fn after_help() -> String {
    let credentials = access::help("latchstring rotate-keys --secret NAME status");
    format!(
        "\
A rotation is three steps:

  latchstring rotate-keys --secret NAME prepare --apply
  latchstring rotate-keys --secret NAME activate --apply    # ten minutes later
  latchstring rotate-keys --secret NAME retire --apply      # PENDING_SECONDS and ten minutes later

{credentials}

If the functions have the setting PENDING_SECONDS, set it in the environment too. No other setting of
theirs is read.

The permissions on the secret are secretsmanager:GetSecretValue, for a change also
secretsmanager:PutSecretValue and secretsmanager:UpdateSecretVersionStage. A secret with a KMS key
of its own needs kms:Decrypt and, for a change, kms:GenerateDataKey. The check of the functions needs
lambda:GetFunctionConfiguration and logs:FilterLogEvents, with --stack also
cloudformation:DescribeStacks. docs/keys.md explains the roles of keys and what a leaked key opens.

The exit status is 0 on success, 1 if the step is refused or a call fails, 2 if it could not start."
    )
}

#[derive(Subcommand)]
enum Action {
    /// Print the ids of the keys by role, and the next step with its waiting time
    Status,
    /// Add a new key as the next one, so that the functions know it
    Prepare(Apply),
    /// Use the next key, ten minutes after prepare or later
    Activate(Apply),
    /// Remove the previous key, `PENDING_SECONDS` and ten minutes after activate or later
    Retire(Apply),
    /// Replace the ring at once because a key leaked; flows under way end
    ///
    /// The lasting key stays unless it is the leaked one. If the whole secret leaked, it leaked too: pass
    /// --also-lasting.
    Revoke {
        /// The id of the leaked key
        #[arg(long, value_name = "ID", value_parser = KeyId::parse)]
        key: KeyId,
        /// Replace the lasting key too, because the whole secret leaked: budgets and leases start again,
        /// devices are unknown until their next sign-in, and test identifiers have other codes
        #[arg(long)]
        also_lasting: bool,
        #[command(flatten)]
        apply: Apply,
    },
}

#[derive(Args)]
struct Apply {
    /// Store the new ring
    #[arg(long)]
    apply: bool,
}

impl Action {
    /// Returns the change, and whether it is to be made.
    fn change(self) -> Option<(Change, bool)> {
        match self {
            Self::Status => None,
            Self::Prepare(Apply { apply }) => Some((Change::Step(Step::Prepare), apply)),
            Self::Activate(Apply { apply }) => Some((Change::Step(Step::Activate), apply)),
            Self::Retire(Apply { apply }) => Some((Change::Step(Step::Retire), apply)),
            Self::Revoke {
                key,
                also_lasting,
                apply: Apply { apply },
            } => Some((Change::Revoke { key, also_lasting }, apply)),
        }
    }
}

/// Makes the change, or prints the state of the ring.
pub(crate) fn run(arguments: Arguments) -> ExitCode {
    match start(arguments) {
        Ok(code) => code,
        Err(problem) => {
            output::error(&problem);
            ExitCode::from(2)
        }
    }
}

fn start(arguments: Arguments) -> Result<ExitCode, String> {
    let access = Access::for_secret(&arguments.secret)?;
    let pending_life = Environment::Process.pending_life();
    let pending_life = pending_life.map_err(|error| error.to_string())?;
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .map_err(|error| format!("the runtime does not start: {error}"))?;
    let secret = RingSecret::new(&access, &*arguments.secret);
    let named = match (&arguments.function, &arguments.stack) {
        (Some(function), _) => Some(Named::Function(function)),
        (None, stack) => stack.as_deref().map(Named::Stack),
    };
    // The options that name the deployment for a restart.
    let deployment = match named {
        Some(Named::Function(function)) => format!("--function {function}"),
        Some(Named::Stack(stack)) => format!("--stack {stack}"),
        None => "--stack STACK".to_owned(),
    };
    let functions = Functions {
        access: &access,
        named,
        secret: &arguments.secret,
    };
    Ok(runtime.block_on(async {
        let done = match arguments.action.change() {
            None => status(&secret, pending_life).await,
            Some((change, apply)) => match functions.have_read(&change).await {
                Ok(()) => make(&secret, pending_life, &change, apply, &deployment).await,
                Err(problem) => Err(problem),
            },
        };
        match done {
            Ok(()) => ExitCode::SUCCESS,
            Err(problem) => {
                output::error(&problem);
                ExitCode::FAILURE
            }
        }
    }))
}

/// The functions of the deployment, if they are named.
struct Functions<'a> {
    access: &'a Access,
    named: Option<Named<'a>>,
    secret: &'a str,
}

impl Functions<'_> {
    /// Checks that every function reads the secret, and that none failed to read it for as long as a
    /// function may use a ring that it read: an older ring then is in use no more.
    async fn have_read(&self, change: &Change) -> Result<(), String> {
        const FAILED: &str = "key ring not read";
        let Change::Step(step @ (Step::Activate | Step::Retire)) = change else {
            return Ok(());
        };
        let Some(named) = self.named else {
            say!("The functions were not checked: --stack checks that each one reads this secret.");
            return Ok(());
        };
        let functions = deployed::logs(self.access, &named.define(self.access).await?).await?;
        for FunctionLog {
            function,
            key_ring_secret,
            ..
        } in &functions
        {
            let reads = key_ring_secret.as_deref().unwrap_or("none");
            if !is_secret(reads, self.secret) {
                return Err(format!(
                    "{function} reads the secret {reads} and not this one: deploy it with this secret, or name the \
                     other one"
                ));
            }
        }
        let now = SystemClock.now().as_millis();
        let age = u64::try_from(RING_MAX_AGE.as_millis()).unwrap_or(u64::MAX);
        let calls = SignedCalls::new(self.access);
        let lines = trace::lines_with(&calls, &functions, FAILED, now.saturating_sub(age), now);
        let lines = lines.await.map_err(|error| error.to_string())?;
        if let Some(line) = lines.last() {
            return Err(format!(
                "it is too early to {step}: {} failed to read the key ring in the last ten minutes, and may use an \
                 older one. Its log has the reason, in the line \"{FAILED}\"",
                line.function
            ));
        }
        output::set("functionsChecked", functions.len());
        say!(
            "{} functions read this secret, and none failed in the last ten minutes.",
            functions.len()
        );
        Ok(())
    }
}

/// Returns whether both name one secret, by its name or by its ARN, which ends in the name and six random
/// characters.
fn is_secret(one: &str, other: &str) -> bool {
    let is_arn_of = |arn: &str, name: &str| {
        let of_secret = arn
            .split(":secret:")
            .nth(1)
            .and_then(|it| it.strip_prefix(name));
        of_secret.is_some_and(|rest| rest.starts_with('-') && rest.len() == 7)
    };
    one == other || is_arn_of(one, other) || is_arn_of(other, one)
}

fn plan(stored: &StoredRing, pending_life: Duration) -> Plan<'_, OsEntropy> {
    Plan {
        ring: &stored.ring,
        stored_at: stored.stored_at,
        now: SystemClock.now(),
        pending_life,
        entropy: &OsEntropy,
    }
}

async fn status(secret: &RingSecret, pending_life: Duration) -> Result<(), String> {
    let stored = secret.read().await.map_err(|error| error.to_string())?;
    let plan = plan(&stored, pending_life);
    output::set("ring", in_json(&stored.ring, None));
    output::set("nextStep", Step::next_of(&stored.ring).to_string());
    output::set(
        "nextStepInSeconds",
        plan.left(Step::next_of(&stored.ring)).as_secs(),
    );
    for (role, key) in stored.ring.roles() {
        say!("{role:<9} {}", key.id());
    }
    if stored.ring.lasting.is_none() {
        say!("lasting   none: the current key is used as the lasting key");
    }
    say!("stored    {} ago", in_words(plan.now.since(plan.stored_at)));
    let step = Step::next_of(&stored.ring);
    let left = plan.left(step);
    if left.is_zero() {
        say!("next step {step}, possible now");
    } else {
        say!("next step {step}, in {}", in_minutes(left));
    }
    Ok(())
}

async fn make(
    secret: &RingSecret,
    pending_life: Duration,
    change: &Change,
    apply: bool,
    deployment: &str,
) -> Result<(), String> {
    let stored = secret.read().await.map_err(|error| error.to_string())?;
    stored.whole().map_err(|error| error.to_string())?;
    let ring = plan(&stored, pending_life).after(change);
    let ring = ring.map_err(|refusal| refusal.to_string())?;
    say!("before: {}", roles(&stored.ring, None));
    output::set("before", in_json(&stored.ring, None));
    output::set("applied", apply);
    if !apply {
        // The key of this run is dropped, and so is its id.
        say!("after:  {}", roles(&ring, Some(&stored.ring)));
        output::set("after", in_json(&ring, Some(&stored.ring)));
        consequences(change, &ring);
        if let Some(kept) = kept_after_leak(change, &ring) {
            say!(
                "Warning: the lasting key {kept} stays in the ring. If the whole secret leaked, it leaked too: add --also-lasting."
            );
        }
        say!("Nothing has changed: repeat with --apply.");
        return Ok(());
    }
    let replaced = secret.replace(&stored, &ring).await;
    replaced.map_err(|error| error.to_string())?;
    say!("after:  {}", roles(&ring, None));
    output::set("after", in_json(&ring, None));
    consequences(change, &ring);
    match change {
        Change::Revoke { .. } => {
            say!("Warm functions still have the old ring. Start new ones now:");
            say!("");
            say!("  latchstring restart {deployment} --apply");
            if let Some(kept) = kept_after_leak(change, &ring) {
                say!("");
                say!(
                    "Warning: the lasting key {kept} is still in the ring. If the whole secret leaked, it leaked too, and this is not finished: run \"revoke --key {kept} --apply\", then this command again."
                );
            }
        }
        Change::Step(_) => {
            let step = Step::next_of(&ring);
            let wait = step.wait(pending_life);
            if wait.is_zero() {
                say!("The rotation is complete.");
            } else {
                say!("The next step is {step}, in {}.", in_minutes(wait));
            }
        }
    }
    Ok(())
}

/// Prints what a replaced ring ends.
fn consequences(change: &Change, ring: &RingText) {
    if !matches!(change, Change::Revoke { .. }) {
        return;
    }
    say!("Flows under way end, and users request another code.");
    if ring.lasting.is_none() {
        say!(
            "The lasting key is replaced too: budgets and leases start again, devices are unknown until their next sign-in, and test identifiers have other codes."
        );
    }
}

/// Returns the id of the lasting key that a replacement after a leak keeps.
fn kept_after_leak<'a>(change: &Change, ring: &'a RingText) -> Option<&'a str> {
    let is_leak = matches!(change, Change::Revoke { .. });
    let lasting = ring.lasting.as_ref().filter(|_| is_leak)?;
    Some(lasting.id())
}

/// Returns the keys by role, as text. A key that is not on the ring `known` is a new one.
fn roles(ring: &RingText, known: Option<&RingText>) -> String {
    let roles = ids(ring, known).map(|(role, id)| format!("{role} {id}"));
    roles.collect::<Vec<_>>().join(", ")
}

/// Returns the ids of the keys by role.
fn ids(ring: &RingText, known: Option<&RingText>) -> impl Iterator<Item = (&'static str, String)> {
    let id = move |id: &str| match known {
        Some(known) if known.roles().all(|(_, key)| key.id() != id) => "(new)".to_owned(),
        _ => id.to_owned(),
    };
    ring.roles().map(move |(role, key)| (role, id(key.id())))
}

fn in_json(ring: &RingText, known: Option<&RingText>) -> Value {
    let ids = ids(ring, known).map(|(role, id)| (role.to_owned(), id.into()));
    Value::Object(ids.collect())
}

/// Returns a time in its largest fitting unit, rounded down.
fn in_words(time: Duration) -> String {
    let seconds = time.as_secs();
    match seconds {
        0..120 => format!("{seconds} s"),
        120..7200 => format!("{} minutes", seconds / 60),
        7200..172_800 => format!("{} hours", seconds / 3600),
        _ => format!("{} days", seconds / 86_400),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_secret_is_the_same_by_its_name_and_its_arn() {
        let arn = "arn:aws:secretsmanager:eu-west-1:111122223333:secret:a/ring-AbCdEf";
        assert!(is_secret(arn, "a/ring") && is_secret("a/ring", arn) && is_secret(arn, arn));
        for other in ["a/rin", "a/ring-AbCdEf", "ring", "none", ""] {
            assert!(!is_secret(arn, other), "{other}");
        }
    }

    #[test]
    fn an_age_is_rounded_down() {
        for (seconds, text) in [
            (119, "119 s"),
            (179, "2 minutes"),
            (7200, "2 hours"),
            (259_199, "2 days"),
        ] {
            assert_eq!(in_words(Duration::from_secs(seconds)), text);
        }
    }
}
