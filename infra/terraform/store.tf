# The table of flows, redemptions, pending contacts, leases and counters; one item each.
resource "aws_dynamodb_table" "this" {
  name                        = var.name
  billing_mode                = "PAY_PER_REQUEST"
  hash_key                    = "pk"
  deletion_protection_enabled = var.deletion_protection
  tags                        = var.tags

  attribute {
    name = "pk"
    type = "S"
  }

  ttl {
    attribute_name = "ttl"
    enabled        = true
  }

  point_in_time_recovery {
    enabled = var.point_in_time_recovery
  }

  dynamic "server_side_encryption" {
    for_each = var.encryption_key == null ? [] : [var.encryption_key.arn]

    content {
      enabled     = true
      kms_key_arn = server_side_encryption.value
    }
  }

  # The index of the outbox has all that an event is made of, and no contact.
  dynamic "attribute" {
    for_each = local.has_events ? { outbox = "S", due = "N" } : {}

    content {
      name = attribute.key
      type = attribute.value
    }
  }

  dynamic "global_secondary_index" {
    for_each = local.has_events ? [local.served.outbox] : []

    content {
      name               = global_secondary_index.value.index
      hash_key           = "outbox"
      range_key          = "due"
      projection_type    = "INCLUDE"
      non_key_attributes = global_secondary_index.value.projected
    }
  }
}

# Passwords that neither the plan nor the state holds. Each run makes others, and only the first is written.
ephemeral "aws_secretsmanager_random_password" "this" {
  for_each = toset(["key_ring", "server_credential"])

  password_length     = 64
  exclude_punctuation = true
  include_space       = false
}

# The key ring. Its first key is 64 letters and digits, which are valid base64 of 48 bytes.
resource "aws_secretsmanager_secret" "key_ring" {
  name_prefix = "${var.name}-key-ring-"
  description = "Latchstring: the key ring; docs/keys.md says how to rotate it"
  kms_key_id  = var.encryption_key == null ? null : var.encryption_key.arn
  tags        = var.tags
}

# The version stays 1, so that a run never writes over a ring that `latchstring rotate-keys` wrote.
resource "aws_secretsmanager_secret_version" "key_ring" {
  secret_id                = aws_secretsmanager_secret.key_ring.id
  secret_string_wo_version = 1

  secret_string_wo = jsonencode({
    id     = "k1"
    secret = ephemeral.aws_secretsmanager_random_password.this["key_ring"].random_password
  })
}

# The credential by which the functions know the app's own server.
resource "aws_secretsmanager_secret" "server_credential" {
  count = local.in_sessions ? 1 : 0

  name_prefix = "${var.name}-server-credential-"
  description = "Latchstring: the credential of the app's own server; docs/keys.md says how to rotate it"
  kms_key_id  = var.encryption_key == null ? null : var.encryption_key.arn
  tags        = var.tags
}

resource "aws_secretsmanager_secret_version" "server_credential" {
  count = local.in_sessions ? 1 : 0

  secret_id                = aws_secretsmanager_secret.server_credential[0].id
  secret_string_wo_version = 1
  secret_string_wo         = ephemeral.aws_secretsmanager_random_password.this["server_credential"].random_password
}

# The secret of the app client, which Cognito generates. The state holds it in any case, as an attribute of
# the client.
resource "aws_secretsmanager_secret" "client" {
  count = local.in_sessions && var.existing_pool == null ? 1 : 0

  name_prefix = "${var.name}-client-secret-"
  description = "Latchstring: the app client's secret; docs/keys.md says how to rotate it"
  kms_key_id  = var.encryption_key == null ? null : var.encryption_key.arn
  tags        = var.tags
}

resource "aws_secretsmanager_secret_version" "client" {
  count = local.in_sessions && var.existing_pool == null ? 1 : 0

  secret_id     = aws_secretsmanager_secret.client[0].id
  secret_string = aws_cognito_user_pool_client.this[local.client_names[0]].client_secret
}

locals {
  client_secret_arn     = !local.in_sessions ? null : var.existing_pool == null ? aws_secretsmanager_secret.client[0].arn : var.session_mode.client_secret_arn
  server_credential_arn = local.in_sessions ? aws_secretsmanager_secret.server_credential[0].arn : null
}
