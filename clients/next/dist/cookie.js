/** The name of the cookie that holds a browser session. */
export const COOKIE = "__Host-latchstring";
/** Returns the value if it has the form of an id of a browser session. */
export function idOf(value) {
    return value && /^[\w-]{43}$/.test(value) ? value : undefined;
}
