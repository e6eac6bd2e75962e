locals {
  web_acls = { for name, limit in {
    api  = local.has_graphql && var.waf != null ? (var.waf.requests_per_five_minutes == null ? 300 : var.waf.requests_per_five_minutes) : null
    pool = try(var.waf.pool_requests_per_five_minutes, null)
  } : name => limit if limit != null }
}

# A web ACL of one resource that refuses an address after so many requests in five minutes.
resource "aws_wafv2_web_acl" "this" {
  for_each = local.web_acls

  name  = "${var.name}-${each.key}"
  scope = "REGIONAL"
  tags  = var.tags

  default_action {
    allow {}
  }

  visibility_config {
    cloudwatch_metrics_enabled = true
    metric_name                = "${var.name}-${each.key}-waf"
    # A sampled request shows its headers, the access token among them.
    sampled_requests_enabled = false
  }

  rule {
    name     = "requests-per-address"
    priority = 0

    action {
      block {}
    }

    statement {
      rate_based_statement {
        aggregate_key_type    = "IP"
        evaluation_window_sec = 300
        limit                 = each.value
      }
    }

    visibility_config {
      cloudwatch_metrics_enabled = true
      metric_name                = "${var.name}-${each.key}-requests-per-address"
      sampled_requests_enabled   = false
    }
  }
}

resource "aws_wafv2_web_acl_association" "this" {
  for_each = local.web_acls

  web_acl_arn  = aws_wafv2_web_acl.this[each.key].arn
  resource_arn = each.key == "api" ? aws_appsync_graphql_api.this[0].arn : local.pool_arn
}
