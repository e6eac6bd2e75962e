import { CfnOutput, Stack, type StackProps } from 'aws-cdk-lib';
import type { Construct } from 'constructs';
import { TRIGGERS, type FunctionName } from './functions';
import { Latchstring } from './latchstring';
import type { LatchstringProps } from './props';

/** Latchstring in a stack of its own, with what clients must know among its outputs. */
export class LatchstringStack extends Stack {
  readonly latchstring: Latchstring;

  constructor(scope: Construct, id: string, props: LatchstringProps & StackProps) {
    super(scope, id, { description: 'Latchstring: passwordless sign-in on Amazon Cognito', ...props });
    this.latchstring = new Latchstring(this, 'Latchstring', props);
    outputs(this, this.latchstring);
    if (props.captcha) {
      new CfnOutput(this, 'CaptchaSiteKey', { description: 'The site key of the captcha', value: props.captcha.siteKey });
    }
  }
}

/** Outputs for clients and operators. */
export function outputs(stack: Stack, { pool, api, table, keyRing, functions }: Latchstring): void {
  const output = (id: string, description: string, value: string) =>
    new CfnOutput(stack, id, { description, value });
  output('UserPoolId', 'The user pool', pool.id);
  output('ClientIds', 'The app clients, separated by commas', pool.clientIds.join(','));
  output('GraphqlUrl', 'The GraphQL API', api.url);
  for (const [name, key] of Object.entries(api.keys)) {
    output(`ApiKey${name}`, 'An API key of the public fields; not a secret', key.attrApiKey);
  }
  output('TableName', 'The table', table.tableName);
  output('KeyRingSecret', 'The key ring in Secrets Manager', keyRing.secretArn);
  for (const [name, trigger] of Object.entries(TRIGGERS)) {
    const id = trigger.charAt(0).toUpperCase() + trigger.slice(1);
    output(id, `The pool's trigger ${id}`, functions[name as FunctionName].functionArn);
  }
}
