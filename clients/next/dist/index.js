// Fails the build of a client component that imports this, and with it the server credential.
import "server-only";
import { cookies, headers } from "next/headers.js";
import { cache } from "react";
import { LatchstringError } from "./config.js";
import { COOKIE, idOf } from "./cookie.js";
import { ask, membersOf } from "./door.js";
import { pass } from "./handler.js";
export { LatchstringError } from "./config.js";
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
export function latchstring(config) {
    return {
        GET: (request) => pass(config, "GET", request),
        POST: (request) => pass(config, "POST", request),
        getSession: cache(() => current(config, "session", (session) => session)),
        getAccessToken: cache(() => current(config, "session/token", ({ accessToken }) => String(accessToken))),
    };
}
/** Asks about the session of the request that is being answered. */
async function current(config, path, read) {
    // Outside of any `catch`: by what they throw, Next.js learns that a page depends on its request.
    const [jar, received] = await Promise.all([cookies(), headers()]);
    const id = idOf(jar.get(COOKIE)?.value);
    if (!id)
        return null;
    // Only what describes the browser: the request is the server's own.
    const own = new Headers(received);
    for (const name of ["content-type", "origin", "sec-fetch-site", "x-latchstring"])
        own.delete(name);
    const answer = await ask(config, { method: "GET", path, headers: own, id });
    if (answer.status === 401)
        return null;
    const members = membersOf(answer.text);
    if (answer.status !== 200 || !(members.sub || members.accessToken))
        throw failure(answer, members);
    return read(members);
}
/** The error of an answer. A gateway's own answer has no type. */
function failure({ status }, { type }) {
    const name = typeof type === "string" ? type.split(":").pop() : "Unavailable";
    const hint = name === "Forbidden" ? ": is the server credential right?" : name === "NotFound" ? ": is SESSION_MODE on?" : "";
    return new LatchstringError(name, `Latchstring answered ${status} ${name}${hint}`);
}
