# Latchstring: passwordless sign-in on Amazon Cognito. docs/infrastructure.md describes the module. What is in
# generated/ comes from the construct, so that the two cannot differ in permissions, alarms or routes.

data "aws_partition" "this" {}

data "aws_region" "this" {}

data "aws_caller_identity" "this" {}

locals {
  partition = data.aws_partition.this.partition
  region    = data.aws_region.this.region
  account   = data.aws_caller_identity.this.account_id

  functions = jsondecode(file("${path.module}/generated/functions.json"))
  served    = jsondecode(file("${path.module}/generated/api.json"))

  has_events  = var.events != null
  in_sessions = var.session_mode != null
  is_legacy   = try(var.existing_pool.legacy, null) == true
  has_graphql = contains(["appsync", "both"], var.api)
  has_http    = contains(["http", "both"], var.api)

  # In session mode no client answers a session, so the calls are signed unless the settings say otherwise.
  cognito_calls = var.settings.cognito_calls != null ? var.settings.cognito_calls : local.in_sessions ? "signed" : "public"

  admission = var.settings.admission != null ? var.settings.admission : var.admission_hook != null ? "hook" : "open"

  # True if there is a rule for new accounts, of the deployment or of a client.
  is_closed = local.admission != "open" || anytrue([for client in values(var.clients) : client.admission == null ? false : client.admission != "open"])

  event_bus_arn = !local.has_events ? null : var.events.bus_arn != null ? var.events.bus_arn : "arn:${local.partition}:events:${local.region}:${local.account}:event-bus/default"

  # No alarm counts the metrics of another deployment.
  metrics_namespace = var.settings.metrics_namespace == null ? "Latchstring/${var.name}" : var.settings.metrics_namespace

  # The functions of this deployment: the one that sweeps the outbox is there only with events.
  deployed = { for name, function in local.functions : name => function if local.has_events || name != "publish-events" }

  # The functions behind the APIs.
  resolvers = distinct(values(local.served.routes))
}
