import assert from 'node:assert/strict';
import * as fs from 'node:fs';
import * as os from 'node:os';
import * as path from 'node:path';
import { it } from 'node:test';
import * as pulumi from '@pulumi/pulumi';

const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'latchstring-pulumi-'));
process.on('exit', () => fs.rmSync(folder, { recursive: true }));

/** The parameters of the template, as this repository writes it. */
const PARAMETERS = fs.readFileSync(path.join(__dirname, '../../../target/infra/latchstring.template.json'), 'utf8');

interface Made {
  readonly type: string;
  readonly name: string;
  readonly inputs: Record<string, unknown>;
}

it('deploys the template with the zips of the folder', async () => {
  fs.writeFileSync(path.join(folder, 'latchstring.template.json'), PARAMETERS);
  for (const name of ['sign-in', 'sign-up']) {
    fs.writeFileSync(path.join(folder, `latchstring-${name}.zip`), name);
  }
  const made: Made[] = [];
  await pulumi.runtime.setMocks({
    newResource: ({ type, name, inputs }) => {
      made.push({ type, name, inputs });
      const state = type.startsWith('aws:s3/bucket:') ? { bucket: 'packages', bucketRegionalDomainName: 'packages.s3.eu-west-1.amazonaws.com' } : {};
      return { id: name, state: { ...inputs, ...state, outputs: { HttpUrl: 'https://api.example.com', UserPoolId: 'eu-west-1_1' } } };
    },
    call: () => ({}),
  });
  process.env.LATCHSTRING_LAMBDAS = folder;
  const { url } = await import('../pulumi');
  assert.equal(await new Promise((resolve) => url.apply(resolve)), 'https://api.example.com');

  const of = (type: string) => made.filter((it) => it.type === type).map(({ inputs }) => inputs);
  const [stack] = of('aws:cloudformation/stack:Stack') as { templateUrl: string; parameters: Record<string, string> }[];
  assert.ok(stack);
  const { Bucket, Prefix } = stack.parameters;
  assert.equal(Bucket, 'packages');
  assert.match(String(Prefix), /^[0-9a-f]{16}\/$/);
  assert.equal(stack.templateUrl, `https://packages.s3.eu-west-1.amazonaws.com/${Prefix}latchstring.template.json`);
  const keys = ['latchstring-sign-in.zip', 'latchstring-sign-up.zip', 'latchstring.template.json'].map((file) => `${Prefix}${file}`);
  assert.deepEqual(made.filter(({ type }) => /bucketObject/i.test(type)).map(({ inputs }) => inputs.key).sort(), keys);
  const known = Object.keys(JSON.parse(PARAMETERS).Parameters);
  assert.deepEqual(Object.keys(stack.parameters).filter((name) => !known.includes(name)), []);
});
