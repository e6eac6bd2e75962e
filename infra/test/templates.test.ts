import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import * as fs from 'node:fs';
import * as path from 'node:path';
import { describe, it } from 'node:test';
import { RULES } from '../lib/settings';
import { PACKAGES, templateOf } from './support';

const HOME = path.join(__dirname, '..');

/** Synthesises as `npm run synth` does and reads what was written. */
function synthesise(architecture: string, folder: string): Record<string, string> {
  const out = path.join(PACKAGES, folder);
  const args = [path.join(HOME, 'bin/synth.ts'), '--out', out, '--architecture', architecture];
  execFileSync(process.execPath, ['--import', 'tsx', ...args], { cwd: HOME, stdio: 'pipe' });
  return Object.fromEntries(fs.readdirSync(out).map((file) => [file, fs.readFileSync(path.join(out, file), 'utf8')]));
}

/** The templates, for all tests that read them. */
const ONCE = synthesise('arm64', 'once');

/** Evaluates the expression of a rule. */
function holds(expression: any, set: Record<string, string>): boolean {
  const [name, parts] = Object.entries(expression)[0] as [string, any[]];
  const value = (part: any) => (typeof part === 'string' ? part : set[part.Ref]);
  switch (name) {
    case 'Fn::Equals':
      return value(parts[0]) === value(parts[1]);
    case 'Fn::Not':
      return !holds(parts[0], set);
    case 'Fn::And':
      return parts.every((part) => holds(part, set));
    case 'Fn::Or':
      return parts.some((part) => holds(part, set));
    default:
      throw new Error(name);
  }
}

describe('the templates for teams without CDK', () => {
  const written = ONCE;
  const all = Object.entries(written).map(([file, text]) => [file, JSON.parse(text)] as const);
  const templates = all.filter(([file]) => !file.includes('session-mode'));
  const sessions = all.filter(([file]) => file.includes('session-mode'));

  it('are with a pool of their own or for one that exists, each in session mode too', () => {
    assert.deepEqual(Object.keys(written).sort(), [
      'latchstring-existing-pool.template.json',
      'latchstring-session-mode-existing-pool.template.json',
      'latchstring-session-mode.template.json',
      'latchstring.template.json',
    ]);
    for (const [file, { Resources }] of [...templates, ...sessions]) {
      const types = Object.values(Resources).map((resource) => (resource as { Type: string }).Type);
      assert.equal(types.includes('AWS::Cognito::UserPool'), !file.includes('existing-pool'));
    }
  });

  it('are the same each time', () => {
    assert.deepEqual(synthesise('arm64', 'twice'), written);
  });

  it('need no CDK in the account', () => {
    for (const [file, { Parameters, Rules, Resources }] of templates) {
      const usernames = file.includes('existing-pool') ? ['Usernames'] : [];
      assert.deepEqual(Object.keys(Rules), ['Admits', 'OneChannel', 'Calls', ...usernames, 'Turnstile', 'KeyExpires'], file);
      assert.equal(Parameters.BootstrapVersion, undefined, file);
      assert.ok(!JSON.stringify(Resources).includes('cdk-'), file);
      assert.ok(!JSON.stringify(Resources).includes('AWS::CDK'), file);
    }
  });

  it('take the zips from the bucket and prefix that are given', () => {
    for (const [, { Resources }] of templates) {
      const functions = Object.values(Resources).filter(
        (resource) => (resource as { Type: string }).Type === 'AWS::Lambda::Function',
      ) as { Properties: { Code: unknown } }[];
      assert.equal(functions.length, 6);
      for (const { Properties } of functions) {
        assert.match(
          JSON.stringify(Properties.Code),
          /^\{"S3Bucket":\{"Ref":"Bucket"\},"S3Key":\{"Fn::Join":\["",\[\{"Ref":"Prefix"\},"latchstring-[a-z-]+\.zip"\]\]\}\}$/,
        );
      }
    }
  });

  it('ask where the zips are, and have a default for the rest', () => {
    const asked = templates.map(([, { Parameters }]) =>
      Object.entries(Parameters)
        .filter(([, parameter]) => (parameter as { Default?: unknown }).Default === undefined)
        .map(([name]) => name)
        .sort(),
    );
    assert.deepEqual(asked, [['Bucket', 'Clients', 'Prefix', 'UserPool'], ['Bucket', 'Prefix']]);
  });

  it('make AppSync, the HTTP API or both, each with its alarms and outputs', () => {
    for (const [file, { Conditions, Resources, Outputs }] of templates) {
      const isNot = (parameter: string, value: string) => ({ 'Fn::Not': [{ 'Fn::Equals': [{ Ref: parameter }, value] }] });
      assert.deepEqual(Conditions.UsesGraphql, isNot('Api', 'http'), file);
      assert.deepEqual(Conditions.UsesHttp, isNot('Api', 'appsync'), file);
      for (const [id, resource] of Object.entries(Resources)) {
        const { Type, Condition, Properties } = resource as { Type: string; Condition?: string; Properties: unknown };
        const metric = JSON.stringify(Properties);
        if (Type === 'AWS::AppSync::ApiKey') {
          assert.match(String(Condition), /^UsesApiKey[12]$/, id);
        } else if (Type.startsWith('AWS::AppSync::') || /ApiRole|Alarmapi/.test(id)) {
          assert.equal(Condition, 'UsesGraphql', id);
        } else if (Type.startsWith('AWS::ApiGatewayV2::') || /LatchstringHttp|Alarmhttp/.test(id)) {
          assert.equal(Condition, 'UsesHttp', id);
        } else {
          assert.ok(!/LatchstringApi|LatchstringHttp/.test(metric), `${id} needs an API`);
        }
      }
      const shown = Object.entries(Outputs).map(([id, { Condition }]: [string, any]) => [id, Condition] as const);
      assert.deepEqual(Object.fromEntries(shown.filter(([, condition]) => condition)), {
        GraphqlUrl: 'UsesGraphql',
        ApiKey1: 'UsesApiKey1',
        ApiKey2: 'UsesApiKey2',
        HttpUrl: 'UsesHttp',
      });
    }
  });

  it('replace an API key by making the other one first', () => {
    for (const [, { Parameters, Conditions }] of templates) {
      assert.deepEqual(Parameters.ApiKeys.AllowedValues, ['1', '1,2', '2']);
      for (const [name, other] of [['1', '2'], ['2', '1']]) {
        assert.deepEqual(Conditions[`UsesApiKey${name}`], {
          'Fn::And': [
            { 'Fn::Not': [{ 'Fn::Equals': [{ Ref: 'Api' }, 'http'] }] },
            { 'Fn::Not': [{ 'Fn::Equals': [{ Ref: 'ApiKeys' }, other] }] },
          ],
        });
      }
    }
  });

  it('need the expiry of the API key where there is one', () => {
    for (const [, { Rules, Resources }] of templates) {
      const isNot = (parameter: string, value: string) => ({ 'Fn::Not': [{ 'Fn::Equals': [{ Ref: parameter }, value] }] });
      assert.deepEqual(Rules.KeyExpires.RuleCondition, isNot('Api', 'http'));
      assert.deepEqual(Rules.KeyExpires.Assertions[0].Assert, isNot('ApiKeyExpires', '0'));
      const variables = Object.values(Resources).flatMap((resource: any) => resource.Properties?.Environment?.Variables ?? []);
      const expiries = variables.map(({ API_KEY_EXPIRES }) => API_KEY_EXPIRES).filter((expiry) => expiry !== undefined);
      const [chosen, ...others] = expiries;
      assert.deepEqual(chosen, { 'Fn::If': ['UsesGraphql', { Ref: 'ApiKeyExpires' }, { Ref: 'AWS::NoValue' }] });
      assert.deepEqual(others, []);
    }
  });

  it('let pages of the listed origins call the HTTP API, and never of all', () => {
    for (const [, { Parameters, Resources }] of templates) {
      const api = Object.values(Resources).find((resource: any) => resource.Type === 'AWS::ApiGatewayV2::Api') as any;
      const [condition, cors, none] = api.Properties.CorsConfiguration['Fn::If'];
      assert.deepEqual([condition, none], ['HasAllowOrigins', { Ref: 'AWS::NoValue' }]);
      assert.deepEqual(cors.AllowOrigins, { 'Fn::Split': [',', { Ref: 'AllowOrigins' }] });
      assert.deepEqual(cors.AllowMethods, ['GET', 'POST']);
      const pattern = new RegExp(`^${Parameters.AllowOrigins.AllowedPattern}$`);
      for (const good of ['', 'https://a.example.com', 'https://a.example.com,http://localhost:5173']) {
        assert.ok(pattern.test(good), good);
      }
      for (const bad of ['*', 'https://*', 'https://*.example.com', 'https://a.example.com/', 'https://a.b, https://c.d']) {
        assert.ok(!pattern.test(bad), bad);
      }
    }
  });

  it('take the tokens of the clients that are served', () => {
    for (const [file, { Resources }] of templates) {
      const authorizer = Object.values(Resources).find((resource: any) => resource.Type === 'AWS::ApiGatewayV2::Authorizer') as any;
      const { Audience } = authorizer.Properties.JwtConfiguration;
      if (file === 'latchstring.template.json') {
        assert.equal(Audience.length, 1);
      } else {
        assert.deepEqual(Audience, { 'Fn::Split': [',', { Ref: 'Clients' }] });
      }
    }
  });

  it('send no mail without an address, no SMS without a country, and need one of them', () => {
    for (const [, { Resources, Conditions, Rules }] of templates) {
      const policies = Object.values(Resources).filter(
        (resource) => (resource as { Type: string }).Type === 'AWS::IAM::Policy',
      ) as { Condition?: string }[];
      assert.deepEqual(policies.map(({ Condition }) => Condition).filter((it) => !it?.startsWith('HasAdmission')), [
        'HasEmailFromAddress',
        'HasSmsCountries',
        'HasClientSenders',
        'HasCognitoCalls',
        'HasOtherHolders',
        'DeletesOtherHolders',
        'HasTurnstile',
      ]);
      const isSet = (parameter: string) => ({ 'Fn::Not': [{ 'Fn::Equals': [{ Ref: parameter }, ''] }] });
      assert.deepEqual(Rules.OneChannel.Assertions[0].Assert, {
        'Fn::Or': [isSet('EmailFromAddress'), isSet('SmsCountries')],
      });
      assert.deepEqual(Conditions.HasSmsCountries, {
        'Fn::Not': [{ 'Fn::Equals': [{ Ref: 'SmsCountries' }, ''] }],
      });
    }
  });

  it('permit what a rule for new accounts needs only where there is one', () => {
    const differs = (parameter: string, value: string) => ({ 'Fn::Not': [{ 'Fn::Equals': [{ Ref: parameter }, value] }] });
    for (const [file, { Conditions, Resources, Rules, Parameters }] of templates) {
      assert.deepEqual(Conditions.HasAdmission, { 'Fn::Or': [differs('Admission', 'open'), differs('ClientSettings', '')] }, file);
      assert.deepEqual(Conditions.HasAdmissionHook, differs('AdmissionHook', ''), file);
      const granted = (Object.values(Resources) as any[]).filter(({ Condition }) => /^HasAdmission/.test(Condition));
      const actions = granted.map(({ Condition, Properties }) => [
        Condition,
        Properties.PolicyDocument.Statement.flatMap(({ Action }: { Action: string }) => Action),
      ]);
      assert.deepEqual(actions, [
        ['HasAdmission', ['dynamodb:UpdateItem', 'cognito-idp:AdminAddUserToGroup']],
        ['HasAdmission', ['dynamodb:PutItem', 'dynamodb:DeleteItem', 'cognito-idp:GetGroup']],
        ['HasAdmissionHook', ['lambda:InvokeFunction']],
      ]);
      assert.deepEqual(granted[2].Properties.PolicyDocument.Statement[0].Resource, { Ref: 'AdmissionHook' });
      const isSweeper = ({ Properties }: any) => JSON.stringify(Properties.FunctionName).includes('-publish-events"');
      const functions = (Object.values(Resources) as any[]).filter((it) => it.Type === 'AWS::Lambda::Function' && !isSweeper(it));
      for (const { Properties } of functions) {
        const { ADMISSION, ADMITTED_DOMAINS, REFUSED_DOMAINS, INVITERS_GROUP } = Properties.Environment.Variables;
        const { INVITERS_MAY_GIVE, INVITERS_MAY_SET } = Properties.Environment.Variables;
        const names = ['Admission', 'AdmittedDomains', 'RefusedDomains', 'InvitersGroup', 'InvitersMayGive', 'InvitersMaySet'];
        const set = [ADMISSION, ADMITTED_DOMAINS, REFUSED_DOMAINS, INVITERS_GROUP, INVITERS_MAY_GIVE, INVITERS_MAY_SET];
        assert.deepEqual(set, names.map((Ref) => ({ Ref })));
      }
      const [domains, hook] = Rules.Admits.Assertions.map(({ Assert }: any) => (set: Record<string, string>) => holds(Assert, set));
      const none = { AdmittedDomains: '', RefusedDomains: '', AdmissionHook: '' };
      for (const [set, expected] of [
        [{ Admission: 'open' }, [true, true]],
        [{ Admission: 'invited' }, [true, true]],
        [{ Admission: 'domains' }, [false, true]],
        [{ Admission: 'domains', RefusedDomains: 'example.com' }, [true, true]],
        [{ Admission: 'open', AdmittedDomains: 'example.com' }, [false, true]],
        [{ Admission: 'hook' }, [true, false]],
        [{ Admission: 'hook', AdmissionHook: 'arn' }, [true, true]],
        [{ Admission: 'invited', AdmissionHook: 'arn' }, [true, false]],
      ] as const) {
        assert.deepEqual([domains({ ...none, ...set }), hook({ ...none, ...set })], expected, JSON.stringify(set));
      }
      const pattern = new RegExp(`^${Parameters.AdmittedDomains.AllowedPattern}$`);
      for (const [text, is] of [['', true], ['example.com,*.bücher.example', true], ['*', false], ['a b', false], ['a@b.c', false]] as const) {
        assert.equal(pattern.test(text), is, text);
      }
    }
  });

  it('run one resolver a request, as a web ACL counts requests and budgets count mutations', () => {
    for (const [file, { Resources }] of templates) {
      const apis = Object.values(Resources).filter(
        (resource) => (resource as { Type: string }).Type === 'AWS::AppSync::GraphQLApi',
      ) as { Properties: { ResolverCountLimit: number } }[];
      assert.deepEqual(apis.map(({ Properties }) => Properties.ResolverCountLimit), [1], file);
    }
  });

  it('are for the chosen processor', () => {
    assert.ok(written['latchstring.template.json']?.includes('"Architectures":["arm64"]'));
    const intel = synthesise('x86_64', 'intel');
    assert.ok(intel['latchstring.template.json']?.includes('"Architectures":["x86_64"]'));
  });
});

describe('the parameters of the templates', () => {
  const written = ONCE;
  const all = Object.entries(written).map(([file, text]) => [file, JSON.parse(text)] as const);
  const functions = (template: any): any[] => Object.values(template.Resources as object).filter(({ Type }) => Type === 'AWS::Lambda::Function');
  const variables = (template: any, end: string) =>
    functions(template).find(({ Properties }) => JSON.stringify(Properties.FunctionName).includes(`-${end}"`)).Properties.Environment.Variables;

  it('set every setting of the functions, within its range, if it is not the default', () => {
    for (const [file, template] of all) {
      const sessions = file.includes('session-mode');
      const missing: string[] = [];
      for (const { variable, default: standard, bounds, words } of Object.values(RULES)) {
        const value = variables(template, 'sign-in')[variable];
        const found = JSON.stringify(value ?? '').match(/"Ref":"(\w+)"/)?.[1];
        const parameter = template.Parameters[found ?? ''];
        if (parameter === undefined) {
          missing.push(variable);
          continue;
        }
        if (bounds) {
          assert.deepEqual([parameter.Type, parameter.MinValue, parameter.MaxValue], ['Number', ...bounds], variable);
        }
        if (words && variable !== 'COGNITO_CALLS') {
          assert.deepEqual(parameter.AllowedValues, words, variable);
        }
        const condition = template.Conditions[value['Fn::If']?.[0] ?? ''];
        if (condition !== undefined) {
          // The namespace has the name of the stack, unless another one is given.
          const [unset, otherwise] =
            variable === 'METRICS_NAMESPACE'
              ? ['auto', { 'Fn::Join': ['', [`${standard}/`, { Ref: 'AWS::StackName' }]] }]
              : [standard, { Ref: 'AWS::NoValue' }];
          assert.deepEqual(condition, { 'Fn::Not': [{ 'Fn::Equals': [{ Ref: found }, unset] }] }, variable);
          assert.deepEqual(value['Fn::If'].slice(1), [{ Ref: found }, otherwise], variable);
        }
      }
      // Session mode decides the calls, and an aliased pool has no usernames that are contacts.
      const own = sessions ? ['COGNITO_CALLS', 'SIGNED_SESSIONS_CONFIRMED', 'SOURCE'] : [];
      const aliased = file.includes('existing-pool') ? [] : ['USERNAME_ATTRIBUTES'];
      assert.deepEqual(missing.sort(), [...own, ...aliased].sort(), file);
      assert.ok(Object.keys(template.Parameters).length <= 200, file);
      assert.ok(Buffer.byteLength(written[file] as string) < 1_000_000, file);
    }
  });

  it('publish events only on a bus', () => {
    for (const [file, { Resources, Conditions }] of all) {
      const made = Object.entries(Resources as Record<string, any>).filter(([id]) => /PublishEvents|SweepOutbox|Alarm(errorspublishevents|eventsoverdue)/.test(id));
      assert.equal(made.length, 7, file);
      assert.deepEqual([...new Set(made.map(([, { Condition }]) => Condition))], ['HasEvents'], file);
      assert.deepEqual(Conditions.HasEvents, { 'Fn::Not': [{ 'Fn::Equals': [{ Ref: 'Events' }, 'off'] }] });
      const table = Object.values(Resources as Record<string, any>).find(({ Type }) => Type === 'AWS::DynamoDB::Table');
      const [key, ...others] = table.Properties.AttributeDefinitions;
      assert.deepEqual([key.AttributeName, ...others.map((it: any) => it['Fn::If'][0]), table.Properties.GlobalSecondaryIndexes['Fn::If'][0]], ['pk', 'HasEvents', 'HasEvents', 'HasEvents']);
      const roles = Object.entries(Resources as Record<string, any>).filter(([id, { Type }]) => Type === 'AWS::IAM::Role' && !id.includes('PublishEvents'));
      const statements = roles.flatMap(([, { Properties }]) => (Properties.Policies ?? []).flatMap(({ PolicyDocument }: any) => PolicyDocument.Statement));
      const granted = statements.filter((it: any) => /"Sid":"(Events|PutEvents)"/.test(JSON.stringify(it)));
      assert.deepEqual(granted.map((it: any) => it['Fn::If']?.[0]), Array(5).fill('HasEvents'), file);
    }
  });

  it('take texts, client settings and a CAPTCHA only if they are given', () => {
    for (const [file, template] of all) {
      const layered = functions(template).filter(({ Properties }) => Properties.Layers);
      assert.deepEqual(layered.map(({ Properties }) => Properties.Layers['Fn::If'][0]), ['HasMessages', 'HasMessages'], file);
      assert.equal(variables(template, 'create-auth-challenge').MESSAGES_FILE['Fn::If'][0], 'HasMessages', file);
      assert.deepEqual(variables(template, 'define-auth-challenge').CLIENTS, { 'Fn::If': ['HasClientSettings', { Ref: 'ClientSettings' }, { Ref: 'AWS::NoValue' }] }, file);
      assert.equal(variables(template, 'sign-in').TURNSTILE_KEY_SECRET['Fn::If'][0], 'HasTurnstile', file);
      assert.equal(variables(template, 'sign-up').TURNSTILE_KEY_SECRET, undefined, file);
    }
  });

  it('permit what a choice needs, and no more', () => {
    const policies = (template: any) => Object.values(template.Resources as Record<string, any>).filter(({ Type }) => Type === 'AWS::IAM::Policy');
    for (const [file, template] of all) {
      const actions = (condition: string) =>
        policies(template)
          .filter(({ Condition }) => Condition === condition)
          .flatMap(({ Properties }) => Properties.PolicyDocument.Statement.flatMap(({ Action }: any) => Action));
      assert.deepEqual(actions('HasOtherHolders'), ['cognito-idp:ListUsers', 'cognito-idp:AdminUpdateUserAttributes'], file);
      assert.deepEqual(actions('DeletesOtherHolders'), ['cognito-idp:AdminDeleteUser'], file);
      assert.deepEqual(actions('HasTurnstile'), ['secretsmanager:GetSecretValue'], file);
      const signed = file.includes('session-mode') ? [] : ['cognito-idp:AdminInitiateAuth', 'cognito-idp:AdminRespondToAuthChallenge'];
      assert.deepEqual(actions('HasCognitoCalls'), signed, file);
      const [mail] = policies(template).filter(({ Condition }) => Condition === 'HasClientSenders');
      const [{ Condition: only }] = mail.Properties.PolicyDocument.Statement;
      assert.deepEqual(only, { StringEquals: { 'ses:FromAddress': { 'Fn::Split': [',', { Ref: 'ClientSenders' }] } } }, file);
    }
  });

  it('let the refresh tokens of a new client live as long as a session', () => {
    const template = JSON.parse(written['latchstring-session-mode.template.json'] ?? '');
    const client: any = Object.values(template.Resources as object).find(({ Type }) => Type === 'AWS::Cognito::UserPoolClient');
    assert.deepEqual([client.Properties.RefreshTokenValidity, client.Properties.TokenValidityUnits.RefreshToken], [{ Ref: 'SessionHours' }, 'hours']);
  });
});

describe('the examples of other tools', () => {
  it('name parameters and outputs of the template', () => {
    const { Parameters, Outputs } = JSON.parse(ONCE['latchstring.template.json'] ?? '');
    const folder = path.join(HOME, '../examples/infrastructure');
    for (const file of ['sam.yaml', 'pulumi.ts', 'sst.config.ts']) {
      const text = fs.readFileSync(path.join(folder, file), 'utf8');
      const nested = /      Parameters:\n((?: {8}.*\n)*)/.exec(text)?.[1] ?? /parameters: \{(.*)\}/.exec(text)?.[1] ?? '';
      const set = [...nested.matchAll(/(\w+): /g)].map(([, name]) => name as string);
      const read = [...text.matchAll(/(?:Outputs|outputs)\.(\w+)/g)].map(([, name]) => name as string).filter((name) => name !== 'apply');
      assert.ok(set.length > 2 && read.length > 0, file);
      assert.deepEqual(set.filter((name) => !(name in Parameters)), [], file);
      assert.deepEqual(read.filter((name) => !(name in Outputs)), [], file);
    }
  });
});

describe('the templates of session mode', () => {
  const written = ONCE;
  const read = (file: string) => JSON.parse(written[`latchstring-${file}.template.json`] ?? '');
  const own = read('session-mode');
  const existing = read('session-mode-existing-pool');
  // eslint-disable-next-line @typescript-eslint/no-explicit-any
  const resources = (template: any, type: string): any[] =>
    Object.values(template.Resources as object).filter((resource) => resource.Type === type);

  it('have the HTTP API alone, whose routes take the cookie, and no choice of another', () => {
    for (const template of [own, existing]) {
      assert.ok(!Object.values(template.Resources as object).some(({ Type }) => Type.startsWith('AWS::AppSync')));
      assert.deepEqual(resources(template, 'AWS::ApiGatewayV2::Authorizer'), []);
      assert.ok(resources(template, 'AWS::ApiGatewayV2::Route').every((it) => it.Properties.AuthorizationType === 'NONE'));
      assert.deepEqual(['Api', 'ApiKeys', 'ApiKeyExpires', 'AllowOrigins'].filter((it) => it in template.Parameters), []);
      const usernames = template === existing ? ['Usernames'] : [];
      assert.deepEqual(Object.keys(template.Rules), ['Admits', 'OneChannel', ...usernames, 'Turnstile']);
    }
  });

  it('demand where the zips are, and of an existing pool the client and its secret', () => {
    const asked = (template: { Parameters: Record<string, { Default?: unknown }> }) =>
      Object.entries(template.Parameters)
        .filter(([, { Default }]) => Default === undefined)
        .map(([name]) => name)
        .sort();
    assert.deepEqual(asked(own), ['Bucket', 'Prefix']);
    assert.deepEqual(asked(existing), ['Bucket', 'ClientCredentialArn', 'Clients', 'Prefix', 'UserPool']);
    const made = (template: unknown) => resources(template, 'AWS::SecretsManager::Secret').length;
    assert.deepEqual([made(own), made(existing)], [3, 2]);
  });

  it('let pages of the listed origins send the cookie, and never of all', () => {
    for (const { Parameters, Resources } of [own, existing]) {
      const api = Object.values(Resources).find((resource: any) => resource.Type === 'AWS::ApiGatewayV2::Api') as any;
      const [condition, cors, none] = api.Properties.CorsConfiguration['Fn::If'];
      assert.deepEqual([condition, none], ['HasSessionOrigins', { Ref: 'AWS::NoValue' }]);
      assert.deepEqual(cors.AllowOrigins, { 'Fn::Split': [',', { Ref: 'SessionOrigins' }] });
      assert.equal(cors.AllowCredentials, true);
      const pattern = new RegExp(`^${Parameters.SessionOrigins.AllowedPattern}$`);
      for (const good of ['', 'https://a.example.com', 'https://a.example.com,https://b.example.com:8443']) {
        assert.ok(pattern.test(good), good);
      }
      for (const bad of ['*', 'https://*', 'https://A.example.com', 'http://a.example.com', 'https://a.example.com/', 'https://a.b, https://c.d']) {
        assert.ok(!pattern.test(bad), bad);
      }
    }
  });

  it('give the origins and the secrets to the resolvers, as references', () => {
    for (const template of [own, existing]) {
      const variables = resources(template, 'AWS::Lambda::Function')
        .map((it) => it.Properties.Environment.Variables)
        .filter(({ SESSION_MODE }) => SESSION_MODE === 'on');
      assert.equal(variables.length, 2);
      for (const { SESSION_ORIGINS, CLIENT_SECRET_SECRET, SERVER_CREDENTIAL_SECRET } of variables) {
        assert.deepEqual(SESSION_ORIGINS['Fn::Join'], [',', { 'Fn::Split': [',', { Ref: 'SessionOrigins' }] }]);
        assert.ok(CLIENT_SECRET_SECRET.Ref && SERVER_CREDENTIAL_SECRET.Ref);
      }
    }
    const [variables] = resources(existing, 'AWS::Lambda::Function')
      .map((it) => it.Properties.Environment.Variables)
      .filter(({ SESSION_MODE }) => SESSION_MODE);
    assert.deepEqual(variables.CLIENT_SECRET_SECRET, { Ref: 'ClientCredentialArn' });
  });
});

describe('the stack', () => {
  it('is the same each time', () => {
    assert.deepEqual(templateOf().toJSON(), templateOf().toJSON());
  });

  it('outputs what clients and operators must know', () => {
    assert.deepEqual(Object.keys(templateOf().toJSON().Outputs), [
      'UserPoolId',
      'ClientIds',
      'GraphqlUrl',
      'ApiKey1',
      'TableName',
      'KeyRingSecret',
      'DefineAuthChallenge',
      'CreateAuthChallenge',
      'VerifyAuthChallengeResponse',
      'Alias',
    ]);
  });
});
