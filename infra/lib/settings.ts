// Generated from shared/lambda/src/config/settings.rs, which says how. Edit that file.

/**
 * The settings of the functions. The default of a property that is left out is the functions' own.
 * docs/configuration.md lists all variables.
 */
export interface Settings {
  /**
   * The calls by which sign-in and sign-up open a session and answer its first challenge. `public`:
   * InitiateAuth and RespondToAuthChallenge, without a signature, as a client makes them. `signed`:
   * AdminInitiateAuth and AdminRespondToAuthChallenge, which a web ACL of the pool does not inspect; they
   * pass the client's address on to threat protection, by HTTP or where `source` is not `off`. The role needs
   * both permissions for the pool. Takes public or signed.
   * @default 'public'
   */
  readonly cognitoCalls?: 'public' | 'signed';
  /**
   * With `cognitoCalls` `signed`, a client of AppSync still answers by the public call. Set it to `true` once
   * `latchstring doctor --probe` reports `probe.signed` as ok: the pool takes such an answer. Until then the
   * functions do not start with signed calls, unless `DOORS` is `http`. Takes true or false.
   * @default false
   */
  readonly signedSessionsConfirmed?: boolean;
  /**
   * Digits of a code. Takes 6 to 10 digits.
   * @default 6
   */
  readonly codeLength?: number;
  /**
   * Digits of a code while the identifier or the deployment is under attack; at least `codeLength`. Takes 6
   * to 10 digits.
   * @default 8
   */
  readonly longCodeLength?: number;
  /**
   * The number of distinct answers that one flow accepts, right or wrong. A resend adds none. Takes 1 to 5
   * answers.
   * @default 3
   */
  readonly codeAttempts?: number;
  /**
   * The time for which a code is valid. Takes 60 to 600 seconds.
   * @default 300
   */
  readonly codeSeconds?: number;
  /**
   * The time between one send of a code and the next. Takes 15 to 300 seconds.
   * @default 30
   */
  readonly resendSeconds?: number;
  /**
   * Sends of a code after the first. Takes 0 to 5 sends.
   * @default 2
   */
  readonly resends?: number;
  /**
   * The length of a slot. While the budgets of a mailbox are spent, one message in each slot goes to an
   * address or number, and its code of 12 characters is that of every sign-in that begins in the slot
   * (docs/budgets.md). During a change of this setting, sign-ins in slot mode that have begun cannot be
   * completed. Takes 300 to 3600 seconds.
   * @default 600
   */
  readonly slotSeconds?: number;
  /**
   * The time for which a ticket is valid. Takes 15 to 300 seconds.
   * @default 60
   */
  readonly ticketSeconds?: number;
  /**
   * The time for which a proof is valid. Takes 30 to 600 seconds.
   * @default 180
   */
  readonly proofSeconds?: number;
  /**
   * The time in which a new contact must be proved. Takes 600 to 86400 seconds.
   * @default 3600
   */
  readonly pendingSeconds?: number;
  /**
   * The time in which the owner of a replaced contact can undo the change. Until then no contact of the
   * account can be changed. 0 turns both off, for changes from before too. Takes 0 to 168 hours.
   * @default 72
   */
  readonly undoHours?: number;
  /**
   * The greatest age of a sign-in that may add or change a contact or remember a device. Takes 60 to 86400
   * seconds.
   * @default 600
   */
  readonly freshSeconds?: number;
  /**
   * The time without use after which a browser session ends. Takes 5 to 576000 minutes.
   * @default 10080
   */
  readonly sessionIdleMinutes?: number;
  /**
   * The time after which a browser session ends, used or not. The refresh tokens of the app client must live
   * as long. Takes 1 to 9600 hours.
   * @default 720
   */
  readonly sessionHours?: number;
  /**
   * Codes sent to one mailbox or number in a minute, resends included, whether or not it has an account.
   * Addresses that differ in a plus-tag share a mailbox, and Gmail addresses that differ in dots. Takes 1 to
   * 1000 codes.
   * @default 2
   */
  readonly codesPerMinute?: number;
  /**
   * As `codesPerMinute`, in an hour. Takes 1 to 10000 codes.
   * @default 5
   */
  readonly codesPerHour?: number;
  /**
   * As `codesPerMinute`, in a day. Beyond one of the three, codes have ten digits and draw on the extended
   * budget. Takes 1 to 100000 codes.
   * @default 10
   */
  readonly codesPerDay?: number;
  /**
   * Codes of ten digits to one mailbox or number in a minute, beyond the budget of `codesPerMinute`. Where a
   * CAPTCHA is on, each needs one. Takes 1 to 1000 codes.
   * @default 4
   */
  readonly extendedCodesPerMinute?: number;
  /**
   * As `extendedCodesPerMinute`, in an hour. Takes 1 to 10000 codes.
   * @default 30
   */
  readonly extendedCodesPerHour?: number;
  /**
   * As `extendedCodesPerMinute`, in a day. Further codes are refused. Takes 0 to 100000 codes.
   * @default 100
   */
  readonly extendedCodesPerDay?: number;
  /**
   * Answers to codes of `codeLength` digits of one identifier in 30 days, without those of flows that
   * succeeded. Further codes are long, and short ones that are outstanding are no longer verifiable. Takes 0
   * to 100000 guesses.
   * @default 8
   */
  readonly shortGuessesPerMonth?: number;
  /**
   * The time for which a device is known after `rememberDevice`. Takes 1 to 400 days.
   * @default 180
   */
  readonly deviceDays?: number;
  /**
   * Codes sent to one mailbox or number at the request of known devices in a minute, in addition to
   * `codesPerMinute`. Takes 1 to 1000 codes.
   * @default 2
   */
  readonly deviceCodesPerMinute?: number;
  /**
   * As `deviceCodesPerMinute`, in an hour. Takes 1 to 10000 codes.
   * @default 5
   */
  readonly deviceCodesPerHour?: number;
  /**
   * As `deviceCodesPerMinute`, in a day. Beyond one of the three, a known device is treated as unknown. Takes
   * 1 to 100000 codes.
   * @default 6
   */
  readonly deviceCodesPerDay?: number;
  /**
   * The part of `deviceCodesPerDay` that the device tokens of one sign-in can use together. Takes 1 to 100000
   * codes.
   * @default 3
   */
  readonly deviceTokenCodesPerDay?: number;
  /**
   * As `shortGuessesPerMonth`, for known devices, in addition. Takes 0 to 100000 guesses.
   * @default 3
   */
  readonly deviceShortGuessesPerMonth?: number;
  /**
   * Codes for new contacts that one account, and accounts of one mailbox or number, may request in a day, by
   * `signUp` and `changeContact` together. Takes 1 to 1000 codes.
   * @default 10
   */
  readonly contactsPerDay?: number;
  /**
   * Answers to codes of `codeLength` digits in a day, for all identifiers together, without those of flows
   * that succeeded. Further codes are long. Known devices are not counted. Takes 0 to 100000000 guesses.
   * @default 150
   */
  readonly allShortGuessesPerDay?: number;
  /**
   * As `allShortGuessesPerDay`, for codes of `longCodeLength` digits. Further codes have ten digits. Takes 0
   * to 100000000 guesses.
   * @default 5000
   */
  readonly allLongGuessesPerDay?: number;
  /**
   * Codes sent in a day, resends included. Further ones are refused. Known devices are not counted. Takes 1
   * to 100000000 codes.
   * @default 100000
   */
  readonly allCodesPerDay?: number;
  /**
   * The contacts for which an account may be created, once their code was right. `open`: all. `domains`:
   * email addresses of `admittedDomains`, and invited contacts. `invited`: invited contacts. `hook`: the
   * function `ADMISSION_HOOK` decides (docs/admission.md). An existing account signs in in any case. Not with
   * `LEGACY_POOL`. Takes open, domains, invited or hook.
   * @default 'open'
   */
  readonly admission?: 'open' | 'domains' | 'invited' | 'hook';
  /**
   * With `admission` `domains`: `example.com` admits the addresses of that domain alone, `*.example.com`
   * those of each of its subdomains. Without any, every domain is admitted that `refusedDomains` does not
   * list, and so is every phone number; with one, no phone number is. Takes domains, separated by commas.
   * @default not set
   */
  readonly admittedDomains?: string;
  /**
   * With `admission` `domains`: the domains that are refused also if they are admitted, in the same form.
   * Takes domains, separated by commas.
   * @default not set
   */
  readonly refusedDomains?: string;
  /**
   * The group whose members may invite through the API. Without it, only an IAM principal that may invoke the
   * function sign-up can. Takes the name of a group of the pool.
   * @default not set
   */
  readonly invitersGroup?: string;
  /**
   * The groups that a member of `invitersGroup` may give with an invitation. Without any, none: list a group
   * only if each of its members may have what it permits, `invitersGroup` included. An IAM principal may give
   * any. Takes groups of the pool, separated by commas.
   * @default not set
   */
  readonly invitersMayGive?: string;
  /**
   * As `invitersMayGive`, for attributes: `custom:team,given_name`. Takes attributes, separated by commas.
   * @default not set
   */
  readonly invitersMaySet?: string;
  /**
   * Whether the pool has `UsernameAttributes` instead of aliases (`signInAliases: { email: true }`). Its
   * contacts sign in unverified, so its sign-up must be closed and its app clients may not write a contact
   * (docs/existing-pools.md). Needs `otherHolders`. Not with `LEGACY_POOL`. Takes true or false.
   * @default false
   */
  readonly usernameAttributes?: boolean;
  /**
   * The treatment of accounts that have the contact of a new account without being its verified holder, for a
   * pool that others wrote too. `ignore`: not looked for. `refuse`: an account that holds another form of the
   * contact (`+4407400123456`) signs in, and gets the canonical form; for the profile of another identity
   * provider, and for an unverified holder where contacts are usernames, the sign-in ends with
   * `ContactInUse`. `delete`: as `refuse`, but an unverified holder is deleted if it is enabled, has no
   * verified contact and no linked user. Not with `LEGACY_POOL`. Takes ignore, refuse or delete.
   * @default 'ignore'
   */
  readonly otherHolders?: 'ignore' | 'refuse' | 'delete';
  /**
   * The number of accounts for which the odds of a sprayed attack are computed. Takes 1 to 1000000000
   * accounts.
   * @default 10000
   */
  readonly accounts?: number;
  /**
   * The highest odds of success that the budgets may leave to an attacker who guesses at one account for a
   * year and has stolen one of its known devices. No function starts above it. Takes a number between 0 and
   * 1.
   * @default 0.001
   */
  readonly maxTargetedOdds?: number;
  /**
   * As `maxTargetedOdds`, for an attacker who guesses at all accounts for a year. docs/budgets.md derives
   * both. Takes a number between 0 and 1.
   * @default 0.1
   */
  readonly maxSprayOdds?: number;
  /**
   * The part of an event of the GraphQL API that holds the client's address. `appsync`: the entry of
   * `x-forwarded-for` before the last, which is a CloudFront edge. `http`: `requestContext.http.sourceIp`,
   * where a function of your own adds it. Events without an address there share one budget. `off`: no budget
   * is counted by source. `latchstring doctor --probe --api` shows the header that AppSync delivers
   * (docs/doctor.md). Requests by HTTP are counted by source without this setting (docs/http.md). Takes
   * appsync, http or off.
   * @default 'off'
   */
  readonly source?: 'appsync' | 'http' | 'off';
  /**
   * Codes for one source in a minute: an IPv4 address, or the /64 of an IPv6 address. Takes 1 to 100000
   * codes.
   * @default 20
   */
  readonly sourceCodesPerMinute?: number;
  /**
   * As `sourceCodesPerMinute`, in an hour. Takes 1 to 1000000 codes.
   * @default 200
   */
  readonly sourceCodesPerHour?: number;
  /**
   * Further codes for one source in an hour, each for a solved CAPTCHA. Their resends are charged to no
   * source. Takes 1 to 1000000 codes.
   * @default 1000
   */
  readonly sourceSolvedCodesPerHour?: number;
  /**
   * The countries that SMS are sent to. Not set: none, and every phone number is refused. A territory with
   * its own code needs its own entry: `GB` does not include Guernsey, Jersey and the Isle of Man (`GG`, `JE`,
   * `IM`), nor `US` Puerto Rico (`PR`). Takes ISO codes with or without a price, as in US:0.0079,DE.
   * @default not set
   */
  readonly smsCountries?: string;
  /**
   * The price of an SMS to a country without a price in `smsCountries`. Takes a price of up to 10000, up to
   * five decimals.
   * @default '0.1'
   */
  readonly smsPrice?: string;
  /**
   * The greatest cost of the codes sent by SMS in a day, each counted when it is sent. Known devices have the
   * same amount in addition. Notices of a changed or added contact are not counted. Takes a sum of up to
   * 10000, up to five decimals.
   * @default '10'
   */
  readonly smsSpendPerDay?: string;
  /**
   * As `smsSpendPerDay`, in 30 days. Keep it at or below a quarter of the AWS account's monthly spend limit:
   * a calendar month can touch two windows, and known devices have the same amount in addition. Takes a sum
   * of up to 10000, up to five decimals.
   * @default '100'
   */
  readonly smsSpendPerMonth?: string;
  /**
   * Codes in an hour that are not proved, to numbers with one country code and the same four digits after it.
   * Further codes are refused. Takes 1 to 1000000 codes.
   * @default 30
   */
  readonly smsUnprovedPerPrefix?: number;
  /**
   * As `smsUnprovedPerPrefix`, for a country. Takes 1 to 10000000 codes.
   * @default 200
   */
  readonly smsUnprovedPerCountry?: number;
  /**
   * Mails in an hour to one domain whose code was not proved. A further one is refused if more than half of
   * the mails to the domain in this hour and the one before are unproved. Known devices are not counted.
   * Takes 1 to 10000000 codes.
   * @default 100
   */
  readonly mailUnprovedPerDomain?: number;
  /**
   * As `mailUnprovedPerDomain`, for all mail, and for each shared domain: the large mail providers and
   * `mailSharedDomains`. Takes 1 to 10000000 codes.
   * @default 1000
   */
  readonly mailUnprovedPerHour?: number;
  /**
   * New accounts in a day of one registered mail domain, with its subdomains, that is not shared. The limit
   * of one mailbox is a tenth of it, but not below 5. At a shared domain the limit of one mailbox is 5. Takes
   * 1 to 10000000 accounts.
   * @default 50
   */
  readonly mailAccountsPerDomain?: number;
  /**
   * Shared domains besides the large mail providers, whose users do not know each other: your own, or a
   * customer's. Takes domains, separated by commas.
   * @default not set
   */
  readonly mailSharedDomains?: string;
  /**
   * The kinds of numbers that SMS are sent to; docs/phone-numbers.md explains them. Premium-rate,
   * shared-cost, personal, voicemail and satellite numbers are always refused. Takes mobile,
   * fixed_line_or_mobile, fixed_line, toll_free, voip, pager and uan, separated by commas.
   * @default 'mobile,fixed_line_or_mobile'
   */
  readonly smsNumberKinds?: string;
  /**
   * Ranges and changes of numbering plans that the built-in metadata does not have; docs/phone-numbers.md has
   * the format. Takes up to 50 ranges as in US:+1621NXXXXXX, and old forms as in
   * +521XXXXXXXXXX=+52XXXXXXXXXX.
   * @default not set
   */
  readonly phoneRanges?: string;
  /**
   * Identifiers, separated by commas, with a fixed code. No message is sent to them. Each is valid until the
   * end of its day (UTC); see docs/budgets.md. Takes addresses and numbers with their last day, as in
   * ada@example.com=2027-01-31.
   * @default not set
   */
  readonly testIdentifiers?: string;
  /**
   * No function starts with test identifiers and the store `dynamodb` unless this is `true`. Takes true or
   * false.
   * @default false
   */
  readonly testIdentifiersInProduction?: boolean;
  /**
   * The app's name, in messages (docs/messages.md). One line. Takes a name of 1 to 30 characters.
   * @default not set
   */
  readonly appName?: string;
  /**
   * The language of a message if neither the request nor the account names a supported one. Takes en, fr, de,
   * es, pt or ja.
   * @default 'en'
   */
  readonly defaultLocale?: 'en' | 'fr' | 'de' | 'es' | 'pt' | 'ja';
  /**
   * The line of a mail that inboxes and lock screens show: the time of the request, or the code. Takes
   * request or code.
   * @default 'request'
   */
  readonly emailPreview?: 'request' | 'code';
  /**
   * The contact that the notice of a changed address or number names. Without it, the notice explains how to
   * undo the change. Takes an email address, a phone number or an https URL of up to 50 characters.
   * @default not set
   */
  readonly supportContact?: string;
  /**
   * The page that the link of a mail opens, beside the code (docs/messages.md). Without it, no mail has a
   * link. Takes an https URL of up to 200 characters without a fragment, or an http one of this computer.
   * @default not set
   */
  readonly linkUrl?: string;
  /**
   * The time at which Create sends a code, Define a notice, and Define and sign-up publish events.
   * `extension`: after the response, by an internal Lambda extension, so that the time of an answer does not
   * depend on the courier; if the host refuses extensions, the function does not start. `inline`: before the
   * response, for hosts without extensions. `auto`: `extension` if the host accepts it, otherwise `inline`.
   * Takes auto, extension or inline.
   * @default 'auto'
   */
  readonly delivery?: 'auto' | 'extension' | 'inline';
  /**
   * The namespace of the metrics (docs/metrics.md). Unless it is set, the construct and the templates set
   * `Latchstring/` and the prefix of the functions' names, so that two deployments do not mix. Takes a
   * CloudWatch namespace.
   * @default 'Latchstring'
   */
  readonly metricsNamespace?: string;
  /**
   * The least severe events that are logged, as JSON lines. No level logs a code, address, number, ticket,
   * proof, session or token. Takes error, warn or info.
   * @default 'info'
   */
  readonly logLevel?: 'error' | 'warn' | 'info';
}

/** The variable of a setting, and its values. */
export interface Rule {
  readonly variable: string;
  /** The value of a function whose variable is not set; empty if the setting is off. */
  readonly default: string;
  /** The least and the most, of a whole number. */
  readonly bounds?: readonly [number, number];
  /** True of a number from 0 to 1. */
  readonly share?: boolean;
  /** The values of a word. */
  readonly words?: readonly string[];
}

/** The rule of every setting. */
export const RULES: { readonly [Name in keyof Required<Settings>]: Rule } = {
  cognitoCalls: { variable: 'COGNITO_CALLS', default: 'public', words: ['public', 'signed'] },
  signedSessionsConfirmed: { variable: 'SIGNED_SESSIONS_CONFIRMED', default: 'false' },
  codeLength: { variable: 'CODE_LENGTH', default: '6', bounds: [6, 10] },
  longCodeLength: { variable: 'LONG_CODE_LENGTH', default: '8', bounds: [6, 10] },
  codeAttempts: { variable: 'CODE_ATTEMPTS', default: '3', bounds: [1, 5] },
  codeSeconds: { variable: 'CODE_SECONDS', default: '300', bounds: [60, 600] },
  resendSeconds: { variable: 'RESEND_SECONDS', default: '30', bounds: [15, 300] },
  resends: { variable: 'RESENDS', default: '2', bounds: [0, 5] },
  slotSeconds: { variable: 'SLOT_SECONDS', default: '600', bounds: [300, 3600] },
  ticketSeconds: { variable: 'TICKET_SECONDS', default: '60', bounds: [15, 300] },
  proofSeconds: { variable: 'PROOF_SECONDS', default: '180', bounds: [30, 600] },
  pendingSeconds: { variable: 'PENDING_SECONDS', default: '3600', bounds: [600, 86400] },
  undoHours: { variable: 'UNDO_HOURS', default: '72', bounds: [0, 168] },
  freshSeconds: { variable: 'FRESH_SECONDS', default: '600', bounds: [60, 86400] },
  sessionIdleMinutes: { variable: 'SESSION_IDLE_MINUTES', default: '10080', bounds: [5, 576000] },
  sessionHours: { variable: 'SESSION_HOURS', default: '720', bounds: [1, 9600] },
  codesPerMinute: { variable: 'CODES_PER_MINUTE', default: '2', bounds: [1, 1000] },
  codesPerHour: { variable: 'CODES_PER_HOUR', default: '5', bounds: [1, 10000] },
  codesPerDay: { variable: 'CODES_PER_DAY', default: '10', bounds: [1, 100000] },
  extendedCodesPerMinute: { variable: 'EXTENDED_CODES_PER_MINUTE', default: '4', bounds: [1, 1000] },
  extendedCodesPerHour: { variable: 'EXTENDED_CODES_PER_HOUR', default: '30', bounds: [1, 10000] },
  extendedCodesPerDay: { variable: 'EXTENDED_CODES_PER_DAY', default: '100', bounds: [0, 100000] },
  shortGuessesPerMonth: { variable: 'SHORT_GUESSES_PER_MONTH', default: '8', bounds: [0, 100000] },
  deviceDays: { variable: 'DEVICE_DAYS', default: '180', bounds: [1, 400] },
  deviceCodesPerMinute: { variable: 'DEVICE_CODES_PER_MINUTE', default: '2', bounds: [1, 1000] },
  deviceCodesPerHour: { variable: 'DEVICE_CODES_PER_HOUR', default: '5', bounds: [1, 10000] },
  deviceCodesPerDay: { variable: 'DEVICE_CODES_PER_DAY', default: '6', bounds: [1, 100000] },
  deviceTokenCodesPerDay: { variable: 'DEVICE_TOKEN_CODES_PER_DAY', default: '3', bounds: [1, 100000] },
  deviceShortGuessesPerMonth: { variable: 'DEVICE_SHORT_GUESSES_PER_MONTH', default: '3', bounds: [0, 100000] },
  contactsPerDay: { variable: 'CONTACTS_PER_DAY', default: '10', bounds: [1, 1000] },
  allShortGuessesPerDay: { variable: 'ALL_SHORT_GUESSES_PER_DAY', default: '150', bounds: [0, 100000000] },
  allLongGuessesPerDay: { variable: 'ALL_LONG_GUESSES_PER_DAY', default: '5000', bounds: [0, 100000000] },
  allCodesPerDay: { variable: 'ALL_CODES_PER_DAY', default: '100000', bounds: [1, 100000000] },
  admission: { variable: 'ADMISSION', default: 'open', words: ['open', 'domains', 'invited', 'hook'] },
  admittedDomains: { variable: 'ADMITTED_DOMAINS', default: '' },
  refusedDomains: { variable: 'REFUSED_DOMAINS', default: '' },
  invitersGroup: { variable: 'INVITERS_GROUP', default: '' },
  invitersMayGive: { variable: 'INVITERS_MAY_GIVE', default: '' },
  invitersMaySet: { variable: 'INVITERS_MAY_SET', default: '' },
  usernameAttributes: { variable: 'USERNAME_ATTRIBUTES', default: 'false' },
  otherHolders: { variable: 'OTHER_HOLDERS', default: 'ignore', words: ['ignore', 'refuse', 'delete'] },
  accounts: { variable: 'ACCOUNTS', default: '10000', bounds: [1, 1000000000] },
  maxTargetedOdds: { variable: 'MAX_TARGETED_ODDS', default: '0.001', share: true },
  maxSprayOdds: { variable: 'MAX_SPRAY_ODDS', default: '0.1', share: true },
  source: { variable: 'SOURCE', default: 'off', words: ['appsync', 'http', 'off'] },
  sourceCodesPerMinute: { variable: 'SOURCE_CODES_PER_MINUTE', default: '20', bounds: [1, 100000] },
  sourceCodesPerHour: { variable: 'SOURCE_CODES_PER_HOUR', default: '200', bounds: [1, 1000000] },
  sourceSolvedCodesPerHour: { variable: 'SOURCE_SOLVED_CODES_PER_HOUR', default: '1000', bounds: [1, 1000000] },
  smsCountries: { variable: 'SMS_COUNTRIES', default: '' },
  smsPrice: { variable: 'SMS_PRICE', default: '0.1' },
  smsSpendPerDay: { variable: 'SMS_SPEND_PER_DAY', default: '10' },
  smsSpendPerMonth: { variable: 'SMS_SPEND_PER_MONTH', default: '100' },
  smsUnprovedPerPrefix: { variable: 'SMS_UNPROVED_PER_PREFIX', default: '30', bounds: [1, 1000000] },
  smsUnprovedPerCountry: { variable: 'SMS_UNPROVED_PER_COUNTRY', default: '200', bounds: [1, 10000000] },
  mailUnprovedPerDomain: { variable: 'MAIL_UNPROVED_PER_DOMAIN', default: '100', bounds: [1, 10000000] },
  mailUnprovedPerHour: { variable: 'MAIL_UNPROVED_PER_HOUR', default: '1000', bounds: [1, 10000000] },
  mailAccountsPerDomain: { variable: 'MAIL_ACCOUNTS_PER_DOMAIN', default: '50', bounds: [1, 10000000] },
  mailSharedDomains: { variable: 'MAIL_SHARED_DOMAINS', default: '' },
  smsNumberKinds: { variable: 'SMS_NUMBER_KINDS', default: 'mobile,fixed_line_or_mobile' },
  phoneRanges: { variable: 'PHONE_RANGES', default: '' },
  testIdentifiers: { variable: 'TEST_IDENTIFIERS', default: '' },
  testIdentifiersInProduction: { variable: 'TEST_IDENTIFIERS_IN_PRODUCTION', default: 'false' },
  appName: { variable: 'APP_NAME', default: '' },
  defaultLocale: { variable: 'DEFAULT_LOCALE', default: 'en', words: ['en', 'fr', 'de', 'es', 'pt', 'ja'] },
  emailPreview: { variable: 'EMAIL_PREVIEW', default: 'request', words: ['request', 'code'] },
  supportContact: { variable: 'SUPPORT_CONTACT', default: '' },
  linkUrl: { variable: 'LINK_URL', default: '' },
  delivery: { variable: 'DELIVERY', default: 'auto', words: ['auto', 'extension', 'inline'] },
  metricsNamespace: { variable: 'METRICS_NAMESPACE', default: 'Latchstring' },
  logLevel: { variable: 'LOG_LEVEL', default: 'info', words: ['error', 'warn', 'info'] },
};
