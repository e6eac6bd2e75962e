// aws-amplify v6: a second contact, another one, and signing in again before it.
import assert from "node:assert/strict";
import { decodeJWT, fetchAuthSession, signOut } from "aws-amplify/auth";
import { answer, begin } from "./amplify.js";
import { changeContact, signInSession, signUp } from "./graphql.js";
import { claims, config, isGood, letPass, readCode, unusedAddress, unusedNumber, wrong } from "./local.js";

// docs: aws-amplify-contacts
/** An operation of Cognito's, past Amplify, which takes no session that it did not open itself. */
async function cognito(operation, input) {
  const response = await fetch(config.endpoint, { // on AWS https://cognito-idp.<region>.amazonaws.com
    method: "POST",
    headers: {
      "content-type": "application/x-amz-json-1.1",
      "x-amz-target": `AWSCognitoIdentityProviderService.${operation}`,
    },
    body: JSON.stringify({ ClientId: config.clientId, ...input }),
  });
  const text = await response.text();
  const reply = text ? JSON.parse(text) : {};
  if (!response.ok) throw Object.assign(new Error(reply.message), { name: reply.__type });
  return reply;
}

const respond = ({ session, username }, code) =>
  cognito("RespondToAuthChallenge", {
    ChallengeName: "CUSTOM_CHALLENGE",
    Session: session, // each reply brings a new one
    ChallengeResponses: { USERNAME: username, ANSWER: code },
  });

/** Answers `signUp` or `changeContact` with the code: done, or the challenge to go on with. */
async function confirmContact(challenge, code) {
  const reply = await respond(challenge, code);
  if (!reply.AuthenticationResult) {
    const attemptsLeft = Number(reply.ChallengeParameters.attemptsLeft);
    return { challenge: { ...challenge, session: reply.Session }, attemptsLeft };
  }
  // These tokens are a second sign-in, beside Amplify's.
  await cognito("RevokeToken", { Token: reply.AuthenticationResult.RefreshToken });
  await fetchAuthSession({ forceRefresh: true }); // now Amplify's tokens show the contact
  return { done: true };
}

const accessToken = async () => (await fetchAuthSession()).tokens.accessToken.toString();

/**
 * After `ReauthRequired`: signs the user in once more beside Amplify, whose own sign-in goes on, and
 * returns an access token for the call to repeat. A contact that another device has replaced is of
 * another account, or of none: its code is refused with `OtherAccount`.
 */
async function reauthenticate(contact, method, askForCode) {
  const { sub } = (await fetchAuthSession()).tokens.accessToken.payload;
  const challenge = await signInSession({ emailOrPhone: contact, method });
  const reply = await respond(challenge, await askForCode());
  const tokens = reply.AuthenticationResult;
  if (!tokens && reply.ChallengeParameters.step !== "claim") {
    throw new Error("wrong code: ask again, with reply.Session");
  }
  if (tokens && decodeJWT(tokens.AccessToken).payload.sub === sub) return tokens.AccessToken;
  if (tokens) await cognito("RevokeToken", { Token: tokens.RefreshToken });
  throw Object.assign(new Error("a code of another account"), { name: "OtherAccount" });
}
// end

const email = unusedAddress();
const input = { emailOrPhone: email, method: "EMAIL" };
await begin(input);
assert.equal((await answer(input, await readCode(email))).isSignedIn, true);
const signedIn = (await fetchAuthSession()).tokens;

const number = unusedNumber();
const names = { givenName: "Ada", familyName: "Lovelace" };
const added = await signUp(await accessToken(), { method: "PHONE_NUMBER", emailOrPhone: number, ...names });
const numberCode = await readCode(number);
const again = await confirmContact(added, wrong(numberCode));
assert.equal(again.attemptsLeft, 2);
assert.deepEqual(await confirmContact(again.challenge, numberCode), { done: true });
const { idToken } = (await fetchAuthSession()).tokens;
assert.equal(idToken.payload.phone_number, number);
assert.equal(idToken.payload.sub, signedIn.idToken.payload.sub);

// A refresh is no sign-in: eleven minutes later a new one is due.
const isLate = await letPass(11 * 60);
const other = unusedAddress();
const change = (token) => changeContact(token, { method: "EMAIL", emailOrPhone: other });
if (isLate) {
  await fetchAuthSession({ forceRefresh: true });
  await assert.rejects(change(await accessToken()), { name: "ReauthRequired" });
}
const fresh = await reauthenticate(email, "EMAIL", () => readCode(email));
const changed = await change(fresh);
assert.deepEqual(await confirmContact(changed, await readCode(other)), { done: true });
const last = (await fetchAuthSession()).tokens;
assert.equal(last.idToken.payload.email, other);
assert.equal(claims(last.accessToken.toString()).origin_jti, signedIn.accessToken.payload.origin_jti);

// The former address is of no account now, and a third one of another account.
const third = unusedAddress();
const begun = await signInSession({ emailOrPhone: third, method: "EMAIL" });
const { proof } = (await respond(begun, await readCode(third))).ChallengeParameters;
await respond(await signInSession({ emailOrPhone: third, method: "EMAIL", proof }), proof);
for (const contact of [email, third]) {
  const again = reauthenticate(contact, "EMAIL", () => readCode(contact));
  await assert.rejects(again, { name: "OtherAccount" });
}
assert.equal((await fetchAuthSession()).tokens.accessToken.payload.sub, signedIn.idToken.payload.sub);

await signOut();
assert.equal(await isGood(last.accessToken.toString()), false);
