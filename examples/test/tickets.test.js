// One ticket, one begin.
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { confirmSignIn, signIn, signOut } from "aws-amplify/auth";
import { startService } from "../../clients/typescript/test/service.js";

let service, amplify, graphql;
before(async () => {
  service = await startService();
  // Read when the modules are loaded.
  process.env.LATCHSTRING_URL = service.config.endpoint;
  [amplify, graphql] = await Promise.all([import("../amplify.js"), import("../graphql.js")]);
});
after(() => service?.stop());

/** Calls the example's `begin` with an existing ticket. */
async function beginWith({ ticket, username }) {
  await signIn({ username, options: { authFlowType: "CUSTOM_WITHOUT_SRP" } });
  const clientMetadata = { method: "email", ticket };
  await confirmSignIn({ challengeResponse: "begin", options: { clientMetadata } });
}

/** Returns true if an answer signs in, and false also if the flow ended with an error. */
async function endsSignedIn(input, code) {
  try {
    return (await amplify.answer(input, code)).isSignedIn;
  } catch (error) {
    assert.match(error.name, /^(NotAuthorizedException|SignInException)$/);
    return false;
  }
}

for (const [reason, spend] of [
  ["used", beginWith],
  ["late", () => service.control({ advanceSeconds: 61 })],
]) {
  test(`a ticket that is ${reason} begins nothing, and a new one does`, async () => {
    const input = { emailOrPhone: `${crypto.randomUUID()}@example.com`, method: "EMAIL" };
    const ticket = await graphql.signInTicket(input);
    await spend(ticket);
    const sent = await service.messages(input.emailOrPhone);
    await assert.rejects(beginWith(ticket), { name: "NotAuthorizedException" }, "the flow ends at once");
    const now = await service.messages(input.emailOrPhone);
    assert.equal(now.length, sent.length, "no message is sent");
    const code = sent[0]?.code ?? "123456";
    assert.equal(await endsSignedIn(input, code), false, "not even for the code of the first begin");

    await amplify.begin(input);
    assert.equal(await endsSignedIn(input, await service.code(input.emailOrPhone)), true);
    await signOut();
  });
}
