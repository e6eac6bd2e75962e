// The launcher beside a platform package whose program is a shell script.
import assert from 'node:assert/strict';
import { spawn, spawnSync } from 'node:child_process';
import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { once } from 'node:events';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';

const folder = mkdtempSync(join(tmpdir(), 'latchstring-launcher-'));
after(() => rmSync(folder, { recursive: true }));

const launcher = join(folder, 'node_modules/latchstring/bin/latchstring.js');
const manifest = new URL('../package.json', import.meta.url);
cpSync(new URL('../bin', import.meta.url), join(folder, 'node_modules/latchstring/bin'), { recursive: true });
cpSync(manifest, join(folder, 'node_modules/latchstring/package.json'));

const { version } = JSON.parse(readFileSync(manifest, 'utf8'));

/** Installs a platform package with this script as its program. */
function install(script, of = version) {
  const platform = join(folder, `node_modules/@latchstring/cli-${process.platform}-${process.arch}`);
  mkdirSync(join(platform, 'bin'), { recursive: true });
  writeFileSync(join(platform, 'package.json'), JSON.stringify({ version: of }));
  writeFileSync(join(platform, 'bin/latchstring'), `#!/bin/sh\n${script}\n`, { mode: 0o755 });
}

/** Runs the launcher to its end. */
const run = (args, options = {}) => spawnSync(process.execPath, [...(options.node ?? []), launcher, ...args], { encoding: 'utf8', ...options });

test('a missing platform package is named with the remedy', () => {
  const ran = run(['--version']);
  assert.equal(ran.status, 2);
  assert.match(ran.stderr, /^error: the package @latchstring\/cli-\S+ is not installed.*--omit=optional/);
});

test('an unsupported platform gets the list of the supported ones', () => {
  const script = join(folder, 'other-platform.cjs');
  writeFileSync(script, "Object.defineProperty(process, 'platform', { value: 'win32' });");
  const ran = run([], { node: ['--require', script] });
  assert.equal(ran.status, 2);
  assert.match(ran.stderr, /no program for win32-\S+ It has one for darwin-arm64, .*linux-x64.*cargo install/);
});

test('a platform package of another version is not run', () => {
  install('echo ran', '0.0.9');
  const ran = run([]);
  assert.deepEqual([ran.status, ran.stdout], [2, '']);
  assert.match(ran.stderr, /^error: the package @latchstring\/cli-\S+ in \S+ has version 0\.0\.9, not \S+ Install latchstring again/);
});

test('arguments, input, output and exit status pass unchanged', () => {
  install('printf "%s|" "$@"; cat; echo wrong >&2; exit 7');
  const ran = run(['local', '--x', 'two words', ''], { input: 'typed' });
  assert.deepEqual([ran.stdout, ran.stderr, ran.status], ['local|--x|two words||typed', 'wrong\n', 7]);
});

for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) {
  test(`${signal} lets the program end with its own status`, async () => {
    const name = signal.slice(3);
    install(`trap 'echo caught ${name}; exit 5' ${name}; echo ready; read line; exit 6`);
    const child = spawn(process.execPath, [launcher], { stdio: ['pipe', 'pipe', 'inherit'] });
    let printed = '';
    child.stdout.on('data', (data) => {
      printed += data;
      if (printed === 'ready\n') {
        child.kill(signal);
      }
    });
    const [code] = await once(child, 'close');
    assert.deepEqual([printed, code], [`ready\ncaught ${name}\n`, 5]);
  });
}

test('a program that a signal ends ends the launcher by the same one', () => {
  install('kill -KILL $$');
  assert.equal(run([]).signal, 'SIGKILL');
});

test('a program that cannot start is an error', () => {
  install('');
  rmSync(join(folder, `node_modules/@latchstring/cli-${process.platform}-${process.arch}/bin/latchstring`));
  const ran = run([]);
  assert.equal(ran.status, 2);
  assert.match(ran.stderr, /^error: spawn .* ENOENT/);
});

test('every platform package has the version of the launcher', () => {
  const { optionalDependencies } = JSON.parse(readFileSync(manifest, 'utf8'));
  assert.deepEqual(new Set(Object.values(optionalDependencies)), new Set([version]));
});
