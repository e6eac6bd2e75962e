//! What a request may cost.

use std::time::Duration;

/// Bytes of a request body.
pub const MAX_BODY: usize = 1024 * 1024;

/// Tokens of a query document: graphql-java's default, with which AppSync is thought to be built.
pub const MAX_TOKENS: usize = 15_000;

/// Levels of nesting of a query document, written out or by fragments: the most that AppSync's
/// `queryDepthLimit` can be set to.
pub const MAX_DEPTH: usize = 75;

/// Fields of an operation, with fragments counted wherever they are spread.
pub const MAX_FIELDS: usize = 10_000;

/// The resolvers that one request may run, unless the API is given a lower `resolverCountLimit`:
/// AppSync's own quota.
pub const MAX_RESOLVERS: usize = 10_000;

/// How long AppSync executes one request.
pub const TIME_LIMIT: Duration = Duration::from_secs(30);
