/** The types of error, a fixed list. Those of the API's schema keep their names. */
export type ErrorType =
  /** The identifier is not an email address or phone number; the message says why. */
  | "InvalidIdentifier"
  /** A name is empty, too long, or has control characters. */
  | "InvalidName"
  /** The first sign-in took too long between the code and the account. Start again. */
  | "InvalidProof"
  /** The flow that was to be continued has ended. Start again. */
  | "InvalidResume"
  /** Too many codes requested; the message says when to try again. */
  | "TooManyRequests"
  /** Have a captcha solved, and call again with its answer as `captcha`. */
  | "CaptchaRequired"
  /** No user is signed in here, or the sign-in has ended. */
  | "NotSignedIn"
  /** Signed in, but too long ago for this. Sign in again. */
  | "ReauthRequired"
  /** The contact is on this account already, or was proved and is on another account. */
  | "ContactInUse"
  /** A change of a contact can still be undone; as long as it can, no contact can be changed. */
  | "ChangeHeld"
  /** The contact was not replaced lately, or the change was undone already. */
  | "NothingToUndo"
  /** The code was right, and no account may be made for its contact. */
  | "NotAdmitted"
  /** The code was right, but not of the account that is signed in here. Nothing was changed. */
  | "OtherAccount"
  /** The code has expired. Start again. */
  | "CodeExpired"
  /** The code's last attempt was wrong. Start again. */
  | "AttemptsSpent"
  /** The flow ended for another reason: its session was used, or is too old. Start again. */
  | "FlowOver"
  /** The service does not answer as it should. Try later. */
  | "Unavailable"
  /** No connection. Whether the request arrived is not known. */
  | "Network"
  /** No answer within the time limit. Whether the request arrived is not known. */
  | "Timeout"
  /** A bug, on one side or the other. */
  | "Internal";

/** Every error of this client, except the reason of your own `AbortSignal`, which is thrown as it is. */
export class LatchstringError extends Error {
  override readonly name = "LatchstringError";

  /** @param type what went wrong; `message` is for people, and holds no code, token or session. */
  constructor(
    readonly type: ErrorType,
    message: string = MESSAGES[type],
    options?: ErrorOptions,
  ) {
    super(message, options);
  }
}

const MESSAGES: Record<ErrorType, string> = {
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
  Internal: "Something went wrong.",
};

/** The type of an error's name, as the API and Cognito give them. */
export function typeOf(name: string): ErrorType {
  const [type] = FOREIGN.find(([, names]) => names.test(name)) ?? [];
  return type ?? (Object.hasOwn(MESSAGES, name) ? (name as ErrorType) : "Internal");
}

/** An error by its name elsewhere. A text that comes with one of our own names is for people. */
export function named(name: string, text?: string): LatchstringError {
  const type = typeOf(name);
  return new LatchstringError(type, type === name ? text : undefined);
}

/** Names that are not ours. A status stands for an answer without a name: a gateway's own. */
const FOREIGN: [ErrorType, RegExp][] = [
  // Cognito's, of a token or a session, AppSync's of an expired token, and the HTTP door's of a session.
  [
    "NotSignedIn",
    /^((NotAuthorized|UserNotFound|RefreshTokenReuse|Unauthorized)Exception|InvalidContinuation|401)$/,
  ],
  ["OtherAccount", /^NoAccount$/],
  ["TooManyRequests", /^((TooManyRequests|LimitExceeded)Exception|429)$/],
  ["Unavailable", /^(ResourceNotFoundException|\w+Lambda\w+|[25]..)$/],
];

export function isOfType(error: unknown, ...types: ErrorType[]): boolean {
  return error instanceof LatchstringError && types.includes(error.type);
}

export function isSignedOut(error: unknown): boolean {
  return isOfType(error, "NotSignedIn");
}

/** Returns true if the same call may still succeed. Other errors are the caller's own reason to abort. */
export function isLost(error: unknown): boolean {
  return (
    !(error instanceof LatchstringError) || isOfType(error, "Network", "Timeout", "Unavailable", "TooManyRequests")
  );
}
