// The use cases of session mode, against the real local service.
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { memoryStorage } from "@latchstring/client";
import { createSessionClient, LatchstringError } from "@latchstring/client/session";
import { startService, wrong } from "./service.js";

let service;
before(async () => (service = await startService("--session-mode")));
after(() => service?.stop());

const ofType = (type) => (error) => {
  assert.ok(error instanceof LatchstringError, String(error));
  assert.equal(error.type, type, error.message);
  return true;
};

/** A browser of one person: it keeps the cookie, says which page sends, and shows what came. */
function browser(storage = memoryStorage()) {
  const jar = { cookie: undefined, received: [] };
  const fetch = async (url, init) => {
    const { cookie } = jar;
    const own = { "sec-fetch-site": "same-origin", "user-agent": "Mozilla/5.0 Firefox/140.0", ...(cookie && { cookie }) };
    const response = await globalThis.fetch(url, { ...init, headers: { ...init.headers, ...own } });
    for (const set of response.headers.getSetCookie()) {
      const [pair] = set.split(";");
      jar.cookie = /Max-Age=0/.test(set) ? undefined : pair;
    }
    jar.received.push(await response.clone().text());
    return response;
  };
  return Object.assign(jar, { fetch, client: createSessionClient({ url: service.config.endpoint, fetch, storage }) });
}

let addresses = 0;
/** An address without account. */
const newAddress = () => `session${++addresses}@example.com`;

/** A browser in which a person is signed in. */
async function signedIn(emailOrPhone) {
  const made = browser();
  const challenge = await made.client.signIn({ emailOrPhone });
  made.answer = await made.client.answer(challenge, await service.code(emailOrPhone));
  assert.equal(made.answer.done, true);
  return made;
}

test("a right code opens a session, which a sign-out ends", async () => {
  const ada = newAddress();
  const first = await signedIn(ada);
  assert.equal(first.answer.isNew, true);
  assert.ok(first.answer.expiresIn > 3600);
  const { sub, signedInAt, openedAt } = await first.client.session();
  assert.ok(openedAt >= signedInAt && signedInAt > 1_700_000_000);
  const again = await signedIn(ada);
  assert.equal(again.answer.isNew, false);
  assert.equal((await again.client.session()).sub, sub);
  const copied = first.cookie;
  await first.client.signOut();
  assert.equal(first.cookie, undefined);
  assert.equal(await first.client.session(), null);
  first.cookie = copied;
  assert.equal(await first.client.session(), null, "a copy of the cookie is of no use");
  for (const text of [...first.received, ...again.received]) assert.doesNotMatch(text, /eyJ|accessToken|refreshToken/);
});

test("wrong codes cost attempts, and the last one ends the flow", async () => {
  const emailOrPhone = newAddress();
  const { client } = browser();
  let challenge = await client.signIn({ emailOrPhone });
  const code = await service.code(emailOrPhone);
  for (const left of [2, 1]) {
    ({ challenge } = await client.answer(challenge, wrong(code, left)));
    assert.equal(challenge.attemptsLeft, left);
  }
  await assert.rejects(client.answer(challenge, wrong(code, 3)), ofType("AttemptsSpent"));
  assert.equal(client.pending(), null);
});

test("a reload goes on with the same code, also in a new continuation", async () => {
  const emailOrPhone = newAddress();
  const storage = memoryStorage();
  await browser(storage).client.signIn({ emailOrPhone });
  const { client } = browser(storage);
  const dead = { ...client.pending(), session: "k1.none" };
  assert.equal((await client.answer(dead, await service.code(emailOrPhone))).done, true);
  assert.equal((await service.messages(emailOrPhone)).length, 1);
});

test("the sessions of an account are listed, and one is ended", async () => {
  const ada = newAddress();
  const [desk, phone] = [await signedIn(ada), await signedIn(ada)];
  const sessions = await desk.client.sessions();
  assert.deepEqual(sessions.map(({ isCurrent }) => isCurrent).sort(), [false, true]);
  assert.equal(sessions[0].browsers[0].family, "Firefox");
  await desk.client.revoke(sessions.find(({ isCurrent }) => !isCurrent).handle);
  assert.equal(await phone.client.session(), null);
  assert.notEqual(await desk.client.session(), null);
  const other = await signedIn(ada);
  await desk.client.signOut({ everywhere: true });
  assert.deepEqual([await desk.client.session(), await other.client.session()], [null, null]);
});

test("a signed-in user has names, a second contact and known devices", async () => {
  const { client } = await signedIn(newAddress());
  const { sub } = await client.session();
  const name = { givenName: "Ada", familyName: "Lovelace" };
  const phone = "+14155550171";
  const challenge = await client.signUp({ emailOrPhone: phone, ...name });
  assert.equal(await client.pendingContact("PHONE_NUMBER"), "WAITING");
  assert.equal((await client.answer(challenge, await service.code(phone))).done, true);
  assert.equal(await client.pendingContact("PHONE_NUMBER"), "DONE");
  assert.equal((await client.session()).sub, sub);
  assert.deepEqual(await client.updateName({ ...name, givenName: "Augusta" }), { ...name, givenName: "Augusta" });
  await client.rememberDevice();
  await client.forgetDevices();
});

test("an undo gives the account back, and ends the other sessions", async () => {
  const [old, other] = [newAddress(), newAddress()];
  const ada = await signedIn(old);
  const { sub } = await ada.client.session();
  const eve = await signedIn(old);
  const change = await eve.client.changeContact({ emailOrPhone: other });
  await eve.client.answer(change, await service.code(other));
  const { client } = browser();
  const challenge = await client.undoContactChange({ emailOrPhone: old });
  assert.equal((await client.answer(challenge, await service.code(old))).done, true);
  assert.equal((await client.session()).sub, sub);
  assert.equal(await eve.client.session(), null);
});

test("without a session a signed-in operation is refused", async () => {
  const { client } = browser();
  await assert.rejects(client.sessions(), ofType("NotSignedIn"));
  await assert.rejects(client.updateName({ givenName: "Eve", familyName: "Stranger" }), ofType("NotSignedIn"));
  await client.signOut();
});
