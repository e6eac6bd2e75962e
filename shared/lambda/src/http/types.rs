//! The members of requests and answers. The same types decode, encode, and describe themselves in
//! the OpenAPI document: a doc comment here is a description there.

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};

use latchstring_core::answer::{AnswerPayload, ResendPayload};
use latchstring_core::code::CodeAlphabet;
use latchstring_core::contact::PendingState;
use latchstring_core::device::DevicePayload;
use latchstring_core::identifier::Method;
use latchstring_core::ports::Tokens;
use latchstring_core::secret::Secret;
use latchstring_core::session::{AccessTokenPayload, Browser, SessionEntry, SessionPayload};
use latchstring_core::sign_in::{SignInPayload, TicketPayload};
use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// A text that no log shows.
#[derive(Clone, Debug)]
pub(super) struct Hidden(pub(super) Secret);

impl<'de> Deserialize<'de> for Hidden {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer).map(|text| Self(Secret::new(text)))
    }
}

impl Serialize for Hidden {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.0.expose())
    }
}

impl JsonSchema for Hidden {
    fn inline_schema() -> bool {
        true
    }

    fn schema_name() -> Cow<'static, str> {
        "Hidden".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({ "type": "string" })
    }
}

/// The kind of an identifier.
#[derive(Clone, Copy, Deserialize, Serialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub(super) enum ContactMethod {
    Email,
    PhoneNumber,
}

impl From<ContactMethod> for Method {
    fn from(method: ContactMethod) -> Self {
        match method {
            ContactMethod::Email => Self::Email,
            ContactMethod::PhoneNumber => Self::PhoneNumber,
        }
    }
}

impl ContactMethod {
    /// Returns the method of a request: the given one, or the one that the text looks like.
    pub(super) fn of(given: Option<Self>, typed: &str) -> Method {
        match given {
            Some(method) => method.into(),
            None if typed.contains('@') => Method::Email,
            None => Method::PhoneNumber,
        }
    }
}

/// A request to sign in.
#[derive(Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub(super) struct SignInRequest {
    /// The email address or phone number, as the user typed it. A number starts with `+`.
    #[schemars(length(min = 1), example = "ada@example.com")]
    pub(super) email_or_phone: Hidden,
    /// The kind of the text. Without it, a text with `@` is an email address, any other a phone
    /// number.
    pub(super) method: Option<ContactMethod>,
    /// The id of the app client that the sign-in is for. Without it, that is the first one that the
    /// deployment serves. One that is not served is refused like an empty `emailOrPhone`.
    #[schemars(example = "1h57kf5cpq17m0eml12EXAMPLE")]
    pub(super) client_id: Option<String>,
    /// The language of the message, as a BCP 47 tag. An unknown one counts as none.
    #[schemars(example = "de-CH")]
    pub(super) locale: Option<String>,
    /// For an answer by link: base64url without padding of the SHA-256 of the client's link secret.
    /// One that cannot be read counts as none.
    #[schemars(example = "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM")]
    pub(super) link_challenge: Option<String>,
    /// The resume secret of a sign-in that is to be continued. Nothing is sent then.
    pub(super) resume: Option<Hidden>,
    /// The device token of a known device. An invalid one counts as none.
    pub(super) device: Option<Hidden>,
    /// The response of the CAPTCHA, after the error `CaptchaRequired`.
    pub(super) captcha: Option<Hidden>,
    /// True to sign in to an account that exists, as after `ReauthRequired`. A right code then makes
    /// no account: without one, the answer to it is `NoAccount`.
    pub(super) existing_only: Option<bool>,
}

/// A request for a ticket.
#[derive(Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub(super) struct TicketRequest {
    /// The email address or phone number, as the user typed it. A number starts with `+`.
    #[schemars(length(min = 1), example = "ada@example.com")]
    pub(super) email_or_phone: Hidden,
    /// The kind of the text. Without it, a text with `@` is an email address, any other a phone
    /// number.
    pub(super) method: Option<ContactMethod>,
    /// The id of the app client that the sign-in is for. Without it, that is the first one that the
    /// deployment serves. One that is not served is refused like an empty `emailOrPhone`.
    #[schemars(example = "1h57kf5cpq17m0eml12EXAMPLE")]
    pub(super) client_id: Option<String>,
    /// The language of the message, as a BCP 47 tag. An unknown one counts as none.
    #[schemars(example = "de-CH")]
    pub(super) locale: Option<String>,
    /// For an answer by link: base64url without padding of the SHA-256 of the client's link secret.
    /// One that cannot be read counts as none.
    #[schemars(example = "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM")]
    pub(super) link_challenge: Option<String>,
    /// The proof of a first sign-in, from the challenge after the right code. The account is made, and
    /// the ticket is of a session that the proof answers. Nothing is sent then.
    pub(super) proof: Option<Hidden>,
    /// The resume secret of a sign-in that is to be continued. Nothing is sent then. Without effect if
    /// there is a proof.
    pub(super) resume: Option<Hidden>,
    /// The device token of a known device. An invalid one counts as none.
    pub(super) device: Option<Hidden>,
    /// The response of the CAPTCHA, after the error `CaptchaRequired`.
    pub(super) captcha: Option<Hidden>,
}

impl From<SignInRequest> for TicketRequest {
    fn from(request: SignInRequest) -> Self {
        Self {
            email_or_phone: request.email_or_phone,
            method: request.method,
            client_id: request.client_id,
            locale: request.locale,
            link_challenge: request.link_challenge,
            proof: None,
            resume: request.resume,
            device: request.device,
            captcha: request.captcha,
        }
    }
}

/// A challenge to enter a code.
#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub(super) struct CodePrompt {
    /// The state of this sign-in, for the next call. Opaque, of under 4 kB by default. Each answer
    /// has a new one, and only the newest is of use.
    #[schemars(length(max = 8192))]
    continuation: Hidden,
    /// The number of characters of the code. It is not fixed.
    #[schemars(range(min = 6, max = 12), example = 6)]
    code_length: u32,
    /// The alphabet of the code.
    code_alphabet: Alphabet,
    /// A public name of this sign-in, by which a page finds the sign-in that a link belongs to.
    #[schemars(example = "6kqmr2x7tb4wz")]
    pointer: String,
    /// The resume secret: with it, `/v1/sign-in` or `/v1/contacts/change` continues this sign-in
    /// after a reload of the page. It is not a credential.
    resume: Hidden,
    /// The number of attempts left.
    #[schemars(example = 3)]
    attempts_left: u32,
    /// Seconds until the code expires.
    #[schemars(example = 300)]
    expires_in: u32,
    /// Seconds until a resend is accepted. If it is not less than `expiresIn`, no resend is left.
    #[schemars(example = 30)]
    resend_after: u32,
}

/// The alphabet of a code. `base32` has the digits and the letters without I, L, O and U.
#[derive(Clone, Copy, Serialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
#[schemars(rename = "CodeAlphabet")]
enum Alphabet {
    Digits,
    Base32,
}

impl CodePrompt {
    /// Returns the prompt of an open session; `None` if it is the session of a proof.
    pub(super) fn new(continuation: Secret, payload: SignInPayload) -> Option<Self> {
        Some(Self {
            continuation: Hidden(continuation),
            code_length: payload.code_length,
            code_alphabet: match payload.code_alphabet? {
                CodeAlphabet::Digits => Alphabet::Digits,
                CodeAlphabet::Base32 => Alphabet::Base32,
            },
            pointer: payload.pointer?,
            resume: Hidden(payload.resume?),
            attempts_left: payload.attempts_left,
            expires_in: payload.expires_in,
            resend_after: payload.resend_after,
        })
    }

    /// Returns the prompt after a resend.
    pub(super) fn after_resend(resent: ResendPayload) -> Option<Self> {
        Self::new(resent.continuation, resent.payload)
    }
}

/// A ticket, for an SDK that runs Cognito's exchange itself.
#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(rename = "Ticket")]
pub(super) struct IssuedTicket {
    /// The `ticket` of `ClientMetadata`, with the first answer of `RespondToAuthChallenge`.
    ticket: Hidden,
    /// The `USERNAME` of `InitiateAuth`.
    username: Hidden,
    /// Seconds until the ticket expires.
    #[schemars(example = 60)]
    expires_in: u32,
}

impl From<TicketPayload> for IssuedTicket {
    fn from(payload: TicketPayload) -> Self {
        Self {
            ticket: Hidden(payload.ticket),
            username: Hidden(payload.username),
            expires_in: payload.expires_in,
        }
    }
}

/// An answer to a code.
#[derive(Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub(super) struct AnswerRequest {
    /// The newest continuation.
    #[schemars(length(max = 8192))]
    pub(super) continuation: Hidden,
    /// The code, or the token of a link. Spaces and hyphens in a code are ignored.
    #[schemars(length(min = 1), example = "123456")]
    pub(super) answer: Hidden,
    /// The link secret of the client, if the answer is the token of a link.
    pub(super) link_secret: Option<Hidden>,
}

/// The outcome of an answer.
#[derive(Serialize, JsonSchema)]
#[serde(untagged)]
#[schemars(extend("discriminator" = {
    "propertyName": "status",
    "mapping": {
        "signed_in": "#/components/schemas/SignedIn",
        "session_opened": "#/components/schemas/SessionOpened",
        "wrong": "#/components/schemas/WrongAnswer",
    },
}))]
pub(super) enum AnswerResult {
    SignedIn(SignedIn),
    SessionOpened(SessionOpened),
    Wrong(WrongAnswer),
}

/// The answer was right. A user without an account has one now.
#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub(super) struct SignedIn {
    /// The outcome.
    status: SignedInStatus,
    /// True if this sign-in created the account.
    is_new: bool,
    /// The tokens of Cognito.
    tokens: TokenSet,
}

#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
#[schemars(inline)]
enum SignedInStatus {
    SignedIn,
}

/// The answer was right, in session mode: the response sets the cookie, and has no token. A user
/// without an account has one now.
#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub(super) struct SessionOpened {
    /// The outcome.
    status: SessionOpenedStatus,
    /// True if this sign-in created the account.
    is_new: bool,
    /// Seconds until the session ends, used or not.
    #[schemars(example = 2_592_000)]
    expires_in: u64,
}

impl SessionOpened {
    pub(super) fn new(is_new: bool, expires_in: u64) -> Self {
        Self {
            status: SessionOpenedStatus::SessionOpened,
            is_new,
            expires_in,
        }
    }
}

#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
#[schemars(inline)]
enum SessionOpenedStatus {
    SessionOpened,
}

/// The answer was wrong, or the server could not verify it. In the second case the same answer costs
/// no further attempt.
#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub(super) struct WrongAnswer {
    /// The outcome.
    status: WrongStatus,
    /// The continuation for the next answer.
    #[schemars(length(max = 8192))]
    continuation: Hidden,
    /// The number of attempts left. At 0, only a resend makes a code of use again.
    #[schemars(example = 2)]
    attempts_left: u32,
    /// Seconds until the code expires.
    #[schemars(example = 280)]
    expires_in: u32,
    /// Seconds until a resend is accepted. If it is not less than `expiresIn`, no resend is left.
    #[schemars(example = 10)]
    resend_after: u32,
}

#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
#[schemars(inline)]
enum WrongStatus {
    Wrong,
}

/// The tokens of Cognito.
#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(rename = "Tokens")]
struct TokenSet {
    /// The access token, for the routes of a signed-in user and for your own API.
    access_token: Hidden,
    /// The ID token.
    id_token: Hidden,
    /// The refresh token, for Cognito's `GetTokensFromRefreshToken`.
    refresh_token: Hidden,
    /// Seconds until the access token expires.
    #[schemars(example = 3600)]
    expires_in: u32,
}

impl From<Tokens> for TokenSet {
    fn from(tokens: Tokens) -> Self {
        Self {
            access_token: Hidden(tokens.access),
            id_token: Hidden(tokens.id),
            refresh_token: Hidden(tokens.refresh),
            expires_in: tokens.expires_in,
        }
    }
}

impl From<SessionOpened> for AnswerResult {
    fn from(opened: SessionOpened) -> Self {
        Self::SessionOpened(opened)
    }
}

impl From<AnswerPayload> for AnswerResult {
    fn from(payload: AnswerPayload) -> Self {
        match payload {
            AnswerPayload::SignedIn { tokens, is_new } => Self::SignedIn(SignedIn {
                status: SignedInStatus::SignedIn,
                is_new,
                tokens: tokens.into(),
            }),
            AnswerPayload::Wrong {
                continuation,
                attempts_left,
                expires_in,
                resend_after,
            } => Self::Wrong(WrongAnswer {
                status: WrongStatus::Wrong,
                continuation: Hidden(continuation),
                attempts_left,
                expires_in,
                resend_after,
            }),
        }
    }
}

/// A request to have the code sent once more.
#[derive(Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub(super) struct ResendRequest {
    /// The newest continuation.
    #[schemars(length(max = 8192))]
    pub(super) continuation: Hidden,
}

/// The names and the second contact of a signed-in user.
#[derive(Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub(super) struct SignUpRequest {
    /// The second contact, as the user typed it: an email address, or a phone number that starts
    /// with `+`.
    #[schemars(length(min = 1), example = "+14155550132")]
    pub(super) email_or_phone: Hidden,
    /// The kind of the text. Without it, a text with `@` is an email address, any other a phone
    /// number.
    pub(super) method: Option<ContactMethod>,
    /// The given name.
    #[schemars(length(min = 1, max = 100), example = &"Ada")]
    pub(super) given_name: String,
    /// The family name.
    #[schemars(length(min = 1, max = 100), example = &"Lovelace")]
    pub(super) family_name: String,
    /// The language of the message, as a BCP 47 tag. An unknown one counts as none.
    #[schemars(example = "de-CH")]
    pub(super) locale: Option<String>,
    /// For an answer by link: base64url without padding of the SHA-256 of the client's link secret.
    /// One that cannot be read counts as none.
    #[schemars(example = "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM")]
    pub(super) link_challenge: Option<String>,
}

/// The names of a user.
#[derive(Deserialize, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub(super) struct Names {
    /// The given name.
    #[schemars(length(min = 1, max = 100), example = &"Ada")]
    pub(super) given_name: String,
    /// The family name.
    #[schemars(length(min = 1, max = 100), example = &"Lovelace")]
    pub(super) family_name: String,
}

/// A new contact of a signed-in user.
#[derive(Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub(super) struct ContactChangeRequest {
    /// The new contact, as the user typed it: an email address, or a phone number that starts with
    /// `+`.
    #[schemars(length(min = 1), example = "ada@example.org")]
    pub(super) email_or_phone: Hidden,
    /// The kind of the text. Without it, a text with `@` is an email address, any other a phone
    /// number.
    pub(super) method: Option<ContactMethod>,
    /// The language of the message, as a BCP 47 tag. An unknown one counts as none.
    #[schemars(example = "de-CH")]
    pub(super) locale: Option<String>,
    /// For an answer by link: base64url without padding of the SHA-256 of the client's link secret.
    /// One that cannot be read counts as none.
    #[schemars(example = "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM")]
    pub(super) link_challenge: Option<String>,
    /// The resume secret of a request for this contact that is to be continued. Nothing is sent
    /// then.
    pub(super) resume: Option<Hidden>,
}

/// The query of a request for the state of a contact.
#[derive(Deserialize, JsonSchema)]
pub(super) struct PendingQuery {
    /// The kind of the contact.
    pub(super) method: ContactMethod,
}

/// The latest request for a contact of this kind.
#[derive(Serialize, JsonSchema)]
pub(super) struct PendingResult {
    /// The request, or null if there was none.
    pub(super) pending: Option<PendingContact>,
}

/// A request for a contact.
#[derive(Serialize, JsonSchema)]
pub(super) struct PendingContact {
    /// The kind of the contact.
    pub(super) method: ContactMethod,
    /// The state of the request.
    pub(super) state: ContactState,
}

/// The state of a request for a contact: `waiting` for its code, `done` if the contact is on the
/// account, `in_use` if another account holds it and nothing was changed, or `expired`.
#[derive(Clone, Copy, Serialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub(super) enum ContactState {
    Waiting,
    Done,
    InUse,
    Expired,
}

impl From<PendingState> for ContactState {
    fn from(state: PendingState) -> Self {
        match state {
            PendingState::Waiting => Self::Waiting,
            PendingState::Done => Self::Done,
            PendingState::InUse => Self::InUse,
            PendingState::Expired => Self::Expired,
        }
    }
}

/// A device token.
#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub(super) struct RememberedDevice {
    /// The device token, for `device` of the next sign-in. It is not a credential.
    device: Hidden,
    /// Seconds until the device token expires.
    #[schemars(example = 15_552_000)]
    expires_in: u32,
}

impl From<DevicePayload> for RememberedDevice {
    fn from(payload: DevicePayload) -> Self {
        Self {
            device: Hidden(payload.device),
            expires_in: payload.expires_in,
        }
    }
}

/// An invitation.
#[derive(Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct InvitationRequest {
    /// The contact: an email address, or a phone number that starts with `+`.
    #[schemars(length(min = 1), example = "ada@example.com")]
    pub(super) email_or_phone: Hidden,
    /// The kind of the text. Without it, a text with `@` is an email address, any other a phone
    /// number.
    pub(super) method: Option<ContactMethod>,
    /// The days for which it is valid. 7 by default.
    #[schemars(range(min = 1, max = 90), example = 7)]
    pub(super) days: Option<u32>,
    /// The groups of the account. They must exist in the pool.
    #[serde(default)]
    #[schemars(length(max = 20))]
    pub(super) groups: BTreeSet<String>,
    /// The attributes of the account: custom ones, or standard ones that are no contact. The pool
    /// must have them.
    #[serde(default)]
    pub(super) attributes: BTreeMap<String, String>,
}

/// An invited contact.
#[derive(Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct InvitedContact {
    /// The contact, as it was invited.
    #[schemars(length(min = 1), example = "ada@example.com")]
    pub(super) email_or_phone: Hidden,
    /// The kind of the text. Without it, a text with `@` is an email address, any other a phone
    /// number.
    pub(super) method: Option<ContactMethod>,
}

/// The session of a browser.
#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub(super) struct CurrentSession {
    /// The account, for ever the same.
    #[schemars(example = "4e0c1f2a-7b1d-4c55-9a6e-0d6f3b2a1c00")]
    sub: String,
    /// The username of the pool.
    username: String,
    /// The time of the sign-in, in seconds since 1970.
    #[schemars(example = 1_800_000_000)]
    signed_in_at: u64,
    /// The time when the session was opened, in seconds since 1970.
    #[schemars(example = 1_800_000_000)]
    opened_at: u64,
    /// Seconds until the session ends if it is not used.
    #[schemars(example = 604_800)]
    expires_in: u64,
}

impl From<SessionPayload> for CurrentSession {
    fn from(payload: SessionPayload) -> Self {
        Self {
            sub: payload.account.as_str().to_owned(),
            username: payload.username,
            signed_in_at: payload.signed_in_at.as_secs(),
            opened_at: payload.opened_at.as_secs(),
            expires_in: payload.expires_in,
        }
    }
}

/// An access token, for the app's own server.
#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub(super) struct AccessToken {
    /// The access token.
    access_token: Hidden,
    /// Seconds until it expires.
    #[schemars(example = 3600)]
    expires_in: u64,
}

impl From<AccessTokenPayload> for AccessToken {
    fn from(payload: AccessTokenPayload) -> Self {
        Self {
            access_token: Hidden(payload.access_token),
            expires_in: payload.expires_in,
        }
    }
}

/// The sessions of an account, the most recently used one first.
#[derive(Serialize, JsonSchema)]
pub(super) struct SessionList {
    /// The sessions.
    sessions: Vec<ListedSession>,
}

impl From<Vec<SessionEntry>> for SessionList {
    fn from(sessions: Vec<SessionEntry>) -> Self {
        Self {
            sessions: sessions.into_iter().map(ListedSession::from).collect(),
        }
    }
}

/// A session of the list.
#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
struct ListedSession {
    /// The name by which it is ended. It is not a credential.
    handle: String,
    /// True of the session that made this request.
    is_current: bool,
    /// The browsers that it was used from. More than one may be a sign of a stolen cookie.
    browsers: Vec<ListedBrowser>,
    /// The time when it was opened, in seconds since 1970.
    #[schemars(example = 1_800_000_000)]
    opened_at: u64,
    /// The minute of its last use, in seconds since 1970.
    #[schemars(example = 1_800_003_600)]
    last_used_at: u64,
    /// The time when it ends if it is not used, in seconds since 1970.
    #[schemars(example = 1_800_608_400)]
    expires_at: u64,
}

impl From<SessionEntry> for ListedSession {
    fn from(entry: SessionEntry) -> Self {
        let browser = |it: Browser| ListedBrowser {
            family: it.family.to_string(),
            system: it.system.to_string(),
        };
        Self {
            handle: entry.handle.text(),
            is_current: entry.is_current,
            browsers: entry.browsers.into_iter().map(browser).collect(),
            opened_at: entry.opened_at.as_secs(),
            last_used_at: entry.last_used_at.as_secs(),
            expires_at: entry.expires_at.as_secs(),
        }
    }
}

/// A browser, as its `User-Agent` claims.
#[derive(Serialize, JsonSchema)]
struct ListedBrowser {
    /// The family: `chrome`, `edge`, `firefox`, `opera`, `safari`, `samsung` or `other`.
    #[schemars(example = &"firefox")]
    family: String,
    /// The system: `android`, `chrome_os`, `ios`, `linux`, `mac_os`, `windows` or `other`.
    #[schemars(example = &"mac_os")]
    system: String,
}

/// A session that is to be ended.
#[derive(Deserialize, JsonSchema)]
pub(super) struct RevokeRequest {
    /// The handle of the list.
    pub(super) handle: String,
}

/// A sign-out.
#[derive(Deserialize, JsonSchema)]
pub(super) struct SignOutRequest {
    /// True to sign the account out everywhere. Without it, only this session ends.
    pub(super) everywhere: Option<bool>,
}

/// An error, as RFC 9457 defines it.
#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub(super) struct Problem<'a> {
    /// The type of the error, which does not change: `urn:latchstring:error:` and its name.
    #[serde(rename = "type")]
    #[schemars(
        regex(pattern = "^urn:latchstring:error:[A-Za-z]+$"),
        example = "urn:latchstring:error:TooManyRequests"
    )]
    pub(super) kind: String,
    /// The type in words.
    #[schemars(example = "Too many requests")]
    pub(super) title: &'a str,
    /// The HTTP status.
    #[schemars(range(min = 400, max = 599), example = 429)]
    pub(super) status: u16,
    /// The reason, in a text that can be shown to the user.
    #[schemars(example = "Too many codes requested. Try again in 59 seconds.")]
    pub(super) detail: String,
    /// Seconds until the request is accepted.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(example = 59)]
    pub(super) retry_after: Option<u64>,
    /// The continuation with which the call can be repeated: the sign-in goes on.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = 8192))]
    pub(super) continuation: Option<Hidden>,
}
