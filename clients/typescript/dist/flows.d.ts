import { type Reply } from "./api.js";
import type { Challenge, CodeAlphabet } from "./client.js";
/** A stored flow: its newest challenge, and the secret that its links need. */
export interface Flow {
    readonly challenge: Challenge;
    readonly linkSecret?: string | undefined;
}
/** The bytes of a text of base64url. */
export declare function bytesOf(text: string): Uint8Array;
/** A secret that the links of a flow need, and its SHA-256; none where the browser has no WebCrypto. */
export declare function newLink(): Promise<{
    linkSecret?: string;
    linkChallenge?: string;
}>;
/** The fragment of a link: the length of its code, the name of its flow, and 16 bytes. */
export declare const LINK: RegExp;
/** The code of a link: the residue of its bytes. */
export declare function codeOf(shape: string, token: string): {
    code: string;
    codeAlphabet: CodeAlphabet;
};
/** The flows of a stored text that have not expired. */
export declare function flowsIn(text: string | null): Flow[];
/**
 * The flows with the next challenge of one, or of a new one; the five newest ones are kept. Null removes
 * it. One that is gone stays so.
 */
export declare function replaced(flows: Flow[], before: Challenge | null, next: Challenge | null, linkSecret?: string): Flow[];
/** The name of a flow in its pointer, without the length of its code, which a resend may change. */
export declare function nameIn({ pointer }: Challenge): string | undefined;
/** The challenge of a reply. What the reply lacks stays as it was. */
export declare function challengeOf(before: Pick<Challenge, "purpose" | "emailOrPhone" | "method" | "existingOnly">, reply: Reply): Challenge;
