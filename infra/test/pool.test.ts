import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { Duration, RemovalPolicy, Stack, aws_cognito as cognito, aws_lambda as lambda } from 'aws-cdk-lib';
import { Annotations, Match, Template } from 'aws-cdk-lib/assertions';
import type { LatchstringProps } from '../lib';
import { nameOf, newApp, newStack, only, templateOf, type Resource } from './support';

describe('the pool', () => {
  const template = templateOf();
  const pool = only(template, 'AWS::Cognito::UserPool');

  it('finds users by verified email or number, which are aliases and not usernames', () => {
    assert.deepEqual(pool.Properties.AliasAttributes, ['email', 'phone_number']);
    assert.equal(pool.Properties.UsernameAttributes, undefined);
  });

  it('does not tell capital letters from small ones', () => {
    assert.equal(pool.Properties.UsernameConfiguration.CaseSensitive, false);
  });

  it('refuses sign-up by the public API', () => {
    assert.equal(pool.Properties.AdminCreateUserConfig.AllowAdminCreateUserOnly, true);
  });

  it('refuses to reset a password by the public API', () => {
    assert.deepEqual(pool.Properties.AccountRecoverySetting.RecoveryMechanisms, [
      { Name: 'admin_only', Priority: 1 },
    ]);
  });

  it('sends nothing of its own', () => {
    assert.equal(pool.Properties.AutoVerifiedAttributes, undefined);
    assert.equal(pool.Properties.UserAttributeUpdateSettings, undefined);
    assert.equal(pool.Properties.MfaConfiguration, 'OFF');
  });

  it('takes the random password that sign-in sets: 100 characters of all four classes', () => {
    const { MinimumLength, ...classes } = pool.Properties.Policies.PasswordPolicy;
    assert.ok(MinimumLength <= 99);
    assert.deepEqual(classes, {
      RequireLowercase: true,
      RequireNumbers: true,
      RequireSymbols: true,
      RequireUppercase: true,
    });
  });

  it('names its triggers, which therefore may know it', () => {
    const arn = 'arn:${AWS::Partition}:lambda:${AWS::Region}:${AWS::AccountId}:function:${AWS::StackName}';
    const triggers = Object.fromEntries(
      Object.entries(pool.Properties.LambdaConfig).map(([name, value]) => [name, nameOf(value)]),
    );
    assert.deepEqual(triggers, {
      CreateAuthChallenge: `${arn}-create-auth-challenge:live`,
      DefineAuthChallenge: `${arn}-define-auth-challenge:live`,
      VerifyAuthChallengeResponse: `${arn}-verify-auth-challenge-response:live`,
    });
    const names = Object.values(template.findResources('AWS::Lambda::Function')).map(({ Properties }) =>
      nameOf(Properties.FunctionName),
    );
    for (const trigger of Object.values(triggers)) {
      assert.ok(names.includes(trigger.split(':function:')[1]?.replace(/:live$/, '') as string), trigger);
    }
  });

  it('is neither deleted by accident nor with the stack', () => {
    assert.equal(pool.Properties.DeletionProtection, 'ACTIVE');
    assert.equal(pool.DeletionPolicy, 'RetainExceptOnCreate');
    assert.equal(pool.UpdateReplacePolicy, 'Retain');
  });

  it('can be made to go with the stack', () => {
    const gone = only(
      templateOf({ pool: { deletionProtection: false }, removalPolicy: RemovalPolicy.DESTROY }),
      'AWS::Cognito::UserPool',
    );
    assert.equal(gone.Properties.DeletionProtection, 'INACTIVE');
    assert.equal(gone.DeletionPolicy, 'Delete');
  });
});

describe('the app client', () => {
  const { Properties: client } = only(templateOf(), 'AWS::Cognito::UserPoolClient');

  it('stays with the pool, which would sign every user out without it', () => {
    const kept = only(templateOf({ pool: { clients: ['app'] } }), 'AWS::Cognito::UserPoolClient');
    assert.deepEqual([kept.DeletionPolicy, kept.UpdateReplacePolicy], ['RetainExceptOnCreate', 'Retain']);
    const gone = only(templateOf({ removalPolicy: RemovalPolicy.DESTROY }), 'AWS::Cognito::UserPoolClient');
    assert.equal(gone.DeletionPolicy, 'Delete');
  });

  it('signs in by the triggers and refreshes, and nothing else', () => {
    assert.deepEqual(client.ExplicitAuthFlows, ['ALLOW_CUSTOM_AUTH', 'ALLOW_REFRESH_TOKEN_AUTH']);
    assert.equal(client.AllowedOAuthFlows, undefined);
    assert.deepEqual(client.SupportedIdentityProviders, ['COGNITO']);
  });

  it('does not reveal whether a user exists', () => {
    assert.equal(client.PreventUserExistenceErrors, 'ENABLED');
  });

  it('keeps a session for longer than a code can live', () => {
    assert.equal(client.AuthSessionValidity, 15);
  });

  it('has no secret, as apps cannot keep one', () => {
    assert.equal(client.GenerateSecret, false);
  });

  it('lets tokens be revoked', () => {
    assert.equal(client.EnableTokenRevocation, true);
  });

  it('lets a token holder write names and language, never a contact', () => {
    assert.deepEqual(client.WriteAttributes, ['given_name', 'family_name', 'locale']);
  });

  it('has the lives that it was given, and rotates only when told to', () => {
    assert.equal(client.RefreshTokenRotation, undefined);
    const { Properties: other } = only(
      templateOf({
        pool: { accessTokenLife: Duration.minutes(5), refreshTokenLife: Duration.hours(1), rotateRefreshTokens: true },
      }),
      'AWS::Cognito::UserPoolClient',
    );
    assert.deepEqual(
      [other.AccessTokenValidity, other.IdTokenValidity, other.RefreshTokenValidity],
      [5, 60, 60],
    );
    assert.equal(other.RefreshTokenRotation.Feature, 'ENABLED');
  });

  // Cognito's developer guide, "Refresh tokens": with rotation "you must disable this authentication flow".
  it('has no REFRESH_TOKEN_AUTH where refresh tokens rotate', () => {
    const flows = (rotateRefreshTokens?: boolean) =>
      only(templateOf({ pool: { rotateRefreshTokens } }), 'AWS::Cognito::UserPoolClient').Properties.ExplicitAuthFlows;
    assert.deepEqual(flows(true), ['ALLOW_CUSTOM_AUTH']);
    assert.deepEqual(flows(false), ['ALLOW_CUSTOM_AUTH', 'ALLOW_REFRESH_TOKEN_AUTH']);
    assert.deepEqual(flows(), ['ALLOW_CUSTOM_AUTH', 'ALLOW_REFRESH_TOKEN_AUTH']);
  });
});

describe('threat protection', () => {
  const addOns = (props: Parameters<typeof templateOf>[0]) =>
    only(templateOf(props), 'AWS::Cognito::UserPool').Properties.UserPoolAddOns;

  it('is off by default', () => assert.equal(addOns({}), undefined));

  it('looks at custom authentication, by calls that show it the client', () => {
    const pool = { tier: 'PLUS', threatProtection: 'ENFORCED' } as const;
    const expected = {
      AdvancedSecurityMode: 'ENFORCED',
      AdvancedSecurityAdditionalFlows: { CustomAuthMode: 'ENFORCED' },
    };
    assert.deepEqual(addOns({ api: 'http', pool, settings: { cognitoCalls: 'signed' } }), expected);
    assert.deepEqual(addOns({ api: 'http', pool, sessionMode: true }), expected);
    const settings = { cognitoCalls: 'signed', signedSessionsConfirmed: true, source: 'appsync' } as const;
    assert.deepEqual(addOns({ pool, settings }), expected);
  });
});

describe('the app client of session mode', () => {
  const clientOf = (template: Template) => only(template, 'AWS::Cognito::UserPoolClient').Properties;
  const session = { api: 'http', sessionMode: true } as const;
  const template = templateOf(session);
  const client = clientOf(template);

  it('has a secret, without which Cognito refuses every call', () => {
    assert.equal(client.GenerateSecret, true);
  });

  it('signs in by the triggers alone', () => {
    assert.deepEqual(client.ExplicitAuthFlows, ['ALLOW_CUSTOM_AUTH']);
    assert.deepEqual(client.SupportedIdentityProviders, ['COGNITO']);
  });

  it('rotates its refresh tokens, with the longest grace', () => {
    assert.deepEqual(client.RefreshTokenRotation, { Feature: 'ENABLED', RetryGracePeriodSeconds: 60 });
    const { RefreshTokenRotation } = clientOf(templateOf({ pool: { rotateRefreshTokens: true } }));
    assert.equal(RefreshTokenRotation.RetryGracePeriodSeconds, 30);
  });

  it('has refresh tokens that live as long as a session, or as told', () => {
    assert.equal(client.RefreshTokenValidity, 720 * 60);
    const { RefreshTokenValidity } = clientOf(templateOf({ ...session, settings: { sessionHours: 9600 } }));
    assert.equal(RefreshTokenValidity, 9600 * 60);
    const longer = clientOf(templateOf({ ...session, pool: { refreshTokenLife: Duration.days(31) } }));
    assert.equal(longer.RefreshTokenValidity, 31 * 24 * 60);
  });

  it('gives its secret to Secrets Manager by a reference, with no custom resource and no plain text', () => {
    const [id] = Object.keys(template.findResources('AWS::Cognito::UserPoolClient'));
    const [, { Properties }] = Object.entries(template.findResources('AWS::SecretsManager::Secret')).find(([id]) =>
      id.includes('ClientSecret'),
    ) as [string, Resource];
    assert.deepEqual(Properties.SecretString, { 'Fn::GetAtt': [id, 'ClientSecret'] });
    // Nothing else refers to it: no variable, and no output.
    assert.equal(JSON.stringify(template.toJSON()).split('"ClientSecret"').length, 2);
    assert.ok(!Object.values(template.toJSON().Resources as Record<string, Resource>).some(({ Type }) => /Custom/.test(Type)));
  });

  it('has a generated server credential of 64 letters and digits beside it', () => {
    const found = Object.entries(template.findResources('AWS::SecretsManager::Secret')).filter(([id]) =>
      id.includes('ServerCredential'),
    );
    assert.deepEqual(found.map(([, { Properties }]) => Properties.GenerateSecretString), [
      { ExcludePunctuation: true, IncludeSpace: false, PasswordLength: 64 },
    ]);
  });

  it('is not made with another mode, and neither are the secrets', () => {
    const ids = Object.keys(templateOf({ api: 'http', sessionMode: false }).findResources('AWS::SecretsManager::Secret'));
    assert.deepEqual(ids.filter((id) => /ClientSecret|ServerCredential/.test(id)), []);
  });
});

describe('a pool that exists', () => {
  const template = templateOf({
    existingPool: { userPoolId: 'eu-west-1_Abc', clientIds: ['web', 'ios'] },
  });

  it('is served and not made', () => {
    assert.deepEqual(template.findResources('AWS::Cognito::UserPool'), {});
    assert.deepEqual(template.findResources('AWS::Cognito::UserPoolClient'), {});
  });

  it('is the only one that may call the triggers', () => {
    for (const { Properties } of Object.values(template.findResources('AWS::Lambda::Permission'))) {
      assert.equal(
        nameOf(Properties.SourceArn),
        'arn:${AWS::Partition}:cognito-idp:${AWS::Region}:${AWS::AccountId}:userpool/eu-west-1_Abc',
      );
    }
  });

  it('gives its tokens to the API', () => {
    const { Properties } = only(template, 'AWS::AppSync::GraphQLApi');
    assert.equal(Properties.UserPoolConfig.UserPoolId, 'eu-west-1_Abc');
  });
});

describe('what is passed through to the pool', () => {
  const stack = new Stack(newApp(), 'functions');
  const trigger = (name: string) => lambda.Function.fromFunctionArn(stack, name, `arn:aws:lambda:eu-west-1:111122223333:function:${name}`);
  const pool = {
    triggers: {
      preSignUp: trigger('check'),
      preTokenGeneration: trigger('claims'),
      preTokenGenerationVersion: cognito.LambdaVersion.V2_0,
    },
    customAttributes: { team: new cognito.StringAttribute({ mutable: true, maxLen: 20 }), rank: new cognito.NumberAttribute({ min: 1 }) },
    readAttributes: ['email', 'custom:team'],
    domain: { cognitoDomain: { domainPrefix: 'acme' } },
    oAuth: { callbackUrls: ['https://app.example.com/'], scopes: [cognito.OAuthScope.OPENID, cognito.OAuthScope.EMAIL] },
    identityProviders: ['COGNITO', 'Okta'],
  };
  const template = templateOf({ pool });
  const { Properties } = only(template, 'AWS::Cognito::UserPool');

  it('adds triggers, which the pool alone may invoke', () => {
    const { PreSignUp, PreTokenGeneration, PreTokenGenerationConfig, DefineAuthChallenge } = Properties.LambdaConfig;
    const arn = 'arn:aws:lambda:eu-west-1:111122223333:function';
    assert.equal(PreSignUp, `${arn}:check`);
    assert.equal(PreTokenGeneration, undefined);
    assert.deepEqual(PreTokenGenerationConfig, { LambdaArn: `${arn}:claims`, LambdaVersion: 'V2_0' });
    assert.ok(DefineAuthChallenge);
    const permitted = Object.values(template.findResources('AWS::Lambda::Permission'))
      .filter(({ Properties }) => String(Properties.FunctionName).startsWith(arn))
      .map(({ Properties }) => [Properties.FunctionName, Properties.Principal, nameOf(Properties.SourceArn).endsWith('.Arn}')]);
    assert.deepEqual(permitted, [
      [`${arn}:check`, 'cognito-idp.amazonaws.com', true],
      [`${arn}:claims`, 'cognito-idp.amazonaws.com', true],
    ]);
    const first = templateOf({ pool: { triggers: { preTokenGeneration: trigger('first') } } });
    assert.equal(only(first, 'AWS::Cognito::UserPool').Properties.LambdaConfig.PreTokenGeneration, `${arn}:first`);
  });

  it('adds custom attributes, which no token may write', () => {
    assert.deepEqual(Properties.Schema, [
      { Name: 'team', AttributeDataType: 'String', Mutable: true, StringAttributeConstraints: { MaxLength: '20' } },
      { Name: 'rank', AttributeDataType: 'Number', Mutable: false, NumberAttributeConstraints: { MinValue: '1' } },
    ]);
    const client = only(template, 'AWS::Cognito::UserPoolClient').Properties;
    assert.deepEqual(client.WriteAttributes, ['given_name', 'family_name', 'locale']);
    assert.deepEqual(client.ReadAttributes, ['email', 'custom:team']);
  });

  it('adds a domain and OAuth, and warns of it', () => {
    assert.equal(only(template, 'AWS::Cognito::UserPoolDomain').Properties.Domain, 'acme');
    const client = only(template, 'AWS::Cognito::UserPoolClient').Properties;
    assert.deepEqual(
      [client.AllowedOAuthFlows, client.AllowedOAuthScopes, client.CallbackURLs, client.AllowedOAuthFlowsUserPoolClient],
      [['code'], ['openid', 'email'], ['https://app.example.com/'], true],
    );
    assert.deepEqual(client.SupportedIdentityProviders, ['COGNITO', 'Okta']);
    const warned = newStack({ pool });
    Annotations.fromStack(warned).hasWarning('*', Match.stringLikeRegexp('pool.oAuth: managed login'));
  });

  it('refuses what breaks a sign-in or a deployment', () => {
    const fails = (pool: object, text: RegExp, more: Partial<LatchstringProps> = {}) => assert.throws(() => newStack({ ...more, pool }), text);
    fails({ oAuth: { callbackUrls: ['https://example.com'] } }, /pool\.oAuth: not with sessionMode/, { api: 'http', sessionMode: true });
    fails({ identityProviders: ['Google'], oAuth: { callbackUrls: ['https://example.com'] } }, /identityProviders: not with a rule/, { settings: { admission: 'invited' } });
    fails({ triggers: { userMigration: trigger('migrate') } }, /pool\.triggers\.userMigration: not offered/);
    fails({ triggers: { defineAuthChallenge: trigger('define') } }, /pool\.triggers\.defineAuthChallenge: not offered/);
    fails({ triggers: { preTokenGenerationVersion: cognito.LambdaVersion.V2_0 } }, /only with preTokenGeneration/);
    fails({ tier: 'LITE', triggers: pool.triggers }, /needs pool\.tier/);
    fails({ customAttributes: { 'custom:team': new cognito.StringAttribute() } }, /pool\.customAttributes/);
    fails({ oAuth: {} }, /pool\.oAuth\.callbackUrls/);
    fails({ oAuth: { ...pool.oAuth, flows: { clientCredentials: true } } }, /pool\.oAuth\.flows\.clientCredentials/);
    fails({ identityProviders: [] }, /pool\.identityProviders: at least one/);
    fails({ identityProviders: ['Okta'] }, /pool\.identityProviders: others/);
    fails({ name: 'a'.repeat(129) }, /pool\.name/);
  });

  it('can be added later, by the pool as a construct', () => {
    const stack = newStack();
    stack.latchstring.userPool.addClient('Managed', { oAuth: { callbackUrls: ['https://app.example.com/'] } });
    Template.fromStack(stack).resourceCountIs('AWS::Cognito::UserPoolClient', 2);
  });
});
