import { domainToASCII } from 'node:url';
import { Token } from 'aws-cdk-lib';

/** An address of mail. */
export const ADDRESS = /^[^\s@<>"]+@[^\s@<>"]+\.[^\s@<>"]+$/;

/** The contact that a notice names. */
export const SUPPORT_CONTACT = /^(?=.{1,50}$)(\S+@\S+|https:\/\/\S+|[0-9 +().\/-]+)$/;

/** The page that a link opens. */
export const LINK_URL =
  /^(?=.{1,200}$)(https:\/\/[A-Za-z0-9.-]+|http:\/\/(localhost|127\.0\.0\.1|\[::1\]))(:\d{1,5})?([/?][!$-&(-;=?-[\]_a-z~]*)?$/;

/** The lives of tokens, with their bounds in minutes. */
export const LIVES = [
  ['accessTokenLife', [5, 24 * 60], '5 minutes to a day'],
  ['idTokenLife', [5, 24 * 60], '5 minutes to a day'],
  ['refreshTokenLife', [60, 10 * 365 * 24 * 60], 'an hour to ten years'],
] as const;

/** True if the value is known at synthesis and does not match. */
export function wrong(value: string | undefined, pattern: RegExp): boolean {
  return value !== undefined && !Token.isUnresolved(value) && !pattern.test(value);
}

/** True unless the value is known at synthesis and no whole number within the bounds. */
export function between(value: unknown, [least, most]: readonly [number, number]): boolean {
  return Token.isUnresolved(value) || (Number.isInteger(value) && least <= Number(value) && Number(value) <= most);
}

/** A domain of an address, in Unicode or ASCII, or with `*.` those below it. The functions read it so. */
export function isDomain(text: string): boolean {
  const ascii = domainToASCII(text.replace(/^\*\./, ''));
  return /^(?=.{1,253}$)([a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?\.)+[a-z][a-z0-9-]*[a-z0-9]$/.test(ascii);
}
