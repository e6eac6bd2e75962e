import { type Reply } from "./api.js";
import type { Challenge, CodeAlphabet } from "./client.js";
import { typeOf } from "./errors.js";

/** A stored flow: its newest challenge, and the secret that its links need. */
export interface Flow {
  readonly challenge: Challenge;
  readonly linkSecret?: string | undefined;
}

/** The bytes of a text of base64url. */
export function bytesOf(text: string): Uint8Array {
  const base64 = text.replaceAll("-", "+").replaceAll("_", "/");
  return Uint8Array.from(atob(base64), (c) => c.charCodeAt(0));
}

/** The text of bytes in base64url, without padding. */
function base64url(bytes: Uint8Array): string {
  const base64 = btoa(String.fromCharCode(...bytes));
  return base64.replaceAll("+", "-").replaceAll("/", "_").replaceAll("=", "");
}

/** A secret that the links of a flow need, and its SHA-256; none where the browser has no WebCrypto. */
export async function newLink(): Promise<{ linkSecret?: string; linkChallenge?: string }> {
  if (!globalThis.crypto?.subtle) return {};
  const linkSecret = base64url(crypto.getRandomValues(new Uint8Array(32)));
  const hash = await crypto.subtle.digest("SHA-256", new TextEncoder().encode(linkSecret));
  return { linkSecret, linkChallenge: base64url(new Uint8Array(hash)) };
}

/** The fragment of a link: the length of its code, the name of its flow, and 16 bytes. */
export const LINK = /^#?([6-9ac])([\w-]{12})\.([\w-]{21}[AQgw])$/;

const CROCKFORD = "0123456789ABCDEFGHJKMNPQRSTVWXYZ";

/** The code of a link: the residue of its bytes. */
export function codeOf(shape: string, token: string): { code: string; codeAlphabet: CodeAlphabet } {
  const number = bytesOf(token).reduce((number, byte) => (number << 8n) | BigInt(byte), 0n);
  const length = parseInt(shape, 16);
  if (shape !== "c") {
    const code = (number % 10n ** BigInt(length)).toString().padStart(length, "0");
    return { code, codeAlphabet: "DIGITS" };
  }
  const digits = BigInt.asUintN(60, number).toString(32).padStart(length, "0");
  const characters = digits.replace(/./g, (digit) => CROCKFORD[parseInt(digit, 32)]!);
  return { code: characters.match(/.{4}/g)!.join("-"), codeAlphabet: "BASE32" };
}

/** The flows of a stored text that have not expired. */
export function flowsIn(text: string | null): Flow[] {
  try {
    const flows = JSON.parse(text ?? "[]");
    return flows.filter(({ challenge }: any) => {
      const { session, username, emailOrPhone, expiresAt } = challenge;
      return [session, username, emailOrPhone].every((part) => typeof part === "string") && expiresAt > Date.now();
    });
  } catch {
    return [];
  }
}

/**
 * The stored flow of a challenge, whose session another tab may have replaced. Flows can share a
 * pointer: then only the newest challenge finds its own.
 */
function flowOf({ session, pointer }: Challenge, flows: Flow[]): Flow | undefined {
  const named = flows.filter(({ challenge }) => pointer && nameIn(challenge) === pointer.slice(1));
  return flows.find(({ challenge }) => challenge.session === session) ?? (named.length === 1 ? named[0] : undefined);
}

/**
 * The flows with the next challenge of one, or of a new one; the five newest ones are kept. Null removes
 * it. One that is gone stays so.
 */
export function replaced(
  flows: Flow[],
  before: Challenge | null,
  next: Challenge | null,
  linkSecret?: string,
): Flow[] {
  const former = before && flowOf(before, flows);
  const others = flows.filter((flow) => flow !== former);
  if (!next || (before && !former)) return others;
  return [{ linkSecret: former?.linkSecret ?? linkSecret, challenge: next }, ...others].slice(0, 5);
}

/** The name of a flow in its pointer, without the length of its code, which a resend may change. */
export function nameIn({ pointer }: Challenge): string | undefined {
  return pointer?.slice(1);
}

/** The challenge of a reply. What the reply lacks stays as it was. */
export function challengeOf(before: Pick<Challenge, "purpose" | "emailOrPhone" | "method" | "existingOnly">, reply: Reply): Challenge {
  const { session, username = "", codeLength, codeAlphabet, attemptsLeft = null, resume = null, pointer = null } = {
    ...before,
    ...reply,
  };
  const { expiresIn, resendAfter, refused, retryAfter } = reply;
  const now = Date.now();
  return {
    ...(before as Challenge),
    session,
    username,
    codeLength: +codeLength,
    codeAlphabet: /^base32$/i.test(codeAlphabet) ? "BASE32" : "DIGITS",
    attemptsLeft: attemptsLeft && +attemptsLeft,
    ...(expiresIn && {
      expiresAt: now + expiresIn * 1000,
      resendAt: +resendAfter < +expiresIn ? now + resendAfter * 1000 : null,
    }),
    refused: refused ? { type: typeOf(refused), retryAfter: +retryAfter || null } : null,
    resume,
    pointer,
  };
}
