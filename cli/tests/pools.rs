//! `attach`, `attach --restore`, `fix-contacts` and the doctor on pools as CDK, Amplify and Terraform make
//! them: the files of `shared/testkit/pools`, each with its source and the expected outcome.

mod one_pool;

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;
use std::sync::{Arc, Mutex, MutexGuard};

use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};
use latchstring_cli::attach::difference::differences;
use latchstring_cli::attach::members::{CLIENT_FIXED, Members, POOL_FIXED};
use one_pool::{Aws, POOL, Ran, TRIGGERS, reset};
use serde_json::{Value, json};

/// The accounts of a page.
const PAGE: usize = 2;

/// Returns the pools by name.
fn fixtures() -> BTreeMap<String, Value> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../shared/testkit/pools");
    let files = fs::read_dir(folder).expect("the pools").map(|entry| {
        let path = entry.expect("a file").path();
        let name = path.file_stem().and_then(|it| it.to_str()).expect("a name");
        let text = fs::read_to_string(&path).expect("a pool");
        let pool = serde_json::from_str(&text);
        (
            name.to_owned(),
            pool.unwrap_or_else(|error| panic!("{name}: {error}")),
        )
    });
    files.collect()
}

fn members(value: &Value) -> Members {
    value.as_object().expect("an object").clone()
}

/// Cognito with one pool. An update resets the members that it leaves out.
#[derive(Clone)]
struct World {
    pool: Members,
    clients: BTreeMap<String, Members>,
    users: Vec<Value>,
    calls: Vec<String>,
    /// The operation that is refused, from the call of this number on.
    refuses: Option<(&'static str, usize)>,
}

impl World {
    fn of(fixture: &Value) -> Self {
        let clients = fixture["UserPoolClients"].as_array().expect("clients");
        let clients = clients.iter().map(|client| {
            let id = client["ClientId"].as_str().expect("an id").to_owned();
            (id, members(client))
        });
        Self {
            pool: members(&fixture["UserPool"]),
            clients: clients.collect(),
            users: Vec::new(),
            calls: Vec::new(),
            refuses: None,
        }
    }

    fn count(&self, operation: &str) -> usize {
        self.calls.iter().filter(|call| *call == operation).count()
    }

    fn cognito(&mut self, operation: &str, mut input: Members) -> Result<Value, &'static str> {
        self.calls.push(operation.to_owned());
        if let Some((refused, number)) = self.refuses
            && refused == operation
            && self.count(operation) >= number
        {
            return Err("InvalidParameterException");
        }
        let text = |input: &Members, name: &str| {
            let text = input.get(name).and_then(Value::as_str);
            text.unwrap_or_default().to_owned()
        };
        let name = text(&input, "Username");
        let place = self.users.iter().position(|it| it["Username"] == *name);
        match operation {
            "DescribeUserPool" => Ok(json!({ "UserPool": self.pool })),
            "DescribeUserPoolClient" => {
                Ok(json!({ "UserPoolClient": self.clients[&text(&input, "ClientId")] }))
            }
            "ListUserPoolClients" => {
                let ids = self.clients.keys().map(|id| json!({ "ClientId": id }));
                Ok(json!({ "UserPoolClients": ids.collect::<Vec<_>>() }))
            }
            "UpdateUserPool" => {
                for (sent, described) in [("UserPoolId", "Id"), ("PoolName", "Name")] {
                    let value = input.remove(sent).expect("a required member");
                    input.insert(described.to_owned(), value);
                }
                reset(&mut self.pool, POOL_FIXED, input);
                // The older name of the limit, which Cognito returns too.
                let days =
                    &self.pool["Policies"]["PasswordPolicy"]["TemporaryPasswordValidityDays"];
                let days = days.clone();
                self.pool["AdminCreateUserConfig"]["UnusedAccountValidityDays"] = days;
                Ok(json!({}))
            }
            "UpdateUserPoolClient" => {
                let client = self.clients.get_mut(&text(&input, "ClientId"));
                reset(client.expect("a client"), CLIENT_FIXED, input);
                Ok(json!({}))
            }
            "ListUsers" => Ok(self.list(&text(&input, "Filter"), &text(&input, "PaginationToken"))),
            "AdminGetUser" => {
                let mut user = self.users[place.ok_or("UserNotFoundException")?].clone();
                user["UserAttributes"] = user["Attributes"].take();
                Ok(user)
            }
            "AdminDeleteUser" => {
                self.users.remove(place.ok_or("UserNotFoundException")?);
                Ok(json!({}))
            }
            "AdminUpdateUserAttributes" => {
                let user = &mut self.users[place.ok_or("UserNotFoundException")?];
                let old = user["Attributes"].as_array_mut().expect("attributes");
                let new = input["UserAttributes"].as_array().expect("attributes");
                old.retain(|it| new.iter().all(|new| new["Name"] != it["Name"]));
                old.extend(new.iter().cloned());
                Ok(json!({}))
            }
            _ => Err("UnknownOperationException"),
        }
    }

    fn list(&self, filter: &str, token: &str) -> Value {
        if let Some((attribute, value)) = filter.split_once(" = ") {
            let wanted = json!({"Name": attribute, "Value": value.trim_matches('"')});
            let has = |user: &&Value| {
                let attributes = user["Attributes"].as_array().expect("attributes");
                attributes.contains(&wanted)
            };
            return json!({ "Users": self.users.iter().filter(has).collect::<Vec<_>>() });
        }
        let from: usize = token.parse().unwrap_or_default();
        let page: Vec<&Value> = self.users.iter().skip(from).take(PAGE).collect();
        let next = from + PAGE;
        let next = (next < self.users.len()).then(|| next.to_string());
        json!({ "Users": page, "PaginationToken": next })
    }
}

async fn answer(
    State(world): State<Arc<Mutex<World>>>,
    headers: HeaderMap,
    body: String,
) -> Response {
    let target = headers.get("x-amz-target").and_then(|it| it.to_str().ok());
    let operation = target.and_then(|it| it.strip_prefix("AWSCognitoIdentityProviderService."));
    // The doctor also reads Lambda, SES and SNS, which have nothing here.
    let Some(operation) = operation else {
        let error = json!({"__type": "ResourceNotFoundException"});
        return (StatusCode::NOT_FOUND, error.to_string()).into_response();
    };
    let input = serde_json::from_str(&body).expect("JSON");
    match world
        .lock()
        .expect("no test failed")
        .cognito(operation, input)
    {
        Ok(output) => output.to_string().into_response(),
        Err(code) => {
            let error = json!({"__type": code, "message": "No."});
            (StatusCode::BAD_REQUEST, error.to_string()).into_response()
        }
    }
}

/// An AWS with one pool, and a working directory.
struct Account {
    world: Arc<Mutex<World>>,
    aws: Aws,
}

impl Account {
    /// Starts AWS with this pool. The name is that of the test.
    async fn start(name: &str, fixture: &Value) -> Self {
        let world = Arc::new(Mutex::new(World::of(fixture)));
        let router = axum::Router::new().fallback(answer);
        let router = router.with_state(Arc::clone(&world));
        let aws = Aws::serve(&format!("pools-{name}"), router).await;
        Self { world, aws }
    }

    fn world(&self) -> MutexGuard<'_, World> {
        self.world.lock().expect("no call failed")
    }

    fn run(&self, command: &str, options: &[&str]) -> Ran {
        let ran = self.aws.run(command, options);
        for private in ["@", "+1415", "+52", "+44"] {
            assert!(!ran.stdout.contains(private), "{}", ran.stdout);
            assert!(
                !ran.stderr.contains(private) || private == "@",
                "{}",
                ran.stderr
            );
        }
        ran
    }

    /// Runs `attach` with the client and triggers, and these options.
    fn attach(&self, options: &[&str]) -> Ran {
        let all = [&["--client", "web"][..], &TRIGGERS, options];
        self.run("attach", &all.concat())
    }

    fn restore(&self, options: &[&str]) -> Ran {
        let files: BTreeSet<String> = fs::read_dir(&self.aws.folder)
            .expect("the folder")
            .filter_map(|entry| entry.ok()?.file_name().into_string().ok())
            .filter(|name| name.contains("-before-"))
            .collect();
        let first = files.first().expect("a file");
        self.run("attach", &[&["--restore", first], options].concat())
    }

    fn updates(&self) -> usize {
        let world = self.world();
        let updates = world.calls.iter().filter(|call| call.starts_with("Update"));
        updates.count()
    }
}

fn user(name: &str, status: &str, pairs: &[(&str, &str)]) -> Value {
    let sub = format!("sub-of-{name}");
    let sub = ("sub", sub.as_str());
    let attributes = [sub].into_iter().chain(pairs.iter().copied());
    let attributes = attributes.map(|(name, value)| json!({"Name": name, "Value": value}));
    json!({
        "Username": name,
        "UserStatus": status,
        "Enabled": true,
        "Attributes": attributes.collect::<Vec<_>>(),
    })
}

#[tokio::test(flavor = "multi_thread")]
async fn each_pool_is_attached_or_refused_as_it_states() {
    let (mut attached, mut refused) = (0, 0);
    for (name, fixture) in fixtures() {
        assert!(fixture["source"].is_string(), "{name} has no source");
        let account = Account::start(&format!("attach-{name}"), &fixture).await;
        for run in fixture["attach"].as_array().expect("runs") {
            let options = run["options"].as_array().expect("options");
            let options: Vec<&str> = options.iter().filter_map(Value::as_str).collect();
            let ran = account.attach(&[&options[..], &["--apply", "--yes"]].concat());
            if let Some(reason) = run["refused"].as_str() {
                assert_eq!(ran.status, Some(2), "{name} {options:?}: {}", ran.stdout);
                assert!(ran.stderr.contains(reason), "{name}: {}", ran.stderr);
                assert_eq!(account.updates(), 0, "{name}");
                refused += 1;
                continue;
            }
            assert_eq!(ran.status, Some(0), "{name} {options:?}: {}", ran.stderr);
            {
                let world = account.world();
                assert_eq!(
                    world.pool["LambdaConfig"]["DefineAuthChallenge"],
                    "arn:define"
                );
                if world.pool.contains_key("UsernameAttributes") {
                    let only_admin = &world.pool["AdminCreateUserConfig"];
                    assert_eq!(only_admin["AllowAdminCreateUserOnly"], true, "{name}");
                    for client in world.clients.values() {
                        let writes = client["WriteAttributes"].as_array().expect("a list");
                        assert!(!writes.contains(&json!("email")), "{name}");
                    }
                }
            }
            restored(&account, &name, &fixture);
            attached += 1;
        }
    }
    assert!(attached >= 9 && refused >= 12, "{attached} and {refused}");
}

/// Restores the pool, and compares it with the description of the file.
fn restored(account: &Account, name: &str, fixture: &Value) {
    let shown = account.restore(&[]);
    assert_eq!(shown.status, Some(0), "{name}: {}", shown.stderr);
    let ran = account.restore(&["--apply"]);
    assert_eq!(ran.status, Some(0), "{name}: {}{}", ran.stdout, ran.stderr);
    let before = World::of(fixture);
    let mut world = account.world();
    let without_date = |members: &Members| {
        let mut members = members.clone();
        members.remove("LastModifiedDate");
        members
    };
    let same = |before: &Members, now: &Members| {
        assert_eq!(
            differences(&without_date(before), &without_date(now)),
            [],
            "{name}"
        );
    };
    same(&before.pool, &world.pool);
    for (id, client) in &before.clients {
        same(client, &world.clients[id]);
    }
    *world = before;
    for entry in fs::read_dir(&account.aws.folder).expect("the folder") {
        fs::remove_file(entry.expect("a file").path()).expect("a file");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_doctor_reports_each_pool_as_it_states() {
    for (name, fixture) in fixtures() {
        let account = Account::start(&format!("doctor-{name}"), &fixture).await;
        let ran = account.run("doctor", &["--client", "web", "--json"]);
        let report: Value = serde_json::from_str(&ran.stdout).expect("JSON");
        let findings = report.as_array().or_else(|| report["findings"].as_array());
        let findings = findings.expect("findings");
        for (check, state) in fixture["doctor"].as_object().expect("checks") {
            let found = findings.iter().find(|finding| finding["check"] == *check);
            let found = found.unwrap_or_else(|| panic!("{name}: no {check}: {report}"));
            assert_eq!(found["state"], *state, "{name}: {found}");
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn other_triggers_are_replaced_only_after_a_question() {
    let mut fixture = fixtures().remove("cdk-aliases").expect("the pool");
    fixture["UserPool"]["LambdaConfig"] = json!({
        "DefineAuthChallenge": "arn:older",
        "VerifyAuthChallengeResponse": "arn:verify",
        "PreSignUp": "arn:pre",
    });
    let account = Account::start("replaced", &fixture).await;
    let question = "DefineAuthChallenge is arn:older.";
    let shown = account.attach(&[]);
    assert!(shown.stdout.contains(question), "{}", shown.stdout);
    // The third trigger is Latchstring's already, and the fourth stays.
    assert!(!shown.stdout.contains("is arn:verify"));
    let ran = account.attach(&["--apply"]);
    assert_eq!(ran.status, Some(2));
    assert!(ran.stderr.contains("pass --yes"), "{}", ran.stderr);
    assert_eq!(account.updates(), 0);
    let ran = account.attach(&["--apply", "--yes"]);
    assert_eq!(ran.status, Some(0), "{}", ran.stderr);
    assert_eq!(account.world().pool["LambdaConfig"]["PreSignUp"], "arn:pre");
    restored(&account, "replaced", &fixture);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_restore_keeps_and_respects_later_changes() {
    let fixture = fixtures().remove("cdk-aliases").expect("the pool");
    let account = Account::start("restored", &fixture).await;
    assert_eq!(account.attach(&["--apply", "--harden"]).status, Some(0));
    let tags = json!({"team": "new"});
    account
        .world()
        .pool
        .insert("UserPoolTags".to_owned(), tags.clone());
    account.world().pool["LambdaConfig"]["CreateAuthChallenge"] = json!("arn:newer");
    let updates = account.updates();
    let ran = account.restore(&["--apply"]);
    assert_eq!(ran.status, Some(2));
    let line = r#"  LambdaConfig.CreateAuthChallenge: "arn:create" → "arn:newer""#;
    assert!(ran.stdout.contains(line), "{}", ran.stdout);
    assert_eq!(account.updates(), updates);
    account.world().pool["LambdaConfig"]["CreateAuthChallenge"] = json!("arn:create");
    let ran = account.restore(&["--apply"]);
    assert_eq!(ran.status, Some(0), "{}", ran.stderr);
    assert_eq!(account.world().pool["UserPoolTags"], tags);
    assert_eq!(account.world().pool["LambdaConfig"], json!({}));
    // A second run has nothing to do.
    let ran = account.restore(&["--apply"]);
    assert!(
        ran.stdout.ends_with("There is nothing to change.\n"),
        "{}",
        ran.stdout
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_file_does_not_choose_which_client_is_changed() {
    let fixture = fixtures().remove("cdk-aliases").expect("the pool");
    let account = Account::start("chosen", &fixture).await;
    let mut other = account.world().clients["web"].clone();
    other.insert("ClientId".to_owned(), json!("other"));
    account
        .world()
        .clients
        .insert("other".to_owned(), other.clone());
    assert_eq!(account.attach(&["--apply"]).status, Some(0));
    let entries = fs::read_dir(&account.aws.folder).expect("the folder");
    let file = entries.map(|it| it.expect("a file").path()).next();
    let file = file.expect("the file of the change");
    let text = fs::read_to_string(&file).expect("text");
    let mut kept: Value = serde_json::from_str(&text).expect("JSON");
    // As it was, the client has another pool; as it was sent, it has this one.
    kept["clients"][0]["UserPoolId"] = json!("eu-west-1_Other");
    fs::write(&file, kept.to_string()).expect("the file");
    let ran = account.restore(&["--apply"]);
    assert_eq!(ran.status, Some(0), "{}", ran.stderr);
    let world = account.world();
    assert_eq!(world.clients["web"]["UserPoolId"], POOL);
    assert_eq!(world.clients["other"], other);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_file_of_another_pool_or_version_is_not_restored() {
    let fixture = fixtures().remove("cdk-aliases").expect("the pool");
    let account = Account::start("foreign", &fixture).await;
    for (content, reason) in [
        (
            json!({"pool": {"UserPoolId": "eu-west-1_Other"}}),
            "of the pool eu-west-1_Other",
        ),
        (
            json!({"pool": {"UserPoolId": POOL}, "clients": []}),
            "an older version wrote it",
        ),
        (json!({}), "not a file that attach wrote"),
    ] {
        fs::write(account.aws.folder.join("file.json"), content.to_string()).expect("a file");
        let ran = account.run("attach", &["--restore", "file.json", "--apply"]);
        assert_eq!(ran.status, Some(2));
        assert!(ran.stderr.contains(reason), "{}", ran.stderr);
        assert_eq!(account.world().calls.len(), 0);
    }
}

/// Four accounts that hold a contact without proof, of which one may be deleted, and others.
fn holders() -> Vec<Value> {
    let email = |value| ("email", value);
    let yes = ("email_verified", "true");
    let mut disabled = user("disabled", "CONFIRMED", &[email("d@example.com")]);
    disabled["Enabled"] = json!(false);
    vec![
        user("proved", "CONFIRMED", &[email("a@example.com"), yes]),
        user("squatter", "UNCONFIRMED", &[email("b@example.com")]),
        user(
            "partly",
            "CONFIRMED",
            &[
                email("c@example.com"),
                yes,
                ("phone_number", "+14155550132"),
            ],
        ),
        disabled,
        user(
            "linked",
            "CONFIRMED",
            &[email("f@example.com"), ("identities", "[{}]")],
        ),
        user("federated", "EXTERNAL_PROVIDER", &[email("e@example.com")]),
    ]
}

const HARDEN: [&str; 5] = ["--harden", "--unverified", "delete", "--apply", "--yes"];

#[tokio::test(flavor = "multi_thread")]
async fn only_accounts_without_a_verified_contact_are_deleted() {
    let fixture = fixtures().remove("cdk-email-or-phone").expect("the pool");
    let account = Account::start("holders", &fixture).await;
    account.world().users = holders();
    let names = |account: &Account| -> Vec<String> {
        let world = account.world();
        let names = world.users.iter().filter_map(|it| it["Username"].as_str());
        names.map(str::to_owned).collect()
    };
    let before = names(&account);
    for options in [
        &["--harden", "--unverified", "delete"][..],
        &["--harden", "--unverified", "refuse", "--apply"],
        // Without a terminal to confirm it on.
        &["--harden", "--unverified", "delete", "--apply"],
    ] {
        let ran = account.attach(options);
        for line in [
            "  sub-of-squatter (UNCONFIRMED, no verified contact)",
            "  sub-of-partly (CONFIRMED, another contact is verified)",
            "  sub-of-disabled (CONFIRMED, disabled)",
            "  sub-of-linked (CONFIRMED, linked to another identity provider)",
        ] {
            assert!(ran.stdout.contains(line), "{line}: {}", ran.stdout);
        }
        assert!(!ran.stdout.contains("federated"));
        assert_eq!(names(&account), before, "{options:?}");
    }
    let shown = account.attach(&["--harden", "--unverified", "delete"]);
    assert!(
        shown.stdout.contains("of them: 1 UNCONFIRMED. That"),
        "{}",
        shown.stdout
    );
    let ran = account.attach(&HARDEN);
    assert_eq!(ran.status, Some(0), "{}", ran.stderr);
    assert_eq!(
        names(&account),
        ["proved", "partly", "disabled", "linked", "federated"]
    );
    // The pool was closed first.
    let calls = account.world().calls.clone();
    let place = |operation: &str| calls.iter().position(|call| call == operation);
    assert!(place("UpdateUserPoolClient") < place("AdminDeleteUser"));
}

#[tokio::test(flavor = "multi_thread")]
async fn an_account_that_was_proved_meanwhile_is_not_deleted() {
    let fixture = fixtures().remove("cdk-email-or-phone").expect("the pool");
    let account = Account::start("meanwhile", &fixture).await;
    let proved = [("email", "b@example.com"), ("email_verified", "true")];
    account.world().users = vec![user("squatter", "UNCONFIRMED", &proved)];
    // The list is from before the proof.
    let scan = json!({
        "userPool": POOL, "read": 1, "next": null,
        "holders": [{
            "username": "squatter", "sub": "sub-of-squatter", "status": "UNCONFIRMED",
            "kind": "no verified contact",
        }],
    });
    fs::write(account.aws.folder.join("scan.json"), scan.to_string()).expect("a file");
    let ran = account.attach(&[&HARDEN[..], &["--resume", "scan.json"]].concat());
    assert_eq!(ran.status, Some(1), "{}", ran.stdout);
    assert!(
        ran.stdout.contains("0 accounts were deleted."),
        "{}",
        ran.stdout
    );
    assert_eq!(account.world().users.len(), 1);
    assert_eq!(account.world().count("ListUsers"), 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_interrupted_scan_and_deletion_go_on() {
    let fixture = fixtures().remove("cdk-email-or-phone").expect("the pool");
    let account = Account::start("interrupted", &fixture).await;
    let squatter = |number: usize| {
        let address = format!("{number}@example.com");
        user(&format!("s{number}"), "UNCONFIRMED", &[("email", &address)])
    };
    account.world().users = (0..5).map(squatter).collect();
    account.world().refuses = Some(("ListUsers", 3));
    let ran = account.attach(&HARDEN);
    assert_eq!(ran.status, Some(2));
    let file = format!("{POOL}-unverified.json");
    let advice = format!("4 accounts were read: go on with --resume {file}");
    assert!(ran.stderr.contains(&advice), "{}", ran.stderr);
    assert_eq!(account.updates(), 0);
    account.world().refuses = Some(("AdminDeleteUser", 3));
    account.world().calls.clear();
    let resume = [&HARDEN[..], &["--resume", &file]].concat();
    let ran = account.attach(&resume);
    assert_eq!(ran.status, Some(1), "{}", ran.stderr);
    assert_eq!(account.world().count("ListUsers"), 1);
    assert!(
        ran.stderr.contains("2 accounts were deleted"),
        "{}",
        ran.stderr
    );
    account.world().refuses = None;
    let ran = account.attach(&resume);
    assert_eq!(ran.status, Some(0), "{}", ran.stderr);
    assert!(
        ran.stdout.contains("3 accounts were deleted."),
        "{}",
        ran.stdout
    );
    assert_eq!(account.world().users.len(), 0);
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        let kept = fs::metadata(account.aws.folder.join(&file)).expect("the file");
        assert_eq!(kept.permissions().mode() & 0o777, 0o600);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn contacts_in_another_form_are_rewritten_once() {
    let fixture = fixtures().remove("cdk-aliases").expect("the pool");
    let account = Account::start("contacts", &fixture).await;
    let number = |name: &str, value: &str| {
        let pairs = [("phone_number", value), ("phone_number_verified", "true")];
        user(name, "CONFIRMED", &pairs)
    };
    account.world().users = vec![
        number("free", "+5215512345678"),
        number("taken", "+4402079460199"),
        user(
            "holder",
            "UNCONFIRMED",
            &[("phone_number", "+442079460199")],
        ),
        number("refused", "+22996123456"),
        number("canonical", "+14155550132"),
    ];
    let shown = account.run("fix-contacts", &[]);
    assert_eq!(shown.status, Some(1), "{}", shown.stderr);
    for line in [
        "5 accounts were read.",
        "1 in another form:",
        "  sub-of-free (phone_number)",
        "  sub-of-taken (phone_number)",
        "  sub-of-refused (phone_number)",
    ] {
        assert!(
            shown.stdout.lines().any(|it| it == line),
            "{line}: {}",
            shown.stdout
        );
    }
    assert_eq!(account.world().count("AdminUpdateUserAttributes"), 0);
    let ran = account.run("fix-contacts", &["--apply"]);
    // Two are left to the operator.
    assert_eq!(ran.status, Some(1), "{}", ran.stderr);
    assert!(ran.stdout.contains("1 were written."), "{}", ran.stdout);
    assert_eq!(account.world().count("AdminUpdateUserAttributes"), 1);
    let free = account.world().users[0]["Attributes"].clone();
    let free = free.as_array().expect("attributes");
    assert!(free.contains(&json!({"Name": "phone_number", "Value": "+525512345678"})));
    assert!(free.contains(&json!({"Name": "phone_number_verified", "Value": "true"})));
    let ran = account.run("fix-contacts", &["--apply"]);
    assert!(ran.stdout.contains("0 were written."), "{}", ran.stdout);
    account.world().users.truncate(1);
    assert_eq!(account.run("fix-contacts", &["--apply"]).status, Some(0));
}
