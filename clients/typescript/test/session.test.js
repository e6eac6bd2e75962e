// The client of session mode, against scripted replies.
import assert from "node:assert/strict";
import { test } from "node:test";
import { createSessionClient, LatchstringError } from "@latchstring/client/session";
import { memoryStorage } from "@latchstring/client";
import { asked, POINTER, problem, RESUME, scripted, signedIn, wrong } from "./fake.js";

const ADA = { emailOrPhone: "ada@example.com" };
const OPENED = { status: "session_opened", isNew: true, expiresIn: 604_800 };
const EMPTY = () => new Response(null, { status: 204 });

function client(...replies) {
  const { fetch, requests } = scripted(...replies);
  const storage = memoryStorage();
  return { client: createSessionClient({ url: "/api/latchstring", fetch, storage }), requests, storage };
}

/** A client with a flow that waits for a code. */
async function begun(...replies) {
  const made = client(asked(), ...replies);
  made.challenge = await made.client.signIn(ADA);
  made.requests.length = 0;
  return made;
}

const ofType = (type) => (error) => {
  assert.ok(error instanceof LatchstringError, String(error));
  assert.equal(error.type, type);
  return true;
};

const sent = ({ url, method, body }) => [`${method} ${url.replace("/api/latchstring/v1/", "")}`, body];

test("every request has the cookie, every POST the header, and none a token", async () => {
  const made = client(asked(), OPENED, { sub: "account-1" }, { sessions: [] }, EMPTY, EMPTY);
  const challenge = await made.client.signIn(ADA);
  await made.client.answer(challenge, "123456");
  await made.client.session();
  await made.client.sessions();
  await made.client.revoke("handle-1");
  await made.client.signOut();
  for (const { method, headers, credentials } of made.requests) {
    const mark = method === "POST" && { "x-latchstring": "1" };
    assert.deepEqual(headers, { "content-type": "application/json", ...mark });
    assert.equal(credentials, "include");
  }
  assert.deepEqual(made.requests.slice(1).map(sent), [
    ["POST sign-in/answer", { continuation: "continuation-1", answer: "123456" }],
    ["GET session", undefined],
    ["GET sessions", undefined],
    ["POST sessions/revoke", { handle: "handle-1" }],
    ["POST sign-out", { everywhere: false }],
  ]);
});

test("a wrong code asks again, a right one opens the session and forgets the flow", async () => {
  const { client, challenge } = await begun(wrong("continuation-2"), OPENED);
  assert.deepEqual([challenge.resume, challenge.pointer], [RESUME, POINTER]);
  const again = await client.answer(challenge, "000000");
  assert.equal(again.done, false);
  assert.deepEqual([again.challenge.session, again.challenge.attemptsLeft], ["continuation-2", 2]);
  assert.deepEqual(client.pending(), again.challenge);
  const done = await client.answer(again.challenge, "123456");
  assert.deepEqual(done, { done: true, isNew: true, expiresIn: 604_800 });
  assert.equal(client.pending(), null);
});

test("tokens of a deployment without session mode are refused, not returned", async () => {
  const { client, challenge, storage } = await begun(signedIn(1));
  await assert.rejects(client.answer(challenge, "123456"), ofType("Unavailable"));
  assert.doesNotMatch(storage.getItem("latchstring./api/latchstring.flows"), /access|refresh/i);
});

test("a resend that sent nothing says why", async () => {
  const refusal = problem("TooManyRequests", 429, { continuation: "continuation-2", retryAfter: 20 });
  const { client, challenge, requests } = await begun(refusal);
  const next = await client.resend(challenge);
  assert.deepEqual(requests.map(sent), [["POST sign-in/resend", { continuation: "continuation-1" }]]);
  assert.deepEqual(next.refused, { type: "TooManyRequests", retryAfter: 20 });
});

test("a continuation that has ended is replaced once, for the same code", async () => {
  const { client, challenge, requests } = await begun(problem("InvalidContinuation", 400), asked("continuation-9"), OPENED);
  assert.equal((await client.answer(challenge, "123456")).done, true);
  const { linkChallenge, ...input } = requests[1].body;
  assert.deepEqual(input, { ...ADA, method: "email", resume: RESUME });
  assert.equal(requests[2].body.continuation, "continuation-9");
});

test("a flow that has ended says so", async () => {
  const { client, challenge } = await begun(problem("InvalidContinuation", 400), problem("InvalidResume", 400));
  await assert.rejects(client.answer(challenge, "123456"), ofType("FlowOver"));
  assert.equal(client.pending(), null);
});

test("an answer that was not verified is given again in the next continuation", async () => {
  const lost = problem("Unavailable", 503, { continuation: "continuation-2" });
  const { client, challenge, requests } = await begun(lost, OPENED);
  await assert.rejects(client.answer(challenge, "123456"), ofType("Unavailable"));
  assert.equal((await client.answer(challenge, "123456")).done, true);
  assert.equal(requests[1].body.continuation, "continuation-2");
});

test("without a session there is none; another failure is an error", async () => {
  const made = client(problem("NotSignedIn", 401), problem("Unavailable", 503), problem("NotSignedIn", 401));
  assert.equal(await made.client.session(), null);
  await assert.rejects(made.client.session(), ofType("Unavailable"));
  await assert.rejects(made.client.sessions(), ofType("NotSignedIn"));
});

test("the operations of a signed-in user take the cookie", async () => {
  const made = client(
    asked("a"),
    asked("b"),
    { pending: { method: "email", state: "in_use" } },
    { pending: null },
    { givenName: "Ada", familyName: "Lovelace" },
    { device: "device-1", expiresIn: 1 },
    asked("c"),
    EMPTY,
  );
  const { client: ada, storage } = made;
  const name = { givenName: "Ada", familyName: "Lovelace" };
  assert.equal((await ada.signUp({ ...ADA, ...name })).purpose, "contact");
  assert.equal((await ada.changeContact({ emailOrPhone: "+1 415 555 0132" })).session, "b");
  assert.equal(ada.pending(), null, "a contact is no sign-in");
  assert.equal(await ada.pendingContact("EMAIL"), "IN_USE");
  assert.equal(await ada.pendingContact("EMAIL"), null);
  assert.deepEqual(await ada.updateName(name), name);
  await ada.rememberDevice();
  assert.equal(storage.getItem("latchstring./api/latchstring.device"), "device-1");
  await ada.signIn(ADA);
  assert.equal(made.requests.at(-1).body.device, "device-1");
  await ada.forgetDevices();
  assert.equal(storage.getItem("latchstring./api/latchstring.device"), null);
  assert.deepEqual(made.requests.map((request) => sent(request)[0]), [
    "POST sign-up",
    "POST contacts/change",
    "GET contacts/pending?method=email",
    "GET contacts/pending?method=email",
    "POST names",
    "POST devices/remember",
    "POST sign-in",
    "POST devices/forget",
  ]);
});

test("a sign-out everywhere forgets the flows and the device", async () => {
  const { client, storage, requests } = await begun({ device: "device-1" }, EMPTY);
  await client.rememberDevice();
  await client.signOut({ everywhere: true });
  assert.deepEqual(requests.at(-1).body, { everywhere: true });
  assert.equal(client.pending(), null);
  assert.equal(storage.getItem("latchstring./api/latchstring.device"), null);
});

test("a sign-out that fails is an error, and keeps what is here", async () => {
  const { client } = await begun(new TypeError("no connection"));
  await assert.rejects(client.signOut(), ofType("Network"));
  assert.notEqual(client.pending(), null);
});

test("an undo is answered at its own route", async () => {
  const made = client(asked(), problem("NothingToUndo", 409));
  const challenge = await made.client.undoContactChange(ADA);
  await assert.rejects(made.client.answer(challenge, "123456"), ofType("NothingToUndo"));
  assert.deepEqual(sent(made.requests[1])[0], "POST contacts/undo");
  assert.equal(made.client.pending(), null);
});

test("a link answers here with its secret, and elsewhere shows the code", async () => {
  const { client: here, requests } = await begun(OPENED);
  const fragment = `#${POINTER}.${"A".repeat(22)}`;
  const opened = here.openLink(fragment);
  assert.equal(opened.place, "here");
  assert.equal((await opened.confirm()).done, true);
  assert.match(requests[0].body.linkSecret, /^[\w-]{43}$/);
  assert.deepEqual(client().client.openLink(fragment), { place: "elsewhere", code: "000000", codeAlphabet: "DIGITS" });
  assert.equal(client().client.openLink("#somewhere"), null);
});

test("a request that gets no answer ends with its time limit", async () => {
  const fetch = (_, { signal }) =>
    new Promise((_, reject) => signal.addEventListener("abort", () => reject(signal.reason)));
  const slow = createSessionClient({ url: "https://api.example.com/", fetch, timeout: 1 });
  await assert.rejects(slow.session(), ofType("Timeout"));
});

test("a sign-in for an existing account makes none, also after a resume", async () => {
  const none = () => problem("NoAccount", 409);
  for (const replies of [[none()], [problem("InvalidContinuation", 400), asked("continuation-2"), none()]]) {
    const { client: opened, requests } = client(asked(), ...replies);
    const challenge = await opened.signIn({ ...ADA, existingOnly: true });
    await assert.rejects(opened.answer(challenge, "123456"), ofType("OtherAccount"));
    const begun = requests.map(sent).filter(([path]) => path === "POST sign-in");
    assert.deepEqual(begun.map(([, body]) => body.existingOnly), replies.length === 1 ? [true] : [true, true]);
    assert.equal(opened.pending(), null);
  }
});
