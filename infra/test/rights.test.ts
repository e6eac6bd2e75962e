import assert from 'node:assert/strict';
import * as fs from 'node:fs';
import * as path from 'node:path';
import { describe, it } from 'node:test';
import { Template } from 'aws-cdk-lib/assertions';
import { Stack, aws_iam as iam, aws_kms as kms, aws_lambda as lambda, aws_secretsmanager as secrets } from 'aws-cdk-lib';
import { FUNCTIONS, type FunctionName, type Latchstring, type LatchstringProps } from '../lib';
import { functionOf, invokedBy, nameOf, newApp, newStack, templateOf, type Resource } from './support';

interface Statement {
  readonly Effect: 'Allow' | 'Deny';
  readonly Action: string | string[];
  readonly Resource: unknown;
  readonly Condition?: unknown;
}

const list = (value: unknown): unknown[] => (Array.isArray(value) ? value : [value]);

/** All that a function's role says, in itself and in policies that are tied to it. */
function statements(template: Template, name: FunctionName): Statement[] {
  const role = functionOf(template, name).Properties.Role['Fn::GetAtt'][0] as string;
  const own = template.toJSON().Resources[role] as Resource;
  const tied = Object.values(template.findResources('AWS::IAM::Policy')).filter((policy) =>
    policy.Properties.Roles.some(({ Ref }: { Ref: string }) => Ref === role),
  );
  assert.equal(own.Properties.ManagedPolicyArns, undefined, `${name} has a managed policy`);
  return [
    ...own.Properties.Policies.map((policy: Resource['Properties']) => policy.PolicyDocument),
    ...tied.map((policy) => policy.Properties.PolicyDocument),
  ].flatMap((document) => document.Statement);
}

function allowed(template: Template, name: FunctionName): string[] {
  return statements(template, name)
    .filter(({ Effect }) => Effect === 'Allow')
    .flatMap(({ Action }) => list(Action) as string[])
    .filter((action) => !action.startsWith('logs:'))
    .sort();
}

// Written apart from lib/rights.ts on purpose: what this says, a person has thought about.
//                                   define create verify sign-in sign-up
const MATRIX: Record<string, string> = {
  'cognito-idp:AdminCreateUser': '.      .      .      yes    .',
  'cognito-idp:AdminGetUser': 'yes    .      .      yes    .',
  'cognito-idp:AdminSetUserPassword': '.      .      .      yes    .',
  'cognito-idp:AdminUpdateUserAttributes': 'yes    .      .      .      yes',
  'cognito-idp:AdminUserGlobalSignOut': 'yes    .      .      .      .',
  'dynamodb:BatchGetItem': '.      yes    .      yes    yes',
  'dynamodb:DeleteItem': 'yes    .      .      yes    .',
  'dynamodb:GetItem': 'yes    yes    yes    yes    yes',
  'dynamodb:PutItem': '.      yes    yes    .      yes',
  'dynamodb:UpdateItem': 'yes    yes    yes    yes    yes',
  'secretsmanager:GetSecretValue': 'yes    yes    yes    yes    yes',
  'ses:SendEmail': 'yes    yes    .      .      .',
  'sns:Publish': 'yes    yes    .      .      .',
};

// Likewise.
const ITEMS: Record<FunctionName, string[]> = {
  'define-auth-challenge': ['counter', 'flow', 'lease', 'pending', 'replaced', 'ticket', 'undo'],
  'create-auth-challenge': ['counter', 'flow', 'pending'],
  'verify-auth-challenge-response': ['counter', 'flow', 'proof', 'ticket', 'undo'],
  'sign-in': ['counter', 'flow', 'lease', 'proof', 'replaced', 'undo'],
  'sign-up': ['counter', 'pending', 'undo'],
};

// Session mode adds these, and nothing else.
const SIGNED_CALLS = ['cognito-idp:AdminInitiateAuth', 'cognito-idp:AdminRespondToAuthChallenge'];
const SESSION_ACTIONS: Partial<Record<FunctionName, string[]>> = {
  'sign-in': [...SIGNED_CALLS, 'dynamodb:PutItem', 'secretsmanager:GetSecretValue'],
  'sign-up': [...SIGNED_CALLS, 'cognito-idp:AdminUserGlobalSignOut', 'dynamodb:DeleteItem', 'secretsmanager:GetSecretValue'],
};
const SESSION_ITEMS = ['session', 'sessions'];

describe('what each function may do', () => {
  const template = templateOf();

  for (const [column, name] of FUNCTIONS.entries()) {
    for (const [action, row] of Object.entries(MATRIX)) {
      const may = row.trim().split(/\s+/)[column] === 'yes';
      it(`${name} ${may ? 'may' : 'may not'} ${action}`, () => {
        assert.equal(allowed(template, name).includes(action), may);
      });
    }
    it(`${name} may do nothing besides`, () => {
      assert.deepEqual(
        allowed(template, name).filter((action) => !(action in MATRIX)),
        [],
      );
    });
  }

  for (const name of FUNCTIONS) {
    it(`${name} reaches its kinds of item only`, () => {
      const table = statements(template, name).filter(({ Action }) =>
        list(Action).some((action) => String(action).startsWith('dynamodb:')),
      );
      assert.deepEqual(
        table.map(({ Condition }) => Condition),
        [
          {
            'ForAllValues:StringLike': { 'dynamodb:LeadingKeys': ITEMS[name].map((item) => `${item}#*`) },
            Null: { 'dynamodb:LeadingKeys': 'false' },
          },
        ],
      );
    });
  }

  it('the kinds of item are those of the partition keys', () => {
    const source = fs.readFileSync(path.join(__dirname, '../../shared/aws/src/dynamodb/item.rs'), 'utf8');
    const keys = [...source.matchAll(/\bkey\("(\w+)"|format!\("(\w+)#/g)].map(([, key, other]) => key ?? other);
    const known = [...Object.values(ITEMS).flat(), ...SESSION_ITEMS, 'invitation', 'event'];
    assert.deepEqual([...new Set(known)].sort(), [...new Set(keys)].sort());
  });

  it('the functions that open sessions may make signed calls, on the one pool, if they are set', () => {
    const settings = { cognitoCalls: 'signed', signedSessionsConfirmed: true } as const;
    const signed = templateOf({ settings });
    const calls = ['cognito-idp:AdminInitiateAuth', 'cognito-idp:AdminRespondToAuthChallenge'];
    for (const name of FUNCTIONS) {
      const opens = ['sign-in', 'sign-up'].includes(name);
      const more = allowed(signed, name).filter((action) => !allowed(template, name).includes(action));
      assert.deepEqual(more, opens ? calls : [], name);
      const statement = statements(signed, name).find(({ Action }) => list(Action).includes(calls[0]));
      const pool = Object.keys(signed.findResources('AWS::Cognito::UserPool'))[0];
      assert.deepEqual(statement?.Resource, opens ? { 'Fn::GetAtt': [pool, 'Arn'] } : undefined, name);
      const { Variables } = functionOf(signed, name).Properties.Environment;
      assert.equal(Variables.COGNITO_CALLS, 'signed', name);
      assert.equal(Variables.SIGNED_SESSIONS_CONFIRMED, 'true', name);
    }
  });

  it('no right is given by a wildcard in its name', () => {
    for (const name of FUNCTIONS) {
      assert.ok(allowed(template, name).every((action) => !action.includes('*')));
    }
  });

  it('every right is to one thing, except to text to a number', () => {
    for (const name of FUNCTIONS) {
      for (const { Effect, Action, Resource } of statements(template, name)) {
        const wide = list(Resource).some((resource) => nameOf(resource).includes('*'));
        assert.equal(wide, list(Action).includes('sns:Publish'), `${name} ${Effect} ${Action}`);
      }
    }
  });

  it('who may text to numbers may not publish to topics', () => {
    const denied = statements(template, 'create-auth-challenge').filter(({ Effect }) => Effect === 'Deny');
    assert.equal(denied.length, 1);
    assert.equal(denied[0]?.Action, 'sns:Publish');
    assert.equal(nameOf(denied[0]?.Resource), 'arn:${AWS::Partition}:sns:*:*:*');
  });

  it('mail is sent from the one address only, and by its identity or its domain', () => {
    const mail = statements(template, 'create-auth-challenge').find(({ Action }) =>
      list(Action).includes('ses:SendEmail'),
    );
    assert.deepEqual(mail?.Condition, { StringEquals: { 'ses:FromAddress': 'codes@example.com' } });
    const identity = 'arn:${AWS::Partition}:ses:${AWS::Region}:${AWS::AccountId}:identity';
    assert.deepEqual(list(mail?.Resource).map(nameOf), [
      `${identity}/example.com`,
      `${identity}/codes@example.com`,
    ]);
  });

  it('a function writes to its own log and no other', () => {
    for (const name of FUNCTIONS) {
      const [log, ...others] = statements(template, name).filter(({ Action }) =>
        list(Action).some((action) => String(action).startsWith('logs:')),
      );
      assert.deepEqual(others, []);
      assert.deepEqual(log?.Action, ['logs:CreateLogStream', 'logs:PutLogEvents']);
      const own = functionOf(template, name).Properties.LoggingConfig.LogGroup.Ref;
      assert.equal(nameOf(log?.Resource), `\${${own}.Arn}`);
    }
  });
});

// What a rule for new accounts adds, and nothing else.
const ADMISSION: Partial<Record<FunctionName, string[]>> = {
  'sign-in': ['cognito-idp:AdminAddUserToGroup', 'dynamodb:UpdateItem'],
  'sign-up': ['cognito-idp:GetGroup', 'dynamodb:DeleteItem', 'dynamodb:PutItem'],
};

describe('what a rule for new accounts adds', () => {
  const without = templateOf();
  const arn = 'arn:aws:lambda:eu-west-1:111122223333:function:admit:live';
  const forms: [string, Partial<LatchstringProps>, string[]][] = [
    ['invitations', { settings: { admission: 'invited' } }, []],
    ['domains', { settings: { admission: 'domains', admittedDomains: 'example.com' } }, []],
    ['a function', { admissionHook: lambda.Function.fromFunctionArn(new Stack(newApp(), 'hook'), 'Hook', arn) }, ['lambda:InvokeFunction']],
  ];
  for (const [rule, props, invoke] of forms) {
    const template = templateOf(props);
    /** The statements that are not there without the rule. */
    const added = (name: FunctionName) => {
      const before = new Set(statements(without, name).map((statement) => JSON.stringify(statement)));
      return statements(template, name).filter((statement) => !before.has(JSON.stringify(statement)));
    };
    for (const name of FUNCTIONS) {
      const expected = [...(ADMISSION[name] ?? []), ...(name === 'sign-in' ? invoke : [])];
      it(`${rule}: ${name} may do ${expected.length > 0 ? 'what it needs' : 'nothing more'}`, () => {
        assert.deepEqual(added(name).flatMap(({ Action }) => list(Action)).sort(), expected.sort());
      });
    }

    it(`${rule}: invitations are the only kind of item, and groups those of the one pool`, () => {
      const pool = Object.keys(template.findResources('AWS::Cognito::UserPool'))[0];
      for (const { Action, Condition, Resource } of FUNCTIONS.flatMap(added)) {
        const service = String(list(Action)[0]).split(':')[0];
        const invitations = {
          'ForAllValues:StringLike': { 'dynamodb:LeadingKeys': ['invitation#*'] },
          Null: { 'dynamodb:LeadingKeys': 'false' },
        };
        assert.deepEqual(Condition, service === 'dynamodb' ? invitations : undefined);
        if (service !== 'dynamodb') {
          assert.deepEqual(Resource, service === 'lambda' ? arn : { 'Fn::GetAtt': [pool, 'Arn'] });
        }
      }
    });
  }
});

describe('what the choice for other holders adds', () => {
  const forms: ['refuse' | 'delete', string[]][] = [
    ['refuse', ['AdminUpdateUserAttributes', 'ListUsers']],
    ['delete', ['AdminDeleteUser', 'AdminUpdateUserAttributes', 'ListUsers']],
  ];
  const without = templateOf();
  for (const [otherHolders, expected] of forms) {
    const template = templateOf({ settings: { otherHolders } });
    for (const name of FUNCTIONS) {
      it(`${otherHolders}: ${name} may do what it needs on the one pool`, () => {
        const before = new Set(statements(without, name).map((statement) => JSON.stringify(statement)));
        const added = statements(template, name).filter((statement) => !before.has(JSON.stringify(statement)));
        const actions = added.flatMap(({ Action }) => list(Action)).sort();
        assert.deepEqual(actions, name === 'sign-in' ? expected.map((action) => `cognito-idp:${action}`) : []);
        const pool = Object.keys(template.findResources('AWS::Cognito::UserPool'))[0];
        assert.ok(added.every(({ Resource }) => JSON.stringify(Resource) === JSON.stringify({ 'Fn::GetAtt': [pool, 'Arn'] })));
      });
    }
  }
});

describe('what session mode adds', () => {
  const template = templateOf({ api: 'http', sessionMode: true });
  const without = templateOf({ api: 'http' });
  /** The actions of the one list that are not in the other, each as often as it is there. */
  const beyond = (all: string[], some: string[]) => {
    const left = [...some];
    return all.filter((action) => {
      const at = left.indexOf(action);
      return at < 0 || !left.splice(at, 1);
    });
  };

  for (const name of FUNCTIONS) {
    it(`${name} may do ${SESSION_ACTIONS[name] ? 'what browser sessions need' : 'nothing more'}`, () => {
      const more = beyond(allowed(template, name), allowed(without, name));
      assert.deepEqual(more, SESSION_ACTIONS[name] ?? []);
    });

    it(`${name} reaches ${SESSION_ACTIONS[name] ? 'browser sessions too' : 'no browser session'}`, () => {
      const [table] = statements(template, name).filter(({ Action }) => list(Action).includes('dynamodb:GetItem'));
      const items = [...ITEMS[name], ...(SESSION_ACTIONS[name] ? SESSION_ITEMS : [])];
      assert.deepEqual(table?.Condition, {
        'ForAllValues:StringLike': { 'dynamodb:LeadingKeys': items.map((item) => `${item}#*`) },
        Null: { 'dynamodb:LeadingKeys': 'false' },
      });
    });
  }

  it('the resolvers read the two secrets and the key ring, the triggers the key ring alone', () => {
    const readable = (name: FunctionName) =>
      statements(template, name)
        .filter(({ Action }) => list(Action).includes('secretsmanager:GetSecretValue'))
        .flatMap(({ Resource }) => list(Resource))
        .map((arn) => nameOf(arn).replace(/[0-9A-F]{8}\}$/, '}'));
    for (const name of FUNCTIONS) {
      const two = ['${LatchstringClientSecret}', '${LatchstringServerCredential}'];
      assert.deepEqual(readable(name), ['${LatchstringKeyRing}', ...(SESSION_ACTIONS[name] ? two : [])], name);
    }
  });

  it('signed calls need no confirmation by HTTP, as no client answers a session', () => {
    templateOf({ api: 'http', settings: { cognitoCalls: 'signed' } });
    const open = templateOf({ api: 'http', sessionMode: true, settings: { cognitoCalls: 'public' } });
    for (const name of ['sign-in', 'sign-up'] as const) {
      assert.deepEqual(beyond(allowed(template, name), allowed(open, name)), SIGNED_CALLS);
      assert.equal(functionOf(template, name).Properties.Environment.Variables.COGNITO_CALLS, 'signed');
      assert.equal(functionOf(open, name).Properties.Environment.Variables.COGNITO_CALLS, 'public');
    }
  });

  it('no function may read the secrets of other app clients', () => {
    assert.ok(!JSON.stringify(template.toJSON()).includes('DescribeUserPoolClient'));
    template.resourceCountIs('AWS::Lambda::Function', FUNCTIONS.length);
  });

  it('a secret that is given is read with its own key, through Secrets Manager only', () => {
    const stack = newStack();
    const clientSecret = secrets.Secret.fromSecretAttributes(stack, 'Given', {
      secretPartialArn: 'arn:aws:secretsmanager:eu-west-1:111122223333:secret:client',
      encryptionKey: kms.Key.fromKeyArn(stack, 'Key', 'arn:aws:kms:eu-west-1:111122223333:key/given'),
    });
    const existingPool = { userPoolId: 'eu-west-1_Abc', clientIds: ['web'] };
    const template = templateOf({ api: 'http', existingPool, sessionMode: { clientSecret } });
    for (const name of FUNCTIONS) {
      const found = statements(template, name);
      const reads = found.some(({ Resource }) => list(Resource).includes(`${clientSecret.secretArn}-??????`));
      const key = found.find(({ Action }) => list(Action).includes('kms:Decrypt'));
      assert.equal(reads, name in SESSION_ACTIONS, name);
      assert.deepEqual(key && list(key.Action), reads ? ['kms:Decrypt'] : undefined, name);
      const condition = key?.Condition as { StringEquals: { 'kms:ViaService': unknown[] } } | undefined;
      const through = condition?.StringEquals['kms:ViaService'].map(nameOf);
      assert.deepEqual(through, reads ? ['secretsmanager.${AWS::Region}.${AWS::URLSuffix}'] : undefined, name);
    }
  });
});

describe('rights that depend on properties', () => {
  it('without SMS no function may send one', () => {
    const template = templateOf({ sms: undefined });
    for (const name of FUNCTIONS) {
      assert.ok(!allowed(template, name).includes('sns:Publish'));
    }
  });

  it('without mail no function may send one', () => {
    const template = templateOf({ email: undefined });
    for (const name of FUNCTIONS) {
      assert.ok(!allowed(template, name).includes('ses:SendEmail'));
    }
  });

  it('a captcha lets only sign-in read its key', () => {
    const secretArn = 'arn:aws:secretsmanager:eu-west-1:111122223333:secret:turnstile-AbCdEf';
    const template = templateOf({ captcha: { siteKey: '0x4AAA', secretArn, hostnames: ['example.com'] } });
    const readers = FUNCTIONS.filter((name) =>
      statements(template, name).some(({ Resource }) => list(Resource).includes(secretArn)),
    );
    assert.deepEqual(readers, ['sign-in']);
    template.hasOutput('CaptchaSiteKey', { Value: '0x4AAA' });
    assert.deepEqual(templateOf().findOutputs('CaptchaSiteKey'), {});
  });

  it('in the sandbox, recipients of this account may be mailed too, still from the one address', () => {
    const template = templateOf({ email: { fromAddress: 'codes@example.com', inSandbox: true } });
    const mail = statements(template, 'create-auth-challenge').find(({ Action }) =>
      list(Action).includes('ses:SendEmail'),
    );
    assert.ok(list(mail?.Resource).some((resource) => nameOf(resource).endsWith(':identity/*')));
    assert.deepEqual(mail?.Condition, { StringEquals: { 'ses:FromAddress': 'codes@example.com' } });
  });

  it('a key of one\'s own is used through the table and the secret only', () => {
    const stack = newStack();
    const encryptionKey = kms.Key.fromKeyArn(stack, 'Key', 'arn:aws:kms:eu-west-1:111122223333:key/00000000-0000-0000-0000-000000000000');
    const template = Template.fromStack(newStack({ encryptionKey }));
    for (const name of FUNCTIONS) {
      const key = statements(template, name).find(({ Action }) => list(Action).includes('kms:Decrypt'));
      const services = (key?.Condition as { StringEquals: { 'kms:ViaService': unknown[] } }).StringEquals;
      assert.deepEqual(services['kms:ViaService'].map(nameOf), [
        'dynamodb.${AWS::Region}.${AWS::URLSuffix}',
        'secretsmanager.${AWS::Region}.${AWS::URLSuffix}',
      ]);
    }
  });
});

describe('who may call the functions', () => {
  const template = templateOf();

  it('the pool calls its three triggers, and no other pool does', () => {
    const permissions = Object.values(template.findResources('AWS::Lambda::Permission'));
    const pool = Object.keys(template.findResources('AWS::Cognito::UserPool'))[0];
    // Of each, the function and its alias.
    assert.equal(permissions.length, 6);
    for (const { Properties } of permissions) {
      assert.equal(Properties.Principal, 'cognito-idp.amazonaws.com');
      assert.equal(nameOf(Properties.SourceArn), `\${${pool}.Arn}`);
    }
  });

  it('AppSync calls the two resolvers and nothing else', () => {
    const role = Object.entries(template.findResources('AWS::IAM::Role')).find(([id]) => id.includes('ApiRole'));
    const [{ PolicyDocument }] = role?.[1].Properties.Policies;
    assert.equal(PolicyDocument.Statement.length, 1);
    assert.equal(PolicyDocument.Statement[0].Action, 'lambda:InvokeFunction');
    const wanted = (['sign-in', 'sign-up'] as const).map((name) =>
      nameOf(functionOf(template, name).Properties.FunctionName),
    );
    const found: string[] = PolicyDocument.Statement[0].Resource.map((arn: { Ref?: string }) => invokedBy(template, arn));
    // Of each, the function and its alias.
    assert.deepEqual(found.sort(), [...wanted, ...wanted].sort());
  });
});

describe('what a principal is granted', () => {
  const granted = (props: Partial<LatchstringProps>, give: (latchstring: Latchstring, role: iam.Role) => iam.Grant) => {
    const stack = newStack(props);
    const role = new iam.Role(stack, 'Operator', { assumedBy: new iam.AccountRootPrincipal() });
    give(stack.latchstring, role).assertSuccess();
    const template = Template.fromStack(stack);
    // CDK puts what does not fit into one policy into managed ones.
    const policies = ['Policy', 'ManagedPolicy'].flatMap((kind) => Object.entries(template.findResources(`AWS::IAM::${kind}`)));
    const own = policies.filter(([id]) => id.startsWith('Operator'));
    const found = own.flatMap(([, { Properties }]) => Properties.PolicyDocument.Statement as Statement[]);
    return { template, found, actions: found.flatMap(({ Action }) => list(Action) as string[]).sort() };
  };
  const wide = { api: 'http', sessionMode: true, events: true } as const;

  it('for invitations is to invoke the one function, and there must be some', () => {
    const { template, found } = granted({ api: 'http', settings: { admission: 'invited' } }, (it, role) => it.grantInvite(role));
    const [signUp] = Object.entries(template.findResources('AWS::Lambda::Function')).find(([, { Properties }]) => nameOf(Properties.FunctionName).endsWith('-sign-up')) as [string, Resource];
    assert.deepEqual(
      found.map(({ Action, Resource }) => [Action, Resource]),
      [
        ['lambda:InvokeFunction', { 'Fn::GetAtt': [signUp, 'Arn'] }],
        ['cloudformation:DescribeStacks', { Ref: 'AWS::StackId' }],
      ],
    );
    assert.throws(() => granted({}, (it, role) => it.grantInvite(role)), /set settings\.admission/);
  });

  /** The actions that a page lists for a command. */
  const documented = (name: string, section: RegExp) => {
    const page = fs.readFileSync(path.join(__dirname, '../../docs', name), 'utf8');
    const [text] = section.exec(page) as unknown as [string];
    return [...text.matchAll(/\b[a-z0-9-]+:(GET|[A-Z][a-z]+[A-Za-z]+)\b/g)].map(([action]) => action);
  };
  const command = (name: string) => documented('cli.md', new RegExp(`^## \`latchstring ${name}\`[\\s\\S]*?^## `, 'm'));
  const sorted = (actions: string[]) => [...new Set(actions)].filter((action) => action !== 'kms:Decrypt').sort();

  it('to inspect is what docs/doctor.md lists, in all modes together', () => {
    const wanted = documented('doctor.md', /```json\n\{\s+"Version"[\s\S]*?```/);
    const found = [wide, {}].flatMap((props) => granted(props, (it, role) => it.grantInspect(role)).actions);
    assert.deepEqual(sorted(found), sorted([...wanted, 'cloudformation:DescribeStacks']));
  });

  it('to inspect changes nothing, and reads one deployment', () => {
    const { found, actions } = granted(wide, (it, role) => it.grantInspect(role));
    assert.ok(actions.every((action) => /:(Describe|Get|List|GET|Query|Simulate)/.test(action)), actions.join());
    const limited = found.filter(({ Resource }) => !list(Resource).includes('*')).flatMap(({ Action }) => list(Action) as string[]);
    const services = /^(ses|sns|sms-voice|appsync|cloudwatch|servicequotas|wafv2):|:GetAccountSettings$|:ListRuleNamesByTarget$/;
    assert.ok(actions.every((action) => limited.includes(action) || services.test(action)));
    const secrets = found.filter(({ Action }) => Action === 'secretsmanager:GetSecretValue').map(({ Resource }) => JSON.stringify(Resource));
    assert.match(secrets.join(), /KeyRing.*ServerCredential/);
    assert.match(JSON.stringify(found.find(({ Action }) => Action === 'dynamodb:Query')?.Resource), /index\/outbox/);
  });

  it('to operate is that, and what docs/cli.md lists', () => {
    const inspect = granted(wide, (it, role) => it.grantInspect(role)).actions;
    const { found, actions } = granted(wide, (it, role) => it.grantOperate(role));
    const wanted = [...inspect, ...command('trace'), ...command('unlock'), 'dynamodb:DeleteItem'];
    assert.deepEqual(sorted(actions), sorted(wanted));
    const onCounters = { 'ForAllValues:StringLike': { 'dynamodb:LeadingKeys': ['counter#*'] }, Null: { 'dynamodb:LeadingKeys': 'false' } };
    for (const action of ['dynamodb:DeleteItem', 'dynamodb:UpdateItem']) {
      assert.deepEqual(found.filter(({ Action }) => list(Action).includes(action)).map(({ Condition }) => Condition), [onCounters]);
    }
  });

  it('to erase is what docs/cli.md lists', () => {
    const { actions } = granted(wide, (it, role) => it.grantErase(role));
    assert.deepEqual(sorted(actions), sorted([...command('export'), ...command('erase')]));
  });

  it('to erase reaches no redemption by its key', () => {
    const { found } = granted(wide, (it, role) => it.grantErase(role));
    const statements = found.filter(({ Action }) => list(Action).some((action) => String(action).startsWith('dynamodb:')));
    assert.deepEqual(statements.map(({ Action }) => Action), ['dynamodb:Scan', ['dynamodb:BatchGetItem', 'dynamodb:DeleteItem', 'dynamodb:GetItem']]);
    const keys = (statements[1]?.Condition as Record<string, Record<string, string[]>>)['ForAllValues:StringLike']?.['dynamodb:LeadingKeys'] ?? [];
    assert.ok(keys.includes('flow#*') && !keys.some((key) => /^(ticket|proof|\*)/.test(key)), keys.join());
  });

  it('to rotate keys is to replace the key ring alone, with its key', () => {
    const encryptionKey = kms.Key.fromKeyArn(new Stack(newApp(), 'key'), 'Key', 'arn:aws:kms:eu-west-1:111122223333:key/abc');
    const { found, actions } = granted({ encryptionKey }, (it, role) => it.grantRotateKeys(role));
    assert.deepEqual(actions, [
      'cloudformation:DescribeStacks',
      'kms:Decrypt',
      'kms:GenerateDataKey',
      'lambda:GetFunctionConfiguration',
      'logs:FilterLogEvents',
      'secretsmanager:GetSecretValue',
      'secretsmanager:PutSecretValue',
      'secretsmanager:UpdateSecretVersionStage',
    ]);
    const of = (service: string) => found.find(({ Action }) => (list(Action)[0] as string).startsWith(service));
    assert.match(JSON.stringify(of('secretsmanager:')?.Resource), /KeyRing/);
    assert.deepEqual(of('kms:')?.Resource, 'arn:aws:kms:eu-west-1:111122223333:key/abc');
  });
});
