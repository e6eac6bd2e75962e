//! The service: all parts wired together and served on one loopback port.

use std::collections::{BTreeMap, BTreeSet};
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use latchstring_aws::{Aws, AwsEnvironment, CognitoCalls};
use latchstring_core::admission::Admission;
use latchstring_core::clients::ClientPolicy;
use latchstring_core::holders::OtherHolders;
use latchstring_core::identifier::PhoneRules;
use latchstring_core::keys::{Key, KeyError, KeyId, KeyRing};
use latchstring_core::locale::Locale;
use latchstring_core::message::{AppName, LinkUrl};
use latchstring_core::policy::{Deployment, Policy};
use latchstring_core::ports::Entropy;
use latchstring_core::rate_limit::{Countries, MessageBudget, Price, SourceBudget};
use latchstring_core::secret::Secret;
use latchstring_lambda::OsEntropy;
use latchstring_lambda::config::ConfigError;
use latchstring_local_appsync::{self as appsync, Api, SchemaError};
use latchstring_local_cognito::{
    AuthFlow, ClientConfig, ClientSecret, Origins, PoolConfig, Rotation, SigningKeys, TokenError,
    UserPool, allow_origins,
};
use latchstring_local_http_api::{self as http_api, Cors, HttpApi, JwtAuthorizer};
use latchstring_memory::{FixedCaptcha, Inbox, MemoryBus};
use serde_json::Value;
use thiserror::Error;
use tokio::net::TcpListener;

use crate::clock::LocalClock;
use crate::deliveries::Deliveries;
use crate::functions::{Lambdas, Wiring};
use crate::host::Hosts;
use crate::outages::PortOutages;
use crate::sessions::SessionSecrets;
use crate::settings::Settings;
use crate::{control, events, host, pages};

const REGION: &str = "us-east-1";
const POOL: &str = "us-east-1_LOCAL0000";
const CLIENT: &str = "latchstringlocalclient0000";
/// The second client, with `two_clients`.
const OTHER_CLIENT: &str = "latchstringlocalclient0001";
const API_KEY: &str = "da2-latchstringlocal";
const SCHEMA: &str = include_str!("../../infra/schema.graphql");

/// The resolvers of one request, as deployed. Aliases of one mutation in one request would bypass
/// the rate limits of the web ACL, which counts requests.
const RESOLVER_COUNT_LIMIT: usize = 1;

/// A wide budget for experiments: every caller is 127.0.0.1 here and numbers are fictitious.
const WIDE: MessageBudget = MessageBudget {
    per_minute: 60,
    per_hour: 1_000,
    per_day: 10_000,
};

/// 0.04 of the deployment's currency: 250 SMS a day with `--strict`.
const SMS_PRICE: Price = Price::hundredths(4);

/// The grace of rotation in session mode, where servers alone use refresh tokens: Cognito's longest.
const SESSION_GRACE: Duration = Duration::from_secs(60);

/// The options of the service.
#[derive(Clone, Debug, Default)]
#[expect(
    clippy::struct_excessive_bools,
    reason = "they are the program's own switches"
)]
pub struct Options {
    /// The port on 127.0.0.1; 0 takes any free one.
    pub port: u16,
    /// Production's budgets instead of wide ones.
    pub strict: bool,
    /// Production's budget of a source for callers of the HTTP API, each of which has an address of
    /// 127.0.0.0/8.
    pub limit_sources: bool,
    /// Serve `POST /control`.
    pub control: bool,
    /// Creates accounts before they are proved, for pools that report missing users.
    pub legacy_pool: bool,
    /// The calls with which resolvers open sessions.
    pub cognito_calls: CognitoCalls,
    /// The rule for new accounts, which cannot be the hook.
    pub admission: Admission,
    /// The group whose members may invite. The pool has it.
    pub inviters: Option<String>,
    /// The groups that they may give with an invitation. The pool has them.
    pub inviters_may_give: BTreeSet<String>,
    /// The attributes that they may set with one.
    pub inviters_may_set: BTreeSet<String>,
    /// Custom attributes of the pool, named without `custom:`.
    pub custom_attributes: BTreeSet<String>,
    /// The pool has username attributes instead of aliases.
    pub username_attributes: bool,
    /// The treatment of accounts that have the contact of a new account.
    pub other_holders: OtherHolders,
    /// `SignUp` is open to everyone, as in a pool before it is hardened.
    pub open_sign_up: bool,
    /// Requires a CAPTCHA from the third mail of an hour whose code was not proved.
    pub captcha: bool,
    /// Gives browsers a cookie instead of tokens.
    pub session_mode: bool,
    /// In session mode: the credential of the app's own server; a random one unless given.
    pub server_credential: Option<Secret>,
    /// Serves a second app client, for email addresses alone, whose messages name another app.
    pub two_clients: bool,
    /// Rotates refresh tokens; a used token stays valid for this time.
    pub rotate_refresh_tokens: Option<Duration>,
    /// Names beside the local ones that the service answers to.
    pub allow_hosts: Vec<String>,
    /// Origins beside the local ones whose pages may call.
    pub allow_origins: Vec<String>,
    /// The countries that SMS are sent to; `None` is all.
    pub sms_countries: Option<Countries>,
    /// The rules for reading phone numbers, and the kinds of numbers that SMS are sent to.
    pub phones: PhoneRules,
    /// The page that the link of a mail opens; the service's own unless given.
    pub link_url: Option<LinkUrl>,
    /// The key ring; a key of this process alone unless given.
    pub keys: Option<KeyRing>,
}

/// The reason why the service does not start.
#[derive(Debug, Error)]
pub enum ServiceError {
    /// Another program has the port.
    #[error(
        "Port {0} on 127.0.0.1 is taken by another program. Choose another with --port N, or any free one with --port 0."
    )]
    PortTaken(u16),
    /// The port cannot be opened for another reason.
    #[error("Port {port} on 127.0.0.1 cannot be opened: {cause}.")]
    Port {
        /// The port.
        port: u16,
        /// The system's error.
        cause: std::io::Error,
    },
    /// The schema does not fit the functions.
    #[error(transparent)]
    Schema(#[from] SchemaError),
    /// The keys could not be made.
    #[error(transparent)]
    Key(#[from] KeyError),
    /// The settings of session mode are invalid.
    #[error(transparent)]
    SessionMode(#[from] ConfigError),
}

/// A service that listens and is ready to serve.
pub struct Service {
    listener: TcpListener,
    router: axum::Router,
    settings: Settings,
    deliveries: Deliveries,
    clock: LocalClock,
}

impl Service {
    /// Opens the port and wires everything.
    ///
    /// # Errors
    ///
    /// Returns an error if the port is taken or cannot be opened, the schema does not fit, or a key
    /// cannot be made.
    pub async fn bind(options: Options) -> Result<Self, ServiceError> {
        let (listener, address) = listen(options.port).await?;
        let session_secrets = options.session_mode.then(|| {
            SessionSecrets::new(options.server_credential.clone(), &options.allow_origins)
        });
        let settings = Settings {
            region: REGION.to_owned(),
            user_pool_id: POOL.to_owned(),
            client_id: CLIENT.to_owned(),
            other_client: is_second(&options).then(|| OTHER_CLIENT.to_owned()),
            endpoint: format!("http://{address}"),
            api_key: API_KEY.to_owned(),
            server_credential: session_secrets
                .as_ref()
                .map(SessionSecrets::server_credential),
        };
        let clock = LocalClock::default();
        let inbox = Inbox::new(clock.clone());
        let bus = MemoryBus::default();
        let deliveries = Deliveries::default();
        let outages = PortOutages::new(clock.clone());
        let lambdas = Arc::new(Lambdas::new(Wiring {
            deployment: deployment(&options, &settings.endpoint)?,
            aws: Aws::new(AwsEnvironment {
                region: REGION.to_owned(),
                // The stand-in accepts any signature.
                access_key_id: "local".to_owned(),
                secret_access_key: "local".to_owned(),
                session_token: None,
                endpoint_url: Some(settings.endpoint.clone()),
                ca_bundle: None,
            }),
            pool: POOL.to_owned(),
            client: CLIENT.to_owned(),
            legacy_pool: options.legacy_pool,
            cognito_calls: options.cognito_calls,
            session_secrets: session_secrets.clone(),
            captcha: options.captcha.then(captcha),
            inbox: inbox.clone(),
            bus: bus.clone(),
            deliveries: deliveries.clone(),
            clock: clock.clone(),
            outages: outages.clone(),
        })?);
        let client_secret = session_secrets.as_ref().map(SessionSecrets::client_secret);
        let pool = user_pool(&options, client_secret, lambdas.clone(), &clock);
        let fields = Lambdas::FIELDS
            .map(|(field, function)| (field.to_owned(), function.to_owned()))
            .into_iter()
            .collect::<BTreeMap<_, _>>();
        let api = Api::new(
            SCHEMA,
            fields,
            API_KEY.to_owned(),
            lambdas.clone(),
            Arc::new(PoolTokens(pool.clone())),
        )?
        .with_resolver_count_limit(RESOLVER_COUNT_LIMIT);
        let pages = pages::router(inbox, deliveries.clone(), settings.clone());
        let published = events::router(bus, deliveries.clone(), lambdas.clone());
        let pages = published.merge(pages);
        let cors = cors(&options);
        let origins = Origins::with(options.allow_origins.clone());
        let http_api = http_api::router(http_api(lambdas.clone(), &pool, &options, cors));
        let own = if options.session_mode {
            // The GraphQL API could hand out tokens, and is not deployed in this mode.
            pages
        } else {
            appsync::router(api).merge(pages)
        };
        let mut router = allow_origins(own, origins.clone())
            .merge(http_api)
            .merge(latchstring_local_cognito::router_for(pool.clone(), origins));
        if options.control {
            // No other origin gets permission for it.
            router = router.merge(control::router(pool, clock.clone(), outages, lambdas));
        }
        Ok(Self {
            listener,
            router: host::only(Hosts::with(options.allow_hosts), router),
            settings,
            deliveries,
            clock,
        })
    }

    /// Returns the clock of everything here.
    pub(crate) fn clock(&self) -> LocalClock {
        self.clock.clone()
    }

    /// Returns the settings that a client needs.
    pub const fn settings(&self) -> &Settings {
        &self.settings
    }

    /// Returns the deliveries that continue after their answers. Wait for them before you end the
    /// service.
    pub fn deliveries(&self) -> Deliveries {
        self.deliveries.clone()
    }

    /// Serves until the future is dropped.
    ///
    /// # Errors
    ///
    /// Never in practice: accepting continues after every failed connection.
    pub async fn serve(self) -> std::io::Result<()> {
        let app = self
            .router
            .into_make_service_with_connect_info::<SocketAddr>();
        axum::serve(self.listener, app).await
    }
}

async fn listen(port: u16) -> Result<(TcpListener, SocketAddr), ServiceError> {
    let opened = async {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, port)).await?;
        let address = listener.local_addr()?;
        Ok((listener, address))
    };
    opened.await.map_err(|cause: std::io::Error| {
        if cause.kind() == std::io::ErrorKind::AddrInUse {
            ServiceError::PortTaken(port)
        } else {
            ServiceError::Port { port, cause }
        }
    })
}

/// Returns whether there is a second client. Session mode serves one.
const fn is_second(options: &Options) -> bool {
    options.two_clients && !options.session_mode
}

fn clients(options: &Options) -> Vec<String> {
    let other = is_second(options).then_some(OTHER_CLIENT);
    let clients = [CLIENT].into_iter().chain(other);
    clients.map(str::to_owned).collect()
}

/// Production's defaults with keys that live as long as the process.
fn deployment(options: &Options, endpoint: &str) -> Result<Deployment, KeyError> {
    let mut policy = Policy::for_clients(clients(options));
    let own_page = || LinkUrl::parse(&format!("{endpoint}/")).ok();
    policy.branding.link_url = options.link_url.clone().or_else(own_page);
    // Nothing is really sent, so every destination is allowed. Messages have a price, so that
    // `--strict` shows the spend limits.
    policy.budgets.sms.countries = options
        .sms_countries
        .clone()
        .unwrap_or(Countries::All(SMS_PRICE));
    policy.phones = options.phones.clone();
    if !options.limit_sources {
        // Every caller is 127.0.0.1 here.
        policy.budgets.source = SourceBudget {
            per_minute: u32::MAX,
            per_hour: u32::MAX,
            solved_per_hour: u32::MAX,
        };
    }
    if !options.strict {
        let budgets = &mut policy.budgets;
        budgets.mailbox = WIDE;
        budgets.short_guesses_per_month = u32::MAX;
        budgets.device.messages = WIDE;
        budgets.device.per_token_and_day = u32::MAX;
        budgets.device.short_guesses_per_month = u32::MAX;
        budgets.deployment.short_guesses_per_day = u32::MAX;
        budgets.deployment.messages_per_day = u32::MAX;
        budgets.mail.unproved_per_domain = u32::MAX;
        budgets.mail.unproved_per_hour = u32::MAX;
        budgets.mail.accounts_per_domain = u32::MAX;
        budgets.sms.unproved_per_prefix = u32::MAX;
        budgets.sms.unproved_per_country = u32::MAX;
        budgets.sms.spend_per_day = Price::MAX;
        budgets.sms.spend_per_month = Price::MAX;
    }
    policy.admission = options.admission.clone();
    policy.inviters.clone_from(&options.inviters);
    policy
        .inviters_may_give
        .clone_from(&options.inviters_may_give);
    policy
        .inviters_may_set
        .clone_from(&options.inviters_may_set);
    // A stranger makes accounts of a legacy pool.
    policy.events = !options.legacy_pool;
    policy.contacts_are_usernames = options.username_attributes;
    policy.other_holders = options.other_holders;
    if options.legacy_pool {
        policy.undo_life = Duration::ZERO;
    }
    if options.captcha {
        policy.budgets.mail.unproved_per_hour = 2;
    }
    if is_second(options) {
        let mut other = ClientPolicy::of(&policy);
        other.branding.app_name = AppName::parse("Acme").ok();
        other.branding.default_locale = Locale::De;
        other.branding.sender = Some(OTHER_CLIENT.to_owned());
        other.sms = false;
        policy.of_clients.insert(OTHER_CLIENT.to_owned(), other);
    }
    let keys = if let Some(keys) = &options.keys {
        keys.clone()
    } else {
        let secret: [u8; 32] = OsEntropy.bytes();
        KeyRing::new(Key::new(KeyId::parse("local")?, &secret)?, None, None)?
    };
    Ok(Deployment { policy, keys })
}

/// A CAPTCHA with known answers, because nothing here displays one.
fn captcha() -> FixedCaptcha {
    FixedCaptcha::new((1..100).map(|number| format!("person-{number}")))
}

fn user_pool(
    options: &Options,
    secret: Option<ClientSecret>,
    lambdas: Arc<Lambdas>,
    clock: &LocalClock,
) -> UserPool {
    let mut client = ClientConfig::new(CLIENT, "latchstring-local");
    let session_grace = secret.is_some().then_some(SESSION_GRACE);
    client.secret = secret;
    // Only Define writes a contact.
    client.write_attributes = Some(
        ["given_name", "family_name", "locale"]
            .map(str::to_owned)
            .into(),
    );
    if let Some(grace) = options.rotate_refresh_tokens.or(session_grace) {
        client.refresh_token_rotation = Some(Rotation { grace });
        // AWS's guide requires this flow to be off where tokens rotate.
        client.explicit_auth_flows.remove(&AuthFlow::RefreshToken);
    }
    let mut all = vec![client];
    if is_second(options) {
        let other = ClientConfig::new(OTHER_CLIENT, "latchstring-local-other");
        all.push(ClientConfig {
            write_attributes: all[0].write_attributes.clone(),
            ..other
        });
    }
    let mut config = PoolConfig::new(REGION, POOL, all);
    config.groups.extend(options.inviters.clone());
    config.groups.extend(options.inviters_may_give.clone());
    config.username_attributes = options.username_attributes;
    config.open_sign_up = options.open_sign_up;
    config
        .custom_attributes
        .clone_from(&options.custom_attributes);
    let clock = clock.clone();
    UserPool::new(
        config,
        SigningKeys::shared(),
        lambdas,
        Arc::new(move || clock.system_time()),
    )
}

/// Returns the CORS of infra/lib/http-api.ts. In session mode pages of the origins that are given may
/// call, with the cookie; without it all local ones may.
fn cors(options: &Options) -> Cors {
    let given = options.allow_origins.clone();
    let origins = Origins::with(given.clone());
    let is_session_mode = options.session_mode;
    Cors {
        allows_origin: Arc::new(move |origin| {
            if is_session_mode {
                given.iter().any(|given| origin == given)
            } else {
                origins.allows(origin)
            }
        }),
        allows_credentials: is_session_mode,
        allow_methods: "GET,POST",
        allow_headers: if is_session_mode {
            "authorization,content-type,x-latchstring"
        } else {
            "authorization,content-type"
        },
        expose_headers: "retry-after",
        max_age: "3600",
    }
}

/// Returns the HTTP API, with the authorizer of infra/lib/http-api.ts.
fn http_api(lambdas: Arc<Lambdas>, pool: &UserPool, options: &Options, cors: Cors) -> HttpApi {
    let authorizer = JwtAuthorizer {
        tokens: Arc::new(PoolTokens(pool.clone())),
        audience: clients(options),
    };
    let routes = Lambdas::routes(options.session_mode);
    HttpApi::new(routes, lambdas, authorizer).with_cors(cors)
}

/// The pool's tokens, as the APIs check them.
struct PoolTokens(UserPool);

impl appsync::Tokens for PoolTokens {
    fn verify(&self, token: &str) -> Result<Value, appsync::TokenRefused> {
        self.0.verify_jwt(token).map_err(|error| match error {
            TokenError::Expired => appsync::TokenRefused::Expired,
            _ => appsync::TokenRefused::Untrusted,
        })
    }
}

impl http_api::Tokens for PoolTokens {
    fn verify(&self, token: &str) -> Result<Value, http_api::TokenRefused> {
        self.0.verify_jwt(token).map_err(|error| match error {
            TokenError::Expired => http_api::TokenRefused::Expired,
            _ => http_api::TokenRefused::Untrusted,
        })
    }
}
