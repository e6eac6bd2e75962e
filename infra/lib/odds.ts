import { Token } from 'aws-cdk-lib';
import { RULES, type Settings } from './settings';

const MINUTE = 60;
const HOUR = 3600;
const DAY = 24 * HOUR;
const MONTH = 30 * DAY;
const YEAR = 365 * DAY;
const ROTATIONS = 12;
/** Verified identifiers of one account: an address and a number. */
const CONTACTS = 2;
const LONGEST_CODE = 10;
/** The number of codes of slots: 60 bits. */
const SLOT_CODES = 2 ** 60;
/** Guesses at the code of a slot, for each of its seconds. */
const SLOT_GUESSES_PER_SECOND = 2_000;
/** The answers in a second, to all flows together, that are counted at codes of slots. */
const ANSWERS_PER_SECOND = 10_000;

/** Guesses in a year, by the length of the code. */
interface Guesses {
  readonly short: number;
  readonly long: number;
  readonly longest: number;
  /** At codes of slots. */
  readonly slot: number;
}

/** The odds that the settings leave to an attacker in a year. */
export interface Odds {
  /** For one account, one of whose known devices is stolen. */
  readonly targeted: number;
  /** For any account. */
  readonly sprayed: number;
}

/** The settings that the odds depend on. */
const INPUTS = [
  'codeLength',
  'longCodeLength',
  'codeAttempts',
  'slotSeconds',
  'codesPerMinute',
  'codesPerHour',
  'codesPerDay',
  'extendedCodesPerMinute',
  'extendedCodesPerHour',
  'extendedCodesPerDay',
  'shortGuessesPerMonth',
  'deviceCodesPerMinute',
  'deviceCodesPerHour',
  'deviceCodesPerDay',
  'deviceShortGuessesPerMonth',
  'allShortGuessesPerDay',
  'allLongGuessesPerDay',
  'allCodesPerDay',
  'accounts',
] as const satisfies readonly (keyof Settings)[];

/** The windows of this length, in seconds, that a year can touch, with those that rotations begin. */
function windows(length: number): number {
  return Math.ceil(YEAR / length) + 1 + ROTATIONS;
}

/**
 * Computes the odds as the functions do at start (shared/core/src/policy/odds.rs, which explains them); a
 * test compares the two. Returns undefined if one of the settings is known only at deployment.
 */
export function oddsOf(settings: Settings): Odds | undefined {
  if (INPUTS.some((name) => Token.isUnresolved(settings[name]))) {
    return undefined;
  }
  const of = (name: (typeof INPUTS)[number]) => Number(settings[name] ?? RULES[name].default);
  const attempts = of('codeAttempts');

  // Guesses of a year at the longer codes of one mailbox: each day has as many as its messages have attempts.
  const longerAt = (perMinute: number, perHour: number, perDay: number) =>
    attempts * Math.min(perMinute * (DAY / MINUTE), perHour * (DAY / HOUR), perDay) * windows(DAY);
  const atContacts = (longer: number, shortPerMonth: number): Guesses => ({
    short: CONTACTS * shortPerMonth * windows(MONTH),
    long: CONTACTS * longer,
    longest: 0,
    slot: 0,
  });

  const account: Guesses = {
    ...atContacts(
      longerAt(of('codesPerMinute'), of('codesPerHour'), of('codesPerDay')),
      of('shortGuessesPerMonth'),
    ),
    longest:
      CONTACTS *
      longerAt(of('extendedCodesPerMinute'), of('extendedCodesPerHour'), of('extendedCodesPerDay')),
    slot: CONTACTS * windows(of('slotSeconds')) * SLOT_GUESSES_PER_SECOND * of('slotSeconds'),
  };
  const device = atContacts(
    longerAt(of('deviceCodesPerMinute'), of('deviceCodesPerHour'), of('deviceCodesPerDay')),
    of('deviceShortGuessesPerMonth'),
  );

  const ofAll = (guesses: number) => guesses * of('accounts');
  const inDays = (guesses: number) => guesses * windows(DAY);
  const short = Math.min(ofAll(account.short), inDays(of('allShortGuessesPerDay')));
  const long = Math.min(ofAll(account.long), inDays(of('allLongGuessesPerDay')));
  const longest = Math.min(
    ofAll(account.long + account.longest) - long,
    inDays(of('allCodesPerDay') * attempts),
  );
  const slot = Math.min(ofAll(account.slot), ANSWERS_PER_SECOND * YEAR);

  const atLeastOnce = (...guesses: Guesses[]) =>
    -Math.expm1(
      guesses
        .flatMap(({ short, long, longest, slot }) => [
          short * Math.log1p(-(10 ** -of('codeLength'))),
          long * Math.log1p(-(10 ** -of('longCodeLength'))),
          longest * Math.log1p(-(10 ** -LONGEST_CODE)),
          slot * Math.log1p(-1 / SLOT_CODES),
        ])
        .reduce((sum, part) => sum + part, 0),
    );
  return {
    targeted: atLeastOnce(account, device),
    sprayed: atLeastOnce({ short, long, longest, slot }),
  };
}
