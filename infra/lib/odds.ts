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

/** Guesses in a year, by the length of the code. */
interface Guesses {
  readonly short: number;
  readonly long: number;
  readonly longest: number;
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

  const attemptsAt = (perMinute: number, perHour: number, perDay: number) =>
    attempts * Math.min(perMinute * windows(MINUTE), perHour * windows(HOUR), perDay * windows(DAY));
  const atContacts = (all: number, shortPerMonth: number): Guesses => {
    const short = Math.min(shortPerMonth * windows(MONTH), all);
    return { short: CONTACTS * short, long: CONTACTS * (all - short), longest: 0 };
  };

  const account: Guesses = {
    ...atContacts(
      attemptsAt(of('codesPerMinute'), of('codesPerHour'), of('codesPerDay')),
      of('shortGuessesPerMonth'),
    ),
    longest:
      CONTACTS *
      attemptsAt(of('extendedCodesPerMinute'), of('extendedCodesPerHour'), of('extendedCodesPerDay')),
  };
  const device = atContacts(
    attemptsAt(of('deviceCodesPerMinute'), of('deviceCodesPerHour'), of('deviceCodesPerDay')),
    of('deviceShortGuessesPerMonth'),
  );

  const ofAll = (guesses: number) => guesses * of('accounts');
  const inDays = (guesses: number) => guesses * windows(DAY);
  const all = Math.min(
    ofAll(account.short + account.long + account.longest),
    inDays(of('allCodesPerDay')) * attempts,
  );
  const short = Math.min(ofAll(account.short), inDays(of('allShortGuessesPerDay')), all);
  const long = Math.min(
    Math.max(ofAll(account.short + account.long) - short, 0),
    inDays(of('allLongGuessesPerDay')),
    all - short,
  );

  const atLeastOnce = (...guesses: Guesses[]) =>
    -Math.expm1(
      guesses
        .flatMap(({ short, long, longest }) => [
          short * Math.log1p(-(10 ** -of('codeLength'))),
          long * Math.log1p(-(10 ** -of('longCodeLength'))),
          longest * Math.log1p(-(10 ** -LONGEST_CODE)),
        ])
        .reduce((sum, part) => sum + part, 0),
    );
  return {
    targeted: atLeastOnce(account, device),
    sprayed: atLeastOnce({ short, long, longest: all - short - long }),
  };
}
