// The same deployments as the module and as the construct take them.
import * as fs from 'node:fs';
import * as path from 'node:path';
import { Duration, aws_certificatemanager as acm, aws_events as events, aws_kms as kms, aws_lambda as lambda, aws_secretsmanager as secrets, Stack } from 'aws-cdk-lib';
import type { LatchstringProps } from '../../lib';
import { notify } from '../../lib/alarms';

/** A deployment. */
export interface Case {
  readonly module: Record<string, unknown>;
  readonly construct: Partial<LatchstringProps>;
}

const CERTIFICATE = 'arn:aws:acm:eu-west-1:111111111111:certificate/00000000-0000-0000-0000-000000000000';
const KEY = 'arn:aws:kms:eu-west-1:111111111111:key/00000000-0000-0000-0000-000000000000';
const BUS = 'arn:aws:events:eu-west-1:111111111111:event-bus/accounts';
const HOOK = 'arn:aws:lambda:eu-west-1:111111111111:function:decides';
const CAPTCHA = 'arn:aws:secretsmanager:eu-west-1:111111111111:secret:captcha-AbCdEf';
const CLIENT_SECRET = 'arn:aws:secretsmanager:eu-west-1:111111111111:secret:client-AbCdEf';
const TOPIC = 'arn:aws:sns:eu-west-1:111111111111:alarms';

/** Returns the deployments, with their files in `folder`. */
export function cases(folder: string): Record<string, Case> {
  const messages = path.join(folder, 'latchstring-messages.json');
  fs.writeFileSync(messages, '{}');
  fs.writeFileSync(path.join(folder, 'messages.zip'), 'zip');
  return {
    least: {
      module: { email: { from_address: 'codes@example.com' }, graphql: { keys_expire: '2027-06-01' } },
      construct: { email: { fromAddress: 'codes@example.com' }, graphql: { keysExpire: '2027-06-01' } },
    },
    everything: {
      module: {
        api: 'both',
        email: {
          from_address: 'codes@example.com',
          from_name: 'Acme',
          reply_to: 'help@example.com',
          configuration_set: 'codes',
          in_sandbox: true,
        },
        sms: {
          countries: ['DE', 'AT:0.09'],
          sender_id: 'Acme',
          origination_number: '+4930123456',
          entity_id: '1101',
          template_ids: { sign_in_code: '1107', contact_replaced: '1109' },
          domain: 'example.com',
          android_hash: 'AbCdEfGhIjK',
        },
        captcha: { secret_arn: CAPTCHA, hostnames: ['example.com', 'www.example.com'] },
        settings: {
          cognito_calls: 'signed',
          signed_sessions_confirmed: true,
          other_holders: 'delete',
          code_seconds: 240,
          max_spray_odds: 0.09,
          accounts: 2000,
          metrics_namespace: 'Acme/SignIn',
          log_level: 'warn',
          app_name: 'Acme',
          source: 'appsync',
        },
        admission_hook: { function_arn: HOOK },
        events: { bus_arn: BUS },
        pool: {
          clients: ['web', 'app'],
          write_attributes: ['locale'],
          access_token_minutes: 30,
          refresh_token_minutes: 1440,
          tier: 'PLUS',
          threat_protection: 'AUDIT',
        },
        clients: {
          web: {
            app_name: 'Acme Web',
            methods: ['email'],
            admission: 'domains',
            admitted_domains: ['example.com'],
            email: { from_address: 'web@example.org', from_name: 'Acme Web' },
            rotate_refresh_tokens: true,
            id_token_minutes: 10,
          },
          app: { default_locale: 'de' },
        },
        messages: { zip: 'messages.zip' },
        graphql: { keys_expire: '2028-03-01', keys: ['1', '2'], introspection: true, query_depth_limit: 5, resolver_count_limit: 2, field_log: 'ERROR' },
        http: { allow_origins: ['https://app.example.com'], requests_per_second: 50, log_source_ip: true, domain: { name: 'auth.example.com', certificate_arn: CERTIFICATE, base_path: 'v' } },
        alarms: { actions: [TOPIC], ok_actions: [], codes_per_hour: 333, key_age_days: 100, sms_spend: 5 },
        memory: 1024,
        reserved_concurrency: { 'sign-in': 7 },
        log_retention_days: 90,
        point_in_time_recovery: true,
        encryption_key: { arn: KEY },
      },
      construct: {
        api: 'both',
        email: { fromAddress: 'codes@example.com', fromName: 'Acme', replyTo: 'help@example.com', configurationSet: 'codes', inSandbox: true },
        sms: {
          countries: ['DE', 'AT:0.09'],
          senderId: 'Acme',
          originationNumber: '+4930123456',
          entityId: '1101',
          templateIds: { signInCode: '1107', contactReplaced: '1109' },
          domain: 'example.com',
          androidHash: 'AbCdEfGhIjK',
        },
        captcha: { siteKey: 'site', secretArn: CAPTCHA, hostnames: ['example.com', 'www.example.com'] },
        settings: {
          cognitoCalls: 'signed',
          signedSessionsConfirmed: true,
          otherHolders: 'delete',
          codeSeconds: 240,
          maxSprayOdds: 0.09,
          accounts: 2000,
          metricsNamespace: 'Acme/SignIn',
          logLevel: 'warn',
          appName: 'Acme',
          source: 'appsync',
        },
        admissionHook: { functionArn: HOOK },
        events: { bus: events.EventBus.fromEventBusArn(new Stack(), 'Bus', BUS) },
        pool: {
          clients: ['web', 'app'],
          writeAttributes: ['locale'],
          accessTokenLife: Duration.minutes(30),
          refreshTokenLife: Duration.days(1),
          tier: 'PLUS',
          threatProtection: 'AUDIT',
        },
        clients: {
          web: {
            appName: 'Acme Web',
            methods: ['email'],
            admission: 'domains',
            admittedDomains: ['example.com'],
            email: { fromAddress: 'web@example.org', fromName: 'Acme Web' },
            rotateRefreshTokens: true,
            idTokenLife: Duration.minutes(10),
          },
          app: { defaultLocale: 'de' },
        },
        messages,
        graphql: { keysExpire: '2028-03-01', keys: ['1', '2'], introspection: true, queryDepthLimit: 5, resolverCountLimit: 2, fieldLog: 'ERROR' },
        http: {
          allowOrigins: ['https://app.example.com'],
          requestsPerSecond: 50,
          logSourceIp: true,
          domain: { name: 'auth.example.com', certificate: acm.Certificate.fromCertificateArn(new Stack(), 'Certificate', CERTIFICATE), basePath: 'v' },
        },
        alarms: { actions: [notify(TOPIC)], okActions: [], codesPerHour: 333, keyAgeDays: 100, smsSpend: 5 },
        memory: 1024,
        reservedConcurrency: { 'sign-in': 7 },
        logRetention: 90,
        pointInTimeRecovery: true,
        encryptionKey: kms.Key.fromKeyArn(new Stack(), 'Key', KEY),
      },
    },
    sessions: {
      module: {
        api: 'http',
        email: { from_address: 'codes@example.com', identity_arns: ['arn:aws:ses:eu-west-1:111111111111:identity/example.com'] },
        session_mode: { origins: ['https://app.example.com'] },
        http: { domain: { name: 'auth.example.com', certificate_arn: CERTIFICATE } },
        settings: { session_hours: 48, admission: 'domains', refused_domains: 'example.org' },
        events: {},
      },
      construct: {
        api: 'http',
        email: { fromAddress: 'codes@example.com', identityArns: ['arn:aws:ses:eu-west-1:111111111111:identity/example.com'] },
        sessionMode: { origins: ['https://app.example.com'] },
        http: { domain: { name: 'auth.example.com', certificate: acm.Certificate.fromCertificateArn(new Stack(), 'Certificate', CERTIFICATE) } },
        settings: { sessionHours: 48, admission: 'domains', refusedDomains: 'example.org' },
        events: true,
      },
    },
    legacy: {
      module: {
        sms: { countries: ['DE'] },
        existing_pool: { user_pool_id: 'eu-west-1_AbCdEf', client_ids: ['1first', '2second'], legacy: true },
        clients: { '2second': { sms_sender_id: 'Acme' } },
        architecture: 'x86_64',
        waf: { requests_per_five_minutes: 500, pool_requests_per_five_minutes: 100000 },
        settings: { cognito_calls: 'signed', signed_sessions_confirmed: true },
        graphql: { keys_expire: '2028-02-29' },
      },
      construct: {
        sms: { countries: ['DE'] },
        existingPool: { userPoolId: 'eu-west-1_AbCdEf', clientIds: ['1first', '2second'], legacy: true },
        clients: { '2second': { smsSenderId: 'Acme' } },
        architecture: lambda.Architecture.X86_64,
        waf: { requestsPerFiveMinutes: 500, poolRequestsPerFiveMinutes: 100_000 },
        settings: { cognitoCalls: 'signed', signedSessionsConfirmed: true },
        graphql: { keysExpire: '2028-02-29' },
      },
    },
    existing: {
      module: {
        api: 'http',
        email: { from_address: 'codes@example.com' },
        existing_pool: { user_pool_id: 'eu-west-1_AbCdEf', client_ids: ['1first'] },
        session_mode: { client_secret_arn: CLIENT_SECRET },
        settings: { other_holders: 'refuse', username_attributes: true, admission: 'invited', cognito_calls: 'public' },
      },
      construct: {
        api: 'http',
        email: { fromAddress: 'codes@example.com' },
        existingPool: { userPoolId: 'eu-west-1_AbCdEf', clientIds: ['1first'] },
        sessionMode: { clientSecret: secrets.Secret.fromSecretCompleteArn(new Stack(), 'ClientSecret', CLIENT_SECRET) },
        settings: { otherHolders: 'refuse', usernameAttributes: true, admission: 'invited', cognitoCalls: 'public' },
      },
    },
  };
}
