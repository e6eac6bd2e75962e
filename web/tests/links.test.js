// Flows that outlive their tab, and the links of messages.

import assert from "node:assert/strict";
import { test } from "node:test";
import { DESKTOP, PHONE, bench, collects, holds, roundTrip, wrong } from "./bench.js";

const { person, control } = await bench();

const REFUSED = /status of 400/;

/** Runs a story on a desk and on a phone. */
function onBoth(name, story) {
  for (const [device, options] of Object.entries({ desk: DESKTOP, phone: PHONE })) {
    test(`on a ${device}: ${name}`, () => story((more) => person({ ...options, ...more })));
  }
}

/** A program that opens a link in its own profile, runs its scripts and clicks all that can be clicked. */
async function scans(link) {
  const scanner = await person();
  const calls = [];
  scanner.page.on("request", (request) => request.method() !== "GET" && calls.push(request.url()));
  const opens = async () => {
    await scanner.page.goto("about:blank");
    await scanner.page.goto(link);
    await scanner.heading("Your code").waitFor();
  };
  await opens();
  const buttons = await scanner.page.locator("#view button").count();
  for (let at = 0; at < buttons; at += 1) {
    await opens();
    await scanner.page.locator("#view button").nth(at).click();
    await roundTrip(scanner.page);
  }
  await opens();
  await scanner.page.evaluate(() => {
    for (const element of document.querySelectorAll("#view *")) element.click();
  });
  await roundTrip(scanner.page);
  assert.deepEqual(calls, [], "nothing is called");
  assert.equal(await scanner.tokens(), null);
  return buttons;
}

onBoth("after a scanner, the owner signs in with the code", async (person) => {
  const ada = await person();
  await ada.opens();
  await ada.asksForACode();
  assert.ok((await scans(await ada.link(ada.email))) > 0, "it clicks");
  const code = await ada.received(ada.email);
  await ada.code.fill(wrong(code));
  await ada.page.getByText("You have 2 attempts left.").waitFor();
  await ada.code.fill(code);
  await ada.heading("Welcome! What is your name?").waitFor();
});

onBoth("after a scanner, the owner signs in with the link", async (person) => {
  const ada = await person();
  await ada.opens();
  await ada.asksForACode();
  const link = await ada.link(ada.email);
  await scans(link);
  const tab = await ada.tab();
  const calls = collects(tab, "");
  await tab.goto(link);
  await tab.getByRole("heading", { name: "Sign in here?" }).waitFor();
  await tab.getByText(ada.email).first().waitFor();
  await roundTrip(tab);
  assert.equal(calls.length, 0, "opening it calls nothing");
  await tab.getByRole("button", { name: "Sign in", exact: true }).click();
  await tab.getByRole("heading", { name: "Welcome! What is your name?" }).waitFor();
});

test("a forwarded link signs in no one, and shows the code to type", async () => {
  const [ada, eve] = [await person(), await person()];
  await ada.opens();
  await ada.asksForACode();
  await eve.opens();
  await eve.asksForACode();
  const requests = collects(eve.page, "");
  await eve.page.goto("about:blank");
  await eve.page.goto(await ada.link(ada.email));
  await eve.heading("Your code").waitFor();
  const shown = await eve.page.locator(".shown-code").innerText();
  const code = await ada.received(ada.email);
  assert.equal(shown.replace(/\D/g, ""), code);
  assert.equal(await eve.tokens(), null);
  assert.equal(requests.length, 0);
  const view = eve.page.locator("#view");
  await view.getByRole("button", { name: "Copy" }).click();
  await view.getByRole("button", { name: "Copied" }).waitFor();
  assert.equal(await eve.page.evaluate(() => navigator.clipboard.readText()), code);
  await ada.code.fill(code);
  await ada.heading("Welcome! What is your name?").waitFor();
});

onBoth("after a link in another tab, the field stays and the way on is offered", async (person) => {
  const ada = await person();
  await ada.opens();
  await ada.asksForACode();
  await ada.code.pressSequentially("12");
  const tab = await ada.tab();
  const calls = collects(ada.page, "");
  await tab.goto(await ada.link(ada.email));
  await tab.getByRole("button", { name: "Sign in", exact: true }).click();
  await tab.getByRole("heading", { name: "Welcome! What is your name?" }).waitFor();
  await ada.page.getByText("You are signed in.").waitFor();
  assert.ok(await ada.code.isVisible());
  assert.equal(await ada.code.inputValue(), "12");
  assert.deepEqual(ada.jumps, []);
  assert.equal(calls.length, 0, "the waiting tab calls nothing");
  await ada.isAccessible();
  await ada.button("To your account").click();
  await ada.heading("Your account").waitFor();
});

test("a code typed after the link goes on, without an error", async () => {
  const ada = await person();
  await ada.opens();
  await ada.asksForACode();
  const tab = await ada.tab();
  await tab.goto(await ada.link(ada.email));
  await tab.getByRole("button", { name: "Sign in", exact: true }).click();
  await tab.getByRole("heading", { name: "Welcome! What is your name?" }).waitFor();
  await ada.page.getByText("You are signed in.").waitFor();
  const answers = collects(ada.page, "RespondToAuthChallenge");
  await ada.entersTheCode();
  await ada.heading("Your account").waitFor();
  assert.equal(answers.length, 0);
});

onBoth("a closed tab comes back to the code, without a message", async (person) => {
  const ada = await person();
  await ada.opens();
  await ada.asksForACode();
  const code = await ada.received(ada.email);
  await ada.code.fill(wrong(code));
  await ada.page.getByText("You have 2 attempts left.").waitFor();
  await ada.page.close();
  ada.page = await ada.tab();
  const calls = collects(ada.page, "");
  await ada.opens();
  await ada.heading("Enter the code").waitFor();
  await ada.page.getByText(ada.email).first().waitFor();
  assert.equal(calls.length, 0);
  assert.ok(await ada.code.evaluate((input) => input === document.activeElement));
  await ada.code.fill(code);
  await ada.heading("Welcome! What is your name?").waitFor();
  assert.equal(await ada.sent(ada.email), 1);
});

onBoth("a browser that was ended comes back to the code", async (person) => {
  const ada = await person();
  await ada.opens();
  await ada.asksForACode();
  const code = await ada.received(ada.email);
  const storageState = await ada.context.storageState();
  const later = await person({ storageState });
  await later.opens("/#code");
  await later.heading("Enter the code").waitFor();
  await later.code.fill(code);
  await later.heading("Welcome! What is your name?").waitFor();
  assert.equal(await ada.sent(ada.email), 1);
});

test("a link opened after the browser was ended signs in", async () => {
  const ada = await person();
  await ada.opens();
  await ada.asksForACode();
  const later = await person({ storageState: await ada.context.storageState() });
  await later.page.goto(await ada.link(ada.email));
  await later.button("Sign in").click();
  await later.heading("Welcome! What is your name?").waitFor();
});

test("after a change of mind, another address can be typed", async () => {
  const ada = await person();
  await ada.opens();
  await ada.asksForACode();
  const tab = await ada.tab();
  await tab.goto(ada.address);
  await tab.getByRole("button", { name: "Use another address" }).first().click();
  await tab.getByRole("heading", { name: "Sign in" }).waitFor();
  await tab.reload();
  await tab.getByRole("heading", { name: "Sign in" }).waitFor();
});

test("a session that ended before its code costs nothing", async () => {
  const ada = await person();
  ada.allowed.push(REFUSED);
  await ada.opens();
  await ada.asksForACode();
  const ended = { status: 400, json: { __type: "NotAuthorizedException", message: "Session has expired." } };
  await ada.page.route((url) => url.pathname === "/", (route) =>
    route.request().method() === "POST" ? route.fulfill(ended) : route.fallback(), { times: 1 });
  await ada.entersTheCode();
  await ada.heading("Welcome! What is your name?").waitFor();
  assert.equal(await ada.sent(ada.email), 1);
});

test("a code answered on another device ends the flow here", async () => {
  const ada = await person();
  ada.allowed.push(REFUSED);
  await ada.opens();
  await ada.asksForACode();
  const code = await ada.received(ada.email);
  const later = await person({ storageState: await ada.context.storageState() });
  later.allowed.push(REFUSED);
  await later.opens();
  await later.heading("Enter the code").waitFor();
  await ada.code.fill(code);
  await ada.heading("Welcome! What is your name?").waitFor();
  await later.code.fill(code);
  await later.problem.getByText("This code no longer works.").waitFor();
  await later.page.reload();
  await later.heading("You need a new code").waitFor();
});

test("the link of an older request signs in, too", async () => {
  const ada = await person();
  await ada.opens();
  await ada.asksForACode();
  const older = await ada.link(ada.email);
  await ada.page.goBack();
  await ada.asksForACode();
  const tab = await ada.tab();
  await tab.goto(older);
  await tab.getByRole("button", { name: "Sign in", exact: true }).click();
  await tab.getByRole("heading", { name: "Welcome! What is your name?" }).waitFor();
});

test("a link after the sign-in leads to the account", async () => {
  const ada = await person();
  await ada.opens();
  await ada.asksForACode();
  const link = await ada.link(ada.email);
  await ada.entersTheCode();
  await ada.heading("Welcome! What is your name?").waitFor();
  const tab = await ada.tab();
  await tab.goto(link);
  await tab.getByRole("heading", { name: "Your code" }).waitFor();
  await tab.getByRole("button", { name: "To your account" }).click();
  await tab.getByRole("heading", { name: "Your account" }).waitFor();
});

test("a wrong link offers the code, and costs no attempt", async () => {
  const ada = await person();
  await ada.opens();
  await ada.asksForACode();
  const link = await ada.link(ada.email);
  const tab = await ada.tab();
  await tab.goto(link.replace(/\..{21}(.)$/, (_, last) => `.${"A".repeat(21)}${last}`));
  await tab.getByRole("button", { name: "Sign in", exact: true }).click();
  await tab.getByText("This link is of an older message.").waitFor();
  await tab.getByRole("button", { name: "Type the code" }).click();
  await tab.getByRole("heading", { name: "Enter the code" }).waitFor();
  const code = await ada.received(ada.email);
  await tab.locator("#code").fill(wrong(code));
  await tab.getByText("You have 2 attempts left.").waitFor();
  await tab.locator("#code").fill(code);
  await tab.getByRole("heading", { name: "Welcome! What is your name?" }).waitFor();
});

test("a link confirmed too late says so, and offers a new start", async () => {
  const ada = await person();
  ada.allowed.push(REFUSED);
  await ada.opens();
  await ada.asksForACode();
  const tab = await ada.tab();
  await tab.goto(await ada.link(ada.email));
  await tab.getByRole("heading", { name: "Sign in here?" }).waitFor();
  await control({ advanceSeconds: 301 });
  await tab.getByRole("button", { name: "Sign in", exact: true }).click();
  await tab.getByText("This code no longer works.").waitFor();
  await tab.getByRole("button", { name: "Start again" }).click();
  await tab.getByRole("heading", { name: "Sign in" }).waitFor();
});

test("a double click on the confirmation answers once", async () => {
  const ada = await person();
  await ada.opens();
  await ada.asksForACode();
  const link = await ada.link(ada.email);
  await ada.page.goto("about:blank");
  const answers = collects(ada.page, "RespondToAuthChallenge");
  await ada.page.goto(link);
  const { arrived, letGo } = await holds(ada.page, "RespondToAuthChallenge");
  await ada.button("Sign in").click();
  await arrived;
  await ada.button("Sign in").click({ force: true });
  letGo();
  await ada.heading("Welcome! What is your name?").waitFor();
  assert.equal(answers.length, 1);
});

test("a link puts a new contact on the account", async () => {
  const ada = await person();
  await ada.signsUp();
  const other = `other.${ada.email}`;
  await ada.requestsEmail(other);
  const tab = await ada.tab();
  await tab.goto(await ada.link(other));
  await tab.getByRole("heading", { name: "Is this yours?" }).waitFor();
  await tab.getByRole("button", { name: "Add it to my account" }).click();
  await ada.notice("Done. You can sign in with it", tab);
});

test("a link that a mail program cut says so", async () => {
  const ada = await person();
  await ada.opens();
  await ada.asksForACode();
  await ada.page.goto("about:blank");
  await ada.page.goto((await ada.link(ada.email)).slice(0, -5));
  await ada.heading("This link is not complete").waitFor();
  await ada.isAccessible();
  await ada.button("Start again").click();
  await ada.heading("Sign in").waitFor();
});

test("by keyboard alone a link is confirmed, in the page's language", async () => {
  const ada = await person();
  await ada.opens();
  await ada.asksForACode();
  const link = await ada.link(ada.email);
  await ada.page.goto("about:blank");
  await ada.page.goto(link);
  await ada.heading("Sign in here?").waitFor();
  await ada.page.locator("#language").selectOption("fr");
  await ada.heading("Se connecter ici ?").waitFor();
  const yes = ada.page.locator("button.primary");
  await ada.page.locator("#language").press("Tab");
  assert.ok(await yes.evaluate((button) => button === document.activeElement));
  await ada.page.keyboard.press("Enter");
  await ada.heading("Bienvenue ! Comment vous appelez-vous ?").waitFor();
});

for (const [name, options, size] of [
  ["320 px", { viewport: { width: 320, height: 640 } }, "100%"],
  ["320 px with text of 200 %", { viewport: { width: 320, height: 640 } }, "200%"],
]) {
  test(`at ${name} the code of a link fits`, async () => {
    const ada = await person(options);
    const bytes = Buffer.alloc(16, 0xff).toString("base64url");
    for (const shape of ["6", "a", "c"]) {
      await ada.page.goto("about:blank");
      await ada.opens(`/#${shape}bcdefghijklm.${bytes}`);
      await ada.heading("Your code").waitFor();
      await ada.page.evaluate((size) => (document.documentElement.style.fontSize = size), size);
      const over = await ada.page.evaluate(() => {
        const all = [...document.querySelectorAll("body *:not(.hidden)")];
        return all.filter((element) => element.getBoundingClientRect().right > innerWidth).map(({ outerHTML }) => outerHTML.slice(0, 60));
      });
      assert.deepEqual(over, [], "nothing leaves the screen");
    }
  });
}
