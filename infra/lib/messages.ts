import * as fs from 'node:fs';
import { RULES } from './settings';

/** The texts of a file: by tenant, language, kind and part. */
export type Messages = Record<string, Record<string, Record<string, Record<string, string>>>>;

const TIMES = ['year', 'month', 'day', 'time'];

/** The values that the parts of each kind must have, as the functions demand (`latchstring messages check`). */
const VALUES: Record<string, Record<string, readonly string[]>> = {
  sign_in_code: {
    subject: [],
    text: ['code', ...TIMES, 'minutes', 'until'],
    preview: ['code', ...TIMES, 'minutes'],
    sms: ['code', 'minutes'],
  },
  confirmation_code: {
    subject: [],
    text: ['code', ...TIMES, 'minutes'],
    preview: ['code', ...TIMES, 'minutes'],
    sms: ['code', 'minutes'],
  },
  contact_replaced: {
    subject: [],
    text: [...TIMES, 'hours', 'link', 'permanent'],
    preview: TIMES,
    sms: [...TIMES, 'hours', 'link'],
  },
  contact_added: { subject: [], text: TIMES, preview: TIMES, sms: TIMES },
  change_undone: { subject: [], text: TIMES, preview: TIMES, sms: TIMES },
};

/** Values that a message may lack: they stand in brackets. A text may leave out the first two. */
const OPTIONAL = ['app', 'support', 'until', 'hours', 'link', 'permanent'];
const FREE = ['app', 'support'];

/** Returns the texts of a file, and its faults. */
export function faultsOf(file: string): { texts: Messages; faults: string[] } {
  let texts: Messages;
  try {
    texts = JSON.parse(fs.readFileSync(file, 'utf8')) as Messages;
  } catch {
    return { texts: {}, faults: ['a file of JSON, by tenant, language, kind and part of a message'] };
  }
  return { texts, faults: [...faults(texts)] };
}

function* faults(texts: Messages): Generator<string> {
  const { words: languages = [] } = RULES.defaultLocale;
  for (const [tenant, given] of Object.entries(texts)) {
    const replaced = new Set<string>();
    for (const [language, kinds] of Object.entries(given)) {
      for (const [kind, parts] of Object.entries(kinds)) {
        for (const [part, text] of Object.entries(parts)) {
          const place = `${tenant}.${language}.${kind}.${part}`;
          const values = languages.includes(language) ? VALUES[kind]?.[part] : undefined;
          const fault = values === undefined ? 'no language, kind and part of a message has this name' : faultOf(language, kind, part, values, text);
          if (fault !== undefined) {
            yield `${place}: ${fault}`;
          }
          replaced.add(`${kind}.${part}`);
        }
      }
    }
    for (const name of replaced) {
      const [kind = '', part = ''] = name.split('.');
      for (const language of languages.filter((it) => given[it]?.[kind]?.[part] === undefined)) {
        yield `${tenant}.${language}.${name}: this language lacks the part, which another one replaces`;
      }
    }
  }
}

function faultOf(language: string, kind: string, part: string, values: readonly string[], given: unknown): string | undefined {
  const text = typeof given === 'string' ? given.trimEnd() : '';
  if (text === '' || Buffer.byteLength(text) > 4000) {
    return 'a text of up to 4000 bytes';
  }
  // eslint-disable-next-line no-control-regex
  if (/[\u0000-\u0009\u000b-\u001f\u007f-\u009f\u00ad\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff]/.test(text)) {
    return 'it has a control or formatting character';
  }
  return valueFault(values, text) ?? formFault(language, kind, part, text);
}

function valueFault(values: readonly string[], text: string): string | undefined {
  const found = new Set<string>();
  let bracketed = false;
  let rest = text;
  for (let place = rest.search(/[[\]{}]/); place >= 0; place = rest.search(/[[\]{}]/)) {
    const sign = rest[place];
    rest = rest.slice(place + 1);
    const name = sign === '{' ? /^([a-z]+)\}/.exec(rest)?.[1] : undefined;
    if (name !== undefined) {
      rest = rest.slice(name.length + 1);
      if (![...values, ...FREE].includes(name)) {
        return `{${name}} is no value of this part`;
      }
      if (OPTIONAL.includes(name) ? !bracketed : name === 'code' && bracketed) {
        return `{${name}} must ${bracketed ? 'not ' : ''}be in square brackets`;
      }
      found.add(name);
    } else if ((sign === '[' && !bracketed) || (sign === ']' && bracketed)) {
      bracketed = !bracketed;
    } else {
      return 'a bracket or brace is not closed, or brackets are within brackets';
    }
  }
  const missing = values.find((name) => !found.has(name));
  return bracketed ? 'a bracket is not closed' : missing && `{${missing}} is missing`;
}

function formFault(language: string, kind: string, part: string, text: string): string | undefined {
  const lines = text.split('\n');
  const hasCode = kind.endsWith('_code');
  if (part === 'subject' && (lines.length > 1 || [...text].length > 100)) {
    return 'a subject is one line of up to 100 characters';
  }
  const wanted = hasCode ? 'false,true' : 'false';
  if (part === 'preview' && lines.map((line) => line.includes('{code}')).join() !== wanted) {
    return 'a preview is one line without the code and, of a message with one, a second with it';
  }
  if (part === 'text' && hasCode) {
    const paragraphs = text.split('\n\n');
    const place = paragraphs.indexOf('{code}');
    const places = paragraphs.filter((paragraph) => paragraph.includes('{code}')).length;
    if (place < 1 || place + 1 >= paragraphs.length || places !== 1) {
      return '{code} must be a paragraph of its own, after the first one and before the last';
    }
  }
  return part === 'sms' ? smsFault(language, hasCode, text, lines) : undefined;
}

/** The GSM alphabet, and the characters that count twice. */
const BASIC =
  '@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞÆæßÉ !"#¤%&\'()*+,-./0123456789:;<=>?¡ABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÑÜ§¿abcdefghijklmnopqrstuvwxyzäöñüà';
const TWICE = '\f^{}\\[~]|€';

function smsFault(language: string, hasCode: boolean, text: string, lines: string[]): string | undefined {
  const [first = '', , third = '{code}'] = lines;
  const begins = first.startsWith('{code}') && third.startsWith('{code}');
  if (hasCode ? lines.length > 3 || !begins : lines.length > 1) {
    return 'an SMS with a code begins with {code} and has one to three lines; any other has one line';
  }
  if (hasCode && /[@#]/.test(text)) {
    return 'an SMS with a code may have @ and # in the line for phones alone, which is added';
  }
  // The longest values, without those that may be missing.
  const [minutes, hours] = language === 'ja' ? ['10分', '168時間'] : ['10 minutes', '168 Stunden'];
  const filled = first
    .replace(/\[([^\]]*)\]/g, (_, choices: string) => choices.split('|').find((choice) => !/\{(app|support|link|permanent|until)\}/.test(choice)) ?? '')
    .replace(/\{(\w+)\}/g, (_, name: string) => ({ code: '0000-0000-0000', year: '2026', time: '23:59', minutes, hours })[name] ?? '12');
  const isGsm = [...filled].every((c) => BASIC.includes(c) || TWICE.includes(c));
  const length = isGsm ? [...filled].reduce((sum, c) => sum + (TWICE.includes(c) ? 2 : 1), 0) : filled.length;
  return length > (isGsm ? 160 : 70) ? 'it needs two parts as an SMS without the app’s name: shorten it to one' : undefined;
}
