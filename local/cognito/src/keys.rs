//! The two RSA keys of the pool's tokens.

use std::sync::{Arc, OnceLock};

use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::rsa::{KeyPair, KeySize};
use aws_lc_rs::signature::{KeyPair as _, RSA_PKCS1_SHA256};
use data_encoding::{BASE64, BASE64URL_NOPAD};
use jsonwebtoken::{Algorithm, DecodingKey, Validation};
use serde_json::{Value, json};
use tokio::sync::watch;

use crate::error::{ApiError, ApiResult};

/// The keys that sign ID tokens and access tokens. Cheap to clone; pools may share them.
///
/// Making a 2048-bit key takes 50 to 300 ms (measured, also in a debug build). Both are made in the
/// background, so that a service can print its address at once. The first token waits for them.
#[derive(Clone)]
pub struct SigningKeys {
    made: watch::Receiver<Option<Arc<Keys>>>,
}

/// Cognito's pair: one key for ID tokens, another for access tokens.
pub(crate) struct Keys {
    pub(crate) id: Key,
    pub(crate) access: Key,
}

/// One RSA key and its name.
pub(crate) struct Key {
    kid: String,
    pair: KeyPair,
}

/// The reason why a JWT does not verify under a key.
pub(crate) enum Unverified {
    /// Not a JWT, or one that names another key.
    Malformed,
    /// It names the key, but the key did not sign it.
    Signature,
}

impl SigningKeys {
    /// Returns the keys of this process: all its pools can share them, since a token names its pool.
    /// The first call makes them in the background and returns at once; the first use waits.
    pub fn shared() -> Self {
        static KEYS: OnceLock<SigningKeys> = OnceLock::new();
        KEYS.get_or_init(Self::generate).clone()
    }

    /// Makes new keys in the background and returns at once. The first use waits.
    fn generate() -> Self {
        let (done, made) = watch::channel(None);
        std::thread::spawn(move || {
            let access = std::thread::spawn(Key::generate);
            let id = Key::generate();
            if let (Some(id), Ok(Some(access))) = (id, access.join()) {
                done.send_replace(Some(Arc::new(Keys { id, access })));
            }
            // Without keys the sender is dropped, and every waiting call fails.
        });
        Self { made }
    }

    /// Waits until the keys are made and returns them.
    pub(crate) async fn wait(&self) -> ApiResult<Arc<Keys>> {
        let mut made = self.made.clone();
        let keys = made
            .wait_for(Option::is_some)
            .await
            .map_err(|_| ApiError::internal())?;
        keys.clone().ok_or_else(ApiError::internal)
    }

    /// Returns the keys if they are made already. Before that there is no token to verify.
    pub(crate) fn ready(&self) -> Option<Arc<Keys>> {
        self.made.borrow().clone()
    }
}

impl Keys {
    /// The JSON Web Key Set.
    pub(crate) fn jwks(&self) -> Value {
        json!({ "keys": [self.id.jwk(), self.access.jwk()] })
    }
}

impl Key {
    fn generate() -> Option<Self> {
        let mut kid = [0; 32];
        aws_lc_rs::rand::fill(&mut kid).ok()?;
        Some(Self {
            kid: BASE64.encode(&kid),
            pair: KeyPair::generate(KeySize::Rsa2048).ok()?,
        })
    }

    /// Signs claims as a JWT.
    ///
    /// `jsonwebtoken::encode` is not used: it parses the key again for each token, which takes half
    /// as long as the signature.
    pub(crate) fn sign(&self, claims: &Value) -> ApiResult<String> {
        let header = json!({ "kid": self.kid, "alg": "RS256" });
        let mut token = BASE64URL_NOPAD.encode(header.to_string().as_bytes());
        token.push('.');
        BASE64URL_NOPAD.encode_append(claims.to_string().as_bytes(), &mut token);
        let mut signature = vec![0; self.pair.public_modulus_len()];
        self.pair
            .sign(
                &RSA_PKCS1_SHA256,
                &SystemRandom::new(),
                token.as_bytes(),
                &mut signature,
            )
            .map_err(|_| ApiError::internal())?;
        token.push('.');
        BASE64URL_NOPAD.encode_append(&signature, &mut token);
        Ok(token)
    }

    /// Returns the claims of a JWT that this key signed. The caller checks times, by the pool's
    /// clock.
    pub(crate) fn verify(&self, token: &str) -> Result<Value, Unverified> {
        let header = jsonwebtoken::decode_header(token).map_err(|_| Unverified::Malformed)?;
        if header.kid.as_ref() != Some(&self.kid) {
            return Err(Unverified::Malformed);
        }
        let public = self.pair.public_key();
        let key = DecodingKey::from_rsa_raw_components(
            public.modulus().big_endian_without_leading_zero(),
            public.exponent().big_endian_without_leading_zero(),
        );
        let mut validation = Validation::new(Algorithm::RS256);
        validation.required_spec_claims.clear();
        validation.validate_exp = false;
        validation.validate_aud = false;
        jsonwebtoken::decode(token, &key, &validation)
            .map(|data| data.claims)
            .map_err(|_| Unverified::Signature)
    }

    fn jwk(&self) -> Value {
        let public = self.pair.public_key();
        json!({
            "alg": "RS256",
            "e": BASE64URL_NOPAD.encode(public.exponent().big_endian_without_leading_zero()),
            "kid": self.kid,
            "kty": "RSA",
            "n": BASE64URL_NOPAD.encode(public.modulus().big_endian_without_leading_zero()),
            "use": "sig",
        })
    }
}
