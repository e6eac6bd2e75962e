import {
  Duration,
  Token,
  aws_cloudwatch as cloudwatch,
  type aws_dynamodb as dynamodb,
  type aws_lambda as lambda,
} from 'aws-cdk-lib';
import type { Construct } from 'constructs';
import { FUNCTIONS, TRIGGERS, type FunctionName } from './functions';
import { KEY_DAYS } from './graphql-api';
import type { GraphqlApiResources, HttpApiResources, Pool } from './parts';
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

/** Codes sent in the busiest hour of a usual week, if `alarms.codesPerHour` is not set. */
const CODES_PER_HOUR = 100;

/** The days without a change of the key ring above which `key-age` is on, if `alarms.keyAgeDays` is not set. */
const KEY_AGE_DAYS = 400;

/** CloudWatch takes at most this many metrics in the expression of an alarm. */
const MOST_METRICS = 10;

/** The resources that the alarms watch. */
export interface Watched {
  readonly prefix: string;
  readonly namespace: string;
  readonly functions: Record<FunctionName, lambda.Function>;
  /** The function that sweeps the outbox, if events are on. */
  readonly sweeper?: lambda.Function;
  readonly table: dynamodb.ITable;
  readonly pool: Pool;
  readonly graphqlApi?: GraphqlApiResources;
  readonly httpApi?: HttpApiResources;
  /** True if the functions know when the API keys expire. */
  readonly keysExpire: boolean;
  readonly email: boolean;
  readonly sms: boolean;
}

/** The state of an alarm for a period without data. */
const MISSING = {
  /** The metric counts events: no data means that there was none. */
  fine: cloudwatch.TreatMissingData.NOT_BREACHING,
  /** The metric is a state that is reported only with traffic: the last report holds. */
  stays: cloudwatch.TreatMissingData.IGNORE,
  /** The metric is reported each minute, whatever happens: no data means that its function does not run. */
  fires: cloudwatch.TreatMissingData.BREACHING,
} as const;

interface Alarm {
  readonly name: string;
  readonly metric: cloudwatch.IMetric;
  /** The alarm goes off above it; */
  readonly above?: number;
  /** or below it. */
  readonly below?: number;
  /**
   * The state for a period without data.
   * @default fine
   */
  readonly missing?: keyof typeof MISSING;
  /** The number of periods in a row. */
  readonly periods?: number;
  /** The meaning and what to do; docs/operations.md says more under the same name. */
  readonly description: string;
}

const FIVE_MINUTES = Duration.minutes(5);
/** CloudWatch looks each minute at the last quarter of an hour. So a quiet deployment has the minimum in it. */
const QUARTER = Duration.minutes(15);
const HOUR = Duration.hours(1);

/** Returns the name of an alarm. */
export function alarmName(prefix: string, name: string): string {
  return `${prefix}-${name}`;
}

/** Returns an alarm action for the ARN of a topic. */
export function notify(alarmActionArn: string): cloudwatch.IAlarmAction {
  return { bind: () => ({ alarmActionArn }) };
}

/** The alarms, each with the deployment's name before its own. */
export function createAlarms(
  scope: Construct,
  props: AlarmProps,
  watched: Watched,
): Record<string, cloudwatch.Alarm> {
  const alarms = [
    ...ofFunctions(watched),
    ...ofApis(props, watched),
    ...ofServices(props, watched),
    ...ofCodes(props, watched),
    ...ofEvents(watched),
    ...ofMessages(props, watched),
  ];
  const { actions = [], okActions = actions } = props;
  const create = ({ name, metric, above, below, missing = 'fine', periods, description }: Alarm) => {
    const id = `Alarm${name.replace(/-/g, '')}`;
    const alarm = new cloudwatch.Alarm(scope, id, {
      alarmName: alarmName(watched.prefix, name),
      alarmDescription: description,
      metric,
      threshold: (above ?? below) as number,
      evaluationPeriods: periods ?? 1,
      comparisonOperator:
        below === undefined
          ? cloudwatch.ComparisonOperator.GREATER_THAN_THRESHOLD
          : cloudwatch.ComparisonOperator.LESS_THAN_THRESHOLD,
      treatMissingData: MISSING[missing],
    });
    alarm.addAlarmAction(...actions);
    alarm.addOkAction(...okActions);
    return [name, alarm];
  };
  return Object.fromEntries(alarms.map(create));
}

/** Returns the least volumes and the rates that follow from the traffic of a usual week. */
function expected({ codesPerHour = CODES_PER_HOUR, smsPerHour }: AlarmProps) {
  return {
    /** Codes in an hour, so that a share of them means something. */
    codes: Math.max(10, Math.ceil(codesPerHour / 4)),
    /** Refusals or wrong answers in an hour. */
    rejected: Math.max(10, Math.ceil(codesPerHour)),
    /** Refused requests of an API in a quarter of an hour. */
    requests: Math.max(20, Math.ceil(codesPerHour / 4)),
    sms: smsPerHour ?? 2 * codesPerHour,
  };
}

/**
 * Returns the percentage that `bad` is of `bad` and `good`, or of `all`; 0 below a least number of `bad`.
 * `SUM` takes a series without data as none, so that there is a value when `good` or `all` has no data.
 */
function share(least: number, bad: cloudwatch.IMetric, of: { good: cloudwatch.IMetric } | { all: cloudwatch.IMetric }) {
  const [total, other] =
    'all' in of ? (['all', { all: of.all }] as const) : (['SUM([bad, good])', { good: of.good }] as const);
  return new cloudwatch.MathExpression({
    expression: `IF(bad >= ${least}, 100 * bad / ${total}, 0)`,
    usingMetrics: { bad, ...other },
    period: (bad as cloudwatch.Metric).period,
    label: '%',
  });
}

function* ofFunctions({ functions, namespace }: Watched): Generator<Alarm> {
  for (const name of FUNCTIONS) {
    yield errors(name, functions[name], 'could not start, had no keys or crashed');
  }
  for (const name of Object.keys(TRIGGERS) as (keyof typeof TRIGGERS)[]) {
    // Not Lambda's Duration, which goes on until what is sent after the answer is sent.
    const took = (statistic: string) =>
      new cloudwatch.Metric({
        namespace,
        metricName: 'HandlerMs',
        dimensionsMap: { Function: name.split('-')[0] as string },
        statistic,
        period: QUARTER,
      });
    yield {
      name: `slow-${name}`,
      metric: new cloudwatch.MathExpression({
        expression: 'IF(answers >= 40, slow, 0)',
        usingMetrics: { answers: took('SampleCount'), slow: took('p95') },
        period: QUARTER,
        label: 'ms',
      }),
      // Below what a trigger gives itself: at 2.5 s Define and Create answer without a decision.
      above: 2000,
      description: `One in twenty answers of ${name} takes more than 2 s; at 2.5 s it gives up, and the user must enter the code again. Look at DynamoDB's latency, then give the functions more memory.`,
    };
  }
  const throttles = FUNCTIONS.map((name) => functions[name].metricThrottles({ period: QUARTER, statistic: 'Sum' }));
  yield {
    name: 'throttles',
    metric: sum(throttles, QUARTER),
    above: 4,
    description: 'Lambda refused five or more calls of these functions in 15 minutes. Raise the account\'s concurrency or the function\'s reserved one, unless an attack is what fills it: see "refused".',
  };
}

function errors(name: string, of: lambda.Function, what: string): Alarm {
  const all = of.metricInvocations({ period: QUARTER });
  return {
    name: `errors-${name}`,
    metric: share(3, of.metricErrors({ period: QUARTER }), { all }),
    above: 5,
    description: `${name} ${what}, three times or more in 15 minutes and in over 5 % of its calls. Its log says why: look for "ERROR".`,
  };
}

/** Returns the sum of metrics, of which some may have no data. */
function sum(metrics: cloudwatch.IMetric[], period: Duration): cloudwatch.MathExpression {
  const usingMetrics = Object.fromEntries(metrics.map((metric, at) => [`m${at}`, metric]));
  return new cloudwatch.MathExpression({
    expression: `SUM([${Object.keys(usingMetrics).join(', ')}])`,
    usingMetrics,
    period,
    label: 'sum',
  });
}

/** Makes metrics of one API, of 15 minutes. */
function ofApi(namespace: string, dimensionsMap: Record<string, string>) {
  return (metricName: string, statistic = 'Sum') =>
    new cloudwatch.Metric({ namespace, metricName, dimensionsMap, statistic, period: QUARTER });
}

function* ofApis(props: AlarmProps, { graphqlApi, httpApi, keysExpire, namespace }: Watched): Generator<Alarm> {
  const least = expected(props).requests;
  if (graphqlApi) {
    const metric = ofApi('AWS/AppSync', { GraphQLAPIId: graphqlApi.id });
    // AppSync counts its requests for all APIs of an account together, but their latency for each.
    const good = metric('Latency', 'SampleCount');
    yield {
      name: 'api-faults',
      metric: share(6, metric('5XXError'), { good }),
      above: 5,
      description: 'AppSync itself fails, six times or more in 15 minutes and in over 5 % of the requests. Look at the AWS Health Dashboard, then at the API\'s own log (graphql.fieldLog: ERROR).',
    };
    yield {
      name: 'api-refusals',
      // Where the latency of refused requests is counted too, half of the requests are a third here.
      metric: share(least, metric('4XXError'), { good }),
      above: 33,
      description: 'AppSync refuses every second request or more. The API key has expired or was replaced, an app sends what the schema does not have, or a caller without a key floods the API: see "api-key" and the web ACL.',
    };
  }
  if (graphqlApi && keysExpire) {
    yield {
      name: 'api-key',
      metric: ours(namespace, 'ApiKeyDaysLeft', HOUR, undefined, 'Minimum'),
      below: KEY_DAYS,
      // With an expired key AppSync calls no function, so there is no data from then on.
      missing: 'stays',
      description: `The API key expires in less than ${KEY_DAYS} days; then no user can sign in. Deploy with a later expiry (graphql.keysExpire, or the parameter ApiKeyExpires).`,
    };
  }
  if (httpApi) {
    const metric = ofApi('AWS/ApiGateway', { ApiId: httpApi.id });
    const all = metric('Count', 'SampleCount');
    yield {
      name: 'http-faults',
      // An answer Unavailable of a function counts too.
      metric: share(6, metric('5xx'), { all }),
      above: 5,
      description: 'Six answers or more with 5xx in 15 minutes, and over 5 % of all. If "faults" is on too, see there. Else API Gateway itself fails: look at the access log, and at the AWS Health Dashboard.',
    };
    yield {
      name: 'http-refusals',
      metric: share(least, metric('4xx'), { all }),
      above: 50,
      description: 'Every second answer or more is a 4xx. An app sends what the API does not take, its origin is not listed, or a caller floods the API: the access log has the routes and the status.',
    };
  }
}

function* ofServices(props: AlarmProps, { table, pool, functions, namespace }: Watched): Generator<Alarm> {
  for (const kind of ['read', 'write'] as const) {
    yield {
      name: `table-${kind}-throttles`,
      metric: table.metric(kind === 'read' ? 'ReadThrottleEvents' : 'WriteThrottleEvents', {
        period: FIVE_MINUTES,
        statistic: 'Sum',
      }),
      above: 0,
      // An on-demand table adapts to a rise within minutes, and calls are repeated meanwhile.
      periods: 4,
      description: `DynamoDB has refused to ${kind} for more than 10 minutes, so sign-ins fail. Look at the account's table limits, and whether one key gets all calls.`,
    };
  }
  yield {
    name: 'faults',
    // Functions answer all the same, so Lambda counts no error: the user must enter the code again.
    metric: share(6, ours(namespace, 'Faults', QUARTER), {
      good: functions['sign-in'].metricInvocations({ period: QUARTER }),
    }),
    above: 5,
    description: 'Six calls or more to DynamoDB, Cognito or Secrets Manager failed in 15 minutes, over 5 for each 95 sign-ins, so users must enter their code or request one again. The metric\'s Call says which; the logs say why.',
  };
  yield {
    name: 'call-throttles',
    metric: sum([ours(namespace, 'ThrottledCalls', QUARTER), ...signInThrottles(pool)], QUARTER),
    above: 5,
    description: 'AWS refused more than 5 calls in 15 minutes because a quota is used up. ThrottledCalls by Call says which; without such values it is Cognito\'s rate of sign-ins. Request a higher quota, unless an attack uses it: see "refused".',
  };
  yield {
    name: 'key-age',
    metric: ours(namespace, 'KeyRingAgeDays', HOUR, undefined, 'Maximum'),
    above: props.keyAgeDays ?? KEY_AGE_DAYS,
    // It is reported with traffic only.
    missing: 'stays',
    description: 'The key ring has not changed for more than a year. Rotate it: latchstring rotate-keys, docs/keys.md.',
  };
}

/** Cognito's own counts of refused sign-ins: those of answers that clients send to it directly are in no function. */
function signInThrottles({ id, clientIds }: Pool): cloudwatch.Metric[] {
  // The number of the clients of a parameter is not known.
  const known = Token.isUnresolved(clientIds) ? [] : clientIds.slice(0, MOST_METRICS - 2);
  return [...known, 'Admin'].map(
    (client) =>
      new cloudwatch.Metric({
        namespace: 'AWS/Cognito',
        metricName: 'SignInThrottles',
        dimensionsMap: { UserPool: id, UserPoolClient: client },
        statistic: 'Sum',
        period: QUARTER,
      }),
  );
}

function* ofCodes(props: AlarmProps, { namespace }: Watched): Generator<Alarm> {
  const { codes, rejected } = expected(props);
  yield {
    name: 'refused',
    metric: share(rejected, ours(namespace, 'RefusedByBudget', HOUR), { good: ours(namespace, 'CodesSent', HOUR) }),
    above: 20,
    description: `${rejected} requests for codes or more, and over 20 % of all, were over budget in an hour: an attacker guesses codes or spends your money. Find the sources in the logs of sign-in; turn on the web ACL.`,
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
    metric: share(rejected, ours(namespace, 'Failed', HOUR), { good: ours(namespace, 'Verified', HOUR) }),
    above: 40,
    description: `${rejected} wrong answers or more in an hour, and over 40 % of all: users do not mistype that often, so an attacker guesses codes. The limits hold. Check that budgets are no wider than you need.`,
  };
  yield {
    name: 'conversion',
    metric: new cloudwatch.MathExpression({
      // Without a right answer the second series has no data, which SUM takes as none.
      expression: `IF(sent >= ${codes}, 100 * (SUM([sent, proved]) - sent) / sent, 100)`,
      usingMetrics: {
        sent: ours(namespace, 'CodesSent', HOUR),
        proved: ours(namespace, 'CodesVerified', HOUR),
      },
      period: HOUR,
      label: '%',
    }),
    below: 30,
    description: `Of ${codes} codes or more in an hour, under 30 % were entered. They do not arrive, or they are requested for others: look at DeliveryErrors, at the CodesSent by country, and at "refused".`,
  };
}

function* ofEvents({ sweeper, namespace }: Watched): Generator<Alarm> {
  if (!sweeper) {
    return;
  }
  yield errors('publish-events', sweeper, 'could not start or crashed');
  yield {
    name: 'events-overdue',
    metric: ours(namespace, 'EventsOverdueSeconds', FIVE_MINUTES, undefined, 'Maximum'),
    above: 300,
    missing: 'fires',
    // A single lost minute is none.
    periods: 2,
    description: 'An event is not published five minutes after it was due, or publish-events does not run. Its log says why: the bus refuses events, or DynamoDB or Cognito does not answer. Events wait for 14 days.',
  };
}

function* ofMessages(props: AlarmProps, { email, sms, namespace }: Watched): Generator<Alarm> {
  yield {
    name: 'undelivered',
    metric: share(4, ours(namespace, 'DeliveryErrors', QUARTER), { good: ours(namespace, 'CodesSent', QUARTER) }),
    above: 10,
    description: 'SES or SNS refuses messages, four or more in 15 minutes and over 10 % of all, so users wait for codes that do not arrive. The logs of create-auth-challenge (codes) and define-auth-challenge (notices) name the error: sandbox, spend limit, unverified sender, paused sending.',
  };
  // SES counts bounces and complaints of the account, not of a sender.
  const reputation = (metricName: string) =>
    new cloudwatch.Metric({ namespace: 'AWS/SES', metricName, statistic: 'Maximum', period: HOUR });
  if (email) {
    yield {
      name: 'bounces',
      metric: reputation('Reputation.BounceRate'),
      above: 0.04,
      // A rate of the mail so far, which is reported with mail only.
      missing: 'stays',
      description: 'More than 4 % of the account\'s mail bounces; at 5 % SES begins a review and may stop sending. A caller enters addresses that do not exist: see "refused".',
    };
    yield {
      name: 'complaints',
      metric: reputation('Reputation.ComplaintRate'),
      above: 0.0008,
      missing: 'stays',
      description: 'More than 0.08 % of the account\'s mail is called spam; at 0.1 % SES begins a review. A caller has codes sent to addresses of others: see "refused".',
    };
  }
  if (sms) {
    yield {
      name: 'sms-rate',
      metric: ours(namespace, 'CodesSent', HOUR, { Channel: 'sms' }),
      above: expected(props).sms,
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
      // The spend of the month so far, which is reported with SMS only.
      missing: 'stays',
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
