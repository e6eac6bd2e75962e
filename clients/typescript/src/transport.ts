import { LatchstringError, typeOf } from "./errors.js";

/** Options of every call. */
export interface CallOptions {
  /** Ends the waiting, not what the service has begun. Its reason is what is thrown. */
  signal?: AbortSignal | undefined;
}

/** The status and the decoded body; never a body, header or address of a request in an error. */
export interface Reply {
  readonly ok: boolean;
  readonly status: number;
  readonly body: any;
}

/** POSTs JSON, or GETs if there is none, and reads the JSON answer. */
export type Send = (
  url: string,
  headers: Record<string, string>,
  body: object | undefined,
  options?: CallOptions,
) => Promise<Reply>;

/** Sends requests that may each take `timeout` milliseconds. */
export const sender = (
  fetch: typeof globalThis.fetch,
  timeout: number,
  credentials: RequestCredentials = "omit",
): Send => async (
  url,
  headers,
  body,
  { signal } = {},
) => {
  signal?.throwIfAborted();
  const ended = new AbortController();
  const end = () => ended.abort();
  const timer = setTimeout(end, timeout);
  signal?.addEventListener("abort", end);
  try {
    const response = await fetch(url, {
      method: body ? "POST" : "GET",
      headers: { "content-type": "application/json", ...headers },
      body: JSON.stringify(body),
      cache: "no-store",
      credentials,
      redirect: "error",
      referrerPolicy: "no-referrer",
      signal: ended.signal,
    });
    const text = await response.text();
    return { ok: response.ok, status: response.status, body: (text && JSON.parse(text)) || {} };
  } catch (cause) {
    signal?.throwIfAborted();
    if (ended.signal.aborted) throw new LatchstringError("Timeout");
    // What answered is no service of ours: a proxy, a captive portal, a page of errors.
    if (cause instanceof SyntaxError) throw new LatchstringError("Unavailable");
    throw new LatchstringError("Network", undefined, { cause });
  } finally {
    clearTimeout(timer);
    signal?.removeEventListener("abort", end);
  }
};

/** One operation of Cognito's. Its texts are not for people: an error has ours. */
export async function cognito(
  send: Send,
  endpoint: string,
  operation: string,
  input: object,
  options?: CallOptions,
): Promise<any> {
  const { ok, status, body } = await send(
    endpoint,
    {
      "content-type": "application/x-amz-json-1.1",
      "x-amz-target": `AWSCognitoIdentityProviderService.${operation}`,
    },
    input,
    options,
  );
  if (ok) return body;
  // `SomeException`, or `namespace#SomeException`.
  const name = String(body.__type).split("#").pop()!;
  throw new LatchstringError(status < 500 ? typeOf(name) : "Unavailable");
}
