import { type Operation, type Reply } from "./api.js";
import type {
  Challenge,
  Contact,
  Method,
  Name,
  PendingState,
  SignIn,
  SignUp,
} from "./client.js";
import { isLost, isOfType, isSignedOut, LatchstringError } from "./errors.js";
import { challengeOf, codeOf, type Flow, flowsIn, LINK, nameIn, newLink, replaced } from "./flows.js";
import { http, type HttpApi } from "./http.js";
import { memoryStorage } from "./storage.js";
import { type CallOptions, type Send, sender } from "./transport.js";

export type {
  Challenge,
  CodeAlphabet,
  Contact,
  Method,
  Name,
  PendingState,
  Refusal,
  SignIn,
  SignUp,
} from "./client.js";
export { type ErrorType, LatchstringError } from "./errors.js";
export type { CallOptions } from "./transport.js";

/** The settings of a client of session mode. */
export interface SessionConfig {
  /**
   * The address before `/v1`: of the HTTP door, or of a route of your own server that passes requests on
   * to it, such as `/api/latchstring`.
   */
  url: string;
  /** The storage of flows that wait for an answer: `sessionStorage` or `localStorage`. In memory if not given. */
  storage?: Pick<Storage, "getItem" | "setItem" | "removeItem"> | undefined;
  /** The time limit of one request in milliseconds; 30 seconds if not given. */
  timeout?: number | undefined;
  /** Another `fetch`. */
  fetch?: typeof globalThis.fetch | undefined;
}

/** The sign-in of this browser. Times are in seconds since 1970, by the service's clock. */
export interface BrowserSession {
  /** The account. */
  readonly sub: string;
  /** Cognito's username. */
  readonly username: string;
  readonly signedInAt: number;
  readonly openedAt: number;
  /** The seconds until it ends, unless it is used. */
  readonly expiresIn: number;
}

/** A browser session of the account. Times are in seconds since 1970, by the service's clock. */
export interface SessionEntry {
  /** Its name for `revoke`, which opens nothing. */
  readonly handle: string;
  /** True if it is of this browser. */
  readonly isCurrent: boolean;
  /** The browsers that used it, as they call themselves: more than one says that the cookie was copied. */
  readonly browsers: readonly { readonly family: string; readonly system: string }[];
  readonly openedAt: number;
  readonly lastUsedAt: number;
  readonly expiresAt: number;
}

/** The input of a sign-in. */
export interface SessionSignIn extends SignIn {
  /**
   * True after `ReauthRequired`: the right code of a contact without an account makes none, and is refused:
   * `OtherAccount`. Compare the `sub` of `session` with the one before: the contact may be of another account.
   */
  existingOnly?: boolean | undefined;
}

/** The outcome of an answer: signed in, or the next challenge because the code was wrong. */
export type SessionAnswer =
  | {
      readonly done: true;
      /** True if this answer created the account. */
      readonly isNew: boolean;
      /** The seconds after which the browser session ends if it is not used. */
      readonly expiresIn: number;
    }
  | { readonly done: false; readonly challenge: Challenge };

/** A link of a message, opened in the browser that requested it or in another. */
export type OpenedSessionLink =
  | {
      readonly place: "here";
      /** The flow that the link answers. */
      readonly challenge: Challenge;
      /** Answers with the link. Call it when the user has confirmed, never at the opening. */
      confirm(options?: CallOptions): Promise<SessionAnswer>;
    }
  | {
      readonly place: "elsewhere";
      /** The code of the same message, to type where it was requested; of base 32 as XXXX-XXXX-XXXX. */
      readonly code: string;
      readonly codeAlphabet: Challenge["codeAlphabet"];
    };

/** Returns true if an answer opened a browser session. Tokens are no such answer: they are refused. */
const isOpened = ({ status }: Reply): boolean => status === "session_opened";

/** The routes that a deployment has in session mode only. */
type SessionPath = "session" | "sessions" | "sessions/revoke" | "sign-out";

/**
 * Makes the client of a page in session mode: the browser keeps a cookie that no script can read, and no
 * token ever reaches it.
 *
 * ```ts
 * const client = createSessionClient({ url: "/api/latchstring", storage: sessionStorage });
 * const challenge = await client.signIn({ emailOrPhone: "ada@example.com" });
 * const answer = await client.answer(challenge, code);
 * ```
 */
export function createSessionClient(config: SessionConfig): SessionClient {
  return new SessionClient(config);
}

/** A client of session mode; `createSessionClient` makes it. */
class SessionClient {
  readonly #api: HttpApi;
  readonly #storage: NonNullable<SessionConfig["storage"]>;
  readonly #flowsKey: string;
  readonly #deviceKey: string;
  /** The sessions in which an answer is to be given again, by those in which it failed. */
  readonly #moved = new Map<string, string>();

  constructor({ url, storage = memoryStorage(), timeout = 30_000, fetch = globalThis.fetch }: SessionConfig) {
    // A browser's fetch wants to be called as the window's.
    const call: typeof fetch = (...request) => fetch.apply(globalThis, request);
    const send = sender(call, timeout, "include");
    // A page of another origin cannot send the header without permission.
    const marked: Send = (address, headers, body, options) =>
      send(address, { ...headers, ...(body && { "x-latchstring": "1" }) }, body, options);
    this.#api = http(marked, { url }, isOpened);
    this.#storage = storage;
    this.#flowsKey = `latchstring.${url}.flows`;
    this.#deviceKey = `latchstring.${url}.device`;
  }

  /** Has a code sent. The answer looks the same whether or not there is an account. */
  async signIn(input: SessionSignIn, options?: CallOptions): Promise<Challenge> {
    return this.#request("signIn", "sign-in", input, options);
  }

  /**
   * Has a code sent to a contact that was replaced, for its owner to undo the change. The right code
   * brings the account back as it was, ends all of its browser sessions, and signs in to it.
   */
  async undoContactChange(input: SignIn, options?: CallOptions): Promise<Challenge> {
    return this.#request("undo", "sign-in", input, options);
  }

  /** The newest flow of this storage that waits for a code, of a sign-in or an undo; null without one. */
  pending(): Challenge | null {
    return this.#flows().map(({ challenge }) => challenge).find(({ purpose }) => purpose !== "contact") ?? null;
  }

  /**
   * Continues a flow, or the one of `pending`: the same code, attempts and times, without a message.
   * `answer` and `resend` do so alone. `InvalidResume` if the flow has ended.
   */
  async resume(before?: Challenge | null, options?: CallOptions): Promise<Challenge> {
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
  openLink(fragment: string): OpenedSessionLink | null {
    const [, shape, name, token] = LINK.exec(fragment) ?? [];
    if (!token) return null;
    const find = () => this.#flows().find(({ challenge, linkSecret }) => linkSecret && nameIn(challenge) === name);
    let found = find();
    if (!found) return { place: "elsewhere", ...codeOf(shape!, token) };
    const confirm = async (options?: CallOptions) => {
      // The other tab may have moved on to another session.
      found = find() ?? found;
      const { challenge, linkSecret = "" } = found!;
      return this.#answer(challenge, token, options, { action: "link", linkSecret });
    };
    return { place: "here", challenge: found.challenge, confirm };
  }

  /**
   * Answers with a code. A right one opens the browser session; a wrong one returns a new challenge. When
   * the flow has ended this throws `CodeExpired`, `AttemptsSpent` or `FlowOver`: start again.
   */
  async answer(challenge: Challenge, code: string, options?: CallOptions): Promise<SessionAnswer> {
    return this.#answer(challenge, code, options);
  }

  /** Has the same code sent once more, if its time has come. It costs no attempt. */
  async resend(challenge: Challenge, options?: CallOptions): Promise<Challenge> {
    const [answered, next] = await this.#respond(challenge, "resend", options, { action: "resend" });
    // It makes a code usable again.
    return this.#asked({ ...answered, attemptsLeft: answered.attemptsLeft || null }, next);
  }

  /** The browser session of this browser; null if no user is signed in. */
  async session(options?: CallOptions): Promise<BrowserSession | null> {
    try {
      return await this.#ask("session", undefined, options);
    } catch (error) {
      if (isSignedOut(error)) return null;
      throw error;
    }
  }

  /** All browser sessions of the account. */
  async sessions(options?: CallOptions): Promise<SessionEntry[]> {
    return (await this.#ask("sessions", undefined, options)).sessions;
  }

  /** Ends one of them, by its `handle`. */
  async revoke(handle: string, options?: CallOptions): Promise<void> {
    await this.#ask("sessions/revoke", { handle }, options);
  }

  /**
   * Ends the browser session here, or with `everywhere` all of the account's and every token; then this
   * device is forgotten, too. After an error without `everywhere` the user may still be signed in: say so.
   */
  async signOut({ everywhere = false, ...options }: CallOptions & { everywhere?: boolean } = {}): Promise<void> {
    await this.#ask("sign-out", { everywhere }, options);
    this.#change(() => []);
    if (everywhere) this.forgetDevice();
  }

  /** Writes the name and has a code sent to the second contact. Needs a recent sign-in. */
  async signUp(input: SignUp, options?: CallOptions): Promise<Challenge> {
    return this.#request("contact", "sign-up", input, options);
  }

  /** Has a code sent to a new contact, which replaces the one of its kind. Needs a recent sign-in. */
  async changeContact(input: Contact, options?: CallOptions): Promise<Challenge> {
    return this.#request("contact", "contacts/change", input, options);
  }

  /** Writes the name. Needs a signed-in user. */
  async updateName({ givenName, familyName }: Name, options?: CallOptions): Promise<Name> {
    return this.#call("names", { givenName, familyName }, options);
  }

  /** Returns the state of the last pending contact of a kind; null if there was none. */
  async pendingContact(method: Method, options?: CallOptions): Promise<PendingState | null> {
    const found = await this.#call("contacts/pending", { method }, options);
    return found?.state.toUpperCase() ?? null;
  }

  /**
   * Has this device known, so that strangers who spend the budget of its owner's address do not lock the
   * owner out. Call it after each sign-in and each new contact.
   */
  async rememberDevice(options?: CallOptions): Promise<void> {
    const { device } = await this.#call("devices/remember", {}, options);
    this.#storage.setItem(this.#deviceKey, device);
  }

  /** Forgets every device that was remembered for the contacts of the account, this one too. */
  async forgetDevices(options?: CallOptions): Promise<void> {
    await this.#call("devices/forget", {}, options);
    this.forgetDevice();
  }

  /** Has this device known no more. */
  forgetDevice(): void {
    this.#storage.removeItem(this.#deviceKey);
  }

  /** One operation. The cookie takes the place of an access token. */
  async #call(operation: Operation, input: object, options: CallOptions | undefined): Promise<any> {
    const device = (operation === "sign-in" && this.#storage.getItem(this.#deviceKey)) || undefined;
    return this.#api.call(operation, { ...input, device }, options, "");
  }

  /** One operation of browser sessions. */
  #ask(path: SessionPath, input: object | undefined, options: CallOptions | undefined): Promise<any> {
    return this.#api.request(path, input, options, "");
  }

  /** Has a code sent. */
  async #request(
    purpose: Challenge["purpose"],
    operation: Operation,
    input: Contact & Pick<SessionSignIn, "existingOnly">,
    options: CallOptions | undefined,
  ): Promise<Challenge> {
    const { linkSecret, linkChallenge } = await newLink();
    const { emailOrPhone, method = emailOrPhone.includes("@") ? "EMAIL" : "PHONE_NUMBER", existingOnly } = input;
    const begun = await this.#call(operation, { ...input, method, linkChallenge }, options);
    return this.#store(null, challengeOf({ purpose, emailOrPhone, method, ...(existingOnly && { existingOnly }) }, begun), linkSecret);
  }

  async #answer(
    challenge: Challenge,
    text: string,
    options: CallOptions | undefined,
    metadata?: Record<string, string>,
  ): Promise<SessionAnswer> {
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
  #asked(before: Challenge, reply: Reply): Challenge {
    return this.#store(before, challengeOf(before, reply));
  }

  /** Stores the next challenge of a flow, or of a new one; null removes the flow. */
  #store<T extends Challenge | null>(before: Challenge | null, next: T, linkSecret?: string): T {
    this.#change((flows) => replaced(flows, before, next, linkSecret));
    return next;
  }

  /** The stored flows that have not expired, newest first. */
  #flows(): Flow[] {
    return this.#change((flows) => flows);
  }

  /** Changes the stored flows at once: nothing of this page comes between. */
  #change(change: (flows: Flow[]) => Flow[]): Flow[] {
    try {
      const stored = this.#storage.getItem(this.#flowsKey);
      const flows = change(flowsIn(stored));
      const text = flows.length ? JSON.stringify(flows) : null;
      if (text && text !== stored) this.#storage.setItem(this.#flowsKey, text);
      if (!text && stored !== null) this.#storage.removeItem(this.#flowsKey);
      return flows;
    } catch {
      // A storage that fails ends no flow: the caller has its challenge.
      return [];
    }
  }
}

export type { SessionClient };
