// A local service, a browser, and what a person does in it.

import assert from "node:assert/strict";
import { execFileSync, spawn } from "node:child_process";
import { appendFileSync, mkdirSync, readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { join } from "node:path";
import { after, afterEach } from "node:test";
import { chromium } from "playwright-core";

export const root = join(import.meta.dirname, "../..");
const AXE = readFileSync(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");

export const DESKTOP = { viewport: { width: 1280, height: 800 } };
export const PHONE = { viewport: { width: 360, height: 740 }, hasTouch: true, isMobile: true };

/** Cargo is asked where the binary is, and builds what is out of date. */
function binary() {
  const line = ["build", "--locked", "--quiet", "--message-format=json", "--workspace", "--bin", "latchstring-local"];
  const output = execFileSync("cargo", line, { cwd: root, encoding: "utf8", maxBuffer: 1 << 28 });
  const messages = output.split("\n").filter(Boolean).map((text) => JSON.parse(text));
  return messages.find(({ executable, target }) => executable && target.name === "latchstring-local").executable;
}

/** Starts the service. What it prints is kept for the search for leaks. */
async function serve(options, port = "0") {
  const folder = join(root, "target/test-output");
  mkdirSync(folder, { recursive: true });
  const program = spawn(binary(), ["--port", port, "--control", ...options], { stdio: ["ignore", "pipe", "pipe"] });
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

/** The service, with these options, and the browser of one test file. */
export async function bench(...options) {
  let service = await serve(options);
  const browser = await chromium.launch({
    executablePath: execFileSync("sh", ["-c", "command -v chromium"], { encoding: "utf8" }).trim(),
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
    /** A page that is nobody's. */
    page: () => browser.newPage(),
    /** Somebody with a browser of their own. */
    async person(options = {}) {
      const context = await browser.newContext({
        ...DESKTOP,
        locale: "en-GB",
        timezoneId: "UTC",
        reducedMotion: "reduce",
        ...options,
      });
      await context.grantPermissions(["clipboard-read", "clipboard-write"], { origin: service.address });
      context.setDefaultTimeout(10_000);
      const jumps = [];
      await context.exposeBinding("jumped", (_, jump) => jumps.push(jump));
      await context.addInitScript(tellJumps);
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
  assert.ok(response.ok, "the service is bent");
}

/**
 * In the page: tells what moved though nobody had touched anything (Chromium's layout shifts). What
 * was sent may move, since it comes when it comes; so may a field, for the country of its digits.
 * Within half a second of a click or key nothing is told: answers must take longer.
 */
function tellJumps() {
  new PerformanceObserver((list) => {
    for (const { hadRecentInput, value, sources } of list.getEntries()) {
      const element = ({ node }) => (node instanceof Text ? node.parentElement : node);
      const ours = sources.filter((source) => element(source) && !element(source).closest(".pane, #messages, .combined"));
      if (hadRecentInput || ours.length === 0) continue;
      const moved = ours.map(({ node, previousRect: from, currentRect: to }) => {
        const name = node?.outerHTML?.slice(0, 60) ?? node?.textContent ?? "what is gone";
        return `${name} from ${from.x},${from.y} to ${to.x},${to.y}`;
      });
      window.jumped(`${value.toFixed(4)}: ${moved.join(" | ")}`);
    }
  }).observe({ type: "layout-shift", buffered: true });
}

let people = 0;

/** A person at a page. Whatever the browser complains of fails the test. */
class Person {
  complaints = [];
  /** What the browser may complain of in this test. */
  forgiven = [];

  constructor(context, address, page, jumps) {
    people += 1;
    this.jumps = jumps;
    this.context = context;
    this.address = address;
    /** Where the pages are; an app of one's own has them elsewhere. */
    this.origin = address;
    this.page = page;
    // Of this process alone, since every file has a service of its own.
    this.email = `person${people}@example.com`;
    this.phone = `+1415555${String(2000 + people)}`;
    this.listen(page);
  }

  listen(page) {
    page.on("console", (message) => {
      if (["error", "warning"].includes(message.type())) this.complaints.push(message.text());
    });
    page.on("pageerror", (error) => this.complaints.push(String(error)));
  }

  async tab() {
    const page = await this.context.newPage();
    this.listen(page);
    return page;
  }

  async leaves() {
    // What a test's own route has under way is of no interest any more.
    for (const page of this.context.pages()) await page.unrouteAll({ behavior: "ignoreErrors" });
    await this.context.close();
    const complaints = this.complaints.filter((text) => !this.forgiven.some((known) => known.test(text)));
    assert.deepEqual(complaints, [], "the browser has nothing to complain of");
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

  /** The newest code that was sent to a contact. */
  async received(to) {
    for (let tries = 0; tries < 100; tries += 1) {
      const messages = await (await fetch(`${this.address}/inbox.json`)).json();
      const message = messages.find((message) => message.to === to && message.code);
      if (message) {
        note(message.code);
        return message.code;
      }
      await new Promise((done) => setTimeout(done, 50));
    }
    return assert.fail("a code arrives");
  }

  /** Waits for a notice to the person's address: it is sent after the response. */
  async isNotified(subject) {
    for (let tries = 0; tries < 100; tries += 1) {
      const messages = await (await fetch(`${this.address}/inbox.json`)).json();
      if (messages.some((message) => message.to === this.email && message.subject === subject)) return;
      await new Promise((done) => setTimeout(done, 50));
    }
    assert.fail(`a notice arrives: ${subject}`);
  }

  async sent(to) {
    const messages = await (await fetch(`${this.address}/inbox.json`)).json();
    return messages.filter((message) => message.to === to).length;
  }

  async asksForACode(contact = this.email) {
    await this.field.fill(contact);
    await this.button("Send me a code").click();
    await this.heading("Enter the code").waitFor();
  }

  /** From the first page to the account's, as somebody new. */
  async signsUp() {
    await this.opens();
    await this.asksForACode();
    await this.code.fill(await this.received(this.email));
    await this.heading("Welcome! What is your name?").waitFor();
    await this.page.getByLabel("First name").fill("Ada");
    await this.page.getByLabel("Last name").fill("Lovelace");
    await this.field.fill(this.phone);
    await this.button("Send a code").click();
    await this.heading("Enter the code").waitFor();
    await this.code.fill(await this.received(this.phone));
    await this.heading("Hello, Ada Lovelace").waitFor();
  }

  /** Nothing is wrong with the page for those who use it otherwise than by looking and pointing. */
  async isAccessible(page = this.page) {
    await page.evaluate(AXE);
    const { violations } = await page.evaluate(() =>
      window.axe.run(document, { runOnly: ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"] }),
    );
    const found = violations.map(({ id, nodes }) => `${id}: ${nodes.map(({ html }) => html.slice(0, 120)).join(" | ")}`);
    assert.deepEqual(found, [], "axe finds nothing");
  }
}

/** Whether a request is of an operation: of Cognito, or of the API. */
const isOf = (operation) => (request) =>
  request.method() === "POST" && `${request.headers()["x-amz-target"]} ${request.postData()}`.includes(operation);

/** Holds the requests of an operation: `arrived` when there is one, `letGo` to have them go on. */
export async function holds(page, operation) {
  let letGo;
  const held = new Promise((done) => (letGo = done));
  await page.route("**", async (route) => {
    if (isOf(operation)(route.request())) await held;
    await route.fallback();
  });
  return { arrived: page.waitForRequest(isOf(operation)), letGo };
}

/** Collects the requests of an operation. */
export function collects(page, operation) {
  const seen = [];
  page.on("request", (request) => isOf(operation)(request) && seen.push(request));
  return seen;
}

/** A round trip to the service, for what must not happen to have had its time. */
export const roundTrip = (page) =>
  page.evaluate(async () => (await fetch("/config.json", { cache: "no-store" })).text());

/** A wrong code that is not the right one. */
export const wrong = (code) => code.replace(/\d$/, (digit) => (Number(digit) + 1) % 10);
