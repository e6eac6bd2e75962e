import {
  Duration,
  RemovalPolicy,
  aws_cloudwatch as cloudwatch,
  aws_codedeploy as codedeploy,
  aws_iam as iam,
  aws_lambda as lambda,
} from 'aws-cdk-lib';
import type { Construct } from 'constructs';
import type { CanaryProps } from './props';

/** The alias that the pool, the APIs and the schedule invoke. */
export const LIVE = 'live';

/** The options of a function's versions: an earlier one stays, so that the alias can go back to it. */
export const VERSIONS: lambda.VersionOptions = { removalPolicy: RemovalPolicy.RETAIN };

/** Makes the alias of a function, which names its newest version. */
export function createAlias(scope: Construct, of: lambda.Function): lambda.Alias {
  return new lambda.Alias(scope, `${of.node.id}Live`, { aliasName: LIVE, version: of.currentVersion });
}

/** The ARNs that a caller of an alias, or of a function without one, may need during an update. */
export function invocable(functions: lambda.IFunction[]): string[] {
  return functions.flatMap((it) =>
    it instanceof lambda.Alias ? [it.functionArn, it.lambda.functionArn] : [it.functionArn],
  );
}

/**
 * Has CodeDeploy move the aliases: a share of the invocations first, and the rest after some minutes in which no
 * new version failed. Before the first invocation each new version examines itself.
 */
export function createCanary(scope: Construct, aliases: lambda.Alias[], props: CanaryProps): void {
  const { percent = 10, minutes = 10 } = props;
  const application = new codedeploy.LambdaApplication(scope, 'Deployments');
  const deploymentConfig = new codedeploy.LambdaDeploymentConfig(scope, 'Canary', {
    trafficRouting: new codedeploy.TimeBasedCanaryTrafficRouting({
      interval: Duration.minutes(minutes),
      percentage: percent,
    }),
  });
  const preHook = createSelfTest(scope, aliases);
  for (const alias of aliases) {
    const name = alias.node.id;
    const errors = new cloudwatch.Alarm(scope, `${name}Errors`, {
      alarmDescription: 'A function fails while a new version takes over. CodeDeploy goes back to the one before.',
      metric: alias.metricErrors({ period: Duration.minutes(1) }),
      threshold: 1,
      evaluationPeriods: 1,
      treatMissingData: cloudwatch.TreatMissingData.NOT_BREACHING,
    });
    new codedeploy.LambdaDeploymentGroup(scope, `${name}Group`, {
      application,
      alias,
      deploymentConfig,
      alarms: [errors],
      preHook,
    });
  }
}

/** Makes the function that has every new version examine itself before one of them serves. */
function createSelfTest(scope: Construct, aliases: lambda.Alias[]): lambda.Function {
  const versions = aliases.map(({ version }) => version.functionArn);
  const made = new lambda.Function(scope, 'SelfTest', {
    description: 'Latchstring: has new versions examine themselves before they serve',
    code: lambda.Code.fromInline(SELF_TEST),
    runtime: lambda.Runtime.NODEJS_22_X,
    handler: 'index.handler',
    timeout: Duration.minutes(1),
    environment: { VERSIONS: versions.join(',') },
  });
  made.addToRolePolicy(new iam.PolicyStatement({ actions: ['lambda:InvokeFunction'], resources: versions }));
  return made;
}

/** The code of that function. CodeDeploy allows it an hour, and takes silence for a failure. */
export const SELF_TEST = `
const { LambdaClient, InvokeCommand } = require('@aws-sdk/client-lambda');
const { CodeDeployClient, PutLifecycleEventHookExecutionStatusCommand } = require('@aws-sdk/client-codedeploy');

const examine = async (version) => {
  const invoked = await new LambdaClient().send(
    new InvokeCommand({ FunctionName: version, Payload: '{"selfTest":{}}' }),
  );
  const { selfTest } = JSON.parse(Buffer.from(invoked.Payload).toString());
  if (invoked.FunctionError || !selfTest?.ok) {
    throw new Error(version + ' fails its self-test: ' + JSON.stringify(selfTest ?? null));
  }
  return { release: selfTest.version, table: selfTest.table.name, key: selfTest.keyRing?.current, clients: selfTest.clients };
};

exports.handler = async ({ DeploymentId, LifecycleEventHookExecutionId }) => {
  let status = 'Failed';
  try {
    const found = await Promise.all(process.env.VERSIONS.split(',').map(examine));
    for (const name of Object.keys(found[0])) {
      // A function that has no keys or clients agrees with all.
      const values = new Set(found.map((it) => it[name] ?? null).filter((value) => value !== null));
      if (values.size > 1) {
        throw new Error('the functions differ in ' + name);
      }
    }
    status = 'Succeeded';
  } catch (error) {
    console.error(error.message);
  }
  await new CodeDeployClient().send(
    new PutLifecycleEventHookExecutionStatusCommand({
      deploymentId: DeploymentId,
      lifecycleEventHookExecutionId: LifecycleEventHookExecutionId,
      status,
    }),
  );
};
`;
