import { isIP } from "node:net";
import { type LatchstringConfig, LatchstringError } from "./config.js";
import { COOKIE, idOf } from "./cookie.js";

/** One answer of the HTTP door, read to its end. */
export interface Answer {
  readonly status: number;
  readonly headers: Headers;
  readonly text: string;
}

/** What a request to the door is made of. */
export interface Asking {
  readonly method: "GET" | "POST";
  /** Behind `/v1/`: a route of our own lists, never a text of the browser's. */
  readonly path: string;
  /** The headers of the browser's request. */
  readonly headers: Headers;
  /** The id of the browser session. */
  readonly id: string | undefined;
  readonly body?: string | undefined;
}

/** The headers of a browser that the door needs; no other one is passed on, `authorization` least of all. */
const PASSED = ["content-type", "origin", "sec-fetch-site", "user-agent", "x-latchstring"];

/** Calls the HTTP door for a browser. */
export async function ask(config: LatchstringConfig, { method, path, headers, id, body }: Asking): Promise<Answer> {
  const { url, serverCredential, timeout = 30_000 } = config;
  if (!url || !serverCredential) {
    throw new LatchstringError("Unavailable", `Latchstring: ${url ? "serverCredential" : "url"} is not set`);
  }
  const passed = new Headers({ "x-latchstring-server": serverCredential });
  for (const name of PASSED) {
    const value = headers.get(name);
    if (value !== null) passed.set(name, value);
  }
  const source = sourceOf(config, headers);
  if (source) passed.set("x-latchstring-source", source);
  if (id) passed.set("cookie", `${COOKIE}=${id}`);
  try {
    const answer = await fetch(`${url.replace(/\/$/, "")}/v1/${path}`, {
      method,
      headers: passed,
      body: body ?? null,
      cache: "no-store",
      redirect: "error",
      signal: AbortSignal.timeout(timeout),
    });
    return { status: answer.status, headers: answer.headers, text: await answer.text() };
  } catch (error) {
    const { name, cause } = error as Error;
    const reason = (cause as NodeJS.ErrnoException | undefined)?.code ?? name;
    throw new LatchstringError("Unavailable", `Latchstring does not answer: ${reason}`);
  }
}

/** True once a missing address was reported. */
let isTold = false;

/** Returns the address that the request came from, without a port, if a trusted source names one. */
function sourceOf({ source }: LatchstringConfig, headers: Headers): string | undefined {
  const named = typeof source === "string" ? headers.get(source)?.split(",").pop() : source?.(headers);
  const text = named?.trim() ?? "";
  // `198.51.100.7:4711`, `[2001:db8::7]:4711`, and CloudFront's `2001:db8:0:0:0:0:0:7:4711`.
  const [, bracketed, before] = /^(?:\[(.+)\](?::\d+)?|([\d.]+|(?:[\da-f]+:){7}[\da-f]+):\d+)$/i.exec(text) ?? [];
  const address = bracketed ?? before ?? text;
  // The door refuses what is no address, and knows no zones.
  if (isIP(address) && !address.includes("%")) return address;
  if (source && !isTold) {
    isTold = true;
    console.error("Latchstring: `source` names no address, so all users share the budget of this server");
  }
  return undefined;
}

/** Returns the id of the browser session in the header `cookie`. Several cookies of the name count as none. */
export function idIn(cookies: string | null): string | undefined {
  const pairs = (cookies ?? "").split(";").map((cookie) => cookie.replace(/^[ \t]+|[ \t]+$/g, "").split("="));
  const [first, second] = pairs.filter(([name]) => name === COOKIE);
  return first?.length === 2 && !second ? idOf(first[1]) : undefined;
}

/** Returns the members of an answer; none if it is no JSON object. */
export function membersOf(text: string): Record<string, any> {
  try {
    return Object(JSON.parse(text || "{}"));
  } catch {
    return {};
  }
}
