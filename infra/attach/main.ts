// Sets the triggers of a pool that exists, and what its clients need, and loses nothing else:
//
//   npm run -s attach -- --user-pool ID --client ID [--client ID] --stack NAME [--harden] [--apply]
//
// The triggers are the outputs of the stack, or --define, --create and --verify with ARNs. Without
// --apply nothing is changed. --harden closes the public sign-up, the recovery of passwords and every
// other way in: not for a pool whose people still sign in with passwords.
import * as fs from 'node:fs';
import { execFileSync } from 'node:child_process';
import { parseArgs } from 'node:util';
import {
  CognitoIdentityProviderClient,
  DescribeUserPoolClientCommand,
  DescribeUserPoolCommand,
  UpdateUserPoolClientCommand,
  UpdateUserPoolCommand,
  type UserPoolClientType,
  type UserPoolType,
} from '@aws-sdk/client-cognito-identity-provider';
import { attachClient, attachPool, differences, resend, resendClient, type Difference, type Triggers } from './merge';

const { values: options } = parseArgs({
  options: {
    'user-pool': { type: 'string' },
    client: { type: 'string', multiple: true, default: [] },
    stack: { type: 'string' },
    define: { type: 'string' },
    create: { type: 'string' },
    verify: { type: 'string' },
    harden: { type: 'boolean', default: false },
    apply: { type: 'boolean', default: false },
  },
});
const cognito = new CognitoIdentityProviderClient({});

async function describe(UserPoolId: string): Promise<UserPoolType> {
  const { UserPool } = await cognito.send(new DescribeUserPoolCommand({ UserPoolId }));
  return UserPool ?? fail(`There is no pool ${UserPoolId}.`);
}

async function describeClient(UserPoolId: string, ClientId: string): Promise<UserPoolClientType> {
  const { UserPoolClient } = await cognito.send(new DescribeUserPoolClientCommand({ UserPoolId, ClientId }));
  return UserPoolClient ?? fail(`There is no client ${ClientId}.`);
}

function triggers(): Triggers {
  const { define, create, verify, stack } = options;
  if (define && create && verify) {
    return { DefineAuthChallenge: define, CreateAuthChallenge: create, VerifyAuthChallengeResponse: verify };
  }
  if (!stack) {
    return fail('Name the triggers: --stack, or --define, --create and --verify.');
  }
  const query = ['cloudformation', 'describe-stacks', '--stack-name', stack, '--output', 'json'];
  const [{ Outputs }] = JSON.parse(execFileSync('aws', query, { encoding: 'utf8' })).Stacks;
  const output = (name: string): string =>
    Outputs.find(({ OutputKey }: { OutputKey: string }) => OutputKey === name)?.OutputValue ??
    fail(`The stack has no output ${name}.`);
  return {
    DefineAuthChallenge: output('DefineAuthChallenge'),
    CreateAuthChallenge: output('CreateAuthChallenge'),
    VerifyAuthChallengeResponse: output('VerifyAuthChallengeResponse'),
  };
}

function show(what: string, found: Difference[]): void {
  console.log(found.length === 0 ? `${what}: nothing to change` : `${what}:`);
  for (const [path, before, after] of found) {
    console.log(`  ${path}: ${JSON.stringify(before) ?? 'not set'} → ${JSON.stringify(after) ?? 'not set'}`);
  }
}

function fail(message: string): never {
  console.error(message);
  process.exit(2);
}

/** Returns the members that differ from the request. */
function compare(what: string, wanted: object, found: object): void {
  const lost = differences(wanted, found);
  if (lost.length > 0) {
    show(`${what} is not as it was sent`, lost);
    process.exitCode = 1;
  }
}

async function main(): Promise<void> {
  const poolId = options['user-pool'] ?? fail('Name the pool: --user-pool.');
  const pool = await describe(poolId);
  if (pool.UsernameAttributes?.length) {
    fail('This is a username-attribute pool: people could sign in before they are verified. It cannot be changed; make a new pool.');
  }
  if (pool.MfaConfiguration && pool.MfaConfiguration !== 'OFF') {
    fail('This pool has MFA. AWS does not document that custom authentication requires the second factor, so a user who has one may be able to sign in with a code alone. UpdateUserPool also cannot send all settings of MFA back.');
  }
  const clients = await Promise.all(options.client.map((id) => describeClient(poolId, id)));

  const newPool = attachPool(pool, triggers(), options.harden);
  const newClients = clients.map((client) => attachClient(client, pool, options.harden));
  show(`Pool ${poolId}`, differences(resend(pool), newPool));
  clients.forEach((client, i) =>
    show(`Client ${client.ClientId}`, differences(resendClient(client), newClients[i])),
  );
  if (!options.apply) {
    console.log('Nothing was changed: --apply does it.');
    return;
  }

  // Each run keeps its own: the first is what the pool was before Latchstring.
  const copy = `${poolId}-before-${new Date().toISOString().replaceAll(/[:.]/g, '-')}.json`;
  // A client's secret stays out of it.
  fs.writeFileSync(copy, JSON.stringify({ pool, clients: clients.map(resendClient) }, null, 2), { flag: 'wx', mode: 0o600 });
  console.log(`Kept as it was in ${copy}.`);
  await cognito.send(new UpdateUserPoolCommand(newPool));
  compare('The pool', newPool, resend(await describe(poolId)));
  for (const client of newClients) {
    await cognito.send(new UpdateUserPoolClientCommand(client));
    compare(`Client ${client.ClientId}`, client, resendClient(await describeClient(poolId, client.ClientId as string)));
  }
  console.log(process.exitCode ? 'Done, but see above.' : 'Done.');
}

main().catch((error: unknown) => {
  console.error(String(error).replaceAll(/\s*\n\s*/g, ' '));
  process.exitCode = 1;
});
