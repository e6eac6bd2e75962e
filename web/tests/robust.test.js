// Wrong input, broken responses, changed clocks and small screens.

import assert from "node:assert/strict";
import { test } from "node:test";
import { PHONE, bench, collects, holds, roundTrip, wrong } from "./bench.js";

const { person, control } = await bench();

const REFUSED = /status of 400/;

/** An input method: it shows texts under composition in the focused field, and commits one. */
async function composer({ context, page }) {
  const client = await context.newCDPSession(page);
  return {
    async shows(...texts) {
      for (const text of texts) {
        await client.send("Input.imeSetComposition", { text, selectionStart: text.length, selectionEnd: text.length });
      }
    },
    commits: (text) => client.send("Input.insertText", { text }),
  };
}

/** The digits as an input method for Japanese writes them. */
const wide = (digits) => digits.replace(/\d/g, (digit) => String.fromCodePoint(0xff10 + Number(digit)));

/** The text after each key. */
const beginnings = (text) => [...text].map((_, at) => text.slice(0, at + 1));

test("a code composed in two halves is sent once, when it is whole", async () => {
  const ada = await person();
  await ada.opens();
  await ada.asksForACode();
  const code = await ada.received(ada.email);
  const answers = collects(ada.page, "RespondToAuthChallenge");
  const { shows, commits } = await composer(ada);
  const first = wide(code.slice(0, 3));
  const second = wide(code.slice(3));
  await shows(...beginnings(first));
  await commits(first);
  assert.equal(await ada.code.inputValue(), code.slice(0, 3));
  await shows(...beginnings(second));
  assert.equal(await ada.code.inputValue(), code.slice(0, 3) + second, "the composition is left alone");
  await roundTrip(ada.page);
  assert.equal(answers.length, 0, "nothing is sent during the composition");
  await commits(second);
  await ada.heading("Welcome! What is your name?").waitFor();
  assert.equal(answers.length, 1);
});

test("composed names and numbers stay whole, also over a reload", async () => {
  const ada = await person({ locale: "ja-JP" });
  await ada.opens();
  await ada.field.fill(ada.email);
  await ada.page.locator("button.primary").click();
  await ada.entersTheCode();
  const [family, given] = ["familyName", "givenName"].map((name) => ada.page.locator(`[name=${name}]`));
  await family.waitFor();
  // The fields are marked; a composition takes the marks away.
  await ada.page.locator("button.primary").click();
  await ada.problem.waitFor();
  const { shows, commits } = await composer(ada);
  for (const [field, shown, committed] of [
    [family, ["ｓ", "さ", "さｔ", "さと", "さとう", "砂糖", "佐藤"], "佐藤"],
    [given, ["ｔ", "た", "たｒ", "たろ", "たろう", "太郎"], "太郎"],
    [ada.field, beginnings(wide("0901234")), wide("0901234")],
  ]) {
    await field.focus();
    for (const text of shown) {
      await shows(text);
      assert.equal(await field.inputValue(), text);
    }
    await commits(committed);
    assert.equal(await field.inputValue(), committed);
  }
  await shows(...beginnings(wide("5678")));
  await commits(wide("5678"));
  assert.equal(await ada.problem.count(), 0);
  await ada.page.reload();
  await family.waitFor();
  assert.deepEqual([await family.inputValue(), await given.inputValue()], ["佐藤", "太郎"]);
  const requests = collects(ada.page, "signUp(");
  await ada.page.locator("button.primary").click();
  await ada.code.waitFor();
  const { emailOrPhone, familyName, givenName } = requests[0].postDataJSON().variables.input.data;
  assert.deepEqual([emailOrPhone, familyName, givenName], ["+819012345678", "佐藤", "太郎"]);
});

test("a pasted sentence is sent only if it has exactly one code", async () => {
  const ada = await person();
  await ada.opens();
  await ada.asksForACode();
  const code = await ada.received(ada.email);
  const answers = collects(ada.page, "RespondToAuthChallenge");
  await ada.code.fill("Use within 5 minutes: 52 0146, or 520 147 or 520 148");
  assert.equal(answers.length, 0, "a text with two codes is not sent");
  await ada.code.fill(`Use within 5 minutes: ${code.slice(0, 3)} ${code.slice(3)}`);
  await ada.heading("Welcome! What is your name?").waitFor();
  assert.equal(answers.length, 1);
});

test("signing out everywhere without a sign-in is no success", async () => {
  const ada = await person();
  ada.allowed.push(REFUSED, /status of 401/);
  await ada.signsUp();
  await ada.page.evaluate(() => {
    const key = Object.keys(localStorage).find((key) => key.endsWith(".tokens"));
    const tokens = JSON.parse(localStorage.getItem(key));
    localStorage.setItem(key, JSON.stringify({ ...tokens, expiresAt: 0, refreshToken: "ended", accessToken: "ended" }));
  });
  await ada.button("Sign out on all devices").click();
  await ada.notice("other devices may still be signed in");
  assert.equal(await ada.page.getByText("You are signed out on all devices.").count(), 0);
});

test("with storage blocked, the page says so and a sign-in works", async () => {
  const ada = await person();
  await ada.blocksStorage();
  await ada.opens();
  await ada.page.getByText("Your browser blocks storage for this page").waitFor();
  await ada.signsIn();
  await ada.heading("Welcome! What is your name?").waitFor();
});

test("with storage full, a code is sent once and works", async () => {
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
  await ada.entersTheCode();
  await ada.heading("Welcome! What is your name?").waitFor();
});

test("an internal error is shown, and the next request works", async () => {
  const ada = await person();
  ada.allowed.push(/TypeError/);
  await ada.opens();
  await ada.page.route("**/graphql", (route) => route.fulfill({ json: { data: { signIn: null } } }), { times: 1 });
  await ada.field.fill(ada.email);
  await ada.button("Send me a code").click();
  await ada.problem.getByText("Something went wrong on our side.").waitFor();
  assert.equal(ada.logged.length, 1, "it is logged");
  await ada.asksForACode();
});

for (const [name, answer] of [
  ["a 503 in JSON", { status: 503, json: { message: "Service Unavailable" } }],
  ["a 500 in HTML", { status: 500, contentType: "text/html", body: "<h1>Internal Server Error</h1>" }],
  ["a captive portal's HTML", { status: 200, contentType: "text/html", body: "<h1>Welcome</h1>" }],
  ["JSON without the settings", { status: 200, json: {} }],
  ["null", { status: 200, json: null }],
]) {
  test(`${name} as config.json offers a retry`, async () => {
    const ada = await person();
    ada.allowed.push(/status of 50/);
    await ada.page.route("**/config.json", (route) => route.fulfill(answer), { times: 1 });
    await ada.opens();
    await ada.heading("Something is wrong").waitFor();
    await ada.button("Try again").click();
    await ada.asksForACode();
  });
}

test("a language change during a request sends one code", async () => {
  const ada = await person();
  await ada.opens();
  let letGo;
  const held = new Promise((done) => (letGo = done));
  await ada.page.route("**/graphql", async (route) => {
    const response = await route.fetch();
    await held;
    await route.fulfill({ response });
  });
  await ada.field.fill(ada.email);
  await ada.button("Send me a code").click();
  // The code is sent, and its response is on the way.
  await ada.received(ada.email);
  await ada.page.locator("#language").selectOption("fr");
  // The form in the new language sends nothing more.
  await ada.field.press("Enter");
  await ada.page.locator("button.primary").click({ force: true });
  letGo();
  await ada.heading("Saisissez le code").waitFor();
  assert.equal(await ada.sent(ada.email), 1);
});

test("an error after a language change is in the new language", async () => {
  const ada = await person();
  ada.allowed.push(/ERR_FAILED/);
  await ada.opens();
  let letGo;
  const held = new Promise((done) => (letGo = done));
  await ada.page.route("**/graphql", async (route) => (await held, route.abort()));
  await ada.field.fill(ada.email);
  await ada.button("Send me a code").click();
  await ada.page.locator("#language").selectOption("de");
  letGo();
  await ada.problem.getByText("Es gibt keine Verbindung").or(ada.problem.getByText("Keine Verbindung")).waitFor();
  assert.equal(await ada.field.inputValue(), ada.email);
});

// tchap-ios#258, glific#4815: the page shows the API's reason, at its field.
test("the API's reason marks and focuses its field", async () => {
  const ada = await person();
  await ada.opens();
  const local = "a".repeat(65);
  await ada.field.fill(`${local}@example.com`);
  await ada.button("Send me a code").click();
  await ada.problem.getByText("The part before the @ is longer than 64 characters.").waitFor();
  assert.equal(await ada.field.getAttribute("aria-invalid"), "true");
  assert.ok(await ada.field.evaluate((input) => input === document.activeElement));
  const described = await ada.field.getAttribute("aria-describedby");
  assert.match(await ada.page.locator(`#${described}`).innerText(), /64 characters/);
  await ada.field.press("End");
  await ada.field.press("x");
  assert.equal(await ada.problem.count(), 0);
  assert.equal(await ada.field.getAttribute("aria-invalid"), null);
  await ada.page.locator("#language").selectOption("ja");
  await ada.field.fill(`${local}@example.com`);
  await ada.page.locator("button.primary").click();
  await ada.problem.getByText("@").waitFor();
  assert.equal(await ada.problem.getAttribute("lang"), null, "the reason is in Japanese");
  assert.match(await ada.problem.innerText(), /64/);
});

test("a missing name is marked at its field alone", async () => {
  const ada = await person();
  await ada.arrives();
  await ada.page.getByLabel("First name").fill("Ada");
  await ada.field.fill(ada.phone);
  await ada.button("Send a code").click();
  const last = ada.page.getByLabel("Last name");
  await ada.problem.getByText("Enter your first and last name.").waitFor();
  assert.equal(await last.getAttribute("aria-invalid"), "true");
  assert.equal(await last.getAttribute("aria-describedby"), await ada.problem.getAttribute("id"));
  assert.ok(await last.evaluate((input) => input === document.activeElement));
  assert.equal(await ada.field.getAttribute("aria-invalid"), null);
  // The API's own rule, at the same place.
  await last.fill("Love\u0007lace");
  await ada.button("Send a code").click();
  await ada.problem.getByText("A name cannot have control characters or line breaks.").waitFor();
  assert.equal(await last.getAttribute("aria-invalid"), "true");
});

test("a name of 101 surrogate pairs is refused whole, not cut", async () => {
  const ada = await person();
  await ada.signsUp();
  await ada.button("Change your name").click();
  const first = ada.page.getByLabel("First name");
  const long = "𠮷".repeat(101);
  await first.fill(long);
  await ada.button("Save").click();
  await ada.problem.getByText("A name can have up to 100 characters.").waitFor();
  assert.equal(await first.inputValue(), long);
  await first.fill("𠮷".repeat(100));
  await ada.button("Save").click();
  await ada.heading(`Hello, ${"𠮷".repeat(100)} Lovelace`).waitFor();
});

test("in Japanese the family name is first, also for the Tab key", async () => {
  const ada = await person({ locale: "ja" });
  await ada.opens();
  await ada.field.fill(ada.email);
  await ada.page.locator("button.primary").click();
  await ada.entersTheCode();
  const names = ada.page.locator(".pair input");
  await names.first().waitFor();
  assert.deepEqual(await names.evaluateAll((inputs) => inputs.map(({ name }) => name)), ["familyName", "givenName"]);
  const [left, right] = [await names.first().boundingBox(), await names.last().boundingBox()];
  assert.ok(left.x < right.x, "the order on the screen is that of the document");
  await names.first().focus();
  await ada.page.keyboard.press("Tab");
  assert.equal(await ada.page.evaluate(() => document.activeElement.name), "givenName");
  await ada.page.locator("button.primary").click();
  await ada.problem.waitFor();
  assert.equal(await ada.page.evaluate(() => document.activeElement.name), "familyName", "the first missing field");
  assert.deepEqual(await names.evaluateAll((inputs) => inputs.map((input) => input.getAttribute("aria-invalid"))), ["true", "true"]);
});

// glific#4815, woocommerce#58000.
for (const [name, locale, pasted] of [
  [
    "text pasted in German is sent in the form of the API",
    "de-DE",
    [
      ["0151/23456789", "+4915123456789"],
      ["mailto:ada@example.com.", "ada@example.com"],
      ["ada＠example。com", "ada@example.com"],
      ["\u202a+1 (415) 555\u20110166\u202c", "+14155550166"],
    ],
  ],
  [
    "text pasted in Japanese is sent in the form of the API",
    "ja-JP",
    [
      ["090ー1234ー5678", "+819012345678"],
      ["０９０－１２３４－５６７８", "+819012345678"],
      ["ａｄａ＠ｅｘａｍｐｌｅ．ｃｏｍ", "ada@example.com"],
    ],
  ],
  ["text pasted in English is sent in the form of the API", "en-US", [["1 (415) 555-0132", "+14155550132"]]],
]) {
  test(name, async () => {
    const ada = await person({ locale });
    await ada.opens();
    const requests = collects(ada.page, "signIn(");
    for (const [text] of pasted) {
      await ada.page.evaluate((text) => navigator.clipboard.writeText(text), text);
      await ada.field.fill("");
      await ada.field.press("ControlOrMeta+V");
      await ada.page.locator("button.primary").click();
      await ada.code.waitFor();
      await ada.page.goBack();
      await ada.field.waitFor();
    }
    const sent = requests.map((request) => request.postDataJSON().variables.input.emailOrPhone);
    assert.deepEqual(sent, pasted.map(([, identifier]) => identifier));
  });
}

test("a mistyped domain gets one question and is not changed", async () => {
  const ada = await person();
  await ada.opens();
  await ada.field.fill("ada@gmial.com");
  await ada.button("Send me a code").click();
  await ada.problem.getByText("Did you mean").waitFor();
  assert.equal(await ada.field.inputValue(), "ada@gmial.com");
  await ada.button("ada@gmail.com").click();
  assert.equal(await ada.field.inputValue(), "ada@gmail.com");
  assert.equal(await ada.problem.count(), 0);
  await ada.field.fill("ada@hotnail.com");
  await ada.button("Send me a code").click();
  await ada.problem.getByText("Did you mean").waitFor();
  await ada.button("Send me a code").click();
  await ada.heading("Enter the code").waitFor();
  assert.equal(await ada.sent("ada@hotnail.com"), 1, "the second click sends it as it is");
});

test("malformed stored state shows the first page", async () => {
  const ada = await person();
  await ada.opens();
  await ada.field.waitFor();
  const challenge = { session: "s", username: "u", emailOrPhone: "a@example.com", method: "EMAIL", codeLength: 6, attemptsLeft: null, expiresAt: 9e15 };
  const flows = [
    "{", "null", "[]", "1", "{}", '{"kind":"signIn"}', '{"kind":"signIn","challenge":null,"input":{}}',
    JSON.stringify({ kind: "signIn", challenge, input: {} }),
    JSON.stringify({ kind: "signIn", challenge: { ...challenge, method: "PIGEON" }, input: {}, ended: null, tried: [], until: 9e15, lasts: 1, again: null }),
  ];
  for (const text of flows) {
    await ada.page.evaluate((text) => {
      sessionStorage.setItem("latchstring.flow", text);
      sessionStorage.setItem("latchstring.drafts", text);
      location.hash = "code";
    }, text);
    await ada.page.reload();
    await ada.heading("Sign in").waitFor();
  }
  const { clientId } = await (await fetch(`${ada.address}/config.json`)).json();
  const held = { accessToken: "a", idToken: "i", refreshToken: "r", expiresAt: 9e15 };
  const noSub = `h.${Buffer.from("{}").toString("base64url")}.s`;
  ada.allowed.push(REFUSED);
  for (const tokens of ["{", "[]", "{}", JSON.stringify(held), JSON.stringify({ ...held, idToken: noSub }), JSON.stringify({ ...held, idToken: 1 })]) {
    await ada.page.evaluate(([key, tokens]) => localStorage.setItem(key, tokens), [`latchstring.${clientId}.tokens`, tokens]);
    await ada.page.reload();
    await ada.heading("Sign in").waitFor();
  }
});

test("a device clock set back extends neither code nor wait", async () => {
  const ada = await person();
  await ada.page.clock.install();
  await ada.opens();
  await ada.asksForACode();
  await ada.setsTheClock(-7_200_000);
  await ada.page.clock.runFor(1_000);
  assert.match(await ada.page.locator("#resend").innerText(), /Send again in 0:\d\d/);
  await ada.page.clock.fastForward(301_000);
  await ada.page.locator(".problem").getByText("This code has expired.").waitFor();
});

test("a device clock set forward ends no code", async () => {
  const ada = await person();
  await ada.page.clock.install();
  await ada.opens();
  await ada.asksForACode();
  await ada.setsTheClock(7_200_000);
  await ada.page.clock.runFor(1_000);
  await ada.heading("Enter the code").waitFor();
  await ada.entersTheCode();
  await ada.heading("Welcome! What is your name?").waitFor();
});

test("a code typed during a resend is sent after it", async () => {
  const ada = await person();
  await ada.page.clock.install();
  await ada.opens();
  await ada.asksForACode();
  const code = await ada.received(ada.email);
  await control({ advanceSeconds: 31 });
  await ada.page.clock.fastForward(31_000);
  const { arrived, letGo } = await holds(ada.page, "RespondToAuthChallenge");
  await ada.button("Send the code again").click();
  await arrived;
  await ada.code.fill(code);
  letGo();
  await ada.heading("Welcome! What is your name?").waitFor();
});

test("the time that a code is good for stays after a resend", async () => {
  const ada = await person();
  await ada.page.clock.install();
  await ada.opens();
  await ada.asksForACode();
  await ada.page.getByText("Good until").waitFor();
  await control({ advanceSeconds: 31 });
  await ada.page.clock.fastForward(31_000);
  await ada.button("Send the code again").click();
  await ada.page.getByText("Sent again. Good until").waitFor();
  await ada.code.fill(wrong(await ada.received(ada.email)));
  await ada.page.getByText("You have 2 attempts left.").waitFor();
  await ada.page.getByText("Good until").waitFor();
});

test("a refused clipboard is reported, and the code is selected", async () => {
  const ada = await person();
  await ada.page.addInitScript(() => {
    navigator.clipboard.writeText = () => Promise.reject(new DOMException("refused", "NotAllowedError"));
  });
  await ada.opens();
  await ada.asksForACode();
  const code = await ada.received(ada.email);
  await ada.page.locator(".pane").getByText(ada.email).waitFor();
  await ada.button("Copy").click();
  await ada.page.locator(".pane").getByText("Selected; copy it by hand").waitFor();
  assert.equal(await ada.page.evaluate(() => String(getSelection())), code);
});

test("a slow first load says so, and later that it takes longer", async () => {
  const ada = await person();
  await ada.page.clock.install();
  let letGo;
  const held = new Promise((done) => (letGo = done));
  await ada.page.route("**/config.json", async (route) => (await held, route.continue()));
  await ada.opens();
  const status = ada.page.locator("#view [role=status]");
  await status.getByText("Loading…").waitFor();
  await ada.page.clock.fastForward(3_500);
  await status.getByText("This is taking longer than usual.").waitFor();
  letGo();
  await ada.heading("Sign in").waitFor();
});

test("an address keeps its line beside Change on a small phone", async () => {
  const ada = await person(PHONE);
  ada.email = `${"a".repeat(6)}.${ada.email}`;
  await ada.signsUp();
  const value = ada.page.locator("dd bdi").first();
  assert.equal(await value.innerText(), ada.email);
  const lines = await value.evaluate((element) => element.getClientRects().length);
  assert.equal(lines, 1);
});

for (const [name, options, size] of [
  ["320 px", { viewport: { width: 320, height: 640 } }, "100%"],
  ["320 px with text of 200 %", { viewport: { width: 320, height: 640 } }, "200%"],
]) {
  test(`at ${name} a number's digits are visible`, async () => {
    const ada = await person(options);
    await ada.opens();
    await ada.page.evaluate((size) => (document.documentElement.style.fontSize = size), size);
    await ada.field.fill("(415) 555-0132");
    const room = await ada.field.evaluate((input) => {
      const style = getComputedStyle(input);
      const context = document.createElement("canvas").getContext("2d");
      context.font = style.font;
      const inner = input.clientWidth - parseFloat(style.paddingLeft) - parseFloat(style.paddingRight);
      return { inner, wanted: context.measureText(input.value).width };
    });
    assert.ok(room.inner >= room.wanted, JSON.stringify(room));
    const over = await ada.page.evaluate(() => {
      const all = [...document.querySelectorAll("body *:not(.hidden)")];
      return all.filter((element) => element.getBoundingClientRect().right > innerWidth).map(({ outerHTML }) => outerHTML.slice(0, 60));
    });
    assert.deepEqual(over, [], "nothing leaves the screen");
    const [field, country] = [await ada.field.boundingBox(), await ada.page.locator(".country").boundingBox()];
    const apart = field.y >= country.y + country.height - 1 || field.x >= country.x + country.width - 1;
    assert.ok(apart, "the country does not lie on the digits");
  });
}

test("the printed page is the card alone", async () => {
  const ada = await person();
  await ada.opens();
  await ada.asksForACode();
  await ada.page.emulateMedia({ media: "print" });
  assert.ok(await ada.heading("Enter the code").isVisible());
  assert.ok(!(await ada.page.locator(".pane").isVisible()));
  assert.ok(!(await ada.page.locator("#language").isVisible()));
});

test("with forced colours, boxes keep edges and focus an outline", async () => {
  const ada = await person();
  await ada.signsUp();
  await ada.signsOut();
  await ada.page.emulateMedia({ forcedColors: "active" });
  for (const box of [".notice", ".combined", ".primary", ".card"]) {
    const [width, style] = await ada.page.locator(box).evaluate((element) => {
      const { borderTopWidth, borderTopStyle } = getComputedStyle(element);
      return [parseFloat(borderTopWidth), borderTopStyle];
    });
    assert.ok(width > 0 && style !== "none", box);
  }
  await ada.field.focus();
  assert.equal(await ada.page.locator(".combined").evaluate((box) => getComputedStyle(box).outlineStyle), "solid");
});

test("an inherited property's name as a page shows the first page", async () => {
  const ada = await person();
  await ada.opens("/#constructor");
  await ada.heading("Sign in").waitFor();
  await ada.arrives();
  for (const name of ["constructor", "toString", "__proto__"]) {
    await ada.page.evaluate((name) => (location.hash = name), name);
    await ada.page.reload();
    await ada.heading("Your account").waitFor();
  }
});
