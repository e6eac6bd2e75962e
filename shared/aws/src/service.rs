//! The SDK's operations without the SDK's clients.
//!
//! Each client of the SDK reads a list of all AWS partitions and regions, with regular expressions,
//! to find one host name. That was more than half of Create's instructions before its first event
//! (docs/adr/0018-operations-without-clients.md). This module wires the rest of such a client: the
//! SDK's serialisers, signatures, retries, time limits and errors. A test compares every request
//! with that of the SDK's client.

use std::error::Error;
use std::fmt::Debug;

use aws_credential_types::Credentials;
use aws_credential_types::provider::SharedCredentialsProvider;
use aws_runtime::auth::sigv4::{SCHEME_ID as SIGV4, SigV4AuthScheme};
use aws_runtime::invocation_id::InvocationIdInterceptor;
use aws_runtime::recursion_detection::RecursionDetectionInterceptor;
use aws_runtime::request_info::RequestInfoInterceptor;
use aws_runtime::service_clock_skew::ServiceClockSkewInterceptor;
use aws_runtime::user_agent::{ApiMetadata, UserAgentInterceptor};
#[cfg(feature = "cognito")]
use aws_smithy_runtime::client::auth::no_auth::{NO_AUTH_SCHEME_ID, NoAuthRuntimePluginV2};
use aws_smithy_runtime::client::defaults::{DefaultPluginParams, default_plugins};
use aws_smithy_runtime::client::http::connection_poisoning::ConnectionPoisoningInterceptor;
use aws_smithy_runtime::client::orchestrator::endpoints::StaticUriEndpointResolver;
use aws_smithy_runtime::client::orchestrator::{AuthSchemeAndEndpointOrchestrationV2, invoke};
use aws_smithy_runtime::client::retries::classifiers::HttpStatusCodeClassifier;
use aws_smithy_runtime_api::client::auth::static_resolver::StaticAuthSchemeOptionResolver;
use aws_smithy_runtime_api::client::behavior_version::BehaviorVersion;
use aws_smithy_runtime_api::client::interceptors::SharedInterceptor;
use aws_smithy_runtime_api::client::interceptors::context::Input;
use aws_smithy_runtime_api::client::orchestrator::HttpResponse;
use aws_smithy_runtime_api::client::result::SdkError;
use aws_smithy_runtime_api::client::runtime_components::RuntimeComponentsBuilder;
use aws_smithy_runtime_api::client::runtime_plugin::{
    RuntimePlugin, RuntimePlugins, StaticRuntimePlugin,
};
use aws_smithy_types::config_bag::Layer;
use aws_smithy_types::error::operation::BuildError;
#[cfg(feature = "dynamodb")]
use aws_smithy_types::retry::RetryConfig;
use aws_types::SigningName;
use aws_types::region::{Region, SigningRegion};

use crate::client::{Aws, CallPolicy};

/// The properties of a service, as the SDK's client has them.
#[derive(Debug)]
pub(crate) struct Api {
    /// Its name in the host names of its endpoints.
    pub(crate) host: &'static str,
    /// Its name in signatures.
    pub(crate) signing_name: &'static str,
    /// The name and version of the SDK's client, for the user agent.
    pub(crate) sdk: ApiMetadata,
    /// Additional settings that its serialisers need.
    pub(crate) protocol: fn(&mut Layer),
}

/// The authentication of requests.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Auth {
    /// A signature with the configured credentials.
    SigV4,
    /// No authentication, for operations that any caller may use.
    #[cfg(feature = "cognito")]
    Anonymous,
}

/// A service, wired to the connections of one process.
#[derive(Clone, Debug)]
pub(crate) struct Service(RuntimePlugins);

/// The input of an operation, with its associated types.
pub(crate) trait Request: Debug + Send + Sync + 'static {
    /// The response.
    type Output: Debug + Send + Sync + 'static;
    /// The error response.
    type Refusal: Error + Send + Sync + 'static;

    /// The SDK's operation.
    fn operation() -> impl RuntimePlugin + 'static;
}

/// Operations as `module: Operation, Input, Output, Error` of an SDK's crate.
macro_rules! requests {
    ($sdk:ident: $($module:ident: $operation:ident, $input:ident, $output:ident, $error:ident;)*) => {
        $(impl $crate::service::Request for $sdk::operation::$module::$input {
            type Output = $sdk::operation::$module::$output;
            type Refusal = $sdk::operation::$module::$error;

            fn operation() -> impl aws_smithy_runtime_api::client::runtime_plugin::RuntimePlugin {
                $sdk::operation::$module::$operation::new()
            }
        })*
    };
}
pub(crate) use requests;

impl Service {
    pub(crate) fn new(aws: &Aws, api: &Api, auth: Auth, call_policy: CallPolicy) -> Self {
        let environment = &aws.environment;
        let region = &environment.region;
        let (timeouts, retries) = call_policy.config(aws.slack);

        let mut config = Layer::new("service");
        config.store_put(api.sdk.clone());
        config.store_put(SigningName::from_static(api.signing_name));
        config.store_put(SigningRegion::from(Region::new(region.clone())));
        config.store_put(Region::new(region.clone()));
        config.store_put(timeouts);
        config.store_put(retries);
        config.store_put(AuthSchemeAndEndpointOrchestrationV2);
        (api.protocol)(&mut config);

        let scheme = match auth {
            Auth::SigV4 => SIGV4,
            #[cfg(feature = "cognito")]
            Auth::Anonymous => NO_AUTH_SCHEME_ID,
        };
        let credentials = Credentials::new(
            &environment.access_key_id,
            &environment.secret_access_key,
            environment.session_token.clone(),
            None,
            "environment",
        );
        let components = RuntimeComponentsBuilder::new("service")
            .with_http_client(Some(aws.http(call_policy)))
            .with_endpoint_resolver(Some(StaticUriEndpointResolver::uri(aws.url(api.host))))
            .with_auth_scheme_option_resolver(Some(StaticAuthSchemeOptionResolver::new(vec![
                scheme,
            ])))
            .with_auth_scheme(SigV4AuthScheme::new())
            .with_identity_resolver(SIGV4, SharedCredentialsProvider::new(credentials))
            .with_retry_classifier(HttpStatusCodeClassifier::default())
            .with_interceptor(SharedInterceptor::permanent(
                ConnectionPoisoningInterceptor::new(),
            ))
            .with_interceptor(ServiceClockSkewInterceptor::new())
            .with_interceptor(RequestInfoInterceptor::new())
            .with_interceptor(UserAgentInterceptor::new())
            .with_interceptor(InvocationIdInterceptor::new())
            .with_interceptor(SharedInterceptor::permanent(
                RecursionDetectionInterceptor::new(),
            ));
        let defaults = DefaultPluginParams::new()
            .with_retry_partition_name(format!("{}-{region}", api.host))
            .with_behavior_version(BehaviorVersion::v2026_01_12())
            .with_is_aws_sdk(true);
        let wired = RuntimePlugins::new()
            .with_client_plugins(default_plugins(defaults))
            .with_client_plugin(
                StaticRuntimePlugin::new()
                    .with_config(config.freeze())
                    .with_runtime_components(components),
            );
        // No other service has this plugin, so that a request to be signed cannot be sent unsigned.
        Self(match auth {
            Auth::SigV4 => wired,
            #[cfg(feature = "cognito")]
            Auth::Anonymous => wired.with_client_plugin(NoAuthRuntimePluginV2::new()),
        })
    }

    /// Returns a copy that sends no request twice.
    #[cfg(feature = "dynamodb")]
    pub(crate) fn without_retries(&self) -> Self {
        let mut config = Layer::new("without retries");
        config.store_put(RetryConfig::disabled());
        let plugin = StaticRuntimePlugin::new().with_config(config.freeze());
        Self(self.0.clone().with_client_plugin(plugin))
    }

    /// Sends a request and returns its output.
    pub(crate) async fn send<R: Request>(
        &self,
        request: Result<R, BuildError>,
    ) -> Result<R::Output, SdkError<R::Refusal, HttpResponse>> {
        let request = request.map_err(SdkError::construction_failure)?;
        let plugins = self.0.clone().with_operation_plugin(R::operation());
        // The names are for traces, which are not used. Boxed to keep the caller's future small.
        match Box::pin(invoke("", "", Input::erase(request), &plugins)).await {
            // Invariant, here and below: an operation's deserialiser returns the operation's types.
            Ok(answer) => Ok(answer.downcast().expect("the operation's output")),
            Err(error) => Err(error
                .map_service_error(|refusal| refusal.downcast().expect("the operation's error"))),
        }
    }
}

#[cfg(all(
    test,
    feature = "cognito",
    feature = "dynamodb",
    feature = "secrets",
    feature = "ses",
    feature = "sns"
))]
mod tests {
    use std::collections::BTreeMap;
    use std::sync::{Arc, Mutex, PoisonError};

    use aws_sdk_cognitoidentityprovider as cognito_sdk;
    use aws_sdk_cognitoidentityprovider::types::{AuthFlowType, ChallengeNameType};
    use aws_sdk_dynamodb as dynamodb_sdk;
    use aws_sdk_dynamodb::types::AttributeValue;
    use aws_sdk_sesv2 as sesv2;
    use aws_smithy_runtime_api::client::http::{
        HttpClient, HttpConnector, HttpConnectorFuture, HttpConnectorSettings, SharedHttpClient,
        SharedHttpConnector,
    };
    use aws_smithy_runtime_api::client::orchestrator::HttpRequest;
    use aws_smithy_runtime_api::client::runtime_components::RuntimeComponents;
    use aws_smithy_types::body::SdkBody;
    use aws_smithy_types::error::metadata::ProvideErrorMetadata;
    use aws_types::SdkConfig;
    use latchstring_core::flow::AppClient;
    use latchstring_core::ports::{
        ChallengeApi as _, OpenChallenge, RefreshApi as _, Refreshed, Reply,
    };
    use latchstring_core::rate_limit::Source;
    use latchstring_core::secret::Secret;

    use super::*;
    use crate::client::code_of;
    use crate::{AwsEnvironment, CognitoChallengeApi, CognitoRefreshTokens, SecretSetting};
    use crate::{admission_hook, cognito, dynamodb, secrets, ses, sns};

    /// An error response in both formats that services use.
    const JSON: &str = r#"{"__type": "NotAuthorizedException", "message": "no"}"#;
    const XML: &str = "<ErrorResponse><Error><Type>Sender</Type><Code>NotAuthorizedException\
         </Code><Message>no</Message></Error><RequestId>1</RequestId></ErrorResponse>";

    /// Records every request and refuses it.
    #[derive(Clone, Debug)]
    struct Recorder {
        status: u16,
        refusal: &'static str,
        requests: Arc<Mutex<Vec<RecordedRequest>>>,
    }

    /// The parts of a request that must be equal in both implementations.
    #[derive(Clone, Debug, PartialEq, Eq)]
    struct RecordedRequest {
        method: String,
        uri: String,
        headers: BTreeMap<String, String>,
        body: Vec<u8>,
    }

    impl RecordedRequest {
        fn of(request: &HttpRequest) -> Self {
            let headers = request.headers().iter().map(|(name, value)| {
                let value = match name {
                    // These differ between requests.
                    "x-amz-date" | "amz-sdk-invocation-id" => String::new(),
                    // The SDK's client also lists the features that it uses.
                    "user-agent" | "x-amz-user-agent" => {
                        value.split(" m/").next().unwrap_or_default().to_owned()
                    }
                    "authorization" => unsigned(value),
                    _ => value.to_owned(),
                };
                (name.to_owned(), value)
            });
            Self {
                method: request.method().to_owned(),
                uri: request.uri().to_owned(),
                headers: headers.collect(),
                body: request.body().bytes().unwrap_or_default().to_vec(),
            }
        }
    }

    /// Returns an `Authorization` header without its date and its signature.
    fn unsigned(header: &str) -> String {
        let claim = header.split("Signature=").next().unwrap_or_default();
        let parts: Vec<_> = claim.split('/').collect();
        let [key, _day, rest @ ..] = &*parts else {
            return header.to_owned();
        };
        format!("{key} {}", rest.join("/"))
    }

    impl HttpConnector for Recorder {
        fn call(&self, request: HttpRequest) -> HttpConnectorFuture {
            let mut requests = self.requests.lock().unwrap_or_else(PoisonError::into_inner);
            requests.push(RecordedRequest::of(&request));
            let status = self.status.try_into().expect("a status");
            HttpConnectorFuture::ready(Ok(HttpResponse::new(status, SdkBody::from(self.refusal))))
        }
    }

    impl HttpClient for Recorder {
        fn http_connector(
            &self,
            _: &HttpConnectorSettings,
            _: &RuntimeComponents,
        ) -> SharedHttpConnector {
            SharedHttpConnector::new(self.clone())
        }
    }

    fn recorder(refusal: &'static str) -> Recorder {
        Recorder {
            status: 400,
            refusal,
            requests: Arc::default(),
        }
    }

    fn aws(recorder: &Recorder) -> Aws {
        let environment = AwsEnvironment {
            region: "eu-west-1".to_owned(),
            access_key_id: "AKID".to_owned(),
            secret_access_key: "secret".to_owned(),
            session_token: Some("token".to_owned()),
            endpoint_url: None,
            ca_bundle: None,
        };
        Aws::with_http_client(environment, SharedHttpClient::new(recorder.clone()))
    }

    /// Returns the configuration of the SDK's own clients.
    fn sdk(recorder: &Recorder) -> SdkConfig {
        let (timeouts, retries) = CallPolicy::Call.config(1);
        let credentials =
            Credentials::new("AKID", "secret", Some("token".to_owned()), None, "test");
        SdkConfig::builder()
            .behavior_version(BehaviorVersion::v2026_01_12())
            .region(Region::new("eu-west-1"))
            .credentials_provider(SharedCredentialsProvider::new(credentials))
            .http_client(SharedHttpClient::new(recorder.clone()))
            .timeout_config(timeouts)
            .retry_config(retries)
            .build()
    }

    /// Sends a request through both implementations, and compares the requests and the errors.
    macro_rules! assert_same {
        ($api:expr, $auth:expr, $sdk:ident, $refusal:expr, $builder:expr) => {{
            let builder = $builder;
            let (by_service, by_client) = (recorder($refusal), recorder($refusal));
            let service = Service::new(&aws(&by_service), &$api, $auth, CallPolicy::Call);
            let ours = service.send(builder.clone().build()).await.unwrap_err();
            let client = $sdk::Client::new(&sdk(&by_client));
            let theirs = builder.send_with(&client).await.unwrap_err();
            let of = |recorder: Recorder| recorder.requests.lock().unwrap().clone();
            let (requests, expected) = (of(by_service), of(by_client));
            assert_eq!(expected.len(), 1);
            assert_eq!(requests, expected);
            assert_eq!(code_of(&ours), "NotAuthorizedException");
            assert_eq!(code_of(&theirs), "NotAuthorizedException");
            assert_eq!(ours.message(), theirs.message());
            assert_eq!(
                requests[0].headers.contains_key("authorization"),
                $auth == Auth::SigV4
            );
        }};
    }

    #[tokio::test]
    async fn the_requests_of_a_sign_in_equal_those_of_the_sdks_client() {
        use Auth::{Anonymous, SigV4};
        use cognito_sdk::operation as c;
        use dynamodb_sdk::operation as d;

        let key = || AttributeValue::S("key".to_owned());
        let update = d::update_item::UpdateItemInput::builder()
            .table_name("t")
            .key("pk", key())
            .update_expression("SET #a = :a")
            .expression_attribute_names("#a", "a")
            .expression_attribute_values(":a", AttributeValue::N("1".to_owned()));
        assert_same!(dynamodb::API, SigV4, dynamodb_sdk, JSON, update);
        let put = d::put_item::PutItemInput::builder()
            .table_name("t")
            .item("pk", key())
            .condition_expression("attribute_not_exists(pk)");
        assert_same!(dynamodb::API, SigV4, dynamodb_sdk, JSON, put);
        let get = d::get_item::GetItemInput::builder()
            .table_name("t")
            .key("pk", key())
            .consistent_read(true);
        assert_same!(dynamodb::API, SigV4, dynamodb_sdk, JSON, get);
        let delete = d::delete_item::DeleteItemInput::builder()
            .table_name("t")
            .key("pk", key());
        assert_same!(dynamodb::API, SigV4, dynamodb_sdk, JSON, delete);

        let find = c::admin_get_user::AdminGetUserInput::builder()
            .user_pool_id("eu-west-1_pool")
            .username("ada");
        assert_same!(cognito::API, SigV4, cognito_sdk, JSON, find);
        let create = c::admin_create_user::AdminCreateUserInput::builder()
            .user_pool_id("eu-west-1_pool")
            .username("ada");
        assert_same!(cognito::API, SigV4, cognito_sdk, JSON, create);
        let password = c::admin_set_user_password::AdminSetUserPasswordInput::builder()
            .user_pool_id("eu-west-1_pool")
            .username("ada")
            .password("secret")
            .permanent(true);
        assert_same!(cognito::API, SigV4, cognito_sdk, JSON, password);
        let write = c::admin_update_user_attributes::AdminUpdateUserAttributesInput::builder()
            .user_pool_id("eu-west-1_pool")
            .username("ada")
            .set_user_attributes(Some(Vec::new()));
        assert_same!(cognito::API, SigV4, cognito_sdk, JSON, write);
        let get_user = c::get_user::GetUserInput::builder().access_token("token");
        assert_same!(cognito::API, Anonymous, cognito_sdk, JSON, get_user);
        let initiate = c::initiate_auth::InitiateAuthInput::builder()
            .auth_flow(AuthFlowType::CustomAuth)
            .client_id("client")
            .auth_parameters("USERNAME", "ada");
        assert_same!(cognito::API, Anonymous, cognito_sdk, JSON, initiate);
        let respond = c::respond_to_auth_challenge::RespondToAuthChallengeInput::builder()
            .client_id("client")
            .challenge_name(ChallengeNameType::CustomChallenge)
            .session("session")
            .challenge_responses("ANSWER", "000000");
        assert_same!(cognito::API, Anonymous, cognito_sdk, JSON, respond);
        let client_context = cognito_sdk::types::ContextDataType::builder()
            .ip_address("203.0.113.7")
            .server_name("latchstring")
            .server_path("/")
            .set_http_headers(Some(Vec::new()))
            .build()
            .unwrap();
        let initiate = c::admin_initiate_auth::AdminInitiateAuthInput::builder()
            .user_pool_id("eu-west-1_pool")
            .auth_flow(AuthFlowType::CustomAuth)
            .client_id("client")
            .auth_parameters("USERNAME", "ada")
            .context_data(client_context.clone());
        assert_same!(cognito::API, SigV4, cognito_sdk, JSON, initiate);
        let respond =
            c::admin_respond_to_auth_challenge::AdminRespondToAuthChallengeInput::builder()
                .user_pool_id("eu-west-1_pool")
                .client_id("client")
                .challenge_name(ChallengeNameType::CustomChallenge)
                .session("session")
                .challenge_responses("ANSWER", "000000")
                .client_metadata("method", "email")
                .context_data(client_context);
        assert_same!(cognito::API, SigV4, cognito_sdk, JSON, respond);
    }

    #[tokio::test]
    async fn the_other_requests_equal_those_of_the_sdks_client() {
        use Auth::{Anonymous, SigV4};
        use cognito_sdk::operation as c;

        let refresh = c::get_tokens_from_refresh_token::GetTokensFromRefreshTokenInput::builder()
            .client_id("client")
            .client_secret("secret")
            .refresh_token("token");
        assert_same!(cognito::API, Anonymous, cognito_sdk, JSON, refresh);
        let revoke = c::revoke_token::RevokeTokenInput::builder()
            .client_id("client")
            .client_secret("secret")
            .token("token");
        assert_same!(cognito::API, Anonymous, cognito_sdk, JSON, revoke);

        let has = c::get_group::GetGroupInput::builder()
            .user_pool_id("pool")
            .group_name("staff");
        assert_same!(cognito::API, SigV4, cognito_sdk, JSON, has);
        let join = c::admin_add_user_to_group::AdminAddUserToGroupInput::builder()
            .user_pool_id("pool")
            .username("ada")
            .group_name("staff");
        assert_same!(cognito::API, SigV4, cognito_sdk, JSON, join);
        // The name is a part of the path, which is encoded twice where it is signed.
        let decide = aws_sdk_lambda::operation::invoke::InvokeInput::builder()
            .function_name("arn:aws:lambda:eu-west-1:111122223333:function:admit:live")
            .payload(aws_sdk_lambda::primitives::Blob::new("{}"));
        assert_same!(admission_hook::API, SigV4, aws_sdk_lambda, JSON, decide);

        let secret =
            aws_sdk_secretsmanager::operation::get_secret_value::GetSecretValueInput::builder()
                .secret_id("ring");
        assert_same!(secrets::API, SigV4, aws_sdk_secretsmanager, JSON, secret);
        let header = sesv2::types::MessageHeader::builder()
            .name("Auto-Submitted")
            .value("auto-generated");
        let simple = sesv2::types::Message::builder().headers(header.build().unwrap());
        let content = sesv2::types::EmailContent::builder().simple(simple.build());
        let mail = sesv2::operation::send_email::SendEmailInput::builder()
            .from_email_address("Ada <codes@example.com>")
            .reply_to_addresses("help@example.com")
            .content(content.build())
            .configuration_set_name("set");
        assert_same!(ses::API, SigV4, sesv2, JSON, mail);
        let sms = aws_sdk_sns::operation::publish::PublishInput::builder()
            .phone_number("+12065550142")
            .message("Your code is 000000");
        assert_same!(sns::API, SigV4, aws_sdk_sns, XML, sms);
    }

    fn client() -> AppClient {
        AppClient::new("eu-west-1_pool", "client")
    }

    /// Returns the bodies of both calls in order, each with true if it was signed.
    async fn both_calls(
        api: impl Fn(&Aws) -> CognitoChallengeApi,
        source: Option<Source>,
    ) -> Vec<(String, bool)> {
        let recorder = recorder(JSON);
        let api = api(&aws(&recorder));
        let open = OpenChallenge {
            session: Secret::new("session"),
            parameters: BTreeMap::new(),
        };
        let client = client();
        let initiated = api.initiate(&client, "ada", source).await;
        assert_eq!(initiated, Ok(Reply::Refused));
        let responded = api.respond(&client, &open, "select", &[("method", "email")], source);
        assert_eq!(responded.await, Ok(Reply::Refused));
        let requests = recorder.requests.lock().expect("no panic");
        let call = |request: &RecordedRequest| {
            let body = String::from_utf8(request.body.clone()).expect("JSON");
            (body, request.headers.contains_key("authorization"))
        };
        requests.iter().map(call).collect()
    }

    #[tokio::test]
    async fn a_signed_call_has_the_address_and_fixed_text_as_context() {
        let signed = |aws: &Aws| CognitoChallengeApi::signed(aws, "eu-west-1_pool", "client");
        let source = |address: &str| Some(Source::new(address.parse().unwrap()));
        for (source, address) in [
            (source("203.0.113.7"), Some("203.0.113.7")),
            (source("2001:db8:1:2:3:4:5:6"), Some("2001:db8:1:2::")),
            // The source of all events without an address.
            (source("0.0.0.0"), None),
            (None, None),
        ] {
            let calls = both_calls(signed, source).await;
            let [(initiated, true), (responded, true)] = &calls[..] else {
                panic!("{calls:?}");
            };
            let context = address.map(|address| {
                format!(
                    "\"ContextData\":{{\"IpAddress\":\"{address}\",\"ServerName\":\"latchstring\",\
                     \"ServerPath\":\"/\",\"HttpHeaders\":[]}}"
                )
            });
            for body in [initiated, responded] {
                assert!(body.contains("\"UserPoolId\":\"eu-west-1_pool\""), "{body}");
                match &context {
                    Some(context) => assert!(body.contains(context), "{body}"),
                    None => assert!(!body.contains("ContextData"), "{body}"),
                }
            }
            assert!(responded.contains("\"method\":\"email\""), "{responded}");
        }
    }

    #[tokio::test]
    async fn a_public_call_is_unsigned_and_has_no_address() {
        let source = Some(Source::new("203.0.113.7".parse().unwrap()));
        let calls = both_calls(|aws| CognitoChallengeApi::new(aws, "client"), source).await;
        assert_eq!(calls.len(), 2);
        for (body, signed) in calls {
            assert!(!signed && !body.contains("203.0.113.7"), "{body}");
        }
    }

    #[tokio::test]
    async fn both_calls_of_a_confidential_client_have_its_secret_hash() {
        // By an implementation of others: base64(HMAC-SHA256("s3cret", "ada" + "client")).
        const HASH: &str = "IhZJKaHnrsHeuInjApEXcZIZhebNVsKqBUkU0TSKACQ=";
        let secret = || Some(SecretSetting::Text(Secret::new("s3cret")));
        for signed in [false, true] {
            let api = |aws: &Aws| {
                let api = if signed {
                    CognitoChallengeApi::signed(aws, "eu-west-1_pool", "client")
                } else {
                    CognitoChallengeApi::new(aws, "client")
                };
                api.with_secret(aws, secret())
            };
            let recorder = recorder(JSON);
            let api = api(&aws(&recorder));
            let open = OpenChallenge {
                session: Secret::new("session"),
                parameters: [("USERNAME".to_owned(), "ada".to_owned())].into(),
            };
            let initiated = api.initiate(&client(), "ada", None).await;
            assert_eq!(initiated, Ok(Reply::Refused));
            let responded = api.respond(&client(), &open, "select", &[], None).await;
            assert_eq!(responded, Ok(Reply::Refused));
            let requests = recorder.requests.lock().expect("no panic").clone();
            assert_eq!(requests.len(), 2);
            // The secret is of this client alone.
            let other = AppClient::new("eu-west-1_pool", "other");
            assert_eq!(api.initiate(&other, "ada", None).await, Ok(Reply::Refused));
            let last = recorder.requests.lock().expect("no panic").pop();
            let body = String::from_utf8(last.expect("a request").body).expect("JSON");
            assert!(body.contains("\"ClientId\":\"other\""), "{body}");
            assert!(!body.contains("SECRET_HASH"), "{body}");
            for request in requests {
                let body = String::from_utf8(request.body).expect("JSON");
                assert!(
                    body.contains(&format!("\"SECRET_HASH\":\"{HASH}\"")),
                    "{body}"
                );
                assert!(!body.contains("s3cret"), "{body}");
            }
        }
    }

    /// Returns a refusal of Cognito with this message.
    fn refusal(code: &str, message: &str) -> &'static str {
        let refusal = format!(r#"{{"__type": "{code}", "message": "{message}"}}"#);
        Box::leak(refusal.into_boxed_str())
    }

    #[tokio::test]
    async fn a_refused_client_secret_is_a_fault_of_no_user() {
        for message in [
            "Unable to verify secret hash for client 4abc",
            "SecretHash does not match for the client: 4abc",
            "Client 4abc is configured with secret but SECRET_HASH was not received",
            "Client 4abc is configured for secret but secret was not received",
        ] {
            let recorder = recorder(refusal("NotAuthorizedException", message));
            let aws = aws(&recorder);
            let api = CognitoChallengeApi::new(&aws, "client");
            let refused = api.initiate(&client(), "ada", None).await.unwrap_err();
            assert_eq!(refused.code, "client secret refused", "{message}");
            let tokens = CognitoRefreshTokens::new(&aws, "client", None);
            let token = Secret::new("token");
            let refused = tokens.refresh(&token).await.unwrap_err();
            assert_eq!(refused.code, "client secret refused", "{message}");
            assert!(tokens.revoke(&token).await.is_err(), "{message}");
        }
    }

    #[tokio::test]
    async fn a_refresh_ends_a_session_only_for_its_token_or_user() {
        for (code, message, ended) in [
            (
                "NotAuthorizedException",
                "Refresh Token has been revoked",
                true,
            ),
            ("NotAuthorizedException", "Refresh Token has expired", true),
            ("NotAuthorizedException", "Invalid Refresh Token.", true),
            ("NotAuthorizedException", "User is disabled.", true),
            ("UserNotFoundException", "User does not exist.", true),
            ("RefreshTokenReuseException", "", true),
            ("NotAuthorizedException", "Access denied", false),
            ("NotAuthorizedException", "", false),
            ("InvalidParameterException", "Refresh Token", false),
            (
                "ResourceNotFoundException",
                "User pool client does not exist.",
                false,
            ),
            ("UserLambdaValidationException", "User is disabled.", false),
            ("TooManyRequestsException", "Too many requests", false),
        ] {
            let recorder = recorder(refusal(code, message));
            let aws = aws(&recorder);
            let secret = Some(SecretSetting::Text(Secret::new("s3cret")));
            let tokens = CognitoRefreshTokens::new(&aws, "client", secret);
            let answered = tokens.refresh(&Secret::new("token")).await;
            let found = answered == Ok(Refreshed::Ended);
            assert_eq!(found, ended, "{code}: {message}");
            assert!(answered.is_ok() == ended, "{code}: {message}");
            let requests = recorder.requests.lock().expect("no panic").clone();
            assert_eq!(requests.len(), 1, "a refresh is never repeated");
            let body = String::from_utf8(requests[0].body.clone()).expect("JSON");
            assert!(body.contains(r#""ClientSecret":"s3cret""#), "{body}");
        }
    }

    #[tokio::test]
    async fn a_failed_call_is_retried_as_by_the_sdks_client_or_not_at_all() {
        use dynamodb_sdk::operation::get_item::GetItemInput;

        let broken = || Recorder {
            status: 500,
            ..recorder(r#"{"__type": "InternalServerError"}"#)
        };
        let attempts = |recorder: &Recorder| recorder.requests.lock().unwrap().len();
        let get = || {
            let key = AttributeValue::S("key".to_owned());
            GetItemInput::builder().table_name("t").key("pk", key)
        };
        let [ours, theirs, once] = [broken(), broken(), broken()];
        let service = |by| Service::new(&aws(by), &dynamodb::API, Auth::SigV4, CallPolicy::Call);
        service(&ours).send(get().build()).await.unwrap_err();
        let client = dynamodb_sdk::Client::new(&sdk(&theirs));
        get().send_with(&client).await.unwrap_err();
        let service = service(&once).without_retries();
        service.send(get().build()).await.unwrap_err();
        assert_eq!([&ours, &theirs, &once].map(attempts), [2, 2, 1]);
    }

    /// One region of each partition, and some with similar names.
    const REGIONS: [&str; 12] = [
        "eu-west-1",
        "us-east-1",
        "ap-southeast-7",
        "mx-central-1",
        "us-gov-west-1",
        "cn-north-1",
        "cn-northwest-1",
        "eusc-de-east-1",
        "us-iso-east-1",
        "us-isob-east-1",
        "us-isof-south-1",
        "eu-isoe-west-1",
    ];

    macro_rules! assert_where {
        ($api:expr, $sdk:ident) => {{
            use $sdk::config::endpoint::{DefaultResolver, Params, ResolveEndpoint as _};
            for region in REGIONS {
                let params = Params::builder().region(region).build().unwrap();
                let theirs = DefaultResolver::new().resolve_endpoint(&params).await;
                let ours = format!(
                    "https://{}.{region}.{}",
                    $api.host,
                    crate::regions::suffix(region)
                );
                assert_eq!(theirs.unwrap().url(), ours);
            }
        }};
    }

    #[tokio::test]
    async fn every_endpoint_equals_that_of_the_sdks_client() {
        assert_where!(dynamodb::API, aws_sdk_dynamodb);
        assert_where!(cognito::API, aws_sdk_cognitoidentityprovider);
        assert_where!(secrets::API, aws_sdk_secretsmanager);
        assert_where!(ses::API, sesv2);
        assert_where!(sns::API, aws_sdk_sns);
    }
}
