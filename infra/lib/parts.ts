import type {
  CfnResource,
  aws_apigatewayv2 as apigateway,
  aws_appsync as appsync,
  aws_cloudfront as cloudfront,
  aws_cognito as cognito,
  aws_iam as iam,
  aws_lambda as lambda,
  aws_secretsmanager as secrets,
} from 'aws-cdk-lib';

/** The pool and clients that a deployment serves. */
export interface Pool {
  /** The pool's id. */
  readonly id: string;
  /** The pool's ARN. */
  readonly arn: string;
  /** The ids of the clients that are served, the first one first. */
  readonly clientIds: string[];
}

/** The functions. */
export interface LatchstringFunctions {
  /** The trigger that decides what comes next, and has tokens issued. */
  readonly defineAuthChallenge: lambda.Function;
  /** The trigger that makes a challenge and delivers its code. */
  readonly createAuthChallenge: lambda.Function;
  /** The trigger that verifies an answer. */
  readonly verifyAuthChallengeResponse: lambda.Function;
  /** The function behind the fields and routes of callers without a token. */
  readonly signIn: lambda.Function;
  /** The function behind those of signed-in users. */
  readonly signUp: lambda.Function;
}

/** The aliases of the functions. */
export interface LatchstringAliases {
  /** Of the trigger that decides what comes next. */
  readonly defineAuthChallenge: lambda.Alias;
  /** Of the trigger that makes a challenge. */
  readonly createAuthChallenge: lambda.Alias;
  /** Of the trigger that verifies an answer. */
  readonly verifyAuthChallengeResponse: lambda.Alias;
  /** Of the function behind the fields and routes of callers without a token. */
  readonly signIn: lambda.Alias;
  /** Of the function behind those of signed-in users. */
  readonly signUp: lambda.Alias;
}

/** The resources of a pool that is made. */
export interface NewPoolResources {
  /** The pool. */
  readonly resource: cognito.CfnUserPool;
  /** Its clients, by the names of `pool.clients`. */
  readonly clients: { readonly [name: string]: cognito.CfnUserPoolClient };
}

/** The GraphQL API, or what is added to one that exists. */
export interface GraphqlApiResources {
  /** The API's id. */
  readonly id: string;
  /** The URL. None of an API that exists. */
  readonly url?: string;
  /** The API, if it is made. */
  readonly resource?: appsync.CfnGraphQLApi;
  /** The API keys, by the names of `graphql.keys`. */
  readonly keys: { readonly [name: string]: appsync.CfnApiKey };
  /** The role with which AppSync writes its own log, if it does. */
  readonly logRole?: iam.Role;
  /** Every resource, for a stack that makes them on a condition. */
  readonly resources: CfnResource[];
}

/** The HTTP API, or what is added to one that exists. */
export interface HttpApiResources {
  /** The API's id. */
  readonly id: string;
  /** The URL before `/v1`, without a slash at its end. None of an API that exists. */
  readonly url?: string;
  /** The name that a custom domain's CNAME or alias record leads to. */
  readonly domainTarget?: string;
  /** The API, if it is made. */
  readonly resource?: apigateway.CfnApi;
  /** Its stage, if it is made. */
  readonly stage?: apigateway.CfnStage;
  /** The CloudFront distribution in front of it, if there is one. */
  readonly distribution?: cloudfront.Distribution;
  /** The routes, by their keys, such as `POST /v1/sign-in`. */
  readonly routes: { readonly [key: string]: apigateway.CfnRoute };
  /** Every resource, for a stack that makes them on a condition. */
  readonly resources: CfnResource[];
}

/** The permissions that a rule for new accounts needs. */
export interface AdmissionPolicies {
  /** Of sign-in: to redeem an invitation, and to put an account into its groups. */
  readonly signIn: iam.Policy;
  /** Of sign-up: to write and withdraw invitations. */
  readonly signUp: iam.Policy;
  /** Of sign-in: to invoke the function that decides. */
  readonly hook?: iam.Policy;
}

/** The parts of session mode. */
export interface SessionResources {
  /** The secret of the app client. */
  readonly clientSecret: secrets.ISecret;
  /** The same, if it is made here. */
  readonly madeClientSecret?: secrets.Secret;
  /** The credential of the app's own server. */
  readonly serverCredential: secrets.Secret;
  /** The origins of pages that may call the API with the cookie. */
  readonly origins: string[];
}
