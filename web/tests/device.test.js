// The pages and a device: it is remembered, and its browser reads text messages.

import assert from "node:assert/strict";
import { test } from "node:test";
import { PHONE, bench, collects, wrong } from "./bench.js";

const { person, control } = await bench();

/** Returns the device token of the next request for a code. */
async function deviceOfNextSignIn(ada) {
  const request = await ada.page.waitForRequest((request) => /signIn\(/.test(request.postData() ?? ""));
  return request.postDataJSON().variables.input.device;
}

const keptDevice = (page) => page.evaluate(() => Object.entries(localStorage).find(([key]) => key.endsWith(".device"))?.[1] ?? null);
const deviceIs = (ada, known) =>
  ada.page.waitForFunction((known) => Object.keys(localStorage).some((key) => key.endsWith(".device")) === known, known);

test("sign-in remembers the device, and deletion forgets it", async () => {
  const ada = await person();
  await ada.signsUp();
  await deviceIs(ada, true);
  await ada.signOut().click();
  await ada.heading("Sign in").waitFor();
  const kept = await keptDevice(ada.page);
  assert.ok(kept, "it stays after a sign-out");
  const [sent] = await Promise.all([deviceOfNextSignIn(ada), ada.asksForACode()]);
  assert.equal(sent, kept);
  await ada.entersTheCode();
  await ada.heading("Hello, Ada Lovelace").waitFor();
  await ada.button("Sign out on all devices").click();
  await ada.notice("You are signed out on all devices.");
  await deviceIs(ada, false);

  await ada.signsIn();
  await ada.heading("Hello, Ada Lovelace").waitFor();
  await deviceIs(ada, true);
  await ada.button("Delete the account").click();
  await ada.button("Delete it for good").click();
  await ada.notice("Your account is deleted.");
  await deviceIs(ada, false);
});

test("a changed contact has the device remembered again", async () => {
  const ada = await person();
  await ada.signsUp();
  await deviceIs(ada, true);
  const requests = collects(ada.page, "rememberDevice");
  const before = await keptDevice(ada.page);
  const other = `other.${ada.email}`;
  await ada.changesEmail(other);
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
  await ada.signsIn();
  await ada.heading("Welcome! What is your name?").waitFor();
  await deviceIs(ada, true);
  await ada.button("Not now").click();
  await ada.signOut().click();
  await ada.heading("Sign in").waitFor();
  await box.uncheck();
  await ada.page.reload();
  await ada.heading("Sign in").waitFor();
  assert.equal(await box.isChecked(), false);
  await ada.signsIn();
  await ada.heading("Welcome! What is your name?").waitFor();
  await deviceIs(ada, false);
});

/** Runs in the page: replaces the browser's WebOTP by one that the test controls. */
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

/** Waits for a number of WebOTP calls; returns for each whether it was aborted. */
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

test("the browser waits for a text only while one may come", async () => {
  const ada = await person(PHONE);
  await ada.page.addInitScript(withWebOtp);
  await ada.page.clock.install();
  await ada.opens();
  await ada.asksForACode(ada.phone);
  await waits(ada.page, 1);
  const code = await ada.received(ada.phone);
  await ada.code.fill(wrong(code));
  await ada.page.getByText("You have 2 attempts left.").waitFor();
  assert.deepEqual(await waits(ada.page, 2), [true, false], "ended while a code is verified");
  await control({ advanceSeconds: 31 });
  await ada.page.clock.fastForward(31_000);
  await ada.button("Send the code again").click();
  assert.deepEqual(await waits(ada.page, 3), [true, true, false], "begun again for the next message");
  await ada.page.goBack();
  await ada.heading("Sign in").waitFor();
  assert.deepEqual(await waits(ada.page, 3), [true, true, true], "ended with the page");
  await ada.asksForACode(ada.email);
  assert.deepEqual(await waits(ada.page, 3), [true, true, true], "no text message is expected");
});

test("a browser that cannot read text messages lets them be typed", async () => {
  const ada = await person(PHONE);
  await ada.page.addInitScript(() => {
    delete window.OTPCredential;
    navigator.credentials.get = () => Promise.reject(new Error("the pages must not call this"));
  });
  await ada.opens();
  await ada.signsIn(ada.phone);
  await ada.heading("Welcome! What is your name?").waitFor();
});
