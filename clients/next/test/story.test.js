// People in a real browser, at the example in front of a service in session mode.
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { join } from "node:path";
import { build, compile, isFree, loaded, note, person, startApi, startApp, startBetween, startBrowser } from "./app.js";
import { startService, wrong } from "./service.js";

let service, between, api, env, app, browser;
const tokens = new Set();
before(async () => {
  service = await startService();
  between = await startBetween(service.url);
  api = await startApi((token) => {
    note(token);
    tokens.add(token);
    return service.accountOf(token);
  });
  env = {
    LATCHSTRING_URL: between.url,
    LATCHSTRING_SERVER_CREDENTIAL: service.credential,
    LATCHSTRING_SOURCE_HEADER: "x-test-source",
    API_URL: api.url,
  };
  // The build has the secret, too: nothing of it may end in a file for browsers.
  await build(env);
  app = await startApp(env);
  browser = await startBrowser();
});
after(async () => {
  await browser?.close();
  for (const part of [app, api, between, service]) await part?.stop();
});

let people = 0;
/** An address without account. */
const newAddress = () => `next${++people}@example.com`;

/** A person who is signed in. */
async function signedIn(contact = newAddress()) {
  const ada = await person(browser, app.address);
  await ada.signsIn(contact, () => service.code(contact));
  return ada;
}

test("no file for browsers has the server credential or its header", async () => {
  const files = await loaded();
  assert.ok([...files.keys()].some((name) => name.endsWith(".js")), "there are scripts");
  assert.ok([...files.values()].some((text) => text.includes("x-latchstring")), "the client is in them");
  for (const [name, text] of files) {
    isFree(`${name}\n${text}`, service.credential, "x-latchstring-server", "session/token", "SERVER_CREDENTIAL");
  }
});

test("a client component with the connection does not build", async () => {
  const { error, printed } = await compile(join(import.meta.dirname, "leak"), {});
  assert.ok(error, "it was built");
  assert.match(printed, /'server-only' cannot be imported from a Client Component/);
});

test("a protected page leads to the sign-in page without a session", async () => {
  const ada = await person(browser, app.address);
  await ada.page.goto("/account");
  await ada.page.getByRole("heading", { name: "Sign in" }).waitFor();
  assert.equal(new URL(ada.page.url()).pathname, "/sign-in");

  // The cookie of no session passes the proxy, and not the page.
  await ada.has("A".repeat(43));
  await ada.page.goto("/account");
  await ada.page.getByRole("heading", { name: "Sign in" }).waitFor();
  assert.equal(new URL(ada.page.url()).pathname, "/sign-in");
  const answered = await ada.page.evaluate(async () => (await fetch("/api/latchstring/v1/session")).status);
  assert.equal(answered, 401);
});

test("a code signs in, and a server component and an API know the account", async () => {
  const contact = newAddress();
  const ada = await person(browser, app.address);
  await ada.page.goto("/sign-in");
  await ada.page.getByLabel("Email address or phone number").fill(contact);
  await ada.page.getByRole("button", { name: "Send a code" }).click();
  await ada.page.getByLabel("Code").waitFor();
  await ada.page.getByLabel("Code").fill(wrong(await service.code(contact)));
  await ada.page.getByRole("button", { name: "Sign in" }).click();
  await ada.page.getByText("This is not the code. Attempts left: 2").waitFor();
  await ada.page.getByLabel("Code").fill(await service.code(contact));
  await ada.page.getByRole("button", { name: "Sign in" }).click();
  await ada.page.getByRole("heading", { name: "Account" }).waitFor();
  const sub = await ada.page.locator("code").innerText();
  assert.match(sub, /^[\w-]{8,}$/);

  const { value, secure, httpOnly, sameSite, path } = await ada.session();
  assert.deepEqual({ secure, httpOnly, sameSite, path }, { secure: true, httpOnly: true, sameSite: "Lax", path: "/" });
  assert.equal(await ada.page.evaluate(() => document.cookie), "");

  await ada.page.getByRole("button", { name: "Ask the API" }).click();
  await ada.page.getByText(`The API knows ${sub}`).waitFor();

  await ada.page.getByRole("button", { name: "Sign out" }).click();
  await ada.page.getByRole("heading", { name: "Home" }).waitFor();
  assert.equal(await ada.session(), undefined);
  await ada.page.goto("/account");
  await ada.page.getByRole("heading", { name: "Sign in" }).waitFor();

  // A copy of the cookie is of no use any more.
  await ada.has(value);
  await ada.page.goto("/account");
  await ada.page.getByRole("heading", { name: "Sign in" }).waitFor();

  assert.ok(tokens.size > 0, "the API got a token");
  const received = await ada.received();
  assert.ok(received.some((text) => text.includes("session_opened")), "the answers were read");
  for (const text of received) isFree(text, service.credential, ...tokens);
  isFree(app.printed(), service.credential, value, ...tokens);
});

test("a browser gets no token, and no page of another site acts for it", async () => {
  const ada = await signedIn();
  const answers = await ada.page.evaluate(async () => {
    const status = async (path, init) => (await fetch(`/api/latchstring/v1/${path}`, init)).status;
    const headers = { "content-type": "application/json" };
    return {
      token: await status("session/token"),
      forged: await status("session/token", { headers: { "x-latchstring-server": "guess" } }),
      bare: await status("sign-out", { method: "POST", headers, body: "{}" }),
      session: await status("session"),
    };
  });
  assert.deepEqual(answers, { token: 404, forged: 404, bare: 403, session: 200 });
  const cookie = `__Host-latchstring=${(await ada.session()).value}`;
  const foreign = { cookie, "content-type": "application/json", "x-latchstring": "1", origin: "https://evil.example" };
  for (const site of ["cross-site", "same-site"]) {
    const headers = { ...foreign, "sec-fetch-site": site };
    const { status } = await fetch(`${app.address}/api/latchstring/v1/sign-out`, { method: "POST", headers, body: "{}" });
    assert.equal(status, 403, site);
  }
});

test("a page asks once for its session, as the browser that it is for", async () => {
  const ada = await signedIn();
  between.asked.length = 0;
  await ada.page.setExtraHTTPHeaders({ "x-test-source": "198.51.100.7", authorization: "Bearer mine" });
  await ada.page.reload();
  await ada.page.getByRole("heading", { name: "Account" }).waitFor();
  const [{ url, headers }, ...others] = between.asked;
  assert.equal(url, "/v1/session");
  assert.deepEqual(others, [], "two components share one request");
  assert.match(headers["user-agent"], /Chrome/);
  assert.deepEqual([headers["x-latchstring-source"], headers.authorization], ["198.51.100.7", undefined]);
});

test("each of two browsers of an account has its own session, and can end the other", async () => {
  const contact = newAddress();
  const [desk, phone] = [await signedIn(contact), await signedIn(contact)];
  const ended = await desk.page.evaluate(async () => {
    const call = (path, init) => fetch(`/api/latchstring/v1/${path}`, init);
    const { sessions } = await (await call("sessions")).json();
    const { handle } = sessions.find(({ isCurrent }) => !isCurrent);
    const headers = { "content-type": "application/json", "x-latchstring": "1" };
    const { status } = await call("sessions/revoke", { method: "POST", headers, body: JSON.stringify({ handle }) });
    return { count: sessions.length, status };
  });
  assert.deepEqual(ended, { count: 2, status: 204 });
  await phone.page.reload();
  await phone.page.getByRole("heading", { name: "Sign in" }).waitFor();
  await desk.page.reload();
  await desk.page.getByRole("heading", { name: "Account" }).waitFor();
});

test("a wrong server credential is an error for the operator, and no sign-out", async () => {
  const ada = await signedIn();
  const { value } = await ada.session();
  const other = await startApp({ ...env, LATCHSTRING_SERVER_CREDENTIAL: "another credential of 32 characters or more" });
  try {
    const headers = { cookie: `__Host-latchstring=${value}` };
    const { status } = await fetch(`${other.address}/account`, { headers, redirect: "manual" });
    assert.equal(status, 500);
    assert.match(other.printed(), /Latchstring answered 403 Forbidden: is the server credential right\?/);
    isFree(other.printed(), value, "another credential");
  } finally {
    await other.stop();
  }
  await ada.page.reload();
  await ada.page.getByRole("heading", { name: "Account" }).waitFor();
});
