import * as fs from 'node:fs';
import * as path from 'node:path';
import { aws_lambda as lambda, aws_s3 as s3 } from 'aws-cdk-lib';
import type { Construct } from 'constructs';
import type { PackageName } from './functions';
import { HOME } from './home';

/** The source of the functions' zips. Each is named after its binary: `latchstring-sign-in.zip`. */
export abstract class Packages {
  /** From a folder, as `cargo xtask package` fills it. CDK uploads them. */
  static folder(folder: string): Packages {
    return new Folder(folder);
  }

  /**
   * Those that a release of this package brings. In the repository, which has none, those that
   * `cargo xtask package` made.
   */
  static released(architecture: lambda.Architecture): Packages {
    const brought = path.join(HOME, 'lambda', architecture.name);
    return new Folder(fs.existsSync(brought) ? brought : path.join(HOME, '../target/package', architecture.name));
  }

  /**
   * From a bucket in the stack's region, below `prefix` (which ends in a slash, or is empty). Let the
   * prefix change with each version: CloudFormation looks at the name of a zip, not into it.
   */
  static bucket(bucketName: string, prefix: string): Packages {
    return new Bucket(bucketName, prefix);
  }

  /** @internal */
  abstract _code(scope: Construct, name: PackageName): lambda.Code;
}

class Folder extends Packages {
  constructor(private readonly folder: string) {
    super();
  }

  _code(_: Construct, name: PackageName): lambda.Code {
    const zip = path.join(this.folder, `latchstring-${name}.zip`);
    if (!fs.existsSync(zip)) {
      throw new Error(`${zip} is missing: make it with \`cargo xtask package\`, or set \`packages\`.`);
    }
    return lambda.Code.fromAsset(zip);
  }
}

class Bucket extends Packages {
  constructor(
    private readonly bucketName: string,
    private readonly prefix: string,
  ) {
    super();
  }

  _code(scope: Construct, name: PackageName): lambda.Code {
    const id = 'Packages';
    const bucket = scope.node.tryFindChild(id) ?? s3.Bucket.fromBucketName(scope, id, this.bucketName);
    return lambda.Code.fromBucketV2(bucket as s3.IBucket, `${this.prefix}latchstring-${name}.zip`);
  }
}
