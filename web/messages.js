// The sent messages, for the local service's inbox and its pane beside the pages.

import { announce, h } from "./dom.js";
import { language, locale, t } from "./i18n.js";

/** Returns the messages, newest first. */
export async function fetchMessages() {
  const response = await fetch("/inbox.json", { cache: "no-store", signal: AbortSignal.timeout(5_000) });
  return response.json();
}

/** Polls the messages while the page is visible, and calls `show` when they changed. */
export function watch(show, failed) {
  let last;
  const look = async () => {
    if (document.hidden) return;
    try {
      const messages = await fetchMessages();
      failed(false);
      const state = `${language} ${messages.length} ${messages[0]?.id} ${messages[0]?.sentAt}`;
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

/** The address of a link in a message: with a fragment. */
const LINK = /https?:\/\/\S+#[\w.-]*[\w-]/;

/** One message, with more buttons for its code. */
export function article({ channel, to, subject, text, code, sentAt }, ...more) {
  const [address] = text.match(LINK) ?? [];
  const link = address && h("a", { href: address, target: "_blank", rel: "noopener" }, t("inbox.link"));
  const time = new Intl.DateTimeFormat(locale(), { timeStyle: "medium" }).format(new Date(sentAt));
  const digits = h("strong", { class: "digits" }, code);
  const copy = h(
    "button",
    {
      class: "secondary small",
      type: "button",
      onclick: async () => {
        try {
          await navigator.clipboard.writeText(code);
          copy.textContent = t("inbox.copied");
        } catch {
          // Blocked, or not a secure context: the code can be copied by hand.
          getSelection().selectAllChildren(digits);
          copy.textContent = t("inbox.notCopied");
        }
        announce(copy.textContent);
        setTimeout(() => (copy.textContent = t("inbox.copy")), 4000);
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
    code && h("p", { class: "actions" }, digits, ...more, copy, link),
    !code && link && h("p", { class: "actions" }, link),
    h("p", { class: "text" }, text.trim()),
  );
}
