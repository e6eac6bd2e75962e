import assert from 'node:assert/strict';
import * as fs from 'node:fs';
import * as path from 'node:path';
import { describe, it } from 'node:test';
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

describe('the alarms', () => {
  const all = alarms({ api: 'both', alarms: { actions: ['arn:aws:sns:eu-west-1:111122223333:alarms'] } });

  // The emulator that `cargo xtask deploy-check` deploys on has no metric math.
  it('each look at one plain metric', () => {
    for (const [name, { MetricName, Metrics }] of all) {
      assert.equal(typeof MetricName, 'string', name);
      assert.equal(Metrics, undefined, name);
    }
  });

  it('are these', () => {
    assert.deepEqual([...all.keys()].sort(), [
      'api-faults',
      'api-key',
      'bounces',
      'breaker-country',
      'breaker-deployment',
      'breaker-domain',
      'breaker-mail',
      'breaker-monthly-spend',
      'breaker-new-accounts',
      'breaker-prefix',
      'breaker-spend',
      'complaints',
      'errors-create-auth-challenge',
      'errors-define-auth-challenge',
      'errors-sign-in',
      'errors-sign-up',
      'errors-verify-auth-challenge-response',
      'faults',
      'http-faults',
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

  it('tell whom they are given, and keep quiet while nothing happens', () => {
    for (const [name, alarm] of all) {
      assert.deepEqual(alarm.AlarmActions, ['arn:aws:sns:eu-west-1:111122223333:alarms']);
      assert.equal(alarm.TreatMissingData, name === 'api-key' ? 'ignore' : 'notBreaching');
    }
    assert.equal(alarms().get('refused').AlarmActions, undefined);
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
      const { Namespace, MetricName, Dimensions, ExtendedStatistic } = all.get(`slow-${name}`);
      assert.deepEqual(
        [Namespace, MetricName, Dimensions, ExtendedStatistic],
        ['Latchstring', 'HandlerMs', [{ Name: 'Function', Value: dimension }], 'p99'],
      );
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

  it('look where the functions put their metrics', () => {
    assert.equal(all.get('refused').Namespace, 'Latchstring');
    const other = alarms({ settings: { metricsNamespace: 'Door' } });
    assert.equal(other.get('refused').Namespace, 'Door');
  });

  it('compare with what a team expects of SMS', () => {
    assert.deepEqual([all.get('sms-rate').Threshold, all.get('sms-spend').Threshold], [200, 10]);
    const other = alarms({ alarms: { smsPerHour: 5, smsSpend: 0.5 } });
    assert.deepEqual([other.get('sms-rate').Threshold, other.get('sms-spend').Threshold], [5, 0.5]);
  });
});
