//! `latchstring attach` as a program. Cognito here resets the members that an update leaves out, as AWS
//! documents and the emulators do not.

mod one_pool;

use std::collections::BTreeSet;
use std::fs;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, MutexGuard};

use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};
use latchstring_cli::attach::members::{CLIENT_FIXED, Members, POOL_FIXED};
use one_pool::{Aws, POOL, Ran, SECRET, TRIGGERS, reset};
use serde_json::{Value, json};

/// Cognito and `CloudFormation` of one account.
struct World {
    pool: Members,
    client: Members,
    /// The pages of accounts.
    users: Vec<Value>,
    outputs: Vec<(&'static str, &'static str)>,
    calls: Vec<String>,
    /// The operation that is refused.
    refuses: Option<&'static str>,
    /// The member that an update ignores.
    ignores: Option<&'static str>,
    /// The number of calls after which another operator changes the pool and the client.
    changed_after: Option<usize>,
}

fn members(value: Value) -> Members {
    let Value::Object(members) = value else {
        panic!("not an object: {value}");
    };
    members
}

impl World {
    fn new() -> Self {
        Self {
            pool: members(json!({
                "Id": POOL,
                "Name": "users",
                "Arn": "arn:pool",
                "AliasAttributes": ["email", "phone_number"],
                "UsernameConfiguration": {"CaseSensitive": false},
                "SchemaAttributes": [{"Name": "locale", "Mutable": true}],
                "MfaConfiguration": "OFF",
                "EmailVerificationSubject": "Welcome",
                "UserPoolTags": {"team": "accounts"},
                "LambdaConfig": {"PostConfirmation": "arn:other", "NewerThanTheProgram": "arn:new"},
                "CustomDomain": null,
                "LastModifiedDate": 1_700_000_000.25,
            })),
            client: members(json!({
                "UserPoolId": POOL,
                "ClientId": "web",
                "ClientName": "Web",
                "ClientSecret": SECRET,
                "CallbackURLs": ["https://a.example"],
                "NewerThanTheProgram": {"is": "kept"},
                "LastModifiedDate": 1_700_000_000,
            })),
            users: vec![json!([])],
            outputs: vec![
                ("DefineAuthChallenge", "arn:define"),
                ("CreateAuthChallenge", "arn:create"),
                ("VerifyAuthChallengeResponse", "arn:verify"),
            ],
            calls: Vec::new(),
            refuses: None,
            ignores: None,
            changed_after: None,
        }
    }

    /// Answers an operation of Cognito.
    fn cognito(&mut self, operation: &str, mut input: Members) -> Result<Value, Value> {
        if self.changed_after == Some(self.calls.len()) {
            let tags = json!({"team": "others"});
            self.pool.insert("UserPoolTags".to_owned(), tags);
            let date = json!(1_800_000_000);
            self.client.insert("LastModifiedDate".to_owned(), date);
        }
        self.calls.push(operation.to_owned());
        if self.refuses == Some(operation) {
            return Err(
                json!({"__type": "InvalidParameterException", "message": "No such\nthing."}),
            );
        }
        if let Some(ignored) = self.ignores {
            input.remove(ignored);
        }
        match operation {
            "DescribeUserPool" => return Ok(json!({ "UserPool": self.pool })),
            "ListUsers" => {
                let page = input.get("PaginationToken").and_then(Value::as_str);
                let page: usize = page.map_or(0, |page| page.parse().expect("a token of ours"));
                let next = (page + 1 < self.users.len()).then(|| (page + 1).to_string());
                return Ok(json!({ "Users": self.users[page], "PaginationToken": next }));
            }
            "DescribeUserPoolClient" => return Ok(json!({ "UserPoolClient": self.client })),
            "UpdateUserPool" => {
                for (sent, described) in [("UserPoolId", "Id"), ("PoolName", "Name")] {
                    let value = input.remove(sent).expect("a required member");
                    input.insert(described.to_owned(), value);
                }
                reset(&mut self.pool, POOL_FIXED, input);
            }
            "UpdateUserPoolClient" => reset(&mut self.client, CLIENT_FIXED, input),
            _ => return Err(json!({"__type": "UnknownOperationException"})),
        }
        Ok(json!({}))
    }

    fn stack(&self) -> String {
        let outputs = self.outputs.iter().map(|(key, value)| {
            format!(
                "<member><OutputKey>{key}</OutputKey><OutputValue>{value}</OutputValue></member>"
            )
        });
        format!(
            "<DescribeStacksResponse><DescribeStacksResult><Stacks><member><Outputs>{}</Outputs>\
             </member></Stacks></DescribeStacksResult></DescribeStacksResponse>",
            outputs.collect::<String>()
        )
    }
}

async fn answer(
    State(world): State<Arc<Mutex<World>>>,
    headers: HeaderMap,
    body: String,
) -> Response {
    let header = |name: &str| headers[name].to_str().expect("text");
    let mut world = world.lock().expect("no test has failed");
    let signature = header("authorization");
    if header("content-type").starts_with("application/x-www-form-urlencoded") {
        assert!(signature.contains("/eu-west-1/cloudformation/aws4_request"));
        assert_eq!(
            body,
            "Action=DescribeStacks&Version=2010-05-15&StackName=Latchstring"
        );
        world.calls.push("DescribeStacks".to_owned());
        return world.stack().into_response();
    }
    assert!(signature.starts_with("AWS4-HMAC-SHA256 Credential=key/"));
    assert!(signature.contains("/eu-west-1/cognito-idp/aws4_request"));
    assert_eq!(header("x-amz-security-token"), "session");
    let target = header("x-amz-target").strip_prefix("AWSCognitoIdentityProviderService.");
    let input = serde_json::from_str(&body).expect("JSON");
    match world.cognito(target.expect("an operation"), input) {
        Ok(output) => output.to_string().into_response(),
        Err(error) => (StatusCode::BAD_REQUEST, error.to_string()).into_response(),
    }
}

/// An AWS with one pool, and a working directory.
struct Account {
    world: Arc<Mutex<World>>,
    aws: Aws,
}

impl Account {
    /// Starts AWS. The name is that of the test.
    async fn start(name: &str) -> Self {
        let world = Arc::new(Mutex::new(World::new()));
        let router = axum::Router::new().fallback(answer);
        let router = router.with_state(Arc::clone(&world));
        let aws = Aws::serve(&format!("attach-{name}"), router).await;
        Self { world, aws }
    }

    fn world(&self) -> MutexGuard<'_, World> {
        self.world.lock().expect("no call has failed")
    }

    /// Runs the command with these options.
    fn run(&self, options: &[&str]) -> Ran {
        let client = ["--client", "web", "--secret-known"];
        self.aws.run("attach", &[&client, options].concat())
    }

    /// Runs the command with the triggers and these options.
    fn attach(&self, options: &[&str]) -> Ran {
        self.run(&[&TRIGGERS, options].concat())
    }

    /// Returns the files in the working directory, the first run's first.
    fn files(&self) -> Vec<PathBuf> {
        let entries = fs::read_dir(&self.aws.folder).expect("the folder");
        let paths: BTreeSet<PathBuf> = entries.map(|entry| entry.expect("a file").path()).collect();
        paths.into_iter().collect()
    }

    /// Returns the calls that change something.
    fn updates(&self) -> Vec<String> {
        let calls = self.world().calls.clone();
        let updates = calls.into_iter().filter(|call| call.starts_with("Update"));
        updates.collect()
    }
}

/// Returns the last line of the errors.
fn last_error(ran: &Ran) -> &str {
    ran.stderr.lines().last().unwrap_or_default()
}

#[tokio::test(flavor = "multi_thread")]
async fn without_apply_only_the_difference_is_shown() {
    let account = Account::start("shown").await;
    let ran = account.attach(&[]);
    assert_eq!(ran.status, Some(0), "{}", ran.stderr);
    for line in [
        "  LambdaConfig.DefineAuthChallenge: not set → \"arn:define\"",
        "  PreventUserExistenceErrors: not set → \"ENABLED\"",
        "Nothing was changed. Run the command with --apply to make these changes.",
    ] {
        assert!(ran.stdout.lines().any(|it| it == line), "{}", ran.stdout);
    }
    assert!(!ran.stdout.contains("EmailVerificationSubject"));
    let calls = ["DescribeUserPool", "DescribeUserPoolClient"];
    assert_eq!(account.world().calls, calls);
    assert_eq!(account.files().len(), 0);
    // A line for each call.
    assert_eq!(ran.stderr.lines().count(), 2, "{}", ran.stderr);
}

#[tokio::test(flavor = "multi_thread")]
async fn apply_changes_what_must_change_and_resets_nothing() {
    let account = Account::start("applied").await;
    let ran = account.attach(&["--apply"]);
    assert_eq!(ran.status, Some(0), "{}", ran.stderr);
    assert!(ran.stdout.ends_with("\nDone.\n"), "{}", ran.stdout);
    {
        let world = account.world();
        let expected = [
            "DescribeUserPool",
            "DescribeUserPoolClient",
            "DescribeUserPool",
            "UpdateUserPool",
            "DescribeUserPool",
            "DescribeUserPoolClient",
            "UpdateUserPoolClient",
            "DescribeUserPoolClient",
        ];
        assert_eq!(world.calls, expected);
        assert_eq!(world.pool["EmailVerificationSubject"], "Welcome");
        assert_eq!(world.pool["UserPoolTags"], json!({"team": "accounts"}));
        assert_eq!(
            world.pool["LambdaConfig"],
            json!({
                "PostConfirmation": "arn:other",
                "NewerThanTheProgram": "arn:new",
                "DefineAuthChallenge": "arn:define",
                "CreateAuthChallenge": "arn:create",
                "VerifyAuthChallengeResponse": "arn:verify",
            })
        );
        assert_eq!(world.client["ClientName"], "Web");
        let urls = json!(["https://a.example"]);
        assert_eq!(world.client["CallbackURLs"], urls);
        assert_eq!(world.client["NewerThanTheProgram"], json!({"is": "kept"}));
    }
    let files = account.files();
    assert_eq!(files.len(), 1);
    let text = fs::read_to_string(&files[0]).expect("the file");
    assert!(!text.contains(SECRET));
    let kept: Value = serde_json::from_str(&text).expect("JSON");
    let before = World::new();
    assert_eq!(kept["pool"]["LambdaConfig"], before.pool["LambdaConfig"]);
    assert_eq!(kept["pool"]["UserPoolId"], POOL);
    assert_eq!(kept["clients"][0]["ClientName"], "Web");
    assert!(kept["clients"][0].get("ExplicitAuthFlows").is_none());
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        let mode = fs::metadata(&files[0]).expect("the file").permissions();
        assert_eq!(mode.mode() & 0o777, 0o600);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_second_run_has_nothing_to_change() {
    let account = Account::start("second").await;
    assert_eq!(account.attach(&["--apply"]).status, Some(0));
    let updates = account.updates();
    for options in [&[][..], &["--apply"]] {
        let ran = account.attach(options);
        assert_eq!(ran.status, Some(0));
        assert_eq!(
            ran.stdout,
            format!(
                "Pool {POOL}: nothing to change\nClient web: nothing to change\n\
                 There is nothing to change.\n"
            )
        );
    }
    assert_eq!(account.updates(), updates);
    assert_eq!(account.files().len(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn each_change_keeps_a_file_and_leaves_the_first_as_it_was() {
    let account = Account::start("files").await;
    assert_eq!(account.attach(&["--apply"]).status, Some(0));
    let first = account.files().remove(0);
    let text = fs::read(&first).expect("the file");
    assert_eq!(account.attach(&["--apply", "--harden"]).status, Some(0));
    let files = account.files();
    assert_eq!((files.len(), &files[0]), (2, &first));
    assert_eq!(fs::read(&first).expect("the file"), text);
}

#[tokio::test(flavor = "multi_thread")]
async fn harden_closes_the_other_ways_to_sign_in() {
    let account = Account::start("hardened").await;
    let ran = account.attach(&["--apply", "--harden"]);
    assert_eq!(ran.status, Some(0), "{}", ran.stderr);
    let world = account.world();
    let users = json!({"AllowAdminCreateUserOnly": true});
    assert_eq!(world.pool["AdminCreateUserConfig"], users);
    let recovery = &world.pool["AccountRecoverySetting"]["RecoveryMechanisms"];
    assert_eq!(recovery[0]["Name"], "admin_only");
    let flows = json!(["ALLOW_CUSTOM_AUTH", "ALLOW_REFRESH_TOKEN_AUTH"]);
    assert_eq!(world.client["ExplicitAuthFlows"], flows);
    assert_eq!(world.client["WriteAttributes"], json!(["locale"]));
    assert_eq!(world.client["AllowedOAuthFlowsUserPoolClient"], false);
    assert_eq!(world.pool["EmailVerificationSubject"], "Welcome");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stack_names_the_triggers() {
    let account = Account::start("stack").await;
    let stack = ["--stack", "Latchstring"];
    let ran = account.run(&[&stack[..], &["--apply"]].concat());
    assert_eq!(ran.status, Some(0), "{}", ran.stderr);
    let verify = &account.world().pool["LambdaConfig"]["VerifyAuthChallengeResponse"].clone();
    assert_eq!(verify, "arn:verify");

    account.world().outputs.pop();
    let ran = account.run(&stack);
    assert_eq!(ran.status, Some(2));
    let missing = "the stack Latchstring has no output VerifyAuthChallengeResponse";
    assert!(last_error(&ran).contains(missing), "{}", ran.stderr);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_refused_change_is_one_line_with_what_to_do() {
    let account = Account::start("refused").await;
    account.world().refuses = Some("UpdateUserPool");
    let ran = account.attach(&["--apply"]);
    assert_eq!(ran.status, Some(1));
    assert_eq!(
        last_error(&ran),
        "error: cognito-idp:UpdateUserPool was refused: InvalidParameterException: No such thing. \
         Correct what the message names, and run the command again. The command without --apply shows \
         what is left to change."
    );
    assert_eq!(account.updates(), ["UpdateUserPool"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_refused_read_changes_nothing() {
    for operation in ["DescribeUserPool", "DescribeUserPoolClient"] {
        let account = Account::start(operation).await;
        account.world().refuses = Some(operation);
        let ran = account.attach(&["--apply"]);
        assert_eq!(ran.status, Some(2));
        let error = format!("error: cognito-idp:{operation} was refused: ");
        assert!(last_error(&ran).starts_with(&error), "{}", ran.stderr);
        assert_eq!(account.updates().len() + account.files().len(), 0);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_setting_that_is_not_as_sent_is_reported() {
    let account = Account::start("ignored").await;
    account.world().ignores = Some("UserPoolTags");
    let ran = account.attach(&["--apply"]);
    assert_eq!(ran.status, Some(1));
    let reported = format!(
        "Pool {POOL} is not as it was sent:\n  UserPoolTags: {{\"team\":\"accounts\"}} → not set\n"
    );
    assert!(ran.stdout.contains(&reported), "{}", ran.stdout);
    assert!(!ran.stdout.contains("Client web is not as it was sent"));
    // The clients are changed all the same.
    assert_eq!(
        account.updates(),
        ["UpdateUserPool", "UpdateUserPoolClient"]
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_change_by_another_operator_is_not_overwritten() {
    // After the first reads of the pool and the client; after the update of the pool and its comparison.
    for (calls, status, updates) in [(2, 2, &[][..]), (5, 1, &["UpdateUserPool"][..])] {
        let account = Account::start(&format!("meanwhile-{calls}")).await;
        account.world().changed_after = Some(calls);
        let ran = account.attach(&["--apply"]);
        assert_eq!(ran.status, Some(status), "{}", ran.stderr);
        let error = "was changed by another request since this command read it";
        assert!(last_error(&ran).contains(error), "{}", ran.stderr);
        assert_eq!(account.updates(), updates);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_pool_that_cannot_be_attached_is_only_read() {
    let code_alone = "may be able to sign in with a code alone";
    for (number, (member, value, error)) in [
        ("UsernameAttributes", json!(["email"]), "username-attribute"),
        ("MfaConfiguration", json!("OPTIONAL"), code_alone),
        ("MfaConfiguration", json!("ON"), code_alone),
        ("Newer", json!({"is": "set"}), "does not know: Newer. "),
        (
            "AliasAttributes",
            json!(["preferred_username"]),
            "email and phone_number is not an alias attribute",
        ),
        ("AliasAttributes", json!(["email"]), "pass --only email."),
        (
            "UserPoolAddOns",
            json!({"AdvancedSecurityAdditionalFlows": {"CustomAuthMode": "ENFORCED"}}),
            "may refuse the sign-ins of all users",
        ),
    ]
    .into_iter()
    .enumerate()
    {
        let account = Account::start(&format!("unfit-{number}")).await;
        account.world().pool.insert(member.to_owned(), value);
        let ran = account.attach(&["--apply"]);
        assert_eq!(ran.status, Some(2));
        assert!(last_error(&ran).contains(error), "{}", ran.stderr);
        assert_eq!(account.world().calls, ["DescribeUserPool"]);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_pool_that_fits_what_the_functions_use_is_attached() {
    let account = Account::start("uses").await;
    {
        let mut world = account.world();
        let pool = &mut world.pool;
        pool.insert("AliasAttributes".to_owned(), json!(["email"]));
        let custom = json!({"CustomAuthMode": "ENFORCED"});
        let add_ons = json!({"AdvancedSecurityAdditionalFlows": custom});
        pool.insert("UserPoolAddOns".to_owned(), add_ons);
    }
    let ran = account.attach(&["--only", "email", "--signed-calls"]);
    assert_eq!(ran.status, Some(0), "{}", ran.stderr);
    let ran = account.attach(&["--only", "phone_number", "--signed-calls"]);
    assert_eq!(ran.status, Some(2));
    assert!(last_error(&ran).contains("phone_number is not an alias"));
}

#[tokio::test(flavor = "multi_thread")]
async fn accounts_are_counted_by_state_and_no_contact_is_printed() {
    let account = Account::start("accounts").await;
    let user = |status: &str, enabled: bool, verified: &str| {
        json!({
            "Username": "name-of-a-user",
            "UserStatus": status,
            "Enabled": enabled,
            "Attributes": [
                {"Name": "email", "Value": "ada@example.com"},
                {"Name": "email_verified", "Value": verified},
            ],
        })
    };
    account.world().users = vec![
        json!([
            user("CONFIRMED", true, "true"),
            user("CONFIRMED", false, "true")
        ]),
        json!([
            user("UNCONFIRMED", true, "true"),
            user("UNCONFIRMED", true, "false")
        ]),
        json!([
            user("RESET_REQUIRED", true, "true"),
            user("FORCE_CHANGE_PASSWORD", true, "true"),
            user("EXTERNAL_PROVIDER", true, "true"),
        ]),
    ];
    let ran = account.attach(&["--accounts"]);
    assert_eq!(ran.status, Some(0), "{}", ran.stderr);
    for line in [
        "  1 CONFIRMED: signs in",
        "  1 disabled: Cognito refuses",
        "  1 UNCONFIRMED with a verified contact: Cognito refuses",
        "  1 UNCONFIRMED without one: not found",
        "  1 RESET_REQUIRED: Cognito refuses",
        "  1 FORCE_CHANGE_PASSWORD: the first sign-in",
        "  1 EXTERNAL_PROVIDER: not found by its contact",
    ] {
        let is_printed = ran.stdout.lines().any(|it| it.starts_with(line));
        assert!(is_printed, "{line}: {}", ran.stdout);
    }
    for private in ["ada@example.com", "name-of-a-user"] {
        assert!(!ran.stdout.contains(private) && !ran.stderr.contains(private));
    }

    account.world().users = vec![json!([])];
    let ran = account.attach(&["--accounts"]);
    let none = "The pool has no account.\n";
    assert!(ran.stdout.starts_with(none), "{}", ran.stdout);

    account.world().refuses = Some("ListUsers");
    let ran = account.attach(&["--accounts", "--apply"]);
    assert_eq!(ran.status, Some(0), "{}", ran.stderr);
    let uncounted = "The accounts are not counted: cognito-idp:ListUsers was refused: ";
    assert!(ran.stdout.contains(uncounted), "{}", ran.stdout);
    assert!(ran.stdout.ends_with("\nDone.\n"), "{}", ran.stdout);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_client_that_is_named_twice_is_changed_once() {
    let account = Account::start("twice").await;
    let ran = account.attach(&["--client", "web", "--apply"]);
    assert_eq!(ran.status, Some(0), "{}", ran.stderr);
    assert_eq!(
        account.updates(),
        ["UpdateUserPool", "UpdateUserPoolClient"]
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn options_that_name_no_triggers_are_refused() {
    let account = Account::start("options").await;
    for options in [
        &[][..],
        &["--define", "arn:define"],
        &["--stack", "Latchstring", "--define", "arn:define"],
        &[
            "--define", "define", "--create", "arn:c", "--verify", "arn:v",
        ],
    ] {
        assert_eq!(account.run(options).status, Some(2), "{options:?}");
    }
    assert_eq!(account.world().calls.len(), 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_detached_pool_has_no_trigger_of_ours_left() {
    let account = Account::start("detached").await;
    assert_eq!(account.attach(&["--apply"]).status, Some(0));
    let options = ["--client", "web", "--stack", "Latchstring"];
    let shown = account.aws.run("detach", &options);
    assert_eq!(shown.status, Some(0), "{}", shown.stderr);
    for line in [
        "  LambdaConfig.DefineAuthChallenge: \"arn:define\" → not set",
        "Nothing was changed. Run the command with --apply to make these changes.",
    ] {
        assert!(
            shown.stdout.lines().any(|it| it == line),
            "{}",
            shown.stdout
        );
    }
    assert_eq!(account.updates().len(), 2, "those of attach");
    let ran = account
        .aws
        .run("detach", &[&options[..], &["--apply"]].concat());
    assert_eq!(ran.status, Some(0), "{}", ran.stderr);
    let triggers = account.world().pool["LambdaConfig"].clone();
    assert_eq!(
        triggers,
        json!({"PostConfirmation": "arn:other", "NewerThanTheProgram": "arn:new"})
    );
    let flows = account.world().client["ExplicitAuthFlows"].clone();
    assert_eq!(
        flows,
        json!(["ALLOW_USER_SRP_AUTH", "ALLOW_REFRESH_TOKEN_AUTH"])
    );
    let again = account.aws.run("detach", &options);
    assert!(
        again.stdout.contains("There is nothing to change."),
        "{}",
        again.stdout
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_trigger_of_another_stack_stays_when_a_pool_is_detached() {
    let account = Account::start("others").await;
    assert_eq!(account.attach(&["--apply"]).status, Some(0));
    account.world().pool["LambdaConfig"]["CreateAuthChallenge"] = json!("arn:theirs");
    let ran = account
        .aws
        .run("detach", &["--stack", "Latchstring", "--apply", "--json"]);
    assert_eq!(ran.status, Some(0), "{}", ran.stderr);
    assert!(
        ran.stderr.contains("CreateAuthChallenge is arn:theirs"),
        "{}",
        ran.stderr
    );
    let printed: Value = serde_json::from_str(&ran.stdout).expect("JSON");
    assert_eq!(
        (&printed["command"], &printed["applied"]),
        (&json!("detach"), &json!(true))
    );
    assert_eq!(printed["changes"][0]["of"], format!("Pool {POOL}"));
    let triggers = account.world().pool["LambdaConfig"].clone();
    assert_eq!(triggers["CreateAuthChallenge"], "arn:theirs");
    assert_eq!(triggers["DefineAuthChallenge"], Value::Null);
}
