//! The invitation: at a service where only invited contacts may have an account.

use std::io::Write;

use latchstring_core::admission::{Admission, AdmissionRule};
use serde_json::{Value, json};

use super::{Demo, DemoError, MINUTE, OpenSession, SignedIn, check, text};
use crate::Options;

const INVITERS: &str = "inviters";
const ADMIN: &str = "grace@example.com";
const STAFF: &str = "staff";
const INVITED: &str = "bob@example.com";

/// Returns the options of a service that admits invited contacts alone.
pub(super) fn rule(options: Options) -> Options {
    Options {
        admission: Admission {
            rule: AdmissionRule::Invited,
            ..Admission::default()
        },
        inviters: Some(INVITERS.to_owned()),
        inviters_may_give: [STAFF.to_owned()].into(),
        ..options
    }
}

impl<W: Write> Demo<'_, W> {
    /// Returns the number of steps, those before included.
    pub(super) async fn play_invitation(&mut self) -> Result<u32, DemoError> {
        let endpoint = self.settings.endpoint.clone();
        writeln!(
            self.out,
            "\nAnother Latchstring at {endpoint}: only invited contacts may have an account."
        )?;
        let grace = self.first_inviter().await?;
        self.uninvited().await?;
        self.invited(&grace).await?;
        Ok(self.step)
    }

    /// Returns a signed-in user of the group that may invite.
    async fn first_inviter(&mut self) -> Result<SignedIn, DemoError> {
        self.title(
            "The operator creates the first account, and puts it into the group that may invite",
        )?;
        let attributes = [("email", ADMIN), ("email_verified", "true")];
        let attributes = attributes.map(|(name, value)| json!({"Name": name, "Value": value}));
        self.admin(
            "AdminCreateUser",
            json!({"Username": "grace", "UserAttributes": attributes, "MessageAction": "SUPPRESS"}),
        )
        .await?;
        self.admin(
            "AdminAddUserToGroup",
            json!({"Username": "grace", "GroupName": INVITERS}),
        )
        .await?;
        self.title("Its owner signs in by a code")?;
        let opened = self.sign_in(ADMIN, None).await?;
        let proof = self.proof(&opened, ADMIN).await?;
        let made = self.sign_in(ADMIN, Some(&proof)).await?;
        let answered = self.respond(&made, &proof).await?;
        let grace = self.signed_in(&answered).await?;
        check(
            grace.claims["cognito:groups"] == json!([INVITERS]),
            "the token names the group",
        )?;
        Ok(grace)
    }

    async fn uninvited(&mut self) -> Result<(), DemoError> {
        self.title("Bob is not invited. His request for a code looks like any other")?;
        let opened = self.sign_in(INVITED, None).await?;
        let proof = self.proof(&opened, INVITED).await?;
        self.title("Only he, who typed the right code, learns that he has no invitation")?;
        let request = self.sign_in_request(INVITED, json!({"proof": proof}), ", proof")?;
        let answer: Value = request.send().await?.json().await?;
        let refusal = text(&answer["errors"][0]["errorType"])?;
        self.print(&format!("                ← {refusal}"))?;
        check(refusal == "NotAdmitted", "he is not admitted")?;
        check(self.users().await? == 1, "he has no account")
    }

    async fn invited(&mut self, grace: &SignedIn) -> Result<(), DemoError> {
        self.clock.advance(MINUTE);
        self.title("Grace may not make him an inviter too, but invite him to the staff")?;
        let refused = self.invite(grace, INVITERS).await?;
        check(refused == 403, "this group is not hers to give")?;
        let invited = self.invite(grace, STAFF).await?;
        check(invited == 204, "he is invited")?;

        self.title("He signs in again, and has an account, in the group of his invitation")?;
        let opened = self.sign_in(INVITED, None).await?;
        let proof = self.proof(&opened, INVITED).await?;
        let made = self.sign_in(INVITED, Some(&proof)).await?;
        let answered = self.respond(&made, &proof).await?;
        let bob = self.signed_in(&answered).await?;
        check(
            bob.claims["cognito:groups"] == json!([STAFF]),
            "the token names the group",
        )?;
        check(self.users().await? == 2, "there are two accounts")
    }

    /// Invites Bob to a group, and returns the status of the answer.
    async fn invite(&mut self, inviter: &SignedIn, group: &str) -> Result<u16, DemoError> {
        self.print(&format!(
            "POST /v1/invitations {{\"emailOrPhone\": \"{INVITED}\", \"groups\": [\"{group}\"]}}"
        ))?;
        let answered = self
            .http
            .post(format!("{}/v1/invitations", self.settings.endpoint))
            .bearer_auth(&inviter.access_token)
            .json(&json!({"emailOrPhone": INVITED, "groups": [group]}))
            .send()
            .await?;
        let status = answered.status().as_u16();
        self.print(&format!("                ← {status}"))?;
        Ok(status)
    }

    /// Answers with the code that was sent, and returns the proof.
    async fn proof(&mut self, opened: &OpenSession, to: &str) -> Result<String, DemoError> {
        let code = self.newest_code(to).await?;
        let answered = self.respond(opened, &code).await?;
        let parameters = &answered["ChallengeParameters"];
        check(parameters["step"] == "claim", "the code is right")?;
        text(&parameters["proof"])
    }

    async fn admin(&mut self, operation: &str, mut body: Value) -> Result<(), DemoError> {
        body["UserPoolId"] = json!(self.settings.user_pool_id);
        self.print(&format!("POST /          {operation}"))?;
        self.cognito(operation, &body).await.map(|_| ())
    }
}
