//! The contract of a directory, on the emulator's user pools.

use latchstring_aws::CognitoDirectory;
use latchstring_lambda::OsEntropy;
use latchstring_tests::directory_contract::{ATTRIBUTE, Contract, GROUP, Members};
use latchstring_tests::{Ministack, directory_contract_tests};
use serde_json::json;

async fn directories() -> [((), Contract<CognitoDirectory, OsEntropy>); 1] {
    let ministack = Ministack::shared().await;
    let pool = ministack
        .call(
            "AWSCognitoIdentityProviderService.CreateUserPool",
            &json!({
                "PoolName": "latchstring",
                "AliasAttributes": ["email", "phone_number"],
                "UsernameConfiguration": {"CaseSensitive": false},
                "Schema": [{"Name": ATTRIBUTE, "AttributeDataType": "String", "Mutable": true}],
            }),
        )
        .await;
    let id = pool["UserPool"]["Id"].as_str().expect("the pool's id");
    ministack
        .call(
            "AWSCognitoIdentityProviderService.CreateGroup",
            &json!({"UserPoolId": id, "GroupName": GROUP}),
        )
        .await;
    let contract = Contract {
        directory: CognitoDirectory::new(&ministack.aws(), id),
        entropy: OsEntropy,
        // It has no AliasExistsException (docs/stand-in.md).
        says_taken: false,
        has_groups: true,
        // It takes any attribute (docs/stand-in.md).
        has_schema: false,
        contacts_are_usernames: false,
        members: Members::of_cognito(ministack.endpoint(), id),
    };
    [((), contract)]
}

directory_contract_tests!(directories);
