import { Duration, RemovalPolicy, Stack, Token, aws_cognito as cognito, type aws_lambda as lambda } from 'aws-cdk-lib';
import { CfnPermission } from 'aws-cdk-lib/aws-lambda';
import type { Construct } from 'constructs';
import { TRIGGERS, functionArn, type FunctionName } from './functions';
import type { ClientProps, ExistingPool, PoolProps } from './props';
import { RULES } from './settings';

/** The pool and clients that a deployment serves. */
export interface Pool {
  readonly id: string;
  readonly arn: string;
  readonly clientIds: string[];
}

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
export class UserPool implements Pool {
  readonly resource: cognito.CfnUserPool;
  readonly clients: Record<string, cognito.CfnUserPoolClient> = {};
  private readonly names: readonly string[];

  constructor(scope: Construct, props: PoolProps, options: PoolOptions) {
    const lambdaConfig = Object.fromEntries(
      Object.entries(TRIGGERS).map(([name, trigger]) => [
        trigger,
        functionArn(scope, options.prefix, name as FunctionName, options.aliases),
      ]),
    );
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
      supportedIdentityProviders: ['COGNITO'],
    });
  }
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

/** The pool that exists, by its id. */
export function existingPool(scope: Construct, { userPoolId, clientIds }: ExistingPool): Pool {
  const arn = Stack.of(scope).formatArn({
    service: 'cognito-idp',
    resource: 'userpool',
    resourceName: userPoolId,
  });
  return { id: userPoolId, arn, clientIds };
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
    const permit = (id: string, functionName: string) =>
      new CfnPermission(scope, `Permit${trigger.charAt(0).toUpperCase()}${trigger.slice(1)}${id}`, {
        action: 'lambda:InvokeFunction',
        functionName,
        principal: 'cognito-idp.amazonaws.com',
        sourceArn: pool.arn,
      });
    permit('', functions[name as FunctionName].functionArn);
    if (aliases) {
      permit('Live', aliases[name as FunctionName].functionArn);
    }
  }
}
