import {
  ArnFormat,
  Aws,
  CfnResource,
  RemovalPolicy,
  Stack,
  type aws_cloudfront as cloudfront,
  type aws_lambda as lambda,
  aws_logs as logs,
} from 'aws-cdk-lib';
import {
  CfnApi,
  CfnApiMapping,
  CfnAuthorizer,
  CfnDomainName,
  CfnIntegration,
  CfnRoute,
  CfnStage,
} from 'aws-cdk-lib/aws-apigatewayv2';
import { CfnPermission } from 'aws-cdk-lib/aws-lambda';
import { Construct } from 'constructs';
import { invocable } from './deployment';
import { Edge } from './edge';
import type { FunctionName } from './functions';
import { LIMITS, named } from './names';
import type { HttpApiResources, Pool } from './parts';
import type { HttpProps } from './props';

/** The function behind each route. There is no other route: API Gateway itself answers 404. */
export const ROUTES: Record<string, FunctionName> = {
  'POST /v1/sign-in': 'sign-in',
  'POST /v1/sign-in/ticket': 'sign-in',
  'POST /v1/sign-in/answer': 'sign-in',
  'POST /v1/sign-in/resend': 'sign-in',
  'POST /v1/contacts/undo': 'sign-in',
  'POST /v1/sign-up': 'sign-up',
  'POST /v1/names': 'sign-up',
  'POST /v1/contacts/change': 'sign-up',
  'GET /v1/contacts/pending': 'sign-up',
  'POST /v1/devices/remember': 'sign-up',
  'POST /v1/devices/forget': 'sign-up',
};

/** Those of invitations, where a rule for new accounts takes them. */
export const INVITATION_ROUTES: Record<string, FunctionName> = {
  'POST /v1/invitations': 'sign-up',
  'POST /v1/invitations/withdraw': 'sign-up',
};

/** Those of session mode besides. */
export const SESSION_ROUTES: Record<string, FunctionName> = {
  'GET /v1/session': 'sign-up',
  'GET /v1/session/token': 'sign-up',
  'GET /v1/sessions': 'sign-up',
  'POST /v1/sessions/revoke': 'sign-up',
  'POST /v1/sign-out': 'sign-up',
};

/** The functions behind the routes. */
const RESOLVERS: FunctionName[] = [...new Set(Object.values(ROUTES))];

/** The function whose routes need a signed-in user's access token, or in session mode the cookie. */
const SIGNED_IN: FunctionName = 'sign-up';

/**
 * The default requests a second, of all callers together. A limit that all callers share is one that an
 * attacker can spend for all of them: it keeps a flood from the account's limit, which every API of the
 * Region shares, and from the bill; the web ACL and the budgets limit one caller.
 */
const REQUESTS_PER_SECOND = 1000;

/** The members of a line of the access log: none has a cookie or names a user, a contact or, by default, an address. */
const LOGGED = {
  requestId: '$context.requestId',
  time: '$context.requestTime',
  // The key of the table, not the path that was requested.
  route: '$context.routeKey',
  status: '$context.status',
  error: '$context.error.responseType',
  milliseconds: '$context.responseLatency',
  integrationStatus: '$context.integrationStatus',
  integrationMilliseconds: '$context.integrationLatency',
  bytes: '$context.responseLength',
};

/** What an HTTP API is made with besides its properties. */
export interface HttpApiOptions {
  readonly pool: Pool;
  readonly functions: Record<FunctionName, lambda.IFunction>;
  readonly logRetention: logs.RetentionDays;
  /** The prefix of the functions' names. */
  readonly prefix: string;
  /** The header's value by which the functions know CloudFront, as a dynamic reference. */
  readonly originSecret?: string;
  /** The web ACL of the distribution. */
  readonly webAclArn?: string;
  /** True if there is a rule for new accounts, which takes invitations. */
  readonly invitations?: boolean;
  /** In session mode: the origins of pages that may call the API with the cookie. */
  readonly session?: { readonly origins: string[] };
}

/** The HTTP API over the resolver functions: one of its own, or the routes of one that exists. */
export class HttpApi extends Construct implements HttpApiResources {
  readonly id: string;
  /** The URL before `/v1`, without a slash at its end. None of an API that exists. */
  readonly url?: string;
  /** The name that a custom domain's CNAME or alias record leads to. */
  readonly domainTarget?: string;
  /** The API, if it is made here. */
  readonly resource?: CfnApi;
  readonly stage?: CfnStage;
  private readonly edge?: Edge;
  /** By their keys, as in {@link ROUTES}. */
  readonly routes: Record<string, CfnRoute> = {};

  constructor(scope: Construct, id: string, props: HttpProps, options: HttpApiOptions) {
    super(scope, id);
    if (props.existing) {
      this.id = props.existing.apiId;
      this.route(options);
      return;
    }
    this.resource = new CfnApi(this, 'Api', {
      name: named(this, 'latchstring', LIMITS.api),
      protocolType: 'HTTP',
      corsConfiguration: options.session ? corsWithCookie(options.session.origins) : cors(props.allowOrigins),
    });
    this.id = this.resource.attrApiId;
    this.route(options);
    this.stage = this.createStage(props, options);
    const { domain } = props;
    if (options.originSecret !== undefined) {
      this.edge = new Edge(this, 'Edge', {
        origin: `${this.id}.execute-api.${Aws.REGION}.${Aws.URL_SUFFIX}`,
        originSecret: options.originSecret,
        prefix: options.prefix,
        domain,
        webAclArn: options.webAclArn,
        sessionMode: options.session !== undefined,
      });
      // The functions know a new secret before the distribution sends it.
      this.edge.node.addDependency(...RESOLVERS.map((name) => options.functions[name]));
      this.domainTarget = domain && this.edge.distribution.distributionDomainName;
      this.url = `https://${domain?.name ?? this.edge.distribution.distributionDomainName}`;
    } else if (domain) {
      this.domainTarget = this.map(this.stage, domain);
      this.url = `https://${domain.name}${domain.basePath ? `/${domain.basePath}` : ''}`;
    } else {
      this.url = this.resource.attrApiEndpoint;
    }
  }

  get distribution(): cloudfront.Distribution | undefined {
    return this.edge?.distribution;
  }

  get resources(): CfnResource[] {
    return this.node.findAll().filter(CfnResource.isCfnResource);
  }

  /** Makes the routes, with the permission of this API, and of no other, to call their functions. */
  private route({ pool, functions, invitations, session }: HttpApiOptions): void {
    const authorization = session ? { authorizationType: 'NONE' } : this.authorizer(pool);
    const integrations = new Map(
      RESOLVERS.map((name) => {
        const integration = new CfnIntegration(this, `Integration${name.replace(/-/g, '')}`, {
          apiId: this.id,
          integrationType: 'AWS_PROXY',
          integrationUri: functions[name].functionArn,
          payloadFormatVersion: '2.0',
        });
        // For a while after an update, API Gateway may still invoke the function that it knew before.
        invocable([functions[name]]).forEach((functionName, index, { length }) => {
          const permission = new CfnPermission(this, `Permit${name.replace(/-/g, '')}${index + 1 < length ? 'Live' : ''}`, {
            action: 'lambda:InvokeFunction',
            functionName,
            principal: 'apigateway.amazonaws.com',
            sourceArn: Stack.of(this).formatArn({
              service: 'execute-api',
              resource: this.id,
              // Any stage and method.
              resourceName: '*/*/v1/*',
              arnFormat: ArnFormat.SLASH_RESOURCE_NAME,
            }),
          });
          integration.addResourceDependency(permission);
        });
        return [name, integration] as const;
      }),
    );
    const others = { ...(invitations ? INVITATION_ROUTES : {}), ...(session ? SESSION_ROUTES : {}) };
    for (const [routeKey, name] of Object.entries({ ...ROUTES, ...others })) {
      const integration = integrations.get(name) as CfnIntegration;
      const id = `Route${routeKey.replace(/^\w+ \/v1/, '').replace(/\W(\w)/g, (_, c: string) => c.toUpperCase())}`;
      this.routes[routeKey] = new CfnRoute(this, id, {
        apiId: this.id,
        routeKey,
        target: `integrations/${integration.ref}`,
        ...(name === SIGNED_IN ? authorization : { authorizationType: 'NONE' }),
      });
    }
  }

  /** The filter before the signed-in routes. It knows tokens only, so session mode has none. */
  private authorizer(pool: Pool): { authorizationType: string; authorizerId: string } {
    const authorizer = new CfnAuthorizer(this, 'Authorizer', {
      apiId: this.id,
      name: 'latchstring',
      authorizerType: 'JWT',
      identitySource: ['$request.header.Authorization'],
      // An access token has no `aud`; API Gateway then compares its `client_id`.
      jwtConfiguration: { issuer: issuer(pool), audience: pool.clientIds },
    });
    return { authorizationType: 'JWT', authorizerId: authorizer.ref };
  }

  private createStage(props: HttpProps, { logRetention }: HttpApiOptions): CfnStage {
    const log = new logs.LogGroup(this, 'Log', { retention: logRetention, removalPolicy: RemovalPolicy.DESTROY });
    const rate = props.requestsPerSecond ?? REQUESTS_PER_SECOND;
    return new CfnStage(this, 'Stage', {
      apiId: this.id,
      stageName: '$default',
      autoDeploy: true,
      defaultRouteSettings: { throttlingRateLimit: rate, throttlingBurstLimit: props.requestBurst ?? rate },
      accessLogSettings: {
        destinationArn: log.logGroupArn,
        format: JSON.stringify(props.logSourceIp ? { ...LOGGED, sourceIp: '$context.identity.sourceIp' } : LOGGED),
      },
    });
  }

  /** Serves the API under a domain of its own, and returns the name that DNS leads to. */
  private map(stage: CfnStage, { name, certificate, basePath }: NonNullable<HttpProps['domain']>): string {
    const domain = new CfnDomainName(this, 'Domain', {
      domainName: name,
      domainNameConfigurations: [
        { certificateArn: certificate.certificateArn, endpointType: 'REGIONAL', securityPolicy: 'TLS_1_2' },
      ],
    });
    new CfnApiMapping(this, 'Mapping', {
      apiId: this.id,
      domainName: domain.ref,
      stage: stage.ref,
      apiMappingKey: basePath,
    });
    return domain.attrRegionalDomainName;
  }
}

/** The pool, as its tokens name it. */
function issuer(pool: Pool): string {
  return `https://cognito-idp.${Aws.REGION}.${Aws.URL_SUFFIX}/${pool.id}`;
}

/** Pages of these origins may call the API. No cookie is sent: tokens are in a header. */
function cors(allowOrigins: string[] = []): CfnApi.CorsProperty | undefined {
  return allowOrigins.length === 0
    ? undefined
    : {
        allowOrigins,
        allowMethods: ['GET', 'POST'],
        allowHeaders: ['authorization', 'content-type'],
        exposeHeaders: ['retry-after'],
        maxAge: 3600,
      };
}

/**
 * Pages of these origins may call the API with the cookie. The functions refuse a POST without the header
 * `X-Latchstring`, for which a page of another origin needs this permission. The headers of the app's
 * server are no page's.
 */
function corsWithCookie(allowOrigins: string[]): CfnApi.CorsProperty | undefined {
  const shared = cors(allowOrigins);
  return shared && { ...shared, allowCredentials: true, allowHeaders: ['content-type', 'x-latchstring'] };
}
