import { type Api } from "./api.js";
import { type Send } from "./transport.js";
/** The addresses and ids of a deployment with AppSync. */
export interface AppSyncConfig {
    url?: undefined;
    /** The GraphQL API. */
    graphqlUrl: string;
    /** Its key, for the public mutations. */
    apiKey: string;
    /** The pool's app client. */
    clientId: string;
    /** The pool's region. */
    region: string;
}
/** AppSync's fields to begin, and Cognito itself for the answers. */
export declare function appsync(send: Send, { graphqlUrl, apiKey, clientId }: AppSyncConfig, endpoint: string): Api;
