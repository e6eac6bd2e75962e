// The stack that deploys as it stands: `npm run cdk -- deploy -c emailFrom=codes@example.com -c api=http`.
// To set more than this, write an app of your own around `LatchstringStack` or `Latchstring`.
import { App, aws_lambda as lambda } from 'aws-cdk-lib';
import { LatchstringStack, type LatchstringProps } from '../lib';
import { notify } from '../lib/alarms';

/** For the test. */
export const app = new App({ analyticsReporting: false });
const context = (name: string): string | undefined => app.node.tryGetContext(name) || undefined;
const list = (name: string) => context(name)?.split(',').map((item) => item.trim());

const fromAddress = context('emailFrom');
const countries = list('smsCountries');
if (fromAddress === undefined && countries === undefined) {
  throw new Error('Say which address codes are mailed from, -c emailFrom=codes@example.com, or where SMS go, -c smsCountries=DE');
}
const userPoolId = context('userPool');
const api = (context('api') ?? 'appsync') as NonNullable<LatchstringProps['api']>;
const allowOrigins = list('allowOrigins');
const hook = context('admissionHook');
const codesPerHour = context('codesPerHour');
const sessionMode = context('sessionMode') === 'true';

new LatchstringStack(app, context('stack') ?? 'latchstring', {
  email: fromAddress
    ? {
        fromAddress,
        fromName: context('emailName'),
        replyTo: context('emailReplyTo'),
        configurationSet: context('configurationSet'),
        inSandbox: context('sesSandbox') === 'true',
      }
    : undefined,
  sms: countries
    ? { countries, senderId: context('smsSenderId'), originationNumber: context('smsOriginationNumber') }
    : undefined,
  settings: {
    appName: context('appName'),
    supportContact: context('supportContact'),
    linkUrl: context('linkUrl'),
    admission: context('admission') as 'open' | undefined,
    admittedDomains: context('admittedDomains'),
    refusedDomains: context('refusedDomains'),
    invitersGroup: context('invitersGroup'),
    invitersMayGive: context('invitersMayGive'),
    invitersMaySet: context('invitersMaySet'),
    usernameAttributes: context('usernameAttributes') === 'true' || undefined,
    otherHolders: context('otherHolders') as 'refuse' | undefined,
  },
  admissionHook: hook ? { functionArn: hook } : undefined,
  existingPool: userPoolId ? { userPoolId, clientIds: list('clients') ?? [] } : undefined,
  api,
  graphql: api === 'http' ? undefined : { keys: list('apiKeys'), keysExpire: context('keysExpire') },
  http: allowOrigins ? { allowOrigins } : undefined,
  sessionMode,
  architecture: context('architecture') === 'x86_64' ? lambda.Architecture.X86_64 : undefined,
  alarms: { actions: list('alarmTopic')?.map(notify), codesPerHour: codesPerHour ? Number(codesPerHour) : undefined },
  dashboard: context('dashboard') !== 'false',
  deployment: { alias: context('alias') as 'apis' | undefined },
});
