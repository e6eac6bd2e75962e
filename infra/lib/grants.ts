import { ArnFormat, Stack, aws_iam as iam, type aws_kms as kms, type aws_lambda as lambda } from 'aws-cdk-lib';
import { OUTBOX_INDEX } from './events';
import type { Latchstring } from './latchstring';
import { completeArn, decrypt, onItems } from './rights';

/** To find the stack's outputs, as `--stack` does. */
function outputs(latchstring: Latchstring): iam.PolicyStatement {
  return new iam.PolicyStatement({ actions: ['cloudformation:DescribeStacks'], resources: [Stack.of(latchstring).stackId] });
}

/** To use the key of a secret through Secrets Manager, if it has one of its own. */
function keyOf(key: kms.IKey | undefined, ...actions: string[]): iam.PolicyStatement[] {
  return key ? [decrypt(key.keyArn, actions, ['secretsmanager'])] : [];
}

/** The statements of `latchstring invite`. */
export function inviteStatements(latchstring: Latchstring): iam.PolicyStatement[] {
  if (!latchstring.admissionPolicies) {
    throw new Error('grantInvite: there are no invitations without a rule for new accounts: set settings.admission');
  }
  const { functionArn } = latchstring._functions['sign-up'];
  return [new iam.PolicyStatement({ actions: ['lambda:InvokeFunction'], resources: [functionArn] }), outputs(latchstring)];
}

/** The statements of `latchstring rotate-keys`. */
export function rotateStatements(latchstring: Latchstring): iam.PolicyStatement[] {
  const { keyRing, _encryptionKey } = latchstring;
  const functions = allFunctions(latchstring);
  return [
    outputs(latchstring),
    allow(['lambda:GetFunctionConfiguration'], ...functions.flatMap(({ functionArn }) => [functionArn, `${functionArn}:*`])),
    allow(['logs:FilterLogEvents'], ...functions.map(({ logGroup }) => logGroup.logGroupArn)),
    new iam.PolicyStatement({
      actions: ['secretsmanager:GetSecretValue', 'secretsmanager:PutSecretValue', 'secretsmanager:UpdateSecretVersionStage'],
      resources: [completeArn(keyRing)],
    }),
    ...keyOf(keyRing.encryptionKey ?? _encryptionKey, 'kms:Decrypt', 'kms:GenerateDataKey'),
  ];
}

/** The actions of the doctor that AWS limits to no resource, or that read the account's limits. */
const WITHOUT_RESOURCE = {
  always: [
    'cloudwatch:DescribeAlarms',
    'lambda:GetAccountSettings',
    'servicequotas:ListServiceQuotas',
    'wafv2:GetWebACLForResource',
  ],
  graphql: ['appsync:ListApiKeys', 'appsync:ListDataSources', 'appsync:ListGraphqlApis', 'appsync:ListResolvers'],
  email: [
    'ses:DescribeConfigurationSet',
    'ses:GetAccount',
    'ses:GetAccountSendingEnabled',
    'ses:GetConfigurationSet',
    'ses:GetEmailIdentity',
    'ses:GetIdentityDkimAttributes',
    'ses:GetIdentityVerificationAttributes',
    'ses:GetSendQuota',
    'ses:ListSuppressedDestinations',
  ],
  events: ['events:ListRuleNamesByTarget'],
  sms: [
    'sms-voice:DescribePhoneNumbers',
    'sms-voice:DescribeSenderIds',
    'sns:GetSMSAttributes',
    'sns:GetSMSSandboxAccountStatus',
  ],
};

function allow(actions: string[], ...resources: string[]): iam.PolicyStatement {
  return new iam.PolicyStatement({ actions, resources });
}

/** To read the key ring. */
function readKeyRing({ keyRing, _encryptionKey }: Latchstring): iam.PolicyStatement[] {
  return [
    allow(['secretsmanager:GetSecretValue'], completeArn(keyRing)),
    ...keyOf(keyRing.encryptionKey ?? _encryptionKey, 'kms:Decrypt'),
  ];
}

function allFunctions({ _functions, sweeper }: Latchstring): lambda.Function[] {
  return [...Object.values(_functions), ...(sweeper ? [sweeper] : [])];
}

/** The statements of `latchstring doctor`, which reads. docs/doctor.md lists their actions. */
export function inspectStatements(latchstring: Latchstring): iam.PolicyStatement[] {
  const { pool, table, graphqlApi, httpApi, session, eventBus, schedule, emailPolicy, smsPolicy } = latchstring;
  const functions = allFunctions(latchstring);
  const wide = [
    ...WITHOUT_RESOURCE.always,
    ...(graphqlApi ? WITHOUT_RESOURCE.graphql : []),
    ...(emailPolicy ? WITHOUT_RESOURCE.email : []),
    ...(eventBus ? WITHOUT_RESOURCE.events : []),
    ...(smsPolicy ? WITHOUT_RESOURCE.sms : []),
  ];
  const pools = ['DescribeUserPool', 'DescribeUserPoolClient', 'ListUserPoolClients', 'ListUsers'];
  const found = [
    allow(pools.map((action) => `cognito-idp:${action}`), pool.arn),
    allow(
      ['lambda:GetFunctionConcurrency', 'lambda:GetFunctionConfiguration', 'lambda:GetPolicy'],
      // A version or alias has the name of the function before its own.
      ...functions.flatMap(({ functionArn }) => [functionArn, `${functionArn}:*`]),
    ),
    allow(['iam:SimulatePrincipalPolicy'], ...functions.map(({ role }) => (role as iam.IRole).roleArn)),
    allow(['dynamodb:DescribeContinuousBackups', 'dynamodb:DescribeTable', 'dynamodb:DescribeTimeToLive'], table.tableArn),
    ...readKeyRing(latchstring),
    allow(wide, '*'),
    outputs(latchstring),
  ];
  if (eventBus && schedule) {
    found.push(
      allow(['dynamodb:Query'], `${table.tableArn}/index/${OUTBOX_INDEX}`),
      allow(['events:DescribeEventBus'], eventBus.eventBusArn),
      allow(['events:DescribeRule'], schedule.ruleArn),
    );
  }
  if (httpApi) {
    const arns = [`/apis/${httpApi.id}`, `/apis/${httpApi.id}/*`].map((resource) =>
      Stack.of(latchstring).formatArn({ service: 'apigateway', account: '', resource, arnFormat: ArnFormat.NO_RESOURCE_NAME }),
    );
    found.push(allow(['apigateway:GET'], ...arns));
  }
  if (session) {
    const { secretArn, encryptionKey } = session.serverCredential;
    found.push(allow(['secretsmanager:GetSecretValue'], secretArn), ...keyOf(encryptionKey, 'kms:Decrypt'));
  }
  return found;
}

/** The statements of `latchstring reset-limits`, on counters alone. */
export function resetStatements({ table }: Latchstring): iam.PolicyStatement[] {
  return [onItems(undefined, table.tableArn, ['DeleteItem'], ['counter'])];
}

/** The statements that `latchstring trace` and `latchstring unlock` need besides those to inspect: on counters and leases alone. */
export function supportStatements(latchstring: Latchstring): iam.PolicyStatement[] {
  const { table } = latchstring;
  return [
    allow(['logs:FilterLogEvents'], ...allFunctions(latchstring).map(({ logGroup }) => logGroup.logGroupArn)),
    allow(['ses:GetSuppressedDestination'], '*'),
    onItems(undefined, table.tableArn, ['BatchGetItem', 'GetItem'], ['counter', 'lease']),
    onItems(undefined, table.tableArn, ['UpdateItem'], ['counter']),
  ];
}

/** The items of a person. A redeemed ticket or proof is not among them: without its item it could be used again. */
const ERASED = ['counter', 'event', 'flow', 'invitation', 'lease', 'pending', 'replaced', 'session', 'sessions', 'undo'];

/** The statements of `latchstring export` and `latchstring erase`. A scan has no key, so a condition on keys would refuse it. */
export function eraseStatements(latchstring: Latchstring): iam.PolicyStatement[] {
  const { pool, table } = latchstring;
  return [
    allow(['lambda:GetFunctionConfiguration'], ...allFunctions(latchstring).flatMap(({ functionArn }) => [functionArn, `${functionArn}:*`])),
    ...readKeyRing(latchstring),
    outputs(latchstring),
    allow(['dynamodb:Scan'], table.tableArn),
    onItems(undefined, table.tableArn, ['BatchGetItem', 'DeleteItem', 'GetItem'], ERASED),
    allow(['AdminDeleteUser', 'AdminDisableUser', 'AdminEnableUser', 'AdminListGroupsForUser', 'ListUsers'].map((action) => `cognito-idp:${action}`), pool.arn),
  ];
}

/** Adds statements to a principal. They go into one policy of it. */
export function grant(grantee: iam.IGrantable, statements: iam.PolicyStatement[]): iam.Grant {
  const grants = statements.map((statement) =>
    iam.Grant.addToPrincipal({
      grantee,
      actions: statement.actions,
      resourceArns: statement.resources,
      conditions: statement.conditions as Record<string, Record<string, unknown>>,
    }),
  );
  return grants.reduce((all, next) => all.combine(next));
}
