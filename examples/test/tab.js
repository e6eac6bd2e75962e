// One tab of an app with aws-amplify v6, whose storage is as it was when another tab signed in. Run as
// a worker thread: `{ config, stored }` in, `[signed in, signed in]` after two refreshes out.
import { parentPort, workerData } from "node:worker_threads";
import { Amplify } from "aws-amplify";
import { fetchAuthSession } from "aws-amplify/auth";
import { cognitoUserPoolsTokenProvider } from "aws-amplify/auth/cognito";

const { config, stored } = workerData;
const items = new Map(stored);
Amplify.configure({
  Auth: {
    Cognito: {
      userPoolId: config.userPoolId,
      userPoolClientId: config.clientId,
      userPoolEndpoint: config.endpoint,
    },
  },
});
// After `configure`, which sets its own.
cognitoUserPoolsTokenProvider.setKeyValueStorage({
  getItem: async (key) => items.get(key) ?? null,
  setItem: async (key, value) => void items.set(key, value),
  removeItem: async (key) => void items.delete(key),
  clear: async () => items.clear(),
});

/** Whether this tab is signed in after a refresh. One that is refused throws, and drops the tokens. */
async function refreshed() {
  await fetchAuthSession({ forceRefresh: true }).catch((error) => {
    if (error.name !== "RefreshTokenReuseException") throw error;
  });
  return (await fetchAuthSession()).tokens !== undefined;
}
const first = await refreshed();
parentPort.postMessage([first, await refreshed()]);
