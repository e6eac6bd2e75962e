// What a demanding tester found: half-typed codes that were sent, a false success, a blank page.

import assert from "node:assert/strict";
import { test } from "node:test";
import { bench } from "./bench.js";

const { person } = await bench();

const REFUSED = /status of 400/;

test("a code that an input method composes is sent when the composition ends, and not before", async () => {
  const ada = await person();
  await ada.opens();
  await ada.asksForACode();
  const code = await ada.received(ada.email);
  const answers = [];
  ada.page.on("request", (request) => {
    if (request.headers()["x-amz-target"]?.endsWith("RespondToAuthChallenge")) answers.push(request.postData());
  });
  const wide = [...code].map((digit) => String.fromCodePoint(0xff10 + Number(digit))).join("");
  await ada.code.evaluate((input, wide) => {
    input.dispatchEvent(new CompositionEvent("compositionstart"));
    for (let length = 1; length <= wide.length; length += 1) {
      input.value = wide.slice(0, length);
      input.dispatchEvent(new InputEvent("input", { isComposing: true, data: input.value }));
    }
  }, wide);
  assert.deepEqual(answers, [], "nothing is sent while it is composed");
  await ada.code.evaluate((input) => input.dispatchEvent(new CompositionEvent("compositionend")));
  await ada.heading("Welcome! What is your name?").waitFor();
  // The code, and the proof that it earned.
  assert.equal(answers.length, 2);
});

test("a pasted sentence gives its code, and one without a code is not sent", async () => {
  const ada = await person();
  await ada.opens();
  await ada.asksForACode();
  const code = await ada.received(ada.email);
  const answers = [];
  ada.page.on("request", (request) => {
    if (request.headers()["x-amz-target"]?.endsWith("RespondToAuthChallenge")) answers.push(request.postData());
  });
  await ada.code.fill("Use within 5 minutes: 52 0146, or 520 147 or 520 148");
  assert.deepEqual(answers, [], "two codes are none");
  await ada.code.fill(`Use within 5 minutes: ${code.slice(0, 3)} ${code.slice(3)}`);
  await ada.heading("Welcome! What is your name?").waitFor();
  assert.equal(answers.length, 2);
});

test("to sign out everywhere without a sign-in is no success", async () => {
  const ada = await person();
  ada.forgiven.push(REFUSED, /status of 401/);
  await ada.signsUp();
  await ada.page.evaluate(() => {
    const key = Object.keys(localStorage).find((key) => key.endsWith(".tokens"));
    const tokens = JSON.parse(localStorage.getItem(key));
    localStorage.setItem(key, JSON.stringify({ ...tokens, expiresAt: 0, refreshToken: "ended", accessToken: "ended" }));
  });
  await ada.button("Sign out on all devices").click();
  await ada.page.locator(".notice").getByText("other devices may still be signed in").waitFor();
  assert.equal(await ada.page.getByText("You are signed out on all devices.").count(), 0);
});

test("where the browser stores nothing, the page says so and a sign-in works", async () => {
  const ada = await person();
  await ada.context.addInitScript(() => {
    for (const name of ["localStorage", "sessionStorage"]) {
      Object.defineProperty(window, name, {
        get() {
          throw new DOMException("blocked", "SecurityError");
        },
      });
    }
  });
  await ada.opens();
  await ada.page.getByText("Your browser blocks storage for this page").waitFor();
  await ada.asksForACode();
  await ada.code.fill(await ada.received(ada.email));
  await ada.heading("Welcome! What is your name?").waitFor();
});

test("where the browser's storage is full, a code is sent once and is good", async () => {
  const ada = await person();
  await ada.opens();
  await ada.field.waitFor();
  await ada.page.evaluate(() => {
    Storage.prototype.setItem = () => {
      throw new DOMException("full", "QuotaExceededError");
    };
  });
  await ada.asksForACode();
  assert.equal(await ada.sent(ada.email), 1);
  await ada.code.fill(await ada.received(ada.email));
  await ada.heading("Welcome! What is your name?").waitFor();
});

test("names that every object has are no pages, and a flow that cannot be read is none", async () => {
  const ada = await person();
  await ada.opens("/#constructor");
  await ada.field.waitFor();
  await ada.page.evaluate(() => sessionStorage.setItem("latchstring.flow", "{"));
  await ada.page.reload();
  await ada.field.waitFor();
});
