import { LatchstringError } from "./config.js";
import { COOKIE, idOf } from "./cookie.js";
/** The headers of a browser that the door needs; no other one is passed on, `authorization` least of all. */
const PASSED = ["content-type", "origin", "sec-fetch-site", "user-agent", "x-latchstring"];
/** Calls the HTTP door for a browser. */
export async function ask(config, { method, path, headers, id, body }) {
    const { url, serverCredential, timeout = 30_000 } = config;
    if (!url || !serverCredential) {
        throw new LatchstringError("Unavailable", `@latchstring/next: ${url ? "serverCredential" : "url"} is not set`);
    }
    const passed = new Headers({ "x-latchstring-server": serverCredential });
    for (const name of PASSED) {
        const value = headers.get(name);
        if (value !== null)
            passed.set(name, value);
    }
    const source = sourceOf(config, headers);
    if (source)
        passed.set("x-latchstring-source", source);
    if (id)
        passed.set("cookie", `${COOKIE}=${id}`);
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
    }
    catch (error) {
        const { name, cause } = error;
        const reason = cause?.code ?? name;
        throw new LatchstringError("Unavailable", `Latchstring does not answer: ${reason}`);
    }
}
/** The address that the request came from, without a port, if a trusted source names one. */
function sourceOf({ source }, headers) {
    const named = typeof source === "string" ? headers.get(source)?.split(",").pop() : source?.(headers);
    const address = named?.trim();
    if (!address)
        return undefined;
    // `198.51.100.7:4711`, `[2001:db8::7]:4711`, and CloudFront's `2001:db8:0:0:0:0:0:7:4711`.
    const bare = /^\[(.+)\](?::\d+)?$/.exec(address)?.[1] ?? /^([\d.]+|(?:[\da-f]+:){7}[\da-f]+):\d+$/i.exec(address)?.[1] ?? address;
    return /^[\da-f.:]{2,45}$/i.test(bare) ? bare : undefined;
}
/** The id of the browser session in the header `cookie`. */
export function idIn(cookies) {
    for (const cookie of cookies?.split(";") ?? []) {
        const [name, value] = cookie.trim().split("=", 2);
        if (name === COOKIE)
            return idOf(value);
    }
    return undefined;
}
/** The members of an answer; none if it is no JSON object. */
export function membersOf(text) {
    try {
        return Object(JSON.parse(text || "{}"));
    }
    catch {
        return {};
    }
}
