// The page that is shown, and the change to another.

import { announce, h } from "./dom.js";
import { SLOW, abandon, explain, isBusy } from "./forms.js";
import { t } from "./i18n.js";
import { connect, flow, kindOf, owner, userOf } from "./session.js";
import { isVolatile } from "./storage.js";

const view = document.getElementById("view");

/** The client and the settings of the deployment; null until config.json has come. */
export let service = null;
/** The builders of the pages by name: each returns `{title, body}`. */
let pages = {};
/** The name of the page that is shown. */
let shown = null;
/** The text above the title of the next page. */
let notice = "";
/** The page whose button on the settings page gets the focus; null for the page that was shown. */
let opened = null;
/** Ends the timers and waits of the page that is shown. */
let ends = [];
/** Called when another tab signs in while this page waits; null if the page is then shown again. */
let signedIn = null;
let renders = 0;

const here = () => location.hash.slice(1);
/** The name in the address, or `link` for the link of a message. */
const named = () => (/^[\w-]{13}\./.test(here()) ? "link" : here());
const addressOf = (page) => (page ? `#${page}` : location.pathname + location.search);

/** Registers a function to call when the page that is shown is left. */
export const onLeave = (end) => ends.push(end);

/** Goes to a page, with a notice above its title. The settings page focuses the button that opens `from`. */
export function go(page, { replace = false, say = "", from = null } = {}) {
  notice = say;
  opened = from;
  if (page !== here()) history[replace ? "replaceState" : "pushState"](null, "", addressOf(page));
  return render();
}

/** Shows the page that the address names, or the one that is allowed instead. */
export async function render({ focus = true } = {}) {
  const mine = ++renders;
  abandon();
  for (const end of ends.splice(0)) end();
  let page = "";
  let content;
  try {
    const first = !service;
    service ??= await waiting(connect());
    if (first && service.sessionMode) listenToTabs();
    const user = await service.user();
    if (first && !user) await goOn();
    if (mine !== renders) return;
    if (takeOver(user?.sub ?? null) && named() !== "link") history.replaceState(null, "", addressOf(""));
    page = allowed(Object.hasOwn(pages, named()) ? named() : "", Boolean(user));
    if (page !== named()) history.replaceState(null, "", addressOf(page));
    content = await pages[page](user, here());
  } catch (error) {
    if (mine !== renders) return;
    content = failed(error);
    page = null;
  }
  if (mine !== renders) return;
  show(page, content, focus);
}

/** Goes on with the flow of a tab that was closed, in the first page of this one. */
async function goOn() {
  if (flow.get() || !["", "code"].includes(named())) return;
  const challenge = await service.latchstring.pending();
  // The other was to sign in once more.
  if (!challenge || kindOf(challenge) === "again") return;
  flow.adopt(challenge);
  history.replaceState(null, "", addressOf("code"));
}

/** Forgets the state of another account and sets the notice; returns whether its page was shown. */
function takeOver(sub) {
  const before = owner.get();
  if (sub === before) return false;
  owner.become(sub);
  if (before === null) return false;
  notice = t(sub === null ? "error.NotSignedIn" : "otherUser");
  return true;
}

/** The pages that need no sign-in. */
const PUBLIC = ["link", "undo"];

/** The page, or another instead: some need a sign-in, and the code page needs a flow. */
function allowed(page, signedIn) {
  if (page === "code") {
    const waiting = flow.get();
    if (waiting && (waiting.kind === "undo" || (waiting.kind === "signIn") === !signedIn)) return page;
    return signedIn ? "settings" : "";
  }
  // The app's server deletes an account in session mode.
  if (page === "delete" && service.sessionMode) return "settings";
  if (signedIn) return page || "settings";
  return PUBLIC.includes(page) ? page : "";
}

/** Shows that the first page is being loaded, and later that it takes longer. */
function waiting(promise) {
  const status = view.querySelector(".loading");
  if (status) status.firstElementChild.textContent = t("loading");
  const slow = setTimeout(() => {
    if (status?.isConnected) status.append(h("p", { class: "soft" }, t("slow")));
  }, SLOW);
  return promise.finally(() => clearTimeout(slow));
}

function failed(error) {
  const lost = error.type === "Network" || error.type === "Timeout";
  const { text } = explain(error);
  return {
    title: t(lost ? "unreachable" : "unavailable"),
    body: [
      h("p", {}, text),
      h("button", { class: "primary", type: "button", autofocus: true, onclick: () => render() }, t("retry")),
    ],
  };
}

function show(page, { title, body, signedIn: other = null }, focus) {
  signedIn = other;
  const heading = h("h1", { tabindex: "-1" }, title);
  const said = notice && h("p", { class: "notice" }, notice);
  const lasting = isVolatile() && !service?.sessionMode && ["", "settings"].includes(page) && h("p", { class: "hint" }, t("volatile"));
  document.title = `${title} · Latchstring`;
  view.removeAttribute("aria-busy");
  view.replaceChildren(...[said, heading, lasting, body].flat().filter(Boolean));
  const opener = page === "settings" && !notice && view.querySelector(`[data-opens="${opened ?? shown}"]`);
  shown = page;
  opened = null;
  if (!focus) return;
  announce(notice ? `${notice} ${title}` : title);
  notice = "";
  (opener || view.querySelector("[autofocus]:enabled") || heading).focus();
}

/**
 * Verifies that the user of the page is still signed in: another tab may have signed out, or in to
 * another account. If so, shows the page of the present state and ends the work.
 */
export async function sameUser() {
  const user = await service.user();
  if ((user?.sub ?? null) !== owner.get()) await render();
}

/** The tabs of this browser, which share the cookie; null without session mode. */
let tabs = null;

/** Listens to the other tabs in session mode: nothing that is stored says who is signed in. */
function listenToTabs() {
  tabs = new BroadcastChannel("latchstring");
  tabs.addEventListener("message", ({ data }) => happened(data.sub === null ? null : data));
}

/** Informs the other tabs of who is signed in now. */
export const tell = (user) => tabs?.postMessage({ sub: user?.sub ?? null });

/** Another tab has signed in or out, or changed the account. */
function happened(user) {
  if (user && owner.get() === null && signedIn) return isBusy() || signedIn();
  if ((user?.sub ?? null) !== owner.get()) return render();
  if (shown === "settings" && !isBusy()) return render({ focus: false });
}

/** Shows the page that the address names, and listens to keys, history and other tabs. */
export function start(all) {
  pages = all;
  addEventListener("popstate", () => render());
  // A key that is held down must not submit the form of the next page.
  addEventListener("keydown", (event) => event.repeat && event.key === "Enter" && event.preventDefault(), true);
  addEventListener("storage", ({ key, newValue }) => {
    if (!tabs && (key === null || key.endsWith(".tokens"))) happened(userOf(parsed(newValue)));
  });
  document.querySelector(".brand").addEventListener("click", (event) => (event.preventDefault(), go("")));
  return render();
}

function parsed(text) {
  try {
    return JSON.parse(text ?? "null");
  } catch {
    return null;
  }
}
