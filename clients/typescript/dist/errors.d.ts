/** The types of error, a fixed list. Those of the API's schema keep their names. */
export type ErrorType = 
/** The identifier is not an email address or phone number; the message says why. */
"InvalidIdentifier"
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
export declare class LatchstringError extends Error {
    readonly type: ErrorType;
    readonly name = "LatchstringError";
    /** @param type what went wrong; `message` is for people, and holds no code, token or session. */
    constructor(type: ErrorType, message?: string, options?: ErrorOptions);
}
/** The type of an error's name, as the API and Cognito give them. */
export declare function typeOf(name: string): ErrorType;
/** An error by its name elsewhere. A text that comes with one of our own names is for people. */
export declare function named(name: string, text?: string): LatchstringError;
export declare function isOfType(error: unknown, ...types: ErrorType[]): boolean;
export declare function isSignedOut(error: unknown): boolean;
/** Returns true if the same call may still succeed. Other errors are the caller's own reason to abort. */
export declare function isLost(error: unknown): boolean;
