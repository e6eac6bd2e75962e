variable "name" {
  description = "The name of the deployment, with which the names of its functions, alarms and other resources begin; unique in the account and Region."
  type        = string

  validation {
    condition     = can(regex("^[A-Za-z0-9_-]{1,33}$", var.name))
    error_message = "The name takes 1 to 33 letters, digits, - or _."
  }
}

variable "packages" {
  description = "The functions' zips, each named as in latchstring-sign-in.zip: in a folder of this computer, or in a bucket of the Region below a prefix that is empty or ends in a slash. Let the prefix change with each version."

  type = object({
    folder = optional(string)
    bucket = optional(string)
    prefix = optional(string)
  })

  validation {
    condition     = (var.packages.folder == null) != (var.packages.bucket == null)
    error_message = "The packages take a folder or a bucket."
  }

  validation {
    condition     = can(regex("^(.*/)?$", var.packages.prefix == null ? "" : var.packages.prefix))
    error_message = "The prefix of the packages is empty or ends in a slash."
  }
}

variable "architecture" {
  description = "The processors that the zips are built for: arm64 or x86_64."
  type        = string
  default     = "arm64"

  validation {
    condition     = contains(["arm64", "x86_64"], var.architecture)
    error_message = "The architecture takes arm64 or x86_64."
  }
}

variable "email" {
  description = "Mail, by Amazon SES. The address, or its domain, must be a verified identity in this Region. At least one of this and sms must be set."
  default     = null

  type = object({
    from_address = string
    # The name beside the address.
    from_name = optional(string)
    # The address that replies go to. Default: the sender.
    reply_to = optional(string)
    # The configuration set to send with.
    configuration_set = optional(string)
    # The identities that may be sent from. Default: the address and its domain.
    identity_arns = optional(list(string))
    # True if the account is in the sandbox of SES.
    in_sandbox = optional(bool)
  })

  validation {
    condition     = var.email == null ? true : can(regex("^[^[:space:]@<>\"]+@[^[:space:]@<>\"]+[.][^[:space:]@<>\"]+$", var.email.from_address))
    error_message = "The sender takes an address such as codes@example.com."
  }

  validation {
    condition     = try(var.email.from_name, null) == null ? true : can(regex("^[^<>\"\\\\\r\n]{1,100}$", var.email.from_name))
    error_message = "The name of the sender takes 1 to 100 characters on one line, without quotes, backslashes or angle brackets."
  }
}

variable "sms" {
  description = "SMS, by Amazon SNS."
  default     = null

  type = object({
    # ISO 3166 codes such as DE, or with the price of an SMS in US dollars, DE:0.09.
    countries = list(string)
    # The sender that phones show, 3 to 11 letters and digits.
    sender_id = optional(string)
    # The number to send from, 5 to 15 digits.
    origination_number = optional(string)
    # The sender's entity id in India's DLT register.
    entity_id = optional(string)
    # The template ids of the messages in that register, by kind: sign_in_code, confirmation_code,
    # contact_replaced, contact_added and change_undone.
    template_ids = optional(map(string))
    # The web domain that a code is for, up to 40 characters.
    domain = optional(string)
    # The Android app's hash, 11 characters, for the SMS Retriever.
    android_hash = optional(string)
  })

  validation {
    condition     = var.sms == null ? true : length(var.sms.countries) > 0 && alltrue([for country in var.sms.countries : can(regex("^[A-Z]{2}(:[0-9.]+)?$", country))])
    error_message = "The countries of SMS take ISO 3166 codes of two capital letters, such as DE, or with a price, DE:0.09."
  }

  validation {
    condition     = try(var.sms.sender_id, null) == null ? true : can(regex("^[A-Za-z0-9]{3,11}$", var.sms.sender_id)) && can(regex("[A-Za-z]", var.sms.sender_id))
    error_message = "The sender of SMS takes 3 to 11 letters and digits, one letter at least."
  }

  validation {
    condition     = try(var.sms.origination_number, null) == null ? true : can(regex("^[+]?[0-9]{5,15}$", var.sms.origination_number))
    error_message = "The number to send SMS from takes 5 to 15 digits, with or without +."
  }

  validation {
    condition     = alltrue([for id in concat(values(try(var.sms.template_ids, null) == null ? {} : var.sms.template_ids), try(var.sms.entity_id, null) == null ? [] : [var.sms.entity_id]) : can(regex("^[A-Za-z0-9_-]{1,50}$", id))])
    error_message = "The ids of India's register take 1 to 50 letters, digits, - and _."
  }

  validation {
    condition     = alltrue([for kind in keys(try(var.sms.template_ids, null) == null ? {} : var.sms.template_ids) : contains(["sign_in_code", "confirmation_code", "contact_replaced", "contact_added", "change_undone"], kind)])
    error_message = "The template ids are by sign_in_code, confirmation_code, contact_replaced, contact_added or change_undone."
  }
}

variable "captcha" {
  description = "Cloudflare Turnstile where a budget requires a CAPTCHA: the ARN of the secret that holds the widget's secret key as plain text, and the host names that the widget may be solved on."
  default     = null

  type = object({
    secret_arn = string
    hostnames  = list(string)
  })

  validation {
    condition     = var.captcha == null ? true : length(var.captcha.hostnames) > 0 && alltrue([for name in var.captcha.hostnames : can(regex("^[a-z0-9.-]+$", name))])
    error_message = "The host names of the CAPTCHA take at least one, without scheme or port, such as example.com."
  }
}

variable "admission_hook" {
  description = "The function that admits or refuses a new account. The rule is then hook."
  type        = object({ function_arn = string })
  default     = null
}

variable "events" {
  description = "Publishes events of accounts on a bus of EventBridge, by default the account's own. It adds an index to the table and a function that sweeps the outbox each minute."
  type        = object({ bus_arn = optional(string) })
  default     = null
}

variable "pool" {
  description = "The pool that is made, unless existing_pool is set."
  default     = {}

  type = object({
    # Its name. Default: the name of the deployment.
    name = optional(string)
    # The app clients, by name. Sign-in opens its sessions for the one that a request names, else for the
    # first. Removing one signs out every user who signed in with it. Default: app.
    clients = optional(list(string))
    # The attributes that a user's own token may write, besides those of signUp. Never a contact.
    # Default: given_name, family_name, locale.
    write_attributes = optional(list(string))
    # The lifetimes of tokens. Default: 60, 60, and 43200 (30 days), in session mode session_hours.
    access_token_minutes  = optional(number)
    id_token_minutes      = optional(number)
    refresh_token_minutes = optional(number)
    # True if a refresh token is replaced each time it is used. Default: false, in session mode true.
    rotate_refresh_tokens = optional(bool)
    # Cognito's feature plan: LITE, ESSENTIALS or PLUS. Default: Cognito's own, ESSENTIALS.
    tier = optional(string)
    # Threat protection, also of custom authentication: AUDIT or ENFORCED. It needs the tier PLUS.
    threat_protection = optional(string)
  })

  validation {
    condition     = var.pool.clients == null ? true : length(var.pool.clients) > 0 && length(distinct(var.pool.clients)) == length(var.pool.clients) && alltrue([for name in var.pool.clients : can(regex("^[A-Za-z0-9]{1,64}$", name))])
    error_message = "The clients of the pool take at least one name, all different, of letters and digits."
  }

  validation {
    condition     = var.pool.write_attributes == null ? true : length(var.pool.write_attributes) > 0 && length(setintersection(var.pool.write_attributes, ["email", "email_verified", "phone_number", "phone_number_verified"])) == 0
    error_message = "The attributes that a token may write take at least one, and no contact: a stolen token could take the account over."
  }

  validation {
    condition     = alltrue([for life in [var.pool.access_token_minutes, var.pool.id_token_minutes] : life == null ? true : floor(life) == life && life >= 5 && life <= 1440])
    error_message = "The lives of access and ID tokens take 5 to 1440 whole minutes."
  }

  validation {
    condition     = var.pool.refresh_token_minutes == null ? true : floor(var.pool.refresh_token_minutes) == var.pool.refresh_token_minutes && var.pool.refresh_token_minutes >= 60 && var.pool.refresh_token_minutes <= 5256000
    error_message = "The life of refresh tokens takes 60 to 5256000 whole minutes, an hour to ten years."
  }

  validation {
    condition     = var.pool.tier == null ? true : contains(["LITE", "ESSENTIALS", "PLUS"], var.pool.tier)
    error_message = "The tier of the pool takes LITE, ESSENTIALS or PLUS."
  }

  validation {
    condition     = var.pool.threat_protection == null ? true : contains(["AUDIT", "ENFORCED"], var.pool.threat_protection) && var.pool.tier == "PLUS"
    error_message = "The threat protection of the pool takes AUDIT or ENFORCED, and needs the tier PLUS."
  }
}

variable "existing_pool" {
  description = "A pool to serve instead of a new one; docs/pools.md says which ones can be served. `latchstring attach` sets its triggers."
  default     = null

  type = object({
    user_pool_id = string
    # The app clients to serve. Sign-in opens its sessions for the first.
    client_ids = list(string)
    # True if the first client has PreventUserExistenceErrors LEGACY and must keep it.
    legacy = optional(bool)
  })

  validation {
    condition     = var.existing_pool == null ? true : length(var.existing_pool.client_ids) > 0
    error_message = "The existing pool takes at least one app client."
  }
}

variable "clients" {
  description = "What differs at single app clients: by the names of pool.clients, or the ids of existing_pool.client_ids."
  default     = {}

  type = map(object({
    app_name         = optional(string)
    default_locale   = optional(string)
    support_contact  = optional(string)
    link_url         = optional(string)
    sms_sender_id    = optional(string)
    sms_domain       = optional(string)
    sms_android_hash = optional(string)
    # The kinds of identifiers that the client takes: email, phone_number.
    methods          = optional(list(string))
    admission        = optional(string)
    admitted_domains = optional(list(string))
    refused_domains  = optional(list(string))
    # The tenant of the file of texts.
    messages = optional(string)
    email = optional(object({
      from_address      = string
      from_name         = optional(string)
      reply_to          = optional(string)
      configuration_set = optional(string)
      identity_arns     = optional(list(string))
    }))
    access_token_minutes  = optional(number)
    id_token_minutes      = optional(number)
    refresh_token_minutes = optional(number)
    rotate_refresh_tokens = optional(bool)
  }))
}

variable "messages" {
  description = "A zip with the file latchstring-messages.json: the texts that replace the built-in ones. Check the file with `latchstring messages check`. The zip is deployed as a layer of the functions that send."
  type        = object({ zip = string })
  default     = null
}

variable "api" {
  description = "The APIs by which clients reach sign-in and sign-up: appsync, http or both."
  type        = string
  default     = "appsync"

  validation {
    condition     = contains(["appsync", "http", "both"], var.api)
    error_message = "The API takes appsync, http or both."
  }
}

variable "graphql" {
  description = "The GraphQL API, where there is one."
  default     = {}

  type = object({
    # The day on which the API keys expire, such as 2027-06-01, at most 365 days ahead. It must be set.
    keys_expire = optional(string)
    # The API keys, by names of your choice. To rotate one, add another, move the clients, remove the
    # first. Default: 1.
    keys = optional(list(string))
    # True if clients may query the schema. Default: false.
    introspection = optional(bool)
    # The greatest depth of a query, 1 to 75. Default: 4.
    query_depth_limit = optional(number)
    # The largest number of fields that a request may call, 1 to 10000. Default: 1.
    resolver_count_limit = optional(number)
    # The level of AppSync's own log of each field: NONE, ERROR or ALL. Default: NONE.
    field_log = optional(string)
  })

  validation {
    condition     = var.graphql.keys_expire == null ? true : can(formatdate("YYYY", "${var.graphql.keys_expire}T00:00:00Z"))
    error_message = "The expiry of the API keys takes a day such as 2027-06-01."
  }

  validation {
    condition     = var.graphql.keys == null ? true : length(var.graphql.keys) > 0 && length(distinct(var.graphql.keys)) == length(var.graphql.keys) && alltrue([for name in var.graphql.keys : can(regex("^[A-Za-z0-9]{1,64}$", name))])
    error_message = "The API keys take at least one name, all different, of letters and digits."
  }
}

variable "http" {
  description = "The HTTP API, where there is one."
  default     = {}

  type = object({
    # The origins of web pages that may call the API, such as https://app.example.com.
    allow_origins = optional(list(string))
    # Requests a second of all callers together, 1 to 10000. Default: 1000.
    requests_per_second = optional(number)
    # Requests at one moment, 1 to 5000. Default: as many as in a second.
    request_burst = optional(number)
    # True if a line of the access log has the caller's address. Default: false.
    log_source_ip = optional(bool)
    # A domain of your own, with its certificate of this Region.
    domain = optional(object({
      name            = string
      certificate_arn = string
      # The path before /v1, without slashes at its ends.
      base_path = optional(string)
    }))
  })

  validation {
    condition     = alltrue([for origin in concat(var.http.allow_origins == null ? [] : var.http.allow_origins) : can(regex("^(https://[a-z0-9.-]+|http://(localhost|127[.]0[.]0[.]1|\\[::1\\]))(:[0-9]{1,5})?$", origin))])
    error_message = "The allowed origins take origins such as https://app.example.com, without a path and never *."
  }
}

variable "session_mode" {
  description = "Session mode: tokens stay on the server, and a browser has a cookie. The app client has a secret, and the API must be http. A pool cannot be moved into it. The state holds the client's secret, because the provider reads it."
  default     = null

  type = object({
    # The origins of web pages, beside the API's own, that may call the API with the cookie.
    origins = optional(list(string))
    # The ARN of the secret that holds the secret of the app client of existing_pool, as plain text.
    client_secret_arn = optional(string)
  })

  validation {
    condition     = alltrue([for origin in concat(try(var.session_mode.origins, null) == null ? [] : var.session_mode.origins) : can(regex("^https://[a-z0-9.-]+(:[0-9]{1,5})?$", origin))])
    error_message = "The origins of session mode take origins such as https://app.example.com, without a path and never *."
  }
}

variable "waf" {
  description = "A web ACL that refuses addresses with too many requests: of the GraphQL API, and by pool_requests_per_five_minutes of the user pool. An HTTP API takes none."
  default     = null

  type = object({
    # 10 to 2000000000. Default: 300.
    requests_per_five_minutes = optional(number)
    # 10 to 2000000000. It needs settings.cognito_calls signed: public calls come from a few addresses of
    # AWS, which such a rule counts like any client, so that a stranger could use up the limit of all users.
    pool_requests_per_five_minutes = optional(number)
  })
}

variable "alarms" {
  description = "The thresholds of the alarms, and the ARNs that they notify."
  default     = {}

  type = object({
    # The ARNs that an alarm notifies, of SNS topics for instance.
    actions = optional(list(string))
    # The ARNs that an alarm notifies when it ends. Default: those of actions.
    ok_actions = optional(list(string))
    # The codes that are sent in the busiest hour of a usual week, from 1: volumes and rates follow from it.
    # Default: 100.
    codes_per_hour = optional(number)
    # The days without a rotation of the key ring above which key-age is on, from 1. Default: 400.
    key_age_days = optional(number)
    # Codes sent by SMS in an hour that are too many. Default: twice codes_per_hour.
    sms_per_hour = optional(number)
    # The threshold of the month's cost of SMS, in US dollars. Default: 10.
    sms_spend = optional(number)
  })
}

variable "memory" {
  description = "Megabytes of memory, and with it processor time, of each function: 128 to 10240."
  type        = number
  default     = 512

  validation {
    condition     = floor(var.memory) == var.memory && var.memory >= 128 && var.memory <= 10240
    error_message = "The memory takes 128 to 10240 whole megabytes."
  }
}

variable "reserved_concurrency" {
  description = "The number of instances of a function that may run at once, by the function's name such as sign-in."
  type        = map(number)
  default     = {}
}

variable "log_retention_days" {
  description = "The retention of logs, one of the numbers that CloudWatch Logs takes."
  type        = number
  default     = 30
}

variable "point_in_time_recovery" {
  description = "True if the table can be restored to any second of the last 35 days. Its items are of use for hours at most."
  type        = bool
  default     = false
}

variable "encryption_key" {
  description = "A key of your own for the table and the secrets."
  type        = object({ arn = string })
  default     = null
}

variable "deletion_protection" {
  description = "True if the pool and the table refuse to be deleted until this is set to false."
  type        = bool
  default     = true
}

variable "tags" {
  description = "Tags of every resource that takes them."
  type        = map(string)
  default     = {}
}
