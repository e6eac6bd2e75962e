// The mutations, which every client calls first.
import { config } from "./local.js";

// docs: graphql
async function mutate(field, type, input, result, credentials) {
  const response = await fetch(config.graphqlUrl, {
    method: "POST",
    headers: { "content-type": "application/json", ...credentials },
    body: JSON.stringify({
      query: `mutation ($input: ${type}!) { ${field}(input: $input) { ${result} } }`,
      variables: { input },
    }),
  });
  const { data, errors } = await response.json();
  if (errors) throw Object.assign(new Error(errors[0].message), { name: errors[0].errorType });
  return data[field];
}

const publicKey = { "x-api-key": config.apiKey };

// With `proof` in the input they make the account, and send nothing.
export const signInSession = (input) =>
  mutate("signIn", "SignInInput", input, "session username", publicKey);
export const signInTicket = (input) =>
  mutate("signInTicket", "SignInInput", input, "ticket username", publicKey);

// With the access token of a recent sign-in. Both send a code to the new contact.
export const signUp = (accessToken, data) =>
  mutate("signUp", "SignUpInput", { data }, "session username", { authorization: accessToken });
export const changeContact = (accessToken, input) =>
  mutate("changeContact", "ChangeContactInput", input, "session username", { authorization: accessToken });
// end
