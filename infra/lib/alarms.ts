import { Duration, aws_cloudwatch as cloudwatch, type aws_dynamodb as dynamodb, aws_lambda as lambda } from 'aws-cdk-lib';
import type { Construct } from 'constructs';
import { FUNCTIONS, TRIGGERS, type FunctionName } from './functions';
import { KEY_DAYS } from './graphql-api';
import type { GraphqlApiResources, HttpApiResources } from './parts';
import type { AlarmProps } from './props';

/** Budgets that many users share: one that is spent refuses others. */
const BREAKERS = [
  'country',
  'deployment',
  'domain',
  'mail',
  'monthly_spend',
  'new_accounts',
  'prefix',
  'spend',
];

/** The resources that the alarms watch. */
export interface Watched {
  readonly prefix: string;
  readonly namespace: string;
  readonly functions: Record<FunctionName, lambda.Function>;
  /** The function that sweeps the outbox, if events are on. */
  readonly sweeper?: lambda.Function;
  readonly table: dynamodb.ITable;
  readonly graphqlApi?: GraphqlApiResources;
  readonly httpApi?: HttpApiResources;
  /** True if the functions know when the API keys expire. */
  readonly keysExpire: boolean;
  readonly email: boolean;
  readonly sms: boolean;
}

interface Alarm {
  readonly name: string;
  readonly metric: cloudwatch.IMetric;
  /** The alarm goes off above it; */
  readonly above?: number;
  /** or below it. */
  readonly below?: number;
  /** True if it stays as it was while there is no data. */
  readonly stays?: boolean;
  /** True if there are always data, so that it goes off without any. */
  readonly demands?: boolean;
  /** The number of periods in a row. */
  readonly periods?: number;
  /** The meaning and what to do; docs/operations.md says more under the same name. */
  readonly description: string;
}

const FIVE_MINUTES = Duration.minutes(5);
const HOUR = Duration.hours(1);

/** The alarms, each with the deployment's name before its own. */
export function createAlarms(
  scope: Construct,
  props: AlarmProps,
  watched: Watched,
): Record<string, cloudwatch.Alarm> {
  const alarms = [
    ...ofFunctions(watched),
    ...ofApis(watched),
    ...ofServices(watched),
    ...ofEvents(watched),
    ...ofMessages(props, watched),
  ];
  const create = ({ name, metric, above, below, stays, demands, periods, description }: Alarm) => {
    const id = `Alarm${name.replace(/-/g, '')}`;
    const alarm = new cloudwatch.Alarm(scope, id, {
      alarmName: `${watched.prefix}-${name}`,
      alarmDescription: description,
      metric,
      threshold: (above ?? below) as number,
      evaluationPeriods: periods ?? 1,
      comparisonOperator:
        below === undefined
          ? cloudwatch.ComparisonOperator.GREATER_THAN_THRESHOLD
          : cloudwatch.ComparisonOperator.LESS_THAN_THRESHOLD,
      // Nothing happened is no news.
      treatMissingData: stays
        ? cloudwatch.TreatMissingData.IGNORE
        : demands
          ? cloudwatch.TreatMissingData.BREACHING
          : cloudwatch.TreatMissingData.NOT_BREACHING,
    });
    alarm.addAlarmAction(...(props.actions ?? []).map((arn) => ({ bind: () => ({ alarmActionArn: arn }) })));
    return [name, alarm];
  };
  return Object.fromEntries(alarms.map(create));
}

function* ofFunctions({ functions, namespace }: Watched): Generator<Alarm> {
  for (const name of FUNCTIONS) {
    yield {
      name: `errors-${name}`,
      metric: functions[name].metricErrors({ period: FIVE_MINUTES }),
      above: 0,
      description: `${name} could not start, had no keys or crashed. Its log says why: look for "ERROR".`,
    };
  }
  for (const name of Object.keys(TRIGGERS) as (keyof typeof TRIGGERS)[]) {
    yield {
      name: `slow-${name}`,
      // Not Lambda's Duration, which goes on until what is sent after the answer is sent.
      metric: new cloudwatch.Metric({
        namespace,
        metricName: 'HandlerMs',
        dimensionsMap: { Function: name.split('-')[0] as string },
        statistic: 'p99',
        period: FIVE_MINUTES,
      }),
      // Below what a trigger gives itself: at 2.5 s Define and Create answer without a decision.
      above: 2000,
      periods: 3,
      description: `${name} takes more than 2 s; at 2.5 s it gives up, and the user must enter the code again. Look at DynamoDB's latency, then give the functions more memory.`,
    };
  }
  yield {
    name: 'throttles',
    // Of the whole account, as they share its concurrency.
    metric: lambda.Function.metricAllThrottles({ period: FIVE_MINUTES, statistic: 'Sum' }),
    above: 0,
    description: 'Lambda refused to run a function of this account. Raise the account\'s concurrency or the function\'s reserved one, unless an attack is what fills it: see "refused".',
  };
}

function* ofApis({ graphqlApi, httpApi, keysExpire, namespace }: Watched): Generator<Alarm> {
  if (graphqlApi) {
    yield {
      name: 'api-faults',
      metric: new cloudwatch.Metric({
        namespace: 'AWS/AppSync',
        metricName: '5XXError',
        dimensionsMap: { GraphQLAPIId: graphqlApi.id },
        statistic: 'Sum',
        period: FIVE_MINUTES,
      }),
      above: 0,
      periods: 2,
      description: 'AppSync itself fails. Look at the AWS Health Dashboard, then at the API\'s own log (graphql.fieldLog: ERROR).',
    };
  }
  if (graphqlApi && keysExpire) {
    yield {
      name: 'api-key',
      metric: ours(namespace, 'ApiKeyDaysLeft', HOUR, undefined, 'Minimum'),
      below: KEY_DAYS,
      // With an expired key AppSync calls no function, so there is no data from then on.
      stays: true,
      description: `The API key expires in less than ${KEY_DAYS} days; then no user can sign in. Deploy with a later expiry (graphql.keysExpire, or the parameter ApiKeyExpires).`,
    };
  }
  if (httpApi) {
    yield {
      name: 'http-faults',
      metric: new cloudwatch.Metric({
        namespace: 'AWS/ApiGateway',
        metricName: '5xx',
        dimensionsMap: { ApiId: httpApi.id },
        statistic: 'Sum',
        period: FIVE_MINUTES,
      }),
      // An answer Unavailable of a function counts too.
      above: 5,
      periods: 2,
      description: 'More than 5 answers with 5xx in 5 minutes, twice in a row. If "faults" is on too, see there. Else API Gateway itself fails: look at the access log, and at the AWS Health Dashboard.',
    };
  }
}

function* ofServices({ table, namespace }: Watched): Generator<Alarm> {
  for (const kind of ['read', 'write'] as const) {
    yield {
      name: `table-${kind}-throttles`,
      metric: table.metric(kind === 'read' ? 'ReadThrottleEvents' : 'WriteThrottleEvents', {
        period: FIVE_MINUTES,
        statistic: 'Sum',
      }),
      above: 0,
      description: `DynamoDB refused to ${kind}, so sign-ins fail. An on-demand table adapts in minutes; if it does not, look at the account's table limits.`,
    };
  }
  yield {
    name: 'faults',
    // Functions answer all the same, so Lambda counts no error: the user must enter the code again.
    metric: ours(namespace, 'Faults', FIVE_MINUTES),
    above: 5,
    description: 'More than 5 calls to DynamoDB, Cognito or Secrets Manager failed in 5 minutes, so users must enter their code or request one again. The metric\'s Call says which; the logs say why.',
  };
  yield {
    name: 'refused',
    metric: ours(namespace, 'RefusedByBudget', HOUR),
    above: 100,
    description: 'More than 100 requests for codes were over budget in an hour: an attacker guesses codes or spends your money. Find the sources in the logs of sign-in; turn on the web ACL.',
  };
  for (const budget of BREAKERS) {
    yield {
      name: `breaker-${budget.replace(/_/g, '-')}`,
      metric: ours(namespace, 'RefusedByBudget', HOUR, { Budget: budget }),
      above: 0,
      description: 'A budget that many users share is spent, so users who did nothing wrong are refused. `latchstring reset-limits` resets it; docs/budgets.md says what to set.',
    };
  }
  yield {
    name: 'wrong-answers',
    metric: ours(namespace, 'Failed', HOUR),
    above: 300,
    description: 'More than 300 wrong answers in an hour: users do not mistype that often, so an attacker guesses codes. The limits hold. Check that budgets are no wider than you need.',
  };
}

function* ofEvents({ sweeper, namespace }: Watched): Generator<Alarm> {
  if (!sweeper) {
    return;
  }
  yield {
    name: 'errors-publish-events',
    metric: sweeper.metricErrors({ period: FIVE_MINUTES }),
    above: 0,
    description: 'publish-events could not start or crashed. Its log says why: look for "ERROR".',
  };
  yield {
    name: 'events-overdue',
    metric: ours(namespace, 'EventsOverdueSeconds', FIVE_MINUTES, undefined, 'Maximum'),
    above: 300,
    demands: true,
    description: 'An event is not published five minutes after it was due, or publish-events does not run. Its log says why: the bus refuses events, or DynamoDB or Cognito does not answer. Events wait for 14 days.',
  };
}

function* ofMessages(props: AlarmProps, { email, sms, namespace }: Watched): Generator<Alarm> {
  yield {
    name: 'undelivered',
    metric: ours(namespace, 'DeliveryErrors', FIVE_MINUTES),
    above: 3,
    description: 'SES or SNS refuses messages, so users wait for codes that do not arrive. The logs of create-auth-challenge (codes) and define-auth-challenge (notices) name the error: sandbox, spend limit, unverified sender, paused sending.',
  };
  const reputation = (metricName: string) =>
    new cloudwatch.Metric({ namespace: 'AWS/SES', metricName, statistic: 'Maximum', period: HOUR });
  if (email) {
    yield {
      name: 'bounces',
      metric: reputation('Reputation.BounceRate'),
      above: 0.04,
      description: 'More than 4 % of the account\'s mail bounces; at 5 % SES begins a review and may stop sending. A caller enters addresses that do not exist: see "refused".',
    };
    yield {
      name: 'complaints',
      metric: reputation('Reputation.ComplaintRate'),
      above: 0.0008,
      description: 'More than 0.08 % of the account\'s mail is called spam; at 0.1 % SES begins a review. A caller has codes sent to addresses of others: see "refused".',
    };
  }
  if (sms) {
    yield {
      name: 'sms-rate',
      metric: ours(namespace, 'CodesSent', HOUR, { Channel: 'sms' }),
      above: props.smsPerHour ?? 200,
      description: 'More SMS in an hour than expected. If it is not your own growth, an attacker earns money by SMS to numbers of their own. Find the countries and remove them from SmsCountries.',
    };
    yield {
      name: 'sms-spend',
      metric: new cloudwatch.Metric({
        namespace: 'AWS/SNS',
        metricName: 'SMSMonthToDateSpentUSD',
        statistic: 'Maximum',
        period: HOUR,
      }),
      above: props.smsSpend ?? 10,
      description: 'This month\'s SMS cost more than expected. At the account\'s spend limit SNS stops sending: raise it in time, or see "sms-rate".',
    };
  }
}

function ours(
  namespace: string,
  metricName: string,
  period: Duration,
  dimensionsMap?: Record<string, string>,
  statistic = 'Sum',
): cloudwatch.Metric {
  return new cloudwatch.Metric({ namespace, metricName, dimensionsMap, statistic, period });
}
