import { Token, aws_cognito as cognito } from 'aws-cdk-lib';
import { isClosed } from './admission';
import { checkClients } from './clients';
import { FUNCTIONS, LONGEST_PREFIX, type FunctionName } from './functions';
import { seconds } from './graphql-api';
import { oddsOf } from './odds';
import { ADDRESS, LINK_URL, LIVES, SUPPORT_CONTACT, between, isDomain, wrong } from './patterns';
import { CONTACTS, clientIdsOf, unknownTriggers } from './pool';
import type { LatchstringProps, PoolProps } from './props';
import { RULES, type Rule, type Settings } from './settings';
import { tableFaults } from './store';
import { cognitoCalls } from './variables';
import { EDGE_REGION, edgeAclArn } from './waf';

/** Throws an error that names every property which is not what it must be. */
export function check(props: LatchstringProps, region: string): void {
  const found = [
    ...whole(props, region),
    ...settings(props.settings ?? {}),
    ...odds(props.settings ?? {}),
    ...calls(props),
    ...threatProtection(props),
    ...admission(props),
    ...holders(props),
    ...messages(props),
    ...checkClients(props),
    ...pool(props),
    ...graphql(props),
    ...http(props),
    ...store(props),
    ...webAcl(props, region),
    ...session(props),
    ...deployment(props),
    ...otherWays(props),
    ...others(props),
  ];
  if (found.length > 0) {
    throw new Error(`Latchstring cannot be deployed so:\n${found.map((line) => `  - ${line}`).join('\n')}`);
  }
}

function* whole({ pool, existingPool, functionPrefix, settings }: LatchstringProps, region: string): Generator<string> {
  if (pool !== undefined && existingPool !== undefined) {
    yield 'pool and existingPool: only one of them can be set';
  }
  if (existingPool !== undefined) {
    const { userPool, userPoolId, clientIds, userPoolClients } = existingPool;
    if ((userPool === undefined) === (userPoolId === undefined)) {
      yield 'existingPool: exactly one of userPool and userPoolId';
    }
    const place = userPool?.env.region;
    if (place !== undefined && ![place, region].some((name) => Token.isUnresolved(name)) && place !== region) {
      yield `existingPool.userPool: of the Region of the stack, ${region}; triggers are functions of the pool's Region, ${place}`;
    }
    if ((clientIds === undefined) === (userPoolClients === undefined)) {
      yield 'existingPool: exactly one of userPoolClients and clientIds';
    } else if (clientIdsOf(existingPool).length === 0) {
      yield `existingPool.${clientIds ? 'clientIds' : 'userPoolClients'}: at least one`;
    }
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

function* deployment({ deployment: { alias, canary } = {} }: LatchstringProps): Generator<string> {
  if (alias !== undefined && !['all', 'apis', 'none'].includes(alias)) {
    yield 'deployment.alias: all, apis or none';
  }
  if (canary === undefined) {
    return;
  }
  if (alias === 'none') {
    yield 'deployment.canary: not with alias none, which leaves nothing to move';
  }
  const { percent = 10, minutes = 10 } = canary;
  if (!Number.isInteger(percent) || percent < 1 || percent > 99) {
    yield 'deployment.canary.percent: 1 to 99, a whole number';
  }
  if (!Number.isInteger(minutes) || minutes < 1 || minutes > 60) {
    yield 'deployment.canary.minutes: 1 to 60, a whole number';
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

function* calls({ settings, api }: LatchstringProps): Generator<string> {
  // Through the HTTP door no client answers a session.
  if (settings?.cognitoCalls === 'signed' && settings.signedSessionsConfirmed !== true && api !== 'http') {
    yield "settings.cognitoCalls: signed needs signedSessionsConfirmed, once `latchstring doctor --probe` reports probe.signed as ok, or api: 'http'";
  }
}

/** An attribute that an invitation may set, as the functions see it (`shared/core/src/value/membership.rs`). */
const SETTABLE = new RegExp(
  '^(custom:[A-Za-z0-9_.-]{1,20}|address|birthdate|family_name|gender|given_name|locale|middle_name|name|nickname' +
    '|picture|profile|website|zoneinfo)$',
);

/** Threat protection that sees the addresses of Lambda may refuse the sign-ins of all users. */
function* threatProtection({ pool, settings = {}, api, sessionMode }: LatchstringProps): Generator<string> {
  const mode = pool?.threatProtection;
  if (mode === undefined) {
    return;
  }
  if (!['AUDIT', 'ENFORCED'].includes(mode)) {
    yield 'pool.threatProtection: one of AUDIT, ENFORCED';
  }
  if (pool?.tier !== 'PLUS') {
    yield "pool.threatProtection: needs pool.tier: 'PLUS'";
  }
  if (cognitoCalls({ settings, sessionMode }) === 'public') {
    yield "pool.threatProtection: needs settings.cognitoCalls: 'signed'; a public call shows it the address of Lambda";
  }
  const { source = RULES.source.default } = settings;
  if (api !== 'http' && source === 'off') {
    yield 'pool.threatProtection: needs settings.source for AppSync, by which the functions know the address of a client';
  }
}

/** Yields what the functions would refuse at start, and domains that no address can have. */
function* admission({ settings = {}, admissionHook, clients = {}, existingPool, events }: LatchstringProps): Generator<string> {
  const { admission = admissionHook ? 'hook' : 'open', admittedDomains = '', refusedDomains = '', invitersGroup } = settings;
  const lists = { admittedDomains, refusedDomains };
  for (const [name, list] of Object.entries(lists)) {
    const domains = Token.isUnresolved(list) ? [] : list.split(',').map((domain) => domain.trim());
    const bad = domains.filter((domain) => domain !== '' && !isDomain(domain));
    if (bad.length > 0) {
      yield `settings.${name}: ${bad.join(', ')}: domains such as example.com, or *.example.com for those below it`;
    }
  }
  if (wrong(invitersGroup, /^[^\s]{1,128}$/u)) {
    yield 'settings.invitersGroup: the name of a group, 1 to 128 characters without white space';
  }
  const names = (list = '') => (Token.isUnresolved(list) ? [] : list.split(',').map((name) => name.trim()));
  if (names(settings.invitersMayGive).some((name) => !/^[^\s]{0,128}$/u.test(name))) {
    yield 'settings.invitersMayGive: the names of groups, separated by commas, each without white space';
  }
  if (names(settings.invitersMaySet).some((name) => name !== '' && !SETTABLE.test(name))) {
    yield 'settings.invitersMaySet: custom attributes, or standard ones that are no contact, separated by commas';
  }
  if (Token.isUnresolved(admission)) {
    return;
  }
  const known = Object.entries(lists).filter(([, list]) => !Token.isUnresolved(list));
  const given = Object.values(lists).some((list) => Token.isUnresolved(list) || /[^\s,]/.test(list));
  if (admission === 'domains' && !given) {
    yield 'settings.admission: domains needs settings.admittedDomains or settings.refusedDomains';
  }
  if (admission !== 'domains' && known.some(([, list]) => /[^\s,]/.test(list))) {
    yield "settings.admittedDomains, settings.refusedDomains: only with settings.admission: 'domains'";
  }
  const byHook = admission === 'hook' || Object.values(clients).some((client) => client.admission === 'hook');
  if (byHook !== (admissionHook !== undefined)) {
    yield 'admissionHook: exactly with the admission hook of settings, which it sets, or of a client';
  }
  if (existingPool?.legacy && events) {
    yield 'events: not with existingPool.legacy, in whose pool anyone can cause them';
  }
  if (existingPool?.legacy && admission !== 'open') {
    yield 'settings.admission: open with existingPool.legacy, whose accounts are made before their contact is proved';
  }
}

/** Yields what the functions would refuse at start about the accounts of a pool that others wrote too. */
function* holders({ settings = {}, existingPool }: LatchstringProps): Generator<string> {
  const { usernameAttributes = false, otherHolders = 'ignore' } = settings;
  if (Token.isUnresolved(otherHolders)) {
    yield 'settings.otherHolders: a plain word, because it decides the permissions of sign-in';
    return;
  }
  if (usernameAttributes && otherHolders === 'ignore') {
    yield "settings.otherHolders: 'refuse' or 'delete' with settings.usernameAttributes";
  }
  if (existingPool?.legacy && otherHolders !== 'ignore') {
    yield 'settings.otherHolders: ignore with existingPool.legacy, whose accounts are made before their contact is proved';
  }
  if (usernameAttributes && !existingPool) {
    yield 'settings.usernameAttributes: only with existingPool, because the pool of the construct has aliases';
  }
}

function* messages({ email, sms, captcha, settings }: LatchstringProps): Generator<string> {
  if (email === undefined && !sms?.countries.length) {
    yield 'email or sms: at least one is required; without both, no code can be sent';
  }
  if (wrong(email?.fromAddress, ADDRESS)) {
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
  if (wrong(settings?.supportContact, SUPPORT_CONTACT)) {
    yield 'settings.supportContact: an email address, a phone number or an https URL of up to 50 characters';
  }
  if (wrong(settings?.linkUrl, LINK_URL)) {
    yield 'settings.linkUrl: an https URL of up to 200 characters without a fragment, or an http one of this computer';
  }
}

function* pool({ pool }: LatchstringProps): Generator<string> {
  if (wrong(pool?.name, /^[\w\s+=,.@-]{1,128}$/)) {
    yield 'pool.name: 1 to 128 letters, digits, spaces and characters of +=,.@-_';
  }
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
  yield* poolExtras(pool ?? {});
  for (const [name, bounds, text] of LIVES) {
    const life = pool?.[name];
    if (life && !between(life.toMinutes({ integral: false }), bounds)) {
      yield `pool.${name}: ${text}, in whole minutes`;
    }
  }
}

/** Checks that no other way into the pool escapes session mode or the rule for new accounts. */
function* otherWays(props: LatchstringProps): Generator<string> {
  const { oAuth, identityProviders = [] } = props.pool ?? {};
  if (oAuth && props.sessionMode) {
    yield 'pool.oAuth: not with sessionMode: it hands tokens to the browser; use a client of its own, by userPool.addClient';
  }
  if (identityProviders.some((name) => name !== 'COGNITO') && isClosed(props)) {
    yield 'pool.identityProviders: not with a rule for new accounts, which accounts of a provider would escape';
  }
}

/** Checks what is passed through to the pool. */
function* poolExtras({ triggers = {}, tier, customAttributes = {}, oAuth, identityProviders }: PoolProps): Generator<string> {
  for (const name of unknownTriggers(triggers)) {
    yield `pool.triggers.${name}: not offered: Latchstring has those of custom authentication, and docs/pools.md says why not others`;
  }
  const { preTokenGeneration, preTokenGenerationVersion } = triggers;
  if (preTokenGenerationVersion !== undefined && !preTokenGeneration) {
    yield 'pool.triggers.preTokenGenerationVersion: only with preTokenGeneration';
  }
  if (tier === 'LITE' && (preTokenGenerationVersion ?? cognito.LambdaVersion.V1_0) !== cognito.LambdaVersion.V1_0) {
    yield "pool.triggers.preTokenGenerationVersion: needs pool.tier: 'ESSENTIALS' or 'PLUS'";
  }
  const names = Object.keys(customAttributes);
  if (names.length > 50 || names.some((name) => !/^[A-Za-z0-9_.-]{1,20}$/.test(name))) {
    yield 'pool.customAttributes: up to 50, with names of 1 to 20 letters, digits, _, . and - and without custom:';
  }
  if (oAuth?.flows?.clientCredentials) {
    yield 'pool.oAuth.flows.clientCredentials: needs a client of its own with a secret, by userPool.addClient';
  }
  if (identityProviders?.length === 0) {
    yield 'pool.identityProviders: at least one, such as COGNITO';
  }
  if (identityProviders?.some((name) => name !== 'COGNITO') && !oAuth) {
    yield 'pool.identityProviders: others than COGNITO need pool.oAuth';
  }
  if (oAuth && !oAuth.callbackUrls?.length) {
    yield 'pool.oAuth.callbackUrls: at least one';
  }
}

/** The names of the properties that are set. */
function given(properties: object, names: readonly string[]): string[] {
  return names.filter((name) => (properties as Record<string, unknown>)[name] !== undefined);
}

function* graphql({ api = 'appsync', graphql = {} }: LatchstringProps): Generator<string> {
  if (api === 'http') {
    if (Object.keys(graphql).length > 0) {
      yield "graphql: with api: 'http' there is no GraphQL API";
    }
    return;
  }
  const { existing, keys, keysExpire } = graphql;
  if (keys && (keys.length === 0 || !distinctNames(keys))) {
    yield 'graphql.keys: at least one, all different, of letters and digits';
  }
  if (existing) {
    const own = given(graphql, ['keys', 'introspection', 'queryDepthLimit', 'resolverCountLimit', 'fieldLog']);
    if (own.length > 0) {
      yield `graphql.existing: not with ${own.join(', ')}, which an API that exists has already`;
    }
  } else if (keysExpire === undefined) {
    yield 'graphql.keysExpire: the day on which the API keys expire, such as 2027-06-01, at most 365 days ahead';
  }
  if (keysExpire !== undefined && !Token.isUnresolved(keysExpire) && !isExpiry(keysExpire)) {
    yield 'graphql.keysExpire: a day such as 2027-06-01, or a whole number of seconds since 1970';
  }
}

function isExpiry(expiry: number | string): boolean {
  return (typeof expiry === 'number' || /^\d{4}-\d\d-\d\d$/.test(expiry)) && Number.isInteger(seconds(expiry));
}

function* http({ api, http = {} }: LatchstringProps): Generator<string> {
  if (api !== 'http' && api !== 'both') {
    if (Object.keys(http).length > 0) {
      yield "http: needs api: 'http' or 'both'";
    }
    return;
  }
  const { allowOrigins = [], domain, cloudFront } = http;
  if (http.existing) {
    const own = given(http, ['allowOrigins', 'requestsPerSecond', 'requestBurst', 'logSourceIp', 'domain', 'cloudFront']);
    if (own.length > 0) {
      yield `http.existing: not with ${own.join(', ')}, which an API that exists has already`;
    }
  }
  const origin = /^(https:\/\/[a-z0-9.-]+|http:\/\/(localhost|127\.0\.0\.1|\[::1\]))(:\d{1,5})?$/;
  if (!Token.isUnresolved(allowOrigins) && allowOrigins.some((value) => wrong(value, origin))) {
    yield 'http.allowOrigins: origins such as https://app.example.com, without a path and never *';
  }
  const secrets = cloudFront?.secrets ?? ['1'];
  if (secrets.length === 0 || secrets.length > 2 || !distinctNames(secrets)) {
    yield 'http.cloudFront.secrets: one or two, different, of letters and digits';
  }
  if (wrong(domain?.name, /^[a-z0-9-]+(\.[a-z0-9-]+)+$/)) {
    yield 'http.domain.name: a domain such as auth.example.com';
  }
  if (domain?.basePath !== undefined) {
    if (cloudFront) {
      yield 'http.domain.basePath: not with http.cloudFront';
    }
    // The functions read the path after its last /v1.
    if (domain.basePath.split('/').some((part) => wrong(part, /^[A-Za-z0-9._-]+$/))) {
      yield 'http.domain.basePath: such as auth or login/app, without slashes at its ends';
    }
  }
}

function* session(props: LatchstringProps): Generator<string> {
  const { api, http, pool, existingPool, sessionMode } = props;
  if (!sessionMode) {
    return;
  }
  const { origins = [], clientSecret } = sessionMode === true ? {} : sessionMode;
  if (api !== 'http') {
    yield "sessionMode: needs api: 'http'; clients of AppSync answer Cognito themselves, which refuses them without the client's secret, and get the tokens";
  }
  for (const [name, clients] of [
    ['pool.clients', pool?.clients],
    ['existingPool.clientIds', existingPool && clientIdsOf(existingPool)],
  ] as const) {
    if (clients && !Token.isUnresolved(clients) && clients.length > 1) {
      yield `${name}: one with sessionMode, which serves a single app client`;
    }
  }
  if (pool?.rotateRefreshTokens === false) {
    yield 'pool.rotateRefreshTokens: not false with sessionMode, in which the server refreshes';
  }
  const hours = Number(props.settings?.sessionHours ?? RULES.sessionHours.default);
  const life = pool?.refreshTokenLife?.toHours({ integral: false });
  if (life !== undefined && !Token.isUnresolved(hours) && life < hours) {
    yield `pool.refreshTokenLife: at least ${hours} hours, as settings.sessionHours; a shorter one ends sessions earlier`;
  }
  if (existingPool && !clientSecret) {
    yield "sessionMode.clientSecret: the secret of the existing pool's client; a client without one must be replaced";
  }
  if (!existingPool && clientSecret) {
    yield 'sessionMode.clientSecret: only with existingPool; the client of a new pool has one of its own';
  }
  if (http?.allowOrigins?.length) {
    yield 'http.allowOrigins: not with sessionMode; pages that may send the cookie are sessionMode.origins';
  }
  if (!Token.isUnresolved(origins)) {
    yield* pages(origins, http);
  }
}

/** Checks the origins of pages that send the cookie. */
function* pages(origins: string[], http: LatchstringProps['http']): Generator<string> {
  if (origins.some((value) => wrong(value, /^https:\/\/[a-z0-9.-]+(:\d{1,5})?$/))) {
    yield 'sessionMode.origins: origins such as https://app.example.com, without a path and never *';
    return;
  }
  const domain = http?.domain?.name;
  const foreign = origins.filter(
    (origin) => domain !== undefined && ![origin, domain].some(Token.isUnresolved) && siteOf(new URL(origin).hostname) !== siteOf(domain),
  );
  if (origins.length > 0 && !http?.existing && domain === undefined) {
    yield "sessionMode.origins: needs http.domain, as browsers send the cookie only to pages of the API's own site";
  } else if (foreign.length > 0) {
    yield `sessionMode.origins: ${foreign.join(', ')} is of another site than http.domain, so browsers send no cookie`;
  }
}

/** The last two labels: two names of one site have the same, though two sites may have them as well. */
function siteOf(name: string): string {
  return name.split('.').slice(-2).join('.');
}

/** Checks a table and key ring that exist, and the network. */
function* store(props: LatchstringProps): Generator<string> {
  const { table, pointInTimeRecovery, events, vpc, vpcSubnets, securityGroups } = props;
  if (table) {
    yield* tableFaults(table, events !== undefined && events !== false).map((fault) => `table: ${fault}`);
    if (pointInTimeRecovery !== undefined) {
      yield 'pointInTimeRecovery: not with table, which has its own';
    }
  }
  if (!vpc && (vpcSubnets || securityGroups)) {
    yield 'vpc: needed with vpcSubnets and securityGroups';
  }
}

function* webAcl({ api, http, waf, settings, sessionMode }: LatchstringProps, region: string): Generator<string> {
  if (http?.cloudFront?.webAcl && http.cloudFront.webAclArn !== undefined) {
    yield 'http.cloudFront.webAcl: not with webAclArn';
  }
  if (waf?.webAcl && waf.requestsPerFiveMinutes !== undefined) {
    yield 'waf.webAcl: not with requestsPerFiveMinutes, which is for a web ACL that is made';
  }
  if (waf?.webAcl && api === 'http') {
    yield 'waf.webAcl: for the GraphQL API; a distribution takes http.cloudFront.webAclArn';
  }
  if (waf?.poolWebAcl && waf.poolRequestsPerFiveMinutes !== undefined) {
    yield 'waf.poolWebAcl: not with poolRequestsPerFiveMinutes, which is for a web ACL that is made';
  }
  if (waf?.poolRequestsPerFiveMinutes !== undefined && cognitoCalls({ settings, sessionMode }) === 'public') {
    yield "waf.poolRequestsPerFiveMinutes: needs settings.cognitoCalls: 'signed'; public calls of the functions come from a few addresses of AWS, and a stranger could use their limit up for all users";
  }

  if (waf === undefined || (api !== 'http' && api !== 'both')) {
    return;
  }
  if (!http?.cloudFront) {
    yield 'waf: an HTTP API takes no web ACL; set http.cloudFront';
  } else if (edgeAclArn({ http }) === undefined && region !== EDGE_REGION) {
    yield `waf: the web ACL of CloudFront must be in ${EDGE_REGION}; make it with EdgeWaf, and set http.cloudFront.webAclArn`;
  }
}

function* others(props: LatchstringProps): Generator<string> {
  const { graphql, http, waf, memory, reservedConcurrency, alarms } = props;
  if (props.api !== undefined && !['appsync', 'http', 'both'].includes(props.api)) {
    yield 'api: one of appsync, http, both';
  }
  const numbers = [
    ['graphql.queryDepthLimit', graphql?.queryDepthLimit, [1, 75]],
    ['graphql.resolverCountLimit', graphql?.resolverCountLimit, [1, 10_000]],
    ['http.requestsPerSecond', http?.requestsPerSecond, [1, 10_000]],
    ['http.requestBurst', http?.requestBurst, [1, 5000]],
    ['waf.requestsPerFiveMinutes', waf?.requestsPerFiveMinutes, [10, 2_000_000_000]],
    ['waf.poolRequestsPerFiveMinutes', waf?.poolRequestsPerFiveMinutes, [10, 2_000_000_000]],
    ['memory', memory, [128, 10_240]],
    ['alarms.codesPerHour', alarms?.codesPerHour, [1, 10_000_000]],
    ['alarms.smsPerHour', alarms?.smsPerHour, [1, 1_000_000]],
    ['alarms.keyAgeDays', alarms?.keyAgeDays, [1, 3650]],
    ...Object.entries(reservedConcurrency ?? {}).map(
      ([name, value]) => [`reservedConcurrency.${name}`, value, [1, 100_000]] as const,
    ),
  ] as const;
  const unknown = Object.keys(reservedConcurrency ?? {}).filter((name) => !FUNCTIONS.includes(name as FunctionName));
  if (unknown.length > 0) {
    yield `reservedConcurrency.${unknown[0]}: one of ${FUNCTIONS.join(', ')}`;
  }
  for (const [name, value, bounds] of numbers) {
    if (value !== undefined && !between(value, bounds)) {
      yield `${name}: a whole number from ${bounds[0]} to ${bounds[1]}`;
    }
  }
}

function distinctNames(names: readonly string[]): boolean {
  return new Set(names).size === names.length && names.every((name) => /^[A-Za-z0-9]{1,64}$/.test(name));
}
