//! AppSync's context: what an `APPSYNC_JS` resolver sees and passes to its function.

use std::net::{IpAddr, Ipv4Addr};
use std::sync::atomic::{AtomicUsize, Ordering};

use apollo_compiler::ast::Value as Literal;
use apollo_compiler::collections::HashSet;
use apollo_compiler::executable::{Field, FragmentSpread, Selection, SelectionSet};
use apollo_compiler::resolvers::ResolveInfo;
use apollo_compiler::response::JsonMap;
use apollo_compiler::{ExecutableDocument, Name, Node};
use axum::http::HeaderMap;
use serde_json::{Map, Value, json};

use crate::auth::Caller;

const FORWARDED_FOR: &str = "x-forwarded-for";

/// The addresses of the CloudFront edges between a client and AppSync. Consecutive requests come
/// through different edges, in a fixed order.
#[derive(Default)]
pub(crate) struct Edges(AtomicUsize);

impl Edges {
    /// Addresses of the block for benchmarks (RFC 2544), so that no test takes one for a client.
    const ALL: [Ipv4Addr; 4] = [
        Ipv4Addr::new(198, 18, 0, 1),
        Ipv4Addr::new(198, 18, 0, 2),
        Ipv4Addr::new(198, 18, 1, 1),
        Ipv4Addr::new(198, 18, 2, 1),
    ];

    fn next(&self) -> IpAddr {
        let place = self.0.fetch_add(1, Ordering::Relaxed) % Self::ALL.len();
        Self::ALL[place].into()
    }
}

/// The context's data about the HTTP request.
pub(crate) struct Origin {
    headers: Map<String, Value>,
    source_ip: Vec<String>,
}

impl Origin {
    /// Reads the sources: the client's claims in `X-Forwarded-For` and, last, the address of the
    /// connection. The CloudFront edge follows in the header, but not in `sourceIp`. Captured
    /// events of one client end in different addresses (aws-mobile-appsync-sdk-js#584).
    pub(crate) fn new(request_headers: &HeaderMap, peer: Option<IpAddr>, edges: &Edges) -> Self {
        let mut headers = Map::new();
        for name in request_headers.keys() {
            // `HeaderName` is lower-case already.
            headers.insert(
                name.to_string(),
                Value::String(joined(request_headers, name.as_str())),
            );
        }
        let source_ip: Vec<String> = joined(request_headers, FORWARDED_FOR)
            .split(',')
            .map(str::trim)
            .filter(|entry| !entry.is_empty())
            .map(ToOwned::to_owned)
            .chain(peer.map(|peer| peer.to_string()))
            .collect();
        let mut forwarded_for = source_ip.clone();
        forwarded_for.extend(peer.map(|_| edges.next().to_string()));
        if !forwarded_for.is_empty() {
            headers.insert(
                FORWARDED_FOR.to_owned(),
                Value::String(forwarded_for.join(", ")),
            );
        }
        Self { headers, source_ip }
    }
}

fn joined(headers: &HeaderMap, name: &str) -> String {
    let values: Vec<_> = headers
        .get_all(name)
        .iter()
        .map(|value| String::from_utf8_lossy(value.as_bytes()))
        .collect();
    values.join(", ")
}

/// Returns the event for the function of one root field.
pub(crate) fn context(
    info: &ResolveInfo<'_>,
    variables: &JsonMap,
    parent_type: &Name,
    caller: &Caller,
    origin: &Origin,
) -> Value {
    let selections = merged(info);
    let mut selection_list = Vec::new();
    list_selections(
        info.document(),
        &selections,
        variables,
        "",
        &mut selection_list,
    );
    json!({
        "arguments": arguments(info, variables),
        "identity": identity(caller, &origin.source_ip),
        "source": null,
        "request": {"headers": origin.headers, "domainName": null},
        "prev": null,
        "info": {
            "fieldName": info.field_name(),
            "parentTypeName": parent_type.as_str(),
            "variables": variables,
            "selectionSetList": selection_list,
            "selectionSetGraphQL": if selections.is_empty() { String::new() } else { selections.to_string() },
        },
        "stash": {},
    })
}

fn identity(caller: &Caller, source_ip: &[String]) -> Value {
    let Caller::Cognito { claims } = caller else {
        return Value::Null;
    };
    // An access token has the first, an ID token the second.
    let username = claims
        .get("username")
        .or_else(|| claims.get("cognito:username"));
    json!({
        "sub": claims["sub"],
        "issuer": claims["iss"],
        "username": username,
        "claims": claims,
        "sourceIp": source_ip,
        "defaultAuthStrategy": "ALLOW",
        "groups": claims["cognito:groups"],
    })
}

/// Returns the field's arguments. Inside an object, apollo-compiler makes an absent variable null.
/// The specification omits the field, and a resolver may distinguish the two.
fn arguments(info: &ResolveInfo<'_>, variables: &JsonMap) -> Value {
    let mut arguments = json!(info.arguments());
    for written in info
        .field_selections()
        .iter()
        .flat_map(|field| &field.arguments)
    {
        if let Some(coerced) = arguments.get_mut(written.name.as_str()) {
            drop_unset(&written.value, coerced, variables);
        }
    }
    arguments
}

fn drop_unset(written: &Node<Literal>, coerced: &mut Value, variables: &JsonMap) {
    match (written.as_ref(), coerced) {
        (Literal::Object(fields), Value::Object(coerced)) => {
            for (name, value) in fields {
                match value.as_ref() {
                    Literal::Variable(variable) if !variables.contains_key(variable.as_str()) => {
                        coerced.remove(name.as_str());
                    }
                    _ => {
                        if let Some(coerced) = coerced.get_mut(name.as_str()) {
                            drop_unset(value, coerced, variables);
                        }
                    }
                }
            }
        }
        (Literal::List(items), Value::Array(coerced)) => {
            for (item, coerced) in items.iter().zip(coerced) {
                drop_unset(item, coerced, variables);
            }
        }
        _ => {}
    }
}

/// Merges the selections of a field that is written more than once.
fn merged(info: &ResolveInfo<'_>) -> SelectionSet {
    let written: &[&Field] = info.field_selections();
    let mut all = SelectionSet::new(info.field_definition().ty.inner_named_type().clone());
    for field in written {
        all.extend(field.selection_set.selections.iter().cloned());
    }
    all
}

/// Returns AppSync's `selectionSetList`: `["session", "items", "items/name"]`, with aliases for
/// names and fragments expanded.
fn list_selections(
    document: &ExecutableDocument,
    selections: &SelectionSet,
    variables: &JsonMap,
    prefix: &str,
    list: &mut Vec<String>,
) {
    let mut spread = HashSet::default();
    list_level(document, selections, variables, prefix, &mut spread, list);
}

fn list_level<'d>(
    document: &'d ExecutableDocument,
    selections: &'d SelectionSet,
    variables: &JsonMap,
    prefix: &str,
    spread: &mut HashSet<&'d Name>,
    list: &mut Vec<String>,
) {
    for selection in &selections.selections {
        if is_skipped(selection, variables) {
            continue;
        }
        match selection {
            Selection::Field(field) => {
                let path = format!("{prefix}{}", field.response_key());
                if !list.contains(&path) {
                    list.push(path.clone());
                }
                list_selections(
                    document,
                    &field.selection_set,
                    variables,
                    &format!("{path}/"),
                    list,
                );
            }
            Selection::InlineFragment(inline) => {
                list_level(
                    document,
                    &inline.selection_set,
                    variables,
                    prefix,
                    spread,
                    list,
                );
            }
            Selection::FragmentSpread(fragment) => {
                let FragmentSpread { fragment_name, .. } = fragment.as_ref();
                if let Some(fragment) = document.fragments.get(fragment_name)
                    && spread.insert(fragment_name)
                {
                    list_level(
                        document,
                        &fragment.selection_set,
                        variables,
                        prefix,
                        spread,
                        list,
                    );
                }
            }
        }
    }
}

fn is_skipped(selection: &Selection, variables: &JsonMap) -> bool {
    let condition = |directive: &str| {
        let written = selection
            .directives()
            .get(directive)?
            .specified_argument_by_name("if")?;
        match written.as_ref() {
            Literal::Variable(name) => variables.get(name.as_str())?.as_bool(),
            literal => literal.to_bool(),
        }
    };
    condition("skip") == Some(true) || condition("include") == Some(false)
}
