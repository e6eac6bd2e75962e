import { type Api, type Reply } from "./api.js";
import { type CallOptions, type Send } from "./transport.js";
/** The address of a deployment with the HTTP door. */
export interface HttpConfig {
    /** The address before `/v1`. With it the GraphQL API is not called. */
    url: string;
    /** The pool's app client; if not given, that of the tokens. */
    clientId?: string | undefined;
    /** The pool's region; if not given, that of the tokens. */
    region?: string | undefined;
}
/** The HTTP door, with the routes that are no operation. */
export interface HttpApi extends Api {
    /** POSTs, or GETs without input. `accessToken` is empty where the cookie names the user. */
    request(path: string, input?: object, options?: CallOptions, accessToken?: string): Promise<any>;
}
/** The HTTP door, which answers Cognito itself. `isSignedIn` says of a reply that it ends the flow. */
export declare function http(send: Send, { url, clientId }: HttpConfig, isSignedIn?: (reply: Reply) => boolean): HttpApi;
