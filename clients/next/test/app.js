// The example, built and started as an app is, before a service; and what a browser gets of it.
import assert from "node:assert/strict";
import { execFile, spawn } from "node:child_process";
import { once } from "node:events";
import { appendFileSync, mkdirSync } from "node:fs";
import { cp, mkdir, readdir, readFile, rm } from "node:fs/promises";
import { createServer, request as forward } from "node:http";
import { join } from "node:path";
import { promisify } from "node:util";
import { chromium } from "playwright-core";
import { browserPath } from "../../../tests/browser.mjs";

const run = promisify(execFile);
const PACKAGE = join(import.meta.dirname, "..");
const EXAMPLE = join(PACKAGE, "example");
const NEXT = join(PACKAGE, "node_modules/next/dist/bin/next");
const TARGET = join(PACKAGE, "../../target");

/** The environment of Next.js, which is sent to no one. */
const environment = (more) => {
  const { NODE_OPTIONS, NODE_TEST_CONTEXT, ...env } = process.env;
  return { ...env, NEXT_TELEMETRY_DISABLED: "1", ...more };
};

/** Builds the example with the packages as they are published. */
export async function build(env) {
  const scope = join(EXAMPLE, "node_modules/@latchstring");
  await rm(join(EXAMPLE, "node_modules"), { recursive: true, force: true });
  await rm(join(EXAMPLE, ".next"), { recursive: true, force: true });
  for (const [name, from] of [["next", PACKAGE], ["client", join(PACKAGE, "../typescript")]]) {
    await mkdir(join(scope, name), { recursive: true });
    for (const part of ["package.json", "dist"]) await cp(join(from, part), join(scope, name, part), { recursive: true });
  }
  const { error, printed } = await compile(EXAMPLE, env);
  if (error) throw new Error(`the example does not build:\n${printed}`);
}

/** Runs `next build` in a folder. */
export async function compile(cwd, env) {
  try {
    const { stdout, stderr } = await run(process.execPath, [NEXT, "build"], { cwd, env: environment(env) });
    return { printed: stdout + stderr };
  } catch (error) {
    return { error, printed: error.stdout + error.stderr };
  }
}

/** The files of the build that browsers load, by their names. */
export async function loaded() {
  const files = new Map();
  for (const folder of ["static", "server/app"]) {
    const at = join(EXAMPLE, ".next", folder);
    for (const entry of await readdir(at, { recursive: true, withFileTypes: true })) {
      const name = join(entry.parentPath ?? entry.path, entry.name);
      // Of the server's files, the pages that were rendered in advance.
      if (entry.isFile() && (folder === "static" || /\.(html|rsc)$/.test(name))) files.set(name, await readFile(name, "utf8"));
    }
  }
  return files;
}

/** Starts the example. What it prints is kept for the search for leaks. */
export async function startApp(env) {
  const child = spawn(process.execPath, [NEXT, "start", "-H", "127.0.0.1", "-p", "0"], {
    cwd: EXAMPLE,
    env: environment(env),
    stdio: ["ignore", "pipe", "pipe"],
  });
  const ended = once(child, "close");
  let printed = "";
  const address = await new Promise((found, failed) => {
    const collect = (chunk) => {
      printed += chunk;
      const at = printed.match(/Local:\s+(http:\S+)/);
      if (at && printed.includes("Ready")) found(at[1]);
    };
    child.stdout.on("data", collect);
    child.stderr.on("data", collect);
    child.on("exit", () => failed(new Error(`the example ended: ${printed}`)));
  });
  return {
    address,
    printed: () => printed,
    async stop() {
      child.kill();
      await ended;
      mkdirSync(join(TARGET, "test-output"), { recursive: true });
      appendFileSync(join(TARGET, `test-output/next.${process.pid}.log`), printed);
    },
  };
}

/** Notes a secret for the search for leaks. */
export function note(secret) {
  mkdirSync(join(TARGET, "test-secrets"), { recursive: true });
  appendFileSync(join(TARGET, `test-secrets/next.${process.pid}.txt`), `${secret}\n`);
}

/** Stands between the example and the service, passes everything on and keeps what was asked. */
export async function startBetween(target) {
  const asked = [];
  const server = createServer((request, response) => {
    const { method, url, headers } = request;
    asked.push({ method, url, headers });
    const onward = forward(new URL(url, target), { method, headers }, (answer) => {
      response.writeHead(answer.statusCode, answer.headers);
      answer.pipe(response);
    });
    onward.on("error", () => response.destroy());
    request.pipe(onward);
  });
  return { asked, ...(await listening(server)) };
}

/** An API of the app's, which answers with the account of the access token. */
export async function startApi(accountOf) {
  const server = createServer(async (request, response) => {
    const token = request.headers.authorization?.match(/^Bearer (.+)$/)?.[1];
    const account = token && (await accountOf(token));
    response.writeHead(account ? 200 : 401).end(account && `The API knows ${account}`);
  });
  return listening(server);
}

async function listening(server) {
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  return {
    url: `http://127.0.0.1:${server.address().port}`,
    async stop() {
      server.closeAllConnections();
      server.close();
      await once(server, "close");
    },
  };
}

export async function startBrowser() {
  return chromium.launch({
    executablePath: browserPath(),
    args: ["--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking"],
  });
}

/** A browser of one person, and everything that it received: headers and bodies. */
export async function person(browser, baseURL) {
  const context = await browser.newContext({ baseURL, locale: "en-GB" });
  context.setDefaultTimeout(20_000);
  const reading = [];
  context.on("response", (response) => {
    const read = async () => {
      const headers = JSON.stringify(await response.allHeaders());
      // A redirect has no body, and neither has a page that was left before it was there.
      const body = await response.text().catch(() => "");
      return `${response.url()}\n${headers}\n${body}`;
    };
    reading.push(read().catch(() => response.url()));
  });
  const page = await context.newPage();
  return {
    context,
    page,
    received: () => Promise.all(reading),
    async session() {
      const cookies = await context.cookies();
      return cookies.find(({ name }) => name === "__Host-latchstring");
    },
    /** Puts an id into the cookie, as one who copied it would. */
    async has(value) {
      const url = baseURL.replace("http:", "https:");
      const cookie = { name: "__Host-latchstring", value, url, secure: true, httpOnly: true, sameSite: "Lax" };
      await context.addCookies([cookie]);
    },
    async signsIn(contact, code) {
      await page.goto("/sign-in");
      await page.getByLabel("Email address or phone number").fill(contact);
      await page.getByRole("button", { name: "Send a code" }).click();
      await page.getByLabel("Code").waitFor();
      await page.getByLabel("Code").fill(await code());
      await page.getByRole("button", { name: "Sign in" }).click();
      await page.getByRole("heading", { name: "Account" }).waitFor();
    },
  };
}

/** Asserts that a text has none of the secrets and no token. */
export function isFree(text, ...secrets) {
  for (const secret of secrets) assert.ok(!text.includes(secret), `a secret is in ${text.split("\n")[0]}`);
  assert.doesNotMatch(text, /eyJ[\w-]+\.[\w-]+\./, "a token");
}
