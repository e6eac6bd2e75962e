// aws-amplify v6: it owns the whole exchange with Cognito, so it takes a ticket.
import assert from "node:assert/strict";
import { fetchAuthSession, signOut } from "aws-amplify/auth";
import { answer, begin, resend } from "./amplify.js";
import { claims, isGood, readCode, unusedAddress, wrong } from "./local.js";

const input = { emailOrPhone: unusedAddress(), method: "EMAIL" };
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
