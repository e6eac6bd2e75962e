// The state that a tab keeps over a reload, and the client.

import { createSessionClient } from "./latchstring-session.js";
import { Latchstring, LatchstringError, claims } from "./latchstring.js";
import { local, session } from "./storage.js";

const isObject = (value) => typeof value === "object" && value !== null && !Array.isArray(value);
const isText = (value) => typeof value === "string";
const isNumber = (value) => Number.isFinite(value);

/** A stored value; null if it is missing or malformed. */
function read(key, isValid) {
  try {
    const value = JSON.parse(session.getItem(key) ?? "null");
    return isValid(value) ? value : null;
  } catch {
    return null;
  }
}

const write = (key, value) => session.setItem(key, JSON.stringify(value));

const FLOW = "latchstring.flow";
const KINDS = ["signIn", "again", "signUp", "changeContact", "undo"];
/** The errors that end a code. */
export const ENDS = [
  "CodeExpired",
  "AttemptsSpent",
  "FlowOver",
  "InvalidProof",
  "ContactInUse",
  "ChangeHeld",
  "NothingToUndo",
  "NotAdmitted",
];

function isFlow(value) {
  if (!isObject(value) || !isObject(value.challenge) || !isObject(value.input)) return false;
  const { challenge, kind, ended, tried, until, lasts, again, waits } = value;
  const { session, username, emailOrPhone, method, codeLength, expiresAt } = challenge;
  return (
    KINDS.includes(kind) &&
    [session, username, emailOrPhone].every(isText) &&
    ["EMAIL", "PHONE_NUMBER"].includes(method) &&
    Number.isInteger(codeLength) && codeLength > 0 && codeLength < 20 &&
    (ended === null || ENDS.includes(ended)) &&
    Array.isArray(tried) && tried.every(isText) &&
    [expiresAt, until, lasts].every(isNumber) &&
    (again === null || (isNumber(again) && isNumber(waits)))
  );
}

/** The time of a monotonic clock, which a change of the device's clock does not move. */
const now = () => performance.timeOrigin + performance.now();

/** The times of a challenge by that clock, with their lengths as upper limits. */
function deadlines({ expiresAt, resendAt, refused }) {
  const lasts = expiresAt - Date.now();
  let waits = resendAt === null ? null : resendAt - Date.now();
  if (waits !== null && refused?.retryAfter) waits = Math.max(waits, refused.retryAfter * 1000);
  if (waits !== null && waits >= lasts) waits = null;
  return { until: now() + lasts, lasts, again: waits === null ? null : now() + waits, waits };
}

const left = (at, length) => Math.min(Math.max(0, at - now()), Math.max(0, length));

/** The kind of a flow, as far as its challenge has it. */
export const kindOf = ({ purpose, sub, existingOnly }) =>
  purpose === "contact" ? "changeContact" : sub || existingOnly ? "again" : purpose;

/**
 * The flow of the tab: `{challenge, kind, input, ended, tried}` and its times. `kind` is `signIn`,
 * `again` (reauthentication), `signUp`, `changeContact` or `undo`; `input` begins it again; `ended` is the
 * type of the error that ended it; `tried` are the wrong codes.
 */
export const flow = {
  get: () => read(FLOW, isFlow),
  begin: (kind, input, challenge) =>
    write(FLOW, { kind, input, challenge, ended: null, tried: [], ...deadlines(challenge) }),
  /** Stores the next challenge, unless another flow has begun meanwhile. */
  next(before, challenge, tried = before.tried) {
    if (flow.get()?.challenge.session !== before.challenge.session) return;
    write(FLOW, { ...before, challenge, tried, ...deadlines(challenge) });
  },
  /** Goes on with a flow of the client's storage, after the end of its tab or in another one. */
  adopt(challenge) {
    const { emailOrPhone, method } = challenge;
    flow.begin(kindOf(challenge), { emailOrPhone, method }, challenge);
  },
  end: (type) => write(FLOW, { ...flow.get(), ended: type }),
  clear: () => session.removeItem(FLOW),
  /** Milliseconds until the code expires. */
  lasts: ({ until, lasts }) => left(until, lasts),
  /** Milliseconds until a resend is allowed; null if never. */
  waits: ({ again, waits }) => (again === null ? null : left(again, waits)),
};

const DRAFTS = "latchstring.drafts";
const isDrafts = (value) => isObject(value) && Object.values(value).every((draft) => isObject(draft) && Object.values(draft).every(isText));

/** The text that was typed into the form of a page, by field. */
export function draftOf(page) {
  const all = () => read(DRAFTS, isDrafts) ?? {};
  const own = (drafts) => (Object.hasOwn(drafts, page) ? drafts[page] : {});
  return {
    get: (name) => (Object.hasOwn(own(all()), name) ? own(all())[name] : undefined),
    set(name, value) {
      const drafts = all();
      write(DRAFTS, { ...drafts, [page]: { ...own(drafts), [name]: value } });
    },
    drop() {
      const { [page]: _, ...others } = all();
      write(DRAFTS, others);
    },
  };
}

const AFTER = "latchstring.after";
/** The page to return to after reauthentication. */
export const after = {
  get: () => session.getItem(AFTER) ?? "settings",
  set: (page) => session.setItem(AFTER, page),
};

const OWNER = "latchstring.owner";
/** The account that the state of this tab belongs to: its `sub`; null before a sign-in. */
export const owner = {
  get: () => session.getItem(OWNER),
  /** Sets the account, and forgets the state of another one. */
  become(sub) {
    if (sub === owner.get()) return;
    forget();
    if (sub !== null) session.setItem(OWNER, sub);
  },
};

const PROFILE = "latchstring.profile";
const ATTRIBUTES = ["email", "phone_number", "given_name", "family_name"];
const isProfile = (value) => isObject(value) && Object.values(value).every(isText);

/**
 * What this tab learned of the account in session mode: what was proved or saved in it. There a page
 * cannot read the account's attributes.
 */
export const profile = {
  get: () => read(PROFILE, isProfile) ?? {},
  learn(learned) {
    const news = Object.entries(learned).filter(([name, value]) => ATTRIBUTES.includes(name) && isText(value));
    write(PROFILE, { ...profile.get(), ...Object.fromEntries(news) });
  },
};

/** Forgets everything of the account in this tab. */
export function forget() {
  for (const key of [FLOW, DRAFTS, AFTER, OWNER, PROFILE]) session.removeItem(key);
}

/** The claims of the signed-in user; null if the tokens cannot be read. */
export function userOf(tokens) {
  try {
    const user = tokens && claims(tokens.idToken);
    return typeof user?.sub === "string" ? user : null;
  } catch {
    return null;
  }
}

/** Returns true for an error of a client. Each of the two has its own class. */
export const isOfClient = (error) => error instanceof Error && error.name === "LatchstringError";

/** The seconds for which a sign-in is recent, if config.json has none. */
const FRESH_SECONDS = 600;
/** The time limit of config.json in milliseconds. */
const PATIENCE = 20_000;

/**
 * The client, set up as the deployment's config.json says, and `user`, who returns the signed-in user:
 * the account's `sub` and the attributes that are known. Tabs share its tokens, or the cookie.
 */
export async function connect() {
  let config;
  try {
    const response = await fetch("config.json", { cache: "no-store", signal: AbortSignal.timeout(PATIENCE) });
    if (!response.ok) throw new LatchstringError("Unavailable");
    config = await response.json();
  } catch (error) {
    if (isOfClient(error)) throw error;
    // The response is not from the service.
    if (error instanceof SyntaxError) throw new LatchstringError("Unavailable");
    throw new LatchstringError(error.name === "TimeoutError" ? "Timeout" : "Network", undefined, { cause: error });
  }
  if (!isObject(config)) throw new LatchstringError("Unavailable");
  const freshSeconds = isNumber(config.freshSeconds) ? config.freshSeconds : FRESH_SECONDS;
  if (config.sessionMode === true) return { ...byCookie(config), freshSeconds, sessionMode: true };
  if (![config.graphqlUrl, config.apiKey, config.clientId].every(isText)) throw new LatchstringError("Unavailable");
  return { ...byTokens(config), freshSeconds, sessionMode: false };
}

/** The app client of this tab: that of `?client=`, if the deployment serves it, else the first one. */
function clientOf({ clients, clientId }) {
  const named = new URLSearchParams(location.search).get("client");
  if (named) session.setItem(CLIENT, named);
  const kept = session.getItem(CLIENT);
  return Array.isArray(clients) && clients.includes(kept) ? kept : clientId;
}

function byTokens(config) {
  const latchstring = new Latchstring({ ...config, clientId: clientOf(config), storage: local });
  const user = async () => {
    const tokens = await latchstring.tokens();
    const user = userOf(tokens);
    if (tokens && !user) await latchstring.signOut().catch(() => {});
    return user;
  };
  return { latchstring, user };
}

/** In session mode: the browser holds a cookie that no script can read, and no page sees a token. */
function byCookie({ url }) {
  // Of a time before session mode.
  for (const key of local.keys()) if (/^latchstring\..*\.tokens$/.test(key)) local.removeItem(key);
  const latchstring = createSessionClient({ url: isText(url) ? url : location.origin, storage: local });
  const user = async () => {
    const found = await latchstring.session();
    return found && { ...(found.sub === owner.get() && profile.get()), sub: found.sub };
  };
  return { latchstring, user };
}

const CLIENT = "latchstring.client";

const SHARED = "latchstring.shared-device";

/** The choice to remember this device (docs/budgets.md): yes, unless it was marked as shared. */
export const device = {
  wanted: () => local.getItem(SHARED) === null,
  want: (wanted) => (wanted ? local.removeItem(SHARED) : local.setItem(SHARED, "yes")),
  /** Applies the choice: after each sign-in and each new contact, while the sign-in is recent. */
  keep: async (latchstring) => (device.wanted() ? latchstring.rememberDevice() : latchstring.forgetDevice()),
};
