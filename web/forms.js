// The parts that all forms share: fields, problems, waiting.

import { h } from "./dom.js";
import { countries, likelyRegion, looksLikeNumber, callingCode, regionOf, suggestion } from "./identifier.js";
import { language, t } from "./i18n.js";
import { reason } from "./reasons.js";
import { isOfClient } from "./session.js";

/** The milliseconds after which the page says that it is still waiting. */
export const SLOW = 3_000;

/** A problem of a form in the words of the page, and the fields that it is about. */
export class Complaint extends Error {
  constructor(key, values = {}, ...fields) {
    super(key);
    Object.assign(this, { key, values, fields });
  }
}

/** Words for a number of seconds from now: "in 12 minutes". */
export function inTime(seconds) {
  const [count, unit] = seconds < 60 ? [seconds, "second"] : seconds < 7_200 ? [seconds / 60, "minute"] : [seconds / 3_600, "hour"];
  return new Intl.RelativeTimeFormat(language).format(Math.ceil(count), unit);
}

const FIELDS = { InvalidIdentifier: ["contact"], ContactInUse: ["contact"], InvalidName: ["givenName", "familyName"] };

/** An error in the language of the page: its text, and the names of the fields that it is about. */
export function explain(error) {
  if (error instanceof Complaint) return { text: t(error.key, error.values), fields: error.fields };
  if (!isOfClient(error)) {
    console.error(error);
    return { text: t("error.Internal"), fields: [] };
  }
  const { type, message } = error;
  const fields = FIELDS[type] ?? [];
  // The message of the API contains the time of the next attempt.
  const when = type === "TooManyRequests" && message.match(/in (\d+) (second|minute|hour)/);
  if (when) {
    const time = new Intl.RelativeTimeFormat(language).format(Number(when[1]), when[2]);
    return { text: t("error.TooManyRequestsUntil", { time }), fields };
  }
  if (type === "InvalidIdentifier" || type === "InvalidName") return { ...reason(message), fields };
  // A request for a code is refused so for the account's own contact. After the right code, the page ends the code.
  return { text: t(type === "ContactInUse" ? "contact.own" : `error.${type}`), fields };
}

/** A line for problems. Its space is reserved, so that nothing moves when one appears. */
export function problemLine(id, attributes = {}) {
  return h("p", { id, class: "problem", role: "alert", ...attributes });
}

const linesOf = (form) => [...form.querySelectorAll(".problem")];

/** The line of a field, or that of the form. */
function lineOf(form, field) {
  const described = field?.getAttribute("aria-describedby")?.split(" ") ?? [];
  const lines = linesOf(form);
  return lines.find(({ id }) => described.includes(id)) ?? lines.at(-1);
}

/** Removes the problems of a form that was changed or sent. */
export function clear(form) {
  for (const marked of form.querySelectorAll("[aria-invalid]")) marked.removeAttribute("aria-invalid");
  for (const line of linesOf(form)) {
    line.replaceChildren();
    line.removeAttribute("lang");
  }
}

/** Shows a problem: in the line of its fields, which are marked, or in that of the form. */
export function complain(form, { text, lang, fields = [] }) {
  clear(form);
  const inputs = [...form.elements].filter(({ name }) => fields.includes(name));
  const line = lineOf(form, inputs[0]);
  line.textContent = text;
  if (lang) line.lang = lang;
  for (const input of inputs) input.setAttribute("aria-invalid", "true");
  inputs[0]?.focus();
}

/** Offers a way on, in the line of a form's problems. */
export function offer(form, text, label, onclick) {
  clear(form);
  const button = h("button", { class: "quiet", type: "button", onclick }, label);
  lineOf(form).replaceChildren(h("span", { class: "suggestion" }, text, " ", button));
}

/** The work that is under way; one at a time in all of the page. */
let work = null;
/** The task for the end of the work: showing the page in another language. */
let afterwards = null;

export const isBusy = () => work !== null;

/** Runs a task now, or when the work that is under way ends. */
export function whenIdle(then) {
  if (work) afterwards = then;
  else then();
}

/** Ends the work because another page is shown: its requests end, and its outcome changes nothing. */
export function abandon() {
  work?.end();
  work = null;
  afterwards = null;
}

/**
 * Does the work of a form once, however often it is sent, and shows its outcome. Meanwhile the other
 * buttons of the page are disabled. The work gets a signal that is aborted when the page is left.
 */
export async function perform(form, begin) {
  if (work) return;
  const leaving = new AbortController();
  const others = [...document.querySelectorAll("#view button")];
  const slow = setTimeout(() => (lineOf(form).textContent = t("slow")), SLOW);
  const mine = { end };
  function end() {
    clearTimeout(slow);
    leaving.abort();
    form.removeAttribute("aria-busy");
    for (const button of others) button.removeAttribute("aria-disabled");
  }
  work = mine;
  clear(form);
  form.setAttribute("aria-busy", "true");
  for (const button of others) button.setAttribute("aria-disabled", "true");
  let failure = null;
  try {
    await begin(leaving.signal);
  } catch (error) {
    failure = error;
  }
  if (work !== mine) return;
  end();
  const then = afterwards;
  work = afterwards = null;
  const place = [...document.querySelectorAll("#view form")].indexOf(form);
  if (then) await then();
  // The form may have been replaced by one in another language.
  const shown = form.isConnected ? form : document.querySelectorAll("#view form")[place];
  if (failure && shown) complain(shown, explain(failure));
}

// In the capture phase, before any listener of a button: no second work begins.
document.getElementById("view")?.addEventListener(
  "click",
  (event) => {
    if (!event.target.closest("button[aria-disabled]")) return;
    event.preventDefault();
    event.stopImmediatePropagation();
  },
  true,
);

/** A labelled field for a text. */
export function textField(name, label, attributes, draft) {
  return h(
    "label",
    { class: "field" },
    h("span", {}, label),
    h("input", {
      name,
      required: true,
      value: draft.get(name) ?? "",
      oninput: ({ target }) => {
        draft.set(name, target.value);
        if (target.hasAttribute("aria-invalid")) clear(target.form);
      },
      ...attributes,
    }),
  );
}

/**
 * The field for an email address, a phone number, or (without a method) either. As soon as the text
 * looks like a number, a choice of its country appears beside it.
 */
export function contactField(method, draft, described) {
  const region = () => draft.get("region") ?? likelyRegion();
  const shown = h("span", { class: "code", "aria-hidden": "true" });
  const select = h("select", {
    "aria-label": t("country"),
    autocomplete: "tel-country-code",
    onchange: () => {
      draft.set("region", select.value);
      refresh();
    },
  });
  for (const { region, name, code } of countries(language)) select.add(new Option(`${name} +${code}`, region));
  const country = h("span", { class: "country" }, shown, select);
  const kinds = {
    EMAIL: { type: "email", inputmode: "email", autocomplete: "email" },
    PHONE_NUMBER: { type: "tel", inputmode: "tel", autocomplete: "tel" },
  };
  const input = h("input", {
    id: "contact",
    name: "contact",
    required: true,
    autocapitalize: "none",
    autocorrect: "off",
    spellcheck: "false",
    value: draft.get("contact") ?? "",
    "aria-describedby": described,
    ...(kinds[method] ?? { type: "text", inputmode: "email", autocomplete: "username" }),
    oninput: () => {
      draft.set("contact", input.value);
      if (input.hasAttribute("aria-invalid") || lineOf(input.form, input).childElementCount) clear(input.form);
      draft.set("region", regionOf(input.value, region()));
      refresh();
    },
    onchange: () => method !== "PHONE_NUMBER" && suggest(input),
  });
  const refresh = () => {
    country.hidden = method === "EMAIL" || !(method === "PHONE_NUMBER" || looksLikeNumber(input.value));
    select.value = region();
    shown.textContent = `+${callingCode(region())}`;
  };
  refresh();
  const label = { EMAIL: "email", PHONE_NUMBER: "phone" }[method] ?? "emailOrPhone";
  return h(
    "div",
    { class: "field" },
    h("label", { for: "contact" }, t(label)),
    h("div", { class: "combined" }, country, input),
  );
}

/** Offers another address if the domain looks mistyped. The text changes only if the user accepts it. */
export function suggest(input) {
  const better = suggestion(input.value);
  if (!better) return false;
  const take = () => {
    input.value = better;
    input.dispatchEvent(new Event("input"));
    clear(input.form);
    input.focus();
  };
  const [before, after] = t("suggest", { to: "\n" }).split("\n");
  const button = h("button", { class: "quiet", type: "button", onclick: take }, h("bdi", {}, better));
  clear(input.form);
  lineOf(input.form, input).replaceChildren(h("span", { class: "suggestion" }, before, button, after));
  return true;
}

/** A checkbox with a description. */
export function checkbox(id, label, what, checked, changed) {
  return h(
    "div",
    { class: "check" },
    h("input", {
      id,
      name: id,
      type: "checkbox",
      checked,
      "aria-describedby": `${id}-what`,
      onchange: ({ target }) => changed(target.checked),
    }),
    h("label", { for: id }, label),
    h("p", { id: `${id}-what`, class: "soft" }, what),
  );
}

/** A button that begins the work of a form. */
export const submit = (text) => h("button", { class: "primary", type: "submit" }, text);

/** A button that looks like a link. */
export const quiet = (text, onclick, attributes = {}) =>
  h("button", { class: "quiet", type: "button", onclick, ...attributes }, text);

/** A form that calls `sent` when it is submitted. */
export const form = (sent, ...children) =>
  h("form", { novalidate: true, onsubmit: (event) => (event.preventDefault(), sent(event.target)) }, ...children);
