// The local service's inbox.

import { h } from "./dom.js";
import { chooser, t } from "./i18n.js";
import { article, watch } from "./messages.js";

const SHOWN = 50;
const list = document.getElementById("messages");
const shown = new Map();

function words() {
  document.title = `${t("inbox.title")} · Latchstring`;
  document.getElementById("title").textContent = t("inbox.title");
  document.getElementById("what").textContent = t("inbox.what");
}

/** Only what is new is added, so that a screen reader says it once and nothing else moves. */
function show(messages) {
  const wanted = messages.slice(0, SHOWN);
  document.getElementById("empty")?.remove();
  if (!wanted.length) list.before(h("p", { id: "empty", class: "soft" }, t("inbox.empty")));
  for (const message of wanted.filter(({ id }) => !shown.has(id)).reverse()) {
    const item = h("li", {}, article(message));
    shown.set(message.id, item);
    list.prepend(item);
  }
  for (const item of [...list.children].slice(SHOWN)) item.remove();
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
