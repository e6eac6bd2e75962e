import assert from 'node:assert/strict';
import * as fs from 'node:fs';
import * as path from 'node:path';
import { describe, it, mock } from 'node:test';
import { Stack } from 'aws-cdk-lib';
import { Template } from 'aws-cdk-lib/assertions';
import { Packages } from '../lib';
import { LEAST, PACKAGES, functionOf, nameOf, only } from './support';

const APP = path.join(__dirname, '../bin/app.ts');
// The zips need no build.
mock.method(Packages, 'released', () => LEAST.packages as Packages);

/** Runs the app as `cdk` does, which hands over what `-c` says in a variable. */
function synthesise(context: Record<string, string>): { name: string; template: Template } {
  process.env.CDK_CONTEXT_JSON = JSON.stringify(context);
  process.env.CDK_OUTDIR = fs.mkdtempSync(path.join(PACKAGES, 'out-'));
  delete require.cache[APP];
  const { app } = require(APP) as typeof import('../bin/app');
  const stack = app.node.children.find((child) => child instanceof Stack) as Stack;
  return { name: stack.stackName, template: Template.fromStack(stack) };
}

describe('the app that deploys as it stands', () => {
  it('reads a pool whose contacts are usernames', () => {
    const pool = { emailFrom: 'codes@example.com', api: 'http', userPool: 'eu-west-1_Abc', clients: 'web' };
    const { template } = synthesise({ ...pool, usernameAttributes: 'true', otherHolders: 'refuse' });
    const { Variables } = functionOf(template, 'sign-in').Properties.Environment;
    assert.deepEqual([Variables.USERNAME_ATTRIBUTES, Variables.OTHER_HOLDERS], ['true', 'refuse']);
    assert.throws(() => synthesise({ ...pool, usernameAttributes: 'true' }), /settings\.otherHolders/);
    assert.throws(() => synthesise({ ...pool, otherHolders: 'move' }), /otherHolders/);
  });

  it('says what to set if nothing is', () => {
    assert.throws(() => synthesise({}), /-c emailFrom=codes@example\.com.*-c smsCountries=DE/);
  });

  it('takes every option', () => {
    const { name, template } = synthesise({
      stack: 'acme',
      emailFrom: 'codes@example.com',
      emailName: 'Acme',
      emailReplyTo: 'help@example.com',
      configurationSet: 'codes',
      sesSandbox: 'true',
      smsCountries: 'DE, AT',
      smsSenderId: 'Acme',
      smsOriginationNumber: '+4915112345678',
      api: 'both',
      keysExpire: '2027-06-01',
      apiKeys: '1,2',
      allowOrigins: 'https://app.example.com, https://www.example.com',
      appName: 'Acme App',
      supportContact: 'https://example.com/help',
      linkUrl: 'https://example.com/link',
      alarmTopic: 'arn:aws:sns:eu-west-1:111122223333:alarms',
      codesPerHour: '3',
      dashboard: 'false',
      alias: 'apis',
      architecture: 'x86_64',
      userPool: 'eu-west-1_Abc',
      clients: 'web, phone',
    });
    assert.equal(name, 'acme');
    const { Architectures, Environment } = functionOf(template, 'create-auth-challenge').Properties;
    assert.deepEqual(Architectures, ['x86_64']);
    const { TABLE_NAME, KEY_RING_SECRET, METRICS_NAMESPACE, ...variables } = Environment.Variables;
    assert.deepEqual(variables, {
      APP_NAME: 'Acme App',
      CLIENT_IDS: 'web,phone',
      EMAIL_FROM: 'Acme <codes@example.com>',
      EMAIL_REPLY_TO: 'help@example.com',
      LINK_URL: 'https://example.com/link',
      SES_CONFIGURATION_SET: 'codes',
      SMS_COUNTRIES: 'DE,AT',
      SMS_ORIGINATION_NUMBER: '+4915112345678',
      SMS_SENDER_ID: 'Acme',
      SUPPORT_CONTACT: 'https://example.com/help',
    });
    assert.ok(METRICS_NAMESPACE);
    template.resourceCountIs('AWS::Lambda::Alias', 5);
    assert.equal(template.toJSON().Outputs.Alias, undefined);
    template.resourceCountIs('AWS::CloudWatch::Dashboard', 0);
    template.hasResourceProperties('AWS::CloudWatch::Alarm', { Threshold: 6 });
    template.resourceCountIs('AWS::Cognito::UserPool', 0);
    const keys = Object.values(template.findResources('AWS::AppSync::ApiKey'));
    assert.deepEqual(keys.map(({ Properties }) => Properties.Expires), [Date.UTC(2027, 5, 1) / 1000, Date.UTC(2027, 5, 1) / 1000]);
    const { CorsConfiguration } = only(template, 'AWS::ApiGatewayV2::Api').Properties;
    assert.deepEqual(CorsConfiguration.AllowOrigins, ['https://app.example.com', 'https://www.example.com']);
    template.hasOutput('UserPoolId', { Value: 'eu-west-1_Abc' });
    for (const { Properties } of Object.values(template.findResources('AWS::CloudWatch::Alarm'))) {
      assert.deepEqual(Properties.AlarmActions, ['arn:aws:sns:eu-west-1:111122223333:alarms']);
    }
    const mailed = Object.values(template.findResources('AWS::IAM::Policy'))
      .flatMap(({ Properties }) => Properties.PolicyDocument.Statement)
      .filter(({ Action }) => Action === 'ses:SendEmail')
      .flatMap(({ Resource }) => Resource)
      .map(nameOf);
    assert.ok(mailed.some((arn) => arn.endsWith(':identity/*')));
    assert.ok(mailed.some((arn) => arn.endsWith(':configuration-set/codes')));
  });

  it('needs an address alone, or countries alone, and the expiry of its keys or no GraphQL API', () => {
    assert.throws(() => synthesise({ emailFrom: 'codes@example.com' }), /graphql\.keysExpire/);
    const mail = synthesise({ emailFrom: 'codes@example.com', keysExpire: '2027-06-01' });
    mail.template.resourceCountIs('AWS::ApiGatewayV2::Api', 0);
    assert.equal(mail.name, 'latchstring');
    mail.template.resourceCountIs('AWS::Cognito::UserPool', 1);
    assert.equal(functionOf(mail.template, 'sign-in').Properties.Environment.Variables.SMS_COUNTRIES, undefined);
    const { Architectures } = functionOf(mail.template, 'sign-in').Properties;
    assert.deepEqual(Architectures, ['arm64']);
    const sms = synthesise({ smsCountries: 'DE', api: 'http' });
    assert.equal(functionOf(sms.template, 'sign-in').Properties.Environment.Variables.EMAIL, 'false');
    sms.template.resourceCountIs('AWS::AppSync::GraphQLApi', 0);
    sms.template.resourceCountIs('AWS::ApiGatewayV2::Api', 1);
  });

  it('takes a rule for new accounts', () => {
    const base = { emailFrom: 'codes@example.com', api: 'http' };
    const domains = synthesise({
      ...base,
      admission: 'domains',
      admittedDomains: 'example.com,*.example.com',
      refusedDomains: 'guests.example.com',
      invitersGroup: 'admins',
      invitersMayGive: 'staff',
      invitersMaySet: 'custom:team',
    });
    const variables = functionOf(domains.template, 'sign-up').Properties.Environment.Variables;
    assert.equal(variables.ADMISSION, 'domains');
    assert.equal(variables.ADMITTED_DOMAINS, 'example.com,*.example.com');
    assert.equal(variables.REFUSED_DOMAINS, 'guests.example.com');
    assert.equal(variables.INVITERS_GROUP, 'admins');
    assert.equal(variables.INVITERS_MAY_GIVE, 'staff');
    assert.equal(variables.INVITERS_MAY_SET, 'custom:team');
    assert.ok(Object.keys(domains.template.toJSON().Outputs).includes('SignUp'));
    const arn = 'arn:aws:lambda:eu-west-1:111122223333:function:admit:live';
    const hook = synthesise({ ...base, admissionHook: arn });
    const { ADMISSION, ADMISSION_HOOK } = functionOf(hook.template, 'sign-in').Properties.Environment.Variables;
    assert.deepEqual([ADMISSION, ADMISSION_HOOK], ['hook', arn]);
    assert.throws(() => synthesise({ ...base, admission: 'closed' }), /settings\.admission: one of/);
  });

  it('takes session mode, with a pool of its own', () => {
    const { template } = synthesise({ emailFrom: 'codes@example.com', api: 'http', sessionMode: 'true' });
    assert.equal(functionOf(template, 'sign-up').Properties.Environment.Variables.SESSION_MODE, 'on');
    assert.equal(only(template, 'AWS::Cognito::UserPoolClient').Properties.GenerateSecret, true);
    const names = Object.keys(template.toJSON().Outputs);
    assert.ok(names.includes('ClientSecretSecret') && names.includes('ServerCredentialSecret'));
  });

  it('is documented with every option', () => {
    const names = [...fs.readFileSync(APP, 'utf8').matchAll(/(?:context|list)\('(\w+)'\)/g)].map(([, name]) => name);
    const told = fs.readFileSync(path.join(__dirname, '../../docs/deploying.md'), 'utf8');
    assert.equal(names.length, 33);
    for (const name of names) {
      assert.ok(new RegExp(`-c ${name}=|\`${name}[=\`]`).test(told), name);
    }
  });
});
