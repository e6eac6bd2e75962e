// The client that openapi-python-client makes from docs/openapi.json, in a folder that git ignores.
import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { mkdir } from "node:fs/promises";
import path from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";

const run = promisify(execFile);
const here = (name) => fileURLToPath(new URL(name, import.meta.url));

export const PYTHON = here("../../target/tools/examples/bin/python");

/** Generates the client. Returns the folder in which Python finds it. */
export async function generateClient() {
  const folder = here("../../target/openapi");
  await mkdir(folder, { recursive: true });
  const { stdout, stderr } = await run(
    here("../../target/tools/examples/bin/openapi-python-client"),
    [
      ...["generate", "--overwrite", "--meta", "none", "--fail-on-warning"],
      ...["--path", here("../../docs/openapi.json"), "--config", here("openapi-python-client.json")],
      ...["--output-path", path.join(folder, "latchstring_client")],
    ],
    { timeout: 60_000 },
  );
  assert.doesNotMatch(stdout + stderr, /warning/i, "the generator left something out");
  return folder;
}
