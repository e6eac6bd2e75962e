import type { Challenge, Contact, Method, Name, PendingState, SignIn, SignUp } from "./client.js";
import { type CallOptions } from "./transport.js";
export type { Challenge, CodeAlphabet, Contact, Method, Name, PendingState, Refusal, SignIn, SignUp, } from "./client.js";
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
    readonly browsers: readonly {
        readonly family: string;
        readonly system: string;
    }[];
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
export type SessionAnswer = {
    readonly done: true;
    /** True if this answer created the account. */
    readonly isNew: boolean;
    /** The seconds after which the browser session ends if it is not used. */
    readonly expiresIn: number;
} | {
    readonly done: false;
    readonly challenge: Challenge;
};
/** A link of a message, opened in the browser that requested it or in another. */
export type OpenedSessionLink = {
    readonly place: "here";
    /** The flow that the link answers. */
    readonly challenge: Challenge;
    /** Answers with the link. Call it when the user has confirmed, never at the opening. */
    confirm(options?: CallOptions): Promise<SessionAnswer>;
} | {
    readonly place: "elsewhere";
    /** The code of the same message, to type where it was requested; of base 32 as XXXX-XXXX-XXXX. */
    readonly code: string;
    readonly codeAlphabet: Challenge["codeAlphabet"];
};
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
export declare function createSessionClient(config: SessionConfig): SessionClient;
/** A client of session mode; `createSessionClient` makes it. */
declare class SessionClient {
    #private;
    constructor({ url, storage, timeout, fetch }: SessionConfig);
    /** Has a code sent. The answer looks the same whether or not there is an account. */
    signIn(input: SessionSignIn, options?: CallOptions): Promise<Challenge>;
    /**
     * Has a code sent to a contact that was replaced, for its owner to undo the change. The right code
     * brings the account back as it was, ends all of its browser sessions, and signs in to it.
     */
    undoContactChange(input: SignIn, options?: CallOptions): Promise<Challenge>;
    /** The newest flow of this storage that waits for a code, of a sign-in or an undo; null without one. */
    pending(): Challenge | null;
    /**
     * Continues a flow, or the one of `pending`: the same code, attempts and times, without a message.
     * `answer` and `resend` do so alone. `InvalidResume` if the flow has ended.
     */
    resume(before?: Challenge | null, options?: CallOptions): Promise<Challenge>;
    /**
     * Reads the link of a message from the fragment of its address; null if it is no link. Nothing is
     * called and nothing is used up: only `confirm` answers.
     */
    openLink(fragment: string): OpenedSessionLink | null;
    /**
     * Answers with a code. A right one opens the browser session; a wrong one returns a new challenge. When
     * the flow has ended this throws `CodeExpired`, `AttemptsSpent` or `FlowOver`: start again.
     */
    answer(challenge: Challenge, code: string, options?: CallOptions): Promise<SessionAnswer>;
    /** Has the same code sent once more, if its time has come. It costs no attempt. */
    resend(challenge: Challenge, options?: CallOptions): Promise<Challenge>;
    /** The browser session of this browser; null if no user is signed in. */
    session(options?: CallOptions): Promise<BrowserSession | null>;
    /** All browser sessions of the account. */
    sessions(options?: CallOptions): Promise<SessionEntry[]>;
    /** Ends one of them, by its `handle`. */
    revoke(handle: string, options?: CallOptions): Promise<void>;
    /**
     * Ends the browser session here, or with `everywhere` all of the account's and every token; then this
     * device is forgotten, too. After an error without `everywhere` the user may still be signed in: say so.
     */
    signOut({ everywhere, ...options }?: CallOptions & {
        everywhere?: boolean;
    }): Promise<void>;
    /** Writes the name and has a code sent to the second contact. Needs a recent sign-in. */
    signUp(input: SignUp, options?: CallOptions): Promise<Challenge>;
    /** Has a code sent to a new contact, which replaces the one of its kind. Needs a recent sign-in. */
    changeContact(input: Contact, options?: CallOptions): Promise<Challenge>;
    /** Writes the name. Needs a signed-in user. */
    updateName({ givenName, familyName }: Name, options?: CallOptions): Promise<Name>;
    /** Returns the state of the last pending contact of a kind; null if there was none. */
    pendingContact(method: Method, options?: CallOptions): Promise<PendingState | null>;
    /**
     * Has this device known, so that strangers who spend the budget of its owner's address do not lock the
     * owner out. Call it after each sign-in and each new contact.
     */
    rememberDevice(options?: CallOptions): Promise<void>;
    /** Forgets every device that was remembered for the contacts of the account, this one too. */
    forgetDevices(options?: CallOptions): Promise<void>;
    /** Has this device known no more. */
    forgetDevice(): void;
}
export type { SessionClient };
