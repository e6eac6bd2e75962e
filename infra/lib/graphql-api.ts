import * as fs from 'node:fs';
import * as path from 'node:path';
import {
  Annotations,
  type CfnResource,
  Stack,
  Token,
  aws_appsync as appsync,
  aws_iam as iam,
  type aws_lambda as lambda,
} from 'aws-cdk-lib';
import type { Construct } from 'constructs';
import { invocable } from './deployment';
import type { FunctionName } from './functions';
import { HOME } from './home';
import { LIMITS, named } from './names';
import type { GraphqlApiResources, Pool } from './parts';
import type { GraphqlProps } from './props';

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

/** The days before which the keys must be renewed: the alarm `api-key` and the doctor have the same. */
export const KEY_DAYS = 45;

/** The most days ahead for which AppSync takes an expiry. */
const KEY_DAYS_MAX = 365;

/** Returns the seconds since 1970 of an expiry, which is such a number or a day. */
export function seconds(expiry: number | string): number {
  return typeof expiry === 'number' ? expiry : Date.parse(`${expiry}T00:00:00Z`) / 1000;
}

/** The GraphQL API over the resolver functions: one of its own, or the fields of one that exists. */
export class GraphqlApi implements GraphqlApiResources {
  readonly id: string;
  /** None of an API that exists. */
  readonly url?: string;
  /** The API, if it is made here. */
  readonly resource?: appsync.CfnGraphQLApi;
  readonly keys: Record<string, appsync.CfnApiKey> = {};
  /** The role with which AppSync writes its own log, if it does. */
  readonly logRole?: iam.Role;
  /** Every resource, for a stack that makes them on a condition. */
  readonly resources: CfnResource[] = [];

  constructor(
    scope: Construct,
    props: GraphqlProps,
    pool: Pool,
    functions: Record<FunctionName, lambda.IFunction>,
  ) {
    if (props.existing) {
      this.id = props.existing.apiId;
    } else {
      const fieldLogLevel = props.fieldLog ?? 'NONE';
      this.logRole = fieldLogLevel === 'NONE' ? undefined : this.createLogRole(scope);
      this.resource = this.createApi(scope, props, pool, fieldLogLevel);
      this.id = this.resource.attrApiId;
      this.url = this.resource.attrGraphQlUrl;
      this.createKeys(scope, props);
    }
    this.resolve(scope, props, functions);
  }

  private createApi(
    scope: Construct,
    props: GraphqlProps,
    pool: Pool,
    fieldLogLevel: string,
  ): appsync.CfnGraphQLApi {
    return this.made(
      new appsync.CfnGraphQLApi(scope, 'Api', {
        name: named(scope, 'latchstring', LIMITS.api),
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
      }),
    );
  }

  private createKeys(scope: Construct, props: GraphqlProps): void {
    const expires = seconds(props.keysExpire as number | string);
    warn(scope, expires);
    for (const name of props.keys ?? ['1']) {
      this.keys[name] = this.made(
        new appsync.CfnApiKey(scope, `ApiKey${name}`, {
          apiId: this.id,
          description: `Latchstring, public fields: ${name}`,
          expires,
        }),
      );
    }
  }

  private made<T extends CfnResource>(resource: T): T {
    this.resources.push(resource);
    return resource;
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

  private resolve(scope: Construct, props: GraphqlProps, functions: Record<FunctionName, lambda.IFunction>): void {
    const text = schema();
    const fields = fieldsOf(text);
    const unknown = fields.filter((field) => !(field in FIELDS));
    if (unknown.length > 0) {
      throw new Error(`No function is named for ${unknown.join(', ')} of schema.graphql.`);
    }
    const definition = props.existing
      ? undefined
      : this.made(new appsync.CfnGraphQLSchema(scope, 'Schema', { apiId: this.id, definition: text }));
    const names = [...new Set(fields.map((field) => FIELDS[field] as FunctionName))];
    const role = new iam.Role(scope, 'ApiRole', {
      assumedBy: new iam.ServicePrincipal('appsync.amazonaws.com'),
      inlinePolicies: {
        rights: new iam.PolicyDocument({
          statements: [
            new iam.PolicyStatement({
              sid: 'Resolve',
              actions: ['lambda:InvokeFunction'],
              resources: invocable(names.map((name) => functions[name])),
            }),
          ],
        }),
      },
    });
    this.made(role.node.defaultChild as iam.CfnRole);
    const sources = new Map(
      names.map((name) => [
        name,
        this.made(
          new appsync.CfnDataSource(scope, `Source${name.replace(/-/g, '')}`, {
            apiId: this.id,
            name: name.replace(/-/g, '_'),
            type: 'AWS_LAMBDA',
            lambdaConfig: { lambdaFunctionArn: functions[name].functionArn },
            serviceRoleArn: role.roleArn,
          }),
        ),
      ]),
    );
    const code = read('resolvers/invoke.js');
    for (const field of fields) {
      const [typeName, fieldName] = field.split('.') as [string, string];
      const source = sources.get(FIELDS[field] as FunctionName) as appsync.CfnDataSource;
      const resolver = this.made(
        new appsync.CfnResolver(scope, `Resolver${fieldName}`, {
          apiId: this.id,
          typeName,
          fieldName,
          kind: 'UNIT',
          dataSourceName: source.attrName,
          runtime: { name: 'APPSYNC_JS', runtimeVersion: '1.0.0' },
          code,
        }),
      );
      if (definition) {
        resolver.addResourceDependency(definition);
      } else {
        props.existing?.addSchemaDependency(resolver);
      }
    }
  }
}

/**
 * Warns of keys that expire soon, and of an expiry that AppSync refuses. Only the warning depends on the
 * day: a template that did would renew keys, or not, by the day on which it was made.
 */
function warn(scope: Construct, expires: number): void {
  if (Token.isUnresolved(expires)) {
    return;
  }
  const days = (expires - Date.now() / 1000) / (24 * 3600);
  if (days < KEY_DAYS || days > KEY_DAYS_MAX) {
    Annotations.of(scope).addWarningV2(
      'latchstring:keysExpire',
      `The API keys expire in ${Math.floor(days)} days: set graphql.keysExpire to a day ${KEY_DAYS} to ${KEY_DAYS_MAX} days ahead, and deploy.`,
    );
  }
}
