//! `rollback` and `restart`, as programs, and the reading of a deployment, where an alias serves a version
//! that is not the newest configuration.

use std::process::Command;

use aws_sdk_lambda as lambda;
use lambda::types::{AliasRoutingConfiguration, Environment};
use latchstring_cli::deployed::{Deployed, Named, logs};
use latchstring_tests::Ministack;
use serde_json::{Value, json};

use super::FUNCTIONS;

/// A function that returns its variable ANSWER, or fails without one.
const CODE: &str = "\
import json, os
def handler(event, context):
    return json.loads(os.environ['ANSWER'])
";

/// The answer to a self-test.
fn answer(ok: bool, settings: &str, clients: &str) -> String {
    let found = json!({
        "ok": ok,
        "faults": if ok { json!([]) } else { json!(["dynamodb:GetItem: AccessDenied"]) },
        "table": { "name": "table", "reads": ok },
        "settings": settings,
        "clients": clients,
    });
    json!({ "selfTest": found }).to_string()
}

/// A stack with the functions of a deployment.
struct World {
    emulator: &'static Ministack,
    stack: &'static str,
    lambda: lambda::Client,
}

impl World {
    async fn deploy(stack: &'static str) -> Self {
        let emulator = Ministack::shared().await;
        let resources = FUNCTIONS.map(|name| {
            let function = json!({
                "Type": "AWS::Lambda::Function",
                "Properties": {
                    "FunctionName": format!("{stack}-{name}"),
                    "Runtime": "python3.12",
                    "Handler": "index.handler",
                    "Role": "arn:aws:iam::000000000000:role/any",
                    "Code": { "ZipFile": CODE },
                },
            });
            (name.replace('-', ""), function)
        });
        let define = json!({ "Value": format!("{stack}-{}", FUNCTIONS[0]) });
        let template = json!({
            "Resources": serde_json::Map::from_iter(resources),
            "Outputs": { "DefineAuthChallenge": define },
        });
        super::create_stack(emulator.endpoint(), stack, &template, 1).await;
        Self {
            emulator,
            stack,
            lambda: super::lambda_at(emulator.endpoint()),
        }
    }

    /// Publishes a version with these variables, and returns its number.
    async fn publish(&self, name: &str, variables: &[(&str, &str)]) -> String {
        let function = format!("{}-{name}", self.stack);
        let mut environment = Environment::builder();
        for (name, value) in variables {
            environment = environment.variables(*name, *value);
        }
        let update = self.lambda.update_function_configuration();
        let update = update.function_name(&function);
        let updated = update.environment(environment.build()).send().await;
        updated.expect("the function is changed");
        let published = self.lambda.publish_version().function_name(&function);
        let published = published.send().await.expect("a version");
        published.version().expect("a number").to_owned()
    }

    /// Lets the alias name this version.
    async fn serve(&self, name: &str, version: &str) {
        let function = format!("{}-{name}", self.stack);
        let alias = self.lambda.update_alias().function_name(&function);
        let alias = alias.name("live").function_version(version).send().await;
        if alias.is_err() {
            let alias = self.lambda.create_alias().function_name(&function);
            let alias = alias.name("live").function_version(version).send().await;
            alias.expect("the alias is made");
        }
    }

    /// Publishes a version of each function with these variables, and lets the aliases name it.
    async fn release(&self, variables: &[(&str, &str)]) {
        for name in FUNCTIONS {
            let version = self.publish(name, variables).await;
            self.serve(name, &version).await;
        }
    }

    /// Releases two versions, which give this answer and have their number in a variable.
    async fn release_twice(&self, answer: &str) {
        for round in ["1", "2"] {
            self.release(&[("ANSWER", answer), ("ROUND", round)]).await;
        }
    }

    /// Returns the version that the alias of a function names.
    async fn serving(&self, name: &str) -> String {
        let alias = self.lambda.get_alias().name("live");
        let alias = alias.function_name(format!("{}-{name}", self.stack));
        let alias = alias.send().await.expect("an alias");
        alias.function_version().expect("a version").to_owned()
    }

    /// Runs a command for this deployment.
    async fn run(&self, arguments: &[&str]) -> (i32, Value) {
        let stack = ["--stack", self.stack, "--json"];
        self.run_with(&[arguments, &stack].concat()).await
    }

    async fn run_with(&self, arguments: &[&str]) -> (i32, Value) {
        let mut command = Command::new(env!("CARGO_BIN_EXE_latchstring"));
        command
            .args(arguments)
            .env_clear()
            .env("AWS_REGION", super::REGION)
            .env("AWS_ACCESS_KEY_ID", "test")
            .env("AWS_SECRET_ACCESS_KEY", "test")
            .env("AWS_ENDPOINT_URL", self.emulator.endpoint());
        let run = move || command.output().expect("it starts");
        let output = tokio::task::spawn_blocking(run).await.expect("it ends");
        let printed = serde_json::from_slice(&output.stdout);
        let printed = printed.unwrap_or_else(|_| panic!("{output:?}"));
        (output.status.code().expect("a status"), printed)
    }
}

#[tokio::test]
async fn a_way_back_to_other_settings_needs_the_flag() {
    let world = World::deploy("wayback").await;
    let good = answer(true, "s1", "c1");
    let good = [("ANSWER", &*good)];
    world.release_twice(good[0].1).await;
    let (status, printed) = world.run(&["rollback", "--dry-run"]).await;
    assert_eq!(status, 0, "{printed:#}");

    let mut version = String::new();
    for (answer, found) in [
        (answer(true, "s2", "c1"), "has other settings than version"),
        (answer(true, "s1", "c2"), "has other clients than version"),
        (
            answer(true, "s2", "c2"),
            "has other settings and clients than version",
        ),
        ("crash".to_owned(), "failed in its self-test with Unhandled"),
        ("{}".to_owned(), "has no self-test"),
    ] {
        version = world.publish("sign-in", &[("ANSWER", &answer)]).await;
        let serves = world.publish("sign-in", &good).await;
        world.serve("sign-in", &serves).await;
        let (status, printed) = world.run(&["rollback"]).await;
        assert_eq!(status, 1, "{printed:#}");
        let error = printed["error"].as_str().expect("an error");
        let found = format!("wayback-sign-in: version {version} {found}");
        assert!(error.contains(&found), "{error}");
        assert!(error.contains("--despite-differences"), "{error}");
        assert_eq!(world.serving("sign-in").await, serves);
        assert_eq!(world.serving("sign-up").await, "2");
    }
    let (status, printed) = world.run(&["rollback", "--despite-differences"]).await;
    assert_eq!(status, 0, "{printed:#}");
    assert!(printed["differences"][0].is_string(), "{printed:#}");
    assert_eq!(world.serving("sign-in").await, version);
    assert_eq!(world.serving("sign-up").await, "1");

    // A version that cannot read the table is refused always.
    let bad = answer(false, "s1", "c1");
    world.publish("sign-in", &[("ANSWER", &bad)]).await;
    world.release(&good).await;
    let (status, printed) = world.run(&["rollback", "--despite-differences"]).await;
    assert_eq!(status, 1, "{printed:#}");
    let error = printed["error"].as_str().expect("an error");
    assert!(error.contains("cannot serve"), "{error}");
}

#[tokio::test]
async fn the_configuration_is_that_of_the_serving_version() {
    let world = World::deploy("served").await;
    let ring = format!(r#"{{"id": "k1", "secret": "{}="}}"#, "A".repeat(43));
    let of = |table: &'static str| {
        [
            ("TABLE_NAME", table),
            ("KEY_RING_SECRET", table),
            ("KEY_RING", &*ring),
            ("USER_POOL_ID", "eu-west-1_Served"),
        ]
    };
    world.release(&of("served")).await;
    for name in FUNCTIONS {
        world.publish(name, &of("later")).await;
    }
    let access = super::access(world.emulator.endpoint());
    let arn = super::arn("served-define-auth-challenge");
    for named in [
        Named::Stack("served"),
        Named::Function("served-define-auth-challenge"),
        Named::Function(&arn),
        Named::Function(&format!("{arn}:live")),
    ] {
        let deployed = Deployed::read(&access, named).await.expect("a deployment");
        assert_eq!(deployed.table, "served", "{named:?}");
        let define = named.define(&access).await.expect("a function");
        for read in [logs(&access, &define).await, deployed.logs(&access).await] {
            let read = read.expect("the logs");
            assert_eq!(read.len(), FUNCTIONS.len(), "{named:?}");
            for log in read {
                assert_eq!(log.key_ring_secret.as_deref(), Some("served"));
                assert_eq!(log.group, format!("/aws/lambda/served-{}", log.function));
            }
        }
    }
}

#[tokio::test]
async fn a_restart_publishes_the_serving_version_again() {
    let world = World::deploy("restarted").await;
    world.release_twice(&answer(true, "s1", "c1")).await;
    let (status, printed) = world.run(&["restart"]).await;
    assert_eq!(status, 0, "{printed:#}");
    assert_eq!(printed["functions"][3]["from"], 2, "{printed:#}");
    assert_eq!(world.serving("sign-in").await, "2");

    for (from, to) in [(2, 3), (3, 4)] {
        let (status, printed) = world.run(&["restart", "--apply"]).await;
        assert_eq!(status, 0, "{printed:#}");
        for (name, printed) in FUNCTIONS
            .iter()
            .zip(printed["functions"].as_array().unwrap())
        {
            let expected =
                json!({ "function": format!("restarted-{name}"), "from": from, "to": to });
            assert_eq!(*printed, expected);
            assert_eq!(world.serving(name).await, to.to_string());
        }
    }
    let read = world.lambda.get_function_configuration();
    let read = read.function_name("restarted-sign-in").qualifier("live");
    let read = read.send().await.expect("a configuration");
    let variables = read.environment().and_then(|it| it.variables());
    assert_eq!(variables.expect("variables")["ROUND"], "2");

    // The way back passes the versions that were restarted.
    let (status, printed) = world.run(&["rollback"]).await;
    assert_eq!(status, 0, "{printed:#}");
    assert_eq!(world.serving("sign-in").await, "1");
    // The version before cannot be published again.
    let (status, printed) = world.run(&["restart", "--apply"]).await;
    assert_eq!(status, 1, "{printed:#}");
    let error = printed["error"].as_str().expect("an error");
    assert!(error.contains("another one was deployed last"), "{error}");
    assert_eq!(world.serving("sign-in").await, "1");
}

#[tokio::test]
async fn a_function_without_alias_restarts_in_its_place() {
    let world = World::deploy("plain").await;
    let define = "plain-define-auth-challenge";
    let read = async || {
        let read = world.lambda.get_function_configuration();
        let read = read.function_name(define).send().await;
        read.expect("a configuration")
    };
    let before = read().await;
    let (status, printed) = world
        .run_with(&["restart", "--function", define, "--apply", "--json"])
        .await;
    assert_eq!(status, 0, "{printed:#}");
    assert!(printed["functions"][0]["to"].is_null(), "{printed:#}");
    let after = read().await;
    assert_ne!(after.revision_id(), before.revision_id());
    assert_eq!(after.code_sha256(), before.code_sha256());
}

#[tokio::test]
async fn an_alias_that_a_deployment_moves_stays() {
    let world = World::deploy("moving").await;
    world.release_twice(&answer(true, "s1", "c1")).await;
    let weights = AliasRoutingConfiguration::builder().additional_version_weights("1", 0.1);
    let moves = world.lambda.update_alias().name("live");
    let moves = moves
        .function_name("moving-sign-in")
        .routing_config(weights.build());
    moves.send().await.expect("a share goes to another version");
    for command in [&["restart", "--apply"][..], &["rollback"]] {
        let (status, printed) = world.run(command).await;
        assert_eq!(status, 1, "{printed:#}");
        let error = printed["error"].as_str().expect("an error");
        let expected = "a deployment moves the alias live of moving-sign-in";
        assert!(error.contains(expected), "{error}");
        assert_eq!(world.serving("sign-up").await, "2");
    }
}
