//! Calls of AWS without types: a signed request as JSON or as a form, and the text of the response.
//!
//! A type of the SDK has the members that AWS had when the SDK was written. A description that is read
//! into such a type and sent back loses the newer ones.

use std::fmt::{self, Write};
use std::time::{Duration, Instant, SystemTime};

use aws_sdk_cognitoidentityprovider::config::Credentials;
use aws_sigv4::http_request::{
    PayloadChecksumKind, PercentEncodingMode, SignableBody, SignableRequest, SigningSettings,
    UriPathNormalizationMode, sign,
};
use aws_sigv4::sign::v4;
use aws_smithy_http_client::Connector;
use aws_smithy_http_client::tls::Provider;
use aws_smithy_http_client::tls::rustls_provider::CryptoMode;
use aws_smithy_runtime_api::client::http::HttpConnector as _;
use aws_smithy_runtime_api::client::identity::Identity;
use aws_smithy_runtime_api::client::orchestrator::HttpRequest;
use aws_smithy_types::byte_stream::ByteStream;
use aws_smithy_xml::decode::{Document, try_data};
use latchstring_aws::dns_suffix;
use serde_json::Value;

use crate::access::{Access, CallPolicy, ONCE, READ};
use crate::error_code::{ErrorCode, ErrorKind};

/// A service that takes and returns JSON.
#[derive(Clone, Copy, Debug)]
pub struct JsonService {
    /// The name in its host name, in signatures and in the names of permissions.
    name: &'static str,
    /// The prefix of its operations in the header `x-amz-target`.
    target: &'static str,
    /// The version of its JSON protocol.
    version: &'static str,
}

impl JsonService {
    const fn new(name: &'static str, target: &'static str) -> Self {
        Self {
            name,
            target,
            version: "1.1",
        }
    }
}

/// Cognito's user pools.
pub const COGNITO: JsonService =
    JsonService::new("cognito-idp", "AWSCognitoIdentityProviderService");

/// `DynamoDB`.
pub const DYNAMODB: JsonService = JsonService {
    version: "1.0",
    ..JsonService::new("dynamodb", "DynamoDB_20120810")
};

/// `EventBridge`.
pub const EVENTS: JsonService = JsonService::new("events", "AWSEvents");

/// `CloudWatch` Logs.
pub const LOGS: JsonService = JsonService::new("logs", "Logs_20140328");

/// Secrets Manager.
pub const SECRETS: JsonService = JsonService::new("secretsmanager", "secretsmanager");

/// Service Quotas.
pub const QUOTAS: JsonService = JsonService::new("servicequotas", "ServiceQuotasV20190624");

/// AWS End User Messaging.
pub const SMS_VOICE: JsonService = JsonService {
    version: "1.0",
    ..JsonService::new("sms-voice", "PinpointSMSVoiceV2")
};

/// AWS WAF.
pub const WAF: JsonService = JsonService::new("wafv2", "AWSWAF_20190729");

/// A service that takes a form and returns XML.
#[derive(Clone, Copy, Debug)]
pub struct FormService {
    /// The name in its host name, in signatures and in the names of permissions.
    name: &'static str,
    /// The version of its API.
    version: &'static str,
}

/// `CloudFormation`.
pub const CLOUDFORMATION: FormService = FormService {
    name: "cloudformation",
    version: "2010-05-15",
};

/// IAM. It has one endpoint for each partition.
pub const IAM: FormService = FormService {
    name: "iam",
    version: "2010-05-08",
};

/// `CloudWatch`.
pub const CLOUDWATCH: FormService = FormService {
    name: "monitoring",
    version: "2010-08-01",
};

/// The Security Token Service.
pub const STS: FormService = FormService {
    name: "sts",
    version: "2011-06-15",
};

/// A service whose operations are paths, and which returns JSON.
#[derive(Clone, Copy, Debug)]
pub struct RestService {
    /// The name in its host name, in signatures and in the names of permissions.
    name: &'static str,
}

/// AppSync.
pub const APPSYNC: RestService = RestService { name: "appsync" };

/// API Gateway.
pub const API_GATEWAY: RestService = RestService { name: "apigateway" };

/// SES.
pub const SES: RestService = RestService { name: "ses" };

/// Lambda.
pub const LAMBDA: RestService = RestService { name: "lambda" };

/// S3. Buckets are named in the path.
pub const S3: RestService = RestService { name: "s3" };

/// A call of a service with paths.
#[derive(Debug)]
pub struct PathCall<'a> {
    /// The operation as IAM names it, without the service.
    pub operation: &'a str,
    /// The method of HTTP.
    pub method: &'static str,
    /// The path and query.
    pub target: &'a str,
    /// The body.
    pub body: Vec<u8>,
    /// The time limit.
    pub limit: Duration,
}

/// The reason for which a call has no result.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum CallError {
    /// AWS refused the request.
    Refused {
        /// The operation as IAM names it.
        action: String,
        /// The status of the response.
        status: u16,
        /// The code of the error.
        code: ErrorCode,
        /// The text of the error on one line.
        message: String,
    },
    /// No response can be read. It is unknown whether the request had an effect.
    Unanswered {
        /// The operation as IAM names it.
        action: String,
        /// The reason.
        reason: &'static str,
    },
    /// The request was not sent.
    Unsent {
        /// The operation as IAM names it.
        action: String,
    },
}

impl CallError {
    /// Returns the code of the error.
    pub fn code(&self) -> ErrorCode {
        match self {
            Self::Refused { code, .. } => code.clone(),
            Self::Unanswered { .. } => ErrorCode::unreadable(),
            Self::Unsent { .. } => ErrorCode::unsent(),
        }
    }

    /// Reports whether another attempt may succeed.
    fn is_transient(&self) -> bool {
        match self {
            Self::Refused { status, code, .. } => *status >= 500 || code.kind().is_transient(),
            Self::Unanswered { .. } => ErrorKind::Unanswered.is_transient(),
            Self::Unsent { .. } => ErrorKind::Unsent.is_transient(),
        }
    }
}

impl fmt::Display for CallError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let kind = match self {
            Self::Refused {
                action,
                code,
                message,
                ..
            } => {
                let sentence = message.trim_end_matches('.');
                write!(f, "{action} was refused: {code}: {sentence}. ")?;
                code.kind()
            }
            Self::Unanswered { action, reason } => {
                write!(f, "{action} has no result: {reason}. ")?;
                ErrorKind::Unanswered
            }
            Self::Unsent { action } => {
                write!(f, "{action} was not sent: the request cannot be built. ")?;
                ErrorKind::Unsent
            }
        };
        let by_message = "Correct what the message names, and run the command again.";
        f.write_str(kind.advice().unwrap_or(by_message))
    }
}

/// Signed calls with the credentials of the environment.
pub struct SignedCalls<'a> {
    access: &'a Access,
    connector: Connector,
}

/// A request before it is signed.
struct Outgoing<'a> {
    service: &'a str,
    method: &'static str,
    /// The path and query.
    target: &'a str,
    headers: &'a [(&'static str, String)],
    body: Vec<u8>,
}

struct Response {
    status: u16,
    /// The header `x-amzn-errortype`.
    error_type: Option<String>,
    body: String,
}

impl<'a> SignedCalls<'a> {
    /// Returns calls with these credentials.
    pub fn new(access: &'a Access) -> Self {
        Self {
            access,
            connector: Connector::builder()
                .tls_provider(Provider::Rustls(CryptoMode::Ring))
                .build(),
        }
    }

    /// Calls an operation that only reads, with the attempts of a read.
    ///
    /// # Errors
    /// If there is no result.
    pub async fn read(
        &self,
        service: JsonService,
        operation: &str,
        input: &Value,
    ) -> Result<Value, CallError> {
        repeat(READ, async |limit| {
            self.json(limit, service, operation, input).await
        })
        .await
    }

    /// Calls an operation that changes something, in one attempt.
    ///
    /// # Errors
    /// If there is no result.
    pub async fn write(
        &self,
        service: JsonService,
        operation: &str,
        input: &Value,
    ) -> Result<Value, CallError> {
        self.json(ONCE.attempt, service, operation, input).await
    }

    /// Calls an operation that only reads and returns XML, with the attempts of a read.
    ///
    /// # Errors
    /// If there is no result.
    pub async fn read_form(
        &self,
        service: FormService,
        operation: &str,
        fields: &[(&str, &str)],
    ) -> Result<String, CallError> {
        repeat(READ, async |limit| {
            self.form(limit, service, operation, fields).await
        })
        .await
    }

    /// Calls an operation that changes something and returns XML, in one attempt.
    ///
    /// # Errors
    /// If there is no result.
    pub async fn write_form(
        &self,
        service: FormService,
        operation: &str,
        fields: &[(&str, &str)],
    ) -> Result<String, CallError> {
        self.form(ONCE.attempt, service, operation, fields).await
    }

    /// Calls a path in one attempt, and returns the body of the response.
    ///
    /// # Errors
    /// If there is no result.
    pub async fn call_path(
        &self,
        service: RestService,
        call: PathCall<'_>,
    ) -> Result<String, CallError> {
        let action = format!("{}:{}", service.name, call.operation);
        let outgoing = Outgoing {
            service: service.name,
            method: call.method,
            target: call.target,
            headers: &[],
            body: call.body,
        };
        let response = self.send(call.limit, &action, outgoing).await?;
        if (200..300).contains(&response.status) {
            return Ok(response.body);
        }
        if response.body.trim_start().starts_with('<') {
            let code = first(&response.body, "Code");
            let message = first(&response.body, "Message");
            return Err(refused(action, response.status, code, message));
        }
        let status = response.status;
        let failed = Self::json_of(&action, response).err();
        Err(failed.unwrap_or_else(|| refused(action, status, None, None)))
    }

    /// Reads the path of a service with paths, with the attempts of a read.
    ///
    /// # Errors
    /// If there is no result.
    pub async fn read_path(
        &self,
        service: RestService,
        operation: &str,
        target: &str,
    ) -> Result<Value, CallError> {
        let action = format!("{}:{operation}", service.name);
        let get = async |limit| {
            let get = Outgoing {
                service: service.name,
                method: "GET",
                target,
                headers: &[],
                body: Vec::new(),
            };
            Self::json_of(&action, self.send(limit, &action, get).await?)
        };
        repeat(READ, get).await
    }

    /// Reads a list of a service with paths, page by page, with the attempts of a read for each page.
    ///
    /// # Errors
    /// If a page has no result.
    pub async fn read_list(
        &self,
        service: RestService,
        operation: &str,
        path: &str,
        member: &str,
    ) -> Result<Vec<Value>, CallError> {
        let mut found = Vec::new();
        let mut query = String::from("?maxResults=25");
        loop {
            let target = format!("{path}{query}");
            let page = self.read_path(service, operation, &target).await?;
            found.extend(page[member].as_array().cloned().unwrap_or_default());
            match page["nextToken"].as_str() {
                Some(next) => query = format!("?maxResults=25&nextToken={}", encoded(next)),
                None => return Ok(found),
            }
        }
    }

    async fn json(
        &self,
        limit: Duration,
        service: JsonService,
        operation: &str,
        input: &Value,
    ) -> Result<Value, CallError> {
        let action = format!("{}:{operation}", service.name);
        let headers = [
            (
                "content-type",
                format!("application/x-amz-json-{}", service.version),
            ),
            ("x-amz-target", format!("{}.{operation}", service.target)),
        ];
        let sent = self.post(limit, &action, service.name, &headers, input.to_string());
        Self::json_of(&action, sent.await?)
    }

    /// Returns the JSON of a response, or the error that it is.
    fn json_of(action: &str, response: Response) -> Result<Value, CallError> {
        let unreadable = || CallError::Unanswered {
            action: action.to_owned(),
            reason: "the response is not JSON",
        };
        let body = serde_json::from_str::<Value>(&response.body);
        if (200..300).contains(&response.status) {
            return body.map_err(|_| unreadable());
        }
        let body = body.unwrap_or_default();
        let text = |name: &str| body[name].as_str().map(str::to_owned);
        let code = response.error_type.or_else(|| text("__type"));
        let message = text("message").or_else(|| text("Message"));
        Err(refused(action.to_owned(), response.status, code, message))
    }

    async fn form(
        &self,
        limit: Duration,
        service: FormService,
        operation: &str,
        fields: &[(&str, &str)],
    ) -> Result<String, CallError> {
        let action = format!("{}:{operation}", service.name);
        let content_type = "application/x-www-form-urlencoded; charset=utf-8";
        let headers = [("content-type", content_type.to_owned())];
        let mut form = format!("Action={operation}&Version={}", service.version);
        for (name, value) in fields {
            form.push('&');
            form.push_str(&encoded(name));
            form.push('=');
            form.push_str(&encoded(value));
        }
        let response = self
            .post(limit, &action, service.name, &headers, form)
            .await?;
        if (200..300).contains(&response.status) {
            return Ok(response.body);
        }
        let code = first(&response.body, "Code");
        let message = first(&response.body, "Message");
        Err(refused(action, response.status, code, message))
    }

    async fn post(
        &self,
        limit: Duration,
        action: &str,
        service: &str,
        headers: &[(&'static str, String)],
        body: String,
    ) -> Result<Response, CallError> {
        let post = Outgoing {
            service,
            method: "POST",
            target: "/",
            headers,
            body: body.into_bytes(),
        };
        self.send(limit, action, post).await
    }

    async fn send(
        &self,
        limit: Duration,
        action: &str,
        outgoing: Outgoing<'_>,
    ) -> Result<Response, CallError> {
        let request = self.request(outgoing);
        let request = request.ok_or_else(|| CallError::Unsent {
            action: action.to_owned(),
        })?;
        let exchange = async {
            let response = self.connector.call(request).await;
            let response = response.map_err(|_| "there is no connection, or it was interrupted")?;
            let status = response.status().as_u16();
            let error_type = response.headers().get("x-amzn-errortype");
            let error_type = error_type.map(str::to_owned);
            let body = ByteStream::new(response.into_body()).collect().await;
            let body = body.map_err(|_| "the connection was interrupted")?.to_vec();
            let body = String::from_utf8(body).map_err(|_| "the response is not UTF-8")?;
            Ok(Response {
                status,
                error_type,
                body,
            })
        };
        let answered = tokio::time::timeout(limit, exchange).await;
        let answered = answered.unwrap_or(Err("the response is late"));
        answered.map_err(|reason| CallError::Unanswered {
            action: action.to_owned(),
            reason,
        })
    }

    /// Builds and signs a request; none if a part of it cannot be sent.
    fn request(&self, outgoing: Outgoing<'_>) -> Option<HttpRequest> {
        let Outgoing {
            service,
            method,
            target,
            headers,
            body,
        } = outgoing;
        let region = &self.access.region;
        let url = match &self.access.endpoint_url {
            Some(url) => format!("{}{target}", url.trim_end_matches('/')),
            None if service == IAM.name => {
                format!("https://{}{target}", IamEndpoint::of(region).host)
            }
            None => {
                // SES has another name in its host name.
                let host = if service == SES.name {
                    "email"
                } else {
                    service
                };
                format!("https://{host}.{region}.{}{target}", dns_suffix(region))
            }
        };
        let region = if service == IAM.name {
            IamEndpoint::of(region).region
        } else {
            region
        };
        let credentials = Credentials::new(
            &self.access.access_key_id,
            &self.access.secret_access_key,
            self.access.session_token.clone(),
            None,
            "environment",
        );
        let identity = Identity::from(credentials);
        let parameters = v4::SigningParams::builder()
            .identity(&identity)
            .region(region)
            .name(service)
            .time(SystemTime::now())
            .settings(signing(service))
            .build()
            .ok()?
            .into();
        let unsigned = SignableRequest::new(
            method,
            &*url,
            headers.iter().map(|(name, value)| (*name, value.as_str())),
            SignableBody::Bytes(&body),
        );
        let (signature, _) = sign(unsigned.ok()?, &parameters).ok()?.into_parts();
        let mut request = HttpRequest::new(body.into());
        request.set_method(method).ok()?;
        request.set_uri(&*url).ok()?;
        for (name, value) in headers {
            let added = request.headers_mut().try_insert(*name, value.clone());
            added.ok()?;
        }
        for (name, value) in signature.headers() {
            let added = request.headers_mut();
            added.try_insert(name.to_owned(), value.to_owned()).ok()?;
        }
        Some(request)
    }
}

/// Returns how the requests of a service are signed. S3 takes a path as it is, and demands the digest of the
/// body in a header.
fn signing(service: &str) -> SigningSettings {
    let mut settings = SigningSettings::default();
    if service == S3.name {
        settings.percent_encoding_mode = PercentEncodingMode::Single;
        settings.uri_path_normalization_mode = UriPathNormalizationMode::Disabled;
        settings.payload_checksum_kind = PayloadChecksumKind::XAmzSha256;
    }
    settings
}

/// The endpoint of IAM in a partition, and the region that its signatures name.
struct IamEndpoint {
    host: &'static str,
    region: &'static str,
}

impl IamEndpoint {
    /// Returns the endpoint of the partition that a region is of.
    fn of(region: &str) -> Self {
        let (host, region) = match region {
            region if region.starts_with("cn-") => {
                ("iam.cn-north-1.amazonaws.com.cn", "cn-north-1")
            }
            region if region.starts_with("us-gov-") => {
                ("iam.us-gov.amazonaws.com", "us-gov-west-1")
            }
            _ => ("iam.amazonaws.com", "us-east-1"),
        };
        Self { host, region }
    }
}

/// Repeats a call while its error is transient.
/// Gives each attempt its time limit.
async fn repeat<T>(
    policy: CallPolicy,
    mut call: impl AsyncFnMut(Duration) -> Result<T, CallError>,
) -> Result<T, CallError> {
    let start = Instant::now();
    let left = || policy.call.saturating_sub(start.elapsed());
    let mut pause = policy.pause;
    for _ in 1..policy.attempts {
        match call(policy.attempt.min(left())).await {
            Err(error) if error.is_transient() && pause < left() => {
                tokio::time::sleep(pause).await;
            }
            result => return result,
        }
        pause *= 2;
    }
    call(policy.attempt.min(left())).await
}

/// Returns the error of a response, with its texts in the form in which they are printed.
fn refused(
    action: String,
    status: u16,
    code: Option<String>,
    message: Option<String>,
) -> CallError {
    let code = code.unwrap_or_else(|| format!("HTTP status {status}"));
    // `namespace#Code:detail`
    let code = code.rsplit('#').next().unwrap_or_default();
    let code = code.split(':').next().unwrap_or_default();
    let message = message.unwrap_or_else(|| "no message".to_owned());
    let words: Vec<&str> = message.split_whitespace().collect();
    CallError::Refused {
        action,
        status,
        code: ErrorCode::from(code),
        message: words.join(" "),
    }
}

/// Returns the text of the first element of this name in XML.
pub(crate) fn first(xml: &str, name: &str) -> Option<String> {
    let mut document = Document::new(xml);
    while let Some(element) = document.next_start_element() {
        if element.local() == name {
            let text = try_data(&mut document.scoped_to(element));
            return text.ok().map(Into::into);
        }
    }
    None
}

/// Returns a text as a form or a query holds it.
pub(crate) fn encoded(text: &str) -> String {
    let mut encoded = String::new();
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || b"-._~".contains(&byte) {
            encoded.push(char::from(byte));
        } else {
            // Writing to a String does not fail.
            let _ = write!(encoded, "%{byte:02X}");
        }
    }
    encoded
}

#[cfg(test)]
mod tests {
    use std::cell::Cell;

    use super::*;

    fn access(endpoint_url: Option<&str>) -> Access {
        Access {
            region: "cn-north-1".to_owned(),
            access_key_id: "key".to_owned(),
            secret_access_key: "not-to-be-printed".to_owned(),
            session_token: Some("session".to_owned()),
            endpoint_url: endpoint_url.map(str::to_owned),
        }
    }

    fn request(access: &Access) -> Option<HttpRequest> {
        let headers = [("x-amz-target", "Service.Operation".to_owned())];
        SignedCalls::new(access).request(Outgoing {
            service: "cognito-idp",
            method: "POST",
            target: "/",
            headers: &headers,
            body: b"{}".to_vec(),
        })
    }

    #[test]
    fn a_request_goes_to_the_region_and_is_signed_for_it() {
        let request = request(&access(None)).expect("a request");
        assert_eq!(
            request.uri(),
            "https://cognito-idp.cn-north-1.amazonaws.com.cn/"
        );
        let header = |name: &str| request.headers().get(name).expect("a header");
        let signature = header("authorization");
        assert!(signature.starts_with("AWS4-HMAC-SHA256 Credential=key/"));
        assert!(signature.contains("/cn-north-1/cognito-idp/aws4_request"));
        // A header outside the signature could be replaced on the way.
        assert!(signature.contains("x-amz-target"), "{signature}");
        assert_eq!(header("x-amz-security-token"), "session");
    }

    #[test]
    fn each_service_has_its_own_host_and_region() {
        let access = Access {
            region: "eu-west-1".to_owned(),
            ..access(None)
        };
        let calls = SignedCalls::new(&access);
        for (service, host, scope) in [
            (SES.name, "email.eu-west-1.amazonaws.com", "/eu-west-1/ses/"),
            (S3.name, "s3.eu-west-1.amazonaws.com", "/eu-west-1/s3/"),
            (IAM.name, "iam.amazonaws.com", "/us-east-1/iam/"),
            (STS.name, "sts.eu-west-1.amazonaws.com", "/eu-west-1/sts/"),
        ] {
            let request = calls.request(Outgoing {
                service,
                method: "GET",
                target: "/a",
                headers: &[],
                body: Vec::new(),
            });
            let request = request.expect("a request");
            assert_eq!(request.uri(), format!("https://{host}/a"));
            let signature = request
                .headers()
                .get("authorization")
                .expect("it is signed");
            assert!(signature.contains(scope), "{signature}");
            // S3 demands the digest of the body.
            let digest = request.headers().get("x-amz-content-sha256");
            assert_eq!(digest.is_some(), service == S3.name, "{service}");
        }
    }

    #[test]
    fn an_endpoint_url_replaces_aws() {
        for url in ["http://127.0.0.1:4566", "http://127.0.0.1:4566/"] {
            let request = request(&access(Some(url))).expect("a request");
            assert_eq!(request.uri(), "http://127.0.0.1:4566/");
        }
        assert!(request(&access(Some("not a URL"))).is_none());
    }

    #[test]
    fn the_name_of_a_refusal_is_without_namespace_and_detail() {
        let text = |code: &str, message: &str| {
            let action = "cognito-idp:UpdateUserPool".to_owned();
            refused(action, 400, Some(code.to_owned()), Some(message.to_owned())).to_string()
        };
        assert_eq!(
            text(
                "com.amazonaws#InvalidParameterException:http://x/",
                "No such\n thing."
            ),
            "cognito-idp:UpdateUserPool was refused: InvalidParameterException: No such thing. \
             Correct what the message names, and run the command again."
        );
        assert!(text("AccessDeniedException", "no").contains("in IAM"));
        assert!(text("ExpiredTokenException", "no").contains("Renew the credentials"));
    }

    #[test]
    fn errors_of_load_and_transport_are_transient() {
        let of = |status, code: &str| {
            let code = Some(code.to_owned());
            refused("a".to_owned(), status, code, None).is_transient()
        };
        assert!(of(503, "ServiceUnavailable") && of(400, "TooManyRequestsException"));
        assert!(of(400, "Throttling") && !of(400, "ValidationError"));
    }

    #[tokio::test]
    async fn only_a_transient_error_is_repeated_and_only_twice() {
        for (status, expected) in [(500, 3), (400, 1)] {
            let calls = Cell::new(0);
            let error = refused("a".to_owned(), status, None, None);
            let policy = CallPolicy {
                pause: Duration::ZERO,
                ..READ
            };
            let repeated = repeat(policy, async |limit| {
                assert!(limit <= READ.attempt, "{limit:?}");
                calls.set(calls.get() + 1);
                Err::<(), _>(error.clone())
            });
            assert_eq!(repeated.await, Err(error.clone()));
            assert_eq!(calls.get(), expected);
        }
    }

    #[tokio::test]
    async fn an_expired_call_is_not_repeated() {
        let calls = Cell::new(0);
        let policy = CallPolicy {
            call: READ.pause,
            ..READ
        };
        let error = refused("a".to_owned(), 500, None, None);
        let repeated = repeat(policy, async |limit| {
            assert!(limit <= policy.call, "{limit:?}");
            calls.set(calls.get() + 1);
            Err::<(), _>(error.clone())
        });
        assert_eq!(repeated.await, Err(error.clone()));
        assert_eq!(calls.get(), 1);
    }

    #[test]
    fn an_error_in_xml_has_its_code_and_message() {
        let xml = "<ErrorResponse><Error><Type>Sender</Type><Code>ValidationError</Code>\
                   <Message>Stack &lt;a&gt; does not exist</Message></Error></ErrorResponse>";
        assert_eq!(first(xml, "Code").as_deref(), Some("ValidationError"));
        let message = first(xml, "Message");
        assert_eq!(message.as_deref(), Some("Stack <a> does not exist"));
        assert_eq!(first(xml, "RequestId"), None);
    }

    #[test]
    fn a_form_is_encoded() {
        assert_eq!(
            encoded("arn:aws:x/a b&c=ä"),
            "arn%3Aaws%3Ax%2Fa%20b%26c%3D%C3%A4"
        );
    }
}
