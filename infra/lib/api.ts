import * as fs from 'node:fs';
import * as path from 'node:path';
import { Stack, aws_appsync as appsync, aws_iam as iam, type aws_lambda as lambda } from 'aws-cdk-lib';
import type { Construct } from 'constructs';
import type { FunctionName } from './functions';
import { HOME } from './home';
import type { Pool } from './pool';
import type { ApiProps } from './props';

function read(file: string): string {
  return fs.readFileSync(path.join(HOME, file), 'utf8');
}

/** The function behind each field. A field that the schema has and this has not stops the synthesis. */
export const FIELDS: Record<string, FunctionName> = {
  'Mutation.signIn': 'sign-in',
  'Mutation.signInTicket': 'sign-in',
  'Mutation.undoContactChange': 'sign-in',
  'Mutation.rememberDevice': 'sign-up',
  'Mutation.forgetDevices': 'sign-up',
  'Mutation.signUp': 'sign-up',
  'Mutation.updateName': 'sign-up',
  'Mutation.changeContact': 'sign-up',
  'Query.pendingContact': 'sign-up',
};

/** The schema without its descriptions and comments, which AppSync has no use for. */
export function schema(): string {
  return read('schema.graphql')
    .replace(/"""[\s\S]*?"""/g, '')
    .replace(/^\s*"[^"\n]*"\s*$/gm, '')
    .replace(/^\s*#.*$/gm, '')
    .replace(/^\s*\n/gm, '');
}

/** The fields of `Query` and `Mutation`. */
export function fieldsOf(text: string): string[] {
  return [...text.matchAll(/^type (Query|Mutation) \{\n([\s\S]*?)^\}/gm)].flatMap(([, type, body]) =>
    [...(body ?? '').matchAll(/^  (\w+)/gm)].map(([, field]) => `${type}.${field}`),
  );
}

/** When API keys expire that are made or renewed now: the same all month, and within AppSync's year. */
export function keysExpireFrom(now: Date): number {
  return Date.UTC(now.getUTCFullYear(), now.getUTCMonth() + 11, 1) / 1000;
}

/** The GraphQL API over the resolver functions. */
export class Api {
  readonly resource: appsync.CfnGraphQLApi;
  readonly keys: Record<string, appsync.CfnApiKey> = {};
  /** The role with which AppSync writes its own log, if it does. */
  readonly logRole?: iam.Role;

  constructor(
    scope: Construct,
    props: ApiProps,
    pool: Pool,
    functions: Record<FunctionName, lambda.Function>,
  ) {
    const fieldLogLevel = props.fieldLog ?? 'NONE';
    this.logRole = fieldLogLevel === 'NONE' ? undefined : this.createLogRole(scope);
    this.resource = new appsync.CfnGraphQLApi(scope, 'Api', {
      name: `${Stack.of(scope).stackName}-latchstring`,
      authenticationType: 'AMAZON_COGNITO_USER_POOLS',
      userPoolConfig: {
        userPoolId: pool.id,
        awsRegion: Stack.of(scope).region,
        defaultAction: 'ALLOW',
      },
      additionalAuthenticationProviders: [{ authenticationType: 'API_KEY' }],
      introspectionConfig: props.introspection ? 'ENABLED' : 'DISABLED',
      queryDepthLimit: props.queryDepthLimit ?? 4,
      resolverCountLimit: props.resolverCountLimit ?? 1,
      logConfig: this.logRole && {
        cloudWatchLogsRoleArn: this.logRole.roleArn,
        fieldLogLevel,
        excludeVerboseContent: true,
      },
      xrayEnabled: false,
    });
    for (const name of props.keys ?? ['1']) {
      this.keys[name] = new appsync.CfnApiKey(scope, `ApiKey${name}`, {
        apiId: this.id,
        description: `Latchstring, public fields: ${name}`,
        expires: props.keysExpire ?? keysExpireFrom(new Date()),
      });
    }
    this.resolve(scope, functions);
  }

  get id(): string {
    return this.resource.attrApiId;
  }

  get url(): string {
    return this.resource.attrGraphQlUrl;
  }

  private createLogRole(scope: Construct): iam.Role {
    return new iam.Role(scope, 'ApiLogRole', {
      assumedBy: new iam.ServicePrincipal('appsync.amazonaws.com'),
      inlinePolicies: {
        rights: new iam.PolicyDocument({
          statements: [
            new iam.PolicyStatement({
              sid: 'Log',
              actions: ['logs:CreateLogGroup', 'logs:CreateLogStream', 'logs:PutLogEvents'],
              // AppSync names the group after the API, which does not exist before this role.
              resources: [
                Stack.of(scope).formatArn({ service: 'logs', resource: 'log-group:/aws/appsync/apis/*' }),
              ],
            }),
          ],
        }),
      },
    });
  }

  private resolve(scope: Construct, functions: Record<FunctionName, lambda.Function>): void {
    const text = schema();
    const fields = fieldsOf(text);
    const unknown = fields.filter((field) => !(field in FIELDS));
    if (unknown.length > 0) {
      throw new Error(`No function is named for ${unknown.join(', ')} of schema.graphql.`);
    }
    const definition = new appsync.CfnGraphQLSchema(scope, 'Schema', { apiId: this.id, definition: text });
    const names = [...new Set(fields.map((field) => FIELDS[field] as FunctionName))];
    const role = new iam.Role(scope, 'ApiRole', {
      assumedBy: new iam.ServicePrincipal('appsync.amazonaws.com'),
      inlinePolicies: {
        rights: new iam.PolicyDocument({
          statements: [
            new iam.PolicyStatement({
              sid: 'Resolve',
              actions: ['lambda:InvokeFunction'],
              resources: names.map((name) => functions[name].functionArn),
            }),
          ],
        }),
      },
    });
    const sources = new Map(
      names.map((name) => [
        name,
        new appsync.CfnDataSource(scope, `Source${name.replaceAll('-', '')}`, {
          apiId: this.id,
          name: name.replaceAll('-', '_'),
          type: 'AWS_LAMBDA',
          lambdaConfig: { lambdaFunctionArn: functions[name].functionArn },
          serviceRoleArn: role.roleArn,
        }),
      ]),
    );
    const code = read('resolvers/invoke.js');
    for (const field of fields) {
      const [typeName, fieldName] = field.split('.') as [string, string];
      const source = sources.get(FIELDS[field] as FunctionName) as appsync.CfnDataSource;
      new appsync.CfnResolver(scope, `Resolver${fieldName}`, {
        apiId: this.id,
        typeName,
        fieldName,
        kind: 'UNIT',
        dataSourceName: source.attrName,
        runtime: { name: 'APPSYNC_JS', runtimeVersion: '1.0.0' },
        code,
      }).addResourceDependency(definition);
    }
  }
}
