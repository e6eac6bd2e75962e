// Refresh tokens that rotate: the clients that support it, and the purpose of the grace.
// amplify-js#14396, amplify-android#3113: others sign their users out at the first refresh.
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { Worker } from "node:worker_threads";
import {
  CognitoAccessToken,
  CognitoIdToken,
  CognitoRefreshToken,
  CognitoUser,
  CognitoUserPool,
  CognitoUserSession,
} from "amazon-cognito-identity-js";
import { Auth } from "aws-amplify-auth-v5";
import { Latchstring } from "@latchstring/client";
import { startService } from "../../clients/typescript/test/service.js";

let deployed, strict;
before(async () => {
  [deployed, strict] = await Promise.all([
    startService("--rotate-refresh-tokens"),
    startService("--rotate-refresh-tokens", "--rotation-grace", "0"),
  ]);
});
after(() => Promise.all([deployed?.stop(), strict?.stop()]));

/** The tokens of a new sign-in. */
async function signedIn(service) {
  const emailOrPhone = `${crypto.randomUUID()}@example.com`;
  const latchstring = new Latchstring(service.config);
  const challenge = await latchstring.signIn({ emailOrPhone });
  const { tokens } = await latchstring.answer(challenge, await service.code(emailOrPhone));
  return { latchstring, tokens };
}

/** The tokens in a browser's storage, as aws-amplify v6 keeps them. */
function stored({ clientId }, { idToken, accessToken, refreshToken }) {
  const { username } = JSON.parse(Buffer.from(accessToken.split(".")[1], "base64url"));
  const prefix = `CognitoIdentityServiceProvider.${clientId}`;
  return [
    [`${prefix}.LastAuthUser`, username],
    [`${prefix}.${username}.idToken`, idToken],
    [`${prefix}.${username}.accessToken`, accessToken],
    [`${prefix}.${username}.refreshToken`, refreshToken],
    [`${prefix}.${username}.clockDrift`, "0"],
  ];
}

/** Returns for a tab whether it is signed in after its first and its second refresh. */
function tab(service, tokens) {
  const { config } = service;
  const workerData = { config, stored: stored(config, tokens) };
  const worker = new Worker(new URL("tab.js", import.meta.url), { workerData, stdout: true, stderr: true });
  return new Promise((resolve, reject) => worker.once("message", resolve).once("error", reject));
}

test("two tabs of aws-amplify v6 that refresh with one token stay signed in within the grace", async () => {
  const { tokens } = await signedIn(deployed);
  const tabs = await Promise.all([tab(deployed, tokens), tab(deployed, tokens)]);
  assert.deepEqual(tabs, [[true, true], [true, true]]);
});

test("without grace one of the two tabs ends signed out", async () => {
  const { tokens } = await signedIn(strict);
  const tabs = await Promise.all([tab(strict, tokens), tab(strict, tokens)]);
  assert.deepEqual(tabs.sort(), [[false, false], [true, true]]);
});

test("@latchstring/client refreshes with each new token", async () => {
  const { latchstring, tokens } = await signedIn(strict);
  const second = await latchstring.refresh();
  const third = await latchstring.refresh();
  assert.equal(new Set([tokens.refreshToken, second.refreshToken, third.refreshToken]).size, 3);
});

const REFUSED = { code: "UnsupportedOperationException" };

// It takes some seconds, because the library retries.
test("amazon-cognito-identity-js v6 cannot refresh: it knows REFRESH_TOKEN_AUTH only", async () => {
  const { config } = deployed;
  const { tokens } = await signedIn(deployed);
  const pool = new CognitoUserPool({
    UserPoolId: config.userPoolId,
    ClientId: config.clientId,
    endpoint: config.endpoint,
  });
  const session = new CognitoUserSession({
    IdToken: new CognitoIdToken({ IdToken: tokens.idToken }),
    AccessToken: new CognitoAccessToken({ AccessToken: tokens.accessToken }),
    RefreshToken: new CognitoRefreshToken({ RefreshToken: tokens.refreshToken }),
  });
  const user = new CognitoUser({ Username: session.getAccessToken().payload.username, Pool: pool });
  user.setSignInUserSession(session);
  await assert.rejects(refreshed(user), REFUSED);
});

test("aws-amplify v5 cannot refresh, for the same reason", async () => {
  const { config } = deployed;
  const { tokens } = await signedIn(deployed);
  const items = new Map(stored(config, tokens));
  Auth.configure({
    region: config.region,
    userPoolId: config.userPoolId,
    userPoolWebClientId: config.clientId,
    endpoint: config.endpoint,
    storage: {
      getItem: (key) => items.get(key) ?? null,
      setItem: (key, value) => void items.set(key, value),
      removeItem: (key) => void items.delete(key),
      clear: () => items.clear(),
    },
  });
  const user = await Auth.currentUserPoolUser();
  await assert.rejects(refreshed(user), REFUSED);
});

const refreshed = (user) =>
  new Promise((resolve, reject) => {
    const token = user.getSignInUserSession().getRefreshToken();
    user.refreshSession(token, (error, session) => (error ? reject(error) : resolve(session)));
  });
