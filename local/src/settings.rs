//! The settings of a client.

use latchstring_core::secret::Secret;

/// The settings that a client needs.
#[derive(Clone, Debug)]
pub struct Settings {
    /// The region of the pool.
    pub region: String,
    /// The user pool's id.
    pub user_pool_id: String,
    /// The app client's id.
    pub client_id: String,
    /// The second app client's id, if there is one.
    pub other_client: Option<String>,
    /// The base URL of the service.
    pub endpoint: String,
    /// The API key of the public mutations.
    pub api_key: String,
    /// The server credential; `None` without session mode.
    pub server_credential: Option<Secret>,
}

impl Settings {
    /// Returns the URL of the GraphQL API.
    pub fn graphql_url(&self) -> String {
        format!("{}/graphql", self.endpoint)
    }
}
