// The part of CloudWatch's metric math that the alarms use, and the state of an alarm over time.
//
// https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/using-metric-math.html

/** A value of a period; undefined if the metric has no data in it. */
export type Value = number | undefined;

/** Evaluates an expression for one period. */
export function evaluate(expression: string, values: Record<string, Value>): Value {
  const tokens = expression.match(/[A-Za-z_]\w*|\d+(\.\d+)?|>=|<=|[-+*/<>()[\],]/g) ?? [];
  if (tokens.join('') !== expression.replaceAll(/\s/g, '')) {
    throw new Error(`an unknown sign in ${expression}`);
  }
  let at = 0;
  const take = (expected?: string): string => {
    const token = tokens[at];
    if (token === undefined || (expected !== undefined && token !== expected)) {
      throw new Error(`expected ${expected ?? 'more'} at ${at} of ${expression}`);
    }
    at += 1;
    return token;
  };
  /** Operators of one precedence. A result without both operands has no data. */
  const operators = (next: () => Value, known: Record<string, (a: number, b: number) => Value>) => (): Value => {
    let left = next();
    while (tokens[at] !== undefined && Object.hasOwn(known, tokens[at] as string)) {
      const operator = known[take()] as (a: number, b: number) => Value;
      const right = next();
      left = left === undefined || right === undefined ? undefined : operator(left, right);
    }
    return left;
  };
  const list = (): Value[] => {
    take('[');
    const found = [compared()];
    while (tokens[at] === ',') {
      take(',');
      found.push(compared());
    }
    take(']');
    return found;
  };
  const operand = (): Value => {
    const token = take();
    if (token === '(') {
      const value = compared();
      take(')');
      return value;
    }
    if (/^\d/.test(token)) {
      return Number(token);
    }
    if (token === 'IF') {
      take('(');
      const condition = compared();
      take(',');
      const yes = compared();
      take(',');
      const no = compared();
      take(')');
      return condition === undefined ? undefined : condition === 0 ? no : yes;
    }
    if (token === 'SUM') {
      // Of several series, period by period: those without data count as none.
      take('(');
      const found = list().filter((value) => value !== undefined);
      take(')');
      return found.length === 0 ? undefined : found.reduce((sum, value) => sum + value, 0);
    }
    if (!Object.hasOwn(values, token)) {
      throw new Error(`${token} is no metric of ${expression}`);
    }
    return values[token];
  };
  const scaled = operators(operand, { '*': (a, b) => a * b, '/': (a, b) => (b === 0 ? undefined : a / b) });
  const added = operators(scaled, { '+': (a, b) => a + b, '-': (a, b) => a - b });
  const compared: () => Value = operators(added, {
    '>=': (a, b) => Number(a >= b),
    '<=': (a, b) => Number(a <= b),
    '>': (a, b) => Number(a > b),
    '<': (a, b) => Number(a < b),
  });
  const value = compared();
  if (at !== tokens.length) {
    throw new Error(`too much at ${at} of ${expression}`);
  }
  return value;
}

/** A metric and its statistic, as a template has them. */
export interface Asked {
  readonly namespace: string;
  readonly metric: string;
  readonly dimensions: Record<string, unknown>;
  readonly statistic: string;
}

/** The value of a statistic over the minutes from (included) to (not included). */
export type Source = (asked: Asked, from: number, to: number) => Value;

// eslint-disable-next-line @typescript-eslint/no-explicit-any
type Properties = any;

/** Returns the minutes in which an alarm is on, of those up to `end`. It is looked at each minute. */
export function minutesOn(alarm: Properties, source: Source, end: number): number[] {
  const on: number[] = [];
  const periods: number = alarm.EvaluationPeriods;
  if (alarm.DatapointsToAlarm !== undefined && alarm.DatapointsToAlarm !== periods) {
    throw new Error('not known here: some periods out of several');
  }
  let is = false;
  for (let now = 0; now <= end; now += 1) {
    const points: Value[] = [];
    for (let back = 0; back < periods; back += 1) {
      points.push(point(alarm, source, now - back * minutes(alarm)));
    }
    const known = points.map((value) => (value === undefined ? alarm.TreatMissingData : breaches(alarm, value)));
    const counted = known.filter((it) => it !== 'ignore');
    if (counted.length > 0) {
      is = counted.every((it) => it === true || it === 'breaching');
    }
    if (is) {
      on.push(now);
    }
  }
  return on;
}

function breaches(alarm: Properties, value: number): boolean {
  switch (alarm.ComparisonOperator) {
    case 'GreaterThanThreshold':
      return value > alarm.Threshold;
    case 'LessThanThreshold':
      return value < alarm.Threshold;
    default:
      throw new Error(`not known here: ${alarm.ComparisonOperator}`);
  }
}

function minutes(alarm: Properties): number {
  const stats = (alarm.Metrics ?? []).flatMap(({ MetricStat }: Properties) => MetricStat ?? []);
  return (alarm.Period ?? stats[0].Period) / 60;
}

/** The value of the period that ends at this minute. */
function point(alarm: Properties, source: Source, end: number): Value {
  const read = (metric: Properties, statistic: string) =>
    source(
      {
        namespace: metric.Namespace,
        metric: metric.MetricName,
        dimensions: Object.fromEntries((metric.Dimensions ?? []).map(({ Name, Value }: Properties) => [Name, Value])),
        statistic,
      },
      end - minutes(alarm),
      end,
    );
  if (alarm.Metrics === undefined) {
    return read(alarm, alarm.Statistic ?? alarm.ExtendedStatistic);
  }
  const values = alarm.Metrics.filter(({ MetricStat }: Properties) => MetricStat).map(
    ({ Id, MetricStat }: Properties) => [Id, read(MetricStat.Metric, MetricStat.Stat)],
  );
  const [{ Expression }] = alarm.Metrics.filter(({ ReturnData }: Properties) => ReturnData);
  return evaluate(Expression, Object.fromEntries(values));
}
