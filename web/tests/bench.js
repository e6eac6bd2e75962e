// A local service, a browser, and the actions of its users.

import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { appendFileSync, mkdirSync, readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { join } from "node:path";
import { after, afterEach } from "node:test";
import { chromium } from "playwright-core";
import { binary } from "../../tests/binary.mjs";
import { browserPath } from "../../tests/browser.mjs";

export const root = join(import.meta.dirname, "../..");
const AXE = readFileSync(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");

/** The time limit of each wait in milliseconds. */
const PATIENCE = 30_000;

export const DESKTOP = { viewport: { width: 1280, height: 800 } };
export const PHONE = { viewport: { width: 360, height: 740 }, hasTouch: true, isMobile: true };

/** Starts the service. Its output is kept for the search for leaks. */
async function serve(options, port = "0") {
  const folder = join(root, "target/test-output");
  mkdirSync(folder, { recursive: true });
  const program = spawn(binary("latchstring-local"), ["--port", port, "--control", ...options], { stdio: ["ignore", "pipe", "pipe"] });
  let printed = "";
  const address = await new Promise((found, failed) => {
    const collect = (chunk) => {
      printed += chunk;
      const at = printed.match(/listens on (\S+) .*\n/);
      if (at) found(at[1]);
    };
    program.stdout.on("data", collect);
    program.stderr.on("data", collect);
    program.on("exit", () => failed(new Error(`the service ended: ${printed}`)));
  });
  // No budget's minute ends between two steps of a test.
  await post(`${address}/control`, { stopClock: true });
  const end = async () => {
    const ended = new Promise((done) => program.once("close", done));
    program.kill();
    await ended;
    appendFileSync(join(folder, `web.${process.pid}.log`), printed);
  };
  return { address, end };
}

/** Notes a secret for the search for leaks. */
function note(secret) {
  const folder = join(root, "target/test-secrets");
  mkdirSync(folder, { recursive: true });
  appendFileSync(join(folder, `web.${process.pid}.txt`), `${secret}\n`);
}

/** Starts the service, with these options, and the browser of one test file. */
export async function bench(...options) {
  let service = await serve(options);
  const browser = await chromium.launch({
    executablePath: browserPath(),
    args: [
      "--no-sandbox",
      "--disable-gpu",
      "--disable-quic",
      "--no-first-run",
      "--disable-background-networking",
      "--disable-component-update",
      "--disable-sync",
      "--font-render-hinting=none",
    ],
    env: { ...process.env, FONTCONFIG_FILE: join(import.meta.dirname, "fonts.conf") },
  });
  after(async () => {
    await browser.close();
    await service.end();
  });
  const people = [];
  afterEach(async () => {
    for (const person of people.splice(0)) await person.leaves();
  });
  return {
    address: service.address,
    /** Ends the service and starts another at its address. */
    async restart() {
      await service.end();
      service = await serve(options, new URL(service.address).port);
    },
    /** A page outside the contexts of the users. */
    page: () => browser.newPage(),
    /** A user with a browser context. */
    async person(options = {}) {
      const context = await browser.newContext({
        ...DESKTOP,
        locale: "en-GB",
        timezoneId: "UTC",
        reducedMotion: "reduce",
        ...options,
      });
      await context.grantPermissions(["clipboard-read", "clipboard-write"], { origin: service.address });
      context.setDefaultTimeout(PATIENCE);
      const jumps = [];
      await context.exposeBinding("jumped", (_, jump) => jumps.push(jump));
      await context.addInitScript(reportJumps);
      const person = new Person(context, service.address, await context.newPage(), jumps);
      people.push(person);
      return person;
    },
    /** Moves the service's clock; `person.page.clock` moves a browser's. */
    control: (wanted) => post(`${service.address}/control`, wanted),
  };
}

async function post(url, body) {
  const headers = { "content-type": "application/json" };
  const response = await fetch(url, { method: "POST", headers, body: JSON.stringify(body) });
  assert.ok(response.ok, "the service takes the control");
}

/**
 * Runs in the page: reports elements that moved without an input (Chromium's layout shifts). Sent
 * messages may move, since they arrive at any time; so may a field, for the country of its digits.
 * Within half a second of a click or key nothing is reported: answers must take longer.
 */
function reportJumps() {
  new PerformanceObserver((list) => {
    for (const { hadRecentInput, value, sources } of list.getEntries()) {
      const element = ({ node }) => (node instanceof Text ? node.parentElement : node);
      const ours = sources.filter((source) => element(source) && !element(source).closest(".pane, #messages, .combined"));
      if (hadRecentInput || ours.length === 0) continue;
      const moved = ours.map(({ node, previousRect: from, currentRect: to }) => {
        const name = node?.outerHTML?.slice(0, 60) ?? node?.textContent ?? "a removed element";
        return `${name} from ${from.x},${from.y} to ${to.x},${to.y}`;
      });
      window.jumped(`${value.toFixed(4)}: ${moved.join(" | ")}`);
    }
  }).observe({ type: "layout-shift", buffered: true });
}

let people = 0;

/** A user at a page. Each error or warning of the browser fails the test. */
class Person {
  logged = [];
  /** Patterns of the browser's errors and warnings that this test allows. */
  allowed = [];

  constructor(context, address, page, jumps) {
    people += 1;
    this.jumps = jumps;
    this.context = context;
    this.address = address;
    /** The origin of the pages; another app has its own. */
    this.origin = address;
    this.page = page;
    // Unique in this process: every file starts its own service.
    this.email = `person${people}@example.com`;
    this.phone = `+1415555${String(2000 + people)}`;
    this.listen(page);
  }

  listen(page) {
    page.on("console", (message) => {
      if (["error", "warning"].includes(message.type())) this.logged.push(message.text());
    });
    page.on("pageerror", (error) => this.logged.push(String(error)));
  }

  async tab() {
    const page = await this.context.newPage();
    this.listen(page);
    return page;
  }

  async leaves() {
    // Errors of a test's routes that are still running do not matter.
    for (const page of this.context.pages()) await page.unrouteAll({ behavior: "ignoreErrors" });
    await this.context.close();
    const logged = this.logged.filter((text) => !this.allowed.some((known) => known.test(text)));
    assert.deepEqual(logged, [], "the browser logs no error or warning");
  }

  async opens(path = "/") {
    await this.page.goto(this.origin + path);
  }

  heading = (name) => this.page.getByRole("heading", { level: 1, name });

  button = (name) => this.page.getByRole("button", { name });

  get field() {
    return this.page.locator("#contact");
  }

  get code() {
    return this.page.locator("#code");
  }

  get problem() {
    return this.page.locator(".problem:not(:empty)").first();
  }

  /** Returns the messages to a contact, the newest first. */
  async messages(to) {
    const messages = await (await fetch(`${this.address}/inbox.json`)).json();
    return messages.filter((message) => message.to === to);
  }

  /** Returns the newest code that was sent to a contact. */
  async received(to) {
    const newest = async () => (await this.messages(to)).find(({ code }) => code)?.code;
    const code = await until(newest, "a code arrives");
    note(code);
    return code;
  }

  /** Waits for a notice at the user's address: it is sent after the response. */
  async isNotified(subject) {
    const arrived = async () => (await this.messages(this.email)).some((message) => message.subject === subject);
    await until(arrived, `a notice arrives: ${subject}`);
  }

  /** Returns the link of the newest message to a contact, at the origin of the pages. */
  async link(to) {
    const LINK = /https?:\S+(#[\w-]{13}\.[\w-]{22})/;
    const newest = async () => (await this.messages(to)).map(({ text }) => text.match(LINK)).find(Boolean);
    const [, fragment] = await until(newest, "a link arrives");
    note(fragment.split(".")[1]);
    return `${this.origin}/${fragment}`;
  }

  /** Returns the number of messages to a contact. */
  async sent(to) {
    return (await this.messages(to)).length;
  }

  async asksForACode(contact = this.email) {
    await this.field.fill(contact);
    await this.button("Send me a code").click();
    await this.heading("Enter the code").waitFor();
  }

  /** Enters the code that was sent to a contact. */
  async entersTheCode(contact = this.email) {
    await this.code.fill(await this.received(contact));
  }

  /** Requests a code on the first page and enters it. */
  async signsIn(contact = this.email) {
    await this.asksForACode(contact);
    await this.entersTheCode(contact);
  }

  /** Signs in as a new user, up to the page for the name. */
  async arrives() {
    await this.opens();
    await this.signsIn();
    await this.heading("Welcome! What is your name?").waitFor();
  }

  /** Signs in as a new user and adds name and phone number. */
  async signsUp() {
    await this.arrives();
    await this.page.getByLabel("First name").fill("Ada");
    await this.page.getByLabel("Last name").fill("Lovelace");
    await this.field.fill(this.phone);
    await this.sendsACode();
    await this.entersTheCode(this.phone);
    await this.heading("Hello, Ada Lovelace").waitFor();
  }

  /** Submits the form of a new contact and waits for the code page. */
  async sendsACode() {
    await this.button("Send a code").click();
    await this.heading("Enter the code").waitFor();
  }

  /** Requests a code for a new email address of the account. */
  async requestsEmail(email) {
    await this.button("Change the email address").click();
    await this.field.fill(email);
    await this.sendsACode();
  }

  /** Moves the account to another email address. */
  async changesEmail(email) {
    await this.requestsEmail(email);
    await this.entersTheCode(email);
    await this.notice("Done. You can sign in with it");
  }

  /** Denies the pages of this browser their storage, as some privacy settings do. */
  async blocksStorage() {
    await this.context.addInitScript(() => {
      for (const name of ["localStorage", "sessionStorage"]) {
        Object.defineProperty(window, name, {
          get() {
            throw new DOMException("blocked", "SecurityError");
          },
        });
      }
    });
  }

  /** Moves the device's clock by this time. Its timers are unaffected. */
  async setsTheClock(milliseconds) {
    await this.page.evaluate((milliseconds) => {
      const { now } = Date;
      Date.now = () => now() + milliseconds;
    }, milliseconds);
  }

  async signsOut() {
    await this.signOut().click();
    await this.notice("You are signed out.");
  }

  signOut = (page = this.page) => page.getByRole("button", { name: "Sign out", exact: true });

  /** Waits for a text above the title of a page. */
  notice = (text, page = this.page) => page.locator(".notice").getByText(text).waitFor();

  /** The stored tokens of a page's browser; null without a sign-in. */
  tokens = (page = this.page) =>
    page.evaluate(() => {
      const [, tokens] = Object.entries(localStorage).find(([key]) => key.endsWith(".tokens")) ?? [];
      return JSON.parse(tokens ?? "null");
    });

  /** Stores the tokens of another account in this browser, as a sign-in in another tab does. */
  async takes(tokens) {
    const other = await this.tab();
    await other.goto(`${this.address}/inbox`);
    await this.stores(tokens, other);
  }

  /** Stores tokens by a page, which gets no event for it. */
  async stores(tokens, page = this.page) {
    await page.evaluate((tokens) => {
      const key = Object.keys(localStorage).find((key) => key.endsWith(".tokens"));
      localStorage.setItem(key, JSON.stringify(tokens));
    }, tokens);
  }

  /** Fails if axe finds a problem of accessibility. */
  async isAccessible(page = this.page) {
    await page.evaluate(AXE);
    const { violations } = await page.evaluate(() =>
      window.axe.run(document, { runOnly: ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"] }),
    );
    const found = violations.map(({ id, nodes }) => `${id}: ${nodes.map(({ html }) => html.slice(0, 120)).join(" | ")}`);
    assert.deepEqual(found, [], "axe finds nothing");
  }
}

/** Returns a test for requests of an operation of Cognito or the API. */
const isOf = (operation) => (request) =>
  request.method() === "POST" && `${request.headers()["x-amz-target"]} ${request.postData()}`.includes(operation);

/** Holds the requests of an operation: `arrived` at the first one, until `letGo` is called. */
export async function holds(page, operation) {
  let letGo;
  const held = new Promise((done) => (letGo = done));
  await page.route("**", async (route) => {
    if (isOf(operation)(route.request())) await held;
    await route.fallback();
  });
  return { arrived: page.waitForRequest(isOf(operation)), letGo };
}

/** Waits for the next response of an operation, and its end. */
export async function answered(page, operation) {
  const response = await page.waitForResponse((response) => isOf(operation)(response.request()));
  await response.finished();
}

/** Collects the requests of an operation. */
export function collects(page, operation) {
  const seen = [];
  page.on("request", (request) => isOf(operation)(request) && seen.push(request));
  return seen;
}

/** Polls until a condition holds, and returns its value. Fails after the time limit of the browser's waits. */
export async function until(condition, outcome) {
  const end = performance.now() + PATIENCE;
  for (;;) {
    const value = await condition();
    if (value) return value;
    if (performance.now() > end) assert.fail(outcome);
    await new Promise((done) => setTimeout(done, 50));
  }
}

/** A round trip to the service, in which something that must not happen could happen. */
export const roundTrip = (page) =>
  page.evaluate(async () => (await fetch("/config.json", { cache: "no-store" })).text());

/** Returns another code. */
export const wrong = (code) => code.replace(/\d$/, (digit) => (Number(digit) + 1) % 10);
