locals {
  sender = var.email == null ? null : var.email.from_name == null ? var.email.from_address : "${var.email.from_name} <${var.email.from_address}>"

  # What differs at single clients, as the functions read it.
  client_settings = {
    for name, client in var.clients : name => {
      for member, value in {
        appName             = client.app_name
        defaultLocale       = client.default_locale
        supportContact      = client.support_contact
        linkUrl             = client.link_url
        smsDomain           = client.sms_domain
        smsAndroidHash      = client.sms_android_hash
        methods             = client.methods
        admission           = client.admission
        admittedDomains     = client.admitted_domains
        refusedDomains      = client.refused_domains
        smsSenderId         = client.sms_sender_id
        messages            = client.messages
        emailFrom           = client.email == null ? null : client.email.from_name == null ? client.email.from_address : "${client.email.from_name} <${client.email.from_address}>"
        emailReplyTo        = client.email == null ? null : client.email.reply_to
        sesConfigurationSet = client.email == null ? null : client.email.configuration_set
      } : member => value if value != null
    }
  }
  own_settings = { for name, settings in local.client_settings : name => settings if length(settings) > 0 }

  # The variables besides the settings; generated/functions.json says which function has which.
  variables = {
    ADMISSION                = var.admission_hook == null ? null : local.admission
    ADMISSION_HOOK           = var.admission_hook == null ? null : var.admission_hook.function_arn
    API_KEY_EXPIRES          = local.has_graphql && var.graphql.keys_expire != null ? tostring(local.keys_expire_seconds) : null
    CLIENT_IDS               = join(",", local.client_ids)
    CLIENT_SECRET_SECRET     = local.client_secret_arn
    CLIENTS                  = length(local.own_settings) == 0 ? null : jsonencode({ for name, settings in local.own_settings : lookup(local.client_ids_by_name, name, name) => settings })
    DOORS                    = var.api == "http" ? "http" : null
    EMAIL                    = var.email == null ? "false" : null
    EMAIL_FROM               = local.sender
    EMAIL_REPLY_TO           = try(var.email.reply_to, null)
    EVENTS                   = local.event_bus_arn
    KEY_RING_SECRET          = aws_secretsmanager_secret.key_ring.arn
    LEGACY_POOL              = local.is_legacy ? "true" : null
    MESSAGES_FILE            = var.messages == null ? null : "/opt/latchstring-messages.json"
    SERVER_CREDENTIAL_SECRET = local.server_credential_arn
    SES_CONFIGURATION_SET    = try(var.email.configuration_set, null)
    SESSION_MODE             = local.in_sessions ? "on" : null
    SESSION_ORIGINS          = local.in_sessions && length(local.session_origins) > 0 ? join(",", local.session_origins) : null
    SMS_ANDROID_HASH         = try(var.sms.android_hash, null)
    SMS_COUNTRIES            = var.sms == null ? null : join(",", var.sms.countries)
    SMS_DOMAIN               = try(var.sms.domain, null)
    SMS_ENTITY_ID            = try(var.sms.entity_id, null)
    SMS_ORIGINATION_NUMBER   = try(var.sms.origination_number, null)
    SMS_SENDER_ID            = try(var.sms.sender_id, null)
    SMS_TEMPLATE_IDS         = length(local.template_ids) == 0 ? null : join(",", [for kind in local.kinds : "${kind}=${local.template_ids[kind]}" if contains(keys(local.template_ids), kind)])
    TABLE_NAME               = aws_dynamodb_table.this.name
    TURNSTILE_HOSTNAMES      = var.captcha == null ? null : join(",", var.captcha.hostnames)
    TURNSTILE_KEY_SECRET     = var.captcha == null ? null : var.captcha.secret_arn
    # A sign-in by a replaced contact makes an account there, so no change could be undone.
    UNDO_HOURS   = local.is_legacy && var.settings.undo_hours == null ? "0" : null
    USER_POOL_ID = local.pool_id
  }
  # In the order of the construct.
  kinds           = ["sign_in_code", "confirmation_code", "contact_replaced", "contact_added", "change_undone"]
  template_ids    = try(var.sms.template_ids, null) == null ? {} : var.sms.template_ids
  session_origins = try(var.session_mode.origins, null) == null ? [] : var.session_mode.origins

  environments = {
    for name, function in local.deployed : name => merge(
      { for variable, value in local.settings : variable => value if function.all_settings || contains(["METRICS_NAMESPACE", "LOG_LEVEL"], variable) },
      { for variable, value in local.variables : variable => value if contains(function.variables, variable) && value != null },
      { METRICS_NAMESPACE = local.metrics_namespace },
      contains(local.resolvers, name) && local.in_sessions ? { COGNITO_CALLS = local.cognito_calls } : {},
    )
  }

  # The permissions: those of the construct, by the ids of their statements.
  permissions = jsondecode(templatefile("${path.module}/generated/permissions.json.tftpl", {
    account               = local.account
    admission_hook_arn    = var.admission_hook == null ? "" : var.admission_hook.function_arn
    captcha_secret_arn    = var.captcha == null ? "" : var.captcha.secret_arn
    client_secret_arn     = local.client_secret_arn == null ? "" : local.client_secret_arn
    configuration_set     = ""
    dns_suffix            = data.aws_partition.this.dns_suffix
    event_bus_arn         = local.event_bus_arn == null ? "" : local.event_bus_arn
    from_address          = var.email == null ? "" : var.email.from_address
    from_domain           = ""
    key_arn               = var.encryption_key == null ? "" : var.encryption_key.arn
    key_ring_arn          = aws_secretsmanager_secret.key_ring.arn
    partition             = local.partition
    pool_arn              = local.pool_arn
    region                = local.region
    server_credential_arn = local.server_credential_arn == null ? "" : local.server_credential_arn
    table_arn             = aws_dynamodb_table.this.arn
  }))

  # The statements that a deployment has only with a part of it. Those without an entry it always has.
  granted = {
    AdmissionHook = var.admission_hook != null
    Captcha       = var.captcha != null
    Decrypt       = var.encryption_key != null
    Events        = local.has_events
    Groups        = local.is_closed
    Invitations   = local.is_closed
    Mail          = false
    NoTopics      = var.sms != null
    OtherHolders  = var.settings.other_holders == "delete"
    PutEvents     = local.has_events
    SessionMode   = local.in_sessions
    SignedCalls   = local.cognito_calls == "signed"
    Sms           = var.sms != null
  }

  # To send mail from one address each; a client's mail has the deployment's configuration set, unless it has
  # its own.
  ses     = "arn:${local.partition}:ses:${local.region}:${local.account}"
  senders = [for sender in concat([var.email], [for client in values(var.clients) : client.email]) : sender if sender != null && var.email != null]
  mail = [
    for sender in local.senders : {
      Action = "ses:SendEmail"
      Effect = "Allow"
      Resource = concat(
        sender.identity_arns != null ? sender.identity_arns : ["${local.ses}:identity/${split("@", sender.from_address)[1]}", "${local.ses}:identity/${sender.from_address}"],
        var.email.in_sandbox == true ? ["${local.ses}:identity/*"] : [],
        [for set in [sender.configuration_set != null ? sender.configuration_set : var.email.configuration_set] : "${local.ses}:configuration-set/${set}" if set != null],
      )
      Condition = { StringEquals = { "ses:FromAddress" = sender.from_address } }
    }
  ]

  # Session mode replaces some statements.
  own_statements = {
    for name in keys(local.deployed) : name => merge(
      local.permissions.functions[name].statements,
      { for id, statement in local.permissions.functions[name].session_mode : id => statement if local.in_sessions },
    )
  }
  statements = {
    for name, statements in local.own_statements : name => concat(
      [for id, statement in statements : statement if lookup(local.granted, id, true)],
      [for statement in [local.permissions.other_holders_refuse] : statement if name == "sign-in" && var.settings.other_holders == "refuse"],
      [for statement in local.mail : statement if contains(keys(statements), "Mail")],
    )
  }
}

resource "aws_cloudwatch_log_group" "function" {
  for_each = local.deployed

  name              = "/aws/lambda/${var.name}-${each.key}"
  retention_in_days = var.log_retention_days
  tags              = var.tags
}

resource "aws_iam_role" "function" {
  for_each = local.deployed

  name_prefix = "${substr("${var.name}-${each.key}", 0, min(37, length("${var.name}-${each.key}")))}-"
  tags        = var.tags

  assume_role_policy = jsonencode({
    Version = "2012-10-17"
    Statement = [{
      Action    = "sts:AssumeRole"
      Effect    = "Allow"
      Principal = { Service = "lambda.amazonaws.com" }
    }]
  })
}

resource "aws_iam_role_policy" "function" {
  for_each = local.deployed

  name = "rights"
  role = aws_iam_role.function[each.key].id

  policy = jsonencode({
    Version = "2012-10-17"
    Statement = concat(
      [{
        Sid      = "Log"
        Action   = ["logs:CreateLogStream", "logs:PutLogEvents"]
        Effect   = "Allow"
        Resource = "${aws_cloudwatch_log_group.function[each.key].arn}:*"
      }],
      local.statements[each.key],
    )
  })
}

resource "aws_lambda_layer_version" "messages" {
  count = var.messages == null ? 0 : 1

  layer_name       = "${var.name}-messages"
  description      = "Latchstring: texts of messages"
  filename         = var.messages.zip
  source_code_hash = filebase64sha256(var.messages.zip)
}

resource "aws_lambda_function" "this" {
  for_each = local.deployed

  function_name                  = "${var.name}-${each.key}"
  description                    = each.value.description
  role                           = aws_iam_role.function[each.key].arn
  runtime                        = "provided.al2023"
  architectures                  = [var.architecture]
  handler                        = "bootstrap"
  memory_size                    = var.memory
  timeout                        = each.value.timeout
  reserved_concurrent_executions = lookup(var.reserved_concurrency, each.key, -1)
  filename                       = var.packages.folder == null ? null : "${var.packages.folder}/latchstring-${each.key}.zip"
  source_code_hash               = var.packages.folder == null ? null : filebase64sha256("${var.packages.folder}/latchstring-${each.key}.zip")
  s3_bucket                      = var.packages.bucket
  s3_key                         = var.packages.bucket == null ? null : "${var.packages.prefix == null ? "" : var.packages.prefix}latchstring-${each.key}.zip"
  layers                         = var.messages == null || !contains(each.value.variables, "MESSAGES_FILE") ? null : [aws_lambda_layer_version.messages[0].arn]
  tags                           = var.tags

  environment {
    variables = local.environments[each.key]
  }

  # Lines are JSON already, metrics among them; Lambda is to leave them as they are.
  logging_config {
    log_format = "Text"
    log_group  = aws_cloudwatch_log_group.function[each.key].name
  }

  # A function that starts before it may read the key ring fails.
  depends_on = [aws_iam_role_policy.function, aws_secretsmanager_secret_version.key_ring]
}
