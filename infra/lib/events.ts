import {
  Duration,
  aws_dynamodb as dynamodb,
  aws_events as events,
  aws_events_targets as targets,
  aws_iam as iam,
  type aws_lambda as lambda,
} from 'aws-cdk-lib';
import type { Construct } from 'constructs';
import type { FunctionName } from './functions';
import type { LatchstringProps } from './props';
import { onItems } from './rights';

/** The index of the outbox, as `shared/aws/src/dynamodb/outbox.rs` has it. */
export const OUTBOX_INDEX = 'outbox';

/** The attributes that the index has besides the keys: all that an event is made of, and no contact. */
export const PROJECTED = ['kind', 'sub', 'client', 'method', 'noted', 'subject', 'state', 'username', 'pending'];

/** The actions of each function on the items of events. Verify and Define also write them with a flow. */
export const EVENT_RIGHTS: Partial<Record<FunctionName, string[]>> = {
  'define-auth-challenge': ['GetItem', 'UpdateItem'],
  'sign-in': ['UpdateItem'],
  'sign-up': ['GetItem', 'UpdateItem'],
};

/** The functions that publish their events after the response. The sweeper publishes those of the others. */
const PUBLISHES: readonly FunctionName[] = ['define-auth-challenge', 'sign-up'];

/** The bus of the events, or undefined if they are off. */
export function busOf(scope: Construct, { events: given }: LatchstringProps): events.IEventBus | undefined {
  if (given === undefined || given === false) {
    return undefined;
  }
  const bus = given === true ? undefined : given.bus;
  return bus ?? events.EventBus.fromEventBusName(scope, 'DefaultBus', 'default');
}

/** Adds the index of the outbox. A table has it only if events are on: other items are not in it, and cost nothing. */
export function addOutbox(table: dynamodb.Table): void {
  table.addGlobalSecondaryIndex({
    indexName: OUTBOX_INDEX,
    partitionKey: { name: 'outbox', type: dynamodb.AttributeType.STRING },
    sortKey: { name: 'due', type: dynamodb.AttributeType.NUMBER },
    projectionType: dynamodb.ProjectionType.INCLUDE,
    nonKeyAttributes: PROJECTED,
  });
}

function putEvents(bus: events.IEventBus): iam.PolicyStatement {
  return new iam.PolicyStatement({
    sid: 'PutEvents',
    actions: ['events:PutEvents'],
    resources: [bus.eventBusArn],
    // No other events, also by mistake.
    conditions: { StringEquals: { 'events:source': 'latchstring' } },
  });
}

/** The statements that events add to a function's. */
export function eventStatements(name: FunctionName, tableArn: string, bus: events.IEventBus): iam.PolicyStatement[] {
  const actions = EVENT_RIGHTS[name];
  return [
    ...(actions ? [onItems('Events', tableArn, actions, ['event'])] : []),
    ...(PUBLISHES.includes(name) ? [putEvents(bus)] : []),
  ];
}

/** The statements of the sweeper, which has no key and reads no contact. */
export function sweeperStatements(
  arns: { readonly table: string; readonly pool: string },
  bus: events.IEventBus,
): iam.PolicyStatement[] {
  return [
    new iam.PolicyStatement({
      sid: 'Outbox',
      actions: ['dynamodb:Query'],
      resources: [`${arns.table}/index/${OUTBOX_INDEX}`],
    }),
    onItems('Pending', arns.table, ['GetItem'], ['pending']),
    onItems('Settle', arns.table, ['UpdateItem'], ['event', 'flow']),
    onItems('Drop', arns.table, ['DeleteItem'], ['event']),
    new iam.PolicyStatement({ sid: 'Pool', actions: ['cognito-idp:AdminGetUser'], resources: [arns.pool] }),
    putEvents(bus),
  ];
}

/** Has the sweeper invoked each minute. A sweep that fails is not repeated: the next one follows. */
export function schedule(scope: Construct, sweeper: lambda.IFunction): events.Rule {
  return new events.Rule(scope, 'SweepOutbox', {
    description: 'Latchstring: publishes the events that are overdue',
    schedule: events.Schedule.rate(Duration.minutes(1)),
    targets: [new targets.LambdaFunction(sweeper, { retryAttempts: 0, maxEventAge: Duration.minutes(1) })],
  });
}
