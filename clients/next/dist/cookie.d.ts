/** The name of the cookie that holds a browser session. */
export declare const COOKIE = "__Host-latchstring";
/** Returns the value if it has the form of an id of a browser session. */
export declare function idOf(value: string | undefined): string | undefined;
