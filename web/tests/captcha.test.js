// The pages in a deployment with a CAPTCHA.

import assert from "node:assert/strict";
import { test } from "node:test";
import { bench } from "./bench.js";

const { person } = await bench("--captcha");

/** Requests codes without answers until a CAPTCHA is demanded. */
async function untilACaptchaIsDemanded(ada) {
  const refused = ada.problem.getByText("Too many codes requested from your network");
  for (let strangers = 0; strangers < 5; strangers += 1) {
    await ada.opens();
    await ada.field.fill(`stranger${strangers}@example.com`);
    await ada.button("Send me a code").click();
    await ada.heading("Enter the code").or(refused).waitFor();
    if (await refused.count()) return ada.opens();
  }
  assert.fail("a CAPTCHA is demanded");
}

test("a demanded CAPTCHA that the app solves brings the code", async () => {
  const ada = await person();
  await untilACaptchaIsDemanded(ada);
  await ada.field.fill(ada.email);
  await ada.button("Send me a code").click();
  await ada.page.getByText("Too many codes requested from your network").first().waitFor();
  await ada.page.evaluate(() => (window.solveCaptcha = async () => "person-1"));
  await ada.button("Send me a code").click();
  await ada.heading("Enter the code").waitFor();
  await ada.entersTheCode();
  await ada.heading("Welcome! What is your name?").waitFor();
});

test("a failed CAPTCHA shows its reason, and the next one works", async () => {
  const ada = await person();
  ada.allowed.push(/the widget broke/);
  await untilACaptchaIsDemanded(ada);
  await ada.field.fill(ada.email);
  for (const [outcome, text] of [
    ["closed", "Complete the security check to get a code."],
    ["broken", "Complete the security check to get a code."],
    ["wrong", "The security check failed. Try again."],
  ]) {
    await ada.page.evaluate((outcome) => {
      window.solveCaptcha = async () => {
        if (outcome === "broken") throw new Error("the widget broke");
        return outcome === "wrong" ? "unknown" : null;
      };
    }, outcome);
    await ada.button("Send me a code").click();
    await ada.problem.getByText(text).waitFor();
  }
  await ada.page.evaluate(() => (window.solveCaptcha = async () => "person-2"));
  await ada.button("Send me a code").click();
  await ada.heading("Enter the code").waitFor();
});
