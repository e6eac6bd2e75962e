// The browser sessions of the account, in session mode: where it is signed in.

import { h } from "./dom.js";
import { explain, form, perform, problemLine } from "./forms.js";
import { locale, t } from "./i18n.js";
import { go, sameUser, service } from "./router.js";

const FAMILIES = {
  chrome: "Chrome",
  edge: "Edge",
  firefox: "Firefox",
  opera: "Opera",
  safari: "Safari",
  samsung: "Samsung Internet",
};
const SYSTEMS = {
  android: "Android",
  chrome_os: "ChromeOS",
  ios: "iOS",
  linux: "Linux",
  mac_os: "macOS",
  windows: "Windows",
};

const named = (names, name) => (Object.hasOwn(names, name) ? names[name] : null);

/** The name of a browser, as it calls itself. */
function nameOf({ family, system }) {
  const [browser, on] = [named(FAMILIES, family), named(SYSTEMS, system)];
  if (browser && on) return t("sessions.on", { browser, system: on });
  return browser ?? (on ? t("sessions.on", { browser: t("sessions.browser"), system: on }) : t("sessions.unknown"));
}

/** The list of the sessions, each of which but this one can be ended; the problem if it cannot be read. */
export async function sessionList() {
  let sessions;
  try {
    sessions = await service.latchstring.sessions();
  } catch (error) {
    return h("p", { class: "hint" }, explain(error).text);
  }
  const order = (one, other) => other.isCurrent - one.isCurrent || other.lastUsedAt - one.lastUsedAt;
  const list = h("ul", { class: "sessions" }, ...sessions.sort(order).map(item));
  return form(() => {}, list, problemLine("sessions-problem"));
}

function item(entry) {
  const { browsers, isCurrent, openedAt, lastUsedAt } = entry;
  const name = new Intl.ListFormat(locale(), { type: "unit" }).format(browsers.map(nameOf)) || t("sessions.unknown");
  const time = (seconds) => new Intl.DateTimeFormat(locale(), { dateStyle: "medium", timeStyle: "short" }).format(seconds * 1000);
  return h(
    "li",
    {},
    h("strong", {}, name),
    isCurrent
      ? h("span", { class: "tag" }, t("sessions.here"))
      : h(
          "button",
          { class: "quiet", type: "button", "aria-label": t("sessions.end.label", { name }), onclick: ({ target }) => end(target, entry, name) },
          t("sessions.end"),
        ),
    h("p", { class: "soft" }, t("sessions.since", { time: time(openedAt) }), h("br"), t("sessions.used", { time: time(lastUsedAt) })),
  );
}

const end = (button, entry, name) =>
  perform(button.form, async (signal) => {
    await sameUser();
    signal.throwIfAborted();
    await service.latchstring.revoke(entry.handle);
    signal.throwIfAborted();
    await go("settings", { replace: true, say: t("done.ended", { name }) });
  });
