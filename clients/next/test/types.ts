// How an app in TypeScript uses the package. It is compiled and never run.
import { type BrowserSession, latchstring, LatchstringError } from "@latchstring/next";
import { protect } from "@latchstring/next/proxy";
import type { NextRequest } from "next/server.js";

export const { GET, POST, getSession, getAccessToken } = latchstring({
  url: process.env.LATCHSTRING_URL,
  serverCredential: process.env.LATCHSTRING_SERVER_CREDENTIAL,
  source: (headers) => headers.get("x-real-ip"),
});
export const proxy: (request: NextRequest) => Response | undefined = protect({ signInPage: "/sign-in" });
export const answered: Promise<Response> = GET(new Request("https://app.example.com/api/latchstring/v1/session"));
const session: BrowserSession | null = await getSession();
// @ts-expect-error: there may be no user
session.sub;
const token: string | null = await getAccessToken();
// @ts-expect-error: the address and the credential belong together
latchstring({ url: "https://api.example.com" });
// @ts-expect-error: there is no page of this name
protect({ loginPage: "/login" });
export const told = [token, new LatchstringError("Unavailable", "why").type];
