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
  TooManyRequests: "Too many requests. Try again later.",
  CaptchaRequired: "Show that you are a person, then try again.",
  NotSignedIn: "You are not signed in.",
  ReauthRequired: "Sign in again to do this.",
  ContactInUse: "This contact is in use already.",
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
var CHALLENGE = "{ session username codeLength expiresIn resendAfter }";
var Latchstring = class {
  #config;
  #endpoint;
  #transport;
  #storage;
  /** The names under which this client's tokens and device are stored. */
  #key;
  #deviceKey;
  /** The refresh that is under way, shared by all who ask meanwhile. */
  #refreshing;
  /** The promise that the next change of the tokens awaits, where there are no Web Locks. */
  #turn = Promise.resolve();
  /** Proofs of sign-ins that lost their connection between the code and the account. */
  #proofs = /* @__PURE__ */ new Map();
  constructor(config) {
    this.#config = config;
    this.#endpoint = config.endpoint ?? `https://cognito-idp.${config.region}.amazonaws.com`;
    const fetch = config.fetch ?? ((...request) => globalThis.fetch(...request));
    this.#transport = { fetch, timeout: config.timeout ?? 2e4 };
    this.#storage = config.storage ?? memoryStorage();
    this.#key = `latchstring.${config.clientId}.tokens`;
    this.#deviceKey = `latchstring.${config.clientId}.device`;
  }
  /** Has a code sent. The answer looks the same whether or not there is an account. */
  async signIn(input, options) {
    const given = { ...input, method: methodOf(input) };
    return challenge("signIn", given, await this.#begin(given, CHALLENGE, options));
  }
  /**
   * Has a code sent to a contact of the account that is signed in, to make its sign-in recent
   * (`ReauthRequired`). The right code of another account, or of none, is refused: `OtherAccount`.
   */
  async reauthenticate(input, options) {
    const tokens = await this.tokens(options);
    if (!tokens) throw new LatchstringError("NotSignedIn");
    const challenge2 = await this.signIn(input, options);
    return { ...challenge2, sub: subject(tokens) };
  }
  /**
   * Answers with a code. A wrong one returns a new challenge; the first right one of a new person
   * makes the account. When the flow is over this throws `CodeExpired`, `AttemptsSpent` or
   * `FlowOver`: start again.
   *
   * If a new person's connection is lost after the right code, calling it again goes on from there.
   */
  async answer(challenge2, code, options) {
    const { session, purpose, sub } = challenge2;
    let proof = this.#proofs.get(session);
    if (!proof) {
      const { AuthenticationResult: result, ...next } = await this.#respond(challenge2, code, options);
      if (result) {
        const tokens = purpose === "contact" ? this.#verified(result, sub) : this.#keep(result, sub);
        return { done: true, tokens: await tokens, isNew: false };
      }
      proof = next.ChallengeParameters.proof;
      if (!proof) return { done: false, challenge: asked(challenge2, next) };
      if (sub) throw new LatchstringError("OtherAccount");
      this.#proofs.set(session, proof);
    }
    try {
      const { emailOrPhone, method } = challenge2;
      const input = { emailOrPhone, method, proof, complete: true };
      const { tokens } = await this.#begin(input, "{ tokens { accessToken idToken refreshToken expiresIn } }", options);
      this.#proofs.delete(session);
      const result = {
        AccessToken: tokens.accessToken,
        IdToken: tokens.idToken,
        RefreshToken: tokens.refreshToken,
        ExpiresIn: tokens.expiresIn
      };
      return { done: true, tokens: await this.#keep(result), isNew: true };
    } catch (error) {
      if (!isLost(error)) this.#proofs.delete(session);
      throw error;
    }
  }
  /** Has the same code sent once more, if its time has come. It costs no attempt. */
  async resend(challenge2, options) {
    const next = await this.#respond(challenge2, "resend", options, { action: "resend" });
    return asked(challenge2, next);
  }
  /** Writes the name and has a code sent to the second contact. Needs a recent sign-in. */
  async signUp(input, options) {
    const data = { ...input, method: methodOf(input) };
    return this.#contact("signUp", "SignUpInput", { data }, data, options);
  }
  /** Has a code sent to a new contact, which replaces the one of its kind. Needs a recent sign-in. */
  async changeContact(input, options) {
    const data = { ...input, method: methodOf(input) };
    return this.#contact("changeContact", "ChangeContactInput", data, data, options);
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
    const document = `mutation ($input: SignInInput!) { signIn(input: $input) ${selected} }`;
    const device = await this.#storage.getItem(this.#deviceKey) ?? void 0;
    const { graphqlUrl, apiKey } = this.#config;
    const headers = { "x-api-key": apiKey };
    const variables = { input: { ...input, device } };
    return graphql(this.#transport, graphqlUrl, headers, "signIn", document, variables, options);
  }
  async #contact(field, type, input, data, options) {
    const document = `mutation ($input: ${type}!) { ${field}(input: $input) ${CHALLENGE} }`;
    const [begun, account] = await this.#signedIn(field, document, { input }, options);
    return { ...challenge("contact", data, begun), sub: subject(account) };
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
  }
  #cognito(operation, input, options) {
    return cognito(this.#transport, this.#endpoint, operation, input, options);
  }
  /** Answers a challenge of Cognito's. What it calls "not authorized" is the end of the flow. */
  async #respond(challenge2, answer, options, metadata) {
    const { purpose, method, session, username, expiresAt, attemptsLeft } = challenge2;
    try {
      return await this.#cognito(
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
    } catch (error) {
      if (!isSignedOut(error)) throw error;
    }
    if (Date.now() >= expiresAt) throw new LatchstringError("CodeExpired");
    if (purpose === "contact") {
      const state = await this.pendingContact(method, options).catch(() => null);
      if (state === "IN_USE") throw new LatchstringError("ContactInUse");
    }
    throw new LatchstringError(attemptsLeft === 1 && !metadata ? "AttemptsSpent" : "FlowOver");
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
  /** Runs a change of the tokens alone: in this tab and, by Web Locks, among all tabs. */
  async #alone(work) {
    const locks = "document" in globalThis && this.#config.storage && navigator.locks;
    if (locks) {
      let begun = false;
      try {
        return await locks.request(this.#key, async () => (begun = true, work()));
      } catch (error) {
        if (begun) throw error;
      }
    }
    const turn = this.#turn.then(work);
    this.#turn = turn.catch(() => {
    });
    return turn;
  }
};
function claims(token) {
  const base64 = (token.split(".")[1] ?? "").replaceAll("-", "+").replaceAll("_", "/");
  return JSON.parse(new TextDecoder().decode(Uint8Array.from(atob(base64), (c) => c.charCodeAt(0))));
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
function challenge(purpose, { emailOrPhone, method }, { session, username, codeLength, expiresIn, resendAfter }) {
  const times = deadlines(expiresIn, resendAfter);
  return { purpose, emailOrPhone, method, session, username, codeLength, attemptsLeft: null, ...times, refused: null };
}
function asked(before, { Session, ChallengeParameters: p }) {
  return {
    ...before,
    session: Session,
    codeLength: +p.codeLength,
    attemptsLeft: +p.attemptsLeft,
    ...deadlines(+p.expiresIn, +p.resendAfter),
    refused: p.refused ? { type: typeOf(p.refused), retryAfter: +p.retryAfter || null } : null
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
function isSignedOut(error) {
  return error instanceof LatchstringError && error.type === "NotSignedIn";
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
