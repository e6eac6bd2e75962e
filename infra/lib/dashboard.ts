import { Aws, Fn, Stack, aws_cloudwatch as cloudwatch } from 'aws-cdk-lib';
import type { Construct } from 'constructs';
import { alarmName, type Watched } from './alarms';
import { FUNCTIONS, TRIGGERS, functionName } from './functions';

/** The grid of a dashboard is so wide. */
const WIDTH = 24;

/** A metric in a widget: the namespace, the name, dimensions, and how it is shown. */
type Shown = (string | Record<string, unknown>)[];

interface Graph {
  readonly title: string;
  readonly metrics: Shown[];
  /** The statistic of the metrics that name none. */
  readonly stat?: string;
  readonly period?: number;
}

/**
 * Creates the dashboard of a deployment: its alarms by name, sign-ins, messages, refusals, times and failed calls.
 * Dashboards of an account have no Region, so the name has it.
 */
export function createDashboard(scope: Construct, watched: Watched, alarms: string[]): cloudwatch.CfnDashboard {
  return new cloudwatch.CfnDashboard(scope, 'Dashboard', {
    dashboardName: Fn.join('-', [watched.prefix, Aws.REGION]),
    dashboardBody: Stack.of(scope).toJsonString({ widgets: [...widgets(watched, alarms)] }),
  });
}

function* widgets(watched: Watched, alarms: string[]) {
  const arns = alarms.map(
    (name) =>
      `arn:${Aws.PARTITION}:cloudwatch:${Aws.REGION}:${Aws.ACCOUNT_ID}:alarm:${alarmName(watched.prefix, name)}`,
  );
  yield { type: 'alarm', x: 0, y: 0, width: WIDTH, height: 4, properties: { title: 'Alarms', alarms: arns } };
  for (const [at, { title, metrics, stat = 'Sum', period = 300 }] of graphs(watched).entries()) {
    yield {
      type: 'metric',
      x: (at % 3) * 8,
      y: 4 + Math.floor(at / 3) * 6,
      width: 8,
      height: 6,
      properties: { title, metrics, stat, period, region: Aws.REGION, view: 'timeSeries', yAxis: { left: { min: 0 } } },
    };
  }
}

function graphs({ prefix, namespace, table, sweeper }: Watched): Graph[] {
  /** Every value of a dimension, as found when the dashboard is opened. */
  const by = (metric: string, dimension: string): Shown => [
    { expression: `SEARCH('{"${namespace}",${dimension}} MetricName="${metric}"', 'Sum', 300)`, id: 'by', label: '' },
  ];
  const functions = FUNCTIONS.map((name) => [name, functionName(prefix, name)] as const);
  const ofLambda = (metric: string): Shown[] =>
    functions.map(([name, of]) => ['AWS/Lambda', metric, 'FunctionName', of, { label: name }]);
  const triggers = Object.keys(TRIGGERS).map((name) => name.split('-')[0] as string);
  const ofTable = (metric: string): Shown => ['AWS/DynamoDB', metric, 'TableName', table.tableName];
  return [
    {
      title: 'Codes',
      metrics: [
        [namespace, 'CodesSent', { id: 'sent', label: 'sent' }],
        [namespace, 'CodesVerified', { id: 'proved', label: 'entered' }],
        [namespace, 'Failed', { label: 'wrong answers' }],
      ],
    },
    {
      title: 'Conversion in %, by the hour',
      period: 3600,
      metrics: [
        [{ expression: '100 * (SUM([sent, proved]) - sent) / sent', label: 'codes entered of those sent' }],
        [namespace, 'CodesSent', { id: 'sent', visible: false }],
        [namespace, 'CodesVerified', { id: 'proved', visible: false }],
      ],
    },
    {
      title: 'Codes by channel',
      metrics: [
        [namespace, 'CodesSent', 'Channel', 'email'],
        [namespace, 'CodesSent', 'Channel', 'sms'],
      ],
    },
    { title: 'Refused by budget', metrics: [by('RefusedByBudget', 'Budget')] },
    { title: 'Messages not delivered, by code', metrics: [by('DeliveryErrors', 'Code')] },
    { title: 'Failed calls', metrics: [by('Faults', 'Call')] },
    {
      title: 'Time of a trigger in ms, 95th percentile',
      stat: 'p95',
      metrics: triggers.map((name) => [namespace, 'HandlerMs', 'Function', name]),
    },
    { title: 'Time of a delivery in ms, 95th percentile', stat: 'p95', metrics: ['email', 'sms'].map((channel) => [namespace, 'DeliveryMs', 'Channel', channel]) },
    { title: 'Invocations', metrics: ofLambda('Invocations') },
    { title: 'Errors of functions', metrics: ofLambda('Errors') },
    { title: 'Throttled functions and calls', metrics: [...ofLambda('Throttles'), [namespace, 'ThrottledCalls']] },
    {
      title: 'Table',
      metrics: ['ConsumedReadCapacityUnits', 'ConsumedWriteCapacityUnits', 'ReadThrottleEvents', 'WriteThrottleEvents'].map(ofTable),
    },
    {
      title: 'Days: age of the key ring, and of the API key left',
      stat: 'Maximum',
      period: 3600,
      metrics: [
        [namespace, 'KeyRingAgeDays'],
        [namespace, 'ApiKeyDaysLeft', { stat: 'Minimum' }],
      ],
    },
    ...(sweeper
      ? [{ title: 'Events overdue, in seconds', stat: 'Maximum', metrics: [[namespace, 'EventsOverdueSeconds']] }]
      : []),
  ];
}
