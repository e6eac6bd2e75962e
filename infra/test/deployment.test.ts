import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import * as vm from 'node:vm';
import { aws_lambda as lambda } from 'aws-cdk-lib';
import { Template } from 'aws-cdk-lib/assertions';
import { FUNCTIONS, SWEEPER, StandaloneStack } from '../lib';
import { SELF_TEST } from '../lib/deployment';
import { LEAST, nameOf, newApp, newStack, templateOf } from './support';

const ofType = (template: Template, type: string) => Object.values(template.findResources(type));

describe('the versions of the functions', () => {
  it('each function has an alias of its newest version, and earlier versions stay', () => {
    const template = templateOf({ events: true });
    const aliases = ofType(template, 'AWS::Lambda::Alias');
    assert.equal(aliases.length, FUNCTIONS.length + 1);
    assert.ok(aliases.every(({ Properties }) => Properties.Name === 'live'));
    const versions = ofType(template, 'AWS::Lambda::Version');
    assert.equal(versions.length, aliases.length);
    assert.ok(versions.every(({ DeletionPolicy, UpdateReplacePolicy }) => DeletionPolicy === 'Retain' && UpdateReplacePolicy === 'Retain'));
    const [rule] = ofType(template, 'AWS::Events::Rule');
    assert.match(rule?.Properties.Targets[0].Arn.Ref, /PublishEventsLive/, SWEEPER);
  });

  it('a new version is published when the code or a setting changes, and not otherwise', () => {
    const versions = (props = {}) => Object.keys(templateOf(props).findResources('AWS::Lambda::Version')).sort();
    const before = versions();
    assert.deepEqual(versions(), before);
    const changed = versions({ settings: { codeSeconds: 120 } });
    assert.equal(changed.filter((id) => before.includes(id)).length, 0);
  });

  it('a deployment from before aliases can move the APIs first', () => {
    const triggers = (alias: 'all' | 'apis' | 'none') => {
      const template = templateOf({ deployment: { alias } });
      const [pool] = ofType(template, 'AWS::Cognito::UserPool');
      const named = Object.values(pool?.Properties.LambdaConfig).map(nameOf);
      const permitted = ofType(template, 'AWS::Lambda::Permission').map(({ Properties }) => nameOf(Properties.FunctionName));
      return {
        named: named.filter((arn) => arn.endsWith(':live')).length,
        functions: permitted.filter((name) => name.endsWith('.Arn}')).length,
        aliases: permitted.filter((name) => !name.endsWith('.Arn}')).length,
        output: 'Alias' in template.findOutputs('*'),
      };
    };
    assert.deepEqual(triggers('none'), { named: 0, functions: 3, aliases: 0, output: false });
    assert.deepEqual(triggers('apis'), { named: 0, functions: 3, aliases: 3, output: false });
    assert.deepEqual(triggers('all'), { named: 3, functions: 3, aliases: 3, output: true });
  });

  it('a template without CDK has no alias', () => {
    const props = { architecture: lambda.Architecture.ARM_64, existingPool: false };
    const template = Template.fromStack(new StandaloneStack(newApp(), 'alone', props));
    assert.deepEqual(template.findResources('AWS::Lambda::Alias'), {});
    assert.deepEqual(template.findResources('AWS::Lambda::Version'), {});
  });
});

describe('the canary', () => {
  it('moves every alias by CodeDeploy, after the self-test and back at an error', () => {
    const template = templateOf({ events: true, deployment: { canary: { percent: 5, minutes: 15 } } });
    const [config] = ofType(template, 'AWS::CodeDeploy::DeploymentConfig');
    assert.deepEqual(config?.Properties.TrafficRoutingConfig, {
      Type: 'TimeBasedCanary',
      TimeBasedCanary: { CanaryInterval: 15, CanaryPercentage: 5 },
    });
    const aliases = ofType(template, 'AWS::Lambda::Alias');
    for (const { UpdatePolicy } of aliases) {
      assert.match(UpdatePolicy.CodeDeployLambdaAliasUpdate.BeforeAllowTrafficHook.Ref, /SelfTest/);
    }
    for (const { Properties } of ofType(template, 'AWS::CodeDeploy::DeploymentGroup')) {
      assert.equal(Properties.AlarmConfiguration.Enabled, true);
      assert.ok(Properties.AutoRollbackConfiguration.Events.includes('DEPLOYMENT_STOP_ON_ALARM'));
    }
    const [hook] = ofType(template, 'AWS::Lambda::Function').filter(({ Properties }) => Properties.Code.ZipFile);
    const [, versions] = hook?.Properties.Environment.Variables.VERSIONS['Fn::Join'] as [string, unknown[]];
    assert.equal(versions.filter((part) => part !== ',').length, aliases.length);
  });

  it('takes whole numbers within bounds, and an alias', () => {
    const refused = (deployment: object) => () => newStack({ ...LEAST, deployment });
    assert.throws(refused({ canary: { percent: 100 } }), /deployment\.canary\.percent: 1 to 99/);
    assert.throws(refused({ canary: { minutes: 0.5 } }), /deployment\.canary\.minutes: 1 to 60/);
    assert.throws(refused({ alias: 'none', canary: {} }), /deployment\.canary: not with alias none/);
  });
});

/** Runs the hook against functions that answer so, and returns the status that CodeDeploy receives. */
async function told(answers: object[]): Promise<string> {
  let status = 'nothing';
  const sdk: Record<string, object> = {
    '@aws-sdk/client-lambda': {
      LambdaClient: class {
        async send({ input }: { input: { FunctionName: string } }) {
          return { Payload: Buffer.from(JSON.stringify(answers[Number(input.FunctionName)])) };
        }
      },
      InvokeCommand: class {
        constructor(readonly input: object) {}
      },
    },
    '@aws-sdk/client-codedeploy': {
      CodeDeployClient: class {
        async send({ input }: { input: { status: string } }) {
          status = input.status;
        }
      },
      PutLifecycleEventHookExecutionStatusCommand: class {
        constructor(readonly input: object) {}
      },
    },
  };
  const exports: { handler?: (event: object) => Promise<void> } = {};
  const env = { VERSIONS: answers.map((_, index) => index).join(',') };
  const quiet = { error: () => {} };
  vm.runInNewContext(SELF_TEST, { require: (name: string) => sdk[name], exports, process: { env }, console: quiet, Buffer });
  await exports.handler?.({ DeploymentId: 'd', LifecycleEventHookExecutionId: 'h' });
  return status;
}

describe('the hook of the canary', () => {
  const good = { ok: true, version: '1', table: { name: 't' }, keyRing: { current: 'k1' }, clients: 'c' };
  const sweeper = { ...good, keyRing: null, clients: null };

  it('lets versions serve that pass their self-tests and agree', async () => {
    assert.equal(await told([{ selfTest: good }, { selfTest: good }, { selfTest: sweeper }]), 'Succeeded');
  });

  it('stops the deployment at a failed test, at no test, and if versions differ', async () => {
    assert.equal(await told([{ selfTest: good }, { selfTest: { ...good, ok: false } }]), 'Failed');
    assert.equal(await told([{ selfTest: good }, { errorType: 'UnreadableEvent' }]), 'Failed');
    assert.equal(await told([{ selfTest: good }, { selfTest: { ...good, table: { name: 'other' } } }]), 'Failed');
    assert.equal(await told([{ selfTest: good }, { selfTest: { ...good, clients: 'other' } }]), 'Failed');
  });
});
