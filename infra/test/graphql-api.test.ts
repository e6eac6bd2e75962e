import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { FIELDS, fieldsOf, keysExpireFrom, schema } from '../lib/graphql-api';
import { nameOf, only, templateOf } from './support';

describe('the API', () => {
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
      templateOf({ api: { introspection: true, queryDepthLimit: 10, resolverCountLimit: 20 } }),
      'AWS::AppSync::GraphQLApi',
    );
    assert.deepEqual(
      [open.IntrospectionConfig, open.QueryDepthLimit, open.ResolverCountLimit],
      ['ENABLED', 10, 20],
    );
  });

  it('logs nothing, or fields without their content', () => {
    assert.equal(api.LogConfig, undefined);
    const { Properties: logged } = only(templateOf({ api: { fieldLog: 'ALL' } }), 'AWS::AppSync::GraphQLApi');
    assert.equal(logged.LogConfig.FieldLogLevel, 'ALL');
    assert.equal(logged.LogConfig.ExcludeVerboseContent, true);
    assert.equal(logged.XrayEnabled, false);
  });

  it('takes several keys at a time, so that one can follow another', () => {
    const keys = Object.values(
      templateOf({ api: { keys: ['1', '2'], keysExpire: 1_800_000_000 } }).findResources('AWS::AppSync::ApiKey'),
    );
    assert.equal(keys.length, 2);
    assert.ok(keys.every(({ Properties }) => Properties.Expires === 1_800_000_000));
  });
});

describe('a key that no time is given for', () => {
  it('is good for ten months and for no more than AppSync allows, whatever the day', () => {
    const day = 24 * 3600;
    for (let now = Date.UTC(2027, 0, 1); now < Date.UTC(2029, 0, 1); now += day * 1000) {
      const days = keysExpireFrom(new Date(now)) / day - now / 1000 / day;
      assert.ok(days > 300 && days < 365, `${new Date(now).toISOString()}: ${days} days`);
    }
  });

  it('expires at the same time on every day of a month', () => {
    assert.equal(
      keysExpireFrom(new Date('2027-02-01T00:00:00Z')),
      keysExpireFrom(new Date('2027-02-28T23:59:59Z')),
    );
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
    const functions = template.findResources('AWS::Lambda::Function');
    const found = Object.values(template.findResources('AWS::AppSync::Resolver')).map((resolver) => {
      const { TypeName, FieldName, DataSourceName, Runtime } = resolver.Properties;
      assert.equal(Runtime.Name, 'APPSYNC_JS');
      assert.match(resolver.DependsOn[0], /Schema/);
      const source = sources[DataSourceName['Fn::GetAtt'][0]];
      const name = functions[source?.Properties.LambdaConfig.LambdaFunctionArn['Fn::GetAtt'][0]]?.Properties.FunctionName;
      return [`${TypeName}.${FieldName}`, nameOf(name).replace('${AWS::StackName}-', '')];
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
    const template = templateOf({ waf });
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
