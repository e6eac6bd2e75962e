// The whole story of an account, and its failures.

import assert from "node:assert/strict";
import { test } from "node:test";
import { DESKTOP, PHONE, bench, until, wrong } from "./bench.js";

const { person, control } = await bench();

/** The browser's message for the response by which Cognito ends a flow. */
const REFUSED = /status of 400/;

/** Runs a story on a desk and on a phone. */
function onBoth(name, story) {
  for (const [device, options] of Object.entries({ desk: DESKTOP, phone: PHONE })) {
    test(`on a ${device}: ${name}`, () => story(() => person(options)));
  }
}

onBoth("sign up, change, sign out, sign in again, delete", async (person) => {
  const ada = await person();
  await ada.signsUp();
  await ada.page.reload();
  await ada.heading("Hello, Ada Lovelace").waitFor();

  const other = `other.${ada.email}`;
  await ada.changesEmail(other);
  await ada.page.getByText(other).first().waitFor();

  await ada.signsOut();
  await ada.signsIn(other);
  await ada.heading("Hello, Ada Lovelace").waitFor();
  await ada.button("Sign out on all devices").click();
  await ada.notice("You are signed out on all devices.");

  await ada.signsIn(ada.phone);
  await ada.heading("Hello, Ada Lovelace").waitFor();
  await ada.button("Delete the account").click();
  await ada.button("Delete it for good").click();
  await ada.notice("Your account is deleted.");
  await ada.signsIn(ada.phone);
  await ada.heading("Welcome! What is your name?").waitFor();
});

test("by keyboard alone every page works", async () => {
  const ada = await person();
  ada.allowed.push(REFUSED);
  await ada.opens();
  await ada.field.waitFor();
  const { keyboard } = ada.page;
  const goesTo = async (name) => {
    const wanted = ada.page.getByRole("button", { name, exact: true });
    await wanted.waitFor();
    for (let tabs = 0; tabs < 20; tabs += 1) {
      if (await wanted.evaluate((element) => element === document.activeElement)) {
        return keyboard.press("Enter");
      }
      await keyboard.press("Tab");
    }
    assert.fail(`no way by Tab to ${name}`);
  };
  await keyboard.type(ada.email);
  await keyboard.press("Enter");
  await ada.heading("Enter the code").waitFor();
  await keyboard.type(await ada.received(ada.email));
  await ada.heading("Welcome! What is your name?").waitFor();
  await keyboard.type("Ada");
  await keyboard.press("Tab");
  await keyboard.type("Lovelace");
  await keyboard.press("Tab");
  // The country, by its first letters.
  await keyboard.type("Canada");
  await keyboard.press("Tab");
  await keyboard.type(ada.phone.slice(2));
  await keyboard.press("Tab");
  await keyboard.press("Space");
  await ada.heading("Enter the code").waitFor();
  await keyboard.type(await ada.received(ada.phone));
  await ada.heading("Hello, Ada Lovelace").waitFor();

  await goesTo("Change the email address");
  await ada.heading("Your email address").waitFor();
  const other = `other.${ada.email}`;
  await keyboard.type(other);
  await keyboard.press("Enter");
  await ada.heading("Enter the code").waitFor();
  const code = await ada.received(other);
  await keyboard.type(wrong(code));
  await ada.page.getByText("You have 2 attempts left.").waitFor();
  // The wrong code is selected: the right one replaces it.
  await keyboard.type(code);
  await ada.notice("Done. You can sign in with it");
  await goesTo("Sign out on all devices");
  await ada.notice("You are signed out on all devices.");
  await ada.field.waitFor();
  await keyboard.type(other);
  await keyboard.press("Enter");
  await ada.heading("Enter the code").waitFor();
  await keyboard.type(await ada.received(other));
  await ada.heading("Hello, Ada Lovelace").waitFor();
  await goesTo("Delete the account");
  await goesTo("Delete it for good");
  await ada.notice("Your account is deleted.");
});

test("known and unknown users see the same until a right code", async () => {
  const [ada, eve] = [await person(), await person()];
  await ada.signsUp();
  await ada.signsOut();
  const seen = [];
  for (const [who, contact] of [[ada, ada.email], [eve, eve.email]]) {
    if (who === eve) await who.opens();
    await who.asksForACode(contact);
    await who.code.fill(wrong(await who.received(contact)));
    await who.page.getByText("This code is wrong").waitFor();
    const text = await who.page.locator("#view").innerText();
    seen.push(text.replaceAll(contact, "…").replace(/\d+:\d+/g, "…"));
  }
  assert.equal(seen[0], seen[1]);
});

onBoth("wrong codes count down, and the last ends it", async (person) => {
  const ada = await person();
  ada.allowed.push(REFUSED);
  await ada.opens();
  await ada.asksForACode();
  const code = await ada.received(ada.email);
  const first = wrong(code);
  await ada.code.fill(first);
  await ada.page.getByText("You have 2 attempts left.").waitFor();
  assert.equal(await ada.code.getAttribute("aria-invalid"), "true");
  await ada.code.fill(wrong(first));
  await ada.page.getByText("You have one attempt left.").waitFor();
  await ada.code.fill(wrong(wrong(first)));
  await ada.page.locator(".problem").getByText("That was the last attempt").waitFor();
  await ada.button("Send a new code").click();
  await ada.heading("Enter the code").waitFor();
  await ada.entersTheCode();
  await ada.heading("Welcome! What is your name?").waitFor();
});

onBoth("an expired code is reported by either clock", async (person) => {
  const ada = await person();
  ada.allowed.push(REFUSED);
  await ada.page.clock.install();
  await ada.opens();
  await ada.asksForACode();
  await ada.page.clock.fastForward(301_000);
  await ada.page.locator(".problem").getByText("This code has expired.").waitFor();
  await ada.button("Send a new code").click();
  await ada.heading("Enter the code").waitFor();
  const code = await ada.received(ada.email);
  await control({ advanceSeconds: 301 });
  await ada.code.fill(code);
  await ada.page.locator(".problem").getByText("This code no longer works.").waitFor();
});

onBoth("after its wait a code is sent again, once", async (person) => {
  const ada = await person();
  await ada.page.clock.install();
  await ada.opens();
  await ada.asksForACode();
  const again = ada.page.locator("#resend");
  assert.match(await again.innerText(), /Send again in 0:\d\d/);
  assert.ok(await again.isDisabled());
  await control({ advanceSeconds: 31 });
  await ada.page.clock.fastForward(31_000);
  await ada.button("Send the code again").click();
  await ada.page.getByText("Sent again.").first().waitFor();
  assert.equal(await ada.sent(ada.email), 2);
  await ada.entersTheCode();
  await ada.heading("Welcome! What is your name?").waitFor();
});

onBoth("without a network the typed text stays", async (person) => {
  const ada = await person();
  ada.allowed.push(/ERR_INTERNET_DISCONNECTED|ERR_FAILED|ERR_CONNECTION/);
  await ada.opens();
  await ada.field.fill(ada.email);
  await ada.context.setOffline(true);
  await ada.page.getByText("You are offline.").waitFor();
  await ada.button("Send me a code").click();
  await ada.page.getByText("There is no connection.").waitFor();
  await ada.context.setOffline(false);
  assert.equal(await ada.field.inputValue(), ada.email);
  await ada.button("Send me a code").click();
  await ada.heading("Enter the code").waitFor();
});

onBoth("on a slow network a second click sends nothing", async (person) => {
  const ada = await person();
  await ada.page.clock.install();
  let letGo;
  const held = new Promise((done) => (letGo = done));
  await ada.page.route("**/graphql", async (route) => {
    await held;
    await route.continue();
  });
  await ada.opens();
  await ada.field.fill(ada.email);
  await ada.button("Send me a code").click();
  await ada.page.clock.fastForward(3_500);
  await ada.page.getByText("This is taking longer than usual.").waitFor();
  await ada.field.press("Enter");
  letGo();
  await ada.heading("Enter the code").waitFor();
  assert.equal(await ada.sent(ada.email), 1);
});

onBoth("back shows the address, and forward the code", async (person) => {
  const ada = await person();
  await ada.opens();
  await ada.asksForACode();
  await ada.page.goBack();
  await ada.heading("Sign in").waitFor();
  assert.equal(await ada.field.inputValue(), ada.email);
  await ada.page.goForward();
  await ada.heading("Enter the code").waitFor();
  await ada.entersTheCode();
  await ada.heading("Welcome! What is your name?").waitFor();
  await ada.page.goBack();
  await ada.heading("Your account").waitFor();
});

onBoth("with slow answers nothing on the page jumps", async (person) => {
  const ada = await person();
  ada.allowed.push(/ERR_INTERNET_DISCONNECTED|ERR_FAILED/);
  const later = () => new Promise((done) => setTimeout(done, 800));
  await ada.page.route((url) => ["/graphql", "/"].includes(url.pathname), async (route) => {
    if (route.request().method() === "POST") await later();
    await route.continue();
  });
  await ada.signsUp();
  await ada.page.reload();
  await ada.heading("Hello, Ada Lovelace").waitFor();
  await ada.context.setOffline(true);
  await ada.page.getByText("You are offline.").waitFor();
  await ada.context.setOffline(false);
  await ada.page.getByText("You are offline.").waitFor({ state: "hidden" });
  await ada.requestsEmail(`other.${ada.email}`);
  await ada.code.fill(wrong(await ada.received(`other.${ada.email}`)));
  await ada.page.getByText("You have 2 attempts left.").waitFor();
  assert.deepEqual(ada.jumps, []);
  // A jump would be reported.
  await later();
  await ada.page.evaluate(() => document.querySelector("h1").before(Object.assign(document.createElement("p"), { textContent: "Surprise!" })));
  await until(() => ada.jumps.length > 0, "a jump is reported");
});

onBoth("a reload during a sign-in goes on", async (person) => {
  const ada = await person();
  await ada.opens();
  await ada.asksForACode();
  const code = await ada.received(ada.email);
  await ada.code.fill(wrong(code));
  await ada.page.getByText("You have 2 attempts left.").waitFor();
  await ada.page.reload();
  await ada.heading("Enter the code").waitFor();
  await ada.code.fill(code);
  await ada.heading("Welcome! What is your name?").waitFor();
});

onBoth("a sign-in or sign-out in one tab shows in both", async (person) => {
  const ada = await person();
  await ada.opens();
  await ada.asksForACode();
  const code = await ada.received(ada.email);
  const other = await ada.tab();
  await other.goto(`${ada.address}/#undo`);
  await other.getByRole("heading", { name: "Undo a change" }).waitFor();
  const waiting = await ada.tab();
  await waiting.goto(ada.address);
  await waiting.getByRole("heading", { name: "Enter the code" }).waitFor();
  await ada.code.fill(code);
  await ada.heading("Welcome! What is your name?").waitFor();
  await waiting.getByRole("button", { name: "To your account" }).click();
  await waiting.getByRole("heading", { name: "Your account" }).waitFor();
  await other.goto(ada.address);
  await other.getByRole("heading", { name: "Your account" }).waitFor();
  await other.getByRole("button", { name: "Sign out", exact: true }).click();
  await ada.heading("Sign in").waitFor();
});

onBoth("a pasted message or the pane's button signs in", async (person) => {
  const ada = await person();
  await ada.opens();
  await ada.asksForACode();
  const code = await ada.received(ada.email);
  await ada.page.evaluate((text) => navigator.clipboard.writeText(text), `Your code: ${code.slice(0, 6)}. It works.`);
  await ada.code.press("ControlOrMeta+V");
  await ada.heading("Welcome! What is your name?").waitFor();
  const eve = await person();
  await eve.opens();
  await eve.asksForACode();
  await eve.page.locator(".pane").getByText(eve.email).waitFor();
  await eve.button("Use this code").click();
  await eve.heading("Welcome! What is your name?").waitFor();
});

onBoth("an old sign-in must reauthenticate to change", async (person) => {
  const ada = await person();
  await ada.signsUp();
  await control({ advanceSeconds: 601 });
  await ada.button("Change the email address").click();
  const other = `other.${ada.email}`;
  await ada.field.fill(other);
  await ada.button("Send a code").click();
  await ada.heading("Is it you?").waitFor();
  await ada.button(`Send a code to ${ada.email}`).click();
  await ada.heading("Enter the code").waitFor();
  await ada.entersTheCode();
  await ada.heading("Your email address").waitFor();
});

test("another account's contact is refused after its right code", async () => {
  const [ada, eve] = [await person(), await person()];
  await ada.signsUp();
  await eve.signsUp();
  ada.allowed.push(REFUSED);
  await ada.requestsEmail(eve.email);
  await ada.entersTheCode(eve.email);
  await ada.page.locator(".problem").getByText("This belongs to another account.").waitFor();
  await ada.button("Use another address").click();
  await ada.heading("Your email address").waitFor();
});

test("the language follows browser and choice, also in messages", async () => {
  const ada = await person({ locale: "fr-CA" });
  await ada.opens();
  await ada.heading("Se connecter").waitFor();
  await ada.page.getByLabel("Langue").selectOption("pt");
  await ada.heading("Entrar").waitFor();
  assert.equal(await ada.page.locator("html").getAttribute("lang"), "pt");
  await ada.page.reload();
  await ada.heading("Entrar").waitFor();
  await ada.field.fill(ada.email);
  await ada.button("Enviar código").click();
  await ada.heading("Digite o código").waitFor();
  await ada.page.locator(".pane").getByText("Seu código").first().waitFor();
});

test("a number takes its country from its code, or from the choice", async () => {
  const ada = await person({ locale: "de-DE" });
  await ada.opens();
  await ada.field.fill("+41 79");
  assert.equal(await ada.page.locator(".country .code").innerText(), "+41");
  await ada.field.fill("0151 23456789");
  await ada.page.getByLabel("Land").selectOption("DE");
  await ada.page.locator("button.primary").click();
  await ada.page.locator("bdi").first().filter({ hasText: "+4915123456789" }).waitFor();
});

test("the inbox shows the newest message first", async () => {
  const ada = await person();
  await ada.opens("/inbox");
  const tab = await ada.tab();
  await tab.goto(ada.address);
  await tab.locator("#contact").fill(ada.email);
  await tab.getByRole("button", { name: "Send me a code" }).click();
  await ada.page.locator("#messages > li").first().getByText(ada.email).waitFor();
  await ada.button("Copy").first().click();
  await ada.page.getByRole("button", { name: "Copied" }).waitFor();
  const copied = await ada.page.evaluate(() => navigator.clipboard.readText());
  assert.equal(copied, await ada.received(ada.email));
});
