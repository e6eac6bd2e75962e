// @latchstring/client: Latchstring's own, the smallest.
import assert from "node:assert/strict";
import { claims, Latchstring, LatchstringError } from "@latchstring/client";
import { config, readCode, unusedAddress, wrong } from "./local.js";

// docs: latchstring-client
const latchstring = new Latchstring(config); // in a browser with storage: localStorage

async function signIn(emailOrPhone, askForCode) {
  let challenge = await latchstring.signIn({ emailOrPhone });
  for (;;) {
    const answer = await latchstring.answer(challenge, await askForCode(challenge));
    if (answer.done) return answer.tokens;
    challenge = answer.challenge; // wrong: attemptsLeft says how often to go on
  }
}
// end

const emailOrPhone = unusedAddress();
for (const everywhere of [false, true]) {
  const tokens = await signIn(emailOrPhone, async ({ attemptsLeft }) => {
    const code = await readCode(emailOrPhone);
    return attemptsLeft === null ? wrong(code) : code;
  });
  assert.equal(claims(tokens.idToken).email, emailOrPhone);
  assert.notEqual((await latchstring.refresh()).accessToken, tokens.accessToken);
  await latchstring.signOut({ everywhere });
  assert.equal(await latchstring.tokens(), null);
}
await assert.rejects(
  latchstring.deleteAccount(),
  (error) => error instanceof LatchstringError && error.type === "NotSignedIn",
);
