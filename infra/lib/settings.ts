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
   * Codes for one identifier in a minute, 1 to 1000.
   * @default 2
   */
  readonly codesPerMinute?: number;
  /**
   * Codes for one identifier in an hour, 1 to 10000.
   * @default 5
   */
  readonly codesPerHour?: number;
  /**
   * Codes for one identifier in a day, 1 to 100000.
   * @default 10
   */
  readonly codesPerDay?: number;
  /**
   * What is logged: error, warn, info or debug. No level logs a code, address, number or token.
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
  defaultLocale: { variable: 'DEFAULT_LOCALE', words: ['en', 'fr', 'de', 'es', 'pt', 'ja'] },
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
  logLevel: { variable: 'LOG_LEVEL', words: ['error', 'warn', 'info', 'debug'] },
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
