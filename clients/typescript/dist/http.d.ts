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
}
/** The HTTP door, which answers Cognito itself. */
export declare function http(send: Send, { url, clientId }: HttpConfig): Api;
