// A second contact, and signing in again, beside the clients that refresh by REFRESH_TOKEN_AUTH.
// amplify-flutter#410: a session that a server opened cannot be handed to such a client.
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { AuthenticationDetails, CognitoUser, CognitoUserPool } from "amazon-cognito-identity-js";
import { Auth } from "aws-amplify-auth-v5";
import { Latchstring } from "@latchstring/client";
import { startService } from "../../clients/typescript/test/service.js";

let service, graphql;
before(async () => {
  service = await startService();
  // Read when the module is loaded.
  process.env.LATCHSTRING_URL = service.config.endpoint;
  graphql = await import("../graphql.js");
});
after(() => service?.stop());

/** Answers a session with plain HTTP, and returns the tokens. */
async function respond({ session, username }, code) {
  const response = await fetch(service.config.endpoint, {
    method: "POST",
    headers: {
      "content-type": "application/x-amz-json-1.1",
      "x-amz-target": "AWSCognitoIdentityProviderService.RespondToAuthChallenge",
    },
    body: JSON.stringify({
      ClientId: service.config.clientId,
      ChallengeName: "CUSTOM_CHALLENGE",
      Session: session,
      ChallengeResponses: { USERNAME: username, ANSWER: code },
    }),
  });
  const reply = await response.json();
  assert.ok(reply.AuthenticationResult, JSON.stringify(reply));
  return reply.AuthenticationResult;
}

const outcome = (work) =>
  new Promise((resolve, reject) =>
    work({ customChallenge: resolve, onSuccess: resolve, onFailure: reject }),
  );

/** Each client's way to begin with a ticket and to answer. */
const CLIENTS = {
  async "aws-amplify v5"({ ticket, username }) {
    const { region, userPoolId, clientId, endpoint } = service.config;
    const authenticationFlowType = "CUSTOM_AUTH";
    Auth.configure({ region, userPoolId, userPoolWebClientId: clientId, authenticationFlowType, endpoint });
    const user = await Auth.signIn(username);
    await Auth.sendCustomChallengeAnswer(user, "begin", { method: "email", ticket });
    return { user, answer: (code) => Auth.sendCustomChallengeAnswer(user, code) };
  },
  async "amazon-cognito-identity-js v6"({ ticket, username }) {
    const { userPoolId, clientId, endpoint } = service.config;
    const Pool = new CognitoUserPool({ UserPoolId: userPoolId, ClientId: clientId, endpoint });
    const user = new CognitoUser({ Username: username, Pool });
    user.setAuthenticationFlowType("CUSTOM_AUTH");
    const details = new AuthenticationDetails({ Username: username });
    await outcome((callbacks) => user.initiateAuth(details, callbacks));
    const metadata = { method: "email", ticket };
    await outcome((callbacks) => user.sendCustomChallengeAnswer("begin", callbacks, metadata));
    return {
      user,
      answer: (code) => outcome((callbacks) => user.sendCustomChallengeAnswer(code, callbacks)),
    };
  },
};

/** Refreshes the client's own session; returns its claims. */
async function refreshed(user) {
  const token = user.getSignInUserSession().getRefreshToken();
  const session = await new Promise((resolve, reject) =>
    user.refreshSession(token, (error, session) => (error ? reject(error) : resolve(session))),
  );
  return session.getIdToken().payload;
}

const subject = (token) => JSON.parse(Buffer.from(token.split(".")[1], "base64url")).sub;
const accessToken = (user) => user.getSignInUserSession().getAccessToken().getJwtToken();

for (const [number, [name, begin]] of Object.entries(CLIENTS).entries()) {
  test(`${name} shows a contact after a refresh, and a late change after a new sign-in`, async () => {
    const email = `${crypto.randomUUID()}@example.com`;
    const latchstring = new Latchstring(service.config);
    await latchstring.answer(
      await latchstring.signIn({ emailOrPhone: email }),
      await service.code(email),
    );
    const input = { emailOrPhone: email, method: "EMAIL" };
    const { user, answer } = await begin(await graphql.signInTicket(input));
    await answer(await service.code(email));

    const phone = `+1212555012${number}`;
    const names = { givenName: "Ada", familyName: "Lovelace" };
    const data = { method: "PHONE_NUMBER", emailOrPhone: phone, ...names };
    const added = await graphql.signUp(accessToken(user), data);
    await respond(added, await service.code(phone));
    assert.equal((await refreshed(user)).phone_number, phone);

    await service.control({ advanceSeconds: 11 * 60 });
    await refreshed(user);
    const other = { method: "EMAIL", emailOrPhone: `${crypto.randomUUID()}@example.com` };
    await assert.rejects(graphql.changeContact(accessToken(user), other), { name: "ReauthRequired" });
    const { AccessToken } = await respond(await graphql.signInSession(input), await service.code(email));
    // The account that is signed in, not one that the contact belongs to meanwhile.
    assert.equal(subject(AccessToken), subject(accessToken(user)));
    const changed = await graphql.changeContact(AccessToken, other);
    await respond(changed, await service.code(other.emailOrPhone));
    assert.equal((await refreshed(user)).email, other.emailOrPhone);
  });

  test(`${name}: a begin with a used or late ticket ends in NotAuthorizedException`, async () => {
    const input = { emailOrPhone: `${crypto.randomUUID()}@example.com`, method: "EMAIL" };
    const used = await graphql.signInTicket(input);
    await begin(used);
    await assert.rejects(begin(used), { code: "NotAuthorizedException" });
    const late = await graphql.signInTicket(input);
    await service.control({ advanceSeconds: 61 });
    await assert.rejects(begin(late), { code: "NotAuthorizedException" });
    assert.equal((await service.messages(input.emailOrPhone)).length, 1);
  });
}
