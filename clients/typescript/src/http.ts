import { type Api, type Reply } from "./api.js";
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
}

/** The HTTP door, with the routes that are no operation. */
export interface HttpApi extends Api {
  /** POSTs, or GETs without input. `accessToken` is empty where the cookie names the user. */
  request(path: string, input?: object, options?: CallOptions, accessToken?: string): Promise<any>;
}

/** The HTTP door, which answers Cognito itself. `isSignedIn` says of a reply that it ends the flow. */
export function http(
  send: Send,
  { url, clientId }: HttpConfig,
  isSignedIn: (reply: Reply) => boolean = ({ tokens }) => tokens,
): HttpApi {
  const request = async (path: string, input?: object, options?: CallOptions, accessToken?: string) => {
    const headers: Record<string, string> = accessToken ? { authorization: `Bearer ${accessToken}` } : {};
    const { ok, status, body } = await send(`${url.replace(/\/$/, "")}/v1/${path}`, headers, input, options);
    const { continuation, type, detail, ...reply } = body;
    const next = { ...reply, ...(continuation && { session: continuation }) };
    const isWhole = accessToken !== undefined || continuation || isSignedIn(reply);
    if (ok && isWhole) return next;
    // `urn:latchstring:error:NAME`. A gateway's own answer has none.
    const failed = named(String(type ?? status).split(":").pop()!, detail);
    if (!continuation) throw failed;
    // The session that goes on is never in an error.
    return { ...next, failed };
  };

  return {
    request,

    async call(operation, input: any, options, accessToken) {
      const method = input.method?.toLowerCase();
      if (operation === "contacts/pending") {
        return (await request(`${operation}?method=${method}`, undefined, options, accessToken)).pending;
      }
      const more = operation === "sign-in" && { clientId };
      return request(operation, { ...input, method, ...more }, options, accessToken);
    },

    async respond({ purpose, session: continuation }, answer, options, { action, linkSecret } = {}) {
      const isResend = action === "resend";
      const isUndone = purpose === "undo";
      const path = isResend ? "sign-in/resend" : isUndone ? "contacts/undo" : "sign-in/answer";
      const reply = await request(path, { continuation, answer: isResend ? undefined : answer, linkSecret }, options);
      return { ...reply, isUndone, refused: isResend && reply.failed?.type };
    },
  };
}
