// aws-amplify v5: it owns the whole exchange with Cognito, so it takes a ticket.
import assert from "node:assert/strict";
// In an app: import { Auth } from "aws-amplify".
import { Auth } from "aws-amplify-auth-v5";
import { signInTicket } from "./graphql.js";
import { claims, config, isGood, readCode, unusedAddress, wrong } from "./local.js";

// docs: aws-amplify-v5
Auth.configure({
  region: config.region,
  userPoolId: config.userPoolId,
  userPoolWebClientId: config.clientId,
  authenticationFlowType: "CUSTOM_AUTH",
  endpoint: config.endpoint, // for the local service only
});

/** Sends a code; with `proof` it makes the account instead. One new ticket for each call. */
async function begin(input) {
  const { ticket, username } = await signInTicket(input);
  const user = await Auth.signIn(username);
  const metadata = { method: input.method.toLowerCase(), ticket };
  return Auth.sendCustomChallengeAnswer(user, "begin", metadata);
}

/** Answers with the code: the signed-in user, or how many attempts are left. */
async function answer(user, input, code) {
  const reply = await Auth.sendCustomChallengeAnswer(user, code);
  if (reply.getSignInUserSession()) return { user: reply };
  const { step, proof, attemptsLeft } = reply.challengeParam;
  if (step !== "claim") return { attemptsLeft: Number(attemptsLeft) };
  const made = await begin({ ...input, proof });
  return { user: await Auth.sendCustomChallengeAnswer(made, proof) };
}

/** Sends the same code once more. */
const resend = (user) => Auth.sendCustomChallengeAnswer(user, "resend", { action: "resend" });
// end

const input = { emailOrPhone: unusedAddress(), method: "EMAIL" };

for (const time of ["first", "second"]) {
  const asked = await begin(input);
  const code = await readCode(input.emailOrPhone);
  assert.deepEqual(await answer(asked, input, wrong(code)), { attemptsLeft: 2 });
  assert.equal((await resend(asked)).challengeParam.attemptsLeft, "2", "a resend costs no attempt");
  const { user } = await answer(asked, input, code);
  assert.ok(user.getSignInUserSession(), `the ${time} sign-in`);

  const session = await Auth.currentSession();
  assert.equal(claims(session.getIdToken().getJwtToken()).email, input.emailOrPhone);
  const renewed = await new Promise((resolve, reject) =>
    user.refreshSession(session.getRefreshToken(), (error, renewed) =>
      error ? reject(error) : resolve(renewed),
    ),
  );
  assert.notEqual(renewed.getAccessToken().getJwtToken(), session.getAccessToken().getJwtToken());

  await Auth.signOut({ global: time === "second" });
  assert.equal(await isGood(renewed.getAccessToken().getJwtToken()), false);
}
