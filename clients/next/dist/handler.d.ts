import { type LatchstringConfig } from "./config.js";
/** Passes one request of a browser on to the HTTP door. */
export declare function pass(config: LatchstringConfig, method: "GET" | "POST", request: Request): Promise<Response>;
