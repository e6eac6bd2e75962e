// cfn-lint looks at the templates (cargo xtask test --only infra); CDK's own look at each would take a second.
process.env.CDK_VALIDATION = 'false';

import * as fs from 'node:fs';
import * as os from 'node:os';
import * as path from 'node:path';
import { App, type StackProps } from 'aws-cdk-lib';
import { Template } from 'aws-cdk-lib/assertions';
import { FUNCTIONS, LatchstringStack, Packages, SWEEPER, type LatchstringProps, type PackageName } from '../lib';

/** A folder with a stand-in for each package, so that a synthesis needs no build. */
export const PACKAGES = fs.mkdtempSync(path.join(os.tmpdir(), 'latchstring-packages-'));
for (const name of [...FUNCTIONS, SWEEPER]) {
  fs.writeFileSync(path.join(PACKAGES, `latchstring-${name}.zip`), name);
}
process.on('exit', () => fs.rmSync(PACKAGES, { recursive: true }));

/** An app whose assembly goes where the packages are, and away with them. */
export function newApp(): App {
  return new App({ analyticsReporting: false, outdir: fs.mkdtempSync(path.join(PACKAGES, 'out-')) });
}

/** The required properties, and SMS. */
export const LEAST: LatchstringProps = {
  email: { fromAddress: 'codes@example.com' },
  sms: { countries: ['DE', 'AT'] },
  graphql: { keysExpire: 1_800_000_000 },
  packages: Packages.folder(PACKAGES),
};

export function newStack(props: Partial<LatchstringProps> & StackProps = {}): LatchstringStack {
  const { graphql, ...least } = LEAST;
  return new LatchstringStack(newApp(), 'acme', {
    ...least,
    ...(props.api === 'http' ? {} : { graphql }),
    ...props,
  });
}

export function templateOf(props: Partial<LatchstringProps> & StackProps = {}): Template {
  return Template.fromStack(newStack(props));
}

/** A resource as the template has it. */
export interface Resource {
  readonly Type: string;
  // eslint-disable-next-line @typescript-eslint/no-explicit-any
  readonly Properties: any;
  readonly [key: string]: unknown;
}

/** The only resource of its type. */
export function only(template: Template, type: string): Resource {
  const found = Object.values(template.findResources(type));
  if (found.length !== 1) {
    throw new Error(`${found.length} resources of type ${type}`);
  }
  return found[0] as Resource;
}

/** A function, by the end of its name. */
export function functionOf(template: Template, name: PackageName): Resource {
  const found = Object.values(template.findResources('AWS::Lambda::Function')).filter(
    ({ Properties }) => nameOf(Properties.FunctionName).endsWith(`-${name}`),
  );
  if (found.length !== 1) {
    throw new Error(`${found.length} functions called ${name}`);
  }
  return found[0] as Resource;
}

/** The name of the function that an ARN of the template is of: its own, or its alias's. */
export function invokedBy(template: Template, arn: { 'Fn::GetAtt'?: [string]; Ref?: string }): string {
  const resources = template.toJSON().Resources as Record<string, Resource>;
  const found = resources[arn['Fn::GetAtt']?.[0] ?? (arn.Ref as string)];
  const of = found?.Type === 'AWS::Lambda::Alias' ? resources[found.Properties.FunctionName.Ref] : found;
  return nameOf(of?.Properties.FunctionName);
}

/** A name or ARN with its references in words: `arn:${AWS::Partition}:…`. */
export function nameOf(value: unknown): string {
  if (typeof value === 'string') {
    return value;
  }
  const { Ref, 'Fn::GetAtt': attribute, 'Fn::Join': join } = value as Record<string, unknown>;
  if (Ref !== undefined) {
    return `\${${Ref}}`;
  }
  if (attribute !== undefined) {
    return `\${${(attribute as string[]).join('.')}}`;
  }
  const [between, parts] = join as [string, unknown[]];
  return parts.map(nameOf).join(between);
}
