// Fails the build of a client component that imports this, and with it the server credential.
import "server-only";
import { cookies, headers } from "next/headers.js";
import { cache } from "react";
import { type LatchstringConfig, LatchstringError } from "./config.js";
import { COOKIE, idOf } from "./cookie.js";
import { type Answer, ask, membersOf } from "./door.js";
import { pass } from "./handler.js";

export { type LatchstringConfig, LatchstringError } from "./config.js";

/** The browser session of a request. Times are seconds since 1970, by the service's clock. */
export interface BrowserSession {
  /** The account. */
  readonly sub: string;
  readonly username: string;
  /** When the user answered a code. */
  readonly signedInAt: number;
  readonly openedAt: number;
  readonly expiresIn: number;
}

/** What an app uses: the route handlers, and the session and the token for its own code. */
export interface LatchstringServer {
  /** The handlers of a catch-all route, such as `app/api/latchstring/[...path]/route.js`. */
  GET(request: Request): Promise<Response>;
  POST(request: Request): Promise<Response>;
  /**
   * The browser session of the request that is being answered; null if no user is signed in. Asked once a
   * request, however often it is called while a page is rendered. Throws a `LatchstringError` if the
   * service does not answer.
   */
  getSession(): Promise<BrowserSession | null>;
  /**
   * The access token of the browser session, to call an API with; null if no user is signed in. Never
   * return it, or pass it to a client component: what a page is given, its scripts can read.
   */
  getAccessToken(): Promise<string | null>;
}

/**
 * Connects an app to a deployment in session mode.
 *
 * ```ts
 * export const { GET, POST, getSession, getAccessToken } = latchstring({
 *   url: process.env.LATCHSTRING_URL,
 *   serverCredential: process.env.LATCHSTRING_SERVER_CREDENTIAL,
 * });
 * ```
 */
export function latchstring(config: LatchstringConfig): LatchstringServer {
  return {
    GET: (request) => pass(config, "GET", request),
    POST: (request) => pass(config, "POST", request),
    getSession: cache(() => current<BrowserSession>(config, "session", (session) => session)),
    getAccessToken: cache(() => current(config, "session/token", ({ accessToken }) => String(accessToken))),
  };
}

/** Asks about the session of the request that is being answered. */
async function current<T>(config: LatchstringConfig, path: string, read: (members: any) => T): Promise<T | null> {
  // Outside of any `catch`: by what they throw, Next.js learns that a page depends on its request.
  const [jar, received] = await Promise.all([cookies(), headers()]);
  const id = idOf(jar.get(COOKIE)?.value);
  if (!id) return null;
  // Only what describes the browser: the request is the server's own.
  const own = new Headers(received);
  for (const name of ["content-type", "origin", "sec-fetch-site", "x-latchstring"]) own.delete(name);
  const answer = await ask(config, { method: "GET", path, headers: own, id });
  if (answer.status === 401) return null;
  const members = membersOf(answer.text);
  if (answer.status !== 200 || !(members.sub || members.accessToken)) throw failure(answer, members);
  return read(members);
}

/** The error of an answer. A gateway's own answer has no type. */
function failure({ status }: Answer, { type }: Record<string, unknown>): LatchstringError {
  const name = typeof type === "string" ? type.split(":").pop()! : "Unavailable";
  const hint = name === "Forbidden" ? ": is the server credential right?" : name === "NotFound" ? ": is SESSION_MODE on?" : "";
  return new LatchstringError(name, `Latchstring answered ${status} ${name}${hint}`);
}
