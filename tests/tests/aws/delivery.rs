//! Mail by SES and SMS by SNS: the delivered content, and the code of every failure.

use std::sync::{Arc, Mutex};

use axum::Router;
use axum::http::StatusCode;
use latchstring_aws::{
    Aws, Couriers, EmailSender, MailSettings, OriginationNumber, SenderId, SesCourier, SmsSettings,
    SnsCourier,
};
use latchstring_core::identifier::{Identifier, Method};
use latchstring_core::message::{Content, Kind, Message};
use latchstring_core::ports::{Courier, DeliveryOutcome};
use latchstring_lambda::OsEntropy;
use latchstring_testkit::Step::{Close, HangUp, Respond, Wait};
use latchstring_testkit::{ScriptedServer, Step};
use latchstring_tests::{Ministack, aws_at, note};
use serde_json::Value;
use tokio::io::AsyncReadExt;
use tokio::net::TcpListener;
use tokio::task::JoinHandle;

const SENDER: &str = "codes@example.org";

fn mail_settings() -> MailSettings {
    let parse = |text: &str| EmailSender::parse(text).expect("an address");
    MailSettings {
        from: parse(&format!("Söhne & Co <{SENDER}>")),
        reply_to: None,
        configuration_set: None,
    }
}

fn couriers(aws: &Aws) -> Couriers<SesCourier<OsEntropy>, SnsCourier> {
    let sms = SmsSettings {
        sender_id: SenderId::parse("Latch").ok(),
        origination: OriginationNumber::parse("+12065550100").ok(),
        entity: "1701158".parse().ok(),
        templates: "sign_in_code=1107161,contact_replaced=1107163".parse().ok(),
    };
    Couriers {
        mail: Some(SesCourier::new(aws, mail_settings(), OsEntropy)),
        sms: SnsCourier::new(aws, sms),
    }
}

fn mail() -> Message {
    note("ada.delivery@example.com");
    Message {
        to: Identifier::parse(Method::Email, "ada.delivery@example.com").expect("an address"),
        kind: Kind::SignInCode,
        code: None,
        content: Content::Mail {
            subject: "サインインコード".to_owned(),
            text: "Grüße & <Text>\n\nA second line.".to_owned(),
            html: "<html lang=\"ja\"><p>コード</p></html>".to_owned(),
        },
        sender: None,
    }
}

fn sms() -> Message {
    note("+12065550142");
    Message {
        to: Identifier::parse(Method::PhoneNumber, "+12065550142").expect("a number"),
        kind: Kind::SignInCode,
        code: None,
        content: Content::Sms {
            text: "Grüße, コード\n@example.com #000000".to_owned(),
        },
        sender: None,
    }
}

/// The code and the outcome of a message that was not delivered.
async fn fails(courier: &impl Courier, message: &Message) -> (String, DeliveryOutcome) {
    let failed = courier.deliver(message).await;
    let failed = failed.expect_err("it is not delivered");
    (failed.fault.code, failed.outcome)
}

async fn get(url: String) -> Value {
    let answer = reqwest::get(url).await.expect("an answer");
    answer.json().await.expect("JSON")
}

#[tokio::test]
async fn mail_and_sms_arrive_as_they_were_written() {
    let ministack = Ministack::shared().await;
    let couriers = couriers(&ministack.aws());
    let refused = fails(&couriers, &mail()).await;
    let expected = ("sender_not_verified".to_owned(), DeliveryOutcome::Refused);
    assert_eq!(refused, expected, "the sender is not verified yet");

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

/// A service with one response to every request, which keeps the requests.
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

    /// A service that reads the beginning of each request and then does not respond, or disconnects.
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

/// A refusal of SNS.
fn xml(code: &str, message: &str) -> String {
    format!(
        "<ErrorResponse><Error><Type>Sender</Type><Code>{code}</Code>\
         <Message>{message}</Message></Error><RequestId>1</RequestId></ErrorResponse>"
    )
}

/// A refusal of SES.
fn json(code: &str, message: &str) -> String {
    serde_json::json!({ "__type": code, "message": message }).to_string()
}

type Form = fn(&str, &str) -> String;

/// The status, code and message of a refusal, and our code for it.
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
    (400, "SendingPausedException", "", "account_paused"),
    (400, "AccountSuspendedException", "", "account_paused"),
    (
        400,
        "MailFromDomainNotVerifiedException",
        "",
        "mail_from_not_verified",
    ),
    (
        404,
        "NotFoundException",
        "Configuration set <codes> does not exist.",
        "configuration_set_missing",
    ),
    (
        400,
        "SendingPausedException",
        "Sending paused for configuration set codes.",
        "configuration_set_paused",
    ),
    (
        429,
        "TooManyRequestsException",
        "Maximum sending rate exceeded.",
        "throttled",
    ),
    (
        400,
        "ThrottlingException",
        "Maximum sending rate exceeded.",
        "throttled",
    ),
    (
        400,
        "ThrottlingException",
        "Daily message quota exceeded.",
        "daily_quota",
    ),
    (
        400,
        "LimitExceededException",
        "Daily message quota exceeded.",
        "daily_quota",
    ),
    (403, "AccessDeniedException", "", "not_allowed"),
    (
        400,
        "BadRequestException",
        "Missing final '@domain'",
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
    for (message, refusals, form) in [(mail(), BY_SES, json as Form), (sms(), BY_SNS, xml)] {
        for &(status, code, says, expected) in refusals {
            let stub = Stub::answers(status, form(code, says)).await;
            let failed = fails(&couriers(&stub.aws()), &message).await;
            let outcome = match expected {
                "throttled" => DeliveryOutcome::Throttled,
                _ => DeliveryOutcome::Refused,
            };
            assert_eq!(failed, (expected.to_owned(), outcome), "{code}");
            assert_eq!(stub.asked(), 1, "{code} is not tried again");
        }
    }
}

#[tokio::test]
async fn a_deployment_without_mail_sends_none() {
    let stub = Stub::answers(200, String::new()).await;
    let couriers = Couriers {
        mail: None,
        ..couriers(&stub.aws())
    };
    let failed = fails(&couriers, &mail()).await;
    assert_eq!(
        failed,
        ("no_mail_is_sent".to_owned(), DeliveryOutcome::NeverLeft)
    );
    assert_eq!(stub.asked(), 0);
}

#[tokio::test]
async fn a_request_that_may_have_arrived_is_not_repeated() {
    for (message, form) in [(mail(), json as Form), (sms(), xml)] {
        for (stub, expected) in [
            (
                Stub::answers(500, form("InternalFailure", "")).await,
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
            assert_eq!(failed, (expected.to_owned(), DeliveryOutcome::Unknown));
            assert_eq!(stub.asked(), 1, "{expected} is not tried again");
        }
    }
}

#[tokio::test]
async fn a_request_that_never_left_is_distinguished() {
    let (url, listener) = listen().await;
    drop(listener);
    for message in [mail(), sms()] {
        let failed = fails(&couriers(&aws_at(&url)), &message).await;
        assert_eq!(
            failed,
            ("connect_failed".to_owned(), DeliveryOutcome::NeverLeft)
        );
    }
}

#[tokio::test]
async fn a_request_that_never_left_is_retried_once() {
    for message in [mail(), sms()] {
        // TLS to a peer that closes before a request can be sent.
        let stub = Stub::reads_and(true).await;
        let url = stub.url.replace("http:", "https:");
        let failed = fails(&couriers(&aws_at(&url)), &message).await;
        assert_eq!(
            failed,
            ("connect_failed".to_owned(), DeliveryOutcome::NeverLeft)
        );
        assert_eq!(stub.asked(), 2);
    }
}

/// A kept connection closes while nothing runs, as in a frozen process, or after the next request
/// was read.
#[tokio::test]
async fn a_message_after_another_is_sent_once() {
    const MAILED: Step =
        Respond("HTTP/1.1 200 OK\r\ncontent-length: 17\r\n\r\n{\"MessageId\":\"0\"}");
    const TEXTED: Step = Respond(
        "HTTP/1.1 200 OK\r\ncontent-length: 90\r\n\r\n\
         <PublishResponse><PublishResult><MessageId>0</MessageId></PublishResult></PublishResponse>",
    );
    for (message, accepted) in [(mail(), MAILED), (sms(), TEXTED)] {
        let closes: [&[Step]; 2] = [&[accepted, Wait, Close], &[accepted]];
        let hangs_up: [&[Step]; 2] = [&[accepted, HangUp], &[accepted]];
        let lost = ("connection_lost".to_owned(), DeliveryOutcome::Unknown);
        for (scripts, expected, connections) in
            [(closes, Ok(()), [0, 1]), (hangs_up, Err(lost), [0, 0])]
        {
            let server = ScriptedServer::start(&scripts);
            let couriers = couriers(&aws_at(&server.url));
            assert!(couriers.deliver(&message).await.is_ok());
            if expected.is_ok() {
                server.proceed();
            }
            let delivered = couriers.deliver(&message).await;
            let delivered = delivered.map_err(|failed| (failed.fault.code, failed.outcome));
            assert_eq!(delivered, expected);
            assert_eq!(server.connections(), connections);
        }
    }
}

/// Returns the requests of a mail courier with these settings for this number of mails, as JSON.
async fn asked_of_ses(settings: MailSettings, mails: usize) -> Vec<Value> {
    let stub = Stub::answers(200, serde_json::json!({"MessageId": "1"}).to_string()).await;
    let courier = SesCourier::new(&stub.aws(), settings, OsEntropy);
    for _ in 0..mails {
        assert_eq!(courier.deliver(&mail()).await, Ok(()));
    }
    let asked = stub.asked.lock().expect("no panic");
    let read = |request: &String| serde_json::from_str(request).expect("JSON");
    asked.iter().map(read).collect()
}

#[tokio::test]
async fn a_mail_belongs_to_the_configuration_set_that_is_named() {
    for set in [Some("codes".to_owned()), None] {
        let settings = MailSettings {
            configuration_set: set.clone(),
            ..mail_settings()
        };
        let asked = asked_of_ses(settings, 1).await;
        assert_eq!(asked[0]["ConfigurationSetName"].as_str(), set.as_deref());
    }
}

/// gumroad#2594: a mail that refers to support, and whose replies are lost.
#[tokio::test]
async fn replies_go_to_the_address_that_is_set() {
    let reply_to = EmailSender::parse("Hilfe für alle <help@example.org>").ok();
    let asked = asked_of_ses(
        MailSettings {
            reply_to,
            ..mail_settings()
        },
        1,
    )
    .await;
    let expected = ["=?UTF-8?B?SGlsZmUgZsO8ciBhbGxl?= <help@example.org>"];
    assert_eq!(asked[0]["ReplyToAddresses"], serde_json::json!(expected));
    let asked = asked_of_ses(mail_settings(), 1).await;
    assert_eq!(
        asked[0]["ReplyToAddresses"].as_array().map_or(0, Vec::len),
        0
    );
}

/// RFC 3834: out-of-office programs do not reply to a mail that is marked as automatic.
/// nhost#4622, anymail#37: mails of one subject become one conversation, which hides the newest code.
#[tokio::test]
async fn a_mail_suppresses_automatic_replies_and_threading() {
    let asked = asked_of_ses(mail_settings(), 2).await;
    let headers = |request: &Value| -> Vec<(String, String)> {
        let headers = &request["Content"]["Simple"]["Headers"];
        let text = |value: &Value| value.as_str().expect("a text").to_owned();
        headers
            .as_array()
            .expect("headers")
            .iter()
            .map(|header| (text(&header["Name"]), text(&header["Value"])))
            .collect()
    };
    let [first, second] = [headers(&asked[0]), headers(&asked[1])];
    for [(name, value), (again, other)] in first.iter().zip(&second).map(|pair| [pair.0, pair.1]) {
        assert_eq!(name, again);
        match &**name {
            "Auto-Submitted" => assert_eq!([&**value, other], ["auto-generated"; 2]),
            "X-Auto-Response-Suppress" => assert_eq!([&**value, other], ["OOF, AutoReply"; 2]),
            "X-Entity-Ref-ID" => {
                assert_ne!(value, other, "each mail has its own");
                assert_eq!([value.len(), other.len()], [32, 32]);
            }
            _ => panic!("an unexpected header: {name}"),
        }
    }
    assert_eq!([first.len(), second.len()], [3, 3]);
}

/// India's registry requires both ids with each SMS; other countries have neither.
#[tokio::test]
async fn an_sms_to_india_names_the_entity_and_its_template() {
    let response = "<PublishResponse><PublishResult><MessageId>1</MessageId></PublishResult>\
         </PublishResponse>";
    let stub = Stub::answers(200, response.to_owned()).await;
    let courier = couriers(&stub.aws()).sms;
    for (number, kind, entity, template) in [
        ("+919876543210", Kind::SignInCode, 1, Some("1107161")),
        ("+919876543210", Kind::ConfirmationCode, 1, None),
        ("+919876543210", Kind::ContactReplaced, 1, Some("1107163")),
        ("+12065550142", Kind::SignInCode, 0, None),
    ] {
        note(number);
        let to = Identifier::parse(Method::PhoneNumber, number).expect("a number");
        let message = Message { to, kind, ..sms() };
        assert_eq!(courier.deliver(&message).await, Ok(()));
        let asked = stub.asked.lock().expect("no panic").pop();
        let asked = asked.expect("a request was made");
        assert_eq!(asked.matches("AWS.MM.SMS.EntityId").count(), entity);
        assert_eq!(asked.matches("1701158").count(), entity);
        let templates = asked.matches("AWS.MM.SMS.TemplateId").count();
        assert_eq!(templates, usize::from(template.is_some()));
        assert!(template.is_none_or(|id| asked.matches(id).count() == 1));
    }
}
