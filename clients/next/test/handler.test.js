// The route handlers, as Next.js calls them: with a request of the web, and a door that can be slow.
import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { randomBytes } from "node:crypto";
import { after, afterEach, before, test } from "node:test";
import { promisify } from "node:util";
import { latchstring } from "@latchstring/next";
import { CREDENTIAL, startDoor } from "./door.js";

const run = promisify(execFile);
const ID = randomBytes(32).toString("base64url");
const TWICE = `__Host-latchstring=${ID}; __Host-latchstring=${ID}`;
const APP = "https://app.example.com/api/latchstring/v1/";

let door;
before(async () => (door = await startDoor()));
after(() => door.stop());
afterEach(() => {
  door.asked.length = 0;
  door.next = undefined;
});

const handlers = (more = {}) => latchstring({ url: door.url, serverCredential: CREDENTIAL, ...more });

/** A browser's request from a page of the app. */
function browser(path, { body, headers = {}, ...more } = {}) {
  return new Request(APP + path, {
    method: body === undefined ? "GET" : "POST",
    headers: {
      "content-type": "application/json",
      cookie: `theme=dark; __Host-latchstring=${ID}; other=secret`,
      "user-agent": "Firefox",
      "sec-fetch-site": "same-origin",
      origin: "https://app.example.com",
      "x-latchstring": "1",
      authorization: "Bearer of something else",
      "x-forwarded-for": "198.51.100.1, 203.0.113.7",
      "x-latchstring-source": "192.0.2.1",
      "x-latchstring-server": "forged",
      ...headers,
    },
    body,
    duplex: "half",
    ...more,
  });
}

const named = async (response) => [response.status, (await response.json()).type?.split(":").pop()];

test("only the headers of the specification reach the door", async () => {
  await handlers().POST(browser("sign-in", { body: '{"emailOrPhone":"ada@example.com"}' }));
  const [{ method, url, headers, body }] = door.asked;
  assert.deepEqual([method, url, body], ["POST", "/v1/sign-in", '{"emailOrPhone":"ada@example.com"}']);
  // What Node's own `fetch` adds.
  const added = "host connection accept accept-language accept-encoding sec-fetch-mode pragma cache-control".split(" ");
  const sent = Object.entries(headers).filter(([name]) => !added.includes(name));
  assert.deepEqual(Object.fromEntries(sent), {
    "content-length": "34",
    "content-type": "application/json",
    cookie: `__Host-latchstring=${ID}`,
    origin: "https://app.example.com",
    "sec-fetch-site": "same-origin",
    "user-agent": "Firefox",
    "x-latchstring": "1",
    "x-latchstring-server": CREDENTIAL,
  });
});

test("a source is sent if the app says which header to trust", async () => {
  const sources = [
    ["x-forwarded-for", "203.0.113.7"],
    ["x-real-ip", undefined],
    ["cloudfront-viewer-address", "2001:db8:0:0:0:0:0:7"],
    ["with-port", "198.51.100.7"],
    ["bracketed", "2001:db8::7"],
    ["odd", undefined],
    ["zoned", undefined],
    [(headers) => headers.get("short"), "2001:db8::7"],
    [() => null, undefined],
  ];
  const headers = {
    "cloudfront-viewer-address": "2001:db8:0:0:0:0:0:7:46532",
    "with-port": "198.51.100.7:4711",
    bracketed: "[2001:db8::7]:4711",
    odd: "unknown",
    zoned: "fe80::1%eth0",
    short: "2001:db8::7",
  };
  for (const [source, wanted] of sources) {
    await handlers({ source }).GET(browser("session", { headers }));
    assert.equal(door.asked.at(-1).headers["x-latchstring-source"], wanted, String(source));
  }
});

test("a browser cannot request a token, or for a route that is not listed", async () => {
  const { GET, POST } = handlers();
  const paths = [
    "session/token",
    "session%2Ftoken",
    "session/token/",
    "session/../session/token",
    "session/token?x=/v1/session",
    "Session",
    "session/",
    "sign-in/ticket",
    "",
    "v1/session/token",
    "../v1/session/token",
    "__proto__",
  ];
  for (const path of paths) {
    assert.deepEqual(await named(await GET(browser(path))), [404, "NotFound"], `GET ${path}`);
    assert.deepEqual(await named(await POST(browser(path, { body: "{}" }))), [404, "NotFound"], `POST ${path}`);
  }
  const wrong = await GET(browser("sign-out"));
  assert.equal(wrong.headers.get("allow"), "POST");
  assert.deepEqual(await named(wrong), [405, "MethodNotAllowed"]);
  assert.deepEqual(door.asked, []);
});

test("each listed route is passed on, and of a query the method alone", async () => {
  const { GET, POST } = handlers();
  for (const path of ["session", "sessions", "contacts/pending?method=email&x=1"]) await GET(browser(path));
  const posts = ["sign-in", "sign-in/answer", "sign-in/resend", "sign-out", "sign-up", "names", "contacts/change"];
  posts.push("contacts/undo", "devices/remember", "devices/forget", "sessions/revoke");
  for (const path of posts) await POST(browser(path, { body: "{}" }));
  assert.deepEqual(
    door.asked.map(({ url }) => url.replace("/v1/", "")),
    ["session", "sessions", "contacts/pending?method=email", ...posts],
  );
});

test("the answer's cookies and status come back, and nothing is cached", async () => {
  const { POST } = handlers();
  const right = await POST(browser("sign-in/answer", { body: '{"answer":"123456"}' }));
  assert.equal(right.status, 200);
  assert.match(right.headers.getSetCookie()[0], /^__Host-latchstring=[\w-]{43}; Path=\/; Secure; HttpOnly; SameSite=Lax; Max-Age=600$/);
  assert.equal(right.headers.get("cache-control"), "no-store");
  assert.deepEqual(await right.json(), { status: "session_opened", isNew: true, expiresIn: 600 });
  const out = await POST(browser("sign-out", { body: "{}" }));
  assert.deepEqual([out.status, out.headers.getSetCookie().length], [204, 1]);
  door.next = (response) =>
    response
      .writeHead(429, { "retry-after": "7", "x-internal": "1", "set-cookie": ["a=1", "b=2"], "content-type": "application/problem+json" })
      .end('{"type":"urn:latchstring:error:TooManyRequests"}');
  const busy = await POST(browser("sign-in", { body: "{}" }));
  assert.deepEqual([busy.headers.get("retry-after"), busy.headers.get("x-internal")], ["7", null]);
  assert.deepEqual(busy.headers.getSetCookie(), ["a=1", "b=2"]);
  assert.deepEqual(await named(busy), [429, "TooManyRequests"]);
});

test("a cookie that is no id is not passed on", async () => {
  const { GET } = handlers();
  for (const cookie of ["__Host-latchstring=short", `x__Host-latchstring=${ID}`, `__Host-latchstring=${ID}a`, TWICE, ""]) {
    await GET(browser("session", { headers: { cookie } }));
    assert.equal(door.asked.at(-1).headers.cookie, undefined, cookie);
  }
});

test("tokens of a door without session mode never come through", async () => {
  for (const members of [{ status: "signed_in", tokens: { accessToken: "leaked" } }, { accessToken: "leaked" }]) {
    door.next = (_, answer) => answer(200, members);
    const response = await handlers().POST(browser("sign-in/answer", { body: "{}" }));
    assert.equal(response.status, 503);
    assert.doesNotMatch(await response.text(), /leaked/);
  }
});

test("a body of more than 64 kB is refused, said or unsaid", async () => {
  const { POST } = handlers();
  const large = "x".repeat(64 * 1024 + 1);
  assert.deepEqual(await named(await POST(browser("names", { body: large }))), [413, "ContentTooLarge"]);
  const stream = new ReadableStream({
    pull: (controller) => controller.enqueue(new TextEncoder().encode("x".repeat(10_000))),
  });
  assert.deepEqual(await named(await POST(browser("names", { body: stream }))), [413, "ContentTooLarge"]);
  const said = browser("names", { body: "{}", headers: { "content-length": "70000" } });
  assert.deepEqual(await named(await POST(said)), [413, "ContentTooLarge"]);
  assert.deepEqual(door.asked, []);
  assert.notEqual((await POST(browser("names", { body: large.slice(1) }))).status, 413);
});

test("a body that does not end is given up", async () => {
  let cancelled = false;
  const stream = new ReadableStream({ cancel: () => void (cancelled = true) });
  const response = await handlers({ bodyTimeout: 1 }).POST(browser("names", { body: stream }));
  assert.deepEqual(await named(response), [400, "MalformedRequest"]);
  assert.ok(cancelled);
  assert.deepEqual(door.asked, []);
});

test("a door that is silent, gone or elsewhere is a problem of 503", async () => {
  door.next = () => {};
  assert.deepEqual(await named(await handlers({ timeout: 50 }).GET(browser("session"))), [503, "Unavailable"]);
  door.next = (response) => response.writeHead(200).write("{");
  assert.deepEqual(await named(await handlers({ timeout: 50 }).GET(browser("session"))), [503, "Unavailable"]);
  door.next = (response) => response.writeHead(302, { location: "https://elsewhere.example.com" }).end();
  assert.deepEqual(await named(await handlers().GET(browser("session"))), [503, "Unavailable"]);
  assert.deepEqual(await named(await handlers({ url: "http://127.0.0.1:1" }).GET(browser("session"))), [503, "Unavailable"]);
});

test("settings that are missing are found out at a request, not in a build", async () => {
  for (const missing of [{ url: undefined }, { serverCredential: undefined }, { serverCredential: "" }]) {
    assert.deepEqual(await named(await handlers(missing).GET(browser("session"))), [503, "Unavailable"]);
  }
});

test("outside of a server the package does not load", async () => {
  const program = 'await import("@latchstring/next")';
  const env = { ...process.env, NODE_OPTIONS: "" };
  const plain = run(process.execPath, ["--input-type=module", "-e", program], { cwd: import.meta.dirname, env });
  await assert.rejects(plain, /cannot be imported from a Client Component/);
});
