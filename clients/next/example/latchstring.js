import { latchstring } from "@latchstring/next";

export const { GET, POST, getSession, getAccessToken } = latchstring({
  url: process.env.LATCHSTRING_URL,
  serverCredential: process.env.LATCHSTRING_SERVER_CREDENTIAL,
  // The header in which your host says where a request came from; see the README of the package.
  source: process.env.LATCHSTRING_SOURCE_HEADER,
});
