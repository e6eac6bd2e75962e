// Where the deployment asks for a captcha.

import { test } from "node:test";
import { bench } from "./bench.js";

const { person } = await bench("--captcha");

/** Asks for as many codes as are sent without one, and proves none. */
async function untilACaptchaIsAskedFor(ada) {
  for (const stranger of ["one", "two"]) {
    await ada.opens();
    await ada.asksForACode(`${stranger}@example.com`);
  }
  await ada.opens();
}

test("a captcha that the app solves brings the code; without one it is told to come later", async () => {
  const ada = await person();
  await untilACaptchaIsAskedFor(ada);
  await ada.field.fill(ada.email);
  await ada.button("Send me a code").click();
  await ada.page.getByText("Too many codes requested from your network").first().waitFor();
  await ada.page.evaluate(() => (window.solveCaptcha = async () => "person-1"));
  await ada.button("Send me a code").click();
  await ada.heading("Enter the code").waitFor();
  await ada.code.fill(await ada.received(ada.email));
  await ada.heading("Welcome! What is your name?").waitFor();
});
