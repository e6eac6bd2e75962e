locals {
  client_names = var.existing_pool != null ? var.existing_pool.client_ids : var.pool.clients != null ? var.pool.clients : ["app"]

  # By name, or of an existing pool by id.
  client_ids_by_name = { for name in local.client_names : name => var.existing_pool != null ? name : aws_cognito_user_pool_client.this[name].id }

  client_ids = [for name in local.client_names : local.client_ids_by_name[name]]
  pool_id    = var.existing_pool != null ? var.existing_pool.user_pool_id : aws_cognito_user_pool.this[0].id
  pool_arn   = "arn:${local.partition}:cognito-idp:${local.region}:${local.account}:userpool/${local.pool_id}"

  # The pool names its triggers by name, so that it does not wait for the functions, which must know the pool
  # and its clients (docs/adr/0011).
  trigger_arns = {
    for name, function in local.functions : function.trigger => "arn:${local.partition}:lambda:${local.region}:${local.account}:function:${var.name}-${name}"
    if function.trigger != null
  }

  # The lives of tokens in minutes, of each client that is made.
  session_minutes = 60 * (var.settings.session_hours != null ? var.settings.session_hours : local.setting_defaults.session_hours)
  lives = {
    for name in local.client_names : name => {
      access  = [for life in [try(var.clients[name].access_token_minutes, null), var.pool.access_token_minutes, 60] : life if life != null][0]
      id      = [for life in [try(var.clients[name].id_token_minutes, null), var.pool.id_token_minutes, 60] : life if life != null][0]
      refresh = [for life in [try(var.clients[name].refresh_token_minutes, null), var.pool.refresh_token_minutes, local.in_sessions ? local.session_minutes : 43200] : life if life != null][0]
      rotates = local.in_sessions || [for rotates in [try(var.clients[name].rotate_refresh_tokens, null), var.pool.rotate_refresh_tokens, false] : rotates if rotates != null][0]
    }
  }
}

# A user pool as the triggers need it. SECURITY.md says what each of these is for.
resource "aws_cognito_user_pool" "this" {
  count = var.existing_pool == null ? 1 : 0

  name                = var.pool.name == null ? var.name : var.pool.name
  user_pool_tier      = var.pool.tier
  deletion_protection = var.deletion_protection ? "ACTIVE" : "INACTIVE"
  mfa_configuration   = "OFF"
  tags                = var.tags

  # Aliases and not username attributes: those sign in before they are verified. Neither this nor the next can
  # be changed later.
  alias_attributes = ["email", "phone_number"]

  username_configuration {
    case_sensitive = false
  }

  # No SignUp and no ForgotPassword by the public API.
  admin_create_user_config {
    allow_admin_create_user_only = true
  }

  account_recovery_setting {
    recovery_mechanism {
      name     = "admin_only"
      priority = 1
    }
  }

  # The only password is a random one that is not kept; it has all four classes.
  password_policy {
    minimum_length    = local.served.password_policy.minimum_length
    require_lowercase = local.served.password_policy.require_lowercase
    require_numbers   = local.served.password_policy.require_numbers
    require_symbols   = local.served.password_policy.require_symbols
    require_uppercase = local.served.password_policy.require_uppercase
  }

  dynamic "user_pool_add_ons" {
    for_each = var.pool.threat_protection == null ? [] : [var.pool.threat_protection]

    content {
      advanced_security_mode = user_pool_add_ons.value

      # Without it only passwords are looked at, of which there are none.
      advanced_security_additional_flows {
        custom_auth_mode = user_pool_add_ons.value
      }
    }
  }

  lambda_config {
    define_auth_challenge          = local.trigger_arns["DefineAuthChallenge"]
    create_auth_challenge          = local.trigger_arns["CreateAuthChallenge"]
    verify_auth_challenge_response = local.trigger_arns["VerifyAuthChallengeResponse"]
  }
}

resource "aws_cognito_user_pool_client" "this" {
  for_each = toset(var.existing_pool == null ? local.client_names : [])

  user_pool_id = aws_cognito_user_pool.this[0].id
  name         = each.key

  # In session mode Cognito refuses every call without the secret, before a trigger runs.
  generate_secret = local.in_sessions

  # AWS requires this refresh flow to be off where refresh tokens rotate; GetTokensFromRefreshToken works
  # without it.
  explicit_auth_flows = local.lives[each.key].rotates ? ["ALLOW_CUSTOM_AUTH"] : ["ALLOW_CUSTOM_AUTH", "ALLOW_REFRESH_TOKEN_AUTH"]

  # Strangers run through the same triggers as users.
  prevent_user_existence_errors = "ENABLED"

  # The longest there is, so that a code's own life is what ends it.
  auth_session_validity = 15

  enable_token_revocation      = true
  access_token_validity        = local.lives[each.key].access
  id_token_validity            = local.lives[each.key].id
  refresh_token_validity       = local.lives[each.key].refresh
  write_attributes             = var.pool.write_attributes == null ? ["given_name", "family_name", "locale"] : var.pool.write_attributes
  supported_identity_providers = ["COGNITO"]

  token_validity_units {
    access_token  = "minutes"
    id_token      = "minutes"
    refresh_token = "minutes"
  }

  dynamic "refresh_token_rotation" {
    for_each = local.lives[each.key].rotates ? [local.in_sessions ? 60 : 30] : []

    content {
      feature                    = "ENABLED"
      retry_grace_period_seconds = refresh_token_rotation.value
    }
  }
}

# Lets the pool, and no other principal, invoke its triggers.
resource "aws_lambda_permission" "trigger" {
  for_each = { for name, function in local.functions : name => function.trigger if function.trigger != null }

  statement_id  = each.value
  action        = "lambda:InvokeFunction"
  function_name = aws_lambda_function.this[each.key].function_name
  principal     = "cognito-idp.amazonaws.com"
  source_arn    = local.pool_arn
}
