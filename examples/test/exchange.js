// Exchanges between a client and the service, in the form of vectors/: everything that differs from
// run to run has a name. `<session 2>` is the second session of the replies.

const PREFIX = "AWSCognitoIdentityProviderService.";

/** Names for values, numbered in the order of the replies. */
export class Names {
  #names = new Map();
  #values = new Map();
  #counts = new Map();

  add(kind, value) {
    if (typeof value !== "string" || this.#names.has(value)) return;
    const count = (this.#counts.get(kind) ?? 0) + 1;
    const name = `<${kind} ${count}>`;
    this.#counts.set(kind, count);
    this.#names.set(value, name);
    this.#values.set(name, value);
  }

  /** Names a single value. */
  set(name, value) {
    this.#values.set(name, value);
  }

  /** Records the values of a reply. */
  learn(reply) {
    for (const given of [reply, ...Object.values(reply.data ?? {})]) {
      this.add("session", given?.session ?? given?.Session);
      this.add("continuation", given?.continuation);
      this.add("resume", given?.resume);
      this.add("device", given?.device);
      this.add("ticket", given?.ticket);
      this.add("username", given?.username);
      // The API's tokens have the names of Cognito's, in camel case.
      for (const [key, value] of Object.entries(given?.tokens ?? {})) {
        if (key.endsWith("Token")) this.add(key[0].toUpperCase() + key.slice(1), value);
      }
    }
    this.add("proof", reply.ChallengeParameters?.proof);
    this.add("username", reply.ChallengeParameters?.USERNAME);
    for (const [key, value] of Object.entries(reply.AuthenticationResult ?? {})) {
      if (key.endsWith("Token")) this.add(key, value);
    }
  }

  /** Replaces values by their names. */
  hide(content) {
    return each(content, (text) => {
      // The inbox gives the right code.
      return this.#names.get(text) ?? (/^\d{6,8}$/.test(text) ? "<wrong code>" : text);
    });
  }

  /** Replaces names by their values. */
  fill(content) {
    return each(content, (text) => {
      if (!/^<.+>$/.test(text)) return text;
      const value = this.#values.get(text);
      if (value === undefined) throw new Error(`no reply contained ${text}`);
      return value;
    });
  }
}

function each(content, change) {
  if (typeof content === "string") return change(content);
  if (content === null || typeof content !== "object") return content;
  return Object.fromEntries(Object.entries(content).map(([key, item]) => [key, each(item, change)]));
}

/** The outcome of a request: `ok`, or the name of the error. */
export function outcomeOf(status, reply) {
  return status < 300 ? "ok" : (reply.__type ?? reply.type?.split(":").pop());
}

/**
 * One exchange in its recorded form: `operation` is a mutation's, an operation of Cognito's or a path of
 * the HTTP door.
 */
export function kept(names, path, headers, asked, status, reply) {
  const { "x-amz-target": target, ...others } = headers;
  const operation = target?.slice(PREFIX.length) ?? asked.query?.match(/\{ (\w+)\(/)[1] ?? path;
  return {
    operation,
    headers: hideBearer(names, others),
    body: names.hide(asked.query ? asked.variables : asked),
    reply: outcomeOf(status, reply),
  };
}

const BEARER = "Bearer ";

function hideBearer(names, { authorization, ...headers }) {
  const token = authorization?.startsWith(BEARER) ? authorization.slice(BEARER.length) : undefined;
  if (token) return { ...names.hide(headers), authorization: BEARER + names.hide(token) };
  return names.hide({ ...headers, ...(authorization && { authorization }) });
}

function fillBearer(names, { authorization, ...headers }) {
  if (!authorization?.startsWith(BEARER)) return names.fill({ ...headers, ...(authorization && { authorization }) });
  return { ...names.fill(headers), authorization: BEARER + names.fill(authorization.slice(BEARER.length)) };
}

const RESULTS = {
  signIn: "session username tokens { accessToken idToken refreshToken }",
  signInTicket: "ticket username",
};

/** The request of a recorded exchange. */
export function request(names, { operation, headers, body }) {
  if (operation.startsWith("/")) {
    return { path: operation, headers: fillBearer(names, headers), content: names.fill(body) };
  }
  const result = RESULTS[operation];
  const content = result
    ? {
        query: `mutation ($input: SignInInput!) { ${operation}(input: $input) { ${result} } }`,
        variables: names.fill(body),
      }
    : names.fill(body);
  return {
    path: result ? "/graphql" : "/",
    headers: { ...names.fill(headers), ...(!result && { "x-amz-target": PREFIX + operation }) },
    content,
  };
}
