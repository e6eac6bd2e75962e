import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import * as fs from 'node:fs';
import * as path from 'node:path';
import { describe, it } from 'node:test';
import { PACKAGES, templateOf } from './support';

const HOME = path.join(__dirname, '..');

/** Synthesises as `npm run synth` does and reads what was written. */
function synthesise(architecture: string, folder: string): Record<string, string> {
  const out = path.join(PACKAGES, folder);
  const args = [path.join(HOME, 'bin/synth.ts'), '--out', out, '--architecture', architecture];
  execFileSync(process.execPath, ['--import', 'tsx', ...args], { cwd: HOME, stdio: 'pipe' });
  return Object.fromEntries(fs.readdirSync(out).map((file) => [file, fs.readFileSync(path.join(out, file), 'utf8')]));
}

describe('the templates for teams without CDK', () => {
  const written = synthesise('arm64', 'once');
  const templates = Object.entries(written).map(([file, text]) => [file, JSON.parse(text)] as const);

  it('are two: with a pool of their own, and for one that exists', () => {
    assert.deepEqual(Object.keys(written).sort(), [
      'latchstring-existing-pool.template.json',
      'latchstring.template.json',
    ]);
    for (const [file, { Resources }] of templates) {
      const types = Object.values(Resources).map((resource) => (resource as { Type: string }).Type);
      assert.equal(types.includes('AWS::Cognito::UserPool'), file === 'latchstring.template.json');
    }
  });

  it('are the same each time', () => {
    assert.deepEqual(synthesise('arm64', 'twice'), written);
  });

  it('need no CDK in the account', () => {
    for (const [file, { Parameters, Rules, Resources }] of templates) {
      assert.deepEqual(Object.keys(Rules), ['OneChannel'], file);
      assert.equal(Parameters.BootstrapVersion, undefined, file);
      assert.ok(!JSON.stringify(Resources).includes('cdk-'), file);
      assert.ok(!JSON.stringify(Resources).includes('AWS::CDK'), file);
    }
  });

  it('take the zips from the bucket and prefix that are given', () => {
    for (const [, { Resources }] of templates) {
      const functions = Object.values(Resources).filter(
        (resource) => (resource as { Type: string }).Type === 'AWS::Lambda::Function',
      ) as { Properties: { Code: unknown } }[];
      assert.equal(functions.length, 5);
      for (const { Properties } of functions) {
        assert.match(
          JSON.stringify(Properties.Code),
          /^\{"S3Bucket":\{"Ref":"Bucket"\},"S3Key":\{"Fn::Join":\["",\[\{"Ref":"Prefix"\},"latchstring-[a-z-]+\.zip"\]\]\}\}$/,
        );
      }
    }
  });

  it('ask where the zips are and how long the API key is good, and have a default for the rest', () => {
    const asked = templates.map(([, { Parameters }]) =>
      Object.entries(Parameters)
        .filter(([, parameter]) => (parameter as { Default?: unknown }).Default === undefined)
        .map(([name]) => name)
        .sort(),
    );
    const always = ['ApiKeyExpires', 'Bucket', 'Prefix'];
    assert.deepEqual(asked, [['ApiKeyExpires', 'Bucket', 'Clients', 'Prefix', 'UserPool'], always]);
  });

  it('send no mail without an address, no SMS without a country, and need one of them', () => {
    for (const [, { Resources, Conditions, Rules }] of templates) {
      const policies = Object.values(Resources).filter(
        (resource) => (resource as { Type: string }).Type === 'AWS::IAM::Policy',
      ) as { Condition?: string }[];
      assert.deepEqual(policies.map(({ Condition }) => Condition), ['HasEmailFromAddress', 'HasSmsCountries']);
      const isSet = (parameter: string) => ({ 'Fn::Not': [{ 'Fn::Equals': [{ Ref: parameter }, ''] }] });
      assert.deepEqual(Rules.OneChannel.Assertions[0].Assert, {
        'Fn::Or': [isSet('EmailFromAddress'), isSet('SmsCountries')],
      });
      assert.deepEqual(Conditions.HasSmsCountries, {
        'Fn::Not': [{ 'Fn::Equals': [{ Ref: 'SmsCountries' }, ''] }],
      });
    }
  });

  it('run one resolver a request, as a web ACL counts requests and budgets count mutations', () => {
    for (const [file, { Resources }] of templates) {
      const apis = Object.values(Resources).filter(
        (resource) => (resource as { Type: string }).Type === 'AWS::AppSync::GraphQLApi',
      ) as { Properties: { ResolverCountLimit: number } }[];
      assert.deepEqual(apis.map(({ Properties }) => Properties.ResolverCountLimit), [1], file);
    }
  });

  it('are for the chosen processor', () => {
    assert.ok(written['latchstring.template.json']?.includes('"Architectures":["arm64"]'));
    const intel = synthesise('x86_64', 'intel');
    assert.ok(intel['latchstring.template.json']?.includes('"Architectures":["x86_64"]'));
  });
});

describe('the stack', () => {
  it('is the same each time', () => {
    assert.deepEqual(templateOf().toJSON(), templateOf().toJSON());
  });

  it('outputs what clients and operators must know', () => {
    assert.deepEqual(Object.keys(templateOf().toJSON().Outputs), [
      'UserPoolId',
      'ClientIds',
      'GraphqlUrl',
      'ApiKey1',
      'TableName',
      'KeyRingSecret',
      'DefineAuthChallenge',
      'CreateAuthChallenge',
      'VerifyAuthChallengeResponse',
    ]);
  });
});
