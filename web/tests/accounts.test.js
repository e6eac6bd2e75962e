// The pages of one account: another account must not get its place, state or codes.

import assert from "node:assert/strict";
import { test } from "node:test";
import { answered, bench, collects, holds, roundTrip, until } from "./bench.js";

const { person, control } = await bench();

/** The status lines of refused requests, as Chromium logs them. */
const REFUSED = /status of 40[01]/;

/** Returns the account that a browser is signed in to. */
async function subOf(person) {
  const tokens = await person.tokens();
  return tokens && JSON.parse(Buffer.from(tokens.idToken.split(".")[1], "base64url")).sub;
}

/** Signs in to an account that has a name. */
async function signsIn(ada, contact) {
  await ada.opens();
  await ada.signsIn(contact);
  await ada.heading("Hello, Ada Lovelace").waitFor();
}

/** Signs up on one device, and signs in to the same account on a second one. */
async function onTwoDevices() {
  const [one, two] = [await person(), await person()];
  two.allowed.push(REFUSED);
  await one.signsUp();
  await signsIn(two, one.email);
  return { one, two, sub: await subOf(two) };
}

/** Opens the page on which a signed-in user signs in again. */
async function opensReauthentication(ada, contact) {
  await ada.page.goto(`${ada.address}/#again`);
  await ada.button(`Send a code to ${contact}`).waitFor();
}

/** Requests a code for a contact of the account, and enters it. */
async function reauthenticates(ada, contact) {
  await ada.button(`Send a code to ${contact}`).click();
  await ada.heading("Enter the code").waitFor();
  await ada.entersTheCode(contact);
}

test("a contact replaced on another device is not offered", async () => {
  const { one, two, sub } = await onTwoDevices();
  const other = `other.${one.email}`;
  await one.changesEmail(other);
  await control({ advanceSeconds: 601 });
  await two.button("Change the phone number").click();
  await two.field.fill("+1 415 555 0199");
  await two.button("Send a code").click();
  await two.heading("Is it you?").waitFor();
  await two.button(`Send a code to ${other}`).waitFor();
  assert.equal(await two.button(`Send a code to ${one.email}`).count(), 0);
  await reauthenticates(two, other);
  await two.notice("Thank you. You can go on now.");
  assert.equal(await two.field.inputValue(), "+1 415 555 0199", "the typed number is kept");
  assert.equal(await subOf(two), sub);
});

test("reauthentication with a moved contact changes no account", async () => {
  const { one, two, sub } = await onTwoDevices();
  await opensReauthentication(two, one.email);
  const before = await two.sent(one.email);
  await one.changesEmail(`other.${one.email}`);
  await two.button(`Send a code to ${one.email}`).click();
  await two.heading("Enter the code").waitFor();
  assert.ok((await two.sent(one.email)) > before);
  await two.entersTheCode(one.email);
  await two.notice("This code belongs to another account.");
  await two.button(`Send a code to other.${one.email}`).waitFor();
  assert.equal(await subOf(two), sub);
  await one.page.reload();
  await one.signOut().click();
  await one.signsIn();
  await one.heading("Welcome! What is your name?").waitFor();
});

test("reauthentication with another account's contact is refused", async () => {
  const { one, two, sub } = await onTwoDevices();
  const eve = await person();
  await eve.signsUp();
  await opensReauthentication(two, one.email);
  await one.changesEmail(`other.${one.email}`);
  await eve.changesEmail(one.email);
  await reauthenticates(two, one.email);
  await two.notice("This code belongs to another account.");
  assert.equal(await subOf(two), sub);
});

test("a sign-out in another tab is explained and clears drafts", async () => {
  const [ada, eve] = [await person(), await person()];
  await ada.signsUp();
  await ada.button("Change the email address").click();
  await ada.field.fill("typed.by.ada@example.com");
  const other = await ada.tab();
  await other.goto(ada.address);
  await ada.signOut(other).click();
  await ada.notice("You are no longer signed in.");
  await ada.heading("Sign in").waitFor();
  assert.equal(await ada.field.inputValue(), "");
  await ada.signsIn(eve.email);
  await ada.heading("Welcome! What is your name?").waitFor();
  assert.equal(await ada.page.getByLabel("First name").inputValue(), "");
  await ada.button("Not now").click();
  await ada.button("Change the email address").click();
  assert.equal(await ada.field.inputValue(), "");
  assert.ok(!(await ada.page.evaluate(() => JSON.stringify({ ...sessionStorage }))).includes("typed.by.ada"));
});

test("an ended session forgets the names that were typed", async () => {
  const [ada, eve] = [await person(), await person()];
  ada.allowed.push(REFUSED);
  await ada.arrives();
  await ada.page.getByLabel("First name").fill("Ada");
  await ada.page.getByLabel("Last name").fill("Lovelace");
  await ada.field.fill(ada.phone);
  await ada.page.evaluate(() => {
    const key = Object.keys(localStorage).find((key) => key.endsWith(".tokens"));
    const tokens = JSON.parse(localStorage.getItem(key));
    localStorage.setItem(key, JSON.stringify({ ...tokens, expiresAt: 1, refreshToken: "ended" }));
  });
  await ada.button("Send a code").click();
  await ada.heading("Sign in").waitFor();
  await ada.signsIn(eve.email);
  await ada.heading("Welcome! What is your name?").waitFor();
  assert.equal(await ada.page.getByLabel("First name").inputValue(), "");
  assert.equal(await ada.field.inputValue(), "");
});

test("another user's sign-in leaves the former user's code page", async () => {
  const [ada, eve] = [await person(), await person()];
  await ada.signsUp();
  await ada.requestsEmail(`other.${ada.email}`);
  // The tokens of another account appear, without a sign-out that this tab notices.
  await eve.signsUp();
  await ada.takes(await eve.tokens());
  await ada.notice("You are signed in with another account now.");
  await ada.heading("Hello, Ada Lovelace").waitFor();
  await ada.page.getByText(eve.email).first().waitFor();
  assert.equal(await ada.code.count(), 0);
  // Neither the history, nor its address, nor a reload shows it.
  for (const way of [() => ada.page.goBack(), () => ada.opens("/#code"), () => ada.page.reload()]) {
    await way();
    await roundTrip(ada.page);
    assert.equal(await ada.code.count(), 0);
  }
});

test("no code is sent after an unnoticed sign-in of another user", async () => {
  const [ada, eve] = [await person(), await person()];
  await eve.signsUp();
  await ada.signsUp();
  await ada.requestsEmail(`other.${ada.email}`);
  const code = await ada.received(`other.${ada.email}`);
  const answers = collects(ada.page, "RespondToAuthChallenge");
  await ada.stores(await eve.tokens());
  await ada.code.fill(code);
  await ada.notice("You are signed in with another account now.");
  await ada.page.locator("dd").getByText(eve.email, { exact: true }).waitFor();
  await roundTrip(ada.page);
  assert.equal(answers.length, 0);
});

test("a right code says nothing to another user who came meanwhile", async () => {
  const [ada, eve] = [await person(), await person()];
  await eve.signsUp();
  await ada.signsUp();
  await ada.requestsEmail(`other.${ada.email}`);
  const code = await ada.received(`other.${ada.email}`);
  const { arrived, letGo } = await holds(ada.page, "RespondToAuthChallenge");
  await ada.code.fill(code);
  await arrived;
  await ada.takes(await eve.tokens());
  await ada.notice("You are signed in with another account now.");
  // The client revokes the tokens of the answer, and finds the tokens of another account.
  const ends = ["RevokeToken", "GetTokensFromRefreshToken"].map((operation) => answered(ada.page, operation));
  letGo();
  await Promise.all(ends);
  await roundTrip(ada.page);
  await ada.notice("You are signed in with another account now.");
  await ada.page.locator("dd").getByText(eve.email, { exact: true }).waitFor();
  assert.equal(await subOf(ada), await subOf(eve));
});

test("another user's sign-in leaves the former user's form", async () => {
  const [ada, eve] = [await person(), await person()];
  await eve.signsUp();
  await ada.signsUp();
  await ada.button("Change the email address").click();
  await ada.field.fill("typed.by.ada@example.com");
  await ada.takes(await eve.tokens());
  await ada.notice("You are signed in with another account now.");
  await ada.heading("Hello, Ada Lovelace").waitFor();
  // The settings page drops a draft, its address does not.
  await ada.opens("/#email");
  await ada.heading("Your email address").waitFor();
  assert.equal(await ada.field.inputValue(), "");
});

/** Opens two tabs of one browser, each on the code page of another user; returns them with their codes. */
async function twoSignIns(shared, ...users) {
  const tabs = [shared.page, await shared.tab()];
  for (const [at, page] of tabs.entries()) {
    await page.goto(shared.address);
    // The second tab would go on with the flow of the first.
    if (at > 0) await page.getByRole("button", { name: "Use another address" }).first().click();
    await page.locator("#contact").fill(users[at].email);
    await page.getByRole("button", { name: "Send me a code" }).click();
    await page.getByRole("heading", { name: "Enter the code" }).waitFor();
  }
  return Promise.all(tabs.map(async (page, at) => ({ page, code: await users[at].received(users[at].email) })));
}

test("two sign-ins that finish at once show the stored account", async () => {
  const [ada, eve, shared] = [await person(), await person(), await person()];
  await ada.signsUp();
  await eve.signsUp();
  const tabs = await twoSignIns(shared, ada, eve);
  const held = [];
  for (const { page, code } of tabs) {
    held.push(await holds(page, "RespondToAuthChallenge"));
    await page.locator("#code").fill(code);
    await held.at(-1).arrived;
  }
  for (const { letGo } of held) letGo();
  const isKept = async ({ page }) => {
    const tokens = await shared.tokens(page);
    const { email } = JSON.parse(Buffer.from(tokens?.idToken.split(".")[1] ?? "e30", "base64url"));
    return Boolean(email) && (await page.locator("dd").getByText(email, { exact: true }).count()) > 0;
  };
  await until(async () => (await Promise.all(tabs.map(isKept))).every(Boolean), "both tabs show the stored account");
});

test("of two new users in two tabs, the later one takes both", async () => {
  const [ada, eve, shared] = [await person(), await person(), await person()];
  const [first, later] = await twoSignIns(shared, ada, eve);
  const { arrived, letGo } = await holds(later.page, "RespondToAuthChallenge");
  await later.page.locator("#code").fill(later.code);
  await arrived;
  await shared.code.fill(first.code);
  await shared.heading("Welcome! What is your name?").waitFor();
  await shared.page.getByLabel("First name").fill("Ada");
  letGo();
  // Neither tab shows a page of the first user now.
  await later.page.getByRole("heading", { name: "Welcome! What is your name?" }).waitFor();
  await shared.notice("You are signed in with another account now.");
  await shared.page.locator("dd").getByText(eve.email, { exact: true }).waitFor();
  await shared.opens("/#welcome");
  await shared.heading("Welcome! What is your name?").waitFor();
  assert.equal(await shared.page.getByLabel("First name").inputValue(), "");
});

test("with both contacts, a missing name is added alone", async () => {
  const ada = await person();
  await ada.arrives();
  await ada.button("Not now").click();
  await ada.button("Add a phone number").click();
  await ada.field.fill(ada.phone);
  await ada.sendsACode();
  await ada.entersTheCode(ada.phone);
  await ada.notice("Done. You can sign in with it");
  await ada.button("Add it").click();
  await ada.heading("Your name").waitFor();
  assert.equal(await ada.field.count(), 0, "no contact is requested");
  await ada.page.getByLabel("First name").fill("Ada");
  await ada.page.getByLabel("Last name").fill("Lovelace");
  await ada.button("Save").click();
  await ada.notice("Your name is saved.");
  await ada.heading("Hello, Ada Lovelace").waitFor();
  await ada.page.reload();
  await ada.heading("Hello, Ada Lovelace").waitFor();
});

test("a name is changed, and Cancel keeps the old one", async () => {
  const ada = await person();
  await ada.signsUp();
  await ada.button("Change your name").click();
  assert.equal(await ada.page.getByLabel("First name").inputValue(), "Ada");
  await ada.page.getByLabel("First name").fill("Augusta");
  await ada.button("Cancel").click();
  await ada.heading("Hello, Ada Lovelace").waitFor();
  assert.ok(await ada.button("Change your name").evaluate((button) => button === document.activeElement), "focus returns");
  await ada.button("Change your name").click();
  assert.equal(await ada.page.getByLabel("First name").inputValue(), "Ada", "a cancelled text is gone");
  await ada.page.getByLabel("First name").fill("Augusta");
  await ada.button("Save").click();
  await ada.heading("Hello, Augusta Lovelace").waitFor();
});

test("leaving before the deletion is sent keeps the account", async () => {
  const ada = await person();
  await ada.signsUp();
  await ada.button("Delete the account").click();
  const deletions = collects(ada.page, "DeleteUser");
  const { arrived, letGo } = await holds(ada.page, "GetTokensFromRefreshToken");
  await ada.button("Delete it for good").click();
  await arrived;
  await ada.button("Keep my account").click({ force: true });
  await ada.heading("Delete your account?").waitFor();
  assert.equal(await ada.button("Keep my account").getAttribute("aria-disabled"), "true");
  await ada.page.goBack();
  letGo();
  await ada.heading("Hello, Ada Lovelace").waitFor();
  await roundTrip(ada.page);
  assert.equal(deletions.length, 0);
  await ada.page.reload();
  await ada.heading("Hello, Ada Lovelace").waitFor();
});

test("a deletion that was sent is reported on a later page", async () => {
  const ada = await person();
  await ada.signsUp();
  await ada.button("Delete the account").click();
  const { arrived, letGo } = await holds(ada.page, "DeleteUser");
  await ada.button("Delete it for good").click();
  await arrived;
  await ada.page.goBack();
  await ada.heading("Hello, Ada Lovelace").waitFor();
  letGo();
  await ada.notice("Your account is deleted.");
});

test("leaving during a request for a code shows no code page", async () => {
  const ada = await person();
  await ada.signsUp();
  await ada.button("Change the email address").click();
  const { arrived, letGo } = await holds(ada.page, "changeContact");
  await ada.field.fill(`other.${ada.email}`);
  await ada.button("Send a code").click();
  await arrived;
  assert.equal(await ada.button("Cancel").getAttribute("aria-disabled"), "true");
  await ada.page.goBack();
  await ada.heading("Hello, Ada Lovelace").waitFor();
  letGo();
  await roundTrip(ada.page);
  assert.equal(await ada.code.count(), 0);
  await ada.heading("Hello, Ada Lovelace").waitFor();
});

test("deleting the account needs a recent sign-in", async () => {
  const ada = await person();
  await ada.signsUp();
  await control({ advanceSeconds: 601 });
  const deletions = collects(ada.page, "DeleteUser");
  await ada.button("Delete the account").click();
  await ada.button("Delete it for good").click();
  await ada.heading("Is it you?").waitFor();
  assert.equal(deletions.length, 0);
  await ada.button("Cancel").click();
  await ada.heading("Hello, Ada Lovelace").waitFor();
  assert.ok(await ada.button("Delete the account").evaluate((button) => button === document.activeElement), "focus returns");
  await ada.button("Delete the account").click();
  await ada.button("Delete it for good").click();
  await ada.heading("Is it you?").waitFor();
  await ada.button(`Send a code to ${ada.email}`).click();
  await ada.heading("Enter the code").waitFor();
  await ada.entersTheCode();
  await ada.heading("Delete your account?").waitFor();
  await ada.button("Delete it for good").click();
  await ada.notice("Your account is deleted.");
});

test("leaving before a refused deletion shows no sign-in", async () => {
  const ada = await person();
  await ada.signsUp();
  await control({ advanceSeconds: 601 });
  await ada.button("Delete the account").click();
  const { arrived, letGo } = await holds(ada.page, "GetTokensFromRefreshToken");
  await ada.button("Delete it for good").click();
  const renewed = answered(ada.page, "GetTokensFromRefreshToken");
  await arrived;
  await ada.page.goBack();
  await ada.heading("Hello, Ada Lovelace").waitFor();
  letGo();
  await renewed;
  await roundTrip(ada.page);
  await ada.heading("Hello, Ada Lovelace").waitFor();
});

test("a form of a session that another device ended says so", async () => {
  const { one, two } = await onTwoDevices();
  await two.button("Change the email address").click();
  await two.field.fill(`other.${one.email}`);
  await one.button("Sign out on all devices").click();
  await one.notice("You are signed out on all devices.");
  await two.button("Send a code").click();
  await two.notice("You are no longer signed in.");
  await two.heading("Sign in").waitFor();
});

test("an ended session signs out no other device, and says so", async () => {
  const { one, two } = await onTwoDevices();
  await one.button("Sign out on all devices").click();
  await one.notice("You are signed out on all devices.");
  await two.button("Sign out on all devices").click();
  await two.notice("other devices may still be signed in");
  await two.heading("Sign in").waitFor();
});

for (const [name, refused] of [
  ["a sign-out everywhere ends no account that came meanwhile", null],
  ["a refused sign-out everywhere keeps an account that came", { errors: [{ errorType: "NotSignedIn", message: "" }] }],
]) {
  test(name, async () => {
    const [ada, eve] = [await person(), await person()];
    await eve.signsUp();
    await ada.signsUp();
    const signOuts = collects(ada.page, "GlobalSignOut");
    let arrive;
    let letGo;
    const [arrived, held] = [new Promise((done) => (arrive = done)), new Promise((done) => (letGo = done))];
    await ada.page.route("**/graphql", async (route) => {
      if (!route.request().postData().includes("forgetDevices")) return route.fallback();
      arrive();
      await held;
      return refused ? route.fulfill({ json: refused }) : route.continue();
    });
    await ada.button("Sign out on all devices").click();
    const forgotten = answered(ada.page, "forgetDevices");
    await arrived;
    await ada.takes(await eve.tokens());
    await ada.notice("You are signed in with another account now.");
    letGo();
    await forgotten;
    await roundTrip(ada.page);
    await roundTrip(ada.page);
    await ada.notice("You are signed in with another account now.");
    assert.equal(signOuts.length, 0);
    assert.equal(await subOf(ada), await subOf(eve));
  });
}

test("a held Enter sends one code, and none to reauthenticate", async () => {
  const ada = await person();
  await ada.opens();
  await ada.field.fill(ada.email);
  const { keyboard } = ada.page;
  const hold = async (name) => {
    await keyboard.down("Enter");
    for (let repeats = 0; repeats < 5; repeats += 1) await keyboard.down("Enter");
    await ada.heading(name).waitFor();
    for (let repeats = 0; repeats < 5; repeats += 1) await keyboard.down("Enter");
    await roundTrip(ada.page);
    await keyboard.up("Enter");
  };
  await hold("Enter the code");
  assert.equal(await ada.problem.count(), 0, "the code page opens without an error");
  assert.equal(await ada.sent(ada.email), 1);
  await ada.entersTheCode();
  await ada.heading("Welcome! What is your name?").waitFor();
  await ada.button("Not now").click();
  await control({ advanceSeconds: 601 });
  await ada.button("Add a phone number").click();
  await ada.field.fill(ada.phone);
  const signIns = collects(ada.page, "signIn(");
  await hold("Is it you?");
  await ada.heading("Is it you?").waitFor();
  assert.equal(signIns.length, 0);
});

test("the account's own address is refused as its own", async () => {
  const ada = await person();
  ada.allowed.push(REFUSED);
  await ada.signsUp();
  await ada.button("Change the email address").click();
  await ada.field.fill(ada.email);
  await ada.button("Send a code").click();
  await ada.problem.getByText("This is on your account already.").waitFor();
  assert.equal(await ada.field.getAttribute("aria-invalid"), "true");
});

test("the message for a new contact is in the language of the page", async () => {
  const ada = await person();
  await ada.signsUp();
  await ada.page.locator("#language").selectOption("de");
  await ada.page.locator('[data-opens="email"]').click();
  const changes = collects(ada.page, "changeContact");
  await ada.field.fill(`other.${ada.email}`);
  await ada.page.locator("button.primary").click();
  await ada.code.waitFor();
  assert.equal(changes[0].postDataJSON().variables.input.locale, "de");
});

test("Cancel on the code page returns to the button that led there", async () => {
  const ada = await person();
  await ada.signsUp();
  await ada.button("Change the phone number").click();
  await ada.field.fill("+1 415 555 0198");
  await ada.sendsACode();
  await ada.button("Cancel").click();
  await ada.heading("Hello, Ada Lovelace").waitFor();
  assert.ok(await ada.button("Change the phone number").evaluate((button) => button === document.activeElement), "focus returns");
  await ada.page.goBack();
  await roundTrip(ada.page);
  assert.equal(await ada.code.count(), 0, "the flow has ended");
});

test("a typed text belongs to its page, and stays over a reload", async () => {
  const ada = await person();
  await ada.signsUp();
  await ada.button("Change the email address").click();
  await ada.field.fill("draft@example.com");
  await ada.page.reload();
  await ada.heading("Your email address").waitFor();
  assert.equal(await ada.field.inputValue(), "draft@example.com");
  await ada.page.goto(`${ada.address}/#phone`);
  await ada.heading("Your phone number").waitFor();
  assert.equal(await ada.field.inputValue(), "");
});
