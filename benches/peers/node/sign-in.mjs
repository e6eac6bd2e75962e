// The work of sign-in: the key ring once, the counters of a budget, a session in two calls.
import { createHmac } from "node:crypto";
import {
  CognitoIdentityProviderClient,
  InitiateAuthCommand,
  RespondToAuthChallengeCommand,
} from "@aws-sdk/client-cognito-identity-provider";
import { BatchGetItemCommand, DynamoDBClient } from "@aws-sdk/client-dynamodb";
import { GetSecretValueCommand, SecretsManagerClient } from "@aws-sdk/client-secrets-manager";

const cognito = new CognitoIdentityProviderClient({});
const dynamodb = new DynamoDBClient({});
const secrets = new SecretsManagerClient({});
let key;

export async function handler(event) {
  if (!key) {
    const secret = await secrets.send(new GetSecretValueCommand({ SecretId: "ring" }));
    key = Buffer.from(JSON.parse(secret.SecretString).current.secret, "base64");
  }
  const username = event.arguments.input.emailOrPhone;
  const table = process.env.TABLE_NAME ?? "latchstring";
  const counters = ["identifier", "deployment"].map((counter) => ({
    pk: { S: createHmac("sha256", key).update(counter + username).digest("base64url") },
  }));
  await dynamodb.send(
    new BatchGetItemCommand({
      RequestItems: { [table]: { Keys: counters, ConsistentRead: true } },
    }),
  );
  const opened = await cognito.send(
    new InitiateAuthCommand({
      AuthFlow: "CUSTOM_AUTH",
      ClientId: "benchesclient",
      AuthParameters: { USERNAME: username },
    }),
  );
  const responded = await cognito.send(
    new RespondToAuthChallengeCommand({
      ClientId: "benchesclient",
      ChallengeName: "CUSTOM_CHALLENGE",
      Session: opened.Session,
      ChallengeResponses: { USERNAME: opened.ChallengeParameters.USERNAME, ANSWER: "select" },
      ClientMetadata: {
        method: "email",
        ticket: createHmac("sha256", key).update(username).digest("base64url"),
      },
    }),
  );
  return { data: { session: responded.Session } };
}
