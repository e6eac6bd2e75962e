import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { AwsSolutionsChecks } from 'cdk-nag';
import type { StackProps } from 'aws-cdk-lib';
import type { LatchstringProps, LatchstringStack } from '../lib';
import { newStack } from './support';

function findings(stack: LatchstringStack): string[] {
  return new AwsSolutionsChecks(stack)
    .validateScope(stack)
    .violations.flatMap(({ ruleName, violatingResources }) =>
      violatingResources.map((resource) => `${ruleName} ${resource.constructPath}`),
    );
}

describe('cdk-nag (AwsSolutions) finds nothing that is not reasoned in lib/nag.ts', () => {
  const forms: Record<string, Partial<LatchstringProps> & StackProps> = {
    'with a pool of its own': {},
    'with a pool that exists': { existingPool: { userPoolId: 'eu-west-1_Abc', clientIds: ['web'] } },
    'with an HTTP API': { api: 'http', http: { allowOrigins: ['https://app.example.com'] } },
    'with a rule for new accounts': { api: 'http', settings: { admission: 'invited' } },
    'in session mode': { api: 'http', sessionMode: true },
    'with all that can be turned on': {
      api: 'both',
      waf: {},
      graphql: { keysExpire: '2027-06-01', fieldLog: 'ALL' },
      http: { cloudFront: { secrets: ['1', '2'] } },
      pointInTimeRecovery: true,
      env: { region: 'us-east-1' },
    },
  };
  for (const [form, props] of Object.entries(forms)) {
    it(form, () => assert.deepEqual(findings(newStack(props)), []));
  }

  it('and it does look', () => {
    const stack = newStack();
    const pool = stack.latchstring.newPool?.resource;
    assert.ok(pool);
    pool.policies = { passwordPolicy: { minimumLength: 6 } };
    assert.deepEqual(findings(stack), ['AwsSolutions-COG1 acme/Latchstring/Pool']);
  });
});
