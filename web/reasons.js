// The API's reasons for refusing an identifier or a name, in the language of the page.
//
// The English texts are those of the API: `reason.*` of languages/en.js. Another reason is shown in
// the API's words.

import en from "./languages/en.js";
import { t } from "./i18n.js";

const HOLE = /\\\{(\w+)\\\}/g;
const escaped = (text) => text.replace(/[.*+?^${}()|[\]\\/]/g, "\\$&");

const REASONS = Object.entries(en)
  .filter(([key]) => key.startsWith("reason."))
  .map(([key, text]) => ({ key, pattern: new RegExp(`^${escaped(text).replace(HOLE, "(?<$1>.+)")}$`, "u") }));

/** Words of the API inside a reason that are translated, too. */
const WORDS = { "a space": "word.space" };

/** The text of a reason, with its language if that is not the page's. */
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
