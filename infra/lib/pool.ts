import { Annotations, Duration, type RemovalPolicy, Token, aws_cognito as cognito, type aws_lambda as lambda } from 'aws-cdk-lib';
import { CfnPermission } from 'aws-cdk-lib/aws-lambda';
import type { Construct } from 'constructs';
import { TRIGGERS, functionArn, type FunctionName } from './functions';
import type { NewPoolResources, Pool } from './parts';
import type { ClientProps, ExistingPool, PoolProps, PoolTriggers } from './props';
import { RULES } from './settings';

/** Attributes that a user's own token may not write, because they identify the user. */
export const CONTACTS = ['email', 'email_verified', 'phone_number', 'phone_number_verified'];

/** The options of a new pool besides its properties. */
export interface PoolOptions {
  /** The prefix of the functions' names. */
  readonly prefix: string;
  readonly removalPolicy: RemovalPolicy;
  /** In session mode: the life of a session. */
  readonly session?: { readonly life: Duration };
  /** The settings of single clients. */
  readonly clients?: { readonly [client: string]: ClientProps };
  /** True if it names the aliases of its triggers. */
  readonly aliases: boolean;
}

/** A user pool as the triggers need it. SECURITY.md says what each of these is for. */
export class NewPool implements Pool, NewPoolResources {
  readonly resource: cognito.CfnUserPool;
  readonly clients: Record<string, cognito.CfnUserPoolClient> = {};
  /** The pool for other constructs. */
  readonly l2: cognito.IUserPool;
  private readonly names: readonly string[];

  constructor(scope: Construct, props: PoolProps, options: PoolOptions) {
    const lambdaConfig = {
      ...Object.fromEntries(
        Object.entries(TRIGGERS).map(([name, trigger]) => [
          trigger,
          functionArn(scope, options.prefix, name as FunctionName, options.aliases),
        ]),
      ),
      ...otherTriggers(props.triggers ?? {}),
    };
    this.resource = new cognito.CfnUserPool(scope, 'Pool', {
      userPoolName: props.name,
      userPoolTier: props.tier,
      userPoolAddOns: props.threatProtection && {
        advancedSecurityMode: props.threatProtection,
        // Without it only passwords are looked at, of which there are none.
        advancedSecurityAdditionalFlows: { customAuthMode: props.threatProtection },
      },
      deletionProtection: (props.deletionProtection ?? true) ? 'ACTIVE' : 'INACTIVE',
      // Aliases and not username attributes: those sign in before they are verified. Neither this nor
      // the next can be changed later.
      aliasAttributes: ['email', 'phone_number'],
      usernameConfiguration: { caseSensitive: false },
      // No SignUp and no ForgotPassword by the public API.
      adminCreateUserConfig: { allowAdminCreateUserOnly: true },
      accountRecoverySetting: { recoveryMechanisms: [{ name: 'admin_only', priority: 1 }] },
      // The only password is a random one that is not kept; it has all four classes.
      policies: {
        passwordPolicy: {
          minimumLength: 32,
          requireLowercase: true,
          requireUppercase: true,
          requireNumbers: true,
          requireSymbols: true,
        },
      },
      mfaConfiguration: 'OFF',
      lambdaConfig,
      schema: schema(props.customAttributes),
    });
    this.resource.applyRemovalPolicy(options.removalPolicy);

    // In the order of the list: a record has names of digits first.
    this.names = props.clients ?? ['app'];
    for (const name of this.names) {
      const own = { ...props, ...livesOf(options.clients?.[name]) };
      const client = this.client(scope, name, own, options.session);
      // A pool that stays without its clients would sign every user out.
      client.applyRemovalPolicy(options.removalPolicy);
      this.clients[name] = client;
    }
    this.l2 = cognito.UserPool.fromUserPoolId(scope, 'UserPool', this.id);
    if (props.domain) {
      this.l2.addDomain('Domain', props.domain);
    }
    for (const [name, trigger] of Object.entries(OTHER_TRIGGERS)) {
      const found = props.triggers?.[name as keyof typeof OTHER_TRIGGERS];
      if (found) {
        permit(scope, trigger, found, this);
      }
    }
    if (props.oAuth) {
      Annotations.of(scope).addWarningV2(
        'latchstring:oAuth',
        'pool.oAuth: managed login may take passwords, and an identity provider an alias; use a client of its own instead.',
      );
    }
  }

  get id(): string {
    return this.resource.ref;
  }

  get arn(): string {
    return this.resource.attrArn;
  }

  get clientIds(): string[] {
    return this.names.map((name) => (this.clients[name] as cognito.CfnUserPoolClient).ref);
  }

  private client(
    scope: Construct,
    name: string,
    props: PoolProps,
    session: PoolOptions['session'],
  ): cognito.CfnUserPoolClient {
    const minutes = (life: Duration) => life.toMinutes();
    const rotates = session !== undefined || props.rotateRefreshTokens;
    return new cognito.CfnUserPoolClient(scope, `Client${name}`, {
      userPoolId: this.id,
      clientName: name,
      // In session mode Cognito refuses every call without the secret, before a trigger runs.
      generateSecret: session !== undefined,
      // AWS requires this refresh flow to be off where refresh tokens rotate; GetTokensFromRefreshToken
      // works without it.
      explicitAuthFlows: rotates
        ? ['ALLOW_CUSTOM_AUTH']
        : ['ALLOW_CUSTOM_AUTH', 'ALLOW_REFRESH_TOKEN_AUTH'],
      // Strangers run through the same triggers as users.
      preventUserExistenceErrors: 'ENABLED',
      // The longest there is, so that a code's own life is what ends it.
      authSessionValidity: 15,
      enableTokenRevocation: true,
      // The longest grace there is, in session mode: it is the time in which a refresh whose process died
      // can be repeated, and no script has a token that could use it.
      refreshTokenRotation: rotates
        ? { feature: 'ENABLED', retryGracePeriodSeconds: session ? 60 : 30 }
        : undefined,
      accessTokenValidity: minutes(props.accessTokenLife ?? Duration.hours(1)),
      idTokenValidity: minutes(props.idTokenLife ?? Duration.hours(1)),
      refreshTokenValidity: minutes(props.refreshTokenLife ?? session?.life ?? Duration.days(30)),
      tokenValidityUnits: { accessToken: 'minutes', idToken: 'minutes', refreshToken: 'minutes' },
      writeAttributes: props.writeAttributes ?? ['given_name', 'family_name', 'locale'],
      readAttributes: props.readAttributes,
      supportedIdentityProviders: props.identityProviders ?? ['COGNITO'],
      ...oAuth(props.oAuth),
    });
  }
}

/** The other triggers that a pool may have, by their properties, as CloudFormation has them. */
const OTHER_TRIGGERS = {
  preSignUp: 'PreSignUp',
  postConfirmation: 'PostConfirmation',
  preAuthentication: 'PreAuthentication',
  postAuthentication: 'PostAuthentication',
  preTokenGeneration: 'PreTokenGeneration',
  customMessage: 'CustomMessage',
} as const satisfies Partial<Record<keyof PoolTriggers, string>>;

/** Returns the names of triggers that a pool cannot have, which callers without types may set. */
export function unknownTriggers(triggers: PoolTriggers): string[] {
  return Object.keys(triggers).filter((name) => !(name in OTHER_TRIGGERS) && name !== 'preTokenGenerationVersion');
}

function otherTriggers({ preTokenGenerationVersion, ...triggers }: PoolTriggers): cognito.CfnUserPool.LambdaConfigProperty {
  const { V1_0 } = cognito.LambdaVersion;
  const { preTokenGeneration, ...others } = triggers;
  const later = preTokenGeneration && (preTokenGenerationVersion ?? V1_0) !== V1_0;
  return {
    ...Object.fromEntries(Object.entries(others).map(([name, { functionArn }]) => [name, functionArn])),
    preTokenGeneration: later ? undefined : preTokenGeneration?.functionArn,
    preTokenGenerationConfig: later
      ? { lambdaArn: preTokenGeneration.functionArn, lambdaVersion: preTokenGenerationVersion as string }
      : undefined,
  };
}

function schema(attributes: PoolProps['customAttributes']): cognito.CfnUserPool.SchemaAttributeProperty[] | undefined {
  const found = Object.entries(attributes ?? {}).map(([name, attribute]) => {
    const { dataType, mutable, numberConstraints: number, stringConstraints: string } = attribute.bind();
    return {
      name,
      attributeDataType: dataType,
      mutable: mutable ?? false,
      numberAttributeConstraints: number && { minValue: number.min?.toString(), maxValue: number.max?.toString() },
      stringAttributeConstraints: string && { minLength: string.minLen?.toString(), maxLength: string.maxLen?.toString() },
    };
  });
  return found.length > 0 ? found : undefined;
}

function oAuth(settings: PoolProps['oAuth']): Partial<cognito.CfnUserPoolClientProps> {
  if (!settings) {
    return {};
  }
  const { flows = { authorizationCodeGrant: true }, scopes = [cognito.OAuthScope.OPENID] } = settings;
  return {
    allowedOAuthFlowsUserPoolClient: true,
    allowedOAuthFlows: [
      ...(flows.authorizationCodeGrant ? ['code'] : []),
      ...(flows.implicitCodeGrant ? ['implicit'] : []),
      ...(flows.clientCredentials ? ['client_credentials'] : []),
    ],
    allowedOAuthScopes: scopes.map(({ scopeName }) => scopeName),
    callbackUrLs: settings.callbackUrls,
    logoutUrLs: settings.logoutUrls,
    defaultRedirectUri: settings.defaultRedirectUri,
  };
}

/** Returns what a client sets of the life of its tokens. */
function livesOf(client: ClientProps = {}): Partial<PoolProps> {
  const { accessTokenLife, idTokenLife, refreshTokenLife, rotateRefreshTokens } = client;
  const given = Object.entries({ accessTokenLife, idTokenLife, refreshTokenLife, rotateRefreshTokens });
  return Object.fromEntries(given.filter(([, value]) => value !== undefined));
}

/** The life of a browser session, and so the least of a refresh token. */
export function sessionLife(hours: number = Number(RULES.sessionHours.default)): Duration {
  return Duration.hours(Token.isUnresolved(hours) ? Number(RULES.sessionHours.bounds?.[1]) : hours);
}

/** Returns the ids of the app clients of a pool that exists. */
export function clientIdsOf({ clientIds, userPoolClients }: ExistingPool): string[] {
  return clientIds ?? userPoolClients?.map((client) => client.userPoolClientId) ?? [];
}

/** A pool that exists, with what other constructs use. */
export interface ServedPool extends Pool {
  readonly l2: cognito.IUserPool;
  readonly l2Clients: cognito.IUserPoolClient[];
}

/** Returns the pool that exists. */
export function existingPool(scope: Construct, existing: ExistingPool): ServedPool {
  const { userPool, userPoolId, userPoolClients } = existing;
  // The checks demand the one or the other.
  const l2 = userPool ?? cognito.UserPool.fromUserPoolId(scope, 'UserPool', userPoolId as string);
  const clientIds = clientIdsOf(existing);
  return { id: l2.userPoolId, arn: l2.userPoolArn, clientIds, l2, l2Clients: userPoolClients ?? clientsOf(scope, clientIds) };
}

/** Returns app clients for other constructs. None if their number is not known at synthesis. */
export function clientsOf(scope: Construct, ids: string[]): cognito.IUserPoolClient[] {
  return Token.isUnresolved(ids)
    ? []
    : ids.map((id, index) => cognito.UserPoolClient.fromUserPoolClientId(scope, `UserPoolClient${index}`, id));
}

function permit(scope: Construct, trigger: string, { functionArn }: Pick<lambda.IFunction, 'functionArn'>, pool: Pool): void {
  new CfnPermission(scope, `Permit${trigger}`, {
    action: 'lambda:InvokeFunction',
    functionName: functionArn,
    principal: 'cognito-idp.amazonaws.com',
    sourceArn: pool.arn,
  });
}

/**
 * Lets the pool, and no other principal, invoke its triggers: by the function, and by the alias if there is one.
 * A pool of which an update fails or goes back names the function.
 */
export function permitTriggers(
  scope: Construct,
  pool: Pool,
  functions: Record<FunctionName, lambda.Function>,
  aliases?: Record<FunctionName, lambda.Alias>,
): void {
  for (const [name, trigger] of Object.entries(TRIGGERS)) {
    const id = `${trigger.charAt(0).toUpperCase()}${trigger.slice(1)}`;
    permit(scope, id, functions[name as FunctionName], pool);
    if (aliases) {
      permit(scope, `${id}Live`, aliases[name as FunctionName], pool);
    }
  }
}
