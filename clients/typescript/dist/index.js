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
async function cognito(send, endpoint, operation, input, options) {
  const { ok, status, body } = await send(
    endpoint,
    {
      "content-type": "application/x-amz-json-1.1",
      "x-amz-target": `AWSCognitoIdentityProviderService.${operation}`
    },
    input,
    options
  );
  if (ok) return body;
  const name = String(body.__type).split("#").pop();
  throw new LatchstringError(status < 500 ? typeOf(name) : "Unavailable");
}

// src/appsync.ts
var CHALLENGE = "{ session username codeLength codeAlphabet expiresIn resendAfter pointer resume }";
var TOKENS = "{ tokens { accessToken idToken refreshToken expiresIn } }";
var DOCUMENTS = {
  "sign-in": `mutation ($input: SignInInput!) { signIn(input: $input) ${CHALLENGE} }`,
  "sign-up": `mutation ($input: SignUpInput!) { signUp(input: $input) ${CHALLENGE} }`,
  names: "mutation ($input: UpdateNameInput!) { updateName(input: $input) { givenName familyName } }",
  "contacts/change": `mutation ($input: ChangeContactInput!) { changeContact(input: $input) ${CHALLENGE} }`,
  "contacts/pending": "query ($method: Method!) { pendingContact(method: $method) { state } }",
  "contacts/undo": `mutation ($input: UndoContactChangeInput!) { undoContactChange(input: $input) ${TOKENS} }`,
  "devices/remember": "mutation { rememberDevice { device } }",
  "devices/forget": "mutation { forgetDevices }"
};
function appsync(send, { graphqlUrl, apiKey, clientId }, endpoint) {
  return {
    async call(operation, { existingOnly, ...input }, options, accessToken) {
      let query = DOCUMENTS[operation];
      if (input.complete) query = query.replace(CHALLENGE, TOKENS);
      if (!accessToken) input = { ...input, clientId };
      let variables = input;
      if (query.includes("$input")) variables = { input: operation === "sign-up" ? { data: input } : input };
      const headers = accessToken ? { authorization: accessToken } : { "x-api-key": apiKey };
      const { ok, body } = await send(graphqlUrl, headers, { query, variables }, options);
      const error = body.errors?.[0];
      if (!error && ok && body.data) return Object.values(body.data)[0];
      throw named(error ? String(error.errorType) : "Unavailable", error?.message);
    },
    async respond({ session, username }, answer, options, metadata) {
      const input = {
        ClientId: clientId,
        ChallengeName: "CUSTOM_CHALLENGE",
        Session: session,
        ChallengeResponses: { USERNAME: username, ANSWER: answer },
        ClientMetadata: metadata
      };
      const reply = await cognito(send, endpoint, "RespondToAuthChallenge", input, options);
      return { ...reply.ChallengeParameters, session: reply.Session, tokens: reply.AuthenticationResult };
    }
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

// src/client.ts
var MARGIN = 3e4;
var Latchstring = class {
  #config;
  #send;
  #api;
  #endpoint;
  #storage;
  /** The names under which this client's tokens, flows and device are stored. */
  #key;
  #flowsKey;
  #deviceKey;
  /** The refresh that is under way, shared by all who ask meanwhile. */
  #refreshing;
  /** The promises that the next change of a stored item awaits, where there are no Web Locks. */
  #turns = /* @__PURE__ */ new Map();
  /** Proofs of sign-ins that lost their connection between the code and the account. */
  #proofs = /* @__PURE__ */ new Map();
  /** The sessions in which an answer is to be given again, by those in which it failed. */
  #moved = /* @__PURE__ */ new Map();
  constructor(config) {
    this.#config = config;
    const fetch = config.fetch ?? ((...request) => globalThis.fetch(...request));
    this.#send = sender(fetch, config.timeout ?? (config.url ? 3e4 : 2e4));
    const { endpoint, region } = config;
    this.#endpoint = endpoint ?? (region && `https://cognito-idp.${region}.amazonaws.com`);
    this.#api = config.url !== void 0 ? http(this.#send, config) : appsync(this.#send, config, this.#endpoint);
    this.#storage = config.storage ?? memoryStorage();
    const prefix = `latchstring.${config.clientId ?? config.url}`;
    this.#key = `${prefix}.tokens`;
    this.#flowsKey = `${prefix}.flows`;
    this.#deviceKey = `${prefix}.device`;
  }
  /** Has a code sent. The answer looks the same whether or not there is an account. */
  async signIn(input, options) {
    return this.#request("signIn", "sign-in", input, options);
  }
  /**
   * Has a code sent to a contact of the account that is signed in, to make its sign-in recent
   * (`ReauthRequired`). The right code of another account, or of none, is refused: `OtherAccount`.
   */
  async reauthenticate(input, options) {
    const tokens = await this.tokens(options);
    if (!tokens) throw new LatchstringError("NotSignedIn");
    return this.#request("signIn", "sign-in", input, options, subject(tokens));
  }
  /**
   * Has a code sent to a contact that was replaced, for its owner to undo the change. The right code
   * brings the account back as it was, and signs in to it. `NothingToUndo` if there is no such change,
   * `ContactInUse` if the contact signs in to an account.
   */
  async undoContactChange(input, options) {
    return this.#request("undo", "sign-in", input, options);
  }
  /**
   * Returns the newest flow of this storage that waits for a code, of a sign-in or an undo; null if
   * there is none. It calls nothing: the code can be entered as before the reload, or the end of the
   * process.
   */
  async pending() {
    const flows = await this.#change();
    return flows.map(({ challenge }) => challenge).find(({ purpose, sub }) => purpose !== "contact" && !sub) ?? null;
  }
  /**
   * Continues a flow, or the one of `pending`, in a new session: the same code, attempts and times,
   * without a message. `answer` and `resend` do so when the session has ended. `InvalidResume` if the
   * flow has ended, `ChangeHeld` if another change keeps the contact of this flow off the account.
   */
  async resume(before, options) {
    before ??= await this.pending();
    if (!before?.resume) throw new LatchstringError("InvalidResume");
    const { purpose, sub, emailOrPhone, method, resume } = before;
    const operation = purpose === "contact" ? "contacts/change" : "sign-in";
    try {
      const [begun, account] = await this.#open(operation, { emailOrPhone, method, resume }, options, sub);
      if (account !== sub) throw new LatchstringError("OtherAccount");
      return await this.#asked(before, begun);
    } catch (error) {
      if (isOfType(error, "InvalidResume", "ChangeHeld")) await this.#store(before, null);
      throw error;
    }
  }
  /**
   * Reads the link of a message from the fragment of its address; null if it is no link. Nothing is
   * called and nothing is used up: only `confirm` answers.
   */
  async openLink(fragment) {
    const [, shape, name, token] = LINK.exec(fragment) ?? [];
    if (!token) return null;
    const find = async () => {
      const flows = await this.#change();
      return flows.find(({ challenge, linkSecret }) => linkSecret && nameIn(challenge) === name);
    };
    let found = await find();
    if (!found) return { place: "elsewhere", ...codeOf(shape, token) };
    const confirm = async (options) => {
      found = await find() ?? found;
      const { challenge, linkSecret = "" } = found;
      return this.#answer(challenge, token, options, { action: "link", linkSecret });
    };
    return { place: "here", challenge: found.challenge, confirm };
  }
  /**
   * Answers with a code. A wrong one returns a new challenge; the first right one of a new person
   * makes the account. When the flow has ended this throws `CodeExpired`, `AttemptsSpent` or
   * `FlowOver`: start again. `ContactInUse` and `ChangeHeld` say why a new contact is not on the account. A session that ended before its flow is replaced, once: see `resume`.
   *
   * If a new person's connection is lost after the right code, calling it again goes on from there.
   */
  async answer(challenge, code, options) {
    return this.#answer(challenge, code, options);
  }
  async #answer(challenge, text, options, metadata) {
    const { session, purpose, sub, emailOrPhone, method } = challenge;
    let proof = this.#proofs.get(session);
    if (!proof) {
      const [answered, reply] = await this.#respond(challenge, text, options, metadata);
      const { tokens: result, isNew = false, failed } = reply;
      proof = reply.proof;
      if (!result && !proof) {
        const next = await this.#asked(answered, reply);
        if (!failed) return { done: false, challenge: next };
        this.#moved.set(session, next.session);
        throw failed;
      }
      await this.#store(answered, null);
      if (result && purpose === "undo" && !reply.isUndone) {
        await this.#revoke(received(result)).catch(() => {
        });
        throw new LatchstringError("ContactInUse");
      }
      if (result) {
        const tokens = purpose === "contact" ? this.#verified(result, sub) : this.#keep(result, sub);
        return { done: true, tokens: await tokens, isNew };
      }
      if (sub) throw new LatchstringError("OtherAccount");
      this.#proofs.set(session, proof);
    }
    try {
      const undo = purpose === "undo";
      const input = { emailOrPhone, method, proof };
      const { tokens } = undo ? await this.#api.call("contacts/undo", input, options) : await this.#begin({ ...input, complete: true }, options);
      this.#proofs.delete(session);
      return { done: true, tokens: await this.#keep(tokens), isNew: !undo };
    } catch (error) {
      if (!isLost(error)) this.#proofs.delete(session);
      throw error;
    }
  }
  /** Has the same code sent once more, if its time has come. It costs no attempt. */
  async resend(challenge, options) {
    const [answered, next] = await this.#respond(challenge, "resend", options, { action: "resend" });
    return this.#asked({ ...answered, attemptsLeft: answered.attemptsLeft || null }, next);
  }
  /** Writes the name and has a code sent to the second contact. Needs a recent sign-in. */
  async signUp(input, options) {
    return this.#request("contact", "sign-up", input, options);
  }
  /** Has a code sent to a new contact, which replaces the one of its kind. Needs a recent sign-in. */
  async changeContact(input, options) {
    return this.#request("contact", "contacts/change", input, options);
  }
  /** Writes the name. `refresh` shows it. Needs a signed-in user. */
  async updateName({ givenName, familyName }, options) {
    const [name] = await this.#signedIn("names", { givenName, familyName }, options);
    return name;
  }
  /** Returns the state of the last pending contact of a kind; null if there was none. */
  async pendingContact(method, options) {
    const [found] = await this.#signedIn("contacts/pending", { method }, options);
    return found?.state.toUpperCase() ?? null;
  }
  /**
   * Has this device known, so that strangers who spend the budget of its owner's address do not lock
   * the owner out. It is known for the contacts that are on the account now: call it after each
   * sign-in and each new contact. It stays known after `signOut`, but not with `everywhere`.
   */
  async rememberDevice(options) {
    const [{ device }, account] = await this.#signedIn("devices/remember", {}, options);
    await this.#alone(async () => {
      if (subject(await this.#load()) === account) await this.#storage.setItem(this.#deviceKey, device);
    });
  }
  /**
   * Forgets every device that was remembered for the contacts of the account, this one too: for an
   * owner who lost a device. Needs a signed-in user; the tokens stay.
   */
  async forgetDevices(options) {
    await this.#signedIn("devices/forget", {}, options);
    await this.forgetDevice();
  }
  /** Has this device known no more. */
  async forgetDevice() {
    await this.#storage.removeItem(this.#deviceKey);
  }
  /** The tokens of the signed-in user, renewed if they are about to end; null without one. */
  async tokens(options) {
    const tokens = await this.#load();
    if (!tokens || tokens.expiresAt - Date.now() > MARGIN) return tokens;
    try {
      return await this.refresh(options);
    } catch (error) {
      if (isSignedOut(error)) return null;
      const isOurs = error instanceof LatchstringError;
      if (isOurs && isLost(error) && tokens.expiresAt > Date.now()) return tokens;
      throw error;
    }
  }
  /**
   * New tokens, which show what is on the account now. Calls at the same time share one request, and
   * tabs with the same storage take turns. `NotSignedIn` if the sign-in has ended: the tokens are
   * removed then.
   */
  async refresh({ signal } = {}) {
    signal?.throwIfAborted();
    this.#refreshing ??= this.#refresh().finally(() => this.#refreshing = void 0);
    const refreshing = this.#refreshing;
    if (!signal) return refreshing;
    return new Promise((resolve, reject) => {
      const end = () => reject(signal.reason);
      signal.addEventListener("abort", end);
      refreshing.then(resolve, reject).finally(() => signal.removeEventListener("abort", end));
    });
  }
  /**
   * Removes the tokens here and has them revoked. With `everywhere` all of the account's are revoked;
   * the tokens stay here until that is done, and then the device is forgotten, too.
   *
   * An error without `everywhere` says that the revocation may not have arrived; the tokens are gone
   * from here all the same.
   */
  async signOut({ everywhere, ...options } = {}) {
    if (everywhere) return this.#end("GlobalSignOut", options);
    const tokens = await this.#alone(async () => {
      const tokens2 = await this.#load();
      await this.#storage.removeItem(this.#key);
      return tokens2;
    });
    await this.#change(() => []);
    if (!tokens) return;
    try {
      await this.#revoke(tokens, options);
    } catch (error) {
      if (!isSignedOut(error)) throw error;
    }
  }
  /** Deletes the account of who is signed in, for good. */
  async deleteAccount(options) {
    await this.#end("DeleteUser", options);
  }
  /** Calls `signIn` of the API. */
  async #begin(input, options) {
    const device = await this.#storage.getItem(this.#deviceKey) ?? void 0;
    return this.#api.call("sign-in", { ...input, device }, options);
  }
  /** Begins or continues a flow: with `sign-in`, or for the account that is signed in; and the account, if known. */
  async #open(operation, input, options, sub) {
    if (operation !== "sign-in") return this.#signedIn(operation, input, options);
    return [await this.#begin({ ...input, existingOnly: sub && true }, options), sub];
  }
  /** Has a code sent. */
  async #request(purpose, operation, input, options, account) {
    const { linkSecret, linkChallenge } = await newLink();
    const { emailOrPhone, method = emailOrPhone.includes("@") ? "EMAIL" : "PHONE_NUMBER" } = input;
    const [begun, sub] = await this.#open(operation, { ...input, method, linkChallenge }, options, account);
    const asked = { purpose, ...sub && { sub }, emailOrPhone, method };
    return this.#store(null, challengeOf(asked, begun), linkSecret);
  }
  /** One operation of the API for the signed-in user; and the account that it was sent for. */
  #signedIn(operation, input, options) {
    return this.#withToken((accessToken) => this.#api.call(operation, input, options, accessToken), options);
  }
  /**
   * Calls with a valid access token; if the service refuses it, once more with a new one. Both are of
   * the account that is signed in at the start: after a sign-in to another one this throws
   * `NotSignedIn`. Returns the result and that account.
   */
  async #withToken(call, options) {
    const account = subject(await this.#load());
    const own = (tokens2) => {
      if (!tokens2 || subject(tokens2) !== account) throw new LatchstringError("NotSignedIn");
      return tokens2;
    };
    const tokens = own(await this.tokens(options));
    try {
      return [await call(tokens.accessToken), account];
    } catch (error) {
      if (!isSignedOut(error)) throw error;
    }
    own(await this.#load());
    const renewed = own(await this.refresh(options));
    return [await call(renewed.accessToken), account];
  }
  /** Ends every sign-in of the account, and then removes what is kept of it here. */
  async #end(operation, options) {
    const [, account] = await this.#withToken(
      (AccessToken) => this.#cognito(operation, AccessToken, { AccessToken }, options),
      options
    );
    await this.#alone(async () => {
      if (subject(await this.#load()) === account) await this.#storage.removeItem(this.#key);
      await this.forgetDevice();
    });
    await this.#change(() => []);
  }
  /** The pool's app client; of a token, if it is not configured. */
  #clientOf({ accessToken }) {
    return this.#config.clientId ?? claims(accessToken).client_id;
  }
  /** An operation of Cognito's, at the address of the token's pool if none is configured. */
  #cognito(operation, accessToken, input, options) {
    const endpoint = this.#endpoint ?? new URL(claims(accessToken).iss).origin;
    return cognito(this.#send, endpoint, operation, input, options);
  }
  /**
   * Answers a challenge, and returns the challenge that was answered and the reply. If the session has
   * ended, but not the flow, it is answered once more in a new session: the same answer again costs no
   * attempt.
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
        if (isFinal(error) || isOfType(error, "ChangeHeld")) failure = error;
        else if (isLost(error) || isOfType(error, "OtherAccount")) throw error;
      }
    }
    if (isSignedOut(failure) || isFinal(failure)) await this.#store(asked, null);
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
  /**
   * Stores the next challenge of a flow, or of a new one; null removes the flow. One that was removed
   * meanwhile stays so.
   */
  async #store(before, next, linkSecret) {
    await this.#change((flows) => replaced(flows, before, next, linkSecret));
    return next;
  }
  /** Changes the stored flows, newest first, and returns them. Those that have expired are removed. */
  async #change(change = (flows) => flows) {
    try {
      return await this.#alone(async () => {
        const stored = await this.#storage.getItem(this.#flowsKey);
        const flows = change(flowsIn(stored));
        const text = flows.length ? JSON.stringify(flows) : null;
        if (text !== stored) {
          await (text ? this.#storage.setItem(this.#flowsKey, text) : this.#storage.removeItem(this.#flowsKey));
        }
        return flows;
      }, this.#flowsKey);
    } catch {
      return [];
    }
  }
  async #load() {
    try {
      const held = JSON.parse(await this.#storage.getItem(this.#key) ?? "null");
      return isTokens(held) ? held : null;
    } catch (error) {
      if (error instanceof SyntaxError) return null;
      throw error;
    }
  }
  /**
   * Stores the tokens of a sign-in and revokes those that they replace: `signOut` will revoke the
   * stored ones alone. Where an account is named, tokens of another are revoked and refused.
   */
  async #keep(result, sub) {
    const tokens = received(result);
    const unused = await this.#alone(async () => {
      const held = await this.#load();
      if (sub && (sub !== subject(tokens) || held && sub !== subject(held))) return tokens;
      await this.#save(tokens);
      return held;
    });
    if (unused) await this.#revoke(unused).catch(() => {
    });
    if (unused === tokens) throw new LatchstringError("OtherAccount");
    return tokens;
  }
  #revoke(tokens, options) {
    const input = { ClientId: this.#clientOf(tokens), Token: tokens.refreshToken };
    return this.#cognito("RevokeToken", tokens.accessToken, input, options);
  }
  async #save(tokens) {
    await this.#storage.setItem(this.#key, JSON.stringify(tokens));
  }
  /** After the right code for a contact: the tokens held, renewed so that they show it. */
  async #verified(result, sub) {
    const revoked = this.#revoke(received(result)).catch(() => {
    });
    await this.#refreshing?.catch(() => {
    });
    const renewed = this.refresh().catch(async (error) => {
      const held = isLost(error) && await this.#load();
      if (!held) throw error;
      return held;
    });
    const [tokens] = await Promise.all([renewed, revoked]);
    if (sub && sub !== subject(tokens)) throw new LatchstringError("OtherAccount");
    return tokens;
  }
  #refresh() {
    const before = this.#load();
    return this.#alone(async () => {
      const held = await this.#load();
      if (!held) throw new LatchstringError("NotSignedIn");
      if (held.accessToken !== (await before)?.accessToken) return held;
      const input = { ClientId: this.#clientOf(held), RefreshToken: held.refreshToken };
      let fresh;
      try {
        const { AuthenticationResult } = await this.#cognito("GetTokensFromRefreshToken", held.accessToken, input);
        fresh = received(AuthenticationResult, held.refreshToken);
      } catch (error) {
        if (!isSignedOut(error)) throw error;
        const now = await this.#load();
        if (now && now.refreshToken !== held.refreshToken) return now;
        await this.#storage.removeItem(this.#key);
        throw error;
      }
      if ((await this.#load())?.refreshToken === held.refreshToken) await this.#save(fresh);
      return fresh;
    });
  }
  /** Runs a change of a stored item alone: in this tab and, by Web Locks, among all tabs. */
  async #alone(work, key = this.#key) {
    const locks = "document" in globalThis && this.#config.storage && navigator.locks;
    if (locks) {
      let begun = false;
      try {
        return await locks.request(key, async () => (begun = true, work()));
      } catch (error) {
        if (begun) throw error;
      }
    }
    const turn = (this.#turns.get(key) ?? Promise.resolve()).then(work);
    this.#turns.set(key, turn.catch(() => {
    }));
    return turn;
  }
};
function claims(token) {
  return JSON.parse(new TextDecoder().decode(bytesOf(token.split(".")[1] ?? "")));
}
function subject(tokens) {
  try {
    return tokens && claims(tokens.accessToken).sub;
  } catch {
    return void 0;
  }
}
function isTokens(held) {
  const { accessToken, idToken, refreshToken, expiresAt } = held ?? {};
  return [accessToken, idToken, refreshToken].every((token) => typeof token === "string") && expiresAt > 0;
}
function received({
  AccessToken,
  IdToken,
  RefreshToken,
  ExpiresIn,
  accessToken = AccessToken,
  idToken = IdToken,
  refreshToken = RefreshToken,
  expiresIn = ExpiresIn
}, former) {
  return { accessToken, idToken, refreshToken: refreshToken ?? former, expiresAt: Date.now() + expiresIn * 1e3 };
}
export {
  Latchstring,
  LatchstringError,
  claims,
  memoryStorage
};
