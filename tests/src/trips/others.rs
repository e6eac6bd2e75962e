//! What others do, as the trips that their sources make one after the other.

use super::line::{Hop, Latencies};
use Hop::{Client, Cognito, DynamoDb, Invoke, Kms, Message};

/// Somebody else's way to sign in.
pub struct Other {
    /// Whose.
    pub name: &'static str,
    /// From what was typed until the client may ask for the code.
    pub sign_in: &'static [Hop],
    /// From the code until there are tokens.
    pub answer: &'static [Hop],
}

/// The original article, <https://dev.to/duarten/passwordless-authentication-with-cognito-13c>: a
/// resolver calls `InitiateAuth` and answers the first challenge; Create sends, and then answers.
/// The code is in the session, so Verify and Define ask nobody.
pub const ARTICLE: Other = Other {
    name: "the article",
    sign_in: &[
        Client, Invoke, // the resolver
        Cognito, Invoke, Invoke, // InitiateAuth: define, create
        Cognito, Invoke, Invoke, Invoke, Message, // Respond: verify, define, create
    ],
    answer: &[Client, Invoke, Invoke], // verify, define
};

/// The same for somebody new: `InitiateAuth` fails, `AdminCreateUser`, and `InitiateAuth` again.
pub const ARTICLE_NEW: Other = Other {
    name: "the article, somebody new",
    sign_in: &[
        Client, Invoke, Cognito, Cognito, Cognito, Invoke, Invoke, Cognito, Invoke, Invoke, Invoke,
        Message,
    ],
    answer: ARTICLE.answer,
};

/// `amazon-cognito-passwordless-auth` 0.17.0, a link by mail, which only somebody known can ask
/// for. From its package: `dist/client/magic-link.js` calls Cognito from the browser;
/// `dist/cdk/custom-auth/magic-link.js` signs with KMS, writes to `DynamoDB` and sends, and only
/// then answers; at the end one conditional write. The key that it verifies with it reads once.
pub const PEER: Other = Other {
    name: "amazon-cognito-passwordless-auth",
    sign_in: &[
        Client, Invoke, Invoke, // InitiateAuth: define, create
        Client, Invoke, Invoke, Invoke, Kms, DynamoDb, Message, // verify, define, create
    ],
    answer: &[Client, Invoke, DynamoDb, Invoke],
};

impl Other {
    /// How long one of its parts takes.
    pub fn took(part: &[Hop], latencies: Latencies) -> u64 {
        part.iter().map(|hop| latencies(*hop)).sum()
    }
}
