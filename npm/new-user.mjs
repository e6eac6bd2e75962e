// The packages of a release as a new user has them: in an empty folder, with a PATH without Rust.
//
//   node npm/new-user.mjs target/dist
//
// Packages of the scope @latchstring come from a registry on loopback, which serves the packed files;
// npm downloads the others. The user installs, synthesises a stack, starts the local service, signs in
// with README's commands, runs the doctor, and ends the service as Ctrl-C does.
import assert from 'node:assert/strict';
import { spawn, spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { mkdirSync, mkdtempSync, readFileSync, readdirSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { tmpdir } from 'node:os';
import { delimiter, join, resolve } from 'node:path';

/** The programs on the user's PATH: Node.js, a shell, and what README's commands call. */
const PROGRAMS = ['node', 'npm', 'npx', 'sh', 'bash', 'env', 'curl', 'grep', 'cut'];

/** The time limit for a command, in milliseconds. */
const LIMIT = 300_000;

const ROOT = resolve(import.meta.dirname, '..');
const dist = resolve(process.argv[2]);
const folder = mkdtempSync(join(tmpdir(), 'latchstring-new-user-'));
const project = join(folder, 'project');
const { version } = JSON.parse(readFileSync(join(ROOT, 'npm/latchstring/package.json'), 'utf8'));
const { devDependencies } = JSON.parse(readFileSync(join(ROOT, 'infra/package.json'), 'utf8'));

/** Returns the environment: a home without settings, and npm's own settings of this machine. */
function environment() {
  const bin = join(folder, 'bin');
  mkdirSync(bin);
  mkdirSync(project);
  for (const program of PROGRAMS) {
    const found = process.env.PATH.split(delimiter)
      .map((path) => join(path, program))
      .find((path) => spawnSync('test', ['-x', path]).status === 0);
    assert.ok(found, `${program} is not installed`);
    symlinkSync(found, join(bin, program));
  }
  const kept = Object.entries(process.env).filter(([name]) => /^(npm_config_.*|NODE_EXTRA_CA_CERTS|https?_proxy)$/i.test(name));
  const npm = (name) => [`npm_config_${name}`, spawnSync('npm', ['config', 'get', name], { encoding: 'utf8' }).stdout.trim()];
  return { ...Object.fromEntries([...kept, npm('cache'), npm('userconfig')]), PATH: bin, HOME: folder };
}

const env = environment();

/** Runs a command of the user to its end and returns what it printed. */
async function run(line, { status = 0, more = {} } = {}) {
  console.log(`      $ ${line}`);
  const options = { cwd: project, env: { ...env, ...more }, timeout: LIMIT, stdio: ['ignore', 'pipe', 'pipe'] };
  const child = spawn('bash', ['-eu', '-c', line], options);
  const printed = ['', ''];
  [child.stdout, child.stderr].forEach((stream, index) => stream.on('data', (data) => (printed[index] += data)));
  const [code] = await once(child, 'close');
  // The output of a sign-in has tokens: of a failure, only the error output is shown.
  assert.equal(code, status, `exit status of: ${line}\n${printed[1]}`);
  return printed[0];
}

/** Serves the packed packages of a folder as a registry does, and returns its address. */
async function registry() {
  const packages = new Map();
  for (const name of readdirSync(dist).filter((name) => name.endsWith('.tgz'))) {
    const tarball = readFileSync(join(dist, name));
    const unpacked = spawnSync('tar', ['-xzOf', join(dist, name), 'package/package.json'], { encoding: 'utf8' });
    packages.set(name, { tarball, manifest: JSON.parse(unpacked.stdout) });
  }
  const server = createServer((request, response) => {
    const path = decodeURIComponent(request.url).slice(1);
    const file = packages.get(path);
    if (file) {
      response.end(file.tarball);
      return;
    }
    const [found] = [...packages].filter(([, { manifest }]) => manifest.name === path);
    if (!found) {
      response.writeHead(404).end('{}');
      return;
    }
    const [name, { tarball, manifest }] = found;
    const integrity = `sha512-${createHash('sha512').update(tarball).digest('base64')}`;
    const packed = { tarball: `http://${request.headers.host}/${name}`, integrity };
    response.setHeader('content-type', 'application/json');
    response.end(
      JSON.stringify({
        name: manifest.name,
        'dist-tags': { latest: manifest.version },
        versions: { [manifest.version]: { ...manifest, dist: packed } },
      }),
    );
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  server.unref();
  return `http://127.0.0.1:${server.address().port}/`;
}

/** An app of the construct, for the functions that this release has. */
const APP = `
import { App, Stack, aws_lambda as lambda } from 'aws-cdk-lib';
import { Latchstring } from '@latchstring/cdk';

const app = new App({ outdir: 'cdk.out' });
const stack = new Stack(app, 'SignIn');
new Latchstring(stack, 'SignIn', {
  email: { fromAddress: 'codes@example.com', fromName: 'Example' },
  settings: { appName: 'Example' },
  api: 'http',
  http: { allowOrigins: ['https://app.example.com'] },
  architecture: process.arch === 'arm64' ? lambda.Architecture.ARM_64 : lambda.Architecture.X86_64,
});
app.synth();
`;

/** Synthesises a stack, and checks that its functions are the release's. */
async function synthesise() {
  writeFileSync(join(project, 'app.mjs'), APP);
  await run('node app.mjs');
  const bytes = (path) => createHash('sha256').update(readFileSync(path)).digest('hex');
  const zips = (path) => readdirSync(path).filter((name) => name.endsWith('.zip')).map((name) => join(path, name));
  const assets = new Set(zips(join(project, 'cdk.out')).map(bytes));
  const architecture = process.arch === 'arm64' ? 'arm64' : 'x86_64';
  const brought = zips(join(project, 'node_modules/@latchstring/cdk/lambda', architecture));
  const missing = brought.filter((zip) => !assets.has(bytes(zip)));
  // Without events, the stack has no function that publishes them.
  assert.ok(brought.length >= 6 && missing.length <= 1, `not in the stack: ${missing}`);
}

/** Returns the first commands of README's tour, for another address. */
function tour(address) {
  const readme = readFileSync(join(ROOT, 'README.md'), 'utf8');
  const [, block] = readme.match(/```sh\n((?:(?!```)[^])*\/v1\/sign-in\/answer[^]*?)```/);
  return block.replaceAll('http://127.0.0.1:4180', address);
}

/** Starts the local service in a process group of its own, as a terminal does. */
async function local() {
  console.log('      $ npx latchstring local --port 0');
  const child = spawn('npx', ['latchstring', 'local', '--port', '0'], {
    cwd: project,
    env,
    detached: true,
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const address = await new Promise((found, failed) => {
    let printed = '';
    child.stdout.on('data', (data) => {
      printed += data;
      const line = printed.match(/listens on (http:\S+)/);
      if (line) {
        found(line[1]);
      }
    });
    child.once('exit', (code) => failed(new Error(`latchstring local ended with ${code}`)));
  });
  // The end of every process that holds the pipe: awaited later, and it may come before.
  return { child, address, ended: once(child, 'close') };
}

async function scenario() {
  await run('! command -v cargo && ! command -v rustc');
  writeFileSync(join(project, '.npmrc'), `@latchstring:registry=${await registry()}\naudit=false\nfund=false\n`);
  writeFileSync(join(project, 'package.json'), '{ "private": true }');
  const cdk = ['aws-cdk-lib', 'constructs'].map((name) => `${name}@${devDependencies[name]}`).join(' ');
  await run(`npm install --silent ${join(dist, `latchstring-${version}.tgz`)} @latchstring/cdk ${cdk}`);
  const installed = readdirSync(join(project, 'node_modules/@latchstring')).sort();
  assert.deepEqual(installed, ['cdk', `cli-${process.platform}-${process.arch}`]);
  assert.equal(await run('npx latchstring --version'), `latchstring ${version}\n`);
  assert.equal(await run('npx latchstring local --version'), `latchstring-local ${version}\n`);
  await synthesise();

  const { child, address, ended } = await local();
  try {
    for (const isNew of [true, false]) {
      const answer = await run(tour(address));
      assert.ok(answer.includes('"accessToken":"ey') && answer.includes(`"isNew":${isNew}`), 'the tour signs in');
    }
    const { region, userPoolId, clientId } = await (await fetch(`${address}/config.json`)).json();
    const report = await run(`npx latchstring doctor --user-pool ${userPoolId} --client ${clientId}`, {
      // The service has neither functions nor SES, which the doctor cannot read then.
      status: 1,
      more: { AWS_REGION: region, AWS_ENDPOINT_URL: address, AWS_ACCESS_KEY_ID: 'local', AWS_SECRET_ACCESS_KEY: 'local' },
    });
    assert.match(report, /^ok .*\(pool\.aliases\)$/m);
    assert.doesNotMatch(report, /^(leaks|fails) /m);
  } finally {
    process.kill(-child.pid, 'SIGINT');
  }
  let isLate = false;
  const timer = setTimeout(() => {
    isLate = true;
    process.kill(-child.pid, 'SIGKILL');
  }, LIMIT / 10);
  const [code, signal] = await ended;
  clearTimeout(timer);
  assert.ok(!isLate, 'the service ends after Ctrl-C');
  // npx ends by the signal, before the program or after it.
  assert.ok(code === 0 || signal === 'SIGINT', `Ctrl-C ends npx with ${code}, ${signal}`);
  await assert.rejects(fetch(address), 'the service has ended');
}

try {
  await scenario();
  console.log(`      A new user installed ${version}, synthesised a stack, signed in and ran the doctor, without Rust.`);
} finally {
  rmSync(folder, { recursive: true, force: true });
}
