import {
  Aws,
  Fn,
  RemovalPolicy,
  Stack,
  Tokenization,
  aws_cloudwatch as cloudwatch,
  aws_dynamodb as dynamodb,
  type aws_events as events,
  aws_iam as iam,
  type aws_kms as kms,
  aws_lambda as lambda,
  aws_logs as logs,
  aws_secretsmanager as secrets,
  aws_wafv2 as wafv2,
} from 'aws-cdk-lib';
import { Construct } from 'constructs';
import { admissionVariables, grantAdmission, isClosed, type AdmissionPolicies } from './admission';
import { createAlarms } from './alarms';
import { check } from './checks';
import { clientSenders, clientVariables, messagesLayer, sender } from './clients';
import { Packages } from './code';
import { LIVE, createAlias, createCanary } from './deployment';
import { addOutbox, busOf, eventStatements, schedule, sweeperStatements } from './events';
import { FUNCTIONS, KINDS, SWEEPER, createFunction, type FunctionName, type PackageName } from './functions';
import { GraphqlApi, seconds } from './graphql-api';
import { HttpApi } from './http-api';
import { acknowledge } from './nag';
import { UserPool, existingPool, permitTriggers, sessionLife, type Pool } from './pool';
import type { CaptchaProps, EmailProps, LatchstringProps, SessionModeProps, SmsProps, TemplateIds } from './props';
import { captcha, holders, mail, sessionSecrets, sms, statements } from './rights';
import { METRICS_NAMESPACE, variables } from './variables';
import { createClientSecret, createKeyRing, createOriginSecret, createServerCredential, createTable } from './store';
import { REQUESTS_PER_FIVE_MINUTES, createEdgeWaf, createWaf } from './waf';

/** The parts of session mode. */
export interface Session {
  /** The secret of the app client. */
  readonly clientSecret: secrets.ISecret;
  /** The same, if it is made here. */
  readonly madeClientSecret?: secrets.Secret;
  /** The credential of the app's own server. */
  readonly serverCredential: secrets.Secret;
  /** The origins of pages that may call the API with the cookie. */
  readonly origins: string[];
}

/**
 * Passwordless sign-in: a user pool with its three triggers, the GraphQL or HTTP API with its resolvers,
 * their table and key ring, and alarms. Put it into a stack of your own, or deploy {@link LatchstringStack}.
 */
export class Latchstring extends Construct {
  /** The pool and clients that are served, made here or not. */
  readonly pool: Pool;
  /** The pool, if it is made here. */
  readonly userPool?: UserPool;
  readonly functions: Record<FunctionName, lambda.Function>;
  /** The aliases that are invoked instead of the functions, unless `deployment.alias` is `none`. */
  readonly aliases?: Record<FunctionName, lambda.Alias>;
  /** The alias that the pool invokes, if it does not invoke the functions. */
  readonly alias?: string;
  /** The GraphQL API, unless `api` is `http`. */
  readonly graphqlApi?: GraphqlApi;
  /** The HTTP API, unless `api` is `appsync`. */
  readonly httpApi?: HttpApi;
  readonly table: dynamodb.Table;
  readonly keyRing: secrets.Secret;
  /** The permission to send mail, if the deployment does. */
  readonly emailPolicy?: iam.Policy;
  /** The permission to send SMS, if the deployment does. */
  readonly smsPolicy?: iam.Policy;
  /** The permissions that a rule for new accounts needs, if there is one. */
  readonly admissionPolicies?: AdmissionPolicies;
  /** The bus of the events, if they are on. */
  readonly eventBus?: events.IEventBus;
  /** The function that sweeps the outbox, if events are on. */
  readonly sweeper?: lambda.Function;
  /** The parts of session mode, if it is on. */
  readonly session?: Session;
  /** The values of the header by which the functions know CloudFront, where there is a distribution. */
  readonly originSecrets: secrets.Secret[] = [];
  /** The web ACL of the GraphQL API. */
  readonly waf?: wafv2.CfnWebACL;
  /** The web ACL of the distribution, if it is made here. */
  readonly edgeWaf?: wafv2.CfnWebACL;
  /** By name, as docs/operations.md has it. */
  readonly alarms: Record<string, cloudwatch.Alarm>;

  constructor(scope: Construct, id: string, props: LatchstringProps) {
    super(scope, id);
    check(props, Stack.of(this).region);
    const prefix = props.functionPrefix ?? Aws.STACK_NAME;
    alone(this, prefix);
    const { alias = 'all', canary } = props.deployment ?? {};
    const removalPolicy = props.removalPolicy ?? RemovalPolicy.RETAIN_ON_UPDATE_OR_DELETE;

    const store = {
      encryptionKey: props.encryptionKey,
      pointInTimeRecovery: props.pointInTimeRecovery ?? false,
      removalPolicy,
    };
    this.table = createTable(this, store);
    this.keyRing = createKeyRing(this, store);
    this.eventBus = busOf(this, props);
    if (this.eventBus) {
      addOutbox(this.table);
    }
    if (props.existingPool) {
      this.pool = existingPool(this, props.existingPool);
    } else {
      const session = props.sessionMode ? { life: sessionLife(props.settings?.sessionHours) } : undefined;
      const aliases = alias === 'all';
      const options = { prefix, removalPolicy, session, clients: props.clients, aliases };
      this.userPool = new UserPool(this, props.pool ?? {}, options);
      this.pool = this.userPool;
    }
    if (props.sessionMode) {
      this.session = this.createSession(props.sessionMode === true ? {} : props.sessionMode, props.encryptionKey);
    }

    if (props.http?.cloudFront) {
      const { secrets: names = ['1'] } = props.http.cloudFront;
      this.originSecrets = names.map((name) => createOriginSecret(this, name, props.encryptionKey));
    }
    this.functions = this.createFunctions(props, prefix);
    if (this.eventBus) {
      this.sweeper = this.createSweeper(props, prefix, this.eventBus);
    }
    const sweeper = alias !== 'none' && this.sweeper ? createAlias(this, this.sweeper) : undefined;
    if (alias !== 'none') {
      this.aliases = Object.fromEntries(
        Object.entries(this.functions).map(([name, it]) => [name, createAlias(this, it)]),
      ) as Record<FunctionName, lambda.Alias>;
    }
    if (this.aliases && canary) {
      createCanary(this, [...Object.values(this.aliases), ...(sweeper ? [sweeper] : [])], canary);
    }
    const invoked = this.aliases ?? this.functions;
    if (this.sweeper) {
      schedule(this, sweeper ?? this.sweeper);
    }
    this.alias = alias === 'all' ? LIVE : undefined;
    permitTriggers(this, this.pool, this.functions, this.aliases);
    if (isClosed(props)) {
      const arns = { table: this.table.tableArn, pool: this.pool.arn };
      this.admissionPolicies = grantAdmission(this, this.functions, arns, props.admissionHook);
    }
    const { otherHolders } = props.settings ?? {};
    if (otherHolders === 'refuse' || otherHolders === 'delete') {
      const statements = [holders(otherHolders, this.pool.arn)];
      new iam.Policy(this, 'OtherHolders', { statements, roles: [this.functions['sign-in'].role as iam.IRole] });
    }
    const roles = FUNCTIONS.filter((name) => KINDS[name].sends).map((name) => this.functions[name].role as iam.IRole);
    if (props.email) {
      this.emailPolicy = new iam.Policy(this, 'Mail', {
        statements: [mail(this, props.email, 'Mail'), ...clientSenders(props).map((from) => mail(this, from))],
        roles,
      });
    }
    if (props.sms) {
      this.smsPolicy = new iam.Policy(this, 'Sms', { statements: sms(), roles });
    }
    const { api = 'appsync', waf } = props;
    if (api !== 'http') {
      this.graphqlApi = new GraphqlApi(this, props.graphql ?? {}, this.pool, invoked);
    }
    const { requestsPerFiveMinutes = REQUESTS_PER_FIVE_MINUTES, poolRequestsPerFiveMinutes } = waf ?? {};
    if (waf && this.graphqlApi?.resource) {
      this.waf = createWaf(this, 'Api', requestsPerFiveMinutes, this.graphqlApi.resource.attrArn);
    }
    if (poolRequestsPerFiveMinutes !== undefined) {
      createWaf(this, 'Pool', poolRequestsPerFiveMinutes, this.pool.arn);
    }
    if (api !== 'appsync') {
      const webAclArn = props.http?.cloudFront?.webAclArn;
      if (waf && webAclArn === undefined) {
        this.edgeWaf = createEdgeWaf(this, requestsPerFiveMinutes);
      }
      this.httpApi = new HttpApi(this, 'Http', props.http ?? {}, {
        pool: this.pool,
        functions: invoked,
        logRetention: props.logRetention ?? logs.RetentionDays.ONE_MONTH,
        invitations: this.admissionPolicies !== undefined,
        originSecret: this.originSecrets.at(-1)?.secretValue.unsafeUnwrap(),
        webAclArn: webAclArn ?? this.edgeWaf?.attrArn,
        session: this.session,
      });
    }
    this.alarms = createAlarms(this, props.alarms ?? {}, {
      prefix,
      namespace: props.settings?.metricsNamespace ?? METRICS_NAMESPACE,
      functions: this.functions,
      sweeper: this.sweeper,
      table: this.table,
      graphqlApi: this.graphqlApi,
      httpApi: this.httpApi,
      keysExpire: props.graphql?.keysExpire !== undefined,
      email: props.email !== undefined,
      sms: props.sms !== undefined,
    });
    acknowledge(this);
  }

  private createFunctions(props: LatchstringProps, prefix: string): Record<FunctionName, lambda.Function> {
    const arns = { table: this.table.tableArn, pool: this.pool.arn, keyRing: this.keyRing.secretArn };
    const messages = messagesLayer(this, props);
    const create = (name: FunctionName) => {
      const texts = KINDS[name].sends ? messages : undefined;
      const created = createFunction(this, {
        ...this.common(name, props, prefix),
        reservedConcurrency: props.reservedConcurrency?.[name],
        environment: { ...this.environment(name, props), ...texts?.variables },
        layers: texts && [texts.layer],
        statements: [
          ...statements(name, arns, {
            signedCalls: this.cognitoCalls(props) === 'signed',
            sessionMode: this.session !== undefined,
          }),
          ...(this.eventBus ? eventStatements(name, arns.table, this.eventBus) : []),
          ...(this.session && RESOLVERS.includes(name) ? readSession(this.session) : []),
          ...(name === 'sign-in' && props.captcha ? [captcha(props.captcha.secretArn)] : []),
          ...(props.encryptionKey ? [decrypt(props.encryptionKey.keyArn)] : []),
        ],
      });
      return [name, created];
    };
    return Object.fromEntries(FUNCTIONS.map(create));
  }

  private common(name: PackageName, props: LatchstringProps, prefix: string) {
    const architecture = props.architecture ?? lambda.Architecture.ARM_64;
    return {
      name,
      prefix,
      packages: props.packages ?? Packages.released(architecture),
      architecture,
      memory: props.memory ?? 512,
      logRetention: props.logRetention ?? logs.RetentionDays.ONE_MONTH,
    };
  }

  private createSweeper(props: LatchstringProps, prefix: string, bus: events.IEventBus): lambda.Function {
    const { metricsNamespace, logLevel } = props.settings ?? {};
    return createFunction(this, {
      ...this.common(SWEEPER, props, prefix),
      environment: {
        TABLE_NAME: this.table.tableName,
        USER_POOL_ID: this.pool.id,
        EVENTS: bus.eventBusArn,
        ...variables({ metricsNamespace, logLevel }),
      },
      statements: [
        ...sweeperStatements({ table: this.table.tableArn, pool: this.pool.arn }, bus),
        ...(props.encryptionKey ? [decrypt(props.encryptionKey.keyArn)] : []),
      ],
    });
  }

  /** In session mode no client answers a session, so the calls are signed unless the settings say otherwise. */
  private cognitoCalls({ settings }: LatchstringProps): 'public' | 'signed' {
    return settings?.cognitoCalls ?? (this.session ? 'signed' : 'public');
  }

  private createSession(props: SessionModeProps, encryptionKey?: kms.IKey): Session {
    const [client] = Object.values(this.userPool?.clients ?? {});
    const madeClientSecret = client && createClientSecret(this, client, encryptionKey);
    return {
      // The checks demand the one or the other.
      clientSecret: (madeClientSecret ?? props.clientSecret) as secrets.ISecret,
      madeClientSecret,
      serverCredential: createServerCredential(this, encryptionKey),
      origins: props.origins ?? [],
    };
  }

  private environment(name: FunctionName, props: LatchstringProps): Record<string, string> {
    const { readsPool, sends } = KINDS[name];
    return {
      CLIENT_IDS: Fn.join(',', this.pool.clientIds),
      ...clientVariables(this, props, this.pool),
      TABLE_NAME: this.table.tableName,
      KEY_RING_SECRET: this.keyRing.secretArn,
      ...variables(props.settings ?? {}),
      ...admissionVariables(name, props),
      ...(this.eventBus ? { EVENTS: this.eventBus.eventBusArn } : {}),
      ...(readsPool ? { USER_POOL_ID: this.pool.id } : {}),
      ...(name === 'sign-in' && props.existingPool?.legacy ? { LEGACY_POOL: 'true' } : {}),
      // A sign-in by a replaced contact makes an account there, so no change could be undone.
      ...(props.existingPool?.legacy && props.settings?.undoHours === undefined ? { UNDO_HOURS: '0' } : {}),
      ...(name === 'sign-in' && props.graphql?.keysExpire !== undefined
        ? { API_KEY_EXPIRES: Tokenization.stringifyNumber(seconds(props.graphql.keysExpire)) }
        : {}),
      ...(RESOLVERS.includes(name) && this.originSecrets.length > 0
        ? { CLOUDFRONT_SECRET: this.originSecrets.map((secret) => secret.secretValue.unsafeUnwrap()).join(',') }
        : {}),
      ...(props.api === 'http' && RESOLVERS.includes(name) ? { DOORS: 'http' } : {}),
      ...(this.session && RESOLVERS.includes(name)
        ? { ...sessionVariables(this.session), COGNITO_CALLS: this.cognitoCalls(props) }
        : {}),
      ...(name === 'sign-in' && props.captcha ? captchaVariables(props.captcha) : {}),
      // Every function may have to tell whether a contact can be reached; only some reach it.
      ...(props.email === undefined ? { EMAIL: 'false' } : {}),
      ...(props.email && sends ? emailVariables(props.email) : {}),
      ...(props.sms ? smsVariables(props.sms, sends) : {}),
    };
  }
}

/** The functions behind the APIs. */
const RESOLVERS: readonly FunctionName[] = ['sign-in', 'sign-up'];

/** Functions are known by their names: two deployments of one prefix would be each other's. */
function alone(deployment: Latchstring, prefix: string): void {
  const stack = Stack.of(deployment);
  const others = PREFIXES.get(stack) ?? new Set();
  if (others.has(prefix)) {
    throw new Error('functionPrefix: another Latchstring of this stack has the same');
  }
  PREFIXES.set(stack, others.add(prefix));
}

const PREFIXES = new WeakMap<Stack, Set<string>>();

function emailVariables({ replyTo, configurationSet, ...from }: EmailProps): Record<string, string> {
  return {
    EMAIL_FROM: sender(from),
    ...(replyTo === undefined ? {} : { EMAIL_REPLY_TO: replyTo }),
    ...(configurationSet === undefined ? {} : { SES_CONFIGURATION_SET: configurationSet }),
  };
}

function templateIds(ids: TemplateIds = {}): string | undefined {
  const given = Object.entries({
    sign_in_code: ids.signInCode,
    confirmation_code: ids.confirmationCode,
    contact_replaced: ids.contactReplaced,
    contact_added: ids.contactAdded,
    change_undone: ids.changeUndone,
  }).flatMap(([kind, id]) => (id === undefined ? [] : [`${kind}=${id}`]));
  return given.length === 0 ? undefined : given.join(',');
}

function captchaVariables({ secretArn, hostnames }: CaptchaProps): Record<string, string> {
  return { TURNSTILE_KEY_SECRET: secretArn, TURNSTILE_HOSTNAMES: hostnames.join(',') };
}

function sessionVariables({ clientSecret, serverCredential, origins }: Session): Record<string, string> {
  return {
    SESSION_MODE: 'on',
    CLIENT_SECRET_SECRET: clientSecret.secretArn,
    SERVER_CREDENTIAL_SECRET: serverCredential.secretArn,
    ...(origins.length > 0 ? { SESSION_ORIGINS: Fn.join(',', origins) } : {}),
  };
}

/** To read the two secrets, the client's with a key of its own where it has one. */
function readSession({ clientSecret, madeClientSecret, serverCredential }: Session): iam.PolicyStatement[] {
  const key = madeClientSecret ? undefined : clientSecret.encryptionKey;
  return [
    ...sessionSecrets([clientSecret, serverCredential]),
    ...(key ? [decrypt(key.keyArn, ['kms:Decrypt'], ['secretsmanager'], 'DecryptClientSecret')] : []),
  ];
}

function smsVariables(sms: SmsProps, sends: boolean): Record<string, string> {
  const found: Record<string, string | undefined> = {
    SMS_COUNTRIES: sms.countries.join(','),
    ...(sends
      ? {
          SMS_SENDER_ID: sms.senderId,
          SMS_ORIGINATION_NUMBER: sms.originationNumber,
          SMS_ENTITY_ID: sms.entityId,
          SMS_TEMPLATE_IDS: templateIds(sms.templateIds),
          SMS_DOMAIN: sms.domain,
          SMS_ANDROID_HASH: sms.androidHash,
        }
      : {}),
  };
  return Object.fromEntries(
    Object.entries(found).filter((pair): pair is [string, string] => pair[1] !== undefined),
  );
}

/** For a table and secret with a key of one's own, and only through them. */
function decrypt(
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
