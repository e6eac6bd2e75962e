/** Options of every call. */
export interface CallOptions {
    /** Ends the waiting, not what the service has begun. Its reason is what is thrown. */
    signal?: AbortSignal | undefined;
}
/** The status and the decoded body; never a body, header or address of a request in an error. */
export interface Reply {
    readonly ok: boolean;
    readonly status: number;
    readonly body: any;
}
/** POSTs JSON, or GETs if there is none, and reads the JSON answer. */
export type Send = (url: string, headers: Record<string, string>, body: object | undefined, options?: CallOptions) => Promise<Reply>;
/** Sends requests that may each take `timeout` milliseconds. */
export declare const sender: (fetch: typeof globalThis.fetch, timeout: number, credentials?: RequestCredentials) => Send;
/** One operation of Cognito's. Its texts are not for people: an error has ours. */
export declare function cognito(send: Send, endpoint: string, operation: string, input: object, options?: CallOptions): Promise<any>;
