//! The user pool's accounts.

use latchstring_aws::CognitoDirectory;
use latchstring_lambda::OsEntropy;
use latchstring_tests::Ministack;
use latchstring_tests::directory_contract::{Contract, run};
use serde_json::json;

#[tokio::test]
async fn cognitos_directory_keeps_every_promise_of_a_directory() {
    let ministack = Ministack::start().await;
    let pool = ministack
        .call(
            "AWSCognitoIdentityProviderService.CreateUserPool",
            &json!({
                "PoolName": "latchstring",
                "AliasAttributes": ["email", "phone_number"],
                "UsernameConfiguration": {"CaseSensitive": false},
            }),
        )
        .await;
    let id = pool["UserPool"]["Id"].as_str().expect("the pool's id");
    let contract = Contract {
        directory: CognitoDirectory::new(&ministack.aws(), id),
        entropy: OsEntropy,
        // It knows no AliasExistsException (docs/stand-in.md).
        says_taken: false,
    };
    run(&contract).await;
}
