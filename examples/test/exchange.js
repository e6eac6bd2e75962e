// Exchanges between a client and the service, as they are kept in vectors/: everything that differs
// from run to run has a name there. `<session 2>` is the second session that was given out.

const PREFIX = "AWSCognitoIdentityProviderService.";

/** What goes by which name, in the order in which replies gave it out. */
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

  /** A value that goes by one name alone. */
  set(name, value) {
    this.#values.set(name, value);
  }

  /** Learns what a reply gave out. */
  learn(reply) {
    for (const given of [reply, ...Object.values(reply.data ?? {})]) {
      this.add("session", given?.session ?? given?.Session);
      this.add("ticket", given?.ticket);
      this.add("username", given?.username);
    }
    this.add("proof", reply.ChallengeParameters?.proof);
    this.add("username", reply.ChallengeParameters?.USERNAME);
    for (const [key, value] of Object.entries(reply.AuthenticationResult ?? {})) {
      if (key.endsWith("Token")) this.add(key, value);
    }
  }

  /** Names for values. */
  hide(content) {
    return each(content, (text) => {
      // The right one is known from the inbox.
      return this.#names.get(text) ?? (/^\d{6,8}$/.test(text) ? "<wrong code>" : text);
    });
  }

  /** Values for names. */
  fill(content) {
    return each(content, (text) => {
      if (!/^<.+>$/.test(text)) return text;
      const value = this.#values.get(text);
      if (value === undefined) throw new Error(`nothing was given out as ${text}`);
      return value;
    });
  }
}

function each(content, change) {
  if (typeof content === "string") return change(content);
  if (content === null || typeof content !== "object") return content;
  return Object.fromEntries(Object.entries(content).map(([key, item]) => [key, each(item, change)]));
}

/** One exchange in the form that is kept: `operation` is a mutation's or an operation of Cognito's. */
export function kept(names, headers, asked, status, reply) {
  const { "x-amz-target": target, ...others } = headers;
  return {
    operation: target?.slice(PREFIX.length) ?? asked.query.match(/\{ (\w+)\(/)[1],
    headers: names.hide(others),
    body: names.hide(target ? asked : asked.variables),
    reply: status === 200 ? "ok" : reply.__type,
  };
}

const RESULTS = { signIn: "session username", signInTicket: "ticket username" };

/** The request that an exchange was kept of. */
export function request(names, { operation, headers, body }) {
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
