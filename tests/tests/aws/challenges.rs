//! The contract of custom authentication, on the emulator's user pools. The pool has no triggers; the
//! emulator then issues its own challenge.

use latchstring_aws::CognitoChallengeApi;
use latchstring_core::flow::AppClient;
use latchstring_tests::challenge_contract::Contract;
use latchstring_tests::{Ministack, challenge_contract_tests};
use serde_json::{Value, json};

async fn pools() -> [((), Contract<CognitoChallengeApi>); 1] {
    let ministack = Ministack::shared().await;
    let call = async |operation: &str, body: Value| {
        let target = format!("AWSCognitoIdentityProviderService.{operation}");
        ministack.call(&target, &body).await
    };
    let pool = call("CreateUserPool", json!({"PoolName": "latchstring"})).await;
    let pool = pool["UserPool"]["Id"].as_str().expect("the pool's id");
    let flows = ["ALLOW_CUSTOM_AUTH", "ALLOW_REFRESH_TOKEN_AUTH"];
    let client = json!({"UserPoolId": pool, "ClientName": "app", "ExplicitAuthFlows": flows});
    let client = call("CreateUserPoolClient", client).await;
    let client = client["UserPoolClient"]["ClientId"].as_str();
    let client = client.expect("the client's id");
    for username in ["ada", "bob"] {
        let user = json!({"UserPoolId": pool, "Username": username, "MessageAction": "SUPPRESS"});
        call("AdminCreateUser", user).await;
    }
    call(
        "AdminDisableUser",
        json!({"UserPoolId": pool, "Username": "bob"}),
    )
    .await;
    let aws = ministack.aws();
    let contract = Contract {
        public: CognitoChallengeApi::new(&aws, client),
        signed: CognitoChallengeApi::signed(&aws, pool, client),
        app_client: AppClient::new(pool, client),
        known: "ada".to_owned(),
        disabled: "bob".to_owned(),
        // It reports missing users for every setting of the client (docs/stand-in.md).
        hides_missing_users: false,
    };
    [((), contract)]
}

challenge_contract_tests!(pools);
