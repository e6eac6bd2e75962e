/** The context of every request. */
export interface Transport {
    readonly fetch: typeof globalThis.fetch;
    /** Milliseconds a request may take. */
    readonly timeout: number;
}
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
/** POSTs JSON and reads the JSON answer, within the time limit. */
export declare function post({ fetch, timeout }: Transport, url: string, headers: Record<string, string>, body: unknown, { signal }?: CallOptions): Promise<Reply>;
/** One operation of Cognito's. Its texts are not for people: an error has ours. */
export declare function cognito(transport: Transport, endpoint: string, operation: string, input: object, options?: CallOptions): Promise<any>;
/** One field of the API. */
export declare function graphql(transport: Transport, url: string, headers: Record<string, string>, field: string, document: string, variables: object, options?: CallOptions): Promise<any>;
