// The text of a code: read from what was typed or pasted, and shown in groups.

import { plainDigits } from "./identifier.js";

/** One character between digits that belong together. */
const SEPARATOR = /(?<=\d)[\p{Zs}\t\p{Pd}.](?=\d)/gu;

/**
 * Reads the code in a text, which may be a whole message. Also returns the text to show instead of
 * the typed one.
 */
export function readCode(text, length, alphabet) {
  const plain = plainDigits(text.replace(/\p{Cf}/gu, ""));
  return alphabet === "BASE32" ? readBase32(plain, length) : readDigits(plain, length);
}

/** Reads the only run of digits that has the length. */
function readDigits(text, length) {
  const runs = text.replace(SEPARATOR, "").match(/\d+/g) ?? [];
  const fitting = runs.filter((run) => run.length === length);
  const code = fitting.length === 1 ? fitting[0] : null;
  return { code, text: code ?? runs.join(", ") };
}

/** A code of base 32 in a message: groups of four with hyphens. */
const GROUPED = /(?<![\p{L}\d])[A-Z\d]{4}(?:\p{Pd}[A-Z\d]{4})+(?![\p{L}\d])/gu;

/** Reads Crockford's base 32 as the API does: any case, O as 0, I and L as 1. */
function readBase32(text, length) {
  const characters = (part) =>
    part.replace(/[\p{Zs}\t\r\n\p{Pd}]/gu, "").replaceAll("O", "0").replace(/[IL]/g, "1");
  const upper = text.normalize("NFKC").toUpperCase();
  const whole = characters(upper);
  const found = new Set([whole, ...(upper.match(GROUPED) ?? []).map(characters)]);
  const fitting = [...found].filter((part) => part.length === length && /^[0-9A-HJKMNP-TV-Z]*$/.test(part));
  const code = fitting.length === 1 ? fitting[0] : null;
  if (code) return { code, text: grouped(code, "BASE32") };
  // While it is typed. What cannot be a code stays as it is.
  const partly = whole.length < length && /^[0-9A-HJKMNP-TV-Z]*$/.test(whole);
  return { code: null, text: partly ? grouped(whole, "BASE32") : text };
}

/** A code in groups, as it is shown. */
export function grouped(code, alphabet) {
  if (alphabet === "BASE32") return (code.match(/.{1,4}/g) ?? []).join("-");
  return code.match(code.length === 8 ? /.{4}/g : /.{3}(?!.$)|.{3,4}$/g).join(" ");
}
