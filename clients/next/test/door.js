// A small HTTP door in session mode, for what the local service does not do: it can be slow, send tokens
// that it should not, and keeps what it was asked.
import { randomBytes } from "node:crypto";
import { once } from "node:events";
import { createServer } from "node:http";

export const CREDENTIAL = "a server credential of the tests, 32+";
const COOKIE = "__Host-latchstring";

/** Starts it. `asked` has every request; `next` is the handler of the next request alone. */
export async function startDoor() {
  const asked = [];
  const sessions = new Set();
  const door = { asked, sessions, next: undefined };
  const server = createServer(async (request, response) => {
    let body = "";
    for await (const part of request) body += part;
    const { method, url, headers } = request;
    asked.push({ method, url, headers, body });
    const answer = (status, members, more = {}) =>
      response.writeHead(status, { "content-type": "application/json", ...more }).end(members && JSON.stringify(members));
    const refuse = (name, status) => answer(status, { type: `urn:latchstring:error:${name}`, status, detail: `${name}.` });
    const { next } = door;
    door.next = undefined;
    if (next) return next(response, answer);
    const isServer = headers["x-latchstring-server"] === CREDENTIAL;
    if (headers["x-latchstring-server"] && !isServer) return refuse("Forbidden", 403);
    if (method !== "GET" && !(headers["x-latchstring"] && headers["sec-fetch-site"] === "same-origin")) {
      return refuse("Forbidden", 403);
    }
    const id = headers.cookie?.match(new RegExp(`${COOKIE}=([\\w-]{43})`))?.[1];
    const set = (value, age) => ({ "set-cookie": `${COOKIE}=${value}; Path=/; Secure; HttpOnly; SameSite=Lax; Max-Age=${age}` });
    switch (`${method} ${url}`) {
      case "POST /v1/sign-in":
        return answer(200, { continuation: "k1.first", codeLength: 6, codeAlphabet: "digits", expiresIn: 300, resendAfter: 30 });
      case "POST /v1/sign-in/answer": {
        if (JSON.parse(body).answer !== "123456") {
          return answer(200, { status: "wrong", continuation: "k1.next", attemptsLeft: 2, expiresIn: 290, resendAfter: 20 });
        }
        const made = randomBytes(32).toString("base64url");
        sessions.add(made);
        return answer(200, { status: "session_opened", isNew: true, expiresIn: 600 }, set(made, 600));
      }
      case "POST /v1/sign-out":
        sessions.delete(id);
        return answer(204, undefined, set("", 0));
    }
    if (!sessions.has(id)) return refuse("NotSignedIn", 401);
    if (url === "/v1/session") {
      return answer(200, { sub: "account-1", username: "user-1", signedInAt: 1, openedAt: 2, expiresIn: 600 });
    }
    if (url === "/v1/session/token") {
      return isServer ? answer(200, { accessToken: "access-token-1", expiresIn: 600 }) : refuse("Forbidden", 403);
    }
    return answer(200, { pending: null, sessions: [] });
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  return Object.assign(door, {
    url: `http://127.0.0.1:${server.address().port}`,
    async stop() {
      server.closeAllConnections();
      server.close();
      await once(server, "close");
    },
  });
}
