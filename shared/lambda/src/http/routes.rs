//! The one table of routes. Dispatch, the `Allow` of a refused method, and the OpenAPI document
//! follow from it.

use schemars::JsonSchema;
use serde::Serialize;
use serde::de::DeserializeOwned;

use super::event::Event;
use super::problem::{ProblemType, Rejection};
use super::response::Response;
use super::types::{
    AccessToken, AnswerRequest, AnswerResult, CodePrompt, ContactChangeRequest, CurrentSession,
    InvitationRequest, InvitedContact, IssuedTicket, Names, PendingQuery, PendingResult,
    RememberedDevice, ResendRequest, RevokeRequest, SessionList, SignInRequest, SignOutRequest,
    SignUpRequest, TicketRequest,
};

/// The callers that a route serves.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Auth {
    /// Anyone.
    Anonymous,
    /// A caller with an access token, or in session mode with the cookie.
    Bearer,
    /// A browser with the cookie of session mode.
    Cookie,
    /// A browser with or without the cookie of session mode.
    Ending,
    /// The app's own server, with the cookie of its browser.
    Server,
}

/// A route of one of the two functions.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Route<A: 'static> {
    pub(super) method: &'static str,
    pub(super) path: &'static str,
    /// The method and the path, for logs and metrics.
    pub(super) name: &'static str,
    pub(super) auth: Auth,
    pub(super) action: A,
}

/// A route with the types of its request and answer, and its words in the OpenAPI document.
pub(super) trait Operation {
    /// The request: [`Json`], [`Query`] or [`Nothing`].
    type Request: Input;
    /// The answer: [`Json`] or [`Nothing`].
    type Answer: Output;

    const METHOD: &'static str;
    const PATH: &'static str;
    const AUTH: Auth;
    /// The name in generated clients.
    const ID: &'static str;
    const TAG: Tag;
    /// The lines of the doc comment; the first is the summary.
    const DOC: &'static [&'static str];
    /// The problems of the route. Those that its auth and its request imply are added.
    const PROBLEMS: &'static [ProblemType];

    fn request(event: &Event<'_>) -> Result<Self::Request, Rejection> {
        Self::Request::read(event)
    }

    fn response(answer: Self::Answer) -> Response {
        answer.response()
    }
}

/// The group of a route in the OpenAPI document.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Tag {
    SignIn,
    Account,
    Session,
}

impl Tag {
    const fn of(auth: Auth) -> Self {
        match auth {
            Auth::Anonymous => Self::SignIn,
            Auth::Bearer => Self::Account,
            Auth::Cookie | Auth::Ending | Auth::Server => Self::Session,
        }
    }
}

/// The part of a request that a route reads.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Part {
    Body,
    Query,
    Nothing,
}

/// A request.
pub(super) trait Input: Sized {
    /// The part that it is read from.
    const PART: Part;
    /// The type that describes it.
    type Schema: JsonSchema;

    fn read(event: &Event<'_>) -> Result<Self, Rejection>;
}

/// An answer.
pub(super) trait Output {
    /// The HTTP status.
    const STATUS: u16;
    /// The type that describes it; `()` if it has no body.
    type Schema: JsonSchema;

    fn response(self) -> Response;
}

/// A JSON body.
pub(super) struct Json<T>(pub(super) T);

impl<T: DeserializeOwned + JsonSchema> Input for Json<T> {
    const PART: Part = Part::Body;
    type Schema = T;

    fn read(event: &Event<'_>) -> Result<Self, Rejection> {
        event.json().map(Self)
    }
}

impl<T: Serialize + JsonSchema> Output for Json<T> {
    const STATUS: u16 = 200;
    type Schema = T;

    fn response(self) -> Response {
        Response::json(Self::STATUS, "application/json", &self.0)
    }
}

/// The parameters of a query.
pub(super) struct Query<T>(pub(super) T);

impl<T: DeserializeOwned + JsonSchema> Input for Query<T> {
    const PART: Part = Part::Query;
    type Schema = T;

    fn read(event: &Event<'_>) -> Result<Self, Rejection> {
        event.query().map(Self)
    }
}

/// No request, or no answer.
pub(super) struct Nothing;

impl Input for Nothing {
    const PART: Part = Part::Nothing;
    type Schema = ();

    fn read(_: &Event<'_>) -> Result<Self, Rejection> {
        Ok(Self)
    }
}

impl Output for Nothing {
    const STATUS: u16 = 204;
    type Schema = ();

    fn response(self) -> Response {
        Response::empty(Self::STATUS)
    }
}

/// A function over the operations of the table.
pub(super) trait Visitor {
    fn visit<O: Operation>(&mut self);
}

macro_rules! routes {
    ($(
        $(#[doc = $about:literal])*
        $table:ident: $action:ident {$(
            $(#[doc = $doc:literal])+
            $name:ident($id:literal) = $method:ident $path:literal, $auth:ident,
                $request:ty => $answer:ty, [$($problem:ident),*];
        )*}
    )*) => {
        $(
            $(#[doc = $about])*
            #[derive(Clone, Copy, Debug, PartialEq, Eq)]
            pub(crate) enum $action { $($name),* }

            $(#[doc = $about])*
            pub(super) static $table: &[Route<$action>] = &[$(
                Route {
                    method: stringify!($method),
                    path: $path,
                    name: concat!(stringify!($method), " ", $path),
                    auth: Auth::$auth,
                    action: $action::$name,
                },
            )*];

            $(
                pub(super) struct $name;

                impl Operation for $name {
                    type Request = $request;
                    type Answer = $answer;
                    const METHOD: &'static str = stringify!($method);
                    const PATH: &'static str = $path;
                    const AUTH: Auth = Auth::$auth;
                    const ID: &'static str = $id;
                    const TAG: Tag = Tag::of(Auth::$auth);
                    const DOC: &'static [&'static str] = &[$($doc),+];
                    const PROBLEMS: &'static [ProblemType] = &[$(ProblemType::$problem),*];
                }
            )*
        )*

        /// Visits every operation, in the order of the table.
        pub(super) fn visit(visitor: &mut impl Visitor) {
            $($(visitor.visit::<$name>();)*)*
        }
    };
}

routes! {
    /// The routes of the function sign-in.
    SIGN_IN: SignInAction {
        /// Begin a sign-in
        ///
        /// Sends a code to the email address or phone number. The answer is the same with and
        /// without an account. With `resume` it continues a sign-in and sends nothing.
        SignIn("signIn") = POST "/v1/sign-in", Anonymous,
            Json<SignInRequest> => Json<CodePrompt>,
            [InvalidIdentifier, InvalidResume, CaptchaRequired, TooManyRequests];
        /// Request a ticket
        ///
        /// For an SDK that runs Cognito's exchange itself, such as Amplify. The call sends nothing
        /// and charges no code; the redeemed ticket does. With the `proof` of a first sign-in it makes
        /// the account.
        CreateTicket("createTicket") = POST "/v1/sign-in/ticket", Anonymous,
            Json<TicketRequest> => Json<IssuedTicket>,
            [InvalidIdentifier, InvalidProof, InvalidResume, CaptchaRequired,
                NotAdmitted, NotFound, ContactInUse, TooManyRequests];
        /// Answer a code
        ///
        /// Answers the code of a sign-in, or of a new contact. A right code returns tokens. If there
        /// is no account, the same call creates it, unless the sign-in began with `existingOnly`.
        AnswerCode("answerCode") = POST "/v1/sign-in/answer", Anonymous,
            Json<AnswerRequest> => Json<AnswerResult>,
            [InvalidContinuation, NotAdmitted, NoAccount, ContactInUse, TooManyRequests];
        /// Resend a code
        ///
        /// Sends the code once more, or a longer one, if `resendAfter` seconds have passed. Before
        /// that nothing is sent. The answer has the prompt as it is now.
        ResendCode("resendCode") = POST "/v1/sign-in/resend", Anonymous,
            Json<ResendRequest> => Json<CodePrompt>,
            [InvalidContinuation, TooManyRequests];
        /// Undo the change of a contact
        ///
        /// Answers the code of a sign-in with a contact that was replaced, within 72 hours by
        /// default. A right code gives the account back, signs every other device out and returns
        /// tokens, instead of creating an account.
        UndoContactChange("undoContactChange") = POST "/v1/contacts/undo", Anonymous,
            Json<AnswerRequest> => Json<AnswerResult>,
            [InvalidContinuation, NothingToUndo, ContactInUse, TooManyRequests];
    }

    /// The routes of the function sign-up.
    ACCOUNT: AccountAction {
        /// Add the names and a second contact
        ///
        /// Writes the names and sends a code to the contact. Needs a recent sign-in. The code is
        /// answered at `/v1/sign-in/answer`.
        SignUp("signUp") = POST "/v1/sign-up", Bearer,
            Json<SignUpRequest> => Json<CodePrompt>,
            [InvalidIdentifier, InvalidName, ReauthRequired, ContactInUse, ChangeHeld,
                TooManyRequests];
        /// Change the names
        UpdateNames("updateNames") = POST "/v1/names", Bearer,
            Json<Names> => Json<Names>, [InvalidName];
        /// Change a contact
        ///
        /// Sends a code to the new contact. Until it is answered at `/v1/sign-in/answer`, nothing
        /// changes. Needs a recent sign-in. With `resume` it continues a request and sends nothing.
        ChangeContact("changeContact") = POST "/v1/contacts/change", Bearer,
            Json<ContactChangeRequest> => Json<CodePrompt>,
            [InvalidIdentifier, InvalidResume, ReauthRequired, ContactInUse, ChangeHeld,
                TooManyRequests];
        /// Read the state of a contact
        ///
        /// Returns the latest request for a contact of this kind.
        GetPendingContact("getPendingContact") = GET "/v1/contacts/pending", Bearer,
            Query<PendingQuery> => Json<PendingResult>, [];
        /// Remember this device
        ///
        /// Returns a device token. A known device has a budget of codes that no stranger can spend.
        /// Needs a recent sign-in.
        RememberDevice("rememberDevice") = POST "/v1/devices/remember", Bearer,
            Nothing => Json<RememberedDevice>, [ReauthRequired];
        /// Forget all devices
        ///
        /// Makes every device token of the account invalid.
        ForgetDevices("forgetDevices") = POST "/v1/devices/forget", Bearer,
            Nothing => Nothing, [];
        /// Invite a contact
        ///
        /// Permits the contact one account where sign-up is not open. In place of an earlier
        /// invitation of the contact. Sends nothing. Needs a recent sign-in, by an account in the
        /// group of inviters, and gives only what `INVITERS_MAY_GIVE` and `INVITERS_MAY_SET` list.
        Invite("invite") = POST "/v1/invitations", Bearer,
            Json<InvitationRequest> => Nothing,
            [InvalidIdentifier, InvalidInvitation, ReauthRequired, NotAnInviter,
                MembershipNotPermitted, SignUpIsOpen];
        /// Withdraw an invitation
        ///
        /// Succeeds too if there is none. An account that was created with it stays. Needs a recent
        /// sign-in, by an account in the group of inviters.
        WithdrawInvitation("withdrawInvitation") = POST "/v1/invitations/withdraw", Bearer,
            Json<InvitedContact> => Nothing,
            [InvalidIdentifier, ReauthRequired, NotAnInviter, SignUpIsOpen];
        /// Read the browser's session
        ///
        /// Returns the session of the cookie, without its tokens.
        GetSession("getSession") = GET "/v1/session", Cookie,
            Nothing => Json<CurrentSession>, [];
        /// Fetch an access token
        ///
        /// For the app's own server, which sends the browser's cookie. Never forward the answer to a
        /// browser.
        GetAccessToken("getAccessToken") = GET "/v1/session/token", Server,
            Nothing => Json<AccessToken>, [];
        /// List the sessions of the account
        ListSessions("listSessions") = GET "/v1/sessions", Cookie,
            Nothing => Json<SessionList>, [];
        /// End a session
        ///
        /// Ends one session of the list. Succeeds too if it has ended.
        RevokeSession("revokeSession") = POST "/v1/sessions/revoke", Cookie,
            Json<RevokeRequest> => Nothing, [];
        /// Sign out
        ///
        /// Ends the session, revokes its tokens and deletes the cookie. With `everywhere`, it ends
        /// every session and every token of the account. Without `everywhere`, it succeeds too if
        /// the session has ended.
        SignOut("signOut") = POST "/v1/sign-out", Ending,
            Json<SignOutRequest> => Nothing, [];
    }
}

/// Returns the route of a method and path.
pub(super) fn find<A>(
    routes: &'static [Route<A>],
    method: &str,
    path: Option<&str>,
) -> Result<&'static Route<A>, Rejection> {
    let mut allowed = Vec::new();
    for route in routes.iter().filter(|route| Some(route.path) == path) {
        if route.method == method {
            return Ok(route);
        }
        allowed.push(route.method);
    }
    Err(if allowed.is_empty() {
        Rejection::NotFound
    } else {
        Rejection::MethodNotAllowed(allowed.join(", "))
    })
}
