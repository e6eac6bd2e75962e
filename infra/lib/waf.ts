import { Stack, aws_wafv2 as wafv2 } from 'aws-cdk-lib';
import type { Construct } from 'constructs';
import type { WafProps } from './props';

/** A web ACL that refuses an address after so many requests, for each of the resources. */
export function createWaf(scope: Construct, props: WafProps, arns: Record<string, string>): wafv2.CfnWebACL {
  const visible = (metricName: string) => ({
    cloudWatchMetricsEnabled: true,
    metricName: `${Stack.of(scope).stackName}-${metricName}`,
    // A sampled request shows its headers, the access token among them.
    sampledRequestsEnabled: false,
  });
  const acl = new wafv2.CfnWebACL(scope, 'Waf', {
    scope: 'REGIONAL',
    defaultAction: { allow: {} },
    visibilityConfig: visible('waf'),
    rules: [
      {
        name: 'requests-per-address',
        priority: 0,
        action: { block: {} },
        statement: {
          rateBasedStatement: {
            aggregateKeyType: 'IP',
            evaluationWindowSec: 300,
            limit: props.requestsPerFiveMinutes ?? 300,
          },
        },
        visibilityConfig: visible('requests-per-address'),
      },
    ],
  });
  for (const [name, resourceArn] of Object.entries(arns)) {
    new wafv2.CfnWebACLAssociation(scope, `Waf${name}`, { webAclArn: acl.attrArn, resourceArn });
  }
  return acl;
}
