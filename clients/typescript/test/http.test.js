// The transport of the HTTP door, against scripted replies.
import assert from "node:assert/strict";
import { test } from "node:test";
import { Latchstring, LatchstringError, memoryStorage } from "@latchstring/client";
import { asked, HTTP, issued, jwt, POINTER, problem, refused, RESUME, scripted, signedIn, wrong } from "./fake.js";

const ADA = { emailOrPhone: "ada@example.com" };
const COGNITO = "https://cognito-idp.eu-west-1.amazonaws.com";

function client(...replies) {
  const { fetch, requests } = scripted(...replies);
  const storage = memoryStorage();
  return { latchstring: new Latchstring({ ...HTTP, fetch, storage }), requests, storage };
}

/** A client with a flow that waits for a code. */
async function begun(...replies) {
  const made = client(asked(), ...replies);
  made.challenge = await made.latchstring.signIn(ADA);
  made.requests.length = 0;
  return made;
}

/** A client that is signed in with the first tokens. */
async function entered(...replies) {
  const made = await begun(signedIn(1), ...replies);
  await made.latchstring.answer(made.challenge, "123456");
  made.requests.length = 0;
  return made;
}

const ofType = (type) => (error) => {
  assert.ok(error instanceof LatchstringError, String(error));
  assert.equal(error.type, type);
  return true;
};

const sent = ({ url, method, body }) => [`${method} ${url.replace("https://api.example.com/v1/", "")}`, body];

test("with a url, signIn asks the HTTP door alone, without a key", async () => {
  const { latchstring, requests, storage } = client(asked());
  const challenge = await latchstring.signIn({ ...ADA, locale: "pt-BR", captcha: "solved" });
  const [{ headers, body, ...request }] = requests;
  assert.equal(requests.length, 1);
  assert.equal(request.url, "https://api.example.com/v1/sign-in");
  assert.deepEqual(headers, { "content-type": "application/json" });
  assert.deepEqual([request.credentials, request.redirect, request.cache], ["omit", "error", "no-store"]);
  const { linkChallenge, ...input } = body;
  assert.deepEqual(input, { emailOrPhone: "ada@example.com", method: "email", locale: "pt-BR", captcha: "solved" });
  assert.match(linkChallenge, /^[\w-]{43}$/);
  const { session, username, codeLength, codeAlphabet, attemptsLeft, resume, pointer } = challenge;
  assert.deepEqual(
    { session, username, codeLength, codeAlphabet, attemptsLeft, resume, pointer },
    {
      session: "continuation-1",
      username: "",
      codeLength: 6,
      codeAlphabet: "DIGITS",
      attemptsLeft: null,
      resume: RESUME,
      pointer: POINTER,
    },
  );
  assert.deepEqual(await latchstring.pending(), challenge, "it is stored");
  assert.deepEqual(JSON.parse(JSON.stringify(challenge)), challenge, "it can be kept");
  assert.match(storage.getItem("latchstring.https://api.example.com.flows"), /continuation-1/);
});

test("a slash at the end of the url changes nothing", async () => {
  const { fetch, requests } = scripted(asked());
  await new Latchstring({ url: "https://api.example.com/stage/", fetch }).signIn(ADA);
  assert.equal(requests[0].url, "https://api.example.com/stage/v1/sign-in");
});

test("a client id that is configured goes along, and a number is one", async () => {
  const { fetch, requests } = scripted(asked("a", { codeAlphabet: "base32", codeLength: 12 }));
  const challenge = await new Latchstring({ ...HTTP, clientId: "client1", fetch }).signIn({ emailOrPhone: "+1 415 555 0132" });
  const { clientId, method } = requests[0].body;
  assert.deepEqual([clientId, method], ["client1", "phone_number"]);
  assert.deepEqual([challenge.codeAlphabet, challenge.method], ["BASE32", "PHONE_NUMBER"]);
});

test("each answer is given with the continuation of the last reply", async () => {
  const { latchstring, requests, challenge } = await begun(
    wrong("continuation-2"),
    asked("continuation-3"),
    wrong("continuation-4", 1),
    signedIn(1, { isNew: true }),
  );
  const second = (await latchstring.answer(challenge, "000000")).challenge;
  const third = await latchstring.resend(second);
  const fourth = (await latchstring.answer(third, "000001")).challenge;
  assert.deepEqual([second, third, fourth].map(({ attemptsLeft }) => attemptsLeft), [2, 2, 1]);
  assert.ok(fourth.resendAt < third.resendAt);
  assert.deepEqual([fourth.codeLength, fourth.resume, fourth.pointer], [6, RESUME, POINTER]);
  assert.deepEqual(await latchstring.pending(), fourth);
  const answer = await latchstring.answer(fourth, "123456");
  assert.equal(answer.isNew, true);
  assert.equal(answer.tokens.refreshToken, "refresh-1");
  assert.equal(await latchstring.pending(), null);
  assert.deepEqual(requests.map(sent), [
    ["POST sign-in/answer", { continuation: "continuation-1", answer: "000000" }],
    ["POST sign-in/resend", { continuation: "continuation-2" }],
    ["POST sign-in/answer", { continuation: "continuation-3", answer: "000001" }],
    ["POST sign-in/answer", { continuation: "continuation-4", answer: "123456" }],
  ]);
});

test("a resend for a code without attempts makes them unknown", async () => {
  const { latchstring, challenge } = await begun(wrong("continuation-2", 0), asked("continuation-3", { codeLength: 8 }));
  const { challenge: spent } = await latchstring.answer(challenge, "000000");
  assert.equal(spent.attemptsLeft, 0);
  const resent = await latchstring.resend(spent);
  assert.deepEqual([resent.attemptsLeft, resent.codeLength], [null, 8]);
});

test("a refused resend goes on in the continuation of its problem", async () => {
  const { latchstring, requests, challenge } = await begun(
    problem("TooManyRequests", 429, { retryAfter: 600, continuation: "continuation-2" }),
    problem("Unavailable", 503, { continuation: "continuation-3" }),
    signedIn(1),
  );
  const first = await latchstring.resend(challenge);
  assert.deepEqual(first.refused, { type: "TooManyRequests", retryAfter: 600 });
  assert.deepEqual([first.expiresAt, first.resendAt], [challenge.expiresAt, challenge.resendAt]);
  const second = await latchstring.resend(first);
  assert.deepEqual(second.refused, { type: "Unavailable", retryAfter: null });
  assert.equal((await latchstring.answer(second, "123456")).done, true);
  assert.equal(requests[2].body.continuation, "continuation-3");
});

test("a resend refused without a continuation fails, and changes nothing", async () => {
  const { latchstring, challenge } = await begun(problem("TooManyRequests", 429, { retryAfter: 600 }));
  await assert.rejects(latchstring.resend(challenge), ofType("TooManyRequests"));
  assert.deepEqual(await latchstring.pending(), challenge);
});

for (const [name, status] of [["Unavailable", 503], ["TooManyRequests", 429]]) {
  test(`after ${status} the same answer goes on in its continuation`, async () => {
    const failed = (continuation) => problem(name, status, { continuation });
    const { latchstring, requests, challenge, storage } = await begun(failed("continuation-2"), failed("continuation-3"), signedIn(1));
    for (const next of ["continuation-2", "continuation-3"]) {
      await assert.rejects(latchstring.answer(challenge, "123456"), (error) => {
        assert.equal(error.message, `${name}, for people`);
        assert.doesNotMatch(JSON.stringify({ ...error }) + error.stack, /continuation/, "no session in an error");
        return ofType(name)(error);
      });
      const pending = await latchstring.pending();
      assert.deepEqual(pending, { ...challenge, session: next }, "also after a reload");
    }
    assert.equal((await latchstring.answer(challenge, "123456")).done, true);
    assert.deepEqual(
      requests.map(({ body }) => body.continuation),
      ["continuation-1", "continuation-2", "continuation-3"],
    );
    assert.doesNotMatch(storage.getItem(`latchstring.${HTTP.url}.flows`) ?? "", /continuation/);
  });
}

test("a continuation that has ended is replaced once, by resume", async () => {
  const { latchstring, requests, challenge } = await begun(
    problem("InvalidContinuation", 400),
    asked("continuation-2"),
    wrong("continuation-3", 1),
  );
  const { challenge: next } = await latchstring.answer(challenge, "000000");
  assert.deepEqual([next.session, next.attemptsLeft], ["continuation-3", 1]);
  assert.deepEqual(sent(requests[1]), ["POST sign-in", { ...ADA, method: "email", resume: RESUME }]);
  assert.deepEqual(requests[2].body, { continuation: "continuation-2", answer: "000000" });
});

test("a flow that has ended says why", async (t) => {
  const over = [problem("InvalidContinuation", 400), problem("InvalidResume", 400)];
  const used = await begun(...over.map((reply) => reply.clone()));
  await assert.rejects(used.latchstring.answer(used.challenge, "123456"), ofType("FlowOver"));
  assert.equal(await used.latchstring.pending(), null);
  const spent = await begun(...over.map((reply) => reply.clone()));
  await assert.rejects(spent.latchstring.answer({ ...spent.challenge, attemptsLeft: 1 }, "1"), ofType("AttemptsSpent"));
  const late = await begun(...over);
  t.mock.timers.enable({ apis: ["Date"], now: Date.now() + 301_000 });
  await assert.rejects(late.latchstring.answer(late.challenge, "1"), ofType("CodeExpired"));
  assert.equal(late.requests.length, 1);
});

test("a reload goes on by the stored continuation", async () => {
  const { storage } = await begun();
  const { fetch, requests } = scripted(signedIn(1));
  const reloaded = new Latchstring({ ...HTTP, fetch, storage });
  assert.equal((await reloaded.answer(await reloaded.pending(), "123456")).done, true);
  assert.equal(requests[0].body.continuation, "continuation-1");
});

test("a link answers with its secret", async () => {
  const { latchstring, requests } = await begun(signedIn(1));
  const token = "A".repeat(22);
  const opened = await latchstring.openLink(`#${POINTER}.${token}`);
  assert.equal(opened.place, "here");
  await opened.confirm();
  const { linkSecret, ...body } = requests[0].body;
  assert.deepEqual(body, { continuation: "continuation-1", answer: token });
  assert.match(linkSecret, /^[\w-]{43}$/);
});

test("tokens are refreshed and revoked at the pool that they name", async () => {
  const { latchstring, requests } = await entered(issued(2), new Response());
  assert.equal((await latchstring.refresh()).accessToken, "access-2");
  // Opaque now: the next client needs its own.
  const { latchstring: other, requests: signOut } = await entered(new Response());
  await other.signOut();
  const [refresh] = requests;
  assert.deepEqual(
    [refresh.url, refresh.operation, refresh.body],
    [COGNITO, "GetTokensFromRefreshToken", { ClientId: "client2", RefreshToken: "refresh-1" }],
  );
  assert.deepEqual(
    [signOut[0].url, signOut[0].operation, signOut[0].body],
    [COGNITO, "RevokeToken", { ClientId: "client2", Token: "refresh-1" }],
  );
});

test("an endpoint and a client id that are configured come first", async () => {
  const { fetch, requests } = scripted(asked(), signedIn(1), new Response(), asked(), signedIn(1), new Response());
  const settings = { ...HTTP, clientId: "client1", fetch };
  for (const more of [{ endpoint: "https://cognito.example.com" }, { region: "eu-central-1" }]) {
    const latchstring = new Latchstring({ ...settings, ...more });
    await latchstring.answer(await latchstring.signIn(ADA), "123456");
    await latchstring.signOut({ everywhere: true });
  }
  const calls = requests.filter(({ operation }) => operation).map(({ url, operation }) => [url, operation]);
  assert.deepEqual(calls, [
    ["https://cognito.example.com", "GlobalSignOut"],
    ["https://cognito-idp.eu-central-1.amazonaws.com", "GlobalSignOut"],
  ]);
});

test("what needs a signed-in user goes with the access token", async () => {
  const pending = (state) => ({ pending: state && { method: "email", state } });
  const { latchstring, requests, storage } = await entered(
    asked("continuation-2"),
    asked("continuation-3"),
    { givenName: "Ada", familyName: "Lovelace" },
    pending("in_use"),
    pending(null),
    { device: "device-1", expiresIn: 1 },
    asked(),
    new Response(null, { status: 204 }),
  );
  const name = { givenName: "Ada", familyName: "Lovelace" };
  const challenge = await latchstring.signUp({ emailOrPhone: "+14155550132", ...name });
  assert.deepEqual([challenge.purpose, challenge.sub, challenge.session], ["contact", "account-1", "continuation-2"]);
  await latchstring.changeContact({ emailOrPhone: "ada@example.org", locale: "de" });
  assert.deepEqual(await latchstring.updateName(name), name);
  assert.equal(await latchstring.pendingContact("EMAIL"), "IN_USE");
  assert.equal(await latchstring.pendingContact("PHONE_NUMBER"), null);
  await latchstring.rememberDevice();
  await latchstring.signIn(ADA);
  assert.equal(requests[6].body.device, "device-1");
  await latchstring.forgetDevices();
  assert.equal(storage.getItem(`latchstring.${HTTP.url}.device`), null);
  const signed = requests.filter((_, place) => place !== 6);
  const token = (await latchstring.tokens()).accessToken;
  for (const { headers } of signed) assert.equal(headers.authorization, `Bearer ${token}`);
  for (const { body } of signed.slice(0, 2)) {
    assert.match(body.linkChallenge, /^[\w-]{43}$/);
    delete body.linkChallenge;
  }
  assert.deepEqual(signed.map(sent), [
    ["POST sign-up", { emailOrPhone: "+14155550132", method: "phone_number", ...name }],
    ["POST contacts/change", { emailOrPhone: "ada@example.org", method: "email", locale: "de" }],
    ["POST names", name],
    ["GET contacts/pending?method=email", undefined],
    ["GET contacts/pending?method=phone_number", undefined],
    ["POST devices/remember", {}],
    ["POST devices/forget", {}],
  ]);
});

test("a token that is refused is renewed once: by the API, or the gateway", async () => {
  for (const first of [problem("NotSignedIn", 401), Response.json({ message: "Unauthorized" }, { status: 401 })]) {
    const renewed = { ...issued(2).AuthenticationResult, AccessToken: jwt({ sub: "account-1", jti: 2 }) };
    const { latchstring, requests } = await entered(first, { AuthenticationResult: renewed }, { pending: null });
    assert.equal(await latchstring.pendingContact("EMAIL"), null);
    assert.equal(requests[2].headers.authorization, `Bearer ${renewed.AccessToken}`);
  }
});

test("a contact's code renews the tokens that are held", async () => {
  const renewed = { ...issued(2).AuthenticationResult, AccessToken: jwt({ sub: "account-1", jti: 2 }) };
  const { fetch, requests } = scripted(asked(), signedIn(1), asked("continuation-2"), signedIn(3), (request) =>
    request.operation === "RevokeToken" ? new Response() : { AuthenticationResult: renewed },
    (request) => (request.operation === "RevokeToken" ? new Response() : { AuthenticationResult: renewed }),
  );
  const latchstring = new Latchstring({ ...HTTP, fetch });
  await latchstring.answer(await latchstring.signIn(ADA), "123456");
  const challenge = await latchstring.changeContact({ emailOrPhone: "ada@example.org" });
  const answer = await latchstring.answer(challenge, "123456");
  assert.deepEqual([answer.isNew, answer.tokens.accessToken], [false, renewed.AccessToken]);
  const revoked = requests.find(({ operation }) => operation === "RevokeToken");
  assert.equal(revoked.body.Token, "refresh-3", "the tokens of the answer are not kept");
});

test("a contact that was proved and is on another account is in use", async () => {
  const { latchstring } = await entered(
    asked("continuation-2"),
    problem("InvalidContinuation", 400),
    problem("InvalidResume", 400),
    { pending: { method: "email", state: "in_use" } },
  );
  const challenge = await latchstring.changeContact({ emailOrPhone: "ada@example.org" });
  await assert.rejects(latchstring.answer(challenge, "123456"), ofType("ContactInUse"));
});

test("an undo has a path of its own, and its errors end the flow", async () => {
  const undone = client(asked(), asked("continuation-2"), wrong("continuation-3"), signedIn(1));
  let challenge = await undone.latchstring.undoContactChange(ADA);
  challenge = await undone.latchstring.resend(challenge);
  ({ challenge } = await undone.latchstring.answer(challenge, "000000"));
  const answer = await undone.latchstring.answer(challenge, "123456");
  assert.deepEqual([answer.done, answer.isNew], [true, false]);
  assert.deepEqual(
    undone.requests.map((request) => sent(request)[0]),
    ["POST sign-in", "POST sign-in/resend", "POST contacts/undo", "POST contacts/undo"],
  );
  for (const type of ["ContactInUse", "NothingToUndo"]) {
    const { latchstring, requests } = client(asked(), problem(type, 409));
    const challenge = await latchstring.undoContactChange(ADA);
    await assert.rejects(latchstring.answer(challenge, "123456"), ofType(type));
    assert.equal(await latchstring.pending(), null);
    assert.equal(requests.length, 2);
    const late = client(asked(), problem("InvalidContinuation", 400), asked("continuation-2"), problem(type, 409));
    await assert.rejects(
      late.latchstring.answer(await late.latchstring.undoContactChange(ADA), "123456"),
      ofType(type),
      "also in the session of a resume",
    );
    assert.equal(await late.latchstring.pending(), null);
  }
});

test("to sign in again with a contact of no account makes none", async () => {
  const none = () => problem("NoAccount", 409);
  for (const replies of [[none()], [problem("InvalidContinuation", 400), asked("continuation-3"), none()]]) {
    const { latchstring, requests } = await entered(asked("continuation-2"), ...replies);
    const before = await latchstring.tokens();
    const challenge = await latchstring.reauthenticate(ADA);
    await assert.rejects(latchstring.answer(challenge, "123456"), ofType("OtherAccount"));
    const begun = requests.map(sent).filter(([path]) => path === "POST sign-in");
    assert.deepEqual(begun.map(([, body]) => body.existingOnly), replies.length === 1 ? [true] : [true, true]);
    assert.deepEqual(await latchstring.tokens(), before);
  }
});

test("to sign in again deletes no account that existed", async () => {
  const given = [{ sub: "account-1" }, { sub: "account-1", isNew: true }, { sub: "account-2" }];
  for (const account of given) {
    const type = account.sub === "account-2" && "OtherAccount";
    const { latchstring, requests } = await entered(asked("continuation-2"), signedIn(2, account), new Response());
    const answered = latchstring.answer(await latchstring.reauthenticate(ADA), "123456");
    await (type ? assert.rejects(answered, ofType(type)) : answered);
    assert.deepEqual(requests.slice(2).map(({ operation }) => operation), ["RevokeToken"]);
  }
});

const TYPES = ["InvalidIdentifier", "InvalidName", "InvalidResume", "CaptchaRequired", "ReauthRequired", "ChangeHeld", "TooManyRequests", "Unavailable"];

test("a problem is an error of the same type, with its text", async () => {
  for (const type of TYPES) {
    const { latchstring } = client(problem(type, 400));
    await assert.rejects(latchstring.signIn(ADA), (error) => {
      assert.equal(error.message, `${type}, for people`);
      return ofType(type)(error);
    });
  }
});

test("a problem that is a bug, and what a gateway says, have our texts", async () => {
  const gateway = (status, body = { message: "not for people" }) => Response.json(body, { status });
  const replies = [
    ["Internal", problem("MalformedRequest", 400)],
    ["Internal", problem("constructor", 400)],
    ["Internal", gateway(403)],
    ["Internal", gateway(404)],
    ["TooManyRequests", gateway(429)],
    ["Unavailable", gateway(500)],
    ["Unavailable", gateway(503)],
    ["Unavailable", gateway(200, {})],
    ["Unavailable", new Response("<p>a page", { status: 502 })],
    ["Network", new TypeError("fetch failed")],
  ];
  for (const [type, reply] of replies) {
    const { latchstring } = client(reply);
    await assert.rejects(latchstring.signIn(ADA), (error) => {
      assert.equal(error.message, new LatchstringError(type).message);
      return ofType(type)(error);
    });
  }
});

test("the time limit is longer than the door's own", async (t) => {
  const waits = t.mock.method(globalThis, "setTimeout", () => 0);
  await client(asked()).latchstring.signIn(ADA);
  assert.deepEqual(waits.mock.calls.map(({ arguments: [, wait] }) => wait), [30_000]);
});
