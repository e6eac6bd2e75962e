/**
 * What the functions are told to do, one property for each variable of docs/configuration.md that a
 * team may want to set. Left out, the function's own default holds.
 */
export interface Settings {
  /**
   * The app's name, as messages show it, 1 to 30 characters.
   * @default none is shown
   */
  readonly appName?: string;
  /**
   * The language of a message when neither the request nor the account names one that messages are
   * written in: en, fr, de, es, pt or ja.
   * @default 'en'
   */
  readonly defaultLocale?: string;
  /**
   * The line of a mail that inboxes and lock screens show: `request`, its time, or `code`.
   * @default 'request'
   */
  readonly emailPreview?: string;
  /**
   * The contact that the notice of a changed address or number names: an email address, a phone
   * number or an https URL of up to 50 characters.
   * @default none, and the notice says how to change it back
   */
  readonly supportContact?: string;
  /**
   * Digits of a code, 6 to 10.
   * @default 6
   */
  readonly codeLength?: number;
  /**
   * Distinct answers that a code survives, the right one included, 1 to 5.
   * @default 3
   */
  readonly codeAttempts?: number;
  /**
   * How long a code is good, 60 to 600 seconds.
   * @default 300
   */
  readonly codeSeconds?: number;
  /**
   * How long after one send of a code the next may follow, 15 to 300 seconds.
   * @default 30
   */
  readonly resendSeconds?: number;
  /**
   * Sends of a code after the first, 0 to 5.
   * @default 2
   */
  readonly resends?: number;
  /**
   * How long a ticket may wait to be used, 15 to 300 seconds.
   * @default 60
   */
  readonly ticketSeconds?: number;
  /**
   * How long a proof may wait to be used, 30 to 600 seconds.
   * @default 180
   */
  readonly proofSeconds?: number;
  /**
   * How long a new contact may wait to be proved, 600 to 86400 seconds.
   * @default 3600
   */
  readonly pendingSeconds?: number;
  /**
   * How old a sign-in may be for a contact to be added or changed, 60 to 86400 seconds.
   * @default 600
   */
  readonly freshSeconds?: number;
  /**
   * Codes sent to one mailbox or number in a minute, resends included, 1 to 1000.
   * @default 2
   */
  readonly codesPerMinute?: number;
  /**
   * The same in an hour, 1 to 10000.
   * @default 5
   */
  readonly codesPerHour?: number;
  /**
   * The same in a day, 1 to 100000. Further codes have ten digits.
   * @default 10
   */
  readonly codesPerDay?: number;
  /**
   * Codes of ten digits beyond these in a minute, 1 to 1000.
   * @default 4
   */
  readonly extendedCodesPerMinute?: number;
  /**
   * The same in an hour, 1 to 10000.
   * @default 30
   */
  readonly extendedCodesPerHour?: number;
  /**
   * The same in a day, 0 to 100000. Further ones are refused.
   * @default 100
   */
  readonly extendedCodesPerDay?: number;
  /**
   * Digits of a code under attack, at least `codeLength` and at most 10.
   * @default 8
   */
  readonly longCodeLength?: number;
  /**
   * Guesses at codes of the ordinary length of one identifier in 30 days, without those of flows that
   * succeeded, 0 to 100000. Further codes are long.
   * @default 8
   */
  readonly shortGuessesPerMonth?: number;
  /**
   * How long a device is known, 1 to 400 days.
   * @default 180
   */
  readonly deviceDays?: number;
  /**
   * Codes for the known devices of one identifier in a minute, 1 to 1000.
   * @default 2
   */
  readonly deviceCodesPerMinute?: number;
  /**
   * Codes for the known devices of one identifier in an hour, 1 to 10000.
   * @default 5
   */
  readonly deviceCodesPerHour?: number;
  /**
   * Codes for the known devices of one identifier in a day, 1 to 100000.
   * @default 6
   */
  readonly deviceCodesPerDay?: number;
  /**
   * Codes sent to one known device in a day, 1 to 100000.
   * @default 3
   */
  readonly deviceTokenCodesPerDay?: number;
  /**
   * As `shortGuessesPerMonth`, for the known devices of one identifier, 0 to 100000.
   * @default 3
   */
  readonly deviceShortGuessesPerMonth?: number;
  /**
   * Codes for new contacts that one account may ask for in a day, 1 to 1000.
   * @default 10
   */
  readonly contactsPerDay?: number;
  /**
   * Guesses at codes of the ordinary length in a day, without those of flows that succeeded, for all
   * identifiers, 0 to 100000000. Further codes are long.
   * @default 150
   */
  readonly allShortGuessesPerDay?: number;
  /**
   * The same at long codes, 0 to 100000000. Further codes have ten digits.
   * @default 5000
   */
  readonly allLongGuessesPerDay?: number;
  /**
   * Codes of any length in a day, 1 to 100000000.
   * @default 100000
   */
  readonly allCodesPerDay?: number;
  /**
   * How many accounts the odds against spraying are worked out for, 1 to 1000000000.
   * @default 10000
   */
  readonly accounts?: number;
  /**
   * The most that the budgets may leave to somebody who guesses at one account for a year, 0 to 1.
   * @default 0.001
   */
  readonly maxTargetedOdds?: number;
  /**
   * The same for somebody who guesses at all accounts, 0 to 1.
   * @default 0.1
   */
  readonly maxSprayOdds?: number;
  /**
   * The calls by which resolvers open sessions: `public`, as a client makes them, or `signed`
   * (AdminInitiateAuth, AdminRespondToAuthChallenge), which a web ACL of the pool does not inspect.
   * @default 'public'
   */
  readonly cognitoCalls?: 'public' | 'signed';
  /**
   * That `cargo xtask doctor --probe` reported `probe.signed` as ok for this pool, as `signed` needs.
   * @default false
   */
  readonly signedSessionsConfirmed?: boolean;
  /**
   * The API in front of the resolvers, whose events tell the client's address: budgets are then counted
   * for each source.
   * @default 'off', sources are not told apart
   */
  readonly source?: 'appsync' | 'http' | 'off';
  /**
   * Codes for one source in a minute, 1 to 100000.
   * @default 20
   */
  readonly sourceCodesPerMinute?: number;
  /**
   * Codes for one source in an hour, 1 to 1000000.
   * @default 200
   */
  readonly sourceCodesPerHour?: number;
  /**
   * Further codes for one source in an hour, each for a captcha that was solved, 1 to 1000000.
   * @default 1000
   */
  readonly sourceSolvedCodesPerHour?: number;
  /**
   * The countries that SMS are sent to, by ISO code, with or without a price: `US:0.0079,DE`.
   * @default none, and phone numbers are refused
   */
  readonly smsCountries?: string;
  /**
   * What an SMS costs where no price is given, a number of up to five decimals.
   * @default '0.1'
   */
  readonly smsPrice?: string;
  /**
   * The cost of SMS in a day, a number of up to five decimals.
   * @default '10'
   */
  readonly smsSpendPerDay?: string;
  /**
   * The cost of SMS in 30 days, a number of up to five decimals.
   * @default '100'
   */
  readonly smsSpendPerMonth?: string;
  /**
   * Codes in an hour to numbers that begin alike, and that nobody proved, 1 to 1000000.
   * @default 30
   */
  readonly smsUnprovedPerPrefix?: number;
  /**
   * The same to one country, 1 to 10000000.
   * @default 200
   */
  readonly smsUnprovedPerCountry?: number;
  /**
   * Mails in an hour to one domain whose code was not proved, 1 to 10000000.
   * @default 100
   */
  readonly mailUnprovedPerDomain?: number;
  /**
   * The same to all domains, and to one domain of many people, 1 to 10000000.
   * @default 1000
   */
  readonly mailUnprovedPerHour?: number;
  /**
   * New accounts of one mail domain in a day, 1 to 10000000.
   * @default 50
   */
  readonly mailAccountsPerDomain?: number;
  /**
   * Domains of many people besides the large mail providers, by commas: your own, for instance.
   * @default none
   */
  readonly mailSharedDomains?: string;
  /**
   * The kinds of phone numbers that SMS are sent to, separated by commas: `mobile`,
   * `fixed_line_or_mobile`, `fixed_line`, `toll_free`, `voip`, `pager`, `uan`.
   * @default 'mobile,fixed_line_or_mobile'
   */
  readonly smsNumberKinds?: string;
  /**
   * Ranges and changes of numbering plans that the built-in metadata does not have:
   * `US:+1621NXXXXXX`, `+521XXXXXXXXXX=+52XXXXXXXXXX`; docs/phone-numbers.md has the format.
   * @default none
   */
  readonly phoneRanges?: string;
  /**
   * Identifiers with a fixed code and their last day, as in `review@example.com=2027-01-31`, by commas.
   * @default none
   */
  readonly testIdentifiers?: string;
  /**
   * That test identifiers are wanted although this is production.
   * @default false
   */
  readonly testIdentifiersInProduction?: boolean;
  /**
   * What is logged: error, warn or info. No level logs a code, address, number or token.
   * @default 'info'
   */
  readonly logLevel?: string;
  /**
   * The CloudWatch namespace of the metrics. The alarms look there too.
   * @default 'Latchstring'
   */
  readonly metricsNamespace?: string;
  /**
   * When codes are delivered: `auto` (after the response where Lambda allows it), `extension`, `inline`.
   * @default 'auto'
   */
  readonly delivery?: string;
}

/** Where the functions put their metrics if they are not told. */
export const METRICS_NAMESPACE = 'Latchstring';

/** How a setting becomes a variable, and what it must be. */
export interface Rule {
  readonly variable: string;
  /** The least and the most, of a number. */
  readonly bounds?: readonly [number, number];
  /** What may be said, of a word. */
  readonly words?: readonly string[];
}

/** One rule for every setting; a test holds them to docs/configuration.md. */
export const RULES: { readonly [Name in keyof Required<Settings>]: Rule } = {
  appName: { variable: 'APP_NAME' },
  cognitoCalls: { variable: 'COGNITO_CALLS', words: ['public', 'signed'] },
  signedSessionsConfirmed: { variable: 'SIGNED_SESSIONS_CONFIRMED' },
  defaultLocale: { variable: 'DEFAULT_LOCALE', words: ['en', 'fr', 'de', 'es', 'pt', 'ja'] },
  emailPreview: { variable: 'EMAIL_PREVIEW', words: ['request', 'code'] },
  supportContact: { variable: 'SUPPORT_CONTACT' },
  codeLength: { variable: 'CODE_LENGTH', bounds: [6, 10] },
  codeAttempts: { variable: 'CODE_ATTEMPTS', bounds: [1, 5] },
  codeSeconds: { variable: 'CODE_SECONDS', bounds: [60, 600] },
  resendSeconds: { variable: 'RESEND_SECONDS', bounds: [15, 300] },
  resends: { variable: 'RESENDS', bounds: [0, 5] },
  ticketSeconds: { variable: 'TICKET_SECONDS', bounds: [15, 300] },
  proofSeconds: { variable: 'PROOF_SECONDS', bounds: [30, 600] },
  pendingSeconds: { variable: 'PENDING_SECONDS', bounds: [600, 86_400] },
  freshSeconds: { variable: 'FRESH_SECONDS', bounds: [60, 86_400] },
  codesPerMinute: { variable: 'CODES_PER_MINUTE', bounds: [1, 1000] },
  codesPerHour: { variable: 'CODES_PER_HOUR', bounds: [1, 10_000] },
  codesPerDay: { variable: 'CODES_PER_DAY', bounds: [1, 100_000] },
  longCodeLength: { variable: 'LONG_CODE_LENGTH' },
  extendedCodesPerMinute: { variable: 'EXTENDED_CODES_PER_MINUTE', bounds: [1, 1000] },
  extendedCodesPerHour: { variable: 'EXTENDED_CODES_PER_HOUR', bounds: [1, 10_000] },
  extendedCodesPerDay: { variable: 'EXTENDED_CODES_PER_DAY', bounds: [0, 100_000] },
  shortGuessesPerMonth: { variable: 'SHORT_GUESSES_PER_MONTH', bounds: [0, 100_000] },
  deviceDays: { variable: 'DEVICE_DAYS', bounds: [1, 400] },
  deviceCodesPerMinute: { variable: 'DEVICE_CODES_PER_MINUTE', bounds: [1, 1000] },
  deviceCodesPerHour: { variable: 'DEVICE_CODES_PER_HOUR', bounds: [1, 10_000] },
  deviceCodesPerDay: { variable: 'DEVICE_CODES_PER_DAY', bounds: [1, 100_000] },
  deviceTokenCodesPerDay: { variable: 'DEVICE_TOKEN_CODES_PER_DAY', bounds: [1, 100_000] },
  deviceShortGuessesPerMonth: { variable: 'DEVICE_SHORT_GUESSES_PER_MONTH', bounds: [0, 100_000] },
  contactsPerDay: { variable: 'CONTACTS_PER_DAY', bounds: [1, 1000] },
  allShortGuessesPerDay: { variable: 'ALL_SHORT_GUESSES_PER_DAY', bounds: [0, 100_000_000] },
  allLongGuessesPerDay: { variable: 'ALL_LONG_GUESSES_PER_DAY', bounds: [0, 100_000_000] },
  allCodesPerDay: { variable: 'ALL_CODES_PER_DAY', bounds: [1, 100_000_000] },
  accounts: { variable: 'ACCOUNTS', bounds: [1, 1_000_000_000] },
  maxTargetedOdds: { variable: 'MAX_TARGETED_ODDS' },
  maxSprayOdds: { variable: 'MAX_SPRAY_ODDS' },
  source: { variable: 'SOURCE', words: ['appsync', 'http', 'off'] },
  sourceCodesPerMinute: { variable: 'SOURCE_CODES_PER_MINUTE', bounds: [1, 100_000] },
  sourceCodesPerHour: { variable: 'SOURCE_CODES_PER_HOUR', bounds: [1, 1_000_000] },
  sourceSolvedCodesPerHour: { variable: 'SOURCE_SOLVED_CODES_PER_HOUR', bounds: [1, 1_000_000] },
  smsCountries: { variable: 'SMS_COUNTRIES' },
  smsPrice: { variable: 'SMS_PRICE' },
  smsSpendPerDay: { variable: 'SMS_SPEND_PER_DAY' },
  smsSpendPerMonth: { variable: 'SMS_SPEND_PER_MONTH' },
  smsUnprovedPerPrefix: { variable: 'SMS_UNPROVED_PER_PREFIX', bounds: [1, 1_000_000] },
  smsUnprovedPerCountry: { variable: 'SMS_UNPROVED_PER_COUNTRY', bounds: [1, 10_000_000] },
  mailUnprovedPerDomain: { variable: 'MAIL_UNPROVED_PER_DOMAIN', bounds: [1, 10_000_000] },
  mailUnprovedPerHour: { variable: 'MAIL_UNPROVED_PER_HOUR', bounds: [1, 10_000_000] },
  mailAccountsPerDomain: { variable: 'MAIL_ACCOUNTS_PER_DOMAIN', bounds: [1, 10_000_000] },
  mailSharedDomains: { variable: 'MAIL_SHARED_DOMAINS' },
  smsNumberKinds: { variable: 'SMS_NUMBER_KINDS' },
  phoneRanges: { variable: 'PHONE_RANGES' },
  testIdentifiers: { variable: 'TEST_IDENTIFIERS' },
  testIdentifiersInProduction: { variable: 'TEST_IDENTIFIERS_IN_PRODUCTION' },
  logLevel: { variable: 'LOG_LEVEL', words: ['error', 'warn', 'info'] },
  metricsNamespace: { variable: 'METRICS_NAMESPACE' },
  delivery: { variable: 'DELIVERY', words: ['auto', 'extension', 'inline'] },
};

/** The variables of the settings that are made. */
export function variables(settings: Settings): Record<string, string> {
  const found: Record<string, string> = {};
  for (const [name, { variable }] of Object.entries(RULES)) {
    const value = settings[name as keyof Settings];
    if (value !== undefined) {
      found[variable] = String(value);
    }
  }
  return found;
}
