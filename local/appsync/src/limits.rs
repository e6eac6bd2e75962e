//! The limits of a request.

use std::time::Duration;

/// The maximum size of a request body, in bytes.
pub const MAX_BODY: usize = 1024 * 1024;

/// The maximum number of tokens of a query document: graphql-java's default, which AppSync is
/// thought to use.
pub const MAX_TOKENS: usize = 15_000;

/// The maximum depth of a query document, with fragments expanded: the highest value of AppSync's
/// `queryDepthLimit`.
pub const MAX_DEPTH: usize = 75;

/// The maximum number of fields of an operation, with fragments counted at every use.
pub const MAX_FIELDS: usize = 10_000;

/// The maximum number of resolvers of one request, unless the API has a lower `resolverCountLimit`:
/// AppSync's own quota.
pub const MAX_RESOLVERS: usize = 10_000;

/// The time limit of AppSync for one request.
pub const TIME_LIMIT: Duration = Duration::from_secs(30);
