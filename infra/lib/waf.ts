import { Stack, aws_wafv2 as wafv2 } from 'aws-cdk-lib';
import { Construct } from 'constructs';
import { LIMITS, named } from './names';
import type { LatchstringProps } from './props';

/** The default limit of one address. */
export const REQUESTS_PER_FIVE_MINUTES = 300;

/** The Region of every web ACL of CloudFront. */
export const EDGE_REGION = 'us-east-1';

/**
 * Puts a web ACL before one resource: one that exists, or a new one that refuses an address after so many
 * requests in five minutes. Returns the new one.
 */
export function guard(
  scope: Construct,
  name: 'Api' | 'Pool',
  by: wafv2.IWebACLRef | number,
  resourceArn: string,
): wafv2.CfnWebACL | undefined {
  const acl = typeof by === 'number' ? createAcl(scope, name, 'REGIONAL', by) : undefined;
  const { webAclArn } = (acl ?? (by as wafv2.IWebACLRef)).webAclRef;
  new wafv2.CfnWebACLAssociation(scope, `Waf${name}Association`, { webAclArn, resourceArn });
  return acl;
}

/** Returns the ARN of the web ACL of the distribution, if it is given. */
export function edgeAclArn({ http }: Pick<LatchstringProps, 'http'>): string | undefined {
  return http?.cloudFront?.webAcl?.webAclRef.webAclArn ?? http?.cloudFront?.webAclArn;
}

/** The same for a CloudFront distribution, which names its web ACL itself. */
export function createEdgeWaf(scope: Construct, limit: number): wafv2.CfnWebACL {
  return createAcl(scope, 'Edge', 'CLOUDFRONT', limit);
}

function createAcl(
  scope: Construct,
  name: 'Api' | 'Edge' | 'Pool',
  kind: 'CLOUDFRONT' | 'REGIONAL',
  limit: number,
): wafv2.CfnWebACL {
  const visible = (metricName: string) => ({
    cloudWatchMetricsEnabled: true,
    metricName: named(scope, `${name.toLowerCase()}-${metricName}`, LIMITS.metric),
    // A sampled request shows its headers, the access token among them.
    sampledRequestsEnabled: false,
  });
  return new wafv2.CfnWebACL(scope, `Waf${name}`, {
    scope: kind,
    defaultAction: { allow: {} },
    visibilityConfig: visible('waf'),
    rules: [
      {
        name: 'requests-per-address',
        priority: 0,
        action: { block: {} },
        statement: {
          rateBasedStatement: { aggregateKeyType: 'IP', evaluationWindowSec: 300, limit },
        },
        visibilityConfig: visible('requests-per-address'),
      },
    ],
  });
}

/** The properties of {@link EdgeWaf}. */
export interface EdgeWafProps {
  /**
   * Requests that one address may make in five minutes, 10 to 2000000000, before it is refused.
   * @default 300
   */
  readonly requestsPerFiveMinutes?: number;
}

/**
 * The web ACL of `http.cloudFront` for a deployment outside us-east-1: put it into a stack of that Region, and
 * its ARN into `http.cloudFront.webAclArn`. Both stacks need `crossRegionReferences`.
 */
export class EdgeWaf extends Construct {
  /** The ARN of the web ACL. */
  readonly arn: string;

  constructor(scope: Construct, id: string, props: EdgeWafProps = {}) {
    super(scope, id);
    const { requestsPerFiveMinutes = REQUESTS_PER_FIVE_MINUTES } = props;
    if (Stack.of(this).region !== EDGE_REGION) {
      throw new Error(`EdgeWaf: its stack must be in ${EDGE_REGION}, where CloudFront takes web ACLs from`);
    }
    this.arn = createEdgeWaf(this, requestsPerFiveMinutes).attrArn;
  }
}
