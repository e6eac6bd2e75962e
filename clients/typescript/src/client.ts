import { type Api, type Operation, type Reply } from "./api.js";
import { appsync, type AppSyncConfig } from "./appsync.js";
import { type ErrorType, isLost, isOfType, isSignedOut, LatchstringError } from "./errors.js";
import { http, type HttpConfig } from "./http.js";
import { memoryStorage, type TokenStorage } from "./storage.js";
import { type CallOptions, cognito, type Send, sender } from "./transport.js";
import { bytesOf, challengeOf, codeOf, type Flow, flowsIn, LINK, nameIn, newLink, replaced } from "./flows.js";

/** The kind of contact of an identifier. */
export type Method = "EMAIL" | "PHONE_NUMBER";

/** The characters of a code: digits, or Crockford's base 32. */
export type CodeAlphabet = "DIGITS" | "BASE32";

/** The state of a pending contact. */
export type PendingState = "WAITING" | "DONE" | "IN_USE" | "EXPIRED";

/** The addresses and ids of a deployment: `url` selects the HTTP door, otherwise it is AppSync. */
export type Config = (HttpConfig | AppSyncConfig) & Settings;

/** The settings of this client. */
export interface Settings {
  /** Cognito's address, if it is not the region's. */
  endpoint?: string | undefined;
  /**
   * The storage of the tokens and of the flows that wait for an answer: `localStorage`,
   * `sessionStorage`, or one of your own. In memory if not given.
   */
  storage?: TokenStorage | undefined;
  /**
   * The time limit of one request in milliseconds. If not given, 20 seconds, or 30 with the HTTP door,
   * which returns within 25.
   */
  timeout?: number | undefined;
  /** Another `fetch`. */
  fetch?: typeof globalThis.fetch | undefined;
}

/** The tokens that Cognito issued. */
export interface Tokens {
  readonly accessToken: string;
  readonly idToken: string;
  readonly refreshToken: string;
  /** When the access token ends, in milliseconds since 1970 by this device's clock. */
  readonly expiresAt: number;
}

/**
 * A question that waits for a code. Plain data: it may be kept, say in `sessionStorage`, to go on
 * after a reload. Every answer replaces it by a new one.
 */
export interface Challenge {
  /**
   * The effect of the right code: it signs in, puts the contact on the signed-in account, or undoes
   * the change of a contact.
   */
  readonly purpose: "signIn" | "contact" | "undo";
  /** The account that the code must be of: that of the caller, where there is one. */
  readonly sub?: string | undefined;
  /** True if the right code makes no account; of the client of session mode alone. */
  readonly existingOnly?: boolean | undefined;
  /** The identifier as typed. */
  readonly emailOrPhone: string;
  readonly method: Method;
  /** Cognito's session, or the continuation of the HTTP door, which is used once. */
  readonly session: string;
  /** Cognito's username for the session; empty with the HTTP door. */
  readonly username: string;
  /** The number of characters of the code. */
  readonly codeLength: number;
  /** The characters of the code. Any case, hyphens and spaces are read in an answer of base 32. */
  readonly codeAlphabet: CodeAlphabet;
  /**
   * The number of attempts left; null before the first answer with AppSync. 0: this code can no longer be used, and
   * a resend brings another.
   */
  readonly attemptsLeft: number | null;
  /** When the code ends, in milliseconds since 1970 by this device's clock. */
  readonly expiresAt: number;
  /** From when on the code may be sent once more; null if it may not. */
  readonly resendAt: number | null;
  /** The reason that the resend sent nothing, and the seconds until another may; null if it did. */
  readonly refused: Refusal | null;
  /** The secret that continues the flow in a new session; null if it cannot be continued. */
  readonly resume: string | null;
  /** The name of the flow in its links. */
  readonly pointer: string | null;
}

/** A resend that sent nothing. The challenge goes on: a code that came before is still good. */
export interface Refusal {
  readonly type: ErrorType;
  readonly retryAfter: number | null;
}

/** The outcome of an answer: tokens, or the next challenge because the code was wrong. */
export type Answer =
  | {
      readonly done: true;
      readonly tokens: Tokens;
      /** True if this answer created the account. */
      readonly isNew: boolean;
    }
  | { readonly done: false; readonly challenge: Challenge };

/** A link of a message, opened in the browser that requested it or in another. */
export type OpenedLink =
  | {
      readonly place: "here";
      /** The flow that the link answers. */
      readonly challenge: Challenge;
      /** Answers with the link. Call it when the user has confirmed, never at the opening. */
      confirm(options?: CallOptions): Promise<Answer>;
    }
  | {
      readonly place: "elsewhere";
      /** The code of the same message, to type where it was requested; of base 32 as XXXX-XXXX-XXXX. */
      readonly code: string;
      readonly codeAlphabet: CodeAlphabet;
    };

/** The input of a sign-in. */
export interface SignIn {
  /** The email address, or the phone number with `+` and country code, as it was typed. */
  emailOrPhone: string;
  /** The kind of identifier; if not given, an identifier with an `@` is an email address. */
  method?: Method | undefined;
  /** The language of the message, as `pt-BR`. */
  locale?: string | undefined;
  /** The answer to a CAPTCHA, where the deployment requires one. */
  captcha?: string | undefined;
}

/** A contact to add, or to put in place of the one of its kind. */
export interface Contact {
  /** The email address, or the phone number with `+` and country code, as it was typed. */
  emailOrPhone: string;
  /** The kind of identifier; if not given, an identifier with an `@` is an email address. */
  method?: Method | undefined;
  /** The language of the message, as `pt-BR`. */
  locale?: string | undefined;
}

/** The name of the signed-in user. */
export interface Name {
  givenName: string;
  familyName: string;
}

/** The second contact and the name, after the first sign-in of an account. */
export interface SignUp extends Contact, Name {}

/** Tokens are renewed when they have less than this left, in milliseconds. */
const MARGIN = 30_000;

/**
 * Signs people in by codes, and keeps them signed in.
 *
 * ```ts
 * const latchstring = new Latchstring({ ...config, storage: localStorage });
 * const challenge = await latchstring.signIn({ emailOrPhone: "ada@example.com" });
 * const answer = await latchstring.answer(challenge, code);
 * ```
 */
export class Latchstring {
  readonly #config: Config;
  readonly #send: Send;
  readonly #api: Api;
  readonly #endpoint: string | undefined;
  readonly #storage: TokenStorage;
  /** The names under which this client's tokens, flows and device are stored. */
  readonly #key: string;
  readonly #flowsKey: string;
  readonly #deviceKey: string;
  /** The refresh that is under way, shared by all who ask meanwhile. */
  #refreshing: Promise<Tokens> | undefined;
  /** The promises that the next change of a stored item awaits, where there are no Web Locks. */
  readonly #turns = new Map<string, Promise<unknown>>();
  /** Proofs of sign-ins that lost their connection between the code and the account. */
  readonly #proofs = new Map<string, string>();
  /** The sessions in which an answer is to be given again, by those in which it failed. */
  readonly #moved = new Map<string, string>();

  constructor(config: Config) {
    this.#config = config;
    // A browser's fetch wants to be called as the window's.
    const fetch = config.fetch ?? ((...request) => globalThis.fetch(...request));
    this.#send = sender(fetch, config.timeout ?? (config.url ? 30_000 : 20_000));
    const { endpoint, region } = config;
    this.#endpoint = endpoint ?? (region && `https://cognito-idp.${region}.amazonaws.com`);
    this.#api =
      config.url !== undefined ? http(this.#send, config) : appsync(this.#send, config, this.#endpoint!);
    this.#storage = config.storage ?? memoryStorage();
    const prefix = `latchstring.${config.clientId ?? config.url}`;
    this.#key = `${prefix}.tokens`;
    this.#flowsKey = `${prefix}.flows`;
    this.#deviceKey = `${prefix}.device`;
  }

  /** Has a code sent. The answer looks the same whether or not there is an account. */
  async signIn(input: SignIn, options?: CallOptions): Promise<Challenge> {
    return this.#request("signIn", "sign-in", input, options);
  }

  /**
   * Has a code sent to a contact of the account that is signed in, to make its sign-in recent
   * (`ReauthRequired`). The right code of another account, or of none, is refused: `OtherAccount`.
   */
  async reauthenticate(input: SignIn, options?: CallOptions): Promise<Challenge> {
    const tokens = await this.tokens(options);
    if (!tokens) throw new LatchstringError("NotSignedIn");
    return this.#request("signIn", "sign-in", input, options, subject(tokens));
  }

  /**
   * Has a code sent to a contact that was replaced, for its owner to undo the change. The right code
   * brings the account back as it was, and signs in to it. `NothingToUndo` if there is no such change,
   * `ContactInUse` if the contact signs in to an account.
   */
  async undoContactChange(input: SignIn, options?: CallOptions): Promise<Challenge> {
    return this.#request("undo", "sign-in", input, options);
  }

  /**
   * Returns the newest flow of this storage that waits for a code, of a sign-in or an undo; null if
   * there is none. It calls nothing: the code can be entered as before the reload, or the end of the
   * process.
   */
  async pending(): Promise<Challenge | null> {
    const flows = await this.#change();
    return flows.map(({ challenge }) => challenge).find(({ purpose, sub }) => purpose !== "contact" && !sub) ?? null;
  }

  /**
   * Continues a flow, or the one of `pending`, in a new session: the same code, attempts and times,
   * without a message. `answer` and `resend` do so when the session has ended. `InvalidResume` if the
   * flow has ended, `ChangeHeld` if another change keeps the contact of this flow off the account.
   */
  async resume(before?: Challenge | null, options?: CallOptions): Promise<Challenge> {
    before ??= await this.pending();
    if (!before?.resume) throw new LatchstringError("InvalidResume");
    const { purpose, sub, emailOrPhone, method, resume } = before;
    const operation = purpose === "contact" ? "contacts/change" : "sign-in";
    try {
      const [begun, account] = await this.#open(operation, { emailOrPhone, method, resume }, options, sub);
      // A contact's flow is continued for the account that requested it.
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
  async openLink(fragment: string): Promise<OpenedLink | null> {
    const [, shape, name, token] = LINK.exec(fragment) ?? [];
    if (!token) return null;
    const find = async () => {
      const flows = await this.#change();
      return flows.find(({ challenge, linkSecret }) => linkSecret && nameIn(challenge) === name);
    };
    let found = await find();
    if (!found) return { place: "elsewhere", ...codeOf(shape!, token) };
    const confirm = async (options?: CallOptions) => {
      // The other tab may have moved on to another session.
      found = (await find()) ?? found;
      const { challenge, linkSecret = "" } = found!;
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
  async answer(challenge: Challenge, code: string, options?: CallOptions): Promise<Answer> {
    return this.#answer(challenge, code, options);
  }

  async #answer(
    challenge: Challenge,
    text: string,
    options: CallOptions | undefined,
    metadata?: Record<string, string>,
  ): Promise<Answer> {
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
        // The contact signs in: it is on an account.
        await this.#revoke(received(result)).catch(() => {});
        throw new LatchstringError("ContactInUse");
      }
      if (result) {
        const tokens = purpose === "contact" ? this.#verified(result, sub) : this.#keep(result, sub);
        return { done: true, tokens: await tokens, isNew };
      }
      // The contact has no account any more: it is not the one that is signed in.
      if (sub) throw new LatchstringError("OtherAccount");
      this.#proofs.set(session, proof!);
    }
    try {
      const undo = purpose === "undo";
      const input = { emailOrPhone, method, proof };
      const { tokens } = undo
        ? await this.#api.call("contacts/undo", input, options)
        : await this.#begin({ ...input, complete: true }, options);
      this.#proofs.delete(session);
      return { done: true, tokens: await this.#keep(tokens), isNew: !undo };
    } catch (error) {
      if (!isLost(error)) this.#proofs.delete(session);
      throw error;
    }
  }

  /** Has the same code sent once more, if its time has come. It costs no attempt. */
  async resend(challenge: Challenge, options?: CallOptions): Promise<Challenge> {
    const [answered, next] = await this.#respond(challenge, "resend", options, { action: "resend" });
    // It makes a code usable again.
    return this.#asked({ ...answered, attemptsLeft: answered.attemptsLeft || null }, next);
  }

  /** Writes the name and has a code sent to the second contact. Needs a recent sign-in. */
  async signUp(input: SignUp, options?: CallOptions): Promise<Challenge> {
    return this.#request("contact", "sign-up", input, options);
  }

  /** Has a code sent to a new contact, which replaces the one of its kind. Needs a recent sign-in. */
  async changeContact(input: Contact, options?: CallOptions): Promise<Challenge> {
    return this.#request("contact", "contacts/change", input, options);
  }

  /** Writes the name. `refresh` shows it. Needs a signed-in user. */
  async updateName({ givenName, familyName }: Name, options?: CallOptions): Promise<Name> {
    const [name] = await this.#signedIn("names", { givenName, familyName }, options);
    return name;
  }

  /** Returns the state of the last pending contact of a kind; null if there was none. */
  async pendingContact(method: Method, options?: CallOptions): Promise<PendingState | null> {
    const [found] = await this.#signedIn("contacts/pending", { method }, options);
    return found?.state.toUpperCase() ?? null;
  }

  /**
   * Has this device known, so that strangers who spend the budget of its owner's address do not lock
   * the owner out. It is known for the contacts that are on the account now: call it after each
   * sign-in and each new contact. It stays known after `signOut`, but not with `everywhere`.
   */
  async rememberDevice(options?: CallOptions): Promise<void> {
    const [{ device }, account] = await this.#signedIn("devices/remember", {}, options);
    // After a sign-out, a deletion or another sign-in meanwhile, the device is not remembered.
    await this.#alone(async () => {
      if (subject(await this.#load()) === account) await this.#storage.setItem(this.#deviceKey, device);
    });
  }

  /**
   * Forgets every device that was remembered for the contacts of the account, this one too: for an
   * owner who lost a device. Needs a signed-in user; the tokens stay.
   */
  async forgetDevices(options?: CallOptions): Promise<void> {
    await this.#signedIn("devices/forget", {}, options);
    await this.forgetDevice();
  }

  /** Has this device known no more. */
  async forgetDevice(): Promise<void> {
    await this.#storage.removeItem(this.#deviceKey);
  }

  /** The tokens of the signed-in user, renewed if they are about to end; null without one. */
  async tokens(options?: CallOptions): Promise<Tokens | null> {
    const tokens = await this.#load();
    if (!tokens || tokens.expiresAt - Date.now() > MARGIN) return tokens;
    try {
      return await this.refresh(options);
    } catch (error) {
      if (isSignedOut(error)) return null;
      // Good for a moment still, and the next call asks again.
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
  async refresh({ signal }: CallOptions = {}): Promise<Tokens> {
    signal?.throwIfAborted();
    this.#refreshing ??= this.#refresh().finally(() => (this.#refreshing = undefined));
    // One who gives up does not end it for the others.
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
  async signOut({ everywhere, ...options }: CallOptions & { everywhere?: boolean } = {}): Promise<void> {
    if (everywhere) return this.#end("GlobalSignOut", options);
    // Not in the middle of a refresh, whose tokens would come back.
    const tokens = await this.#alone(async () => {
      const tokens = await this.#load();
      await this.#storage.removeItem(this.#key);
      return tokens;
    });
    await this.#change(() => []);
    if (!tokens) return;
    try {
      await this.#revoke(tokens, options);
    } catch (error) {
      // A token that is over already is as good as revoked.
      if (!isSignedOut(error)) throw error;
    }
  }

  /** Deletes the account of who is signed in, for good. */
  async deleteAccount(options?: CallOptions): Promise<void> {
    await this.#end("DeleteUser", options);
  }

  /** Calls `signIn` of the API. */
  async #begin(input: object, options: CallOptions | undefined): Promise<any> {
    const device = (await this.#storage.getItem(this.#deviceKey)) ?? undefined;
    return this.#api.call("sign-in", { ...input, device }, options);
  }

  /** Begins or continues a flow: with `sign-in`, or for the account that is signed in; and the account, if known. */
  async #open(
    operation: Operation,
    input: object,
    options: CallOptions | undefined,
    sub: string | undefined,
  ): Promise<[begun: any, sub: string | undefined]> {
    if (operation !== "sign-in") return this.#signedIn(operation, input, options);
    return [await this.#begin({ ...input, existingOnly: sub && true }, options), sub];
  }

  /** Has a code sent. */
  async #request(
    purpose: Challenge["purpose"],
    operation: Operation,
    input: Contact,
    options: CallOptions | undefined,
    account?: string,
  ): Promise<Challenge> {
    const { linkSecret, linkChallenge } = await newLink();
    const { emailOrPhone, method = emailOrPhone.includes("@") ? "EMAIL" : "PHONE_NUMBER" } = input;
    const [begun, sub] = await this.#open(operation, { ...input, method, linkChallenge }, options, account);
    const asked = { purpose, ...(sub && { sub }), emailOrPhone, method };
    return this.#store(null, challengeOf(asked, begun), linkSecret);
  }

  /** One operation of the API for the signed-in user; and the account that it was sent for. */
  #signedIn(
    operation: Operation,
    input: object,
    options: CallOptions | undefined,
  ): Promise<[any, string | undefined]> {
    return this.#withToken((accessToken) => this.#api.call(operation, input, options, accessToken), options);
  }

  /**
   * Calls with a valid access token; if the service refuses it, once more with a new one. Both are of
   * the account that is signed in at the start: after a sign-in to another one this throws
   * `NotSignedIn`. Returns the result and that account.
   */
  async #withToken<T>(
    call: (accessToken: string) => Promise<T>,
    options: CallOptions | undefined,
  ): Promise<[T, string | undefined]> {
    const account = subject(await this.#load());
    const own = (tokens: Tokens | null): Tokens => {
      if (!tokens || subject(tokens) !== account) throw new LatchstringError("NotSignedIn");
      return tokens;
    };
    const tokens = own(await this.tokens(options));
    try {
      return [await call(tokens.accessToken), account!];
    } catch (error) {
      // The clock of this device may be wrong.
      if (!isSignedOut(error)) throw error;
    }
    // Tokens of another account are not renewed for this call.
    own(await this.#load());
    const renewed = own(await this.refresh(options));
    return [await call(renewed.accessToken), account!];
  }

  /** Ends every sign-in of the account, and then removes what is kept of it here. */
  async #end(operation: string, options: CallOptions | undefined): Promise<void> {
    const [, account] = await this.#withToken(
      (AccessToken) => this.#cognito(operation, AccessToken, { AccessToken }, options),
      options,
    );
    await this.#alone(async () => {
      // Tokens of another account, signed in meanwhile, stay.
      if (subject(await this.#load()) === account) await this.#storage.removeItem(this.#key);
      await this.forgetDevice();
    });
    await this.#change(() => []);
  }

  /** The pool's app client; of a token, if it is not configured. */
  #clientOf({ accessToken }: Tokens): unknown {
    return this.#config.clientId ?? claims(accessToken).client_id;
  }

  /** An operation of Cognito's, at the address of the token's pool if none is configured. */
  #cognito(operation: string, accessToken: string, input: object, options?: CallOptions): Promise<any> {
    const endpoint = this.#endpoint ?? new URL(claims(accessToken).iss as string).origin;
    return cognito(this.#send, endpoint, operation, input, options);
  }

  /**
   * Answers a challenge, and returns the challenge that was answered and the reply. If the session has
   * ended, but not the flow, it is answered once more in a new session: the same answer again costs no
   * attempt.
   */
  async #respond(
    challenge: Challenge,
    answer: string,
    options: CallOptions | undefined,
    metadata?: Record<string, string>,
  ): Promise<[Challenge, Reply]> {
    const { purpose, method, expiresAt, attemptsLeft } = challenge;
    const send = (asked: Challenge) => this.#api.respond(asked, answer, options, metadata);
    // The code was right, and there is nothing to undo, or no account to sign in to.
    const isFinal = (error: unknown) =>
      purpose !== "contact" && isOfType(error, "ContactInUse", "NotAdmitted", "NothingToUndo", "OtherAccount");
    let asked = { ...challenge, session: this.#moved.get(challenge.session) ?? challenge.session };
    let failure: unknown;
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
  #asked(before: Challenge, reply: Reply): Promise<Challenge> {
    return this.#store(before, challengeOf(before, reply));
  }

  /**
   * Stores the next challenge of a flow, or of a new one; null removes the flow. One that was removed
   * meanwhile stays so.
   */
  async #store<T extends Challenge | null>(before: Challenge | null, next: T, linkSecret?: string): Promise<T> {
    await this.#change((flows) => replaced(flows, before, next, linkSecret));
    return next;
  }

  /** Changes the stored flows, newest first, and returns them. Those that have expired are removed. */
  async #change(change = (flows: Flow[]) => flows): Promise<Flow[]> {
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
      // A storage that fails ends no flow: the caller has its challenge.
      return [];
    }
  }

  async #load(): Promise<Tokens | null> {
    try {
      const held = JSON.parse((await this.#storage.getItem(this.#key)) ?? "null");
      return isTokens(held) ? held : null;
    } catch (error) {
      // Not ours, or half written: there is no signed-in user.
      if (error instanceof SyntaxError) return null;
      throw error;
    }
  }

  /**
   * Stores the tokens of a sign-in and revokes those that they replace: `signOut` will revoke the
   * stored ones alone. Where an account is named, tokens of another are revoked and refused.
   */
  async #keep(result: any, sub?: string): Promise<Tokens> {
    const tokens = received(result);
    const unused = await this.#alone(async () => {
      const held = await this.#load();
      if (sub && (sub !== subject(tokens) || (held && sub !== subject(held)))) return tokens;
      await this.#save(tokens);
      return held;
    });
    // Without a connection they end with their lifetime.
    if (unused) await this.#revoke(unused).catch(() => {});
    if (unused === tokens) throw new LatchstringError("OtherAccount");
    return tokens;
  }

  #revoke(tokens: Tokens, options?: CallOptions): Promise<any> {
    const input = { ClientId: this.#clientOf(tokens), Token: tokens.refreshToken };
    return this.#cognito("RevokeToken", tokens.accessToken, input, options);
  }

  async #save(tokens: Tokens): Promise<void> {
    await this.#storage.setItem(this.#key, JSON.stringify(tokens));
  }

  /** After the right code for a contact: the tokens held, renewed so that they show it. */
  async #verified(result: any, sub?: string): Promise<Tokens> {
    // Those that Cognito gave for the answer are not kept: the sign-in goes on as it began.
    const revoked = this.#revoke(received(result)).catch(() => {});
    // One that is under way may have begun before the contact was on the account.
    await this.#refreshing?.catch(() => {});
    const renewed = this.refresh().catch(async (error) => {
      // The contact is on the account: the tokens show it a little later.
      const held = isLost(error) && (await this.#load());
      if (!held) throw error;
      return held;
    });
    const [tokens] = await Promise.all([renewed, revoked]);
    // Another tab signed in to another account meanwhile.
    if (sub && sub !== subject(tokens)) throw new LatchstringError("OtherAccount");
    return tokens;
  }

  #refresh(): Promise<Tokens> {
    const before = this.#load();
    return this.#alone(async () => {
      const held = await this.#load();
      if (!held) throw new LatchstringError("NotSignedIn");
      // Another tab was faster.
      if (held.accessToken !== (await before)?.accessToken) return held;
      const input = { ClientId: this.#clientOf(held), RefreshToken: held.refreshToken };
      let fresh: Tokens;
      try {
        // With rotation on and off, unlike InitiateAuth(REFRESH_TOKEN_AUTH).
        const { AuthenticationResult } = await this.#cognito("GetTokensFromRefreshToken", held.accessToken, input);
        fresh = received(AuthenticationResult, held.refreshToken);
      } catch (error) {
        if (!isSignedOut(error)) throw error;
        const now = await this.#load();
        if (now && now.refreshToken !== held.refreshToken) return now;
        await this.#storage.removeItem(this.#key);
        throw error;
      }
      // A tab without locks may have signed out, or in, meanwhile.
      if ((await this.#load())?.refreshToken === held.refreshToken) await this.#save(fresh);
      return fresh;
    });
  }

  /** Runs a change of a stored item alone: in this tab and, by Web Locks, among all tabs. */
  async #alone<T>(work: () => T | Promise<T>, key = this.#key): Promise<T> {
    // Not on a server, where one lock would hold up all people.
    const locks = "document" in globalThis && this.#config.storage && navigator.locks;
    if (locks) {
      let begun = false;
      try {
        return await locks.request(key, async () => ((begun = true), work()));
      } catch (error) {
        // Where a browser blocks storage it refuses locks, too: no other tab shares the tokens then.
        if (begun) throw error;
      }
    }
    const turn = (this.#turns.get(key) ?? Promise.resolve()).then(work);
    this.#turns.set(key, turn.catch(() => {}));
    return turn;
  }
}

/** Returns a token's claims, unverified: for showing a name, never for a decision. */
export function claims(token: string): Record<string, unknown> {
  return JSON.parse(new TextDecoder().decode(bytesOf(token.split(".")[1] ?? "")));
}

/** The account of tokens; null without any, and undefined if they cannot be read. */
function subject(tokens: Tokens): string | undefined;
function subject(tokens: Tokens | null): string | null | undefined;
function subject(tokens: Tokens | null): string | null | undefined {
  try {
    return tokens && (claims(tokens.accessToken).sub as string);
  } catch {
    return undefined;
  }
}

function isTokens(held: any): held is Tokens {
  const { accessToken, idToken, refreshToken, expiresAt } = held ?? {};
  return [accessToken, idToken, refreshToken].every((token) => typeof token === "string") && expiresAt > 0;
}

/** Tokens that were issued, by Cognito's names or the API's; without rotation a refresh token stays. */
function received(
  {
    AccessToken,
    IdToken,
    RefreshToken,
    ExpiresIn,
    accessToken = AccessToken,
    idToken = IdToken,
    refreshToken = RefreshToken,
    expiresIn = ExpiresIn,
  }: any,
  former?: string,
): Tokens {
  return { accessToken, idToken, refreshToken: refreshToken ?? former, expiresAt: Date.now() + expiresIn * 1000 };
}
