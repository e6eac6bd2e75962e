// The work of Create: the key ring once, the conditional writes of a charge and a flow, one mail.
import { createHmac, randomBytes } from "node:crypto";
import { DynamoDBClient, PutItemCommand, UpdateItemCommand } from "@aws-sdk/client-dynamodb";
import { GetSecretValueCommand, SecretsManagerClient } from "@aws-sdk/client-secrets-manager";
import { SESClient, SendEmailCommand } from "@aws-sdk/client-ses";

const dynamodb = new DynamoDBClient({});
const secrets = new SecretsManagerClient({});
const ses = new SESClient({});
const TableName = process.env.TABLE_NAME ?? "latchstring";
const updates = Number(process.env.UPDATES);
let key;

async function count(pk) {
  await dynamodb.send(
    new UpdateItemCommand({
      TableName,
      Key: { pk: { S: pk } },
      UpdateExpression: "ADD #count :one",
      ConditionExpression: "attribute_not_exists(#count) OR #count < :limit",
      ExpressionAttributeNames: { "#count": "count" },
      ExpressionAttributeValues: { ":one": { N: "1" }, ":limit": { N: "5" } },
    }),
  );
}

async function write(pk) {
  await dynamodb.send(
    new PutItemCommand({
      TableName,
      Item: { pk: { S: pk }, ttl: { N: "2000000000" } },
      ConditionExpression: "attribute_not_exists(pk)",
    }),
  );
}

export async function handler(event) {
  if (!key) {
    const secret = await secrets.send(new GetSecretValueCommand({ SecretId: "ring" }));
    key = Buffer.from(JSON.parse(secret.SecretString).current.secret, "base64");
  }
  const flow = randomBytes(16).toString("base64url");
  const ticket = createHmac("sha256", key).update(event.request.clientMetadata.ticket).digest("base64url");
  for (let update = 0; update < updates; update += 1) {
    await count(`${update}#${ticket}`);
  }
  await write(`flow#${flow}`);
  const digest = createHmac("sha256", key).update(flow).digest();
  const code = String(digest.readUInt32BE(0) % 1_000_000).padStart(6, "0");
  await ses.send(
    new SendEmailCommand({
      Source: "codes@example.org",
      Destination: { ToAddresses: [event.request.userAttributes.email] },
      Message: {
        Subject: { Charset: "UTF-8", Data: "Your sign-in code" },
        Body: {
          Text: { Charset: "UTF-8", Data: `Your code is ${code}.` },
          Html: { Charset: "UTF-8", Data: `<p>Your code is <b>${code}</b>.</p>` },
        },
      },
    }),
  );
  event.response.publicChallengeParameters = { step: "otp" };
  event.response.privateChallengeParameters = { challenge: flow };
  event.response.challengeMetadata = flow;
  return event;
}
