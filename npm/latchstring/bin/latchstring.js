#!/usr/bin/env node
// Runs the program `latchstring` of this machine's platform package, with the same arguments, input
// and output. npm installs that package with this one and runs no script: nothing is downloaded later.
import { spawn } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { constants } from 'node:os';
import { dirname, join } from 'node:path';

/** The signals that end the program: sent to this process, they reach it too. */
const SIGNALS = ['SIGINT', 'SIGTERM', 'SIGHUP'];

/** The prefix of the names of the platform packages. */
const PREFIX = '@latchstring/cli-';

const platform = `${process.platform}-${process.arch}`;

/** Returns the path of the program. Throws an error that says what to do if there is none. */
function program() {
  const manifest = JSON.parse(readFileSync(new URL('../package.json', import.meta.url), 'utf8'));
  const supported = Object.keys(manifest.optionalDependencies).map((name) => name.slice(PREFIX.length));
  if (!supported.includes(platform)) {
    throw new Error(
      `latchstring has no program for ${platform}. It has one for ${supported.join(', ')}. ` +
        'On another system build it with Rust: cargo install --locked latchstring-cli',
    );
  }
  const name = `${PREFIX}${platform}`;
  const remedy = 'Install latchstring again on this machine, with optional dependencies (without --omit=optional or --no-optional)';
  let installed;
  try {
    installed = createRequire(import.meta.url).resolve(`${name}/package.json`);
  } catch (error) {
    throw new Error(`the package ${name} is not installed. ${remedy}`, { cause: error });
  }
  // Node.js also looks in the folders above, where another version, or that of another user, may be.
  const { version } = JSON.parse(readFileSync(installed, 'utf8'));
  if (version !== manifest.optionalDependencies[name]) {
    throw new Error(`the package ${name} in ${dirname(installed)} has version ${version}, not ${manifest.optionalDependencies[name]}. ${remedy}`);
  }
  return join(dirname(installed), 'bin', 'latchstring');
}

function fail(error) {
  process.stderr.write(`error: ${error.message}\n`);
  process.exitCode = 2;
}

try {
  let child;
  const forward = (signal) => child.kill(signal);
  // First: the program may run, and a signal may arrive, before `spawn` returns.
  for (const signal of SIGNALS) {
    process.on(signal, forward);
  }
  child = spawn(program(), process.argv.slice(2), { stdio: 'inherit' });
  child.on('error', fail);
  child.on('exit', (code, signal) => {
    for (const each of SIGNALS) {
      process.off(each, forward);
    }
    if (signal === null) {
      process.exitCode = code;
      return;
    }
    // This process ends as the program did; if the signal does not end it, with the shell's status.
    process.exitCode = 128 + constants.signals[signal];
    process.kill(process.pid, signal);
  });
} catch (error) {
  fail(error);
}
