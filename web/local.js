// Only for the local service: shows the last message beside the pages.

import { h } from "./dom.js";
import { t } from "./i18n.js";
import { article, watch } from "./messages.js";

const title = h("h2", { id: "pane-title" });
const what = h("p", { class: "soft" });
const message = h("div", { "aria-live": "polite" });
const link = h("a", { href: "/inbox" });
const api = h("a", { href: "/api" });
const pane = h("aside", { class: "pane", "aria-labelledby": "pane-title" }, title, what, message, h("p", { class: "links" }, link, api));
document.querySelector("main").append(pane);

function use(code) {
  const input = document.getElementById("code");
  if (!input || input.disabled) return;
  input.value = code;
  input.dispatchEvent(new Event("input"));
}

function show([latest]) {
  title.textContent = t("pane.title");
  what.textContent = t(latest ? "pane.here" : "pane.empty");
  link.textContent = t("pane.all");
  api.textContent = t("pane.api");
  message.replaceChildren(
    ...(latest
      ? [
          article(
            latest,
            h("button", { class: "secondary small use", type: "button", onclick: () => use(latest.code) }, t("pane.use")),
          ),
        ]
      : []),
  );
}

const look = watch(show, () => {});
new MutationObserver(look).observe(document.documentElement, { attributeFilter: ["lang"] });
