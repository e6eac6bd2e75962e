import { type Api } from "./api.js";
import { named } from "./errors.js";
import { type CallOptions, type Send } from "./transport.js";

/** The address of a deployment with the HTTP door. */
export interface HttpConfig {
  /** The address before `/v1`. With it the GraphQL API is not called. */
  url: string;
  /** The pool's app client; if not given, that of the tokens. */
  clientId?: string | undefined;
  /** The pool's region; if not given, that of the tokens. */
  region?: string | undefined;
  /**
   * True if the deployment holds the sign-in and the browser a cookie (`SESSION_MODE`): the client then
   * never gets a token. `url` is the page's own origin, or the page's one of `SESSION_ORIGINS`.
   */
  sessionMode?: boolean | undefined;
}

/** The status of an answer that opened a browser session. */
export const OPENED = "session_opened";

/** The HTTP door, which answers Cognito itself. */
export function http(send: Send, { url, clientId, sessionMode }: HttpConfig): Api {
  /** `accessToken` is empty where the cookie names the user. */
  const request = async (path: string, input?: object, options?: CallOptions, accessToken?: string) => {
    const headers: Record<string, string> = accessToken ? { authorization: `Bearer ${accessToken}` } : {};
    // A page of another origin cannot send it without permission.
    if (sessionMode && input) headers["x-latchstring"] = "1";
    const { ok, status, body } = await send(`${url.replace(/\/$/, "")}/v1/${path}`, headers, input, options);
    const { continuation, type, detail, ...reply } = body;
    const next = { ...reply, ...(continuation && { session: continuation }) };
    const isWhole = accessToken !== undefined || continuation || reply.tokens || reply.status === OPENED;
    if (ok && isWhole) return next;
    // `urn:latchstring:error:NAME`. A gateway's own answer has none.
    const failed = named(String(type ?? status).split(":").pop()!, detail);
    if (!continuation) throw failed;
    // The session that goes on is never in an error.
    return { ...next, failed };
  };

  return {
    async call(operation, { ...input }: any, options, accessToken) {
      const method = input.method?.toLowerCase();
      if (operation === "contacts/pending") {
        return (await request(`${operation}?method=${method}`, undefined, options, accessToken)).pending;
      }
      if (method) input.method = method;
      if (operation === "sign-in") input.clientId = clientId;
      return request(operation, input, options, accessToken);
    },

    async respond({ purpose, session: continuation }, answer, options, { action, linkSecret } = {}) {
      const isResend = action === "resend";
      const isUndone = purpose === "undo";
      const path = isResend ? "sign-in/resend" : isUndone ? "contacts/undo" : "sign-in/answer";
      const reply = await request(path, { continuation, answer: isResend ? undefined : answer, linkSecret }, options);
      return { ...reply, isUndone, refused: isResend && reply.failed?.type };
    },

    session: sessionMode ? (path, input, options) => request(path, input, options, "") : undefined,
  };
}
