//! `ListUsers`

use serde_json::{Value, json};

use crate::bench::*;

async fn names(bench: &Bench, body: Value) -> Vec<String> {
    let output = bench.ok("ListUsers", body).await;
    let users = output["Users"].as_array().expect("a list").iter();
    users
        .map(|user| text(user, "Username").to_owned())
        .collect()
}

fn filter(filter: &str) -> Value {
    json!({ "UserPoolId": POOL, "Filter": filter })
}

async fn bench_with_users() -> Bench {
    let bench = Bench::new();
    bench
        .create(
            "ada",
            json!({ "email": "ada@example.com", "given_name": "Ada" }),
        )
        .await;
    bench
        .create(
            "adele",
            json!({ "email": "adele@example.com", "phone_number": "+4915112345678" }),
        )
        .await;
    bench
        .create(
            "bob",
            json!({ "email": "bob@example.com", "given_name": "Bob \"the\" one" }),
        )
        .await;
    bench.ok("AdminDisableUser", named("bob")).await;
    bench
}

#[tokio::test]
async fn a_filter_matches_one_attribute_whole_or_by_its_beginning() {
    let bench = bench_with_users().await;
    for (by, expected) in [
        ("", vec!["ada", "adele", "bob"]),
        (r#"username = "ada""#, vec!["ada"]),
        (r#"username ^= "ad""#, vec!["ada", "adele"]),
        (r#"email = "Bob@example.com""#, vec!["bob"]),
        (r#"phone_number^="+49""#, vec!["adele"]),
        (r#"given_name="ada""#, vec![]),
        (r#"given_name = "Bob \"the\" one""#, vec!["bob"]),
        (
            r#"cognito:user_status = "force_change_password""#,
            vec!["ada", "adele", "bob"],
        ),
        (r#"status = "Disabled""#, vec!["bob"]),
    ] {
        assert_eq!(names(&bench, filter(by)).await, expected, "{by}");
    }
    let sub = attribute(&bench.admin_get("ada").await, "sub").expect("a sub");
    assert_eq!(
        names(&bench, filter(&format!("sub = \"{sub}\""))).await,
        ["ada"]
    );
}

#[tokio::test]
async fn a_filter_that_cannot_be_read_is_refused() {
    let bench = bench_with_users().await;
    for broken in [
        "username",
        "username = ada",
        "username = \"ada",
        r#"username = "a" and"#,
    ] {
        assert_eq!(
            bench.refused("ListUsers", filter(broken)).await,
            "InvalidParameterException: Error while parsing filter",
            "{broken}"
        );
    }
    assert_eq!(
        bench
            .refused("ListUsers", filter(r#"custom:shoe = "42""#))
            .await,
        "InvalidParameterException: Invalid search attribute"
    );
}

#[tokio::test]
async fn pages_follow_one_another_without_gap_or_overlap() {
    let bench = Bench::new();
    for number in 0..7 {
        bench.create(&format!("user{number}"), json!({})).await;
    }
    let mut body = json!({ "UserPoolId": POOL, "Limit": 3 });
    let mut seen = Vec::new();
    loop {
        let output = bench.ok("ListUsers", body.clone()).await;
        let users = output["Users"].as_array().expect("a list");
        seen.extend(users.iter().map(|user| text(user, "Username").to_owned()));
        let Some(token) = output.get("PaginationToken") else {
            break;
        };
        body["PaginationToken"] = token.clone();
    }
    assert_eq!(
        seen,
        (0..7)
            .map(|number| format!("user{number}"))
            .collect::<Vec<_>>()
    );
    body["PaginationToken"] = json!("nonsense");
    assert_eq!(
        bench.refused("ListUsers", body).await,
        "InvalidParameterException: Invalid pagination token"
    );
    assert_eq!(
        bench
            .refused("ListUsers", json!({ "UserPoolId": POOL, "Limit": 61 }))
            .await,
        "InvalidParameterException: 1 validation error detected: Value at 'limit' failed to \
         satisfy constraint: Member must have value less than or equal to 60"
    );
}

#[tokio::test]
async fn only_requested_attributes_are_returned_and_all_must_be_set() {
    let bench = bench_with_users().await;
    let body = json!({ "UserPoolId": POOL, "AttributesToGet": ["sub", "email"] });
    let output = bench.ok("ListUsers", body).await;
    for user in output["Users"].as_array().expect("a list") {
        assert_eq!(user["Attributes"].as_array().map(Vec::len), Some(2));
    }
    let body = json!({ "UserPoolId": POOL, "AttributesToGet": ["given_name"] });
    assert!(
        bench
            .refused("ListUsers", body)
            .await
            .starts_with("InvalidParameterException")
    );
    let body = json!({ "UserPoolId": POOL, "AttributesToGet": ["nonsense"] });
    assert!(
        bench
            .refused("ListUsers", body)
            .await
            .starts_with("InvalidParameterException")
    );
}
