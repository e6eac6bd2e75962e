import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import {
  Duration,
  type aws_apigatewayv2 as apigateway,
  type aws_appsync as appsync,
  type aws_certificatemanager as acm,
  type aws_lambda as lambda,
  type aws_secretsmanager as secrets,
} from 'aws-cdk-lib';
import { Latchstring, type LatchstringProps } from '../lib';
import { LEAST, newStack } from './support';

const DOMAIN = { name: 'auth.example.com', certificate: {} as acm.ICertificate };
const email = { fromAddress: 'codes@example.com' };
const SECRET = {} as secrets.ISecret;
const existingPool = { userPoolId: 'p', clientIds: ['c'] };
const WRONG: [string, Partial<LatchstringProps>, RegExp][] = [
  ['an address that is none', { email: { fromAddress: 'codes' } }, /email\.fromAddress/],
  ['neither mail nor SMS', { email: undefined, sms: undefined }, /email or sms: at least one/],
  ['SMS to nowhere, and no mail', { email: undefined, sms: { countries: [] } }, /email or sms: at least one/],
  ['a name that could hide an address', { email: { ...email, fromName: 'A <b@c.de>' } }, /email\.fromName/],
  ['a reply address that is none', { email: { ...email, replyTo: 'help' } }, /email\.replyTo/],
  ['an entity with spaces', { sms: { countries: ['IN'], entityId: '1 2' } }, /sms\.entityId/],
  ['a template with spaces', { sms: { countries: ['IN'], templateIds: { signInCode: '1 2' } } }, /sms\.templateIds\.signInCode/],
  ['a support contact that is none', { settings: { supportContact: 'the office' } }, /settings\.supportContact/],
  ['a support contact too long', { settings: { supportContact: `https://example.com/${'x'.repeat(31)}` } }, /settings\.supportContact/],
  ['a link without TLS', { settings: { linkUrl: 'http://app.example.com/' } }, /settings\.linkUrl/],
  ['a link with a fragment', { settings: { linkUrl: 'https://app.example.com/#link' } }, /settings\.linkUrl/],
  ['a link that closes its attribute', { settings: { linkUrl: 'https://app.example.com/">' } }, /settings\.linkUrl/],
  ['a link too long', { settings: { linkUrl: `https://example.com/${'x'.repeat(181)}` } }, /settings\.linkUrl/],
  ['a country by its name', { sms: { countries: ['Germany'] } }, /sms\.countries/],
  ['a sender that is too long', { sms: { countries: ['DE'], senderId: 'Latchstrings' } }, /sms\.senderId/],
  ['a number without its country', { sms: { countries: ['DE'], originationNumber: '0151' } }, /sms\.originationNumber/],
  ['a domain with its scheme', { sms: { countries: ['DE'], domain: 'https://example.com' } }, /sms\.domain/],
  ['a hash that is none', { sms: { countries: ['DE'], androidHash: 'short' } }, /sms\.androidHash/],
  ['a name that fills the message', { settings: { appName: 'x'.repeat(31) } }, /settings\.appName/],
  ['a code of 5 digits', { settings: { codeLength: 5 } }, /settings\.codeLength: a whole number from 6 to 10/],
  ['odds that are no share', { settings: { maxSprayOdds: 1.5 } }, /settings\.maxSprayOdds: a number from 0 to 1/],
  ['codes under attack that are shorter', { settings: { codeLength: 9 } }, /settings\.longCodeLength: codeLength or more/],
  ['budgets above the odds for one account', { settings: { codesPerDay: 11, codeAttempts: 4 } }, /odds of 1 in \d+ in a year, above settings\.maxTargetedOdds/],
  ['budgets above the odds for all accounts', { settings: { allShortGuessesPerDay: 300 } }, /above settings\.maxSprayOdds/],
  ['half an attempt', { settings: { codeAttempts: 2.5 } }, /settings\.codeAttempts/],
  ['signed calls of an unconfirmed pool', { settings: { cognitoCalls: 'signed' } }, /settings\.cognitoCalls: signed needs signedSessionsConfirmed/],
  ['signed calls of both doors', { api: 'both', settings: { cognitoCalls: 'signed' } }, /settings\.cognitoCalls: signed needs .*, or api: 'http'/],
  ['calls there are not', { settings: { cognitoCalls: 'admin' as 'signed' } }, /settings\.cognitoCalls: one of public, signed/],
  ['threat protection without its tier', { api: 'http', settings: { cognitoCalls: 'signed' }, pool: { threatProtection: 'AUDIT' } }, /pool\.threatProtection: needs pool\.tier/],
  ['threat protection that sees Lambda', { api: 'http', pool: { tier: 'PLUS', threatProtection: 'ENFORCED' } }, /pool\.threatProtection: needs settings\.cognitoCalls/],
  ['threat protection without a source', { settings: { cognitoCalls: 'signed', signedSessionsConfirmed: true }, pool: { tier: 'PLUS', threatProtection: 'ENFORCED' } }, /pool\.threatProtection: needs settings\.source/],
  ['a mode of threat protection there is not', { pool: { tier: 'PLUS', threatProtection: 'OFF' as 'AUDIT' } }, /pool\.threatProtection: one of AUDIT, ENFORCED/],
  ['a log level there is not', { settings: { logLevel: 'loud' as 'info' } }, /settings\.logLevel: one of error/],
  ['two pools', { pool: {}, existingPool: { userPoolId: 'p', clientIds: ['c'] } }, /pool and existingPool/],
  ['a pool without clients', { existingPool: { userPoolId: 'p', clientIds: [] } }, /existingPool\.clientIds/],
  ['an undo in a legacy pool', { existingPool: { userPoolId: 'p', clientIds: ['c'], legacy: true }, settings: { undoHours: 24 } }, /settings\.undoHours: 0 with existingPool\.legacy/],
  ['no client', { pool: { clients: [] } }, /pool\.clients/],
  ['two clients of one name', { pool: { clients: ['a', 'a'] } }, /pool\.clients/],
  ['an email that tokens may write', { pool: { writeAttributes: ['email', 'locale'] } }, /writeAttributes: not email,/],
  ['an empty list, which is every attribute', { pool: { writeAttributes: [] } }, /pool\.writeAttributes: at least one/],
  ['a number that tokens may write', { pool: { writeAttributes: ['phone_number'] } }, /writeAttributes/],
  ['an access token for a week', { pool: { accessTokenLife: Duration.days(7) } }, /pool\.accessTokenLife/],
  ['a refresh token for a minute', { pool: { refreshTokenLife: Duration.minutes(1) } }, /pool\.refreshTokenLife/],
  ['no API key', { graphql: { keys: [] } }, /graphql\.keys: at least one/],
  ['API keys of no known expiry', { graphql: {} }, /graphql\.keysExpire: the day on which/],
  ['an expiry that is no day', { graphql: { keysExpire: 'soon' } }, /graphql\.keysExpire: a day such as/],
  ['an expiry in a month that is none', { graphql: { keysExpire: '2027-13-01' } }, /graphql\.keysExpire: a day such as/],
  ['a query of any depth', { graphql: { queryDepthLimit: 0 } }, /graphql\.queryDepthLimit/],
  ['keys for an API that has its own', { graphql: { existing: {} as appsync.IGraphqlApi, keys: ['1'] } }, /graphql\.existing: not with keys,/],
  ['an API there is not', { api: 'rest' as 'http' }, /api: one of appsync, http, both/],
  ['keys without a GraphQL API', { api: 'http', graphql: { keys: ['1'] } }, /graphql: with api: 'http' there is no/],
  ['an HTTP API that is not chosen', { http: { requestBurst: 5 } }, /http: needs api: 'http' or 'both'/],
  ['a domain for an API that has its own', { api: 'http', http: { existing: {} as apigateway.IHttpApi, domain: DOMAIN } }, /http\.existing: not with domain,/],
  ['pages of any origin', { api: 'http', http: { allowOrigins: ['*'] } }, /http\.allowOrigins: .*never \*/],
  ['pages of many origins', { api: 'http', http: { allowOrigins: ['https://*.example.com'] } }, /http\.allowOrigins/],
  ['pages without TLS', { api: 'http', http: { allowOrigins: ['http://example.com'] } }, /http\.allowOrigins/],
  ['pages by their path', { api: 'http', http: { allowOrigins: ['https://example.com/'] } }, /http\.allowOrigins/],
  ['a domain with its scheme, of the API', { api: 'http', http: { domain: { ...DOMAIN, name: 'https://a.example.com' } } }, /http\.domain\.name/],
  ['a base path with slashes', { api: 'http', http: { domain: { ...DOMAIN, basePath: '/auth/' } } }, /http\.domain\.basePath: such as/],
  ['a base path behind CloudFront', { api: 'http', http: { cloudFront: {}, domain: { ...DOMAIN, basePath: 'auth' } } }, /http\.domain\.basePath: not with http\.cloudFront/],
  ['three secrets at once', { api: 'http', http: { cloudFront: { secrets: ['1', '2', '3'] } } }, /http\.cloudFront\.secrets: one or two/],
  ['one secret twice', { api: 'http', http: { cloudFront: { secrets: ['1', '1'] } } }, /http\.cloudFront\.secrets/],
  ['an HTTP API that takes no request', { api: 'http', http: { requestsPerSecond: 0 } }, /http\.requestsPerSecond/],
  ['a web ACL for an HTTP API', { api: 'both', waf: {} }, /waf: an HTTP API takes no web ACL/],
  ['a web ACL of CloudFront in another Region', { api: 'http', waf: {}, http: { cloudFront: {} } }, /waf: .* must be in us-east-1/],
  ['a web ACL that refuses every caller', { waf: { requestsPerFiveMinutes: 1 } }, /waf\.requestsPerFiveMinutes/],
  ['session mode by AppSync', { sessionMode: true }, /sessionMode: needs api: 'http'; clients of AppSync answer Cognito themselves/],
  ['session mode by both APIs', { sessionMode: {}, api: 'both' }, /sessionMode: needs api: 'http'/],
  ['session mode with two clients', { sessionMode: true, api: 'http', pool: { clients: ['a', 'b'] } }, /pool\.clients: one with sessionMode/],
  ['session mode of two existing clients', { sessionMode: { clientSecret: SECRET }, api: 'http', existingPool: { userPoolId: 'p', clientIds: ['c', 'd'] } }, /existingPool\.clientIds: one with sessionMode/],
  ['session mode without rotation', { sessionMode: true, api: 'http', pool: { rotateRefreshTokens: false } }, /pool\.rotateRefreshTokens/],
  ['sessions that outlive their tokens', { sessionMode: true, api: 'http', pool: { refreshTokenLife: Duration.hours(719) } }, /pool\.refreshTokenLife: at least 720 hours/],
  ['an existing client of an unknown secret', { sessionMode: true, api: 'http', existingPool }, /sessionMode\.clientSecret: the secret of/],
  ['a secret for a client that has its own', { sessionMode: { clientSecret: SECRET }, api: 'http' }, /sessionMode\.clientSecret: only with existingPool/],
  ['pages that have tokens in session mode', { sessionMode: true, api: 'http', http: { allowOrigins: ['https://app.example.com'] } }, /http\.allowOrigins: not with sessionMode/],
  ['pages of any origin with the cookie', { sessionMode: { origins: ['*'] }, api: 'http', http: { domain: DOMAIN } }, /sessionMode\.origins: .*never \*/],
  ['pages with the cookie without TLS', { sessionMode: { origins: ['http://localhost:5173'] }, api: 'http', http: { domain: DOMAIN } }, /sessionMode\.origins: origins such as/],
  ['pages with the cookie of no site', { sessionMode: { origins: ['https://app.example.com'] }, api: 'http' }, /sessionMode\.origins: needs http\.domain/],
  ['pages with the cookie of another site', { sessionMode: { origins: ['https://example.org'] }, api: 'http', http: { domain: DOMAIN } }, /sessionMode\.origins: https:\/\/example\.org is of another site/],
  ['too little memory', { memory: 64 }, /memory/],
  ['no concurrency', { reservedConcurrency: { 'sign-in': 0 } }, /reservedConcurrency\.sign-in/],
  ['a rule there is not', { settings: { admission: 'closed' as 'invited' } }, /settings\.admission: one of open, domains, invited, hook/],
  ['a rule of domains without any', { settings: { admission: 'domains', admittedDomains: ' , ' } }, /settings\.admission: domains needs/],
  ['domains that no rule reads', { settings: { refusedDomains: 'example.com' } }, /settings\.admittedDomains, .*: only with/],
  ['a domain with its scheme, of a rule', { settings: { admission: 'domains', admittedDomains: 'https://example.com' } }, /settings\.admittedDomains: https:\/\/example\.com: domains such as/],
  ['a domain for all', { settings: { admission: 'domains', refusedDomains: 'example.com,*' } }, /settings\.refusedDomains: \*: domains/],
  ['a whole top-level domain', { settings: { admission: 'domains', refusedDomains: '*.com' } }, /settings\.refusedDomains/],
  ['a group with spaces', { settings: { admission: 'invited', invitersGroup: 'the admins' } }, /settings\.invitersGroup/],
  ['a listed group with spaces', { settings: { admission: 'invited', invitersMayGive: 'staff, the admins' } }, /settings\.invitersMayGive/],
  ['a contact that inviters may set', { settings: { admission: 'invited', invitersMaySet: 'custom:team, email' } }, /settings\.invitersMaySet/],
  ['a rule of a function without one', { settings: { admission: 'hook' } }, /admissionHook: exactly with/],
  ['a function that another rule never invokes', { settings: { admission: 'invited' }, admissionHook: {} as lambda.IFunction }, /admissionHook: exactly with/],
  ['a rule in a legacy pool', { existingPool: { userPoolId: 'p', clientIds: ['c'], legacy: true }, settings: { admission: 'invited' } }, /settings\.admission: open with existingPool\.legacy/],
  ['usernames that are contacts, without a choice', { existingPool: { userPoolId: 'p', clientIds: ['c'] }, settings: { usernameAttributes: true } }, /settings\.otherHolders: 'refuse' or/],
  ['usernames that are contacts, in a new pool', { settings: { usernameAttributes: true, otherHolders: 'refuse' } }, /settings\.usernameAttributes: only with existingPool/],
  ['other holders of a legacy pool', { existingPool: { userPoolId: 'p', clientIds: ['c'], legacy: true }, settings: { otherHolders: 'refuse' } }, /settings\.otherHolders: ignore with existingPool\.legacy/],
  ['a prefix that is too long', { functionPrefix: 'x'.repeat(34) }, /functionPrefix: 1 to 33/],
];

describe('what cannot be deployed is refused before anything is made', () => {
  for (const [name, props, expected] of WRONG) {
    it(name, () => assert.throws(() => newStack(props), expected));
  }

  it('domains of a rule may be in Unicode, in ASCII and below another', () => {
    const admittedDomains = 'example.com, *.example.org,bücher.example,*.xn--bcher-kva.example';
    newStack({ settings: { admission: 'domains', admittedDomains, refusedDomains: 'guests.example.org' } });
  });

  it('sessions of a length that there is not are named, and no error is thrown besides', () => {
    const props = { api: 'http', sessionMode: true, settings: { sessionHours: -1 } } as const;
    assert.throws(() => newStack(props), /cannot be deployed so:\n  - settings\.sessionHours/);
  });

  it('all that is wrong is named at once', () => {
    const props = { memory: 64, settings: { codeLength: 5 } };
    assert.throws(() => newStack(props), /settings\.codeLength[\s\S]*memory/);
  });

  it('two deployments in one stack need names of their own', () => {
    const stack = newStack();
    assert.throws(() => new Latchstring(stack, 'Second', LEAST), /functionPrefix/);
    new Latchstring(stack, 'Third', { ...LEAST, functionPrefix: 'third' });
  });
});
