# The odds that the settings leave to an attacker in a year, as the functions compute them at start
# (shared/core/src/policy/odds.rs, which explains them). Above the ceilings nothing is planned.
locals {
  given = { for name, default in local.setting_defaults : name => var.settings[name] == null ? default : var.settings[name] }

  # The windows of a length in seconds that a year can touch, with those that rotations begin.
  windows = { for name, seconds in { day = 86400, month = 2592000, slot = local.given.slot_seconds } : name => ceil(31536000 / seconds) + 13 }

  # Verified identifiers of one account: an address and a number.
  contacts = 2

  # Guesses of a year at the longer codes of one mailbox: each day has as many as its messages have attempts.
  longer_guesses = {
    for name, messages in {
      mailbox  = min(1440 * local.given.codes_per_minute, 24 * local.given.codes_per_hour, local.given.codes_per_day)
      extended = min(1440 * local.given.extended_codes_per_minute, 24 * local.given.extended_codes_per_hour, local.given.extended_codes_per_day)
      device   = min(1440 * local.given.device_codes_per_minute, 24 * local.given.device_codes_per_hour, local.given.device_codes_per_day)
    } : name => local.contacts * local.given.code_attempts * messages * local.windows.day
  }

  account_guesses = {
    short   = local.contacts * local.given.short_guesses_per_month * local.windows.month
    long    = local.longer_guesses.mailbox
    longest = local.longer_guesses.extended
    slot    = local.contacts * local.windows.slot * 2000 * local.given.slot_seconds
  }
  device_guesses = {
    short = local.contacts * local.given.device_short_guesses_per_month * local.windows.month
    long  = local.longer_guesses.device
  }
  sprayed_short = min(local.given.accounts * local.account_guesses.short, local.windows.day * local.given.all_short_guesses_per_day)
  sprayed_long  = min(local.given.accounts * local.account_guesses.long, local.windows.day * local.given.all_long_guesses_per_day)
  sprayed_guesses = {
    short   = local.sprayed_short
    long    = local.sprayed_long
    longest = min(local.given.accounts * (local.account_guesses.long + local.account_guesses.longest) - local.sprayed_long, local.windows.day * local.given.all_codes_per_day * local.given.code_attempts)
    slot    = min(local.given.accounts * local.account_guesses.slot, 10000 * 31536000)
  }

  # The logarithm of the chance that a guess at a code of so many digits misses, to its second power.
  misses = { for digits in range(6, 11) : tostring(digits) => 0 - pow(10, -digits) - pow(10, -2 * digits) / 2 }

  odds = {
    for name, guesses in {
      targeted = {
        short   = local.account_guesses.short + local.device_guesses.short
        long    = local.account_guesses.long + local.device_guesses.long
        longest = local.account_guesses.longest
        slot    = local.account_guesses.slot
      }
      sprayed = local.sprayed_guesses
      } : name => 1 - pow(2.718281828459045, sum([
        guesses.short * local.misses[tostring(local.given.code_length)],
        guesses.long * local.misses[tostring(local.given.long_code_length)],
        guesses.longest * local.misses["10"],
        -guesses.slot / pow(2, 60),
    ]))
  }
}
