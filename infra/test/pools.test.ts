import assert from 'node:assert/strict';
import * as fs from 'node:fs';
import * as path from 'node:path';
import { describe, it } from 'node:test';
import { Stack, aws_cognito as cognito } from 'aws-cdk-lib';
import { Template } from 'aws-cdk-lib/assertions';
import { newApp, only } from './support';

type Members = Record<string, unknown>;

/** A pool as the tests of `attach` and the doctor have it. */
interface Fixture {
  readonly cdk?: { readonly pool: cognito.UserPoolProps; readonly client: cognito.UserPoolClientOptions };
  readonly UserPool: Members;
  readonly UserPoolClients: Members[];
}

const FOLDER = path.join(__dirname, '../../shared/testkit/pools');

/** Members of a template that the description has elsewhere, or not at all. */
const NOT_DESCRIBED = ['EnabledMfas', 'Schema', 'SmsConfiguration', 'GenerateSecret', 'UserPoolId'];

describe('pools of CDK that exist', () => {
  for (const file of fs.readdirSync(FOLDER)) {
    const fixture = JSON.parse(fs.readFileSync(path.join(FOLDER, file), 'utf8')) as Fixture;
    if (fixture.cdk) {
      it(`${file} is what its code makes`, () => compare(fixture, fixture.cdk as NonNullable<Fixture['cdk']>));
    }
  }
});

function compare({ UserPool, UserPoolClients: [described = {}] }: Fixture, cdk: NonNullable<Fixture['cdk']>): void {
  const stack = new Stack(newApp(), 'Existing');
  new cognito.UserPool(stack, 'Pool', cdk.pool).addClient('App', cdk.client);
  const template = Template.fromStack(stack);
  const pool = only(template, 'AWS::Cognito::UserPool').Properties as Members;
  const client = only(template, 'AWS::Cognito::UserPoolClient').Properties as Members;
  contains(UserPool, pool);
  contains(described, client);
  // What the code leaves out, a description must not have either.
  for (const member of ['AliasAttributes', 'UsernameAttributes', 'UsernameConfiguration', 'UserPoolAddOns']) {
    assert.equal(UserPool[member] === undefined, pool[member] === undefined, member);
  }
  for (const member of ['ExplicitAuthFlows', 'WriteAttributes', 'PreventUserExistenceErrors']) {
    assert.equal(described[member] === undefined, client[member] === undefined, member);
  }
  assert.equal('ClientSecret' in described, client.GenerateSecret === true);
  const required = (UserPool.SchemaAttributes as Members[]).filter(({ Required, Name }) => Required && Name !== 'sub');
  const schema = (pool.Schema ?? []) as Members[];
  assert.deepEqual(required.map(({ Name }) => Name), schema.filter(({ Required }) => Required).map(({ Name }) => Name));
}

/** Asserts that a description has what the template sets. Cognito adds defaults within a member. */
function contains(described: Members, template: Members): void {
  for (const [name, value] of Object.entries(template)) {
    if (NOT_DESCRIBED.includes(name)) {
      continue;
    }
    const found = described[name];
    if (value !== null && typeof value === 'object' && !Array.isArray(value)) {
      contains(found as Members, value as Members);
    } else {
      assert.deepEqual(found, value, name);
    }
  }
}
