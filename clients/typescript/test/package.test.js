// The package as it is published: small, current, and good for a fresh project.
import assert from "node:assert/strict";
import { execFile, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { createServer } from "node:http";
import { tmpdir } from "node:os";
import path from "node:path";
import { after, before, test } from "node:test";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { gzipSync } from "node:zlib";
import { build } from "esbuild";
import { browserPath } from "../../../tests/browser.mjs";
import { startService } from "./service.js";

const run = promisify(execFile);
const PACKAGE = fileURLToPath(new URL("..", import.meta.url));
const BIN = path.join(PACKAGE, "node_modules/.bin");

let folder;
let installed;
before(async () => {
  folder = await mkdtemp(path.join(tmpdir(), "latchstring-client-"));
  const { stdout } = await run("npm", ["pack", "--json", "--pack-destination", folder], { cwd: PACKAGE });
  const [{ filename }] = JSON.parse(stdout);
  await writeFile(path.join(folder, "package.json"), '{ "private": true, "type": "module" }');
  await run("npm", ["install", "--offline", "--no-audit", "--no-fund", `./${filename}`], { cwd: folder });
  installed = path.join(folder, "node_modules/@latchstring/client");
});
after(() => rm(folder, { recursive: true, force: true }));

for (const [entry, limit] of [["index", 6000], ["session", 4100]]) {
  test(`${entry}.js is under ${limit} bytes, minified and compressed`, async () => {
    const { outputFiles } = await build({
      entryPoints: [path.join(installed, `dist/${entry}.js`)],
      bundle: true,
      format: "esm",
      minify: true,
      write: false,
    });
    const size = gzipSync(outputFiles[0].contents, { level: 9 }).length;
    console.log(`${size} bytes`);
    assert.ok(size < limit, `${size} bytes`);
  });
}

test("the entry of session mode has no call of Cognito's and no place for tokens", async () => {
  const bundle = await readFile(path.join(installed, "dist/session.js"), "utf8");
  assert.doesNotMatch(bundle, /cognito-idp|RevokeToken|GlobalSignOut|refreshToken/);
});

test("dist/ is what `npm run build` makes of src/", async () => {
  const fresh = path.join(folder, "fresh");
  await run(path.join(BIN, "tsc"), ["--outDir", fresh], { cwd: PACKAGE });
  const { scripts } = JSON.parse(await readFile(path.join(PACKAGE, "package.json"), "utf8"));
  const [, bundle] = scripts.build.split("&& esbuild ");
  const options = bundle.split(" ").filter((option) => !option.startsWith("--outdir"));
  await run(path.join(BIN, "esbuild"), [...options, `--outdir=${fresh}`], { cwd: PACKAGE });
  const names = (await readdir(fresh)).sort();
  assert.deepEqual((await readdir(path.join(PACKAGE, "dist"))).sort(), names);
  for (const name of names) {
    const [kept, made] = await Promise.all(
      [path.join(PACKAGE, "dist"), fresh].map((at) => readFile(path.join(at, name), "utf8")),
    );
    assert.equal(kept, made, `dist/${name} is old: npm run build`);
  }
});

test("it brings the built module, its types and README, and nothing else", async () => {
  assert.deepEqual((await readdir(installed)).sort(), ["README.md", "dist", "package.json"]);
  const { dependencies } = JSON.parse(await readFile(path.join(installed, "package.json"), "utf8"));
  assert.equal(dependencies, undefined);
});

test("a fresh project uses it with types", async () => {
  await writeFile(
    path.join(folder, "app.ts"),
    `import { type Challenge, Latchstring, LatchstringError } from "@latchstring/client";
import { type BrowserSession, createSessionClient, type SessionClient, type SessionEntry } from "@latchstring/client/session";
const client: SessionClient = createSessionClient({ url: "/api/latchstring", storage: sessionStorage });
const opened = await client.answer(await client.signIn({ emailOrPhone: "ada@example.com" }), "123456");
export const ended: number | null = opened.done ? opened.expiresIn : opened.challenge.attemptsLeft;
const session: BrowserSession | null = await client.session();
const entries: SessionEntry[] = await client.sessions();
export const here: (string | undefined)[] = [session?.sub, entries[0]?.handle];
// @ts-expect-error: there is no token in session mode
opened.tokens;
const latchstring = new Latchstring({ graphqlUrl: "", apiKey: "", clientId: "", region: "", storage: localStorage });
const byHttp: Latchstring = new Latchstring({ url: "https://api.example.com" });
const byDoor = await byHttp.answer(await byHttp.signIn({ emailOrPhone: "ada@example.com" }), "123456");
export const shown: string | false = byDoor.done && byDoor.tokens.idToken;
// @ts-expect-error: session mode has the other entry
new Latchstring({ url: "https://api.example.com", sessionMode: true });
// @ts-expect-error: it says neither API
new Latchstring({ clientId: "", region: "" });
const challenge: Challenge = await latchstring.signIn({ emailOrPhone: "ada@example.com" });
const answer = await latchstring.answer(challenge, "123456", { signal: AbortSignal.timeout(1) });
export const token: string | number | null = answer.done ? answer.tokens.accessToken : answer.challenge.attemptsLeft;
// @ts-expect-error: tokens are there only when it is done
answer.tokens;
// @ts-expect-error: there is no such method
await latchstring.pendingContact("PIGEON");
const error = new LatchstringError("Network");
// @ts-expect-error: the list of types is fixed
error.type === "Nonsense";
`,
  );
  const options = ["--noEmit", "--strict", "--target", "es2022", "--module", "nodenext", "app.ts"];
  await run(path.join(BIN, "tsc"), options, { cwd: folder });
});

test("a fresh project in Node signs in with it", async () => {
  const service = await startService();
  try {
    await writeFile(
      path.join(folder, "app.js"),
      `import { claims, Latchstring } from "@latchstring/client";
const get = async (path) => (await fetch(process.argv[2] + path)).json();
const latchstring = new Latchstring(await get("/config.json"));
const challenge = await latchstring.signIn({ emailOrPhone: "+1 415 555 0132" });
const answer = await latchstring.answer(challenge, (await get("/inbox.json"))[0].code);
console.log(claims(answer.tokens.idToken).phone_number);
`,
    );
    const { stdout } = await run(process.execPath, ["app.js", service.config.endpoint], { cwd: folder });
    assert.equal(stdout, "+14155550132\n");
  } finally {
    await service.stop();
  }
});

const PAGE = `<!doctype html><meta charset="utf-8"><title>app</title><script type="module" src="/app.js"></script>`;

/** Runs in the page: signs in, then refreshes in two frames at once, with rotation on. */
const APP = `import { Latchstring } from "/client.js";
const { service, door } = Object.fromEntries(new URLSearchParams(location.search));
const get = async (path) => (await fetch(service + path)).json();
const config = door === "HTTP" ? { url: service, endpoint: service } : await get("/config.json");
const latchstring = new Latchstring({ ...config, storage: localStorage });
if (parent !== window) {
  parent.other = latchstring;
} else {
  const told = {};
  try {
    const challenge = await latchstring.signIn({ emailOrPhone: "ada@example.com" });
    const code = (await get("/inbox.json"))[0].code;
    told.wrong = await latchstring.answer(challenge, code === "000000" ? "000001" : "000000");
    told.right = await latchstring.answer(told.wrong.challenge, code);
    const frame = document.body.appendChild(document.createElement("iframe"));
    frame.src = location.href;
    while (!window.other) await new Promise((later) => setTimeout(later, 10));
    told.both = await Promise.all([latchstring.refresh(), window.other.refresh()]);
    told.next = await window.other.refresh();
    told.kept = await latchstring.tokens();
    await latchstring.signOut();
    told.gone = await window.other.tokens();
  } catch (error) {
    told.error = String(error);
  }
  await fetch("/told", { method: "POST", body: JSON.stringify(told) });
}
`;

for (const door of ["AppSync", "HTTP"]) {
  test(`by ${door} a page signs in with it as a plain module, and two frames share the tokens`, () => inABrowser(door));
}

async function inABrowser(door) {
  const service = await startService("--rotate-refresh-tokens");
  const files = {
    "/": ["text/html", PAGE],
    "/app.js": ["text/javascript", APP],
    "/client.js": ["text/javascript", await readFile(path.join(installed, "dist/index.js"))],
  };
  let tell;
  const toBeTold = new Promise((resolve) => (tell = resolve));
  const server = createServer(async (request, response) => {
    if (request.method === "POST") {
      let body = "";
      for await (const part of request) body += part;
      response.end();
      return tell(JSON.parse(body));
    }
    const [type, content] = files[request.url.split("?")[0]] ?? ["text/plain", ""];
    response.setHeader("content-type", type).end(content);
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const page = `http://127.0.0.1:${server.address().port}/?service=${service.config.endpoint}&door=${door}`;
  const browser = spawn(
    browserPath(),
    [
      "--headless=new",
      // Its sandbox wants rights that containers do not give; the page is ours.
      "--no-sandbox",
      "--disable-gpu",
      "--disable-dev-shm-usage",
      `--user-data-dir=${path.join(folder, `profile-${door}`)}`,
      page,
    ],
    // A group of its own, to end its children with it.
    { detached: true, stdio: "ignore" },
  );
  const ended = once(browser, "exit");
  try {
    const gone = ended.then(([code]) => ({ error: `the browser ended with ${code}` }));
    const told = await Promise.race([toBeTold, gone]);
    assert.equal(told.error, undefined);
    assert.equal(told.wrong.challenge.attemptsLeft, 2);
    assert.equal(told.right.isNew, true);
    assert.deepEqual(told.both[1], told.both[0], "one waited for the other");
    assert.notEqual(told.both[0].refreshToken, told.right.tokens.refreshToken);
    assert.deepEqual(told.kept, told.next);
    assert.equal(told.gone, null);
  } finally {
    if (browser.exitCode === null) process.kill(-browser.pid);
    await ended;
    server.close();
    await service.stop();
  }
}
