import { Stack, Token, Validations } from 'aws-cdk-lib';
import type { IConstruct } from 'constructs';
import type { Latchstring } from './latchstring';

/** The rules of cdk-nag's AwsSolutions pack that are not followed, each with the reason. */
export function acknowledge(latchstring: Latchstring): void {
  const { _functions: functions, sweeper, table, keyRing, newPool, smsPolicy, graphqlApi, httpApi, originSecrets, session } = latchstring;
  // Resources of others are not acknowledged here.
  const own = (construct: IConstruct) => (construct.node.scope === latchstring ? construct : undefined);
  because(own(table), 'DDB3', 'What the table holds is of use for hours; pointInTimeRecovery turns it on.');
  because(own(keyRing), 'SMG4', 'A key is rotated in three steps with waiting times, by `latchstring rotate-keys`: docs/keys.md.');
  because(newPool?.resource, 'COG2', 'The one-time code is the only factor that custom authentication has.');
  because(newPool?.resource, 'COG8', 'Threat protection looks at passwords, of which there are none; pool.tier sets it.');
  because(smsPolicy, 'IAM5[Resource::*]', 'A phone number has no ARN. Publishing to topics is denied beside it.');
  for (const { isBoundToVpc, role } of [...Object.values(functions), ...(sweeper ? [sweeper] : [])]) {
    if (isBoundToVpc) {
      because(role, 'IAM5[Resource::*]', 'A network interface has no ARN before it exists. The code of the function is denied it.');
    }
  }
  because(
    graphqlApi?.logRole,
    `IAM5[Resource::arn:<AWS::Partition>:logs:${place(latchstring)}:log-group:/aws/appsync/apis/*]`,
    "The log's name holds the API's id, which does not exist before the role.",
  );
  because(
    graphqlApi?.resource,
    'ASC3',
    'The verbose content of a request is its ticket and session; graphql.fieldLog logs the rest.',
  );
  for (const route of Object.values(httpApi?.routes ?? {})) {
    if (route.authorizationType === 'NONE') {
      because(
        route,
        'APIG4',
        session
          ? 'No authorizer of API Gateway knows the cookie; the function looks its session up, and asks Cognito.'
          : 'Who begins a sign-in has no token yet; the budgets of sign-in limit it.',
      );
    }
  }
  because(session?.madeClientSecret, 'SMG4', 'Cognito has to accept it first: docs/keys.md has the steps.');
  because(session?.serverCredential, 'SMG4', "The app's server has to know it too: docs/keys.md has the steps.");
  for (const secret of originSecrets) {
    because(secret, 'SMG4', 'It is rotated by deployments, as CloudFront and the functions hold it: docs/apis.md.');
  }
  const distribution = httpApi?.distribution;
  because(distribution, 'CFR1', 'Users sign in from every country.');
  because(distribution, 'CFR2', 'waf and http.cloudFront.webAclArn set it.');
  because(distribution, 'CFR3', 'An access log of CloudFront has the address of each caller. API Gateway logs without it.');
  because(distribution, 'CFR4', "The certificate of CloudFront's own domain sets the version; http.domain sets TLS 1.2.");
}

/** The Region and account, in cdk-nag's words where the template refers to them. */
function place(construct: IConstruct): string {
  const { region, account } = Stack.of(construct);
  const shown = (value: string, name: string) => (Token.isUnresolved(value) ? `<AWS::${name}>` : value);
  return `${shown(region, 'Region')}:${shown(account, 'AccountId')}`;
}

function because(construct: IConstruct | undefined, rule: string, reason: string): void {
  if (construct) {
    Validations.of(construct).acknowledge({ id: `AwsSolutions-${rule}`, reason });
  }
}
