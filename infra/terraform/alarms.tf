locals {
  parts = {
    email   = var.email != null
    events  = local.has_events
    graphql = local.has_graphql
    http    = local.has_http
    sms     = var.sms != null
  }

  alarms = {
    for name, alarm in jsondecode(file("${path.module}/generated/alarms.json")) : name => alarm
    if alltrue([for part in alarm.needs : local.parts[part]])
  }

  # The values of the words of generated/alarms.json that are known only once their resources exist.
  watched = {
    "$${graphql_apiid}"     = local.has_graphql ? aws_appsync_graphql_api.this[0].id : ""
    "$${http_apiid}"        = local.has_http ? aws_apigatewayv2_api.this[0].id : ""
    "$${metrics_namespace}" = local.metrics_namespace
    "$${table_ref}"         = aws_dynamodb_table.this.name
  }

  thresholds = { for name, threshold in {
    "sms-rate"  = var.alarms.sms_per_hour
    "sms-spend" = var.alarms.sms_spend
  } : name => threshold if threshold != null }
}

resource "aws_cloudwatch_metric_alarm" "this" {
  for_each = local.alarms

  alarm_name          = "${var.name}-${each.key}"
  alarm_description   = each.value.alarm_description
  comparison_operator = each.value.comparison_operator
  evaluation_periods  = each.value.evaluation_periods
  datapoints_to_alarm = lookup(each.value, "datapoints_to_alarm", null)
  threshold           = lookup(local.thresholds, each.key, each.value.threshold)
  treat_missing_data  = each.value.treat_missing_data
  namespace           = try(lookup(local.watched, each.value.namespace, each.value.namespace), null)
  metric_name         = lookup(each.value, "metric_name", null)
  statistic           = lookup(each.value, "statistic", null)
  extended_statistic  = lookup(each.value, "extended_statistic", null)
  period              = lookup(each.value, "period", null)
  alarm_actions       = var.alarms.actions
  ok_actions          = lookup(each.value, "ok_actions", null) == null ? null : var.alarms.actions
  tags                = var.tags

  dimensions = lookup(each.value, "dimensions", null) == null ? null : {
    for name, value in each.value.dimensions : name => replace(lookup(local.watched, value, value), "$${name}", var.name)
  }

  # The metrics that an alarm computes its own from.
  dynamic "metric_query" {
    for_each = lookup(each.value, "metrics", [])

    content {
      id          = metric_query.value.id
      expression  = lookup(metric_query.value, "expression", null)
      label       = lookup(metric_query.value, "label", null)
      period      = lookup(metric_query.value, "period", null)
      return_data = lookup(metric_query.value, "return_data", true)

      dynamic "metric" {
        for_each = [for stat in [lookup(metric_query.value, "metric_stat", null)] : stat if stat != null]

        content {
          namespace   = lookup(local.watched, metric.value.metric.namespace, metric.value.metric.namespace)
          metric_name = metric.value.metric.metric_name
          period      = metric.value.period
          stat        = metric.value.stat

          dimensions = lookup(metric.value.metric, "dimensions", null) == null ? null : {
            for name, value in metric.value.metric.dimensions : name => replace(lookup(local.watched, value, value), "$${name}", var.name)
          }
        }
      }
    }
  }
}
