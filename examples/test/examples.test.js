// Every example runs against the real local service and must succeed. Its requests are compared
// with those of the last review: `UPDATE_VECTORS=1 npm test` keeps the new ones.
import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { readdir, readFile, writeFile } from "node:fs/promises";
import { after, before, test } from "node:test";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { startService } from "../../clients/typescript/test/service.js";
import { generateClient, PYTHON } from "./generated.js";
import { startRecorder } from "./recorder.js";

const run = promisify(execFile);
const FOLDER = fileURLToPath(new URL("..", import.meta.url));

const EXAMPLES = {
  "latchstring-client": [process.execPath, "latchstring-client.js"],
  "aws-amplify": [process.execPath, "aws-amplify.js"],
  "aws-amplify-v5": [process.execPath, "aws-amplify-v5.js"],
  "amazon-cognito-identity-js": [process.execPath, "amazon-cognito-identity-js.js"],
  "aws-sdk": [process.execPath, "aws-sdk.js"],
  "aws-jwt-verify": [process.execPath, "aws-jwt-verify.js"],
  boto3: [PYTHON, "boto3_example.py"],
  "http-door": [process.execPath, "http-door.js"],
  "http-door-python": [PYTHON, "http_door_example.py"],
};

// Requests that the other examples also send, or that are sent by hand.
const UNRECORDED = {
  "aws-amplify-contacts": [process.execPath, "aws-amplify-contacts.js"],
  "aws-amplify-http-door": [process.execPath, "aws-amplify-http-door.js"],
  "openid-client": [process.execPath, "openid-client.js"],
  pycognito: [PYTHON, "pycognito_example.py"],
  "openapi-client": [PYTHON, "openapi_client_example.py"],
};

let service;
let generated;
before(async () => ([service, generated] = await Promise.all([startService(), generateClient()])));
after(() => service?.stop());

/** The environment of a program, without the user's credentials and settings. */
function settings(url) {
  const env = { PATH: process.env.PATH, HOME: "/nonexistent", PYTHONPATH: generated, LATCHSTRING_URL: url };
  return { cwd: FOLDER, env, timeout: 60_000 };
}

for (const [name, [program, file]] of Object.entries(UNRECORDED)) {
  test(`the example for ${name} runs`, () => run(program, [file], settings(service.config.endpoint)));
}

for (const [name, [program, file]] of Object.entries(EXAMPLES)) {
  test(`the example for ${name} runs, and sends what it always sent`, async () => {
    const recorder = await startRecorder(service.config.endpoint);
    try {
      await run(program, [file], settings(recorder.url));
    } finally {
      recorder.stop();
    }
    const answers = recorder.exchanges.filter(
      ({ operation, reply }) => /^(RespondToAuthChallenge|\/v1\/sign-in\/.*)$/.test(operation) && reply === "ok",
    );
    const sessions = answers.map(({ body }) => body.Session ?? body.continuation);
    assert.ok(sessions.length > 0);
    assert.equal(new Set(sessions).size, sessions.length, "every answer is in a session of its own");

    const vector = new URL(`vectors/${name}.json`, import.meta.url);
    const lines = recorder.exchanges.map((exchange) => JSON.stringify(exchange));
    const sent = `[\n${lines.join(",\n")}\n]\n`;
    if (process.env.UPDATE_VECTORS) await writeFile(vector, sent);
    assert.equal(sent, await readFile(vector, "utf8"));
  });
}

test("what is in the folder is run", async () => {
  const files = await readdir(FOLDER);
  const shared = ["amplify.js", "graphql.js", "local.js"];
  const programs = files.filter((file) => /\.(js|py)$/.test(file) && !shared.includes(file));
  const run = Object.values({ ...EXAMPLES, ...UNRECORDED });
  assert.deepEqual(programs.sort(), run.map(([, file]) => file).sort());
});
