//! Reads the deployment from AWS. Every call only reads, has a time limit, and reports a denial.

use std::collections::HashMap;
use std::time::SystemTime;

use aws_sdk_cognitoidentityprovider as cognito;
use aws_sdk_lambda as lambda;
use aws_sdk_secretsmanager as secretsmanager;
use aws_sdk_ses as ses;
use aws_sdk_sesv2 as sesv2;
use aws_sdk_sns as sns;
use cognito::error::{ProvideErrorMetadata, SdkError};
use cognito::types::{
    AliasAttributeType, ExplicitAuthFlowsType, TimeUnitsType, UserPoolClientType, UserPoolType,
    UsernameAttributeType,
};
use serde_json::Value;
use ses::operation::describe_configuration_set::DescribeConfigurationSetOutput;
use ses::types::{ConfigurationSetAttribute, EventDestination, EventType};
use sesv2::types::SuppressionListReason;

use latchstring_core::identifier::{METADATA, Method, PhoneRules};
use latchstring_core::odds::Odds;
use latchstring_core::session::ServerCredential;
use latchstring_lambda::config::{ConfigError, Doors, Environment};

use crate::access::{Access, ONCE, READ, client};
use crate::contacts;
use crate::doctor::facts::{
    Accounts, Client, ConfigurationSet, Email, Facts, Form, Function, GraphqlApi, Guesses, HttpApi,
    MailLimits, Pool, Quota, Read, Resolver, ResolverVariables, SessionMode, Sms, Strange, Trigger,
    Unread, Used, Variables,
};
use crate::error_code::ErrorCode;
use crate::pool_needs::{AccountState, AccountStates, CONTACTS, UnverifiedHolder};
use crate::signed_call::{API_GATEWAY, APPSYNC, CallError, SignedCalls};

/// The client for probing: a call spans three triggers, and a second attempt would spend the session.
pub(crate) fn patient(access: &Access) -> cognito::Client {
    client!(cognito, access, ONCE)
}

/// Reads all facts that the checks need.
pub async fn facts(access: &Access, pool_id: &str, client_id: &str) -> Facts {
    let cognito = client!(cognito, access, READ);
    let pool = pool(&cognito, pool_id).await;
    let client = client(&cognito, pool_id, client_id).await;
    let siblings = siblings(&cognito, pool_id, client_id).await;
    let functions = match &pool {
        Ok(pool) => functions(access, pool).await,
        Err(_) => Vec::new(),
    };
    let create = functions.iter().find(|(of, _)| *of == Trigger::Create);
    let create = create
        .and_then(|(_, function)| function.as_ref().ok())
        .and_then(|function| function.variables.as_ref());
    let (resolvers, session_mode) = resolvers(access, &functions).await;
    Facts {
        resolvers,
        session_mode,
        apis: apis(access, pool_id).await,
        email: email(access, create).await,
        sms: sms(access, create).await,
        pool,
        client,
        siblings,
        functions,
        metadata_days: METADATA.days(SystemTime::now()),
    }
}

fn unread<E: ProvideErrorMetadata, R>(action: &'static str, error: &SdkError<E, R>) -> Unread {
    Unread {
        action,
        code: ErrorCode::of(error),
    }
}

async fn pool(cognito: &cognito::Client, id: &str) -> Read<Pool> {
    const ACTION: &str = "cognito-idp:DescribeUserPool";
    let output = cognito.describe_user_pool().user_pool_id(id).send().await;
    let output = output.map_err(|error| unread(ACTION, &error))?;
    let pool = output.user_pool().ok_or_else(|| empty(ACTION))?;
    Ok(pool_of(pool, id))
}

fn empty(action: &'static str) -> Unread {
    Unread {
        action,
        code: ErrorCode::empty(),
    }
}

/// Reads a pool's description. A missing member has Cognito's default; where that is not documented,
/// the worse value.
fn pool_of(pool: &UserPoolType, id: &str) -> Pool {
    let lambdas = pool.lambda_config();
    let arn_of = |trigger| {
        let lambdas = lambdas?;
        match trigger {
            Trigger::Define => lambdas.define_auth_challenge(),
            Trigger::Create => lambdas.create_auth_challenge(),
            Trigger::Verify => lambdas.verify_auth_challenge_response(),
        }
    };
    let triggers = Trigger::ALL
        .into_iter()
        .filter_map(|trigger| Some((trigger, arn_of(trigger)?.to_owned())))
        .collect();
    let other_triggers = lambdas.map_or_else(Vec::new, |lambdas| {
        [
            ("PreSignUp", lambdas.pre_sign_up().is_some()),
            ("PostConfirmation", lambdas.post_confirmation().is_some()),
            ("PreAuthentication", lambdas.pre_authentication().is_some()),
            (
                "PostAuthentication",
                lambdas.post_authentication().is_some(),
            ),
            (
                "PreTokenGeneration",
                lambdas.pre_token_generation().is_some()
                    || lambdas.pre_token_generation_config().is_some(),
            ),
            ("UserMigration", lambdas.user_migration().is_some()),
            ("CustomMessage", lambdas.custom_message().is_some()),
            ("CustomEmailSender", lambdas.custom_email_sender().is_some()),
            ("CustomSMSSender", lambdas.custom_sms_sender().is_some()),
        ]
        .into_iter()
        .filter_map(|(name, set)| set.then_some(name))
        .collect()
    });
    Pool {
        id: id.to_owned(),
        arn: pool.arn().unwrap_or_default().to_owned(),
        alias_attributes: names(
            pool.alias_attributes()
                .iter()
                .map(AliasAttributeType::as_str),
        ),
        username_attributes: names(
            pool.username_attributes()
                .iter()
                .map(UsernameAttributeType::as_str),
        ),
        case_sensitive: pool
            .username_configuration()
            .is_none_or(cognito::types::UsernameConfigurationType::case_sensitive),
        admin_create_only: pool
            .admin_create_user_config()
            .is_some_and(cognito::types::AdminCreateUserConfigType::allow_admin_create_user_only),
        recovery: pool
            .account_recovery_setting()
            .map_or_else(Vec::new, |setting| {
                names(
                    setting
                        .recovery_mechanisms()
                        .iter()
                        .map(|way| way.name().as_str()),
                )
            }),
        mfa: pool
            .mfa_configuration()
            .map_or("OFF", |mfa| mfa.as_str())
            .to_owned(),
        sends_sms: pool
            .sms_configuration()
            .is_some_and(|sms| !sms.sns_caller_arn().is_empty()),
        password_length: pool
            .policies()
            .and_then(|policies| policies.password_policy())
            .and_then(cognito::types::PasswordPolicyType::minimum_length)
            .unwrap_or(8),
        deletion_protection: pool
            .deletion_protection()
            .is_some_and(|protection| protection.as_str() == "ACTIVE"),
        threat_protection: pool.user_pool_add_ons().map(|add_ons| {
            let custom = add_ons
                .advanced_security_additional_flows()
                .and_then(|flows| flows.custom_auth_mode())
                .map(|mode| mode.as_str().to_owned());
            (add_ons.advanced_security_mode().as_str().to_owned(), custom)
        }),
        required: names(
            pool.schema_attributes()
                .iter()
                .filter(|attribute| attribute.required() == Some(true))
                .filter_map(|attribute| attribute.name()),
        ),
        triggers,
        other_triggers,
    }
}

fn names<'a>(of: impl Iterator<Item = &'a str>) -> Vec<String> {
    of.map(str::to_owned).collect()
}

async fn client(cognito: &cognito::Client, pool_id: &str, id: &str) -> Read<Client> {
    const ACTION: &str = "cognito-idp:DescribeUserPoolClient";
    let output = cognito
        .describe_user_pool_client()
        .user_pool_id(pool_id)
        .client_id(id)
        .send()
        .await
        .map_err(|error| unread(ACTION, &error))?;
    let client = output.user_pool_client().ok_or_else(|| empty(ACTION))?;
    Ok(client_of(client, id))
}

fn client_of(client: &UserPoolClientType, id: &str) -> Client {
    Client {
        id: id.to_owned(),
        flows: names(
            client
                .explicit_auth_flows()
                .iter()
                .map(ExplicitAuthFlowsType::as_str),
        ),
        hides_missing_users: client
            .prevent_user_existence_errors()
            .is_some_and(|errors| errors.as_str() == "ENABLED"),
        oauth: client
            .allowed_o_auth_flows_user_pool_client()
            .unwrap_or(false),
        secret: client.client_secret().is_some(),
        writable: client.write_attributes().to_vec(),
        session_minutes: client.auth_session_validity().unwrap_or(3),
        revocation: client.enable_token_revocation().unwrap_or(false),
        rotation: client
            .refresh_token_rotation()
            .is_some_and(|rotation| rotation.feature().as_str() == "ENABLED"),
        grace_seconds: client
            .refresh_token_rotation()
            .and_then(cognito::types::RefreshTokenRotationType::retry_grace_period_seconds)
            .unwrap_or(0),
        refresh_minutes: refresh_minutes(client),
    }
}

/// Returns the lifetime of a refresh token in minutes. 0 is the default of 30 days, and days are the
/// unit where none is set.
fn refresh_minutes(client: &UserPoolClientType) -> u64 {
    let units = client.token_validity_units();
    let unit = units.and_then(cognito::types::TokenValidityUnitsType::refresh_token);
    match u64::try_from(client.refresh_token_validity()) {
        Err(_) | Ok(0) => 30 * 24 * 60,
        Ok(number) => match unit {
            Some(TimeUnitsType::Seconds) => number / 60,
            Some(TimeUnitsType::Minutes) => number,
            Some(TimeUnitsType::Hours) => number * 60,
            _ => number * 24 * 60,
        },
    }
}

/// Every client of the pool but one, page by page.
async fn siblings(cognito: &cognito::Client, pool_id: &str, but: &str) -> Read<Vec<Read<Client>>> {
    const ACTION: &str = "cognito-idp:ListUserPoolClients";
    let mut siblings = Vec::new();
    let mut page = None;
    loop {
        let output = cognito
            .list_user_pool_clients()
            .user_pool_id(pool_id)
            .max_results(60)
            .set_next_token(page)
            .send()
            .await
            .map_err(|error| unread(ACTION, &error))?;
        for listed in output.user_pool_clients() {
            match listed.client_id() {
                Some(id) if id != but => siblings.push(client(cognito, pool_id, id).await),
                _ => {}
            }
        }
        page = output.next_token().map(str::to_owned);
        if page.is_none() {
            return Ok(siblings);
        }
    }
}

async fn functions(access: &Access, pool: &Pool) -> Vec<(Trigger, Read<Function>)> {
    let lambda = client!(lambda, access, READ);
    let mut functions = Vec::new();
    for (trigger, arn) in &pool.triggers {
        functions.push((*trigger, function(&lambda, arn).await));
    }
    functions
}

async fn function(lambda: &lambda::Client, arn: &str) -> Read<Function> {
    let configuration = lambda
        .get_function_configuration()
        .function_name(arn)
        .send()
        .await
        .map_err(|error| unread("lambda:GetFunctionConfiguration", &error))?;
    let policy = match lambda.get_policy().function_name(arn).send().await {
        Ok(output) => Ok(output.policy().map(str::to_owned)),
        Err(error) => match unread("lambda:GetPolicy", &error) {
            // The function is there: it is the policy that is not.
            unread if unread.is_missing() => Ok(None),
            unread => Err(unread),
        },
    };
    let variables = match configuration.environment() {
        None => Some(variables_of(&HashMap::new())),
        Some(environment) if environment.error().is_some() => None,
        Some(environment) => Some(
            environment
                .variables()
                .map_or_else(|| variables_of(&HashMap::new()), variables_of),
        ),
    };
    Ok(Function {
        arn: arn.to_owned(),
        runtime: configuration
            .runtime()
            .map(|runtime| runtime.as_str().to_owned()),
        state: configuration.state().map(|state| state.as_str().to_owned()),
        timeout: configuration.timeout().unwrap_or(3),
        variables,
        policy,
    })
}

/// Reads the functions behind the APIs, and session mode's side if one of them has it. The construct
/// names all functions of a deployment alike, so Define's name leads to the others. If no function has
/// such a name, this is another deployment, and nothing is read.
async fn resolvers(
    access: &Access,
    functions: &[(Trigger, Read<Function>)],
) -> (
    Vec<(Resolver, Read<Option<ResolverVariables>>)>,
    Option<SessionMode>,
) {
    let define = functions.iter().find(|(of, _)| *of == Trigger::Define);
    let Some(define) = define.and_then(|(_, function)| function.as_ref().ok()) else {
        return (Vec::new(), None);
    };
    let lambda = client!(lambda, access, READ);
    let mut found = Vec::new();
    let mut session_mode = None;
    for resolver in Resolver::ALL {
        let Some(name) = beside(&define.arn, resolver) else {
            return (Vec::new(), None);
        };
        let variables = match all_variables(&lambda, &name).await {
            Err(unread) if unread.is_missing() => return (Vec::new(), None),
            read => read,
        };
        if let Ok(Some(all)) = &variables
            && is_session_mode(all)
        {
            session_mode = Some((name, all.clone()));
        }
        let of = |all: Option<HashMap<_, _>>| all.as_ref().map(resolver_variables);
        found.push((resolver, variables.map(of)));
    }
    let Some((name, all)) = session_mode else {
        return (found, None);
    };
    let session_mode = SessionMode {
        credential: credential(access, &all).await,
        apis: http_apis(access, &lambda, &name).await,
    };
    (found, Some(session_mode))
}

/// Returns the ARN of a resolver of the deployment that Define's function is of, with the same
/// alias.
fn beside(define: &str, resolver: Resolver) -> Option<String> {
    let (prefix, alias) = define.rsplit_once("define-auth-challenge")?;
    let is_alias = alias.is_empty() || alias.starts_with(':');
    is_alias.then(|| format!("{prefix}{}{alias}", resolver.name()))
}

/// Reads a function's variables; none if they cannot be decrypted.
async fn all_variables(
    lambda: &lambda::Client,
    function: &str,
) -> Read<Option<HashMap<String, String>>> {
    let configuration = lambda.get_function_configuration().function_name(function);
    let configuration = configuration.send().await;
    let configuration =
        configuration.map_err(|error| unread("lambda:GetFunctionConfiguration", &error))?;
    Ok(match configuration.environment() {
        Some(environment) if environment.error().is_some() => None,
        Some(environment) => Some(environment.variables().cloned().unwrap_or_default()),
        None => Some(HashMap::new()),
    })
}

fn is_session_mode(all: &HashMap<String, String>) -> bool {
    all.get("SESSION_MODE")
        .is_some_and(|set| set.trim() == "on")
}

fn is_set(all: &HashMap<String, String>, name: &str) -> bool {
    all.get(name).is_some_and(|value| !value.trim().is_empty())
}

fn resolver_variables(all: &HashMap<String, String>) -> ResolverVariables {
    let pairs: Vec<_> = all
        .iter()
        .map(|(name, value)| (&**name, &**value))
        .collect();
    let policy = Environment::Pairs(&pairs).numbers();
    ResolverVariables {
        session_mode: is_session_mode(all),
        http_only: Environment::Pairs(&pairs).doors() == Ok(Doors::Http),
        client_secret: is_set(all, "CLIENT_SECRET") || is_set(all, "CLIENT_SECRET_SECRET"),
        session_minutes: policy.ok().map(|policy| policy.session_life.as_secs() / 60),
    }
}

/// Reads whether the server credential is one; none if it is not set.
async fn credential(access: &Access, all: &HashMap<String, String>) -> Option<Read<bool>> {
    let is_one = |text: &str| ServerCredential::parse(text).is_some();
    if is_set(all, "SERVER_CREDENTIAL") {
        return Some(Ok(is_one(&all["SERVER_CREDENTIAL"])));
    }
    let id = all.get("SERVER_CREDENTIAL_SECRET");
    let id = id.filter(|id| !id.trim().is_empty())?;
    let secrets = client!(secretsmanager, access, READ);
    let output = secrets.get_secret_value().secret_id(id).send().await;
    Some(match output {
        Ok(output) => Ok(output.secret_string().is_some_and(is_one)),
        Err(error) => Err(unread("secretsmanager:GetSecretValue", &error)),
    })
}

/// Reads the HTTP APIs that a function's policy names. An API of another kind is left out: its CORS is
/// not a setting of the API.
async fn http_apis(access: &Access, lambda: &lambda::Client, function: &str) -> Read<Vec<HttpApi>> {
    let policy = match lambda.get_policy().function_name(function).send().await {
        Ok(output) => output.policy().unwrap_or_default().to_owned(),
        Err(error) => match unread("lambda:GetPolicy", &error) {
            unread if unread.is_missing() => String::new(),
            unread => return Err(unread),
        },
    };
    let calls = SignedCalls::new(access);
    let mut found = Vec::new();
    for id in api_ids(&policy) {
        let path = format!("/v2/apis/{id}");
        let api = match calls.read_path(API_GATEWAY, "GET", &path).await {
            Ok(api) => api,
            Err(CallError::Refused { status: 404, .. }) => continue,
            Err(error) => return Err(refused("apigateway:GET", &error)),
        };
        let origins = api["corsConfiguration"]["allowOrigins"].as_array();
        let origins = origins.into_iter().flatten().filter_map(Value::as_str);
        let origins = names(origins);
        found.push(HttpApi { id, origins });
    }
    Ok(found)
}

/// Returns the ids of the APIs that a resource policy names, each once. An ARN of one is
/// `arn:aws:execute-api:REGION:ACCOUNT:ID/…`.
pub(super) fn api_ids(policy: &str) -> Vec<String> {
    let mut ids: Vec<String> = policy
        .split('"')
        .filter(|text| text.starts_with("arn:"))
        .filter_map(|arn| {
            let mut parts = arn.splitn(6, ':').skip(2);
            let is_api = parts.next() == Some("execute-api");
            let (id, _) = parts.nth(2)?.split_once('/')?;
            let is_id = id.chars().all(|it| it.is_ascii_alphanumeric()) && !id.is_empty();
            (is_api && is_id).then(|| id.to_owned())
        })
        .collect();
    ids.sort();
    ids.dedup();
    ids
}

/// Reads the GraphQL APIs that take the pool's tokens and API keys.
async fn apis(access: &Access, pool_id: &str) -> Read<Vec<GraphqlApi>> {
    let calls = SignedCalls::new(access);
    let list = |operation, path, member| calls.read_list(APPSYNC, operation, path, member);
    let apis = list("ListGraphqlApis", "/v1/apis", "graphqlApis")
        .await
        .map_err(|error| refused("appsync:ListGraphqlApis", &error))?;
    let now = SystemTime::now()
        .duration_since(SystemTime::UNIX_EPOCH)
        .unwrap_or_default()
        .as_secs();
    let mut found = Vec::new();
    for api in apis.iter().filter(|api| takes_both(api, pool_id)) {
        let text = |name: &str| api[name].as_str().unwrap_or_default();
        let path = format!("/v1/apis/{}/apikeys", text("apiId"));
        let keys = calls.read_list(APPSYNC, "ListApiKeys", &path, "apiKeys");
        let keys = keys
            .await
            .map_err(|error| refused("appsync:ListApiKeys", &error));
        found.push(GraphqlApi {
            name: text("name").to_owned(),
            keys: keys.map(|keys| keys.iter().map(|key| days_left(key, now)).collect()),
        });
    }
    Ok(found)
}

fn refused(action: &'static str, error: &CallError) -> Unread {
    Unread {
        action,
        code: error.code(),
    }
}

/// Reports whether a GraphQL API takes the pool's tokens, and API keys.
fn takes_both(api: &Value, pool_id: &str) -> bool {
    let others = api["additionalAuthenticationProviders"].as_array();
    let providers = || others.into_iter().flatten().chain([api]);
    providers().any(|provider| provider["userPoolConfig"]["userPoolId"] == pool_id)
        && providers().any(|provider| provider["authenticationType"] == "API_KEY")
}

/// Returns the whole days that an API key has left; below 0 if it has expired. AppSync states the expiry
/// in seconds since 1970. A key without one counts as expired.
fn days_left(key: &Value, now: u64) -> i64 {
    let expires = &key["expires"];
    let written = || expires.as_str()?.parse().ok();
    let expires = expires.as_i64().or_else(written).unwrap_or_default();
    let now = i64::try_from(now).unwrap_or(i64::MAX);
    expires.saturating_sub(now).div_euclid(24 * 3600)
}

fn variables_of(all: &HashMap<String, String>) -> Variables {
    let text = |name: &str| {
        let text = all.get(name)?.trim();
        (!text.is_empty()).then(|| text.to_owned())
    };
    Variables {
        pool: text("USER_POOL_ID"),
        clients: text("CLIENT_IDS").map_or_else(Vec::new, |ids| {
            names(ids.split(',').map(str::trim).filter(|id| !id.is_empty()))
        }),
        delivery: text("DELIVERY"),
        store: text("STORE"),
        code_seconds: text("CODE_SECONDS"),
        legacy_pool: text("LEGACY_POOL").is_some_and(|set| set != "false"),
        signed_calls: text("COGNITO_CALLS").as_deref() == Some("signed"),
        username_attributes: text("USERNAME_ATTRIBUTES").as_deref() == Some("true"),
        key_ring: text("KEY_RING").is_some(),
        key_ring_secret: text("KEY_RING_SECRET").is_some(),
        email: text("EMAIL").is_none_or(|set| set != "false"),
        email_from: text("EMAIL_FROM"),
        configuration_set: text("SES_CONFIGURATION_SET"),
        sms: text("SMS_COUNTRIES").is_some(),
        phones: phones(all),
        guesses: guesses(all).ok(),
        mail: mail_limits(all).ok(),
        monthly_sms: monthly_sms(all).ok(),
    }
}

fn phones(all: &HashMap<String, String>) -> PhoneRules {
    let pairs: Vec<_> = all
        .iter()
        .map(|(name, value)| (&**name, &**value))
        .collect();
    Environment::Pairs(&pairs).phones().unwrap_or_default()
}

fn mail_limits(all: &HashMap<String, String>) -> Result<MailLimits, ConfigError> {
    let pairs: Vec<_> = all
        .iter()
        .map(|(name, value)| (&**name, &**value))
        .collect();
    let budgets = Environment::Pairs(&pairs).numbers()?.budgets;
    Ok(MailLimits {
        codes_per_day: budgets.deployment.messages_per_day,
        unproved_per_hour: budgets.mail.unproved_per_hour,
    })
}

/// Returns the highest cost of SMS that the budgets allow in a calendar month. Each SMS is charged when
/// it is sent, a resend like any other; known devices have budgets of the same size in addition.
fn monthly_sms(all: &HashMap<String, String>) -> Result<f64, ConfigError> {
    const REQUESTERS: f64 = 2.0;
    let pairs: Vec<_> = all
        .iter()
        .map(|(name, value)| (&**name, &**value))
        .collect();
    let sms = Environment::Pairs(&pairs).numbers()?.budgets.sms;
    let (day, month) = (sms.spend_per_day.amount(), sms.spend_per_month.amount());
    Ok(REQUESTERS * calendar_month(day, month))
}

/// Returns the most that is spent in a calendar month by limits for a day and for 30 days. The windows
/// of 30 days begin at multiples of 30 days, and AWS's month has up to 31: it can hold the end of one
/// window and the beginning of the next, each with its own limit.
fn calendar_month(day: f64, month: f64) -> f64 {
    (1..=30)
        .map(|first| {
            let window = |days: i32| (f64::from(days) * day).min(month);
            window(first) + window(31 - first)
        })
        .fold(0.0, f64::max)
}

/// As the functions work it out when they start.
fn guesses(all: &HashMap<String, String>) -> Result<Guesses, ConfigError> {
    let pairs: Vec<_> = all
        .iter()
        .map(|(name, value)| (&**name, &**value))
        .collect();
    let environment = Environment::Pairs(&pairs);
    let policy = environment.numbers()?;
    let odds = Odds::of(&policy, environment.accounts()?);
    let [max_targeted, max_sprayed] = environment.ceilings()?;
    Ok(Guesses {
        targeted: odds.with_a_stolen_device(),
        max_targeted,
        sprayed: odds.sprayed(),
        max_sprayed,
        accounts: odds.accounts(),
    })
}

/// Reads the rules for phone numbers of the function that the pool names as Create; none if it names
/// none, or the variables could not be decrypted.
///
/// # Errors
/// If the pool or the function was not read.
pub async fn phone_rules(access: &Access, pool_id: &str) -> Read<Option<PhoneRules>> {
    let mut pool = pool(&client!(cognito, access, READ), pool_id).await?;
    pool.triggers.retain(|(of, _)| *of == Trigger::Create);
    match functions(access, &pool).await.pop() {
        Some((_, function)) => Ok(function?.variables.map(|variables| variables.phones)),
        None => Ok(None),
    }
}

/// Reads every account of the pool, a page of 60 a call. `usernames` are its username attributes.
pub async fn accounts(
    access: &Access,
    pool_id: &str,
    phones: &PhoneRules,
    usernames: &[String],
) -> Read<Accounts> {
    let cognito = client!(cognito, access, READ);
    let mut accounts = Accounts {
        total: 0,
        strange: Vec::new(),
        states: AccountStates::default(),
        unverified: Vec::new(),
    };
    let mut pages = cognito
        .list_users()
        .user_pool_id(pool_id)
        .into_paginator()
        .send();
    while let Some(page) = pages.next().await {
        let page = page.map_err(|error| unread("cognito-idp:ListUsers", &error))?;
        for user in page.users() {
            accounts.total += 1;
            let attribute = |name: &str| {
                let found = user.attributes().iter().find(|it| it.name() == name)?;
                found.value()
            };
            let status = user.user_status().map_or("", |status| status.as_str());
            accounts.states.count(AccountState::of(
                user.enabled(),
                status,
                CONTACTS
                    .iter()
                    .any(|contact| verified(contact, &attribute).is_some()),
            ));
            let sub = attribute("sub").unwrap_or_default();
            let holder = UnverifiedHolder::of(usernames, user.enabled(), status, attribute);
            accounts
                .unverified
                .extend(holder.map(|kind| (sub.to_owned(), kind)));
            accounts.strange.extend(
                strange(&attribute, phones).map(|(attribute, form)| Strange {
                    sub: sub.to_owned(),
                    attribute,
                    form,
                }),
            );
        }
    }
    Ok(accounts)
}

/// Returns the contact of this attribute, if it is verified.
fn verified<'a>(name: &str, attribute: &impl Fn(&str) -> Option<&'a str>) -> Option<&'a str> {
    let is_verified = attribute(&format!("{name}_verified"))?.eq_ignore_ascii_case("true");
    attribute(name).filter(|_| is_verified)
}

/// The verified contacts of an account that sign-in would not look up as they are stored.
fn strange<'a>(
    attribute: &impl Fn(&str) -> Option<&'a str>,
    phones: &PhoneRules,
) -> impl Iterator<Item = (&'static str, Form)> {
    let forms = Method::ALL.map(|method| {
        let name = method.as_str();
        let stored = verified(name, attribute)?;
        match contacts::Form::of(method, stored, phones) {
            contacts::Form::Canonical => None,
            contacts::Form::Other(_) => Some((name, Form::Other)),
            contacts::Form::Refused => Some((name, Form::Refused)),
        }
    });
    forms.into_iter().flatten()
}

fn used(create: Option<&Variables>, set: impl FnOnce(&Variables) -> bool) -> Used {
    match create {
        None => Used::Unknown,
        Some(variables) if set(variables) => Used::Yes,
        Some(_) => Used::No,
    }
}

async fn email(access: &Access, create: Option<&Variables>) -> Email {
    let ses = client!(ses, access, READ);
    let sesv2 = client!(sesv2, access, READ);
    let quota = ses.get_send_quota().send().await;
    let sending = ses.get_account_sending_enabled().send().await;
    let from = create.and_then(|variables| variables.email_from.as_deref());
    let identities = from.map(identities);
    let (verified, dkim) = match &identities {
        Some(identities) => (
            Some(identity_verified(&ses, identities).await),
            Some(dkim(&ses, identities).await),
        ),
        None => (None, None),
    };
    let set = create.and_then(|variables| variables.configuration_set.as_deref());
    let configuration_set = match set {
        Some(name) => Some(configuration_set(&ses, name).await),
        None => None,
    };
    Email {
        used: used(create, |variables| variables.email),
        quota: quota
            .map(|output| Quota {
                daily: output.max24_hour_send(),
                per_second: output.max_send_rate(),
            })
            .map_err(|error| unread("ses:GetSendQuota", &error)),
        sending: sending
            .map(|output| output.enabled())
            .map_err(|error| unread("ses:GetAccountSendingEnabled", &error)),
        verified,
        dkim,
        configuration_set,
        suppresses_complaints: suppresses_complaints(&sesv2, set).await,
    }
}

/// Returns the identities that may be verified for a sender: the address, its domain, and every domain above that.
fn identities(from: &str) -> Vec<String> {
    let address = from
        .rsplit_once('<')
        .map_or(from, |(_, rest)| rest.trim_end().trim_end_matches('>'))
        .trim();
    let mut identities = vec![address.to_owned()];
    let mut domain = address.rsplit_once('@').map_or("", |(_, domain)| domain);
    while domain.contains('.') {
        identities.push(domain.to_owned());
        domain = domain.split_once('.').map_or("", |(_, above)| above);
    }
    identities
}

async fn identity_verified(ses: &ses::Client, identities: &[String]) -> Read<bool> {
    let output = ses
        .get_identity_verification_attributes()
        .set_identities(Some(identities.to_vec()))
        .send()
        .await
        .map_err(|error| unread("ses:GetIdentityVerificationAttributes", &error))?;
    let attributes = output.verification_attributes();
    Ok(attributes
        .values()
        .any(|identity| identity.verification_status().as_str() == "Success"))
}

async fn dkim(ses: &ses::Client, identities: &[String]) -> Read<bool> {
    let output = ses
        .get_identity_dkim_attributes()
        .set_identities(Some(identities.to_vec()))
        .send()
        .await
        .map_err(|error| unread("ses:GetIdentityDkimAttributes", &error))?;
    let attributes = output.dkim_attributes();
    Ok(attributes.values().any(|identity| {
        identity.dkim_enabled() && identity.dkim_verification_status().as_str() == "Success"
    }))
}

async fn configuration_set(ses: &ses::Client, name: &str) -> Read<ConfigurationSet> {
    let described = ses
        .describe_configuration_set()
        .configuration_set_name(name)
        .configuration_set_attribute_names(ConfigurationSetAttribute::EventDestinations)
        .send()
        .await;
    match described {
        Ok(output) => Ok(ConfigurationSet::Found {
            tracks: tracks(&output),
        }),
        Err(error) => match unread("ses:DescribeConfigurationSet", &error) {
            unread if unread.is_missing() => Ok(ConfigurationSet::Missing),
            unread => Err(unread),
        },
    }
}

/// Reports whether a complaint suppresses an address: by the configuration set, else by the account.
async fn suppresses_complaints(ses: &sesv2::Client, set: Option<&str>) -> Read<bool> {
    let complaint =
        |reasons: &[SuppressionListReason]| reasons.contains(&SuppressionListReason::Complaint);
    if let Some(name) = set {
        let output = ses
            .get_configuration_set()
            .configuration_set_name(name)
            .send()
            .await
            .map_err(|error| unread("ses:GetConfigurationSet", &error))?;
        if let Some(options) = output.suppression_options() {
            return Ok(complaint(options.suppressed_reasons()));
        }
    }
    let output = ses
        .get_account()
        .send()
        .await
        .map_err(|error| unread("ses:GetAccount", &error))?;
    Ok(output
        .suppression_attributes()
        .is_some_and(|attributes| complaint(attributes.suppressed_reasons())))
}

/// An enabled event destination of the set is subscribed to opens or clicks.
fn tracks(output: &DescribeConfigurationSetOutput) -> bool {
    let enabled = output.event_destinations().iter().filter(|to| to.enabled());
    enabled
        .flat_map(EventDestination::matching_event_types)
        .any(|event| matches!(event, EventType::Open | EventType::Click))
}

async fn sms(access: &Access, create: Option<&Variables>) -> Sms {
    let sns = client!(sns, access, READ);
    let sandbox = sns.get_sms_sandbox_account_status().send().await;
    let attributes = sns
        .get_sms_attributes()
        .attributes("MonthlySpendLimit")
        .send()
        .await;
    Sms {
        used: used(create, |variables| variables.sms),
        sandbox: sandbox
            .map(|output| output.is_in_sandbox())
            .map_err(|error| unread("sns:GetSMSSandboxAccountStatus", &error)),
        spend_limit: attributes
            .map(|output| output.attributes()?.get("MonthlySpendLimit").cloned())
            .map_err(|error| unread("sns:GetSMSAttributes", &error)),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_sender_is_verified_by_its_address_or_a_parent_domain() {
        let expected = ["codes@mail.example.com", "mail.example.com", "example.com"];
        assert_eq!(identities("Good Codes <codes@mail.example.com>"), expected);
        assert_eq!(identities("codes@mail.example.com"), expected);
    }

    /// amplify-js#13567: such an account is not found, and its owner gets a second one.
    #[test]
    fn a_contact_is_noncanonical_if_sign_in_looks_up_another() {
        let found = |pairs: &[(&str, &'static str)]| {
            let attribute = |name: &str| {
                let found = pairs.iter().find(|(it, _)| *it == name);
                found.map(|(_, value)| *value)
            };
            strange(&attribute, &PhoneRules::default()).collect::<Vec<_>>()
        };
        let email = |value| found(&[("email", value), ("email_verified", "true")]);
        let number = |value| found(&[("phone_number", value), ("phone_number_verified", "true")]);
        assert_eq!(email("Ada@example.com"), []);
        assert_eq!(number("+14155550132"), []);
        assert_eq!(found(&[("phone_number", "+5215512345678")]), []);
        // amplify-js#13567 and its like: accounts from before.
        assert_eq!(number("+4402079460199"), [("phone_number", Form::Other)]);
        assert_eq!(number("+5215512345678"), [("phone_number", Form::Other)]);
        assert_eq!(email("user@bücher.example"), [("email", Form::Other)]);
        assert_eq!(email("a..b@docomo.example"), [("email", Form::Refused)]);
        assert_eq!(number("+22996123456"), [("phone_number", Form::Refused)]);
    }

    /// The SES guide on open and click tracking: an event destination that is subscribed adds a picture.
    #[test]
    fn opens_and_clicks_are_tracked_by_an_enabled_destination_only() {
        let destination = |enabled, event| {
            EventDestination::builder()
                .name("to")
                .enabled(enabled)
                .matching_event_types(EventType::Bounce)
                .matching_event_types(event)
                .build()
                .unwrap()
        };
        for (destinations, expected) in [
            (vec![], false),
            (vec![destination(true, EventType::Complaint)], false),
            (vec![destination(false, EventType::Open)], false),
            (vec![destination(true, EventType::Open)], true),
            (
                vec![
                    destination(true, EventType::Send),
                    destination(true, EventType::Click),
                ],
                true,
            ),
        ] {
            let output = DescribeConfigurationSetOutput::builder()
                .set_event_destinations(Some(destinations))
                .build();
            assert_eq!(tracks(&output), expected, "{output:?}");
        }
    }

    #[test]
    fn a_month_costs_two_windows_for_each_kind_of_requester() {
        let cost = |day: &str, month: &str| {
            let all = [("SMS_SPEND_PER_DAY", day), ("SMS_SPEND_PER_MONTH", month)];
            let all = all.map(|(name, value)| (name.to_owned(), value.to_owned()));
            monthly_sms(&all.into()).ok()
        };
        assert_eq!(monthly_sms(&HashMap::new()).ok(), Some(400.0));
        assert_eq!(cost("10", "100"), Some(400.0));
        // Spent at once at the end of a window, and again at the beginning of the next.
        assert_eq!(cost("100", "100"), Some(400.0));
        // The days are the limit: 31 of them.
        assert_eq!(cost("1", "100"), Some(62.0));
        // 16 days are more than a window allows, 15 are less: 155 + 150.
        assert_eq!(cost("10", "155"), Some(610.0));
        assert_eq!(cost("ten", "100"), None);
    }

    #[test]
    fn the_mail_limits_are_those_of_the_variables() {
        let limits = |all: &[(&str, &str)]| {
            let all = all
                .iter()
                .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()));
            mail_limits(&all.collect())
                .ok()
                .map(|limits| (limits.codes_per_day, limits.unproved_per_hour))
        };
        assert_eq!(limits(&[]), Some((100_000, 1_000)));
        let set = [("ALL_CODES_PER_DAY", "9"), ("MAIL_UNPROVED_PER_HOUR", "8")];
        assert_eq!(limits(&set), Some((9, 8)));
    }

    #[test]
    fn an_api_is_checked_if_it_takes_the_pools_tokens_and_keys() {
        let pool = |id: &str| json!({"authenticationType": "AMAZON_COGNITO_USER_POOLS", "userPoolConfig": {"userPoolId": id}});
        let key = json!({"authenticationType": "API_KEY"});
        let api = |main: &Value, other: &Value| {
            let mut api = main.clone();
            api["additionalAuthenticationProviders"] = json!([other]);
            api
        };
        assert!(takes_both(&api(&pool("p"), &key), "p"));
        assert!(takes_both(&api(&key, &pool("p")), "p"));
        assert!(!takes_both(&api(&pool("q"), &key), "p"));
        assert!(!takes_both(&api(&pool("p"), &pool("q")), "p"));
        assert!(!takes_both(&key, "p"));
        assert!(!takes_both(&pool("p"), "p"));
    }

    #[test]
    fn the_days_of_a_key_are_whole_and_below_zero_after_it() {
        const DAY: i64 = 24 * 3600;
        let days = |expires: i64| days_left(&json!({ "expires": expires }), 1_800_000_000);
        assert_eq!(days(1_800_000_000 + 45 * DAY), 45);
        assert_eq!(days(1_800_000_000 + 45 * DAY - 1), 44);
        assert_eq!(days(1_800_000_000), 0);
        assert_eq!(days(1_800_000_000 - 1), -1);
        assert!(days_left(&json!({}), 1_800_000_000) < 0);
    }

    #[test]
    fn the_resolvers_are_found_by_the_name_of_define() {
        let define = "arn:aws:lambda:eu-west-1:1:function:acme-define-auth-challenge";
        let sign_up = "arn:aws:lambda:eu-west-1:1:function:acme-sign-up";
        assert_eq!(beside(define, Resolver::SignUp).as_deref(), Some(sign_up));
        let alias = beside(&format!("{define}:live"), Resolver::SignUp);
        assert_eq!(alias, Some(format!("{sign_up}:live")));
        assert_eq!(beside("acme-define", Resolver::SignIn), None);
    }

    #[test]
    fn the_apis_of_a_policy_are_those_of_its_arns() {
        let of = |arns: &[&str]| {
            let statements = arns
                .iter()
                .map(|arn| json!({"Condition": {"ArnLike": {"AWS:SourceArn": arn}}}));
            api_ids(&json!({"Statement": statements.collect::<Vec<_>>()}).to_string())
        };
        let api = "arn:aws:execute-api:eu-west-1:1:abc123/*/*/v1/*";
        let other = "arn:aws:execute-api:eu-west-1:1:def456/*/POST/v1/sign-in";
        assert_eq!(of(&[other, api, api]), ["abc123", "def456"]);
        let pool = "arn:aws:cognito-idp:eu-west-1:1:userpool/eu-west-1_A";
        let any = "arn:aws:execute-api:eu-west-1:1:*/*/*";
        assert_eq!(of(&[pool, any]), [""; 0]);
        assert_eq!(api_ids("{"), [""; 0]);
    }

    #[test]
    fn a_refresh_token_lives_30_days_unless_its_number_says_more() {
        let of = |number, unit: Option<TimeUnitsType>| {
            let units = cognito::types::TokenValidityUnitsType::builder()
                .set_refresh_token(unit)
                .build();
            let client = UserPoolClientType::builder()
                .refresh_token_validity(number)
                .token_validity_units(units);
            client_of(&client.build(), "c").refresh_minutes
        };
        assert_eq!(of(0, None), 43_200);
        assert_eq!(of(7, None), 10_080);
        assert_eq!(of(7, Some(TimeUnitsType::Days)), 10_080);
        assert_eq!(of(2, Some(TimeUnitsType::Hours)), 120);
        assert_eq!(of(90, Some(TimeUnitsType::Minutes)), 90);
        assert_eq!(of(3_600, Some(TimeUnitsType::Seconds)), 60);
    }

    #[test]
    fn the_variables_of_a_resolver_are_read_without_their_values() {
        let of = |all: &[(&str, &str)]| {
            let all = all
                .iter()
                .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()));
            resolver_variables(&all.collect())
        };
        let read = |session_mode, client_secret, session_minutes| ResolverVariables {
            session_mode,
            http_only: session_mode,
            client_secret,
            session_minutes,
        };
        assert_eq!(of(&[]), read(false, false, Some(43_200)));
        let on = [
            ("SESSION_MODE", "on"),
            ("CLIENT_SECRET_SECRET", "arn"),
            ("SESSION_HOURS", "2"),
        ];
        assert_eq!(of(&on), read(true, true, Some(120)));
        let off = [
            ("SESSION_MODE", "off"),
            ("CLIENT_SECRET", " "),
            ("SESSION_HOURS", "two"),
        ];
        assert_eq!(of(&off), read(false, false, None));
        assert!(of(&[("DOORS", "http")]).http_only);
        assert!(!of(&[("DOORS", "both")]).http_only);
    }

    #[test]
    fn a_pool_without_settings_is_assumed_unsafe() {
        let pool = pool_of(&UserPoolType::builder().build(), "p");
        assert!(pool.case_sensitive && !pool.admin_create_only && pool.recovery.is_empty());
        let client = client_of(&UserPoolClientType::builder().build(), "c");
        assert!(!client.hides_missing_users && !client.revocation);
        assert_eq!(client.session_minutes, 3);
    }
}
