// What stands in for the deployment's settings and for the person who reads the mail.
import assert from "node:assert/strict";

const service = process.env.LATCHSTRING_URL ?? "http://127.0.0.1:4180";

const get = async (path) => (await fetch(service + path)).json();

/** region, userPoolId, clientId, endpoint, graphqlUrl, apiKey: of your stack's outputs in real life. */
export const config = await get("/config.json");

/** An address that nobody has used. */
export const somebody = () => `${crypto.randomUUID()}@example.com`;

/** A number that nobody has used, of a range for fiction. */
export const someNumber = () =>
  `+1${201 + Math.floor(Math.random() * 10)}55501${String(Math.floor(Math.random() * 100)).padStart(2, "0")}`;

/** Reads the mail: the last code that an address was sent. */
export async function readCode(to) {
  const message = (await get("/inbox.json")).find((message) => message.to === to);
  assert.ok(message, "a code was sent");
  return message.code;
}

/** A code of the same length that is not the right one. */
export const wrong = (code) => (code[0] === "1" ? "2" : "1") + code.slice(1);

/** Lets time pass in a service that was started with --control; false for any other. */
export async function letPass(seconds) {
  const response = await fetch(`${service}/control`, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify({ advanceSeconds: seconds }),
  });
  return response.ok;
}

/** What a token says. */
export const claims = (token) => JSON.parse(Buffer.from(token.split(".")[1], "base64url"));

/** Whether Cognito still takes an access token. */
export async function isGood(accessToken) {
  const response = await fetch(config.endpoint, {
    method: "POST",
    headers: {
      "content-type": "application/x-amz-json-1.1",
      "x-amz-target": "AWSCognitoIdentityProviderService.GetUser",
    },
    body: JSON.stringify({ AccessToken: accessToken }),
  });
  return response.ok;
}
