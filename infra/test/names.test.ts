import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { CfnResource, NestedStack, Stack } from 'aws-cdk-lib';
import { Template } from 'aws-cdk-lib/assertions';
import { Latchstring, LatchstringStack, type LatchstringProps } from '../lib';
import { shortened } from '../lib/names';
import { LEAST, newApp, type Resource } from './support';

/** Everything that has a name of its own. */
const WIDE: LatchstringProps = {
  ...LEAST,
  api: 'both',
  graphql: { keysExpire: 1_800_000_000, fieldLog: 'ERROR' },
  http: { cloudFront: {} },
  waf: { requestsPerFiveMinutes: 300, poolRequestsPerFiveMinutes: 10_000 },
  settings: { ...LEAST.settings, cognitoCalls: 'signed', signedSessionsConfirmed: true },
  events: true,
};
const ENVIRONMENT = { account: '111122223333', region: 'us-east-1' };
const LONGEST_REGION = 'ap-southeast-99';

/** The limits of AWS for names, by type and property. A name that is not listed fails the test. */
const LIMITS: Record<string, number> = {
  'AWS::ApiGatewayV2::Api.Name': 128,
  'AWS::ApiGatewayV2::Authorizer.Name': 128,
  'AWS::ApiGatewayV2::Stage.StageName': 128,
  'AWS::AppSync::DataSource.Name': 65_536,
  'AWS::AppSync::GraphQLApi.Name': 65_536,
  'AWS::CloudFront::CachePolicy.CachePolicyConfig.Name': 128,
  'AWS::CloudFront::OriginRequestPolicy.OriginRequestPolicyConfig.Name': 128,
  'AWS::CloudWatch::Alarm.AlarmName': 255,
  'AWS::CloudWatch::Dashboard.DashboardName': 255,
  'AWS::Cognito::UserPoolClient.ClientName': 128,
  'AWS::DynamoDB::Table.GlobalSecondaryIndexes.IndexName': 255,
  'AWS::IAM::Policy.PolicyName': 128,
  'AWS::IAM::Role.Policies.PolicyName': 128,
  'AWS::Lambda::Alias.Name': 128,
  'AWS::Lambda::Function.FunctionName': 64,
  'AWS::WAFv2::WebACL.Rules.Name': 128,
  'AWS::WAFv2::WebACL.Rules.VisibilityConfig.MetricName': 128,
  'AWS::WAFv2::WebACL.VisibilityConfig.MetricName': 128,
};

/** Members that are called names and refer to something else. */
const REFERENCES = /(FunctionName|HeaderName|Dimensions.Name|Metric.MetricName|RecoveryMechanisms.Name|Runtime.Name|FieldName|TypeName|AttributeName|DataSourceName|MetricName|DomainName|ApplicationName|DeploymentGroupName)$/;

/** Yields the names in a value, each with its place. */
function* namesIn(value: unknown, place: string): Generator<[string, unknown]> {
  if (Array.isArray(value)) {
    for (const item of value) {
      yield* namesIn(item, place);
    }
  } else if (typeof value === 'object' && value !== null) {
    for (const [key, item] of Object.entries(value)) {
      const at = `${place}.${key}`;
      if (at in LIMITS || (/Name$/.test(key) && !REFERENCES.test(at))) {
        yield [at, item];
      } else {
        yield* namesIn(item, at);
      }
    }
  }
}

/** The longest that a name can be, undefined if CloudFormation or the service makes it. */
function longest(name: unknown, stack: string): string | undefined {
  if (typeof name === 'string') {
    return name;
  }
  const { Ref, 'Fn::Join': join } = name as Record<string, unknown>;
  if (Ref === 'AWS::StackName') {
    return stack;
  }
  if (Ref === 'AWS::Region') {
    return LONGEST_REGION;
  }
  const parts = (join as [string, unknown[]] | undefined)?.[1].map((part) => longest(part, stack));
  return parts?.every((part) => part !== undefined) ? parts.join('') : undefined;
}

function namesOf(template: Template, stack: string): [string, string][] {
  return Object.values(template.toJSON().Resources as Record<string, Resource>).flatMap(({ Type, Properties }) =>
    [...namesIn(Properties, Type)].flatMap(([place, name]) => {
      const text = longest(name, stack);
      return text === undefined ? [] : [[place, text] as [string, string]];
    }),
  );
}

function check(template: Template, stack: string): string[] {
  const names = namesOf(template, stack);
  for (const [place, name] of names) {
    const limit = LIMITS[place];
    assert.ok(limit !== undefined, `${place}: add its limit`);
    assert.ok(name.length >= 1 && name.length <= limit, `${place}: ${name.length} characters: ${name}`);
  }
  return names.filter(([place]) => place === 'AWS::Lambda::Function.FunctionName').map(([, name]) => name);
}

const stackOf = (stackName: string, props: Partial<LatchstringProps> = {}) =>
  new LatchstringStack(newApp(), 'acme', { stackName, env: ENVIRONMENT, ...WIDE, ...props });

describe('the names on AWS', () => {
  for (const length of [1, 33, 34, 120, 128]) {
    it(`stay within their limits in a stack of ${length} characters`, () => {
      const name = 'a'.repeat(length);
      const functions = check(Template.fromStack(stackOf(name)), name);
      assert.equal(functions.length, 6);
    });
  }

  it('are the same as before where the name of the stack fits', () => {
    const name = 'a'.repeat(33);
    const functions = check(Template.fromStack(stackOf(name)), name);
    assert.ok(functions.includes(`${name}-verify-auth-challenge-response`));
  });

  it('stay within their limits with the longest prefix', () => {
    check(Template.fromStack(stackOf('a'.repeat(128), { functionPrefix: 'p'.repeat(33) })), 'a'.repeat(128));
    assert.throws(() => stackOf('acme', { functionPrefix: 'p'.repeat(34) }), /functionPrefix: 1 to 33/);
  });

  it('are those of the outer stack, and distinct, in nested stacks', () => {
    const outer = new Stack(newApp(), 'outer', { stackName: 'o'.repeat(128), env: ENVIRONMENT });
    const nested = ['one', 'two'].map((id) => {
      const stack = new NestedStack(outer, id);
      new Latchstring(stack, 'Latchstring', WIDE);
      return stack;
    });
    const functions = nested.flatMap((stack) => check(Template.fromStack(stack), 'n'.repeat(128)));
    assert.equal(new Set(functions).size, 12);
  });

  it('stay distinct if they are shortened', () => {
    const names = ['a', 'b'].map((end) => shortened(`${'a'.repeat(127)}${end}`, 33));
    assert.equal(new Set(names).size, 2);
    assert.ok(names.every((name) => name.length === 33));
  });

  it('are those of one Region, where names are the account’s', () => {
    const places = Object.keys(LIMITS).filter((place) => place.startsWith('AWS::CloudFront::'));
    const names = namesOf(Template.fromStack(stackOf('acme')), 'acme').filter(([place]) => places.includes(place));
    assert.equal(names.length, 2);
    assert.ok(names.every(([, name]) => /us-east-1|ap-southeast-99/.test(name)));
  });
});

/** The resources whose loss is a loss of users or of sign-ins. */
const STATEFUL = /^AWS::(Cognito::UserPool(Client)?|DynamoDB::(Global)?Table|SecretsManager::Secret)$/;

/** Properties by which a change replaces a resource of these types. */
const REPLACING = ['TableName', 'Name', 'UserPoolId', 'GenerateSecret', 'KeySchema', 'AliasAttributes', 'UsernameConfiguration'];

function stateful(template: Template): Record<string, unknown> {
  const found = Object.entries(template.toJSON().Resources as Record<string, Resource>).filter(([, { Type }]) => STATEFUL.test(Type));
  return Object.fromEntries(
    found.map(([id, { Type, Properties }]) => [id, [Type, ...REPLACING.map((name) => Properties[name])]]),
  );
}

describe('what holds users and keys', () => {
  const before = stateful(Template.fromStack(stackOf('acme')));

  it('has no name of its own, so that a second stack can stand beside the first', () => {
    assert.ok(Object.keys(before).length >= 4);
    for (const { Type, Properties } of Object.values(Template.fromStack(stackOf('acme')).toJSON().Resources as Record<string, Resource>)) {
      if (STATEFUL.test(Type) && Type !== 'AWS::Cognito::UserPoolClient') {
        const own = ['Name', 'TableName', 'UserPoolName'].map((name) => Properties[name]).filter((name) => name !== undefined);
        assert.deepEqual(own, [], Type);
      }
    }
  });

  it('is kept if the stack or the prefix has another name', () => {
    assert.deepEqual(stateful(Template.fromStack(stackOf('b'.repeat(60)))), before);
    assert.deepEqual(stateful(Template.fromStack(stackOf('acme', { functionPrefix: 'other' }))), before);
  });

  it('is kept if what is not part of it changes', () => {
    for (const props of [
      { http: undefined, api: 'appsync', graphql: { keysExpire: 1_800_000_000 }, waf: undefined },
      { memory: 1024 },
      { pool: { name: 'users' } },
    ] as Partial<LatchstringProps>[]) {
      const after = stateful(Template.fromStack(stackOf('acme', props)));
      for (const [id, value] of Object.entries(before).filter(([id]) => !id.includes('OriginSecret'))) {
        assert.deepEqual(after[id], value, id);
      }
    }
  });

  it('is kept under another construct id with the logical ids that it had', () => {
    const stacks = ['Latchstring', 'Auth'].map((id) => {
      const stack = new Stack(newApp(), 'acme', { env: ENVIRONMENT });
      const elements = new Latchstring(stack, id, WIDE).node.findAll().filter(CfnResource.isCfnResource);
      return { stack, ids: elements.map((element) => [element.cfnResourceType, stack.getLogicalId(element)] as const) };
    });
    const [first, second] = stacks as [(typeof stacks)[0], (typeof stacks)[0]];
    for (const [index, [type, id]] of second.ids.entries()) {
      if (STATEFUL.test(type)) {
        second.stack.renameLogicalId(id, first.ids[index]?.[1] as string);
      }
    }
    assert.deepEqual(stateful(Template.fromStack(second.stack)), stateful(Template.fromStack(first.stack)));
  });
});
