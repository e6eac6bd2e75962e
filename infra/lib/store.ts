import { RemovalPolicy, SecretValue, Stack, type aws_cognito as cognito, aws_dynamodb as dynamodb, type aws_kms as kms, aws_secretsmanager as secrets } from 'aws-cdk-lib';
import type { Construct } from 'constructs';
import { OUTBOX_INDEX } from './events';

export interface StoreOptions {
  readonly encryptionKey?: kms.IKey;
  readonly pointInTimeRecovery: boolean;
  readonly removalPolicy: RemovalPolicy;
}

/** The table of flows, redemptions, pending contacts, leases and counters; one item each. */
export function createTable(scope: Construct, options: StoreOptions): dynamodb.Table {
  return new dynamodb.Table(scope, 'Table', {
    partitionKey: { name: 'pk', type: dynamodb.AttributeType.STRING },
    timeToLiveAttribute: 'ttl',
    billingMode: dynamodb.BillingMode.PAY_PER_REQUEST,
    pointInTimeRecoverySpecification: { pointInTimeRecoveryEnabled: options.pointInTimeRecovery },
    encryption: options.encryptionKey
      ? dynamodb.TableEncryption.CUSTOMER_MANAGED
      : dynamodb.TableEncryption.DEFAULT,
    encryptionKey: options.encryptionKey,
    removalPolicy: options.removalPolicy,
  });
}

interface Key {
  readonly attributeName: string;
  readonly attributeType?: string;
  readonly keyType?: string;
}

interface Index {
  readonly indexName: string;
  readonly keySchema: Key[];
}

/** Returns how a table that exists differs from what the functions need, as far as synthesis knows it. */
export function tableFaults(table: dynamodb.ITable, events: boolean): string[] {
  const resource = table.node.defaultChild;
  if (!dynamodb.CfnTable.isCfnTable(resource) && !dynamodb.CfnGlobalTable.isCfnGlobalTable(resource)) {
    return [];
  }
  const known = <T>(value: unknown): T | undefined => Stack.of(table).resolve(value) as T | undefined;
  const types = new Map((known<Key[]>(resource.attributeDefinitions) ?? []).map((key) => [key.attributeName, key.attributeType]));
  const shown = (keys: Key[]) => keys.map(({ attributeName, keyType }) => `${attributeName} ${types.get(attributeName)} ${keyType}`).join();
  const faults = [];
  if (shown(known<Key[]>(resource.keySchema) ?? []) !== 'pk S HASH') {
    faults.push('the partition key must be pk, a string, without a sort key');
  }
  const ttl = known<{ attributeName?: string; enabled?: boolean }>(resource.timeToLiveSpecification);
  if (ttl?.attributeName !== 'ttl' || ttl.enabled !== true) {
    faults.push('the TTL attribute must be ttl');
  }
  const outbox = known<Index[]>(resource.globalSecondaryIndexes)?.find(({ indexName }) => indexName === OUTBOX_INDEX);
  if (events && shown(outbox?.keySchema ?? []) !== 'outbox S HASH,due N RANGE') {
    faults.push(`events need the index ${OUTBOX_INDEX}: partition key outbox, a string, sort key due, a number`);
  }
  return faults;
}

/** All that CloudFormation would use besides letters and digits. */
const PUNCTUATION = '!"#$%&\'()*+,-./:;<=>?@[\\]^_`{|}~';

/**
 * The key ring, with a first key that CloudFormation generates and does not show. 64 letters and digits
 * are valid base64 of 48 bytes, with some 380 bits that cannot be guessed. Do not change what it is
 * made from: CloudFormation would make up another, and every flow under way would end.
 */
export function createKeyRing(scope: Construct, options: StoreOptions): secrets.Secret {
  return new secrets.Secret(scope, 'KeyRing', {
    description: 'Latchstring: the key ring; docs/keys.md says how to rotate it',
    encryptionKey: options.encryptionKey,
    generateSecretString: {
      secretStringTemplate: JSON.stringify({ id: 'k1' }),
      generateStringKey: 'secret',
      passwordLength: 64,
      excludeCharacters: PUNCTUATION,
      includeSpace: false,
    },
    removalPolicy: options.removalPolicy,
  });
}

/** A value of the header that CloudFront adds to requests of the HTTP API. */
export function createOriginSecret(scope: Construct, name: string, encryptionKey?: kms.IKey): secrets.Secret {
  return new secrets.Secret(scope, `OriginSecret${name}`, {
    description: 'Latchstring: the header by which the functions know requests of CloudFront',
    encryptionKey,
    generateSecretString: { passwordLength: 64, excludePunctuation: true, includeSpace: false },
    removalPolicy: RemovalPolicy.DESTROY,
  });
}

/**
 * The secret of an app client, which Cognito generates. CloudFormation hands it from the one resource to
 * the other: the template has a reference, and no function of the deployment may read the secrets of the
 * pool's clients (docs/adr/0035).
 */
export function createClientSecret(
  scope: Construct,
  client: cognito.CfnUserPoolClient,
  encryptionKey?: kms.IKey,
): secrets.Secret {
  return new secrets.Secret(scope, 'ClientSecret', {
    description: "Latchstring: the app client's secret; docs/keys.md says how to rotate it",
    encryptionKey,
    secretStringValue: SecretValue.resourceAttribute(client.attrClientSecret),
    removalPolicy: RemovalPolicy.DESTROY,
  });
}

/** The credential by which the functions know the app's own server. */
export function createServerCredential(scope: Construct, encryptionKey?: kms.IKey): secrets.Secret {
  return new secrets.Secret(scope, 'ServerCredential', {
    description: "Latchstring: the credential of the app's own server; docs/keys.md says how to rotate it",
    encryptionKey,
    generateSecretString: { passwordLength: 64, excludePunctuation: true, includeSpace: false },
    removalPolicy: RemovalPolicy.DESTROY,
  });
}
