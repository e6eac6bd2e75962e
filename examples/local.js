// Stand-ins for the deployment's settings and for the account owner who reads the mail.
import assert from "node:assert/strict";

const service = process.env.LATCHSTRING_URL ?? "http://127.0.0.1:4180";

const get = async (path) => (await fetch(service + path)).json();

/** region, userPoolId, clientId, endpoint, graphqlUrl, apiKey: in production from your stack's outputs. */
export const config = await get("/config.json");

/** The address of the HTTP door. */
export const url = service;

/** An unused address. */
export const unusedAddress = () => `${crypto.randomUUID()}@example.com`;

/** An unused number, of a range for fiction. */
export const unusedNumber = () =>
  `+1${201 + Math.floor(Math.random() * 10)}55501${String(Math.floor(Math.random() * 100)).padStart(2, "0")}`;

/** Reads the mail: the last code sent to an address. */
export async function readCode(to) {
  const message = (await get("/inbox.json")).find((message) => message.to === to);
  assert.ok(message, "a code was sent");
  return message.code;
}

/** A wrong code of the same length. */
export const wrong = (code) => (code[0] === "1" ? "2" : "1") + code.slice(1);

/** Advances the clock of a service with --control; returns false for any other. */
export async function letPass(seconds) {
  const response = await fetch(`${service}/control`, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify({ advanceSeconds: seconds }),
  });
  return response.ok;
}

/** The claims of a token. */
export const claims = (token) => JSON.parse(Buffer.from(token.split(".")[1], "base64url"));

/** Returns true if Cognito still accepts an access token. */
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
