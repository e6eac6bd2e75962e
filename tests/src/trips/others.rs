//! Other systems, as the sequential trips that their source code makes.

use super::line::{Hop, Latencies};
use Hop::{Client, Cognito, DynamoDb, Invoke, Kms, Message};

/// Another system's way to sign in.
pub struct Other {
    /// The system's name.
    pub name: &'static str,
    /// The trips from the typed identifier until the client may show the code field.
    pub sign_in: &'static [Hop],
    /// The trips from the code to the tokens.
    pub answer: &'static [Hop],
}

/// The original article, <https://dev.to/duarten/passwordless-authentication-with-cognito-13c>: a
/// resolver calls `InitiateAuth` and answers the first challenge; Create sends, and then answers.
/// The code is in the session, so Verify and Define call no service.
pub const ARTICLE: Other = Other {
    name: "the article",
    sign_in: &[
        Client, Invoke, // the resolver
        Cognito, Invoke, Invoke, // InitiateAuth: define, create
        Cognito, Invoke, Invoke, Invoke, Message, // Respond: verify, define, create
    ],
    answer: &[Client, Invoke, Invoke], // verify, define
};

/// The article's way for a new user: `InitiateAuth` fails, `AdminCreateUser`, and `InitiateAuth`
/// again.
pub const ARTICLE_NEW: Other = Other {
    name: "the article, a new user",
    sign_in: &[
        Client, Invoke, Cognito, Cognito, Cognito, Invoke, Invoke, Cognito, Invoke, Invoke, Invoke,
        Message,
    ],
    answer: ARTICLE.answer,
};

/// `amazon-cognito-passwordless-auth` 0.17.0: a link by mail, for known users only. From its
/// package: `dist/client/magic-link.js` calls Cognito from the browser.
/// `dist/cdk/custom-auth/magic-link.js` signs with KMS, writes to `DynamoDB` and sends, and only
/// then answers; at the end it makes one conditional write. It reads the verification key once.
pub const PEER: Other = Other {
    name: "amazon-cognito-passwordless-auth",
    sign_in: &[
        Client, Invoke, Invoke, // InitiateAuth: define, create
        Client, Invoke, Invoke, Invoke, Kms, DynamoDb, Message, // verify, define, create
    ],
    answer: &[Client, Invoke, DynamoDb, Invoke],
};

impl Other {
    /// Returns the duration of one of its parts.
    pub fn took(part: &[Hop], latencies: Latencies) -> u64 {
        part.iter().map(|hop| latencies(*hop)).sum()
    }
}
