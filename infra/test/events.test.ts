import assert from 'node:assert/strict';
import * as fs from 'node:fs';
import * as path from 'node:path';
import { describe, it } from 'node:test';
import { Stack, aws_events as events } from 'aws-cdk-lib';
import { FUNCTIONS, OUTBOX_INDEX, SWEEPER, type PackageName } from '../lib';
import { functionOf, newApp, newStack, only, templateOf, type Resource } from './support';

const BUS = 'arn:aws:events:eu-west-1:111122223333:event-bus/app';
const bus = events.EventBus.fromEventBusArn(new Stack(newApp(), 'bus'), 'Bus', BUS);
const without = templateOf();
const template = templateOf({ events: { bus } });

interface Statement {
  readonly Sid: string;
  readonly Action: string | string[];
  readonly Resource: unknown;
  readonly Condition?: Record<string, Record<string, unknown>>;
}

/** The statements of a function's role. */
function statements(of: typeof template, name: PackageName): Statement[] {
  const role = functionOf(of, name).Properties.Role['Fn::GetAtt'][0] as string;
  const { Properties } = of.toJSON().Resources[role] as Resource;
  return Properties.Policies.flatMap((policy: Resource['Properties']) => policy.PolicyDocument.Statement);
}

const rights = (found: Statement[]) =>
  found
    .map(({ Sid, Action, Condition }) => {
      const keys = (Condition?.['ForAllValues:StringLike']?.['dynamodb:LeadingKeys'] ?? []) as string[];
      return [Sid, ...[Action].flat(), ...[keys].flat()].join(' ');
    })
    .filter((line) => !line.startsWith('Log '));

describe('events', () => {
  it('are off by default: no index, no function, no permission, no variable', () => {
    assert.equal(only(without, 'AWS::DynamoDB::Table').Properties.GlobalSecondaryIndexes, undefined);
    without.resourceCountIs('AWS::Events::Rule', 0);
    without.resourceCountIs('AWS::Lambda::Function', FUNCTIONS.length);
    assert.ok(!JSON.stringify(without.toJSON()).includes('events:'));
    for (const name of FUNCTIONS) {
      assert.equal(functionOf(without, name).Properties.Environment.Variables.EVENTS, undefined, name);
    }
    assert.deepEqual(templateOf({ events: false }).toJSON(), without.toJSON());
  });

  it('add an index with the attributes that the code reads', () => {
    const [index, ...others] = only(template, 'AWS::DynamoDB::Table').Properties.GlobalSecondaryIndexes;
    assert.deepEqual(others, []);
    const source = fs.readFileSync(path.join(__dirname, '../../shared/aws/src/dynamodb/outbox.rs'), 'utf8');
    const projected = [...(/PROJECTED: [^=]*= \[([^\]]*)\]/.exec(source)?.[1] ?? '').matchAll(/"(\w+)"/g)];
    assert.deepEqual(index, {
      IndexName: OUTBOX_INDEX,
      KeySchema: [
        { AttributeName: 'outbox', KeyType: 'HASH' },
        { AttributeName: 'due', KeyType: 'RANGE' },
      ],
      Projection: { ProjectionType: 'INCLUDE', NonKeyAttributes: projected.map(([, name]) => name) },
    });
    assert.ok(projected.length > 5 && !projected.some(([, name]) => name === 'contact'));
  });

  it('give every function the bus', () => {
    for (const name of [...FUNCTIONS, SWEEPER] as const) {
      assert.equal(functionOf(template, name).Properties.Environment.Variables.EVENTS, BUS, name);
    }
    const own = functionOf(templateOf({ events: true }), 'sign-in').Properties.Environment.Variables.EVENTS;
    assert.match(JSON.stringify(own), /:event-bus\/default/);
  });

  it('add these permissions and no other', () => {
    for (const name of FUNCTIONS) {
      const known = rights(statements(without, name));
      const added = rights(statements(template, name)).filter((line) => !known.includes(line));
      const expected: Partial<Record<PackageName, string[]>> = {
        'define-auth-challenge': ['Events dynamodb:GetItem dynamodb:UpdateItem event#*', 'PutEvents events:PutEvents'],
        'sign-in': ['Events dynamodb:UpdateItem event#*'],
        'sign-up': ['Events dynamodb:GetItem dynamodb:UpdateItem event#*', 'PutEvents events:PutEvents'],
      };
      assert.deepEqual(added, expected[name] ?? [], name);
    }
  });

  it('let the sweeper read no key, no flow and no message', () => {
    assert.deepEqual(rights(statements(template, SWEEPER)), [
      'Outbox dynamodb:Query',
      'Pending dynamodb:GetItem pending#*',
      'Settle dynamodb:UpdateItem event#* flow#*',
      'Drop dynamodb:DeleteItem event#*',
      'Pool cognito-idp:AdminGetUser',
      'PutEvents events:PutEvents',
    ]);
    for (const name of [SWEEPER, 'define-auth-challenge', 'sign-up'] as const) {
      const put = statements(template, name).find(({ Sid }) => Sid === 'PutEvents');
      assert.equal(put?.Resource, BUS);
      assert.deepEqual(put?.Condition, { StringEquals: { 'events:source': 'latchstring' } });
    }
  });

  it('are swept each minute, and an alarm goes off if they are not', () => {
    const { Properties } = only(template, 'AWS::Events::Rule');
    assert.equal(Properties.ScheduleExpression, 'rate(1 minute)');
    const alarms = Object.values(template.findResources('AWS::CloudWatch::Alarm'));
    const overdue = alarms.find((alarm) => alarm.Properties.MetricName === 'EventsOverdueSeconds');
    assert.equal(overdue?.Properties.TreatMissingData, 'breaching');
  });

  it('are refused for a legacy pool', () => {
    const existingPool = { userPoolId: 'eu-west-1_Abc', clientIds: ['web'], legacy: true };
    assert.throws(() => newStack({ existingPool, events: true }), /events: not with existingPool.legacy/);
  });
});
