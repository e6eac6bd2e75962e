// The text that is typed or pasted: an email address or a phone number.
//
// The rules are those of the API (shared/core/src/value/identifier/), which decides. Here a number also gets
// its country code.

// Region, calling code, and in brackets the prefix that is dialled before a national number at home
// (0 if none is given). The first region of a code is the one that a bare `+code` is taken for.
const COUNTRIES = `US1(1) CA1(1) PR1(1) DO1(1) JM1(1) TT1(1) RU7(8) KZ7(8) EG20 ZA27 GR30() NL31 BE32 FR33 ES34() HU36(06)
IT39() RO40 CH41 AT43 GB44 DK45() SE46 NO47() PL48() DE49 PE51 MX52() CU53 AR54 BR55 CL56() CO57() VE58 MY60
AU61 ID62 PH63 NZ64 SG65() TH66 JP81 KR82 VN84 CN86 TR90 IN91 PK92 AF93 LK94 MM95 IR98 MA212 DZ213 TN216() LY218
GM220() SN221() ML223() CI225() BF226() NE227() TG228() BJ229() MU230() LR231 SL232 GH233 NG234 TD235() CM237()
CV238() GA241() CG242() CD243 AO244() RW250 ET251 SO252 KE254 TZ255 UG256 BI257() MZ258() ZM260 MG261 ZW263
NA264 MW265 LS266() BW267() SZ268() PT351() LU352() IE353 IS354() AL355 MT356() CY357() FI358 BG359 LT370(8) LV371()
EE372() MD373 AM374 BY375(8) AD376() MC377() UA380 RS381 ME382 XK383 HR385 SI386 BA387 MK389 CZ420() SK421 LI423()
GT502() SV503() HN504() NI505() CR506() PA507() HT509() BO591 GY592() EC593 PY595 SR597() UY598 HK852() MO853() KH855
LA856 BD880 TW886 MV960() LB961 JO962 SY963 IQ964 KW965() SA966 YE967 OM968() PS970 AE971 IL972 BH973() QA974() BT975
MN976 NP977 TJ992() TM993(8) AZ994 GE995 KG996 UZ998`
  .split(/\s+/)
  .map((country) => {
    const [, region, code, trunk = "0"] = country.match(/^(\D\D)(\d+)(?:\((\d*)\))?$/);
    return { region, code, trunk };
  });

/** The countries by name, in a language. */
export function countries(language) {
  const names = new Intl.DisplayNames(language, { type: "region" });
  return COUNTRIES.map((country) => ({ ...country, name: names.of(country.region) })).sort((a, b) =>
    a.name.localeCompare(b.name, language),
  );
}

/** The calling code of a region. */
export const callingCode = (region) => COUNTRIES.find((country) => country.region === region).code;

/** The probable country of the user, by the region of the browser's first language. */
export function likelyRegion() {
  try {
    const { region } = new Intl.Locale(navigator.language).maximize();
    if (COUNTRIES.some((country) => country.region === region)) return region;
  } catch {
    // The tag is not a language.
  }
  return "US";
}

/** The decimal digit of a character of any script. */
function digitOf(character) {
  // Digits come in runs of ten, from 0 to 9.
  let first = character.codePointAt(0);
  const value = first;
  while (/\p{Nd}/u.test(String.fromCodePoint(first - 1))) first -= 1;
  return String((value - first) % 10);
}

/** Any digits as ASCII digits, and full-width forms as plain ones. */
export const plainDigits = (text) => text.normalize("NFKC").replace(/(?![0-9])\p{Nd}/gu, digitOf);

/** Characters without a width that a copied number may contain: marks of direction and variation. */
const INVISIBLE = /[\p{Cf}\ufe00-\ufe0f\u{e0100}-\u{e01ef}]/gu;

/** A text read as a number: with the digits and separators of a keyboard. */
function asNumber(typed) {
  return plainDigits(typed.replace(INVISIBLE, ""))
    .replace(/[\p{Pd}\u2212\u30fc\u00ad]/gu, "-")
    .replace(/[\p{Zs}\s]+/gu, " ")
    .trim()
    .replace(/^tel:\s*/i, "")
    .replace(/[.,;:!?]+$/, "");
}

/** A text read as an address. */
function asAddress(typed) {
  const text = typed.normalize("NFKC").replace(/^[\p{Cf}\s]+|[\p{Cf}\s]+$/gu, "");
  // As a mail program copies it: Ada <ada@example.com>
  const named = text.match(/^[^<>]*<([^<>\s]+@[^<>\s]+)>[\s.,;]*$/u)?.[1] ?? text;
  const [, local, domain] = named
    .replace(/^mailto:/i, "")
    .replace(/^[("'“‘«「<]+(?=.*@)|[.,;:!?)"'”’»」>。、]+$/gu, "")
    .match(/^(.*@)([^@]*)$/su) ?? [null, "", named];
  return local ? local + domain.replaceAll("。", ".") : named;
}

/** Separators of a number. */
const NUMBER = /^\s*[+(\d][\d\s()./-]*$/;

/** Returns whether the text so far looks like a number. */
export const looksLikeNumber = (typed) => NUMBER.test(asNumber(typed));

/** The region of a number that begins with its country's code; `present` if it may be that one. */
export function regionOf(typed, present) {
  const digits = international(asNumber(typed), present);
  if (!digits) return present;
  const fits = COUNTRIES.filter((country) => digits.startsWith(country.code)).sort(
    (a, b) => b.code.length - a.code.length,
  );
  if (!fits.length) return present;
  const longest = fits.filter((country) => country.code === fits[0].code);
  return (longest.find((country) => country.region === present) ?? longest[0]).region;
}

/** The digits of a number with its country code; null if it has none. */
function international(text, region) {
  const plain = text.replace(/[\s()./-]/g, "");
  const [, marked] = plain.match(/^(?:\+|00)(\d*)$/) ?? [];
  if (marked !== undefined) return marked;
  // Where national numbers have ten digits, an eleventh in front is the country code.
  const { code } = COUNTRIES.find((country) => country.region === region);
  return ["1", "7"].includes(code) && plain.length === 11 && plain.startsWith(code) ? plain : null;
}

/** The input that the API takes, or the key of the text that says what is missing. */
export function parse(typed, region, method) {
  const number = asNumber(typed);
  const address = asAddress(typed);
  if (!number && !address) {
    return { error: { PHONE_NUMBER: "missingNumber", EMAIL: "missingEmail" }[method] ?? "missing" };
  }
  if (method === "PHONE_NUMBER" || (method !== "EMAIL" && NUMBER.test(number))) {
    const { code, trunk } = COUNTRIES.find((country) => country.region === region);
    // The API names the character that does not belong in a number.
    if (!NUMBER.test(number)) {
      if (!/\d/.test(number)) return { error: "badNumber" };
      return { method: "PHONE_NUMBER", emailOrPhone: number.startsWith("+") ? number : `+${code} ${number}` };
    }
    const digits = number.replace(/\D/g, "");
    const national = trunk && digits.startsWith(trunk) ? digits.slice(trunk.length) : digits;
    const all = international(number, region) ?? code + national;
    return digits.length > 2 ? { method: "PHONE_NUMBER", emailOrPhone: `+${all}` } : { error: "badNumber" };
  }
  if (!address.includes("@")) return { error: method === "EMAIL" ? "badEmail" : "bad" };
  return /^.+@.+\..+$/su.test(address) ? { method: "EMAIL", emailOrPhone: address } : { error: "badEmail" };
}

/** Domains with many mailboxes. */
const DOMAINS = `gmail.com googlemail.com outlook.com outlook.fr outlook.de outlook.es outlook.jp outlook.com.br
hotmail.com hotmail.fr hotmail.de hotmail.es hotmail.it hotmail.co.uk hotmail.co.jp live.com live.fr live.de live.jp
live.co.uk msn.com yahoo.com yahoo.fr yahoo.de yahoo.es yahoo.it yahoo.co.uk yahoo.co.jp yahoo.com.br yahoo.com.mx
ymail.com rocketmail.com icloud.com me.com mac.com aol.com aol.fr aol.de proton.me protonmail.com gmx.de gmx.net
gmx.at gmx.ch gmx.com web.de t-online.de freenet.de mail.com email.com mail.ru mail.de yandex.ru yandex.com orange.fr wanadoo.fr
free.fr sfr.fr laposte.net neuf.fr bluewin.ch telefonica.net terra.es terra.com.br uol.com.br bol.com.br ig.com.br
globo.com sapo.pt docomo.ne.jp ezweb.ne.jp au.com softbank.ne.jp i.softbank.jp ymobile.ne.jp nifty.com
comcast.net verizon.net att.net sbcglobal.net btinternet.com sky.com zoho.com fastmail.com hey.com qq.com 163.com
naver.com libero.it`.split(/\s+/);

/** The least length of a domain that is suggested: a shorter one resembles too many others. */
const LEAST = 8;

/** Returns whether the texts differ by one letter: added, missing, replaced, or swapped with the next. */
function isOneSlipFrom(typed, meant) {
  if (Math.abs(typed.length - meant.length) > 1) return false;
  let at = 0;
  while (at < meant.length && typed[at] === meant[at]) at += 1;
  const [rest, wanted] = [typed.slice(at), meant.slice(at)];
  return (
    rest.slice(1) === wanted ||
    rest === wanted.slice(1) ||
    rest.slice(1) === wanted.slice(1) ||
    (rest[0] === wanted[1] && rest[1] === wanted[0] && rest.slice(2) === wanted.slice(2))
  );
}

/** Returns whether both are domains of one provider in two countries, as hotmail.be and hotmail.de. */
function isOfAnotherCountry(typed, known) {
  const [[a, country], [b, other]] = [typed, known].map((domain) => domain.split(/\.(?=[^.]*$)/));
  return a === b && country.length === 2 && other.length === 2;
}

/** The probably intended address, if the domain differs from a common one by one letter; else null. */
export function suggestion(typed) {
  const [, local, domain] = asAddress(typed).match(/^([^@\s]+)@([^@\s]+)$/u) ?? [];
  const lower = domain?.toLowerCase();
  if (!lower || DOMAINS.includes(lower)) return null;
  const meant = DOMAINS.find(
    (known) => known.length >= LEAST && isOneSlipFrom(lower, known) && !isOfAnotherCountry(lower, known),
  );
  return meant ? `${local}@${meant}` : null;
}
