import { Aws, Duration, aws_cloudfront as cloudfront, aws_cloudfront_origins as origins } from 'aws-cdk-lib';
import { Construct } from 'constructs';
import type { DomainProps } from './props';

/** The header by which the functions know a request of the distribution. */
export const ORIGIN_VERIFY = 'x-origin-verify';

/**
 * The status codes that CloudFront caches. It ignores `no-store` for most of them, and keeps them for
 * ten seconds unless their own time is 0.
 */
const CACHED_ERRORS = [400, 403, 404, 405, 414, 416, 500, 501, 502, 503, 504];

export interface EdgeProps {
  /** The API's own host name. */
  readonly origin: string;
  readonly originSecret: string;
  readonly domain?: DomainProps;
  readonly webAclArn?: string;
  /** The prefix of the functions' names, which no other deployment of the Region has. */
  readonly prefix: string;
  /** True in session mode. */
  readonly sessionMode: boolean;
}

/** The cookie of session mode. */
export const COOKIE = '__Host-latchstring';

/** The header by which the functions know the app's own server. */
const SERVER = 'X-Latchstring-Server';

/** A CloudFront distribution in front of the HTTP API, which can have a web ACL; the API itself cannot. */
export class Edge extends Construct {
  readonly distribution: cloudfront.Distribution;

  constructor(scope: Construct, id: string, props: EdgeProps) {
    super(scope, id);
    this.distribution = new cloudfront.Distribution(this, 'Distribution', {
      comment: 'Latchstring: the HTTP API',
      domainNames: props.domain && [props.domain.name],
      certificate: props.domain?.certificate,
      minimumProtocolVersion: cloudfront.SecurityPolicyProtocol.TLS_V1_2_2021,
      httpVersion: cloudfront.HttpVersion.HTTP2_AND_3,
      webAclId: props.webAclArn,
      errorResponses: CACHED_ERRORS.map((httpStatus) => ({ httpStatus, ttl: Duration.seconds(0) })),
      defaultBehavior: {
        origin: new origins.HttpOrigin(props.origin, {
          protocolPolicy: cloudfront.OriginProtocolPolicy.HTTPS_ONLY,
          // Overwrites a header of that name that a client sent.
          customHeaders: { [ORIGIN_VERIFY]: props.originSecret },
        }),
        allowedMethods: cloudfront.AllowedMethods.ALLOW_ALL,
        viewerProtocolPolicy: cloudfront.ViewerProtocolPolicy.HTTPS_ONLY,
        compress: false,
        cachePolicy: this.noCache(props),
        originRequestPolicy: this.forwarded(props),
      },
    });
  }

  /**
   * Caches nothing: the least time is none, and the functions answer with `no-store`. The managed policy
   * for this, whose greatest time is none too, takes no header, and CloudFront forwards `Authorization`
   * of a GET only where it is a part of the cache's key. In session mode the cookie and the server
   * credential are parts of it too: CloudFront may answer requests of one key that arrive together alike.
   */
  private noCache({ prefix, sessionMode }: EdgeProps): cloudfront.CachePolicy {
    return new cloudfront.CachePolicy(this, 'NoCache', {
      // Names of policies are the account's, of all Regions, and have up to 128 characters.
      cachePolicyName: `${prefix}-no-cache-${Aws.REGION}`,
      minTtl: Duration.seconds(0),
      defaultTtl: Duration.seconds(0),
      maxTtl: Duration.seconds(1),
      headerBehavior: cloudfront.CacheHeaderBehavior.allowList('Authorization', ...(sessionMode ? [SERVER] : [])),
      cookieBehavior: sessionMode ? cloudfront.CacheCookieBehavior.allowList(COOKIE) : undefined,
      queryStringBehavior: cloudfront.CacheQueryStringBehavior.all(),
    });
  }

  /**
   * The headers that reach the functions. A policy with all headers would omit the viewer's address, or
   * forward `Host`, by which API Gateway finds no API. A header of this name that a client sent does not
   * arrive: CloudFront writes it.
   */
  private forwarded({ prefix, sessionMode }: EdgeProps): cloudfront.OriginRequestPolicy {
    return new cloudfront.OriginRequestPolicy(this, 'Forwarded', {
      originRequestPolicyName: `${prefix}-forwarded-${Aws.REGION}`,
      headerBehavior: cloudfront.OriginRequestHeaderBehavior.allowList(
        'CloudFront-Viewer-Address',
        'Content-Type',
        'Origin',
        'Access-Control-Request-Method',
        'Access-Control-Request-Headers',
        // Ten are the most that a policy takes.
        ...(sessionMode ? ['Sec-Fetch-Site', 'User-Agent', 'X-Latchstring', 'X-Latchstring-Source'] : []),
      ),
    });
  }
}
