//! What a person looks at: the inbox, and where everything is.

use std::fmt::Write as _;
use std::time::{Duration, UNIX_EPOCH};

use axum::Router;
use axum::extract::State;
use axum::http::header::{
    CACHE_CONTROL, CONTENT_SECURITY_POLICY, CONTENT_TYPE, X_CONTENT_TYPE_OPTIONS,
};
use axum::http::{HeaderName, StatusCode};
use axum::response::{IntoResponse, Json, Response};
use axum::routing::get;
use latchstring_core::code::Code;
use latchstring_core::identifier;
use latchstring_core::message::Content;
use latchstring_core::time::Timestamp;
use latchstring_memory::{Delivered, Inbox};
use serde_json::{Value, json};

use crate::clock::LocalClock;
use crate::service::Settings;

/// How many messages the page shows; the JSON has all that are kept.
const SHOWN: usize = 50;

const STYLE: &str = ":root{color-scheme:light dark;font:16px/1.5 system-ui,sans-serif}\
body{margin:0}main{max-width:42rem;margin:0 auto;padding:1rem}\
article{border-top:1px solid;padding:.5rem 0}h2{font-size:1.1rem;margin:0}\
p{margin:.25rem 0}pre{white-space:pre-wrap;overflow-wrap:anywhere;font:inherit}";

#[derive(Clone)]
struct Shown {
    inbox: Inbox<LocalClock>,
    settings: Settings,
}

pub(crate) fn router(inbox: Inbox<LocalClock>, settings: Settings) -> Router {
    Router::new()
        .route("/", get(index))
        .route("/inbox", get(inbox_page))
        .route("/inbox.json", get(inbox_json))
        .route("/config.json", get(config_json))
        .method_not_allowed_fallback(not_allowed)
        .with_state(Shown { inbox, settings })
        .fallback(not_found)
}

async fn not_found() -> Response {
    refused(
        StatusCode::NOT_FOUND,
        "Nothing is here. GET / lists what is served.",
    )
}

/// Also for `POST /control`.
pub(crate) async fn not_allowed() -> Response {
    refused(
        StatusCode::METHOD_NOT_ALLOWED,
        "This method is not served here.",
    )
}

fn refused(status: StatusCode, message: &str) -> Response {
    (status, Json(json!({ "message": message }))).into_response()
}

async fn config_json(State(Shown { settings, .. }): State<Shown>) -> Json<Value> {
    Json(json!({
        "region": settings.region,
        "userPoolId": settings.user_pool_id,
        "clientId": settings.client_id,
        "endpoint": settings.endpoint,
        "graphqlUrl": settings.graphql_url(),
        "apiKey": settings.api_key,
    }))
}

/// Newest first.
fn messages(inbox: &Inbox<LocalClock>) -> impl Iterator<Item = Delivered> {
    inbox.messages().into_iter().rev()
}

async fn inbox_json(State(Shown { inbox, .. }): State<Shown>) -> Response {
    let messages: Vec<Value> = messages(&inbox)
        .map(|Delivered { id, at, message }| {
            let (subject, html) = match &message.content {
                Content::Mail { subject, html, .. } => (Some(subject), Some(html)),
                Content::Sms { .. } => (None, None),
            };
            json!({
                "id": id,
                "channel": channel(message.to.method()),
                "to": message.to.as_str(),
                "subject": subject,
                "text": message.content.text(),
                "html": html,
                "code": message.code.as_ref().map(Code::digits),
                "sentAt": rfc3339(at),
            })
        })
        .collect();
    ([(CACHE_CONTROL, "no-store")], Json(messages)).into_response()
}

const fn channel(method: identifier::Method) -> &'static str {
    match method {
        identifier::Method::Email => "email",
        identifier::Method::PhoneNumber => "sms",
    }
}

fn rfc3339(at: Timestamp) -> String {
    let at = UNIX_EPOCH + Duration::from_millis(at.as_millis());
    humantime::format_rfc3339_millis(at).to_string()
}

async fn index(State(Shown { settings, .. }): State<Shown>) -> Response {
    let body = format!(
        "<h1>Latchstring</h1>\n\
         <p>Passwordless sign-in for Amazon Cognito, all of it on this port and in memory.</p>\n\
         <ul>\n\
         <li><a href=\"/inbox\">Inbox</a>: the mails and text messages that were sent \
         (<a href=\"/inbox.json\">as JSON</a>)</li>\n\
         <li><a href=\"/config.json\">Configuration</a>: what a client needs to know</li>\n\
         <li><code>POST /graphql</code>: the API that AppSync serves, with <code>x-api-key: {}</code></li>\n\
         <li><code>POST /</code>: Cognito, for the AWS SDKs</li>\n\
         <li><a href=\"/{}/.well-known/jwks.json\">Keys</a>: what the tokens are signed with</li>\n\
         </ul>\n",
        escape(&settings.api_key),
        escape(&settings.user_pool_id),
    );
    page("Latchstring", "", &body)
}

async fn inbox_page(State(Shown { inbox, .. }): State<Shown>) -> Response {
    let mut body = String::from(
        "<h1>Inbox</h1>\n<p>What was sent, newest first. This page looks again every two seconds.</p>\n",
    );
    let mut empty = true;
    for Delivered { at, message, .. } in messages(&inbox).take(SHOWN) {
        empty = false;
        let method = message.to.method();
        let what = match &message.content {
            Content::Mail { subject, .. } => subject,
            Content::Sms { .. } => "Text message",
        };
        // Writing to a String cannot fail.
        let _ = write!(
            body,
            "<article>\n<h2>{}</h2>\n<p>{} to {} at <time>{}</time></p>\n<pre>{}</pre>\n</article>\n",
            escape(what),
            channel(method),
            escape(message.to.as_str()),
            rfc3339(at),
            escape(message.content.text()),
        );
    }
    if empty {
        body.push_str("<p>Nothing yet.</p>\n");
    }
    page(
        "Inbox",
        "<meta http-equiv=\"refresh\" content=\"2\">",
        &body,
    )
}

/// A page of ours: no script, no outside resource, never cached.
fn page(title: &str, head: &str, body: &str) -> Response {
    let html = format!(
        "<!doctype html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n\
         <meta name=\"viewport\" content=\"width=device-width\">\n{head}\n\
         <title>{title}</title>\n<style>{STYLE}</style>\n</head>\n<body>\n<main>\n{body}</main>\n</body>\n</html>\n"
    );
    let headers: [(HeaderName, &str); 4] = [
        (CONTENT_TYPE, "text/html; charset=utf-8"),
        (CACHE_CONTROL, "no-store"),
        (X_CONTENT_TYPE_OPTIONS, "nosniff"),
        (
            CONTENT_SECURITY_POLICY,
            "default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'none'; base-uri 'none'",
        ),
    ];
    (headers, html).into_response()
}

fn escape(text: &str) -> String {
    text.replace('&', "&amp;")
        .replace('<', "&lt;")
        .replace('>', "&gt;")
        .replace('"', "&quot;")
        .replace('\'', "&#39;")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_typed_is_text_and_never_markup() {
        assert_eq!(escape("a'b&c<d>\"e"), "a&#39;b&amp;c&lt;d&gt;&quot;e");
    }

    #[test]
    fn a_time_is_written_as_rfc_3339() {
        let at = Timestamp::from_millis(1_709_210_096_789);
        assert_eq!(rfc3339(at), "2024-02-29T12:34:56.789Z");
    }
}
