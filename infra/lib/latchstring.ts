import {
  Fn,
  RemovalPolicy,
  Stack,
  Tokenization,
  aws_cloudwatch as cloudwatch,
  type aws_dynamodb as dynamodb,
  type aws_cognito as cognito,
  type aws_events as events,
  aws_iam as iam,
  type aws_kms as kms,
  aws_lambda as lambda,
  aws_logs as logs,
  aws_secretsmanager as secrets,
  aws_wafv2 as wafv2,
} from 'aws-cdk-lib';
import { Construct } from 'constructs';
import { admissionVariables, grantAdmission, isClosed } from './admission';
import { createAlarms, type Watched } from './alarms';
import { check } from './checks';
import { clientSenders, clientVariables, messagesLayer, sender } from './clients';
import { Packages } from './code';
import { createDashboard } from './dashboard';
import { LIVE, createAlias, createCanary } from './deployment';
import { addOutbox, busOf, eventStatements, schedule, sweeperStatements } from './events';
import { FUNCTIONS, KINDS, LONGEST_PREFIX, SWEEPER, byPart, createFunction, type FunctionName, type PackageName } from './functions';
import { GraphqlApi, seconds } from './graphql-api';
import { eraseStatements, grant, inspectStatements, inviteStatements, resetStatements, rotateStatements, supportStatements } from './grants';
import { HttpApi } from './http-api';
import { metricProps } from './metrics';
import { acknowledge } from './nag';
import { defaultPrefix } from './names';
import type { AdmissionPolicies, GraphqlApiResources, HttpApiResources, LatchstringAliases, LatchstringFunctions, NewPoolResources, Pool, SessionResources } from './parts';
import { NewPool, clientsOf, existingPool, permitTriggers, sessionLife } from './pool';
import type { CaptchaProps, EmailProps, LatchstringProps, SessionModeProps, SmsProps, TemplateIds } from './props';
import { captcha, completeArn, decrypt, holders, mail, sessionSecrets, sms, statements } from './rights';
import { cognitoCalls, metricsNamespace, variables } from './variables';
import { createClientSecret, createKeyRing, createOriginSecret, createServerCredential, createTable } from './store';
import { REQUESTS_PER_FIVE_MINUTES, createEdgeWaf, edgeAclArn, guard } from './waf';

/**
 * Passwordless sign-in: a user pool with its three triggers, the GraphQL or HTTP API with its resolvers,
 * their table and key ring, and alarms. Put it into a stack of your own, or deploy {@link LatchstringStack}.
 */
export class Latchstring extends Construct {
  /** The pool and clients that are served, made here or not. */
  readonly pool: Pool;
  /** The same pool for other constructs: it takes a domain, groups, resource servers and more clients. */
  readonly userPool: cognito.IUserPool;
  /** The clients that are served. None if a parameter of the template lists them. */
  readonly userPoolClients: cognito.IUserPoolClient[];
  /** The resources of the pool, if it is made here. */
  readonly newPool?: NewPoolResources;
  /** The functions. */
  readonly functions: LatchstringFunctions;
  /** The aliases that are invoked instead of the functions, unless `deployment.alias` is `none`. */
  readonly aliases?: LatchstringAliases;
  /** The alias that the pool invokes, if it does not invoke the functions. */
  readonly alias?: string;
  /**
   * The functions, by their names.
   * @internal
   */
  readonly _functions: Record<FunctionName, lambda.Function>;
  /**
   * The aliases, by the names of the functions.
   * @internal
   */
  readonly _aliases?: Record<FunctionName, lambda.Alias>;
  /** The GraphQL API, unless `api` is `http`. */
  readonly graphqlApi?: GraphqlApiResources;
  /** The HTTP API, unless `api` is `appsync`. */
  readonly httpApi?: HttpApiResources;
  /** The table, made here or not. */
  readonly table: dynamodb.ITable;
  /** The key ring, made here or not. */
  readonly keyRing: secrets.ISecret;
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
  /** The rule that has it invoked each minute. */
  readonly schedule?: events.Rule;
  /** The parts of session mode, if it is on. */
  readonly session?: SessionResources;
  /** The values of the header by which the functions know CloudFront, where there is a distribution. */
  readonly originSecrets: secrets.Secret[] = [];
  /** The web ACL of the GraphQL API. */
  readonly waf?: wafv2.CfnWebACL;
  /** The web ACL of the distribution, if it is made here. */
  readonly edgeWaf?: wafv2.CfnWebACL;
  /** The namespace of the functions' metrics. */
  readonly metricsNamespace: string;
  /** By name, as docs/operations.md has it. */
  readonly alarms: Record<string, cloudwatch.Alarm>;
  /** The dashboard, unless it is off. */
  readonly dashboard?: cloudwatch.CfnDashboard;
  /** @internal */
  readonly _watched: Watched;

  /** @internal */
  readonly _encryptionKey?: kms.IKey;

  constructor(scope: Construct, id: string, props: LatchstringProps) {
    super(scope, id);
    check(props, Stack.of(this).region);
    const prefix = props.functionPrefix ?? defaultPrefix(this, LONGEST_PREFIX);
    alone(this, prefix);
    const { alias = 'all', canary } = props.deployment ?? {};
    this._encryptionKey = props.encryptionKey;
    this.metricsNamespace = metricsNamespace(props.settings ?? {}, prefix);
    const removalPolicy = props.removalPolicy ?? RemovalPolicy.RETAIN_ON_UPDATE_OR_DELETE;

    const store = {
      encryptionKey: props.encryptionKey,
      pointInTimeRecovery: props.pointInTimeRecovery ?? false,
      removalPolicy,
    };
    const newTable = props.table ? undefined : createTable(this, store);
    this.table = newTable ?? (props.table as dynamodb.ITable);
    this.keyRing = props.keyRing ?? createKeyRing(this, store);
    this.eventBus = busOf(this, props);
    if (this.eventBus && newTable) {
      addOutbox(newTable);
    }
    if (props.existingPool) {
      const { l2, l2Clients, ...pool } = existingPool(this, props.existingPool);
      this.pool = pool;
      this.userPool = l2;
      this.userPoolClients = l2Clients;
    } else {
      const session = props.sessionMode ? { life: sessionLife(props.settings?.sessionHours) } : undefined;
      const aliases = alias === 'all';
      const options = { prefix, removalPolicy, session, clients: props.clients, aliases };
      const pool = new NewPool(this, props.pool ?? {}, options);
      this.newPool = pool;
      this.pool = pool;
      this.userPool = pool.l2;
      this.userPoolClients = clientsOf(this, this.pool.clientIds);
    }
    if (props.sessionMode) {
      this.session = this.createSession(props.sessionMode === true ? {} : props.sessionMode, props.encryptionKey);
    }

    if (props.http?.cloudFront) {
      const { secrets: names = ['1'] } = props.http.cloudFront;
      this.originSecrets = names.map((name) => createOriginSecret(this, name, props.encryptionKey));
    }
    this._functions = this.createFunctions(props, prefix);
    this.functions = byPart(this._functions);
    if (this.eventBus) {
      this.sweeper = this.createSweeper(props, prefix, this.eventBus);
    }
    const sweeper = alias !== 'none' && this.sweeper ? createAlias(this, this.sweeper) : undefined;
    if (alias !== 'none') {
      this._aliases = Object.fromEntries(
        Object.entries(this._functions).map(([name, it]) => [name, createAlias(this, it)]),
      ) as Record<FunctionName, lambda.Alias>;
      this.aliases = byPart(this._aliases);
    }
    if (this._aliases && canary) {
      createCanary(this, [...Object.values(this._aliases), ...(sweeper ? [sweeper] : [])], canary);
    }
    const invoked = this._aliases ?? this._functions;
    if (this.sweeper) {
      this.schedule = schedule(this, sweeper ?? this.sweeper);
    }
    this.alias = alias === 'all' ? LIVE : undefined;
    permitTriggers(this, this.pool, this._functions, this._aliases);
    if (isClosed(props)) {
      const arns = { table: this.table.tableArn, pool: this.pool.arn };
      this.admissionPolicies = grantAdmission(this, this._functions, arns, props.admissionHook);
    }
    const { otherHolders } = props.settings ?? {};
    if (otherHolders === 'refuse' || otherHolders === 'delete') {
      const statements = [holders(otherHolders, this.pool.arn)];
      new iam.Policy(this, 'OtherHolders', { statements, roles: [this._functions['sign-in'].role as iam.IRole] });
    }
    const roles = FUNCTIONS.filter((name) => KINDS[name].sends).map((name) => this._functions[name].role as iam.IRole);
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
      this.waf = guard(this, 'Api', waf.webAcl ?? requestsPerFiveMinutes, this.graphqlApi.resource.attrArn);
    }
    const poolGuard = waf?.poolWebAcl ?? poolRequestsPerFiveMinutes;
    if (poolGuard !== undefined) {
      guard(this, 'Pool', poolGuard, this.pool.arn);
    }
    if (api !== 'appsync') {
      const webAclArn = edgeAclArn(props);
      if (waf && webAclArn === undefined) {
        this.edgeWaf = createEdgeWaf(this, requestsPerFiveMinutes);
      }
      this.httpApi = new HttpApi(this, 'Http', props.http ?? {}, {
        pool: this.pool,
        functions: invoked,
        logRetention: props.logRetention ?? logs.RetentionDays.ONE_MONTH,
        invitations: this.admissionPolicies !== undefined,
        prefix,
        originSecret: this.originSecrets.at(-1)?.secretValue.unsafeUnwrap(),
        webAclArn: webAclArn ?? this.edgeWaf?.attrArn,
        session: this.session,
      });
    }
    this._watched = {
      prefix,
      namespace: this.metricsNamespace,
      functions: this._functions,
      sweeper: this.sweeper,
      table: this.table,
      pool: this.pool,
      graphqlApi: this.graphqlApi,
      httpApi: this.httpApi,
      keysExpire: props.graphql?.keysExpire !== undefined,
      email: props.email !== undefined,
      sms: props.sms !== undefined,
    };
    this.alarms = createAlarms(this, props.alarms ?? {}, this._watched);
    if (props.dashboard ?? true) {
      this.dashboard = createDashboard(this, this._watched, Object.keys(this.alarms));
    }
    acknowledge(this);
  }

  /** Permits `latchstring invite`: to invoke the function that takes invitations. It needs a rule for new accounts. */
  grantInvite(grantee: iam.IGrantable): iam.Grant {
    return grant(grantee, inviteStatements(this));
  }

  /**
   * Permits `latchstring doctor`, which reads the deployment and the account's limits, and changes nothing. It
   * reads all accounts, the key ring, with which a principal can make valid codes, and in session mode the server
   * credential.
   */
  grantInspect(grantee: iam.IGrantable): iam.Grant {
    return grant(grantee, inspectStatements(this));
  }

  /**
   * Permits what {@link grantInspect} does, and `latchstring trace`, `unlock` and `reset-limits`. They find
   * accounts, read the functions' logs, and change counters.
   */
  grantOperate(grantee: iam.IGrantable): iam.Grant {
    return grant(grantee, [...inspectStatements(this), ...supportStatements(this), ...resetStatements(this)]);
  }

  /**
   * Permits `latchstring export` and `erase`: to read all that is stored of a person, and to delete accounts. They
   * read the key ring, so the holder can make valid codes, and delete counters, so the holder can end a limit.
   */
  grantErase(grantee: iam.IGrantable): iam.Grant {
    return grant(grantee, eraseStatements(this));
  }

  /** Permits `latchstring rotate-keys`, and so to read the key ring: with it, a principal can make valid codes. */
  grantRotateKeys(grantee: iam.IGrantable): iam.Grant {
    return grant(grantee, rotateStatements(this));
  }

  /** Returns a metric of docs/metrics.md by its name, in five minutes, without dimensions unless `props` has some. */
  metric(metricName: string, props?: cloudwatch.MetricOptions): cloudwatch.Metric {
    return new cloudwatch.Metric(metricProps(this.metricsNamespace, metricName, props));
  }

  /** Returns the number of codes that were sent, or by dimension those of a `Channel`, `email` or `sms`. */
  metricCodesSent(props?: cloudwatch.MetricOptions): cloudwatch.Metric {
    return this.metric('CodesSent', props);
  }

  /** Returns the number of right codes and proofs: a first sign-in has one of each. */
  metricVerified(props?: cloudwatch.MetricOptions): cloudwatch.Metric {
    return this.metric('Verified', props);
  }

  /** Returns the number of right codes and links, without proofs: over `metricCodesSent` the conversion. */
  metricCodesVerified(props?: cloudwatch.MetricOptions): cloudwatch.Metric {
    return this.metric('CodesVerified', props);
  }

  /** Returns the number of wrong answers. */
  metricFailed(props?: cloudwatch.MetricOptions): cloudwatch.Metric {
    return this.metric('Failed', props);
  }

  /** Returns the number of requests over a budget, or by dimension those of a `Budget`. */
  metricRefused(props?: cloudwatch.MetricOptions): cloudwatch.Metric {
    return this.metric('RefusedByBudget', props);
  }

  /** Returns the number of calls of AWS that failed, or by dimension those of a `Call`. */
  metricFaults(props?: cloudwatch.MetricOptions): cloudwatch.Metric {
    return this.metric('Faults', props);
  }

  /** Returns the number of messages that were not delivered, or by dimension those of an error's `Code`. */
  metricDeliveryErrors(props?: cloudwatch.MetricOptions): cloudwatch.Metric {
    return this.metric('DeliveryErrors', props);
  }

  /** Returns the 99th percentile of the duration of a response, in milliseconds, of a function or route. */
  metricHandlerTime(name: string, props?: cloudwatch.MetricOptions): cloudwatch.Metric {
    return this.metric('HandlerMs', { dimensionsMap: { Function: name }, ...props });
  }

  private createFunctions(props: LatchstringProps, prefix: string): Record<FunctionName, lambda.Function> {
    const arns = { table: this.table.tableArn, pool: this.pool.arn, keyRing: completeArn(this.keyRing) };
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
            signedCalls: cognitoCalls(props) === 'signed',
            sessionMode: this.session !== undefined,
          }),
          ...(this.eventBus ? eventStatements(name, arns.table, this.eventBus) : []),
          ...(this.session && RESOLVERS.includes(name) ? readSession(this.session) : []),
          ...(name === 'sign-in' && props.captcha ? [captcha(props.captcha.secretArn)] : []),
          ...decryptStore(this.table, this.keyRing, props.encryptionKey),
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
      network: props.vpc && { vpc: props.vpc, vpcSubnets: props.vpcSubnets, securityGroups: props.securityGroups },
    };
  }

  private createSweeper(props: LatchstringProps, prefix: string, bus: events.IEventBus): lambda.Function {
    const { logLevel } = props.settings ?? {};
    return createFunction(this, {
      ...this.common(SWEEPER, props, prefix),
      environment: {
        TABLE_NAME: this.table.tableName,
        USER_POOL_ID: this.pool.id,
        EVENTS: bus.eventBusArn,
        ...variables({ metricsNamespace: this.metricsNamespace, logLevel }),
      },
      statements: [
        ...sweeperStatements({ table: this.table.tableArn, pool: this.pool.arn }, bus),
        ...decryptStore(this.table, this.keyRing, props.encryptionKey),
      ],
    });
  }

  private createSession(props: SessionModeProps, encryptionKey?: kms.IKey): SessionResources {
    const [client] = Object.values(this.newPool?.clients ?? {});
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
      ...variables({ ...props.settings, metricsNamespace: this.metricsNamespace }),
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
        ? { ...sessionVariables(this.session), COGNITO_CALLS: cognitoCalls(props) }
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

function sessionVariables({ clientSecret, serverCredential, origins }: SessionResources): Record<string, string> {
  return {
    SESSION_MODE: 'on',
    CLIENT_SECRET_SECRET: clientSecret.secretArn,
    SERVER_CREDENTIAL_SECRET: serverCredential.secretArn,
    ...(origins.length > 0 ? { SESSION_ORIGINS: Fn.join(',', origins) } : {}),
  };
}

/** To read the two secrets, the client's with a key of its own where it has one. */
function readSession({ clientSecret, madeClientSecret, serverCredential }: SessionResources): iam.PolicyStatement[] {
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

/** To use the keys of the table and the key ring. Those that exist may have keys of their own. */
function decryptStore(table: dynamodb.ITable, keyRing: secrets.ISecret, key?: kms.IKey): iam.PolicyStatement[] {
  const keys = [table.encryptionKey, keyRing.encryptionKey, key].flatMap((found) => (found ? [found.keyArn] : []));
  return [...new Set(keys)].map((arn, index) => decrypt(arn, undefined, undefined, index === 0 ? 'Decrypt' : `Decrypt${index}`));
}
