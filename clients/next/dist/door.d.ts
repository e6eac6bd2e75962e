import { type LatchstringConfig } from "./config.js";
/** One answer of the HTTP door, read to its end. */
export interface Answer {
    readonly status: number;
    readonly headers: Headers;
    readonly text: string;
}
/** What a request to the door is made of. */
export interface Asking {
    readonly method: "GET" | "POST";
    /** Behind `/v1/`: a route of our own lists, never a text of the browser's. */
    readonly path: string;
    /** The headers of the browser's request. */
    readonly headers: Headers;
    /** The id of the browser session. */
    readonly id: string | undefined;
    readonly body?: string | undefined;
}
/** Calls the HTTP door for a browser. */
export declare function ask(config: LatchstringConfig, { method, path, headers, id, body }: Asking): Promise<Answer>;
/** Returns the id of the browser session in the header `cookie`. Several cookies of the name count as none. */
export declare function idIn(cookies: string | null): string | undefined;
/** Returns the members of an answer; none if it is no JSON object. */
export declare function membersOf(text: string): Record<string, any>;
