import { aws_iam as iam, type aws_lambda as lambda } from 'aws-cdk-lib';
import type { Construct } from 'constructs';
import type { FunctionName } from './functions';
import type { AdmissionPolicies } from './parts';
import type { LatchstringProps } from './props';
import { admission, admissionHook } from './rights';

/** Returns whether there is a rule for new accounts, or may be one by a parameter of the template. */
export function isClosed({ settings, admissionHook, clients = {} }: LatchstringProps): boolean {
  const ofClients = Object.values(clients).map(({ admission = 'open' }) => admission);
  if (ofClients.some((rule) => rule !== 'open')) {
    return true;
  }
  return admissionHook !== undefined || (settings?.admission ?? 'open') !== 'open';
}

/** The variables of the rule that no setting sets. */
export function admissionVariables(name: FunctionName, props: LatchstringProps): Record<string, string> {
  if (!props.admissionHook) {
    return {};
  }
  return {
    ADMISSION: props.settings?.admission ?? 'hook',
    ...(name === 'sign-in' ? { ADMISSION_HOOK: props.admissionHook.functionArn } : {}),
  };
}

/** Permits what a rule needs, to the two functions that need it. */
export function grantAdmission(
  scope: Construct,
  functions: Record<FunctionName, lambda.Function>,
  arns: { table: string; pool: string },
  hook?: LatchstringProps['admissionHook'],
): AdmissionPolicies {
  const policy = (id: string, name: FunctionName, statements: iam.PolicyStatement[]) =>
    new iam.Policy(scope, id, { statements, roles: [functions[name].role as iam.IRole] });
  return {
    signIn: policy('Redeem', 'sign-in', admission('sign-in', arns)),
    signUp: policy('Invite', 'sign-up', admission('sign-up', arns)),
    hook: hook && policy('AdmissionHook', 'sign-in', [admissionHook(hook.functionArn)]),
  };
}
