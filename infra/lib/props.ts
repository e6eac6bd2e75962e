import type {
  Duration,
  RemovalPolicy,
  aws_apigatewayv2 as apigateway,
  aws_appsync as appsync,
  aws_certificatemanager as acm,
  aws_cloudwatch as cloudwatch,
  aws_cognito as cognito,
  aws_dynamodb as dynamodb,
  aws_ec2 as ec2,
  aws_events as events,
  aws_kms as kms,
  aws_lambda as lambda,
  aws_logs as logs,
  aws_secretsmanager as secrets,
  aws_wafv2 as wafv2,
} from 'aws-cdk-lib';
import type { Packages } from './code';
import type { Settings } from './settings';

/** Mail, by Amazon SES. */
export interface EmailProps {
  /** The address that codes come from. It, or its domain, must be a verified identity of SES in this Region. */
  readonly fromAddress: string;
  /**
   * The name beside it.
   * @default no name
   */
  readonly fromName?: string;
  /**
   * The address that replies go to.
   * @default replies go to the sender
   */
  readonly replyTo?: string;
  /**
   * The configuration set to send with, which says where bounces and complaints are reported.
   * @default none
   */
  readonly configurationSet?: string;
  /**
   * The identities that may be sent from.
   * @default the address and its domain, in this account and Region
   */
  readonly identityArns?: string[];
  /**
   * True if the account is in SES's sandbox, which also requires the permission to send to a verified
   * recipient. Still only `fromAddress` may be sent from.
   * @default false
   */
  readonly inSandbox?: boolean;
}

/** The events of accounts. */
export interface EventsProps {
  /**
   * The bus. Its own policy must permit the functions, if it is another account's.
   * @default the account's own
   */
  readonly bus?: events.IEventBus;
}

/** SMS, by Amazon SNS. */
export interface SmsProps {
  /**
   * The countries that may be sent to, as ISO 3166 codes such as `DE`, or with what an SMS costs there
   * in US dollars, `DE:0.09`. Every country has rules of its own; begin with yours.
   */
  readonly countries: string[];
  /**
   * The sender that phones show, 3 to 11 letters and digits, where a country allows it.
   * @default the account's
   */
  readonly senderId?: string;
  /**
   * The number to send from, 5 to 15 digits. Some countries demand one that is registered.
   * @default SNS picks one
   */
  readonly originationNumber?: string;
  /**
   * The sender's entity id in India's DLT register, 1 to 50 letters, digits, - and _.
   * @default none
   */
  readonly entityId?: string;
  /**
   * The template ids of the messages in that register.
   * @default none
   */
  readonly templateIds?: TemplateIds;
  /**
   * The web domain that the code is for, up to 40 characters: phones then offer it on that site only.
   * @default no such line
   */
  readonly domain?: string;
  /**
   * The Android app's hash, 11 characters, for the SMS Retriever.
   * @default none
   */
  readonly androidHash?: string;
}

/** The ids that India's DLT register gave the texts, one a kind of message. */
export interface TemplateIds {
  /** Of the code to sign in. */
  readonly signInCode?: string;
  /** Of the code to confirm a new number. */
  readonly confirmationCode?: string;
  /** Of the notice to a number that was replaced. */
  readonly contactReplaced?: string;
  /** Of the notice to a number that an address was added beside. */
  readonly contactAdded?: string;
  /** That of the notice to a contact when the change of the other one was undone. */
  readonly changeUndone?: string;
}

/** Cloudflare Turnstile: required of a caller while its source, or the deployment, exceeds a budget. */
export interface CaptchaProps {
  /** The widget's site key, which clients show it with. It is among the outputs, and no secret. */
  readonly siteKey: string;
  /** The ARN of a secret in Secrets Manager that holds the widget's secret key, as a plain text. */
  readonly secretArn: string;
  /** The host names that the widget may be solved on. */
  readonly hostnames: string[];
}

/** A pool that exists already. Its triggers are set by `latchstring attach`, see docs/existing-pools.md. */
export interface ExistingPool {
  /**
   * The pool. docs/pools.md says which pools can be served. Exactly one of this and `userPoolId` must be set.
   * @default the pool of `userPoolId`
   */
  readonly userPool?: cognito.IUserPool;
  /**
   * The pool's id.
   * @default that of `userPool`
   */
  readonly userPoolId?: string;
  /**
   * The app clients to serve. Sign-in opens its sessions for the first. Exactly one of this and `clientIds`
   * must be set.
   * @default the clients of `clientIds`
   */
  readonly userPoolClients?: cognito.IUserPoolClient[];
  /**
   * The ids of the app clients to serve.
   * @default those of `userPoolClients`
   */
  readonly clientIds?: string[];
  /**
   * True if the first client has PreventUserExistenceErrors LEGACY and must keep it. SECURITY.md says
   * what that reveals.
   * @default false
   */
  readonly legacy?: boolean;
}

/** The pool that is made. */
export interface PoolProps {
  /**
   * Its name.
   * @default named by CloudFormation
   */
  readonly name?: string;
  /**
   * The app clients, by name. Sign-in opens its sessions for the one that a request names, else for the
   * first. `clients` gives one settings of its own.
   * Removing one signs out every user who signed in with it. With the default removal policy the client
   * itself stays in the pool, where the triggers refuse it; delete it there.
   * @default ['app']
   */
  readonly clients?: string[];
  /**
   * The attributes that a signed-in user's own token may write, besides those of signUp. Never a contact.
   * @default ['given_name', 'family_name', 'locale']
   */
  readonly writeAttributes?: string[];
  /**
   * The lifetime of an access token, 5 minutes to a day.
   * @default Duration.hours(1)
   */
  readonly accessTokenLife?: Duration;
  /**
   * The lifetime of an ID token, 5 minutes to a day.
   * @default Duration.hours(1)
   */
  readonly idTokenLife?: Duration;
  /**
   * The lifetime of a refresh token, which ends the sign-in, an hour to ten years.
   * @default Duration.days(30), in session mode `settings.sessionHours`
   */
  readonly refreshTokenLife?: Duration;
  /**
   * True if a refresh token is replaced each time it is used. Clients then need
   * GetTokensFromRefreshToken, which older SDKs lack: ALLOW_REFRESH_TOKEN_AUTH is off.
   * @default false, in session mode true
   */
  readonly rotateRefreshTokens?: boolean;
  /**
   * Cognito's feature plan, which is what it costs: LITE, ESSENTIALS or PLUS.
   * @default Cognito's own, ESSENTIALS
   */
  readonly tier?: 'LITE' | 'ESSENTIALS' | 'PLUS';
  /**
   * Threat protection, also of custom authentication: AUDIT records the risk of a sign-in, ENFORCED may
   * refuse one. It needs `tier: 'PLUS'`, and calls that show it the client's address: signed ones, by HTTP or
   * with `settings.source`.
   * @default none
   */
  readonly threatProtection?: 'AUDIT' | 'ENFORCED';
  /**
   * True if the pool refuses to be deleted until this is set to false.
   * @default true
   */
  readonly deletionProtection?: boolean;
  /**
   * Other triggers of the pool. Those of custom authentication are Latchstring's.
   * @default none
   */
  readonly triggers?: PoolTriggers;
  /**
   * Custom attributes, by their names without `custom:`, at most 50. Cognito adds one to a pool that exists, and
   * never changes or removes one. A token writes one only if `writeAttributes` names it.
   * @default none
   */
  readonly customAttributes?: { readonly [name: string]: cognito.ICustomAttribute };
  /**
   * The attributes that a signed-in user's own token may read, such as `email` and `custom:team`. One that is
   * missing is in no ID token.
   * @default all standard attributes
   */
  readonly readAttributes?: string[];
  /**
   * The domain of managed login and of the OAuth endpoints. `userPool.addDomain` does the same later.
   * @default none
   */
  readonly domain?: cognito.UserPoolDomainOptions;
  /**
   * OAuth of the app clients, by managed login or an identity provider. Such a sign-in passes every budget of
   * Latchstring: synthesis warns, and the doctor reports `client.oauth`. Prefer a client of its own,
   * `userPool.addClient`, which Latchstring does not serve.
   * @default none: the clients sign in by codes alone
   */
  readonly oAuth?: cognito.OAuthSettings;
  /**
   * The names of the identity providers of the app clients, for `oAuth`. A provider must be deployed before a
   * client that names it: `userPoolClients[0].node.addDependency(provider)`.
   * @default ['COGNITO']
   */
  readonly identityProviders?: string[];
}

/**
 * Triggers of the pool besides those of custom authentication. The pool may invoke each. A function that refers
 * to the pool, by a variable for instance, makes a cycle: it takes the pool's id from its event. Each takes time
 * of a sign-in or may refuse one. There is none to migrate users: AWS documents it at a sign-in with a password
 * only. docs/pools.md says what is known of each.
 */
export interface PoolTriggers {
  /**
   * Before an account is created. An error that it throws is `NotAdmitted` to the user.
   * @default none
   */
  readonly preSignUp?: lambda.IFunction;
  /**
   * After an account was confirmed. Reports say that Cognito does not invoke it for an account that sign-in
   * creates: use `events`.
   * @default none
   */
  readonly postConfirmation?: lambda.IFunction;
  /**
   * Before a sign-in. It runs for users that do not exist too, and must treat them alike.
   * @default none
   */
  readonly preAuthentication?: lambda.IFunction;
  /**
   * After a sign-in.
   * @default none
   */
  readonly postAuthentication?: lambda.IFunction;
  /**
   * Before tokens are issued, to change their claims.
   * @default none
   */
  readonly preTokenGeneration?: lambda.IFunction;
  /**
   * The version of the event of `preTokenGeneration`. Later ones than the first need the plan ESSENTIALS or PLUS.
   * @default LambdaVersion.V1_0
   */
  readonly preTokenGenerationVersion?: cognito.LambdaVersion;
  /**
   * Before a message of Cognito's own. Latchstring has Cognito send none.
   * @default none
   */
  readonly customMessage?: lambda.IFunction;
}

/**
 * What differs at one app client. What is missing is the deployment's. An account belongs to the pool: one
 * that was made at one client signs in at each.
 */
export interface ClientProps {
  /**
   * The app's name, in messages, 1 to 30 characters.
   * @default `settings.appName`
   */
  readonly appName?: string;
  /**
   * The language of a message if neither the request nor the account names one.
   * @default `settings.defaultLocale`
   */
  readonly defaultLocale?: string;
  /**
   * The contact that a notice names.
   * @default `settings.supportContact`
   */
  readonly supportContact?: string;
  /**
   * The page that the link of a mail opens.
   * @default `settings.linkUrl`
   */
  readonly linkUrl?: string;
  /**
   * The sender of mail. Its identity must be verified in SES, like that of the deployment's.
   * @default `email` of the deployment
   */
  readonly email?: ClientEmailProps;
  /**
   * The sender that phones show, 3 to 11 letters and digits.
   * @default `sms.senderId`
   */
  readonly smsSenderId?: string;
  /**
   * The domain of the last line of a texted code.
   * @default `sms.domain`
   */
  readonly smsDomain?: string;
  /**
   * The Android app's hash, for the SMS Retriever.
   * @default `sms.androidHash`
   */
  readonly smsAndroidHash?: string;
  /**
   * The kinds of identifiers that this client takes.
   * @default each that the deployment sends codes by
   */
  readonly methods?: ('email' | 'phone_number')[];
  /**
   * The rule for new accounts at this client. With `domains` also the next two.
   * @default `settings.admission`, with its domains
   */
  readonly admission?: 'open' | 'domains' | 'invited' | 'hook';
  /**
   * The domains that are admitted: `example.com`, or `*.example.com` for those below it.
   * @default none
   */
  readonly admittedDomains?: string[];
  /**
   * The domains that are refused, in the same form.
   * @default none
   */
  readonly refusedDomains?: string[];
  /**
   * The tenant of the file `messages` whose texts this client's messages have.
   * @default the tenant `default`, if the file has it
   */
  readonly messages?: string;
  /**
   * The lifetime of an access token, 5 minutes to a day. Not with `existingPool`.
   * @default `pool.accessTokenLife`
   */
  readonly accessTokenLife?: Duration;
  /**
   * The lifetime of an ID token, 5 minutes to a day. Not with `existingPool`.
   * @default `pool.idTokenLife`
   */
  readonly idTokenLife?: Duration;
  /**
   * The lifetime of a refresh token, an hour to ten years. Not with `existingPool`.
   * @default `pool.refreshTokenLife`
   */
  readonly refreshTokenLife?: Duration;
  /**
   * True if a refresh token is replaced each time it is used. Not with `existingPool`.
   * @default `pool.rotateRefreshTokens`
   */
  readonly rotateRefreshTokens?: boolean;
}

/** The sender of one client's mail. */
export interface ClientEmailProps {
  /** The address. It, or its domain, must be a verified identity of SES in this Region. */
  readonly fromAddress: string;
  /**
   * The name beside it.
   * @default no name
   */
  readonly fromName?: string;
  /**
   * The address that replies go to.
   * @default `email.replyTo`
   */
  readonly replyTo?: string;
  /**
   * The configuration set to send with.
   * @default `email.configurationSet`
   */
  readonly configurationSet?: string;
  /**
   * The identities that may be sent from.
   * @default the address and its domain, in this account and Region
   */
  readonly identityArns?: string[];
}

/** The GraphQL API, on AppSync. */
export interface GraphqlProps {
  /**
   * An API that exists, instead of a new one: it gets the data sources and resolvers of this package's
   * `schema.graphql`, which its own schema must contain. It must take the tokens of the pool and, for the
   * public fields, an API key. Its keys, log, limits and web ACL are its own.
   * @default an API is made
   */
  readonly existing?: appsync.IGraphqlApi;
  /**
   * The API keys of the public fields, by names of your choice. To rotate one, add another, move the
   * clients, remove the first. A key identifies an app. It is not a secret: it is in every client.
   * @default ['1']
   */
  readonly keys?: string[];
  /**
   * The expiry of the keys: a day such as `2027-06-01`, at whose beginning (UTC) they expire, or seconds
   * since 1970; at most 365 days ahead. It must be set: a default would depend on the day of the
   * synthesis. To renew the keys, set a later one and deploy. Of an API that exists it only serves the
   * metric and the alarm.
   * @default none for an API that exists
   */
  readonly keysExpire?: number | string;
  /**
   * True if clients may query the schema.
   * @default false
   */
  readonly introspection?: boolean;
  /**
   * The greatest depth of a query, 1 to 75.
   * @default 4
   */
  readonly queryDepthLimit?: number;
  /**
   * The largest number of fields that a request may call, 1 to 10000. With more than one, a
   * request may run a mutation several times under other names, past the web ACL, which counts requests.
   * @default 1
   */
  readonly resolverCountLimit?: number;
  /**
   * The level of AppSync's own log of each field. Never the verbose content, which holds tickets.
   * @default 'NONE'
   */
  readonly fieldLog?: 'NONE' | 'ERROR' | 'ALL';
}

/** The HTTP API, on API Gateway. docs/apis.md says how to choose between the two APIs. */
export interface HttpProps {
  /**
   * An API that exists, instead of a new one: it gets the routes below `/v1`, their integrations and an
   * authorizer. Its stages, log, limits, domains and CORS are its own.
   * @default an API is made
   */
  readonly existing?: apigateway.IHttpApi;
  /**
   * The origins of web pages that may call the API, such as `https://app.example.com`. Apps that are no
   * web pages need none. In session mode they are `sessionMode.origins` instead.
   * @default none: no page of another origin
   */
  readonly allowOrigins?: string[];
  /**
   * Requests a second of all callers together, 1 to 10000, above which API Gateway answers 429. An
   * attacker can spend it for all users, so it is no limit of one caller: `waf` is.
   * @default 1000
   */
  readonly requestsPerSecond?: number;
  /**
   * Requests at one moment, 1 to 5000.
   * @default as many as in a second
   */
  readonly requestBurst?: number;
  /**
   * True if a line of the access log has the caller's address. Without it, no line has an identifier.
   * @default false
   */
  readonly logSourceIp?: boolean;
  /**
   * A domain of your own. The output `HttpDomainTarget` is the name that its DNS record leads to.
   * @default the domain of API Gateway, or of CloudFront
   */
  readonly domain?: DomainProps;
  /**
   * A CloudFront distribution in front of the API. An HTTP API takes no web ACL, a distribution does. The
   * functions refuse requests that do not come through it.
   * @default none
   */
  readonly cloudFront?: CloudFrontProps;
}

/** A domain of the HTTP API. */
export interface DomainProps {
  /** Its name, such as `auth.example.com`. */
  readonly name: string;
  /** Its certificate: of this Region, or with `cloudFront` of us-east-1. */
  readonly certificate: acm.ICertificate;
  /**
   * The path before `/v1`, without slashes at its ends. Not with `cloudFront`.
   * @default none
   */
  readonly basePath?: string;
}

/** A CloudFront distribution. */
export interface CloudFrontProps {
  /**
   * The ARN of its web ACL, which must be in us-east-1: {@link EdgeWaf} makes one.
   * @default one is made if `waf` is set and the stack is in us-east-1
   */
  readonly webAclArn?: string;
  /**
   * The same web ACL, where it is a construct of this app and Region.
   * @default that of `webAclArn`
   */
  readonly webAcl?: wafv2.IWebACLRef;
  /**
   * The secrets by which the functions know the distribution, one or two, by names of your choice. The
   * functions accept both, the distribution sends the last. To replace one, add another, deploy, remove
   * the first, deploy again.
   * @default ['1']
   */
  readonly secrets?: string[];
}

/** Session mode. Its lifetimes are `settings.sessionIdleMinutes` and `settings.sessionHours`. */
export interface SessionModeProps {
  /**
   * The origins of web pages, beside the API's own, that may call the API with the cookie, such as
   * `https://app.example.com`. Browsers send the cookie only to the API's own site: the API needs a domain
   * of that site. Pages whose own server calls the API need none.
   * @default none
   */
  readonly origins?: string[];
  /**
   * The secret of the app client of `existingPool`, as a plain text. A new pool's client has one of its own.
   * @default none
   */
  readonly clientSecret?: secrets.ISecret;
}

/** A web ACL in front of the API and of the pool's own endpoint. */
export interface WafProps {
  /**
   * Requests to the API that one address may make in five minutes, 10 to 2000000000, before it is
   * refused. Many users may share an address.
   * @default 300
   */
  readonly requestsPerFiveMinutes?: number;
  /**
   * The limit of one address for the user pool, by a web ACL of its own, 10 to 2000000000. It needs
   * `settings.cognitoCalls: 'signed'`: public calls come from a few addresses of AWS, which such a rule counts
   * like any client, so that a stranger could use up the limit of all users.
   * @default the pool has no web ACL
   */
  readonly poolRequestsPerFiveMinutes?: number;
  /**
   * A web ACL that exists, of this Region, for the GraphQL API instead of a new one.
   * @default one is made
   */
  readonly webAcl?: wafv2.IWebACLRef;
  /**
   * A web ACL that exists, of this Region, for the user pool. See `poolRequestsPerFiveMinutes` for what it must let pass.
   * @default one is made if `poolRequestsPerFiveMinutes` is set
   */
  readonly poolWebAcl?: wafv2.IWebACLRef;
}

/** The thresholds and actions of the alarms. */
export interface AlarmProps {
  /**
   * The receivers of alarms, such as `new SnsAction(topic)` of `aws_cloudwatch_actions`. A `LambdaAction` needs
   * `useUniquePermissionId`, since there are several alarms.
   * @default no notification; the alarms still show in CloudWatch
   */
  readonly actions?: cloudwatch.IAlarmAction[];
  /**
   * The receivers when an alarm ends.
   * @default those of `actions`
   */
  readonly okActions?: cloudwatch.IAlarmAction[];
  /**
   * The codes that are sent in the busiest hour of a usual week. The least volumes of `refused`, `wrong-answers`,
   * `conversion`, `api-refusals` and `http-refusals`, and the threshold of `sms-rate`, follow from it. From 1.
   * @default 100
   */
  readonly codesPerHour?: number;
  /**
   * Codes sent by SMS in an hour that are too many.
   * @default twice `codesPerHour`
   */
  readonly smsPerHour?: number;
  /**
   * The days without a rotation of the key ring above which `key-age` is on. From 1.
   * @default 400
   */
  readonly keyAgeDays?: number;
  /**
   * The threshold of the month's cost of SMS, in US dollars. SNS reports it where its delivery costs are on.
   * @default 10
   */
  readonly smsSpend?: number;
}

/** The way in which a new version of the functions takes over. docs/upgrading.md describes it. */
export interface DeploymentProps {
  /**
   * The callers of the functions that invoke their alias `live`: `all`; `apis`, which are all but the pool; or
   * `none`, and there is no alias. A deployment without aliases is deployed with `apis` once before `all`.
   * @default 'all'
   */
  readonly alias?: 'all' | 'apis' | 'none';
  /**
   * Has CodeDeploy move a share of the invocations first, after each new version has examined itself.
   * @default none: all at once
   */
  readonly canary?: CanaryProps;
}

/** The steps of CodeDeploy. */
export interface CanaryProps {
  /**
   * The first share of the invocations, 1 to 99 percent.
   * @default 10
   */
  readonly percent?: number;
  /**
   * The minutes until the rest follows, 1 to 60, if no function failed.
   * @default 10
   */
  readonly minutes?: number;
}

/** The function that admits or refuses a new account: a `lambda.IFunction`, or what names one. */
export interface AdmissionHook {
  /** The ARN of the function, or of a version or alias of it. */
  readonly functionArn: string;
}

/** The properties of a deployment. */
export interface LatchstringProps {
  /**
   * The delivery of codes by mail. At least one of this and `sms` must be set.
   * @default no mail: sign-in by phone only
   */
  readonly email?: EmailProps;
  /**
   * The delivery of codes by SMS.
   * @default no SMS: sign-in by email only
   */
  readonly sms?: SmsProps;
  /**
   * A CAPTCHA where a budget requires one, see docs/captcha.md.
   * @default none: what is over such a budget is refused
   */
  readonly captcha?: CaptchaProps;
  /**
   * The settings of the functions. The rule for new accounts is `admission`, with `admittedDomains`,
   * `refusedDomains`, `invitersGroup`, `invitersMayGive` and `invitersMaySet`.
   * @default their own defaults
   */
  readonly settings?: Settings;
  /**
   * The function that admits or refuses a new account. It is the rule then: `settings.admission` is `hook`.
   * Only sign-in may invoke it, and needs no answer later than 1 s. docs/admission.md has its event and answer.
   * @default none
   */
  readonly admissionHook?: AdmissionHook;
  /**
   * Publishes events of accounts on a bus of EventBridge: the account's own if this is true. It adds an index to
   * the table and a function that sweeps the outbox each minute. docs/events.md describes the events.
   * @default none
   */
  readonly events?: boolean | EventsProps;
  /**
   * The pool that is made.
   * @default a pool with the defaults of its properties
   */
  readonly pool?: PoolProps;
  /**
   * A pool to serve instead of a new one.
   * @default a pool is made
   */
  readonly existingPool?: ExistingPool;
  /**
   * What differs at single app clients: by the names of `pool.clients`, or the ids of
   * `existingPool.clientIds`.
   * @default nothing: all have the deployment's settings
   */
  readonly clients?: { readonly [client: string]: ClientProps };
  /**
   * A file of texts, JSON by tenant, language, kind and part of a message, which replace the built-in
   * ones. docs/messages.md describes it. It is deployed as a layer of the functions that send.
   * @default the built-in texts
   */
  readonly messages?: string;
  /**
   * The APIs by which clients reach sign-in and sign-up: GraphQL on AppSync, HTTP on API Gateway, or both.
   * @default 'appsync'
   */
  readonly api?: 'appsync' | 'http' | 'both';
  /**
   * The GraphQL API, where there is one. `keysExpire` must be set, or `existing`.
   * @default the defaults of its properties
   */
  readonly graphql?: GraphqlProps;
  /**
   * The HTTP API, where there is one.
   * @default the defaults of its properties
   */
  readonly http?: HttpProps;
  /**
   * Session mode: tokens stay on the server, and a browser has a cookie. The app client has a secret, and
   * `api` must be `http`. A pool cannot be moved into it: a client without a secret never gets one.
   * @default false: clients have tokens
   */
  readonly sessionMode?: boolean | SessionModeProps;
  /**
   * A web ACL that refuses addresses with too many requests. It costs a few dollars a month. The HTTP API
   * needs `http.cloudFront` for it.
   * @default none
   */
  readonly waf?: WafProps;
  /**
   * The thresholds of the alarms, and the ARNs that they notify.
   * @default the defaults of its properties
   */
  readonly alarms?: AlarmProps;
  /**
   * Whether a dashboard of CloudWatch shows the sign-ins and the alarms. An account has three without charge; each
   * further one costs 3 US dollars a month.
   * @default true
   */
  readonly dashboard?: boolean;
  /**
   * The source of the functions' zips.
   * @default Packages.released, those that a release of this package brings
   */
  readonly packages?: Packages;
  /**
   * The processors that the zips are built for.
   * @default Architecture.ARM_64
   */
  readonly architecture?: lambda.Architecture;
  /**
   * The way in which a new version of the functions takes over.
   * @default the alias `live` moves to it at once
   */
  readonly deployment?: DeploymentProps;
  /**
   * The prefix of the functions' names, 1 to 33 letters, digits, - and _; unique in the account and Region. The
   * length of a token is not checked.
   * @default the stack's name, shortened with a digest if it is longer
   */
  readonly functionPrefix?: string;
  /**
   * Megabytes of memory, and with it processor time, of each function.
   * @default 512
   */
  readonly memory?: number;
  /**
   * The number of instances of a function that may run at once, by its name, such as `sign-in`.
   * @default what the account has left
   */
  readonly reservedConcurrency?: { readonly [name: string]: number };
  /**
   * The retention of logs.
   * @default RetentionDays.ONE_MONTH
   */
  readonly logRetention?: logs.RetentionDays;
  /**
   * True if the table can be restored to any second of the last 35 days. Its items are of use for
   * hours at most.
   * @default false
   */
  readonly pointInTimeRecovery?: boolean;
  /**
   * The network of the functions. They call DynamoDB, Secrets Manager, Cognito and, to deliver, SES, SNS and
   * EventBridge: its subnets need endpoints for these or a route to the internet. Without `settings.cognitoCalls`
   * `signed`, calls of Cognito need such a route.
   * @default the functions are in no network of yours
   */
  readonly vpc?: ec2.IVpc;
  /**
   * The subnets of `vpc` that the functions are in.
   * @default the private subnets with a route to the internet, as for a Lambda function
   */
  readonly vpcSubnets?: ec2.SubnetSelection;
  /**
   * The security groups of the functions in `vpc`.
   * @default one of each function, which permits outbound traffic
   */
  readonly securityGroups?: ec2.ISecurityGroup[];
  /**
   * A table that exists instead of a new one, such as that of a stack that was deleted. Its partition key is `pk`,
   * a string, without a sort key; its TTL attribute is `ttl`. With `events` it needs the index `outbox`:
   * partition key `outbox`, a string, sort key `due`, a number, with all attributes. No other deployment may use it.
   * What is known of the table at synthesis is checked.
   * @default a table is made
   */
  readonly table?: dynamodb.ITable;
  /**
   * A key ring that exists instead of a new one. docs/keys.md describes its form. With another key ring, every
   * flow under way ends and every known device is forgotten.
   * @default a key ring is made
   */
  readonly keyRing?: secrets.ISecret;
  /**
   * A key of your own for the table and the secret.
   * @default keys of AWS
   */
  readonly encryptionKey?: kms.IKey;
  /**
   * The treatment of the pool, the table and the secret when they leave the stack.
   * @default RemovalPolicy.RETAIN_ON_UPDATE_OR_DELETE
   */
  readonly removalPolicy?: RemovalPolicy;
}
