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
  CaptchaRequired: "Show that you are a person, then try again.",
  NotSignedIn: "You are not signed in.",
  ReauthRequired: "Sign in again to do this.",
  ContactInUse: "This contact is in use already.",
  ChangeHeld: "A change can still be undone. Try again later.",
  NothingToUndo: "There is nothing to undo.",
  OtherAccount: "This code belongs to another account.",
  CodeExpired: "The code has expired. Start again.",
  AttemptsSpent: "That was the last attempt. Start again.",
  FlowOver: "This sign-in has ended. Start again.",
  Unavailable: "The service is not available. Try again later.",
  Network: "There is no connection.",
  Timeout: "There was no answer in time.",
  Internal: "Something went wrong."
};
function typeOf(name) {
  return FOREIGN.get(name) ?? (Object.hasOwn(MESSAGES, name) ? name : "Internal");
}
var FOREIGN = new Map(Object.entries({
  // Cognito's, of a token or a session, and AppSync's of an expired token.
  NotAuthorizedException: "NotSignedIn",
  UserNotFoundException: "NotSignedIn",
  RefreshTokenReuseException: "NotSignedIn",
  UnauthorizedException: "NotSignedIn",
  TooManyRequestsException: "TooManyRequests",
  LimitExceededException: "TooManyRequests",
  InternalErrorException: "Unavailable",
  ResourceNotFoundException: "Unavailable",
  InvalidLambdaResponseException: "Unavailable",
  UnexpectedLambdaException: "Unavailable",
  UserLambdaValidationException: "Unavailable"
}));

// src/http.ts
async function post({ fetch, timeout }, url, headers, body, { signal } = {}) {
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
      signal: ended.signal
    });
    status = response.status;
    const text = await response.text();
    return { ok: response.ok, status, body: text && JSON.parse(text) || {} };
  } catch (cause) {
    signal?.throwIfAborted();
    if (ended.signal.aborted) throw new LatchstringError("Timeout");
    if (cause instanceof SyntaxError) throw new LatchstringError("Unavailable");
    throw new LatchstringError("Network", void 0, { cause });
  } finally {
    clearTimeout(timer);
    signal?.removeEventListener("abort", end);
  }
}
async function cognito(transport, endpoint, operation, input, options) {
  const { ok, status, body } = await post(
    transport,
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
async function graphql(transport, url, headers, field, document, variables, options) {
  const { ok, body } = await post(transport, url, headers, { query: document, variables }, options);
  const error = body.errors?.[0];
  if (!error && ok && body.data) return body.data[field];
  const type = error ? typeOf(String(error.errorType)) : "Unavailable";
  throw new LatchstringError(type, type === error?.errorType ? error.message : void 0);
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

// src/client.ts
var MARGIN = 3e4;
var FLOWS = 5;
var CHALLENGE = "{ session username codeLength codeAlphabet expiresIn resendAfter pointer resume }";
var TOKENS = "{ tokens { accessToken idToken refreshToken expiresIn } }";
var Latchstring = class {
  #config;
  #endpoint;
  #transport;
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
  constructor(config) {
    this.#config = config;
    this.#endpoint = config.endpoint ?? `https://cognito-idp.${config.region}.amazonaws.com`;
    const fetch = config.fetch ?? ((...request) => globalThis.fetch(...request));
    this.#transport = { fetch, timeout: config.timeout ?? 2e4 };
    this.#storage = config.storage ?? memoryStorage();
    this.#key = `latchstring.${config.clientId}.tokens`;
    this.#flowsKey = `latchstring.${config.clientId}.flows`;
    this.#deviceKey = `latchstring.${config.clientId}.device`;
  }
  /** Has a code sent. The answer looks the same whether or not there is an account. */
  async signIn(input, options) {
    return this.#request("signIn", input, options);
  }
  /**
   * Has a code sent to a contact of the account that is signed in, to make its sign-in recent
   * (`ReauthRequired`). The right code of another account, or of none, is refused: `OtherAccount`.
   */
  async reauthenticate(input, options) {
    const tokens = await this.tokens(options);
    if (!tokens) throw new LatchstringError("NotSignedIn");
    return this.#request("signIn", input, options, subject(tokens));
  }
  /**
   * Has a code sent to a contact that was replaced, for its owner to undo the change. The right code
   * brings the account back as it was, and signs in to it. `NothingToUndo` if there is no such change,
   * `ContactInUse` if the contact signs in to an account.
   */
  async undoContactChange(input, options) {
    return this.#request("undo", input, options);
  }
  /**
   * Returns the newest flow of this storage that waits for a code, of a sign-in or an undo; null if
   * there is none. It calls nothing: the code can be entered as before the reload, or the end of the
   * process.
   */
  async pending() {
    const flows = await this.#change((flows2) => flows2);
    return flows.map(({ challenge: challenge2 }) => challenge2).find(({ purpose, sub }) => purpose !== "contact" && !sub) ?? null;
  }
  /**
   * Continues a flow, or the one of `pending`, in a new session: the same code, attempts and times,
   * without a message. `answer` and `resend` do so when the session has ended. `InvalidResume` if the
   * flow has ended, `ChangeHeld` if another change keeps the contact of this flow off the account.
   */
  async resume(before, options) {
    before ??= await this.pending();
    if (!before?.resume) throw new LatchstringError("InvalidResume");
    const { purpose, sub, emailOrPhone, method, resume, attemptsLeft } = before;
    const given = { emailOrPhone, method };
    let begun;
    try {
      begun = purpose === "contact" ? await this.#resumeContact({ ...given, resume }, sub, options) : await this.#begin({ ...given, resume }, CHALLENGE, options);
    } catch (error) {
      if (isOfType(error, "InvalidResume") || isOfType(error, "ChangeHeld")) await this.#store(before, null);
      throw error;
    }
    const next = { ...challenge(purpose, given, begun, sub), attemptsLeft };
    await this.#store(before, next);
    return next;
  }
  /**
   * Reads the link of a message from the fragment of its address; null if it is no link. Nothing is
   * called and nothing is used up: only `confirm` answers.
   */
  async openLink(fragment) {
    const [, shape, name, token] = LINK.exec(fragment) ?? [];
    if (!shape || !name || !token) return null;
    const find = async () => {
      const flows = await this.#change((flows2) => flows2);
      return flows.find(({ challenge: challenge2, linkSecret }) => linkSecret && nameIn(challenge2) === name);
    };
    let found = await find();
    if (!found) return { place: "elsewhere", ...codeOf(shape, token) };
    const confirm = async (options) => {
      found = await find() ?? found;
      const { challenge: challenge2, linkSecret = "" } = found;
      return this.#answer(challenge2, token, options, { action: "link", linkSecret });
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
  async answer(challenge2, code, options) {
    return this.#answer(challenge2, code, options);
  }
  async #answer(challenge2, text, options, metadata) {
    const { session, purpose, sub, emailOrPhone, method } = challenge2;
    let proof = this.#proofs.get(session);
    if (!proof) {
      const [answered, reply] = await this.#respond(challenge2, text, options, metadata);
      const { AuthenticationResult: result, ...next } = reply;
      proof = next.ChallengeParameters?.proof;
      if (!result && !proof) return { done: false, challenge: await this.#asked(answered, next) };
      await this.#store(answered, null);
      if (result && purpose === "undo") {
        await this.#revoke(received(result).refreshToken).catch(() => {
        });
        throw new LatchstringError("ContactInUse");
      }
      if (result) {
        const tokens = purpose === "contact" ? this.#verified(result, sub) : this.#keep(result, sub);
        return { done: true, tokens: await tokens, isNew: false };
      }
      if (sub) throw new LatchstringError("OtherAccount");
      this.#proofs.set(session, proof);
    }
    try {
      const undo = purpose === "undo";
      const input = { emailOrPhone, method, proof };
      const { tokens } = undo ? await this.#public("undoContactChange", "UndoContactChangeInput", input, TOKENS, options) : await this.#begin({ ...input, complete: true }, TOKENS, options);
      this.#proofs.delete(session);
      const result = {
        AccessToken: tokens.accessToken,
        IdToken: tokens.idToken,
        RefreshToken: tokens.refreshToken,
        ExpiresIn: tokens.expiresIn
      };
      return { done: true, tokens: await this.#keep(result), isNew: !undo };
    } catch (error) {
      if (!isLost(error)) this.#proofs.delete(session);
      throw error;
    }
  }
  /** Has the same code sent once more, if its time has come. It costs no attempt. */
  async resend(challenge2, options) {
    const [answered, next] = await this.#respond(challenge2, "resend", options, { action: "resend" });
    return this.#asked(answered, next);
  }
  /** Writes the name and has a code sent to the second contact. Needs a recent sign-in. */
  async signUp(input, options) {
    return this.#contact("signUp", "SignUpInput", input, (data) => ({ data }), options);
  }
  /** Has a code sent to a new contact, which replaces the one of its kind. Needs a recent sign-in. */
  async changeContact(input, options) {
    return this.#contact("changeContact", "ChangeContactInput", input, (data) => data, options);
  }
  /** Writes the name. `refresh` shows it. Needs a signed-in user. */
  async updateName({ givenName, familyName }, options) {
    const document = "mutation ($input: UpdateNameInput!) { updateName(input: $input) { givenName familyName } }";
    const [name] = await this.#signedIn("updateName", document, { input: { givenName, familyName } }, options);
    return name;
  }
  /** Returns the state of the last pending contact of a kind; null if there was none. */
  async pendingContact(method, options) {
    const document = "query ($method: Method!) { pendingContact(method: $method) { state } }";
    const [found] = await this.#signedIn("pendingContact", document, { method }, options);
    return found?.state ?? null;
  }
  /**
   * Has this device known, so that strangers who spend the budget of its owner's address do not lock
   * the owner out. It is known for the contacts that are on the account now: call it after each
   * sign-in and each new contact. It stays known after `signOut`, but not with `everywhere`.
   */
  async rememberDevice(options) {
    const document = "mutation { rememberDevice { device } }";
    const [{ device }, account] = await this.#signedIn("rememberDevice", document, {}, options);
    await this.#alone(async () => {
      if (isSame(account, await this.#load())) await this.#storage.setItem(this.#deviceKey, device);
    });
  }
  /**
   * Forgets every device that was remembered for the contacts of the account, this one too: for an
   * owner who lost a device. Needs a signed-in user; the tokens stay.
   */
  async forgetDevices(options) {
    await this.#signedIn("forgetDevices", "mutation { forgetDevices }", {}, options);
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
      await this.#revoke(tokens.refreshToken, options);
    } catch (error) {
      if (!isSignedOut(error)) throw error;
    }
  }
  /** Deletes the account of who is signed in, for good. */
  async deleteAccount(options) {
    await this.#end("DeleteUser", options);
  }
  /** Calls `signIn` of the API. */
  async #begin(input, selected, options) {
    const device = await this.#storage.getItem(this.#deviceKey) ?? void 0;
    return this.#public("signIn", "SignInInput", { ...input, device }, selected, options);
  }
  /** One public field of the API. */
  #public(field, type, input, selected, options) {
    const document = `mutation ($input: ${type}!) { ${field}(input: $input) ${selected} }`;
    const { graphqlUrl, apiKey } = this.#config;
    return graphql(this.#transport, graphqlUrl, { "x-api-key": apiKey }, field, document, { input }, options);
  }
  /** Has a code sent for a sign-in, or for an undo. */
  async #request(purpose, input, options, sub) {
    const { linkSecret, linkChallenge } = await newLink();
    const given = { ...input, method: methodOf(input) };
    const begun = await this.#begin({ ...given, linkChallenge }, CHALLENGE, options);
    return this.#store(null, challenge(purpose, given, begun, sub), linkSecret);
  }
  async #contact(field, type, given, inputOf, options) {
    const { linkSecret, linkChallenge } = await newLink();
    const data = { ...given, method: methodOf(given) };
    const document = `mutation ($input: ${type}!) { ${field}(input: $input) ${CHALLENGE} }`;
    const input = inputOf({ ...data, linkChallenge });
    const [begun, account] = await this.#signedIn(field, document, { input }, options);
    return this.#store(null, challenge("contact", data, begun, subject(account)), linkSecret);
  }
  async #resumeContact(input, sub, options) {
    const document = `mutation ($input: ChangeContactInput!) { changeContact(input: $input) ${CHALLENGE} }`;
    const [begun, account] = await this.#signedIn("changeContact", document, { input }, options);
    if (subject(account) !== sub) throw new LatchstringError("OtherAccount");
    return begun;
  }
  /** One field of the API, with the access token; and tokens of the account that it was sent for. */
  #signedIn(field, document, variables, options) {
    return this.#withToken(
      (authorization) => graphql(
        this.#transport,
        this.#config.graphqlUrl,
        { authorization },
        field,
        document,
        variables,
        options
      ),
      options
    );
  }
  /**
   * Calls with a valid access token; if the service refuses it, once more with a new one. Both are of
   * the account that is signed in at the start: after a sign-in to another one this throws
   * `NotSignedIn`. Returns the result and tokens of that account.
   */
  async #withToken(call, options) {
    const account = await this.#load();
    const own = (tokens2) => {
      if (!tokens2 || !isSame(tokens2, account)) throw new LatchstringError("NotSignedIn");
      return tokens2;
    };
    const tokens = own(await this.tokens(options));
    try {
      return [await call(tokens.accessToken), tokens];
    } catch (error) {
      if (!isSignedOut(error)) throw error;
    }
    own(await this.#load());
    const renewed = own(await this.refresh(options));
    return [await call(renewed.accessToken), renewed];
  }
  /** Ends every sign-in of the account, and then removes what is kept of it here. */
  async #end(operation, options) {
    const [, account] = await this.#withToken(
      (AccessToken) => this.#cognito(operation, { AccessToken }, options),
      options
    );
    await this.#alone(async () => {
      if (isSame(account, await this.#load())) await this.#storage.removeItem(this.#key);
      await this.forgetDevice();
    });
    await this.#change(() => []);
  }
  #cognito(operation, input, options) {
    return cognito(this.#transport, this.#endpoint, operation, input, options);
  }
  /**
   * Answers a challenge of Cognito's, and returns the challenge that was answered and the reply. What
   * Cognito calls "not authorized" is the end of the session. If the flow goes on, it is answered once
   * more in a new session: the same answer again costs no attempt.
   */
  async #respond(challenge2, answer, options, metadata) {
    const { purpose, method, expiresAt, attemptsLeft } = challenge2;
    let asked = challenge2;
    let held;
    try {
      return [asked, await this.#send(asked, answer, options, metadata)];
    } catch (error) {
      if (!isSignedOut(error)) throw error;
    }
    if (Date.now() < expiresAt && challenge2.resume) {
      try {
        asked = await this.resume(challenge2, options);
        return [asked, await this.#send(asked, answer, options, metadata)];
      } catch (error) {
        if (isLost(error) || isOfType(error, "OtherAccount")) throw error;
        if (isOfType(error, "ChangeHeld")) held = error;
      }
    }
    await this.#store(asked, null);
    if (Date.now() >= expiresAt) throw new LatchstringError("CodeExpired");
    if (purpose === "contact") {
      const state = await this.pendingContact(method, options).catch(() => null);
      if (state === "IN_USE") throw new LatchstringError("ContactInUse");
      if (held) throw held;
    }
    throw new LatchstringError(attemptsLeft === 1 && !metadata ? "AttemptsSpent" : "FlowOver");
  }
  #send({ session, username }, answer, options, metadata) {
    return this.#cognito(
      "RespondToAuthChallenge",
      {
        ClientId: this.#config.clientId,
        ChallengeName: "CUSTOM_CHALLENGE",
        Session: session,
        ChallengeResponses: { USERNAME: username, ANSWER: answer },
        ClientMetadata: metadata
      },
      options
    );
  }
  /** The question once more, from what Cognito returns: numbers are text there. */
  #asked(before, { Session, ChallengeParameters: p }) {
    return this.#store(before, {
      ...before,
      session: Session,
      codeLength: +p.codeLength,
      codeAlphabet: alphabetOf(p.codeAlphabet),
      attemptsLeft: +p.attemptsLeft,
      ...deadlines(+p.expiresIn, +p.resendAfter),
      refused: p.refused ? { type: typeOf(p.refused), retryAfter: +p.retryAfter || null } : null,
      resume: p.resume ?? before.resume,
      pointer: p.pointer ?? before.pointer
    });
  }
  /**
   * Stores the next challenge of a flow, or of a new one; null removes the flow. One that was removed
   * meanwhile stays so.
   */
  async #store(before, next, linkSecret) {
    await this.#change((flows) => {
      const former = before && flowOf(before, flows);
      const others = flows.filter((flow) => flow !== former);
      if (!next || before && !former) return others;
      return [{ linkSecret: former?.linkSecret ?? linkSecret, challenge: next }, ...others].slice(0, FLOWS);
    });
    return next;
  }
  /** Changes the stored flows, newest first, and returns them. Those that have expired are removed. */
  async #change(change) {
    try {
      return await this.#alone(async () => {
        const stored = await this.#storage.getItem(this.#flowsKey);
        const flows = change(flowsIn(stored));
        const text = flows.length ? JSON.stringify(flows) : null;
        if (text && text !== stored) await this.#storage.setItem(this.#flowsKey, text);
        if (!text && stored !== null) await this.#storage.removeItem(this.#flowsKey);
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
    if (unused) await this.#revoke(unused.refreshToken).catch(() => {
    });
    if (unused === tokens) throw new LatchstringError("OtherAccount");
    return tokens;
  }
  #revoke(Token, options) {
    return this.#cognito("RevokeToken", { ClientId: this.#config.clientId, Token }, options);
  }
  async #save(tokens) {
    await this.#storage.setItem(this.#key, JSON.stringify(tokens));
  }
  /** After the right code for a contact: the tokens held, renewed so that they show it. */
  async #verified(result, sub) {
    const revoked = this.#revoke(received(result).refreshToken).catch(() => {
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
      const input = { ClientId: this.#config.clientId, RefreshToken: held.refreshToken };
      let fresh;
      try {
        const { AuthenticationResult } = await this.#cognito("GetTokensFromRefreshToken", input);
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
    return flows.filter(({ challenge: challenge2 }) => {
      const { session, username, emailOrPhone, expiresAt } = challenge2;
      return [session, username, emailOrPhone].every((part) => typeof part === "string") && expiresAt > Date.now();
    });
  } catch {
    return [];
  }
}
function flowOf({ session, pointer }, flows) {
  const named = flows.filter(({ challenge: challenge2 }) => pointer && nameIn(challenge2) === pointer.slice(1));
  return flows.find(({ challenge: challenge2 }) => challenge2.session === session) ?? (named.length === 1 ? named[0] : void 0);
}
function nameIn({ pointer }) {
  return pointer?.slice(1);
}
function alphabetOf(name) {
  return /^base32$/i.test(String(name)) ? "BASE32" : "DIGITS";
}
function subject({ accessToken }) {
  try {
    return claims(accessToken).sub;
  } catch {
    return void 0;
  }
}
function isSame(one, other) {
  return !!other && subject(one) === subject(other);
}
function isTokens(held) {
  const { accessToken, idToken, refreshToken, expiresAt } = held ?? {};
  return [accessToken, idToken, refreshToken].every((token) => typeof token === "string") && expiresAt > 0;
}
function methodOf({ method, emailOrPhone }) {
  return method ?? (emailOrPhone.includes("@") ? "EMAIL" : "PHONE_NUMBER");
}
function challenge(purpose, { emailOrPhone, method }, { session, username, codeLength, codeAlphabet, expiresIn, resendAfter, resume, pointer }, sub) {
  return {
    purpose,
    ...sub && { sub },
    emailOrPhone,
    method,
    session,
    username,
    codeLength,
    codeAlphabet: alphabetOf(codeAlphabet),
    attemptsLeft: null,
    ...deadlines(expiresIn, resendAfter),
    refused: null,
    resume: resume ?? null,
    pointer: pointer ?? null
  };
}
function deadlines(expiresIn, resendAfter) {
  const now = Date.now();
  return {
    expiresAt: now + expiresIn * 1e3,
    resendAt: resendAfter < expiresIn ? now + resendAfter * 1e3 : null
  };
}
function received({ AccessToken, IdToken, RefreshToken, ExpiresIn }, refreshToken) {
  return {
    accessToken: AccessToken,
    idToken: IdToken,
    refreshToken: RefreshToken ?? refreshToken,
    expiresAt: Date.now() + ExpiresIn * 1e3
  };
}
function isOfType(error, type) {
  return error instanceof LatchstringError && error.type === type;
}
function isSignedOut(error) {
  return isOfType(error, "NotSignedIn");
}
function isLost(error) {
  return !(error instanceof LatchstringError) || ["Network", "Timeout", "Unavailable", "TooManyRequests"].includes(error.type);
}
export {
  Latchstring,
  LatchstringError,
  claims,
  memoryStorage
};
