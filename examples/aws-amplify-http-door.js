// aws-amplify v6 with the HTTP door alone: signing in, a second contact, another one, and signing in again.
import assert from "node:assert/strict";
import { Amplify } from "aws-amplify";
import { confirmSignIn, decodeJWT, fetchAuthSession, signIn, signOut } from "aws-amplify/auth";
import { config, isGood, letPass, readCode, unusedAddress, unusedNumber, url, wrong } from "./local.js";

Amplify.configure({
  Auth: {
    Cognito: {
      userPoolId: config.userPoolId,
      userPoolClientId: config.clientId,
      userPoolEndpoint: config.endpoint,
    },
  },
});

// docs: aws-amplify-http-door
/** A call of the door. */
async function call(path, body, accessToken) {
  const headers = { "content-type": "application/json" };
  if (accessToken) headers.authorization = `Bearer ${accessToken}`;
  const response = await fetch(`${url}/v1/${path}`, { method: "POST", headers, body: JSON.stringify(body) });
  const reply = await response.json();
  if (response.ok) return reply;
  throw Object.assign(new Error(reply.detail), reply, { name: reply.type?.split(":").pop() });
}

/** Sends a code, for Amplify's own sign-in; with `proof` it makes the account instead. */
async function begin(emailOrPhone, proof) {
  const { ticket, username } = await call("sign-in/ticket", { emailOrPhone, proof });
  await signIn({ username, options: { authFlowType: "CUSTOM_WITHOUT_SRP" } });
  const method = emailOrPhone.includes("@") ? "email" : "phone_number";
  await confirmSignIn({ challengeResponse: "begin", options: { clientMetadata: { method, ticket } } });
}

/** Answers with the code: signed in, or how many attempts are left. A new user takes a second ticket. */
async function answer(emailOrPhone, code) {
  const { isSignedIn, nextStep } = await confirmSignIn({ challengeResponse: code });
  if (isSignedIn) return { isSignedIn };
  const { step, proof, attemptsLeft } = nextStep.additionalInfo;
  if (step !== "claim") return { isSignedIn, attemptsLeft: Number(attemptsLeft) };
  await begin(emailOrPhone, proof);
  return confirmSignIn({ challengeResponse: proof });
}

const accessToken = async () => (await fetchAuthSession()).tokens.accessToken.toString();

/** Sends a code to a new contact. `names` if it is the second one. */
const changeContact = async (emailOrPhone, names, token) =>
  call(names ? "sign-up" : "contacts/change", { emailOrPhone, ...names }, token ?? (await accessToken()));

/** Answers it with the code: done, or the number of attempts left. Each reply has a new continuation. */
async function confirmContact(pending, code) {
  const reply = await call("sign-in/answer", { continuation: pending.continuation, answer: code });
  if (reply.status === "wrong") return Object.assign(pending, reply);
  await revoke(reply.tokens); // a second sign-in, beside Amplify's
  await fetchAuthSession({ forceRefresh: true }); // now Amplify's tokens show the contact
  return { done: true };
}

/**
 * After `ReauthRequired`: signs the user in once more beside Amplify, whose own sign-in goes on, and
 * returns an access token for the call to repeat. A contact that another device has replaced is of
 * another account, or of none: with `existingOnly` its code makes none, and is refused: `NoAccount`.
 */
async function reauthenticate(contact, askForCode) {
  const { sub } = (await fetchAuthSession()).tokens.accessToken.payload;
  const { continuation } = await call("sign-in", { emailOrPhone: contact, existingOnly: true });
  const { status, tokens } = await call("sign-in/answer", { continuation, answer: await askForCode() });
  if (status === "wrong") throw new Error("wrong code: ask again, with the continuation of this reply");
  if (decodeJWT(tokens.accessToken).payload.sub === sub) return tokens.accessToken;
  await revoke(tokens);
  throw Object.assign(new Error("a code of another account"), { name: "OtherAccount" });
}

/** Ends a sign-in beside Amplify's. */
const revoke = ({ refreshToken }) =>
  fetch(config.endpoint, { // on AWS https://cognito-idp.<region>.amazonaws.com
    method: "POST",
    headers: {
      "content-type": "application/x-amz-json-1.1",
      "x-amz-target": "AWSCognitoIdentityProviderService.RevokeToken",
    },
    body: JSON.stringify({ ClientId: config.clientId, Token: refreshToken }),
  });
// end

const email = unusedAddress();
for (const isFirst of [true, false]) {
  await begin(email);
  const code = await readCode(email);
  if (isFirst) assert.equal((await answer(email, wrong(code))).attemptsLeft, 2);
  assert.equal((await answer(email, code)).isSignedIn, true);
  if (isFirst) await signOut();
}
const signedIn = (await fetchAuthSession()).tokens;
assert.equal(signedIn.idToken.payload.email, email);

const number = unusedNumber();
const added = await changeContact(number, { givenName: "Ada", familyName: "Lovelace" });
const numberCode = await readCode(number);
assert.equal((await confirmContact(added, wrong(numberCode))).attemptsLeft, 2);
assert.deepEqual(await confirmContact(added, numberCode), { done: true });
const { idToken } = (await fetchAuthSession()).tokens;
assert.equal(idToken.payload.phone_number, number);
assert.equal(idToken.payload.sub, signedIn.idToken.payload.sub);

// A refresh is no sign-in: eleven minutes later a new one is due.
const other = unusedAddress();
if (await letPass(11 * 60)) {
  await fetchAuthSession({ forceRefresh: true });
  await assert.rejects(changeContact(other), { name: "ReauthRequired" });
}
const fresh = await reauthenticate(email, () => readCode(email));
const changed = await changeContact(other, undefined, fresh);
assert.deepEqual(await confirmContact(changed, await readCode(other)), { done: true });
const last = (await fetchAuthSession()).tokens;
assert.equal(last.idToken.payload.email, other);
assert.equal(last.accessToken.payload.origin_jti, signedIn.accessToken.payload.origin_jti);

// The former address is of no account, before and after.
for (const _ of [1, 2]) {
  await assert.rejects(reauthenticate(email, () => readCode(email)), { name: "NoAccount" });
}
assert.equal((await fetchAuthSession()).tokens.accessToken.payload.sub, signedIn.idToken.payload.sub);

await signOut();
assert.equal(await isGood(last.accessToken.toString()), false);
