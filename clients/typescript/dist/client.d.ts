import { type AppSyncConfig } from "./appsync.js";
import { type ErrorType } from "./errors.js";
import { type HttpConfig } from "./http.js";
import { type TokenStorage } from "./storage.js";
import { type CallOptions } from "./transport.js";
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
export type Answer = {
    readonly done: true;
    readonly tokens: Tokens;
    /** True if this answer created the account. */
    readonly isNew: boolean;
} | {
    readonly done: false;
    readonly challenge: Challenge;
};
/** A link of a message, opened in the browser that requested it or in another. */
export type OpenedLink = {
    readonly place: "here";
    /** The flow that the link answers. */
    readonly challenge: Challenge;
    /** Answers with the link. Call it when the user has confirmed, never at the opening. */
    confirm(options?: CallOptions): Promise<Answer>;
} | {
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
export interface SignUp extends Contact, Name {
}
/**
 * Signs people in by codes, and keeps them signed in.
 *
 * ```ts
 * const latchstring = new Latchstring({ ...config, storage: localStorage });
 * const challenge = await latchstring.signIn({ emailOrPhone: "ada@example.com" });
 * const answer = await latchstring.answer(challenge, code);
 * ```
 */
export declare class Latchstring {
    #private;
    constructor(config: Config);
    /** Has a code sent. The answer looks the same whether or not there is an account. */
    signIn(input: SignIn, options?: CallOptions): Promise<Challenge>;
    /**
     * Has a code sent to a contact of the account that is signed in, to make its sign-in recent
     * (`ReauthRequired`). The right code of another account, or of none, is refused: `OtherAccount`.
     */
    reauthenticate(input: SignIn, options?: CallOptions): Promise<Challenge>;
    /**
     * Has a code sent to a contact that was replaced, for its owner to undo the change. The right code
     * brings the account back as it was, and signs in to it. `NothingToUndo` if there is no such change,
     * `ContactInUse` if the contact signs in to an account.
     */
    undoContactChange(input: SignIn, options?: CallOptions): Promise<Challenge>;
    /**
     * Returns the newest flow of this storage that waits for a code, of a sign-in or an undo; null if
     * there is none. It calls nothing: the code can be entered as before the reload, or the end of the
     * process.
     */
    pending(): Promise<Challenge | null>;
    /**
     * Continues a flow, or the one of `pending`, in a new session: the same code, attempts and times,
     * without a message. `answer` and `resend` do so when the session has ended. `InvalidResume` if the
     * flow has ended, `ChangeHeld` if another change keeps the contact of this flow off the account.
     */
    resume(before?: Challenge | null, options?: CallOptions): Promise<Challenge>;
    /**
     * Reads the link of a message from the fragment of its address; null if it is no link. Nothing is
     * called and nothing is used up: only `confirm` answers.
     */
    openLink(fragment: string): Promise<OpenedLink | null>;
    /**
     * Answers with a code. A wrong one returns a new challenge; the first right one of a new person
     * makes the account. When the flow has ended this throws `CodeExpired`, `AttemptsSpent` or
     * `FlowOver`: start again. `ContactInUse` and `ChangeHeld` say why a new contact is not on the account. A session that ended before its flow is replaced, once: see `resume`.
     *
     * If a new person's connection is lost after the right code, calling it again goes on from there.
     */
    answer(challenge: Challenge, code: string, options?: CallOptions): Promise<Answer>;
    /** Has the same code sent once more, if its time has come. It costs no attempt. */
    resend(challenge: Challenge, options?: CallOptions): Promise<Challenge>;
    /** Writes the name and has a code sent to the second contact. Needs a recent sign-in. */
    signUp(input: SignUp, options?: CallOptions): Promise<Challenge>;
    /** Has a code sent to a new contact, which replaces the one of its kind. Needs a recent sign-in. */
    changeContact(input: Contact, options?: CallOptions): Promise<Challenge>;
    /** Writes the name. `refresh` shows it. Needs a signed-in user. */
    updateName({ givenName, familyName }: Name, options?: CallOptions): Promise<Name>;
    /** Returns the state of the last pending contact of a kind; null if there was none. */
    pendingContact(method: Method, options?: CallOptions): Promise<PendingState | null>;
    /**
     * Has this device known, so that strangers who spend the budget of its owner's address do not lock
     * the owner out. It is known for the contacts that are on the account now: call it after each
     * sign-in and each new contact. It stays known after `signOut`, but not with `everywhere`.
     */
    rememberDevice(options?: CallOptions): Promise<void>;
    /**
     * Forgets every device that was remembered for the contacts of the account, this one too: for an
     * owner who lost a device. Needs a signed-in user; the tokens stay.
     */
    forgetDevices(options?: CallOptions): Promise<void>;
    /** Has this device known no more. */
    forgetDevice(): Promise<void>;
    /** The tokens of the signed-in user, renewed if they are about to end; null without one. */
    tokens(options?: CallOptions): Promise<Tokens | null>;
    /**
     * New tokens, which show what is on the account now. Calls at the same time share one request, and
     * tabs with the same storage take turns. `NotSignedIn` if the sign-in has ended: the tokens are
     * removed then.
     */
    refresh({ signal }?: CallOptions): Promise<Tokens>;
    /**
     * Removes the tokens here and has them revoked. With `everywhere` all of the account's are revoked;
     * the tokens stay here until that is done, and then the device is forgotten, too.
     *
     * An error without `everywhere` says that the revocation may not have arrived; the tokens are gone
     * from here all the same.
     */
    signOut({ everywhere, ...options }?: CallOptions & {
        everywhere?: boolean;
    }): Promise<void>;
    /** Deletes the account of who is signed in, for good. */
    deleteAccount(options?: CallOptions): Promise<void>;
}
/** Returns a token's claims, unverified: for showing a name, never for a decision. */
export declare function claims(token: string): Record<string, unknown>;
