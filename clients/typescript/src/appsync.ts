import { type Api, type Operation } from "./api.js";
import { named } from "./errors.js";
import { cognito, type Send } from "./transport.js";

/** The addresses and ids of a deployment with AppSync. */
export interface AppSyncConfig {
  url?: undefined;
  /** The GraphQL API. */
  graphqlUrl: string;
  /** Its key, for the public mutations. */
  apiKey: string;
  /** The pool's app client. */
  clientId: string;
  /** The pool's region. */
  region: string;
}

const CHALLENGE = "{ session username codeLength codeAlphabet expiresIn resendAfter pointer resume }";
const TOKENS = "{ tokens { accessToken idToken refreshToken expiresIn } }";

/** The document of each operation, each of one field. */
const DOCUMENTS: Record<Operation, string> = {
  "sign-in": `mutation ($input: SignInInput!) { signIn(input: $input) ${CHALLENGE} }`,
  "sign-up": `mutation ($input: SignUpInput!) { signUp(input: $input) ${CHALLENGE} }`,
  names: "mutation ($input: UpdateNameInput!) { updateName(input: $input) { givenName familyName } }",
  "contacts/change": `mutation ($input: ChangeContactInput!) { changeContact(input: $input) ${CHALLENGE} }`,
  "contacts/pending": "query ($method: Method!) { pendingContact(method: $method) { state } }",
  "contacts/undo": `mutation ($input: UndoContactChangeInput!) { undoContactChange(input: $input) ${TOKENS} }`,
  "devices/remember": "mutation { rememberDevice { device } }",
  "devices/forget": "mutation { forgetDevices }",
};

/** AppSync's fields to begin, and Cognito itself for the answers. */
export function appsync(send: Send, { graphqlUrl, apiKey, clientId }: AppSyncConfig, endpoint: string): Api {
  return {
    async call(operation, { existingOnly, ...input }: any, options, accessToken) {
      // `existingOnly` is of the HTTP door: here the client redeems the proof, or does not.
      let query = DOCUMENTS[operation];
      if (input.complete) query = query.replace(CHALLENGE, TOKENS);
      // Only the client that begins a sign-in can answer it.
      if (!accessToken) input = { ...input, clientId };
      let variables = input;
      if (query.includes("$input")) variables = { input: operation === "sign-up" ? { data: input } : input };
      const headers: Record<string, string> = accessToken ? { authorization: accessToken } : { "x-api-key": apiKey };
      const { ok, body } = await send(graphqlUrl, headers, { query, variables }, options);
      const error = body.errors?.[0];
      if (!error && ok && body.data) return Object.values(body.data)[0];
      throw named(error ? String(error.errorType) : "Unavailable", error?.message);
    },

    async respond({ session, username }, answer, options, metadata) {
      const input = {
        ClientId: clientId,
        ChallengeName: "CUSTOM_CHALLENGE",
        Session: session,
        ChallengeResponses: { USERNAME: username, ANSWER: answer },
        ClientMetadata: metadata,
      };
      const reply = await cognito(send, endpoint, "RespondToAuthChallenge", input, options);
      return { ...reply.ChallengeParameters, session: reply.Session, tokens: reply.AuthenticationResult };
    },
  };
}
