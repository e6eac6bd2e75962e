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

/// Resolvers that one request may run. AppSync's quota is 10,000, and `resolverCountLimit` lowers it:
/// nobody needs a thousand aliases of one mutation but an attacker.
pub const MAX_RESOLVERS: usize = 50;

/// How long AppSync executes one request.
pub const TIME_LIMIT: Duration = Duration::from_secs(30);
