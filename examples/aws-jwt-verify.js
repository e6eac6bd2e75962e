// aws-jwt-verify: how a backend checks the tokens.
import assert from "node:assert/strict";
import { CognitoJwtVerifier } from "aws-jwt-verify";
import { Latchstring } from "@latchstring/client";
import { config, readCode, unusedAddress } from "./local.js";

// docs: aws-jwt-verify
const verifier = CognitoJwtVerifier.create({
  userPoolId: config.userPoolId,
  tokenUse: "access",
  clientId: config.clientId,
});
// On AWS it fetches the keys itself. The local service's tokens also name AWS as their issuer.
const keys = await fetch(`${config.endpoint}/${config.userPoolId}/.well-known/jwks.json`);
verifier.cacheJwks(await keys.json());

const whoCalls = async (accessToken) => (await verifier.verify(accessToken)).sub;
// end

const emailOrPhone = unusedAddress();
const latchstring = new Latchstring(config);
const { tokens } = await latchstring.answer(
  await latchstring.signIn({ emailOrPhone }),
  await readCode(emailOrPhone),
);
assert.match(await whoCalls(tokens.accessToken), /^[0-9a-f-]{36}$/);
const { sub } = await verifier.verify(tokens.idToken, { tokenUse: "id" });
assert.equal(sub, await whoCalls(tokens.accessToken));

await assert.rejects(whoCalls(tokens.idToken), /Token use not allowed/);
const [head, body, signature] = tokens.accessToken.split(".");
const forged = [head, body, (signature[0] === "A" ? "B" : "A") + signature.slice(1)].join(".");
await assert.rejects(whoCalls(forged), /Invalid signature/);
const other = CognitoJwtVerifier.create({
  userPoolId: "us-east-1_Another00",
  tokenUse: "access",
  clientId: config.clientId,
});
other.cacheJwks(await (await fetch(keys.url)).json());
await assert.rejects(other.verify(tokens.accessToken), /issuer not configured/);
