locals {
  parts = {
    email   = var.email != null
    events  = local.has_events
    graphql = local.has_graphql
    http    = local.has_http
    sms     = var.sms != null
  }

  # What follows from the traffic of a usual week, as docs/operations.md explains.
  codes_per_hour = var.alarms.codes_per_hour == null ? 100 : var.alarms.codes_per_hour
  traffic = {
    codes    = max(10, ceil(local.codes_per_hour / 4))
    rejected = max(10, ceil(local.codes_per_hour))
    requests = max(20, ceil(local.codes_per_hour / 4))
  }

  alarms = {
    for name, alarm in jsondecode(replace(replace(replace(file("${path.module}/generated/alarms.json"),
      "$${codes}", local.traffic.codes),
      "$${rejected}", local.traffic.rejected),
    "$${requests}", local.traffic.requests)) : name => alarm
    if alltrue([for part in alarm.needs : local.parts[part]])
  }

  # The metrics that an alarm computes its own from: one that is of an app client, of each client. CloudWatch
  # takes ten.
  counted_clients = slice(local.client_names, 0, min(8, length(local.client_names)))
  queries = {
    for name, alarm in local.alarms : name => concat(flatten([
      for query in lookup(alarm, "metrics", []) : [
        for client in(length(regexall("client_ref", jsonencode(query))) > 0 ? local.counted_clients : [""]) : {
          query  = jsonencode(query)
          client = client
        }
      ]
    ]), [])
  }

  # The alarms whose expression is a sum of metrics of which some are of a client.
  summed = [for name, alarm in local.alarms : name if length(regexall("client_ref", jsonencode(alarm))) > 0]

  # The values of the words of generated/alarms.json that are known only once their resources exist.
  watched = {
    "$${graphql_apiid}"     = local.has_graphql ? aws_appsync_graphql_api.this[0].id : ""
    "$${http_apiid}"        = local.has_http ? aws_apigatewayv2_api.this[0].id : ""
    "$${metrics_namespace}" = local.metrics_namespace
    "$${pool_ref}"          = local.pool_id
    "$${table_ref}"         = aws_dynamodb_table.this.name
  }

  thresholds = { for name, threshold in {
    "key-age"   = var.alarms.key_age_days
    "sms-rate"  = var.alarms.sms_per_hour == null ? 2 * local.codes_per_hour : var.alarms.sms_per_hour
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
  ok_actions          = var.alarms.ok_actions == null ? var.alarms.actions : var.alarms.ok_actions
  tags                = var.tags

  dimensions = lookup(each.value, "dimensions", null) == null ? null : {
    for name, value in each.value.dimensions : name => replace(lookup(local.watched, value, value), "$${name}", var.name)
  }

  # Each metric of a client has an id of its own, in the order of the list.
  dynamic "metric_query" {
    for_each = { for at, found in local.queries[each.key] : at => merge(jsondecode(found.query), { client = found.client }) }

    content {
      id = lookup(metric_query.value, "expression", null) == null && contains(local.summed, each.key) ? "m${metric_query.key - 1}" : metric_query.value.id
      expression = lookup(metric_query.value, "expression", null) == null || !contains(local.summed, each.key) ? lookup(metric_query.value, "expression", null) : (
        "SUM([${join(", ", [for at in range(length(local.queries[each.key]) - 1) : "m${at}"])}])"
      )
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
            for name, value in metric.value.metric.dimensions : name => (
              value == "$${client_ref}" ? local.client_ids_by_name[metric_query.value.client] : replace(lookup(local.watched, value, value), "$${name}", var.name)
            )
          }
        }
      }
    }
  }
}
