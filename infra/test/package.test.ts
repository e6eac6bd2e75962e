import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import * as fs from 'node:fs';
import * as path from 'node:path';
import { before, describe, it } from 'node:test';
import { Template } from 'aws-cdk-lib/assertions';
import { LEAST, PACKAGES, newStack } from './support';

const HOME = path.join(__dirname, '..');
const PROJECT = path.join(PACKAGES, 'project');
const INSTALLED = path.join(PROJECT, 'node_modules/@latchstring/cdk');

const npm = (cwd: string, ...args: string[]) => execFileSync('npm', args, { cwd, encoding: 'utf8', stdio: 'pipe' });

/** A team's own app, with the construct in a stack of theirs. */
const APP = `import { App, Stack } from 'aws-cdk-lib';
import { Latchstring, LatchstringStack, Packages, type LatchstringProps, type Settings } from '@latchstring/cdk';

const [, , folder, outdir, least] = process.argv as string[];
const settings: Settings = { appName: 'Acme' };
const props: LatchstringProps = { ...JSON.parse(least as string), packages: Packages.folder(folder as string) };
const app = new App({ analyticsReporting: false, outdir: outdir as string });
new LatchstringStack(app, 'acme', props);
const { pool, functions } = new Latchstring(new Stack(app, 'own'), 'Latchstring', { ...props, settings });
functions.signIn.addEnvironment('POOL', pool.id);
// @ts-expect-error: there is no such function
functions.signUpAgain;
// @ts-expect-error: there is no such setting
new Latchstring(new Stack(app, 'wrong'), 'Latchstring', { ...props, settings: { appNam: 'Acme' } });
app.synth();
`;

describe('the package for an app of a team', () => {
  before(() => {
    fs.rmSync(path.join(HOME, 'dist'), { recursive: true, force: true });
    npm(HOME, 'run', 'build');
    fs.mkdirSync(PROJECT);
    const [{ filename }] = JSON.parse(npm(HOME, 'pack', '--json', '--pack-destination', PROJECT));
    fs.writeFileSync(path.join(PROJECT, 'package.json'), '{ "private": true }');
    npm(PROJECT, 'install', '--offline', '--legacy-peer-deps', '--no-audit', '--no-fund', `./${filename}`);
    // What the team has already, and what its compiler needs.
    for (const name of ['aws-cdk-lib', 'constructs', '@types']) {
      fs.symlinkSync(path.join(HOME, 'node_modules', name), path.join(PROJECT, 'node_modules', name));
    }
  });

  it('brings what is built, the schema and the resolver, and nothing else', () => {
    assert.deepEqual(fs.readdirSync(INSTALLED).sort(), ['dist', 'package.json', 'resolvers', 'schema.graphql']);
    assert.deepEqual(fs.readdirSync(path.join(INSTALLED, 'dist')), ['lib']);
    const files = fs.readdirSync(path.join(INSTALLED, 'dist/lib'));
    const sources = fs.readdirSync(path.join(HOME, 'lib')).map((file) => path.basename(file, '.ts'));
    assert.deepEqual(files.sort(), sources.flatMap((name) => [`${name}.d.ts`, `${name}.js`]).sort());
  });

  it('makes in a fresh project, with its types, the very stack that the sources make', () => {
    fs.writeFileSync(path.join(PROJECT, 'app.ts'), APP);
    const options = ['--strict', '--skipLibCheck', '--target', 'es2023', '--module', 'node20', '--types', 'node'];
    execFileSync(path.join(HOME, 'node_modules/.bin/tsc'), [...options, 'app.ts'], { cwd: PROJECT, stdio: 'pipe' });
    const out = path.join(PROJECT, 'out');
    const { packages: _, ...least } = LEAST;
    const args = ['app.js', PACKAGES, out, JSON.stringify(least)];
    execFileSync(process.execPath, args, { cwd: PROJECT, stdio: 'pipe' });
    const read = (stack: string) => JSON.parse(fs.readFileSync(path.join(out, `${stack}.template.json`), 'utf8'));
    assert.deepEqual(read('acme'), Template.fromStack(newStack()).toJSON());
    assert.match(JSON.stringify(read('own')), /"APP_NAME":"Acme".*"POOL":/);
  });
});
