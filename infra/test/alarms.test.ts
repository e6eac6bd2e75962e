import assert from 'node:assert/strict';
import * as fs from 'node:fs';
import * as path from 'node:path';
import { describe, it } from 'node:test';
import { Stack, aws_cloudwatch_actions as actions, aws_sns as sns } from 'aws-cdk-lib';
import { evaluate, minutesOn, type Asked } from './metric-math';
import { nameOf, templateOf } from './support';

const document = (name: string) => fs.readFileSync(path.join(__dirname, '../../docs', name), 'utf8');
const OPERATIONS = document('operations.md');
const METRICS = document('metrics.md');

function alarms(props: Parameters<typeof templateOf>[0] = {}) {
  const found = Object.values(templateOf(props).findResources('AWS::CloudWatch::Alarm')).map(
    ({ Properties }) => [nameOf(Properties.AlarmName).replace('${AWS::StackName}-', ''), Properties] as const,
  );
  return new Map(found);
}

const TOPIC = 'arn:aws:sns:eu-west-1:111122223333:alarms';
const notifying = [new actions.SnsAction(sns.Topic.fromTopicArn(new Stack(), 'Alarms', TOPIC))];
const all = alarms({ api: 'both', alarms: { actions: notifying } });
const busy = alarms({ api: 'both', alarms: { codesPerHour: 5000 } });

describe('the alarms', () => {
  it('are these', () => {
    assert.deepEqual([...all.keys()].sort(), [
      'api-faults',
      'api-key',
      'api-refusals',
      'bounces',
      'breaker-country',
      'breaker-deployment',
      'breaker-domain',
      'breaker-mail',
      'breaker-monthly-spend',
      'breaker-new-accounts',
      'breaker-prefix',
      'breaker-spend',
      'call-throttles',
      'complaints',
      'conversion',
      'errors-create-auth-challenge',
      'errors-define-auth-challenge',
      'errors-sign-in',
      'errors-sign-up',
      'errors-verify-auth-challenge-response',
      'faults',
      'http-faults',
      'http-refusals',
      'key-age',
      'refused',
      'slow-create-auth-challenge',
      'slow-define-auth-challenge',
      'slow-verify-auth-challenge-response',
      'sms-rate',
      'sms-spend',
      'table-read-throttles',
      'table-write-throttles',
      'throttles',
      'undelivered',
      'wrong-answers',
    ]);
  });

  it('each say what to do, and docs/operations.md says more', () => {
    for (const [name, { AlarmDescription }] of all) {
      assert.ok(AlarmDescription.length > 60, name);
      const entry = name.replace(/^(breaker|errors|slow)-.*/, '$1-…').replace(/-(read|write)-/, '-…-');
      assert.ok(OPERATIONS.includes(`| \`${entry}\` |`), `docs/operations.md has no row ${entry}`);
    }
  });

  // A test of the functions compares docs/metrics.md with the words that they write.
  it('each watch a budget that docs/metrics.md names', () => {
    const [, words] = METRICS.match(/`Budget` is (.*?): of/) ?? [];
    assert.ok(words);
    for (const [name, { Dimensions = [] }] of all) {
      for (const { Name, Value } of Dimensions) {
        if (Name === 'Budget') assert.ok(words.includes(`\`${Value}\``), name);
      }
    }
  });

  it('notify whom they are given, also when they end', () => {
    for (const [name, alarm] of all) {
      assert.deepEqual(alarm.AlarmActions, [TOPIC], name);
      assert.deepEqual(alarm.OKActions, alarm.AlarmActions, name);
    }
    const none = alarms().get('refused');
    assert.deepEqual([none.AlarmActions, none.OKActions], [undefined, undefined]);
    const quiet = alarms({ alarms: { actions: notifying, okActions: [] } });
    assert.equal(quiet.get('refused').OKActions, undefined);
  });

  it('keep their state without data where the metric is a state', () => {
    const stays = [...all].filter(([, { TreatMissingData }]) => TreatMissingData === 'ignore').map(([name]) => name);
    assert.deepEqual(stays.sort(), ['api-key', 'bounces', 'complaints', 'key-age', 'sms-spend']);
    const others = [...all].filter(([name]) => !stays.includes(name));
    for (const [name, { TreatMissingData }] of others) assert.equal(TreatMissingData, 'notBreaching', name);
  });

  it('are of SMS only where there is any', () => {
    const names = [...alarms({ sms: undefined }).keys()];
    assert.ok(!names.some((name) => name.startsWith('sms-')));
  });

  it('are of mail only where there is any', () => {
    const names = [...alarms({ email: undefined }).keys()];
    assert.ok(!names.includes('bounces') && !names.includes('complaints'));
    assert.ok(names.includes('sms-rate'));
  });

  it('call a trigger slow by the time of its answer, without what it sends afterwards', () => {
    for (const [name, dimension] of [
      ['define-auth-challenge', 'define'],
      ['create-auth-challenge', 'create'],
      ['verify-auth-challenge-response', 'verify'],
    ]) {
      const [, ...metrics] = all.get(`slow-${name}`).Metrics;
      const asked = metrics.map(({ MetricStat: { Metric, Stat } }: any) => [nameOf(Metric.Namespace), Metric.MetricName, Metric.Dimensions, Stat]);
      const handler = ['Latchstring/${AWS::StackName}', 'HandlerMs', [{ Name: 'Function', Value: dimension }]];
      assert.deepEqual(asked, [[...handler, 'SampleCount'], [...handler, 'p95']]);
    }
  });

  it('go off before a trigger gives up', () => {
    const source = fs.readFileSync(path.join(__dirname, '../../shared/lambda/src/cognito/mod.rs'), 'utf8');
    const limits = [...source.matchAll(/Duration = Duration::from_millis\((\d+)\)/g)].map(([, ms]) => Number(ms));
    assert.equal(limits.length, 2);
    for (const [name, { Threshold }] of all) {
      assert.ok(!name.startsWith('slow-') || Threshold < Math.min(...limits), name);
    }
  });

  it('show a key that expires until there is a later one, also while no function runs', () => {
    const { MetricName, Statistic, ComparisonOperator, Threshold, TreatMissingData } = all.get('api-key');
    assert.deepEqual(
      [MetricName, Statistic, ComparisonOperator, Threshold, TreatMissingData],
      ['ApiKeyDaysLeft', 'Minimum', 'LessThanThreshold', 45, 'ignore'],
    );
  });

  it('look where the functions of their own deployment put their metrics', () => {
    const namespaces = (props: Parameters<typeof templateOf>[0]) => {
      const template = templateOf({ events: true, ...props });
      const ours = Object.values(template.findResources('AWS::CloudWatch::Alarm'))
        .flatMap(({ Properties }) => [Properties, ...(Properties.Metrics ?? []).map((it: any) => it.MetricStat?.Metric)])
        .flatMap((it) => (it?.Namespace === undefined ? [] : [nameOf(it.Namespace)]))
        .filter((name) => !name.startsWith('AWS/'));
      const written = Object.values(template.findResources('AWS::Lambda::Function')).map(({ Properties }) =>
        nameOf(Properties.Environment.Variables.METRICS_NAMESPACE),
      );
      assert.equal(written.length, 6);
      return [...new Set([...ours, ...written])];
    };
    assert.deepEqual(namespaces({}), ['Latchstring/${AWS::StackName}']);
    assert.deepEqual(namespaces({ functionPrefix: 'door' }), ['Latchstring/door']);
    assert.deepEqual(namespaces({ settings: { metricsNamespace: 'Door' } }), ['Door']);
  });

  it('count no function, table, API or pool of others', () => {
    const dimensions = new Set<string>();
    for (const [name, { Metrics, ...plain }] of all) {
      const metrics = Metrics ? Metrics.flatMap((it: any) => it.MetricStat?.Metric ?? []) : [plain];
      for (const { Namespace, MetricName, Dimensions = [] } of metrics) {
        const ofAccount = ['bounces', 'complaints', 'sms-spend'].includes(name);
        const isOurs = nameOf(Namespace).startsWith('Latchstring/');
        assert.ok(isOurs || ofAccount || Dimensions.length > 0, `${name}: ${MetricName}`);
        for (const { Name } of isOurs ? [] : Dimensions) dimensions.add(Name);
      }
    }
    const known = ['ApiId', 'FunctionName', 'GraphQLAPIId', 'TableName', 'UserPool', 'UserPoolClient'];
    assert.deepEqual([...dimensions].sort(), known);
  });

  it('count the throttles of every client that is known', () => {
    const clients = (props: Parameters<typeof templateOf>[0]) =>
      alarms(props)
        .get('call-throttles')
        .Metrics.flatMap((it: any) => it.MetricStat?.Metric.Dimensions ?? [])
        .filter(({ Name }: any) => Name === 'UserPoolClient')
        .map(({ Value }: any) => nameOf(Value));
    const pool = (clientIds: string[]) => ({ existingPool: { userPoolId: 'eu-west-1_Abc', clientIds } });
    assert.deepEqual(clients(pool(['web', 'native'])), ['web', 'native', 'Admin']);
    const many = [...'abcdefghijklm'].map((letter) => letter.repeat(20));
    assert.equal(clients(pool(many)).length, 9);
  });

  it('compare with what a team expects of SMS', () => {
    assert.deepEqual([all.get('sms-rate').Threshold, all.get('sms-spend').Threshold], [200, 10]);
    const other = alarms({ alarms: { smsPerHour: 5, smsSpend: 0.5 } });
    assert.deepEqual([other.get('sms-rate').Threshold, other.get('sms-spend').Threshold], [5, 0.5]);
  });

  it('take their least volumes from the traffic of the busiest hour', () => {
    const least = (found: typeof all) =>
      ['conversion', 'refused', 'wrong-answers', 'api-refusals', 'http-refusals'].map((name) => {
        const [{ Expression }] = found.get(name).Metrics;
        return Number(/>= (\d+)/.exec(Expression)?.[1]);
      });
    assert.deepEqual(least(all), [25, 100, 100, 25, 25]);
    assert.deepEqual(least(alarms({ api: 'both', alarms: { codesPerHour: 4 } })), [10, 10, 10, 20, 20]);
    assert.deepEqual(least(busy), [1250, 5000, 5000, 1250, 1250]);
    assert.equal(busy.get('sms-rate').Threshold, 10_000);
  });

  it('cost what docs/operations.md says', () => {
    const cost = (found: Map<string, any>) =>
      [...found.values()].reduce((sum, { Metrics }) => sum + (Metrics ? Metrics.length - 1 : 1), 0);
    const costs = [alarms({ api: 'http' }), alarms({ api: 'appsync' })].map((it) => [it.size, cost(it)]);
    const [http, appsync] = costs as [number[], number[]];
    const told = `${http[0]} alarms of ${http[1]} metrics with the HTTP API, ${appsync[0]} of ${appsync[1]} with AppSync`;
    assert.ok(OPERATIONS.includes(told), told);
  });
});

describe('metric math', () => {
  it('has no value without the data that it needs, and sums what there is', () => {
    const values = { a: 6, b: 2, none: undefined };
    for (const [expression, expected] of [
      ['a + b * 2 - 1', 9],
      ['100 * (SUM([a, none]) - a) / a', 0],
      ['SUM([a, b, none])', 8],
      ['SUM([none])', undefined],
      ['a + none', undefined],
      ['a / (b - 2)', undefined],
      ['IF(a >= 6, a / b, 0)', 3],
      ['IF(a > 6, a / b, 0)', 0],
      ['IF(none > 6, 1, 0)', undefined],
      ['IF(b <= 2, none, 0)', undefined],
    ] as const) {
      assert.equal(evaluate(expression, values), expected, expression);
    }
    for (const wrong of ['a +', 'c', 'a b', 'a % b', 'SUM(a)', '']) {
      assert.throws(() => evaluate(wrong, values), wrong);
    }
  });
});

/** The events of an hour, by metric and the values of its dimensions; some last for a part of the time. */
type Traffic = Record<string, number | { readonly rate: number; readonly until: number }>;

/** A usual hour, with the most traffic of the week. */
const USUAL: Traffic = {
  CodesSent: 100,
  'CodesSent sms': 20,
  CodesVerified: 80,
  Verified: 95,
  Failed: 12,
  'HandlerMs define': 320,
  'HandlerMs create': 220,
  'HandlerMs verify': 210,
  'Invocations define-auth-challenge': 320,
  'Invocations create-auth-challenge': 220,
  'Invocations verify-auth-challenge-response': 210,
  'Invocations sign-in': 120,
  'Invocations sign-up': 5,
  Count: 240,
  '4xx': 20,
  Latency: 125,
  '4XXError': 2,
  Faults: 1,
};

const times = (traffic: Traffic, factor: number): Traffic =>
  Object.fromEntries(Object.entries(traffic).map(([name, rate]) => [name, (rate as number) * factor]));
const more = (traffic: Traffic, added: Traffic): Traffic => {
  const sum = { ...traffic };
  for (const [name, rate] of Object.entries(added)) {
    sum[name] = typeof rate === 'number' ? ((sum[name] as number | undefined) ?? 0) + rate : rate;
  }
  return sum;
};
/** A state that is reported, whatever the traffic. */
interface States {
  /** The time of nineteen in twenty answers, in milliseconds. */
  readonly p95?: number;
  readonly gauges?: Record<string, number>;
}

const ONE_USER: Traffic = {
  Failed: { rate: 32, until: 60 },
  RefusedByBudget: { rate: 10, until: 60 },
  'Errors sign-in': { rate: 12, until: 10 },
  DeliveryErrors: { rate: 18, until: 10 },
  Faults: { rate: 30, until: 10 },
};
const LAUNCH = more(times(USUAL, 50), {
  Faults: 25,
  RefusedByBudget: 60,
  DeliveryErrors: 50,
  'Errors create-auth-challenge': 40,
  'Throttles sign-in': { rate: 12, until: 15 },
  'ReadThrottleEvents': { rate: 600, until: 8 },
  '5xx': 40,
});

/** What happens, as docs/operations.md names it. */
const SITUATIONS: Record<string, Traffic | [Traffic, States]> = {
  'A usual hour': USUAL,
  'A night without traffic': {},
  'A launch: fifty times the traffic from one minute to the next': LAUNCH,
  'One user whose sign-in fails again and again, by day': more(USUAL, { ...ONE_USER, Failed: 20 }),
  'The same user at night, alone': ONE_USER,
  'An attacker guesses codes': more(USUAL, { Failed: 400, RefusedByBudget: 300, CodesSent: 40, '4xx': 700, Count: 740 }),
  'An attacker earns money by SMS': more(USUAL, {
    CodesSent: 300,
    'CodesSent sms': 300,
    RefusedByBudget: 40,
    'RefusedByBudget country': 20,
  }),
  'An attacker has mail sent to addresses of others': [
    more(USUAL, { CodesSent: 300, RefusedByBudget: 30 }),
    { gauges: { 'Reputation.BounceRate': 0.06 } },
  ],
  'A flood of requests without an API key': more(USUAL, { '4XXError': 4000 }),
  'DynamoDB does not answer': [
    { ...USUAL, CodesSent: 0, 'CodesSent sms': 0, CodesVerified: 0, Verified: 0, Failed: 0, Faults: 450, '5xx': 150 },
    { p95: 2500 },
  ],
  'A deployment whose sign-in does not start': {
    'Invocations sign-in': 120,
    'Errors sign-in': 120,
    Count: 120,
    '5xx': 120,
    Latency: 120,
  },
  'The same with twenty calls an hour': {
    'Invocations sign-in': 20,
    'Errors sign-in': 20,
    Count: 20,
    '5xx': 20,
    Latency: 20,
  },
  "Cognito's quota is used up": more(times(USUAL, 20), { 'SignInThrottles app': 900, ThrottledCalls: 600, Faults: 600, '5xx': 600 }),
  'The API key has expired': { '4XXError': 130 },
  'SES has stopped the sending': { ...USUAL, CodesSent: 20, CodesVerified: 16, Verified: 20, DeliveryErrors: 90 },
  'Mails arrive nowhere': { ...USUAL, CodesVerified: 16, Verified: 20, CodesSent: 160, RefusedByBudget: 10 },
};

/** The values of a situation that begins in minute 0, with nothing before it. */
function source(situation: Traffic | [Traffic, States]) {
  const [traffic, { p95 = 300, gauges = {} }] = Array.isArray(situation) ? situation : [situation, {}];
  return ({ metric, dimensions, statistic }: Asked, from: number, to: number) => {
    const words = Object.entries(dimensions).flatMap(([name, value]) => {
      if (name === 'FunctionName') return [nameOf(value).replace(/^.*Latchstring/, '')];
      if (name === 'UserPoolClient') return value === 'Admin' ? ['admin'] : ['app'];
      return ['Function', 'Budget', 'Channel'].includes(name) ? [String(value)] : [];
    });
    const key = keyOf([metric, ...words].join(' '), traffic);
    if (metric in gauges) return gauges[metric];
    const rate = traffic[key];
    if (rate === undefined) return undefined;
    const { rate: hourly, until } = typeof rate === 'number' ? { rate, until: Infinity } : rate;
    const upTo = (minute: number) => Math.floor((hourly * Math.max(0, Math.min(minute, until))) / 60);
    const count = upTo(to) - upTo(from);
    // A metric has data where something is counted. Lambda and the APIs report a 0 with each call.
    if (count === 0 && hourly > 0) return undefined;
    return statistic.startsWith('p') ? p95 : count;
  };
}

/** The key of a function by its logical id, which has no dashes and a hash. */
function keyOf(name: string, traffic: Traffic): string {
  const squeezed = (text: string) => text.replaceAll('-', '').toLowerCase();
  return Object.keys(traffic).find((key) => key === name || (key.includes('-') && squeezed(name).startsWith(squeezed(key)))) ?? name;
}

describe('what an alarm does', () => {
  const on = (situation: Traffic | [Traffic, States], found = all) =>
    [...found].filter(([, alarm]) => minutesOn(alarm, source(situation), 90).length > 0).map(([name]) => name).sort();
  const seen = Object.fromEntries(Object.entries(SITUATIONS).map(([name, traffic]) => [name, on(traffic)]));

  it('in each situation is what docs/operations.md says', () => {
    const [, table = ''] = OPERATIONS.split('| situation | alarms |');
    const rows = [...table.split('\n\n')[0]?.matchAll(/^\| (.*?) \| (.*?) \|$/gm) ?? []];
    const told = Object.fromEntries(rows.map(([, situation, names = '']) => [situation, [...names.matchAll(/`([^`]+)`/g)].map(([, name]) => name).sort()]));
    assert.deepEqual(told, seen);
  });

  it('does not depend on a launch that the operator expects', () => {
    assert.deepEqual(on(LAUNCH, busy), []);
  });

  it('ends when the situation ends', () => {
    const attack = Object.fromEntries(
      Object.entries(SITUATIONS['An attacker guesses codes'] as Traffic).map(([name, rate]) => [name, { rate: rate as number, until: 60 }]),
    );
    const minutes = minutesOn(all.get('wrong-answers'), source(attack), 300);
    assert.ok(minutes.length > 0 && Math.max(...minutes) <= 120, minutes.join(' '));
  });

  it('covers each alarm that no situation shows', () => {
    const shown = new Set(Object.values(seen).flat());
    const rest = [...all.keys()].filter((name) => !shown.has(name));
    for (const name of rest) {
      const alarm = all.get(name);
      const { Threshold, ComparisonOperator, Metrics } = alarm;
      const is = (value: number) => minutesOn(alarm, () => value, 60).length > 0;
      // Of an expression each series has that value: every call fails.
      assert.ok(is(Metrics ? 10_000 : ComparisonOperator === 'LessThanThreshold' ? Threshold - 1 : Threshold + 1), name);
      assert.ok(!is(Metrics ? 0 : Threshold), name);
    }
  });
});
