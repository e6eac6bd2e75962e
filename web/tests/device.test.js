// What the pages have of a device: that it is known, and the text messages that its browser reads.

import assert from "node:assert/strict";
import { test } from "node:test";
import { PHONE, bench, collects, wrong } from "./bench.js";

const { person, control } = await bench();

/** What the next request for a code says of the device. */
async function deviceOfNextSignIn(ada) {
  const request = await ada.page.waitForRequest((request) => /signIn\(/.test(request.postData() ?? ""));
  return request.postDataJSON().variables.input.device;
}

const keptDevice = (page) => page.evaluate(() => Object.entries(localStorage).find(([key]) => key.endsWith(".device"))?.[1] ?? null);
const deviceIs = (ada, known) =>
  ada.page.waitForFunction((known) => Object.keys(localStorage).some((key) => key.endsWith(".device")) === known, known);

test("a device is remembered from sign-in to sign-in, and forgotten with the account", async () => {
  const ada = await person();
  await ada.signsUp();
  await deviceIs(ada, true);
  await ada.page.getByRole("button", { name: "Sign out", exact: true }).click();
  await ada.heading("Sign in").waitFor();
  const kept = await keptDevice(ada.page);
  assert.ok(kept, "it stays when somebody signs out");
  const [sent] = await Promise.all([deviceOfNextSignIn(ada), ada.asksForACode()]);
  assert.equal(sent, kept);
  await ada.code.fill(await ada.received(ada.email));
  await ada.heading("Hello, Ada Lovelace").waitFor();
  await ada.button("Sign out on all devices").click();
  await ada.page.locator(".notice").getByText("You are signed out on all devices.").waitFor();
  await deviceIs(ada, false);

  await ada.asksForACode();
  await ada.code.fill(await ada.received(ada.email));
  await ada.heading("Hello, Ada Lovelace").waitFor();
  await deviceIs(ada, true);
  await ada.button("Delete the account").click();
  await ada.button("Delete it for good").click();
  await ada.page.locator(".notice").getByText("Your account is deleted.").waitFor();
  await deviceIs(ada, false);
});

test("a device is remembered again after a change of contact, which ends its token", async () => {
  const ada = await person();
  await ada.signsUp();
  await deviceIs(ada, true);
  const requests = collects(ada.page, "rememberDevice");
  const before = await keptDevice(ada.page);
  await ada.button("Change the email address").click();
  const other = `other.${ada.email}`;
  await ada.field.fill(other);
  await ada.button("Send a code").click();
  await ada.heading("Enter the code").waitFor();
  await ada.code.fill(await ada.received(other));
  await ada.page.locator(".notice").getByText("Done. You can sign in with it").waitFor();
  await ada.page.waitForFunction(
    (before) => Object.entries(localStorage).some(([key, value]) => key.endsWith(".device") && value !== before),
    before,
  );
  assert.equal(requests.length, 1);
});

test("a shared device is not remembered, and stays a shared one", async () => {
  const ada = await person();
  await ada.opens();
  const box = ada.page.getByLabel("Remember this device");
  assert.ok(await box.isChecked());
  await ada.asksForACode();
  await ada.code.fill(await ada.received(ada.email));
  await ada.heading("Welcome! What is your name?").waitFor();
  await deviceIs(ada, true);
  await ada.button("Not now").click();
  await ada.page.getByRole("button", { name: "Sign out", exact: true }).click();
  await ada.heading("Sign in").waitFor();
  await box.uncheck();
  await ada.page.reload();
  await ada.heading("Sign in").waitFor();
  assert.equal(await box.isChecked(), false);
  await ada.asksForACode();
  await ada.code.fill(await ada.received(ada.email));
  await ada.heading("Welcome! What is your name?").waitFor();
  await deviceIs(ada, false);
});

/** Stands in for the phone: what the page asks of the browser (WebOTP), and the message when it comes. */
const withWebOtp = () => {
  window.OTPCredential = class {};
  window.waits = [];
  navigator.credentials.get = ({ otp, signal }) =>
    new Promise((resolve, reject) => {
      const wait = { transport: otp.transport, aborted: false, receive: (code) => resolve({ type: "otp", code }) };
      signal.addEventListener("abort", () => {
        wait.aborted = true;
        reject(signal.reason);
      });
      window.waits.push(wait);
    });
};

/** Of each wait for a text message, whether it was given up; once there are so many. */
async function waits(page, count) {
  await page.waitForFunction((count) => window.waits.length === count, count);
  return page.evaluate(() => window.waits.map(({ aborted }) => aborted));
}

test("a texted code that the browser reads is filled in and sent", async () => {
  const ada = await person(PHONE);
  await ada.page.addInitScript(withWebOtp);
  await ada.opens();
  await ada.asksForACode(ada.phone);
  assert.deepEqual(await waits(ada.page, 1), [false]);
  assert.deepEqual(await ada.page.evaluate(() => window.waits[0].transport), ["sms"]);
  const code = await ada.received(ada.phone);
  await ada.page.evaluate((code) => window.waits[0].receive(code), code);
  await ada.heading("Welcome! What is your name?").waitFor();
});

test("the browser waits for a text message as long as one may come, and no longer", async () => {
  const ada = await person(PHONE);
  await ada.page.addInitScript(withWebOtp);
  await ada.page.clock.install();
  await ada.opens();
  await ada.asksForACode(ada.phone);
  await waits(ada.page, 1);
  const code = await ada.received(ada.phone);
  await ada.code.fill(wrong(code));
  await ada.page.getByText("You have 2 attempts left.").waitFor();
  assert.deepEqual(await waits(ada.page, 2), [true, false], "given up while a code is judged");
  await control({ advanceSeconds: 31 });
  await ada.page.clock.fastForward(31_000);
  await ada.button("Send the code again").click();
  assert.deepEqual(await waits(ada.page, 3), [true, true, false], "begun again for the next message");
  await ada.page.goBack();
  await ada.heading("Sign in").waitFor();
  assert.deepEqual(await waits(ada.page, 3), [true, true, true], "given up with the page");
  await ada.asksForACode(ada.email);
  assert.deepEqual(await waits(ada.page, 3), [true, true, true], "no text message is to come");
});

test("a browser that cannot read text messages lets them be typed", async () => {
  const ada = await person(PHONE);
  await ada.page.addInitScript(() => {
    delete window.OTPCredential;
    navigator.credentials.get = () => Promise.reject(new Error("nobody asks this browser"));
  });
  await ada.opens();
  await ada.asksForACode(ada.phone);
  await ada.code.fill(await ada.received(ada.phone));
  await ada.heading("Welcome! What is your name?").waitFor();
});
