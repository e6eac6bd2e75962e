//! The doctor and `attach` on a third-party emulator of Cognito, Lambda, SES and `CloudFormation`, over
//! their own protocols.

#[path = "ministack/people.rs"]
mod people;
#[path = "ministack/versions.rs"]
mod versions;

use std::fs;
use std::path::Path;
use std::process::{Command, Output};
use std::time::Duration;

use aws_sdk_cognitoidentityprovider as cognito;
use aws_sdk_lambda as lambda;
use aws_sdk_ses as ses;
use cognito::operation::create_user_pool::builders::CreateUserPoolFluentBuilder;
use cognito::types::{
    AccountRecoverySettingType, AdminCreateUserConfigType, AliasAttributeType,
    DeletionProtectionType, ExplicitAuthFlowsType, LambdaConfigType,
    PreventUserExistenceErrorTypes, RecoveryOptionNameType, RecoveryOptionType, UserPoolMfaType,
    UsernameAttributeType, UsernameConfigurationType,
};
use lambda::client::Waiters;
use lambda::primitives::Blob;
use lambda::types::{Environment, FunctionCode, Runtime};
use latchstring_cli::access::Access;
use latchstring_cli::attach::stack;
use latchstring_cli::doctor::{Finding, State, checks, read};
use latchstring_cli::signed_call::{CLOUDFORMATION, SignedCalls};
use latchstring_tests::Ministack;

const REGION: &str = "eu-west-1";
/// The functions that a deployment has without events.
const FUNCTIONS: [&str; 5] = [
    "define-auth-challenge",
    "create-auth-challenge",
    "verify-auth-challenge-response",
    "sign-in",
    "sign-up",
];
/// A zip without files.
const ZIP: [u8; 22] = [
    b'P', b'K', 5, 6, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0,
];

/// The emulator does not know these calls, has half the daily quota that the budgets allow, and no
/// domain there ever signs.
const NOT_THERE: [(&str, State); 6] = [
    ("email.sending", State::Unknown),
    ("email.quota", State::Note),
    ("email.suppression", State::Unknown),
    ("email.dkim", State::Fails),
    ("sms.sandbox", State::Unknown),
    ("sms.spend-limit", State::Unknown),
];

macro_rules! client {
    ($sdk:ident, $endpoint:expr) => {{
        use $sdk::config::{BehaviorVersion, Credentials, Region};
        $sdk::Client::from_conf(
            $sdk::Config::builder()
                .behavior_version(BehaviorVersion::latest())
                .region(Region::new(REGION))
                .credentials_provider(Credentials::new("test", "test", None, None, "test"))
                .endpoint_url($endpoint)
                .http_client(aws_smithy_http_client::Builder::new().build_http())
                .build(),
        )
    }};
}

fn lambda_at(endpoint: &str) -> lambda::Client {
    client!(lambda, endpoint)
}

fn access(endpoint: &str) -> Access {
    Access {
        region: REGION.to_owned(),
        access_key_id: "test".to_owned(),
        secret_access_key: "test".to_owned(),
        session_token: None,
        endpoint_url: Some(endpoint.to_owned()),
    }
}

async fn diagnose(endpoint: &str, pool: &str, client: &str) -> Vec<Finding> {
    let access = access(endpoint);
    let facts = read::facts(&access, pool, client).await;
    checks::judge(&facts, client)
}

/// Creates a function as a trigger is deployed.
async fn function(lambda: &lambda::Client, name: &str, client: &str, pool: Option<&str>) -> String {
    let mut environment = Environment::builder()
        .variables("CLIENT_IDS", client)
        .variables("TABLE_NAME", "table")
        .variables("KEY_RING_SECRET", "keys")
        .variables("EMAIL_FROM", "Codes <codes@mail.example.com>")
        .variables("SES_CONFIGURATION_SET", "codes")
        .variables("SMS_COUNTRIES", "DE");
    if let Some(pool) = pool {
        environment = environment.variables("USER_POOL_ID", pool);
    }
    let made = lambda
        .create_function()
        .function_name(name)
        .runtime(Runtime::Providedal2023)
        .handler("bootstrap")
        .role("arn:aws:iam::000000000000:role/trigger")
        .timeout(15)
        .environment(environment.build())
        .code(FunctionCode::builder().zip_file(Blob::new(ZIP)).build())
        .send()
        .await
        .expect("the function is created");
    made.function_arn().expect("an ARN").to_owned()
}

/// Creates the functions of a deployment, as `people-NAME`.
async fn people_functions(endpoint: &str, names: &[&str], pool: &str, table: &str) {
    let lambda = client!(lambda, endpoint);
    for name in names {
        let environment = Environment::builder()
            .variables("TABLE_NAME", table)
            .variables("KEY_RING_SECRET", "people/ring")
            .variables("USER_POOL_ID", pool);
        let made = lambda
            .create_function()
            .function_name(format!("people-{name}"))
            .runtime(Runtime::Providedal2023)
            .handler("bootstrap")
            .role("arn:aws:iam::000000000000:role/trigger")
            .environment(environment.build())
            .code(FunctionCode::builder().zip_file(Blob::new(ZIP)).build())
            .send();
        made.await.expect("the function is created");
    }
}

struct Deployed {
    pool: String,
    client: String,
    lambda: lambda::Client,
    cognito: cognito::Client,
}

/// An alias pool with the default settings otherwise, and deletion protection.
fn pool(cognito: &cognito::Client) -> CreateUserPoolFluentBuilder {
    let names = UsernameConfigurationType::builder()
        .case_sensitive(false)
        .build()
        .expect("a configuration");
    cognito
        .create_user_pool()
        .pool_name("pool")
        .alias_attributes(AliasAttributeType::Email)
        .alias_attributes(AliasAttributeType::PhoneNumber)
        .username_configuration(names)
        .deletion_protection(DeletionProtectionType::Active)
}

fn arn(name: &str) -> String {
    format!("arn:aws:lambda:{REGION}:000000000000:function:{name}")
}

/// Everything as it should be.
async fn deploy(endpoint: &str) -> Deployed {
    let cognito = client!(cognito, endpoint);
    let recovery = RecoveryOptionType::builder()
        .name(RecoveryOptionNameType::AdminOnly)
        .priority(1)
        .build()
        .expect("a way to recover");
    let made = pool(&cognito)
        .admin_create_user_config(
            AdminCreateUserConfigType::builder()
                .allow_admin_create_user_only(true)
                .build(),
        )
        .account_recovery_setting(
            AccountRecoverySettingType::builder()
                .recovery_mechanisms(recovery)
                .build(),
        )
        .lambda_config(
            LambdaConfigType::builder()
                .define_auth_challenge(arn("define"))
                .create_auth_challenge(arn("create"))
                .verify_auth_challenge_response(arn("verify"))
                .build(),
        )
        .send()
        .await
        .expect("the pool is created");
    let pool = made.user_pool().expect("a pool");
    let pool_arn = pool.arn().expect("an ARN").to_owned();
    let pool = pool.id().expect("an id").to_owned();
    let made = cognito
        .create_user_pool_client()
        .user_pool_id(&pool)
        .client_name("app")
        .explicit_auth_flows(ExplicitAuthFlowsType::AllowCustomAuth)
        .explicit_auth_flows(ExplicitAuthFlowsType::AllowRefreshTokenAuth)
        .prevent_user_existence_errors(PreventUserExistenceErrorTypes::Enabled)
        .write_attributes("given_name")
        .auth_session_validity(15)
        .enable_token_revocation(true)
        .send()
        .await
        .expect("the client is created");
    let client = made
        .user_pool_client()
        .and_then(|client| client.client_id());
    let client = client.expect("an id").to_owned();
    let lambda = functions(endpoint, &pool, &pool_arn, &client).await;
    Deployed {
        pool,
        client,
        lambda,
        cognito,
    }
}

/// Deploys the three functions, which this pool may invoke, and what sends their mail.
async fn functions(endpoint: &str, pool: &str, pool_arn: &str, client: &str) -> lambda::Client {
    let lambda = client!(lambda, endpoint);
    for (name, pool) in [("define", Some(pool)), ("create", None), ("verify", None)] {
        assert_eq!(function(&lambda, name, client, pool).await, arn(name));
        lambda
            .add_permission()
            .function_name(name)
            .statement_id("cognito")
            .action("lambda:InvokeFunction")
            .principal("cognito-idp.amazonaws.com")
            .source_arn(pool_arn)
            .send()
            .await
            .expect("the pool may invoke it");
        lambda
            .wait_until_function_active_v2()
            .function_name(name)
            .wait(Duration::from_secs(60))
            .await
            .expect("it is ready");
    }
    let ses = client!(ses, endpoint);
    ses.verify_domain_identity()
        .domain("example.com")
        .send()
        .await
        .expect("the domain is verified");
    let set = ses::types::ConfigurationSet::builder()
        .name("codes")
        .build();
    ses.create_configuration_set()
        .configuration_set(set.expect("a name"))
        .send()
        .await
        .expect("the set is created");
    lambda
}

/// Returns the findings that fail or are unknown.
fn wrong(findings: &[Finding]) -> Vec<(&'static str, State)> {
    let wrong = findings.iter().filter(|finding| finding.state != State::Ok);
    wrong
        .map(|finding| (finding.check, finding.state))
        .collect()
}

#[tokio::test]
async fn an_emulated_deployment_is_read_and_differs_from_a_worse_one() {
    let ministack = Ministack::start().await;
    let endpoint = ministack.endpoint();
    let Deployed {
        pool,
        client,
        lambda,
        cognito,
    } = deploy(endpoint).await;
    let findings = diagnose(endpoint, &pool, &client).await;
    assert_eq!(wrong(&findings), NOT_THERE, "{findings:#?}");

    key_for_days(endpoint, &pool, 30).await;
    // More clients than a page of the list holds, the last with a password flow.
    for number in 0..60 {
        let flow = if number < 59 {
            ExplicitAuthFlowsType::AllowCustomAuth
        } else {
            ExplicitAuthFlowsType::AllowUserPasswordAuth
        };
        cognito
            .create_user_pool_client()
            .user_pool_id(&pool)
            .client_name(format!("other{number}"))
            .explicit_auth_flows(flow)
            .prevent_user_existence_errors(PreventUserExistenceErrorTypes::Enabled)
            .write_attributes("given_name")
            .send()
            .await
            .expect("the client is created");
    }
    lambda
        .remove_permission()
        .function_name("define")
        .statement_id("cognito")
        .send()
        .await
        .expect("the permission is accepted");
    lambda
        .update_function_configuration()
        .function_name("create")
        .timeout(3)
        .environment(
            Environment::builder()
                .variables("DELIVERY", "inline")
                .build(),
        )
        .send()
        .await
        .expect("the function is changed");
    lambda
        .delete_function()
        .function_name("verify")
        .send()
        .await
        .expect("the function is deleted");
    let findings = diagnose(endpoint, &pool, &client).await;
    let of = |check, state| {
        let found = findings
            .iter()
            .filter(|f| f.check == check && f.state == state);
        found.count()
    };
    assert_eq!(of("clients.flows", State::Ok), 59);
    assert_eq!(of("clients.flows", State::Leaks), 1);
    assert_eq!(of("clients.triggers", State::Note), 59);
    assert_eq!(of("trigger.define.permission", State::Fails), 1);
    assert_eq!(of("trigger.create.timeout", State::Fails), 1);
    assert_eq!(of("trigger.create.variables", State::Leaks), 1);
    assert_eq!(of("trigger.verify", State::Fails), 1);
    assert_eq!(of("email.sender", State::Fails), 1);
    assert_eq!(of("api.keys", State::Fails), 1);
    let key = findings.iter().find(|finding| finding.check == "api.keys");
    let says = &key.expect("the key is reported").says;
    assert!(
        says.contains("of own-latchstring expires in 29 days"),
        "{says}"
    );
}

/// Creates a GraphQL API that takes the pool's tokens and a key, which expires in so many days.
async fn key_for_days(endpoint: &str, pool: &str, days: u64) {
    let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH);
    let now = now.expect("a time after 1970").as_secs();
    let template = serde_json::json!({
        "Resources": {
            "Api": {
                "Type": "AWS::AppSync::GraphQLApi",
                "Properties": {
                    "Name": "own-latchstring",
                    "AuthenticationType": "AMAZON_COGNITO_USER_POOLS",
                    "UserPoolConfig": {"UserPoolId": pool, "AwsRegion": REGION, "DefaultAction": "ALLOW"},
                    "AdditionalAuthenticationProviders": [{"AuthenticationType": "API_KEY"}],
                },
            },
            "Key": {
                "Type": "AWS::AppSync::ApiKey",
                // An hour less than whole days, as the doctor rounds down and AppSync to hours.
                "Properties": {"ApiId": {"Fn::GetAtt": ["Api", "ApiId"]}, "Expires": now + days * 86_400 - 3_600},
            },
        },
        "Outputs": {"Key": {"Value": {"Fn::GetAtt": ["Key", "ApiKey"]}}},
    });
    create_stack(endpoint, "key", &template, 1).await;
}

/// Creates a stack whose outputs name the triggers, and waits until it has them.
async fn stack_with_triggers(endpoint: &str, name: &str) {
    let output = |value: String| serde_json::json!({ "Value": value });
    let template = serde_json::json!({
        "Resources": {"Topic": {"Type": "AWS::SNS::Topic"}},
        "Outputs": {
            "DefineAuthChallenge": output(arn("define")),
            "CreateAuthChallenge": output(arn("create")),
            "VerifyAuthChallengeResponse": output(arn("verify")),
        },
    });
    create_stack(endpoint, name, &template, 3).await;
}

/// Creates a stack, and waits until it has that many outputs.
async fn create_stack(endpoint: &str, name: &str, template: &serde_json::Value, outputs: usize) {
    let access = access(endpoint);
    let calls = SignedCalls::new(&access);
    let body = template.to_string();
    let fields = [("StackName", name), ("TemplateBody", body.as_str())];
    let made = calls.read_form(CLOUDFORMATION, "CreateStack", &fields);
    made.await.expect("the stack is made");
    for _ in 0..200 {
        let fields = [("StackName", name)];
        let xml = calls.read_form(CLOUDFORMATION, "DescribeStacks", &fields);
        if stack::outputs(&xml.await.expect("a stack")).len() == outputs {
            return;
        }
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    panic!("the stack is not ready");
}

fn attach(endpoint: &str, pool: &str, options: &[&str]) -> Output {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("attach-ministack");
    fs::create_dir_all(&folder).expect("a folder");
    Command::new(env!("CARGO_BIN_EXE_latchstring"))
        .args(["attach", "--user-pool", pool])
        .args(options)
        .current_dir(folder)
        .env_clear()
        .env("AWS_REGION", REGION)
        .env("AWS_ACCESS_KEY_ID", "test")
        .env("AWS_SECRET_ACCESS_KEY", "test")
        .env("AWS_ENDPOINT_URL", endpoint)
        .output()
        .expect("it starts")
}

#[tokio::test]
async fn an_attached_pool_is_as_the_doctor_wants_it() {
    let ministack = Ministack::start().await;
    let endpoint = ministack.endpoint();
    let cognito = client!(cognito, endpoint);
    let made = pool(&cognito)
        .email_verification_subject("Welcome")
        .user_pool_tags("team", "accounts")
        .lambda_config(
            LambdaConfigType::builder()
                .define_auth_challenge(arn("older"))
                .build(),
        )
        .send()
        .await
        .expect("the pool is made");
    let made = made.user_pool().expect("a pool");
    let (id, pool_arn) = (made.id().expect("an id"), made.arn().expect("an ARN"));
    let client = cognito
        .create_user_pool_client()
        .user_pool_id(id)
        .client_name("app")
        .callback_urls("https://a.example")
        .send()
        .await
        .expect("the client is made");
    let client = client.user_pool_client().and_then(|it| it.client_id());
    let client = client.expect("an id");
    functions(endpoint, id, pool_arn, client).await;
    stack_with_triggers(endpoint, "Latchstring").await;
    let before = wrong(&diagnose(endpoint, id, client).await);
    assert!(before.contains(&("trigger.verify", State::Fails)));

    let options = ["--client", client, "--stack", "Latchstring", "--harden"];
    let describe = async || {
        let described = cognito.describe_user_pool().user_pool_id(id).send().await;
        let described = described.expect("a pool");
        described.user_pool().expect("a pool").clone()
    };
    let as_it_was = describe().await;
    let shown = attach(endpoint, id, &options);
    assert!(shown.status.success(), "{shown:?}");
    assert_eq!(describe().await, as_it_was);

    // Another trigger is replaced only by --yes.
    let refused = attach(endpoint, id, &[&options[..], &["--apply"]].concat());
    assert_eq!(refused.status.code(), Some(2), "{refused:?}");
    assert_eq!(describe().await, as_it_was);
    let applied = attach(
        endpoint,
        id,
        &[&options[..], &["--apply", "--yes"]].concat(),
    );
    assert!(applied.status.success(), "{applied:?}");
    let findings = diagnose(endpoint, id, client).await;
    assert_eq!(wrong(&findings), NOT_THERE, "{findings:#?}");
    let attached = describe().await;
    assert_eq!(attached.email_verification_subject(), Some("Welcome"));
    assert_eq!(attached.user_pool_tags(), as_it_was.user_pool_tags());
    assert_eq!(attached.policies(), as_it_was.policies());

    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("attach-ministack");
    let files = fs::read_dir(folder).expect("a folder");
    let file = files
        .filter_map(|entry| entry.ok()?.file_name().into_string().ok())
        .filter(|name| name.starts_with(&format!("{id}-before-")))
        .min()
        .expect("the file of the change");
    let restored = attach(endpoint, id, &["--restore", &file, "--apply"]);
    assert!(restored.status.success(), "{restored:?}");
    let again = describe().await;
    assert_eq!(again.lambda_config(), as_it_was.lambda_config());
    let users = again.admin_create_user_config().expect("a setting");
    assert!(!users.allow_admin_create_user_only());
    assert_eq!(again.user_pool_tags(), as_it_was.user_pool_tags());
}

#[tokio::test]
async fn pools_that_cannot_be_attached_are_refused() {
    let ministack = Ministack::start().await;
    let endpoint = ministack.endpoint();
    let cognito = client!(cognito, endpoint);
    let usernames = cognito.create_user_pool().pool_name("pool");
    let usernames = usernames.username_attributes(UsernameAttributeType::Email);
    let mfa = pool(&cognito).mfa_configuration(UserPoolMfaType::Optional);
    for (pool, reason) in [(usernames, "username-attribute"), (mfa, "MFA (OPTIONAL)")] {
        let made = pool.send().await.expect("the pool is made");
        let id = made.user_pool().and_then(|pool| pool.id()).expect("an id");
        let triggers = [
            "--define", "arn:d", "--create", "arn:c", "--verify", "arn:v",
        ];
        let refused = attach(endpoint, id, &[&triggers[..], &["--apply"]].concat());
        assert_eq!(refused.status.code(), Some(2));
        let error = String::from_utf8_lossy(&refused.stderr).into_owned();
        assert!(error.contains(reason), "{error}");
    }
}
