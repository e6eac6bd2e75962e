import { protect } from "@latchstring/next/proxy";

export const proxy = protect({ signInPage: "/sign-in" });

export const config = { matcher: ["/account/:path*"] };
