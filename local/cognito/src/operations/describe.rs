//! `DescribeUserPool` and `DescribeUserPoolClient`.

use serde_json::{Value, json};

use super::attributes::timestamp;
use crate::attributes::STANDARD;
use crate::config::{ExistenceErrors, PoolConfig};
use crate::error::ApiResult;
use crate::input::{CLIENT_ID, Input, POOL_ID};
use crate::pool::UserPool;
use crate::triggers::Trigger;

/// The account of all made-up names.
const ACCOUNT: &str = "123456789012";

pub(super) fn pool(pool: &UserPool, mut input: Input) -> ApiResult<Value> {
    let pool_id = input.required("UserPoolId", POOL_ID)?;
    input.finish()?;
    pool.check_pool_id(&pool_id)?;
    let config = pool.config();
    let policy = &config.password_policy;
    let created = timestamp(pool.created());
    let names = config.sign_in_attributes.iter().rev();
    let names: Vec<&str> = names.map(|alias| alias.attribute()).collect();
    let kind = if config.username_attributes {
        "UsernameAttributes"
    } else {
        "AliasAttributes"
    };
    let recovery = if config.self_recovery {
        json!([
            { "Priority": 1, "Name": "verified_email" },
            { "Priority": 2, "Name": "verified_phone_number" },
        ])
    } else {
        json!([{ "Priority": 1, "Name": "admin_only" }])
    };
    let mut output = json!({ "UserPool": {
        "Id": config.pool_id,
        "Name": config.name,
        "Arn": format!("arn:aws:cognito-idp:{}:{ACCOUNT}:userpool/{}", config.region, config.pool_id),
        "CreationDate": created,
        "LastModifiedDate": created,
        "Policies": {
            "PasswordPolicy": {
                "MinimumLength": policy.minimum_length,
                "RequireUppercase": policy.require_uppercase,
                "RequireLowercase": policy.require_lowercase,
                "RequireNumbers": policy.require_numbers,
                "RequireSymbols": policy.require_symbols,
                "TemporaryPasswordValidityDays": 7,
            },
            "SignInPolicy": { "AllowedFirstAuthFactors": ["PASSWORD"] },
        },
        "DeletionProtection": "INACTIVE",
        "LambdaConfig": lambda_config(config),
        "SchemaAttributes": schema(config),
        "UsernameConfiguration": { "CaseSensitive": false },
        "MfaConfiguration": "OFF",
        "EstimatedNumberOfUsers": pool.state().users.count(),
        "EmailConfiguration": { "EmailSendingAccount": "COGNITO_DEFAULT" },
        "UserPoolTags": {},
        "AdminCreateUserConfig": {
            "AllowAdminCreateUserOnly": !config.open_sign_up,
            "UnusedAccountValidityDays": 7,
        },
        "AccountRecoverySetting": {
            "RecoveryMechanisms": recovery,
        },
        "UserPoolTier": "ESSENTIALS",
    }});
    if !names.is_empty() {
        output["UserPool"][kind] = json!(names);
    }
    Ok(output)
}

pub(super) fn client(pool: &UserPool, mut input: Input) -> ApiResult<Value> {
    let pool_id = input.required("UserPoolId", POOL_ID)?;
    let client_id = input.required("ClientId", CLIENT_ID)?;
    input.finish()?;
    pool.check_pool_id(&pool_id)?;
    let client = pool.client(&client_id)?;
    let created = timestamp(pool.created());
    let flows: Vec<&str> = client
        .explicit_auth_flows
        .iter()
        .map(|flow| flow.as_str())
        .collect();
    let mut output = json!({
        "UserPoolId": pool_id,
        "ClientName": client.name,
        "ClientId": client.id,
        "CreationDate": created,
        "LastModifiedDate": created,
        "AccessTokenValidity": client.access_token_validity.as_secs(),
        "IdTokenValidity": client.id_token_validity.as_secs(),
        "RefreshTokenValidity": client.refresh_token_validity.as_secs(),
        "TokenValidityUnits": {
            "AccessToken": "seconds",
            "IdToken": "seconds",
            "RefreshToken": "seconds",
        },
        "ExplicitAuthFlows": flows,
        "PreventUserExistenceErrors": match client.prevent_user_existence_errors {
            ExistenceErrors::Enabled if !pool.controls().legacy() => "ENABLED",
            _ => "LEGACY",
        },
        "EnableTokenRevocation": client.enable_token_revocation,
        "AuthSessionValidity": client.auth_session_validity.as_secs().div_ceil(60),
        "AllowedOAuthFlowsUserPoolClient": false,
    });
    if let Some(rotation) = client.refresh_token_rotation {
        output["RefreshTokenRotation"] = json!({
            "Feature": "ENABLED",
            "RetryGracePeriodSeconds": rotation.grace.as_secs(),
        });
    }
    if let Some(secret) = &client.secret {
        output["ClientSecret"] = json!(secret.expose());
    }
    if let Some(writable) = &client.write_attributes {
        output["WriteAttributes"] = json!(writable);
    }
    Ok(json!({ "UserPoolClient": output }))
}

/// Returns the attached triggers.
fn lambda_config(config: &PoolConfig) -> Value {
    let attached = |trigger: &Trigger| match trigger {
        Trigger::PreSignUp => config.pre_sign_up,
        Trigger::PostConfirmation => config.post_confirmation,
        Trigger::Define | Trigger::Create | Trigger::Verify => true,
    };
    let arns = Trigger::ALL.into_iter().filter(attached).map(|trigger| {
        (
            trigger.name().to_owned(),
            json!(lambda_arn(config, trigger)),
        )
    });
    Value::Object(arns.collect())
}

fn lambda_arn(config: &PoolConfig, trigger: Trigger) -> String {
    format!(
        "arn:aws:lambda:{}:{ACCOUNT}:function:{}",
        config.region,
        trigger.name()
    )
}

fn schema(config: &PoolConfig) -> Value {
    let standard = STANDARD.iter().map(|name| {
        let kind = match *name {
            "email_verified" | "phone_number_verified" => "Boolean",
            "updated_at" => "Number",
            _ => "String",
        };
        json!({
            "Name": name,
            "AttributeDataType": kind,
            "DeveloperOnlyAttribute": false,
            "Mutable": *name != "sub",
            "Required": *name == "sub" || config.required_attributes.contains(*name),
        })
    });
    let custom = config.custom_attributes.iter().map(|name| {
        json!({
            "Name": format!("custom:{name}"),
            "AttributeDataType": "String",
            "DeveloperOnlyAttribute": false,
            "Mutable": true,
            "Required": false,
        })
    });
    standard.chain(custom).collect()
}
