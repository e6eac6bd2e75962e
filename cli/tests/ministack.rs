//! The doctor asks an emulator that others wrote: Cognito, Lambda and SES, over their own protocols.

use std::time::Duration;

use aws_sdk_cognitoidentityprovider as cognito;
use aws_sdk_lambda as lambda;
use aws_sdk_ses as ses;
use cognito::types::{
    AccountRecoverySettingType, AdminCreateUserConfigType, AliasAttributeType,
    DeletionProtectionType, ExplicitAuthFlowsType, LambdaConfigType,
    PreventUserExistenceErrorTypes, RecoveryOptionNameType, RecoveryOptionType,
    UsernameConfigurationType,
};
use lambda::client::Waiters;
use lambda::primitives::Blob;
use lambda::types::{Environment, FunctionCode, Runtime};
use latchstring_cli::access::Access;
use latchstring_cli::doctor::{Finding, State, checks, read};
use latchstring_tests::Ministack;

const REGION: &str = "eu-west-1";
/// A zip without files.
const ZIP: [u8; 22] = [
    b'P', b'K', 5, 6, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0,
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

async fn diagnose(endpoint: &str, pool: &str, client: &str) -> Vec<Finding> {
    let access = Access {
        region: REGION.to_owned(),
        access_key_id: "test".to_owned(),
        secret_access_key: "test".to_owned(),
        session_token: None,
        endpoint_url: Some(endpoint.to_owned()),
    };
    let facts = read::facts(&access, pool, client).await;
    checks::judge(&facts, client)
}

/// A function that is deployed as a trigger is.
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
        .expect("the function is made");
    made.function_arn().expect("an ARN").to_owned()
}

struct Deployed {
    pool: String,
    client: String,
    lambda: lambda::Client,
    cognito: cognito::Client,
}

/// Everything as it should be.
async fn deploy(endpoint: &str) -> Deployed {
    let cognito = client!(cognito, endpoint);
    let lambda = client!(lambda, endpoint);
    let recovery = RecoveryOptionType::builder()
        .name(RecoveryOptionNameType::AdminOnly)
        .priority(1)
        .build()
        .expect("a way to recover");
    let names = UsernameConfigurationType::builder()
        .case_sensitive(false)
        .build()
        .expect("a configuration");
    let arn = |name: &str| format!("arn:aws:lambda:{REGION}:000000000000:function:{name}");
    let made = cognito
        .create_user_pool()
        .pool_name("pool")
        .alias_attributes(AliasAttributeType::Email)
        .alias_attributes(AliasAttributeType::PhoneNumber)
        .username_configuration(names)
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
        .deletion_protection(DeletionProtectionType::Active)
        .lambda_config(
            LambdaConfigType::builder()
                .define_auth_challenge(arn("define"))
                .create_auth_challenge(arn("create"))
                .verify_auth_challenge_response(arn("verify"))
                .build(),
        )
        .send()
        .await
        .expect("the pool is made");
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
        .expect("the client is made");
    let client = made
        .user_pool_client()
        .and_then(|client| client.client_id());
    let client = client.expect("an id").to_owned();
    for (name, pool) in [("define", Some(&*pool)), ("create", None), ("verify", None)] {
        assert_eq!(function(&lambda, name, &client, pool).await, arn(name));
        lambda
            .add_permission()
            .function_name(name)
            .statement_id("cognito")
            .action("lambda:InvokeFunction")
            .principal("cognito-idp.amazonaws.com")
            .source_arn(&pool_arn)
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
        .expect("the set is made");
    Deployed {
        pool,
        client,
        lambda,
        cognito,
    }
}

/// Returns the findings that are wrong or unknown.
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
    // The emulator does not know these calls, has half the daily quota that the budgets allow, and no
    // domain there ever signs.
    let not_there = [
        ("email.sending", State::Unknown),
        ("email.quota", State::Note),
        ("email.suppression", State::Unknown),
        ("email.dkim", State::Fails),
        ("sms.sandbox", State::Unknown),
        ("sms.spend-limit", State::Unknown),
    ];
    assert_eq!(wrong(&findings), not_there, "{findings:#?}");

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
            .expect("the client is made");
    }
    lambda
        .remove_permission()
        .function_name("define")
        .statement_id("cognito")
        .send()
        .await
        .expect("the permission is taken");
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
        .expect("the function is gone");
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
}
