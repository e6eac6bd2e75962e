/** Where the service is, and how this server proves itself to it. */
export interface LatchstringConfig {
    /**
     * The address of the HTTP door, before `/v1`. May be undefined while the app is built: it is needed at
     * the first request.
     */
    url: string | undefined;
    /** The server credential of the deployment. A secret: read it from the environment or a secret store. */
    serverCredential: string | undefined;
    /**
     * The source of a request: the name of a header that your host sets and no client can, or a function of
     * the headers. Of a list the last address counts, which is the one that the nearest proxy added. If not
     * given, all users share the budgets of this server's address.
     */
    source?: string | ((headers: Headers) => string | null | undefined) | undefined;
    /** The time limit of one request to the service in milliseconds; 30 seconds if not given. */
    timeout?: number | undefined;
    /** The time in which a browser must have sent a body, in milliseconds; 10 seconds if not given. */
    bodyTimeout?: number | undefined;
}
/** The service did not answer as it should. Its message has no secret, and is for the server's log. */
export declare class LatchstringError extends Error {
    readonly type: string;
    readonly name = "LatchstringError";
    /** @param type the name of a problem of the HTTP door, such as `Unavailable` or `Forbidden`. */
    constructor(type: string, message: string, options?: ErrorOptions);
}
