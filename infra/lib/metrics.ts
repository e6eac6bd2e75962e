import { Duration, type aws_cloudwatch as cloudwatch } from 'aws-cdk-lib';

/** The statistic that each metric of docs/metrics.md is read by. */
export const METRICS = {
  CodesSent: 'Sum',
  SlotMessages: 'Sum',
  Verified: 'Sum',
  CodesVerified: 'Sum',
  Failed: 'Sum',
  RefusedByBudget: 'Sum',
  CaptchaRequired: 'Sum',
  ContactChangeUndone: 'Sum',
  Faults: 'Sum',
  ThrottledCalls: 'Sum',
  DeliveryErrors: 'Sum',
  DeliveryMs: 'p99',
  HandlerMs: 'p99',
  EventsOverdueSeconds: 'Maximum',
  ApiKeyDaysLeft: 'Minimum',
  KeyRingAgeDays: 'Maximum',
} as const satisfies Record<string, string>;

/** A metric of docs/metrics.md. */
export type MetricName = keyof typeof METRICS;

/** Returns the properties of a metric: the usual statistic in five minutes, unless the options say otherwise. */
export function metricProps(namespace: string, metricName: string, options: cloudwatch.MetricOptions = {}): cloudwatch.MetricProps {
  const statistic = METRICS[metricName as MetricName] ?? 'Sum';
  return { namespace, metricName, statistic, period: Duration.minutes(5), ...options };
}
