import type {
  Duration,
  RemovalPolicy,
  aws_kms as kms,
  aws_lambda as lambda,
  aws_logs as logs,
} from 'aws-cdk-lib';
import type { Packages } from './code';
import type { FunctionName } from './functions';
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
   * Whether SES still has the account in its sandbox, where the right to send to a verified recipient
   * is asked for as well. Still only `fromAddress` may be sent from.
   * @default false
   */
  readonly inSandbox?: boolean;
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
}

/** Cloudflare Turnstile: solved by whoever asks while their source, or the deployment, is over a budget. */
export interface CaptchaProps {
  /** The widget's site key, which clients show it with. It is among the outputs, and no secret. */
  readonly siteKey: string;
  /** The ARN of a secret in Secrets Manager that holds the widget's secret key, as a plain text. */
  readonly secretArn: string;
  /** The host names that the widget may be solved on. */
  readonly hostnames: string[];
}

/** A pool that exists already. Its triggers are set by `infra/attach`, see docs/operations.md. */
export interface ExistingPool {
  /** The pool's id. It must be an alias pool. */
  readonly userPoolId: string;
  /** The app clients to serve. Sign-in opens its sessions for the first. */
  readonly clientIds: string[];
  /**
   * Whether the first client has PreventUserExistenceErrors LEGACY and must keep it. SECURITY.md says
   * what that gives away.
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
   * The app clients, by name; all have the same settings. Sign-in opens its sessions for the first.
   * Removing one signs out everybody who came by it.
   * @default ['app']
   */
  readonly clients?: string[];
  /**
   * What a signed-in person's own token may write, besides what signUp writes. Never a contact.
   * @default ['given_name', 'family_name', 'locale']
   */
  readonly writeAttributes?: string[];
  /**
   * How long an access token is good, 5 minutes to a day.
   * @default Duration.hours(1)
   */
  readonly accessTokenLife?: Duration;
  /**
   * How long an ID token is good, 5 minutes to a day.
   * @default Duration.hours(1)
   */
  readonly idTokenLife?: Duration;
  /**
   * How long somebody stays signed in, an hour to ten years.
   * @default Duration.days(30)
   */
  readonly refreshTokenLife?: Duration;
  /**
   * Whether a refresh token is replaced each time it is used. Clients then need
   * GetTokensFromRefreshToken, which older SDKs lack: ALLOW_REFRESH_TOKEN_AUTH is off.
   * @default false
   */
  readonly rotateRefreshTokens?: boolean;
  /**
   * Cognito's feature plan, which is what it costs: LITE, ESSENTIALS or PLUS.
   * @default Cognito's own, ESSENTIALS
   */
  readonly tier?: 'LITE' | 'ESSENTIALS' | 'PLUS';
  /**
   * Whether the pool refuses to be deleted until this is taken back.
   * @default true
   */
  readonly deletionProtection?: boolean;
}

/** The GraphQL API. */
export interface ApiProps {
  /**
   * The API keys of the public fields, by names of your choice. To rotate one, add another, move the
   * clients, remove the first. A key tells apps apart, not friend from foe: it is in every client.
   * @default ['1']
   */
  readonly keys?: string[];
  /**
   * When the keys expire, in seconds since 1970, at most 365 days ahead. A deployment renews them.
   * @default the first of the month eleven months from now
   */
  readonly keysExpire?: number;
  /**
   * Whether the schema may be asked for.
   * @default false
   */
  readonly introspection?: boolean;
  /**
   * How deep a query may be, 1 to 75.
   * @default 4
   */
  readonly queryDepthLimit?: number;
  /**
   * How many fields a request may call, 1 to 10000. With more than one, a request may run a mutation
   * several times under other names, past the web ACL, which counts requests.
   * @default 1
   */
  readonly resolverCountLimit?: number;
  /**
   * What AppSync itself logs of each field. Never the verbose content, which holds tickets.
   * @default 'NONE'
   */
  readonly fieldLog?: 'NONE' | 'ERROR' | 'ALL';
}

/** A web ACL in front of the API and of the pool's own endpoint. */
export interface WafProps {
  /**
   * Requests to the API that one address may make in five minutes, 10 to 2000000000, before it is
   * refused. Many people may share an address.
   * @default 300
   */
  readonly requestsPerFiveMinutes?: number;
  /**
   * The same for the user pool, by a web ACL of its own, 10 to 2000000000. The resolvers call the
   * pool from a few addresses of AWS, which such a rule counts like any client: a limit that all
   * sign-ins together reach stops sign-in for everybody. Set it above them, or not at all.
   * @default the pool has no web ACL
   */
  readonly poolRequestsPerFiveMinutes?: number;
}

/** What the alarms compare with. */
export interface AlarmProps {
  /**
   * ARNs that are told, of SNS topics for instance.
   * @default nobody is told; the alarms still show in CloudWatch
   */
  readonly actions?: string[];
  /**
   * Codes sent by SMS in an hour that are too many.
   * @default 200
   */
  readonly smsPerHour?: number;
  /**
   * What the month's SMS may have cost, in US dollars. SNS reports it where its delivery costs are on.
   * @default 10
   */
  readonly smsSpend?: number;
}

/** What a deployment can be told. */
export interface LatchstringProps {
  /**
   * How codes are mailed. At least one of this and `sms` must be set.
   * @default no mail: sign-in by phone only
   */
  readonly email?: EmailProps;
  /**
   * How codes are texted.
   * @default no SMS: sign-in by email only
   */
  readonly sms?: SmsProps;
  /**
   * A captcha where a budget asks for one, see docs/captcha.md.
   * @default none: what is over such a budget is refused
   */
  readonly captcha?: CaptchaProps;
  /**
   * What the functions are told to do.
   * @default their own defaults
   */
  readonly settings?: Settings;
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
   * The GraphQL API.
   * @default the defaults of its properties
   */
  readonly api?: ApiProps;
  /**
   * A web ACL that refuses addresses with too many requests. It costs a few dollars a month.
   * @default none
   */
  readonly waf?: WafProps;
  /**
   * What the alarms compare with, and whom they tell.
   * @default the defaults of its properties
   */
  readonly alarms?: AlarmProps;
  /**
   * Where the functions' zips are.
   * @default Packages.folder('../target/package/<architecture>'), from this package's own folder
   */
  readonly packages?: Packages;
  /**
   * The processors that the zips are built for.
   * @default Architecture.ARM_64
   */
  readonly architecture?: lambda.Architecture;
  /**
   * What the functions' names begin with, at most 33 characters; unique in the account and Region.
   * @default the stack's name
   */
  readonly functionPrefix?: string;
  /**
   * Megabytes of memory, and with it processor time, of each function.
   * @default 512
   */
  readonly memory?: number;
  /**
   * How many of a function may run at once.
   * @default what the account has left
   */
  readonly reservedConcurrency?: { readonly [Name in FunctionName]?: number };
  /**
   * How long logs are kept.
   * @default RetentionDays.ONE_MONTH
   */
  readonly logRetention?: logs.RetentionDays;
  /**
   * Whether the table can be put back to any second of the last 35 days. What it holds is of use for
   * hours at most.
   * @default false
   */
  readonly pointInTimeRecovery?: boolean;
  /**
   * A key of your own for the table and the secret.
   * @default keys of AWS
   */
  readonly encryptionKey?: kms.IKey;
  /**
   * What becomes of the pool, the table and the secret when they leave the stack.
   * @default RemovalPolicy.RETAIN_ON_UPDATE_OR_DELETE
   */
  readonly removalPolicy?: RemovalPolicy;
}
