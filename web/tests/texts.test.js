// The texts of all languages, and the text typed into the fields for a contact and a code.

import assert from "node:assert/strict";
import { readFileSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { grouped, readCode } from "../codetext.js";
import { parse, regionOf, suggestion } from "../identifier.js";

const folder = join(import.meta.dirname, "../languages");
const languages = await Promise.all(
  readdirSync(folder).map(async (file) => [file.slice(0, 2), (await import(join(folder, file))).default]),
);
const english = languages.find(([tag]) => tag === "en")[1];
const holes = (text) => [...text.matchAll(/\{\w+\}/g)].map(String).sort();

for (const [tag] of languages) {
  test(`${tag} has no key twice`, () => {
    const source = readFileSync(join(folder, `${tag}.js`), "utf8");
    const keys = [...source.matchAll(/^  "([^"]+)":/gm)].map(([, key]) => key);
    assert.deepEqual(keys.filter((key, place) => keys.indexOf(key) !== place), []);
  });
}

for (const [tag, texts] of languages) {
  test(`${tag} has every text of English, with the same holes`, () => {
    for (const [key, text] of Object.entries(english)) {
      if (key.endsWith(".one") && !(key in texts)) continue; // A language without a form for one.
      assert.ok(texts[key], key);
      // The API fills these in English.
      const isEnglish = ["reason.OldForm", "reason.Kind"].includes(key) && tag !== "en";
      if (!key.endsWith(".one")) assert.deepEqual(holes(texts[key]), isEnglish ? [] : holes(text), key);
    }
    assert.deepEqual(Object.keys(texts).filter((key) => !(key in english)), []);
  });
}

test("every error of the client has a text", () => {
  const types = readFileSync(join(import.meta.dirname, "../../clients/typescript/dist/errors.d.ts"), "utf8");
  const [, list] = types.match(/type ErrorType =([\s\S]*?)export /);
  const names = [...list.matchAll(/"(\w+)"/g)].map(([, name]) => name);
  assert.ok(names.includes("Network"));
  for (const name of names) assert.ok(english[`error.${name}`], name);
});

test("typed text becomes an address or an international number", () => {
  const phone = (typed, region) => parse(typed, region, null).emailOrPhone;
  assert.equal(phone("(415) 555-0132", "US"), "+14155550132");
  assert.equal(phone("06 12 34 56 78", "FR"), "+33612345678");
  assert.equal(phone("06 1234 5678", "IT"), "+390612345678");
  assert.equal(phone("０９０ １２３４ ５６７８", "JP"), "+819012345678");
  assert.equal(phone("0044 20 7946 0018", "DE"), "+442079460018");
  assert.equal(parse(" Ada@Example.com ", "US", null).emailOrPhone, "Ada@Example.com");
  for (const typed of ["", "ada", "ada@", "@example.com", "+", "12"]) assert.ok(parse(typed, "US", null).error, typed);
  assert.ok(parse("+14155550132", "US", "EMAIL").error);
  assert.ok(parse("ada@example.com", "US", "PHONE_NUMBER").error);
});

// tchap-ios#258: the page shows the reason, not one text for all.
test("every reason of the API has its words", () => {
  const core = join(import.meta.dirname, "../../shared/core/src");
  const files = readdirSync(core, { recursive: true }).filter((file) => file.endsWith(".rs"));
  const source = files.map((file) => readFileSync(join(core, file), "utf8"));
  const errors = source.flatMap((text) => text.match(/pub enum (?:Identifier|Name)Error \{[\s\S]*?^\}/m) ?? []);
  const texts = errors.flatMap((text) => [...text.matchAll(/#\[error\(\s*"([^"]+)"/g)].map(([, text]) => text));
  assert.ok(texts.length > 20);
  const plain = (text) => text.replace(/\{\w*\}/g, "{}");
  const known = Object.entries(english).filter(([key]) => key.startsWith("reason.")).map(([, text]) => plain(text));
  assert.deepEqual(texts.map(plain).sort(), known.sort());
});

/** Pasted numbers and addresses: glific#4815, woocommerce#58000. */
const PASTED = [
  ["DE", "0151/23456789", "+4915123456789"],
  ["JP", "090ー1234ー5678", "+819012345678"],
  ["JP", "０９０ｰ１２３４ｰ５６７８", "+819012345678"],
  ["US", "1 (415) 555-0132", "+14155550132"],
  ["RU", "7 912 345-67-89", "+79123456789"],
  ["US", "\u202a+1 (415) 555\u20110166\u202c", "+14155550166"],
  ["DE", "+1\u00a0415\u00a0555\u00a00132", "+14155550132"],
  ["DE", "+1 415–555–0132", "+14155550132"],
  ["DE", "＋１４１５５５５０１３２", "+14155550132"],
  ["EG", "٠١٠ ١٢٣٤ ٥٦٧٨", "+201012345678"],
  ["DE", "tel:+1-415-555-0132", "+14155550132"],
  ["US", "mailto:ada@example.com", "ada@example.com"],
  ["US", "ada@example.com.", "ada@example.com"],
  ["US", "<ada@example.com>,", "ada@example.com"],
  ["US", "Ada Lovelace <ada@example.com>", "ada@example.com"],
  ["JP", "ada＠example。com", "ada@example.com"],
  ["JP", "ada@example．com", "ada@example.com"],
  ["US", "\u200bada@example.com\ufeff", "ada@example.com"],
];

// Without the texts in their names: what tests print is searched for contacts.
for (const [at, [region, typed, wanted]] of PASTED.entries()) {
  test(`pasted text ${at + 1} is read in ${region} as the API reads it`, () => {
    assert.equal(parse(typed, region, null).emailOrPhone, wanted);
  });
}

test("a mistyped domain gets a suggestion, an honest one none", () => {
  for (const typed of ["ada@gmail.con", "ada@gmial.com", "ada@gmai.com", "ada@gmaill.com", " ada@Gmail.cm "]) {
    assert.equal(suggestion(typed), "ada@gmail.com", typed);
  }
  assert.equal(suggestion("a.da+x@hotnail.com"), "a.da+x@hotmail.com");
  for (const typed of ["ada@mail.com", "ada@ymail.com", "ada@gmail.com", "ada@example.com", "ada@gmx.net", "ada", "ada@", "+1 415", "ada@hotmail.be", "ada@yahoo.com.ar"]) {
    assert.equal(suggestion(typed), null, typed);
  }
});

test("the country is that of the longest calling code", () => {
  assert.equal(regionOf("+351 9", "US"), "PT");
  assert.equal(regionOf("+1 416", "CA"), "CA");
  assert.equal(regionOf("+1 416", "FR"), "US");
  assert.equal(regionOf("0612", "FR"), "FR");
});

test("a code of digits is read alone or in a message", () => {
  const read = (text) => readCode(text, 6, "DIGITS");
  for (const text of ["483920", " 483 920. ", "４８３９２０", "Your code: 483-920, good for 5 minutes"]) {
    assert.deepEqual(read(text), { code: "483920", text: "483920" }, text);
  }
  assert.deepEqual(read("4839"), { code: null, text: "4839" });
  assert.equal(read("483920 or 483921").code, null);
});

test("a code of base 32 is read in any case, with or without hyphens", () => {
  const read = (text) => readCode(text, 12, "BASE32");
  const right = { code: "0123456789AB", text: "0123-4567-89AB" };
  const typed = ["0123456789ab", "0123-4567-89AB", "o l23 4567 89ab", "OI23–4567–89Ab", "０１２３４５６７８９ａｂ", "\u200b0123-4567-89ab ", "0123\t4567\n89ab"];
  for (const text of typed) assert.deepEqual(read(text), right, text);
  assert.deepEqual(read("Your code is 0123-4567-89ab. It works once."), right);
  assert.deepEqual(read("(OI23-4567-89AB)"), right);
  // Twelve letters are no code in the midst of a message, but alone they are.
  assert.equal(read("Your confirmations wait").code, null);
  assert.equal(read("0123-4567-89AB or 0123-4567-89AC").code, null);
  assert.equal(read("0123-4567-89AU").code, null, "no code has a U");
  // Groups of four while it is typed; a text that cannot become a code stays.
  assert.deepEqual(read("k"), { code: null, text: "K" });
  assert.deepEqual(read("k7qm3"), { code: null, text: "K7QM-3" });
  assert.deepEqual(read("k7qm-"), { code: null, text: "K7QM" });
  assert.deepEqual(read("k7u"), { code: null, text: "k7u" });
});

test("every code is shown in groups", () => {
  const shown = ["123456", "1234567", "12345678", "123456789", "1234567890"].map((code) => grouped(code, "DIGITS"));
  assert.deepEqual(shown, ["123 456", "123 4567", "1234 5678", "123 456 789", "123 456 7890"]);
  assert.equal(grouped("0123456789AB", "BASE32"), "0123-4567-89AB");
});
