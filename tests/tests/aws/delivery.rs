//! Mail by SES and SMS by SNS: what arrives, and what every failure is called.

use std::sync::{Arc, Mutex};

use axum::Router;
use axum::http::StatusCode;
use latchstring_aws::{
    Aws, Couriers, EmailSender, OriginationNumber, SenderId, SesCourier, SnsCourier,
};
use latchstring_core::identifier::{Identifier, Method};
use latchstring_core::message::{Content, Message};
use latchstring_core::ports::{Courier, Fate};
use latchstring_tests::{Ministack, aws_at, note};
use serde_json::Value;
use tokio::io::AsyncReadExt;
use tokio::net::TcpListener;
use tokio::task::JoinHandle;

const SENDER: &str = "codes@example.org";

fn couriers(aws: &Aws) -> Couriers<SesCourier, SnsCourier> {
    let sender = EmailSender::parse(&format!("Söhne & Co <{SENDER}>")).expect("a sender");
    let id = SenderId::parse("Latch").expect("a sender id");
    let number = OriginationNumber::parse("+12065550100").expect("a number");
    Couriers {
        mail: Some(SesCourier::new(aws, sender, None)),
        sms: SnsCourier::new(aws, Some(id), Some(number)),
    }
}

fn mail() -> Message {
    note("ada.delivery@example.com");
    Message {
        to: Identifier::parse(Method::Email, "ada.delivery@example.com").expect("an address"),
        code: None,
        content: Content::Mail {
            subject: "サインインコード".to_owned(),
            text: "Grüße & <Text>\n\nA second line.".to_owned(),
            html: "<html lang=\"ja\"><p>コード</p></html>".to_owned(),
        },
    }
}

fn sms() -> Message {
    note("+12065550142");
    Message {
        to: Identifier::parse(Method::PhoneNumber, "+12065550142").expect("a number"),
        code: None,
        content: Content::Sms {
            text: "Grüße, コード\n@example.com #000000".to_owned(),
        },
    }
}

/// The code and the fate of a message that was not delivered.
async fn fails(courier: &impl Courier, message: &Message) -> (String, Fate) {
    let failed = courier.deliver(message).await;
    let failed = failed.expect_err("it is not delivered");
    (failed.fault.code, failed.fate)
}

async fn get(url: String) -> Value {
    let answer = reqwest::get(url).await.expect("an answer");
    answer.json().await.expect("JSON")
}

#[tokio::test]
async fn mail_and_sms_arrive_as_they_were_written() {
    let ministack = Ministack::start().await;
    let couriers = couriers(&ministack.aws());
    let refused = fails(&couriers, &mail()).await;
    let expected = ("sender_not_verified".to_owned(), Fate::Refused);
    assert_eq!(refused, expected, "nobody has verified the sender yet");

    ministack.verify_email(SENDER).await;
    assert_eq!(couriers.deliver(&mail()).await, Ok(()));
    let sent = get(format!("{}/_ministack/ses/messages", ministack.endpoint())).await;
    let sent: Vec<_> = sent["messages"]
        .as_object()
        .expect("messages by account")
        .values()
        .flat_map(|messages| messages.as_array().expect("a list"))
        .collect();
    assert_eq!(sent.len(), 1, "one mail");
    let Content::Mail {
        subject,
        text,
        html,
    } = mail().content
    else {
        unreachable!("it is a mail");
    };
    assert!(sent[0]["Source"] == format!("=?UTF-8?B?U8O2aG5lICYgQ28=?= <{SENDER}>"));
    assert!(sent[0]["To"] == serde_json::json!([mail().to.as_str()]));
    assert!(sent[0]["Subject"] == subject, "the subject arrives");
    assert!(sent[0]["BodyText"] == text, "the text arrives");
    assert!(sent[0]["BodyHtml"] == html, "the HTML arrives");

    assert_eq!(couriers.deliver(&sms()).await, Ok(()));
    let sent = get(format!(
        "{}/_ministack/sns/sms-messages?phoneNumber=%2B12065550142",
        ministack.endpoint()
    ))
    .await;
    let Content::Sms { text } = sms().content else {
        unreachable!("it is an SMS");
    };
    let sent = sent.to_string();
    let text = serde_json::to_string(&text).expect("a text is JSON");
    for part in [&*text, "Transactional", "Latch", "+12065550100"] {
        assert_eq!(sent.matches(part).count(), 1, "once: {part}");
    }
}

/// A service that answers every request alike, and keeps what it was asked.
struct Stub {
    url: String,
    asked: Arc<Mutex<Vec<String>>>,
    server: JoinHandle<()>,
}

impl Stub {
    async fn answers(status: u16, body: String) -> Self {
        let status = StatusCode::from_u16(status).expect("a status");
        let asked = Arc::<Mutex<Vec<String>>>::default();
        let kept = Arc::clone(&asked);
        let router = Router::new().fallback(move |request: String| {
            kept.lock().expect("no panic").push(request);
            let answer = (status, body.clone());
            async move { answer }
        });
        let (url, listener) = listen().await;
        let server = tokio::spawn(async move {
            axum::serve(listener, router)
                .await
                .expect("accepting goes on");
        });
        Self { url, asked, server }
    }

    /// A service that reads the beginning of each request and then keeps silent, or hangs up.
    async fn reads_and(hangs_up: bool) -> Self {
        let asked = Arc::<Mutex<Vec<String>>>::default();
        let begun = Arc::clone(&asked);
        let (url, listener) = listen().await;
        let server = tokio::spawn(async move {
            let mut kept = Vec::new();
            loop {
                let (mut stream, _) = listener.accept().await.expect("a connection");
                let read = stream.read(&mut [0; 64]).await;
                if read.is_ok_and(|bytes| bytes > 0) {
                    begun.lock().expect("no panic").push(String::new());
                }
                if !hangs_up {
                    kept.push(stream);
                }
            }
        });
        Self { url, asked, server }
    }

    fn aws(&self) -> Aws {
        aws_at(&self.url)
    }

    fn asked(&self) -> usize {
        self.asked.lock().expect("no panic").len()
    }
}

impl Drop for Stub {
    fn drop(&mut self) {
        self.server.abort();
    }
}

async fn listen() -> (String, TcpListener) {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
    let address = listener.local_addr().expect("an address");
    (format!("http://{address}"), listener)
}

fn error(code: &str, message: &str) -> String {
    format!(
        "<ErrorResponse><Error><Type>Sender</Type><Code>{code}</Code>\
         <Message>{message}</Message></Error><RequestId>1</RequestId></ErrorResponse>"
    )
}

/// Status, code and message of a refusal, and what we call it.
type Refusal = (u16, &'static str, &'static str, &'static str);

const BY_SES: &[Refusal] = &[
    (
        400,
        "MessageRejected",
        "Email address is not verified. The following identities failed the check in region EU-WEST-1: codes@example.org",
        "sender_not_verified",
    ),
    (
        400,
        "MessageRejected",
        "Email address is not verified. The following identities failed the check in region EU-WEST-1: ada.delivery@example.com",
        "sandbox",
    ),
    (400, "MessageRejected", "Virus", "message_rejected"),
    (
        400,
        "MessageRejected",
        "Sending paused for this account.",
        "account_paused",
    ),
    (400, "AccountSendingPausedException", "", "account_paused"),
    (
        400,
        "MailFromDomainNotVerifiedException",
        "",
        "mail_from_not_verified",
    ),
    (
        400,
        "ConfigurationSetDoesNotExist",
        "",
        "configuration_set_missing",
    ),
    (
        400,
        "ConfigurationSetSendingPausedException",
        "",
        "configuration_set_paused",
    ),
    (
        400,
        "Throttling",
        "Maximum sending rate exceeded.",
        "throttled",
    ),
    (
        400,
        "Throttling",
        "Daily message quota exceeded.",
        "daily_quota",
    ),
    (403, "AccessDenied", "", "not_allowed"),
    (
        400,
        "InvalidParameterValue",
        "Missing final",
        "invalid_address",
    ),
    (403, "SignatureDoesNotMatch", "", "SignatureDoesNotMatch"),
];

const BY_SNS: &[Refusal] = &[
    (400, "OptedOut", "", "opted_out"),
    (
        400,
        "InvalidParameter",
        "Invalid parameter: PhoneNumber Reason: +12065550142 is not valid to publish to",
        "invalid_number",
    ),
    (
        400,
        "InvalidParameter",
        "Invalid parameter: Subject",
        "InvalidParameter",
    ),
    (
        400,
        "InvalidParameter",
        "number is not verified in the sandbox",
        "sandbox",
    ),
    (
        400,
        "UserError",
        "No origination entities available to send",
        "no_origination",
    ),
    (400, "UserError", "No quota left for account", "spend_limit"),
    (429, "Throttled", "Rate exceeded", "throttled"),
    (403, "AuthorizationError", "", "not_allowed"),
];

#[tokio::test]
async fn every_refusal_has_a_code_and_is_final() {
    for (message, refusals) in [(mail(), BY_SES), (sms(), BY_SNS)] {
        for &(status, code, says, expected) in refusals {
            let stub = Stub::answers(status, error(code, says)).await;
            let failed = fails(&couriers(&stub.aws()), &message).await;
            assert_eq!(failed, (expected.to_owned(), Fate::Refused), "{code}");
            assert_eq!(stub.asked(), 1, "{code} is not tried again");
        }
    }
}

#[tokio::test]
async fn where_no_mail_is_sent_none_leaves() {
    let stub = Stub::answers(200, String::new()).await;
    let couriers = Couriers {
        mail: None,
        ..couriers(&stub.aws())
    };
    let failed = fails(&couriers, &mail()).await;
    assert_eq!(failed, ("no_mail_is_sent".to_owned(), Fate::NeverLeft));
    assert_eq!(stub.asked(), 0);
}

#[tokio::test]
async fn what_may_be_on_its_way_is_not_sent_again() {
    for message in [mail(), sms()] {
        for (stub, expected) in [
            (
                Stub::answers(500, error("InternalFailure", "")).await,
                "InternalFailure",
            ),
            (Stub::answers(503, String::new()).await, "unknown_error"),
            (
                Stub::answers(200, "<not xml".to_owned()).await,
                "unreadable_response",
            ),
            (Stub::reads_and(true).await, "connection_lost"),
            (Stub::reads_and(false).await, "timeout"),
        ] {
            let failed = fails(&couriers(&stub.aws()), &message).await;
            assert_eq!(failed, (expected.to_owned(), Fate::Unknown));
            assert_eq!(stub.asked(), 1, "{expected} is not tried again");
        }
    }
}

#[tokio::test]
async fn what_never_left_is_told_from_the_rest() {
    let (url, listener) = listen().await;
    drop(listener);
    for message in [mail(), sms()] {
        let failed = fails(&couriers(&aws_at(&url)), &message).await;
        assert_eq!(failed, ("connect_failed".to_owned(), Fate::NeverLeft));
    }
}

#[tokio::test]
async fn what_never_left_is_tried_once_more() {
    for message in [mail(), sms()] {
        // TLS, to somebody who hangs up before there is a connection that anything could go over.
        let stub = Stub::reads_and(true).await;
        let url = stub.url.replace("http:", "https:");
        let failed = fails(&couriers(&aws_at(&url)), &message).await;
        assert_eq!(failed, ("connect_failed".to_owned(), Fate::NeverLeft));
        assert_eq!(stub.asked(), 2);
    }
}

#[tokio::test]
async fn a_mail_belongs_to_the_configuration_set_that_is_named() {
    let stub = Stub::answers(500, String::new()).await;
    let sender = EmailSender::parse(SENDER).expect("a sender");
    for (set, said) in [(Some("codes".to_owned()), 1), (None, 0)] {
        fails(&SesCourier::new(&stub.aws(), sender.clone(), set), &mail()).await;
        let asked = stub.asked.lock().expect("no panic").pop();
        let asked = asked.expect("it is asked");
        assert_eq!(asked.matches("&ConfigurationSetName=codes").count(), said);
    }
}
