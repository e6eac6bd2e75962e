import { type CallOptions } from "./transport.js";

/** The operations of a deployment, by their paths in the HTTP door. */
export type Operation =
  | "sign-in"
  | "sign-up"
  | "names"
  | "contacts/change"
  | "contacts/pending"
  | "contacts/undo"
  | "devices/remember"
  | "devices/forget";

/** The part of a challenge that an answer needs. */
export interface Asked {
  readonly purpose: "signIn" | "contact" | "undo";
  readonly session: string;
  readonly username: string;
}

/**
 * The reply to an answer, as it came: numbers can be text, and what is missing stays as it was.
 *
 * - `status` `session_opened`: signed in, in session mode. The cookie came with the reply.
 * - `tokens`: signed in. `isNew` says that the answer created the account, `isUndone` that it undid a
 *   change of contact.
 * - `proof`: right, and there is no account yet. `sign-in` or `contacts/undo` takes the proof.
 * - `session` and the members of a challenge: to be answered again. `refused` and `retryAfter` say that
 *   a resend sent nothing. `failed` is the error of an answer that was not verified.
 */
export type Reply = any;

/** A way to a deployment: AppSync with Cognito, or the HTTP door. */
export interface Api {
  /** One operation; with an access token where a user must be signed in. */
  call(operation: Operation, input: object, options?: CallOptions, accessToken?: string): Promise<any>;
  /** An answer with a code, a link or `resend`. `NotSignedIn` says that the session has ended. */
  respond(asked: Asked, answer: string, options?: CallOptions, metadata?: Record<string, string>): Promise<Reply>;
}
