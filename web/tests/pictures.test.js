// A picture of every state, light and dark, and axe on each.
//
// `UPDATE_PICTURES=1 npm test` takes them again: look at each changed picture before you commit it.

import assert from "node:assert/strict";
import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { PHONE, bench, root, until, wrong } from "./bench.js";

const { page, person, control } = await bench();
const sessionMode = await bench("--session-mode");
const byInvitation = await bench("--admission", "invited");
const FOLDER = join(import.meta.dirname, "pictures");
const FOUND = join(root, "target/web-pictures");
const UPDATE = Boolean(process.env.UPDATE_PICTURES);

/** Blocks of 4 by 4 points may differ in colour by this much (of 255), in so many of them. */
const BLOCK = 4;
const TOLERANCE = 24;
const SHARE = 0.01;

const NOW = new Date("2026-03-02T10:00:00Z");

/** Fixes the codes and times of the pane, and hides the messages of other users. */
async function still(ada) {
  await ada.page.clock.install({ time: NOW });
  await ada.page.route("**/inbox.json", async (route) => {
    const response = await route.fetch();
    const messages = (await response.json()).filter(({ to }) => [ada.email, ada.phone].includes(to)).map((message) => ({
      ...message,
      text: timeless(message.code ? message.text.replaceAll(message.code, "483920") : message.text),
      code: message.code && "483920",
      sentAt: NOW.toISOString(),
    }));
    await route.fulfill({ response, json: messages });
  });
}

/** The fragment of a link that shows the code 483 920, and of one of base 32. */
const LINKS = {
  DIGITS: `6Zk3x9d2Rt7Qw.${tokenOf(483_920n)}`,
  BASE32: `cZk3x9d2Rt7Qw.${tokenOf(0x3_9f1_7b2_a68_c4d_e57n)}`,
};

/** The token of a link whose 16 bytes are a number. */
function tokenOf(number) {
  return Buffer.from(number.toString(16).padStart(32, "0"), "hex").toString("base64url");
}

/** Returns a text with the times of a message requested at NOW, and always the same link. */
function timeless(text) {
  return text
    .replace(/https?:\S+#[\w-]{13}\.[\w-]{22}/, `http://127.0.0.1:4180/#${LINKS.DIGITS}`)
    .replace(/\d{4}‑\d\d‑\d\d/, "2026‑03‑02")
    .replace(/\d\d([./])\d\d[./]\d{4}/, "02$103$12026")
    .replace(/\d{4}年\d\d月\d\d日/, "2026年03月02日")
    .replace(/\d\d:\d\d(?=.{0,5}UTC)/, "10:00");
}

/** A blank page in which pictures are compared and shrunk. */
const workshop = await page();

async function shrink(png) {
  const url = await workshop.evaluate(async (png) => {
    const bitmap = await createImageBitmap(await (await fetch(png)).blob());
    const canvas = new OffscreenCanvas(bitmap.width / 2, bitmap.height / 2);
    const context = canvas.getContext("2d");
    context.imageSmoothingQuality = "high";
    context.drawImage(bitmap, 0, 0, canvas.width, canvas.height);
    const blob = await canvas.convertToBlob({ type: "image/webp", quality: 0.6 });
    return new Promise((done) => {
      const reader = new FileReader();
      reader.onload = () => done(reader.result);
      reader.readAsDataURL(blob);
    });
  }, dataUrl(png, "png"));
  return Buffer.from(url.split(",")[1], "base64");
}

const dataUrl = (bytes, kind) => `data:image/${kind};base64,${bytes.toString("base64")}`;

/** Returns the share of blocks in which two pictures differ; 1 if their sizes do. */
function difference(expected, found) {
  return workshop.evaluate(
    async ([urls, block, tolerance]) => {
      const [a, b] = await Promise.all(
        urls.map(async (url) => {
          const bitmap = await createImageBitmap(await (await fetch(url)).blob());
          const { width, height } = bitmap;
          const [columns, rows] = [Math.ceil(width / block), Math.ceil(height / block)];
          const canvas = new OffscreenCanvas(columns, rows);
          const context = canvas.getContext("2d");
          context.imageSmoothingQuality = "high";
          context.drawImage(bitmap, 0, 0, columns, rows);
          return { width, height, data: context.getImageData(0, 0, columns, rows).data };
        }),
      );
      if (a.width !== b.width || Math.abs(a.height - b.height) > block) return 1;
      const length = Math.min(a.data.length, b.data.length);
      let different = 0;
      for (let at = 0; at < length; at += 4) {
        const off = [0, 1, 2].map((channel) => Math.abs(a.data[at + channel] - b.data[at + channel]));
        if (Math.max(...off) > tolerance) different += 1;
      }
      return different / (length / 4);
    },
    [[dataUrl(expected, "webp"), dataUrl(found, "webp")], BLOCK, TOLERANCE],
  );
}

/** Waits until the pane beside the page, if there is one, shows the newest message. */
async function paneIsCurrent({ page }) {
  const current = async () => {
    const pane = document.querySelector(".pane");
    if (!pane || !navigator.onLine) return true;
    const [latest] = await (await fetch("/inbox.json", { cache: "no-store" })).json();
    return pane.querySelector(".message .text")?.textContent === latest?.text.trim();
  };
  await until(() => page.evaluate(current), "the pane shows the newest message");
}

/** The README's picture. */
const README = join(root, "docs/sign-in.png");

async function picture(ada, name, { themes = ["light", "dark"] } = {}) {
  for (const colorScheme of themes) {
    await ada.page.emulateMedia({ colorScheme, reducedMotion: "reduce" });
    await ada.page.mouse.move(0, 0);
    await paneIsCurrent(ada);
    await ada.isAccessible();
    const over = await ada.page.evaluate(() => document.documentElement.scrollWidth - innerWidth);
    assert.ok(over <= 0, `${name} fits the screen`);
    const png = await ada.page.screenshot({ fullPage: true, animations: "disabled", caret: "hide" });
    const found = await shrink(png);
    const path = join(FOLDER, `${name}.${colorScheme}.webp`);
    mkdirSync(FOUND, { recursive: true });
    writeFileSync(join(FOUND, `${name}.${colorScheme}.png`), png);
    if (UPDATE || !existsSync(path)) {
      assert.ok(UPDATE, `${name}.${colorScheme} has no picture yet: UPDATE_PICTURES=1 takes it`);
      mkdirSync(FOLDER, { recursive: true });
      writeFileSync(path, found);
    }
    const share = await difference(readFileSync(path), found);
    assert.ok(share <= SHARE, `${name}.${colorScheme} differs in ${(share * 100).toFixed(1)} % from its picture; see target/web-pictures`);
  }
}

async function someone(name, options) {
  const ada = await person(options);
  ada.email = `${name}@example.com`;
  await still(ada);
  return ada;
}

const FIREFOX = "Mozilla/5.0 (Windows NT 10.0; Win64; x64; rv:150.0) Gecko/20100101 Firefox/150.0";
const TABLET = "Mozilla/5.0 (Linux; Android 16; K) AppleWebKit/537.36 (KHTML, like Gecko) SamsungBrowser/29.0 Chrome/150.0 Safari/537.36";

/** A user in session mode who is signed in on three browsers, at fixed times. */
async function onThreeBrowsers(name, phone, options) {
  const ada = await sessionMode.person(options);
  Object.assign(ada, { email: `${name}@example.com`, phone });
  ada.allowed.push(/status of 401/);
  await still(ada);
  await ada.page.route("**/v1/sessions", async (route) => {
    const response = await route.fetch();
    const { sessions } = await response.json();
    const now = NOW.getTime() / 1000;
    const seen = { chrome: now, firefox: now - 3_900, samsung: now - 1_000_000 };
    for (const session of sessions) {
      session.lastUsedAt = seen[session.browsers[0].family];
      session.openedAt = session.lastUsedAt - 1_814_400;
    }
    await route.fulfill({ response, json: { sessions } });
  });
  await ada.opens();
  await ada.field.fill(ada.email);
  await ada.page.locator("button.primary").click();
  await ada.code.waitFor();
  await ada.entersTheCode();
  await ada.page.locator(".pair").waitFor();
  for (const userAgent of [FIREFOX, TABLET]) {
    const other = await sessionMode.person({ userAgent });
    other.allowed.push(/status of 401/);
    await other.opens();
    await other.signsIn(ada.email);
    await other.page.locator(".sessions").waitFor();
  }
  await ada.opens("/#settings");
  await ada.page.locator(".sessions").waitFor();
  await ada.page.locator(".pane").getByText(ada.email).waitFor();
  return ada;
}

test("the list of sessions fits its pictures", async () => {
  const ada = await onThreeBrowsers("mileva", "+14155550151", PHONE);
  assert.equal(await ada.page.locator(".sessions li").count(), 3);
  await picture(ada, "settings-sessions");
  await ada.button("Sign out Firefox on Windows").tap();
  await ada.notice("Firefox on Windows is signed out.");
  await picture(ada, "settings-session-ended", { themes: ["light"] });
  await ada.opens("/#again");
  await ada.heading("Is it you?").waitFor();
  await picture(ada, "again-typed", { themes: ["light"] });
  await ada.page.route("**/v1/sessions", (route) => route.fulfill({ status: 503, json: { type: "urn:latchstring:error:Unavailable" } }));
  ada.allowed.push(/status of 503/);
  await ada.opens("/#settings");
  await ada.heading("Your account").waitFor();
  await picture(ada, "settings-no-sessions", { themes: ["light"] });
});

test("the list of sessions at 320 px with text of 200 % fits", async () => {
  const ada = await onThreeBrowsers("marie", "+14155550152", { viewport: { width: 320, height: 640 } });
  await ada.page.evaluate(() => (document.documentElement.style.fontSize = "200%"));
  await picture(ada, "settings-sessions-large", { themes: ["light"] });
});

test("each state of a first sign-in on a phone fits its picture", async () => {
  const ada = await someone("ada", PHONE);
  ada.phone = "+14155550132";
  await ada.opens();
  await ada.page.getByText("This is a local service").waitFor();
  await picture(ada, "sign-in");
  await ada.field.fill("ada@");
  await ada.button("Send me a code").tap();
  await picture(ada, "sign-in-incomplete");
  await ada.field.fill("ada@gmial.com");
  await ada.button("Send me a code").tap();
  await ada.problem.getByText("Did you mean").waitFor();
  await picture(ada, "sign-in-suggestion");
  await ada.field.fill("ad’a@example.com");
  await ada.button("Send me a code").tap();
  await ada.problem.getByText("The part before the @").waitFor();
  await picture(ada, "sign-in-reason");
  await ada.field.fill("(415) 555-0132");
  await picture(ada, "sign-in-number");

  await ada.asksForACode();
  await ada.page.locator(".pane").getByText("483920").first().waitFor();
  await picture(ada, "code");
  const code = await ada.received(ada.email);
  await ada.code.fill(wrong(code));
  await ada.page.getByText("This code is wrong").waitFor();
  // The same code in every picture. Set without an input event, so that the problem stays.
  await ada.code.evaluate((input) => (input.value = "483921"));
  await picture(ada, "code-wrong");
  await ada.page.clock.fastForward(31_000);
  await control({ advanceSeconds: 31 });
  await ada.button("Send the code again").tap();
  await ada.page.getByText("Sent again.").first().waitFor();
  await picture(ada, "code-again");
  await ada.page.getByText("Didn’t get a code?").tap();
  await picture(ada, "code-help");
  await ada.page.clock.fastForward(301_000);
  await ada.heading("You need a new code").waitFor();
  await picture(ada, "code-expired");
  await ada.button("Send a new code").tap();
  await ada.heading("Enter the code").waitFor();
  await ada.entersTheCode();
  await ada.heading("Welcome! What is your name?").waitFor();
  await picture(ada, "welcome");
  await ada.button("Send a code").tap();
  await picture(ada, "welcome-incomplete");
  await ada.button("Not now").tap();
  await ada.heading("Your account").waitFor();
  await picture(ada, "settings-new");
  await ada.button("Add it").tap();
  await ada.page.getByLabel("First name").fill("Ada");
  await ada.page.getByLabel("Last name").fill("Lovelace");
  await ada.field.fill(ada.phone);
  await ada.button("Send a code").tap();
  await ada.heading("Enter the code").waitFor();
  await ada.page.locator(".pane").getByText(ada.phone).waitFor();
  await picture(ada, "code-sms");
  await ada.entersTheCode(ada.phone);
  await ada.heading("Hello, Ada Lovelace").waitFor();
  await ada.isNotified("A phone number was added to your account");
  await picture(ada, "settings");
  await ada.button("Change your name").tap();
  await picture(ada, "name");
  await ada.page.getByLabel("Last name").fill("");
  await ada.button("Save").tap();
  await ada.problem.getByText("Enter your first and last name.").waitFor();
  await picture(ada, "name-incomplete");
  await ada.button("Cancel").tap();
  await ada.heading("Hello, Ada Lovelace").waitFor();
  await ada.button("Change the email address").tap();
  await picture(ada, "email");
  await ada.page.goBack();
  await ada.button("Change the phone number").tap();
  await picture(ada, "phone");
  await ada.page.goBack();
  await ada.button("Delete the account").tap();
  await picture(ada, "delete");
  await ada.opens("/#again");
  await ada.heading("Is it you?").waitFor();
  await picture(ada, "again");
  await ada.context.setOffline(true);
  ada.allowed.push(/ERR_INTERNET_DISCONNECTED/);
  await ada.page.getByText("You are offline").waitFor();
  await picture(ada, "offline");
});

test("a right code without an invitation fits its picture", async () => {
  const bob = await byInvitation.person(PHONE);
  bob.email = "bob@example.com";
  bob.allowed.push(/status of 403/);
  await still(bob);
  await bob.opens();
  await bob.signsIn();
  await bob.heading("You cannot sign up here").waitFor();
  await picture(bob, "code-not-admitted");
});

test("each page of a link fits its picture", async () => {
  const ada = await someone("joan", PHONE);
  ada.allowed.push(/status of 400/);
  await ada.opens(`/#${LINKS.DIGITS}`);
  await ada.heading("Your code").waitFor();
  await ada.page.locator(".pane").getByText("This is a local service").waitFor();
  await picture(ada, "link");
  await ada.page.goto("about:blank");
  await ada.opens(`/#${LINKS.BASE32}`);
  await ada.heading("Your code").waitFor();
  await ada.page.locator(".pane").getByText("This is a local service").waitFor();
  await picture(ada, "link-base32", { themes: ["light"] });
  await ada.page.goto("about:blank");
  await ada.opens(`/#${LINKS.DIGITS.slice(0, -3)}`);
  await ada.heading("This link is not complete").waitFor();
  await ada.page.locator(".pane").getByText("This is a local service").waitFor();
  await picture(ada, "link-incomplete", { themes: ["light"] });

  await ada.page.goto("about:blank");
  await ada.opens();
  await ada.asksForACode();
  const link = await ada.link(ada.email);
  const tab = await ada.tab();
  await tab.goto(link);
  await tab.getByRole("heading", { name: "Sign in here?" }).waitFor();
  await ada.page.goto("about:blank");
  await ada.page.goto(link.replace(/\..{21}(.)$/, (_, last) => `.${"A".repeat(21)}${last}`));
  await ada.heading("Sign in here?").waitFor();
  await ada.page.locator(".pane").getByText(ada.email).waitFor();
  await picture(ada, "link-confirm");
  await ada.button("Sign in").tap();
  await ada.problem.getByText("This link is of an older message.").waitFor();
  await picture(ada, "link-older");
  await ada.button("Type the code").tap();
  await ada.heading("Enter the code").waitFor();
  await tab.getByRole("button", { name: "Sign in", exact: true }).tap();
  await tab.getByRole("heading", { name: "Welcome! What is your name?" }).waitFor();
  await ada.page.getByText("You are signed in.").waitFor();
  await picture(ada, "code-signed-in");
});

test("a code of base 32 fits its picture", async () => {
  const ada = await someone("karen", PHONE);
  // The API's answer while the budget of a mailbox is spent.
  await ada.page.route("**/graphql", async (route) => {
    const response = await route.fetch();
    const { data } = await response.json();
    Object.assign(data.signIn, { codeLength: 12, codeAlphabet: "BASE32" });
    await route.fulfill({ response, json: { data } });
  });
  await ada.opens();
  await ada.asksForACode();
  await ada.page.locator(".pane").getByText("483920").first().waitFor();
  await picture(ada, "code-base32");
  await ada.code.fill("k7qm 3x9d w2h");
  await ada.button("Continue").tap();
  await ada.problem.getByText("The code has 12 letters and digits.").waitFor();
  await picture(ada, "code-base32-incomplete", { themes: ["light"] });
});

test("a code of base 32 at 320 px with text of 200 % fits", async () => {
  const ada = await someone("dana", { viewport: { width: 320, height: 640 } });
  await ada.page.route("**/graphql", async (route) => {
    const response = await route.fetch();
    const { data } = await response.json();
    Object.assign(data.signIn, { codeLength: 12, codeAlphabet: "BASE32" });
    await route.fulfill({ response, json: { data } });
  });
  await ada.opens();
  await ada.asksForACode();
  await ada.page.evaluate(() => (document.documentElement.style.fontSize = "200%"));
  await ada.code.fill("k7qm 3x9d w2h");
  await ada.page.locator(".pane").getByText("483920").first().waitFor();
  await picture(ada, "code-base32-large", { themes: ["light"] });
});

test("each page of an undo fits its picture", async () => {
  const [ada, eve] = [await someone("radia", PHONE), await person(PHONE)];
  ada.phone = "+14155550137";
  await ada.signsUp();
  await ada.changesEmail(`other.${ada.email}`);
  await ada.isNotified("The email address of your account was changed");
  await ada.button("Change the phone number").tap();
  await ada.field.fill("+14155550138");
  await ada.button("Send a code").tap();
  await ada.problem.getByText("One of your contacts was replaced").waitFor();
  await picture(ada, "change-held");
  await ada.opens("/#undo");
  await ada.heading("Undo a change").waitFor();
  await picture(ada, "undo");
  await ada.field.fill(ada.email);
  await ada.sendsACode();
  const link = await ada.link(ada.email);
  await ada.page.goto("about:blank");
  await ada.page.goto(link);
  await ada.heading("Undo the change?").waitFor();
  await ada.page.locator(".pane").getByText(ada.email).waitFor();
  await picture(ada, "link-undo");
  await ada.button("Undo the change").tap();
  await ada.notice("Your account is as it was.");
  await eve.opens("/#undo");
  await still(eve);
  eve.email = "nothing@example.com";
  await eve.field.fill(eve.email);
  await eve.sendsACode();
  await eve.entersTheCode();
  await eve.problem.getByText("There is no change to undo").waitFor();
  await eve.page.locator(".pane").getByText("483920").first().waitFor();
  await picture(eve, "undo-nothing", { themes: ["light"] });
});

test("the page of a link on a desk fits its picture", async () => {
  const ada = await someone("edith");
  await ada.opens(`/#${LINKS.DIGITS}`);
  await ada.heading("Your code").waitFor();
  await ada.page.locator(".pane").getByText("This is a local service").waitFor();
  await picture(ada, "desk-link", { themes: ["light"] });
});

test("the pages on a desk fit their pictures", async () => {
  const ada = await someone("grace");
  await ada.opens();
  await ada.page.getByText("This is a local service").waitFor();
  await ada.asksForACode();
  await ada.page.locator(".pane").getByText("483920").first().waitFor();
  await picture(ada, "desk-code");
  if (UPDATE) await ada.page.screenshot({ path: README, animations: "disabled", caret: "hide" });
  await ada.opens("/inbox");
  await ada.page.getByText("483920").first().waitFor();
  await picture(ada, "desk-inbox");
});

test("each failure fits its picture", async () => {
  const ada = await someone("hedy", PHONE);
  ada.allowed.push(/status of 400|ERR_FAILED/);
  await ada.page.route("**/config.json", (route) => route.abort());
  await ada.opens();
  await ada.heading("No connection").waitFor();
  await picture(ada, "unreachable");
  await ada.page.unroute("**/config.json");
  await ada.page.route("**/config.json", (route) => route.fulfill({ status: 503, json: {} }), { times: 1 });
  ada.allowed.push(/status of 503/);
  await ada.button("Try again").tap();
  await ada.heading("Something is wrong").waitFor();
  await picture(ada, "unavailable");
  let load;
  const loading = new Promise((done) => (load = done));
  await ada.page.route("**/config.json", async (route) => (await loading, route.continue()));
  await ada.opens();
  await ada.page.clock.fastForward(3_500);
  await ada.page.getByText("This is taking longer than usual.").waitFor();
  await picture(ada, "loading");
  load();
  await ada.field.waitFor();

  let letGo;
  const held = new Promise((done) => (letGo = done));
  await ada.page.route("**/graphql", async (route) => {
    await held;
    await route.continue();
  });
  await ada.field.fill(ada.email);
  await ada.button("Send me a code").tap();
  await ada.page.getByText("This is taking longer than usual.").waitFor();
  await picture(ada, "slow");
  letGo();
  await ada.heading("Enter the code").waitFor();

  const code = await ada.received(ada.email);
  for (const [count, answer] of [wrong(code), wrong(wrong(code)), wrong(wrong(wrong(code)))].entries()) {
    await ada.code.fill(answer);
    await ada.problem.getByText(["2 attempts left", "one attempt left", "last attempt"][count]).waitFor();
  }
  await ada.heading("You need a new code").waitFor();
  await ada.page.locator(".pane").getByText("483920").first().waitFor();
  await picture(ada, "code-spent");
  const refusal = { errorType: "TooManyRequests", message: "Too many codes requested. Try again in 45 seconds." };
  await ada.page.route("**/graphql", (route) => route.fulfill({ json: { data: null, errors: [refusal] } }), { times: 1 });
  await ada.button("Send a new code").tap();
  await ada.problem.getByText("Too many codes requested.").waitFor();
  await picture(ada, "code-refused");
});

test("each refusal of a signed-in user fits its picture", async () => {
  const [ada, eve] = [await someone("lise", PHONE), await someone("emmy", PHONE)];
  [ada.phone, eve.phone] = ["+14155550133", "+14155550134"];
  await eve.signsUp();
  await ada.signsUp();
  await ada.isNotified("A phone number was added to your account");
  await ada.button("Change the email address").tap();
  ada.allowed.push(/status of 400/);
  await ada.field.fill(eve.email);
  await ada.button("Send a code").tap();
  await ada.heading("Enter the code").waitFor();
  await ada.entersTheCode(eve.email);
  await ada.problem.getByText("This belongs to another account.").waitFor();
  await picture(ada, "contact-in-use");
  await ada.page.goto(`${ada.address}/#settings`);
  await ada.signsOut();
  await picture(ada, "signed-out");
});

test("each change by another tab fits its picture", async () => {
  const [ada, eve] = [await someone("katherine", PHONE), await someone("dorothy", PHONE)];
  [ada.phone, eve.phone] = ["+14155550135", "+14155550136"];
  ada.allowed.push(/status of 400/);
  await eve.signsUp();
  await ada.signsUp();
  await ada.isNotified("A phone number was added to your account");
  await ada.opens("/#again");
  await ada.button(`Send a code to ${ada.email}`).waitFor();
  const other = await ada.tab();
  await other.goto(ada.address);
  await other.getByRole("button", { name: "Change the email address" }).tap();
  await other.locator("#contact").fill(`other.${ada.email}`);
  await other.getByRole("button", { name: "Send a code" }).tap();
  await other.locator("#code").fill(await ada.received(`other.${ada.email}`));
  await other.locator(".notice").getByText("Done. You can sign in with it").waitFor();
  await ada.isNotified("The email address of your account was changed");
  await ada.button(`Send a code to ${ada.email}`).tap();
  await ada.heading("Enter the code").waitFor();
  await ada.entersTheCode();
  await ada.notice("This code belongs to another account.");
  await picture(ada, "again-other-account");
  await ada.takes(await eve.tokens());
  await ada.notice("You are signed in with another account now.");
  await picture(ada, "other-account");
  await other.evaluate(() => localStorage.removeItem(Object.keys(localStorage).find((key) => key.endsWith(".tokens"))));
  await ada.notice("You are no longer signed in.");
  await picture(ada, "signed-out-elsewhere");
});

test("blocked storage fits its picture", async () => {
  const ada = await someone("mary", PHONE);
  await ada.blocksStorage();
  await ada.opens();
  await ada.page.getByText("Your browser blocks storage for this page").waitFor();
  await ada.page.getByText("This is a local service").waitFor();
  await picture(ada, "storage-blocked");
});

test("a number at 320 px with text of 200 % fits its picture", async () => {
  const ada = await someone("annie", { viewport: { width: 320, height: 640 } });
  await ada.opens();
  await ada.page.getByText("This is a local service").waitFor();
  await ada.page.evaluate(() => (document.documentElement.style.fontSize = "200%"));
  await ada.field.fill("(415) 555-0132");
  await picture(ada, "sign-in-number-large");
});

for (const language of ["fr", "de", "es", "pt", "ja"]) {
  test(`in ${language} the longest pages fit a small phone`, async () => {
    const ada = await someone(language, { ...PHONE, locale: language });
    await ada.opens();
    await ada.page.locator('.pane a[href="/inbox"]').waitFor();
    await ada.field.fill("0612 34 56 78");
    await picture(ada, `sign-in.${language}`, { themes: ["light"] });
    ada.email = `${language}.someone.with.a.long.name@mail.example.com`;
    await ada.field.fill(ada.email);
    await ada.page.locator("button.primary").tap();
    await ada.code.waitFor();
    await ada.page.locator(".pane").getByText(ada.email).waitFor();
    await picture(ada, `code.${language}`, { themes: ["light"] });
    await ada.entersTheCode();
    await ada.page.locator(".pair").waitFor();
    await ada.page.locator("button.primary").tap();
    await ada.problem.waitFor();
    await picture(ada, `welcome.${language}`, { themes: ["light"] });
    await ada.page.locator("button.quiet").last().tap();
    await ada.page.locator("dl").waitFor();
    await picture(ada, `settings.${language}`, { themes: ["light"] });
    await ada.opens("/#delete");
    await ada.page.locator("button.dangerous").waitFor();
    await picture(ada, `delete.${language}`, { themes: ["light"] });
    await ada.opens("/#undo");
    await ada.field.waitFor();
    await picture(ada, `undo.${language}`, { themes: ["light"] });
    await ada.opens(`/#${LINKS.DIGITS}`);
    await ada.page.locator(".shown-code").waitFor();
    await picture(ada, `link.${language}`, { themes: ["light"] });
  });

  test(`in ${language} the list of sessions fits a small phone`, async () => {
    const ada = await onThreeBrowsers(`${language}.sessions`, "+14155550153", { ...PHONE, locale: language });
    await picture(ada, `settings-sessions.${language}`, { themes: ["light"] });
  });
}
