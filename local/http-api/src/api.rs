//! One HTTP API.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use crate::authorizer::JwtAuthorizer;
use crate::cors::Cors;
use crate::functions::Functions;

/// The time that API Gateway waits for a function.
pub const TIME_LIMIT: Duration = Duration::from_secs(30);

/// The maximum size of a request body: 10 MB.
pub const MAX_BODY: usize = 10 * 1024 * 1024;

/// A route.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Route {
    /// The method and the path, as in `POST /v1/sign-in`.
    pub key: String,
    /// The name of its function.
    pub function: String,
    /// True if the JWT authorizer guards it.
    pub is_signed_in: bool,
}

/// One HTTP API: routes to functions, with one JWT authorizer.
pub struct HttpApi {
    pub(crate) routes: BTreeMap<String, Route>,
    pub(crate) functions: Arc<dyn Functions>,
    pub(crate) authorizer: JwtAuthorizer,
    pub(crate) cors: Option<Cors>,
    pub(crate) time_limit: Duration,
    requests: AtomicU64,
}

impl HttpApi {
    /// Creates an API without CORS.
    pub fn new(
        routes: impl IntoIterator<Item = Route>,
        functions: Arc<dyn Functions>,
        authorizer: JwtAuthorizer,
    ) -> Self {
        let routes = routes.into_iter();
        Self {
            routes: routes.map(|route| (route.key.clone(), route)).collect(),
            functions,
            authorizer,
            cors: None,
            time_limit: TIME_LIMIT,
            requests: AtomicU64::new(0),
        }
    }

    /// Answers preflights, and lets pages of other origins call.
    #[must_use]
    pub fn with_cors(self, cors: Cors) -> Self {
        Self {
            cors: Some(cors),
            ..self
        }
    }

    /// Sets the time limit of a function, instead of [`TIME_LIMIT`].
    #[must_use]
    pub fn with_time_limit(self, time_limit: Duration) -> Self {
        Self { time_limit, ..self }
    }

    /// Returns the id of the next request.
    pub(crate) fn next_id(&self) -> String {
        format!("{:015}=", self.requests.fetch_add(1, Ordering::Relaxed))
    }
}

/// Prints no fields, because the functions hold keys.
impl fmt::Debug for HttpApi {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("HttpApi").finish_non_exhaustive()
    }
}
