import assert from 'node:assert/strict';
import * as path from 'node:path';
import { describe, it } from 'node:test';
import { Annotations, Match, Template } from 'aws-cdk-lib/assertions';
import { Duration, Expiration, Stack, aws_appsync as appsync } from 'aws-cdk-lib';
import { FUNCTIONS, Latchstring, type FunctionName, type GraphqlProps } from '../lib';
import { FIELDS, fieldsOf, schema } from '../lib/graphql-api';
import { LEAST, functionOf, invokedBy, nameOf, newApp, newStack, only, templateOf } from './support';

describe('the GraphQL API', () => {
  const keysExpire = 1_800_000_000;
  const template = templateOf();
  const { Properties: api } = only(template, 'AWS::AppSync::GraphQLApi');

  it('is for signed-in users, and by key for the public fields', () => {
    assert.equal(api.AuthenticationType, 'AMAZON_COGNITO_USER_POOLS');
    assert.deepEqual(api.AdditionalAuthenticationProviders, [{ AuthenticationType: 'API_KEY' }]);
  });

  it('does not show its schema, nor go deep, unless told to', () => {
    assert.equal(api.IntrospectionConfig, 'DISABLED');
    assert.equal(api.QueryDepthLimit, 4);
    assert.equal(api.ResolverCountLimit, 1);
    const { Properties: open } = only(
      templateOf({ graphql: { keysExpire, introspection: true, queryDepthLimit: 10, resolverCountLimit: 20 } }),
      'AWS::AppSync::GraphQLApi',
    );
    assert.deepEqual(
      [open.IntrospectionConfig, open.QueryDepthLimit, open.ResolverCountLimit],
      ['ENABLED', 10, 20],
    );
  });

  it('logs nothing, or fields without their content', () => {
    assert.equal(api.LogConfig, undefined);
    const { Properties: logged } = only(templateOf({ graphql: { keysExpire, fieldLog: 'ALL' } }), 'AWS::AppSync::GraphQLApi');
    assert.equal(logged.LogConfig.FieldLogLevel, 'ALL');
    assert.equal(logged.LogConfig.ExcludeVerboseContent, true);
    assert.equal(logged.XrayEnabled, false);
  });

  it('takes several keys at a time, so that one can follow another', () => {
    const keys = Object.values(
      templateOf({ graphql: { keys: ['1', '2'], keysExpire } }).findResources('AWS::AppSync::ApiKey'),
    );
    assert.equal(keys.length, 2);
    assert.ok(keys.every(({ Properties }) => Properties.Expires === keysExpire));
  });
});

const day = '2027-06-01';

describe('the expiry of the API keys', () => {
  const expires = Date.UTC(2027, 5, 1) / 1000;

  it('is a day or a second, and reaches the key and sign-in alone', () => {
    for (const keysExpire of [day, expires]) {
      const template = templateOf({ graphql: { keysExpire } });
      assert.equal(only(template, 'AWS::AppSync::ApiKey').Properties.Expires, expires);
      const variables = (name: FunctionName) => functionOf(template, name).Properties.Environment.Variables;
      const readers = FUNCTIONS.filter((name) => variables(name).API_KEY_EXPIRES === String(expires));
      assert.deepEqual(readers, ['sign-in']);
    }
  });

  it('does not depend on the day of the synthesis, but a warning does', (t) => {
    const at = (now: string) => {
      t.mock.timers.reset();
      t.mock.timers.enable({ apis: ['Date'], now: new Date(now) });
      const stack = newStack({ graphql: { keysExpire: day } });
      const warnings = Annotations.fromStack(stack).findWarning('*', Match.stringLikeRegexp('keysExpire'));
      return [JSON.stringify(Template.fromStack(stack).toJSON()), warnings.length] as const;
    };
    const [first, early] = at('2026-05-31T23:00:00Z');
    const [second, quiet] = at('2026-06-01T01:00:00Z');
    const [third, stillQuiet] = at('2027-04-16T00:00:00Z');
    const [fourth, late] = at('2027-04-18T00:00:00Z');
    assert.deepEqual(new Set([second, third, fourth]), new Set([first]));
    assert.deepEqual([early, quiet, stillQuiet, late], [1, 0, 0, 1]);
  });
});

describe('a GraphQL API that exists', () => {
  const stack = new Stack(newApp(), 'own');
  const existing = new appsync.GraphqlApi(stack, 'Graph', {
    name: 'graph',
    definition: appsync.Definition.fromFile(path.join(__dirname, '../schema.graphql')),
    authorizationConfig: {
      defaultAuthorization: { authorizationType: appsync.AuthorizationType.API_KEY, apiKeyConfig: { expires: Expiration.after(Duration.days(365)) } },
    },
  });
  const made = new Latchstring(stack, 'Latchstring', { ...LEAST, graphql: { existing } });
  const template = Template.fromStack(stack);

  it('gets the data sources and resolvers, after its schema, and nothing else', () => {
    template.resourceCountIs('AWS::AppSync::GraphQLApi', 1);
    template.resourceCountIs('AWS::AppSync::GraphQLSchema', 1);
    template.resourceCountIs('AWS::AppSync::ApiKey', 1);
    template.resourceCountIs('AWS::AppSync::DataSource', 2);
    const resolvers = Object.values(template.findResources('AWS::AppSync::Resolver'));
    assert.equal(resolvers.length, Object.keys(FIELDS).length);
    for (const { Properties, DependsOn } of resolvers) {
      assert.match(nameOf(Properties.ApiId), /^\$\{Graph.*\.ApiId\}$/);
      assert.ok(DependsOn.some((id: string) => /^GraphSchema/.test(id)), DependsOn);
    }
    assert.deepEqual([made.graphqlApi?.url, made.graphqlApi?.keys, made.waf], [undefined, {}, undefined]);
  });

  it('has the alarm of its key where the expiry is set', () => {
    const names = (graphql: GraphqlProps) => {
      const stack = new Stack(newApp(), 'own');
      const { alarms } = new Latchstring(stack, 'Latchstring', { ...LEAST, graphql });
      return Object.keys(alarms).filter((name) => name.startsWith('api-'));
    };
    const api = appsync.GraphqlApi.fromGraphqlApiAttributes(stack, 'Imported', { graphqlApiId: 'abc' });
    assert.deepEqual(names({ existing: api }), ['api-faults', 'api-refusals']);
    assert.deepEqual(names({ existing: api, keysExpire: day }), ['api-faults', 'api-refusals', 'api-key']);
  });
});

describe('the schema that is deployed', () => {
  const text = schema();

  it('has neither descriptions nor comments', () => {
    assert.ok(!/["#]/.test(text));
  });

  it('has a function for every field, and a field for every function that is named', () => {
    assert.deepEqual(fieldsOf(text).sort(), Object.keys(FIELDS).sort());
  });

  it('marks as public what begins a sign-in and nothing else', () => {
    const publicFields = [...text.matchAll(/^  (\w+)\(.*@aws_api_key/gm)].map(([, field]) => field);
    assert.deepEqual(publicFields, ['signIn', 'signInTicket', 'undoContactChange']);
  });

  it('resolves each field by its function, once the schema is there', () => {
    const template = templateOf();
    const sources = template.findResources('AWS::AppSync::DataSource');
    const found = Object.values(template.findResources('AWS::AppSync::Resolver')).map((resolver) => {
      const { TypeName, FieldName, DataSourceName, Runtime } = resolver.Properties;
      assert.equal(Runtime.Name, 'APPSYNC_JS');
      assert.match(resolver.DependsOn[0], /Schema/);
      const source = sources[DataSourceName['Fn::GetAtt'][0]];
      const name = invokedBy(template, source?.Properties.LambdaConfig.LambdaFunctionArn);
      return [`${TypeName}.${FieldName}`, name.replace('${AWS::StackName}-', '')];
    });
    assert.deepEqual(Object.fromEntries(found), FIELDS);
  });
});

describe('the web ACL', () => {
  it('is there only when set, in front of the API and not of the pool', () => {
    assert.deepEqual(templateOf().findResources('AWS::WAFv2::WebACL'), {});
    const template = templateOf({ waf: { requestsPerFiveMinutes: 100 } });
    const { Properties } = only(template, 'AWS::WAFv2::WebACL');
    assert.equal(Properties.Rules[0].Statement.RateBasedStatement.Limit, 100);
    assert.equal(Properties.VisibilityConfig.SampledRequestsEnabled, false);
    const guarded = Object.values(template.findResources('AWS::WAFv2::WebACLAssociation')).map(
      (association) => nameOf(association.Properties.ResourceArn).replace(/[0-9A-F]{8}/, ''),
    );
    assert.deepEqual(guarded, ['${LatchstringApi.Arn}']);
  });

  it('of the pool is another one, with a limit of its own', () => {
    const waf = { requestsPerFiveMinutes: 100, poolRequestsPerFiveMinutes: 50_000 };
    assert.throws(() => templateOf({ waf }), /waf\.poolRequestsPerFiveMinutes: needs settings\.cognitoCalls/);
    const template = templateOf({ waf, settings: { cognitoCalls: 'signed', signedSessionsConfirmed: true } });
    const acls = template.findResources('AWS::WAFv2::WebACL');
    const limits = Object.values(template.findResources('AWS::WAFv2::WebACLAssociation')).map(
      ({ Properties: { ResourceArn, WebACLArn } }) => [
        nameOf(ResourceArn).replace(/[0-9A-F]{8}/, ''),
        acls[WebACLArn['Fn::GetAtt'][0]]?.Properties.Rules[0].Statement.RateBasedStatement.Limit,
      ],
    );
    assert.deepEqual(Object.fromEntries(limits), {
      '${LatchstringApi.Arn}': 100,
      '${LatchstringPool.Arn}': 50_000,
    });
  });
});
