output "user_pool_id" {
  description = "The user pool."
  value       = local.pool_id
}

output "client_ids" {
  description = "The app clients, in the order in which they are served."
  value       = local.client_ids
}

output "graphql_url" {
  description = "The GraphQL API."
  value       = local.has_graphql ? aws_appsync_graphql_api.this[0].uris["GRAPHQL"] : null
}

output "api_keys" {
  description = "The API keys of the public fields, by name. They are no secrets, but the provider marks them so."
  value       = { for name, key in aws_appsync_api_key.this : name => key.key }
  sensitive   = true
}

output "http_url" {
  description = "The HTTP API, before /v1."
  value       = !local.has_http ? null : var.http.domain == null ? aws_apigatewayv2_api.this[0].api_endpoint : "https://${var.http.domain.name}${var.http.domain.base_path == null ? "" : "/${var.http.domain.base_path}"}"
}

output "http_domain_target" {
  description = "The name that the DNS record of the HTTP API's domain leads to."
  value       = local.has_http && var.http.domain != null ? aws_apigatewayv2_domain_name.this[0].domain_name_configuration[0].target_domain_name : null
}

output "table_name" {
  description = "The table."
  value       = aws_dynamodb_table.this.name
}

output "key_ring_secret" {
  description = "The key ring in Secrets Manager."
  value       = aws_secretsmanager_secret.key_ring.arn
}

output "client_secret_secret" {
  description = "The app client's secret in Secrets Manager, in session mode."
  value       = local.client_secret_arn
}

output "server_credential_secret" {
  description = "The server credential in Secrets Manager, in session mode."
  value       = local.server_credential_arn
}

output "function_arns" {
  description = "The functions, by name: the triggers for `latchstring attach`, and sign-up for `latchstring invite`."
  value       = { for name, function in aws_lambda_function.this : name => function.arn }
}
