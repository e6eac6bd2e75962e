// What must be sent to change a pool or a client without losing the rest of it: UpdateUserPool and
// UpdateUserPoolClient set back to its default whatever is not sent.
import type {
  ExplicitAuthFlowsType,
  LambdaConfigType,
  UpdateUserPoolClientRequest,
  UpdateUserPoolRequest,
  UserPoolClientType,
  UserPoolType,
} from '@aws-sdk/client-cognito-identity-provider';

/** Members of UpdateUserPool, and what DescribeUserPool calls them. A test holds these to the SDK. */
export const POOL_MEMBERS = {
  UserPoolId: 'Id',
  PoolName: 'Name',
  Policies: 'Policies',
  DeletionProtection: 'DeletionProtection',
  LambdaConfig: 'LambdaConfig',
  AutoVerifiedAttributes: 'AutoVerifiedAttributes',
  SmsVerificationMessage: 'SmsVerificationMessage',
  EmailVerificationMessage: 'EmailVerificationMessage',
  EmailVerificationSubject: 'EmailVerificationSubject',
  VerificationMessageTemplate: 'VerificationMessageTemplate',
  SmsAuthenticationMessage: 'SmsAuthenticationMessage',
  UserAttributeUpdateSettings: 'UserAttributeUpdateSettings',
  MfaConfiguration: 'MfaConfiguration',
  DeviceConfiguration: 'DeviceConfiguration',
  EmailConfiguration: 'EmailConfiguration',
  SmsConfiguration: 'SmsConfiguration',
  UserPoolTags: 'UserPoolTags',
  AdminCreateUserConfig: 'AdminCreateUserConfig',
  UserPoolAddOns: 'UserPoolAddOns',
  DcrConfiguration: 'DcrConfiguration',
  AccountRecoverySetting: 'AccountRecoverySetting',
  UserPoolTier: 'UserPoolTier',
  KeyConfiguration: 'KeyConfiguration',
  IssuerConfiguration: 'IssuerConfiguration',
  AcrConfiguration: 'AcrConfiguration',
} as const satisfies Record<keyof UpdateUserPoolRequest, keyof UserPoolType>;

/** Members that DescribeUserPool returns and UpdateUserPool cannot change, and therefore does not lose. */
export const POOL_FIXED = [
  'AliasAttributes',
  'Arn',
  'CreationDate',
  'CustomDomain',
  'Domain',
  'EmailConfigurationFailure',
  'EstimatedNumberOfUsers',
  'LastModifiedDate',
  'SchemaAttributes',
  'SmsConfigurationFailure',
  'Status',
  'UsernameAttributes',
  'UsernameConfiguration',
] as const satisfies (keyof UserPoolType)[];

/** The members of an app client; both calls use the same names. */
export const CLIENT_FIXED = ['ClientSecret', 'ClientType', 'CreationDate', 'LastModifiedDate'] as const satisfies (
  keyof UserPoolClientType
)[];

/** The three triggers, by their names in LambdaConfig. */
export type Triggers = Required<
  Pick<LambdaConfigType, 'DefineAuthChallenge' | 'CreateAuthChallenge' | 'VerifyAuthChallengeResponse'>
>;

/** Attributes that an account is found by. */
const CONTACTS = ['email', 'email_verified', 'phone_number', 'phone_number_verified'];

/** The pool as it is, as UpdateUserPool takes it. */
export function resend(pool: UserPoolType): UpdateUserPoolRequest {
  const request = Object.fromEntries(
    Object.entries(POOL_MEMBERS)
      .map(([sent, told]) => [sent, pool[told]] as const)
      .filter(([, value]) => value !== undefined),
  ) as unknown as UpdateUserPoolRequest;
  // The older name of TemporaryPasswordValidityDays. Cognito returns both and takes one.
  const { UnusedAccountValidityDays, ...users } = request.AdminCreateUserConfig ?? {};
  const days = request.Policies?.PasswordPolicy?.TemporaryPasswordValidityDays;
  if (UnusedAccountValidityDays !== undefined && days !== undefined) {
    request.AdminCreateUserConfig = users;
  }
  return request;
}

/** With the triggers; with `harden` also closed to all but them. */
export function attachPool(pool: UserPoolType, triggers: Triggers, harden: boolean): UpdateUserPoolRequest {
  const request = resend(pool);
  request.LambdaConfig = { ...request.LambdaConfig, ...triggers };
  if (harden) {
    request.AdminCreateUserConfig = { ...request.AdminCreateUserConfig, AllowAdminCreateUserOnly: true };
    request.AccountRecoverySetting = { RecoveryMechanisms: [{ Name: 'admin_only', Priority: 1 }] };
  }
  return request;
}

/** A client as it is, as UpdateUserPoolClient takes it. */
export function resendClient(client: UserPoolClientType): UpdateUserPoolClientRequest {
  const fixed: readonly string[] = CLIENT_FIXED;
  return Object.fromEntries(
    Object.entries(client).filter(([name, value]) => value !== undefined && !fixed.includes(name)),
  ) as unknown as UpdateUserPoolClientRequest;
}

/**
 * With what the triggers need of a client; with `harden` also without any other way in, and without
 * leave for a token to write what an account is found by.
 */
export function attachClient(
  client: UserPoolClientType,
  pool: UserPoolType,
  harden: boolean,
): UpdateUserPoolClientRequest {
  const request = resendClient(client);
  // AWS requires ALLOW_REFRESH_TOKEN_AUTH to be off where refresh tokens rotate.
  const rotates = request.RefreshTokenRotation?.Feature === 'ENABLED';
  const needed: ExplicitAuthFlowsType[] = rotates
    ? ['ALLOW_CUSTOM_AUTH']
    : ['ALLOW_CUSTOM_AUTH', 'ALLOW_REFRESH_TOKEN_AUTH'];
  // Unset means refresh, SRP and custom; and the names without ALLOW_ cannot stand beside those with.
  const present = request.ExplicitAuthFlows?.length
    ? request.ExplicitAuthFlows
    : (['ALLOW_USER_SRP_AUTH'] as const);
  const older: Record<string, 'ALLOW_ADMIN_USER_PASSWORD_AUTH' | 'ALLOW_CUSTOM_AUTH' | 'ALLOW_USER_PASSWORD_AUTH'> = {
    ADMIN_NO_SRP_AUTH: 'ALLOW_ADMIN_USER_PASSWORD_AUTH',
    CUSTOM_AUTH_FLOW_ONLY: 'ALLOW_CUSTOM_AUTH',
    USER_PASSWORD_AUTH: 'ALLOW_USER_PASSWORD_AUTH',
  };
  request.ExplicitAuthFlows = harden
    ? [...needed]
    : [...new Set([...present.map((flow) => older[flow] ?? flow), ...needed])].filter(
        (flow) => !rotates || flow !== 'ALLOW_REFRESH_TOKEN_AUTH',
      );
  request.PreventUserExistenceErrors = 'ENABLED';
  request.AuthSessionValidity = 15;
  request.EnableTokenRevocation = true;
  if (harden) {
    // The auth flows govern the API alone: managed login and identity providers are switched here.
    request.AllowedOAuthFlowsUserPoolClient = false;
    delete request.AllowedOAuthFlows;
    delete request.AllowedOAuthScopes;
    request.SupportedIdentityProviders = ['COGNITO'];
    const mutable = (pool.SchemaAttributes ?? [])
      .filter(({ Mutable }) => Mutable)
      .map(({ Name }) => Name)
      .filter((name) => name !== undefined && !['sub', 'identities'].includes(name)) as string[];
    // As an alias it could be set to the address of a user who has no account yet.
    const alias = pool.AliasAttributes?.includes('preferred_username') ? ['preferred_username'] : [];
    const closed = (names: string[]) => names.filter((name) => ![...CONTACTS, ...alias].includes(name));
    // By AWS's reference an unset list means the standard attributes. Reports from live pools say
    // every attribute; an app that decides by a custom one must name it to keep it writable.
    const standard = mutable.filter((name) => !/^(custom|dev):/.test(name));
    const writable = closed(request.WriteAttributes?.length ? request.WriteAttributes : standard);
    // To Cognito an empty list means every standard attribute, so one that finds no account remains.
    const harmless = closed(mutable).includes('locale') ? 'locale' : (closed(mutable)[0] ?? 'locale');
    request.WriteAttributes = writable.length ? writable : [harmless];
  }
  return request;
}

/** One member that differs: its path, what it was and what it will be. */
export type Difference = readonly [path: string, before: unknown, after: unknown];

/** Returns the differences of two descriptions, member by member. */
export function differences(before: unknown, after: unknown, path = ''): Difference[] {
  if (JSON.stringify(before) === JSON.stringify(after)) {
    return [];
  }
  if (!isRecord(before) || !isRecord(after)) {
    return [[path, before, after]];
  }
  return [...new Set([...Object.keys(before), ...Object.keys(after)])].flatMap((name) =>
    differences(before[name], after[name], path === '' ? name : `${path}.${name}`),
  );
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value) && !(value instanceof Date);
}
