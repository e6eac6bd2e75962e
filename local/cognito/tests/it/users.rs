//! Users, their attributes and their aliases.

use std::sync::Arc;

use serde_json::{Value, json};

use crate::bench::*;

const MISSING: &str = "UserNotFoundException: User does not exist.";
const EMAIL_EXISTS: &str = "AliasExistsException: An account with the given email already exists.";

#[tokio::test]
async fn a_created_user_must_change_a_password_and_has_its_own_sub() {
    let bench = Bench::new();
    let user = bench
        .create("ada", json!({ "email": "ada@example.com" }))
        .await["User"]
        .clone();
    assert_eq!(user["Username"], "ada");
    assert_eq!(user["UserStatus"], "FORCE_CHANGE_PASSWORD");
    assert_eq!(user["Enabled"], true);
    assert_eq!(user["UserCreateDate"], json!(1_800_000_000.0));
    let sub = attribute(&user, "sub").expect("a sub");
    assert_eq!(sub.len(), 36);
    assert_ne!(sub, "ada");
    assert_eq!(attribute(&user, "email_verified").as_deref(), Some("false"));
}

#[tokio::test]
async fn a_username_is_taken_in_any_case() {
    let bench = Bench::new();
    bench.create("ada", json!({})).await;
    for name in ["ada", "ADA"] {
        assert_eq!(
            bench
                .refused("AdminCreateUser", create_body(name, json!({})))
                .await,
            "UsernameExistsException: User account already exists"
        );
    }
}

#[tokio::test]
async fn a_username_may_not_look_like_an_alias() {
    let bench = Bench::new();
    assert_eq!(
        bench
            .refused("AdminCreateUser", create_body("ada@example.com", json!({})))
            .await,
        "InvalidParameterException: Username cannot be of email format, since user pool is \
         configured for email alias."
    );
    assert_eq!(
        bench
            .refused("AdminCreateUser", create_body("+4915112345678", json!({})))
            .await,
        "InvalidParameterException: Username cannot be of phone number format, since user pool is \
         configured for phone number alias."
    );
}

#[tokio::test]
async fn only_a_verified_value_finds_its_user() {
    let bench = Bench::new();
    bench
        .create(
            "ada",
            json!({ "email": "x@example.com", "phone_number": "+4915112345678" }),
        )
        .await;
    for alias in ["x@example.com", "+4915112345678"] {
        assert_eq!(bench.refused("AdminGetUser", named(alias)).await, MISSING);
    }
    let verify = json!({ "email_verified": "True", "phone_number_verified": "true" });
    bench
        .ok("AdminUpdateUserAttributes", update_body("ada", verify))
        .await;
    for alias in ["x@example.com", "X@Example.com", "+4915112345678"] {
        assert_eq!(bench.admin_get(alias).await["Username"], "ada");
    }
    // The flag is kept as written, as in real events.
    let flag = attribute(&bench.admin_get("ada").await, "email_verified");
    assert_eq!(flag.as_deref(), Some("True"));
}

#[tokio::test]
async fn a_sub_is_not_a_name_in_an_alias_pool() {
    let bench = Bench::new();
    let user = bench.create("ada", json!({})).await["User"].clone();
    let sub = attribute(&user, "sub").expect("a sub");
    assert_eq!(bench.refused("AdminGetUser", named(&sub)).await, MISSING);
}

#[tokio::test]
async fn many_users_hold_a_value_unverified_and_one_verified() {
    let bench = Bench::new();
    bench
        .create("ada", json!({ "email": "x@example.com" }))
        .await;
    bench
        .create("bob", json!({ "email": "x@example.com" }))
        .await;
    let verified = json!({ "email": "X@example.com", "email_verified": "true" });
    bench.create("cy", verified.clone()).await;
    for taken in [
        bench
            .refused("AdminCreateUser", create_body("dan", verified))
            .await,
        bench
            .refused(
                "AdminUpdateUserAttributes",
                update_body("ada", json!({ "email_verified": "true" })),
            )
            .await,
    ] {
        assert_eq!(taken, EMAIL_EXISTS);
    }
    // A refused call changes nothing.
    assert_eq!(bench.refused("AdminGetUser", named("dan")).await, MISSING);
    let flag = attribute(&bench.admin_get("ada").await, "email_verified");
    assert_eq!(flag.as_deref(), Some("false"));
}

#[tokio::test]
async fn a_clash_on_one_alias_leaves_the_other_alone() {
    let bench = Bench::new();
    bench.create_verified("ada", "x@example.com").await;
    bench.create_verified("bob", "bob@example.com").await;
    let both = json!({
        "phone_number": "+4915112345678",
        "phone_number_verified": "true",
        "email": "x@example.com",
        "email_verified": "true",
    });
    assert_eq!(
        bench
            .refused("AdminUpdateUserAttributes", update_body("bob", both))
            .await,
        EMAIL_EXISTS
    );
    assert_eq!(
        bench.refused("AdminGetUser", named("+4915112345678")).await,
        MISSING
    );
    assert_eq!(bench.admin_get("bob@example.com").await["Username"], "bob");
}

#[tokio::test]
async fn a_forced_alias_moves_to_the_new_user() {
    let bench = Bench::new();
    bench.create_verified("ada", "x@example.com").await;
    let mut body = create_body(
        "bob",
        json!({ "email": "x@example.com", "email_verified": "true" }),
    );
    body["ForceAliasCreation"] = json!(true);
    bench.ok("AdminCreateUser", body).await;
    assert_eq!(bench.admin_get("x@example.com").await["Username"], "bob");
    let flag = attribute(&bench.admin_get("ada").await, "email_verified");
    assert_eq!(flag.as_deref(), Some("false"));
}

#[tokio::test]
async fn a_changed_address_is_unverified_and_neither_finds_the_user() {
    let bench = Bench::new();
    bench.create_verified("ada", "old@example.com").await;
    let change = update_body("ada", json!({ "email": "new@example.com" }));
    bench.ok("AdminUpdateUserAttributes", change).await;
    for alias in ["old@example.com", "new@example.com"] {
        assert_eq!(bench.refused("AdminGetUser", named(alias)).await, MISSING);
    }
    // The old address is free.
    bench.create_verified("bob", "old@example.com").await;
    let back = json!({ "email": "new@example.com", "email_verified": "true" });
    bench
        .ok("AdminUpdateUserAttributes", update_body("ada", back))
        .await;
    assert_eq!(bench.admin_get("new@example.com").await["Username"], "ada");
    // Written again unchanged, it stays verified.
    let same = update_body("ada", json!({ "email": "new@example.com" }));
    bench.ok("AdminUpdateUserAttributes", same).await;
    assert_eq!(bench.admin_get("new@example.com").await["Username"], "ada");
}

#[tokio::test]
async fn a_blank_value_removes_an_attribute_and_its_alias() {
    let bench = Bench::new();
    bench.create_verified("ada", "x@example.com").await;
    bench
        .ok(
            "AdminUpdateUserAttributes",
            update_body("ada", json!({ "email": "" })),
        )
        .await;
    let ada = bench.admin_get("ada").await;
    assert_eq!(attribute(&ada, "email"), None);
    assert_eq!(attribute(&ada, "email_verified"), None);
    assert_eq!(
        bench.refused("AdminGetUser", named("x@example.com")).await,
        MISSING
    );
}

#[tokio::test]
async fn a_deleted_user_frees_name_and_alias() {
    let bench = Bench::new();
    bench.create_verified("ada", "x@example.com").await;
    bench.ok("AdminDeleteUser", named("x@example.com")).await;
    assert_eq!(
        bench.refused("AdminDeleteUser", named("ada")).await,
        MISSING
    );
    bench.create_verified("ada", "x@example.com").await;
}

#[tokio::test]
async fn attributes_are_checked() {
    let bench = Bench::new();
    bench.create("ada", json!({})).await;
    let cases: [(Value, &str); 7] = [
        (
            json!({ "email": "nonsense" }),
            "Invalid email address format.",
        ),
        (
            json!({ "email": "a b@example.com" }),
            "Invalid email address format.",
        ),
        (
            json!({ "phone_number": "015112345678" }),
            "Invalid phone number format.",
        ),
        (
            json!({ "phone_number": "+1415555CALL" }),
            "Invalid phone number format.",
        ),
        (
            json!({ "phone_number": "+1234567890123456" }),
            "Invalid phone number format.",
        ),
        (
            json!({ "sub": "mine" }),
            "user.sub: Attribute cannot be updated.\n",
        ),
        (
            json!({ "email_verified": "true" }),
            "email is required to set email_verified to true.",
        ),
    ];
    for (attributes, complaint) in cases {
        let expected = format!("InvalidParameterException: {complaint}");
        let update = update_body("ada", attributes.clone());
        assert_eq!(
            bench.refused("AdminUpdateUserAttributes", update).await,
            expected
        );
        let create = create_body("bob", attributes);
        assert_eq!(bench.refused("AdminCreateUser", create).await, expected);
    }
    for name in ["shoe_size", "custom:shoe"] {
        let update = update_body("ada", json!({ name: "42" }));
        assert_eq!(
            bench.refused("AdminUpdateUserAttributes", update).await,
            format!(
                "InvalidParameterException: user.{name}: Attribute does not exist in the schema.\n"
            )
        );
    }
}

#[tokio::test]
async fn custom_attributes_of_the_schema_are_accepted() {
    let bench = Bench::with(|config| {
        config.custom_attributes.insert("shoe".to_owned());
    });
    bench.create("ada", json!({ "custom:shoe": "42" })).await;
    assert_eq!(
        attribute(&bench.admin_get("ada").await, "custom:shoe").as_deref(),
        Some("42")
    );
}

#[tokio::test]
async fn an_invitation_is_refused_as_unsupported() {
    let bench = Bench::new();
    for action in [Value::Null, json!("RESEND")] {
        let mut body = create_body("ada", json!({}));
        body["MessageAction"] = action;
        assert_eq!(
            bench.refused("AdminCreateUser", body).await,
            "InvalidParameterException: A MessageAction other than SUPPRESS is not supported by \
             this stand-in."
        );
    }
}

#[tokio::test]
async fn a_permanent_password_confirms_and_a_temporary_one_does_not() {
    let bench = Bench::new();
    bench.create("ada", json!({})).await;
    for (permanent, status) in [(true, "CONFIRMED"), (false, "FORCE_CHANGE_PASSWORD")] {
        let body = json!({
            "UserPoolId": POOL, "Username": "ada", "Password": "Aa1!aaaa", "Permanent": permanent,
        });
        bench.ok("AdminSetUserPassword", body).await;
        assert_eq!(bench.admin_get("ada").await["UserStatus"], status);
    }
}

#[tokio::test]
async fn a_password_must_conform_with_the_policy() {
    let bench = Bench::new();
    bench.create("ada", json!({})).await;
    for (password, complaint) in [
        ("Aa1!", "Password not long enough"),
        ("AaAa!!!!", "Password must have numeric characters"),
        ("AAAA1111!", "Password must have lowercase characters"),
        ("aaaa1111!", "Password must have uppercase characters"),
        ("Aaaa1111", "Password must have symbol characters"),
    ] {
        let expected =
            format!("InvalidPasswordException: Password did not conform with policy: {complaint}");
        let body = json!({ "UserPoolId": POOL, "Username": "ada", "Password": password });
        assert_eq!(bench.refused("AdminSetUserPassword", body).await, expected);
        let mut body = create_body("bob", json!({}));
        body["TemporaryPassword"] = json!(password);
        assert_eq!(bench.refused("AdminCreateUser", body).await, expected);
    }
    let body = json!({ "UserPoolId": POOL, "Username": "ada", "Password": "Aa1! aaaa" });
    assert_eq!(
        bench.refused("AdminSetUserPassword", body).await,
        "InvalidParameterException: 1 validation error detected: Value at 'password' failed to \
         satisfy constraint: Member must satisfy regular expression pattern: [\\S]+"
    );
}

#[tokio::test]
async fn a_token_holder_writes_only_the_clients_attributes() {
    let bench = Bench::with_client(|client| {
        client.write_attributes = Some(["given_name".to_owned()].into());
    });
    bench.create_verified("ada", "x@example.com").await;
    let tokens = bench.sign_in("ada").await;
    let update = |attributes: Value| {
        json!({
            "AccessToken": tokens["AccessToken"],
            "UserAttributes": attribute_list(attributes),
        })
    };
    let result = bench
        .ok(
            "UpdateUserAttributes",
            update(json!({ "given_name": "Ada" })),
        )
        .await;
    assert_eq!(result, json!({ "CodeDeliveryDetailsList": [] }));
    for attributes in [
        json!({ "email": "y@example.com" }),
        json!({ "email_verified": "true" }),
        json!({ "given_name": "Bea", "phone_number": "+4915112345678" }),
    ] {
        assert_eq!(
            bench
                .refused("UpdateUserAttributes", update(attributes))
                .await,
            "NotAuthorizedException: A client attempted to write unauthorized attribute"
        );
    }
    let user = bench
        .ok("GetUser", json!({ "AccessToken": tokens["AccessToken"] }))
        .await;
    assert_eq!(user["Username"], "ada");
    assert_eq!(attribute(&user, "given_name").as_deref(), Some("Ada"));
    assert_eq!(attribute(&user, "email").as_deref(), Some("x@example.com"));
}

/// <https://github.com/hashicorp/terraform-provider-aws/issues/28684>
#[tokio::test]
async fn an_empty_list_of_writable_attributes_allows_standard_ones() {
    let bench = Bench::with_client(|client| client.write_attributes = Some([].into()));
    bench.create_verified("ada", "x@example.com").await;
    let tokens = bench.sign_in("ada").await;
    let update = json!({
        "AccessToken": tokens["AccessToken"],
        "UserAttributes": attribute_list(json!({ "given_name": "Ada" })),
    });
    bench.ok("UpdateUserAttributes", update).await;
}

#[tokio::test]
async fn by_default_a_token_holder_changes_an_address_unverified() {
    let bench = Bench::new();
    bench.create_verified("ada", "x@example.com").await;
    let tokens = bench.sign_in("ada").await;
    let body = json!({
        "AccessToken": tokens["AccessToken"],
        "UserAttributes": attribute_list(json!({ "email": "y@example.com" })),
    });
    bench.ok("UpdateUserAttributes", body).await;
    let flag = attribute(&bench.admin_get("ada").await, "email_verified");
    assert_eq!(flag.as_deref(), Some("false"));
    assert_eq!(
        bench.refused("AdminGetUser", named("x@example.com")).await,
        MISSING
    );
}

#[tokio::test]
async fn the_pool_and_its_clients_describe_themselves() {
    let bench = Bench::new();
    let pool = bench
        .ok("DescribeUserPool", json!({ "UserPoolId": POOL }))
        .await;
    assert_eq!(
        pool["UserPool"]["UsernameConfiguration"]["CaseSensitive"],
        false
    );
    assert_eq!(
        pool["UserPool"]["AliasAttributes"],
        json!(["phone_number", "email"])
    );
    let body = json!({ "UserPoolId": POOL, "ClientId": CLIENT });
    let client = bench.ok("DescribeUserPoolClient", body).await["UserPoolClient"].clone();
    assert_eq!(client["PreventUserExistenceErrors"], "ENABLED");
    assert_eq!(client["AuthSessionValidity"], 15);
    assert_eq!(
        client["ExplicitAuthFlows"],
        json!(["ALLOW_CUSTOM_AUTH", "ALLOW_REFRESH_TOKEN_AUTH"])
    );
    assert!(client.get("ClientSecret").is_none());
}

#[tokio::test]
async fn the_clients_of_a_pool_are_listed_page_by_page() {
    let bench = Bench::new();
    let mut body = json!({ "UserPoolId": POOL, "MaxResults": 1 });
    let mut seen = Vec::new();
    for _ in 0..2 {
        let output = bench.ok("ListUserPoolClients", body.clone()).await;
        let clients = output["UserPoolClients"].as_array().expect("a list");
        assert_eq!(clients.len(), 1);
        assert_eq!(clients[0]["UserPoolId"], POOL);
        seen.push(text(&clients[0], "ClientId").to_owned());
        match output.get("NextToken") {
            Some(token) => body["NextToken"] = token.clone(),
            None => break,
        }
    }
    assert_eq!(seen, [CLIENT, SIBLING]);
    let whole = bench
        .ok("ListUserPoolClients", json!({ "UserPoolId": POOL }))
        .await;
    assert_eq!(whole["UserPoolClients"].as_array().map(Vec::len), Some(2));
    assert!(whole.get("NextToken").is_none());
    body["NextToken"] = json!("nonsense");
    assert_eq!(
        bench.refused("ListUserPoolClients", body).await,
        "InvalidParameterException: Invalid pagination token"
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn of_200_users_verifying_one_address_exactly_one_holds_it() {
    let bench = Arc::new(Bench::new());
    let claims: Vec<_> = (0..200)
        .map(|number| {
            let bench = Arc::clone(&bench);
            tokio::spawn(async move {
                let name = format!("person{number}");
                bench
                    .create(&name, json!({ "email": "x@example.com" }))
                    .await;
                let verify = update_body(&name, json!({ "email_verified": "true" }));
                bench.call("AdminUpdateUserAttributes", verify).await.body
            })
        })
        .collect();
    let mut holders = 0;
    for claim in claims {
        let body = claim.await.expect("no call panics");
        if body == json!({}) {
            holders += 1;
        } else {
            assert_eq!(refusal(&body), EMAIL_EXISTS);
        }
    }
    assert_eq!(holders, 1);
}
