# Has the sweeper invoked each minute. A sweep that fails is not repeated: the next one follows.
resource "aws_cloudwatch_event_rule" "sweep" {
  count = local.has_events ? 1 : 0

  name                = "${var.name}-publish-events"
  description         = "Latchstring: publishes the events that are overdue"
  schedule_expression = "rate(1 minute)"
  tags                = var.tags
}

resource "aws_cloudwatch_event_target" "sweep" {
  count = local.has_events ? 1 : 0

  rule = aws_cloudwatch_event_rule.sweep[0].name
  arn  = aws_lambda_function.this["publish-events"].arn

  retry_policy {
    maximum_retry_attempts       = 0
    maximum_event_age_in_seconds = 60
  }
}

resource "aws_lambda_permission" "sweep" {
  count = local.has_events ? 1 : 0

  statement_id  = "Sweep"
  action        = "lambda:InvokeFunction"
  function_name = aws_lambda_function.this["publish-events"].function_name
  principal     = "events.amazonaws.com"
  source_arn    = aws_cloudwatch_event_rule.sweep[0].arn
}
