// What was sent, for the local service's inbox and its pane beside the pages.

import { h } from "./dom.js";
import { language, t } from "./i18n.js";

/** Newest first. */
export async function fetchMessages() {
  const response = await fetch("/inbox.json", { cache: "no-store", signal: AbortSignal.timeout(5_000) });
  return response.json();
}

/** Looks again and again while the page is seen, and hands on what changed. */
export function watch(show, failed) {
  let last;
  const look = async () => {
    if (document.hidden) return;
    try {
      const messages = await fetchMessages();
      failed(false);
      const state = `${language} ${messages.length} ${messages[0]?.id}`;
      if (state !== last) show(messages);
      last = state;
    } catch {
      failed(true);
    }
  };
  (async () => {
    for (;;) {
      await look();
      await new Promise((done) => setTimeout(done, 1000));
    }
  })();
  return look;
}

/** One message, with what else can be done with its code. */
export function article({ channel, to, subject, text, code, sentAt }, ...more) {
  const time = new Intl.DateTimeFormat(language, { timeStyle: "medium" }).format(new Date(sentAt));
  const copy = h(
    "button",
    {
      class: "secondary small",
      type: "button",
      onclick: async () => {
        await navigator.clipboard.writeText(code);
        copy.textContent = t("inbox.copied");
        setTimeout(() => (copy.textContent = t("inbox.copy")), 2000);
      },
    },
    t("inbox.copy"),
  );
  return h(
    "article",
    { class: "message" },
    h(
      "p",
      { class: "soft" },
      h("span", { class: "tag" }, t(`inbox.${channel}`)),
      h("bdi", {}, to),
      h("time", { datetime: sentAt }, time),
    ),
    subject && h("h2", {}, subject),
    code && h("p", { class: "actions" }, h("strong", { class: "digits" }, code), ...more, copy),
    h("p", { class: "text" }, text.trim()),
  );
}
