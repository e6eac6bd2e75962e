// Latchstring in a program of Pulumi, or of SST 3: the template of a release, with its zips in a bucket.
import { createHash } from 'node:crypto';
import * as fs from 'node:fs';
import * as path from 'node:path';
import * as aws from '@pulumi/aws';
import * as pulumi from '@pulumi/pulumi';

export interface Args {
  /** The unpacked `latchstring-lambdas-arm64.zip` of a release. */
  readonly folder: string;
  /** The template, one of the four. Default: latchstring.template.json, which makes a user pool. */
  readonly template?: string;
  /** The parameters of the template, besides Bucket and Prefix. */
  readonly parameters: Record<string, pulumi.Input<string>>;
}

/** Deploys Latchstring. `outputs` of the result has UserPoolId, ClientIds, HttpUrl and so on. */
export function latchstring(name: string, args: Args): aws.cloudformation.Stack {
  const { folder, template = 'latchstring.template.json' } = args;
  const files = [...fs.readdirSync(folder).filter((file) => file.endsWith('.zip')), template].sort();
  // CloudFormation looks at the name of a zip and not into it: other bytes need another name.
  const digest = createHash('sha256');
  for (const file of files) {
    digest.update(fs.readFileSync(path.join(folder, file)));
  }
  const prefix = `${digest.digest('hex').slice(0, 16)}/`;

  const bucket = new aws.s3.Bucket(`${name}-packages`);
  const uploaded = files.map(
    (file) =>
      new aws.s3.BucketObject(`${name}-${file}`, {
        bucket: bucket.bucket,
        key: `${prefix}${file}`,
        source: new pulumi.asset.FileAsset(path.join(folder, file)),
      }),
  );
  return new aws.cloudformation.Stack(
    name,
    {
      // In the request it would be too large.
      templateUrl: pulumi.interpolate`https://${bucket.bucketRegionalDomainName}/${prefix}${template}`,
      capabilities: ['CAPABILITY_IAM'],
      parameters: { ...args.parameters, Bucket: bucket.bucket, Prefix: prefix },
    },
    { dependsOn: uploaded },
  );
}
