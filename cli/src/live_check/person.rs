//! A user of the deployment, who signs in by the HTTP API, and the public operations of Cognito.

use std::collections::BTreeMap;

use aws_sdk_cognitoidentityprovider as cognito;
use cognito::Client;
use latchstring_lambda::config::Environment;
use serde_json::{Value, json};

use super::http::{self, Reply};
use crate::error_code::ErrorCode;

/// The deployment as its clients see it.
pub(super) struct Site {
    /// The URL of the HTTP API, before `/v1`.
    pub(super) api: String,
    /// The GraphQL API and its key; none without AppSync.
    pub(super) graphql: Option<(String, String)>,
    /// The user pool.
    pub(super) pool: String,
    /// The app client.
    pub(super) client: String,
    /// Cognito. Each call is one attempt.
    pub(super) cognito: Client,
    /// The codes of the test identifiers.
    codes: BTreeMap<String, String>,
}

/// The test identifiers, one for each account that a scenario or a probe needs.
pub(super) const IDENTIFIERS: [&str; 14] = [
    "ada@live-check.example",
    "grace@live-check.example",
    "joan@live-check.example",
    "kay@live-check.example",
    "barbara@live-check.example",
    "liskov@live-check.example",
    "alan@live-check.example",
    "radia@live-check.example",
    "katherine@live-check.example",
    "margaret@live-check.example",
    "hedy@live-check.example",
    "lynn@live-check.example",
    "annie@live-check.example",
    "shafi@live-check.example",
];

/// Returns the setting `TEST_IDENTIFIERS` of a run. `day` is the last day of the identifiers.
pub(super) fn test_identifiers(day: &str) -> String {
    IDENTIFIERS.map(|it| format!("{it}={day}")).join(",")
}

impl Site {
    /// Returns the deployment. `ring` is the text of the key ring.
    ///
    /// # Errors
    /// If an output is missing, or the ring yields no code.
    pub(super) fn new(
        outputs: &BTreeMap<String, String>,
        cognito: Client,
        ring: &str,
        day: &str,
        endpoint: Option<&str>,
    ) -> Result<Self, String> {
        let output = |name: &str| {
            let found = outputs.get(name).filter(|it| !it.is_empty());
            found.ok_or_else(|| format!("the stack has no output {name}"))
        };
        let identifiers = test_identifiers(day);
        let pairs = [
            ("STORE", "memory"),
            ("KEY_RING", ring),
            ("TEST_IDENTIFIERS", &identifiers),
        ];
        let codes = Environment::Pairs(&pairs).test_codes();
        let codes = codes.map_err(|_| "the key ring of the stack yields no codes")?;
        let codes = codes.into_iter().map(|(test, code)| {
            let identifier = test.identifier.as_str().to_owned();
            (identifier, code.digits().to_owned())
        });
        Ok(Self {
            api: api(output("HttpUrl")?, endpoint),
            graphql: outputs
                .get("GraphqlUrl")
                .zip(outputs.get("ApiKey1"))
                .map(|(url, key)| (graphql(url, endpoint), key.clone())),
            pool: output("UserPoolId")?.clone(),
            client: output("ClientIds")?
                .split(',')
                .next()
                .unwrap_or_default()
                .to_owned(),
            cognito,
            codes: codes.collect(),
        })
    }

    /// Returns the code of a test identifier.
    pub(super) fn code(&self, identifier: &str) -> &str {
        self.codes.get(identifier).map_or("", String::as_str)
    }
}

/// Returns where the HTTP API is called: an emulator has it at a path.
fn api(url: &str, endpoint: Option<&str>) -> String {
    let url = url.trim_end_matches('/');
    let Some(endpoint) = endpoint else {
        return url.to_owned();
    };
    let host = url.split("//").last().unwrap_or_default();
    let id = host.split('.').next().unwrap_or_default();
    let endpoint = endpoint.trim_end_matches('/');
    format!("{endpoint}/_aws/execute-api/{id}/$default")
}

/// Returns where the GraphQL API is called: an emulator has it at a path.
fn graphql(url: &str, endpoint: Option<&str>) -> String {
    let Some(endpoint) = endpoint else {
        return url.to_owned();
    };
    let host = url.split("//").last().unwrap_or_default();
    let id = host.split('.').next().unwrap_or_default();
    format!("{}/v1/apis/{id}/graphql", endpoint.trim_end_matches('/'))
}

/// A user, with the tokens of the last sign-in.
pub(super) struct Person<'a> {
    site: &'a Site,
    tokens: Value,
}

/// A code that waits for its answer.
pub(super) struct Prompt {
    continuation: String,
}

impl<'a> Person<'a> {
    pub(super) fn new(site: &'a Site) -> Self {
        Self {
            site,
            tokens: Value::Null,
        }
    }

    /// Calls a route of the HTTP API below `/v1`.
    pub(super) async fn post(&self, route: &str, body: &Value) -> Result<Reply, String> {
        let url = format!("{}/v1/{route}", self.site.api);
        let bearer = format!("Bearer {}", self.access_token());
        let authorization = [("authorization", &*bearer)];
        let headers = if self.tokens.is_null() {
            &[][..]
        } else {
            &authorization
        };
        http::post(&url, headers, body).await
    }

    /// Returns the access token; empty before a sign-in.
    pub(super) fn access_token(&self) -> &str {
        self.tokens["accessToken"].as_str().unwrap_or_default()
    }

    /// Returns the ID token; empty before a sign-in.
    pub(super) fn id_token(&self) -> &str {
        self.tokens["idToken"].as_str().unwrap_or_default()
    }

    /// Returns the refresh token; empty before a sign-in.
    pub(super) fn refresh_token(&self) -> &str {
        self.tokens["refreshToken"].as_str().unwrap_or_default()
    }

    /// Has a code sent to an identifier by a route that returns a prompt.
    pub(super) async fn begin(&self, route: &str, identifier: &str) -> Result<Prompt, String> {
        let body = json!({ "emailOrPhone": identifier });
        let reply = self.post(route, &body).await?;
        match reply.body["continuation"].as_str() {
            Some(continuation) if reply.status == 200 => Ok(Prompt {
                continuation: continuation.to_owned(),
            }),
            _ => Err(format!("{route} answered {}", shown(&reply))),
        }
    }

    /// Answers a prompt, keeps the tokens if there are any, and returns the answer.
    pub(super) async fn answer(
        &mut self,
        prompt: &mut Prompt,
        code: &str,
    ) -> Result<Reply, String> {
        let body = json!({ "continuation": prompt.continuation, "answer": code });
        let reply = Person::new(self.site).post("sign-in/answer", &body).await?;
        if let Some(continuation) = reply.body["continuation"].as_str() {
            continuation.clone_into(&mut prompt.continuation);
        }
        if reply.body["tokens"].is_object() {
            self.tokens = reply.body["tokens"].clone();
        }
        Ok(reply)
    }

    /// Answers a prompt with the right code, and expects tokens.
    pub(super) async fn finish(
        &mut self,
        mut prompt: Prompt,
        identifier: &str,
    ) -> Result<(), String> {
        let code = self.site.code(identifier).to_owned();
        let reply = self.answer(&mut prompt, &code).await?;
        match reply.body["status"].as_str() {
            Some("signed_in") => Ok(()),
            _ => Err(format!("the right code was answered by {}", shown(&reply))),
        }
    }

    /// Signs in, for the first time or again.
    pub(super) async fn sign_in(&mut self, identifier: &str) -> Result<(), String> {
        let prompt = Person::new(self.site).begin("sign-in", identifier).await?;
        self.finish(prompt, identifier).await
    }

    /// Returns the attributes of the account, as Cognito returns them to its owner.
    pub(super) async fn account(&self) -> Result<BTreeMap<String, String>, String> {
        let get = self
            .site
            .cognito
            .get_user()
            .access_token(self.access_token());
        let user = get.send().await;
        let user = user.map_err(|error| format!("GetUser answered {}", ErrorCode::of(&error)))?;
        let pairs = user.user_attributes().iter().map(|attribute| {
            let value = attribute.value().unwrap_or_default().to_owned();
            (attribute.name().to_owned(), value)
        });
        Ok(pairs.collect())
    }
}

/// Returns an answer without what a client has sent: its status and the name of its error or state.
pub(super) fn shown(reply: &Reply) -> String {
    let kind = reply.body["type"]
        .as_str()
        .or(reply.body["status"].as_str());
    let kind = kind
        .and_then(|it| it.rsplit(':').next())
        .unwrap_or("no type");
    format!("{} {kind}", reply.status)
}

/// Returns a different code of the same length.
pub(super) fn wrong(code: &str) -> String {
    let mut digits = code.to_owned();
    let last = digits.pop().and_then(|it| it.to_digit(10)).unwrap_or(0);
    digits.push_str(&((last + 1) % 10).to_string());
    digits
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_api_is_called_at_its_host_or_at_the_path_of_an_emulator() {
        let url = "https://abc123.execute-api.eu-west-1.amazonaws.com/";
        assert_eq!(
            api(url, None),
            "https://abc123.execute-api.eu-west-1.amazonaws.com"
        );
        let emulated = api(url, Some("http://127.0.0.1:4566"));
        assert_eq!(
            emulated,
            "http://127.0.0.1:4566/_aws/execute-api/abc123/$default"
        );
        let url = "https://abc123.appsync-api.eu-west-1.amazonaws.com/graphql";
        assert_eq!(graphql(url, None), url);
        let emulated = graphql(url, Some("http://127.0.0.1:4566/"));
        assert_eq!(emulated, "http://127.0.0.1:4566/v1/apis/abc123/graphql");
    }

    #[test]
    fn a_wrong_code_differs_in_its_last_digit() {
        assert_eq!(wrong("12345679"), "12345670");
    }

    #[test]
    fn every_identifier_of_a_run_has_a_code() {
        const RING: &str = r#"{"id": "k1", "secret": "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8gISIjJCUmJygpKissLS4v"}"#;
        let outputs =
            ["HttpUrl", "UserPoolId", "ClientIds"].map(|it| (it.to_owned(), it.to_owned()));
        let access = crate::access::Access {
            region: "eu-west-1".to_owned(),
            access_key_id: String::new(),
            secret_access_key: String::new(),
            session_token: None,
            endpoint_url: None,
        };
        let cognito = crate::doctor::read::patient(&access);
        let site = Site::new(&outputs.into(), cognito, RING, "2027-01-31", None).expect("a site");
        for identifier in IDENTIFIERS {
            assert_eq!(site.code(identifier).len(), 8, "{identifier}");
        }
    }
}
