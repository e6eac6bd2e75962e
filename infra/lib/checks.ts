import { Token } from 'aws-cdk-lib';
import { LONGEST_PREFIX } from './functions';
import { oddsOf } from './odds';
import { CONTACTS } from './pool';
import type { LatchstringProps } from './props';
import { RULES, type Rule, type Settings } from './settings';

/** Throws an error that names every property which is not what it must be. */
export function check(props: LatchstringProps): void {
  const found = [
    ...whole(props),
    ...settings(props.settings ?? {}),
    ...odds(props.settings ?? {}),
    ...calls(props),
    ...messages(props),
    ...pool(props),
    ...others(props),
  ];
  if (found.length > 0) {
    throw new Error(`Latchstring cannot be deployed so:\n${found.map((line) => `  - ${line}`).join('\n')}`);
  }
}

function* whole({ pool, existingPool, functionPrefix, settings }: LatchstringProps): Generator<string> {
  if (pool !== undefined && existingPool !== undefined) {
    yield 'pool and existingPool: only one of them can be set';
  }
  if (existingPool !== undefined && existingPool.clientIds.length === 0) {
    yield 'existingPool.clientIds: at least one';
  }
  const undoHours = settings?.undoHours ?? 0;
  if (existingPool?.legacy && undoHours !== 0 && !Token.isUnresolved(undoHours)) {
    yield 'settings.undoHours: 0 with existingPool.legacy, in which no change could be undone';
  }
  if (
    functionPrefix !== undefined &&
    !Token.isUnresolved(functionPrefix) &&
    !new RegExp(`^[A-Za-z0-9_-]{1,${LONGEST_PREFIX}}$`).test(functionPrefix)
  ) {
    yield `functionPrefix: 1 to ${LONGEST_PREFIX} letters, digits, - or _`;
  }
}

function* settings(settings: Settings): Generator<string> {
  for (const [name, { bounds, share, words }] of Object.entries(RULES) as [keyof Settings, Rule][]) {
    const value = settings[name];
    if (value === undefined || Token.isUnresolved(value)) {
      continue;
    }
    if (bounds && !between(value, bounds)) {
      yield `settings.${name}: a whole number from ${bounds[0]} to ${bounds[1]}`;
    }
    if (share && !(Number(value) >= 0 && Number(value) <= 1)) {
      yield `settings.${name}: a number from 0 to 1`;
    }
    if (words && !words.includes(String(value))) {
      yield `settings.${name}: one of ${words.join(', ')}`;
    }
  }
}

/** Yields the settings that the functions would refuse at start. */
function* odds(settings: Settings): Generator<string> {
  const { codeLength = RULES.codeLength.default, longCodeLength = RULES.longCodeLength.default } = settings;
  const lengths = [codeLength, longCodeLength];
  if (!lengths.some((length) => Token.isUnresolved(length)) && Number(longCodeLength) < Number(codeLength)) {
    yield 'settings.longCodeLength: codeLength or more';
  }
  const found = oddsOf(settings);
  for (const [name, odds] of [
    ['maxTargetedOdds', found?.targeted],
    ['maxSprayOdds', found?.sprayed],
  ] as const) {
    const most = settings[name] ?? RULES[name].default;
    if (odds !== undefined && !Token.isUnresolved(most) && odds > Number(most)) {
      const left = `1 in ${Math.round(1 / odds)}`;
      yield `settings: they leave an attacker odds of ${left} in a year, above settings.${name}; docs/budgets.md shows their sources`;
    }
  }
}

function* calls({ settings }: LatchstringProps): Generator<string> {
  if (settings?.cognitoCalls === 'signed' && settings.signedSessionsConfirmed !== true) {
    yield 'settings.cognitoCalls: signed needs signedSessionsConfirmed, once `latchstring doctor --probe` reports probe.signed as ok';
  }
}

function* messages({ email, sms, captcha, settings }: LatchstringProps): Generator<string> {
  const wrong = (value: string | undefined, pattern: RegExp) =>
    value !== undefined && !Token.isUnresolved(value) && !pattern.test(value);
  if (email === undefined && !sms?.countries.length) {
    yield 'email or sms: at least one is required; without both, no code can be sent';
  }
  if (wrong(email?.fromAddress, /^[^\s@<>"]+@[^\s@<>"]+\.[^\s@<>"]+$/)) {
    yield 'email.fromAddress: an address such as codes@example.com';
  }
  if (wrong(email?.fromName, /^[^<>"\\\r\n]{1,100}$/)) {
    yield 'email.fromName: a name of 1 to 100 characters on one line, without quotes, backslashes or angle brackets';
  }
  if (wrong(email?.replyTo, /^([^<>"\\\r\n]{1,100} <)?[^\s@<>"]+@[^\s@<>"]+>?$/)) {
    yield 'email.replyTo: an address such as help@example.com, or Name <address>';
  }
  if (sms?.countries.some((country) => wrong(country, /^[A-Z]{2}(:[0-9.]+)?$/))) {
    yield 'sms.countries: ISO 3166 codes of two capital letters, such as DE, or with a price, DE:0.09';
  }
  if (wrong(sms?.senderId, /^(?=.*[A-Za-z])[A-Za-z0-9]{3,11}$/)) {
    yield 'sms.senderId: 3 to 11 letters and digits, one letter at least';
  }
  if (wrong(sms?.originationNumber, /^\+?[0-9]{5,15}$/)) {
    yield 'sms.originationNumber: 5 to 15 digits, with or without +';
  }
  for (const [name, id] of Object.entries({ entityId: sms?.entityId, ...sms?.templateIds })) {
    if (wrong(id, /^[A-Za-z0-9_-]{1,50}$/)) {
      yield `sms.${name === 'entityId' ? name : `templateIds.${name}`}: 1 to 50 letters, digits, - and _`;
    }
  }
  if (wrong(sms?.domain, /^[a-z0-9.-]{1,40}$/)) {
    yield 'sms.domain: a domain of up to 40 characters';
  }
  if (wrong(sms?.androidHash, /^[A-Za-z0-9+/]{11}$/)) {
    yield 'sms.androidHash: 11 characters of base64';
  }
  if (wrong(captcha?.secretArn, /^arn:[a-z-]+:secretsmanager:[a-z0-9-]+:\d{12}:secret:.+$/)) {
    yield 'captcha.secretArn: the whole ARN of a secret';
  }
  if (captcha && (captcha.hostnames.length === 0 || captcha.hostnames.some((name) => wrong(name, /^[a-z0-9.-]+$/)))) {
    yield 'captcha.hostnames: at least one, without scheme or port, such as example.com';
  }
  if (wrong(settings?.appName, /^.{1,30}$/u)) {
    yield 'settings.appName: a name of 1 to 30 characters';
  }
  if (wrong(settings?.supportContact, /^(?=.{1,50}$)(\S+@\S+|https:\/\/\S+|[0-9 +().\/-]+)$/)) {
    yield 'settings.supportContact: an email address, a phone number or an https URL of up to 50 characters';
  }
  if (wrong(settings?.linkUrl, /^(?=.{1,200}$)(https:\/\/[A-Za-z0-9.-]+|http:\/\/(localhost|127\.0\.0\.1|\[::1\]))(:\d{1,5})?([/?][!$-&(-;=?-[\]_a-z~]*)?$/)) {
    yield 'settings.linkUrl: an https URL of up to 200 characters without a fragment, or an http one of this computer';
  }
}

function* pool({ pool }: LatchstringProps): Generator<string> {
  const clients = pool?.clients;
  if (clients && (clients.length === 0 || !distinctNames(clients))) {
    yield 'pool.clients: at least one, all different, of letters and digits';
  }
  const contacts = pool?.writeAttributes?.filter((name) => CONTACTS.includes(name)) ?? [];
  if (contacts.length > 0) {
    yield `pool.writeAttributes: not ${contacts.join(', ')}, or a stolen token could take the account over`;
  }
  if (pool?.writeAttributes?.length === 0) {
    yield 'pool.writeAttributes: at least one, such as locale; to Cognito an empty list means every standard attribute, the contacts among them';
  }
  const lives = [
    ['accessTokenLife', pool?.accessTokenLife, [5, 24 * 60], '5 minutes to a day'],
    ['idTokenLife', pool?.idTokenLife, [5, 24 * 60], '5 minutes to a day'],
    ['refreshTokenLife', pool?.refreshTokenLife, [60, 10 * 365 * 24 * 60], 'an hour to ten years'],
  ] as const;
  for (const [name, life, bounds, text] of lives) {
    if (life && !between(life.toMinutes({ integral: false }), bounds)) {
      yield `pool.${name}: ${text}, in whole minutes`;
    }
  }
}

function* others({ api, waf, memory, reservedConcurrency, alarms }: LatchstringProps): Generator<string> {
  if (api?.keys && (api.keys.length === 0 || !distinctNames(api.keys))) {
    yield 'api.keys: at least one, all different, of letters and digits';
  }
  const numbers = [
    ['api.queryDepthLimit', api?.queryDepthLimit, [1, 75]],
    ['api.resolverCountLimit', api?.resolverCountLimit, [1, 10_000]],
    ['waf.requestsPerFiveMinutes', waf?.requestsPerFiveMinutes, [10, 2_000_000_000]],
    ['waf.poolRequestsPerFiveMinutes', waf?.poolRequestsPerFiveMinutes, [10, 2_000_000_000]],
    ['memory', memory, [128, 10_240]],
    ['alarms.smsPerHour', alarms?.smsPerHour, [1, 1_000_000]],
    ...Object.entries(reservedConcurrency ?? {}).map(
      ([name, value]) => [`reservedConcurrency.${name}`, value, [1, 100_000]] as const,
    ),
  ] as const;
  for (const [name, value, bounds] of numbers) {
    if (value !== undefined && !between(value, bounds)) {
      yield `${name}: a whole number from ${bounds[0]} to ${bounds[1]}`;
    }
  }
}

function between(value: unknown, [least, most]: readonly [number, number]): boolean {
  return Token.isUnresolved(value) || (Number.isInteger(value) && least <= Number(value) && Number(value) <= most);
}

function distinctNames(names: readonly string[]): boolean {
  return new Set(names).size === names.length && names.every((name) => /^[A-Za-z0-9]{1,64}$/.test(name));
}
