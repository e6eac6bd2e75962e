// src/errors.ts
var LatchstringError = class extends Error {
  /** @param type what went wrong; `message` is for people, and holds no code, token or session. */
  constructor(type, message = MESSAGES[type], options) {
    super(message, options);
    this.type = type;
  }
  type;
  name = "LatchstringError";
};
var MESSAGES = {
  InvalidIdentifier: "This is no email address or phone number.",
  InvalidName: "This name cannot be used.",
  InvalidProof: "This took too long. Start again.",
  InvalidResume: "This sign-in has ended. Start again.",
  TooManyRequests: "Too many requests. Try again later.",
  CaptchaRequired: "Solve the CAPTCHA. Try again.",
  NotSignedIn: "You are not signed in.",
  ReauthRequired: "Sign in again to do this.",
  ContactInUse: "This contact is in use already.",
  ChangeHeld: "A change can still be undone. Try again later.",
  NothingToUndo: "There is nothing to undo.",
  NotAdmitted: "This contact cannot be used.",
  OtherAccount: "This code belongs to another account.",
  CodeExpired: "The code has expired. Start again.",
  AttemptsSpent: "That was the last attempt. Start again.",
  FlowOver: "This sign-in has ended. Start again.",
  Unavailable: "The service is down. Try again later.",
  Network: "There is no connection.",
  Timeout: "There is no answer.",
  Internal: "Something went wrong."
};
function typeOf(name) {
  const [type] = FOREIGN.find(([, names]) => names.test(name)) ?? [];
  return type ?? (Object.hasOwn(MESSAGES, name) ? name : "Internal");
}
function named(name, text) {
  const type = typeOf(name);
  return new LatchstringError(type, type === name ? text : void 0);
}
var FOREIGN = [
  // Cognito's, of a token or a session, AppSync's of an expired token, and the HTTP door's of a session.
  [
    "NotSignedIn",
    /^((NotAuthorized|UserNotFound|RefreshTokenReuse|Unauthorized)Exception|InvalidContinuation|401)$/
  ],
  ["OtherAccount", /^NoAccount$/],
  ["TooManyRequests", /^((TooManyRequests|LimitExceeded)Exception|429)$/],
  ["Unavailable", /^(ResourceNotFoundException|\w+Lambda\w+|[25]..)$/]
];
function isOfType(error, ...types) {
  return error instanceof LatchstringError && types.includes(error.type);
}
function isSignedOut(error) {
  return isOfType(error, "NotSignedIn");
}
function isLost(error) {
  return !(error instanceof LatchstringError) || isOfType(error, "Network", "Timeout", "Unavailable", "TooManyRequests");
}

// src/transport.ts
var sender = (fetch, timeout, credentials = "omit") => async (url, headers, body, { signal } = {}) => {
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
      signal: ended.signal
    });
    const text = await response.text();
    return { ok: response.ok, status: response.status, body: text && JSON.parse(text) || {} };
  } catch (cause) {
    signal?.throwIfAborted();
    if (ended.signal.aborted) throw new LatchstringError("Timeout");
    if (cause instanceof SyntaxError) throw new LatchstringError("Unavailable");
    throw new LatchstringError("Network", void 0, { cause });
  } finally {
    clearTimeout(timer);
    signal?.removeEventListener("abort", end);
  }
};

// src/flows.ts
function bytesOf(text) {
  const base64 = text.replaceAll("-", "+").replaceAll("_", "/");
  return Uint8Array.from(atob(base64), (c) => c.charCodeAt(0));
}
function base64url(bytes) {
  const base64 = btoa(String.fromCharCode(...bytes));
  return base64.replaceAll("+", "-").replaceAll("/", "_").replaceAll("=", "");
}
async function newLink() {
  if (!globalThis.crypto?.subtle) return {};
  const linkSecret = base64url(crypto.getRandomValues(new Uint8Array(32)));
  const hash = await crypto.subtle.digest("SHA-256", new TextEncoder().encode(linkSecret));
  return { linkSecret, linkChallenge: base64url(new Uint8Array(hash)) };
}
var LINK = /^#?([6-9ac])([\w-]{12})\.([\w-]{21}[AQgw])$/;
var CROCKFORD = "0123456789ABCDEFGHJKMNPQRSTVWXYZ";
function codeOf(shape, token) {
  const number = bytesOf(token).reduce((number2, byte) => number2 << 8n | BigInt(byte), 0n);
  const length = parseInt(shape, 16);
  if (shape !== "c") {
    const code = (number % 10n ** BigInt(length)).toString().padStart(length, "0");
    return { code, codeAlphabet: "DIGITS" };
  }
  const digits = BigInt.asUintN(60, number).toString(32).padStart(length, "0");
  const characters = digits.replace(/./g, (digit) => CROCKFORD[parseInt(digit, 32)]);
  return { code: characters.match(/.{4}/g).join("-"), codeAlphabet: "BASE32" };
}
function flowsIn(text) {
  try {
    const flows = JSON.parse(text ?? "[]");
    return flows.filter(({ challenge }) => {
      const { session, username, emailOrPhone, expiresAt } = challenge;
      return [session, username, emailOrPhone].every((part) => typeof part === "string") && expiresAt > Date.now();
    });
  } catch {
    return [];
  }
}
function flowOf({ session, pointer }, flows) {
  const named2 = flows.filter(({ challenge }) => pointer && nameIn(challenge) === pointer.slice(1));
  return flows.find(({ challenge }) => challenge.session === session) ?? (named2.length === 1 ? named2[0] : void 0);
}
function replaced(flows, before, next, linkSecret) {
  const former = before && flowOf(before, flows);
  const others = flows.filter((flow) => flow !== former);
  if (!next || before && !former) return others;
  return [{ linkSecret: former?.linkSecret ?? linkSecret, challenge: next }, ...others].slice(0, 5);
}
function nameIn({ pointer }) {
  return pointer?.slice(1);
}
function challengeOf(before, reply) {
  const { session, username = "", codeLength, codeAlphabet, attemptsLeft = null, resume = null, pointer = null } = {
    ...before,
    ...reply
  };
  const { expiresIn, resendAfter, refused, retryAfter } = reply;
  const now = Date.now();
  return {
    ...before,
    session,
    username,
    codeLength: +codeLength,
    codeAlphabet: /^base32$/i.test(codeAlphabet) ? "BASE32" : "DIGITS",
    attemptsLeft: attemptsLeft && +attemptsLeft,
    ...expiresIn && {
      expiresAt: now + expiresIn * 1e3,
      resendAt: +resendAfter < +expiresIn ? now + resendAfter * 1e3 : null
    },
    refused: refused ? { type: typeOf(refused), retryAfter: +retryAfter || null } : null,
    resume,
    pointer
  };
}

// src/http.ts
function http(send, { url, clientId }, isSignedIn = ({ tokens }) => tokens) {
  const request = async (path, input, options, accessToken) => {
    const headers = accessToken ? { authorization: `Bearer ${accessToken}` } : {};
    const { ok, status, body } = await send(`${url.replace(/\/$/, "")}/v1/${path}`, headers, input, options);
    const { continuation, type, detail, ...reply } = body;
    const next = { ...reply, ...continuation && { session: continuation } };
    const isWhole = accessToken !== void 0 || continuation || isSignedIn(reply);
    if (ok && isWhole) return next;
    const failed = named(String(type ?? status).split(":").pop(), detail);
    if (!continuation) throw failed;
    return { ...next, failed };
  };
  return {
    request,
    async call(operation, input, options, accessToken) {
      const method = input.method?.toLowerCase();
      if (operation === "contacts/pending") {
        return (await request(`${operation}?method=${method}`, void 0, options, accessToken)).pending;
      }
      const more = operation === "sign-in" && { clientId };
      return request(operation, { ...input, method, ...more }, options, accessToken);
    },
    async respond({ purpose, session: continuation }, answer, options, { action, linkSecret } = {}) {
      const isResend = action === "resend";
      const isUndone = purpose === "undo";
      const path = isResend ? "sign-in/resend" : isUndone ? "contacts/undo" : "sign-in/answer";
      const reply = await request(path, { continuation, answer: isResend ? void 0 : answer, linkSecret }, options);
      return { ...reply, isUndone, refused: isResend && reply.failed?.type };
    }
  };
}

// src/storage.ts
function memoryStorage() {
  const items = /* @__PURE__ */ new Map();
  return {
    getItem: (key) => items.get(key) ?? null,
    setItem: (key, value) => void items.set(key, value),
    removeItem: (key) => void items.delete(key)
  };
}

// src/session.ts
var isOpened = ({ status }) => status === "session_opened";
function createSessionClient(config) {
  return new SessionClient(config);
}
var SessionClient = class {
  #api;
  #storage;
  #flowsKey;
  #deviceKey;
  /** The sessions in which an answer is to be given again, by those in which it failed. */
  #moved = /* @__PURE__ */ new Map();
  constructor({ url, storage = memoryStorage(), timeout = 3e4, fetch = globalThis.fetch }) {
    const call = (...request) => fetch.apply(globalThis, request);
    const send = sender(call, timeout, "include");
    const marked = (address, headers, body, options) => send(address, { ...headers, ...body && { "x-latchstring": "1" } }, body, options);
    this.#api = http(marked, { url }, isOpened);
    this.#storage = storage;
    this.#flowsKey = `latchstring.${url}.flows`;
    this.#deviceKey = `latchstring.${url}.device`;
  }
  /** Has a code sent. The answer looks the same whether or not there is an account. */
  async signIn(input, options) {
    return this.#request("signIn", "sign-in", input, options);
  }
  /**
   * Has a code sent to a contact that was replaced, for its owner to undo the change. The right code
   * brings the account back as it was, ends all of its browser sessions, and signs in to it.
   */
  async undoContactChange(input, options) {
    return this.#request("undo", "sign-in", input, options);
  }
  /** The newest flow of this storage that waits for a code, of a sign-in or an undo; null without one. */
  pending() {
    return this.#flows().map(({ challenge }) => challenge).find(({ purpose }) => purpose !== "contact") ?? null;
  }
  /**
   * Continues a flow, or the one of `pending`: the same code, attempts and times, without a message.
   * `answer` and `resend` do so alone. `InvalidResume` if the flow has ended.
   */
  async resume(before, options) {
    before ??= this.pending();
    if (!before?.resume) throw new LatchstringError("InvalidResume");
    const { purpose, emailOrPhone, method, resume, existingOnly } = before;
    try {
      const operation = purpose === "contact" ? "contacts/change" : "sign-in";
      return this.#asked(before, await this.#call(operation, { emailOrPhone, method, resume, existingOnly }, options));
    } catch (error) {
      if (isOfType(error, "InvalidResume", "ChangeHeld")) this.#store(before, null);
      throw error;
    }
  }
  /**
   * Reads the link of a message from the fragment of its address; null if it is no link. Nothing is
   * called and nothing is used up: only `confirm` answers.
   */
  openLink(fragment) {
    const [, shape, name, token] = LINK.exec(fragment) ?? [];
    if (!token) return null;
    const find = () => this.#flows().find(({ challenge, linkSecret }) => linkSecret && nameIn(challenge) === name);
    let found = find();
    if (!found) return { place: "elsewhere", ...codeOf(shape, token) };
    const confirm = async (options) => {
      found = find() ?? found;
      const { challenge, linkSecret = "" } = found;
      return this.#answer(challenge, token, options, { action: "link", linkSecret });
    };
    return { place: "here", challenge: found.challenge, confirm };
  }
  /**
   * Answers with a code. A right one opens the browser session; a wrong one returns a new challenge. When
   * the flow has ended this throws `CodeExpired`, `AttemptsSpent` or `FlowOver`: start again.
   */
  async answer(challenge, code, options) {
    return this.#answer(challenge, code, options);
  }
  /** Has the same code sent once more, if its time has come. It costs no attempt. */
  async resend(challenge, options) {
    const [answered, next] = await this.#respond(challenge, "resend", options, { action: "resend" });
    return this.#asked({ ...answered, attemptsLeft: answered.attemptsLeft || null }, next);
  }
  /** The browser session of this browser; null if no user is signed in. */
  async session(options) {
    try {
      return await this.#ask("session", void 0, options);
    } catch (error) {
      if (isSignedOut(error)) return null;
      throw error;
    }
  }
  /** All browser sessions of the account. */
  async sessions(options) {
    return (await this.#ask("sessions", void 0, options)).sessions;
  }
  /** Ends one of them, by its `handle`. */
  async revoke(handle, options) {
    await this.#ask("sessions/revoke", { handle }, options);
  }
  /**
   * Ends the browser session here, or with `everywhere` all of the account's and every token; then this
   * device is forgotten, too. After an error without `everywhere` the user may still be signed in: say so.
   */
  async signOut({ everywhere = false, ...options } = {}) {
    await this.#ask("sign-out", { everywhere }, options);
    this.#change(() => []);
    if (everywhere) this.forgetDevice();
  }
  /** Writes the name and has a code sent to the second contact. Needs a recent sign-in. */
  async signUp(input, options) {
    return this.#request("contact", "sign-up", input, options);
  }
  /** Has a code sent to a new contact, which replaces the one of its kind. Needs a recent sign-in. */
  async changeContact(input, options) {
    return this.#request("contact", "contacts/change", input, options);
  }
  /** Writes the name. Needs a signed-in user. */
  async updateName({ givenName, familyName }, options) {
    return this.#call("names", { givenName, familyName }, options);
  }
  /** Returns the state of the last pending contact of a kind; null if there was none. */
  async pendingContact(method, options) {
    const found = await this.#call("contacts/pending", { method }, options);
    return found?.state.toUpperCase() ?? null;
  }
  /**
   * Has this device known, so that strangers who spend the budget of its owner's address do not lock the
   * owner out. Call it after each sign-in and each new contact.
   */
  async rememberDevice(options) {
    const { device } = await this.#call("devices/remember", {}, options);
    this.#storage.setItem(this.#deviceKey, device);
  }
  /** Forgets every device that was remembered for the contacts of the account, this one too. */
  async forgetDevices(options) {
    await this.#call("devices/forget", {}, options);
    this.forgetDevice();
  }
  /** Has this device known no more. */
  forgetDevice() {
    this.#storage.removeItem(this.#deviceKey);
  }
  /** One operation. The cookie takes the place of an access token. */
  async #call(operation, input, options) {
    const device = operation === "sign-in" && this.#storage.getItem(this.#deviceKey) || void 0;
    return this.#api.call(operation, { ...input, device }, options, "");
  }
  /** One operation of browser sessions. */
  #ask(path, input, options) {
    return this.#api.request(path, input, options, "");
  }
  /** Has a code sent. */
  async #request(purpose, operation, input, options) {
    const { linkSecret, linkChallenge } = await newLink();
    const { emailOrPhone, method = emailOrPhone.includes("@") ? "EMAIL" : "PHONE_NUMBER", existingOnly } = input;
    const begun = await this.#call(operation, { ...input, method, linkChallenge }, options);
    return this.#store(null, challengeOf({ purpose, emailOrPhone, method, ...existingOnly && { existingOnly } }, begun), linkSecret);
  }
  async #answer(challenge, text, options, metadata) {
    const [answered, reply] = await this.#respond(challenge, text, options, metadata);
    const { isNew = false, expiresIn, failed } = reply;
    if (isOpened(reply)) {
      this.#store(answered, null);
      return { done: true, isNew, expiresIn };
    }
    const next = this.#asked(answered, reply);
    if (!failed) return { done: false, challenge: next };
    this.#moved.set(challenge.session, next.session);
    throw failed;
  }
  /**
   * Answers a challenge, and returns the challenge that was answered and the reply. If its session has
   * ended, but not the flow, it is answered once more in a new one: the same answer again costs no attempt.
   */
  async #respond(challenge, answer, options, metadata) {
    const { purpose, method, expiresAt, attemptsLeft } = challenge;
    const send = (asked2) => this.#api.respond(asked2, answer, options, metadata);
    const isFinal = (error) => purpose !== "contact" && isOfType(error, "ContactInUse", "NotAdmitted", "NothingToUndo", "OtherAccount");
    let asked = { ...challenge, session: this.#moved.get(challenge.session) ?? challenge.session };
    let failure;
    try {
      return [asked, await send(asked)];
    } catch (error) {
      failure = error;
    }
    if (isSignedOut(failure) && Date.now() < expiresAt && challenge.resume) {
      try {
        asked = await this.resume(challenge, options);
        return [asked, await send(asked)];
      } catch (error) {
        if (isLost(error)) throw error;
        if (isFinal(error) || isOfType(error, "ChangeHeld")) failure = error;
      }
    }
    if (isSignedOut(failure) || isFinal(failure)) this.#store(asked, null);
    if (!isSignedOut(failure)) throw failure;
    if (Date.now() >= expiresAt) throw new LatchstringError("CodeExpired");
    if (purpose === "contact") {
      const state = await this.pendingContact(method, options).catch(() => null);
      if (state === "IN_USE") throw new LatchstringError("ContactInUse");
    }
    throw new LatchstringError(attemptsLeft === 1 && !metadata ? "AttemptsSpent" : "FlowOver");
  }
  /** The question once more. */
  #asked(before, reply) {
    return this.#store(before, challengeOf(before, reply));
  }
  /** Stores the next challenge of a flow, or of a new one; null removes the flow. */
  #store(before, next, linkSecret) {
    this.#change((flows) => replaced(flows, before, next, linkSecret));
    return next;
  }
  /** The stored flows that have not expired, newest first. */
  #flows() {
    return this.#change((flows) => flows);
  }
  /** Changes the stored flows at once: nothing of this page comes between. */
  #change(change) {
    try {
      const stored = this.#storage.getItem(this.#flowsKey);
      const flows = change(flowsIn(stored));
      const text = flows.length ? JSON.stringify(flows) : null;
      if (text && text !== stored) this.#storage.setItem(this.#flowsKey, text);
      if (!text && stored !== null) this.#storage.removeItem(this.#flowsKey);
      return flows;
    } catch {
      return [];
    }
  }
};
export {
  LatchstringError,
  createSessionClient
};
