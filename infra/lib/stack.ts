import { CfnOutput, Fn, Stack, type StackProps } from 'aws-cdk-lib';
import type { Construct } from 'constructs';
import { TRIGGERS, type FunctionName } from './functions';
import { Latchstring } from './latchstring';
import type { LatchstringProps } from './props';

/** The properties of {@link LatchstringStack}. */
export interface LatchstringStackProps extends LatchstringProps, StackProps {}

/** Latchstring in a stack of its own, with what clients must know among its outputs. */
export class LatchstringStack extends Stack {
  /** The construct. */
  readonly latchstring: Latchstring;

  constructor(scope: Construct, id: string, props: LatchstringStackProps) {
    super(scope, id, { description: 'Latchstring: passwordless sign-in on Amazon Cognito', ...props });
    this.latchstring = new Latchstring(this, 'Latchstring', props);
    outputs(this, this.latchstring);
    if (props.captcha) {
      new CfnOutput(this, 'CaptchaSiteKey', { description: 'The site key of the captcha', value: props.captcha.siteKey });
    }
  }
}

/** Outputs for clients and operators. */
export function outputs(stack: Stack, latchstring: Latchstring): Record<string, CfnOutput> {
  const { pool, graphqlApi, httpApi, table, keyRing, _functions: functions, session } = latchstring;

  const made: Record<string, CfnOutput> = {};
  const output = (id: string, description: string, value: string | undefined) => {
    if (value !== undefined) {
      made[id] = new CfnOutput(stack, id, { description, value });
    }
  };
  output('UserPoolId', 'The user pool', pool.id);
  output('ClientIds', 'The app clients, separated by commas', Fn.join(',', pool.clientIds));
  output('GraphqlUrl', 'The GraphQL API', graphqlApi?.url);
  for (const [name, key] of Object.entries(graphqlApi?.keys ?? {})) {
    output(`ApiKey${name}`, 'An API key of the public fields; not a secret', key.attrApiKey);
  }
  output('HttpUrl', 'The HTTP API, before /v1', httpApi?.url);
  output('HttpDomainTarget', "What the record of the HTTP API's domain leads to", httpApi?.domainTarget);
  output('TableName', 'The table', table.tableName);
  output('KeyRingSecret', 'The key ring in Secrets Manager', keyRing.secretArn);
  output('ClientSecretSecret', "The app client's secret in Secrets Manager", session?.madeClientSecret?.secretArn);
  output('ServerCredentialSecret', 'The server credential in Secrets Manager', session?.serverCredential.secretArn);
  for (const [name, trigger] of Object.entries(TRIGGERS)) {
    const id = trigger.charAt(0).toUpperCase() + trigger.slice(1);
    output(id, `The pool's trigger ${id}`, functions[name as FunctionName].functionArn);
  }
  output('Alias', 'The alias of the functions that the pool invokes', latchstring.alias);
  // `latchstring invite` finds the function by it.
  output('SignUp', 'The function that takes invitations', latchstring.admissionPolicies && functions['sign-up'].functionArn);
  return made;
}
