//! The user pool and its app client.

/// The user pool and the app client that a session belongs to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AppClient {
    pool: String,
    client: String,
}

impl AppClient {
    /// Creates the identity of an app client of a pool.
    pub fn new(pool: impl Into<String>, client: impl Into<String>) -> Self {
        Self {
            pool: pool.into(),
            client: client.into(),
        }
    }

    /// The user pool's id.
    pub fn pool(&self) -> &str {
        &self.pool
    }

    /// The app client's id.
    pub fn client(&self) -> &str {
        &self.client
    }

    /// The associated data that binds sealed texts and metadata to this pool and client.
    pub(crate) fn as_aad(&self) -> [&[u8]; 2] {
        [self.pool.as_bytes(), self.client.as_bytes()]
    }
}
