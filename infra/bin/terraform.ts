// What the Terraform module takes from the construct: its functions, permissions, alarms, routes and API, so
// that a change here is a change there. `npm run terraform` writes the files below terraform/generated; a test
// fails while one differs.
import * as fs from 'node:fs';
import * as os from 'node:os';
import * as path from 'node:path';
import { App, Stack, aws_events as events, aws_kms as kms } from 'aws-cdk-lib';
import { Template } from 'aws-cdk-lib/assertions';
import { FUNCTIONS, LatchstringStack, Packages, SWEEPER, type LatchstringProps, type PackageName } from '../lib';
import { notify } from '../lib/alarms';
import { schema } from '../lib/graphql-api';
import { HOME } from '../lib/home';
import { RULES } from '../lib/settings';

const NAMES: readonly PackageName[] = [...FUNCTIONS, SWEEPER];

type Json = string | number | boolean | null | Json[] | { [name: string]: Json };
interface Made {
  readonly Type: string;
  readonly Properties: { [name: string]: Json };
}

/** The files, by name. */
export function generate(): Record<string, string> {
  const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'latchstring-terraform-'));
  try {
    for (const name of NAMES) {
      fs.writeFileSync(path.join(folder, `latchstring-${name}.zip`), name);
    }
    const synthesise = synthesiser(folder);
    const text = (value: unknown) => `${JSON.stringify(value, null, 2)}\n`;
    return {
      'functions.json': text(functions(synthesise)),
      'permissions.json.tftpl': text(permissions(synthesise)),
      'alarms.json': text(alarms(synthesise)),
      'api.json': text(api(synthesise)),
      'schema.graphql': schema(),
      'invoke.js': fs.readFileSync(path.join(HOME, 'resolvers/invoke.js'), 'utf8'),
    };
  } finally {
    fs.rmSync(folder, { recursive: true });
  }
}

type Synthesise = (props: Partial<LatchstringProps>) => Synthesised;

/** A template, and the words for what it refers to. */
class Synthesised {
  private readonly words: Record<string, string> = {};

  constructor(readonly resources: Record<string, Made>) {
    for (const [id, { Type, Properties }] of Object.entries(resources)) {
      const name = WORDS[Type];
      if (Type === 'AWS::Lambda::Function') {
        this.words[id] = plain(Properties.FunctionName as Json);
      } else if (name !== undefined) {
        this.words[id] = name;
      }
    }
  }

  of(type: string): [string, Made][] {
    return Object.entries(this.resources).filter(([, { Type }]) => Type === type);
  }

  /** Returns a value with a word such as `${table_arn}` for each reference. */
  plain(value: Json): Json {
    if (typeof value === 'string') {
      return plain(value);
    }
    if (Array.isArray(value)) {
      return value.map((item) => this.plain(item));
    }
    if (value === null || typeof value !== 'object') {
      return value;
    }
    const { Ref, 'Fn::GetAtt': attribute, 'Fn::Join': join } = value;
    if (typeof Ref === 'string') {
      return PSEUDO[Ref] ?? this.word(Ref, 'ref');
    }
    if (Array.isArray(attribute)) {
      return this.word(attribute[0] as string, attribute[1] as string);
    }
    if (Array.isArray(join)) {
      const [between, parts] = join as [string, Json[]];
      return parts.map((part) => this.plain(part)).join(between);
    }
    return Object.fromEntries(Object.entries(value).map(([name, member]) => [name, this.plain(member)]));
  }

  private word(id: string, attribute: string): string {
    const word = this.words[id];
    const name = word?.startsWith('$') ? (attribute === 'Arn' ? `${word}:arn` : word) : `\${${word}_${attribute.toLowerCase()}}`;
    if (word === undefined) {
      throw new Error(`${id}: no word for a reference to it`);
    }
    return name;
  }
}

/** The words for references, by the type of what is referred to. */
const WORDS: Record<string, string> = {
  'AWS::DynamoDB::Table': 'table',
  'AWS::SecretsManager::Secret': 'secret',
  'AWS::Cognito::UserPool': 'pool',
  'AWS::Cognito::UserPoolClient': 'client',
  'AWS::AppSync::GraphQLApi': 'graphql',
  'AWS::ApiGatewayV2::Api': 'http',
  'AWS::Logs::LogGroup': 'log_group',
};
const PSEUDO: Record<string, string> = {
  'AWS::Partition': '${partition}',
  'AWS::Region': '${region}',
  'AWS::AccountId': '${account}',
  'AWS::URLSuffix': '${dns_suffix}',
};

/** The values of the synthesised deployment, and the words that stand for them in the module. */
const VALUES = {
  name: 'NAMEOFTHEDEPLOYMENT',
  address: 'address@domain.example',
  set: 'NAMEOFTHESET',
  namespace: 'NAMEOFTHENAMESPACE',
  captcha: 'arn:aws:secretsmanager:eu-west-1:111111111111:secret:captcha-AbCdEf',
  hook: 'arn:aws:lambda:eu-west-1:111111111111:function:hook',
  bus: 'arn:aws:events:eu-west-1:111111111111:event-bus/bus',
  key: 'arn:aws:kms:eu-west-1:111111111111:key/00000000-0000-0000-0000-000000000000',
};

function plain(value: Json): string {
  return String(value)
    .replaceAll(VALUES.name, '${name}')
    .replaceAll(VALUES.address, '${from_address}')
    .replaceAll('domain.example', '${from_domain}')
    .replaceAll(VALUES.set, '${configuration_set}')
    .replaceAll(VALUES.namespace, '${metrics_namespace}')
    .replaceAll(VALUES.captcha, '${captcha_secret_arn}')
    .replaceAll(VALUES.hook, '${admission_hook_arn}')
    .replaceAll(VALUES.bus, '${event_bus_arn}')
    .replaceAll(VALUES.key, '${key_arn}');
}

function synthesiser(folder: string): Synthesise {
  let count = 0;
  return (props) => {
    const app = new App({ analyticsReporting: false, outdir: path.join(folder, `out-${(count += 1)}`) });
    const stack = new LatchstringStack(app, 'terraform', {
      packages: Packages.folder(folder),
      functionPrefix: VALUES.name,
      // The module makes no versions.
      deployment: { alias: 'none' },
      dashboard: false,
      ...props,
      settings: { metricsNamespace: VALUES.namespace, ...props.settings },
    });
    return new Synthesised(Template.fromStack(stack).toJSON().Resources as Record<string, Made>);
  };
}

const EMAIL = { email: { fromAddress: VALUES.address, configurationSet: VALUES.set } };
const SMS = { sms: { countries: ['DE'] } };
const KEYS = { graphql: { keysExpire: 1_800_000_000 } };

/** A deployment with all that does not exclude each other. */
const ALL: Partial<LatchstringProps> = {
  ...EMAIL,
  email: { ...EMAIL.email, fromName: 'Acme', replyTo: VALUES.address },
  sms: {
    countries: ['DE'],
    senderId: 'Acme',
    originationNumber: '+49301234567',
    entityId: '1',
    templateIds: { signInCode: '1' },
    domain: 'domain.example',
    androidHash: 'AbCdEfGhIjK',
  },
  ...KEYS,
  api: 'both',
  captcha: { siteKey: 'site', secretArn: VALUES.captcha, hostnames: ['domain.example'] },
  settings: { cognitoCalls: 'signed', signedSessionsConfirmed: true, otherHolders: 'delete' },
  clients: { app: { appName: 'Acme' } },
  admissionHook: { functionArn: VALUES.hook },
  events: { bus: busOf(VALUES.bus) },
  encryptionKey: keyOf(VALUES.key),
};

/** What each function is, and the variables that it can have besides the settings. */
function functions(synthesise: Synthesise): unknown {
  const variants = [
    synthesise(ALL),
    synthesise({ sms: SMS.sms, api: 'http', sessionMode: true }),
    synthesise({ ...EMAIL, ...KEYS, existingPool: { userPoolId: 'eu-west-1_1', clientIds: ['1'], legacy: true } }),
  ];
  const inSettings = new Set(Object.values(RULES).map(({ variable }) => variable));
  const isOwn = (variable: string) => !inSettings.has(variable) || ['ADMISSION', 'SMS_COUNTRIES', 'COGNITO_CALLS', 'UNDO_HOURS'].includes(variable);
  const set = synthesise({ ...EMAIL, api: 'http', events: true, settings: { codeLength: 7 } });
  const pool = variants[0]?.of('AWS::Cognito::UserPool')[0]?.[1].Properties.LambdaConfig ?? {};
  return Object.fromEntries(
    NAMES.map((name) => {
      const all = variants.map((template) => functionsOf(template)[name] ?? {}).filter((it) => 'Timeout' in it);
      const { Description, Timeout } = all[0] as Record<string, Json>;
      const variables = new Set(all.flatMap((it) => variablesOf(it)).filter(isOwn));
      // Those of properties that a file or a certificate would be needed for.
      for (const [found, other] of [['EMAIL_FROM', 'MESSAGES_FILE'], ['SESSION_MODE', 'SESSION_ORIGINS']] as const) {
        if (variables.has(found)) {
          variables.add(other);
        }
      }
      return [
        name,
        {
          description: Description,
          timeout: Timeout,
          trigger: Object.entries(pool).find(([, arn]) => JSON.stringify(arn).includes(`-${name}"`))?.[0] ?? null,
          variables: [...variables].sort(),
          all_settings: variablesOf(functionsOf(set)[name] ?? {}).includes('CODE_LENGTH'),
        },
      ];
    }),
  );
}

function functionsOf(template: Synthesised): Record<string, Record<string, Json>> {
  const found = template.of('AWS::Lambda::Function').map(([, { Properties }]) => Properties);
  return Object.fromEntries(found.map((it) => [plain(it.FunctionName as Json).replace('${name}-', ''), it]));
}

function variablesOf({ Environment }: Record<string, Json>): string[] {
  return Object.keys((Environment as { Variables: object } | undefined)?.Variables ?? {});
}

/**
 * The statements of each function by their ids, all that it can have; and those of session mode that differ.
 * The one with the id `Log` is each function's own.
 */
function permissions(synthesise: Synthesise): unknown {
  const all = synthesise(ALL);
  const refuse = synthesise({ ...EMAIL, ...KEYS, settings: { otherHolders: 'refuse' } });
  const sessions = synthesise({ ...EMAIL, api: 'http', sessionMode: true });
  const common = statements(all);
  return {
    functions: Object.fromEntries(
      NAMES.map((name) => {
        const inSessionMode = statements(sessions)[name] ?? {};
        const differing = Object.entries(inSessionMode).filter(
          ([sid, statement]) => JSON.stringify(common[name]?.[sid]) !== JSON.stringify(statement) && sid !== 'Mail',
        );
        return [name, { statements: common[name], session_mode: Object.fromEntries(differing) }];
      }),
    ),
    other_holders_refuse: statements(refuse)['sign-in']?.OtherHolders,
  };
}

/** The statements of each function's role, by their ids. */
function statements(template: Synthesised): Record<string, Record<string, Json>> {
  const found: Record<string, Record<string, Json>> = {};
  for (const [id, { Properties }] of template.of('AWS::Lambda::Function')) {
    const name = plain(Properties.FunctionName as Json).replace('${name}-', '');
    const role = ((Properties.Role as { 'Fn::GetAtt': string[] })['Fn::GetAtt'] as string[])[0] as string;
    const own = (template.resources[role]?.Properties.Policies ?? []) as { PolicyDocument: Json }[];
    const tied = template
      .of('AWS::IAM::Policy')
      .filter(([, { Properties: { Roles } }]) => JSON.stringify(Roles).includes(`{"Ref":"${role}"}`))
      .map(([, { Properties: policy }]) => policy as { PolicyDocument: Json });
    const list = [...own, ...tied].flatMap(({ PolicyDocument }) => (PolicyDocument as { Statement: Json[] }).Statement);
    const all: [string, Json][] = list.map((statement) => {
      const { Sid } = statement as { Sid?: string };
      if (Sid === undefined) {
        throw new Error(`${id}: a statement without an id`);
      }
      return [Sid, Sid === 'Log' ? null : template.plain(secretsOf(Sid, statement))];
    });
    found[name] = Object.fromEntries(all.filter(([, statement]) => statement !== null));
  }
  return found;
}

/** A statement with the secrets of session mode and the key ring under names of their own. */
function secretsOf(sid: string, statement: Json): Json {
  const resource = { KeyRing: '${key_ring_arn}', SessionMode: ['${client_secret_arn}', '${server_credential_arn}'] }[sid];
  return resource === undefined ? statement : { ...(statement as object), Resource: resource };
}

function busOf(arn: string): events.IEventBus {
  return events.EventBus.fromEventBusArn(new Stack(), 'Bus', arn);
}

function keyOf(arn: string): kms.IKey {
  return kms.Key.fromKeyArn(new Stack(), 'Key', arn);
}

/** The alarms by name, each with what a deployment must have for it. */
function alarms(synthesise: Synthesise): unknown {
  const parts: Record<string, Partial<LatchstringProps>> = {
    email: EMAIL,
    sms: SMS,
    graphql: { ...KEYS, api: 'appsync' },
    http: { api: 'http' },
    events: { events: true },
  };
  const of = (names: string[]) => {
    const actions = { actions: [notify('arn:aws:sns:eu-west-1:111111111111:topic')], codesPerHour: CODES_PER_HOUR };
    const props = Object.assign({ alarms: actions }, ...names.map((name) => parts[name]));
    const api = names.includes('graphql') ? (names.includes('http') ? 'both' : 'appsync') : 'http';
    const template = synthesise({ ...props, api });
    return Object.fromEntries(
      template.of('AWS::CloudWatch::Alarm').map(([, { Properties }]) => {
        const alarm = template.plain(Properties) as Record<string, Json>;
        const name = String(alarm.AlarmName).replace('${name}-', '');
        return [name, traffic(name, alarm)];
      }),
    );
  };
  const names = Object.keys(parts);
  const all = of(names);
  const without = Object.fromEntries(names.map((name) => [name, Object.keys(of(names.filter((other) => other !== name)))]));
  return Object.fromEntries(
    Object.entries(all).map(([name, { AlarmName: _, AlarmActions: __, ...alarm }]) => [
      name,
      { needs: names.filter((part) => !without[part]?.includes(name)), ...snake(alarm) },
    ]),
  );
}

/** The traffic of the synthesised deployment, so that what follows from it is found in its alarms. */
const CODES_PER_HOUR = 40_004;

/** Returns an alarm with words for what follows from the traffic. */
function traffic(name: string, alarm: Record<string, Json>): Record<string, Json> {
  const text = JSON.stringify(alarm, (key, value: Json) =>
    key !== 'Threshold' && typeof value === 'string'
      ? value
          .replaceAll(String(CODES_PER_HOUR), '${rejected}')
          .replaceAll(String(CODES_PER_HOUR / 4), name === 'conversion' ? '${codes}' : '${requests}')
      : value,
  );
  return JSON.parse(text) as Record<string, Json>;
}

/** The properties with the names of Terraform's arguments. */
function snake(properties: Record<string, Json>): Record<string, Json> {
  const named = (name: string) => name.replace(/([a-z])([A-Z])/g, '$1_$2').toLowerCase();
  const of = (value: Json): Json => {
    if (Array.isArray(value)) {
      const isDimensions = value.length > 0 && value.every((item) => item !== null && typeof item === 'object' && 'Name' in item && 'Value' in item);
      return isDimensions
        ? Object.fromEntries((value as { Name: string; Value: Json }[]).map(({ Name, Value }) => [Name, Value]))
        : value.map(of);
    }
    return value !== null && typeof value === 'object' ? snake(value as Record<string, Json>) : value;
  };
  return Object.fromEntries(Object.entries(properties).map(([name, value]) => [named(name), of(value)]));
}

/** The fields, routes, log line and index. */
function api(synthesise: Synthesise): unknown {
  const least = synthesise({ ...EMAIL, ...KEYS, api: 'both', events: true, http: { logSourceIp: true } });
  const sessions = routesOf(synthesise({ ...EMAIL, api: 'http', sessionMode: true }));
  const invitations = routesOf(synthesise({ ...EMAIL, api: 'http', settings: { admission: 'invited' } }));
  const routes = routesOf(least);
  const besides = (more: Record<string, string>) => Object.fromEntries(Object.entries(more).filter(([key]) => !(key in routes)));
  const first = (type: string) => (least.of(type)[0] as [string, Made])[1].Properties;
  const { Format } = first('AWS::ApiGatewayV2::Stage').AccessLogSettings as { Format: string };
  const { PasswordPolicy } = first('AWS::Cognito::UserPool').Policies as { PasswordPolicy: Record<string, Json> };
  const [index] = first('AWS::DynamoDB::Table').GlobalSecondaryIndexes as { IndexName: string; Projection: { NonKeyAttributes: string[] } }[];
  const fields = least.of('AWS::AppSync::Resolver').map(([, { Properties }]) => [
    `${Properties.TypeName}.${Properties.FieldName}`,
    nameOf(least, (Properties.DataSourceName as { 'Fn::GetAtt': [string] })['Fn::GetAtt'][0]),
  ]);
  return {
    fields: Object.fromEntries(fields),
    routes,
    invitation_routes: besides(invitations),
    session_routes: besides(sessions),
    access_log: JSON.parse(Format),
    password_policy: snake(PasswordPolicy),
    outbox: { index: index?.IndexName, projected: index?.Projection.NonKeyAttributes },
  };
}

function nameOf(template: Synthesised, source: string): string {
  return String(template.resources[source]?.Properties.Name).replaceAll('_', '-');
}

/** The function behind each route. */
function routesOf(template: Synthesised): Record<string, string> {
  const functionOf = (route: Made) => {
    const id = JSON.stringify(route.Properties.Target).match(/"Ref":"(\w+)"/)?.[1] as string;
    return template.plain(template.resources[id]?.Properties.IntegrationUri as Json);
  };
  return Object.fromEntries(
    template
      .of('AWS::ApiGatewayV2::Route')
      .map(([, route]) => [String(route.Properties.RouteKey), String(functionOf(route)).replace('${name}-', '').replace(':arn', '')]),
  );
}

if (require.main === module) {
  const out = path.join(HOME, 'terraform/generated');
  fs.mkdirSync(out, { recursive: true });
  for (const [file, text] of Object.entries(generate())) {
    fs.writeFileSync(path.join(out, file), text);
    console.log(path.join(out, file));
  }
}
