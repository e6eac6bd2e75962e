// The state that a tab keeps over a reload, and the client.

import { Latchstring, LatchstringError } from "./latchstring.js";
import { local, session } from "./storage.js";

const isObject = (value) => typeof value === "object" && value !== null && !Array.isArray(value);
const isText = (value) => typeof value === "string";
const isNumber = (value) => Number.isFinite(value);

/** A stored value; null if there is none, or none that the pages wrote. */
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
const KINDS = ["signIn", "again", "signUp", "changeContact"];
/** The errors that end a code. */
export const ENDS = ["CodeExpired", "AttemptsSpent", "FlowOver", "InvalidProof", "ContactInUse"];

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

/** The time by a clock that goes on evenly while the page is open, whatever happens to the device's. */
const now = () => performance.timeOrigin + performance.now();

/** The times of a challenge by that clock, with their lengths, which no change of clocks extends. */
function deadlines({ expiresAt, resendAt, refused }) {
  const lasts = expiresAt - Date.now();
  let waits = resendAt === null ? null : resendAt - Date.now();
  if (waits !== null && refused?.retryAfter) waits = Math.max(waits, refused.retryAfter * 1000);
  if (waits !== null && waits >= lasts) waits = null;
  return { until: now() + lasts, lasts, again: waits === null ? null : now() + waits, waits };
}

const left = (at, length) => Math.min(Math.max(0, at - now()), Math.max(0, length));

/**
 * The code that the tab waits for: `{challenge, kind, input, ended, tried}` and its times. `kind` is
 * `signIn`, `again` (the sign-in must be recent), `signUp` or `changeContact`; `input` begins it once
 * more; `ended` is the type of the error that ended it; `tried` are the wrong codes.
 */
export const flow = {
  get: () => read(FLOW, isFlow),
  begin: (kind, input, challenge) =>
    write(FLOW, { kind, input, challenge, ended: null, tried: [], ...deadlines(challenge) }),
  /** Goes on with the next challenge, unless another flow has begun meanwhile. */
  next(before, challenge, tried = before.tried) {
    if (flow.get()?.challenge.session !== before.challenge.session) return;
    write(FLOW, { ...before, challenge, tried, ...deadlines(challenge) });
  },
  end: (type) => write(FLOW, { ...flow.get(), ended: type }),
  clear: () => session.removeItem(FLOW),
  /** Milliseconds that the code is good for. */
  lasts: ({ until, lasts }) => left(until, lasts),
  /** Milliseconds until it may be sent again; null if never. */
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
/** The page to go back to after signing in once more. */
export const after = {
  get: () => session.getItem(AFTER) ?? "settings",
  set: (page) => session.setItem(AFTER, page),
};

const OWNER = "latchstring.owner";
/** The account that the state of this tab belongs to: its `sub`; null before a sign-in. */
export const owner = {
  get: () => session.getItem(OWNER),
  /** Takes over for an account, and forgets what belonged to another one. */
  become(sub) {
    if (sub === owner.get()) return;
    forget();
    if (sub !== null) session.setItem(OWNER, sub);
  },
};

/** Forgets everything of the account in this tab. */
export function forget() {
  for (const key of [FLOW, DRAFTS, AFTER, OWNER]) session.removeItem(key);
}

/** Sign-ins count as recent for so many seconds, unless config.json says otherwise. */
const FRESH_SECONDS = 600;
/** Milliseconds that config.json may take. */
const PATIENCE = 20_000;

/** The client, set up as the deployment's config.json says. Tabs share its tokens. */
export async function connect() {
  let config;
  try {
    const response = await fetch("config.json", { cache: "no-store", signal: AbortSignal.timeout(PATIENCE) });
    if (!response.ok) throw new LatchstringError("Unavailable");
    config = await response.json();
  } catch (error) {
    if (error instanceof LatchstringError) throw error;
    // What answered is not the service.
    if (error instanceof SyntaxError) throw new LatchstringError("Unavailable");
    throw new LatchstringError(error.name === "TimeoutError" ? "Timeout" : "Network", undefined, { cause: error });
  }
  if (!isObject(config) || ![config.graphqlUrl, config.apiKey, config.clientId].every(isText)) {
    throw new LatchstringError("Unavailable");
  }
  const freshSeconds = isNumber(config.freshSeconds) ? config.freshSeconds : FRESH_SECONDS;
  return { latchstring: new Latchstring({ ...config, storage: local }), freshSeconds };
}

const SHARED = "latchstring.shared-device";

/** Whether to remember this device (docs/budgets.md): unless it was marked as shared. */
export const device = {
  wanted: () => local.getItem(SHARED) === null,
  want: (wanted) => (wanted ? local.removeItem(SHARED) : local.setItem(SHARED, "yes")),
  /** To be called after each sign-in and each new contact, while the sign-in is recent. */
  keep: (latchstring) => (device.wanted() ? latchstring.rememberDevice() : latchstring.forgetDevice()),
};
