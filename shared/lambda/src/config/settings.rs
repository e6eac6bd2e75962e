//! The one table of settings. It generates the table in docs/configuration.md, the properties and
//! bounds of the construct in infra/lib/settings.ts, those of the Terraform module in
//! infra/terraform/settings.tf, and the expected odds in infra/test/odds.json.
//! `UPDATE_GENERATED=1 cargo test --workspace --lib settings` writes all four. The tests fail
//! while a file differs from the table.
//!
//! A row with `policy.FIELD = READER` sets this field of the policy, to what the method `READER` of
//! [`Environment`] makes of the value.

use std::fmt;

use latchstring_core::locale::Locale;
use latchstring_core::message::{
    AndroidHash, AppName, LinkUrl, Preview, SmsDomain, SupportContact,
};
use latchstring_core::policy::{DEVICE_DAYS_MAX, Policy};
use latchstring_core::rate_limit::Price;

use super::settings::Takes::{Flag, Share, Text, Whole, Word};
use super::{ConfigError, Environment};

/// The values of a setting.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Takes {
    /// Whole numbers from the first to the second, of this unit.
    Whole(u64, u64, &'static str),
    /// One of these words.
    Word(&'static [&'static str]),
    /// `true` or `false`.
    Flag,
    /// A number from 0 to 1.
    Share,
    /// A text of this form, which its reader parses.
    Text(&'static str),
}

impl fmt::Display for Takes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Whole(least, most, unit) => write!(f, "{least} to {most} {unit}"),
            Word([words @ .., last]) if !words.is_empty() => {
                write!(f, "{} or {last}", words.join(", "))
            }
            Word(words) => f.write_str(&words.join(", ")),
            Flag => f.write_str("true or false"),
            Share => f.write_str("a number between 0 and 1"),
            Text(form) => f.write_str(form),
        }
    }
}

/// A setting: a variable of the environment.
#[derive(Debug, PartialEq, Eq)]
pub struct Setting {
    /// The variable's name.
    pub name: &'static str,
    /// The default; `None` if the variable must be set, empty if the setting is off without it.
    pub default: Option<&'static str>,
    /// The values that it takes.
    pub takes: Takes,
    /// True if the construct has a property of this name in camel case.
    pub in_construct: bool,
    /// The meaning, in Markdown, with links relative to docs/.
    pub meaning: &'static str,
}

/// A property of the construct.
const CONSTRUCT: bool = true;
/// The construct sets the variable itself, or leaves it to Lambda.
const FUNCTION: bool = false;

macro_rules! settings {
    ($(
        $ident:ident = $default:expr, $takes:expr, $in_construct:expr,
        $(policy.$($field:ident).+ = $reader:ident $(($parse:expr))?,)?
        $meaning:literal;
    )*) => {
        $(
            pub(super) const $ident: &Setting = &Setting {
                name: stringify!($ident),
                default: $default,
                takes: $takes,
                in_construct: $in_construct,
                meaning: $meaning,
            };
        )*
        /// Every setting, in the order of the documentation.
        pub const SETTINGS: &[&Setting] = &[$($ident),*];

        impl Environment<'_> {
            /// Sets every field of the policy that has a row.
            pub(super) fn set_fields(&self, policy: &mut Policy) -> Result<(), ConfigError> {
                $($(policy.$($field).+ = self.$reader($ident $(, $parse)?)?;)?)*
                Ok(())
            }
        }
    };
}

settings! {
    USER_POOL_ID = None, Text("the user pool's id"), FUNCTION,
        "The pool. Tickets, proofs and challenges are bound to it.";
    CLIENT_IDS = None, Text("app client ids, separated by commas"), FUNCTION,
        "The app clients that are served, up to 50. A session of any other client fails. Sign-in opens its sessions for the client that a request names by `clientId`, else for the first of the list.";
    CLIENTS = Some(""), Text("JSON: settings by app client id"), FUNCTION,
        r#"What differs at an app client of `CLIENT_IDS` from the deployment: `{"1h57kf5cpq17m0eml12EXAMPLE": {"appName": "Acme", "methods": ["email"]}}`. The members are listed [below](#settings-of-one-app-client)."#;
    MESSAGES_FILE = Some(""), Text("a file of texts, JSON"), FUNCTION,
        "The file with the texts of messages that replace the built-in ones ([messages.md](messages.md#texts-of-your-own)). Only Define and Create read it.";
    KEY_RING = Some(""), Text("JSON: current, next, previous and lasting, each with id and secret"), FUNCTION,
        r#"The deployment's keys: `{"current": {"id": "k2", "secret": "…"}, "previous": {"id": "k1", "secret": "…"}}`. A secret is at least 32 random bytes in base64, an id 1 to 16 of `a-z`, `0-9`, `-`. `next` and `previous` are optional. What was made with them is accepted, but nothing new is made with them. `lasting` is optional and stays when the others rotate: budgets, leases and known devices are kept under it, and without it each rotation starts them from zero. One key alone, `{"id": "k1", "secret": "…"}`, is a ring of one. Exactly one of `KEY_RING` and `KEY_RING_SECRET` must be set."#;
    KEY_RING_SECRET = Some(""), Text("the name or ARN of a secret that holds the key ring"), FUNCTION,
        "The same JSON in Secrets Manager. It is read again when it is ten minutes old, and when a key is named that it does not hold, at most every 30 s. While it cannot be read, the last ring serves for 24 hours. `latchstring rotate-keys` rotates it ([keys.md](keys.md#the-key-ring)).";
    STORE = Some("dynamodb"), Word(&["dynamodb", "memory"]), FUNCTION,
        "The store of flows. `memory` keeps them in one process and sends no message: it serves to try a single function. The three triggers of a pool need a shared store.";
    TABLE_NAME = None, Text("a table's name"), FUNCTION,
        "The DynamoDB table, with the partition key `pk` (string) and the TTL attribute `ttl`. Not needed in memory.";
    EMAIL = Some("true"), Flag, FUNCTION, policy.mail = parsed,
        "`false` if codes go by SMS alone. Every email address is then refused, `EMAIL_FROM` is not needed, and `SMS_COUNTRIES` must be set.";
    EMAIL_FROM = None, Text("address, or Name <address>"), FUNCTION,
        "The sender of mail: an identity that SES has verified. Only Define and Create send; no other function reads this and the next six. Not needed in memory.";
    EMAIL_REPLY_TO = Some(""), Text("address, or Name <address>"), FUNCTION,
        "The address that replies go to; without it, the sender.";
    SES_CONFIGURATION_SET = Some(""), Text("a configuration set's name"), FUNCTION,
        "The configuration set by which SES reports bounces, complaints and deliveries.";
    SMS_SENDER_ID = Some(""), Text("3 to 11 letters and digits"), FUNCTION,
        "The name that phones show, where the country allows one.";
    SMS_ORIGINATION_NUMBER = Some(""), Text("5 to 15 digits, with or without +"), FUNCTION,
        "The number that sends SMS, if the AWS account has several.";
    SMS_ENTITY_ID = Some(""), Text("1 to 50 letters, digits, - and _"), FUNCTION,
        "The entity id of the sender in India's DLT register, sent with SMS to India.";
    SMS_TEMPLATE_IDS = Some(""), Text("ids by kind, as in sign_in_code=1107,confirmation_code=1108,contact_replaced=1109,contact_added=1110,change_undone=1111"), FUNCTION,
        "The template ids of the texts in that register, one for each kind of message.";
    LEGACY_POOL = Some("false"), Flag, FUNCTION,
        "`true` if the client has `PreventUserExistenceErrors` LEGACY: accounts are then created before their contact is proved. It needs `UNDO_HOURS` 0 in every function. Avoid it; SECURITY.md states what it reveals.";
    COGNITO_CALLS = Some("public"), Word(&["public", "signed"]), CONSTRUCT,
        "The calls by which sign-in and sign-up open a session and answer its first challenge. `public`: InitiateAuth and RespondToAuthChallenge, without a signature, as a client makes them. `signed`: AdminInitiateAuth and AdminRespondToAuthChallenge, which a web ACL of the pool does not inspect; they pass the client's address on to threat protection, by HTTP or where `SOURCE` is not `off`. The role needs both permissions for the pool.";
    SIGNED_SESSIONS_CONFIRMED = Some("false"), Flag, CONSTRUCT,
        "With `COGNITO_CALLS` `signed`, a client of AppSync still answers by the public call. Set it to `true` once `latchstring doctor --probe` reports `probe.signed` as ok: the pool takes such an answer. Until then the functions do not start with signed calls, unless `DOORS` is `http`.";
    CODE_LENGTH = Some("6"), Whole(6, 10, "digits"), CONSTRUCT, policy.code_length = digits,
        "Digits of a code.";
    LONG_CODE_LENGTH = Some("8"), Whole(6, 10, "digits"), CONSTRUCT, policy.long_code_length = digits,
        "Digits of a code while the identifier or the deployment is under attack; at least `CODE_LENGTH`.";
    CODE_ATTEMPTS = Some("3"), Whole(1, 5, "answers"), CONSTRUCT, policy.attempts = number,
        "The number of distinct answers that one flow accepts, right or wrong. A resend adds none.";
    CODE_SECONDS = Some("300"), Whole(60, 600, "seconds"), CONSTRUCT, policy.code_life = seconds,
        "The time for which a code is valid.";
    RESEND_SECONDS = Some("30"), Whole(15, 300, "seconds"), CONSTRUCT, policy.resend_after = seconds,
        "The time between one send of a code and the next.";
    RESENDS = Some("2"), Whole(0, 5, "sends"), CONSTRUCT, policy.resends = number,
        "Sends of a code after the first.";
    SLOT_SECONDS = Some("600"), Whole(300, 3600, "seconds"), CONSTRUCT, policy.slot = seconds,
        "The length of a slot. While the budgets of a mailbox are spent, one message in each slot goes to an address or number, and its code of 12 characters is that of every sign-in that begins in the slot ([budgets.md](budgets.md#slot-mode)). During a change of this setting, sign-ins in slot mode that have begun cannot be completed.";
    TICKET_SECONDS = Some("60"), Whole(15, 300, "seconds"), CONSTRUCT, policy.ticket_life = seconds,
        "The time for which a ticket is valid.";
    PROOF_SECONDS = Some("180"), Whole(30, 600, "seconds"), CONSTRUCT, policy.proof_life = seconds,
        "The time for which a proof is valid.";
    PENDING_SECONDS = Some("3600"), Whole(600, 86_400, "seconds"), CONSTRUCT, policy.pending_life = seconds,
        "The time in which a new contact must be proved.";
    UNDO_HOURS = Some("72"), Whole(0, 168, "hours"), CONSTRUCT, policy.undo_life = hours,
        "The time in which the owner of a replaced contact can undo the change. Until then no contact of the account can be changed. 0 turns both off, for changes from before too.";
    FRESH_SECONDS = Some("600"), Whole(60, 86_400, "seconds"), CONSTRUCT, policy.fresh_for = seconds,
        "The greatest age of a sign-in that may add or change a contact or remember a device.";
    CLIENT_SECRET = Some(""), Text("the secret of the app client"), FUNCTION,
        "The secret of the first client of `CLIENT_IDS`, if it has one. Every call to Cognito for that client then proves it, and Cognito refuses all others. No other client may have a secret.";
    CLIENT_SECRET_SECRET = Some(""), Text("the name or ARN of a secret that holds the app client's secret"), FUNCTION,
        "The same in Secrets Manager; read again when it is ten minutes old. Set at most one of the two.";
    SERVER_CREDENTIAL = Some(""), Text("one or two texts of at least 32 characters, separated by a space"), FUNCTION,
        "The credential with which the app's own server gets access tokens of browser sessions. Two are accepted while one replaces the other. Without it, no access token is handed out.";
    SERVER_CREDENTIAL_SECRET = Some(""), Text("the name or ARN of a secret that holds the server credential"), FUNCTION,
        "The same in Secrets Manager; read again when it is ten minutes old. Set at most one of the two.";
    DOORS = Some("both"), Word(&["both", "http"]), FUNCTION,
        "The doors that sign-in and sign-up serve. `http`: events of AppSync are refused. No client then answers a session at Cognito, so `COGNITO_CALLS` may be `signed` without `SIGNED_SESSIONS_CONFIRMED`. Session mode implies it.";
    SESSION_MODE = Some("off"), Word(&["off", "on"]), FUNCTION,
        "`on`: the HTTP door gives a browser a cookie instead of tokens ([ADR 35](adr/0035-session-mode.md)). The app client needs a secret, and one of `CLIENT_SECRET` and `CLIENT_SECRET_SECRET` must be set.";
    SESSION_ORIGINS = Some(""), Text("origins such as https://app.example.com, separated by commas"), FUNCTION,
        "The origins whose pages may send the cookie of session mode, besides the origin of the HTTP door. They must be of the same site.";
    SESSION_IDLE_MINUTES = Some("10080"), Whole(5, 576_000, "minutes"), CONSTRUCT, policy.session_idle = minutes,
        "The time without use after which a browser session ends.";
    SESSION_HOURS = Some("720"), Whole(1, 9600, "hours"), CONSTRUCT, policy.session_life = hours,
        "The time after which a browser session ends, used or not. The refresh tokens of the app client must live as long.";
    CODES_PER_MINUTE = Some("2"), Whole(1, 1000, "codes"), CONSTRUCT, policy.budgets.mailbox.per_minute = number,
        "Codes sent to one mailbox or number in a minute, resends included, whether or not it has an account. Addresses that differ in a plus-tag share a mailbox, and Gmail addresses that differ in dots.";
    CODES_PER_HOUR = Some("5"), Whole(1, 10_000, "codes"), CONSTRUCT, policy.budgets.mailbox.per_hour = number,
        "As `CODES_PER_MINUTE`, in an hour.";
    CODES_PER_DAY = Some("10"), Whole(1, 100_000, "codes"), CONSTRUCT, policy.budgets.mailbox.per_day = number,
        "As `CODES_PER_MINUTE`, in a day. Beyond one of the three, codes have ten digits and draw on the extended budget.";
    EXTENDED_CODES_PER_MINUTE = Some("4"), Whole(1, 1000, "codes"), CONSTRUCT, policy.budgets.extended.per_minute = number,
        "Codes of ten digits to one mailbox or number in a minute, beyond the budget of `CODES_PER_MINUTE`. Where a CAPTCHA is on, each needs one.";
    EXTENDED_CODES_PER_HOUR = Some("30"), Whole(1, 10_000, "codes"), CONSTRUCT, policy.budgets.extended.per_hour = number,
        "As `EXTENDED_CODES_PER_MINUTE`, in an hour.";
    EXTENDED_CODES_PER_DAY = Some("100"), Whole(0, 100_000, "codes"), CONSTRUCT, policy.budgets.extended.per_day = number,
        "As `EXTENDED_CODES_PER_MINUTE`, in a day. Further codes are refused.";
    SHORT_GUESSES_PER_MONTH = Some("8"), Whole(0, 100_000, "guesses"), CONSTRUCT, policy.budgets.short_guesses_per_month = number,
        "Answers to codes of `CODE_LENGTH` digits of one identifier in 30 days, without those of flows that succeeded. Further codes are long, and short ones that are outstanding are no longer verifiable.";
    DEVICE_DAYS = Some("180"), Whole(1, DEVICE_DAYS_MAX, "days"), CONSTRUCT, policy.device_life = days,
        "The time for which a device is known after `rememberDevice`.";
    DEVICE_CODES_PER_MINUTE = Some("2"), Whole(1, 1000, "codes"), CONSTRUCT, policy.budgets.device.messages.per_minute = number,
        "Codes sent to one mailbox or number at the request of known devices in a minute, in addition to `CODES_PER_MINUTE`.";
    DEVICE_CODES_PER_HOUR = Some("5"), Whole(1, 10_000, "codes"), CONSTRUCT, policy.budgets.device.messages.per_hour = number,
        "As `DEVICE_CODES_PER_MINUTE`, in an hour.";
    DEVICE_CODES_PER_DAY = Some("6"), Whole(1, 100_000, "codes"), CONSTRUCT, policy.budgets.device.messages.per_day = number,
        "As `DEVICE_CODES_PER_MINUTE`, in a day. Beyond one of the three, a known device is treated as unknown.";
    DEVICE_TOKEN_CODES_PER_DAY = Some("3"), Whole(1, 100_000, "codes"), CONSTRUCT, policy.budgets.device.per_token_and_day = number,
        "The part of `DEVICE_CODES_PER_DAY` that the device tokens of one sign-in can use together.";
    DEVICE_SHORT_GUESSES_PER_MONTH = Some("3"), Whole(0, 100_000, "guesses"), CONSTRUCT, policy.budgets.device.short_guesses_per_month = number,
        "As `SHORT_GUESSES_PER_MONTH`, for known devices, in addition.";
    CONTACTS_PER_DAY = Some("10"), Whole(1, 1000, "codes"), CONSTRUCT, policy.budgets.contacts_per_day = number,
        "Codes for new contacts that one account, and accounts of one mailbox or number, may request in a day, by `signUp` and `changeContact` together.";
    ALL_SHORT_GUESSES_PER_DAY = Some("150"), Whole(0, 100_000_000, "guesses"), CONSTRUCT, policy.budgets.deployment.short_guesses_per_day = number,
        "Answers to codes of `CODE_LENGTH` digits in a day, for all identifiers together, without those of flows that succeeded. Further codes are long. Known devices are not counted.";
    ALL_LONG_GUESSES_PER_DAY = Some("5000"), Whole(0, 100_000_000, "guesses"), CONSTRUCT, policy.budgets.deployment.long_guesses_per_day = number,
        "As `ALL_SHORT_GUESSES_PER_DAY`, for codes of `LONG_CODE_LENGTH` digits. Further codes have ten digits.";
    ALL_CODES_PER_DAY = Some("100000"), Whole(1, 100_000_000, "codes"), CONSTRUCT, policy.budgets.deployment.messages_per_day = number,
        "Codes sent in a day, resends included. Further ones are refused. Known devices are not counted.";
    ADMISSION = Some("open"), Word(&["open", "domains", "invited", "hook"]), CONSTRUCT, policy.admission.rule = admission_rule,
        "The contacts for which an account may be created, once their code was right. `open`: all. `domains`: email addresses of `ADMITTED_DOMAINS`, and invited contacts. `invited`: invited contacts. `hook`: the function `ADMISSION_HOOK` decides ([admission.md](admission.md#rules-of-your-own)). An existing account signs in in any case. Not with `LEGACY_POOL`.";
    ADMITTED_DOMAINS = Some(""), Text("domains, separated by commas"), CONSTRUCT, policy.admission.admitted = admission_domains,
        "With `ADMISSION` `domains`: `example.com` admits the addresses of that domain alone, `*.example.com` those of each of its subdomains. Without any, every domain is admitted that `REFUSED_DOMAINS` does not list, and so is every phone number; with one, no phone number is.";
    REFUSED_DOMAINS = Some(""), Text("domains, separated by commas"), CONSTRUCT, policy.admission.refused = admission_domains,
        "With `ADMISSION` `domains`: the domains that are refused also if they are admitted, in the same form.";
    ADMISSION_HOOK = Some(""), Text("the name or ARN of a Lambda function"), FUNCTION,
        "With `ADMISSION` `hook`: the function that admits or refuses a new account. It has 1 s, is invoked once more if it does not answer, and without an answer no account is created. For sign-in alone.";
    INVITERS_GROUP = Some(""), Text("the name of a group of the pool"), CONSTRUCT, policy.inviters = group,
        "The group whose members may invite through the API. Without it, only an IAM principal that may invoke the function sign-up can.";
    INVITERS_MAY_GIVE = Some(""), Text("groups of the pool, separated by commas"), CONSTRUCT, policy.inviters_may_give = groups,
        "The groups that a member of `INVITERS_GROUP` may give with an invitation. Without any, none: list a group only if each of its members may have what it permits, `INVITERS_GROUP` included. An IAM principal may give any.";
    INVITERS_MAY_SET = Some(""), Text("attributes, separated by commas"), CONSTRUCT, policy.inviters_may_set = attributes,
        "As `INVITERS_MAY_GIVE`, for attributes: `custom:team,given_name`.";
    EVENTS = Some("off"), Text("off, default, or the name or ARN of an event bus"), FUNCTION, policy.events = events,
        "The bus of Amazon EventBridge that events of accounts are published on ([events.md](events.md)); `default` is the account's own. `off`: none are written or published. Not with `LEGACY_POOL`. The table needs the index `outbox`.";
    USERNAME_ATTRIBUTES = Some("false"), Flag, CONSTRUCT, policy.contacts_are_usernames = parsed,
        "Whether the pool has `UsernameAttributes` instead of aliases (`signInAliases: { email: true }`). Its contacts sign in unverified, so its sign-up must be closed and its app clients may not write a contact ([existing-pools.md](existing-pools.md#an-existing-pool)). Needs `OTHER_HOLDERS`. Not with `LEGACY_POOL`.";
    OTHER_HOLDERS = Some("ignore"), Word(&["ignore", "refuse", "delete"]), CONSTRUCT, policy.other_holders = other_holders,
        "The treatment of accounts that have the contact of a new account without being its verified holder, for a pool that others wrote too. `ignore`: not looked for. `refuse`: an account that holds another form of the contact (`+4407400123456`) signs in, and gets the canonical form; for the profile of another identity provider, and for an unverified holder where contacts are usernames, the sign-in ends with `ContactInUse`. `delete`: as `refuse`, but an unverified holder is deleted if it is enabled, has no verified contact and no linked user. Not with `LEGACY_POOL`.";
    ACCOUNTS = Some("10000"), Whole(1, 1_000_000_000, "accounts"), CONSTRUCT,
        "The number of accounts for which the odds of a sprayed attack are computed.";
    MAX_TARGETED_ODDS = Some("0.001"), Share, CONSTRUCT,
        "The highest odds of success that the budgets may leave to an attacker who guesses at one account for a year and has stolen one of its known devices. No function starts above it.";
    MAX_SPRAY_ODDS = Some("0.1"), Share, CONSTRUCT,
        "As `MAX_TARGETED_ODDS`, for an attacker who guesses at all accounts for a year. [budgets.md](budgets.md) derives both.";
    SOURCE = Some("off"), Word(&["appsync", "http", "off"]), CONSTRUCT,
        "The part of an event of the GraphQL API that holds the client's address. `appsync`: the entry of `x-forwarded-for` before the last, which is a CloudFront edge. `http`: `requestContext.http.sourceIp`, where a function of your own adds it. Events without an address there share one budget. `off`: no budget is counted by source. `latchstring doctor --probe --api` shows the header that AppSync delivers ([doctor.md](doctor.md#--probe)). Requests by HTTP are counted by source without this setting ([http.md](http.md#the-source)).";
    CLOUDFRONT_SECRET = Some(""), Text("one or two secrets of at least 32 characters, separated by a comma"), FUNCTION,
        "The value of the header `x-origin-verify` that CloudFront adds to each request by HTTP. With it, requests without the header are refused, and the source is CloudFront's `cloudfront-viewer-address`. Two values are accepted while one replaces the other ([http.md](http.md#the-source)). Only sign-in and sign-up read it.";
    SOURCE_CODES_PER_MINUTE = Some("20"), Whole(1, 100_000, "codes"), CONSTRUCT, policy.budgets.source.per_minute = number,
        "Codes for one source in a minute: an IPv4 address, or the /64 of an IPv6 address.";
    SOURCE_CODES_PER_HOUR = Some("200"), Whole(1, 1_000_000, "codes"), CONSTRUCT, policy.budgets.source.per_hour = number,
        "As `SOURCE_CODES_PER_MINUTE`, in an hour.";
    SOURCE_SOLVED_CODES_PER_HOUR = Some("1000"), Whole(1, 1_000_000, "codes"), CONSTRUCT, policy.budgets.source.solved_per_hour = number,
        "Further codes for one source in an hour, each for a solved CAPTCHA. Their resends are charged to no source.";
    TURNSTILE_KEY = Some(""), Text("a widget's secret key"), FUNCTION,
        "With this or the next set, a widget of Cloudflare Turnstile is the CAPTCHA ([captcha.md](captcha.md)). A caller must solve it where the budget of a source, a mailbox, a mail domain, all mail or the deployment's guesses is spent. Only sign-in reads it and the next three.";
    TURNSTILE_KEY_SECRET = Some(""), Text("the name or ARN of a secret that holds a widget's secret key"), FUNCTION,
        "The same key as plain text in Secrets Manager. It is read again when it is ten minutes old, and when Cloudflare refuses it.";
    TURNSTILE_HOSTNAMES = Some(""), Text("host names, separated by commas"), FUNCTION,
        "The host names on which the widget may be solved. Must be set with a key.";
    TURNSTILE_URL = Some("https://challenges.cloudflare.com/turnstile/v0/siteverify"), Text("an https URL"), FUNCTION,
        "The URL that verifies responses; `http://127.0.0.1:…` for tests.";
    SMS_COUNTRIES = Some(""), Text("ISO codes with or without a price, as in US:0.0079,DE"), CONSTRUCT, policy.budgets.sms.countries = countries,
        "The countries that SMS are sent to. Not set: none, and every phone number is refused. A territory with its own code needs its own entry: `GB` does not include Guernsey, Jersey and the Isle of Man (`GG`, `JE`, `IM`), nor `US` Puerto Rico (`PR`).";
    SMS_PRICE = Some("0.1"), Text("a price of up to 10000, up to five decimals"), CONSTRUCT,
        "The price of an SMS to a country without a price in `SMS_COUNTRIES`.";
    SMS_SPEND_PER_DAY = Some("10"), Text("a sum of up to 10000, up to five decimals"), CONSTRUCT, policy.budgets.sms.spend_per_day = required(Price::parse),
        "The greatest cost of the codes sent by SMS in a day, each counted when it is sent. Known devices have the same amount in addition. Notices of a changed or added contact are not counted.";
    SMS_SPEND_PER_MONTH = Some("100"), Text("a sum of up to 10000, up to five decimals"), CONSTRUCT, policy.budgets.sms.spend_per_month = required(Price::parse),
        "As `SMS_SPEND_PER_DAY`, in 30 days. Keep it at or below a quarter of the AWS account's monthly spend limit: a calendar month can touch two windows, and known devices have the same amount in addition.";
    SMS_UNPROVED_PER_PREFIX = Some("30"), Whole(1, 1_000_000, "codes"), CONSTRUCT, policy.budgets.sms.unproved_per_prefix = number,
        "Codes in an hour that are not proved, to numbers with one country code and the same four digits after it. Further codes are refused.";
    SMS_UNPROVED_PER_COUNTRY = Some("200"), Whole(1, 10_000_000, "codes"), CONSTRUCT, policy.budgets.sms.unproved_per_country = number,
        "As `SMS_UNPROVED_PER_PREFIX`, for a country.";
    MAIL_UNPROVED_PER_DOMAIN = Some("100"), Whole(1, 10_000_000, "codes"), CONSTRUCT, policy.budgets.mail.unproved_per_domain = number,
        "Mails in an hour to one domain whose code was not proved. A further one is refused if more than half of the mails to the domain in this hour and the one before are unproved. Known devices are not counted.";
    MAIL_UNPROVED_PER_HOUR = Some("1000"), Whole(1, 10_000_000, "codes"), CONSTRUCT, policy.budgets.mail.unproved_per_hour = number,
        "As `MAIL_UNPROVED_PER_DOMAIN`, for all mail, and for each shared domain: the large mail providers and `MAIL_SHARED_DOMAINS`.";
    MAIL_ACCOUNTS_PER_DOMAIN = Some("50"), Whole(1, 10_000_000, "accounts"), CONSTRUCT, policy.budgets.mail.accounts_per_domain = number,
        "New accounts in a day of one registered mail domain, with its subdomains, that is not shared. The limit of one mailbox is a tenth of it, but not below 5. At a shared domain the limit of one mailbox is 5.";
    MAIL_SHARED_DOMAINS = Some(""), Text("domains, separated by commas"), CONSTRUCT, policy.budgets.mail.shared_domains = domains,
        "Shared domains besides the large mail providers, whose users do not know each other: your own, or a customer's.";
    SMS_NUMBER_KINDS = Some("mobile,fixed_line_or_mobile"), Text("mobile, fixed_line_or_mobile, fixed_line, toll_free, voip, pager and uan, separated by commas"), CONSTRUCT,
        "The kinds of numbers that SMS are sent to; [phone-numbers.md](phone-numbers.md) explains them. Premium-rate, shared-cost, personal, voicemail and satellite numbers are always refused.";
    PHONE_RANGES = Some(""), Text("up to 50 ranges as in US:+1621NXXXXXX, and old forms as in +521XXXXXXXXXX=+52XXXXXXXXXX"), CONSTRUCT,
        "Ranges and changes of numbering plans that the built-in metadata does not have; [phone-numbers.md](phone-numbers.md) has the format.";
    TEST_IDENTIFIERS = Some(""), Text("addresses and numbers with their last day, as in ada@example.com=2027-01-31"), CONSTRUCT,
        "Identifiers, separated by commas, with a fixed code. No message is sent to them. Each is valid until the end of its day (UTC); see [budgets.md](budgets.md#test-identifiers).";
    TEST_IDENTIFIERS_IN_PRODUCTION = Some("false"), Flag, CONSTRUCT,
        "No function starts with test identifiers and the store `dynamodb` unless this is `true`.";
    APP_NAME = Some(""), Text("a name of 1 to 30 characters"), CONSTRUCT, policy.branding.app_name = optional(AppName::parse),
        "The app's name, in messages ([messages.md](messages.md)). One line.";
    DEFAULT_LOCALE = Some("en"), Word(&["en", "fr", "de", "es", "pt", "ja"]), CONSTRUCT, policy.branding.default_locale = required(Locale::parse),
        "The language of a message if neither the request nor the account names a supported one.";
    EMAIL_PREVIEW = Some("request"), Word(&["request", "code"]), CONSTRUCT, policy.branding.preview = required(|text| Preview::parse(text).ok()),
        "The line of a mail that inboxes and lock screens show: the time of the request, or the code.";
    SUPPORT_CONTACT = Some(""), Text("an email address, a phone number or an https URL of up to 50 characters"), CONSTRUCT, policy.branding.support = optional(SupportContact::parse),
        "The contact that the notice of a changed address or number names. Without it, the notice explains how to undo the change.";
    LINK_URL = Some(""), Text("an https URL of up to 200 characters without a fragment, or an http one of this computer"), CONSTRUCT, policy.branding.link_url = optional(LinkUrl::parse),
        "The page that the link of a mail opens, beside the code ([messages.md](messages.md#links)). Without it, no mail has a link.";
    SMS_DOMAIN = Some(""), Text("a domain of up to 40 characters"), FUNCTION, policy.branding.sms_domain = optional(SmsDomain::parse),
        "The domain of the last line of a texted code, `@domain #code`. Browsers and iOS then fill the code in on that domain and its app only.";
    SMS_ANDROID_HASH = Some(""), Text("11 characters of base64"), FUNCTION, policy.branding.sms_android_hash = optional(AndroidHash::parse),
        "The hash in a texted code by which Android's SMS Retriever passes the code to your app.";
    DELIVERY = Some("auto"), Word(&["auto", "extension", "inline"]), CONSTRUCT,
        "The time at which Create sends a code, Define a notice, and Define and sign-up publish events. `extension`: after the response, by an internal Lambda extension, so that the time of an answer does not depend on the courier; if the host refuses extensions, the function does not start. `inline`: before the response, for hosts without extensions. `auto`: `extension` if the host accepts it, otherwise `inline`.";
    METRICS_NAMESPACE = Some("Latchstring"), Text("a CloudWatch namespace"), CONSTRUCT,
        "The namespace of the metrics ([metrics.md](metrics.md)). Unless it is set, the construct and the templates set `Latchstring/` and the prefix of the functions' names, so that two deployments do not mix.";
    API_KEY_EXPIRES = Some(""), Text("seconds since 1970"), FUNCTION,
        "The expiry of AppSync's API key. Sign-in alone has it: it writes the days that are left as the metric `ApiKeyDaysLeft`.";
    LOG_LEVEL = Some("info"), Word(&["error", "warn", "info"]), CONSTRUCT,
        "The least severe events that are logged, as JSON lines. No level logs a code, address, number, ticket, proof, session or token.";
    AWS_REGION = None, Text("the region; Lambda sets it"), FUNCTION,
        "";
    AWS_ACCESS_KEY_ID = None, Text("credentials; Lambda sets them"), FUNCTION,
        "";
    AWS_SECRET_ACCESS_KEY = None, Text("credentials; Lambda sets them"), FUNCTION,
        "";
    AWS_SESSION_TOKEN = Some(""), Text("credentials; Lambda sets them"), FUNCTION,
        "";
    AWS_ENDPOINT_URL = Some(""), Text("an emulator's URL instead of AWS"), FUNCTION,
        "";
    AWS_CA_BUNDLE = Some(""), Text("a file of root certificates, PEM, to trust instead of Amazon's own"), FUNCTION,
        "Without it, AWS's endpoints must have a certificate of Amazon's five roots. Endpoints outside `amazonaws.com` (such as China's) and an `AWS_ENDPOINT_URL` with `https` must have one of the system's store.";
}

#[cfg(test)]
mod tests {
    use std::fmt::Write as _;
    use std::path::{Path, PathBuf};

    use super::*;

    fn root() -> PathBuf {
        Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
    }

    /// Compares a file with what the table generates, or writes it.
    fn is_generated(file: &str, wanted: &str) {
        let path = root().join(file);
        if std::env::var_os("UPDATE_GENERATED").is_some() {
            std::fs::write(&path, wanted).expect("the file is written");
        }
        let found = std::fs::read_to_string(&path).expect("the file is there");
        assert!(
            found == wanted,
            "{file} differs from the settings: UPDATE_GENERATED=1 cargo test --workspace --lib settings"
        );
    }

    /// The name of the construct's property.
    fn property(name: &str) -> String {
        let mut words = name.split('_').map(str::to_ascii_lowercase);
        let first = words.next().unwrap_or_default();
        words.fold(first, |mut name, word| {
            let (head, tail) = word.split_at(1);
            name.push_str(&head.to_ascii_uppercase());
            name.push_str(tail);
            name
        })
    }

    fn named(name: &str) -> Option<&'static Setting> {
        SETTINGS
            .iter()
            .copied()
            .find(|setting| setting.name == name)
    }

    #[test]
    fn the_table_of_configuration_md_is_generated() {
        const HEAD: &str = "| setting | default | takes | meaning |\n|---|---|---|---|\n";
        let file = "docs/configuration.md";
        let found = std::fs::read_to_string(root().join(file)).expect("the documentation");
        let (before, rest) = found.split_once(HEAD).expect("a table of settings");
        let after = rest.split_once("\n\n").map_or("", |(_, after)| after);
        let mut wanted = format!("{before}{HEAD}");
        for setting in SETTINGS {
            let default = match setting.default {
                None => "must be set".to_owned(),
                Some("") => "not set".to_owned(),
                Some(default) => format!("`{default}`"),
            };
            let Setting {
                name,
                takes,
                meaning,
                ..
            } = setting;
            writeln!(wanted, "| `{name}` | {default} | {takes} | {meaning} |").expect("a string");
        }
        if !after.is_empty() {
            write!(wanted, "\n{after}").expect("a string");
        }
        is_generated(file, &wanted);
    }

    /// The meaning for readers of code: properties, by the names that `named_as` gives them, instead
    /// of variables, and paths instead of links.
    fn comment(setting: &Setting, named_as: fn(&str) -> String) -> String {
        let mut text = String::new();
        let mut rest = setting.meaning;
        while let Some((before, link)) = rest.split_once('[') {
            let Some((shown, target)) = link.split_once("](") else {
                break;
            };
            let (target, after) = target.split_once(')').expect("a link ends");
            text.push_str(before);
            // A link shows the page that it leads to.
            assert!(target.starts_with(shown), "{target}");
            text.push_str("docs/");
            text.push_str(shown);
            rest = after;
        }
        text.push_str(rest);
        let parts: Vec<String> = text
            .split('`')
            .enumerate()
            .map(|(at, part)| match named(part) {
                Some(setting) if at % 2 == 1 && setting.in_construct => named_as(part),
                _ => part.to_owned(),
            })
            .collect();
        format!("{} Takes {}.", parts.join("`"), setting.takes)
    }

    /// A comment of at most 110 columns, each line of which begins with `margin`.
    fn wrapped(text: &str, margin: &str) -> String {
        let mut lines = vec![String::from(margin)];
        for word in text.split(' ') {
            let last = lines.last_mut().expect("a line");
            if last.chars().count() + word.chars().count() >= 110 {
                lines.push(format!("{margin} {word}"));
            } else {
                write!(last, " {word}").expect("a string");
            }
        }
        lines.join("\n")
    }

    fn quoted(word: &str) -> String {
        format!("'{word}'")
    }

    #[test]
    fn the_constructs_settings_are_generated() {
        let mut interface = String::new();
        let mut rules = String::new();
        for setting in SETTINGS.iter().filter(|setting| setting.in_construct) {
            let name = property(setting.name);
            let (kind, rule) = match setting.takes {
                Whole(least, most, _) => {
                    ("number".to_owned(), format!(", bounds: [{least}, {most}]"))
                }
                Share => ("number".to_owned(), ", share: true".to_owned()),
                Flag => ("boolean".to_owned(), String::new()),
                Text(_) => ("string".to_owned(), String::new()),
                Word(words) => {
                    let words: Vec<_> = words.iter().copied().map(quoted).collect();
                    (
                        words.join(" | "),
                        format!(", words: [{}]", words.join(", ")),
                    )
                }
            };
            let default = setting.default.expect("a property has a default");
            let shown = match setting.takes {
                _ if default.is_empty() => "not set".to_owned(),
                Word(_) | Text(_) => quoted(default),
                _ => default.to_owned(),
            };
            let about = wrapped(&comment(setting, property), "   *");
            write!(
                interface,
                "  /**\n{about}\n   * @default {shown}\n   */\n  readonly {name}?: {kind};\n"
            )
            .expect("a string");
            writeln!(
                rules,
                "  {name}: {{ variable: '{}', default: '{default}'{rule} }},",
                setting.name
            )
            .expect("a string");
        }
        let wanted = format!(
            "\
// Generated from shared/lambda/src/config/settings.rs, which says how. Edit that file.

/**
 * The settings of the functions. The default of a property that is left out is the functions' own.
 * docs/configuration.md lists all variables.
 */
export interface Settings {{
{interface}}}

/** The variable of a setting, and its values. */
export interface Rule {{
  readonly variable: string;
  /** The value of a function whose variable is not set; empty if the setting is off. */
  readonly default: string;
  /** The least and the most, of a whole number. */
  readonly bounds?: readonly [number, number];
  /** True of a number from 0 to 1. */
  readonly share?: boolean;
  /** The values of a word. */
  readonly words?: readonly string[];
}}

/** The rule of every setting. */
export const RULES: {{ readonly [Name in keyof Required<Settings>]: Rule }} = {{
{rules}}};
"
        );
        is_generated("infra/lib/settings.ts", &wanted);
    }

    /// The condition under which Terraform takes a value, if the type does not say it.
    fn condition(setting: &Setting, value: &str) -> Option<String> {
        match setting.takes {
            Whole(least, most, _) => Some(format!(
                "floor({value}) == {value} && {value} >= {least} && {value} <= {most}"
            )),
            Share => Some(format!("{value} >= 0 && {value} <= 1")),
            Word(words) => {
                let words: Vec<_> = words.iter().map(|word| format!("\"{word}\"")).collect();
                Some(format!("contains([{}], {value})", words.join(", ")))
            }
            Flag | Text(_) => None,
        }
    }

    #[test]
    fn the_modules_settings_are_generated() {
        let mut members = String::new();
        let mut validations = String::new();
        let mut variables = String::new();
        let mut defaults = String::new();
        let settings = || SETTINGS.iter().filter(|setting| setting.in_construct);
        let widest = settings().map(|it| it.name.len()).max().unwrap_or_default();
        for setting in settings() {
            let Setting { name, takes, .. } = setting;
            let member = name.to_ascii_lowercase();
            let kind = match takes {
                Whole(..) | Share => "number",
                Flag => "bool",
                Text(_) | Word(_) => "string",
            };
            let about = wrapped(&comment(setting, str::to_ascii_lowercase), "    #");
            let default = match setting
                .default
                .expect("a setting of the module has a default")
            {
                "" => "not set",
                default => default,
            };
            writeln!(
                members,
                "{about}\n    # Default: {default}.\n    {member} = optional({kind})"
            )
            .expect("a string");
            let value = format!("var.settings.{member}");
            if let Some(condition) = condition(setting, &value) {
                write!(
                    validations,
                    "
  validation {{
    condition     = {value} == null ? true : ({condition})
    error_message = \"The setting {member} takes {takes}.\"
  }}
"
                )
                .expect("a string");
            }
            writeln!(variables, "    {name:widest$} = {value}").expect("a string");
            if kind == "number" {
                writeln!(defaults, "    {member:widest$} = {default}").expect("a string");
            }
        }
        let wanted = format!(
            "\
# Generated from shared/lambda/src/config/settings.rs, which says how. Edit that file.

variable \"settings\" {{
  description = \"The settings of the functions. One that is left out has the functions' own default.\"
  default     = {{}}

  type = object({{
{members}  }})
{validations}}}

locals {{
  # The variables of the settings that are made.
  settings = {{ for name, value in {{
{variables}  }} : name => tostring(value) if value != null }}

  # The functions' own defaults of numbers.
  setting_defaults = {{
{defaults}  }}
}}
"
        );
        is_generated("infra/terraform/settings.tf", &wanted);
    }

    /// Policies whose odds the construct must compute like the functions.
    const POLICIES: [&[(&str, &str)]; 14] = [
        &[],
        &[("CODES_PER_DAY", "11")],
        &[("CODE_ATTEMPTS", "4")],
        &[("CODE_ATTEMPTS", "1"), ("CODES_PER_DAY", "30")],
        &[("SHORT_GUESSES_PER_MONTH", "40")],
        &[
            ("CODE_LENGTH", "8"),
            ("ALL_SHORT_GUESSES_PER_DAY", "100000"),
        ],
        &[("LONG_CODE_LENGTH", "6")],
        &[("LONG_CODE_LENGTH", "10"), ("EXTENDED_CODES_PER_DAY", "0")],
        &[("ACCOUNTS", "1000000000")],
        &[("ACCOUNTS", "1")],
        &[
            ("ALL_SHORT_GUESSES_PER_DAY", "300"),
            ("MAX_SPRAY_ODDS", "0.5"),
        ],
        &[
            ("DEVICE_CODES_PER_DAY", "100000"),
            ("DEVICE_CODES_PER_HOUR", "10000"),
            ("DEVICE_CODES_PER_MINUTE", "1000"),
        ],
        &[("SLOT_SECONDS", "300"), ("ACCOUNTS", "1")],
        &[("SLOT_SECONDS", "3599")],
    ];

    #[test]
    fn the_constructs_odds_are_compared_with_these() {
        let cases: Vec<_> = POLICIES
            .iter()
            .map(|pairs| {
                let environment = crate::config::Environment::Pairs(pairs);
                let policy = environment.numbers().expect("numbers within bounds");
                let accounts = environment.accounts().expect("a number");
                let odds = latchstring_core::odds::Odds::of(&policy, accounts);
                let settings: serde_json::Map<_, _> = pairs
                    .iter()
                    .map(|(name, value)| ((*name).to_owned(), serde_json::Value::from(*value)))
                    .collect();
                serde_json::json!({
                    "settings": settings,
                    "targeted": odds.with_a_stolen_device(),
                    "sprayed": odds.sprayed(),
                })
            })
            .collect();
        let mut wanted = serde_json::to_string_pretty(&cases).expect("JSON");
        wanted.push('\n');
        is_generated("infra/test/odds.json", &wanted);
    }
}
