// docs/clients.md shows the examples. `UPDATE_DOCS=1 npm test` copies it there.
import assert from "node:assert/strict";
import { readFile, writeFile } from "node:fs/promises";
import { test } from "node:test";

const DOCS = new URL("../../docs/clients.md", import.meta.url);
const BLOCK = /(<!-- (\S+\.(?:js|py|swift|kt|dart)) -->\n```\w+\n)([^]*?)(```)/g;

test("docs/clients.md shows the examples", async () => {
  const docs = await readFile(DOCS, "utf8");
  const files = [...docs.matchAll(BLOCK)].map(([, , file]) => file);
  assert.equal(files.length, 21);
  const pieces = new Map();
  for (const file of files) {
    const example = await readFile(new URL(`../${file}`, import.meta.url), "utf8");
    pieces.set(file, example.match(/\n(?:\/\/|#) docs: .*\n([^]*?)\s*\n(?:\/\/|#) end\n/)[1]);
  }
  const current = docs.replace(BLOCK, (_, head, file, _old, foot) => `${head}${pieces.get(file)}\n${foot}`);
  if (process.env.UPDATE_DOCS) await writeFile(DOCS, current);
  assert.equal(await readFile(DOCS, "utf8"), current);
});
