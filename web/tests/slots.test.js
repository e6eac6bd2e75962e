// Codes of base 32: while the budget of a mailbox is spent, its messages carry the code of the slot.

import assert from "node:assert/strict";
import { test } from "node:test";
import { DESKTOP, PHONE, bench, until } from "./bench.js";

const { address, person } = await bench("--strict");

/** An attacker requests codes for an address until it is in slot mode. */
async function attacks(emailOrPhone) {
  const { apiKey, graphqlUrl } = await (await fetch(`${address}/config.json`)).json();
  const query = "mutation ($input: SignInInput!) { signIn(input: $input) { codeAlphabet } }";
  const body = JSON.stringify({ query, variables: { input: { emailOrPhone, method: "EMAIL" } } });
  const headers = { "content-type": "application/json", "x-api-key": apiKey };
  for (let requests = 0; requests < 50; requests += 1) {
    const { data } = await (await fetch(graphqlUrl, { method: "POST", headers, body })).json();
    if (data.signIn.codeAlphabet === "BASE32") return;
  }
  assert.fail("an address that is attacked is in slot mode");
}

/** Signs in on the code page, with the code of the slot as these people type it. */
async function signsInBy(ada, type) {
  await ada.opens();
  await ada.asksForACode();
  await ada.page.getByText("a code of 12 letters and digits").waitFor();
  assert.equal(await ada.code.getAttribute("inputmode"), "text");
  await ada.isAccessible();
  const isOfSlot = async () => (await ada.messages(ada.email)).find(({ code }) => code?.replaceAll("-", "").length === 12);
  const { code } = await until(isOfSlot, "the message of the slot arrives");
  await type(code.replaceAll("-", ""));
  await ada.heading("Welcome! What is your name?").waitFor();
}

for (const [device, options] of Object.entries({ desk: DESKTOP, phone: PHONE })) {
  test(`on a ${device}: under attack, the code of the slot signs in`, async () => {
    const ada = await person(options);
    await attacks(ada.email);
    const before = await ada.sent(ada.email);
    await signsInBy(ada, async (code) => {
      const typed = code.toLowerCase().match(/.{4}/g).join("-");
      await ada.code.pressSequentially(typed.slice(0, 9));
      assert.equal(await ada.code.inputValue(), `${code.slice(0, 4)}-${code.slice(4, 8)}`, "shown in groups");
      await ada.code.pressSequentially(typed.slice(9));
    });
    assert.equal(await ada.sent(ada.email), before, "the attacker's message is the owner's");
  });
}

test("a code of base 32 is corrected in its middle, and pasted", async () => {
  const ada = await person();
  await attacks(ada.email);
  await signsInBy(ada, async (code) => {
    await ada.code.pressSequentially(code.slice(0, 2) + code.slice(3, 11));
    for (let at = 0; at < 8 + 1; at += 1) await ada.code.press("ArrowLeft");
    await ada.code.press("ArrowLeft");
    await ada.code.pressSequentially(code[2]);
    assert.equal((await ada.code.inputValue()).replaceAll("-", ""), code.slice(0, 11));
    await ada.page.evaluate((text) => navigator.clipboard.writeText(text), `Your code: ${code.match(/.{4}/g).join("-")}\n`);
    await ada.code.press("ControlOrMeta+A");
    await ada.code.press("ControlOrMeta+V");
  });
});
