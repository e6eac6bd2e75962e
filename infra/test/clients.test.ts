import { functionOf, newStack, only, templateOf, PACKAGES } from './support';
import * as assert from 'node:assert/strict';
import * as fs from 'node:fs';
import * as path from 'node:path';
import { test } from 'node:test';
import { Duration } from 'aws-cdk-lib';
import type { ClientProps, LatchstringProps } from '../lib';

const TWO: Partial<LatchstringProps> = { pool: { clients: ['web', 'acme'] } };
const EXISTING: Partial<LatchstringProps> = {
  pool: undefined,
  existingPool: { userPoolId: 'eu-west-1_Abc', clientIds: ['web'], legacy: true },
};

/** The texts of every language of one part. */
function file(name: string, text: (language: string) => string | undefined, tenant = 'acme'): string {
  const languages = ['en', 'fr', 'de', 'es', 'pt', 'ja'].flatMap((language) => {
    const found = text(language);
    return found === undefined ? [] : [[language, { sign_in_code: { [name]: found } }]];
  });
  const written = path.join(PACKAGES, `texts-${Math.random()}.json`);
  fs.writeFileSync(written, JSON.stringify({ [tenant]: Object.fromEntries(languages) }));
  return written;
}

test('a client has lives of tokens of its own', () => {
  const clients = { acme: { accessTokenLife: Duration.minutes(5), rotateRefreshTokens: true } };
  const found = templateOf({ ...TWO, clients }).findResources('AWS::Cognito::UserPoolClient');
  const lives = Object.values(found).map(({ Properties: it }) => [it.ClientName, it.AccessTokenValidity, it.RefreshTokenRotation?.Feature]);
  assert.deepEqual(lives, [
    ['web', 60, undefined],
    ['acme', 5, 'ENABLED'],
  ]);
});

test('a client whose name is a number has its own settings, and its place', () => {
  const clients: Record<string, ClientProps> = { web: { appName: 'Web' }, '2': { appName: 'Two' } };
  const { CLIENTS, CLIENT_IDS } = functionOf(templateOf({ pool: { clients: ['web', '2'] }, clients }), 'sign-in').Properties.Environment.Variables;
  const text = (value: unknown) => JSON.stringify(value);
  assert.match(text(CLIENT_IDS), /Clientweb.*Client2/);
  assert.match(text(CLIENTS), /Clientweb[^}]*}[^}]*Web.*Client2[^}]*}[^}]*Two|Client2[^}]*}[^}]*Two.*Clientweb[^}]*}[^}]*Web/);
});

test('the hook of one client needs no rule of the deployment', () => {
  const admissionHook = { functionArn: 'arn:aws:lambda:eu-central-1:123456789012:function:rule' };
  const props = { ...TWO, settings: { admission: 'open' as const }, clients: { acme: { admission: 'hook' as const } } };
  templateOf({ ...props, admissionHook });
  assert.throws(() => templateOf(props), /admissionHook: exactly with/);
});

test('every function has the settings of clients, by their ids', () => {
  const acme: ClientProps = {
    appName: 'Acme',
    methods: ['email'],
    admission: 'domains',
    admittedDomains: ['acme.example'],
    email: { fromAddress: 'codes@acme.example', fromName: 'Acme' },
    accessTokenLife: Duration.minutes(5),
  };
  const template = templateOf({ ...TWO, clients: { acme } });
  for (const name of ['sign-in', 'create-auth-challenge', 'verify-auth-challenge-response'] as const) {
    const [, parts] = functionOf(template, name).Properties.Environment.Variables.CLIENTS['Fn::Join'];
    const [open, id, rest] = parts;
    assert.match(id.Ref, /Clientacme/);
    assert.deepEqual(JSON.parse(`${open}ID${rest}`), {
      ID: {
        appName: 'Acme',
        methods: ['email'],
        admission: 'domains',
        admittedDomains: ['acme.example'],
        emailFrom: 'Acme <codes@acme.example>',
      },
    });
  }
  // A rule needs its permissions, and a sender its own.
  const statements = Object.values(template.findResources('AWS::IAM::Policy')).flatMap(({ Properties }) => Properties.PolicyDocument.Statement);
  const from = statements.map(({ Condition }) => Condition?.StringEquals?.['ses:FromAddress']).filter(Boolean);
  assert.deepEqual(from, ['codes@example.com', 'codes@acme.example']);
  assert.ok(statements.some(({ Action }) => [Action].flat().includes('cognito-idp:AdminAddUserToGroup')));
});

test('without settings of clients nothing is set', () => {
  const template = templateOf(TWO);
  assert.equal(functionOf(template, 'sign-in').Properties.Environment.Variables.CLIENTS, undefined);
  assert.equal(Object.keys(template.findResources('AWS::Lambda::LayerVersion')).length, 0);
});

test('texts are a layer of the functions that send', () => {
  const messages = file('subject', () => 'Your[ {app}] code');
  const template = templateOf({ ...TWO, clients: { acme: { messages: 'acme' } }, messages });
  only(template, 'AWS::Lambda::LayerVersion');
  for (const [name, has] of [
    ['create-auth-challenge', true],
    ['define-auth-challenge', true],
    ['verify-auth-challenge-response', false],
    ['sign-in', false],
  ] as const) {
    const { Layers, Environment } = functionOf(template, name).Properties;
    assert.equal(Layers?.length ?? 0, has ? 1 : 0, name);
    assert.equal(Environment.Variables.MESSAGES_FILE, has ? '/opt/latchstring-messages.json' : undefined);
  }
});

test('what the functions refuse is refused at synthesis', () => {
  const faults: [Partial<LatchstringProps>, RegExp][] = [
    [{ clients: { other: {} } }, /clients\.other: no client of pool\.clients/],
    [{ clients: { acme: { appName: 'x'.repeat(31) } } }, /clients\.acme\.appName/],
    [{ clients: { acme: { defaultLocale: 'nl' } } }, /clients\.acme\.defaultLocale/],
    [{ clients: { acme: { methods: [] } } }, /clients\.acme\.methods: email, phone_number, or both/],
    [{ clients: { acme: { methods: ['email', 'fax' as 'email'] } } }, /clients\.acme\.methods: email, phone_number, or both/],
    [{ clients: { acme: { methods: ['email'] } }, email: undefined, sms: { countries: ['US'] } }, /clients\.acme\.methods: one at least/],
    [{ clients: { acme: { supportContact: 'call us' } } }, /clients\.acme\.supportContact/],
    [{ clients: { acme: { smsDomain: 'Acme.example' } } }, /clients\.acme\.smsDomain/],
    [{ clients: { acme: { smsAndroidHash: 'short' } } }, /clients\.acme\.smsAndroidHash/],
    [{ clients: { acme: { smsSenderId: '12345' } } }, /clients\.acme\.smsSenderId/],
    [{ clients: { acme: { email: { fromAddress: 'codes@acme.example', fromName: 'a\nb' } } } }, /clients\.acme\.email\.fromName/],
    [{ clients: { acme: { admission: 'domains', admittedDomains: Array(200).fill('acme.example') } } }, /clients: up to 2000 characters/],
    [{ clients: { acme: {} }, api: 'http', sessionMode: true }, /clients\.acme: sessionMode serves the first client alone/],
    [{ ...EXISTING, clients: { web: { admission: 'invited' } } }, /clients\.web\.admission: open with existingPool\.legacy/],
    [{ ...EXISTING, clients: { web: { accessTokenLife: Duration.minutes(5) } } }, /clients\.web\.accessTokenLife: not with existingPool/],
    [{ ...EXISTING, clients: { web: { rotateRefreshTokens: true } } }, /clients\.web\.rotateRefreshTokens: not with existingPool/],
    [{ clients: { acme: { methods: ['phone_number'] } }, sms: undefined }, /clients\.acme\.methods: one at least/],
    [{ clients: { acme: { admission: 'domains' } } }, /clients\.acme\.admission/],
    [{ clients: { acme: { admittedDomains: ['a.example'] } } }, /clients\.acme\.admission/],
    [{ clients: { acme: { admission: 'domains', refusedDomains: ['@'] } } }, /clients\.acme: @/],
    [{ clients: { acme: { admission: 'hook' } } }, /admissionHook: exactly with/],
    [{ clients: { acme: { accessTokenLife: Duration.minutes(1) } } }, /clients\.acme\.accessTokenLife/],
    [{ clients: { acme: { messages: 'acme' } } }, /clients\.acme\.messages/],
    [{ clients: { acme: { linkUrl: 'http://example.com' } } }, /clients\.acme\.linkUrl/],
    [{ clients: { acme: { email: { fromAddress: 'codes' } } } }, /clients\.acme\.email\.fromAddress/],
    [{ messages: '/nowhere' }, /messages: a file of JSON/],
    [{ messages: file('subject', (it) => (it === 'ja' ? undefined : 'Code')) }, /acme\.ja\.sign_in_code\.subject: .*lacks/],
    [{ messages: file('subject', () => 'Your {code}') }, /\{code\} is no value/],
    [{ messages: file('subject', () => 'Your {app} code') }, /\{app\} must be in square brackets/],
    [{ messages: file('subject', () => 'Your [{app} code') }, /not closed/],
    [{ messages: file('subject', () => 'a\nb') }, /a subject is one line/],
    [{ messages: file('sms', () => `{code} {minutes} ${'x'.repeat(150)}`) }, /two parts/],
    [{ messages: file('sms', () => 'Code {code} {minutes}') }, /begins with \{code\}/],
    [{ messages: file('sms', () => '{code}') }, /\{minutes\} is missing/],
    [{ messages: file('text', () => 'Hi {code} {year}{month}{day}{time}{minutes}[{until}]') }, /a paragraph of its own/],
    [{ messages: file('salutation', () => 'Hi') }, /has this name/],
  ];
  for (const [props, expected] of faults) {
    assert.throws(() => newStack({ ...TWO, ...props }), expected);
  }
});

test('every built-in text passes as an override', () => {
  const folder = path.join(__dirname, '../../shared/core/src/message');
  const kinds = ['sign_in_code', 'confirmation_code', 'contact_replaced', 'contact_added', 'change_undone'];
  const texts = Object.fromEntries(
    ['en', 'fr', 'de', 'es', 'pt', 'ja'].map((language) => [
      language,
      Object.fromEntries(
        kinds.map((kind) => [
          kind,
          Object.fromEntries(
            ['subject', 'text', 'preview', 'sms'].map((part) => [part, fs.readFileSync(path.join(folder, language, kind, `${part}.txt`), 'utf8')]),
          ),
        ]),
      ),
    ]),
  );
  const messages = path.join(PACKAGES, 'texts-all.json');
  fs.writeFileSync(messages, JSON.stringify({ default: texts }));
  newStack({ messages });
});
