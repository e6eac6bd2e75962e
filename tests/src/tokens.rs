//! Tokens, verified as an API would verify them.

use data_encoding::BASE64URL_NOPAD;
use jsonwebtoken::jwk::JwkSet;
use jsonwebtoken::{Algorithm, DecodingKey, Validation};
use reqwest::Method;
use serde_json::{Value, json};

use crate::browser::Browser;
use crate::door::Door;
use crate::files::note;
use crate::person::{Person, Question, Refusal, code_of};
use crate::service::Latchstring;

/// A user with tokens, or with a browser session.
pub struct SignedIn {
    latchstring: Latchstring,
    /// The browser, in session mode. Nothing else has its cookie.
    pub browser: Browser,
    /// The claims of the id token. In session mode there is none: the user's attributes, as the app's
    /// server reads them.
    pub id: Value,
    /// The claims of the access token.
    pub access: Value,
    /// True if the sign-in created the account, where the answer says so.
    pub is_new: Option<bool>,
    id_token: String,
    access_token: String,
    refresh_token: String,
}

impl SignedIn {
    /// Verifies the tokens: signature by the pool's published keys, issuer, use, client, and that
    /// both are of one account.
    pub(crate) async fn check(
        latchstring: &Latchstring,
        id_token: &str,
        access_token: &str,
        refresh_token: &str,
    ) -> Self {
        for token in [id_token, access_token, refresh_token] {
            assert!(!token.is_empty(), "all three tokens are present");
            note(token);
        }
        let settings = latchstring.settings();
        let keys = keys_of(latchstring).await;
        let id = checked(latchstring, id_token, "id", &keys);
        let access = checked(latchstring, access_token, "access", &keys);
        assert!(
            id["aud"] == settings.client_id.as_str(),
            "the id token is for this client"
        );
        assert!(id["sub"] == access["sub"], "both tokens are of one account");
        Self {
            latchstring: latchstring.clone(),
            browser: Browser::default(),
            id,
            access,
            is_new: None,
            id_token: id_token.to_owned(),
            access_token: access_token.to_owned(),
            refresh_token: refresh_token.to_owned(),
        }
    }

    /// Returns the user of a browser session. The app's server reads the access token and with it the
    /// user's attributes.
    ///
    /// # Errors
    /// If the browser is not signed in.
    pub async fn within(latchstring: &Latchstring, browser: &Browser) -> Result<Self, Refusal> {
        let access_token = latchstring.token_of(browser).await?;
        let keys = keys_of(latchstring).await;
        let access = checked(latchstring, &access_token, "access", &keys);
        let mut signed_in = Self {
            latchstring: latchstring.clone(),
            browser: browser.clone(),
            id: Value::Null,
            access,
            is_new: None,
            id_token: String::new(),
            access_token,
            refresh_token: String::new(),
        };
        let (username, attributes) = signed_in.who_am_i().await.expect("GetUser");
        assert!(username == signed_in.username(), "it is one account");
        signed_in.id = attributes
            .into_iter()
            .map(|(name, value)| {
                let is_a_mark = name.ends_with("_verified");
                let claim = if is_a_mark {
                    json!(value == "true")
                } else {
                    json!(value)
                };
                (name, claim)
            })
            .collect();
        assert!(
            signed_in.id["sub"] == signed_in.access["sub"],
            "both are of one account"
        );
        let session = signed_in.call(Method::GET, "session", Value::Null).await;
        let session = session.expect("it is signed in");
        assert!(
            session["sub"] == signed_in.access["sub"],
            "the session is of this account"
        );
        assert!(session["username"] == signed_in.access["username"]);
        Ok(signed_in)
    }

    /// Verifies the tokens of an answer of ours.
    pub(crate) async fn of(latchstring: &Latchstring, tokens: &Value) -> Self {
        let token = |name: &str| tokens[name].as_str().unwrap_or_default();
        let [id, access, refresh] = ["idToken", "accessToken", "refreshToken"].map(token);
        Self::check(latchstring, id, access, refresh).await
    }

    /// Calls a route of the HTTP door with the access token.
    async fn call(&self, method: Method, path: &str, body: Value) -> Result<Value, Refusal> {
        if self.latchstring.door() == Door::Session {
            let browser = &self.browser;
            return self.latchstring.browse(browser, method, path, body).await;
        }
        let token = Some(self.access_token.as_str());
        self.latchstring.call(token, method, path, body).await
    }

    fn is_at_http(&self) -> bool {
        self.latchstring.door().is_http()
    }

    /// Returns the account's immutable id.
    pub fn sub(&self) -> &str {
        self.id["sub"].as_str().expect("a sub")
    }

    /// Returns the pool's username.
    pub fn username(&self) -> &str {
        self.access["username"].as_str().expect("a username")
    }

    /// Calls `GetUser` with the access token: the username, and the attributes' names and values.
    pub async fn who_am_i(&self) -> Result<(String, Vec<(String, String)>), Refusal> {
        let user = self
            .latchstring
            .cognito()
            .get_user()
            .access_token(&self.access_token)
            .send()
            .await
            .map_err(|error| Refusal::of(&error))?;
        let attributes = user.user_attributes().iter().map(|a| {
            (
                a.name().to_owned(),
                a.value().unwrap_or_default().to_owned(),
            )
        });
        Ok((user.username().to_owned(), attributes.collect()))
    }

    /// Adds a name and a second contact. May be refused.
    pub async fn signs_up(
        &self,
        name: (&str, &str),
        contact: &Person,
    ) -> Result<Question, Refusal> {
        const QUERY: &str = "mutation ($input: SignUpInput!) { signUp(input: $input) \
                             { session username codeLength expiresIn resendAfter } }";
        if self.is_at_http() {
            let body = json!({
                "method": contact.method(), "emailOrPhone": contact.typed(),
                "givenName": name.0, "familyName": name.1, "locale": contact.locale(),
                "linkChallenge": contact.link_challenge(),
            });
            let prompt = self.call(Method::POST, "sign-up", body).await?;
            return Ok(Question::prompted(&self.latchstring, &prompt).within(&self.browser));
        }
        let data = json!({
            "method": contact.graphql_method(), "emailOrPhone": contact.typed(),
            "givenName": name.0, "familyName": name.1, "locale": contact.locale(),
            "linkChallenge": contact.link_challenge(),
        });
        let input = json!({"input": {"data": data}});
        let payload = self.graphql("signUp", QUERY, input).await?;
        Ok(Question::of(&self.latchstring, &payload))
    }

    /// Writes a name. May be refused.
    pub async fn renames(&self, name: (&str, &str)) -> Result<Value, Refusal> {
        const QUERY: &str = "mutation ($input: UpdateNameInput!) { updateName(input: $input) \
                             { givenName familyName } }";
        let names = json!({"givenName": name.0, "familyName": name.1});
        if self.is_at_http() {
            return self.call(Method::POST, "names", names).await;
        }
        let input = json!({ "input": names });
        self.graphql("updateName", QUERY, input).await
    }

    /// Requests another contact. May be refused.
    pub async fn changes_to(&self, contact: &Person) -> Result<Question, Refusal> {
        const QUERY: &str = "mutation ($input: ChangeContactInput!) { changeContact(input: $input) \
                             { session username codeLength pointer resume expiresIn resendAfter } }";
        if self.is_at_http() {
            let body = json!({
                "method": contact.method(), "emailOrPhone": contact.typed(),
                "locale": contact.locale(), "linkChallenge": contact.link_challenge(),
            });
            let prompt = self.call(Method::POST, "contacts/change", body).await?;
            return Ok(Question::prompted(&self.latchstring, &prompt).within(&self.browser));
        }
        let input = json!({"input": {
            "method": contact.graphql_method(), "emailOrPhone": contact.typed(),
            "locale": contact.locale(), "linkChallenge": contact.link_challenge(),
        }});
        let payload = self.graphql("changeContact", QUERY, input).await?;
        Ok(Question::of(&self.latchstring, &payload))
    }

    /// Returns the device token that gives this device a budget of its own.
    pub async fn remembers_the_device(&self) -> Result<String, Refusal> {
        const QUERY: &str = "mutation { rememberDevice { device expiresIn } }";
        let payload = if self.is_at_http() {
            let path = "devices/remember";
            self.call(Method::POST, path, Value::Null).await?
        } else {
            self.graphql("rememberDevice", QUERY, json!({})).await?
        };
        assert_eq!(payload["expiresIn"], 180 * 24 * 3600);
        let device = payload["device"].as_str().expect("a text").to_owned();
        note(&device);
        Ok(device)
    }

    /// Revokes every device token of the account's contacts.
    pub async fn forgets_the_devices(&self) -> Result<(), Refusal> {
        if self.is_at_http() {
            let path = "devices/forget";
            let answer = self.call(Method::POST, path, Value::Null).await?;
            assert!(answer.is_null(), "204 has no body");
            return Ok(());
        }
        let query = "mutation { forgetDevices }";
        self.graphql("forgetDevices", query, json!({})).await?;
        Ok(())
    }

    /// Returns the outcome of the latest request for an email address.
    pub async fn pending_email(&self) -> Option<String> {
        const QUERY: &str = "query { pendingContact(method: EMAIL) { state } }";
        if self.is_at_http() {
            let path = "contacts/pending?method=email";
            let answer = self.call(Method::GET, path, Value::Null).await;
            let pending = &answer.expect("the query is allowed")["pending"];
            assert!(pending.is_null() || pending["method"] == "email");
            return pending["state"].as_str().map(str::to_uppercase);
        }
        let pending = self.graphql("pendingContact", QUERY, json!({})).await;
        let pending = pending.expect("the query is allowed");
        pending["state"].as_str().map(str::to_owned)
    }

    /// Invites a contact, with further members of the invitation. May be refused. It is a call of the
    /// HTTP door.
    pub async fn invites(&self, contact: &Person, members: Value) -> Result<(), Refusal> {
        let body = contact.invitation(members);
        let answer = self.call(Method::POST, "invitations", body).await?;
        assert!(answer.is_null(), "204 has no body");
        Ok(())
    }

    /// Withdraws the invitation of a contact. May be refused. It is a call of the HTTP door.
    pub async fn withdraws_the_invitation(&self, contact: &Person) -> Result<(), Refusal> {
        let body = contact.invitation(json!({}));
        let answer = self
            .call(Method::POST, "invitations/withdraw", body)
            .await?;
        assert!(answer.is_null(), "204 has no body");
        Ok(())
    }

    /// Returns this user with groups of their own in the access token, which no longer has a valid
    /// signature.
    #[must_use]
    pub fn with_forged_groups(mut self, groups: &[&str]) -> Self {
        let mut claims = self.access.clone();
        claims["cognito:groups"] = json!(groups);
        let claims = BASE64URL_NOPAD.encode(claims.to_string().as_bytes());
        let parts: Vec<&str> = self.access_token.split('.').collect();
        let forged = [parts[0], claims.as_str(), parts[2]].join(".");
        note(&forged);
        self.access_token = forged;
        self
    }

    async fn graphql(&self, field: &str, query: &str, input: Value) -> Result<Value, Refusal> {
        let token = ("authorization", self.access_token.as_str());
        self.latchstring
            .graphql_as(token, field, query, input)
            .await
    }

    /// Returns this user with the id token in the place of the access token.
    #[must_use]
    pub fn with_the_wrong_token(mut self) -> Self {
        self.access_token.clone_from(&self.id_token);
        self
    }

    /// Signs out everywhere.
    pub async fn signs_out(&self) {
        if self.latchstring.door() == Door::Session {
            let body = json!({ "everywhere": true });
            let answer = self.call(Method::POST, "sign-out", body).await;
            assert!(answer.expect("signed out").is_null(), "204 has no body");
            assert!(!self.browser.has_a_cookie());
            return;
        }
        self.latchstring
            .cognito()
            .global_sign_out()
            .access_token(&self.access_token)
            .send()
            .await
            .unwrap_or_else(|error| panic!("GlobalSignOut: {}", code_of(&error)));
    }

    /// Returns new tokens for the refresh token.
    pub async fn refreshes(&self) -> Self {
        use aws_sdk_cognitoidentityprovider::types::AuthFlowType;

        if self.latchstring.door() == Door::Session {
            let within = Self::within(&self.latchstring, &self.browser).await;
            return within.expect("it is signed in");
        }
        let output = self
            .latchstring
            .cognito()
            .initiate_auth()
            .auth_flow(AuthFlowType::RefreshTokenAuth)
            .client_id(&self.latchstring.settings().client_id)
            .auth_parameters("REFRESH_TOKEN", &self.refresh_token)
            .send()
            .await
            .unwrap_or_else(|error| panic!("REFRESH_TOKEN_AUTH: {}", code_of(&error)));
        let result = output.authentication_result().expect("new tokens");
        Self::check(
            &self.latchstring,
            result.id_token().unwrap_or_default(),
            result.access_token().unwrap_or_default(),
            &self.refresh_token,
        )
        .await
    }

    /// Sends the first refresh token once more, as each of several tabs would.
    ///
    /// # Errors
    /// The error's code, if the token is refused.
    pub async fn tries_to_refresh(&self) -> Result<(), String> {
        if self.latchstring.door() == Door::Session {
            let token = self.latchstring.token_of(&self.browser).await;
            return token.map(|_| ()).map_err(|refusal| refusal.kind);
        }
        let output = self
            .latchstring
            .cognito()
            .get_tokens_from_refresh_token()
            .client_id(&self.latchstring.settings().client_id)
            .refresh_token(&self.refresh_token)
            .send()
            .await
            .map_err(|error| code_of(&error))?;
        let result = output.authentication_result().expect("new tokens");
        for token in [
            result.id_token(),
            result.access_token(),
            result.refresh_token(),
        ] {
            note(token.unwrap_or_default());
        }
        Ok(())
    }
}

/// Returns the keys that the pool publishes.
async fn keys_of(latchstring: &Latchstring) -> JwkSet {
    let settings = latchstring.settings();
    let url = format!(
        "{}/{}/.well-known/jwks.json",
        settings.endpoint, settings.user_pool_id
    );
    let keys = latchstring.http().get(url).send().await;
    let keys = keys.expect("the keys are served").json().await;
    keys.expect("the keys are a JWKS")
}

/// Returns the claims of a token of this pool, client and use.
fn checked(latchstring: &Latchstring, token: &str, token_use: &str, keys: &JwkSet) -> Value {
    let settings = latchstring.settings();
    let claims = claims(token, keys);
    let issuer = format!(
        "https://cognito-idp.{}.amazonaws.com/{}",
        settings.region, settings.user_pool_id
    );
    assert!(
        claims["iss"] == issuer.as_str(),
        "the issuer is AWS's form of the pool"
    );
    assert!(claims["token_use"] == token_use, "the token states its use");
    assert!(
        token_use != "access" || claims["client_id"] == settings.client_id.as_str(),
        "the access token is for this client"
    );
    claims
}

fn claims(token: &str, keys: &JwkSet) -> Value {
    let header = jsonwebtoken::decode_header(token)
        .unwrap_or_else(|_| panic!("a token is a JSON Web Token"));
    assert!(
        header.alg == Algorithm::RS256,
        "tokens are signed with RS256"
    );
    let key = header
        .kid
        .and_then(|kid| keys.find(&kid))
        .expect("the key of a token is published");
    let key =
        DecodingKey::from_jwk(key).unwrap_or_else(|_| panic!("a published key is an RSA key"));
    let mut validation = Validation::new(Algorithm::RS256);
    // An access token has no audience; the client is checked by its claim.
    validation.validate_aud = false;
    jsonwebtoken::decode::<Value>(token, &key, &validation)
        .unwrap_or_else(|_| panic!("the signature of a token is right"))
        .claims
}
