// The local service's inbox.

import { h } from "./dom.js";
import { chooser, t } from "./i18n.js";
import { article, watch } from "./messages.js";

const SHOWN = 50;
const list = document.getElementById("messages");
/** The item of each message by its key. */
const shown = new Map();
/** The key of a message. A restarted service counts its messages from the beginning. */
const keyOf = ({ id, sentAt }) => `${id} ${sentAt}`;

function words() {
  document.title = `${t("inbox.title")} · Latchstring`;
  document.getElementById("title").textContent = t("inbox.title");
  document.getElementById("what").textContent = t("inbox.what");
}

/** Adds only the new messages: a screen reader says each once, and the others stay in place. */
function show(messages) {
  const wanted = messages.slice(0, SHOWN);
  document.getElementById("empty")?.remove();
  if (!wanted.length) list.before(h("p", { id: "empty", class: "soft" }, t("inbox.empty")));
  const keys = new Set(wanted.map(keyOf));
  for (const [key, item] of shown) {
    if (keys.has(key)) continue;
    item.remove();
    shown.delete(key);
  }
  for (const message of wanted.filter((message) => !shown.has(keyOf(message))).reverse()) {
    const item = h("li", {}, article(message));
    shown.set(keyOf(message), item);
    list.prepend(item);
  }
}

chooser(document.getElementById("language"), () => {
  words();
  shown.clear();
  list.replaceChildren();
  look();
});
words();
const look = watch(show, (failed) => {
  document.getElementById("connection").textContent = failed ? t("error.Network") : "";
});
