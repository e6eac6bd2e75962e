import { type ErrorType, LatchstringError, typeOf } from "./errors.js";

/** The context of every request. */
export interface Transport {
  readonly fetch: typeof globalThis.fetch;
  /** Milliseconds a request may take. */
  readonly timeout: number;
}

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

/** POSTs JSON and reads the JSON answer, within the time limit. */
export async function post(
  { fetch, timeout }: Transport,
  url: string,
  headers: Record<string, string>,
  body: unknown,
  { signal }: CallOptions = {},
): Promise<Reply> {
  signal?.throwIfAborted();
  const ended = new AbortController();
  const end = () => ended.abort();
  const timer = setTimeout(end, timeout);
  signal?.addEventListener("abort", end);
  let status = 0;
  try {
    const response = await fetch(url, {
      method: "POST",
      headers: { "content-type": "application/json", ...headers },
      body: JSON.stringify(body),
      cache: "no-store",
      credentials: "omit",
      redirect: "error",
      referrerPolicy: "no-referrer",
      signal: ended.signal,
    });
    status = response.status;
    const text = await response.text();
    return { ok: response.ok, status, body: (text && JSON.parse(text)) || {} };
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
}

/** One operation of Cognito's. Its texts are not for people: an error has ours. */
export async function cognito(
  transport: Transport,
  endpoint: string,
  operation: string,
  input: object,
  options?: CallOptions,
): Promise<any> {
  const { ok, status, body } = await post(
    transport,
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

/** One field of the API. */
export async function graphql(
  transport: Transport,
  url: string,
  headers: Record<string, string>,
  field: string,
  document: string,
  variables: object,
  options?: CallOptions,
): Promise<any> {
  const { ok, body } = await post(transport, url, headers, { query: document, variables }, options);
  const error = body.errors?.[0];
  if (!error && ok && body.data) return body.data[field];
  const type: ErrorType = error ? typeOf(String(error.errorType)) : "Unavailable";
  // The schema's own errors have texts for people; AppSync's and a bug's have not.
  throw new LatchstringError(type, type === error?.errorType ? error.message : undefined);
}
