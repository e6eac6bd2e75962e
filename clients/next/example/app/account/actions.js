"use server";

import { getAccessToken } from "../../latchstring";

/** Calls an API for the user. The token stays on this server; the page gets the API's answer. */
export async function askApi() {
  const accessToken = await getAccessToken();
  if (!accessToken) return "You are not signed in.";
  const response = await fetch(process.env.API_URL, {
    headers: { authorization: `Bearer ${accessToken}` },
    cache: "no-store",
    signal: AbortSignal.timeout(10_000),
  });
  return response.ok ? response.text() : `The API answered ${response.status}.`;
}
