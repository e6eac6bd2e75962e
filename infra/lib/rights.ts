import { Aws, Fn, Stack, Token, aws_iam as iam, type aws_secretsmanager as secrets } from 'aws-cdk-lib';
import type { Construct } from 'constructs';
import type { FunctionName } from './functions';
import type { EmailProps } from './props';

/** A kind of item of the table: a partition key is the kind, `#` and an id (`shared/aws/src/dynamodb/item.rs`). */
export type Item =
  | 'counter'
  | 'flow'
  | 'lease'
  | 'pending'
  | 'proof'
  | 'replaced'
  | 'session'
  | 'sessions'
  | 'ticket'
  | 'undo';

/** The actions of a function on the table and the pool. */
interface Rights {
  readonly table: string[];
  readonly items: Item[];
  readonly pool: string[];
}

/**
 * The permissions of each function for the table and the pool: the calls that its code makes for its
 * fields (`FIELDS` in api.ts) and no other, on the kinds of item that they concern. Only a new flow
 * and a pending contact are put, and only a lease is deleted. InitiateAuth, RespondToAuthChallenge and
 * GetUser are anonymous and need no permission; {@link SIGNED_CALLS} do. The test `fault_table` of
 * `shared/core/tests/policy/` holds `items` to the items that each function reaches.
 */
export const RIGHTS: Record<FunctionName, Rights> = {
  'define-auth-challenge': {
    table: ['GetItem', 'UpdateItem', 'DeleteItem'],
    items: ['counter', 'flow', 'lease', 'pending', 'replaced', 'ticket', 'undo'],
    pool: ['AdminGetUser', 'AdminUpdateUserAttributes', 'AdminUserGlobalSignOut'],
  },
  'create-auth-challenge': {
    table: ['BatchGetItem', 'GetItem', 'PutItem', 'UpdateItem'],
    items: ['counter', 'flow', 'pending'],
    pool: [],
  },
  'verify-auth-challenge-response': {
    table: ['GetItem', 'PutItem', 'UpdateItem'],
    items: ['counter', 'flow', 'proof', 'ticket', 'undo'],
    pool: [],
  },
  'sign-in': {
    table: ['BatchGetItem', 'GetItem', 'UpdateItem', 'DeleteItem'],
    items: ['counter', 'flow', 'lease', 'proof', 'replaced', 'undo'],
    pool: ['AdminGetUser', 'AdminCreateUser', 'AdminSetUserPassword'],
  },
  'sign-up': {
    table: ['BatchGetItem', 'GetItem', 'PutItem', 'UpdateItem'],
    items: ['counter', 'pending', 'undo'],
    pool: ['AdminUpdateUserAttributes'],
  },
};

/**
 * The rights that a rule for new accounts adds: on invitations alone, and for the groups that an account is put
 * into. sign-in redeems and uses an invitation, sign-up writes and withdraws it, and looks up whether its groups
 * exist. Without a rule none is reached.
 */
export const ADMISSION_RIGHTS: Partial<Record<FunctionName, { readonly table: string[]; readonly pool: string[] }>> = {
  'sign-in': { table: ['UpdateItem'], pool: ['AdminAddUserToGroup'] },
  'sign-up': { table: ['PutItem', 'DeleteItem'], pool: ['GetGroup'] },
};

/**
 * The rights of sign-in in a pool that others wrote too (`OTHER_HOLDERS`): it looks for accounts with the contact
 * of a new one and gives a contact its canonical form, and by choice it deletes an unverified account.
 */
export const HOLDER_RIGHTS = { refuse: ['ListUsers', 'AdminUpdateUserAttributes'], delete: ['AdminDeleteUser'] };

/** The statement for the accounts that have the contact of a new one. */
export function holders(choice: 'refuse' | 'delete', poolArn: string): iam.PolicyStatement {
  const actions = [...HOLDER_RIGHTS.refuse, ...(choice === 'delete' ? HOLDER_RIGHTS.delete : [])];
  return new iam.PolicyStatement({
    sid: 'OtherHolders',
    actions: actions.map((action) => `cognito-idp:${action}`),
    resources: [poolArn],
  });
}

/**
 * The rights that session mode adds. sign-in opens browser sessions, ends the one that they replace, and after an
 * undo all of the account; sign-up serves those that exist. Only a new session is put. The calls by refresh
 * tokens are anonymous and take the client's secret. The scenarios of `tests/deployment/` run with these
 * rights alone.
 */
export const SESSION_RIGHTS: Partial<Record<FunctionName, Rights>> = {
  'sign-in': { table: ['PutItem'], items: ['session', 'sessions'], pool: [] },
  'sign-up': { table: ['DeleteItem'], items: ['session', 'sessions'], pool: ['AdminUserGlobalSignOut'] },
};

/** The calls that open a session and answer its first challenge, where they are signed. */
export const SIGNED_CALLS = ['AdminInitiateAuth', 'AdminRespondToAuthChallenge'];

/** The functions that open sessions. */
const OPENS_SESSIONS: readonly FunctionName[] = ['sign-in', 'sign-up'];

/** The statements of a function, without those for messages. */
export function statements(
  name: FunctionName,
  arns: { table: string; pool: string; keyRing: string },
  { signedCalls, sessionMode }: { readonly signedCalls: boolean; readonly sessionMode: boolean },
): iam.PolicyStatement[] {
  const all = [RIGHTS[name], ...(sessionMode ? [SESSION_RIGHTS[name] ?? []] : [])].flat();
  const table = all.flatMap((rights) => rights.table);
  const items = all.flatMap((rights) => rights.items);
  const pool = all.flatMap((rights) => rights.pool);
  const found = [
    onItems('Table', arns.table, table, items),
    new iam.PolicyStatement({
      sid: 'KeyRing',
      actions: ['secretsmanager:GetSecretValue'],
      resources: [arns.keyRing],
    }),
  ];
  if (pool.length > 0) {
    found.push(
      new iam.PolicyStatement({
        sid: 'Pool',
        actions: pool.map((action) => `cognito-idp:${action}`),
        resources: [arns.pool],
      }),
    );
  }
  if (signedCalls && OPENS_SESSIONS.includes(name)) {
    found.push(
      new iam.PolicyStatement({
        sid: 'SignedCalls',
        actions: SIGNED_CALLS.map((action) => `cognito-idp:${action}`),
        resources: [arns.pool],
      }),
    );
  }
  return found;
}

/** The statements that a rule for new accounts adds to a function's. */
export function admission(name: FunctionName, arns: { table: string; pool: string }): iam.PolicyStatement[] {
  const { table = [], pool = [] } = ADMISSION_RIGHTS[name] ?? {};
  const found = [];
  if (table.length > 0) {
    found.push(onItems('Invitations', arns.table, table, ['invitation']));
  }
  if (pool.length > 0) {
    found.push(
      new iam.PolicyStatement({
        sid: 'Groups',
        actions: pool.map((action) => `cognito-idp:${action}`),
        resources: [arns.pool],
      }),
    );
  }
  return found;
}

/** To invoke the function that decides about new accounts: that version or alias of it, and no other. */
export function admissionHook(functionArn: string): iam.PolicyStatement {
  return new iam.PolicyStatement({
    sid: 'AdmissionHook',
    actions: ['lambda:InvokeFunction'],
    resources: [functionArn],
  });
}

/** Returns the ARN of a secret. One that is given by its name ends in six characters that only AWS knows. */
export function completeArn(secret: secrets.ISecret): string {
  return secret.secretFullArn ?? `${secret.secretArn}-??????`;
}

/** To read the app client's secret and the server credential. */
export function sessionSecrets(found: readonly secrets.ISecret[]): iam.PolicyStatement[] {
  return [
    new iam.PolicyStatement({
      sid: 'SessionMode',
      actions: ['secretsmanager:GetSecretValue'],
      resources: found.map(completeArn),
    }),
  ];
}

/** To read the secret key of a captcha's widget. */
export function captcha(secretArn: string): iam.PolicyStatement {
  return new iam.PolicyStatement({
    sid: 'Captcha',
    actions: ['secretsmanager:GetSecretValue'],
    resources: [secretArn],
  });
}

/** The ARN of something of SES in this account and Region. */
export function ses(scope: Construct, resource: string): string {
  return Stack.of(scope).formatArn({ service: 'ses', resource });
}

/** The identities that an address may be sent from as: its domain's and its own. */
export function identities(scope: Construct, address: string): string[] {
  const domain = Token.isUnresolved(address) ? Fn.select(1, Fn.split('@', address)) : address.split('@')[1];
  return [ses(scope, `identity/${domain}`), ses(scope, `identity/${address}`)];
}

/** The properties of a sender that its permission needs. */
export type MailFrom = Pick<EmailProps, 'fromAddress' | 'configurationSet' | 'identityArns' | 'inSandbox'>;

/** To send mail from one address. The ids of statements are unique, so one sender alone has an id. */
export function mail(scope: Construct, email: MailFrom, sid?: string): iam.PolicyStatement {
  return new iam.PolicyStatement({
    sid,
    actions: ['ses:SendEmail'],
    resources: [
      ...(email.identityArns ?? identities(scope, email.fromAddress)),
      ...(email.inSandbox ? [ses(scope, 'identity/*')] : []),
      ...(email.configurationSet ? [ses(scope, `configuration-set/${email.configurationSet}`)] : []),
    ],
    conditions: { StringEquals: { 'ses:FromAddress': email.fromAddress } },
  });
}

/**
 * To send SMS. A phone number has no ARN, so the right to publish to one is the right to publish to
 * anything; the second statement takes the topics away again.
 */
export function sms(): iam.PolicyStatement[] {
  return [
    new iam.PolicyStatement({ sid: 'Sms', actions: ['sns:Publish'], resources: ['*'] }),
    new iam.PolicyStatement({
      sid: 'NoTopics',
      effect: iam.Effect.DENY,
      actions: ['sns:Publish'],
      resources: [`arn:${Aws.PARTITION}:sns:*:*:*`],
    }),
  ];
}

/** For a table and secret with a key of one's own, and only through them. */
export function decrypt(
  keyArn: string,
  actions = ['kms:Decrypt', 'kms:DescribeKey', 'kms:Encrypt', 'kms:GenerateDataKey*', 'kms:ReEncrypt*'],
  services = ['dynamodb', 'secretsmanager'],
  sid = 'Decrypt',
): iam.PolicyStatement {
  return new iam.PolicyStatement({
    sid,
    actions,
    resources: [keyArn],
    conditions: {
      StringEquals: {
        'kms:ViaService': services.map((service) => `${service}.${Aws.REGION}.${Aws.URL_SUFFIX}`),
      },
    },
  });
}

/** To use items of some kinds. */
export function onItems(sid: string | undefined, tableArn: string, actions: string[], items: string[]): iam.PolicyStatement {
  return new iam.PolicyStatement({
    sid,
    actions: actions.map((action) => `dynamodb:${action}`),
    resources: [tableArn],
    conditions: {
      'ForAllValues:StringLike': { 'dynamodb:LeadingKeys': items.map((item) => `${item}#*`) },
      // ForAllValues alone holds for a request without keys.
      Null: { 'dynamodb:LeadingKeys': 'false' },
    },
  });
}
