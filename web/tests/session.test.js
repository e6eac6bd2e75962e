// Session mode: the browser holds a cookie, and no script sees a token.

import assert from "node:assert/strict";
import { createServer } from "node:http";
import { after, test } from "node:test";
import { DESKTOP, PHONE, bench, roundTrip, until } from "./bench.js";

const CREDENTIAL = "the-credential-of-an-apps-own-server";
const COOKIE = "__Host-latchstring";

/** Serves an empty page at a port of its own, with what is sent to `/echo`. */
async function otherOrigin(host) {
  const server = createServer((_, response) => {
    response.setHeader("content-type", "text/html");
    response.end("<!doctype html><title>Another page</title><iframe name=frame></iframe>");
  });
  await new Promise((done) => server.listen(0, host === "localhost" ? undefined : host, done));
  after(() => server.close());
  return `http://${host}:${server.address().port}`;
}

/** Of the same site for a browser, which ignores the port: the cookie goes with its requests. */
const allowed = await otherOrigin("127.0.0.1");
const sameSite = await otherOrigin("127.0.0.1");
const crossSite = await otherOrigin("localhost");

const { person, control, address } = await bench("--session-mode", "--server-credential", CREDENTIAL, "--allow-origin", allowed);
const byTokens = await bench();

/** The browser's messages for who has no session, or must sign in again. */
const REFUSED = /status of 40[13]/;
const FIREFOX = "Mozilla/5.0 (Windows NT 10.0; Win64; x64; rv:150.0) Gecko/20100101 Firefox/150.0";

/** A user, whose first page asks whether there is a session. */
async function visitor(options) {
  const ada = await person(options);
  ada.allowed.push(REFUSED);
  return ada;
}

const cookieOf = async ({ context }) => (await context.cookies(address)).find(({ name }) => name === COOKIE);

/** Runs a story on a desk and on a phone. */
function onBoth(name, story) {
  for (const [device, options] of Object.entries({ desk: DESKTOP, phone: PHONE })) {
    test(`on a ${device}: ${name}`, () => story((more) => visitor({ ...options, ...more })));
  }
}

/** Calls a route as a page of this origin does, with the cookie of a browser. */
async function call(cookie, path, body, more = {}) {
  const headers = { cookie: `${COOKIE}=${cookie}`, "sec-fetch-site": "same-origin", "x-latchstring": "1", ...more };
  if (body) headers["content-type"] = "application/json";
  return fetch(`${address}/v1/${path}`, { method: body ? "POST" : "GET", headers, body: body && JSON.stringify(body) });
}

const tokenOf = async (cookie) => (await call(cookie, "session/token", null, { "x-latchstring-server": CREDENTIAL })).json();

/** The sessions of the list, by their names. */
const listed = (ada) => ada.page.locator(".sessions strong").allInnerTexts();

/** Notes what the scripts of a browser could read: each response, and at each look all that is stored. */
function watches({ context, page }) {
  const seen = [];
  context.on("response", async (response) => {
    if (!["fetch", "xhr"].includes(response.request().resourceType())) return;
    const body = await response.text().catch(() => "");
    const headers = Object.entries(response.headers()).filter(([name]) => name !== "set-cookie");
    seen.push(`${response.url()} ${JSON.stringify(headers)} ${body}`);
  });
  const look = async () => seen.push(await page.evaluate(readAll));
  return { seen, look };
}

/** Runs in the page: all that a script can read of what the browser keeps. */
async function readAll() {
  const databases = [];
  for (const { name } of await indexedDB.databases()) {
    const database = await new Promise((done, failed) => {
      const request = indexedDB.open(name);
      request.onsuccess = () => done(request.result);
      request.onerror = failed;
    });
    for (const store of database.objectStoreNames) {
      const request = database.transaction(store).objectStore(store).getAll();
      databases.push(await new Promise((done) => (request.onsuccess = () => done(request.result))));
    }
    database.close();
  }
  const caches = await window.caches.keys();
  const [local, session] = [{ ...localStorage }, { ...sessionStorage }];
  return JSON.stringify({ cookie: document.cookie, local, session, databases, caches, name: window.name, state: history.state, address: location.href });
}

/** A JWT, a name of a token, and a refresh token as the stand-in makes them. */
const TOKENS = [/eyJ[\w-]{10,}\.eyJ[\w-]{10,}/, /(access|id|refresh)_?token"/i, /(?<![\w.-])[\w-]{86}(?![\w.-])/];

/** The texts that the scripts of a page hold. */
async function memoryOf({ context, page }) {
  const devtools = await context.newCDPSession(page);
  let text = "";
  devtools.on("HeapProfiler.addHeapSnapshotChunk", ({ chunk }) => (text += chunk));
  await devtools.send("HeapProfiler.takeHeapSnapshot");
  await devtools.detach();
  return text;
}

test("no script can read a token or the cookie in all of a life", async () => {
  const ada = await visitor();
  const { seen, look } = watches(ada);
  const secrets = new Set();
  const looks = async () => {
    await look();
    const cookie = await cookieOf(ada);
    if (!cookie?.value) return;
    assert.ok(cookie.httpOnly && cookie.secure && cookie.sameSite === "Lax" && cookie.path === "/");
    secrets.add(cookie.value).add((await tokenOf(cookie.value)).accessToken);
  };
  await ada.opens();
  await looks();
  await ada.signsUp();
  await looks();
  await ada.page.reload();
  await ada.heading("Hello, Ada Lovelace").waitFor();
  await looks();
  await ada.changesEmail(`other.${ada.email}`);
  await looks();
  await ada.button("Change your name").click();
  await ada.page.getByLabel("First name").fill("Augusta");
  await ada.button("Save").click();
  await ada.notice("Your name is saved.");
  await ada.heading("Hello, Augusta Lovelace").waitFor();
  await looks();
  const memory = await memoryOf(ada);
  await ada.signsOut();
  await looks();
  await ada.signsIn(ada.phone);
  await ada.heading("Your account").waitFor();
  await looks();
  await ada.button("Sign out on all devices").click();
  await ada.notice("You are signed out on all devices.");
  await looks();

  assert.ok(secrets.size >= 4 && ![...secrets].includes(undefined), "there were several sessions and tokens");
  assert.ok(seen.filter((text) => text.includes("/v1/")).length > 15, "the calls are noted");
  assert.ok(seen.some((text) => text.includes("session_opened")));
  const all = seen.join("\n");
  for (const token of TOKENS) assert.ok(!token.test(all), `${token}`);
  assert.ok(!TOKENS[0].test(memory), "no token is in the memory of the page");
  for (const secret of secrets) assert.ok(!all.includes(secret) && !memory.includes(secret), "no secret is seen");
});

test("the same search finds the tokens of the other mode", async () => {
  const ada = await byTokens.person();
  const { seen, look } = watches(ada);
  await ada.signsUp();
  await look();
  const all = seen.join("\n");
  for (const token of TOKENS) assert.ok(token.test(all), `found: ${token}`);
  const { refreshToken, accessToken } = await ada.tokens();
  // A page that holds a token.
  await ada.page.evaluate((token) => (window.held = { token }), accessToken);
  assert.ok(TOKENS[0].test(await memoryOf(ada)));
  assert.ok(all.includes(refreshToken));
});

test("tokens of a time before session mode are removed", async () => {
  const [ada, before] = [await visitor(), await byTokens.person()];
  await before.signsUp();
  await ada.opens();
  // It has looked at its storage by then.
  await ada.heading("Sign in").waitFor();
  const kept = await before.page.evaluate(() => Object.entries(localStorage));
  await ada.page.evaluate((kept) => kept.forEach(([key, value]) => localStorage.setItem(key, value)), kept);
  assert.ok(TOKENS[0].test(await ada.page.evaluate(readAll)));
  await ada.page.reload();
  await ada.heading("Sign in").waitFor();
  assert.ok(!TOKENS[0].test(await ada.page.evaluate(readAll)));
});

onBoth("a browser is signed out in the list of another", async (visitor) => {
  const [ada, other] = [await visitor(), await visitor({ userAgent: FIREFOX })];
  await ada.signsUp();
  assert.deepEqual(await listed(ada), ["Chrome on Linux"]);
  await other.opens();
  await other.signsIn(ada.email);
  await other.heading("Your account").waitFor();
  // What another browser wrote is not known here.
  assert.deepEqual(await other.page.locator("dd bdi").allInnerTexts(), [ada.email]);
  await other.page.locator("dl").getByText("not shown here").waitFor();
  assert.equal((await listed(other))[0], "Firefox on Windows");
  assert.equal(await other.page.locator(".sessions li").count(), 2);

  await ada.page.reload();
  await ada.heading("Hello, Ada Lovelace").waitFor();
  assert.equal((await listed(ada))[1], "Firefox on Windows");
  await ada.isAccessible();
  const stolen = await cookieOf(other);
  await ada.button("Sign out Firefox on Windows").click();
  await ada.notice("Firefox on Windows is signed out.");
  assert.equal(await ada.page.locator(".sessions li").count(), 1);
  assert.equal((await call(stolen.value, "session")).status, 401);
  await other.button("Change the email address").click();
  await other.notice("You are no longer signed in.");
  await other.heading("Sign in").waitFor();
});

test("a sign-out ends the session and deletes the cookie", async () => {
  const [ada, other] = [await visitor(), await visitor()];
  await ada.signsUp();
  await other.opens();
  await other.signsIn(ada.email);
  await other.heading("Your account").waitFor();
  const before = await cookieOf(ada);
  await ada.signsOut();
  assert.equal(await cookieOf(ada), undefined);
  assert.equal((await call(before.value, "session")).status, 401);
  await ada.page.reload();
  await ada.heading("Sign in").waitFor();
  await other.page.reload();
  await other.heading("Your account").waitFor();

  await ada.signsIn();
  await ada.heading("Your account").waitFor();
  await ada.button("Sign out on all devices").click();
  await ada.notice("You are signed out on all devices.");
  assert.equal(await cookieOf(ada), undefined);
  await other.page.reload();
  await other.heading("Sign in").waitFor();
});

test("without a connection a sign-out says that it failed", async () => {
  const ada = await visitor();
  ada.allowed.push(/ERR_FAILED/);
  await ada.signsUp();
  await ada.page.route("**/v1/sign-out", (route) => route.abort());
  await ada.signOut().click();
  await ada.problem.getByText("There is no connection.").waitFor();
  await ada.page.unroute("**/v1/sign-out");
  await ada.signsOut();
});

onBoth("a sign-in or sign-out in one tab shows in the others", async (visitor) => {
  const ada = await visitor();
  await ada.opens();
  await ada.asksForACode();
  const waiting = await ada.tab();
  await waiting.goto(ada.address);
  await waiting.getByRole("heading", { name: "Enter the code" }).waitFor();
  await ada.entersTheCode();
  await ada.heading("Welcome! What is your name?").waitFor();
  await waiting.getByRole("button", { name: "To your account" }).click();
  await waiting.getByRole("heading", { name: "Your account" }).waitFor();
  await ada.signOut(waiting).click();
  await ada.notice("You are no longer signed in.");
  await ada.heading("Sign in").waitFor();
});

onBoth("an old sign-in must reauthenticate to change", async (visitor) => {
  const ada = await visitor();
  await ada.signsUp();
  const { value } = await cookieOf(ada);
  await control({ advanceSeconds: 601 });
  await ada.button("Change the email address").click();
  const other = `other.${ada.email}`;
  await ada.field.fill(other);
  await ada.button("Send a code").click();
  await ada.heading("Is it you?").waitFor();
  assert.equal(await ada.field.inputValue(), ada.email, "what was proved in this tab is offered");
  await ada.isAccessible();
  await ada.sendsACode();
  await ada.entersTheCode();
  await ada.notice("Thank you. You can go on now.");
  assert.equal(await ada.field.inputValue(), other, "the typed address is kept");
  assert.notEqual((await cookieOf(ada)).value, value);
  assert.equal((await call(value, "session")).status, 401, "the former session has ended");
  await ada.sendsACode();
  await ada.entersTheCode(other);
  await ada.notice("Done. You can sign in with it");
});

test("a code of another account signs in to it, and says so", async () => {
  const [ada, eve] = [await visitor(), await visitor()];
  await ada.signsUp();
  await eve.signsUp();
  await ada.opens("/#again");
  await ada.field.fill(eve.email);
  await ada.sendsACode();
  await ada.entersTheCode(eve.email);
  await ada.notice("That code was of another account.");
  assert.deepEqual(await ada.page.locator("dd bdi").allInnerTexts(), [eve.email]);
});

test("a code of no account, typed to sign in again, makes none", async () => {
  const ada = await visitor();
  ada.allowed.push(/status of 409/);
  await ada.signsUp();
  const { value } = await cookieOf(ada);
  await ada.opens("/#again");
  for (const way of ["code", "link"]) {
    const stranger = `${way}.${ada.email}`;
    await ada.field.fill(stranger);
    await ada.sendsACode();
    if (way === "code") await ada.entersTheCode(stranger);
    else {
      await ada.opens(`/${new URL(await ada.link(stranger)).hash}`);
      await ada.button("Sign in").click();
    }
    await ada.page.locator(".notice, .problem").getByText("This code belongs to another account.").waitFor();
  }
  assert.equal((await cookieOf(ada)).value, value);
  assert.equal((await call(value, "session")).status, 200);
});

test("the owner of a replaced address gets the account back", async () => {
  const ada = await visitor();
  await ada.signsUp();
  const eve = await visitor({ storageState: await ada.context.storageState() });
  await eve.opens();
  await eve.heading("Your account").waitFor();
  await eve.changesEmail(`eve.${ada.email}`);
  const owner = await visitor();
  await owner.opens("/#undo");
  await owner.field.fill(ada.email);
  await owner.sendsACode();
  await owner.entersTheCode(ada.email);
  await owner.notice("Your account is as it was.");
  await until(async () => (await listed(owner)).length === 1, "all other sessions have ended");
  await eve.page.reload();
  await eve.heading("Sign in").waitFor();
});

test("the link of the mail signs in where it was requested", async () => {
  const ada = await visitor();
  await ada.opens();
  await ada.asksForACode();
  const tab = await ada.tab();
  await tab.goto(await ada.link(ada.email));
  await tab.getByRole("button", { name: "Sign in" }).click();
  await tab.getByRole("heading", { name: "Welcome! What is your name?" }).waitFor();
  assert.ok(await cookieOf(ada));
});

/** Runs in the page of another origin: all the ways in which it can send a body to the API. */
async function attack({ url, body }) {
  const text = JSON.stringify(body);
  const types = ["text/plain", "application/x-www-form-urlencoded", "application/json"];
  const read = [];
  for (const type of types) {
    for (const mode of ["no-cors", "cors"]) {
      for (const more of [{}, { "x-latchstring": "1" }]) {
        const request = { method: "POST", mode, credentials: "include", headers: { "content-type": type, ...more }, body: text };
        await fetch(url, request).then((response) => response.type !== "opaque" && read.push(response.status), () => {});
      }
    }
  }
  navigator.sendBeacon(url, text);
  navigator.sendBeacon(url, new Blob([text], { type: "text/plain" }));
  for (const target of ["frame", "_self"]) {
    const form = document.createElement("form");
    Object.assign(form, { method: "POST", action: url, enctype: "text/plain", target });
    // The body of such a form is NAME=VALUE.
    const [name, value] = [`${text.slice(0, -1)},"x":"`, '"}'];
    form.append(Object.assign(document.createElement("input"), { name, value }));
    document.body.append(form);
    form.submit();
    if (target === "frame") await new Promise((done) => (document.querySelector("iframe").onload = done));
  }
  return read;
}

/** Opens a page of another origin and runs its attack; returns the statuses of what reached the API. */
async function isAttacked(ada, origin, path, body) {
  const tab = await ada.context.newPage();
  const statuses = [];
  tab.on("response", (response) => response.url().endsWith(path) && response.request().method() === "POST" && statuses.push(response.status()));
  await tab.goto(origin);
  const navigated = tab.waitForURL(`${address}${path}`);
  const read = await tab.evaluate(attack, { url: `${address}${path}`, body });
  assert.deepEqual(read, [], "no answer can be read");
  await navigated;
  await tab.close();
  return statuses;
}

for (const [kind, origin] of Object.entries({ "the same site": sameSite, "another site": crossSite })) {
  test(`a page of ${kind} can sign out no user`, async () => {
    const ada = await visitor();
    await ada.signsUp();
    const before = await cookieOf(ada);
    for (const body of [{}, { everywhere: true }]) {
      const statuses = await isAttacked(ada, origin, "/v1/sign-out", body);
      assert.ok(statuses.length > 3 && statuses.every((status) => status === 403), `${statuses}`);
    }
    assert.equal((await cookieOf(ada)).value, before.value);
    await ada.page.reload();
    await ada.heading("Hello, Ada Lovelace").waitFor();
    // The same request of the app's own page is served.
    const status = await ada.page.evaluate(async () => {
      const headers = { "x-latchstring": "1", "content-type": "application/json" };
      return (await fetch("/v1/sign-out", { method: "POST", headers, body: "{}" })).status;
    });
    assert.equal(status, 204);
    assert.equal((await call(before.value, "session")).status, 401);
  });

  test(`a page of ${kind} can sign in no user`, async () => {
    const [ada, eve] = [await visitor(), await visitor()];
    await eve.signsUp();
    for (const isSignedIn of [false, true]) {
      if (isSignedIn) await ada.signsUp();
      const before = await cookieOf(ada);
      // The attacker's own sign-in, up to the right code.
      const asked = await (await call("", "sign-in", { emailOrPhone: eve.email })).json();
      const answer = { continuation: asked.continuation, answer: await eve.received(eve.email) };
      const statuses = await isAttacked(ada, origin, "/v1/sign-in/answer", answer);
      assert.ok(statuses.length > 3 && statuses.every((status) => status === 403), `${statuses}`);
      assert.equal((await cookieOf(ada))?.value, before?.value);
      await ada.opens();
      await ada.heading(isSignedIn ? "Hello, Ada Lovelace" : "Sign in").waitFor();
      // It would have been right.
      assert.equal((await (await call("", "sign-in/answer", answer)).json()).status, "session_opened");
    }
  });
}

test("a page of an allowed origin can call with the cookie", async () => {
  const ada = await visitor();
  await ada.signsUp();
  const tab = await ada.context.newPage();
  const names = async (origin) => {
    await tab.goto(origin);
    return tab.evaluate(async (url) => {
      const headers = { "x-latchstring": "1", "content-type": "application/json" };
      const body = JSON.stringify({ givenName: "Augusta", familyName: "King" });
      const answer = await fetch(url, { method: "POST", credentials: "include", headers, body }).catch(() => null);
      return answer && answer.json();
    }, `${address}/v1/names`);
  };
  assert.deepEqual(await names(allowed), { givenName: "Augusta", familyName: "King" });
  assert.equal(await names(sameSite), null);
  assert.equal(await names(crossSite), null);
});

test("a direct call with the client id starts nothing", async () => {
  const config = await (await fetch(`${address}/config.json`)).json();
  assert.equal(config.sessionMode, true);
  assert.ok(!JSON.stringify(config).includes(CREDENTIAL));
  const headers = {
    "content-type": "application/x-amz-json-1.1",
    "x-amz-target": "AWSCognitoIdentityProviderService.InitiateAuth",
  };
  const parameters = { USERNAME: "ada@example.com" };
  const body = JSON.stringify({ AuthFlow: "CUSTOM_AUTH", ClientId: config.clientId, AuthParameters: parameters });
  const refused = await fetch(`${address}/`, { method: "POST", headers, body });
  assert.equal(refused.status, 400);
  assert.equal((await refused.json()).__type, "NotAuthorizedException");
});
