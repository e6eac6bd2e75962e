import { Stack, aws_wafv2 as wafv2 } from 'aws-cdk-lib';
import type { Construct } from 'constructs';

/** A web ACL of one resource that refuses an address after so many requests in five minutes. */
export function createWaf(
  scope: Construct,
  name: 'Api' | 'Pool',
  limit: number,
  resourceArn: string,
): wafv2.CfnWebACL {
  const visible = (metricName: string) => ({
    cloudWatchMetricsEnabled: true,
    metricName: `${Stack.of(scope).stackName}-${name.toLowerCase()}-${metricName}`,
    // A sampled request shows its headers, the access token among them.
    sampledRequestsEnabled: false,
  });
  const acl = new wafv2.CfnWebACL(scope, `Waf${name}`, {
    scope: 'REGIONAL',
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
  new wafv2.CfnWebACLAssociation(scope, `Waf${name}Association`, { webAclArn: acl.attrArn, resourceArn });
  return acl;
}
