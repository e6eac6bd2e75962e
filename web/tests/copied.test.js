// The pages copied into another app, as README.md says, at its own origin.

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { createServer } from "node:http";
import { extname, join } from "node:path";
import { after, test } from "node:test";
import { bench, root } from "./bench.js";

const { person, address } = await bench();

const TYPES = { ".html": "text/html", ".js": "text/javascript", ".css": "text/css", ".svg": "image/svg+xml" };
const CLIENTS = { "/latchstring.js": "index.js", "/latchstring-session.js": "session.js" };
/** The files of the local service only. */
const LEFT_OUT = /^\/(tests\/|api\.|inbox\.|messages\.js|local\.js)/;
/** The headers of `local/src/pages.rs`, with the addresses of the API and of Cognito. */
const [, policy] = readFileSync(join(root, "local/src/pages.rs"), "utf8").match(/const POLICY: &str = "([^"]+)"/);
const POLICY = policy.replace(/\\\n\s*/g, "").replace("connect-src 'self'", `connect-src 'self' ${address}`);

function file(path) {
  if (Object.hasOwn(CLIENTS, path)) return readFileSync(join(root, "clients/typescript/dist", CLIENTS[path]));
  assert.ok(!LEFT_OUT.test(path), `${path} is left out`);
  const text = readFileSync(join(root, "web", path), "utf8");
  if (path !== "/index.html") return text;
  const kept = text.split("\n").filter((line) => !line.includes("local.js") && !line.startsWith("<!-- Only for"));
  return kept.join("\n").replace(' class="local"', "");
}

/** An app that consists of the pages. */
const config = await (await fetch(`${address}/config.json`)).json();
const app = createServer((request, response) => {
  const path = request.url === "/" ? "/index.html" : request.url;
  if (path === "/config.json") {
    const { graphqlUrl, apiKey, clientId, region, endpoint } = config;
    response.setHeader("content-type", "application/json");
    return response.end(JSON.stringify({ graphqlUrl, apiKey, clientId, region, endpoint }));
  }
  response.setHeader("content-type", TYPES[extname(path)]).setHeader("content-security-policy", POLICY);
  response.end(file(path));
});
await new Promise((done) => app.listen(0, "127.0.0.1", done));
after(() => app.close());

test("copied pages work in an app under the same policy", async () => {
  const ada = await person();
  ada.origin = `http://127.0.0.1:${app.address().port}`;
  await ada.signsUp();
  assert.equal(await ada.page.locator(".pane").count(), 0);
  await ada.page.reload();
  await ada.heading("Hello, Ada Lovelace").waitFor();
  await ada.isAccessible();
  await ada.signsOut();
});
