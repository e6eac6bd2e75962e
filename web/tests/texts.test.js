// The texts of all languages, and what is typed into the one field.

import assert from "node:assert/strict";
import { readFileSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { parse, regionOf } from "../identifier.js";

const folder = join(import.meta.dirname, "../languages");
const languages = await Promise.all(
  readdirSync(folder).map(async (file) => [file.slice(0, 2), (await import(join(folder, file))).default]),
);
const english = languages.find(([tag]) => tag === "en")[1];
const holes = (text) => [...text.matchAll(/\{\w+\}/g)].map(String).sort();

for (const [tag] of languages) {
  test(`${tag} says nothing twice`, () => {
    const source = readFileSync(join(folder, `${tag}.js`), "utf8");
    const keys = [...source.matchAll(/^  "([^"]+)":/gm)].map(([, key]) => key);
    assert.deepEqual(keys.filter((key, place) => keys.indexOf(key) !== place), []);
  });
}

for (const [tag, texts] of languages) {
  test(`${tag} says everything that English says, with the same holes`, () => {
    for (const [key, text] of Object.entries(english)) {
      if (key.endsWith(".one") && !(key in texts)) continue; // A language without a form for one.
      assert.ok(texts[key], key);
      if (!key.endsWith(".one")) assert.deepEqual(holes(texts[key]), holes(text), key);
    }
    assert.deepEqual(Object.keys(texts).filter((key) => !(key in english)), []);
  });
}

test("every error of the client has its words", () => {
  const types = readFileSync(join(import.meta.dirname, "../../clients/typescript/dist/errors.d.ts"), "utf8");
  const [, list] = types.match(/type ErrorType =([\s\S]*?)export /);
  const names = [...list.matchAll(/"(\w+)"/g)].map(([, name]) => name);
  assert.ok(names.includes("Network"));
  for (const name of names) assert.ok(english[`error.${name}`], name);
});

test("what is typed becomes an address or an international number", () => {
  const phone = (typed, region) => parse(typed, region, null).emailOrPhone;
  assert.equal(phone("(415) 555-0132", "US"), "+14155550132");
  assert.equal(phone("06 12 34 56 78", "FR"), "+33612345678");
  assert.equal(phone("06 1234 5678", "IT"), "+390612345678");
  assert.equal(phone("０９０ １２３４ ５６７８", "JP"), "+819012345678");
  assert.equal(phone("0044 20 7946 0018", "DE"), "+442079460018");
  assert.equal(parse(" Ada@Example.com ", "US", null).emailOrPhone, "Ada@Example.com");
  for (const typed of ["", "ada", "ada@", "@example.com", "123", "+"]) assert.ok(parse(typed, "US", null).error, typed);
  assert.ok(parse("+14155550132", "US", "EMAIL").error);
  assert.ok(parse("ada@example.com", "US", "PHONE_NUMBER").error);
});

test("the country is that of the longest calling code", () => {
  assert.equal(regionOf("+351 9", "US"), "PT");
  assert.equal(regionOf("+1 416", "CA"), "CA");
  assert.equal(regionOf("+1 416", "FR"), "US");
  assert.equal(regionOf("0612", "FR"), "FR");
});
