import "server-only";
import { type LatchstringConfig } from "./config.js";
export { type LatchstringConfig, LatchstringError } from "./config.js";
/** The browser session of a request. Times are seconds since 1970, by the service's clock. */
export interface BrowserSession {
    /** The account. */
    readonly sub: string;
    readonly username: string;
    /** When the user answered a code. */
    readonly signedInAt: number;
    readonly openedAt: number;
    readonly expiresIn: number;
}
/** What an app uses: the route handlers, and the session and the token for its own code. */
export interface LatchstringServer {
    /** The handlers of a catch-all route, such as `app/api/latchstring/[...path]/route.js`. */
    GET(request: Request): Promise<Response>;
    POST(request: Request): Promise<Response>;
    /**
     * The browser session of the request that is being answered; null if no user is signed in. Asked once a
     * request, however often it is called while a page is rendered. Throws a `LatchstringError` if the
     * service does not answer.
     */
    getSession(): Promise<BrowserSession | null>;
    /**
     * The access token of the browser session, to call an API with; null if no user is signed in. Never
     * return it, or pass it to a client component: what a page is given, its scripts can read.
     */
    getAccessToken(): Promise<string | null>;
}
/**
 * Connects an app to a deployment in session mode.
 *
 * ```ts
 * export const { GET, POST, getSession, getAccessToken } = latchstring({
 *   url: process.env.LATCHSTRING_URL,
 *   serverCredential: process.env.LATCHSTRING_SERVER_CREDENTIAL,
 * });
 * ```
 */
export declare function latchstring(config: LatchstringConfig): LatchstringServer;
