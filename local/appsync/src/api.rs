//! One GraphQL API.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use crate::event::Edges;
use crate::functions::Functions;
use crate::limits::{MAX_RESOLVERS, TIME_LIMIT};
use crate::schema::{BoundSchema, SchemaError};
use crate::tokens::Tokens;

/// One GraphQL API: a schema whose root fields are functions, an API key, and a user pool.
pub struct Api {
    pub(crate) schema: BoundSchema,
    pub(crate) key: String,
    pub(crate) functions: Arc<dyn Functions>,
    pub(crate) tokens: Arc<dyn Tokens>,
    pub(crate) time_limit: Duration,
    pub(crate) resolver_count_limit: usize,
    pub(crate) edges: Edges,
}

impl Api {
    /// Reads the schema and binds its root fields to functions (`"Mutation.signIn"` to `"sign-in"`).
    ///
    /// Every root field needs a function. Only a nullable field without arguments can do without;
    /// it is then null, as in AppSync. A mapping for an unknown field is an error too.
    pub fn new(
        sdl: &str,
        field_to_function: BTreeMap<String, String>,
        api_key: String,
        functions: Arc<dyn Functions>,
        tokens: Arc<dyn Tokens>,
    ) -> Result<Self, SchemaError> {
        Ok(Self {
            schema: BoundSchema::new(sdl, field_to_function)?,
            key: api_key,
            functions,
            tokens,
            time_limit: TIME_LIMIT,
            resolver_count_limit: MAX_RESOLVERS,
            edges: Edges::default(),
        })
    }

    /// Limits the resolvers of one request, as AppSync's `resolverCountLimit` does. Each one beyond
    /// the limit fails with `ResolverExecutionLimitReached`, and its function is not called.
    #[must_use]
    pub fn with_resolver_count_limit(self, resolver_count_limit: usize) -> Self {
        Self {
            resolver_count_limit,
            ..self
        }
    }

    /// Sets the time limit for the functions of one request, instead of [`TIME_LIMIT`].
    #[must_use]
    pub fn with_time_limit(self, time_limit: Duration) -> Self {
        Self { time_limit, ..self }
    }
}

/// Prints no fields, because one is a key.
impl fmt::Debug for Api {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Api").finish_non_exhaustive()
    }
}
