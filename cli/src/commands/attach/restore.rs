//! `latchstring attach --restore FILE`

use std::fs;

use latchstring_cli::attach::members::Members;
use latchstring_cli::attach::restore::restored;
use serde_json::Value;

use super::{Aws, Change, Failure, Of, known, make, not_started, show};

/// A pool or an app client in the file of a change: as it was, and as it was sent.
struct Kept<'a> {
    of: Of<'a>,
    before: &'a Members,
    after: &'a Members,
}

/// Undoes what the change of this file did. Returns true if all is as it was sent.
pub(super) async fn run(aws: &Aws<'_>, file: &str, apply: bool) -> Result<bool, Failure> {
    let text = fs::read_to_string(file);
    let text = text.map_err(|error| Failure::NotStarted(format!("{file}: {error}")))?;
    let settings = serde_json::from_str(&text).unwrap_or_default();
    let kept = kept(&settings, aws.pool_id)
        .map_err(|problem| Failure::NotStarted(format!("{file}: {problem}")))?;
    let mut changes = Vec::new();
    let mut is_free = true;
    for Kept { of, before, after } in kept {
        let described = aws.describe("Reading", of).await;
        let described = described.map_err(|error| not_started(&error))?;
        if let Of::Pool(_) = of {
            known(&described)?;
        }
        let now = of.resend(&described);
        match restored(before, after, &now) {
            Ok(mut request) => {
                // The file may come from anywhere: it does not choose what is changed.
                for name in ["UserPoolId", "ClientId"] {
                    request.extend(now.get(name).map(|id| (name.to_owned(), id.clone())));
                }
                changes.push(Change {
                    of,
                    described,
                    request,
                });
            }
            Err(conflicts) => {
                show(&format!("{of} was changed since"), &conflicts);
                is_free = false;
            }
        }
    }
    if !is_free {
        return Err(Failure::NotStarted(
            "another change came after that of the file, and would be lost. Undo it first, or restore the \
             settings by hand."
                .to_owned(),
        ));
    }
    make(aws, &changes, apply).await
}

/// Returns the pool and the app clients of the file.
fn kept<'a>(settings: &'a Value, pool_id: &str) -> Result<Vec<Kept<'a>>, String> {
    let members = |value: &'a Value| value.as_object();
    let (Some(before), Some(id)) = (
        members(&settings["pool"]),
        settings["pool"]["UserPoolId"].as_str(),
    ) else {
        return Err("it is not a file that attach wrote".to_owned());
    };
    if id != pool_id {
        return Err(format!("it is of the pool {id}"));
    }
    let sent = &settings["attached"];
    let Some(after) = members(&sent["pool"]) else {
        return Err(
            "an older version wrote it, without what attach sent. Restore it by hand: aws cognito-idp \
             update-user-pool --cli-input-json \"$(jq .pool FILE)\", and update-user-pool-client with \
             .clients[0]"
                .to_owned(),
        );
    };
    let mut kept = vec![Kept {
        of: Of::Pool(id),
        before,
        after,
    }];
    let clients = |of: &'a Value| of["clients"].as_array().into_iter().flatten();
    for client in clients(settings) {
        let id = client["ClientId"].as_str();
        let mut sent = clients(sent);
        let sent = sent.find(|sent| id.is_some() && sent["ClientId"].as_str() == id);
        let (Some(id), Some(before), Some(after)) = (id, members(client), sent.and_then(members))
        else {
            return Err("it lacks what attach sent for a client".to_owned());
        };
        kept.push(Kept {
            of: Of::Client(id),
            before,
            after,
        });
    }
    Ok(kept)
}
