import {
  Aws,
  BootstraplessSynthesizer,
  CfnCondition,
  CfnParameter,
  type CfnParameterProps,
  CfnResource,
  CfnRule,
  Fn,
  Stack,
  type aws_events as events,
  aws_iam as iam,
  aws_lambda as lambda,
  aws_secretsmanager as secrets,
  Tokenization,
  type CfnElement,
  type ICfnRuleConditionExpression,
} from 'aws-cdk-lib';
import type { Construct } from 'constructs';
import { notify } from './alarms';
import { Packages } from './code';
import { createDashboard } from './dashboard';
import { FUNCTIONS, KINDS, SWEEPER, type FunctionName } from './functions';
import { Latchstring } from './latchstring';
import type { LatchstringProps } from './props';
import { HOLDER_RIGHTS, SIGNED_CALLS, captcha, holders, identities, ses } from './rights';
import { RULES, type Settings } from './settings';
import { outputs } from './stack';

/** The template. */
export interface StandaloneProps {
  /** The processors that the zips are built for. */
  readonly architecture: lambda.Architecture;
  /** True if the template serves an existing pool. */
  readonly existingPool: boolean;
  /**
   * True if it is for session mode, by the HTTP API alone. No parameter chooses it: the app client of a
   * stack would be replaced, and every user signed out.
   * @default false
   */
  readonly sessionMode?: boolean;
}

/** The functions behind the APIs. */
const RESOLVERS: readonly FunctionName[] = ['sign-in', 'sign-up'];

/** The settings whose parameters are made on their own: with patterns, or because they decide permissions. */
const OWN: readonly (keyof Settings)[] = [
  'admission',
  'admittedDomains',
  'appName',
  'invitersGroup',
  'invitersMayGive',
  'invitersMaySet',
  'linkUrl',
  'otherHolders',
  'refusedDomains',
  'smsCountries',
  'supportContact',
  'usernameAttributes',
];

/** Makes a parameter of the template with this id and description, and returns its value. */
type Text = (id: string, description: string, more?: Partial<CfnParameterProps>) => string;

/** The APIs of a template. */
interface Doors {
  /** Their properties. */
  readonly props: Pick<LatchstringProps, 'api' | 'graphql' | 'http' | 'sessionMode'>;
  /** Makes the conditions, rules and outputs, once the resources are there. */
  readonly finish: () => void;
}

/**
 * The stack as a template for those without CDK: what a team sets are parameters, the zips lie in a
 * bucket, and the account needs no CDK bootstrap.
 */
export class StandaloneStack extends Stack {
  /** The construct. */
  readonly latchstring: Latchstring;

  constructor(scope: Construct, id: string, props: StandaloneProps) {
    super(scope, id, {
      description: 'Latchstring: passwordless sign-in on Amazon Cognito',
      synthesizer: new BootstraplessSynthesizer(),
    });
    const text: Text = (id, description, more = {}) =>
      new CfnParameter(this, id, { description, ...more }).valueAsString;
    const optional = (id: string, description: string, allowedPattern?: string) =>
      text(id, `${description} May be empty.`, { default: '', allowedPattern });
    const equals = (id: string, value: string, other: string) =>
      new CfnCondition(this, id, { expression: Fn.conditionEquals(value, other) });
    const given = (id: string, value: string) =>
      new CfnCondition(this, id, { expression: Fn.conditionNot(Fn.conditionEquals(value, '')) });
    const either = (condition: CfnCondition, yes: string, no: string = Aws.NO_VALUE) =>
      Fn.conditionIf(condition.logicalId, yes, no).toString();

    const packages = Packages.bucket(
      text('Bucket', "The bucket in this Region that holds the functions' zips."),
      text('Prefix', 'What the zips in the bucket begin with, a slash at the end; new for each version.', {
        allowedPattern: '(.*/)?',
      }),
    );
    const doors = props.sessionMode ? this.sessionMode(text, props.existingPool) : this.bothDoors(text);
    const appName = optional('AppName', "The app's name in messages.");
    const supportContact = optional('SupportContact', 'The contact that the notice of a changed contact names.');
    const linkUrl = optional('LinkUrl', 'The page that the link of a mail opens; without it mails have no link.');
    const alarmTopic = text('AlarmTopic', 'The ARN of an SNS topic that receives the alarms, or none.', {
      default: 'none',
    });
    const dashboard = text('Dashboard', 'Whether to make a dashboard; an account has three without charge.', {
      default: 'true',
      allowedValues: ['true', 'false'],
    });

    const address = optional(
      'EmailFromAddress',
      'The address that codes are mailed from, verified in SES. Without it there is no mail.',
      '([^\\s@<>"]+@[^\\s@<>"]+)?',
    );
    const name = optional('EmailFromName', 'The name beside that address.', '[^<>"]*');
    const replyTo = optional('EmailReplyTo', 'The address that replies go to.', '[^\\r\\n]*');
    const configurationSet = optional('SesConfigurationSet', 'The SES configuration set to send with.');
    const sandbox = text('SesSandbox', 'Whether SES has this account in its sandbox still.', {
      default: 'false',
      allowedValues: ['true', 'false'],
    });
    const countries = optional(
      'SmsCountries',
      'The countries to send SMS to, such as DE,AT. Without any there is no SMS.',
      '([A-Z]{2}(:[0-9.]+)?(,[A-Z]{2}(:[0-9.]+)?)*)?',
    );

    const rule = this.rule(text);
    const more = this.settings(props.sessionMode === true);
    const bus = this.bus(text);

    const templates = optional(
      'SmsTemplateIds',
      "The template ids of that register: sign_in_code=1107,confirmation_code=1108,contact_replaced=1109,contact_added=1110,change_undone=1111.",
      '([a-z_]+=[A-Za-z0-9_-]{1,50}(,[a-z_]+=[A-Za-z0-9_-]{1,50})*)?',
    );

    this.latchstring = new Latchstring(this, 'Latchstring', {
      architecture: props.architecture,
      packages,
      // CloudFormation would publish no version when only a parameter changes.
      deployment: { alias: 'none' },
      functionPrefix: Aws.STACK_NAME,
      existingPool: props.existingPool
        ? {
            userPoolId: text('UserPool', 'The id of the pool to serve.'),
            clientIds: Fn.split(
              ',',
              text('Clients', 'The app clients to serve, separated by commas; sign-in uses the first.', {
                allowedPattern: '[^\\s,]+(,[^\\s,]+)*',
              }),
            ),
          }
        : undefined,
      email: {
        fromAddress: address,
        identityArns: [
          ...identities(this, address),
          either(equals('SesSandboxed', sandbox, 'true'), ses(this, 'identity/*')),
          either(
            given('HasSesConfigurationSet', configurationSet),
            ses(this, `configuration-set/${configurationSet}`),
          ),
        ],
      },
      sms: {
        countries: [countries],
        senderId: optional('SmsSenderId', 'The sender that phones show.', '([A-Za-z0-9]{3,11})?'),
        originationNumber: optional('SmsOriginationNumber', 'The number to send SMS from.', '(\\+?[0-9]{5,15})?'),
        entityId: optional('SmsEntityId', "The sender's entity id in India's DLT register.", '[A-Za-z0-9_-]{0,50}'),
        domain: optional('SmsDomain', 'The web domain that a texted code is for.'),
        androidHash: optional('SmsAndroidHash', "The Android app's hash for the SMS Retriever."),
      },
      settings: { ...more.settings, appName, supportContact, linkUrl, ...rule.settings },
      admissionHook: rule.hook,
      events: { bus: { eventBusArn: bus.arn } as events.IEventBus },
      ...doors.props,
      alarms: { actions: [notify(either(equals('NoAlarmTopic', alarmTopic, 'none'), Aws.NO_VALUE, alarmTopic))] },
      dashboard: false,
    });
    this.dashboard(dashboard, props.sessionMode ?? false);

    const from = either(given('HasEmailFromName', name), `${name} <${address}>`, address);
    const mails = given('HasEmailFromAddress', address);
    for (const name of FUNCTIONS) {
      this.latchstring._functions[name].addEnvironment('EMAIL', either(mails, 'true', 'false'));
    }
    for (const sender of FUNCTIONS.filter((name) => KINDS[name].sends)) {
      this.latchstring._functions[sender].addEnvironment('EMAIL_FROM', from);
      this.latchstring._functions[sender].addEnvironment('EMAIL_REPLY_TO', replyTo);
      this.latchstring._functions[sender].addEnvironment('SES_CONFIGURATION_SET', configurationSet);
      this.latchstring._functions[sender].addEnvironment('SMS_TEMPLATE_IDS', templates);
    }
    const only = (policy: iam.Policy | undefined, condition: CfnCondition) => {
      (policy?.node.defaultChild as iam.CfnPolicy).cfnOptions.condition = condition;
    };
    only(this.latchstring.emailPolicy, mails);
    only(this.latchstring.smsPolicy, given('HasSmsCountries', countries));
    const { signIn, signUp, hook } = this.latchstring.admissionPolicies ?? {};
    const clientSettings = this.clientSettings(text);
    const hasRule = new CfnCondition(this, 'HasAdmission', {
      expression: Fn.conditionOr(differs(rule.settings.admission, 'open'), differs(clientSettings, '')),
    });
    only(signIn, hasRule);
    only(signUp, hasRule);
    only(hook, given('HasAdmissionHook', rule.hook.functionArn));
    const isSet = (value: string) => Fn.conditionNot(Fn.conditionEquals(value, ''));
    new CfnRule(this, 'OneChannel', {
      assertions: [
        {
          assert: Fn.conditionOr(isSet(address), isSet(countries)),
          assertDescription: 'Set EmailFromAddress or SmsCountries, or no code can be sent.',
        },
      ],
    });
    this.calls(more.cognitoCalls);
    this.others(text, props.existingPool);
    this.turnstile(text);
    this.messages(text);
    this.choosePublication(bus.isOn);
    doors.finish();
  }

  /** Makes the dashboard on its condition. It shows no alarm of an API that may not be there. */
  private dashboard(chosen: string, sessionMode: boolean): void {
    const { _watched: watched, alarms } = this.latchstring;
    const shown = Object.keys(alarms).filter((name) => sessionMode || !/^(api|http)-/.test(name));
    const condition = new CfnCondition(this, 'HasDashboard', { expression: Fn.conditionEquals(chosen, 'true') });
    createDashboard(this.latchstring, watched, shown).cfnOptions.condition = condition;
  }

  /** A parameter for each setting that has no other, with its range. A variable is set if it differs from the default. */
  private settings(sessionMode: boolean) {
    const made: Partial<Record<keyof Settings, string>> = {};
    for (const name of (Object.keys(RULES) as (keyof Settings)[]).filter((it) => !OWN.includes(it))) {
      const { variable, default: standard, bounds, share, words } = RULES[name];
      if (sessionMode && ['cognitoCalls', 'signedSessionsConfirmed', 'source'].includes(name)) {
        continue;
      }
      const flag = standard === 'true' || standard === 'false' ? ['true', 'false'] : undefined;
      const unchanged = name === 'metricsNamespace' ? 'auto' : standard;
      const id = name.charAt(0).toUpperCase() + name.slice(1);
      const { valueAsString } = new CfnParameter(this, id, {
        description: `The setting ${variable} of docs/configuration.md.`,
        type: bounds || share ? 'Number' : 'String',
        default: unchanged,
        ...(bounds && { minValue: bounds[0], maxValue: bounds[1] }),
        ...(share && { minValue: 0, maxValue: 1 }),
        allowedValues: (words as string[] | undefined) ?? flag,
      });
      const { logicalId } = new CfnCondition(this, `Has${id}`, { expression: differs(valueAsString, unchanged) });
      // The alarms have the namespace too, so it is always there.
      const unset = name === 'metricsNamespace' ? `${standard}/${Aws.STACK_NAME}` : Aws.NO_VALUE;
      made[name] = Fn.conditionIf(logicalId, valueAsString, unset).toString();
    }
    return { settings: made as unknown as Settings, cognitoCalls: made.cognitoCalls };
  }

  /** Adds a variable to functions. */
  private set(names: readonly FunctionName[], variable: string, value: string): void {
    for (const name of names) {
      this.latchstring._functions[name].addEnvironment(variable, value);
    }
  }

  /** Makes a policy of functions on a condition. */
  private grant(id: string, names: readonly FunctionName[], condition: CfnCondition, ...statements: iam.PolicyStatement[]): void {
    const roles = names.map((name) => this.latchstring._functions[name].role as iam.IRole);
    const policy = new iam.Policy(this, `Permit${id}`, { statements, roles });
    (policy.node.defaultChild as iam.CfnPolicy).cfnOptions.condition = condition;
  }

  /** The permission of signed calls, where a parameter chooses them. */
  private calls(chosen: string | undefined): void {
    if (chosen === undefined) {
      return;
    }
    const actions = SIGNED_CALLS.map((action) => `cognito-idp:${action}`);
    const isSigned = this.node.findChild('HasCognitoCalls') as CfnCondition;
    const statement = new iam.PolicyStatement({ sid: 'SignedCalls', actions, resources: [this.latchstring.pool.arn] });
    this.grant('SignedCalls', RESOLVERS, isSigned, statement);
    const { valueAsString: confirmed } = this.node.findChild('SignedSessionsConfirmed') as CfnParameter;
    const { valueAsString: calls } = this.node.findChild('CognitoCalls') as CfnParameter;
    const api = this.node.tryFindChild('Api') as CfnParameter;
    new CfnRule(this, 'Calls', {
      ruleCondition: Fn.conditionAnd(Fn.conditionEquals(calls, 'signed'), differs(api.valueAsString, 'http')),
      assertions: [
        {
          assert: Fn.conditionEquals(confirmed, 'true'),
          assertDescription: 'Set SignedSessionsConfirmed once the doctor reports probe.signed as ok, or Api to http.',
        },
      ],
    });
  }

  /** The treatment of the accounts that have the contact of a new one, and the kind of an existing pool. */
  private others(text: Text, existingPool: boolean): void {
    const choice = text('OtherHolders', 'The setting OTHER_HOLDERS of docs/configuration.md.', {
      default: RULES.otherHolders.default,
      allowedValues: RULES.otherHolders.words as string[],
    });
    const looks = new CfnCondition(this, 'HasOtherHolders', { expression: differs(choice, 'ignore') });
    const deletes = new CfnCondition(this, 'DeletesOtherHolders', { expression: Fn.conditionEquals(choice, 'delete') });
    this.set(FUNCTIONS, 'OTHER_HOLDERS', Fn.conditionIf(looks.logicalId, choice, Aws.NO_VALUE).toString());
    const { arn } = this.latchstring.pool;
    this.grant('OtherHolders', ['sign-in'], looks, holders('refuse', arn));
    const actions = HOLDER_RIGHTS.delete.map((action) => `cognito-idp:${action}`);
    this.grant('DeleteHolders', ['sign-in'], deletes, new iam.PolicyStatement({ sid: 'DeleteHolders', actions, resources: [arn] }));
    if (existingPool) {
      const usernames = text('UsernameAttributes', 'The setting USERNAME_ATTRIBUTES of docs/configuration.md.', {
        default: 'false',
        allowedValues: ['true', 'false'],
      });
      const isSet = new CfnCondition(this, 'HasUsernameAttributes', { expression: differs(usernames, 'false') });
      this.set(FUNCTIONS, 'USERNAME_ATTRIBUTES', Fn.conditionIf(isSet.logicalId, usernames, Aws.NO_VALUE).toString());
      new CfnRule(this, 'Usernames', {
        ruleCondition: differs(usernames, 'false'),
        assertions: [{ assert: differs(choice, 'ignore'), assertDescription: 'Set OtherHolders to refuse or delete with UsernameAttributes.' }],
      });
    }
  }

  /** The settings of single app clients, which the functions check at start, and the senders among them. */
  private clientSettings(text: Text): string {
    const given = text('ClientSettings', 'The setting CLIENTS of docs/configuration.md, JSON. May be empty.', { default: '' });
    const isGiven = new CfnCondition(this, 'HasClientSettings', { expression: differs(given, '') });
    this.set(FUNCTIONS, 'CLIENTS', Fn.conditionIf(isGiven.logicalId, given, Aws.NO_VALUE).toString());
    const senders = text('ClientSenders', 'The addresses that ClientSettings has mail sent from, separated by commas. May be empty.', {
      default: '',
      allowedPattern: '([^\\s@<>",]+@[^\\s@<>",]+(,[^\\s@<>",]+@[^\\s@<>",]+)*)?',
    });
    const hasSenders = new CfnCondition(this, 'HasClientSenders', { expression: differs(senders, '') });
    const names = FUNCTIONS.filter((name) => KINDS[name].sends);
    const statement = new iam.PolicyStatement({
      sid: 'ClientMail',
      actions: ['ses:SendEmail'],
      resources: [ses(this, 'identity/*'), ses(this, 'configuration-set/*')],
      conditions: { StringEquals: { 'ses:FromAddress': Fn.split(',', senders) } },
    });
    this.grant('ClientMail', names, hasSenders, statement);
    return given;
  }

  /** The CAPTCHA. */
  private turnstile(text: Text): void {
    const secret = text('TurnstileKeyArn', "The ARN of a secret with the secret key of Turnstile's widget. May be empty.", {
      default: '',
      allowedPattern: '(arn:[a-z-]+:secretsmanager:.+)?',
    });
    const hostnames = text('TurnstileHostnames', 'The host names that the widget may be solved on, separated by commas.', {
      default: '',
      allowedPattern: '[a-z0-9.,-]*',
    });
    const isOn = new CfnCondition(this, 'HasTurnstile', { expression: differs(secret, '') });
    this.set(['sign-in'], 'TURNSTILE_KEY_SECRET', Fn.conditionIf(isOn.logicalId, secret, Aws.NO_VALUE).toString());
    this.set(['sign-in'], 'TURNSTILE_HOSTNAMES', Fn.conditionIf(isOn.logicalId, hostnames, Aws.NO_VALUE).toString());
    this.grant('Captcha', ['sign-in'], isOn, captcha(secret));
    new CfnRule(this, 'Turnstile', {
      ruleCondition: differs(secret, ''),
      assertions: [{ assert: differs(hostnames, ''), assertDescription: 'Set TurnstileHostnames with TurnstileKeyArn.' }],
    });
  }

  /** The texts of messages, in a layer. */
  private messages(text: Text): void {
    const layer = text('MessagesLayer', 'The name of a layer of this account with the file latchstring-messages.json.', {
      default: 'latchstring-messages',
      allowedPattern: '[A-Za-z0-9_-]{1,64}',
    });
    const version = new CfnParameter(this, 'MessagesVersion', {
      description: 'The version of that layer; 0 for the built-in texts.',
      type: 'Number',
      default: 0,
      minValue: 0,
    }).valueAsString;
    const isGiven = new CfnCondition(this, 'HasMessages', { expression: differs(version, '0') });
    const arn = `arn:${Aws.PARTITION}:lambda:${Aws.REGION}:${Aws.ACCOUNT_ID}:layer:${layer}:${version}`;
    for (const name of FUNCTIONS.filter((it) => KINDS[it].sends)) {
      this.set([name], 'MESSAGES_FILE', Fn.conditionIf(isGiven.logicalId, '/opt/latchstring-messages.json', Aws.NO_VALUE).toString());
      const made = this.latchstring._functions[name].node.defaultChild as lambda.CfnFunction;
      made.addPropertyOverride('Layers', Fn.conditionIf(isGiven.logicalId, [arn], Aws.NO_VALUE));
    }
  }

  /** The bus of the events, if a parameter names one. */
  private bus(text: Text) {
    const given = text('Events', 'The bus that events are published on: off, default for the account\'s own, or the ARN of one.', {
      default: 'off',
      allowedPattern: 'off|default|arn:[a-z-]+:events:[a-z0-9-]+:[0-9]{12}:event-bus/.+',
    });
    const isOn = new CfnCondition(this, 'HasEvents', { expression: differs(given, 'off') });
    const isArn = new CfnCondition(this, 'HasEventBus', {
      expression: Fn.conditionAnd(differs(given, 'off'), differs(given, 'default')),
    });
    const own = this.formatArn({ service: 'events', resource: 'event-bus', resourceName: 'default' });
    return { isOn, arn: Fn.conditionIf(isArn.logicalId, given, own).toString() };
  }

  /** Makes what publishes events on the condition that they are on. */
  private choosePublication(isOn: CfnCondition): void {
    const { _functions: functions, table, eventBus, node, alarms } = this.latchstring;
    const onlyIf = (value: unknown) => Fn.conditionIf(isOn.logicalId, value, Aws.NO_VALUE);
    this.set(FUNCTIONS, 'EVENTS', onlyIf(eventBus?.eventBusArn).toString());
    const made = table.node.defaultChild as CfnResource;
    const resolved = this.resolve((made as unknown as { _toCloudFormation: () => object })._toCloudFormation()) as {
      Resources: Record<string, { Properties: Record<string, unknown[]> }>;
    };
    const { AttributeDefinitions = [], GlobalSecondaryIndexes } = Object.values(resolved.Resources)[0]?.Properties ?? {};
    made.addPropertyOverride('GlobalSecondaryIndexes', onlyIf(GlobalSecondaryIndexes));
    AttributeDefinitions.forEach((definition, index) => {
      if (index > 0) {
        made.addPropertyOverride(`AttributeDefinitions.${index}`, onlyIf(definition));
      }
    });
    for (const name of FUNCTIONS) {
      const role = (functions[name].role as iam.Role).node.defaultChild as iam.CfnRole;
      const [policy] = this.resolve(role.policies) as { policyDocument: { Statement: { Sid: string }[] } }[];
      policy?.policyDocument.Statement.forEach((statement, index) => {
        if (['Events', 'PutEvents'].includes(statement.Sid)) {
          role.addPropertyOverride(`Policies.0.PolicyDocument.Statement.${index}`, onlyIf(statement));
        }
      });
    }
    const sweeper = ['PublishEventsLog', 'PublishEventsRole', 'PublishEvents', 'SweepOutbox'].map((id) => node.findChild(id));
    const watching = [`errors-${SWEEPER}`, 'events-overdue'].flatMap((name) => alarms[name] ?? []);
    for (const element of [...sweeper, ...watching].flatMap((it) => it.node.findAll())) {
      if (CfnResource.isCfnResource(element)) {
        element.cfnOptions.condition = isOn;
      }
    }
  }

  /** AppSync and the HTTP API, of which parameters choose. */
  private bothDoors(text: Text): Doors {
    const api = text('Api', 'The APIs by which clients reach sign-in and sign-up.', {
      default: 'appsync',
      allowedValues: ['appsync', 'http', 'both'],
    });
    const keysExpire = new CfnParameter(this, 'ApiKeyExpires', {
      type: 'Number',
      default: 0,
      description: 'When the API keys expire, in seconds since 1970, at most 365 days ahead. Not for Api=http.',
    }).valueAsNumber;
    const keys = text('ApiKeys', 'The API keys; to replace one, first both, and then the other alone.', {
      default: '1',
      allowedValues: ['1', '1,2', '2'],
    });
    const origins = text(
      'AllowOrigins',
      'The origins of pages that may call the HTTP API, such as https://a.example.com,https://b.example.com. May be empty.',
      { default: '', allowedPattern: '(https?://[^\\s*/,]+(,https?://[^\\s*/,]+)*)?' },
    );
    return {
      props: { api: 'both', graphql: { keys: ['1', '2'], keysExpire }, http: { allowOrigins: Fn.split(',', origins) } },
      finish: () => {
        const usesGraphql = new CfnCondition(this, 'UsesGraphql', { expression: differs(api, 'http') });
        this.latchstring._functions['sign-in'].addEnvironment(
          'API_KEY_EXPIRES',
          Fn.conditionIf(usesGraphql.logicalId, Tokenization.stringifyNumber(keysExpire), Aws.NO_VALUE).toString(),
        );
        new CfnRule(this, 'KeyExpires', {
          ruleCondition: differs(api, 'http'),
          assertions: [
            {
              assert: differs(Tokenization.stringifyNumber(keysExpire), '0'),
              assertDescription: 'Set ApiKeyExpires, in seconds since 1970, or Api to http.',
            },
          ],
        });
        this.choose(api, usesGraphql, keys);
        this.allow('HasAllowOrigins', origins);
      },
    };
  }

  /** The HTTP API in session mode. */
  private sessionMode(text: Text, existingPool: boolean): Doors {
    const origins = text(
      'SessionOrigins',
      "The origins of pages, of the site of the API's own domain, that may call it with the cookie, such as https://a.example.com,https://b.example.com. May be empty.",
      { default: '', allowedPattern: '(https://[a-z0-9.-]+(:[0-9]{1,5})?(,https://[a-z0-9.-]+(:[0-9]{1,5})?)*)?' },
    );
    const clientSecret = existingPool
      ? secrets.Secret.fromSecretCompleteArn(
          this,
          'GivenClientSecret',
          text('ClientCredentialArn', "The whole ARN of the secret that holds the app client's secret.", {
            allowedPattern: 'arn:[a-z-]+:secretsmanager:.+',
          }),
        )
      : undefined;
    return {
      props: { api: 'http', http: {}, sessionMode: { origins: Fn.split(',', origins), clientSecret } },
      finish: () => {
        outputs(this, this.latchstring);
        this.refresh();
        this.allow('HasSessionOrigins', origins);
      },
    };
  }

  /** Has the refresh tokens of a new client live as long as a session: CloudFormation computes no minutes. */
  private refresh(): void {
    const { valueAsString: hours } = this.node.findChild('SessionHours') as CfnParameter;
    for (const client of Object.values(this.latchstring.newPool?.clients ?? {})) {
      client.addPropertyOverride('RefreshTokenValidity', hours);
      client.addPropertyOverride('TokenValidityUnits.RefreshToken', 'hours');
    }
  }

  /** Lets pages call the HTTP API only if origins are given. */
  private allow(id: string, origins: string): void {
    const given = new CfnCondition(this, id, { expression: differs(origins, '') });
    const api = this.latchstring.httpApi?.resource;
    const cors = capitalised(api?.corsConfiguration as object);
    api?.addPropertyOverride('CorsConfiguration', Fn.conditionIf(given.logicalId, cors, Aws.NO_VALUE));
  }

  /** The rule for new accounts, of which parameters choose, and the rules that hold them together. */
  private rule(text: Text) {
    const admission = text('Admission', 'The contacts for which an account may be created.', {
      default: 'open',
      allowedValues: ['open', 'domains', 'invited', 'hook'],
    });
    const domains = '(\\*\\.)?[^\\s@*,]+';
    const list = { default: '', allowedPattern: `(${domains}(,${domains})*)?` };
    const admittedDomains = text('AdmittedDomains', 'For domains: such as example.com,*.example.com. May be empty.', list);
    const refusedDomains = text('RefusedDomains', 'For domains: those refused, in the same form. May be empty.', list);
    const invitersGroup = text('InvitersGroup', 'The group whose members may invite. May be empty.', {
      default: '',
      allowedPattern: '\\S{0,128}',
    });
    const names = { default: '', allowedPattern: '[^\\s]*' };
    const invitersMayGive = text('InvitersMayGive', 'Groups that these may give, as in staff,editors. May be empty.', names);
    const invitersMaySet = text('InvitersMaySet', 'Attributes that these may set, as in custom:team. May be empty.', names);
    const hookArn = text('AdmissionHook', 'For hook: the ARN of the function that decides. May be empty.', {
      default: '',
      allowedPattern: '(arn:[a-z-]+:lambda:[a-z0-9-]+:[0-9]{12}:function:[A-Za-z0-9_:$-]+)?',
    });
    const only = (rule: string, ...values: string[]) => {
      const isSet = values.map((value) => differs(value, ''));
      const given = isSet.length > 1 ? Fn.conditionOr(...isSet) : (isSet[0] as ICfnRuleConditionExpression);
      const isRule = Fn.conditionEquals(admission, rule);
      return Fn.conditionOr(Fn.conditionAnd(isRule, given), Fn.conditionNot(Fn.conditionOr(isRule, given)));
    };
    new CfnRule(this, 'Admits', {
      assertions: [
        {
          assert: only('domains', admittedDomains, refusedDomains),
          assertDescription: 'Set AdmittedDomains or RefusedDomains exactly if Admission is domains.',
        },
        {
          assert: only('hook', hookArn),
          assertDescription: 'Set AdmissionHook exactly if Admission is hook.',
        },
      ],
    });
    return {
      settings: {
        admission: admission as 'open',
        admittedDomains,
        refusedDomains,
        invitersGroup,
        invitersMayGive,
        invitersMaySet,
      },
      hook: lambda.Function.fromFunctionArn(this, 'GivenAdmissionHook', hookArn),
    };
  }

  /** Makes the resources and outputs of each API on the condition that it is chosen. */
  private choose(api: string, usesGraphql: CfnCondition, keys: string): void {
    const { graphqlApi, httpApi, alarms } = this.latchstring;
    const usesHttp = new CfnCondition(this, 'UsesHttp', { expression: differs(api, 'appsync') });
    const made = outputs(this, this.latchstring);
    const on = (condition: CfnCondition, found: (CfnElement | undefined)[], names: string[], shown: string[]) => {
      const watched = names.map((name) => alarms[name]?.node.defaultChild as CfnElement | undefined);
      for (const element of [...found, ...watched]) {
        if (CfnResource.isCfnResource(element as CfnResource)) {
          (element as CfnResource).cfnOptions.condition = condition;
        }
      }
      for (const output of shown.flatMap((id) => made[id] ?? [])) {
        output.condition = condition;
      }
    };
    on(usesGraphql, graphqlApi?.resources ?? [], ['api-faults', 'api-refusals', 'api-key'], ['GraphqlUrl']);
    on(usesHttp, httpApi?.resources ?? [], ['http-faults', 'http-refusals'], ['HttpUrl']);
    for (const [name, other] of [
      ['1', '2'],
      ['2', '1'],
    ] as const) {
      const expression = Fn.conditionAnd(differs(api, 'http'), differs(keys, other));
      const condition = new CfnCondition(this, `UsesApiKey${name}`, { expression });
      on(condition, [graphqlApi?.keys[name]], [], [`ApiKey${name}`]);
    }
  }
}

function differs(value: string, other: string) {
  return Fn.conditionNot(Fn.conditionEquals(value, other));
}

/** The properties as CloudFormation spells them. */
function capitalised(properties: object): Record<string, unknown> {
  const entries = Object.entries(properties);
  return Object.fromEntries(entries.map(([name, value]) => [name.charAt(0).toUpperCase() + name.slice(1), value]));
}
