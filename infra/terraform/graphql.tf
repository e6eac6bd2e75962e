locals {
  # The seconds from 1970 to the day on which the API keys expire, as calendars count them.
  keys_expire_parts   = var.graphql.keys_expire == null ? [1970, 1, 1] : [for part in split("-", var.graphql.keys_expire) : tonumber(part)]
  keys_expire_year    = local.keys_expire_parts[0] - (local.keys_expire_parts[1] <= 2 ? 1 : 0)
  keys_expire_month   = (local.keys_expire_parts[1] + 9) % 12
  keys_expire_days    = 365 * local.keys_expire_year + floor(local.keys_expire_year / 4) - floor(local.keys_expire_year / 100) + floor(local.keys_expire_year / 400) + floor((153 * local.keys_expire_month + 2) / 5) + local.keys_expire_parts[2] - 719469
  keys_expire_seconds = 86400 * local.keys_expire_days

  field_log = var.graphql.field_log == null ? "NONE" : var.graphql.field_log
  api_keys  = !local.has_graphql ? [] : var.graphql.keys == null ? ["1"] : var.graphql.keys
}

resource "aws_appsync_graphql_api" "this" {
  count = local.has_graphql ? 1 : 0

  name                 = "${var.name}-latchstring"
  authentication_type  = "AMAZON_COGNITO_USER_POOLS"
  schema               = file("${path.module}/generated/schema.graphql")
  introspection_config = var.graphql.introspection == true ? "ENABLED" : "DISABLED"
  query_depth_limit    = var.graphql.query_depth_limit == null ? 4 : var.graphql.query_depth_limit
  # A request that runs a mutation several times would pass the web ACL, which counts requests.
  resolver_count_limit = var.graphql.resolver_count_limit == null ? 1 : var.graphql.resolver_count_limit
  xray_enabled         = false
  tags                 = var.tags

  user_pool_config {
    user_pool_id   = local.pool_id
    aws_region     = local.region
    default_action = "ALLOW"
  }

  additional_authentication_provider {
    authentication_type = "API_KEY"
  }

  dynamic "log_config" {
    for_each = local.field_log == "NONE" ? [] : [local.field_log]

    content {
      cloudwatch_logs_role_arn = aws_iam_role.graphql_log[0].arn
      field_log_level          = log_config.value
      # The verbose content holds tickets.
      exclude_verbose_content = true
    }
  }
}

# An API key identifies an app. It is not a secret: it is in every client.
resource "aws_appsync_api_key" "this" {
  for_each = toset(local.api_keys)

  api_id      = aws_appsync_graphql_api.this[0].id
  description = "Latchstring, public fields: ${each.key}"
  expires     = timeadd("1970-01-01T00:00:00Z", "${local.keys_expire_seconds}s")
}

resource "aws_iam_role" "graphql" {
  count = local.has_graphql ? 1 : 0

  name_prefix = "${var.name}-api-"
  tags        = var.tags

  assume_role_policy = jsonencode({
    Version = "2012-10-17"
    Statement = [{
      Action    = "sts:AssumeRole"
      Effect    = "Allow"
      Principal = { Service = "appsync.amazonaws.com" }
    }]
  })
}

resource "aws_iam_role_policy" "graphql" {
  count = local.has_graphql ? 1 : 0

  name = "rights"
  role = aws_iam_role.graphql[0].id

  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [{
      Sid      = "Resolve"
      Action   = "lambda:InvokeFunction"
      Effect   = "Allow"
      Resource = [for name in distinct(values(local.served.fields)) : aws_lambda_function.this[name].arn]
    }]
  })
}

resource "aws_iam_role" "graphql_log" {
  count = local.has_graphql && local.field_log != "NONE" ? 1 : 0

  name_prefix = "${var.name}-api-log-"
  tags        = var.tags

  assume_role_policy = jsonencode({
    Version = "2012-10-17"
    Statement = [{
      Action    = "sts:AssumeRole"
      Effect    = "Allow"
      Principal = { Service = "appsync.amazonaws.com" }
    }]
  })
}

resource "aws_iam_role_policy" "graphql_log" {
  count = local.has_graphql && local.field_log != "NONE" ? 1 : 0

  name = "rights"
  role = aws_iam_role.graphql_log[0].id

  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [{
      Sid    = "Log"
      Action = ["logs:CreateLogGroup", "logs:CreateLogStream", "logs:PutLogEvents"]
      Effect = "Allow"
      # AppSync names the group after the API, which does not exist before this role.
      Resource = "arn:${local.partition}:logs:${local.region}:${local.account}:log-group:/aws/appsync/apis/*"
    }]
  })
}

resource "aws_appsync_datasource" "this" {
  for_each = toset(local.has_graphql ? distinct(values(local.served.fields)) : [])

  api_id           = aws_appsync_graphql_api.this[0].id
  name             = replace(each.key, "-", "_")
  type             = "AWS_LAMBDA"
  service_role_arn = aws_iam_role.graphql[0].arn

  lambda_config {
    function_arn = aws_lambda_function.this[each.key].arn
  }
}

resource "aws_appsync_resolver" "this" {
  for_each = local.has_graphql ? local.served.fields : {}

  api_id      = aws_appsync_graphql_api.this[0].id
  type        = split(".", each.key)[0]
  field       = split(".", each.key)[1]
  kind        = "UNIT"
  data_source = aws_appsync_datasource.this[each.value].name
  code        = file("${path.module}/generated/invoke.js")

  runtime {
    name            = "APPSYNC_JS"
    runtime_version = "1.0.0"
  }
}
