// One tab of an app with aws-amplify v6. Its storage is a copy from another tab's sign-in. Run it
// as a worker thread: it receives `{ config, stored }` and returns `[signed in, signed in]` after
// two refreshes.
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
// After `configure`, which sets its own storage.
cognitoUserPoolsTokenProvider.setKeyValueStorage({
  getItem: async (key) => items.get(key) ?? null,
  setItem: async (key, value) => void items.set(key, value),
  removeItem: async (key) => void items.delete(key),
  clear: async () => items.clear(),
});

/** Returns true if this tab is signed in after a refresh. A refused refresh throws and drops the tokens. */
async function refreshed() {
  await fetchAuthSession({ forceRefresh: true }).catch((error) => {
    if (error.name !== "RefreshTokenReuseException") throw error;
  });
  return (await fetchAuthSession()).tokens !== undefined;
}
const first = await refreshed();
parentPort.postMessage([first, await refreshed()]);
