//! The log lines of one contact across the functions, as one story.
//!
//! A contact is in no line, only its pseudonym. The lines of a flow name the flow, and those that send a
//! message name both. So the lines are read in two steps: by the pseudonym of the contact, and then by each
//! flow that these lines name. docs/metrics.md lists the lines.

use std::collections::BTreeSet;
use std::time::UNIX_EPOCH;

use serde_json::{Value, json};

use crate::deployed::FunctionLog;
use crate::signed_call::{CallError, LOGS, SignedCalls};

/// The maximum number of flows whose lines are read.
pub const FLOWS: usize = 50;

/// A line of a function's log.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Line {
    /// The time that the function states, in microseconds since 1970.
    pub at: u64,
    /// The end of the function's name, such as `sign-in`.
    pub function: String,
    /// The fields.
    pub fields: Value,
}

/// The lines of one contact.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Story {
    /// The lines, in the order of their times.
    pub lines: Vec<Line>,
    /// The number of flows that the lines name.
    pub flows: usize,
    /// True if the lines of further flows were not read.
    pub is_cut: bool,
}

/// Reads the lines between two times, in milliseconds since 1970, that name a pseudonym or one of its flows.
///
/// # Errors
/// If a call fails. A log group that does not exist has no lines.
pub async fn read(
    calls: &SignedCalls<'_>,
    logs: &[FunctionLog],
    pseudonym: &str,
    from: u64,
    until: u64,
) -> Result<Story, CallError> {
    let mut story = Story {
        lines: lines_with(calls, logs, pseudonym, from, until).await?,
        ..Story::default()
    };
    let flows: BTreeSet<String> = story
        .lines
        .iter()
        .filter_map(|line| line.fields["flow"].as_str().map(str::to_owned))
        .collect();
    story.flows = flows.len();
    story.is_cut = flows.len() > FLOWS;
    for flow in flows.iter().take(FLOWS) {
        for line in lines_with(calls, logs, flow, from, until).await? {
            if !story.lines.contains(&line) {
                story.lines.push(line);
            }
        }
    }
    story.lines.sort_by_key(|line| line.at);
    Ok(story)
}

/// Reads the lines between two times, in milliseconds since 1970, that hold a term or words in this order.
///
/// # Errors
/// If a call fails. A log group that does not exist has no lines.
pub async fn lines_with(
    calls: &SignedCalls<'_>,
    logs: &[FunctionLog],
    term: &str,
    from: u64,
    until: u64,
) -> Result<Vec<Line>, CallError> {
    let mut lines = Vec::new();
    for log in logs {
        let mut input = json!({
            "logGroupName": log.group,
            "filterPattern": format!("\"{term}\""),
            "startTime": from,
            "endTime": until,
        });
        loop {
            let page = match calls.read(LOGS, "FilterLogEvents", &input).await {
                Ok(page) => page,
                // A function that has written nothing yet may have no log group.
                Err(error) if error.code().as_str() == "ResourceNotFoundException" => break,
                Err(error) => return Err(error),
            };
            let events = page["events"].as_array().into_iter().flatten();
            lines.extend(events.filter_map(|event| line(&log.function, event)));
            match page["nextToken"].as_str() {
                Some(next) => input["nextToken"] = next.into(),
                None => break,
            }
        }
    }
    Ok(lines)
}

/// Returns the line of an event of the log; `None` for a line of Lambda itself, or of a metric.
fn line(function: &str, event: &Value) -> Option<Line> {
    let fields: Value = serde_json::from_str(event["message"].as_str()?.trim()).ok()?;
    fields["message"].as_str()?;
    // Lines that the function wrote together reach the log with one time.
    let stated = fields["timestamp"].as_str();
    let stated = stated.and_then(|text| humantime::parse_rfc3339(text).ok());
    let stated = stated.and_then(|time| time.duration_since(UNIX_EPOCH).ok());
    let at = match stated {
        Some(since) => u64::try_from(since.as_micros()).ok()?,
        None => event["timestamp"].as_u64()?.checked_mul(1000)?,
    };
    Some(Line {
        at,
        function: function.to_owned(),
        fields,
    })
}

impl Line {
    fn text(&self, name: &str) -> &str {
        self.fields[name].as_str().unwrap_or_default()
    }

    /// Returns the sentence for the line.
    pub fn story(&self) -> String {
        let told = match self.text("message") {
            "decision" => self.decision(),
            "resolver" => self.resolver(),
            "delivered" => format!(
                "The service accepted the message ({}).",
                self.text("channel")
            ),
            "delivery failed" => format!(
                "The message was not delivered ({}): {} answered {}; {}.",
                self.text("channel"),
                self.text("call"),
                self.text("code"),
                outcome(self.text("outcome"))
            ),
            "cooldown stays" => {
                "The message was not sent, and its user must still wait for the next one."
                    .to_owned()
            }
            other => format!("{other}."),
        };
        let milliseconds = self.fields["duration_ms"].as_u64();
        let took = milliseconds.map_or_else(String::new, |it| format!(" [{it} ms]"));
        let flow = match self.text("flow") {
            "" => String::new(),
            flow => format!(" (flow {})", &flow[..flow.len().min(8)]),
        };
        format!("{told}{flow}{took}")
    }

    fn decision(&self) -> String {
        let (trigger, reason) = (self.text("trigger"), self.text("reason"));
        if self.text("outcome") == "none" {
            return format!(
                "{trigger} decided nothing: its time limit passed, or it had no keys. Cognito invoked it again, \
                 or ended the session."
            );
        }
        let mut told = match explained(trigger, reason) {
            Some(words) => words.to_owned(),
            None => format!("{trigger}: {reason}."),
        };
        if let Some(budget) = self.fields["budget"].as_str() {
            told = format!("{told} {}", of_budget(budget));
        }
        if let Some(call) = self.fields["call"].as_str() {
            told = format!("{told} {call} answered {}.", self.text("code"));
        }
        told
    }

    fn resolver(&self) -> String {
        let name = self.fields["field"].as_str();
        let name = name.or_else(|| self.fields["route"].as_str());
        let name = name.unwrap_or("A request");
        let outcome = self.text("outcome");
        let mut told = match outcome {
            "answered" => format!("{name} was answered."),
            other => {
                let words = refusal(other).unwrap_or("it was refused");
                format!("{name} was refused with {other}: {words}.")
            }
        };
        if let Some(budget) = self.fields["budget"].as_str() {
            told = format!("{told} {}", of_budget(budget));
        }
        if let Some(cause) = self.fields["cause"].as_str() {
            told = format!("{told} Cause: {cause}.");
        }
        told
    }
}

fn outcome(word: &str) -> &'static str {
    match word {
        "never_left" => "the request never left, so nothing is on its way",
        "refused" => "the service refused it, so nothing is on its way",
        "throttled" => "the service had too many requests in that second, so nothing is on its way",
        "unknown" => "there was no answer, so the message may be on its way",
        _ => "docs/delivery.md has the codes",
    }
}

fn of_budget(budget: &str) -> String {
    let words = match budget {
        "mailbox" => "messages to this mailbox or number",
        "device" => "messages for known devices of this mailbox or number",
        "contacts" => "requests for a new contact",
        "source" => "requests of one source, which other users may share",
        "prefix" => "unproved SMS to numbers that begin alike, which all users share",
        "country" => "unproved SMS to the country, which all users share",
        "domain" => "unproved mail to the domain, which all users share",
        "mail" => "all unproved mail, which all users share",
        "new_accounts" => "new accounts of the mail domain",
        "spend" => "the cost of SMS in a day, which all users share",
        "monthly_spend" => "the cost of SMS in 30 days, which all users share",
        "deployment" => "all messages of a day, which all users share",
        other => return format!("The budget {other} was spent."),
    };
    format!("The budget of {words} was spent.")
}

fn refusal(error_type: &str) -> Option<&'static str> {
    Some(match error_type {
        "TooManyRequests" => "a budget was spent",
        "CaptchaRequired" => "a budget was spent, and a solved CAPTCHA goes on",
        "InvalidIdentifier" => "the contact is not an address or a number that messages may go to",
        "InvalidProof" => "the proof was not valid, had expired, or was redeemed before",
        "InvalidResume" => "the flow cannot be continued in another session",
        "InvalidContinuation" => "the sign-in had ended, or its continuation was not valid",
        "NothingToUndo" => "no change of this contact can be undone",
        "ContactInUse" => "another account holds the contact",
        "NoAccount" => "no account can be made for the contact",
        "NotAdmitted" => "the rule for new accounts does not admit the contact",
        "NotSignedIn" => "Cognito no longer accepted the access token",
        "ReauthRequired" => "the sign-in was not recent enough",
        "ChangeHeld" => "an earlier change of a contact can still be undone",
        "InvalidName" => "the name is not one",
        "Unavailable" => "a service did not answer, or Cognito answered unexpectedly",
        _ => return None,
    })
}

/// Returns the sentence for the reason of a trigger's decision; `None` for one of a later version.
pub fn explained(trigger: &str, reason: &str) -> Option<&'static str> {
    Some(match (trigger, reason) {
        (_, "client_not_served") => "The app client is not one of CLIENT_IDS.",
        (_, "session_not_ours") => {
            "The session has a challenge that Latchstring did not make, so the sign-in failed."
        }
        (_, "ticket_key_unknown") => {
            "The key of the ticket is not on the ring: the ring was replaced, or the functions have \
             different rings."
        }
        (_, "ticket_stale") => {
            "The ticket had expired: more than a minute passed after the request."
        }
        (_, "ticket_redeemed_elsewhere") => "Another flow had redeemed the ticket.",
        (_, "no_attempt_left") => "The code had no attempt left.",
        (_, "expired") => "The code had expired.",
        (_, "flow_missing") => {
            "The flow has no row: it was never opened, or its row was removed long after its end."
        }
        (_, "flow_disagrees") => "The session states other facts than the flow's row.",
        (_, "flow_over") => "The flow had ended before.",
        (_, "no_longer_pending") => "The request for the new contact was replaced or had ended.",
        (_, "fault") => "A service did not answer, so the same challenge was repeated.",
        ("define", "opened") => "A sign-in began.",
        ("define", "too_many_rounds") => "The sign-in had too many rounds, and failed.",
        ("define" | "verify", "method_known") => {
            "The first challenge was answered, by a ticket or a proof."
        }
        ("define" | "verify", "method_unknown") => {
            "The first challenge was answered with an unknown method."
        }
        (_, "asked_again") => "The challenge was repeated.",
        ("define", "flow_not_matched") => {
            "The answer was right, but its verdict is not in the row."
        }
        ("define", "proved") => "The contact was proved without an account; a proof follows.",
        ("define", "tokens_issued") => "Tokens were issued: the sign-in succeeded.",
        ("define", "no_longer_the_holder") => {
            "The code was right, but the account is disabled or no longer the verified holder of the contact."
        }
        ("define", "contact_in_use") => "The new contact was proved, but another account holds it.",
        ("define", "change_held") => {
            "The new contact was proved, but an earlier change can still be undone."
        }
        ("define", "change_undone") => "The owner of the replaced contact undid its change.",
        ("define", "nothing_to_undo") => "There was no change to undo.",
        ("create", "opened") => {
            "The first challenge was made; nothing is sent before it is answered."
        }
        ("create", "decoy_opened") => {
            "A decoy was opened: it looks like a sign-in, sends nothing, and never succeeds."
        }
        ("create", "code_reserved") => "A code was made, and its message goes out.",
        ("create", "code_fixed") => {
            "The contact is a test identifier: its code is fixed, and nothing is sent."
        }
        ("create", "code_reserved_before") => {
            "Cognito invoked create again; the message had gone out before, and none is sent twice."
        }
        ("create", "slot_reserved") => {
            "The budgets of the mailbox were spent. The message of this slot goes out, with a code of 12 \
             characters."
        }
        ("create", "slot_sent_before") => {
            "The budgets of the mailbox were spent. The message of this slot was sent before: its code is \
             valid here too."
        }
        ("create", "ticket_missing") => {
            "There was no ticket: the client did not call signIn first."
        }
        ("create", "ticket_forged") => {
            "The ticket was not made by this deployment for this client."
        }
        ("create", "ticket_of_another_method") => "The ticket is of another kind than the answer.",
        ("create", "not_the_holder") => "The account is not the holder of the contact.",
        ("create", "claim_opened") => "A proof was taken for the new account.",
        ("create", "resumed") => "A flow was continued in a new session.",
        ("create", "resent") => "The code was sent again.",
        ("create", "resend_too_soon") => {
            "A resend was requested before its wait was over; nothing was sent."
        }
        ("create", "message_refused") => "No message was sent, because a budget was spent.",
        ("create", "proved") => "The proof was returned to the client.",
        ("verify", "resend_asked") => "A resend was requested.",
        ("verify", "guesses_spent") => {
            "The budget of guesses at this code is spent, so no answer to it is right. A resend has a longer \
             code."
        }
        ("verify", "right") => "The code was right.",
        ("verify", "right_again") => "The right code was sent again.",
        ("verify", "wrong") => "The code was wrong.",
        ("verify", "wrong_link") => "The link was wrong, or was opened in another browser.",
        ("verify", "code_replaced") => "The code was replaced by a longer one.",
        ("verify", "proof_forged") => "The proof was not made by this deployment.",
        ("verify", "proof_stale") => "The proof had expired.",
        ("verify", "proof_redeemed_elsewhere") => "The proof had been redeemed.",
        ("verify", "proof_of_another") => "The proof is of another contact or client.",
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_reason_of_a_trigger_is_explained() {
        let reasons = include_str!("../../shared/core/tests/data/reasons.txt");
        let mut count = 0;
        for line in reasons.lines() {
            let (trigger, reason) = line.split_once(": ").expect("a trigger and a reason");
            assert!(explained(trigger, reason).is_some(), "{line}");
            count += 1;
        }
        assert!(count > 50, "{count}");
    }

    #[test]
    fn a_line_of_another_program_is_left_out() {
        let event = |message: &str| json!({ "timestamp": 1, "message": message });
        for message in ["START RequestId: 1", "{\"_aws\": {}}", "[]", ""] {
            assert_eq!(line("sign-in", &event(message)), None, "{message}");
        }
        let line = line(
            "create-auth-challenge",
            &event(
                r#"{"level":"INFO","trigger":"create","outcome":"challenge","reason":"message_refused","budget":"mailbox","flow":"00112233445566778899aabbccddeeff","duration_ms":12,"message":"decision"}"#,
            ),
        );
        assert_eq!(
            line.expect("a line of ours").story(),
            "No message was sent, because a budget was spent. The budget of messages to this mailbox or \
             number was spent. (flow 00112233) [12 ms]"
        );
    }
}
