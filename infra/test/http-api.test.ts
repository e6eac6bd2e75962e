import assert from 'node:assert/strict';
import * as fs from 'node:fs';
import * as path from 'node:path';
import { describe, it } from 'node:test';
import { App, Stack, aws_apigatewayv2 as apigateway, aws_certificatemanager as acm } from 'aws-cdk-lib';
import { Template } from 'aws-cdk-lib/assertions';
import { EdgeWaf, FUNCTIONS, Latchstring, LatchstringStack, type HttpProps } from '../lib';
import { INVITATION_ROUTES, ROUTES, SESSION_ROUTES } from '../lib/http-api';
import { LEAST, functionOf, invokedBy, nameOf, newApp, newStack, only, templateOf } from './support';

const { graphql: _, ...least } = LEAST;
const ORIGIN = 'https://app.example.com';
const CERTIFICATE = 'arn:aws:acm:us-east-1:111122223333:certificate/abc';
const domain = (basePath?: string) => ({
  name: 'auth.example.com',
  certificate: acm.Certificate.fromCertificateArn(new Stack(newApp(), 'certificates'), 'Certificate', CERTIFICATE),
  basePath,
});
const templateWith = (http: HttpProps) => templateOf({ api: 'http', http });

/** A name without the digits that CDK appends to it. */
const plain = (value: unknown) => nameOf(value).replace(/(?<=\w)[0-9A-F]{8}/g, '');

/** The routes, with the functions and authorizers that they lead to. */
function routesOf(template: Template): Record<string, [string, string]> {
  const integrations = template.findResources('AWS::ApiGatewayV2::Integration');
  const found = Object.values(template.findResources('AWS::ApiGatewayV2::Route')).map(({ Properties }) => {
    const [, id] = nameOf(Properties.Target).match(/^integrations\/\$\{(\w+)\}$/) ?? [];
    const integration = integrations[id as string]?.Properties;
    assert.equal(integration.PayloadFormatVersion, '2.0');
    const name = invokedBy(template, integration.IntegrationUri);
    return [Properties.RouteKey, [name.replace('${AWS::StackName}-', ''), Properties.AuthorizationType]];
  });
  return Object.fromEntries(found);
}

describe('the HTTP API', () => {
  const template = templateWith({ allowOrigins: [ORIGIN] });

  it('is instead of the GraphQL API, beside it, or not there', () => {
    for (const [api, graphql, http] of [
      ['appsync', 1, 0],
      ['http', 0, 1],
      ['both', 1, 1],
    ] as const) {
      const template = templateOf({ api });
      for (const type of ['GraphQLApi', 'GraphQLSchema', 'ApiKey']) {
        template.resourceCountIs(`AWS::AppSync::${type}`, graphql);
      }
      for (const type of ['Api', 'Stage', 'Authorizer']) {
        template.resourceCountIs(`AWS::ApiGatewayV2::${type}`, http);
      }
      template.resourceCountIs('AWS::AppSync::Resolver', 9 * graphql);
      template.resourceCountIs('AWS::ApiGatewayV2::Route', Object.keys(ROUTES).length * http);
    }
  });

  it('has the routes of the table and no other, and takes a token before sign-up', () => {
    const expected = Object.entries(ROUTES).map(([key, name]) => [key, [name, name === 'sign-up' ? 'JWT' : 'NONE']]);
    assert.deepEqual(routesOf(template), Object.fromEntries(expected));
    assert.ok(!Object.keys(ROUTES).some((key) => /\$default|[{*]|ANY/.test(key)));
  });

  it('takes the tokens of the pool and of its clients', () => {
    const { Properties: authorizer } = only(template, 'AWS::ApiGatewayV2::Authorizer');
    assert.equal(authorizer.AuthorizerType, 'JWT');
    assert.deepEqual(authorizer.IdentitySource, ['$request.header.Authorization']);
    assert.equal(
      plain(authorizer.JwtConfiguration.Issuer),
      'https://cognito-idp.${AWS::Region}.${AWS::URLSuffix}/${LatchstringPool}',
    );
    assert.deepEqual(authorizer.JwtConfiguration.Audience.map(plain), ['${LatchstringClientapp}']);
    const routes = Object.values(template.findResources('AWS::ApiGatewayV2::Route'));
    for (const { Properties } of routes.filter(({ Properties }) => Properties.AuthorizationType === 'JWT')) {
      assert.equal(plain(Properties.AuthorizerId), '${LatchstringHttpAuthorizer}');
    }
    const existing = templateOf({ api: 'http', existingPool: { userPoolId: 'eu-west-1_Abc', clientIds: ['a', 'b'] } });
    const { Audience, Issuer } = only(existing, 'AWS::ApiGatewayV2::Authorizer').Properties.JwtConfiguration;
    assert.deepEqual(Audience, ['a', 'b']);
    assert.match(nameOf(Issuer), /\/eu-west-1_Abc$/);
  });

  it('alone may call the two functions, below /v1', () => {
    const permissions = Object.values(template.findResources('AWS::Lambda::Permission'))
      .filter(({ Properties }) => Properties.Principal === 'apigateway.amazonaws.com')
      .map(({ Properties }) => [plain(Properties.FunctionName), plain(Properties.SourceArn)]);
    const source =
      'arn:${AWS::Partition}:execute-api:${AWS::Region}:${AWS::AccountId}:${LatchstringHttpApi.ApiId}/*/*/v1/*';
    assert.deepEqual(permissions, [
      ['${LatchstringSignInLive}', source],
      ['${LatchstringSignIn.Arn}', source],
      ['${LatchstringSignUpLive}', source],
      ['${LatchstringSignUp.Arn}', source],
    ]);
    for (const key of Object.keys(ROUTES)) {
      assert.match(key, /^(GET|POST) \/v1\/./);
    }
  });

  it('lets pages of the listed origins call it, without cookies, and none by default', () => {
    const { CorsConfiguration: cors } = only(template, 'AWS::ApiGatewayV2::Api').Properties;
    assert.deepEqual(cors.AllowOrigins, [ORIGIN]);
    assert.deepEqual(cors.AllowMethods, ['GET', 'POST']);
    assert.deepEqual(cors.AllowHeaders, ['authorization', 'content-type']);
    assert.equal(cors.AllowCredentials, undefined);
    assert.equal(only(templateWith({}), 'AWS::ApiGatewayV2::Api').Properties.CorsConfiguration, undefined);
    assert.equal(
      only(templateWith({ allowOrigins: [] }), 'AWS::ApiGatewayV2::Api').Properties.CorsConfiguration,
      undefined,
    );
  });

  it('limits requests, and logs no identifier unless told to', () => {
    const stage = (http: HttpProps) => only(templateWith(http), 'AWS::ApiGatewayV2::Stage').Properties;
    const { StageName, DefaultRouteSettings, AccessLogSettings } = stage({});
    assert.equal(StageName, '$default');
    assert.deepEqual(DefaultRouteSettings, { ThrottlingBurstLimit: 1000, ThrottlingRateLimit: 1000 });
    const variables = Object.values(JSON.parse(AccessLogSettings.Format)).sort();
    assert.deepEqual(variables, [
      '$context.error.responseType',
      '$context.integrationLatency',
      '$context.integrationStatus',
      '$context.requestId',
      '$context.requestTime',
      '$context.responseLatency',
      '$context.responseLength',
      '$context.routeKey',
      '$context.status',
    ]);
    const other = stage({ requestsPerSecond: 50, requestBurst: 20, logSourceIp: true });
    assert.deepEqual(other.DefaultRouteSettings, { ThrottlingBurstLimit: 20, ThrottlingRateLimit: 50 });
    assert.equal(JSON.parse(other.AccessLogSettings.Format).sourceIp, '$context.identity.sourceIp');
  });

  it('has no key, and neither have the functions', () => {
    template.resourceCountIs('AWS::AppSync::ApiKey', 0);
    for (const name of FUNCTIONS) {
      const { Variables } = functionOf(template, name).Properties.Environment;
      assert.deepEqual([Variables.API_KEY_EXPIRES, Variables.CLOUDFRONT_SECRET], [undefined, undefined], name);
    }
    const outputs = Object.keys(template.toJSON().Outputs);
    assert.ok(outputs.includes('HttpUrl') && !outputs.some((name) => /Graphql|ApiKey/.test(name)));
  });

  it('is watched by its own alarm', () => {
    const names = (api: 'appsync' | 'http' | 'both') =>
      Object.keys(newStack({ api }).latchstring.alarms).filter((name) => /^(api|http)-/.test(name));
    assert.deepEqual(names('appsync'), ['api-faults', 'api-refusals', 'api-key']);
    assert.deepEqual(names('http'), ['http-faults', 'http-refusals']);
    assert.deepEqual(names('both'), ['api-faults', 'api-refusals', 'api-key', 'http-faults', 'http-refusals']);
  });
});

describe('the routes', () => {
  it('are those of docs/openapi.json, with the same authorization', () => {
    const file = path.join(__dirname, '../../docs/openapi.json');
    const { paths } = JSON.parse(fs.readFileSync(file, 'utf8')) as {
      paths: Record<string, Record<string, { security?: object[] }>>;
    };
    const documented = Object.entries(paths).flatMap(([route, operations]) =>
      Object.entries(operations).map(([method, { security = [] }]) => [
        `${method.toUpperCase()} ${route}`,
        security.length > 0 ? 'sign-up' : 'sign-in',
      ]),
    );
    assert.deepEqual({ ...ROUTES, ...SESSION_ROUTES, ...INVITATION_ROUTES }, Object.fromEntries(documented));
  });
});

describe('the routes of invitations', () => {
  it('are there with a rule for new accounts only, for signed-in users', () => {
    const closed = routesOf(templateOf({ api: 'http', settings: { admission: 'invited' } }));
    const open = routesOf(templateOf({ api: 'http', settings: { admission: 'open' } }));
    for (const key of Object.keys(INVITATION_ROUTES)) {
      assert.deepEqual(closed[key], ['sign-up', 'JWT']);
      assert.equal(open[key], undefined);
    }
    assert.deepEqual(Object.keys(closed).length - Object.keys(open).length, 2);
  });
});

describe('the HTTP API in session mode', () => {
  const session = (http: HttpProps = {}, origins?: string[]) =>
    templateOf({ api: 'http', http, sessionMode: { origins }, env: { region: 'us-east-1' } });
  const template = session({ domain: domain() }, [ORIGIN]);

  it('has the routes of browser sessions too, and no authorizer, which would know no cookie', () => {
    const all = { ...ROUTES, ...SESSION_ROUTES };
    const expected = Object.entries(all).map(([key, name]) => [key, [name, 'NONE']]);
    assert.deepEqual(routesOf(template), Object.fromEntries(expected));
    template.resourceCountIs('AWS::ApiGatewayV2::Authorizer', 0);
    assert.deepEqual(Object.keys(SESSION_ROUTES).filter((key) => key in routesOf(templateWith({}))), []);
  });

  it('lets pages of the listed origins send the cookie and its header, and never those of a server', () => {
    const { CorsConfiguration: cors } = only(template, 'AWS::ApiGatewayV2::Api').Properties;
    assert.deepEqual(cors, {
      AllowCredentials: true,
      AllowHeaders: ['content-type', 'x-latchstring'],
      AllowMethods: ['GET', 'POST'],
      AllowOrigins: [ORIGIN],
      ExposeHeaders: ['retry-after'],
      MaxAge: 3600,
    });
    assert.equal(only(session(), 'AWS::ApiGatewayV2::Api').Properties.CorsConfiguration, undefined);
  });

  it('logs no cookie, and no header at all', () => {
    const { AccessLogSettings } = only(template, 'AWS::ApiGatewayV2::Stage').Properties;
    assert.ok(!/cookie|header/i.test(AccessLogSettings.Format));
  });

  it('behind CloudFront gets the cookie and the headers, and no answer is kept or shared', () => {
    const template = session({ cloudFront: {} });
    const cache = only(template, 'AWS::CloudFront::CachePolicy').Properties.CachePolicyConfig;
    assert.deepEqual([cache.MinTTL, cache.DefaultTTL], [0, 0]);
    const key = cache.ParametersInCacheKeyAndForwardedToOrigin;
    assert.deepEqual(key.CookiesConfig, { CookieBehavior: 'whitelist', Cookies: ['__Host-latchstring'] });
    assert.deepEqual(key.HeadersConfig.Headers, ['Authorization', 'X-Latchstring-Server']);
    const policy = only(template, 'AWS::CloudFront::OriginRequestPolicy').Properties.OriginRequestPolicyConfig;
    const { Headers } = policy.HeadersConfig;
    for (const header of ['Origin', 'Sec-Fetch-Site', 'User-Agent', 'X-Latchstring', 'X-Latchstring-Source']) {
      assert.ok(Headers.includes(header), header);
    }
    // CloudFront's quota of a policy.
    assert.ok(Headers.length <= 10);
    const other = only(templateWith({ cloudFront: {} }), 'AWS::CloudFront::CachePolicy').Properties.CachePolicyConfig;
    assert.equal(other.ParametersInCacheKeyAndForwardedToOrigin.CookiesConfig.CookieBehavior, 'none');
  });

  it('that exists gets the same routes', () => {
    const stack = new Stack(newApp(), 'own');
    const existing = new apigateway.HttpApi(stack, 'Own');
    new Latchstring(stack, 'Latchstring', {
      ...least,
      api: 'http',
      http: { existing },
      sessionMode: { origins: [ORIGIN] },
    });
    const template = Template.fromStack(stack);
    assert.deepEqual(Object.keys(routesOf(template)).sort(), Object.keys({ ...ROUTES, ...SESSION_ROUTES }).sort());
    template.resourceCountIs('AWS::ApiGatewayV2::Authorizer', 0);
  });
});

describe('a domain of the HTTP API', () => {
  it('leads to the API, below a base path', () => {
    const template = templateWith({ domain: domain('auth') });
    const { Properties } = only(template, 'AWS::ApiGatewayV2::DomainName');
    assert.equal(Properties.DomainName, 'auth.example.com');
    assert.equal(Properties.DomainNameConfigurations[0].SecurityPolicy, 'TLS_1_2');
    assert.equal(only(template, 'AWS::ApiGatewayV2::ApiMapping').Properties.ApiMappingKey, 'auth');
    const { HttpUrl, HttpDomainTarget } = template.toJSON().Outputs;
    assert.equal(HttpUrl.Value, 'https://auth.example.com/auth');
    assert.match(nameOf(HttpDomainTarget.Value), /RegionalDomainName/);
  });

  it('needs no base path', () => {
    const template = templateWith({ domain: domain() });
    assert.equal(template.toJSON().Outputs.HttpUrl.Value, 'https://auth.example.com');
  });
});

describe('CloudFront in front of the HTTP API', () => {
  const template = templateOf({ api: 'http', waf: {}, http: { cloudFront: {} }, env: { region: 'us-east-1' } });
  const { DistributionConfig: distribution } = only(template, 'AWS::CloudFront::Distribution').Properties;
  const secretOf = (template: Template) =>
    Object.entries(template.findResources('AWS::SecretsManager::Secret')).filter(([id]) => /OriginSecret/.test(id));

  it('adds the secret that both resolvers know, and no other function', () => {
    const [[id, { Properties }] = ['', { Properties: {} }], ...others] = secretOf(template);
    assert.equal(others.length, 0);
    assert.deepEqual(Properties.GenerateSecretString, {
      ExcludePunctuation: true,
      IncludeSpace: false,
      PasswordLength: 64,
    });
    const reference = `{{resolve:secretsmanager:\${${id}}:SecretString:::}}`;
    const [{ HeaderName, HeaderValue }] = distribution.Origins[0].OriginCustomHeaders;
    assert.deepEqual([HeaderName, nameOf(HeaderValue)], ['x-origin-verify', reference]);
    const variables = FUNCTIONS.map((name) => functionOf(template, name).Properties.Environment.Variables);
    assert.deepEqual(
      variables.map(({ CLOUDFRONT_SECRET }) => CLOUDFRONT_SECRET && nameOf(CLOUDFRONT_SECRET)),
      [undefined, undefined, undefined, reference, reference],
    );
  });

  it('sends the last of two secrets, once the functions accept both', () => {
    const template = templateWith({ cloudFront: { secrets: ['1', '2'] } });
    const [one, two] = secretOf(template).map(([id]) => `{{resolve:secretsmanager:\${${id}}:SecretString:::}}`);
    const { Properties, DependsOn } = only(template, 'AWS::CloudFront::Distribution');
    const [{ HeaderValue }] = Properties.DistributionConfig.Origins[0].OriginCustomHeaders;
    assert.equal(nameOf(HeaderValue), two);
    for (const name of ['sign-in', 'sign-up'] as const) {
      const { CLOUDFRONT_SECRET } = functionOf(template, name).Properties.Environment.Variables;
      assert.equal(nameOf(CLOUDFRONT_SECRET), `${one},${two}`);
    }
    const waits = (DependsOn as string[]).map((id) => plain(`\${${id}}`));
    assert.ok(['${LatchstringSignInLive}', '${LatchstringSignUpLive}'].every((name) => waits.includes(name)), waits.join());
    assert.equal(secretOf(templateWith({ cloudFront: {} }))[0]?.[0], secretOf(template)[0]?.[0]);
  });

  it('forwards the viewer address, the token and what a JSON request needs, and no Host', () => {
    const policy = only(template, 'AWS::CloudFront::OriginRequestPolicy').Properties.OriginRequestPolicyConfig;
    assert.deepEqual(policy.HeadersConfig, {
      HeaderBehavior: 'whitelist',
      Headers: [
        'CloudFront-Viewer-Address',
        'Content-Type',
        'Origin',
        'Access-Control-Request-Method',
        'Access-Control-Request-Headers',
      ],
    });
    const cache = only(template, 'AWS::CloudFront::CachePolicy').Properties.CachePolicyConfig;
    assert.deepEqual(cache.ParametersInCacheKeyAndForwardedToOrigin.HeadersConfig.Headers, ['Authorization']);
    assert.equal(cache.ParametersInCacheKeyAndForwardedToOrigin.QueryStringsConfig.QueryStringBehavior, 'all');
  });

  it('keeps no answer, not even an error', () => {
    const { MinTTL, DefaultTTL } = only(template, 'AWS::CloudFront::CachePolicy').Properties.CachePolicyConfig;
    assert.deepEqual([MinTTL, DefaultTTL], [0, 0]);
    const errors = distribution.CustomErrorResponses;
    assert.deepEqual(
      errors.map(({ ErrorCode }: { ErrorCode: number }) => ErrorCode),
      [400, 403, 404, 405, 414, 416, 500, 501, 502, 503, 504],
    );
    for (const { ErrorCachingMinTTL } of errors) {
      assert.equal(ErrorCachingMinTTL, 0);
    }
    assert.equal(distribution.DefaultCacheBehavior.Compress, false);
    assert.equal(distribution.DefaultCacheBehavior.ViewerProtocolPolicy, 'https-only');
  });

  it('has the web ACL, which an HTTP API cannot have', () => {
    const { Properties } = only(template, 'AWS::WAFv2::WebACL');
    assert.equal(Properties.Scope, 'CLOUDFRONT');
    assert.equal(Properties.Rules[0].Statement.RateBasedStatement.Limit, 300);
    assert.equal(Properties.VisibilityConfig.SampledRequestsEnabled, false);
    assert.equal(plain(distribution.WebACLId), '${LatchstringWafEdge.Arn}');
    template.resourceCountIs('AWS::WAFv2::WebACLAssociation', 0);
  });

  it('has one of another Region, where the stack is elsewhere', () => {
    const app = new App({ analyticsReporting: false, outdir: newApp().outdir });
    const edge = new Stack(app, 'edge', { env: { region: 'us-east-1', account: '111122223333' }, crossRegionReferences: true });
    const { arn } = new EdgeWaf(edge, 'Waf', { requestsPerFiveMinutes: 20 });
    new LatchstringStack(app, 'acme', {
      ...least,
      api: 'http',
      waf: { requestsPerFiveMinutes: 20 },
      http: { cloudFront: { webAclArn: arn } },
      env: { region: 'eu-west-1', account: '111122223333' },
      crossRegionReferences: true,
    });
    const { Properties } = only(Template.fromStack(edge), 'AWS::WAFv2::WebACL');
    assert.equal(Properties.Rules[0].Statement.RateBasedStatement.Limit, 20);
    const template = Template.fromStack(app.node.findChild('acme') as Stack);
    template.resourceCountIs('AWS::WAFv2::WebACL', 0);
    const { WebACLId } = only(template, 'AWS::CloudFront::Distribution').Properties.DistributionConfig;
    assert.match(JSON.stringify(WebACLId), /WafEdge/);
    assert.throws(() => new EdgeWaf(new Stack(newApp(), 'here'), 'Waf'), /us-east-1/);
  });

  it('and AppSync each have a web ACL, where there are both', () => {
    const both = templateOf({ api: 'both', waf: {}, http: { cloudFront: {} }, env: { region: 'us-east-1' } });
    const scopes = Object.values(both.findResources('AWS::WAFv2::WebACL')).map(({ Properties }) => Properties.Scope);
    assert.deepEqual(scopes.sort(), ['CLOUDFRONT', 'REGIONAL']);
    both.resourceCountIs('AWS::WAFv2::WebACLAssociation', 1);
  });

  it('has the domain, with TLS 1.2', () => {
    const template = templateWith({ cloudFront: {}, domain: domain() });
    const { Aliases, ViewerCertificate } = only(template, 'AWS::CloudFront::Distribution').Properties.DistributionConfig;
    assert.deepEqual(Aliases, ['auth.example.com']);
    assert.equal(ViewerCertificate.MinimumProtocolVersion, 'TLSv1.2_2021');
    template.resourceCountIs('AWS::ApiGatewayV2::DomainName', 0);
    const { HttpUrl, HttpDomainTarget } = template.toJSON().Outputs;
    assert.equal(HttpUrl.Value, 'https://auth.example.com');
    assert.match(nameOf(HttpDomainTarget.Value), /DomainName/);
  });
});

describe('an HTTP API that exists', () => {
  it('gets the routes, with their integrations, authorizer and permissions, and nothing else', () => {
    const stack = new Stack(newApp(), 'own');
    const existing = new apigateway.HttpApi(stack, 'Own');
    const { httpApi } = new Latchstring(stack, 'Latchstring', { ...least, api: 'http', http: { existing } });
    const template = Template.fromStack(stack);
    template.resourceCountIs('AWS::ApiGatewayV2::Api', 1);
    template.resourceCountIs('AWS::ApiGatewayV2::Stage', 1);
    const expected = Object.entries(ROUTES).map(([key, name]) => [key, [name, name === 'sign-up' ? 'JWT' : 'NONE']]);
    assert.deepEqual(routesOf(template), Object.fromEntries(expected));
    for (const type of ['Route', 'Integration', 'Authorizer']) {
      for (const { Properties } of Object.values(template.findResources(`AWS::ApiGatewayV2::${type}`))) {
        assert.match(nameOf(Properties.ApiId), /^\$\{Own/);
      }
    }
    assert.deepEqual([httpApi?.url, httpApi?.stage], [undefined, undefined]);
  });
});
