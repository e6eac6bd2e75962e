import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import * as fs from 'node:fs';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import * as path from 'node:path';
import { after, before, describe, it } from 'node:test';
import { promisify } from 'node:util';
import * as cognito from '@aws-sdk/client-cognito-identity-provider';
import type { UserPoolClientType, UserPoolType } from '@aws-sdk/client-cognito-identity-provider';
import {
  CLIENT_FIXED,
  POOL_FIXED,
  POOL_MEMBERS,
  attachClient,
  attachPool,
  differences,
  resend,
  resendClient,
} from '../attach/merge';
import { PACKAGES } from './support';

/** A structure of the SDK's own model: its members' names. */
type Structure = readonly [number, string, string, number, readonly string[], ...unknown[]];
const members = (structure: unknown) => [...(structure as Structure)[4]].sort();

/** A pool with every member set to something of its own, so that whatever is lost is missed. */
const POOL: UserPoolType = {
  ...(Object.fromEntries(members(cognito.UserPoolType$).map((name) => [name, { is: name }])) as object),
  Id: 'eu-west-1_Abc',
  Name: 'people',
  LambdaConfig: { PostConfirmation: 'arn:other', PreTokenGenerationConfig: { LambdaVersion: 'V2_0', LambdaArn: 'arn:pre' } },
  Policies: { PasswordPolicy: { MinimumLength: 12, TemporaryPasswordValidityDays: 3 } },
  AdminCreateUserConfig: { AllowAdminCreateUserOnly: false, UnusedAccountValidityDays: 3 },
  AliasAttributes: ['email', 'phone_number'],
  UsernameAttributes: undefined,
  MfaConfiguration: 'OFF',
  SchemaAttributes: [
    { Name: 'sub', Mutable: false },
    { Name: 'email', Mutable: true },
    { Name: 'phone_number', Mutable: true },
    { Name: 'email_verified', Mutable: true },
    { Name: 'locale', Mutable: true },
    { Name: 'preferred_username', Mutable: true },
    { Name: 'custom:plan', Mutable: true },
    { Name: 'identities', Mutable: true },
  ],
};
const CLIENT: UserPoolClientType = {
  ...(Object.fromEntries(members(cognito.UserPoolClientType$).map((name) => [name, { is: name }])) as object),
  UserPoolId: 'eu-west-1_Abc',
  ClientId: 'web',
  ClientSecret: 'hidden',
  ExplicitAuthFlows: ['ALLOW_USER_SRP_AUTH', 'ALLOW_REFRESH_TOKEN_AUTH'],
  WriteAttributes: ['email', 'phone_number', 'preferred_username', 'locale'],
  PreventUserExistenceErrors: 'LEGACY',
  AuthSessionValidity: 3,
  EnableTokenRevocation: false,
};
const TRIGGERS = {
  DefineAuthChallenge: 'arn:define',
  CreateAuthChallenge: 'arn:create',
  VerifyAuthChallengeResponse: 'arn:verify',
};

describe("the members, against the SDK's own model", () => {
  it('every member that UpdateUserPool takes is sent', () => {
    assert.deepEqual(Object.keys(POOL_MEMBERS).sort(), members(cognito.UpdateUserPoolRequest$));
  });

  it('every member that DescribeUserPool returns is either sent or cannot be changed', () => {
    const known = [...Object.values(POOL_MEMBERS), ...POOL_FIXED].sort();
    assert.deepEqual(known, members(cognito.UserPoolType$));
  });

  it('every member that DescribeUserPoolClient returns is either sent or cannot be changed', () => {
    const known = [...members(cognito.UpdateUserPoolClientRequest$), ...CLIENT_FIXED].sort();
    assert.deepEqual(known, members(cognito.UserPoolClientType$));
  });
});

describe('a pool', () => {
  it('is sent back whole', () => {
    const sent = resend(POOL) as unknown as Record<string, unknown>;
    for (const [name, told] of Object.entries(POOL_MEMBERS)) {
      if (name !== 'AdminCreateUserConfig') {
        assert.deepEqual(sent[name], POOL[told], name);
      }
    }
  });

  it('says once for how long a temporary password is good, as Cognito takes one of two names', () => {
    assert.deepEqual(resend(POOL).AdminCreateUserConfig, { AllowAdminCreateUserOnly: false });
    const { Policies, ...older } = POOL;
    assert.equal(resend(older).AdminCreateUserConfig?.UnusedAccountValidityDays, 3);
  });

  it('gets the three triggers and keeps the others', () => {
    assert.deepEqual(differences(resend(POOL), attachPool(POOL, TRIGGERS, false)), [
      ['LambdaConfig.DefineAuthChallenge', undefined, 'arn:define'],
      ['LambdaConfig.CreateAuthChallenge', undefined, 'arn:create'],
      ['LambdaConfig.VerifyAuthChallengeResponse', undefined, 'arn:verify'],
    ]);
  });

  it('is closed when told so', () => {
    const closed = attachPool(POOL, TRIGGERS, true);
    assert.equal(closed.AdminCreateUserConfig?.AllowAdminCreateUserOnly, true);
    assert.deepEqual(closed.AccountRecoverySetting?.RecoveryMechanisms, [{ Name: 'admin_only', Priority: 1 }]);
  });
});

describe('a client', () => {
  it('gets what the triggers need, and keeps its other ways in', () => {
    const found = differences(resendClient(CLIENT), attachClient(CLIENT, POOL, false));
    assert.deepEqual(Object.fromEntries(found.map(([name, before, after]) => [name, [before, after]])), {
      AuthSessionValidity: [3, 15],
      EnableTokenRevocation: [false, true],
      ExplicitAuthFlows: [
        ['ALLOW_USER_SRP_AUTH', 'ALLOW_REFRESH_TOKEN_AUTH'],
        ['ALLOW_USER_SRP_AUTH', 'ALLOW_REFRESH_TOKEN_AUTH', 'ALLOW_CUSTOM_AUTH'],
      ],
      PreventUserExistenceErrors: ['LEGACY', 'ENABLED'],
    });
  });

  it('without flows keeps those that Cognito lets it have', () => {
    const { ExplicitAuthFlows } = attachClient({ ...CLIENT, ExplicitAuthFlows: undefined }, POOL, false);
    assert.deepEqual(ExplicitAuthFlows, ['ALLOW_USER_SRP_AUTH', 'ALLOW_CUSTOM_AUTH', 'ALLOW_REFRESH_TOKEN_AUTH']);
  });

  it('with the older names of flows gets the newer, as the two cannot stand together', () => {
    const { ExplicitAuthFlows } = attachClient({ ...CLIENT, ExplicitAuthFlows: ['USER_PASSWORD_AUTH'] }, POOL, false);
    assert.deepEqual(ExplicitAuthFlows, ['ALLOW_USER_PASSWORD_AUTH', 'ALLOW_CUSTOM_AUTH', 'ALLOW_REFRESH_TOKEN_AUTH']);
  });

  it('has no REFRESH_TOKEN_AUTH where its refresh tokens rotate', () => {
    const flows = (more: Partial<UserPoolClientType>, harden: boolean) =>
      attachClient({ ...CLIENT, RefreshTokenRotation: { Feature: 'ENABLED' }, ...more }, POOL, harden).ExplicitAuthFlows;
    assert.deepEqual(flows({}, true), ['ALLOW_CUSTOM_AUTH']);
    assert.deepEqual(flows({}, false), ['ALLOW_USER_SRP_AUTH', 'ALLOW_CUSTOM_AUTH']);
    assert.deepEqual(flows({ ExplicitAuthFlows: undefined }, false), ['ALLOW_USER_SRP_AUTH', 'ALLOW_CUSTOM_AUTH']);
    assert.deepEqual(flows({ RefreshTokenRotation: { Feature: 'DISABLED' } }, true), [
      'ALLOW_CUSTOM_AUTH',
      'ALLOW_REFRESH_TOKEN_AUTH',
    ]);
  });

  it('is closed when told so: no other way in, and nothing that an account is found by may be written by a token', () => {
    const closed = attachClient(CLIENT, POOL, true);
    assert.deepEqual(closed.ExplicitAuthFlows, ['ALLOW_CUSTOM_AUTH', 'ALLOW_REFRESH_TOKEN_AUTH']);
    assert.deepEqual(closed.WriteAttributes, ['preferred_username', 'locale']);
    const open = attachClient({ ...CLIENT, WriteAttributes: undefined }, POOL, true);
    assert.deepEqual(open.WriteAttributes, ['locale', 'preferred_username']);
  });

  it('closed, does not sign in by OAuth, which the auth flows do not govern', () => {
    const open: UserPoolClientType = {
      ...CLIENT,
      AllowedOAuthFlowsUserPoolClient: true,
      AllowedOAuthFlows: ['code', 'implicit'],
      AllowedOAuthScopes: ['openid'],
      SupportedIdentityProviders: ['COGNITO', 'Google'],
    };
    const closed = attachClient(open, POOL, true);
    assert.equal(closed.AllowedOAuthFlowsUserPoolClient, false);
    assert.deepEqual([closed.AllowedOAuthFlows, closed.AllowedOAuthScopes], [undefined, undefined]);
    assert.deepEqual(closed.SupportedIdentityProviders, ['COGNITO']);
    assert.equal(attachClient(open, POOL, false).AllowedOAuthFlowsUserPoolClient, true);
  });

  it('closed, lets no token write preferred_username where it is an alias', () => {
    const pool: UserPoolType = { ...POOL, AliasAttributes: ['email', 'phone_number', 'preferred_username'] };
    assert.deepEqual(attachClient(CLIENT, pool, true).WriteAttributes, ['locale']);
    const open = attachClient({ ...CLIENT, WriteAttributes: undefined }, pool, true);
    assert.deepEqual(open.WriteAttributes, ['locale']);
  });

  it('closed, never sends an empty list, which Cognito reads as every standard attribute', () => {
    const pool: UserPoolType = { ...POOL, AliasAttributes: ['email', 'preferred_username'] };
    for (const WriteAttributes of [['email'], ['email', 'phone_number'], ['preferred_username']]) {
      assert.deepEqual(attachClient({ ...CLIENT, WriteAttributes }, pool, true).WriteAttributes, ['locale']);
    }
    const fixed = { ...pool, SchemaAttributes: [{ Name: 'locale', Mutable: false }, { Name: 'custom:plan', Mutable: true }] };
    assert.deepEqual(attachClient({ ...CLIENT, WriteAttributes: ['email'] }, fixed, true).WriteAttributes, ['custom:plan']);
  });

  it('keeps its secret to itself', () => {
    assert.ok(!JSON.stringify(resendClient(CLIENT)).includes('hidden'));
  });
});

describe('the command', () => {
  // Enough of Cognito to see what is sent: it forgets what an update leaves out, as Cognito does.
  const state: {
    pool: Record<string, unknown>;
    client: Record<string, unknown>;
    calls: string[];
    refuses?: string;
  } = { pool: {}, client: {}, calls: [] };
  let server: Server;

  before(async () => {
    server = createServer((request, response) => {
      const chunks: Buffer[] = [];
      request.on('data', (chunk) => chunks.push(chunk));
      request.on('end', () => {
        const call = String(request.headers['x-amz-target']).split('.')[1] as string;
        const { UserPoolId, PoolName, ...sent } = JSON.parse(Buffer.concat(chunks).toString());
        state.calls.push(call);
        response.setHeader('content-type', 'application/x-amz-json-1.1');
        if (call === state.refuses) {
          response.statusCode = 400;
          response.end(JSON.stringify({ __type: 'InvalidParameterException', message: 'No such\nthing.' }));
          return;
        }
        if (call === 'UpdateUserPool') {
          state.pool = { Id: UserPoolId, Name: PoolName, ...sent };
        } else if (call === 'UpdateUserPoolClient') {
          state.client = { UserPoolId, ...sent };
        }
        const answers: Record<string, unknown> = {
          DescribeUserPool: { UserPool: state.pool },
          DescribeUserPoolClient: { UserPoolClient: state.client },
        };
        response.end(JSON.stringify(answers[call] ?? {}));
      });
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  });
  after(() => server.close());

  const attach = async (...args: string[]) => {
    const { port } = server.address() as AddressInfo;
    const main = path.join(__dirname, '../attach/main.ts');
    const tsx = require.resolve('tsx');
    const all = ['--import', tsx, main, '--user-pool', 'eu-west-1_Abc', '--client', 'web'];
    const triggers = ['--define', 'arn:define', '--create', 'arn:create', '--verify', 'arn:verify'];
    const { stdout } = await promisify(execFile)(process.execPath, [...all, ...triggers, ...args], {
      cwd: PACKAGES,
      env: {
        ...process.env,
        AWS_ENDPOINT_URL: `http://127.0.0.1:${port}`,
        AWS_REGION: 'eu-west-1',
        AWS_ACCESS_KEY_ID: 'k',
        AWS_SECRET_ACCESS_KEY: 's',
        // The SDK's about the age of Node.js.
        NODE_NO_WARNINGS: '1',
      },
    });
    return stdout;
  };
  /** The pool before each run, the first run first. */
  const copies = () => fs.readdirSync(PACKAGES).filter((file) => file.startsWith('eu-west-1_Abc-before-')).sort();
  const begin = () => {
    state.pool = {
      Id: 'eu-west-1_Abc',
      Name: 'people',
      AliasAttributes: ['email'],
      MfaConfiguration: 'OFF',
      EmailVerificationSubject: 'Welcome',
      UserPoolTags: { team: 'door' },
      LambdaConfig: { PostConfirmation: 'arn:other' },
    };
    state.client = { UserPoolId: 'eu-west-1_Abc', ClientId: 'web', ClientName: 'Web', CallbackURLs: ['https://a.example'] };
    state.calls = [];
  };

  it('changes nothing unless told to, and shows what it would', async () => {
    begin();
    const shown = await attach();
    assert.match(shown, /LambdaConfig\.DefineAuthChallenge: not set → "arn:define"/);
    assert.match(shown, /PreventUserExistenceErrors: not set → "ENABLED"/);
    assert.match(shown, /Nothing was changed/);
    assert.ok(state.calls.every((call) => call.startsWith('Describe')));
  });

  it('changes what must change, loses nothing, and keeps a copy of what was', async () => {
    begin();
    assert.match(await attach('--apply'), /Done\.$/m);
    assert.equal(state.pool.EmailVerificationSubject, 'Welcome');
    assert.deepEqual(state.pool.UserPoolTags, { team: 'door' });
    assert.deepEqual(state.pool.LambdaConfig, { PostConfirmation: 'arn:other', ...TRIGGERS });
    assert.equal(state.client.ClientName, 'Web');
    assert.deepEqual(state.client.CallbackURLs, ['https://a.example']);
    const [copy, ...others] = copies();
    assert.deepEqual(others, []);
    const kept = JSON.parse(fs.readFileSync(path.join(PACKAGES, copy as string), 'utf8'));
    assert.deepEqual(kept.pool.LambdaConfig, { PostConfirmation: 'arn:other' });
  });

  it('has nothing to change a second time', async () => {
    const shown = await attach();
    assert.match(shown, /Pool eu-west-1_Abc: nothing to change/);
    assert.match(shown, /Client web: nothing to change/);
  });

  it('applied a second time keeps a second copy, and the first as it was', async () => {
    const [first] = copies() as [string];
    const before = fs.readFileSync(path.join(PACKAGES, first));
    assert.match(await attach('--apply'), /Done\.$/m);
    assert.deepEqual([copies().length, copies()[0]], [2, first]);
    assert.deepEqual(fs.readFileSync(path.join(PACKAGES, first)), before);
  });

  it('says in one line what Cognito refuses', async () => {
    begin();
    state.refuses = 'UpdateUserPool';
    const refused = await attach('--apply').then(assert.fail, (error: { code: number; stderr: string }) => error);
    state.refuses = undefined;
    assert.equal(refused.code, 1);
    assert.equal(refused.stderr, 'InvalidParameterException: No such thing.\n');
  });

  for (const [name, more, expected] of [
    ['a username-attribute pool', { UsernameAttributes: ['email'] }, /username-attribute/],
    ['a pool with optional MFA', { MfaConfiguration: 'OPTIONAL' }, /may be able to sign in with a code alone/],
    ['a pool with MFA', { MfaConfiguration: 'ON' }, /may be able to sign in with a code alone/],
  ] as const) {
    it(`refuses ${name}`, async () => {
      begin();
      state.pool = { ...state.pool, ...more };
      await assert.rejects(attach('--apply'), expected);
      assert.deepEqual([...new Set(state.calls)], ['DescribeUserPool']);
    });
  }
});
