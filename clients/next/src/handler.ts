import { type LatchstringConfig, LatchstringError } from "./config.js";
import { ask, idIn, membersOf } from "./door.js";

/**
 * The routes that a browser may call. `GET session/token` is not among them and must never be: its answer
 * has a token.
 */
const ROUTES: Record<"GET" | "POST", ReadonlySet<string>> = {
  GET: new Set(["session", "sessions", "contacts/pending"]),
  POST: new Set([
    "sign-in",
    "sign-in/answer",
    "sign-in/resend",
    "sign-out",
    "sign-up",
    "names",
    "contacts/change",
    "contacts/undo",
    "devices/remember",
    "devices/forget",
    "sessions/revoke",
  ]),
};

/** The headers of an answer that a browser gets, beside its cookies. */
const RETURNED = ["allow", "cache-control", "content-type", "retry-after"];

/** The most bytes of a body, as in the HTTP door. */
const LIMIT = 64 * 1024;

/** Passes one request of a browser on to the HTTP door. */
export async function pass(config: LatchstringConfig, method: "GET" | "POST", request: Request): Promise<Response> {
  const { pathname, searchParams } = new URL(request.url);
  const route = pathname.split("/v1/").pop()!;
  if (!ROUTES[method].has(route)) {
    const other = method === "GET" ? "POST" : "GET";
    return ROUTES[other].has(route)
      ? problem("MethodNotAllowed", 405, `This route takes ${other}.`, { allow: other })
      : problem("NotFound", 404, "There is no such route.");
  }
  let body: string | undefined;
  if (method === "POST") {
    const read = await bodyOf(request, config.bodyTimeout ?? 10_000);
    if (read === "large") return problem("ContentTooLarge", 413, "The body has more than 64 kB.");
    if (read === "late") return problem("MalformedRequest", 400, "The body did not arrive in time.");
    body = read.text;
  }
  const kind = searchParams.get("method");
  const path = route === "contacts/pending" && kind ? `${route}?method=${encodeURIComponent(kind)}` : route;
  const { headers } = request;
  try {
    const answer = await ask(config, { method, path, headers, id: idIn(headers.get("cookie")), body });
    const members = membersOf(answer.text);
    if (members.tokens || members.accessToken) {
      throw new LatchstringError("Unavailable", "Latchstring answered with tokens: is SESSION_MODE on?");
    }
    const returned = new Headers({ "cache-control": "no-store" });
    for (const name of RETURNED) {
      const value = answer.headers.get(name);
      if (value !== null) returned.set(name, value);
    }
    for (const cookie of answer.headers.getSetCookie()) returned.append("set-cookie", cookie);
    const isEmpty = answer.status === 204 || answer.status === 304;
    return new Response(isEmpty ? null : answer.text, { status: answer.status, headers: returned });
  } catch (error) {
    if (!(error instanceof LatchstringError)) throw error;
    console.error(error.message);
    return problem("Unavailable", 503, "The service is not available. Try again later.");
  }
}

/** Reads a body, up to a limit of bytes and of time. */
async function bodyOf(request: Request, time: number): Promise<{ text: string } | "large" | "late"> {
  if (Number(request.headers.get("content-length")) > LIMIT) return "large";
  const reader = request.body?.getReader();
  if (!reader) return { text: "" };
  const decoder = new TextDecoder();
  let text = "";
  let length = 0;
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<"late">((end) => (timer = setTimeout(end, time, "late")));
  try {
    for (;;) {
      const part = await Promise.race([reader.read(), late]);
      if (part === "late") return "late";
      if (part.done) return { text: text + decoder.decode() };
      length += part.value.byteLength;
      if (length > LIMIT) return "large";
      text += decoder.decode(part.value, { stream: true });
    }
  } catch {
    // The browser broke off.
    return "late";
  } finally {
    clearTimeout(timer);
    reader.cancel().catch(() => {});
  }
}

/** A problem, in the form of the HTTP door's own. */
function problem(name: string, status: number, detail: string, headers: Record<string, string> = {}): Response {
  return Response.json(
    { type: `urn:latchstring:error:${name}`, title: detail, status, detail },
    { status, headers: { ...headers, "cache-control": "no-store", "content-type": "application/problem+json" } },
  );
}
