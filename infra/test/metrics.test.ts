import assert from 'node:assert/strict';
import * as fs from 'node:fs';
import * as path from 'node:path';
import { describe, it } from 'node:test';
import { Duration, type aws_cloudwatch as cloudwatch } from 'aws-cdk-lib';
import { METRICS } from '../lib/metrics';
import { newStack } from './support';

describe('the metrics of the construct', () => {
  const { latchstring } = newStack({ settings: { metricsNamespace: 'Acme' } });

  it('are those of docs/metrics.md', () => {
    const page = fs.readFileSync(path.join(__dirname, '../../docs/metrics.md'), 'utf8');
    const [, table] = /## Metrics\n([\s\S]*?)\n## /.exec(page) as unknown as [string, string];
    const documented = [...table.matchAll(/^\| `(\w+)` \|/gm)].map(([, name]) => name);
    assert.deepEqual(Object.keys(METRICS), documented);
  });

  it('are in the namespace of the functions, by the usual statistic', () => {
    const shown = ({ namespace, metricName, statistic, period, dimensions }: cloudwatch.Metric) =>
      [namespace, metricName, statistic, period.toMinutes(), dimensions] as unknown[];
    const sms = latchstring.metricCodesSent({ dimensionsMap: { Channel: 'sms' }, period: Duration.hours(1) });
    assert.deepEqual(shown(sms), ['Acme', 'CodesSent', 'Sum', 60, { Channel: 'sms' }]);
    assert.deepEqual(shown(latchstring.metricHandlerTime('create')), ['Acme', 'HandlerMs', 'p99', 5, { Function: 'create' }]);
    assert.deepEqual(shown(latchstring.metric('EventsOverdueSeconds')), ['Acme', 'EventsOverdueSeconds', 'Maximum', 5, undefined]);
    const names = [latchstring.metricVerified(), latchstring.metricCodesVerified(), latchstring.metricFailed(), latchstring.metricRefused(), latchstring.metricFaults(), latchstring.metricDeliveryErrors()];
    assert.ok(names.every(({ metricName }) => metricName in METRICS));
  });
});
