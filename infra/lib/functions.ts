import {
  Arn,
  ArnFormat,
  Duration,
  RemovalPolicy,
  Stack,
  type aws_cognito as cognito,
  type aws_ec2 as ec2,
  aws_iam as iam,
  aws_lambda as lambda,
  aws_logs as logs,
} from 'aws-cdk-lib';
import type { Construct } from 'constructs';
import type { Packages } from './code';
import { LIVE, VERSIONS } from './deployment';
import type { LatchstringFunctions } from './parts';

/** The functions, by their binaries' names without `latchstring-`. */
export const FUNCTIONS = [
  'define-auth-challenge',
  'create-auth-challenge',
  'verify-auth-challenge-response',
  'sign-in',
  'sign-up',
] as const;

/** One of them. */
export type FunctionName = (typeof FUNCTIONS)[number];

/** The function that sweeps the outbox. It is there only if events are on. */
export const SWEEPER = 'publish-events';

/** A function with a package. */
export type PackageName = FunctionName | typeof SWEEPER;

/** Returns what belongs to each function by the names of {@link LatchstringFunctions}. */
export function byPart<T>(of: Record<FunctionName, T>): { readonly [Name in keyof LatchstringFunctions]: T } {
  return {
    defineAuthChallenge: of['define-auth-challenge'],
    createAuthChallenge: of['create-auth-challenge'],
    verifyAuthChallengeResponse: of['verify-auth-challenge-response'],
    signIn: of['sign-in'],
    signUp: of['sign-up'],
  };
}

/** The trigger of Cognito that a function serves. */
export const TRIGGERS = {
  'define-auth-challenge': 'defineAuthChallenge',
  'create-auth-challenge': 'createAuthChallenge',
  'verify-auth-challenge-response': 'verifyAuthChallengeResponse',
} as const satisfies Partial<Record<FunctionName, keyof cognito.CfnUserPool.LambdaConfigProperty>>;

/** The properties of a function that are the same in every deployment. */
interface Kind {
  readonly description: string;
  /**
   * Cognito waits 5 s for a trigger and AppSync 30 s for a resolver. What Define and Create send goes
   * out after they have answered, and has the rest.
   */
  readonly timeout: Duration;
  /** True if it must know the pool; the other triggers take it from their event. */
  readonly readsPool: boolean;
  /** True if it sends messages. */
  readonly sends: boolean;
}

export const KINDS: Record<PackageName, Kind> = {
  'define-auth-challenge': {
    description: 'Latchstring: what comes next in a sign-in; issues tokens, commits a proved contact',
    timeout: Duration.seconds(15),
    readsPool: true,
    sends: true,
  },
  'create-auth-challenge': {
    description: 'Latchstring: asks the question and delivers the code',
    timeout: Duration.seconds(15),
    readsPool: false,
    sends: true,
  },
  'verify-auth-challenge-response': {
    description: 'Latchstring: counts and verifies an answer',
    timeout: Duration.seconds(5),
    readsPool: false,
    sends: false,
  },
  'sign-in': {
    description: 'Latchstring: begins a sign-in, and makes the account of who proved a contact',
    timeout: Duration.seconds(30),
    readsPool: true,
    sends: false,
  },
  'sign-up': {
    description: "Latchstring: names, contacts and devices of a signed-in user",
    timeout: Duration.seconds(30),
    readsPool: true,
    sends: false,
  },
  [SWEEPER]: {
    description: 'Latchstring: publishes the events that are overdue',
    timeout: Duration.seconds(55),
    readsPool: true,
    sends: false,
  },
};

/** The longest of the names that follow the prefix. */
const LONGEST = Math.max(...[...FUNCTIONS, SWEEPER].map((name) => name.length + 1));

/** The longest prefix: the limit of a function's name less the part after the prefix. */
export const LONGEST_PREFIX = 64 - LONGEST;

/** A function's name on AWS. */
export function functionName(prefix: string, name: PackageName): string {
  return `${prefix}-${name}`;
}

/**
 * The ARN of a function by its name alone, so that the pool, which names its triggers, does not wait
 * for the functions, which must know the pool and its clients (docs/adr/0011); or of its alias.
 */
export function functionArn(scope: Construct, prefix: string, name: PackageName, alias: boolean): string {
  return Arn.format(
    {
      service: 'lambda',
      resource: 'function',
      resourceName: functionName(prefix, name) + (alias ? `:${LIVE}` : ''),
      arnFormat: ArnFormat.COLON_RESOURCE_NAME,
    },
    Stack.of(scope),
  );
}

/** The network of the functions. */
export interface Network {
  readonly vpc: ec2.IVpc;
  readonly vpcSubnets?: ec2.SubnetSelection;
  readonly securityGroups?: ec2.ISecurityGroup[];
}

export interface FunctionOptions {
  readonly name: PackageName;
  readonly prefix: string;
  readonly packages: Packages;
  readonly architecture: lambda.Architecture;
  readonly memory: number;
  readonly logRetention: logs.RetentionDays;
  readonly reservedConcurrency?: number;
  readonly environment: Record<string, string>;
  readonly layers?: lambda.ILayerVersion[];
  readonly network?: Network;
  readonly statements: iam.PolicyStatement[];
}

/** The actions by which Lambda connects a function to a network. */
const NETWORK = [
  'ec2:AssignPrivateIpAddresses',
  'ec2:CreateNetworkInterface',
  'ec2:DeleteNetworkInterface',
  'ec2:DescribeNetworkInterfaces',
  'ec2:DescribeSubnets',
  'ec2:UnassignPrivateIpAddresses',
];

/** The statements of a function in a network: for Lambda itself, and not for the code of the function. */
function networkStatements(functionArn: string): iam.PolicyStatement[] {
  return [
    new iam.PolicyStatement({ sid: 'Network', actions: NETWORK, resources: ['*'] }),
    new iam.PolicyStatement({
      sid: 'NoNetworkByCode',
      effect: iam.Effect.DENY,
      actions: NETWORK,
      resources: ['*'],
      conditions: { ArnEquals: { 'lambda:SourceFunctionArn': [functionArn] } },
    }),
  ];
}

/** A function with a log group and a role of its own, which may write to that log and what it is given. */
export function createFunction(scope: Construct, options: FunctionOptions): lambda.Function {
  const { name } = options;
  const id = name
    .split('-')
    .map((word) => word.charAt(0).toUpperCase() + word.slice(1))
    .join('');
  const logGroup = new logs.LogGroup(scope, `${id}Log`, {
    retention: options.logRetention,
    removalPolicy: RemovalPolicy.DESTROY,
  });
  const role = new iam.Role(scope, `${id}Role`, {
    assumedBy: new iam.ServicePrincipal('lambda.amazonaws.com'),
    inlinePolicies: {
      rights: new iam.PolicyDocument({
        statements: [
          new iam.PolicyStatement({
            sid: 'Log',
            actions: ['logs:CreateLogStream', 'logs:PutLogEvents'],
            resources: [logGroup.logGroupArn],
          }),
          ...(options.network ? networkStatements(functionArn(scope, options.prefix, name, false)) : []),
          ...options.statements,
        ],
      }),
    },
  });
  return new lambda.Function(scope, id, {
    functionName: functionName(options.prefix, name),
    description: KINDS[name].description,
    code: options.packages._code(scope, name),
    runtime: lambda.Runtime.PROVIDED_AL2023,
    architecture: options.architecture,
    handler: 'bootstrap',
    memorySize: options.memory,
    timeout: KINDS[name].timeout,
    reservedConcurrentExecutions: options.reservedConcurrency,
    environment: options.environment,
    layers: options.layers,
    currentVersionOptions: VERSIONS,
    ...options.network,
    role,
    logGroup,
    // Lines are JSON already, metrics among them; Lambda is to leave them as they are.
    loggingFormat: lambda.LoggingFormat.TEXT,
  });
}
