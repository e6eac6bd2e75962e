//! `ListUserPoolClients`: ids and names, in pages.

use serde_json::{Value, json};

use super::list_users::{read_page, write_page};
use crate::error::ApiResult;
use crate::input::{Input, PAGINATION_TOKEN, POOL_ID};
use crate::pool::UserPool;

const MAX_CLIENTS: i64 = 60;

pub(super) fn run(pool: &UserPool, mut input: Input) -> ApiResult<Value> {
    let pool_id = input.required("UserPoolId", POOL_ID)?;
    let limit = input
        .integer("MaxResults", 1, MAX_CLIENTS)?
        .unwrap_or(MAX_CLIENTS);
    let page = input.optional("NextToken", PAGINATION_TOKEN)?;
    input.finish()?;
    pool.check_pool_id(&pool_id)?;
    let seen = page.as_deref().map(read_page).transpose()?.unwrap_or(0);
    let seen = usize::try_from(seen).unwrap_or(usize::MAX);
    let limit = usize::try_from(limit).unwrap_or_default();
    let clients = &pool.config().clients;
    let listed: Vec<Value> = clients
        .iter()
        .skip(seen)
        .take(limit)
        .map(|client| {
            json!({
                "ClientId": client.id,
                "UserPoolId": pool_id,
                "ClientName": client.name,
            })
        })
        .collect();
    let seen = seen.saturating_add(listed.len());
    let mut output = json!({ "UserPoolClients": listed });
    if seen < clients.len() {
        output["NextToken"] = json!(write_page(u64::try_from(seen).unwrap_or(u64::MAX)));
    }
    Ok(output)
}
