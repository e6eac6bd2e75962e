// The browser of the tests in Node.

import { execFileSync } from "node:child_process";

/**
 * The path of Chromium: what CHROMIUM names, otherwise the headless shell, which takes half of the processor
 * time of the whole browser for the same pictures.
 */
export function browserPath() {
  const found = 'command -v "${CHROMIUM:-chromium-headless-shell}" || { test -z "$CHROMIUM" && command -v chromium; }';
  return execFileSync("sh", ["-c", found], { encoding: "utf8" }).trim();
}
