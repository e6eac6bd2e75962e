import { createHash } from 'node:crypto';
import * as fs from 'node:fs';
import * as path from 'node:path';
import { Stack, Token, type Duration, aws_lambda as lambda } from 'aws-cdk-lib';
import type { Construct } from 'constructs';
import { isDomain, wrong, between, LIVES, ADDRESS, LINK_URL, SUPPORT_CONTACT } from './patterns';
import { faultsOf, type Messages } from './messages';
import type { Pool } from './parts';
import { clientIdsOf } from './pool';
import type { ClientProps, EmailProps, LatchstringProps } from './props';
import type { MailFrom } from './rights';
import { RULES } from './settings';

/** The name of the file of texts in its layer, and where a function finds it. */
const FILE = 'latchstring-messages.json';

/** The greatest length of the variable CLIENTS: Lambda allows 4 KB for all variables of a function. */
const CLIENTS_BYTES = 2_000;

/** The members of CLIENTS that are spelled as the properties are. */
const SAME = [
  'appName',
  'defaultLocale',
  'supportContact',
  'linkUrl',
  'smsDomain',
  'smsAndroidHash',
  'methods',
  'admission',
  'admittedDomains',
  'refusedDomains',
  'smsSenderId',
  'messages',
] as const satisfies readonly (keyof ClientProps)[];

/** Returns the settings of a client as the functions read them. */
function settingsOf(client: ClientProps): Record<string, unknown> {
  const { email } = client;
  const same = SAME.map((name) => [name, client[name]] as const);
  const all = [
    ...same,
    ['emailFrom', email && sender(email)],
    ['emailReplyTo', email?.replyTo],
    ['sesConfigurationSet', email?.configurationSet],
  ] as const;
  return Object.fromEntries(all.filter(([, value]) => value !== undefined));
}

/** The sender as a header has it. */
export function sender({ fromAddress, fromName }: Pick<EmailProps, 'fromAddress' | 'fromName'>): string {
  return fromName === undefined ? fromAddress : `${fromName} <${fromAddress}>`;
}

/** Returns the names of the clients: those of the pool that is made, or the ids of an existing one. */
function names({ pool, existingPool }: LatchstringProps): readonly string[] {
  return existingPool ? clientIdsOf(existingPool) : (pool?.clients ?? ['app']);
}

/** Returns the variables of the functions for clients that have settings of their own. */
export function clientVariables(scope: Construct, props: LatchstringProps, pool: Pool): Record<string, string> {
  const known = names(props);
  const own = Object.entries(props.clients ?? {})
    .map(([name, client]) => [pool.clientIds[known.indexOf(name)] ?? name, settingsOf(client)] as const)
    .filter(([, settings]) => Object.keys(settings).length > 0);
  return own.length === 0 ? {} : { CLIENTS: Stack.of(scope).toJsonString(Object.fromEntries(own)) };
}

/** Returns the layer with the texts of messages, if there are any, and the variable that names the file. */
export function messagesLayer(
  scope: Construct,
  { messages }: LatchstringProps,
): { layer: lambda.LayerVersion; variables: Record<string, string> } | undefined {
  if (messages === undefined) {
    return undefined;
  }
  const text = fs.readFileSync(messages, 'utf8');
  const name = createHash('sha256').update(text).digest('hex').slice(0, 16);
  const folder = path.join(outdir(scope), `latchstring-messages.${name}`);
  fs.mkdirSync(folder, { recursive: true });
  fs.writeFileSync(path.join(folder, FILE), text);
  return {
    layer: new lambda.LayerVersion(scope, 'Messages', {
      code: lambda.Code.fromAsset(folder),
      description: 'Latchstring: texts of messages',
    }),
    variables: { MESSAGES_FILE: `/opt/${FILE}` },
  };
}

function outdir(scope: Construct): string {
  const root = scope.node.root as { outdir?: string };
  return root.outdir ?? 'cdk.out';
}

/** The addresses that the clients send mail from, beside the deployment's. */
export function clientSenders({ clients = {}, email: own }: LatchstringProps): MailFrom[] {
  // A client's mail has the deployment's configuration set, unless it has its own.
  const { configurationSet, inSandbox } = own ?? {};
  return Object.values(clients).flatMap(({ email }) => (email ? [{ configurationSet, inSandbox, ...email }] : []));
}

/** Yields what the functions would refuse at start. */
export function* checkClients(props: LatchstringProps): Generator<string> {
  const { clients = {}, messages, existingPool, sessionMode } = props;
  const known = names(props);
  let texts: Messages = {};
  if (messages !== undefined) {
    const found = faultsOf(messages);
    yield* found.faults.map((fault) => `messages: ${fault}`);
    texts = found.texts;
  }
  for (const [name, client] of Object.entries(clients)) {
    const at = `clients.${name}`;
    if (!Token.isUnresolved(known) && !known.includes(name)) {
      yield `${at}: no client of ${existingPool ? 'existingPool.clientIds' : 'pool.clients'} has this name`;
    }
    if (sessionMode && name !== known[0]) {
      yield `${at}: sessionMode serves the first client alone`;
    }
    yield* branding(at, client);
    yield* admission(at, client, props);
    yield* lives(at, client, existingPool !== undefined);
    if (client.messages !== undefined && texts[client.messages] === undefined) {
      yield `${at}.messages: a tenant of the file of texts, which \`messages\` names`;
    }
  }
  const size = JSON.stringify(Object.values(clients).map(settingsOf)).length + 30 * Object.keys(clients).length;
  if (size > CLIENTS_BYTES) {
    yield `clients: up to ${CLIENTS_BYTES} characters of settings, because Lambda limits the variables of a function`;
  }
}

function* branding(at: string, client: ClientProps): Generator<string> {
  const patterns = [
    ['appName', client.appName, /^.{1,30}$/u, 'a name of 1 to 30 characters'],
    ['supportContact', client.supportContact, SUPPORT_CONTACT, 'an email address, a phone number or an https URL of up to 50 characters'],
    ['linkUrl', client.linkUrl, LINK_URL, 'an https URL of up to 200 characters without a fragment, or an http one of this computer'],
    ['smsDomain', client.smsDomain, /^[a-z0-9.-]{1,40}$/, 'a domain of up to 40 characters'],
    ['smsAndroidHash', client.smsAndroidHash, /^[A-Za-z0-9+/]{11}$/, '11 characters of base64'],
    ['smsSenderId', client.smsSenderId, /^(?=.*[A-Za-z])[A-Za-z0-9]{3,11}$/, '3 to 11 letters and digits, one letter at least'],
    ['email.fromAddress', client.email?.fromAddress, ADDRESS, 'an address such as codes@example.com'],
    ['email.fromName', client.email?.fromName, /^[^<>"\\\r\n]{1,100}$/, 'a name of 1 to 100 characters on one line'],
  ] as const;
  for (const [name, value, pattern, text] of patterns) {
    if (wrong(value, pattern)) {
      yield `${at}.${name}: ${text}`;
    }
  }
  const { words = [] } = RULES.defaultLocale;
  if (client.defaultLocale !== undefined && !words.includes(client.defaultLocale)) {
    yield `${at}.defaultLocale: one of ${words.join(', ')}`;
  }
  const methods: readonly string[] = client.methods ?? ['email'];
  if (methods.length === 0 || methods.some((method) => method !== 'email' && method !== 'phone_number')) {
    yield `${at}.methods: email, phone_number, or both`;
  }
}

function* admission(at: string, client: ClientProps, { existingPool, email, sms }: LatchstringProps): Generator<string> {
  const { admittedDomains = [], refusedDomains = [] } = client;
  const domains = [...admittedDomains, ...refusedDomains];
  const bad = domains.filter((domain) => !isDomain(domain));
  if (bad.length > 0) {
    yield `${at}: ${bad.join(', ')}: domains such as example.com, or *.example.com for those below it`;
  }
  if ((client.admission === 'domains') !== domains.length > 0) {
    yield `${at}.admission: domains exactly with admittedDomains or refusedDomains`;
  }
  if (existingPool?.legacy && (client.admission ?? 'open') !== 'open') {
    yield `${at}.admission: open with existingPool.legacy`;
  }
  const { methods = ['email', 'phone_number'] } = client;
  if (!(methods.includes('email') && email) && !(methods.includes('phone_number') && sms?.countries.length)) {
    yield `${at}.methods: one at least that the deployment sends codes by`;
  }
}

function* lives(at: string, client: ClientProps, exists: boolean): Generator<string> {
  for (const [name, bounds, text] of LIVES) {
    const life: Duration | undefined = client[name];
    if (life && !between(life.toMinutes({ integral: false }), bounds)) {
      yield `${at}.${name}: ${text}, in whole minutes`;
    }
    if (life && exists) {
      yield `${at}.${name}: not with existingPool, whose clients keep their own`;
    }
  }
  if (client.rotateRefreshTokens !== undefined && exists) {
    yield `${at}.rotateRefreshTokens: not with existingPool, whose clients keep their own`;
  }
}
