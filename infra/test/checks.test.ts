import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { Duration } from 'aws-cdk-lib';
import { Latchstring, type LatchstringProps } from '../lib';
import { LEAST, newStack } from './support';

const email = { fromAddress: 'codes@example.com' };
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
  ['calls there are not', { settings: { cognitoCalls: 'admin' as 'signed' } }, /settings\.cognitoCalls: one of public, signed/],
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
  ['no API key', { api: { keys: [] } }, /api\.keys/],
  ['a query of any depth', { api: { queryDepthLimit: 0 } }, /api\.queryDepthLimit/],
  ['a web ACL that refuses every caller', { waf: { requestsPerFiveMinutes: 1 } }, /waf\.requestsPerFiveMinutes/],
  ['too little memory', { memory: 64 }, /memory/],
  ['no concurrency', { reservedConcurrency: { 'sign-in': 0 } }, /reservedConcurrency\.sign-in/],
  ['a prefix that is too long', { functionPrefix: 'x'.repeat(34) }, /functionPrefix: 1 to 33/],
];

describe('what cannot be deployed is refused before anything is made', () => {
  for (const [name, props, expected] of WRONG) {
    it(name, () => assert.throws(() => newStack(props), expected));
  }

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
