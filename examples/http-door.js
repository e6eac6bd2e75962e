// The HTTP door by fetch: no SDK, no key.
import assert from "node:assert/strict";
import { claims, config, readCode, unusedAddress, url, wrong } from "./local.js";

// docs: http-door
/** One call. A problem becomes an error with its name, and with the members of the problem. */
async function call(path, body, accessToken) {
  const response = await fetch(`${url}/v1/${path}`, {
    method: "POST",
    headers: {
      "content-type": "application/json",
      ...(accessToken && { authorization: `Bearer ${accessToken}` }),
    },
    body: JSON.stringify(body),
  });
  const text = await response.text();
  const reply = text ? JSON.parse(text) : {};
  if (response.ok) return reply;
  // A gateway's own answer is no problem of the door's.
  const name = reply.type?.split(":").pop() ?? `HTTP ${response.status}`;
  throw Object.assign(new Error(reply.detail), reply, { name });
}

/** Sends a code. `pending` is what to keep until it is answered: it continues after a reload, too. */
const signIn = async (emailOrPhone) => ({ emailOrPhone, ...(await call("sign-in", { emailOrPhone })) });

/** Sends a code to a new contact. It is answered like a sign-in. */
const changeContact = async (accessToken, emailOrPhone) => ({
  emailOrPhone,
  ...(await call("contacts/change", { emailOrPhone }, accessToken)),
});

/** A call in a sign-in: each reply has the continuation for the next one, a problem perhaps. */
async function proceed(path, pending, body) {
  try {
    const reply = await call(path, { continuation: pending.continuation, ...body });
    return Object.assign(pending, reply);
  } catch (error) {
    if (error.continuation) pending.continuation = error.continuation;
    throw error;
  }
}

/** Answers with the code: `tokens` if it was right, which makes the account, too, or `attemptsLeft`. */
const answer = (pending, code) => proceed("sign-in/answer", pending, { answer: code });

/** Sends the same code once more, if `resendAfter` seconds have passed. */
const resend = (pending) => proceed("sign-in/resend", pending);

/** Goes on with the same code after `InvalidContinuation`, or in a new process. Nothing is sent. */
const resume = async ({ emailOrPhone, resume }) => ({
  emailOrPhone,
  ...(await call("sign-in", { emailOrPhone, resume })),
});

/** New tokens, from Cognito itself. */
async function refresh({ refreshToken }) {
  const response = await fetch(config.endpoint, { // on AWS https://cognito-idp.<region>.amazonaws.com
    method: "POST",
    headers: {
      "content-type": "application/x-amz-json-1.1",
      "x-amz-target": "AWSCognitoIdentityProviderService.GetTokensFromRefreshToken",
    },
    body: JSON.stringify({ ClientId: config.clientId, RefreshToken: refreshToken }),
  });
  const { AuthenticationResult: result } = await response.json();
  return {
    accessToken: result.AccessToken,
    idToken: result.IdToken,
    refreshToken: result.RefreshToken ?? refreshToken, // a new one, if the pool rotates them
  };
}
// end

const emailOrPhone = unusedAddress();
let tokens;
for (const isNew of [true, false]) {
  const pending = await signIn(emailOrPhone);
  const code = await readCode(emailOrPhone);
  assert.equal((await answer(pending, wrong(code))).attemptsLeft, 2);
  await resend(pending);
  const resumed = await resume(pending);
  const used = { ...resumed };
  const signedIn = await answer(resumed, code);
  assert.deepEqual([signedIn.status, signedIn.isNew], ["signed_in", isNew]);
  await assert.rejects(answer(used, code), { name: "InvalidContinuation" });
  tokens = signedIn.tokens;
  assert.equal(claims(tokens.idToken).email, emailOrPhone);
}

const other = unusedAddress();
const change = await changeContact(tokens.accessToken, other);
await answer(change, await readCode(other));
tokens = await refresh(tokens);
assert.equal(claims(tokens.idToken).email, other);
await assert.rejects(changeContact(tokens.accessToken, "nonsense"), { name: "InvalidIdentifier" });
await call("devices/forget", {}, tokens.accessToken);
