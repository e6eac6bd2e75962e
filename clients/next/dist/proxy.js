import { COOKIE, idOf } from "./cookie.js";
/**
 * Makes the `proxy` of an app: it sends requests without the cookie of a session to the sign-in page.
 * It looks at the cookie alone and makes no call, so it is a convenience and no guard: each page and action
 * that needs a user calls `getSession`.
 */
export function protect({ signInPage }) {
    return (request) => {
        if (idOf(request.cookies.get(COOKIE)?.value))
            return undefined;
        const url = request.nextUrl.clone();
        url.pathname = signInPage;
        url.search = "";
        // 303: what follows is a GET, whatever the request was.
        return new Response(null, { status: 303, headers: { location: url.toString(), "cache-control": "no-store" } });
    };
}
