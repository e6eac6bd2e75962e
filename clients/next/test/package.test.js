// The package as it is published.
import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { mkdtemp, readdir, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { after, before, test } from "node:test";
import { promisify } from "node:util";

const run = promisify(execFile);
const PACKAGE = path.join(import.meta.dirname, "..");
const TSC = path.join(PACKAGE, "node_modules/.bin/tsc");

let folder;
before(async () => (folder = await mkdtemp(path.join(tmpdir(), "latchstring-next-"))));
after(() => rm(folder, { recursive: true, force: true }));

test("dist/ is what `npm run build` makes of src/", async () => {
  await run(TSC, ["--outDir", folder], { cwd: PACKAGE });
  const names = (await readdir(folder)).sort();
  assert.deepEqual((await readdir(path.join(PACKAGE, "dist"))).sort(), names);
  for (const name of names) {
    const read = (at) => readFile(path.join(at, name), "utf8");
    const [kept, made] = await Promise.all([path.join(PACKAGE, "dist"), folder].map(read));
    assert.equal(kept, made, `dist/${name} is old: npm run build`);
  }
});

test("it brings its modules, their types and the README alone", async () => {
  const { stdout } = await run("npm", ["pack", "--dry-run", "--json"], { cwd: PACKAGE });
  const [{ files }] = JSON.parse(stdout);
  const others = files.map(({ path }) => path).filter((name) => !/^dist\/\w+\.(js|d\.ts)$/.test(name));
  assert.deepEqual(others.sort(), ["README.md", "package.json"]);
});

test("an app in TypeScript uses it with types", async () => {
  const options = ["--noEmit", "--strict", "--target", "es2022", "--module", "nodenext", "--types", "node", "--skipLibCheck"];
  await run(TSC, [...options, "--ignoreConfig", "test/types.ts"], { cwd: PACKAGE }).catch(({ stdout }) => assert.fail(stdout));
});
