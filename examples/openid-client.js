// openid-client: the discovery document of the pool, and the tokens checked by the keys it names.
import assert from "node:assert/strict";
import { Latchstring } from "@latchstring/client";
import { createRemoteJWKSet, jwtVerify } from "jose";
import { allowInsecureRequests, discovery, None } from "openid-client";
import { config, readCode, unusedAddress } from "./local.js";

// docs: openid-client
// On AWS: `https://cognito-idp.${config.region}.amazonaws.com/${config.userPoolId}`.
const issuer = `${config.endpoint}/${config.userPoolId}`;
const pool = await discovery(
  // The whole address: the local service's issuer differs from its address.
  new URL(`${issuer}/.well-known/openid-configuration`),
  config.clientId,
  undefined,
  None(), // a public client
  { execute: [allowInsecureRequests] }, // for the local service only, which has no TLS
);
const metadata = pool.serverMetadata();
const keys = createRemoteJWKSet(new URL(metadata.jwks_uri));

/** The claims of an ID token of this client. */
async function verify(idToken) {
  const audience = config.clientId;
  const { payload } = await jwtVerify(idToken, keys, { issuer: metadata.issuer, audience });
  if (payload.token_use !== "id") throw new Error("not an ID token");
  return payload;
}
// end

const emailOrPhone = unusedAddress();
const latchstring = new Latchstring(config);
const challenge = await latchstring.signIn({ emailOrPhone });
const { tokens } = await latchstring.answer(challenge, await readCode(emailOrPhone));
assert.equal((await verify(tokens.idToken)).email, emailOrPhone);
await assert.rejects(verify(tokens.accessToken));
const [head, body, signature] = tokens.idToken.split(".");
const forged = [head, body, (signature[0] === "A" ? "B" : "A") + signature.slice(1)].join(".");
await assert.rejects(verify(forged), { code: "ERR_JWS_SIGNATURE_VERIFICATION_FAILED" });
