import { ArnFormat, Stack, aws_iam as iam, type aws_kms as kms } from 'aws-cdk-lib';
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
  const { functionArn } = latchstring.functions['sign-up'];
  return [new iam.PolicyStatement({ actions: ['lambda:InvokeFunction'], resources: [functionArn] }), outputs(latchstring)];
}

/** The statements of `latchstring rotate-keys`. */
export function rotateStatements({ keyRing }: Latchstring, encryptionKey?: kms.IKey): iam.PolicyStatement[] {
  return [
    new iam.PolicyStatement({
      actions: ['secretsmanager:GetSecretValue', 'secretsmanager:PutSecretValue', 'secretsmanager:UpdateSecretVersionStage'],
      resources: [completeArn(keyRing)],
    }),
    ...keyOf(keyRing.encryptionKey ?? encryptionKey, 'kms:Decrypt', 'kms:GenerateDataKey'),
  ];
}

/** The actions of the doctor that AWS limits to no resource, by the part of the deployment that they concern. */
const WITHOUT_RESOURCE = {
  graphql: ['appsync:ListApiKeys', 'appsync:ListGraphqlApis'],
  email: [
    'ses:DescribeConfigurationSet',
    'ses:GetAccount',
    'ses:GetAccountSendingEnabled',
    'ses:GetConfigurationSet',
    'ses:GetIdentityDkimAttributes',
    'ses:GetIdentityVerificationAttributes',
    'ses:GetSendQuota',
  ],
  sms: ['sns:GetSMSAttributes', 'sns:GetSMSSandboxAccountStatus'],
};

/** The statements of `latchstring doctor`, which reads. docs/doctor.md lists their actions. */
export function inspectStatements(latchstring: Latchstring): iam.PolicyStatement[] {
  const { pool, functions, sweeper, graphqlApi, httpApi, session, emailPolicy, smsPolicy } = latchstring;
  const format = (service: string, resource: string) =>
    Stack.of(latchstring).formatArn({ service, account: '', resource, arnFormat: ArnFormat.NO_RESOURCE_NAME });
  const wide = [
    ...(graphqlApi ? WITHOUT_RESOURCE.graphql : []),
    ...(emailPolicy ? WITHOUT_RESOURCE.email : []),
    ...(smsPolicy ? WITHOUT_RESOURCE.sms : []),
  ];
  const found = [
    new iam.PolicyStatement({
      actions: ['DescribeUserPool', 'DescribeUserPoolClient', 'ListUserPoolClients', 'ListUsers'].map((action) => `cognito-idp:${action}`),
      resources: [pool.arn],
    }),
    new iam.PolicyStatement({
      actions: ['lambda:GetFunctionConfiguration', 'lambda:GetPolicy'],
      resources: [...Object.values(functions), ...(sweeper ? [sweeper] : [])].map(({ functionArn }) => functionArn),
    }),
    new iam.PolicyStatement({ actions: wide, resources: ['*'] }),
    outputs(latchstring),
  ];
  if (httpApi && session) {
    const apis = [`/apis/${httpApi.id}`, `/apis/${httpApi.id}/*`].map((resource) => format('apigateway', resource));
    found.push(
      new iam.PolicyStatement({ actions: ['apigateway:GET'], resources: apis }),
      new iam.PolicyStatement({ actions: ['secretsmanager:GetSecretValue'], resources: [session.serverCredential.secretArn] }),
      ...keyOf(session.serverCredential.encryptionKey, 'kms:Decrypt'),
    );
  }
  return found;
}

/** The statements of `latchstring reset-limits`, on counters alone. */
export function resetStatements({ table }: Latchstring): iam.PolicyStatement[] {
  return [onItems(undefined, table.tableArn, ['DeleteItem'], ['counter'])];
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
