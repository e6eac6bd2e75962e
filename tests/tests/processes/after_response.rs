//! Create as its own process: an accepted message is delivered after the response, or reported.

use std::time::Duration;

use latchstring_aws::DynamoStore;
use latchstring_core::code::CodeLength;
use latchstring_core::flow::{AppClient, Challenge, FlowId, Purpose, Step};
use latchstring_core::identifier::{Identifier, Method};
use latchstring_core::keys::{Key, KeyId, KeyRing};
use latchstring_core::policy::{Deployment, Policy};
use latchstring_core::ports::{Clock, Entropy};
use latchstring_core::rate_limit::CodeTerms;
use latchstring_core::sealed::Ticket;
use latchstring_lambda::cognito::CreateTrigger;
use latchstring_lambda::{DELIVERY, OsEntropy, SystemClock, answer, follow_up};
use latchstring_memory::Inbox;
use latchstring_tests::{
    Answered, Extensions, HeldMail, Ministack, Program, RuntimeApi, StillClock, note,
};
use serde_json::{Value, json};
use tokio::time::Instant;

use crate::lambdas::{CLIENT, CREATE, POOL, SECRET, end, needs, response, trigger_event};

const TABLE: &str = "latchstring";

/// Starts Create with a host that treats extensions in this way. It delivers into its own memory.
async fn start(extensions: Extensions, delivery: &str) -> (Program, RuntimeApi) {
    start_with(extensions, &[("DELIVERY", delivery)]).await
}

/// Starts Create with these variables, which replace others of the same name.
async fn start_with(extensions: Extensions, with: &[(&str, &str)]) -> (Program, RuntimeApi) {
    let host = RuntimeApi::that(extensions).await;
    let mut environment = host.environment();
    environment.extend(needs(CREATE));
    environment.retain(|(name, _)| with.iter().all(|(other, _)| name != other));
    environment.extend(
        with.iter()
            .map(|(name, value)| ((*name).to_owned(), (*value).to_owned())),
    );
    let program = Program::lambda("after-response", CREATE, &environment);
    (program, host)
}

/// Starts Create, which sends by SES, on an AWS at this address.
async fn start_on(endpoint: &str, delivery: &str) -> (Program, RuntimeApi) {
    let with = [
        ("DELIVERY", delivery),
        ("STORE", "dynamodb"),
        ("TABLE_NAME", TABLE),
        ("EMAIL_FROM", "codes@example.org"),
        ("AWS_ENDPOINT_URL", endpoint),
    ];
    start_with(Extensions::Taken, &with).await
}

/// Returns the deployment's keys.
pub(crate) fn keys() -> KeyRing {
    let id = KeyId::parse("k1").expect("an id");
    let key = Key::new(id, &SECRET).expect("a key");
    KeyRing::new(key, None, None).expect("one key is a ring")
}

/// Returns the event of a new flow in which a code is sent.
fn sends() -> Value {
    sends_to(Method::Email, "ada@example.com")
}

/// Returns the event of a new flow in which a code is sent to this identifier.
pub(crate) fn sends_to(method: Method, to: &str) -> Value {
    note(to);
    let keys = keys();
    let app_client = AppClient::new(POOL, CLIENT);
    let to = Identifier::parse(method, to).expect("an identifier");
    let terms = CodeTerms::ordinary(CodeLength::DEFAULT);
    let ticket = Ticket::new(Purpose::SignIn, to, terms, SystemClock.now(), &OsEntropy).seal(
        &keys,
        &app_client,
        &OsEntropy,
    );
    note(&ticket);
    let challenge = Challenge {
        flow: FlowId::from_bytes(OsEntropy.bytes()),
        step: Step::Select,
    };
    let request = json!({
        "userAttributes": {},
        "userNotFound": true,
        "session": [{
            "challengeName": "CUSTOM_CHALLENGE",
            "challengeResult": true,
            "challengeMetadata": challenge.to_text(&keys, &app_client),
        }],
        "clientMetadata": {"method": method.as_str(), "ticket": ticket},
    });
    trigger_event("CreateAuthChallenge", &request)
}

fn requests_a_code(answered: Answered) {
    let parameters = &response(answered)["response"]["publicChallengeParameters"];
    assert_eq!(parameters["step"], "otp");
    assert_eq!(
        parameters["resendAfter"], "30",
        "a code was accepted for delivery"
    );
}

pub(crate) fn count(log: &[Value], message: &str) -> usize {
    let lines = log.iter().filter(|line| line["message"] == message);
    lines.count()
}

#[tokio::test]
async fn a_code_is_delivered_only_after_the_response_was_posted() {
    let (program, mut host) = start(Extensions::Taken, "auto").await;
    // Until the host has accepted the response, it is not posted.
    host.hold();
    requests_a_code(host.invoke(sends()).await);
    assert!(!program.printed().contains("\"delivered\""));
    assert!(!host.is_idle(), "the invocation has not ended");
    host.let_go();
    host.idle().await;
    assert!(host.has_extension());
    let log = end(program).await;
    assert_eq!(count(&log, "delivered"), 1);
    let sent: Vec<_> = log.iter().filter(|line| line["CodesSent"] == 1).collect();
    assert_eq!(sent.len(), 1, "one message is counted");
    assert_eq!(
        (&sent[0]["Channel"], &sent[0]["Country"]),
        (&json!("email"), &json!("none"))
    );
    assert_eq!(
        sent[0]["_aws"]["CloudWatchMetrics"][0]["Namespace"],
        "Latchstring"
    );
}

#[tokio::test]
async fn a_slow_courier_is_called_after_the_response_and_delays_none() {
    let aws = HeldMail::listen().await;
    let (program, mut host) = start_on(aws.endpoint(), "auto").await;
    host.hold();
    requests_a_code(host.invoke(sends()).await);
    assert_eq!(
        aws.arrived(),
        0,
        "nothing is sent before the response is posted"
    );
    host.let_go();
    // The response is posted, and the courier has not responded yet.
    aws.arrival().await;
    assert!(
        !host.is_idle(),
        "the process is not frozen before the delivery"
    );
    aws.let_go();
    host.idle().await;
    assert_eq!(aws.arrived(), 1);
    assert_eq!(count(&end(program).await, "delivered"), 1);
}

#[tokio::test]
async fn a_slow_courier_delays_the_response_where_delivery_is_inline() {
    let aws = HeldMail::listen().await;
    let (program, mut host) = start_on(aws.endpoint(), "inline").await;
    let answers = async { requests_a_code(host.invoke(sends()).await) };
    let goes_on = async {
        aws.arrival().await;
        aws.let_go();
    };
    tokio::join!(answers, goes_on);
    assert_eq!(count(&end(program).await, "delivered"), 1);
}

#[tokio::test]
async fn a_crash_before_delivery_costs_a_cooldown_and_a_resend_works() {
    let ministack = Ministack::start().await;
    ministack.create_table(TABLE).await;
    let (program, mut host) = start_on(ministack.endpoint(), "auto").await;
    host.hold();
    let event = sends();
    // If the table is slow, the challenge is repeated, as when Cognito invokes the trigger again.
    let asked = loop {
        let answer = response(host.invoke(&event).await);
        if answer["response"]["publicChallengeParameters"]["step"] == "otp" {
            break answer;
        }
        host.let_go();
        host.idle().await;
        host.hold();
    };
    // The process ends after the response and before the delivery.
    assert_eq!(count(&end(program).await, "delivered"), 0);

    let now = SystemClock.now();
    let clock = StillClock::at(now);
    let create = CreateTrigger {
        deployment: Deployment {
            policy: Policy::for_clients(vec![CLIENT.to_owned()]),
            keys: keys(),
        },
        store: DynamoStore::new(&ministack.aws(), TABLE, OsEntropy),
        courier: Inbox::new(clock.clone()),
        clock: clock.clone(),
        entropy: OsEntropy,
    };
    let resend = resend_of(&event, &asked);
    let early = answer(&create, resend.clone()).await.expect("an answer");
    assert!(early.follow_up.is_none(), "the reservation still holds");
    clock.advance(Duration::from_secs(31));
    let due = answer(&create, resend.clone()).await.expect("an answer");
    let work = due.follow_up.expect("the resend wins");
    follow_up(&create, work, Instant::now() + DELIVERY).await;
    assert_eq!(create.courier.messages(None, usize::MAX).len(), 1);
    let again = answer(&create, resend).await.expect("an answer");
    assert!(again.follow_up.is_none(), "only one resend is delivered");
}

/// Returns the event after the answer `resend` to the challenge of this event.
fn resend_of(event: &Value, asked: &Value) -> Value {
    let mut event = event.clone();
    let metadata = &asked["response"]["challengeMetadata"];
    event["request"]["session"]
        .as_array_mut()
        .expect("a session")
        .push(json!({
            "challengeName": "CUSTOM_CHALLENGE",
            "challengeResult": false,
            "challengeMetadata": metadata,
        }));
    event["request"]["clientMetadata"] = json!({"action": "resend"});
    event
}

#[tokio::test]
async fn an_answer_without_delivery_or_an_error_ends_the_invocation() {
    let (program, mut host) = start(Extensions::Taken, "extension").await;
    assert!(matches!(host.invoke("{}").await, Answered::Error(..)));
    host.idle().await;
    let missing = json!({"userAttributes": {}, "userNotFound": true, "session": []});
    response(
        host.invoke(trigger_event("CreateAuthChallenge", &missing))
            .await,
    );
    host.idle().await;
    requests_a_code(host.invoke(sends()).await);
    host.idle().await;
    assert_eq!(count(&end(program).await, "delivered"), 1);
}

#[tokio::test]
async fn without_an_extension_a_code_is_delivered_before_the_response() {
    for extensions in [Extensions::Refused, Extensions::Silent] {
        let (mut program, mut host) = start(extensions, "auto").await;
        host.hold();
        requests_a_code(host.invoke(sends()).await);
        // The host has not accepted the response, and the process waits only for that.
        program.printed_line("\"delivered\"").await;
        host.let_go();
        assert!(!host.has_extension());
        assert_eq!(count(&end(program).await, "delivered"), 1);
    }
}

#[tokio::test]
async fn inline_delivery_registers_no_extension() {
    let (mut program, mut host) = start(Extensions::Taken, "inline").await;
    host.hold();
    requests_a_code(host.invoke(sends()).await);
    program.printed_line("\"delivered\"").await;
    assert!(!host.has_extension());
    end(program).await;
}

#[tokio::test]
async fn a_required_extension_that_is_refused_stops_the_start() {
    let (mut program, _host) = start(Extensions::Refused, "extension").await;
    let (status, _) = program.ended().await;
    assert!(!status.success());
}

#[tokio::test]
async fn without_time_before_the_deadline_a_code_counts_as_not_sent() {
    for extensions in [Extensions::Taken, Extensions::Refused] {
        let (program, mut host) = start(extensions, "auto").await;
        let time = Duration::from_millis(400);
        requests_a_code(host.invoke_for(sends(), time).await);
        host.idle().await;
        // The unsent message does not affect the next invocation.
        requests_a_code(host.invoke(sends()).await);
        host.idle().await;
        let log = end(program).await;
        let not_sent = log.iter().find(|line| line["message"] == "delivery failed");
        let not_sent = not_sent.expect("it is reported");
        assert_eq!(not_sent["code"], "no_time_left");
        assert_eq!(not_sent["outcome"], "never_left");
        let counted = log.iter().filter(|line| line["DeliveryErrors"] == 1);
        let codes: Vec<_> = counted.map(|line| &line["Code"]).collect();
        assert_eq!(codes, ["no_time_left"]);
        assert_eq!(count(&log, "delivery failed"), 1);
        assert_eq!(count(&log, "delivered"), 1);
    }
}
