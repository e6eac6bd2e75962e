locals {
  # A rule for new accounts takes invitations. There is no other route: API Gateway itself answers 404.
  routes = !local.has_http ? {} : merge(
    local.served.routes,
    local.is_closed ? local.served.invitation_routes : {},
    local.in_sessions ? local.served.session_routes : {},
  )

  # Without `log_source_ip` no line of the access log has an identifier.
  access_log = { for member, value in local.served.access_log : member => value if member != "sourceIp" || var.http.log_source_ip == true }

  requests_per_second = var.http.requests_per_second == null ? 1000 : var.http.requests_per_second
  allow_origins       = local.in_sessions ? local.session_origins : var.http.allow_origins == null ? [] : var.http.allow_origins
}

resource "aws_apigatewayv2_api" "this" {
  count = local.has_http ? 1 : 0

  name          = "${var.name}-latchstring"
  protocol_type = "HTTP"
  tags          = var.tags

  # The headers of the app's server are no page's. In session mode the functions refuse a POST without the
  # header X-Latchstring, for which a page of another origin needs this permission.
  dynamic "cors_configuration" {
    for_each = length(local.allow_origins) > 0 ? [local.allow_origins] : []

    content {
      allow_origins     = cors_configuration.value
      allow_methods     = ["GET", "POST"]
      allow_headers     = local.in_sessions ? ["content-type", "x-latchstring"] : ["authorization", "content-type"]
      allow_credentials = local.in_sessions ? true : null
      expose_headers    = ["retry-after"]
      max_age           = 3600
    }
  }
}

resource "aws_apigatewayv2_integration" "this" {
  for_each = toset(local.has_http ? local.resolvers : [])

  api_id                 = aws_apigatewayv2_api.this[0].id
  integration_type       = "AWS_PROXY"
  integration_uri        = aws_lambda_function.this[each.key].arn
  payload_format_version = "2.0"
}

# Lets this API, and no other, call the functions, of any stage and method.
resource "aws_lambda_permission" "http" {
  for_each = toset(local.has_http ? local.resolvers : [])

  statement_id  = "HttpApi"
  action        = "lambda:InvokeFunction"
  function_name = aws_lambda_function.this[each.key].function_name
  principal     = "apigateway.amazonaws.com"
  source_arn    = "${aws_apigatewayv2_api.this[0].execution_arn}/*/*/v1/*"
}

# The filter before the signed-in routes. It knows tokens only, so session mode has none. An access token has
# no `aud`; API Gateway then compares its `client_id`.
resource "aws_apigatewayv2_authorizer" "this" {
  count = local.has_http && !local.in_sessions ? 1 : 0

  api_id           = aws_apigatewayv2_api.this[0].id
  name             = "latchstring"
  authorizer_type  = "JWT"
  identity_sources = ["$request.header.Authorization"]

  jwt_configuration {
    issuer   = "https://cognito-idp.${local.region}.${data.aws_partition.this.dns_suffix}/${local.pool_id}"
    audience = local.client_ids
  }
}

resource "aws_apigatewayv2_route" "this" {
  for_each = local.routes

  api_id             = aws_apigatewayv2_api.this[0].id
  route_key          = each.key
  target             = "integrations/${aws_apigatewayv2_integration.this[each.value].id}"
  authorization_type = each.value == "sign-up" && !local.in_sessions ? "JWT" : "NONE"
  authorizer_id      = each.value == "sign-up" && !local.in_sessions ? aws_apigatewayv2_authorizer.this[0].id : null
}

resource "aws_cloudwatch_log_group" "http" {
  count = local.has_http ? 1 : 0

  name              = "/aws/apigateway/${var.name}"
  retention_in_days = var.log_retention_days
  tags              = var.tags
}

resource "aws_apigatewayv2_stage" "this" {
  count = local.has_http ? 1 : 0

  api_id      = aws_apigatewayv2_api.this[0].id
  name        = "$default"
  auto_deploy = true
  tags        = var.tags

  default_route_settings {
    throttling_rate_limit  = local.requests_per_second
    throttling_burst_limit = var.http.request_burst == null ? local.requests_per_second : var.http.request_burst
  }

  access_log_settings {
    destination_arn = aws_cloudwatch_log_group.http[0].arn
    format          = jsonencode(local.access_log)
  }
}

resource "aws_apigatewayv2_domain_name" "this" {
  count = local.has_http && var.http.domain != null ? 1 : 0

  domain_name = var.http.domain.name
  tags        = var.tags

  domain_name_configuration {
    certificate_arn = var.http.domain.certificate_arn
    endpoint_type   = "REGIONAL"
    security_policy = "TLS_1_2"
  }
}

resource "aws_apigatewayv2_api_mapping" "this" {
  count = local.has_http && var.http.domain != null ? 1 : 0

  api_id          = aws_apigatewayv2_api.this[0].id
  domain_name     = aws_apigatewayv2_domain_name.this[0].id
  stage           = aws_apigatewayv2_stage.this[0].id
  api_mapping_key = var.http.domain.base_path
}
