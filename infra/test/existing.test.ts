import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import {
  App,
  Stack,
  aws_cognito as cognito,
  aws_dynamodb as dynamodb,
  aws_ec2 as ec2,
  aws_kms as kms,
  aws_secretsmanager as secrets,
  aws_wafv2 as wafv2,
} from 'aws-cdk-lib';
import { Template } from 'aws-cdk-lib/assertions';
import { AwsSolutionsChecks } from 'cdk-nag';
import { Latchstring, type LatchstringProps } from '../lib';
import { LEAST, functionOf, newApp, only, type Resource } from './support';

/** A stack of a team, with what it has and Latchstring beside it. */
function made(given: (stack: Stack) => Partial<LatchstringProps>, app: App = newApp(), region = 'eu-west-1') {
  const stack = new Stack(app, 'acme', { env: { account: '111122223333', region } });
  const props = given(stack);
  const { graphql, ...least } = LEAST;
  const latchstring = new Latchstring(stack, 'Latchstring', { ...least, ...(props.api === 'http' ? {} : { graphql }), ...props });
  return { stack, latchstring, template: Template.fromStack(stack) };
}

const fails = (given: (stack: Stack) => Partial<LatchstringProps>, text: RegExp) => assert.throws(() => made(given), text);

function tableOf(stack: Stack, props: Partial<dynamodb.TableProps> = {}): dynamodb.Table {
  return new dynamodb.Table(stack, 'Own', {
    partitionKey: { name: 'pk', type: dynamodb.AttributeType.STRING },
    timeToLiveAttribute: 'ttl',
    ...props,
  });
}

const addOutbox = (table: dynamodb.Table) =>
  table.addGlobalSecondaryIndex({
    indexName: 'outbox',
    partitionKey: { name: 'outbox', type: dynamodb.AttributeType.STRING },
    sortKey: { name: 'due', type: dynamodb.AttributeType.NUMBER },
  });

/** The resources of a type under the construct, by logical id. */
const ofConstruct = (template: Template, type: string) =>
  Object.keys(template.findResources(type)).filter((id) => id.startsWith('Latchstring'));

/** What a function's role permits for an action. */
function resourcesOf(template: Template, action: string): unknown[] {
  const role = functionOf(template, 'sign-in').Properties.Role['Fn::GetAtt'][0] as string;
  const { Policies } = (template.toJSON().Resources as Record<string, Resource>)[role]?.Properties as Resource['Properties'];
  return Policies.flatMap((policy: Resource['Properties']) => policy.PolicyDocument.Statement)
    .filter(({ Action }: Resource['Properties']) => [Action].flat().includes(action))
    .map(({ Resource }: Resource['Properties']) => Resource);
}

describe('a pool of the same app', () => {
  const { template, latchstring } = made((stack) => {
    const userPool = new cognito.UserPool(stack, 'Own');
    const userPoolClients = ['web', 'ios'].map((id) => userPool.addClient(id));
    return { existingPool: { userPool, userPoolClients }, clients: { [userPoolClients[1]?.userPoolClientId as string]: { appName: 'Acme' } } };
  });

  it('is served by its constructs as by its ids', () => {
    const [pool] = Object.keys(template.findResources('AWS::Cognito::UserPool'));
    const clients = Object.keys(template.findResources('AWS::Cognito::UserPoolClient'));
    assert.equal(clients.length, 2);
    const { Variables } = functionOf(template, 'sign-in').Properties.Environment;
    assert.deepEqual(Variables.USER_POOL_ID, { Ref: pool });
    assert.deepEqual(Variables.CLIENT_IDS, { 'Fn::Join': [',', clients.map((id) => ({ Ref: id }))] });
    assert.match(JSON.stringify(Variables.CLIENTS), /appName/);
    assert.equal(latchstring.userPoolClients.length, 2);
  });

  it('is named once, and is of the Region', () => {
    const existing = (existingPool: LatchstringProps['existingPool']) => () => ({ existingPool });
    fails(existing({ clientIds: ['web'] }), /existingPool: exactly one of userPool and userPoolId/);
    fails(existing({ userPoolId: 'eu-west-1_Abc' }), /existingPool: exactly one of userPoolClients and clientIds/);
    fails(existing({ userPoolId: 'eu-west-1_Abc', userPoolClients: [] }), /existingPool\.userPoolClients: at least one/);
    fails((stack) => {
      const userPool = cognito.UserPool.fromUserPoolArn(stack, 'Far', 'arn:aws:cognito-idp:us-east-1:111122223333:userpool/us-east-1_Abc');
      return { existingPool: { userPool, clientIds: ['web'] } };
    }, /existingPool\.userPool: of the Region of the stack, eu-west-1/);
  });
});

describe('a table and a key ring that exist', () => {
  const { template } = made((stack) => {
    const encryptionKey = new kms.Key(stack, 'Key');
    const table = tableOf(stack, { encryptionKey });
    addOutbox(table);
    return { table, keyRing: secrets.Secret.fromSecretNameV2(stack, 'Ring', 'ring'), events: true };
  });

  it('are used, and none is made', () => {
    assert.deepEqual(ofConstruct(template, 'AWS::DynamoDB::Table'), []);
    assert.deepEqual(ofConstruct(template, 'AWS::SecretsManager::Secret'), []);
    const [table] = Object.keys(template.findResources('AWS::DynamoDB::Table'));
    const { Variables } = functionOf(template, 'sign-in').Properties.Environment;
    assert.deepEqual(Variables.TABLE_NAME, { Ref: table });
    assert.match(JSON.stringify(Variables.KEY_RING_SECRET), /:secret:ring/);
  });

  it('are what the functions may use, with their own key', () => {
    const [key] = Object.keys(template.findResources('AWS::KMS::Key'));
    const [table] = Object.keys(template.findResources('AWS::DynamoDB::Table'));
    assert.deepEqual(resourcesOf(template, 'dynamodb:UpdateItem')[0], { 'Fn::GetAtt': [table, 'Arn'] });
    assert.deepEqual(resourcesOf(template, 'kms:Decrypt'), [{ 'Fn::GetAtt': [key, 'Arn'] }]);
    assert.match(JSON.stringify(resourcesOf(template, 'secretsmanager:GetSecretValue')), /:secret:ring-\?{6}/);
  });

  it('are refused if the functions could not use them', () => {
    fails((stack) => ({ table: tableOf(stack, { partitionKey: { name: 'id', type: dynamodb.AttributeType.STRING } }) }), /table: the partition key/);
    fails((stack) => ({ table: tableOf(stack, { sortKey: { name: 'sk', type: dynamodb.AttributeType.STRING } }) }), /table: the partition key/);
    fails((stack) => ({ table: tableOf(stack, { timeToLiveAttribute: 'expires' }) }), /table: the TTL attribute/);
    fails((stack) => ({ table: tableOf(stack), events: true }), /table: events need the index outbox/);
    fails((stack) => ({ table: tableOf(stack), pointInTimeRecovery: true }), /pointInTimeRecovery: not with table/);
  });

  it('may be of the second kind, or of another stack', () => {
    made((stack) => ({
      table: new dynamodb.TableV2(stack, 'Own', {
        partitionKey: { name: 'pk', type: dynamodb.AttributeType.STRING },
        timeToLiveAttribute: 'ttl',
      }),
    }));
    made((stack) => ({ table: dynamodb.Table.fromTableName(stack, 'Own', 'flows'), events: true }));
  });
});

describe('a network', () => {
  const app = newApp();
  const { stack, template } = made((stack) => {
    const vpc = new ec2.Vpc(stack, 'Network', { natGateways: 1, maxAzs: 2, flowLogs: { all: {} } });
    const securityGroups = [new ec2.SecurityGroup(stack, 'Group', { vpc })];
    return { vpc, vpcSubnets: { subnetType: ec2.SubnetType.PRIVATE_WITH_EGRESS }, securityGroups, events: true };
  }, app);
  const functions = Object.values(template.findResources('AWS::Lambda::Function')).filter(({ Properties }) => Properties.FunctionName);

  it('holds every function', () => {
    assert.equal(functions.length, 6);
    const [group] = Object.keys(template.findResources('AWS::EC2::SecurityGroup'));
    for (const { Properties } of functions) {
      assert.deepEqual(Properties.VpcConfig.SecurityGroupIds, [{ 'Fn::GetAtt': [group, 'GroupId'] }]);
      assert.equal(Properties.VpcConfig.SubnetIds.length, 2);
    }
  });

  it('is managed by Lambda, and not by the code of a function', () => {
    for (const { Properties } of functions) {
      const role = (template.toJSON().Resources as Record<string, Resource>)[Properties.Role['Fn::GetAtt'][0]] as Resource;
      const statements = role.Properties.Policies[0].PolicyDocument.Statement as Resource['Properties'][];
      const [allow, deny] = ['Network', 'NoNetworkByCode'].map((sid) => statements.find(({ Sid }) => Sid === sid));
      assert.deepEqual([allow.Effect, deny.Effect, deny.Action], ['Allow', 'Deny', allow.Action]);
      assert.match(JSON.stringify(deny.Condition.ArnEquals['lambda:SourceFunctionArn']), new RegExp(Properties.FunctionName['Fn::Join'][1][1]));
    }
  });

  it('is acknowledged for cdk-nag', () => {
    const found = new AwsSolutionsChecks(stack).validateScope(stack).violations.flatMap(({ ruleName, violatingResources }) =>
      violatingResources.map(({ constructPath }) => `${ruleName} ${constructPath}`),
    );
    assert.deepEqual(found.filter((text) => text.includes('/Latchstring/')), []);
  });

  it('is needed for its subnets and groups', () => {
    fails(() => ({ vpcSubnets: {} }), /vpc: needed with vpcSubnets/);
  });
});

describe('web ACLs that exist', () => {
  const acl = (stack: Stack, id: string, scope = 'REGIONAL') =>
    new wafv2.CfnWebACL(stack, id, { scope, defaultAction: { allow: {} }, visibilityConfig: { cloudWatchMetricsEnabled: true, metricName: id, sampledRequestsEnabled: false } });

  it('guard the GraphQL API and the pool', () => {
    const { template } = made((stack) => ({ waf: { webAcl: acl(stack, 'One'), poolWebAcl: acl(stack, 'Two') } }));
    assert.deepEqual(Object.keys(template.findResources('AWS::WAFv2::WebACL')), ['One', 'Two']);
    const arns = Object.values(template.findResources('AWS::WAFv2::WebACLAssociation')).map(({ Properties }) => Properties.WebACLArn);
    assert.deepEqual(arns, [{ 'Fn::GetAtt': ['One', 'Arn'] }, { 'Fn::GetAtt': ['Two', 'Arn'] }]);
  });

  it('guard the distribution', () => {
    const edge = (stack: Stack) => ({ api: 'http', waf: {}, http: { cloudFront: { webAcl: acl(stack, 'Edge', 'CLOUDFRONT') } } }) as const;
    const { template } = made(edge, newApp(), 'us-east-1');
    const { DistributionConfig } = only(template, 'AWS::CloudFront::Distribution').Properties;
    assert.deepEqual(DistributionConfig.WebACLId, { 'Fn::GetAtt': ['Edge', 'Arn'] });
  });

  it('have the limits that they have', () => {
    fails((stack) => ({ waf: { webAcl: acl(stack, 'One'), requestsPerFiveMinutes: 10 } }), /waf\.webAcl: not with/);
    fails((stack) => ({ waf: { poolWebAcl: acl(stack, 'One'), poolRequestsPerFiveMinutes: 10 } }), /waf\.poolWebAcl: not with/);
    fails((stack) => ({ api: 'http', http: { cloudFront: { webAclArn: 'arn' } }, waf: { webAcl: acl(stack, 'One') } }), /waf\.webAcl: for the GraphQL API/);
  });
});
