// One person's story, against the real local service.
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { claims, Latchstring } from "@latchstring/client";
import { startService, wrong } from "./service/service.js";

let service;
before(async () => (service = await startService()));
after(() => service?.stop());

test("a first sign-in makes the account, a wrong code before it costs an attempt", async () => {
  const latchstring = new Latchstring(service.config);
  const first = await latchstring.signIn({ emailOrPhone: " Ada@Example.com " });
  assert.equal(first.method, "EMAIL");
  assert.equal(first.attemptsLeft, null);
  const code = await service.code("ada@example.com");

  const again = await latchstring.answer(first, wrong(code));
  assert.equal(again.done, false);
  assert.equal(again.challenge.attemptsLeft, 2);
  assert.notEqual(again.challenge.session, first.session);

  const signedIn = await latchstring.answer(again.challenge, code);
  assert.equal(signedIn.done, true);
  assert.equal(signedIn.isNew, true);
  assert.equal(claims(signedIn.tokens.idToken).email, "ada@example.com");
  assert.deepEqual(await latchstring.tokens(), signedIn.tokens);
});
