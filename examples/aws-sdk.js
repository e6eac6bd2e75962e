// AWS SDK for JavaScript v3: signIn gives a session, and the SDK answers it.
import assert from "node:assert/strict";
import {
  CognitoIdentityProviderClient,
  GetTokensFromRefreshTokenCommand,
  GlobalSignOutCommand,
  InitiateAuthCommand,
  NotAuthorizedException,
  RespondToAuthChallengeCommand,
  RevokeTokenCommand,
} from "@aws-sdk/client-cognito-identity-provider";
import { signInSession } from "./graphql.js";
import { claims, config, readCode, unusedAddress, wrong } from "./local.js";

// docs: aws-sdk
const cognito = new CognitoIdentityProviderClient({
  region: config.region,
  endpoint: config.endpoint, // for the local service only
  // These calls are not signed; without this the SDK may look for credentials.
  credentials: { accessKeyId: "none", secretAccessKey: "none" },
});

const respond = ({ session, username }, answer, metadata) =>
  cognito.send(
    new RespondToAuthChallengeCommand({
      ClientId: config.clientId,
      ChallengeName: "CUSTOM_CHALLENGE",
      Session: session, // each reply brings a new one
      ChallengeResponses: { USERNAME: username, ANSWER: answer },
      ClientMetadata: metadata,
    }),
  );

/** Answers with the code: tokens, or the challenge to go on with. */
async function answer(input, challenge, code) {
  const reply = await respond(challenge, code);
  if (reply.AuthenticationResult) return { tokens: reply.AuthenticationResult };
  const { step, proof, attemptsLeft } = reply.ChallengeParameters;
  if (step !== "claim") {
    return { challenge: { ...challenge, session: reply.Session }, attemptsLeft: Number(attemptsLeft) };
  }
  const claimed = await respond(await signInSession({ ...input, proof }), proof);
  return { tokens: claimed.AuthenticationResult };
}

/** Has the same code sent once more. */
const resend = (challenge) => respond(challenge, "resend", { action: "resend" });
// end

const input = { emailOrPhone: unusedAddress(), method: "EMAIL" };
const ClientId = config.clientId;

for (const time of ["first", "second"]) {
  const asked = await signInSession(input);
  const code = await readCode(input.emailOrPhone);
  const again = await answer(input, asked, wrong(code));
  assert.equal(again.attemptsLeft, 2);
  await assert.rejects(respond(asked, code), NotAuthorizedException, "a session is used once");
  const { Session: session } = await resend(again.challenge);
  const { tokens } = await answer(input, { ...asked, session }, code);
  assert.equal(claims(tokens.IdToken).email, input.emailOrPhone, `the ${time} sign-in`);

  const { RefreshToken } = tokens;
  const renewals = [
    new GetTokensFromRefreshTokenCommand({ ClientId, RefreshToken }),
    new InitiateAuthCommand({
      ClientId,
      AuthFlow: "REFRESH_TOKEN_AUTH",
      AuthParameters: { REFRESH_TOKEN: RefreshToken },
    }),
  ];
  for (const renewal of renewals) {
    const { AuthenticationResult } = await cognito.send(renewal);
    assert.equal(claims(AuthenticationResult.IdToken).sub, claims(tokens.IdToken).sub);
  }

  const signOut =
    time === "first"
      ? new RevokeTokenCommand({ ClientId, Token: RefreshToken })
      : new GlobalSignOutCommand({ AccessToken: tokens.AccessToken });
  await cognito.send(signOut);
  await assert.rejects(cognito.send(renewals[0]), NotAuthorizedException);
}
