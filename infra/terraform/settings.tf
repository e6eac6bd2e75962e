# Generated from shared/lambda/src/config/settings.rs, which says how. Edit that file.

variable "settings" {
  description = "The settings of the functions. One that is left out has the functions' own default."
  default     = {}

  type = object({
    # The calls by which sign-in and sign-up open a session and answer its first challenge. `public`:
    # InitiateAuth and RespondToAuthChallenge, without a signature, as a client makes them. `signed`:
    # AdminInitiateAuth and AdminRespondToAuthChallenge, which a web ACL of the pool does not inspect; they
    # pass the client's address on to threat protection, by HTTP or where `source` is not `off`. The role
    # needs both permissions for the pool. Takes public or signed.
    # Default: public.
    cognito_calls = optional(string)
    # With `cognito_calls` `signed`, a client of AppSync still answers by the public call. Set it to `true`
    # once `latchstring doctor --probe` reports `probe.signed` as ok: the pool takes such an answer. Until
    # then the functions do not start with signed calls, unless `DOORS` is `http`. Takes true or false.
    # Default: false.
    signed_sessions_confirmed = optional(bool)
    # Digits of a code. Takes 6 to 10 digits.
    # Default: 6.
    code_length = optional(number)
    # Digits of a code while the identifier or the deployment is under attack; at least `code_length`. Takes 6
    # to 10 digits.
    # Default: 8.
    long_code_length = optional(number)
    # The number of distinct answers that one flow accepts, right or wrong. A resend adds none. Takes 1 to 5
    # answers.
    # Default: 3.
    code_attempts = optional(number)
    # The time for which a code is valid. Takes 60 to 600 seconds.
    # Default: 300.
    code_seconds = optional(number)
    # The time between one send of a code and the next. Takes 15 to 300 seconds.
    # Default: 30.
    resend_seconds = optional(number)
    # Sends of a code after the first. Takes 0 to 5 sends.
    # Default: 2.
    resends = optional(number)
    # The length of a slot. While the budgets of a mailbox are spent, one message in each slot goes to an
    # address or number, and its code of 12 characters is that of every sign-in that begins in the slot
    # (docs/budgets.md). During a change of this setting, sign-ins in slot mode that have begun cannot be
    # completed. Takes 300 to 3600 seconds.
    # Default: 600.
    slot_seconds = optional(number)
    # The time for which a ticket is valid. Takes 15 to 300 seconds.
    # Default: 60.
    ticket_seconds = optional(number)
    # The time for which a proof is valid. Takes 30 to 600 seconds.
    # Default: 180.
    proof_seconds = optional(number)
    # The time in which a new contact must be proved. Takes 600 to 86400 seconds.
    # Default: 3600.
    pending_seconds = optional(number)
    # The time in which the owner of a replaced contact can undo the change. Until then no contact of the
    # account can be changed. 0 turns both off, for changes from before too. Takes 0 to 168 hours.
    # Default: 72.
    undo_hours = optional(number)
    # The greatest age of a sign-in that may add or change a contact or remember a device. Takes 60 to 86400
    # seconds.
    # Default: 600.
    fresh_seconds = optional(number)
    # The time without use after which a browser session ends. Takes 5 to 576000 minutes.
    # Default: 10080.
    session_idle_minutes = optional(number)
    # The time after which a browser session ends, used or not. The refresh tokens of the app client must live
    # as long. Takes 1 to 9600 hours.
    # Default: 720.
    session_hours = optional(number)
    # Codes sent to one mailbox or number in a minute, resends included, whether or not it has an account.
    # Addresses that differ in a plus-tag share a mailbox, and Gmail addresses that differ in dots. Takes 1 to
    # 1000 codes.
    # Default: 2.
    codes_per_minute = optional(number)
    # As `codes_per_minute`, in an hour. Takes 1 to 10000 codes.
    # Default: 5.
    codes_per_hour = optional(number)
    # As `codes_per_minute`, in a day. Beyond one of the three, codes have ten digits and draw on the extended
    # budget. Takes 1 to 100000 codes.
    # Default: 10.
    codes_per_day = optional(number)
    # Codes of ten digits to one mailbox or number in a minute, beyond the budget of `codes_per_minute`. Where
    # a CAPTCHA is on, each needs one. Takes 1 to 1000 codes.
    # Default: 4.
    extended_codes_per_minute = optional(number)
    # As `extended_codes_per_minute`, in an hour. Takes 1 to 10000 codes.
    # Default: 30.
    extended_codes_per_hour = optional(number)
    # As `extended_codes_per_minute`, in a day. Further codes are refused. Takes 0 to 100000 codes.
    # Default: 100.
    extended_codes_per_day = optional(number)
    # Answers to codes of `code_length` digits of one identifier in 30 days, without those of flows that
    # succeeded. Further codes are long, and short ones that are outstanding are no longer verifiable. Takes 0
    # to 100000 guesses.
    # Default: 8.
    short_guesses_per_month = optional(number)
    # The time for which a device is known after `rememberDevice`. Takes 1 to 400 days.
    # Default: 180.
    device_days = optional(number)
    # Codes sent to one mailbox or number at the request of known devices in a minute, in addition to
    # `codes_per_minute`. Takes 1 to 1000 codes.
    # Default: 2.
    device_codes_per_minute = optional(number)
    # As `device_codes_per_minute`, in an hour. Takes 1 to 10000 codes.
    # Default: 5.
    device_codes_per_hour = optional(number)
    # As `device_codes_per_minute`, in a day. Beyond one of the three, a known device is treated as unknown.
    # Takes 1 to 100000 codes.
    # Default: 6.
    device_codes_per_day = optional(number)
    # The part of `device_codes_per_day` that the device tokens of one sign-in can use together. Takes 1 to
    # 100000 codes.
    # Default: 3.
    device_token_codes_per_day = optional(number)
    # As `short_guesses_per_month`, for known devices, in addition. Takes 0 to 100000 guesses.
    # Default: 3.
    device_short_guesses_per_month = optional(number)
    # Codes for new contacts that one account, and accounts of one mailbox or number, may request in a day, by
    # `signUp` and `changeContact` together. Takes 1 to 1000 codes.
    # Default: 10.
    contacts_per_day = optional(number)
    # Answers to codes of `code_length` digits in a day, for all identifiers together, without those of flows
    # that succeeded. Further codes are long. Known devices are not counted. Takes 0 to 100000000 guesses.
    # Default: 150.
    all_short_guesses_per_day = optional(number)
    # As `all_short_guesses_per_day`, for codes of `long_code_length` digits. Further codes have ten digits.
    # Takes 0 to 100000000 guesses.
    # Default: 5000.
    all_long_guesses_per_day = optional(number)
    # Codes sent in a day, resends included. Further ones are refused. Known devices are not counted. Takes 1
    # to 100000000 codes.
    # Default: 100000.
    all_codes_per_day = optional(number)
    # The contacts for which an account may be created, once their code was right. `open`: all. `domains`:
    # email addresses of `admitted_domains`, and invited contacts. `invited`: invited contacts. `hook`: the
    # function `ADMISSION_HOOK` decides (docs/admission.md). An existing account signs in in any case. Not
    # with `LEGACY_POOL`. Takes open, domains, invited or hook.
    # Default: open.
    admission = optional(string)
    # With `admission` `domains`: `example.com` admits the addresses of that domain alone, `*.example.com`
    # those of each of its subdomains. Without any, every domain is admitted that `refused_domains` does not
    # list, and so is every phone number; with one, no phone number is. Takes domains, separated by commas.
    # Default: not set.
    admitted_domains = optional(string)
    # With `admission` `domains`: the domains that are refused also if they are admitted, in the same form.
    # Takes domains, separated by commas.
    # Default: not set.
    refused_domains = optional(string)
    # The group whose members may invite through the API. Without it, only an IAM principal that may invoke
    # the function sign-up can. Takes the name of a group of the pool.
    # Default: not set.
    inviters_group = optional(string)
    # The groups that a member of `inviters_group` may give with an invitation. Without any, none: list a
    # group only if each of its members may have what it permits, `inviters_group` included. An IAM principal
    # may give any. Takes groups of the pool, separated by commas.
    # Default: not set.
    inviters_may_give = optional(string)
    # As `inviters_may_give`, for attributes: `custom:team,given_name`. Takes attributes, separated by commas.
    # Default: not set.
    inviters_may_set = optional(string)
    # Whether the pool has `UsernameAttributes` instead of aliases (`signInAliases: { email: true }`). Its
    # contacts sign in unverified, so its sign-up must be closed and its app clients may not write a contact
    # (docs/existing-pools.md). Needs `other_holders`. Not with `LEGACY_POOL`. Takes true or false.
    # Default: false.
    username_attributes = optional(bool)
    # The treatment of accounts that have the contact of a new account without being its verified holder, for
    # a pool that others wrote too. `ignore`: not looked for. `refuse`: an account that holds another form of
    # the contact (`+4407400123456`) signs in, and gets the canonical form; for the profile of another
    # identity provider, and for an unverified holder where contacts are usernames, the sign-in ends with
    # `ContactInUse`. `delete`: as `refuse`, but an unverified holder is deleted if it is enabled, has no
    # verified contact and no linked user. Not with `LEGACY_POOL`. Takes ignore, refuse or delete.
    # Default: ignore.
    other_holders = optional(string)
    # The number of accounts for which the odds of a sprayed attack are computed. Takes 1 to 1000000000
    # accounts.
    # Default: 10000.
    accounts = optional(number)
    # The highest odds of success that the budgets may leave to an attacker who guesses at one account for a
    # year and has stolen one of its known devices. No function starts above it. Takes a number between 0 and
    # 1.
    # Default: 0.001.
    max_targeted_odds = optional(number)
    # As `max_targeted_odds`, for an attacker who guesses at all accounts for a year. docs/budgets.md derives
    # both. Takes a number between 0 and 1.
    # Default: 0.1.
    max_spray_odds = optional(number)
    # The part of an event of the GraphQL API that holds the client's address. `appsync`: the entry of
    # `x-forwarded-for` before the last, which is a CloudFront edge. `http`: `requestContext.http.sourceIp`,
    # where a function of your own adds it. Events without an address there share one budget. `off`: no budget
    # is counted by source. `latchstring doctor --probe --api` shows the header that AppSync delivers
    # (docs/doctor.md). Requests by HTTP are counted by source without this setting (docs/http.md). Takes
    # appsync, http or off.
    # Default: off.
    source = optional(string)
    # Codes for one source in a minute: an IPv4 address, or the /64 of an IPv6 address. Takes 1 to 100000
    # codes.
    # Default: 20.
    source_codes_per_minute = optional(number)
    # As `source_codes_per_minute`, in an hour. Takes 1 to 1000000 codes.
    # Default: 200.
    source_codes_per_hour = optional(number)
    # Further codes for one source in an hour, each for a solved CAPTCHA. Their resends are charged to no
    # source. Takes 1 to 1000000 codes.
    # Default: 1000.
    source_solved_codes_per_hour = optional(number)
    # The countries that SMS are sent to. Not set: none, and every phone number is refused. A territory with
    # its own code needs its own entry: `GB` does not include Guernsey, Jersey and the Isle of Man (`GG`,
    # `JE`, `IM`), nor `US` Puerto Rico (`PR`). Takes ISO codes with or without a price, as in US:0.0079,DE.
    # Default: not set.
    sms_countries = optional(string)
    # The price of an SMS to a country without a price in `sms_countries`. Takes a price of up to 10000, up to
    # five decimals.
    # Default: 0.1.
    sms_price = optional(string)
    # The greatest cost of the codes sent by SMS in a day, each counted when it is sent. Known devices have
    # the same amount in addition. Notices of a changed or added contact are not counted. Takes a sum of up to
    # 10000, up to five decimals.
    # Default: 10.
    sms_spend_per_day = optional(string)
    # As `sms_spend_per_day`, in 30 days. Keep it at or below a quarter of the AWS account's monthly spend
    # limit: a calendar month can touch two windows, and known devices have the same amount in addition. Takes
    # a sum of up to 10000, up to five decimals.
    # Default: 100.
    sms_spend_per_month = optional(string)
    # Codes in an hour that are not proved, to numbers with one country code and the same four digits after
    # it. Further codes are refused. Takes 1 to 1000000 codes.
    # Default: 30.
    sms_unproved_per_prefix = optional(number)
    # As `sms_unproved_per_prefix`, for a country. Takes 1 to 10000000 codes.
    # Default: 200.
    sms_unproved_per_country = optional(number)
    # Mails in an hour to one domain whose code was not proved. A further one is refused if more than half of
    # the mails to the domain in this hour and the one before are unproved. Known devices are not counted.
    # Takes 1 to 10000000 codes.
    # Default: 100.
    mail_unproved_per_domain = optional(number)
    # As `mail_unproved_per_domain`, for all mail, and for each shared domain: the large mail providers and
    # `mail_shared_domains`. Takes 1 to 10000000 codes.
    # Default: 1000.
    mail_unproved_per_hour = optional(number)
    # New accounts in a day of one registered mail domain, with its subdomains, that is not shared. The limit
    # of one mailbox is a tenth of it, but not below 5. At a shared domain the limit of one mailbox is 5.
    # Takes 1 to 10000000 accounts.
    # Default: 50.
    mail_accounts_per_domain = optional(number)
    # Shared domains besides the large mail providers, whose users do not know each other: your own, or a
    # customer's. Takes domains, separated by commas.
    # Default: not set.
    mail_shared_domains = optional(string)
    # The kinds of numbers that SMS are sent to; docs/phone-numbers.md explains them. Premium-rate,
    # shared-cost, personal, voicemail and satellite numbers are always refused. Takes mobile,
    # fixed_line_or_mobile, fixed_line, toll_free, voip, pager and uan, separated by commas.
    # Default: mobile,fixed_line_or_mobile.
    sms_number_kinds = optional(string)
    # Ranges and changes of numbering plans that the built-in metadata does not have; docs/phone-numbers.md
    # has the format. Takes up to 50 ranges as in US:+1621NXXXXXX, and old forms as in
    # +521XXXXXXXXXX=+52XXXXXXXXXX.
    # Default: not set.
    phone_ranges = optional(string)
    # Identifiers, separated by commas, with a fixed code. No message is sent to them. Each is valid until the
    # end of its day (UTC); see docs/budgets.md. Takes addresses and numbers with their last day, as in
    # ada@example.com=2027-01-31.
    # Default: not set.
    test_identifiers = optional(string)
    # No function starts with test identifiers and the store `dynamodb` unless this is `true`. Takes true or
    # false.
    # Default: false.
    test_identifiers_in_production = optional(bool)
    # The app's name, in messages (docs/messages.md). One line. Takes a name of 1 to 30 characters.
    # Default: not set.
    app_name = optional(string)
    # The language of a message if neither the request nor the account names a supported one. Takes en, fr,
    # de, es, pt or ja.
    # Default: en.
    default_locale = optional(string)
    # The line of a mail that inboxes and lock screens show: the time of the request, or the code. Takes
    # request or code.
    # Default: request.
    email_preview = optional(string)
    # The contact that the notice of a changed address or number names. Without it, the notice explains how to
    # undo the change. Takes an email address, a phone number or an https URL of up to 50 characters.
    # Default: not set.
    support_contact = optional(string)
    # The page that the link of a mail opens, beside the code (docs/messages.md). Without it, no mail has a
    # link. Takes an https URL of up to 200 characters without a fragment, or an http one of this computer.
    # Default: not set.
    link_url = optional(string)
    # The time at which Create sends a code, Define a notice, and Define and sign-up publish events.
    # `extension`: after the response, by an internal Lambda extension, so that the time of an answer does not
    # depend on the courier; if the host refuses extensions, the function does not start. `inline`: before the
    # response, for hosts without extensions. `auto`: `extension` if the host accepts it, otherwise `inline`.
    # Takes auto, extension or inline.
    # Default: auto.
    delivery = optional(string)
    # The namespace of the metrics (docs/metrics.md). Unless it is set, the construct and the templates set
    # `Latchstring/` and the prefix of the functions' names, so that two deployments do not mix. Takes a
    # CloudWatch namespace.
    # Default: Latchstring.
    metrics_namespace = optional(string)
    # The least severe events that are logged, as JSON lines. No level logs a code, address, number, ticket,
    # proof, session or token. Takes error, warn or info.
    # Default: info.
    log_level = optional(string)
  })

  validation {
    condition     = var.settings.cognito_calls == null ? true : (contains(["public", "signed"], var.settings.cognito_calls))
    error_message = "The setting cognito_calls takes public or signed."
  }

  validation {
    condition     = var.settings.code_length == null ? true : (floor(var.settings.code_length) == var.settings.code_length && var.settings.code_length >= 6 && var.settings.code_length <= 10)
    error_message = "The setting code_length takes 6 to 10 digits."
  }

  validation {
    condition     = var.settings.long_code_length == null ? true : (floor(var.settings.long_code_length) == var.settings.long_code_length && var.settings.long_code_length >= 6 && var.settings.long_code_length <= 10)
    error_message = "The setting long_code_length takes 6 to 10 digits."
  }

  validation {
    condition     = var.settings.code_attempts == null ? true : (floor(var.settings.code_attempts) == var.settings.code_attempts && var.settings.code_attempts >= 1 && var.settings.code_attempts <= 5)
    error_message = "The setting code_attempts takes 1 to 5 answers."
  }

  validation {
    condition     = var.settings.code_seconds == null ? true : (floor(var.settings.code_seconds) == var.settings.code_seconds && var.settings.code_seconds >= 60 && var.settings.code_seconds <= 600)
    error_message = "The setting code_seconds takes 60 to 600 seconds."
  }

  validation {
    condition     = var.settings.resend_seconds == null ? true : (floor(var.settings.resend_seconds) == var.settings.resend_seconds && var.settings.resend_seconds >= 15 && var.settings.resend_seconds <= 300)
    error_message = "The setting resend_seconds takes 15 to 300 seconds."
  }

  validation {
    condition     = var.settings.resends == null ? true : (floor(var.settings.resends) == var.settings.resends && var.settings.resends >= 0 && var.settings.resends <= 5)
    error_message = "The setting resends takes 0 to 5 sends."
  }

  validation {
    condition     = var.settings.slot_seconds == null ? true : (floor(var.settings.slot_seconds) == var.settings.slot_seconds && var.settings.slot_seconds >= 300 && var.settings.slot_seconds <= 3600)
    error_message = "The setting slot_seconds takes 300 to 3600 seconds."
  }

  validation {
    condition     = var.settings.ticket_seconds == null ? true : (floor(var.settings.ticket_seconds) == var.settings.ticket_seconds && var.settings.ticket_seconds >= 15 && var.settings.ticket_seconds <= 300)
    error_message = "The setting ticket_seconds takes 15 to 300 seconds."
  }

  validation {
    condition     = var.settings.proof_seconds == null ? true : (floor(var.settings.proof_seconds) == var.settings.proof_seconds && var.settings.proof_seconds >= 30 && var.settings.proof_seconds <= 600)
    error_message = "The setting proof_seconds takes 30 to 600 seconds."
  }

  validation {
    condition     = var.settings.pending_seconds == null ? true : (floor(var.settings.pending_seconds) == var.settings.pending_seconds && var.settings.pending_seconds >= 600 && var.settings.pending_seconds <= 86400)
    error_message = "The setting pending_seconds takes 600 to 86400 seconds."
  }

  validation {
    condition     = var.settings.undo_hours == null ? true : (floor(var.settings.undo_hours) == var.settings.undo_hours && var.settings.undo_hours >= 0 && var.settings.undo_hours <= 168)
    error_message = "The setting undo_hours takes 0 to 168 hours."
  }

  validation {
    condition     = var.settings.fresh_seconds == null ? true : (floor(var.settings.fresh_seconds) == var.settings.fresh_seconds && var.settings.fresh_seconds >= 60 && var.settings.fresh_seconds <= 86400)
    error_message = "The setting fresh_seconds takes 60 to 86400 seconds."
  }

  validation {
    condition     = var.settings.session_idle_minutes == null ? true : (floor(var.settings.session_idle_minutes) == var.settings.session_idle_minutes && var.settings.session_idle_minutes >= 5 && var.settings.session_idle_minutes <= 576000)
    error_message = "The setting session_idle_minutes takes 5 to 576000 minutes."
  }

  validation {
    condition     = var.settings.session_hours == null ? true : (floor(var.settings.session_hours) == var.settings.session_hours && var.settings.session_hours >= 1 && var.settings.session_hours <= 9600)
    error_message = "The setting session_hours takes 1 to 9600 hours."
  }

  validation {
    condition     = var.settings.codes_per_minute == null ? true : (floor(var.settings.codes_per_minute) == var.settings.codes_per_minute && var.settings.codes_per_minute >= 1 && var.settings.codes_per_minute <= 1000)
    error_message = "The setting codes_per_minute takes 1 to 1000 codes."
  }

  validation {
    condition     = var.settings.codes_per_hour == null ? true : (floor(var.settings.codes_per_hour) == var.settings.codes_per_hour && var.settings.codes_per_hour >= 1 && var.settings.codes_per_hour <= 10000)
    error_message = "The setting codes_per_hour takes 1 to 10000 codes."
  }

  validation {
    condition     = var.settings.codes_per_day == null ? true : (floor(var.settings.codes_per_day) == var.settings.codes_per_day && var.settings.codes_per_day >= 1 && var.settings.codes_per_day <= 100000)
    error_message = "The setting codes_per_day takes 1 to 100000 codes."
  }

  validation {
    condition     = var.settings.extended_codes_per_minute == null ? true : (floor(var.settings.extended_codes_per_minute) == var.settings.extended_codes_per_minute && var.settings.extended_codes_per_minute >= 1 && var.settings.extended_codes_per_minute <= 1000)
    error_message = "The setting extended_codes_per_minute takes 1 to 1000 codes."
  }

  validation {
    condition     = var.settings.extended_codes_per_hour == null ? true : (floor(var.settings.extended_codes_per_hour) == var.settings.extended_codes_per_hour && var.settings.extended_codes_per_hour >= 1 && var.settings.extended_codes_per_hour <= 10000)
    error_message = "The setting extended_codes_per_hour takes 1 to 10000 codes."
  }

  validation {
    condition     = var.settings.extended_codes_per_day == null ? true : (floor(var.settings.extended_codes_per_day) == var.settings.extended_codes_per_day && var.settings.extended_codes_per_day >= 0 && var.settings.extended_codes_per_day <= 100000)
    error_message = "The setting extended_codes_per_day takes 0 to 100000 codes."
  }

  validation {
    condition     = var.settings.short_guesses_per_month == null ? true : (floor(var.settings.short_guesses_per_month) == var.settings.short_guesses_per_month && var.settings.short_guesses_per_month >= 0 && var.settings.short_guesses_per_month <= 100000)
    error_message = "The setting short_guesses_per_month takes 0 to 100000 guesses."
  }

  validation {
    condition     = var.settings.device_days == null ? true : (floor(var.settings.device_days) == var.settings.device_days && var.settings.device_days >= 1 && var.settings.device_days <= 400)
    error_message = "The setting device_days takes 1 to 400 days."
  }

  validation {
    condition     = var.settings.device_codes_per_minute == null ? true : (floor(var.settings.device_codes_per_minute) == var.settings.device_codes_per_minute && var.settings.device_codes_per_minute >= 1 && var.settings.device_codes_per_minute <= 1000)
    error_message = "The setting device_codes_per_minute takes 1 to 1000 codes."
  }

  validation {
    condition     = var.settings.device_codes_per_hour == null ? true : (floor(var.settings.device_codes_per_hour) == var.settings.device_codes_per_hour && var.settings.device_codes_per_hour >= 1 && var.settings.device_codes_per_hour <= 10000)
    error_message = "The setting device_codes_per_hour takes 1 to 10000 codes."
  }

  validation {
    condition     = var.settings.device_codes_per_day == null ? true : (floor(var.settings.device_codes_per_day) == var.settings.device_codes_per_day && var.settings.device_codes_per_day >= 1 && var.settings.device_codes_per_day <= 100000)
    error_message = "The setting device_codes_per_day takes 1 to 100000 codes."
  }

  validation {
    condition     = var.settings.device_token_codes_per_day == null ? true : (floor(var.settings.device_token_codes_per_day) == var.settings.device_token_codes_per_day && var.settings.device_token_codes_per_day >= 1 && var.settings.device_token_codes_per_day <= 100000)
    error_message = "The setting device_token_codes_per_day takes 1 to 100000 codes."
  }

  validation {
    condition     = var.settings.device_short_guesses_per_month == null ? true : (floor(var.settings.device_short_guesses_per_month) == var.settings.device_short_guesses_per_month && var.settings.device_short_guesses_per_month >= 0 && var.settings.device_short_guesses_per_month <= 100000)
    error_message = "The setting device_short_guesses_per_month takes 0 to 100000 guesses."
  }

  validation {
    condition     = var.settings.contacts_per_day == null ? true : (floor(var.settings.contacts_per_day) == var.settings.contacts_per_day && var.settings.contacts_per_day >= 1 && var.settings.contacts_per_day <= 1000)
    error_message = "The setting contacts_per_day takes 1 to 1000 codes."
  }

  validation {
    condition     = var.settings.all_short_guesses_per_day == null ? true : (floor(var.settings.all_short_guesses_per_day) == var.settings.all_short_guesses_per_day && var.settings.all_short_guesses_per_day >= 0 && var.settings.all_short_guesses_per_day <= 100000000)
    error_message = "The setting all_short_guesses_per_day takes 0 to 100000000 guesses."
  }

  validation {
    condition     = var.settings.all_long_guesses_per_day == null ? true : (floor(var.settings.all_long_guesses_per_day) == var.settings.all_long_guesses_per_day && var.settings.all_long_guesses_per_day >= 0 && var.settings.all_long_guesses_per_day <= 100000000)
    error_message = "The setting all_long_guesses_per_day takes 0 to 100000000 guesses."
  }

  validation {
    condition     = var.settings.all_codes_per_day == null ? true : (floor(var.settings.all_codes_per_day) == var.settings.all_codes_per_day && var.settings.all_codes_per_day >= 1 && var.settings.all_codes_per_day <= 100000000)
    error_message = "The setting all_codes_per_day takes 1 to 100000000 codes."
  }

  validation {
    condition     = var.settings.admission == null ? true : (contains(["open", "domains", "invited", "hook"], var.settings.admission))
    error_message = "The setting admission takes open, domains, invited or hook."
  }

  validation {
    condition     = var.settings.other_holders == null ? true : (contains(["ignore", "refuse", "delete"], var.settings.other_holders))
    error_message = "The setting other_holders takes ignore, refuse or delete."
  }

  validation {
    condition     = var.settings.accounts == null ? true : (floor(var.settings.accounts) == var.settings.accounts && var.settings.accounts >= 1 && var.settings.accounts <= 1000000000)
    error_message = "The setting accounts takes 1 to 1000000000 accounts."
  }

  validation {
    condition     = var.settings.max_targeted_odds == null ? true : (var.settings.max_targeted_odds >= 0 && var.settings.max_targeted_odds <= 1)
    error_message = "The setting max_targeted_odds takes a number between 0 and 1."
  }

  validation {
    condition     = var.settings.max_spray_odds == null ? true : (var.settings.max_spray_odds >= 0 && var.settings.max_spray_odds <= 1)
    error_message = "The setting max_spray_odds takes a number between 0 and 1."
  }

  validation {
    condition     = var.settings.source == null ? true : (contains(["appsync", "http", "off"], var.settings.source))
    error_message = "The setting source takes appsync, http or off."
  }

  validation {
    condition     = var.settings.source_codes_per_minute == null ? true : (floor(var.settings.source_codes_per_minute) == var.settings.source_codes_per_minute && var.settings.source_codes_per_minute >= 1 && var.settings.source_codes_per_minute <= 100000)
    error_message = "The setting source_codes_per_minute takes 1 to 100000 codes."
  }

  validation {
    condition     = var.settings.source_codes_per_hour == null ? true : (floor(var.settings.source_codes_per_hour) == var.settings.source_codes_per_hour && var.settings.source_codes_per_hour >= 1 && var.settings.source_codes_per_hour <= 1000000)
    error_message = "The setting source_codes_per_hour takes 1 to 1000000 codes."
  }

  validation {
    condition     = var.settings.source_solved_codes_per_hour == null ? true : (floor(var.settings.source_solved_codes_per_hour) == var.settings.source_solved_codes_per_hour && var.settings.source_solved_codes_per_hour >= 1 && var.settings.source_solved_codes_per_hour <= 1000000)
    error_message = "The setting source_solved_codes_per_hour takes 1 to 1000000 codes."
  }

  validation {
    condition     = var.settings.sms_unproved_per_prefix == null ? true : (floor(var.settings.sms_unproved_per_prefix) == var.settings.sms_unproved_per_prefix && var.settings.sms_unproved_per_prefix >= 1 && var.settings.sms_unproved_per_prefix <= 1000000)
    error_message = "The setting sms_unproved_per_prefix takes 1 to 1000000 codes."
  }

  validation {
    condition     = var.settings.sms_unproved_per_country == null ? true : (floor(var.settings.sms_unproved_per_country) == var.settings.sms_unproved_per_country && var.settings.sms_unproved_per_country >= 1 && var.settings.sms_unproved_per_country <= 10000000)
    error_message = "The setting sms_unproved_per_country takes 1 to 10000000 codes."
  }

  validation {
    condition     = var.settings.mail_unproved_per_domain == null ? true : (floor(var.settings.mail_unproved_per_domain) == var.settings.mail_unproved_per_domain && var.settings.mail_unproved_per_domain >= 1 && var.settings.mail_unproved_per_domain <= 10000000)
    error_message = "The setting mail_unproved_per_domain takes 1 to 10000000 codes."
  }

  validation {
    condition     = var.settings.mail_unproved_per_hour == null ? true : (floor(var.settings.mail_unproved_per_hour) == var.settings.mail_unproved_per_hour && var.settings.mail_unproved_per_hour >= 1 && var.settings.mail_unproved_per_hour <= 10000000)
    error_message = "The setting mail_unproved_per_hour takes 1 to 10000000 codes."
  }

  validation {
    condition     = var.settings.mail_accounts_per_domain == null ? true : (floor(var.settings.mail_accounts_per_domain) == var.settings.mail_accounts_per_domain && var.settings.mail_accounts_per_domain >= 1 && var.settings.mail_accounts_per_domain <= 10000000)
    error_message = "The setting mail_accounts_per_domain takes 1 to 10000000 accounts."
  }

  validation {
    condition     = var.settings.default_locale == null ? true : (contains(["en", "fr", "de", "es", "pt", "ja"], var.settings.default_locale))
    error_message = "The setting default_locale takes en, fr, de, es, pt or ja."
  }

  validation {
    condition     = var.settings.email_preview == null ? true : (contains(["request", "code"], var.settings.email_preview))
    error_message = "The setting email_preview takes request or code."
  }

  validation {
    condition     = var.settings.delivery == null ? true : (contains(["auto", "extension", "inline"], var.settings.delivery))
    error_message = "The setting delivery takes auto, extension or inline."
  }

  validation {
    condition     = var.settings.log_level == null ? true : (contains(["error", "warn", "info"], var.settings.log_level))
    error_message = "The setting log_level takes error, warn or info."
  }
}

locals {
  # The variables of the settings that are made.
  settings = { for name, value in {
    COGNITO_CALLS                  = var.settings.cognito_calls
    SIGNED_SESSIONS_CONFIRMED      = var.settings.signed_sessions_confirmed
    CODE_LENGTH                    = var.settings.code_length
    LONG_CODE_LENGTH               = var.settings.long_code_length
    CODE_ATTEMPTS                  = var.settings.code_attempts
    CODE_SECONDS                   = var.settings.code_seconds
    RESEND_SECONDS                 = var.settings.resend_seconds
    RESENDS                        = var.settings.resends
    SLOT_SECONDS                   = var.settings.slot_seconds
    TICKET_SECONDS                 = var.settings.ticket_seconds
    PROOF_SECONDS                  = var.settings.proof_seconds
    PENDING_SECONDS                = var.settings.pending_seconds
    UNDO_HOURS                     = var.settings.undo_hours
    FRESH_SECONDS                  = var.settings.fresh_seconds
    SESSION_IDLE_MINUTES           = var.settings.session_idle_minutes
    SESSION_HOURS                  = var.settings.session_hours
    CODES_PER_MINUTE               = var.settings.codes_per_minute
    CODES_PER_HOUR                 = var.settings.codes_per_hour
    CODES_PER_DAY                  = var.settings.codes_per_day
    EXTENDED_CODES_PER_MINUTE      = var.settings.extended_codes_per_minute
    EXTENDED_CODES_PER_HOUR        = var.settings.extended_codes_per_hour
    EXTENDED_CODES_PER_DAY         = var.settings.extended_codes_per_day
    SHORT_GUESSES_PER_MONTH        = var.settings.short_guesses_per_month
    DEVICE_DAYS                    = var.settings.device_days
    DEVICE_CODES_PER_MINUTE        = var.settings.device_codes_per_minute
    DEVICE_CODES_PER_HOUR          = var.settings.device_codes_per_hour
    DEVICE_CODES_PER_DAY           = var.settings.device_codes_per_day
    DEVICE_TOKEN_CODES_PER_DAY     = var.settings.device_token_codes_per_day
    DEVICE_SHORT_GUESSES_PER_MONTH = var.settings.device_short_guesses_per_month
    CONTACTS_PER_DAY               = var.settings.contacts_per_day
    ALL_SHORT_GUESSES_PER_DAY      = var.settings.all_short_guesses_per_day
    ALL_LONG_GUESSES_PER_DAY       = var.settings.all_long_guesses_per_day
    ALL_CODES_PER_DAY              = var.settings.all_codes_per_day
    ADMISSION                      = var.settings.admission
    ADMITTED_DOMAINS               = var.settings.admitted_domains
    REFUSED_DOMAINS                = var.settings.refused_domains
    INVITERS_GROUP                 = var.settings.inviters_group
    INVITERS_MAY_GIVE              = var.settings.inviters_may_give
    INVITERS_MAY_SET               = var.settings.inviters_may_set
    USERNAME_ATTRIBUTES            = var.settings.username_attributes
    OTHER_HOLDERS                  = var.settings.other_holders
    ACCOUNTS                       = var.settings.accounts
    MAX_TARGETED_ODDS              = var.settings.max_targeted_odds
    MAX_SPRAY_ODDS                 = var.settings.max_spray_odds
    SOURCE                         = var.settings.source
    SOURCE_CODES_PER_MINUTE        = var.settings.source_codes_per_minute
    SOURCE_CODES_PER_HOUR          = var.settings.source_codes_per_hour
    SOURCE_SOLVED_CODES_PER_HOUR   = var.settings.source_solved_codes_per_hour
    SMS_COUNTRIES                  = var.settings.sms_countries
    SMS_PRICE                      = var.settings.sms_price
    SMS_SPEND_PER_DAY              = var.settings.sms_spend_per_day
    SMS_SPEND_PER_MONTH            = var.settings.sms_spend_per_month
    SMS_UNPROVED_PER_PREFIX        = var.settings.sms_unproved_per_prefix
    SMS_UNPROVED_PER_COUNTRY       = var.settings.sms_unproved_per_country
    MAIL_UNPROVED_PER_DOMAIN       = var.settings.mail_unproved_per_domain
    MAIL_UNPROVED_PER_HOUR         = var.settings.mail_unproved_per_hour
    MAIL_ACCOUNTS_PER_DOMAIN       = var.settings.mail_accounts_per_domain
    MAIL_SHARED_DOMAINS            = var.settings.mail_shared_domains
    SMS_NUMBER_KINDS               = var.settings.sms_number_kinds
    PHONE_RANGES                   = var.settings.phone_ranges
    TEST_IDENTIFIERS               = var.settings.test_identifiers
    TEST_IDENTIFIERS_IN_PRODUCTION = var.settings.test_identifiers_in_production
    APP_NAME                       = var.settings.app_name
    DEFAULT_LOCALE                 = var.settings.default_locale
    EMAIL_PREVIEW                  = var.settings.email_preview
    SUPPORT_CONTACT                = var.settings.support_contact
    LINK_URL                       = var.settings.link_url
    DELIVERY                       = var.settings.delivery
    METRICS_NAMESPACE              = var.settings.metrics_namespace
    LOG_LEVEL                      = var.settings.log_level
  } : name => tostring(value) if value != null }

  # The functions' own defaults of numbers.
  setting_defaults = {
    code_length                    = 6
    long_code_length               = 8
    code_attempts                  = 3
    code_seconds                   = 300
    resend_seconds                 = 30
    resends                        = 2
    slot_seconds                   = 600
    ticket_seconds                 = 60
    proof_seconds                  = 180
    pending_seconds                = 3600
    undo_hours                     = 72
    fresh_seconds                  = 600
    session_idle_minutes           = 10080
    session_hours                  = 720
    codes_per_minute               = 2
    codes_per_hour                 = 5
    codes_per_day                  = 10
    extended_codes_per_minute      = 4
    extended_codes_per_hour        = 30
    extended_codes_per_day         = 100
    short_guesses_per_month        = 8
    device_days                    = 180
    device_codes_per_minute        = 2
    device_codes_per_hour          = 5
    device_codes_per_day           = 6
    device_token_codes_per_day     = 3
    device_short_guesses_per_month = 3
    contacts_per_day               = 10
    all_short_guesses_per_day      = 150
    all_long_guesses_per_day       = 5000
    all_codes_per_day              = 100000
    accounts                       = 10000
    max_targeted_odds              = 0.001
    max_spray_odds                 = 0.1
    source_codes_per_minute        = 20
    source_codes_per_hour          = 200
    source_solved_codes_per_hour   = 1000
    sms_unproved_per_prefix        = 30
    sms_unproved_per_country       = 200
    mail_unproved_per_domain       = 100
    mail_unproved_per_hour         = 1000
    mail_accounts_per_domain       = 50
  }
}
