// The real local service, on a free port, for as long as a test file runs.
import { spawn } from "node:child_process";
import { once } from "node:events";
import { createInterface } from "node:readline";
import { binary } from "../../../tests/binary.mjs";

/** Starts it: what `/config.json` says, and the handles that tests want. */
export async function startService(...options) {
  const child = spawn(binary("latchstring-local"), ["--port", "0", "--control", ...options], {
    stdio: ["ignore", "pipe", "inherit"],
  });
  const ended = once(child, "exit");
  const endpoint = await listening(child, ended);
  const config = await get("/config.json");

  async function get(path) {
    return (await fetch(endpoint + path)).json();
  }

  return {
    config,
    /** POST /control. */
    async control(settings) {
      const response = await fetch(`${endpoint}/control`, {
        method: "POST",
        headers: { "content-type": "application/json" },
        body: JSON.stringify(settings),
      });
      if (!response.ok) throw new Error(await response.text());
    },
    /** The messages to an identifier, newest first. */
    async messages(to) {
      return (await get("/inbox.json")).filter((message) => message.to === to);
    },
    /** The code in the last message to an identifier. */
    async code(to) {
      const [message] = await this.messages(to);
      if (!message?.code) throw new Error(`nothing was sent to ${to}`);
      return message.code;
    },
    async stop() {
      child.kill();
      await ended;
    },
  };
}

async function listening(child, ended) {
  const lines = createInterface({ input: child.stdout });
  const early = ended.then(([code]) => {
    throw new Error(`the local service ended with ${code}`);
  });
  const [line] = await Promise.race([once(lines, "line"), early]);
  early.catch(() => {});
  // It never waits for a reader.
  lines.on("line", () => {});
  return line.match(/http:\/\/[\d.:]+/)[0];
}

/** Another code of the same length, never the right one. */
export function wrong(code, by = 1) {
  return String((Number(code) + by) % 10 ** code.length).padStart(code.length, "0");
}
