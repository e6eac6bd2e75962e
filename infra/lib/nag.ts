import { Validations } from 'aws-cdk-lib';
import type { IConstruct } from 'constructs';
import type { Latchstring } from './latchstring';

/** The rules of cdk-nag's AwsSolutions pack that are not followed, each with the reason. */
export function acknowledge({ table, keyRing, userPool, smsPolicy, api }: Latchstring): void {
  because(table, 'DDB3', 'What the table holds is of use for hours; pointInTimeRecovery turns it on.');
  because(keyRing, 'SMG4', 'A key is rotated in three steps with waiting times, by `latchstring rotate-keys`: docs/operations.md.');
  because(userPool?.resource, 'COG2', 'The one-time code is the only factor that custom authentication has.');
  because(userPool?.resource, 'COG8', 'Threat protection looks at passwords, of which there are none; pool.tier sets it.');
  because(smsPolicy, 'IAM5[Resource::*]', 'A phone number has no ARN. Publishing to topics is denied beside it.');
  because(
    api.logRole,
    'IAM5[Resource::arn:<AWS::Partition>:logs:<AWS::Region>:<AWS::AccountId>:log-group:/aws/appsync/apis/*]',
    "The log's name holds the API's id, which does not exist before the role.",
  );
  because(api.resource, 'ASC3', 'The verbose content of a request is its ticket and session; api.fieldLog logs the rest.');
}

function because(construct: IConstruct | undefined, rule: string, reason: string): void {
  if (construct) {
    Validations.of(construct).acknowledge({ id: `AwsSolutions-${rule}`, reason });
  }
}
