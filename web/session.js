// What a tab remembers over a reload, and the client.

import { Latchstring } from "./latchstring.js";
import { local, session } from "./storage.js";

const FLOW = "latchstring.flow";

/**
 * The code that is waited for: `{challenge, kind, input, ended, tried}`. `kind` is `signIn`, `again`
 * (of somebody signed in, to be fresh), `signUp` or `changeContact`; `input` begins it once more;
 * `ended` is the type of the error that ended it. A tab has its own.
 */
export const flow = {
  get: () => {
    try {
      return JSON.parse(session.getItem(FLOW) ?? "null");
    } catch {
      return null;
    }
  },
  set: (value) => session.setItem(FLOW, JSON.stringify(value)),
  clear: () => session.removeItem(FLOW),
};

/** The client, set up as the deployment's config.json says. Tabs share its tokens. */
export async function connect() {
  const response = await fetch("config.json", { cache: "no-store", signal: AbortSignal.timeout(20_000) });
  return new Latchstring({ ...(await response.json()), storage: local });
}

const SHARED = "latchstring.shared-device";

/** Whether this device is to be known (docs/budgets.md says what for): unless its people said that they share it. */
export const device = {
  wanted: () => local.getItem(SHARED) === null,
  want: (wanted) => (wanted ? local.removeItem(SHARED) : local.setItem(SHARED, "yes")),
  /** For the contacts that are on the account now. */
  keep: (latchstring) => (device.wanted() ? latchstring.rememberDevice() : latchstring.forgetDevice()),
};
