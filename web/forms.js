// What all forms share: fields, problems in words, waiting.

import { h } from "./dom.js";
import { countries, likelyRegion, looksLikeNumber, callingCode, regionOf } from "./identifier.js";
import { language, t } from "./i18n.js";
import { LatchstringError } from "./latchstring.js";

/** After this many milliseconds a person is told that it is still going on. */
const SLOW = 3_000;

/** Says what is wrong in the language of the page. */
export function explain(error) {
  if (!(error instanceof LatchstringError)) {
    console.error(error);
    return t("error.Internal");
  }
  // The one text of the API's that says more than its type: when to come back.
  const when = error.type === "TooManyRequests" && error.message.match(/in (\d+) (second|minute|hour)/);
  if (when) {
    const time = new Intl.RelativeTimeFormat(language).format(Number(when[1]), when[2]);
    return t("error.TooManyRequestsUntil", { time });
  }
  return t(`error.${error.type}`);
}

/** Says why a message that was asked for in a flow was not sent. */
export function refusal({ type, retryAfter }) {
  if (type !== "TooManyRequests" || !retryAfter) return t(`error.${type}`);
  const [value, unit] = retryAfter < 120 ? [retryAfter, "second"] : retryAfter < 7200 ? [Math.ceil(retryAfter / 60), "minute"] : [Math.ceil(retryAfter / 3600), "hour"];
  const time = new Intl.RelativeTimeFormat(language).format(value, unit);
  return t("error.TooManyRequestsUntil", { time });
}

/** The line under a field for what is wrong with it. Its room is kept free, so that nothing jumps. */
export function problemLine(id) {
  return h("p", { id, class: "problem", role: "alert" });
}

/** Takes back what was said of a field, since it is another now. */
function forgive(field) {
  if (field.getAttribute("aria-invalid")) complain(field.form, "");
}

/** Writes into a form's line, and marks the field that it is about. */
export function complain(form, text, field = null) {
  for (const marked of form.querySelectorAll("[aria-invalid]")) marked.removeAttribute("aria-invalid");
  form.querySelector(".problem").textContent = text;
  if (!field) return;
  field.setAttribute("aria-invalid", "true");
  field.focus();
}

/** Does the work of a form once, however often it is sent, and says how it goes. */
export async function perform(form, work) {
  if (form.getAttribute("aria-busy") === "true") return;
  const button = form.querySelector("button.primary");
  form.setAttribute("aria-busy", "true");
  button?.setAttribute("aria-disabled", "true");
  complain(form, "");
  const slow = setTimeout(() => {
    form.querySelector(".problem").textContent = t("slow");
  }, SLOW);
  try {
    await work();
  } catch (error) {
    complain(form, explain(error));
  } finally {
    clearTimeout(slow);
    form.removeAttribute("aria-busy");
    button?.removeAttribute("aria-disabled");
  }
}

/** A labelled field for a text. */
export function textField(name, label, attributes, draft) {
  return h(
    "label",
    { class: "field" },
    h("span", {}, label),
    h("input", {
      name,
      required: true,
      maxlength: 100,
      value: draft[name] ?? "",
      oninput: ({ target }) => {
        draft[name] = target.value;
        forgive(target);
      },
      ...attributes,
    }),
  );
}

/**
 * The field for an email address, a phone number, or (without a method) either. As soon as it looks
 * like a number, the choice of its country appears inside of it.
 */
export function contactField(method, draft, described) {
  draft.region ??= likelyRegion();
  const shown = h("span", { class: "code", "aria-hidden": "true" });
  const select = h("select", {
    "aria-label": t("country"),
    autocomplete: "tel-country-code",
    onchange: () => {
      draft.region = select.value;
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
    maxlength: 254,
    value: draft.contact ?? "",
    "aria-describedby": described,
    ...(kinds[method] ?? { type: "text", inputmode: "email", autocomplete: "username" }),
    oninput: () => {
      draft.contact = input.value;
      forgive(input);
      draft.region = regionOf(input.value, draft.region);
      refresh();
    },
  });
  const refresh = () => {
    country.hidden = method === "EMAIL" || !(method === "PHONE_NUMBER" || looksLikeNumber(input.value));
    select.value = draft.region;
    shown.textContent = `+${callingCode(draft.region)}`;
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

/** A box to tick, with what it means. */
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

/** A button that begins what a form does. */
export const submit = (text) => h("button", { class: "primary", type: "submit" }, text);

/** A button that looks like a link. */
export const quiet = (text, onclick, attributes = {}) =>
  h("button", { class: "quiet", type: "button", onclick, ...attributes }, text);
