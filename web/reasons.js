// The API's reasons for refusing an identifier or a name, in the language of the page.
//
// The English texts are the API's own: `reason.*` of languages/en.js. A reason that is not among
// them is shown as the API words it.

import en from "./languages/en.js";
import { t } from "./i18n.js";

const HOLE = /\\\{(\w+)\\\}/g;
const escaped = (text) => text.replace(/[.*+?^${}()|[\]\\/]/g, "\\$&");

const REASONS = Object.entries(en)
  .filter(([key]) => key.startsWith("reason."))
  .map(([key, text]) => ({ key, pattern: new RegExp(`^${escaped(text).replace(HOLE, "(?<$1>.+)")}$`, "u") }));

/** Words of the API inside of a reason that have a translation, too. */
const WORDS = { "a space": "word.space" };

/** The reason in words, with the language of the text if it is not that of the page. */
export function reason(message) {
  for (const { key, pattern } of REASONS) {
    const found = pattern.exec(message);
    if (!found) continue;
    const values = Object.fromEntries(
      Object.entries(found.groups ?? {}).map(([name, text]) => [name, Object.hasOwn(WORDS, text) ? t(WORDS[text]) : text]),
    );
    return { text: t(key, values) };
  }
  return { text: message, lang: "en" };
}
