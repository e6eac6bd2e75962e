// A service made of scripted replies, which keeps what it was asked.

/** `replies`: one per request, in order: a body, a function of the request, or an Error to fail with. */
export function scripted(...replies) {
  const requests = [];
  const fetch = async (url, init) => {
    const request = {
      url,
      ...init,
      body: init.body && JSON.parse(init.body),
      operation: init.headers["x-amz-target"]?.split(".")[1],
    };
    requests.push(request);
    const next = replies.shift();
    const reply = typeof next === "function" ? await next(request) : next;
    if (reply === undefined) throw new Error(`no reply is scripted for ${request.operation ?? url}`);
    if (reply instanceof Error) throw reply;
    return reply instanceof Response ? reply : Response.json(reply);
  };
  return { fetch, requests };
}

/** A refusal of Cognito's. */
export const refused = (type, status = 400) =>
  Response.json({ __type: type, message: "as Cognito says it" }, { status });

/** A refusal of the API's. */
export const graphqlError = (errorType, message) => ({
  data: null,
  errors: [{ path: ["signIn"], errorType, message }],
});

/** The secret that continues the flow of `begun`, and the name of the flow in links. */
export const RESUME = "resume-1";
export const POINTER = "6bcdefghijklm";

/** The API's answer when a sign-in begins, or is continued. */
export const begun = (session = "session-1", more = {}) => ({
  data: {
    signIn: {
      session,
      username: "ada@example.com",
      codeLength: 6,
      codeAlphabet: "DIGITS",
      expiresIn: 300,
      resendAfter: 30,
      resume: RESUME,
      pointer: POINTER,
      ...more,
    },
  },
});

/** The API's answer when a proof completes a sign-in, or an undo. */
export const completed = (n, field = "signIn") => ({
  data: {
    [field]: {
      tokens: { accessToken: `access-${n}`, idToken: `id-${n}`, refreshToken: `refresh-${n}`, expiresIn: 3600 },
    },
  },
});

/** Cognito's answer that requests the code again. */
export const askedAgain = (session, attemptsLeft = "2", resendAfter = "10") => ({
  ChallengeName: "CUSTOM_CHALLENGE",
  Session: session,
  ChallengeParameters: {
    step: "otp",
    codeLength: "6",
    codeAlphabet: "digits",
    attemptsLeft,
    expiresIn: "250",
    resendAfter,
    resume: RESUME,
    pointer: POINTER,
  },
});

/** Cognito's answer to the first right code of a new user. */
export const claim = (proof) => ({
  ChallengeName: "CUSTOM_CHALLENGE",
  Session: "session-of-claim",
  ChallengeParameters: { step: "claim", codeLength: "6", attemptsLeft: "1", expiresIn: "180", resendAfter: "180", proof },
});

/** Cognito's answer with tokens; `n` makes them distinct. */
export const issued = (n, { rotate = true, expiresIn = 3600 } = {}) => ({
  AuthenticationResult: {
    AccessToken: `access-${n}`,
    IdToken: `id-${n}`,
    ...(rotate && { RefreshToken: `refresh-${n}` }),
    ExpiresIn: expiresIn,
    TokenType: "Bearer",
  },
  ChallengeParameters: {},
});

export const CONFIG = {
  graphqlUrl: "https://api.example.com/graphql",
  apiKey: "da2-key",
  clientId: "client1",
  region: "eu-central-1",
};

export const HTTP = { url: "https://api.example.com" };

/** A token that names its pool and app client, as Cognito's do. */
export const jwt = (claims) =>
  ["{}", JSON.stringify({ iss: "https://cognito-idp.eu-west-1.amazonaws.com/eu-west-1_a", client_id: "client2", ...claims }), ""]
    .map((part) => Buffer.from(part).toString("base64url"))
    .join(".");

/** The HTTP door's answer when a flow begins, is continued, or its code is sent once more. */
export const asked = (continuation = "continuation-1", more = {}) => ({
  continuation,
  codeLength: 6,
  codeAlphabet: "digits",
  expiresIn: 300,
  resendAfter: 30,
  resume: RESUME,
  pointer: POINTER,
  ...more,
});

/** The HTTP door's answer to a wrong code. */
export const wrong = (continuation, attemptsLeft = 2) => ({
  status: "wrong",
  continuation,
  attemptsLeft,
  expiresIn: 250,
  resendAfter: 10,
});

/** The HTTP door's answer to a right code. */
export const signedIn = (n, { isNew = false, sub = "account-1" } = {}) => ({
  status: "signed_in",
  isNew,
  tokens: { accessToken: jwt({ sub, jti: n }), idToken: `id-${n}`, refreshToken: `refresh-${n}`, expiresIn: 3600 },
});

/** A problem of the HTTP door. */
export const problem = (name, status, more = {}) =>
  Response.json(
    { type: `urn:latchstring:error:${name}`, title: name, status, detail: `${name}, for people`, ...more },
    { status, headers: { "content-type": "application/problem+json" } },
  );

/** A promise and its ends. */
export function deferred() {
  let resolve, reject;
  const promise = new Promise((yes, no) => ([resolve, reject] = [yes, no]));
  return { promise, resolve, reject };
}
