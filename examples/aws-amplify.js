// aws-amplify v6: it owns the whole exchange with Cognito, so it takes a ticket.
import assert from "node:assert/strict";
import { Amplify } from "aws-amplify";
import { confirmSignIn, fetchAuthSession, signIn, signOut } from "aws-amplify/auth";
import { signInTicket } from "./graphql.js";
import { claims, config, isGood, readCode, somebody, wrong } from "./local.js";

// docs: aws-amplify
Amplify.configure({
  Auth: {
    Cognito: {
      userPoolId: config.userPoolId,
      userPoolClientId: config.clientId,
      userPoolEndpoint: config.endpoint, // for the local service only
    },
  },
});

/** Has a code sent; with `proof` it makes the account instead. */
async function begin(input) {
  const { ticket, username } = await signInTicket(input);
  await signIn({ username, options: { authFlowType: "CUSTOM_WITHOUT_SRP" } });
  const clientMetadata = { method: input.method.toLowerCase(), ticket };
  await confirmSignIn({ challengeResponse: "begin", options: { clientMetadata } });
}

/** Answers with the code: signed in, or how many attempts are left. */
async function answer(input, code) {
  const { isSignedIn, nextStep } = await confirmSignIn({ challengeResponse: code });
  if (isSignedIn) return { isSignedIn };
  const { step, proof, attemptsLeft } = nextStep.additionalInfo;
  if (step !== "claim") return { isSignedIn, attemptsLeft: Number(attemptsLeft) };
  await begin({ ...input, proof });
  return confirmSignIn({ challengeResponse: proof });
}

/** Has the same code sent once more. */
const resend = () =>
  confirmSignIn({ challengeResponse: "resend", options: { clientMetadata: { action: "resend" } } });
// end

const input = { emailOrPhone: somebody(), method: "EMAIL" };
const tokens = async (options) => (await fetchAuthSession(options)).tokens;

for (const time of ["first", "second"]) {
  await begin(input);
  const code = await readCode(input.emailOrPhone);
  assert.deepEqual(await answer(input, wrong(code)), { isSignedIn: false, attemptsLeft: 2 });
  const { nextStep } = await resend();
  assert.equal(nextStep.additionalInfo.attemptsLeft, "2", "a resend costs no attempt");
  assert.equal((await answer(input, code)).isSignedIn, true, `the ${time} sign-in`);

  const { idToken, accessToken } = await tokens();
  assert.equal(idToken.payload.email, input.emailOrPhone);
  const renewed = await tokens({ forceRefresh: true });
  assert.notEqual(renewed.accessToken.toString(), accessToken.toString());
  assert.equal(claims(renewed.idToken.toString()).sub, idToken.payload.sub);

  await signOut({ global: time === "second" });
  assert.equal(await tokens(), undefined);
  assert.equal(await isGood(renewed.accessToken.toString()), false);
}
