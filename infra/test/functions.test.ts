import assert from 'node:assert/strict';
import * as fs from 'node:fs';
import * as path from 'node:path';
import { describe, it } from 'node:test';
import { Stack, aws_certificatemanager as acm, aws_lambda as lambda, aws_logs as logs } from 'aws-cdk-lib';
import { FUNCTIONS, Packages, type FunctionName, type LatchstringProps, type Settings } from '../lib';
import { RULES } from '../lib/settings';
import { PACKAGES, functionOf, newApp, only, templateOf } from './support';

/** Every property that becomes a variable, set. */
const SETTINGS: Required<Settings> = {
  ...(Object.fromEntries(
    Object.entries(RULES).map(([name, { bounds, share, words }]) => [
      name,
      share ? 1 : (bounds?.[1] ?? words?.[0] ?? 'x'),
    ]),
  ) as unknown as Required<Settings>),
  supportContact: 'help@example.com',
  linkUrl: 'https://app.example.com/link?a=b',
  invitersMaySet: 'custom:team',
  undoHours: 0,
  // A legacy pool takes no rule.
  admittedDomains: '',
  refusedDomains: '',
  usernameAttributes: false,
};
const HOOK = 'arn:aws:lambda:eu-west-1:111122223333:function:admit';
const CAPTCHA_SECRET = 'arn:aws:secretsmanager:eu-west-1:111122223333:secret:turnstile-AbCdEf';
const TEXTS = path.join(PACKAGES, 'texts.json');
fs.writeFileSync(TEXTS, JSON.stringify({ acme: {} }));
const EVERYTHING: Partial<LatchstringProps> = {
  clients: { ios: { appName: 'Acme', messages: 'acme' } },
  messages: TEXTS,
  email: { fromAddress: 'codes@example.com', fromName: 'Example', replyTo: 'help@example.com', configurationSet: 'codes' },
  sms: {
    countries: ['DE', 'AT'],
    senderId: 'Example',
    originationNumber: '+4915112345678',
    entityId: '1701158',
    templateIds: { signInCode: '1107161', contactReplaced: '1107163', contactAdded: '1107164' },
    domain: 'example.com',
    androidHash: 'FA+9qCX9VSu',
  },
  captcha: { siteKey: '0x4AAA', secretArn: CAPTCHA_SECRET, hostnames: ['example.com', 'www.example.com'] },
  settings: SETTINGS,
  api: 'both',
  http: { cloudFront: {} },
  existingPool: { userPoolId: 'eu-west-1_Abc', clientIds: ['web', 'ios'], legacy: true },
};
/** A rule for new accounts, which excludes some of the above. */
const RULE: Partial<LatchstringProps> = {
  admissionHook: lambda.Function.fromFunctionArn(new Stack(newApp(), 'hook'), 'Hook', HOOK),
  events: true,
};

/** The variables of docs/configuration.md. */
const DOCUMENTED = new Set(
  fs
    .readFileSync(path.join(__dirname, '../../docs/configuration.md'), 'utf8')
    .split('\n')
    .map((line) => line.split('|').map((cell) => cell.trim()))
    .filter((cells) => cells[1]?.startsWith('`'))
    .map((cells) => cells[1]?.replaceAll('`', '') as string),
);

/** Settings that this stack does not set, and the reason. */
const NOT_OURS: Record<string, string> = {
  KEY_RING: 'the key ring is in Secrets Manager',
  TURNSTILE_KEY: 'the key is in Secrets Manager',
  TURNSTILE_URL: 'Cloudflare is the default',
  CLIENT_SECRET: 'the secret is in Secrets Manager',
  SERVER_CREDENTIAL: 'the credential is in Secrets Manager',
  STORE: 'the table is the default',
  AWS_REGION: 'Lambda sets it',
  AWS_ACCESS_KEY_ID: 'Lambda sets it',
  AWS_SECRET_ACCESS_KEY: 'Lambda sets it',
  AWS_SESSION_TOKEN: 'Lambda sets it',
  AWS_ENDPOINT_URL: 'only for emulators',
  AWS_CA_BUNDLE: "Amazon's roots are the default",
  EMAIL: 'only where there is no mail',
};

const environment = (template: ReturnType<typeof templateOf>, name: FunctionName) =>
  functionOf(template, name).Properties.Environment.Variables as Record<string, unknown>;

/** Session mode, which excludes some of the above. */
const CERTIFICATE = 'arn:aws:acm:eu-west-1:111122223333:certificate/abc';
const SESSION: Partial<LatchstringProps> = {
  api: 'http',
  sessionMode: { origins: ['https://app.example.com', 'https://www.example.com'] },
  http: {
    domain: {
      name: 'auth.example.com',
      certificate: acm.Certificate.fromCertificateArn(new Stack(newApp(), 'certificates'), 'Certificate', CERTIFICATE),
    },
  },
};

describe('the environment', () => {
  const template = templateOf(EVERYTHING);
  const session = templateOf(SESSION);

  it('has no variable that no function knows', () => {
    for (const name of FUNCTIONS) {
      const all = [template, session].flatMap((it) => Object.keys(environment(it, name)));
      const unknown = all.filter((variable) => !DOCUMENTED.has(variable));
      assert.deepEqual(unknown, [], name);
    }
  });

  it('can hold every variable of docs/configuration.md', () => {
    const ruled = templateOf(RULE);
    const held = new Set(
      FUNCTIONS.flatMap((name) => [template, session, ruled].flatMap((it) => Object.keys(environment(it, name)))),
    );
    const missing = [...DOCUMENTED].filter((variable) => !held.has(variable) && !(variable in NOT_OURS));
    assert.deepEqual(missing, []);
  });

  it('gives the pool, mail and SMS only to the functions that use them', () => {
    for (const [variable, readers] of Object.entries({
      USER_POOL_ID: ['define-auth-challenge', 'sign-in', 'sign-up'],
      EMAIL_FROM: ['define-auth-challenge', 'create-auth-challenge'],
      EMAIL_REPLY_TO: ['define-auth-challenge', 'create-auth-challenge'],
      SMS_ENTITY_ID: ['define-auth-challenge', 'create-auth-challenge'],
      SMS_TEMPLATE_IDS: ['define-auth-challenge', 'create-auth-challenge'],
      SES_CONFIGURATION_SET: ['define-auth-challenge', 'create-auth-challenge'],
      SMS_SENDER_ID: ['define-auth-challenge', 'create-auth-challenge'],
      TURNSTILE_KEY_SECRET: ['sign-in'],
      TURNSTILE_HOSTNAMES: ['sign-in'],
      API_KEY_EXPIRES: ['sign-in'],
      CLOUDFRONT_SECRET: ['sign-in', 'sign-up'],
      CLIENT_IDS: FUNCTIONS,
      TABLE_NAME: FUNCTIONS,
      KEY_RING_SECRET: FUNCTIONS,
    })) {
      assert.deepEqual(
        FUNCTIONS.filter((name) => variable in environment(template, name)),
        readers,
        variable,
      );
    }
  });

  it('gives the rule for new accounts to all, and the function that decides to sign-in only', () => {
    for (const it of [templateOf(RULE), templateOf({ ...RULE, settings: { admission: 'hook' } })]) {
      for (const name of FUNCTIONS) {
        assert.equal(environment(it, name).ADMISSION, 'hook', name);
        assert.equal(environment(it, name).ADMISSION_HOOK, name === 'sign-in' ? HOOK : undefined, name);
      }
    }
  });

  it('gives session mode, its origins and its two secrets to the resolvers only', () => {
    const ids = Object.keys(session.findResources('AWS::SecretsManager::Secret'));
    const arn = (part: string) => ({ Ref: ids.find((id) => id.includes(part)) });
    for (const name of FUNCTIONS) {
      const { SESSION_MODE, SESSION_ORIGINS, CLIENT_SECRET_SECRET, SERVER_CREDENTIAL_SECRET } = environment(session, name);
      assert.deepEqual(
        [SESSION_MODE, SESSION_ORIGINS, CLIENT_SECRET_SECRET, SERVER_CREDENTIAL_SECRET],
        ['sign-in', 'sign-up'].includes(name)
          ? ['on', 'https://app.example.com,https://www.example.com', arn('ClientSecret'), arn('ServerCredential')]
          : [undefined, undefined, undefined, undefined],
        name,
      );
      assert.equal(environment(template, name).SESSION_MODE, undefined, name);
    }
    const own = templateOf({ api: 'http', sessionMode: true });
    assert.equal(environment(own, 'sign-up').SESSION_ORIGINS, undefined);
  });

  it('has the resolvers refuse AppSync where HTTP is served alone', () => {
    for (const [api, doors] of [['http', 'http'], ['both', undefined], ['appsync', undefined]] as const) {
      const template = templateOf({ api });
      for (const name of FUNCTIONS) {
        const expected = ['sign-in', 'sign-up'].includes(name) ? doors : undefined;
        assert.equal(environment(template, name).DOORS, expected, `${api} ${name}`);
      }
    }
  });

  it('turns the undo off in a legacy pool, in which none could succeed', () => {
    for (const [legacy, expected] of [[true, '0'], [false, undefined]] as const) {
      const existingPool = { userPoolId: 'eu-west-1_Abc', clientIds: ['web'], legacy };
      for (const name of FUNCTIONS) {
        assert.equal(environment(templateOf({ existingPool }), name).UNDO_HOURS, expected, name);
      }
    }
  });

  it('leaves to the functions what is not set', () => {
    assert.deepEqual(Object.keys(environment(templateOf(), 'create-auth-challenge')).sort(), [
      'CLIENT_IDS',
      'EMAIL_FROM',
      'KEY_RING_SECRET',
      'METRICS_NAMESPACE',
      'SMS_COUNTRIES',
      'TABLE_NAME',
    ]);
  });

  it('names the templates by their kinds', () => {
    const { SMS_TEMPLATE_IDS } = environment(template, 'create-auth-challenge');
    assert.equal(SMS_TEMPLATE_IDS, 'sign_in_code=1107161,contact_replaced=1107163,contact_added=1107164');
  });

  it('says everywhere that there is no mail, where there is none', () => {
    const textOnly = templateOf({ email: undefined });
    for (const name of FUNCTIONS) {
      assert.equal(environment(textOnly, name).EMAIL, 'false', name);
      assert.ok(!('EMAIL_FROM' in environment(textOnly, name)), name);
      assert.ok(!('EMAIL' in environment(templateOf(), name)), name);
    }
  });

  it('says who mail is from', () => {
    assert.equal(environment(template, 'create-auth-challenge').EMAIL_FROM, 'Example <codes@example.com>');
    assert.equal(environment(templateOf(), 'create-auth-challenge').EMAIL_FROM, 'codes@example.com');
  });

  it('names the clients in their order', () => {
    assert.equal(environment(template, 'sign-in').CLIENT_IDS, 'web,ios');
  });
});

describe('the functions', () => {
  const template = templateOf();

  it('are bootstraps for Amazon Linux 2023 on arm64, or on x86_64 when told so', () => {
    const intel = templateOf({ architecture: lambda.Architecture.X86_64 });
    for (const name of FUNCTIONS) {
      const { Properties } = functionOf(template, name);
      assert.equal(Properties.Runtime, 'provided.al2023');
      assert.equal(Properties.Handler, 'bootstrap');
      assert.deepEqual(Properties.Architectures, ['arm64']);
      assert.deepEqual(functionOf(intel, name).Properties.Architectures, ['x86_64']);
    }
  });

  it('have time: triggers as long as Cognito waits, senders for their delivery, resolvers as AppSync waits', () => {
    const seconds = FUNCTIONS.map((name) => functionOf(template, name).Properties.Timeout);
    assert.deepEqual(seconds, [15, 15, 5, 30, 30]);
  });

  it('log as they please into groups that forget', () => {
    for (const group of Object.values(template.findResources('AWS::Logs::LogGroup'))) {
      assert.equal(group.Properties.RetentionInDays, 30);
    }
    const longer = templateOf({ logRetention: logs.RetentionDays.ONE_YEAR });
    for (const group of Object.values(longer.findResources('AWS::Logs::LogGroup'))) {
      assert.equal(group.Properties.RetentionInDays, 365);
    }
    for (const name of FUNCTIONS) {
      assert.equal(functionOf(template, name).Properties.LoggingConfig.LogFormat, 'Text');
    }
  });

  it('are not traced by X-Ray', () => {
    for (const name of FUNCTIONS) {
      assert.equal(functionOf(template, name).Properties.TracingConfig, undefined);
    }
  });

  it('have the memory and the concurrency that they are given', () => {
    const other = templateOf({ memory: 256, reservedConcurrency: { 'sign-in': 20 } });
    assert.equal(functionOf(other, 'sign-in').Properties.MemorySize, 256);
    assert.equal(functionOf(other, 'sign-in').Properties.ReservedConcurrentExecutions, 20);
    assert.equal(functionOf(other, 'sign-up').Properties.ReservedConcurrentExecutions, undefined);
  });

  it('are named after the stack, or as told', () => {
    const { Properties } = functionOf(templateOf({ functionPrefix: 'door' }), 'sign-in');
    assert.equal(Properties.FunctionName, 'door-sign-in');
  });

  it('are looked for where they should be, and missed by name', () => {
    assert.throws(() => templateOf({ packages: Packages.folder('nowhere') }), /cargo xtask package/);
  });
});

describe('the table and the key ring', () => {
  const template = templateOf();

  it('has one key, expires its items, and costs what is used', () => {
    const { Properties } = only(template, 'AWS::DynamoDB::Table');
    assert.deepEqual(Properties.KeySchema, [{ AttributeName: 'pk', KeyType: 'HASH' }]);
    assert.deepEqual(Properties.TimeToLiveSpecification, { AttributeName: 'ttl', Enabled: true });
    assert.equal(Properties.BillingMode, 'PAY_PER_REQUEST');
    assert.equal(Properties.PointInTimeRecoverySpecification.PointInTimeRecoveryEnabled, false);
  });

  it('can be put back to an earlier time when told so', () => {
    const { Properties } = only(templateOf({ pointInTimeRecovery: true }), 'AWS::DynamoDB::Table');
    assert.equal(Properties.PointInTimeRecoverySpecification.PointInTimeRecoveryEnabled, true);
  });

  it('begins with one key of letters and digits alone, which are base64 of more than 32 bytes', () => {
    const { Properties } = only(template, 'AWS::SecretsManager::Secret');
    const { SecretStringTemplate, GenerateStringKey, PasswordLength, ExcludeCharacters } =
      Properties.GenerateSecretString;
    const printable = Array.from({ length: 94 }, (_, i) => String.fromCharCode(33 + i));
    const left = printable.filter((character) => !ExcludeCharacters.includes(character));
    assert.match(left.join(''), /^[A-Za-z0-9]{62}$/);
    const ring = { ...JSON.parse(SecretStringTemplate), [GenerateStringKey]: 'z'.repeat(PasswordLength) };
    assert.equal(ring.id, 'k1');
    assert.equal(Buffer.from(ring.secret, 'base64').toString('base64'), ring.secret);
    assert.ok(Buffer.from(ring.secret, 'base64').length >= 32);
  });
});
