import { type Api } from "./api.js";
import { type Send } from "./transport.js";
/** The address of a deployment with the HTTP door. */
export interface HttpConfig {
    /** The address before `/v1`. With it the GraphQL API is not called. */
    url: string;
    /** The pool's app client; if not given, that of the tokens. */
    clientId?: string | undefined;
    /** The pool's region; if not given, that of the tokens. */
    region?: string | undefined;
    /**
     * True if the deployment holds the sign-in and the browser a cookie (`SESSION_MODE`): the client then
     * never gets a token. `url` is the page's own origin, or the page's one of `SESSION_ORIGINS`.
     */
    sessionMode?: boolean | undefined;
}
/** The status of an answer that opened a browser session. */
export declare const OPENED = "session_opened";
/** The HTTP door, which answers Cognito itself. */
export declare function http(send: Send, { url, clientId, sessionMode }: HttpConfig): Api;
