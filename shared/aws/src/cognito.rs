//! The directory and the challenge API on Amazon Cognito.
//!
//! Errors are distinguished by their code, not by the SDK's variants: Cognito raises codes that its
//! own model does not list (`AliasExistsException` from `AdminCreateUser`). Messages are dropped:
//! they may name a user.

use std::collections::{BTreeMap, HashMap};

use aws_runtime::user_agent::ApiMetadata;
use aws_sdk_cognitoidentityprovider::meta::PKG_VERSION;
use aws_sdk_cognitoidentityprovider::operation::admin_add_user_to_group::AdminAddUserToGroupInput;
use aws_sdk_cognitoidentityprovider::operation::admin_create_user::AdminCreateUserInput;
use aws_sdk_cognitoidentityprovider::operation::admin_delete_user::AdminDeleteUserInput;
use aws_sdk_cognitoidentityprovider::operation::admin_get_user::AdminGetUserInput;
use aws_sdk_cognitoidentityprovider::operation::admin_initiate_auth::AdminInitiateAuthInput;
use aws_sdk_cognitoidentityprovider::operation::admin_respond_to_auth_challenge::AdminRespondToAuthChallengeInput;
use aws_sdk_cognitoidentityprovider::operation::admin_set_user_password::AdminSetUserPasswordInput;
use aws_sdk_cognitoidentityprovider::operation::admin_update_user_attributes::AdminUpdateUserAttributesInput;
use aws_sdk_cognitoidentityprovider::operation::admin_user_global_sign_out::AdminUserGlobalSignOutInput;
use aws_sdk_cognitoidentityprovider::operation::get_group::GetGroupInput;
use aws_sdk_cognitoidentityprovider::operation::get_tokens_from_refresh_token::GetTokensFromRefreshTokenInput;
use aws_sdk_cognitoidentityprovider::operation::get_user::GetUserInput;
use aws_sdk_cognitoidentityprovider::operation::initiate_auth::InitiateAuthInput;
use aws_sdk_cognitoidentityprovider::operation::list_users::ListUsersInput;
use aws_sdk_cognitoidentityprovider::operation::respond_to_auth_challenge::RespondToAuthChallengeInput;
use aws_sdk_cognitoidentityprovider::operation::revoke_token::RevokeTokenInput;
use aws_sdk_cognitoidentityprovider::types::{
    AttributeType, AuthFlowType, AuthenticationResultType, ChallengeNameType, ContextDataType,
    MessageActionType, UserType,
};
use aws_smithy_json::protocol::aws_json_rpc::AwsJsonRpcProtocol;
use aws_smithy_runtime_api::client::result::SdkError;
use aws_smithy_schema::protocol::{ServiceShapeName, SharedClientProtocol};
use aws_smithy_types::config_bag::Layer;
use aws_smithy_types::error::metadata::ProvideErrorMetadata;
use data_encoding::BASE64;
use hmac::{Hmac, KeyInit, Mac};
use latchstring_core::account::{Account, Attributes, Names};
use latchstring_core::flow::AppClient;
use latchstring_core::identifier::{Identifier, Method};
use latchstring_core::ports::{
    AccessTokenVerifier, ChallengeApi, ContactWrite, Creation, Directory, OpenChallenge, PortError,
    RefreshApi, Refreshed, RefreshedTokens, Reply, SecretSource, Tokens,
};
use latchstring_core::rate_limit::Source;
use latchstring_core::secret::Secret;
use sha2::Sha256;

use crate::client::{Aws, CallPolicy, code_of};
use crate::kept_secret::KeptSecret;
use crate::service::{Api, Auth, Service, requests};
use crate::{CognitoCalls, SecretSetting};

pub(crate) static API: Api = Api {
    host: "cognito-idp",
    signing_name: "cognito-idp",
    sdk: ApiMetadata::new("cognitoidentityprovider", PKG_VERSION),
    protocol,
};

/// Sets the protocol that the SDK's newer serialisers read from the configuration.
fn protocol(config: &mut Layer) {
    config.store_put(ServiceShapeName::new("AWSCognitoIdentityProviderService"));
    config.store_put(SharedClientProtocol::new(
        AwsJsonRpcProtocol::aws_json_1_1()
            .with_default_namespace("com.amazonaws.cognitoidentityprovider"),
    ));
}

requests! { aws_sdk_cognitoidentityprovider:
    admin_add_user_to_group: AdminAddUserToGroup, AdminAddUserToGroupInput, AdminAddUserToGroupOutput, AdminAddUserToGroupError;
    admin_create_user: AdminCreateUser, AdminCreateUserInput, AdminCreateUserOutput, AdminCreateUserError;
    admin_delete_user: AdminDeleteUser, AdminDeleteUserInput, AdminDeleteUserOutput, AdminDeleteUserError;
    admin_get_user: AdminGetUser, AdminGetUserInput, AdminGetUserOutput, AdminGetUserError;
    admin_initiate_auth: AdminInitiateAuth, AdminInitiateAuthInput, AdminInitiateAuthOutput, AdminInitiateAuthError;
    admin_respond_to_auth_challenge: AdminRespondToAuthChallenge, AdminRespondToAuthChallengeInput, AdminRespondToAuthChallengeOutput, AdminRespondToAuthChallengeError;
    admin_set_user_password: AdminSetUserPassword, AdminSetUserPasswordInput, AdminSetUserPasswordOutput, AdminSetUserPasswordError;
    admin_update_user_attributes: AdminUpdateUserAttributes, AdminUpdateUserAttributesInput, AdminUpdateUserAttributesOutput, AdminUpdateUserAttributesError;
    admin_user_global_sign_out: AdminUserGlobalSignOut, AdminUserGlobalSignOutInput, AdminUserGlobalSignOutOutput, AdminUserGlobalSignOutError;
    get_group: GetGroup, GetGroupInput, GetGroupOutput, GetGroupError;
    get_tokens_from_refresh_token: GetTokensFromRefreshToken, GetTokensFromRefreshTokenInput, GetTokensFromRefreshTokenOutput, GetTokensFromRefreshTokenError;
    get_user: GetUser, GetUserInput, GetUserOutput, GetUserError;
    initiate_auth: InitiateAuth, InitiateAuthInput, InitiateAuthOutput, InitiateAuthError;
    list_users: ListUsers, ListUsersInput, ListUsersOutput, ListUsersError;
    respond_to_auth_challenge: RespondToAuthChallenge, RespondToAuthChallengeInput, RespondToAuthChallengeOutput, RespondToAuthChallengeError;
    revoke_token: RevokeToken, RevokeTokenInput, RevokeTokenOutput, RevokeTokenError;
}

/// The user pool's accounts, through the admin operations.
#[derive(Clone, Debug)]
pub struct CognitoDirectory {
    service: Service,
    pool: String,
}

impl CognitoDirectory {
    /// Creates the directory of one user pool. Connects at the first call.
    pub fn new(aws: &Aws, pool: impl Into<String>) -> Self {
        Self {
            service: Service::new(aws, &API, Auth::SigV4, CallPolicy::Call),
            pool: pool.into(),
        }
    }
}

impl CognitoDirectory {
    async fn update(
        &self,
        username: &str,
        attributes: Vec<AttributeType>,
    ) -> Result<(), PortError> {
        self.service
            .send(
                AdminUpdateUserAttributesInput::builder()
                    .user_pool_id(&self.pool)
                    .username(username)
                    .set_user_attributes(Some(attributes))
                    .build(),
            )
            .await
            .map_err(|error| PortError::new("AdminUpdateUserAttributes", code_of(&error)))?;
        Ok(())
    }
}

fn attribute(name: &str, value: &str) -> AttributeType {
    AttributeType::builder()
        .name(name)
        .value(value)
        .build()
        // Invariant: the only required member is the name, which is set.
        .expect("an attribute with a name")
}

fn attributes_of(attributes: &[AttributeType]) -> Attributes {
    let pairs = attributes
        .iter()
        .map(|a| (a.name(), a.value().unwrap_or_default()));
    Attributes::from_pairs(pairs)
}

/// Returns a text as it stands between the quotes of a filter.
fn quotable(text: &str) -> String {
    text.replace('\\', "\\\\").replace('"', "\\\"")
}

/// Returns a contact and its verified flag. They are written in one call: in between, the alias
/// would be lost.
fn verified(contact: &Identifier) -> [AttributeType; 2] {
    let name = contact.method().as_str();
    [
        attribute(name, contact.as_str()),
        attribute(&format!("{name}_verified"), "true"),
    ]
}

impl Directory for CognitoDirectory {
    async fn find(&self, name: &str) -> Result<Option<Account>, PortError> {
        let found = self
            .service
            .send(
                AdminGetUserInput::builder()
                    .user_pool_id(&self.pool)
                    .username(name)
                    .build(),
            )
            .await;
        let user = match found {
            Ok(user) => user,
            Err(error) if code_of(&error) == "UserNotFoundException" => return Ok(None),
            Err(error) => return Err(PortError::new("AdminGetUser", code_of(&error))),
        };
        let status = user.user_status().map_or("", |status| status.as_str());
        Ok(Some(Account {
            username: user.username().to_owned(),
            enabled: user.enabled(),
            attributes: attributes_of(user.user_attributes()).with_status(status),
        }))
    }

    async fn having(&self, method: Method, contact: &str) -> Result<Vec<Account>, PortError> {
        let filter = format!("{} = \"{}\"", method.as_str(), quotable(contact));
        let listed = self
            .service
            .send(
                ListUsersInput::builder()
                    .user_pool_id(&self.pool)
                    .filter(filter)
                    .build(),
            )
            .await
            .map_err(|error| PortError::new("ListUsers", code_of(&error)))?;
        let account = |user: &UserType| {
            let status = user.user_status().map_or("", |status| status.as_str());
            Account {
                username: user.username().unwrap_or_default().to_owned(),
                enabled: user.enabled(),
                attributes: attributes_of(user.attributes()).with_status(status),
            }
        };
        Ok(listed.users().iter().map(account).collect())
    }

    async fn delete(&self, username: &str) -> Result<(), PortError> {
        let deleted = self
            .service
            .send(
                AdminDeleteUserInput::builder()
                    .user_pool_id(&self.pool)
                    .username(username)
                    .build(),
            )
            .await;
        match deleted {
            Ok(_) => Ok(()),
            Err(error) if code_of(&error) == "UserNotFoundException" => Ok(()),
            Err(error) => Err(PortError::new("AdminDeleteUser", code_of(&error))),
        }
    }

    async fn create(
        &self,
        username: &str,
        contact: &Identifier,
        attributes: &BTreeMap<String, String>,
    ) -> Result<Creation, PortError> {
        let further = attributes
            .iter()
            .map(|(name, value)| attribute(name, value));
        let attributes = verified(contact).into_iter().chain(further);
        let created = self
            .service
            .send(
                AdminCreateUserInput::builder()
                    .user_pool_id(&self.pool)
                    .username(username)
                    .message_action(MessageActionType::Suppress)
                    .set_user_attributes(Some(attributes.collect()))
                    .build(),
            )
            .await;
        match created {
            Ok(created) => {
                // Where contacts are usernames, the pool makes another one.
                let given = created.user().and_then(UserType::username);
                Ok(Creation::New {
                    username: given.unwrap_or(username).to_owned(),
                })
            }
            Err(error) => match code_of(&error) {
                "UsernameExistsException" | "AliasExistsException" => Ok(Creation::Taken),
                // The pool's own PreSignUp trigger threw an error.
                "UserLambdaValidationException" => Ok(Creation::Refused),
                code => Err(PortError::new("AdminCreateUser", code)),
            },
        }
    }

    async fn has_group(&self, group: &str) -> Result<bool, PortError> {
        let found = self
            .service
            .send(
                GetGroupInput::builder()
                    .user_pool_id(&self.pool)
                    .group_name(group)
                    .build(),
            )
            .await;
        match found {
            Ok(_) => Ok(true),
            Err(error) => match code_of(&error) {
                "ResourceNotFoundException" => Ok(false),
                code => Err(PortError::new("GetGroup", code)),
            },
        }
    }

    async fn add_to_group(&self, username: &str, group: &str) -> Result<(), PortError> {
        self.service
            .send(
                AdminAddUserToGroupInput::builder()
                    .user_pool_id(&self.pool)
                    .username(username)
                    .group_name(group)
                    .build(),
            )
            .await
            .map(|_| ())
            .map_err(|error| PortError::new("AdminAddUserToGroup", code_of(&error)))
    }

    async fn set_password(&self, username: &str, password: &Secret) -> Result<(), PortError> {
        self.service
            .send(
                AdminSetUserPasswordInput::builder()
                    .user_pool_id(&self.pool)
                    .username(username)
                    .password(password.expose())
                    .permanent(true)
                    .build(),
            )
            .await
            .map_err(|error| PortError::new("AdminSetUserPassword", code_of(&error)))?;
        Ok(())
    }

    async fn set_contact(
        &self,
        username: &str,
        contact: &Identifier,
    ) -> Result<ContactWrite, PortError> {
        match self.update(username, verified(contact).into()).await {
            Ok(()) => Ok(ContactWrite::Done),
            Err(fault) if fault.code == "AliasExistsException" => Ok(ContactWrite::Taken),
            Err(fault) => Err(fault),
        }
    }

    async fn sign_out(&self, username: &str) -> Result<(), PortError> {
        self.service
            .send(
                AdminUserGlobalSignOutInput::builder()
                    .user_pool_id(&self.pool)
                    .username(username)
                    .build(),
            )
            .await
            .map_err(|error| PortError::new("AdminUserGlobalSignOut", code_of(&error)))?;
        Ok(())
    }

    async fn set_names(&self, username: &str, names: &Names) -> Result<(), PortError> {
        let names = vec![
            attribute("given_name", names.given()),
            attribute("family_name", names.family()),
        ];
        self.update(username, names).await
    }
}

/// Verification of access tokens by `GetUser`, which Cognito answers for every token that is still
/// valid.
#[derive(Clone, Debug)]
pub struct CognitoTokens {
    service: Service,
}

impl CognitoTokens {
    /// Creates the verification of access tokens, of any pool.
    pub fn new(aws: &Aws) -> Self {
        Self {
            service: Service::new(aws, &API, Auth::Anonymous, CallPolicy::Call),
        }
    }
}

impl AccessTokenVerifier for CognitoTokens {
    async fn holder(&self, access_token: &Secret) -> Result<Option<Account>, PortError> {
        let answered = self
            .service
            .send(
                GetUserInput::builder()
                    .access_token(access_token.expose())
                    .build(),
            )
            .await;
        match answered {
            Ok(user) => Ok(Some(Account {
                username: user.username().to_owned(),
                enabled: true,
                attributes: attributes_of(user.user_attributes()),
            })),
            Err(error) => match code_of(&error) {
                "NotAuthorizedException"
                | "UserNotFoundException"
                | "UserNotConfirmedException"
                | "PasswordResetRequiredException"
                | "InvalidParameterException" => Ok(None),
                code => Err(PortError::new("GetUser", code)),
            },
        }
    }
}

/// Cognito's custom authentication for the app clients of a pool, through the public or the signed
/// operations.
#[derive(Clone, Debug)]
pub struct CognitoChallengeApi {
    service: Service,
    /// The app client that has the secret, if one has.
    app_client: String,
    /// The pool, which the signed operations require; `None` for the public ones.
    pool: Option<String>,
    /// The app client's secret, if it has one.
    secret: Option<KeptSecret>,
}

impl CognitoChallengeApi {
    /// Creates a client of the public operations. The app client may have a secret. Connects at the first call.
    pub fn new(aws: &Aws, app_client: impl Into<String>) -> Self {
        aws.open_while_keys_are_read(API.host);
        Self {
            service: Service::new(aws, &API, Auth::Anonymous, CallPolicy::ThreeTriggers),
            app_client: app_client.into(),
            pool: None,
            secret: None,
        }
    }

    /// Creates a client of the signed operations for a pool, of which one app client may have a secret: `AdminInitiateAuth`
    /// and `AdminRespondToAuthChallenge`. A web ACL of the pool does not inspect them, and they
    /// accept the client's address. Connects at the first call.
    pub fn signed(aws: &Aws, pool: impl Into<String>, app_client: impl Into<String>) -> Self {
        aws.open_while_keys_are_read(API.host);
        Self {
            service: Service::new(aws, &API, Auth::SigV4, CallPolicy::ThreeTriggers),
            app_client: app_client.into(),
            pool: Some(pool.into()),
            secret: None,
        }
    }

    /// Creates a client of the configured operations.
    pub fn by(
        calls: CognitoCalls,
        aws: &Aws,
        pool: impl Into<String>,
        app_client: impl Into<String>,
    ) -> Self {
        match calls {
            CognitoCalls::Public => Self::new(aws, app_client),
            CognitoCalls::Signed => Self::signed(aws, pool, app_client),
        }
    }

    /// Sends the secret hash of the app client with each call for it, if it has a secret.
    #[must_use]
    pub fn with_secret(self, aws: &Aws, secret: Option<SecretSetting>) -> Self {
        let secret = secret.map(|setting| KeptSecret::new(aws, setting));
        Self { secret, ..self }
    }

    /// Returns the secret of a client: of the one that has it.
    fn secret_of(&self, app_client: &AppClient) -> Option<&KeptSecret> {
        let has_it = app_client.client() == self.app_client;
        self.secret.as_ref().filter(|_| has_it)
    }

    /// Returns the parameter `SECRET_HASH` of a call with this `USERNAME`.
    async fn secret_hash(
        &self,
        app_client: &AppClient,
        username: &str,
    ) -> Result<Option<(String, String)>, PortError> {
        let Some(secret) = self.secret_of(app_client) else {
            return Ok(None);
        };
        let hash = secret_hash(&secret.read().await?, username, &self.app_client);
        Ok(Some((SECRET_HASH.to_owned(), hash)))
    }

    fn reply(
        &self,
        call: &'static str,
        app_client: &AppClient,
        username: &str,
        output: ChallengeOutput,
    ) -> Result<Reply, PortError> {
        if let (Err(code), Some(secret)) = (&output, self.secret_of(app_client))
            && code == SECRET_REFUSED
        {
            secret.forget();
        }
        reply(call, username, output)
    }
}

const SECRET_HASH: &str = "SECRET_HASH";

/// Returns the hash that Cognito demands from an app client with a secret: an HMAC over the
/// `USERNAME` of the same call and the client's id.
fn secret_hash(secret: &Secret, username: &str, app_client: &str) -> String {
    let mut mac = Hmac::<Sha256>::new_from_slice(secret.expose().as_bytes())
        // Invariant: HMAC accepts a key of any length.
        .expect("a secret keys an HMAC");
    mac.update(username.as_bytes());
    mac.update(app_client.as_bytes());
    BASE64.encode(&mac.finalize().into_bytes())
}

/// The code for a refusal of the app client's secret. Cognito has no code of its own for it.
const SECRET_REFUSED: &str = "client secret refused";

/// Returns the code of an error. A `NotAuthorizedException` about the client's secret is not about
/// the user. Only its message, which is dropped here, shows the difference.
fn code_or_secret<E: ProvideErrorMetadata, R>(error: &SdkError<E, R>) -> &str {
    match code_of(error) {
        "NotAuthorizedException" | "UnauthorizedException"
            if mentions(error, &["secret", "secrethash"]) =>
        {
            SECRET_REFUSED
        }
        code => code,
    }
}

/// Returns whether the message of a service's error has one of these words, in any case.
fn mentions<E: ProvideErrorMetadata, R>(error: &SdkError<E, R>, words: &[&str]) -> bool {
    let SdkError::ServiceError(service) = error else {
        return false;
    };
    let message = service.err().message().unwrap_or_default();
    let message = message.to_ascii_lowercase();
    words.iter().any(|word| message.contains(word))
}

/// Returns the context of a signed call: the client's address, and fixed text in the members that
/// Cognito requires beside it. Returns `None` without an address.
fn context(source: Option<Source>) -> Option<ContextDataType> {
    let address = source?.address()?;
    let context = ContextDataType::builder()
        .ip_address(address.to_string())
        .server_name("latchstring")
        .server_path("/")
        .set_http_headers(Some(Vec::new()))
        .build();
    // Invariant: every required member is set.
    Some(context.expect("a context with all its members"))
}

const USERNAME: &str = "USERNAME";

/// Returns the reply for an error code that refuses the user or the session; other codes are
/// faults.
fn refusal(code: &str) -> Option<Reply> {
    match code {
        "UserNotFoundException" => Some(Reply::UserNotFound),
        "UserNotConfirmedException" => Some(Reply::Unconfirmed),
        "NotAuthorizedException" | "PasswordResetRequiredException" => Some(Reply::Refused),
        _ => None,
    }
}

/// The parts of an output that [`reply`] reads, or the code of the error.
type ChallengeOutput = Result<
    (
        Option<ChallengeNameType>,
        Option<String>,
        Option<HashMap<String, String>>,
        Option<AuthenticationResultType>,
    ),
    String,
>;

fn reply(
    call: &'static str,
    username: &str,
    challenge_output: ChallengeOutput,
) -> Result<Reply, PortError> {
    let (session, parameters) = match challenge_output {
        Err(code) => return refusal(&code).ok_or_else(|| PortError::new(call, code)),
        Ok((Some(ChallengeNameType::CustomChallenge), Some(session), parameters, _)) => {
            (session, parameters.unwrap_or_default())
        }
        Ok((None, _, _, Some(result))) => {
            let tokens = tokens(result).ok_or_else(|| PortError::new(call, "a token is missing"));
            return tokens.map(Reply::Tokens);
        }
        Ok(_) => return Err(PortError::new(call, "no custom challenge")),
    };
    let mut parameters: BTreeMap<_, _> = parameters.into_iter().collect();
    // An emulator may omit it.
    parameters
        .entry(USERNAME.to_owned())
        .or_insert_with(|| username.to_owned());
    Ok(Reply::Challenge(OpenChallenge {
        session: Secret::new(session),
        parameters,
    }))
}

fn tokens(result: AuthenticationResultType) -> Option<Tokens> {
    Some(Tokens {
        access: Secret::new(result.access_token?),
        id: Secret::new(result.id_token?),
        refresh: Secret::new(result.refresh_token?),
        expires_in: result.expires_in.try_into().ok()?,
    })
}

/// Converts a result to a [`ChallengeOutput`].
macro_rules! challenge_output {
    ($answered:expr) => {
        $answered
            .map(|o| {
                (
                    o.challenge_name,
                    o.session,
                    o.challenge_parameters,
                    o.authentication_result,
                )
            })
            .map_err(|error| code_or_secret(&error).to_owned())
    };
}

impl ChallengeApi for CognitoChallengeApi {
    async fn initiate(
        &self,
        app_client: &AppClient,
        username: &str,
        source: Option<Source>,
    ) -> Result<Reply, PortError> {
        let mut parameters = HashMap::from([(USERNAME.to_owned(), username.to_owned())]);
        parameters.extend(self.secret_hash(app_client, username).await?);
        let (call, initiated) = match &self.pool {
            None => {
                let request = InitiateAuthInput::builder()
                    .auth_flow(AuthFlowType::CustomAuth)
                    .client_id(app_client.client())
                    .set_auth_parameters(Some(parameters))
                    .build();
                (
                    "InitiateAuth",
                    challenge_output!(self.service.send(request).await),
                )
            }
            Some(pool) => {
                let request = AdminInitiateAuthInput::builder()
                    .user_pool_id(pool)
                    .auth_flow(AuthFlowType::CustomAuth)
                    .client_id(app_client.client())
                    .set_auth_parameters(Some(parameters))
                    .set_context_data(context(source))
                    .build();
                (
                    "AdminInitiateAuth",
                    challenge_output!(self.service.send(request).await),
                )
            }
        };
        self.reply(call, app_client, username, initiated)
    }

    async fn respond(
        &self,
        app_client: &AppClient,
        open: &OpenChallenge,
        answer: &str,
        client_metadata: &[(&str, &str)],
        source: Option<Source>,
    ) -> Result<Reply, PortError> {
        let username = open.parameters.get(USERNAME).map_or("", String::as_str);
        let owned = |(name, value): &(&str, &str)| ((*name).to_owned(), (*value).to_owned());
        let metadata = Some(client_metadata.iter().map(owned).collect());
        let responses = [(USERNAME, username), ("ANSWER", answer)];
        let mut responses: HashMap<_, _> = responses.iter().map(owned).collect();
        responses.extend(self.secret_hash(app_client, username).await?);
        let (call, responded) = match &self.pool {
            None => {
                let request = RespondToAuthChallengeInput::builder()
                    .client_id(app_client.client())
                    .challenge_name(ChallengeNameType::CustomChallenge)
                    .session(open.session.expose())
                    .set_challenge_responses(Some(responses))
                    .set_client_metadata(metadata)
                    .build();
                let responded = challenge_output!(self.service.send(request).await);
                ("RespondToAuthChallenge", responded)
            }
            Some(pool) => {
                let request = AdminRespondToAuthChallengeInput::builder()
                    .user_pool_id(pool)
                    .client_id(app_client.client())
                    .challenge_name(ChallengeNameType::CustomChallenge)
                    .session(open.session.expose())
                    .set_challenge_responses(Some(responses))
                    .set_client_metadata(metadata)
                    .set_context_data(context(source))
                    .build();
                let responded = challenge_output!(self.service.send(request).await);
                ("AdminRespondToAuthChallenge", responded)
            }
        };
        self.reply(call, app_client, username, responded)
    }
}

/// Cognito's refresh tokens, for one app client. Both operations are public, and take the client's
/// secret itself.
#[derive(Clone, Debug)]
pub struct CognitoRefreshTokens {
    service: Service,
    /// The service for a call that may be repeated.
    repeated: Service,
    app_client: String,
    secret: Option<KeptSecret>,
}

impl CognitoRefreshTokens {
    /// Creates the refresh tokens of an app client, with its secret if it has one. Connects at the
    /// first call.
    pub fn new(aws: &Aws, app_client: impl Into<String>, secret: Option<SecretSetting>) -> Self {
        Self {
            service: Service::new(aws, &API, Auth::Anonymous, CallPolicy::Refresh),
            repeated: Service::new(aws, &API, Auth::Anonymous, CallPolicy::Call),
            app_client: app_client.into(),
            secret: secret.map(|setting| KeptSecret::new(aws, setting)),
        }
    }

    async fn secret(&self) -> Result<Option<String>, PortError> {
        let Some(secret) = &self.secret else {
            return Ok(None);
        };
        Ok(Some(secret.read().await?.expose().to_owned()))
    }

    /// Returns the fault of a call, and reads the secret again if it was refused.
    fn fault<E: ProvideErrorMetadata, R>(
        &self,
        call: &'static str,
        error: &SdkError<E, R>,
    ) -> PortError {
        let code = code_or_secret(error);
        if let (SECRET_REFUSED, Some(secret)) = (code, &self.secret) {
            secret.forget();
        }
        PortError::new(call, code)
    }
}

impl CognitoRefreshTokens {
    async fn refresh_with(
        &self,
        token: &Secret,
        secret: Option<&Secret>,
    ) -> Result<Refreshed, PortError> {
        const CALL: &str = "GetTokensFromRefreshToken";
        let request = GetTokensFromRefreshTokenInput::builder()
            .client_id(&self.app_client)
            .refresh_token(token.expose())
            .set_client_secret(secret.map(|secret| secret.expose().to_owned()));
        let error = match self.service.send(request.build()).await {
            Ok(output) => {
                let tokens = output.authentication_result.and_then(refreshed);
                return tokens.ok_or_else(|| PortError::new(CALL, "a token is missing"));
            }
            Err(error) => error,
        };
        match code_or_secret(&error) {
            "RefreshTokenReuseException"
            | "UserNotFoundException"
            | "UserNotConfirmedException"
            | "PasswordResetRequiredException" => Ok(Refreshed::Ended),
            // Any other refusal may be a mistake of the operator, which must not end sessions.
            "NotAuthorizedException" if mentions(&error, &ENDED) => Ok(Refreshed::Ended),
            _ => Err(self.fault(CALL, &error)),
        }
    }
}

/// The refusals of a refresh that are about the token or its user, in lower case.
const ENDED: [&str; 5] = [
    "refresh token has been revoked",
    "refresh token has expired",
    "invalid refresh token",
    "user is disabled",
    "user does not exist",
];

impl RefreshApi for CognitoRefreshTokens {
    async fn refresh(&self, token: &Secret) -> Result<Refreshed, PortError> {
        let Some(kept) = &self.secret else {
            return self.refresh_with(token, None).await;
        };
        let secret = kept.read().await?;
        let refreshed = self.refresh_with(token, Some(&secret)).await?;
        if !matches!(refreshed, Refreshed::Ended) {
            return Ok(refreshed);
        }
        // Cognito may word the refusal of a secret alike, so no session ends by one that was replaced.
        let present = kept.read_again().await?;
        if present == secret {
            return Ok(refreshed);
        }
        self.refresh_with(token, Some(&present)).await
    }

    async fn revoke(&self, token: &Secret) -> Result<(), PortError> {
        let request = RevokeTokenInput::builder()
            .client_id(&self.app_client)
            .token(token.expose())
            .set_client_secret(self.secret().await?);
        match self.repeated.send(request.build()).await {
            Ok(_) => Ok(()),
            Err(error) => match code_or_secret(&error) {
                // Cognito does not know the token, or no longer.
                "UnauthorizedException" | "NotAuthorizedException" => Ok(()),
                _ => Err(self.fault("RevokeToken", &error)),
            },
        }
    }
}

fn refreshed(result: AuthenticationResultType) -> Option<Refreshed> {
    Some(Refreshed::Tokens(RefreshedTokens {
        access: Secret::new(result.access_token?),
        refresh: result.refresh_token.map(Secret::new),
        expires_in: result.expires_in.try_into().ok()?,
    }))
}
