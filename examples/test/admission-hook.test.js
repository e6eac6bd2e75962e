// The sample rule for new accounts answers the events that docs/admission.md shows.
import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { test } from "node:test";
import { handler } from "../admission-hook/index.mjs";

const event = (contact, more = {}) => ({ contact, method: "email", client: "1example23456789", ...more });

test("the sample rule admits its own domain into a group", async () => {
  const answer = await handler(event("ada@example.com"));
  assert.deepEqual(answer, { admit: true, groups: ["staff"], attributes: { locale: "en" } });
});

test("the sample rule admits others with an invitation only", async () => {
  const invitation = { attributes: {}, groups: [] };
  const number = { method: "phone_number" };
  for (const [contact, more, admit] of [
    ["bob@example.org", { invitation }, true],
    ["bob@example.org", {}, false],
    ["bob@notexample.com", {}, false],
    ["bob@example.com.example.org", {}, false],
    ["+12065550142", number, false],
    ["+12065550142", { ...number, invitation }, true],
  ]) {
    assert.deepEqual(await handler(event(contact, more)), { admit }, contact);
  }
});

test("docs/admission.md shows the sample rule", async () => {
  const read = (file) => readFile(new URL(`../../${file}`, import.meta.url), "utf8");
  const file = "examples/admission-hook/index.mjs";
  assert.ok((await read("docs/admission.md")).includes(`<!-- ${file} -->\n\`\`\`js\n${await read(file)}\`\`\``));
});
