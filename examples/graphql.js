// The public mutations, which every client calls first.
import { config } from "./local.js";

// docs: graphql
async function mutate(field, result, input) {
  const response = await fetch(config.graphqlUrl, {
    method: "POST",
    headers: { "content-type": "application/json", "x-api-key": config.apiKey },
    body: JSON.stringify({
      query: `mutation ($input: SignInInput!) { ${field}(input: $input) { ${result} } }`,
      variables: { input },
    }),
  });
  const { data, errors } = await response.json();
  if (errors) throw Object.assign(new Error(errors[0].message), { name: errors[0].errorType });
  return data[field];
}

// With `proof` in the input they make the account, and send nothing.
export const signInSession = (input) => mutate("signIn", "session username", input);
export const signInTicket = (input) => mutate("signInTicket", "ticket username", input);
// end
