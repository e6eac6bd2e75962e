import { createHash } from 'node:crypto';
import { Aws, Stack, Token } from 'aws-cdk-lib';
import type { Construct } from 'constructs';

/** The limits of the names that AWS gets from this package, in characters. */
export const LIMITS = {
  /** A Lambda function. */
  function: 64,
  /** An API of API Gateway; AppSync takes more. */
  api: 128,
  /** A metric of a web ACL, and a policy of CloudFront. */
  metric: 128,
} as const;

/** The characters of a digest that make a shortened name unique. */
const DIGEST = 8;

function digest(text: string): string {
  return createHash('sha256').update(text).digest('hex').slice(0, DIGEST);
}

/**
 * Returns the name, or if it is longer than `most` characters its beginning and a digest of it. Two names that
 * begin alike stay different. A token is returned as it is: its length is not known at synthesis.
 */
export function shortened(name: string, most: number): string {
  return Token.isUnresolved(name) || name.length <= most ? name : `${name.slice(0, most - DIGEST - 1)}-${digest(name)}`;
}

/**
 * Returns the name of the stack. CloudFormation makes up the name of a nested stack, and it may be too long for a
 * prefix: it is the name of the stack around it here, with a digest of the path.
 */
export function stackName(scope: Construct): string {
  const stack = Stack.of(scope);
  let outer: Stack = stack;
  for (let parent = outer.nestedStackParent; parent; parent = outer.nestedStackParent) {
    outer = parent;
  }
  return outer === stack ? stack.stackName : `${outer.stackName}-${digest(stack.node.path.slice(outer.node.path.length))}`;
}

/**
 * Returns the default prefix of the functions' names: the name of the stack, shortened if it is too long for one.
 * A name that fits is a reference, which keeps a template usable under another name.
 */
export function defaultPrefix(scope: Construct, most: number): string {
  const stack = Stack.of(scope);
  const fits = !stack.nestedStackParent && stack.stackName.length <= most;
  return fits ? Aws.STACK_NAME : shortened(stackName(scope), most);
}

/** Returns the name of the stack with a suffix, within a limit of characters. */
export function named(scope: Construct, suffix: string, most: number): string {
  return `${shortened(stackName(scope), most - suffix.length - 1)}-${suffix}`;
}
