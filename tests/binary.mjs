// The local service's binary, for tests in Node: they build nothing.

import { existsSync, readFileSync, statSync } from "node:fs";
import { join } from "node:path";

const DEBUG = join(import.meta.dirname, "../target/debug");

/** The path of a binary of the workspace. Fails if it is missing, or older than one of its sources. */
export function binary(name) {
  const path = join(DEBUG, name);
  if (!existsSync(path)) throw new Error(`${name} is not built: cargo build --workspace --bins`);
  const built = statSync(path).mtimeMs;
  // Cargo's list of sources: spaces in a path are escaped.
  const [, sources] = readFileSync(`${path}.d`, "utf8").split(/: (.*)/s);
  for (const source of sources.trim().split(/(?<!\\) /)) {
    const file = statSync(source.replaceAll("\\ ", " "), { throwIfNoEntry: false });
    if (!file || file.mtimeMs > built) {
      throw new Error(`${name} is older than ${source}: cargo build --workspace --bins`);
    }
  }
  return path;
}
