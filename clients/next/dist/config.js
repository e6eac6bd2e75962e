/** The service did not answer as it should. Its message has no secret, and is for the server's log. */
export class LatchstringError extends Error {
    type;
    name = "LatchstringError";
    /** @param type the name of a problem of the HTTP door, such as `Unavailable` or `Forbidden`. */
    constructor(type, message, options) {
        super(message, options);
        this.type = type;
    }
}
