import type { NextRequest } from "next/server.js";
import { COOKIE, idOf } from "./cookie.js";

/** The settings of `protect`. */
export interface ProtectConfig {
  /** The path of the page on which people sign in. It must not be protected itself. */
  signInPage: string;
}

/**
 * Makes the `proxy` of an app: it sends requests without the cookie of a session to the sign-in page.
 * It looks at the cookie alone and makes no call, so it is a convenience and no guard: each page and action
 * that needs a user calls `getSession`.
 */
export function protect({ signInPage }: ProtectConfig): (request: NextRequest) => Response | undefined {
  return (request) => {
    if (idOf(request.cookies.get(COOKIE)?.value)) return undefined;
    const url = request.nextUrl.clone();
    url.pathname = signInPage;
    url.search = "";
    // 303: what follows is a GET, whatever the request was.
    return new Response(null, { status: 303, headers: { location: url.toString(), "cache-control": "no-store" } });
  };
}
