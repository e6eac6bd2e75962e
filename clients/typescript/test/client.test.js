import assert from "node:assert/strict";
import { test } from "node:test";
import { claims, Latchstring, LatchstringError, memoryStorage } from "@latchstring/client";
import { createHash } from "node:crypto";
import {
  askedAgain,
  begun,
  claim,
  completed,
  CONFIG,
  deferred,
  graphqlError,
  issued,
  POINTER,
  refused,
  RESUME,
  scripted,
} from "./fake.js";

const ADA = { emailOrPhone: "ada@example.com" };

function client(...replies) {
  const { fetch, requests } = scripted(...replies);
  const storage = memoryStorage();
  return { latchstring: new Latchstring({ ...CONFIG, fetch, storage }), requests, storage };
}

/** A client that is signed in with the first tokens. */
async function signedIn(...replies) {
  const made = client(begun(), issued(1), ...replies);
  await made.latchstring.answer(await made.latchstring.signIn(ADA), "123456");
  made.requests.length = 0;
  return made;
}

const ofType = (type) => (error) => {
  assert.ok(error instanceof LatchstringError, String(error));
  assert.equal(error.type, type);
  return true;
};

test("signIn asks the API with its key, and for nothing that the schema may lack", async () => {
  const { latchstring, requests } = client(begun());
  const challenge = await latchstring.signIn(ADA);
  const [{ url, method, headers, body, credentials, redirect, cache }] = requests;
  assert.equal(url, CONFIG.graphqlUrl);
  assert.equal(method, "POST");
  assert.equal(headers["x-api-key"], "da2-key");
  assert.equal(headers.authorization, undefined);
  const { linkChallenge, ...input } = body.variables.input;
  assert.deepEqual(input, { emailOrPhone: "ada@example.com", method: "EMAIL", clientId: CONFIG.clientId });
  assert.match(linkChallenge, /^[\w-]{43}$/);
  assert.deepEqual([credentials, redirect, cache], ["omit", "error", "no-store"]);
  assert.equal(challenge.session, "session-1");
  assert.equal(challenge.codeLength, 6);
  assert.deepEqual(JSON.parse(JSON.stringify(challenge)), challenge, "it can be kept");
});

test("what has no @ is a phone number unless the caller says otherwise", async () => {
  const { latchstring, requests } = client(begun(), begun());
  await latchstring.signIn({ emailOrPhone: "+1 415 555 0132" });
  await latchstring.signIn({ emailOrPhone: "nonsense", method: "EMAIL" });
  assert.deepEqual(
    requests.map(({ body }) => body.variables.input.method),
    ["PHONE_NUMBER", "EMAIL"],
  );
});

test("locale and captcha go along when they are given", async () => {
  const { latchstring, requests } = client(begun());
  await latchstring.signIn({ ...ADA, locale: "pt-BR", captcha: "solved" });
  const { locale, captcha } = requests[0].body.variables.input;
  assert.deepEqual([locale, captcha], ["pt-BR", "solved"]);
});

test("every answer is given in the session that the last reply brought", async () => {
  const { latchstring, requests } = client(
    begun(),
    askedAgain("session-2"),
    askedAgain("session-3"),
    askedAgain("session-4", "1"),
    issued(1),
  );
  const first = await latchstring.signIn(ADA);
  const second = (await latchstring.answer(first, "000000")).challenge;
  const third = await latchstring.resend(second);
  const fourth = (await latchstring.answer(third, "000001")).challenge;
  assert.equal(fourth.attemptsLeft, 1);
  assert.equal((await latchstring.answer(fourth, "123456")).done, true);

  const answers = requests.slice(1).map(({ url, headers, body }) => {
    assert.equal(url, "https://cognito-idp.eu-central-1.amazonaws.com");
    assert.equal(headers["content-type"], "application/x-amz-json-1.1");
    assert.equal(
      headers["x-amz-target"],
      "AWSCognitoIdentityProviderService.RespondToAuthChallenge",
    );
    assert.equal(body.ClientId, "client1");
    assert.equal(body.ChallengeName, "CUSTOM_CHALLENGE");
    assert.equal(body.ChallengeResponses.USERNAME, "ada@example.com");
    return [body.Session, body.ChallengeResponses.ANSWER, body.ClientMetadata];
  });
  assert.deepEqual(answers, [
    ["session-1", "000000", undefined],
    ["session-2", "resend", { action: "resend" }],
    ["session-3", "000001", undefined],
    ["session-4", "123456", undefined],
  ]);
});

test("no resend is offered when the code ends before its time would come", async () => {
  const { latchstring } = client(begun(), askedAgain("session-2", "2", "250"));
  const first = await latchstring.signIn(ADA);
  assert.ok(first.resendAt < first.expiresAt);
  const { challenge } = await latchstring.answer(first, "000000");
  assert.equal(challenge.resendAt, null);
});

test("the first right code of a new person claims an account on the way", async () => {
  const { latchstring, requests } = client(begun(), claim("proof-1"), completed(1));
  const answer = await latchstring.answer(await latchstring.signIn(ADA), "123456");
  assert.equal(answer.isNew, true);
  assert.equal(answer.tokens.accessToken, "access-1");
  assert.equal(answer.tokens.refreshToken, "refresh-1");
  const { proof, complete } = requests[2].body.variables.input;
  assert.deepEqual({ proof, complete }, { proof: "proof-1", complete: true });
  assert.equal(requests.length, 3);
});

test("a connection lost between the code and the account is taken up again by the same call", async () => {
  const lost = new TypeError("fetch failed");
  const { latchstring, requests } = client(begun(), claim("proof-1"), lost, completed(1));
  const challenge = await latchstring.signIn(ADA);
  await assert.rejects(latchstring.answer(challenge, "123456"), ofType("Network"));
  const answer = await latchstring.answer(challenge, "123456");
  assert.equal(answer.isNew, true);
  const codes = requests.filter(({ body }) => body.ChallengeResponses?.ANSWER === "123456");
  assert.equal(codes.length, 1, "the code is answered once");
});

test("a proof that is not taken ends the flow and is not tried again", async () => {
  const { latchstring } = client(
    begun(),
    claim("proof-1"),
    graphqlError("InvalidProof", "Start again."),
    refused("NotAuthorizedException"),
    graphqlError("InvalidResume", "Start again."),
  );
  const challenge = await latchstring.signIn(ADA);
  await assert.rejects(latchstring.answer(challenge, "123456"), ofType("InvalidProof"));
  await assert.rejects(latchstring.answer(challenge, "123456"), ofType("FlowOver"));
});

test("the end of a flow says why: the time, the attempts, or something else", async () => {
  const dead = () => refused("NotAuthorizedException");
  const { latchstring } = client(dead(), dead(), dead(), dead());
  const challenge = { purpose: "signIn", session: "s", username: "u", ...ADA, method: "EMAIL" };
  const open = { ...challenge, expiresAt: Date.now() + 60_000, attemptsLeft: 2 };
  const cases = [
    [{ ...open, expiresAt: Date.now() - 1 }, "CodeExpired"],
    [{ ...open, attemptsLeft: 1 }, "AttemptsSpent"],
    [open, "FlowOver"],
  ];
  for (const [challenge, type] of cases) {
    await assert.rejects(latchstring.answer(challenge, "1"), ofType(type));
  }
  await assert.rejects(latchstring.resend({ ...open, attemptsLeft: 1 }), ofType("FlowOver"));
});

test("the API's errors keep their type and their text", async () => {
  for (const type of ["InvalidIdentifier", "TooManyRequests", "Unavailable"]) {
    const { latchstring } = client(graphqlError(type, `text of ${type}`));
    await assert.rejects(latchstring.signIn(ADA), (error) => {
      assert.equal(error.message, `text of ${type}`);
      return ofType(type)(error);
    });
  }
});

test("an unknown error is Internal or Unavailable, with own text", async () => {
  const html = (status) => new Response("<html>", { status });
  const cases = [
    [graphqlError("Lambda:Unhandled", "stack"), "Internal"],
    [graphqlError("toString", "x"), "Internal"],
    [graphqlError(undefined, "x"), "Internal"],
    [html(200), "Unavailable"],
    [html(503), "Unavailable"],
    [new Response("", { status: 500 }), "Unavailable"],
    [new Response("null"), "Unavailable"],
    [new TypeError("fetch failed"), "Network"],
  ];
  for (const [reply, type] of cases) {
    const { latchstring } = client(reply);
    await assert.rejects(latchstring.signIn(ADA), (error) => {
      assert.doesNotMatch(error.message, /stack|html|fetch failed/);
      return ofType(type)(error);
    });
  }
});

test("Cognito's faults are Unavailable, its limits TooManyRequests", async () => {
  const cases = [
    [refused("InternalErrorException", 500), "Unavailable"],
    [refused("com.amazonaws.cognito#TooManyRequestsException"), "TooManyRequests"],
    [refused("LimitExceededException"), "TooManyRequests"],
    [refused("UserLambdaValidationException"), "Unavailable"],
    [refused("InvalidParameterException"), "Internal"],
  ];
  for (const [reply, type] of cases) {
    const { latchstring } = client(begun(), reply);
    const challenge = await latchstring.signIn(ADA);
    await assert.rejects(latchstring.answer(challenge, "123456"), ofType(type));
  }
});

test("no error holds a code, token, session, proof or address", async () => {
  const secrets = /123456|access-1|refresh-1|id-1|session-|proof-1|ada@example/;
  const failures = [
    () => refused("NotAuthorizedException"),
    () => refused("InternalErrorException", 500),
    () => new Response("<html>", { status: 502 }),
    () => new TypeError("fetch failed"),
  ];
  for (const failure of failures) {
    const calls = [
      (c) => c.latchstring.answer(c.challenge, "123456"),
      (c) => c.latchstring.resend(c.challenge),
      (c) => c.latchstring.refresh(),
      (c) => c.latchstring.changeContact(ADA),
      (c) => c.latchstring.signOut({ everywhere: true }),
      (c) => c.latchstring.deleteAccount(),
    ];
    for (const call of calls) {
      const made = await signedIn(begun(), failure(), failure());
      made.challenge = await made.latchstring.signIn(ADA);
      await assert.rejects(call(made), (error) => {
        const told = `${error.stack} ${JSON.stringify(error)} ${error.cause?.stack}`;
        assert.doesNotMatch(told, secrets);
        return true;
      });
    }
  }
});

test("a request that takes too long is given up", async () => {
  const fetch = (_, { signal }) =>
    new Promise((_, reject) => signal.addEventListener("abort", () => reject(signal.reason)));
  const latchstring = new Latchstring({ ...CONFIG, fetch, timeout: 5 });
  await assert.rejects(latchstring.signIn(ADA), ofType("Timeout"));
});

test("an aborted call fails with the caller's own reason", async () => {
  const giveUp = new AbortController();
  const reason = new Error("the page was closed");
  const { latchstring, requests } = client(({ signal }) => {
    giveUp.abort(reason);
    assert.ok(signal.aborted, "the request is given up, too");
    throw signal.reason;
  });
  const options = { signal: giveUp.signal };
  await assert.rejects(latchstring.signIn(ADA, options), (error) => error === reason);
  await assert.rejects(latchstring.signIn(ADA, options), (error) => error === reason);
  assert.equal(requests.length, 1);
});

test("tokens are given as they are while they last, and renewed before they end", async () => {
  const { latchstring, requests } = await signedIn(issued(2, { rotate: false }));
  assert.equal((await latchstring.tokens()).accessToken, "access-1");
  assert.equal(requests.length, 0);

  const short = client(begun(), issued(1, { expiresIn: 20 }), issued(2, { rotate: false }));
  await short.latchstring.answer(await short.latchstring.signIn(ADA), "123456");
  const renewed = await short.latchstring.tokens();
  assert.equal(renewed.accessToken, "access-2");
  assert.equal(renewed.refreshToken, "refresh-1", "without rotation the refresh token stays");
  assert.equal(short.requests[2].operation, "GetTokensFromRefreshToken");
  assert.deepEqual(short.requests[2].body, { ClientId: "client1", RefreshToken: "refresh-1" });
  assert.deepEqual(await short.latchstring.tokens(), renewed);
});

test("tokens that still last are given when they cannot be renewed, and none after that", async (t) => {
  t.mock.timers.enable({ apis: ["Date"], now: 1_000_000 });
  const lost = () => new TypeError("fetch failed");
  const { latchstring } = client(begun(), issued(1, { expiresIn: 20 }), lost(), lost());
  await latchstring.answer(await latchstring.signIn(ADA), "123456");
  t.mock.timers.tick(19_999);
  assert.equal((await latchstring.tokens()).accessToken, "access-1");
  t.mock.timers.tick(1);
  await assert.rejects(latchstring.tokens(), ofType("Network"));
});

test("with rotation the new refresh token takes the old one's place", async () => {
  const { latchstring, requests } = await signedIn(issued(2), issued(3));
  await latchstring.refresh();
  await latchstring.refresh();
  assert.deepEqual(
    requests.map(({ body }) => body.RefreshToken),
    ["refresh-1", "refresh-2"],
  );
});

test("refreshes at the same time share one request", async () => {
  const reply = deferred();
  const { latchstring, requests } = await signedIn(() => reply.promise);
  const all = Array.from({ length: 20 }, () => latchstring.refresh());
  reply.resolve(Response.json(issued(2)));
  const tokens = await Promise.all(all);
  assert.equal(requests.length, 1);
  assert.ok(tokens.every(({ accessToken }) => accessToken === "access-2"));
});

test("refreshes at the same time fail together, after one request", async () => {
  const { latchstring, requests } = await signedIn(new TypeError("fetch failed"));
  const all = Array.from({ length: 20 }, () => latchstring.refresh());
  for (const { reason } of await Promise.allSettled(all)) ofType("Network")(reason);
  assert.equal(requests.length, 1);
});

test("one who gives up waiting for a refresh does not end it for the others", async () => {
  const reply = deferred();
  const { latchstring } = await signedIn(() => reply.promise);
  const giveUp = new AbortController();
  const impatient = latchstring.refresh({ signal: giveUp.signal });
  const patient = latchstring.refresh();
  giveUp.abort();
  await assert.rejects(impatient, { name: "AbortError" });
  reply.resolve(Response.json(issued(2)));
  assert.equal((await patient).accessToken, "access-2");
});

test("a refresh that is refused signs out, one that is lost does not", async () => {
  for (const type of ["NotAuthorizedException", "UserNotFoundException", "RefreshTokenReuseException"]) {
    const { latchstring } = await signedIn(refused(type));
    await assert.rejects(latchstring.refresh(), ofType("NotSignedIn"));
    assert.equal(await latchstring.tokens(), null);
  }
  const { latchstring } = await signedIn(new TypeError("fetch failed"), issued(2));
  await assert.rejects(latchstring.refresh(), ofType("Network"));
  assert.equal((await latchstring.refresh()).accessToken, "access-2");
});

test("a token that is not taken is renewed once and the call made again", async () => {
  const unauthorized = Response.json(
    { errors: [{ errorType: "UnauthorizedException", message: "Token has expired." }] },
    { status: 401 },
  );
  const { latchstring, requests } = await signedIn(unauthorized, issued(2), {
    data: { pendingContact: null },
  });
  assert.equal(await latchstring.pendingContact("EMAIL"), null);
  assert.equal(requests[0].headers.authorization, "access-1");
  assert.equal(requests[0].headers["x-api-key"], undefined);
  assert.equal(requests[2].headers.authorization, "access-2");
});

test("a call without sign-in fails without a request", async () => {
  const { latchstring, requests } = client();
  const calls = [
    () => latchstring.refresh(),
    () => latchstring.changeContact(ADA),
    () => latchstring.pendingContact("EMAIL"),
    () => latchstring.deleteAccount(),
    () => latchstring.signOut({ everywhere: true }),
  ];
  for (const call of calls) await assert.rejects(call(), ofType("NotSignedIn"));
  await latchstring.signOut();
  assert.equal(requests.length, 0);
});

test("signOut removes the tokens here and has the refresh token revoked", async () => {
  const { latchstring, requests, storage } = await signedIn(
    Response.json({}),
  );
  await latchstring.signOut();
  assert.equal(requests[0].operation, "RevokeToken");
  assert.deepEqual(requests[0].body, { ClientId: "client1", Token: "refresh-1" });
  assert.equal(await storage.getItem("latchstring.client1.tokens"), null);
});

test("signOut without a connection removes the tokens all the same, and says so", async () => {
  const { latchstring } = await signedIn(new TypeError("fetch failed"));
  await assert.rejects(latchstring.signOut(), ofType("Network"));
  assert.equal(await latchstring.tokens(), null);
});

test("signOut everywhere keeps the tokens and the device until it is done", async () => {
  const { latchstring, requests, storage } = await signedIn(new TypeError("fetch failed"), {});
  await storage.setItem("latchstring.client1.device", "device-1");
  await assert.rejects(latchstring.signOut({ everywhere: true }), ofType("Network"));
  assert.equal((await latchstring.tokens()).accessToken, "access-1");
  assert.equal(await storage.getItem("latchstring.client1.device"), "device-1");
  await latchstring.signOut({ everywhere: true });
  assert.deepEqual(
    requests.map(({ operation, body }) => [operation, body]),
    [1, 2].map(() => ["GlobalSignOut", { AccessToken: "access-1" }]),
  );
  assert.equal(await latchstring.tokens(), null);
  assert.equal(await storage.getItem("latchstring.client1.device"), null);
});

test("signing out in the middle of a refresh leaves nothing behind, and revokes the newest token", async () => {
  const reply = deferred();
  const { latchstring, requests, storage } = await signedIn(() => reply.promise, {});
  const refreshing = latchstring.refresh();
  const signingOut = latchstring.signOut();
  reply.resolve(Response.json(issued(2)));
  await Promise.all([refreshing, signingOut]);
  assert.equal(await storage.getItem("latchstring.client1.tokens"), null);
  assert.equal(requests[1].body.Token, "refresh-2");
});

test("deleteAccount deletes it, and removes the tokens and the device", async () => {
  const { latchstring, requests, storage } = await signedIn(new Response(""));
  await storage.setItem("latchstring.client1.device", "device-1");
  await latchstring.deleteAccount();
  assert.equal(await storage.getItem("latchstring.client1.device"), null);
  assert.deepEqual(
    [requests[0].operation, requests[0].body],
    ["DeleteUser", { AccessToken: "access-1" }],
  );
  assert.equal(await latchstring.tokens(), null);
});

test("the right code for a contact renews the tokens held, and revokes those it came with", async () => {
  const begunChange = { data: { changeContact: begun().data.signIn } };
  const { latchstring, requests } = await signedIn(begunChange, issued(9), {}, issued(2, { rotate: false }));
  const challenge = await latchstring.changeContact({ emailOrPhone: "ada@example.org" });
  assert.equal(challenge.purpose, "contact");
  // Both follow at once, in either order.
  const answer = await latchstring.answer(challenge, "123456");
  assert.equal(answer.isNew, false);
  const sent = requests.slice(2).map(({ operation, body }) => [operation, body.Token ?? body.RefreshToken]);
  assert.deepEqual(sent.sort(), [
    ["GetTokensFromRefreshToken", "refresh-1"],
    ["RevokeToken", "refresh-9"],
  ]);
});

test("a refresh that began before a contact was proved does not pass for the one after", async () => {
  const early = deferred();
  const arrived = deferred();
  const begunChange = { data: { changeContact: begun().data.signIn } };
  const { latchstring } = await signedIn(
    begunChange,
    () => {
      arrived.resolve();
      return early.promise;
    },
    issued(9),
    () => {
      early.resolve(Response.json(issued(2, { rotate: false })));
      return {};
    },
    issued(3, { rotate: false }),
  );
  const challenge = await latchstring.changeContact({ emailOrPhone: "ada@example.org" });
  const before = latchstring.refresh();
  await arrived.promise;
  const { tokens } = await latchstring.answer(challenge, "123456");
  assert.equal((await before).accessToken, "access-2");
  assert.equal(tokens.accessToken, "access-3");
});

test("signUp sends name and contact as the schema has them", async () => {
  const { latchstring, requests } = await signedIn({ data: { signUp: begun().data.signIn } });
  await latchstring.signUp({ emailOrPhone: "+1 415 555 0132", givenName: "Ada", familyName: "Lovelace" });
  const { linkChallenge, ...data } = requests[0].body.variables.input.data;
  assert.deepEqual(data, {
    emailOrPhone: "+1 415 555 0132",
    method: "PHONE_NUMBER",
    givenName: "Ada",
    familyName: "Lovelace",
  });
  assert.match(linkChallenge, /^[\w-]{43}$/);
});

test("a proved contact of another account has its own error", async () => {
  const begunChange = { data: { changeContact: begun().data.signIn } };
  const inUse = { data: { pendingContact: { state: "IN_USE" } } };
  const over = graphqlError("InvalidResume", "This sign-in has ended.");
  const { latchstring } = await signedIn(begunChange, refused("NotAuthorizedException"), over, inUse);
  const challenge = await latchstring.changeContact(ADA);
  await assert.rejects(latchstring.answer(challenge, "123456"), ofType("ContactInUse"));
});

test("a new contact whose account a change holds is refused as such, and removed", async () => {
  const begunChange = { data: { changeContact: begun().data.signIn } };
  const held = graphqlError("ChangeHeld", "until noon");
  const waiting = { data: { pendingContact: { state: "WAITING" } } };
  const isHeld = (error) => {
    assert.equal(error.message, "until noon");
    return ofType("ChangeHeld")(error);
  };
  const answered = await signedIn(begunChange, refused("NotAuthorizedException"), held, waiting);
  const challenge = await answered.latchstring.changeContact(ADA);
  await assert.rejects(answered.latchstring.answer(challenge, "123456"), isHeld);
  assert.equal(await answered.storage.getItem(FLOWS), null);

  const { latchstring, storage } = await signedIn(begunChange, held);
  await assert.rejects(latchstring.resume(await latchstring.changeContact(ADA)), isHeld);
  assert.equal(await storage.getItem(FLOWS), null);
});

test("a device that is remembered goes along with every sign-in, also after signing out", async () => {
  const { latchstring, requests } = await signedIn(
    { data: { rememberDevice: { device: "device-1" } } },
    {},
    begun(),
  );
  await latchstring.rememberDevice();
  await latchstring.signOut();
  await latchstring.signIn(ADA);
  assert.equal(requests[2].body.variables.input.device, "device-1");
});

test("a device that is forgotten does not go along", async () => {
  const { latchstring, requests, storage } = client(begun());
  await storage.setItem("latchstring.client1.device", "device-1");
  await latchstring.forgetDevice();
  await latchstring.signIn(ADA);
  assert.equal("device" in requests[0].body.variables.input, false);
});

test("a device that becomes known after its account signed out everywhere is not kept", async () => {
  const reply = deferred();
  const { latchstring, storage } = await signedIn(() => reply.promise, {});
  const remembering = latchstring.rememberDevice();
  await latchstring.signOut({ everywhere: true });
  reply.resolve({ data: { rememberDevice: { device: "device-1" } } });
  await remembering;
  assert.equal(await storage.getItem("latchstring.client1.device"), null);
});

test("stored text that is not JSON counts as signed out", async () => {
  const { latchstring, storage } = client();
  await storage.setItem("latchstring.client1.tokens", "{half");
  assert.equal(await latchstring.tokens(), null);
});

test("a storage may be asynchronous", async () => {
  const memory = memoryStorage();
  const later = (name) => async (...args) => memory[name](...args);
  const storage = { getItem: later("getItem"), setItem: later("setItem"), removeItem: later("removeItem") };
  const { fetch } = scripted(begun(), issued(1));
  const latchstring = new Latchstring({ ...CONFIG, fetch, storage });
  await latchstring.answer(await latchstring.signIn(ADA), "123456");
  assert.equal((await new Latchstring({ ...CONFIG, fetch, storage }).tokens()).accessToken, "access-1");
});

test("claims reads what a token says, beyond ASCII", () => {
  const payload = Buffer.from(JSON.stringify({ given_name: "Zoë ☂" })).toString("base64url");
  assert.deepEqual(claims(`x.${payload}.y`), { given_name: "Zoë ☂" });
});

test("a refresh that another tab's overtook goes on with what that one was given", async () => {
  for (const overtaken of [refused("RefreshTokenReuseException"), refused("NotAuthorizedException")]) {
    const { latchstring, storage } = await signedIn(async () => {
      await storage.setItem("latchstring.client1.tokens", JSON.stringify(theirs));
      return overtaken;
    });
    const theirs = { ...(await latchstring.tokens()), refreshToken: "refresh-7" };
    assert.deepEqual(await latchstring.refresh(), theirs);
    assert.deepEqual(await latchstring.tokens(), theirs);
  }
});

test("a refresh that ends after another tab signed out brings nothing back", async () => {
  const { latchstring, storage } = await signedIn(async () => {
    await storage.removeItem("latchstring.client1.tokens");
    return issued(2);
  });
  await latchstring.refresh();
  assert.equal(await latchstring.tokens(), null);
});

/** Tokens of an account, as far as the client reads them. */
const issuedTo = (sub, n = 1) => {
  const reply = issued(n);
  const token = `h.${Buffer.from(JSON.stringify({ sub, n })).toString("base64url")}.s`;
  return { ...reply, AuthenticationResult: { ...reply.AuthenticationResult, AccessToken: token } };
};

/** A client that is signed in to an account. */
async function signedInTo(sub, ...replies) {
  const made = client(begun(), issuedTo(sub), ...replies);
  await made.latchstring.answer(await made.latchstring.signIn(ADA), "123456");
  made.requests.length = 0;
  return made;
}

const TOKENS = "latchstring.client1.tokens";
const END = Date.now() + 1e6;

/** Tokens of an account, as another tab stores them. */
const stored = (sub, expiresAt = END) => {
  const { AccessToken: accessToken } = issuedTo(sub).AuthenticationResult;
  return JSON.stringify({ accessToken, idToken: "i", refreshToken: `refresh-of-${sub}`, expiresAt });
};

test("a call begun by one account is never sent for another", async () => {
  const name = { givenName: "Ada", familyName: "Lovelace" };
  const calls = [
    ["deleteAccount", (it) => it.deleteAccount()],
    ["signOut everywhere", (it) => it.signOut({ everywhere: true })],
    ["updateName", (it) => it.updateName(name)],
    ["changeContact", (it) => it.changeContact(ADA)],
    ["signUp", (it) => it.signUp({ ...ADA, ...name })],
    ["pendingContact", (it) => it.pendingContact("EMAIL")],
    ["rememberDevice", (it) => it.rememberDevice()],
    ["forgetDevices", (it) => it.forgetDevices()],
  ];
  // When another tab signs in as Eve: during the call, its refresh, or the refresh before the call.
  for (const moment of ["call", "refresh", "before"]) {
    for (const [label, call] of calls) {
      const isRefused = ({ operation }) =>
        operation ? refused("NotAuthorizedException") : graphqlError("UnauthorizedException", "Token has expired.");
      const eveSignsIn = async (request) => {
        await storage.setItem(TOKENS, stored("eve"));
        return isRefused(request);
      };
      const replies = { call: [eveSignsIn], refresh: [isRefused, eveSignsIn], before: [eveSignsIn] };
      const { latchstring, requests, storage } = await signedInTo("ada", ...replies[moment]);
      await storage.setItem("latchstring.client1.device", "device-1");
      if (moment === "before") await storage.setItem(TOKENS, stored("ada", Date.now() + 1000));
      await assert.rejects(call(latchstring), ofType("NotSignedIn"), `${label}, ${moment}`);
      const eve = JSON.parse(stored("eve")).accessToken;
      assert.equal(JSON.stringify(requests).includes(eve), false, `${label}, ${moment}`);
      assert.equal((await latchstring.tokens()).accessToken, eve, "the other sign-in stays");
      assert.equal(await storage.getItem("latchstring.client1.device"), "device-1");
    }
  }
});

test("a call is repeated with newer tokens of the same account", async () => {
  const { latchstring, requests, storage } = await signedInTo(
    "ada",
    refused("NotAuthorizedException"),
    issuedTo("ada", 2),
    new Response(""),
  );
  await latchstring.deleteAccount();
  const renewed = issuedTo("ada", 2).AuthenticationResult.AccessToken;
  assert.deepEqual([requests[2].operation, requests[2].body], ["DeleteUser", { AccessToken: renewed }]);
  assert.equal(await storage.getItem(TOKENS), null);
});

test("a call that ends after another sign-in leaves its tokens", async () => {
  for (const call of [(it) => it.deleteAccount(), (it) => it.signOut({ everywhere: true })]) {
    const { latchstring, storage } = await signedInTo("ada", async () => {
      await storage.setItem(TOKENS, stored("eve"));
      return {};
    });
    await call(latchstring);
    assert.equal(await storage.getItem(TOKENS), stored("eve"));
  }
});

test("a device of one account is not stored after another signs in", async () => {
  const { latchstring, storage } = await signedInTo("ada", async () => {
    await storage.setItem(TOKENS, stored("eve"));
    return { data: { rememberDevice: { device: "device-1" } } };
  });
  await latchstring.rememberDevice();
  assert.equal(await storage.getItem("latchstring.client1.device"), null);
});

test("a contact's challenge names the account that requested it", async () => {
  const { latchstring, storage } = await signedInTo("ada", async () => {
    await storage.setItem(TOKENS, stored("eve"));
    return { data: { changeContact: begun().data.signIn } };
  });
  assert.equal((await latchstring.changeContact(ADA)).sub, "ada");
});

test("a contact's code is refused once another account signs in", async () => {
  const changed = { data: { changeContact: begun().data.signIn } };
  const eveSignsIn = async () => {
    await storage.setItem(TOKENS, stored("eve"));
    return issuedTo("ada", 2);
  };
  // The revocation and the refresh are sent at once.
  const rest = ({ operation }) => (operation === "RevokeToken" ? {} : issuedTo("eve", 3));
  const { latchstring, requests, storage } = await signedInTo("ada", changed, eveSignsIn, rest, rest);
  const challenge = await latchstring.changeContact(ADA);
  await assert.rejects(latchstring.answer(challenge, "123456"), ofType("OtherAccount"));
  const { AccessToken: eve } = issuedTo("eve", 3).AuthenticationResult;
  assert.equal((await latchstring.tokens()).accessToken, eve, "the other sign-in stays");
  const [revoked] = requests.filter(({ operation }) => operation === "RevokeToken");
  assert.equal(revoked.body.Token, "refresh-2", "the tokens of the answer are not kept");
});

test("reauthenticate keeps newer tokens of the same account", async () => {
  const { latchstring } = await signedInTo("ada", begun(), issuedTo("ada", 2), {});
  const challenge = await latchstring.reauthenticate(ADA);
  assert.equal(challenge.sub, "ada");
  const { tokens } = await latchstring.answer(challenge, "123456");
  assert.equal((await latchstring.tokens()).accessToken, tokens.accessToken);
});

test("a sign-in revokes the tokens that it replaces", async () => {
  const begin = [(it) => it.reauthenticate(ADA), (it) => it.signIn(ADA)];
  for (const [account, start] of [["ada", begin[0]], ["ada", begin[1]], ["eve", begin[1]]]) {
    const { latchstring, requests } = await signedInTo("ada", begun(), issuedTo(account, 2), {});
    const before = await latchstring.tokens();
    const { tokens } = await latchstring.answer(await start(latchstring), "123456");
    assert.deepEqual(await latchstring.tokens(), tokens);
    const last = requests.at(-1);
    assert.deepEqual([last.operation, last.body.Token], ["RevokeToken", before.refreshToken]);
  }
});

test("a sign-in stands if the tokens that it replaces cannot be revoked", async () => {
  const { latchstring, requests } = await signedInTo("ada", begun(), issuedTo("ada", 2), new TypeError("fetch failed"));
  const { tokens } = await latchstring.answer(await latchstring.signIn(ADA), "123456");
  assert.deepEqual(await latchstring.tokens(), tokens);
  assert.equal(requests.at(-1).operation, "RevokeToken");
});

test("a first sign-in revokes nothing", async () => {
  const { latchstring, requests } = client(begun(), issued(1));
  await latchstring.answer(await latchstring.signIn(ADA), "123456");
  assert.equal(requests.length, 2);
});

test("reauthenticate refuses and revokes tokens of another account", async () => {
  const { latchstring, requests } = await signedInTo("ada", begun(), issuedTo("eve", 2), {});
  const before = await latchstring.tokens();
  const challenge = await latchstring.reauthenticate(ADA);
  await assert.rejects(latchstring.answer(challenge, "123456"), ofType("OtherAccount"));
  assert.deepEqual(await latchstring.tokens(), before);
  const last = requests.at(-1);
  assert.deepEqual([last.operation, last.body.Token], ["RevokeToken", "refresh-2"]);
});

test("reauthenticate makes no account from a proof", async () => {
  const { latchstring, requests } = await signedInTo("ada", begun(), claim("proof-1"));
  const challenge = await latchstring.reauthenticate(ADA);
  await assert.rejects(latchstring.answer(challenge, "123456"), ofType("OtherAccount"));
  assert.equal(requests.length, 2, "the proof is not sent");
});

test("reauthenticate needs a sign-in, and refuses one of another tab", async () => {
  await assert.rejects(client().latchstring.reauthenticate(ADA), ofType("NotSignedIn"));
  const { latchstring, storage } = await signedInTo("ada", begun(), issuedTo("ada", 2), {});
  const challenge = await latchstring.reauthenticate(ADA);
  const eve = issuedTo("eve").AuthenticationResult.AccessToken;
  const held = { accessToken: eve, idToken: "i", refreshToken: "r", expiresAt: Date.now() + 1e6 };
  storage.setItem("latchstring.client1.tokens", JSON.stringify(held));
  await assert.rejects(latchstring.answer(challenge, "123456"), ofType("OtherAccount"));
  assert.equal((await latchstring.tokens()).accessToken, eve);
});

test("stored text that is not tokens counts as signed out", async () => {
  for (const text of ["{", "{}", "[]", '"text"', "1", '{"accessToken":1,"idToken":"i","refreshToken":"r","expiresAt":9e15}']) {
    const { latchstring, storage } = client();
    storage.setItem("latchstring.client1.tokens", text);
    assert.equal(await latchstring.tokens(), null, text);
  }
});

test("a refused resend returns the next session, the reason and the time", async () => {
  const reply = askedAgain("session-2", "0");
  Object.assign(reply.ChallengeParameters, { refused: "TooManyRequests", retryAfter: "720", codeLength: "8" });
  const { latchstring } = client(begun(), reply, askedAgain("session-3"));
  const challenge = await latchstring.resend(await latchstring.signIn(ADA));
  assert.deepEqual(challenge.refused, { type: "TooManyRequests", retryAfter: 720 });
  assert.deepEqual([challenge.session, challenge.codeLength, challenge.attemptsLeft], ["session-2", 8, 0]);
  assert.equal((await latchstring.resend(challenge)).refused, null);
});

test("updateName and the locale of changeContact are sent with the access token", async () => {
  const name = { givenName: "Ada", familyName: "Lovelace" };
  const changed = { data: { changeContact: begun().data.signIn } };
  const { latchstring, requests } = await signedIn({ data: { updateName: name } }, changed);
  assert.deepEqual(await latchstring.updateName(name), name);
  await latchstring.changeContact({ ...ADA, locale: "ja" });
  assert.deepEqual(requests[0].body.variables, { input: name });
  assert.equal(requests[1].body.variables.input.locale, "ja");
  assert.equal(requests[1].headers.authorization, "access-1");
});

const FLOWS = "latchstring.client1.flows";
/** A link of the flow of `begun`: its 16 bytes are the number 1_234_567. */
const TOKEN = Buffer.from([0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0x12, 0xd6, 0x87]).toString("base64url");
const LINK = `#${POINTER}.${TOKEN}`;

/** The flows in a storage. */
const storedFlows = async (storage) => JSON.parse((await storage.getItem(FLOWS)) ?? "[]");

/** Another client with the same storage: a new process, or another tab. */
function another(storage, ...replies) {
  const { fetch, requests } = scripted(...replies);
  return { latchstring: new Latchstring({ ...CONFIG, fetch, storage }), requests };
}

test("a flow is stored with the secret of its links, and without the code", async () => {
  const { latchstring, requests, storage } = client(begun(), askedAgain("session-2"));
  const first = await latchstring.signIn(ADA);
  const [{ linkSecret }] = await storedFlows(storage);
  assert.match(linkSecret, /^[\w-]{43}$/);
  const sha256 = createHash("sha256").update(linkSecret).digest("base64url");
  assert.equal(requests[0].body.variables.input.linkChallenge, sha256);
  const { challenge } = await latchstring.answer(first, "654321");
  assert.deepEqual(await storedFlows(storage), [{ linkSecret, challenge }]);
  assert.doesNotMatch(await storage.getItem(FLOWS), /654321/);
});

test("every flow has another link secret", async () => {
  const { latchstring, storage } = client(begun("session-1"), begun("session-2", { pointer: "6other" }));
  await latchstring.signIn(ADA);
  await latchstring.signIn(ADA);
  const secrets = (await storedFlows(storage)).map(({ linkSecret }) => linkSecret);
  assert.equal(new Set(secrets).size, 2);
});

test("a stored flow is removed at success, sign-out, its end and expiry", async (t) => {
  const over = [refused("NotAuthorizedException"), graphqlError("InvalidResume", "over")];
  const ends = [
    ["success", [issued(1)], ({ latchstring, challenge }) => latchstring.answer(challenge, "123456")],
    ["first sign-in", [claim("proof-1"), completed(1)], ({ latchstring, challenge }) => latchstring.answer(challenge, "123456")],
    ["sign-out", [], ({ latchstring }) => latchstring.signOut()],
    ["end", over, ({ latchstring, challenge }) => assert.rejects(latchstring.answer(challenge, "123456"), ofType("FlowOver"))],
  ];
  for (const [label, replies, end] of ends) {
    const made = client(begun(), ...replies);
    made.challenge = await made.latchstring.signIn(ADA);
    assert.deepEqual(await made.latchstring.pending(), made.challenge, label);
    await end(made);
    assert.equal(await made.storage.getItem(FLOWS), null, label);
    assert.equal(await made.latchstring.pending(), null, label);
  }
  const { latchstring, storage } = client(begun());
  const { expiresAt } = await latchstring.signIn(ADA);
  t.mock.timers.enable({ apis: ["Date"], now: expiresAt });
  assert.equal(await latchstring.pending(), null);
  assert.equal(await storage.getItem(FLOWS), null);
});

test("pending returns the newest sign-in or undo, without a request", async () => {
  const { latchstring, storage } = await signedIn(
    begun("s-1"),
    begun("s-2", { pointer: "6second" }),
    { data: { changeContact: begun("s-3", { pointer: "6third" }).data.signIn } },
    begun("s-4", { pointer: "6fourth" }),
  );
  await latchstring.signIn(ADA);
  const undo = await latchstring.undoContactChange(ADA);
  await latchstring.changeContact(ADA);
  const { latchstring: fresh, requests } = another(storage);
  assert.deepEqual(await fresh.pending(), undo);
  assert.equal(undo.purpose, "undo");
  assert.equal(requests.length, 0);
  await latchstring.signIn(ADA);
  assert.equal((await fresh.pending()).session, "s-4");
});

test("the newest five flows are stored", async () => {
  const names = ["1", "2", "3", "4", "5", "6"];
  const { latchstring, storage } = client(...names.map((n) => begun(`s-${n}`, { pointer: `6${n}` })));
  for (const _ of names) await latchstring.signIn(ADA);
  const kept = (await storedFlows(storage)).map(({ challenge }) => challenge.session);
  assert.deepEqual(kept, ["s-6", "s-5", "s-4", "s-3", "s-2"]);
});

test("a new process goes on where the last one ended", async () => {
  const { latchstring, storage } = client(begun(), askedAgain("session-2"));
  await latchstring.answer(await latchstring.signIn(ADA), "000000");
  const { latchstring: fresh, requests } = another(storage, issued(1));
  const challenge = await fresh.pending();
  assert.equal(challenge.attemptsLeft, 2);
  assert.equal((await fresh.answer(challenge, "123456")).done, true);
  assert.equal(requests[0].body.Session, "session-2");
});

test("resume opens a new session of the same flow, without a link", async () => {
  const resumed = begun("session-9", { expiresIn: 120, resume: "resume-2" });
  const { latchstring, storage } = client(begun(), askedAgain("session-2"));
  await latchstring.answer(await latchstring.signIn(ADA), "000000");
  const [{ linkSecret }] = await storedFlows(storage);
  const { latchstring: fresh, requests } = another(storage, resumed);
  const challenge = await fresh.resume();
  const { clientId } = CONFIG;
  assert.deepEqual(requests[0].body.variables.input, { ...ADA, method: "EMAIL", resume: RESUME, clientId });
  assert.deepEqual([challenge.session, challenge.attemptsLeft, challenge.resume], ["session-9", 2, "resume-2"]);
  assert.deepEqual(await storedFlows(storage), [{ linkSecret, challenge }]);
});

test("resume without a flow, or of one that has ended, is InvalidResume", async () => {
  const { latchstring, requests, storage } = client(begun(), graphqlError("InvalidResume", "This sign-in has ended."));
  await assert.rejects(latchstring.resume(), ofType("InvalidResume"));
  assert.equal(requests.length, 0);
  await latchstring.signIn(ADA);
  await assert.rejects(latchstring.resume(), ofType("InvalidResume"));
  assert.equal(await storage.getItem(FLOWS), null);
});

test("a session that ended before its code is replaced once, with the answer", async () => {
  const dead = refused("NotAuthorizedException");
  const account = { username: "a-uuid", resume: "resume-2" };
  const { latchstring, requests } = client(begun(), dead, begun("session-2", account), askedAgain("session-3"), issued(1));
  const { challenge } = await latchstring.answer(await latchstring.signIn(ADA), "000000");
  assert.equal(challenge.username, "a-uuid", "that of the new session");
  assert.equal((await latchstring.answer(challenge, "123456")).done, true);
  const sent = requests.slice(1).map(({ body }) => body.Session ?? body.variables.input.resume);
  assert.deepEqual(sent, ["session-1", RESUME, "session-2", "session-3"]);
  assert.deepEqual(
    requests.filter(({ operation }) => operation).map(({ body }) => body.ChallengeResponses),
    [
      { USERNAME: "ada@example.com", ANSWER: "000000" },
      { USERNAME: "a-uuid", ANSWER: "000000" },
      { USERNAME: "a-uuid", ANSWER: "123456" },
    ],
  );
});

test("a second session that is refused ends the flow, without a third", async () => {
  const dead = () => refused("NotAuthorizedException");
  const { latchstring, requests } = client(begun(), askedAgain("session-2", "1"), dead(), begun("session-3"), dead());
  const { challenge } = await latchstring.answer(await latchstring.signIn(ADA), "000000");
  await assert.rejects(latchstring.answer(challenge, "123456"), ofType("AttemptsSpent"));
  assert.equal(requests.length, 5);
});

test("a dead session without a connection leaves the flow to the next call", async () => {
  const dead = () => refused("NotAuthorizedException");
  const lost = new TypeError("fetch failed");
  const { latchstring } = client(begun(), dead(), lost, dead(), begun("session-2"), issued(1));
  const challenge = await latchstring.signIn(ADA);
  await assert.rejects(latchstring.answer(challenge, "123456"), ofType("Network"));
  assert.deepEqual(await latchstring.pending(), challenge);
  assert.equal((await latchstring.answer(challenge, "123456")).done, true);
});

test("a resend in a dead session is sent in a new one", async () => {
  const { latchstring, requests } = client(
    begun(),
    refused("NotAuthorizedException"),
    begun("session-2"),
    askedAgain("session-3"),
  );
  const challenge = await latchstring.resend(await latchstring.signIn(ADA));
  assert.equal(challenge.session, "session-3");
  assert.deepEqual(requests.at(-1).body.ClientMetadata, { action: "resend" });
});

test("the session of a contact is replaced for its account alone", async () => {
  const changed = (session) => ({ data: { changeContact: begun(session).data.signIn } });
  const dead = () => refused("NotAuthorizedException");
  const { latchstring, requests } = await signedInTo("ada", changed("s-1"), dead(), changed("s-2"), askedAgain("s-3"));
  const { challenge } = await latchstring.answer(await latchstring.changeContact(ADA), "000000");
  assert.deepEqual([challenge.session, challenge.sub, challenge.purpose], ["s-3", "ada", "contact"]);
  const { headers, body } = requests[2];
  assert.deepEqual(body.variables.input, { ...ADA, method: "EMAIL", resume: RESUME });
  assert.equal(headers.authorization, issuedTo("ada").AuthenticationResult.AccessToken);
  const eveSignsIn = async () => (await other.storage.setItem(TOKENS, stored("eve")), dead());
  const other = await signedInTo("ada", changed("s-1"), eveSignsIn, changed("s-2"));
  await assert.rejects(other.latchstring.answer(await other.latchstring.changeContact(ADA), "0"), ofType("OtherAccount"));
});

test("a contact's flow ends if it cannot be continued", async () => {
  const changed = { data: { changeContact: begun().data.signIn } };
  const old = graphqlError("ReauthRequired", "Sign in again.");
  const { latchstring } = await signedIn(changed, refused("NotAuthorizedException"), old, { data: { pendingContact: null } });
  await assert.rejects(latchstring.answer(await latchstring.changeContact(ADA), "123456"), ofType("FlowOver"));
});

test("a link is opened without a request, and answers once confirmed", async () => {
  const { latchstring, requests, storage } = client(begun());
  const challenge = await latchstring.signIn(ADA);
  const [{ linkSecret }] = await storedFlows(storage);
  const { latchstring: tab, requests: sent } = another(storage, issued(1));
  const opened = await tab.openLink(LINK);
  assert.equal(opened.place, "here");
  assert.deepEqual(opened.challenge, challenge);
  assert.equal(sent.length, 0, "opening calls nothing");
  assert.equal((await opened.confirm()).done, true);
  const { Session, ChallengeResponses, ClientMetadata } = sent[0].body;
  assert.equal(Session, "session-1");
  assert.equal(ChallengeResponses.ANSWER, TOKEN);
  assert.deepEqual(ClientMetadata, { action: "link", linkSecret });
  assert.equal(requests.length, 1);
  assert.equal((await tab.openLink(LINK)).place, "elsewhere", "the flow is answered");
});

test("a link is confirmed in the newest session, or in a new one", async () => {
  const { latchstring, storage } = client(begun(), askedAgain("session-2"));
  const challenge = await latchstring.signIn(ADA);
  const dead = refused("NotAuthorizedException");
  const { latchstring: tab, requests } = another(storage, dead, begun("session-3"), issued(1));
  const opened = await tab.openLink(LINK);
  await latchstring.answer(challenge, "000000");
  assert.equal((await opened.confirm()).done, true);
  assert.deepEqual(
    requests.filter(({ operation }) => operation).map(({ body }) => [body.Session, body.ClientMetadata.action]),
    [["session-2", "link"], ["session-3", "link"]],
  );
});

test("a link of another flow than the stored one is opened elsewhere", async () => {
  const { latchstring } = client(begun());
  await latchstring.signIn(ADA);
  assert.equal((await latchstring.openLink(LINK.replace("bcdef", "bcdeg"))).place, "elsewhere");
});

test("a link that is wrong brings the next challenge", async () => {
  const { latchstring } = client(begun(), askedAgain("session-2", "3"));
  await latchstring.signIn(ADA);
  const { done, challenge } = await (await latchstring.openLink(LINK)).confirm();
  assert.deepEqual([done, challenge.session, challenge.attemptsLeft], [false, "session-2", 3]);
});

test("elsewhere a link is the code, without a request", async () => {
  const { latchstring, requests } = client();
  const opened = (shape, token = TOKEN) => latchstring.openLink(`${shape}bcdefghijklm.${token}`);
  const digits = (code) => ({ place: "elsewhere", code, codeAlphabet: "DIGITS" });
  assert.deepEqual(await opened("6"), digits("234567"));
  assert.deepEqual(await opened("8"), digits("01234567"));
  assert.deepEqual(await opened("a"), digits("0001234567"));
  assert.deepEqual(await opened("c"), { place: "elsewhere", code: "0000-0001-5NM7", codeAlphabet: "BASE32" });
  const all = "_".repeat(21) + "w";
  assert.deepEqual(await opened("c", all), { place: "elsewhere", code: "ZZZZ-ZZZZ-ZZZZ", codeAlphabet: "BASE32" });
  // 2^128 - 1 = 340282366920938463463374607431768211455
  assert.deepEqual(await opened("a", all), digits("1768211455"));
  assert.equal(requests.length, 0);
});

test("text that is no link is none", async () => {
  const { latchstring } = client();
  const texts = ["", "#", "#settings", LINK.slice(0, -1), `${LINK}A`, LINK.replace(".", ""), LINK.replace("6", "5"), `${LINK.slice(0, -1)}B`];
  for (const text of texts) assert.equal(await latchstring.openLink(text), null, text);
});

test("without WebCrypto there are codes, and no links", async (t) => {
  const before = Object.getOwnPropertyDescriptor(globalThis, "crypto");
  Object.defineProperty(globalThis, "crypto", { value: undefined, configurable: true });
  t.after(() => Object.defineProperty(globalThis, "crypto", before));
  const { latchstring, requests } = client(begun(), issued(1));
  const challenge = await latchstring.signIn(ADA);
  assert.equal("linkChallenge" in requests[0].body.variables.input, false);
  assert.equal((await latchstring.openLink(LINK)).place, "elsewhere");
  assert.equal((await latchstring.answer(challenge, "123456")).done, true);
});

test("a storage that fails keeps no flow, and ends none", async () => {
  const storage = { ...memoryStorage(), setItem: (key, value) => {
    if (key === FLOWS) throw new DOMException("full", "QuotaExceededError");
  } };
  const { latchstring } = another(storage, begun(), issued(1));
  assert.equal((await latchstring.answer(await latchstring.signIn(ADA), "123456")).done, true);
});

test("stored text that is not flows counts as none", async () => {
  for (const text of ["{", "{}", "[1]", "null", '[{"challenge":null}]', '[{"challenge":{"session":"s","expiresAt":9e15}}]']) {
    const { latchstring, storage } = client(begun());
    storage.setItem(FLOWS, text);
    assert.equal(await latchstring.pending(), null, text);
    assert.equal((await latchstring.openLink(LINK)).place, "elsewhere");
    await latchstring.signIn(ADA);
    assert.equal((await storedFlows(storage)).length, 1);
  }
});

test("flows of one slot share a pointer, and each keeps its own secret", async () => {
  const slot = { codeLength: 12, codeAlphabet: "BASE32", pointer: "cbcdefghijklm" };
  const next = askedAgain("session-3");
  Object.assign(next.ChallengeParameters, { codeLength: "12", codeAlphabet: "base32", pointer: slot.pointer });
  const { latchstring, storage } = client(begun("session-1", slot), begun("session-2", slot), next, askedAgain("session-4"));
  const first = await latchstring.signIn(ADA);
  await latchstring.signIn(ADA);
  const [second, one] = await storedFlows(storage);
  assert.notEqual(second.linkSecret, one.linkSecret);
  const { challenge } = await latchstring.answer(first, "0000-0000-0000");
  assert.equal(challenge.codeAlphabet, "BASE32");
  const both = [{ linkSecret: one.linkSecret, challenge }, second];
  assert.deepEqual(await storedFlows(storage), both);
  // It is not known which of them a challenge of neither session is of.
  await latchstring.answer(first, "0000-0000-0001");
  assert.deepEqual(await storedFlows(storage), both);
});

test("an undo sends its proof to the API, and signs in", async () => {
  const { latchstring, requests } = client(begun(), claim("proof-1"), completed(1, "undoContactChange"));
  const challenge = await latchstring.undoContactChange({ ...ADA, locale: "de" });
  assert.equal(requests[0].body.variables.input.locale, "de");
  const answer = await latchstring.answer(challenge, "123456");
  assert.deepEqual([answer.done, answer.isNew, answer.tokens.accessToken], [true, false, "access-1"]);
  assert.match(requests[2].body.query, /undoContactChange\(/);
  assert.equal(requests[2].headers["x-api-key"], "da2-key");
  const { clientId } = CONFIG;
  assert.deepEqual(requests[2].body.variables, { input: { ...ADA, method: "EMAIL", proof: "proof-1", clientId } });
  assert.deepEqual(await latchstring.tokens(), answer.tokens);
});

test("an undo whose contact signs in keeps no tokens, and says so", async () => {
  const { latchstring, requests } = client(begun(), issued(1), {});
  const challenge = await latchstring.undoContactChange(ADA);
  await assert.rejects(latchstring.answer(challenge, "123456"), ofType("ContactInUse"));
  assert.equal(await latchstring.tokens(), null);
  const last = requests.at(-1);
  assert.deepEqual([last.operation, last.body.Token], ["RevokeToken", "refresh-1"]);
});

test("the errors of an undo and of a held change keep their types", async () => {
  for (const type of ["NothingToUndo", "ContactInUse", "InvalidProof"]) {
    const { latchstring } = client(begun(), claim("proof-1"), graphqlError(type, `text of ${type}`));
    const challenge = await latchstring.undoContactChange(ADA);
    await assert.rejects(latchstring.answer(challenge, "123456"), ofType(type));
  }
  const { latchstring } = await signedIn(graphqlError("ChangeHeld", "until noon"));
  await assert.rejects(latchstring.changeContact(ADA), (error) => {
    assert.equal(error.message, "until noon");
    return ofType("ChangeHeld")(error);
  });
});

test("an undo that lost its connection after the code goes on from there", async () => {
  const lost = new TypeError("fetch failed");
  const { latchstring, requests } = client(begun(), claim("proof-1"), lost, completed(1, "undoContactChange"));
  const challenge = await latchstring.undoContactChange(ADA);
  await assert.rejects(latchstring.answer(challenge, "123456"), ofType("Network"));
  assert.equal((await latchstring.answer(challenge, "123456")).done, true);
  assert.equal(requests.filter(({ operation }) => operation).length, 1, "the code is answered once");
});
