//! Groups, their members, and the claim in the tokens.

use serde_json::{Value, json};

use crate::bench::*;

const NO_GROUP: &str = "ResourceNotFoundException: Group not found.";
const NO_USER: &str = "UserNotFoundException: User does not exist.";

fn group(name: &str) -> Value {
    json!({ "UserPoolId": POOL, "GroupName": name })
}

fn member(username: &str, group: &str) -> Value {
    json!({ "UserPoolId": POOL, "Username": username, "GroupName": group })
}

async fn groups_of(bench: &Bench, username: &str) -> Vec<String> {
    let listed = bench.ok("AdminListGroupsForUser", named(username)).await;
    let groups = listed["Groups"].as_array().expect("a list");
    groups
        .iter()
        .map(|group| text(group, "GroupName").to_owned())
        .collect()
}

#[tokio::test]
async fn a_group_is_created_once_and_read() {
    let bench = Bench::with(|config| config.groups = ["staff".to_owned()].into());
    let mut body = group("admins");
    body["Description"] = json!("They invite.");
    body["Precedence"] = json!(3);
    let created = bench.ok("CreateGroup", body).await;
    assert_eq!(created["Group"]["Precedence"], 3);
    assert_eq!(created, bench.ok("GetGroup", group("admins")).await);
    for taken in ["admins", "staff"] {
        assert_eq!(
            bench.refused("CreateGroup", group(taken)).await,
            "GroupExistsException: A group with the name already exists."
        );
    }
    // The case of a name counts.
    bench.ok("CreateGroup", group("Admins")).await;
    assert_eq!(bench.refused("GetGroup", group("ADMINS")).await, NO_GROUP);
    let role = "arn:aws:iam::123456789012:role/reader";
    let body = json!({ "UserPoolId": POOL, "GroupName": "readers", "RoleArn": role });
    let refused = bench.refused("CreateGroup", body).await;
    assert!(
        refused.starts_with("InvalidParameterException"),
        "{refused}"
    );
}

#[tokio::test]
async fn a_user_joins_and_leaves_a_group_any_number_of_times() {
    let bench =
        Bench::with(|config| config.groups = ["admins".to_owned(), "staff".to_owned()].into());
    bench.create_verified("ada", "ada@example.com").await;
    bench.create("bob", json!({})).await;
    for _ in 0..2 {
        bench
            .ok("AdminAddUserToGroup", member("ada@example.com", "staff"))
            .await;
        bench
            .ok("AdminAddUserToGroup", member("ADA", "admins"))
            .await;
    }
    assert_eq!(groups_of(&bench, "ada").await, ["admins", "staff"]);
    assert!(groups_of(&bench, "bob").await.is_empty());
    for _ in 0..2 {
        bench
            .ok("AdminRemoveUserFromGroup", member("ada", "admins"))
            .await;
    }
    assert_eq!(groups_of(&bench, "ada").await, ["staff"]);
}

#[tokio::test]
async fn a_missing_user_or_group_is_refused() {
    let bench = Bench::with(|config| config.groups = ["staff".to_owned()].into());
    bench.create("ada", json!({})).await;
    for operation in ["AdminAddUserToGroup", "AdminRemoveUserFromGroup"] {
        let refused = bench.refused(operation, member("ada", "admins")).await;
        assert_eq!(refused, NO_GROUP, "{operation}");
        let refused = bench.refused(operation, member("eve", "staff")).await;
        assert_eq!(refused, NO_USER, "{operation}");
        let refused = bench.refused(operation, member("ada", "a group")).await;
        assert!(
            refused.contains("'groupName' failed to satisfy"),
            "{refused}"
        );
    }
    assert_eq!(
        bench.refused("AdminListGroupsForUser", named("eve")).await,
        NO_USER
    );
    assert!(groups_of(&bench, "ada").await.is_empty());
}

#[tokio::test]
async fn both_tokens_name_the_groups_of_their_time() {
    let bench =
        Bench::with(|config| config.groups = ["admins".to_owned(), "staff".to_owned()].into());
    bench.create_verified("ada", "ada@example.com").await;
    let tokens = bench.sign_in("ada").await;
    for token in ["AccessToken", "IdToken"] {
        let claims = claims(text(&tokens, token));
        assert!(claims.get("cognito:groups").is_none(), "{claims}");
    }
    for group in ["staff", "admins"] {
        bench.ok("AdminAddUserToGroup", member("ada", group)).await;
    }
    let body = json!({
        "AuthFlow": "REFRESH_TOKEN_AUTH",
        "ClientId": CLIENT,
        "AuthParameters": { "REFRESH_TOKEN": tokens["RefreshToken"] },
    });
    let refreshed = bench.ok("InitiateAuth", body).await["AuthenticationResult"].clone();
    for tokens in [refreshed, bench.sign_in("ada").await] {
        for token in ["AccessToken", "IdToken"] {
            let claims = claims(text(&tokens, token));
            assert_eq!(claims["cognito:groups"], json!(["admins", "staff"]));
        }
    }
}
