// The common part of the examples for aws-amplify v6: signing in.
import { Amplify } from "aws-amplify";
import { confirmSignIn, signIn } from "aws-amplify/auth";
import { signInTicket } from "./graphql.js";
import { config } from "./local.js";

// docs: aws-amplify
Amplify.configure({
  Auth: {
    Cognito: {
      userPoolId: config.userPoolId,
      userPoolClientId: config.clientId,
      userPoolEndpoint: config.endpoint, // for the local service only
    },
  },
});

/** Sends a code; with `proof` it makes the account instead. One new ticket for each call. */
async function begin(input) {
  const { ticket, username } = await signInTicket(input);
  await signIn({ username, options: { authFlowType: "CUSTOM_WITHOUT_SRP" } });
  const clientMetadata = { method: input.method.toLowerCase(), ticket };
  await confirmSignIn({ challengeResponse: "begin", options: { clientMetadata } });
}

/** Answers with the code: signed in, or how many attempts are left. */
async function answer(input, code) {
  const { isSignedIn, nextStep } = await confirmSignIn({ challengeResponse: code });
  if (isSignedIn) return { isSignedIn };
  const { step, proof, attemptsLeft } = nextStep.additionalInfo;
  if (step !== "claim") return { isSignedIn, attemptsLeft: Number(attemptsLeft) };
  await begin({ ...input, proof });
  return confirmSignIn({ challengeResponse: proof });
}

/** Sends the same code once more. */
const resend = () =>
  confirmSignIn({ challengeResponse: "resend", options: { clientMetadata: { action: "resend" } } });
// end

export { answer, begin, resend };
