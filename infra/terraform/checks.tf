# Ends a plan that the functions would refuse at start.
resource "terraform_data" "checks" {
  lifecycle {
    precondition {
      condition     = length(local.problems) == 0
      error_message = "Latchstring cannot be deployed so:\n${join("\n", local.problems)}"
    }
  }
}
