// The languages of the pages: those of the messages.

import { local } from "./storage.js";
import de from "./languages/de.js";
import en from "./languages/en.js";
import es from "./languages/es.js";
import fr from "./languages/fr.js";
import ja from "./languages/ja.js";
import pt from "./languages/pt.js";

const LANGUAGES = { en, fr, de, es, pt, ja };
const KEY = "latchstring.language";

/** The language of the page. */
export let language = pick();

function pick() {
  const wanted = [local.getItem(KEY), ...navigator.languages];
  return wanted.map((tag) => tag?.split("-")[0].toLowerCase()).find((tag) => tag && Object.hasOwn(LANGUAGES, tag)) ?? "en";
}

/** The tag for dates and messages: with the region, if the browser's languages have this one. */
export function locale() {
  return navigator.languages.find((tag) => tag.split("-")[0].toLowerCase() === language) ?? language;
}

/** A text with the values of its `{holes}`. `n` chooses between the plural forms. */
export function t(key, values = {}) {
  const texts = LANGUAGES[language];
  const form = "n" in values ? `${key}.${new Intl.PluralRules(language).select(values.n)}` : key;
  const text = texts[form] ?? texts[`${key}.other`] ?? texts[key];
  return text.replace(/\{(\w+)\}/g, (_, name) => values[name]);
}

/** Fills the choice of languages, each named in its own language. */
export function chooser(select, changed) {
  for (const tag of Object.keys(LANGUAGES)) {
    const name = new Intl.DisplayNames(tag, { type: "language" }).of(tag);
    select.add(new Option(name[0].toLocaleUpperCase(tag) + name.slice(1), tag));
    select.options[select.length - 1].lang = tag;
  }
  const apply = () => {
    select.value = language;
    select.previousElementSibling.textContent = t("language");
    document.documentElement.lang = language;
  };
  select.addEventListener("change", () => {
    language = select.value;
    local.setItem(KEY, language);
    apply();
    changed();
  });
  apply();
}
