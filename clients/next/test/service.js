// The real local service, in session mode.
import { randomBytes } from "node:crypto";
import { startService as start } from "../../typescript/test/service.js";
import { note } from "./app.js";

export { wrong } from "../../typescript/test/service.js";

/** Starts it: its address, the server credential, and the handles that tests want. */
export async function startService() {
  const credential = randomBytes(32).toString("base64url");
  note(credential);
  const service = await start("--session-mode", "--server-credential", credential);
  const { endpoint } = service.config;
  return {
    ...service,
    url: endpoint,
    credential,
    /** Returns the account of an access token, as Cognito knows it; undefined if it is not valid. */
    async accountOf(AccessToken) {
      const headers = {
        "content-type": "application/x-amz-json-1.1",
        "x-amz-target": "AWSCognitoIdentityProviderService.GetUser",
      };
      const response = await fetch(endpoint, { method: "POST", headers, body: JSON.stringify({ AccessToken }) });
      const { UserAttributes = [] } = await response.json();
      return UserAttributes.find(({ Name }) => Name === "sub")?.Value;
    },
  };
}
