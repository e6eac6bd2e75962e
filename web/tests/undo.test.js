// The change of a contact that its owner undoes.

import assert from "node:assert/strict";
import { test } from "node:test";
import { DESKTOP, PHONE, bench, until } from "./bench.js";

const { person } = await bench();

const REFUSED = /status of 400/;

/** An account whose address an attacker with its tokens has replaced: its owner, and the attacker. */
async function robbed(person) {
  const ada = await person();
  await ada.signsUp();
  const eve = await person({ storageState: await ada.context.storageState() });
  eve.allowed.push(REFUSED, /status of 401/);
  await eve.opens();
  await eve.heading("Hello, Ada Lovelace").waitFor();
  await eve.changesEmail(`eve.${ada.email}`);
  await ada.isNotified("The email address of your account was changed");
  return { ada, eve };
}

/** Requests a code for a replaced address, from the first page. */
async function asksToUndo(owner, contact) {
  await owner.opens();
  await owner.button("Someone changed my address or number").click();
  await owner.heading("Undo a change").waitFor();
  await owner.field.fill(contact);
  await owner.sendsACode();
}

for (const [device, options] of Object.entries({ desk: DESKTOP, phone: PHONE })) {
  test(`on a ${device}: the owner of a replaced address gets it back`, async () => {
    const { ada, eve } = await robbed((more) => person({ ...options, ...more }));
    await eve.button("Change the phone number").click();
    await eve.field.fill("+14155559999");
    await eve.button("Send a code").click();
    await eve.problem.getByText("As long as that can be undone, none can be changed.").waitFor();
    await eve.isAccessible();

    const owner = await person(options);
    await asksToUndo(owner, ada.email);
    await owner.code.fill(await ada.received(ada.email));
    await owner.notice("Your account is as it was.");
    await owner.heading("Hello, Ada Lovelace").waitFor();
    const shown = await owner.page.locator("dd bdi").allInnerTexts();
    assert.deepEqual(shown, [ada.email, ada.phone]);
    await owner.isAccessible();

    await eve.button("Send a code").click();
    await eve.page.getByText("You are no longer signed in.", { exact: true }).waitFor();
  });
}

test("the link of the mail undoes the change, where it was requested", async () => {
  const { ada } = await robbed(person);
  const owner = await person();
  await asksToUndo(owner, ada.email);
  const tab = await owner.tab();
  await tab.goto(await ada.link(ada.email));
  await tab.getByRole("heading", { name: "Undo the change?" }).waitFor();
  await owner.isAccessible(tab);
  await tab.getByRole("button", { name: "Undo the change" }).click();
  await owner.notice("Your account is as it was.", tab);
});

test("a number that was requested before another change is refused, and says why", async () => {
  const ada = await person();
  await ada.signsUp();
  const eve = await person({ storageState: await ada.context.storageState() });
  eve.allowed.push(REFUSED);
  await eve.opens();
  await eve.button("Change the phone number").click();
  await eve.field.fill("+14155559998");
  await eve.button("Send a code").click();
  const code = await eve.received("+14155559998");
  await ada.changesEmail(`new.${ada.email}`);

  await eve.code.fill(code);
  await eve.heading("Nothing can be changed now").waitFor();
  await eve.problem.getByText("As long as that can be undone, none can be changed.").waitFor();
  await eve.isAccessible();
  await eve.page.reload();
  await eve.button("To your account").click();
  await eve.heading("Hello, Ada Lovelace").waitFor();
});

test("an undo whose tab was closed is no sign-in afterwards", async () => {
  const { ada } = await robbed(person);
  const owner = await person();
  await asksToUndo(owner, ada.email);
  await owner.page.close();
  owner.page = await owner.tab();
  await owner.opens();
  await owner.heading("Enter the code").waitFor();
  await owner.code.fill(await ada.received(ada.email));
  await owner.notice("Your account is as it was.");
});

test("an address that signs in has no change to undo", async () => {
  const ada = await person();
  await ada.signsUp();
  await ada.signsOut();
  await asksToUndo(ada, ada.email);
  await ada.entersTheCode();
  await ada.problem.getByText("This address or number signs in to an account.").waitFor();
  await ada.heading("Nothing was changed").waitFor();
  assert.equal(await ada.tokens(), null);
  await ada.isAccessible();
  await ada.button("Sign in").click();
  await ada.heading("Sign in").waitFor();
});

test("an address without a change has nothing to undo, and gets no account", async () => {
  const ada = await person();
  await asksToUndo(ada, ada.email);
  await ada.entersTheCode();
  await ada.problem.getByText("There is no change to undo").waitFor();
  assert.equal(await ada.tokens(), null);
  await ada.opens();
  await ada.signsIn();
  await ada.heading("Welcome! What is your name?").waitFor();
});

test("the owner of a replaced address can undo while signed in", async () => {
  const { ada } = await robbed(person);
  await ada.opens("/#undo");
  await ada.heading("Undo a change").waitFor();
  await ada.field.fill(ada.email);
  await ada.sendsACode();
  await ada.entersTheCode();
  await ada.notice("Your account is as it was.");
  await until(async () => (await ada.page.locator("dd bdi").first().innerText()) === ada.email, "the address is back");
});
