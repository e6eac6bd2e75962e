# What the functions would refuse at start, and what no single variable can check.
locals {
  domains_given = var.settings.admitted_domains != null || var.settings.refused_domains != null
  channels      = concat(var.email == null ? [] : ["email"], var.sms == null ? [] : ["phone_number"])

  problems = compact(concat(
    [
      var.email == null && var.sms == null ? "email or sms: at least one is required; without both, no code can be sent" : "",
      local.given.long_code_length < local.given.code_length ? "settings.long_code_length: code_length or more" : "",
      local.odds.targeted > local.given.max_targeted_odds ? "settings: they leave an attacker odds of 1 in ${ceil(1 / local.odds.targeted)} in a year, above settings.max_targeted_odds; docs/budgets.md shows their sources" : "",
      local.odds.sprayed > local.given.max_spray_odds ? "settings: they leave an attacker odds of 1 in ${ceil(1 / local.odds.sprayed)} in a year, above settings.max_spray_odds; docs/budgets.md shows their sources" : "",
      local.has_graphql && var.graphql.keys_expire == null ? "graphql.keys_expire: the day on which the API keys expire, such as 2027-06-01, at most 365 days ahead" : "",
      var.settings.cognito_calls == "signed" && var.settings.signed_sessions_confirmed != true && var.api != "http" ? "settings.cognito_calls: signed needs signed_sessions_confirmed, once `latchstring doctor --probe` reports probe.signed as ok, or the API http" : "",
      var.pool.threat_protection != null && local.cognito_calls == "public" ? "pool.threat_protection: needs settings.cognito_calls signed; a public call shows it the address of Lambda" : "",
      var.pool.threat_protection != null && var.api != "http" && contains(["off"], var.settings.source == null ? "off" : var.settings.source) ? "pool.threat_protection: needs settings.source for AppSync, by which the functions know the address of a client" : "",
      try(var.waf.pool_requests_per_five_minutes, null) != null && local.cognito_calls == "public" ? "waf.pool_requests_per_five_minutes: needs settings.cognito_calls signed; public calls of the functions come from a few addresses of AWS, and a stranger could use their limit up for all users" : "",
      var.waf != null && local.has_http ? "waf: an HTTP API takes no web ACL; put CloudFront with one before it" : "",
    ],
    [
      local.admission == "domains" && !local.domains_given ? "settings.admission: domains needs settings.admitted_domains or settings.refused_domains" : "",
      local.admission != "domains" && local.domains_given ? "settings.admitted_domains, settings.refused_domains: only with settings.admission domains" : "",
      (local.admission == "hook" || anytrue([for client in values(var.clients) : client.admission == null ? false : client.admission == "hook"])) != (var.admission_hook != null) ? "admission_hook: exactly with the admission hook of settings, which it sets, or of a client" : "",
      local.is_legacy && local.is_closed ? "settings.admission: open with existing_pool.legacy, whose accounts are made before their contact is proved" : "",
      local.is_legacy && local.has_events ? "events: not with existing_pool.legacy, in whose pool anyone can cause them" : "",
      local.is_legacy && contains(["refuse", "delete"], var.settings.other_holders == null ? "ignore" : var.settings.other_holders) ? "settings.other_holders: ignore with existing_pool.legacy, whose accounts are made before their contact is proved" : "",
      local.is_legacy && (var.settings.undo_hours == null ? 0 : var.settings.undo_hours) != 0 ? "settings.undo_hours: 0 with existing_pool.legacy, in which no change could be undone" : "",
      var.settings.username_attributes == true && contains(["ignore"], var.settings.other_holders == null ? "ignore" : var.settings.other_holders) ? "settings.other_holders: refuse or delete with settings.username_attributes" : "",
      var.settings.username_attributes == true && var.existing_pool == null ? "settings.username_attributes: only with existing_pool, because the pool of the module has aliases" : "",
    ],
    !local.in_sessions ? [] : [
      var.api != "http" ? "session_mode: needs the API http; clients of AppSync answer Cognito themselves, and get the tokens" : "",
      length(local.client_names) > 1 ? "session_mode: one app client, which it serves alone" : "",
      var.pool.rotate_refresh_tokens == false ? "pool.rotate_refresh_tokens: not false with session_mode, in which the server refreshes" : "",
      anytrue([for lives in values(local.lives) : lives.refresh < local.session_minutes]) && var.existing_pool == null ? "refresh_token_minutes: at least those of settings.session_hours; a shorter life ends sessions earlier" : "",
      (var.existing_pool != null) != (var.session_mode.client_secret_arn != null) ? "session_mode.client_secret_arn: exactly with existing_pool; the client of a new pool has a secret of its own" : "",
      length(var.http.allow_origins == null ? [] : var.http.allow_origins) > 0 ? "http.allow_origins: not with session_mode; pages that may send the cookie are session_mode.origins" : "",
      length(local.session_origins) > 0 && var.http.domain == null ? "session_mode.origins: needs http.domain, as browsers send the cookie only to pages of the API's own site" : "",
      length([for name in keys(var.clients) : name if name != local.client_names[0]]) > 0 ? "clients: session_mode serves the first client alone" : "",
    ],
    [for name in keys(var.clients) : contains(local.client_names, name) ? "" : "clients.${name}: no client of the pool has this name"],
    [for name, client in var.clients : length(setintersection(client.methods == null ? ["email", "phone_number"] : client.methods, local.channels)) > 0 ? "" : "clients.${name}.methods: one at least that the deployment sends codes by"],
    [for name, client in var.clients : (client.admission == null ? false : client.admission == "domains") == (length(concat(client.admitted_domains == null ? [] : client.admitted_domains, client.refused_domains == null ? [] : client.refused_domains)) > 0) ? "" : "clients.${name}.admission: domains exactly with admitted_domains or refused_domains"],
    [for name, client in var.clients : var.existing_pool == null || (client.access_token_minutes == null && client.id_token_minutes == null && client.refresh_token_minutes == null && client.rotate_refresh_tokens == null) ? "" : "clients.${name}: no lives of tokens with existing_pool, whose clients keep their own"],
    # Lambda allows 4 KB for all variables of a function.
    length(jsonencode(values(local.client_settings))) + 30 * length(var.clients) > 2000 ? ["clients: up to 2000 characters of settings, because Lambda limits the variables of a function"] : [],
  ))
}

output "problems" {
  description = "What is wrong with the variables taken together. A plan with any fails."
  value       = local.problems
}
