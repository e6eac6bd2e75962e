// amazon-cognito-identity-js v6: it owns the whole exchange with Cognito, so it takes a ticket.
import assert from "node:assert/strict";
import { AuthenticationDetails, CognitoUser, CognitoUserPool } from "amazon-cognito-identity-js";
import { signInTicket } from "./graphql.js";
import { claims, config, isGood, readCode, unusedAddress, wrong } from "./local.js";

// docs: amazon-cognito-identity-js
const pool = new CognitoUserPool({
  UserPoolId: config.userPoolId,
  ClientId: config.clientId,
  endpoint: config.endpoint, // for the local service only
});

/** Its callbacks as a promise: tokens, or the parameters of the next challenge. */
const outcome = (call) =>
  new Promise((resolve, onFailure) =>
    call({
      onSuccess: (tokens) => resolve({ tokens }),
      customChallenge: (parameters) => resolve({ parameters }),
      onFailure,
    }),
  );

/** Has a code sent; with `proof` it makes the account instead. */
async function begin(input) {
  const { ticket, username } = await signInTicket(input);
  const user = new CognitoUser({ Username: username, Pool: pool });
  user.setAuthenticationFlowType("CUSTOM_AUTH");
  const details = new AuthenticationDetails({ Username: username });
  await outcome((callbacks) => user.initiateAuth(details, callbacks));
  const metadata = { method: input.method.toLowerCase(), ticket };
  await outcome((callbacks) => user.sendCustomChallengeAnswer("begin", callbacks, metadata));
  return user;
}

/** Answers with the code: the signed-in user, or how many attempts are left. */
async function answer(user, input, code) {
  const { tokens, parameters } = await outcome((callbacks) =>
    user.sendCustomChallengeAnswer(code, callbacks),
  );
  if (tokens) return { user };
  if (parameters.step !== "claim") return { attemptsLeft: Number(parameters.attemptsLeft) };
  const { proof } = parameters;
  const made = await begin({ ...input, proof });
  await outcome((callbacks) => made.sendCustomChallengeAnswer(proof, callbacks));
  return { user: made };
}

/** Has the same code sent once more. */
const resend = (user) =>
  outcome((callbacks) =>
    user.sendCustomChallengeAnswer("resend", callbacks, { action: "resend" }),
  );
// end

const input = { emailOrPhone: unusedAddress(), method: "EMAIL" };

for (const time of ["first", "second"]) {
  const asked = await begin(input);
  const code = await readCode(input.emailOrPhone);
  assert.deepEqual(await answer(asked, input, wrong(code)), { attemptsLeft: 2 });
  assert.equal((await resend(asked)).parameters.attemptsLeft, "2", "a resend costs no attempt");
  const { user } = await answer(asked, input, code);
  assert.ok(user, `the ${time} sign-in`);

  const session = user.getSignInUserSession();
  assert.equal(claims(session.getIdToken().getJwtToken()).email, input.emailOrPhone);
  const renewed = await new Promise((resolve, reject) =>
    user.refreshSession(session.getRefreshToken(), (error, session) =>
      error ? reject(error) : resolve(session),
    ),
  );
  assert.notEqual(renewed.getAccessToken().getJwtToken(), session.getAccessToken().getJwtToken());

  if (time === "first") {
    await new Promise((resolve) => user.signOut(resolve));
  } else {
    await new Promise((onSuccess, onFailure) => user.globalSignOut({ onSuccess, onFailure }));
  }
  assert.equal(await isGood(renewed.getAccessToken().getJwtToken()), false);
}
