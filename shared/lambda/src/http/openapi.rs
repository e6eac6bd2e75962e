//! The OpenAPI document, from the table of routes and the types of its requests and answers.
//! docs/openapi.json is generated from it.

use std::collections::BTreeMap;

use latchstring_core::account::NameError;
use latchstring_core::contact::ContactError;
use latchstring_core::identifier::IdentifierError;
use latchstring_core::ports::PortError;
use latchstring_core::rate_limit::Budget;
use latchstring_core::sign_in::SignInError;
use schemars::generate::{SchemaGenerator, SchemaSettings};
use schemars::transform::{Transform, transform_subschemas};
use schemars::{JsonSchema, Schema};
use serde_json::{Map, Value, json};

use super::browser;
use super::problem::{Failure, ProblemType, Rejection};
use super::routes::{Auth, Input, Operation, Output, Part, Tag, Visitor, visit};
use super::types::Problem;

/// The names of the security schemes.
const BEARER: &str = "accessToken";
const COOKIE: &str = "session";
const SERVER: &str = "server";

const ABOUT: &str = "\
Passwordless sign-in for Amazon Cognito. `POST /v1/sign-in` sends a code to an email address or phone \
number, and `POST /v1/sign-in/answer` exchanges the code for Cognito's tokens. A user without an \
account gets one in the same call. In session mode, the browser gets a cookie instead of the tokens.\n\n\
All bodies are JSON. Unknown members of a request are ignored; a client ignores unknown members of an \
answer. Every error is a problem as RFC 9457 defines it, and its `type` does not change. An unknown \
path is the problem `NotFound` (404), another method `MethodNotAllowed` (405) with the header `Allow`. \
An API Gateway with one route for each path answers both itself: 404 with `{\"message\":\"Not Found\"}`.";

/// Returns the OpenAPI 3.1 document of the HTTP door.
pub fn openapi() -> Value {
    let mut document = document();
    visit(&mut document);
    let Document {
        paths,
        mut requests,
        mut answers,
    } = document;
    let mut schemas = requests.take_definitions(true);
    schemas.extend(answers.take_definitions(true));
    json!({
        "openapi": "3.1.0",
        "info": {
            "title": "Latchstring",
            "version": "1.0.0",
            "description": ABOUT,
            "license": { "name": "MIT OR Apache-2.0", "identifier": "MIT OR Apache-2.0" },
        },
        "servers": [{ "url": "/", "description": "The address of the deployment" }],
        "tags": [
            { "name": name_of(Tag::SignIn), "description": "For anyone" },
            { "name": name_of(Tag::Account), "description": "For a signed-in user" },
            { "name": name_of(Tag::Session), "description": "For a browser, in session mode" },
        ],
        "paths": paths,
        "components": {
            "schemas": schemas,
            "securitySchemes": security_schemes(),
        },
    })
}

fn security_schemes() -> Value {
    json!({
        BEARER: {
            "type": "http",
            "scheme": "bearer",
            "bearerFormat": "JWT",
            "description": "The access token of Cognito, not the ID token.",
        },
        COOKIE: {
            "type": "apiKey",
            "in": "cookie",
            "name": browser::COOKIE,
            "description": "The session of a browser, in session mode. Every method but GET also \
                needs the header X-Latchstring, from a page of the same origin or of SESSION_ORIGINS.",
        },
        SERVER: {
            "type": "apiKey",
            "in": "header",
            "name": "X-Latchstring-Server",
            "description": "The server credential, which only the app's own server has.",
        },
    })
}

/// Returns a document without paths.
fn document() -> Document {
    let settings = || SchemaSettings::draft2020_12().with(of_components);
    Document {
        paths: Map::new(),
        requests: settings().for_deserialize().into_generator(),
        answers: settings().for_serialize().into_generator(),
    }
}

fn of_components(settings: &mut SchemaSettings) {
    settings.definitions_path = "/components/schemas".into();
    settings.meta_schema = None;
    settings.transforms.push(Box::new(ForGenerators));
}

const fn name_of(tag: Tag) -> &'static str {
    match tag {
        Tag::SignIn => "sign-in",
        Tag::Account => "account",
        Tag::Session => "session",
    }
}

struct Document {
    paths: Map<String, Value>,
    requests: SchemaGenerator,
    answers: SchemaGenerator,
}

impl Visitor for Document {
    fn visit<O: Operation>(&mut self) {
        let [summary, description @ ..] = O::DOC else {
            unreachable!("the table requires a doc comment");
        };
        let description: Vec<_> = description.iter().map(|line| line.trim()).collect();
        let mut operation = json!({
            "operationId": O::ID,
            "summary": summary.trim(),
            "tags": [name_of(O::TAG)],
            "responses": self.responses::<O>(),
            "security": match O::AUTH {
                Auth::Anonymous => json!([]),
                Auth::Bearer => json!([{ BEARER: [] }, { COOKIE: [] }]),
                Auth::Cookie => json!([{ COOKIE: [] }]),
                Auth::Ending => json!([{ COOKIE: [] }, {}]),
                Auth::Server => json!([{ COOKIE: [], SERVER: [] }]),
            },
        });
        let description = description.join(" ").trim().to_owned();
        if !description.is_empty() {
            operation["description"] = json!(description);
        }
        match O::Request::PART {
            Part::Nothing => {}
            Part::Body => {
                let schema = schema_of::<<O::Request as Input>::Schema>(&mut self.requests);
                operation["requestBody"] = json!({
                    "required": true,
                    "content": { "application/json": { "schema": schema } },
                });
            }
            Part::Query => operation["parameters"] = self.parameters::<O::Request>(),
        }
        let path = self.paths.entry(O::PATH).or_insert_with(|| json!({}));
        path[O::METHOD.to_ascii_lowercase()] = operation;
    }
}

impl Document {
    fn responses<O: Operation>(&mut self) -> Value {
        let mut responses = Map::new();
        let status = O::Answer::STATUS;
        responses.insert(
            status.to_string(),
            if status == 204 {
                json!({ "description": "Done" })
            } else {
                let schema = schema_of::<<O::Answer as Output>::Schema>(&mut self.answers);
                json!({
                    "description": "The answer",
                    "content": { "application/json": { "schema": schema } },
                })
            },
        );
        let mut problems = BTreeMap::<u16, Vec<ProblemType>>::new();
        for problem in problems_of::<O>() {
            problems.entry(problem.status()).or_default().push(problem);
        }
        for (status, problems) in problems {
            responses.insert(status.to_string(), self.refusal::<O>(status, &problems));
        }
        Value::Object(responses)
    }

    /// Returns the response of a status with these problems.
    fn refusal<O: Operation>(&mut self, status: u16, problems: &[ProblemType]) -> Value {
        let malformed = self.malformed::<O>();
        let schema = schema_of::<Problem<'_>>(&mut self.answers);
        let named: Vec<_> = problems
            .iter()
            .map(|problem| format!("`{}`", problem.name()))
            .collect();
        let examples: Map<_, _> = problems
            .iter()
            .map(|problem| {
                let failure = sample(*problem, &malformed);
                let value = json!(failure.problem());
                let example = json!({ "summary": problem.title(), "value": value });
                (problem.name().to_owned(), example)
            })
            .collect();
        let mut response = json!({
            "description": named.join(", "),
            "content": { "application/problem+json": { "schema": schema, "examples": examples } },
        });
        let header = match status {
            401 => Some(("WWW-Authenticate", json!({ "type": "string" }))),
            429 => Some((
                "Retry-After",
                json!({ "type": "integer", "description": "Seconds", "minimum": 0 }),
            )),
            _ => None,
        };
        if let Some((name, schema)) = header {
            response["headers"] = json!({ name: { "schema": schema } });
        }
        response
    }

    /// Returns the rejection of a request that the route cannot read.
    fn malformed<O: Operation>(&mut self) -> Rejection {
        let schema = <O::Request as Input>::Schema::json_schema(&mut self.requests);
        let required = schema.get("required").and_then(|it| it[0].as_str());
        let members = schema.get("properties").and_then(Value::as_object);
        let optional = members.and_then(|members| members.keys().next());
        match (required, optional) {
            (Some(member), _) => Rejection::Missing(member.to_owned()),
            (None, Some(member)) => Rejection::Wrong(member.clone()),
            (None, None) => Rejection::NotJson,
        }
    }

    /// Returns the members of a type as parameters of a query.
    fn parameters<I: Input>(&mut self) -> Value {
        let schema = I::Schema::json_schema(&mut self.requests);
        let required = schema.get("required").cloned().unwrap_or_default();
        let properties = schema.get("properties").and_then(Value::as_object);
        let parameters = properties.into_iter().flatten().map(|(name, schema)| {
            let is_required = required
                .as_array()
                .is_some_and(|required| required.contains(&json!(name)));
            let mut schema = schema.clone();
            let description = schema
                .as_object_mut()
                .and_then(|schema| schema.remove("description"));
            json!({
                "name": name,
                "in": "query",
                "required": is_required,
                "description": description,
                "schema": schema,
            })
        });
        parameters.collect()
    }
}

fn schema_of<T: JsonSchema + ?Sized>(generator: &mut SchemaGenerator) -> Schema {
    generator.subschema_for::<T>()
}

/// Returns the problems of an operation, with those that every such operation has.
fn problems_of<O: Operation>() -> Vec<ProblemType> {
    let mut problems = O::PROBLEMS.to_vec();
    if O::AUTH != Auth::Anonymous {
        problems.push(ProblemType::NotSignedIn);
    }
    if O::TAG == Tag::Session {
        // Without session mode there is no such route.
        problems.push(ProblemType::NotFound);
    }
    match O::Request::PART {
        Part::Nothing => {}
        Part::Body => problems.extend([
            ProblemType::MalformedRequest,
            ProblemType::UnsupportedMediaType,
            ProblemType::ContentTooLarge,
        ]),
        Part::Query => problems.push(ProblemType::MalformedRequest),
    }
    problems.extend([ProblemType::Forbidden, ProblemType::Unavailable]);
    problems
}

/// Returns a failure of a type, as an example.
fn sample(problem: ProblemType, malformed: &Rejection) -> Failure {
    let retry_after = 59;
    let error: ContactError = match problem {
        ProblemType::InvalidIdentifier => {
            SignInError::InvalidIdentifier(IdentifierError::NotAnEmail).into()
        }
        ProblemType::InvalidName => NameError::Empty.into(),
        ProblemType::InvalidProof => SignInError::InvalidProof.into(),
        ProblemType::InvalidResume => SignInError::InvalidResume.into(),
        ProblemType::InvalidContinuation => SignInError::InvalidContinuation.into(),
        ProblemType::NotSignedIn => ContactError::NotSignedIn,
        ProblemType::ReauthRequired => ContactError::ReauthRequired,
        ProblemType::CaptchaRequired => {
            let budget = Budget::Mailbox;
            SignInError::CaptchaRequired { budget }.into()
        }
        ProblemType::NothingToUndo => SignInError::NothingToUndo.into(),
        ProblemType::InvalidInvitation => ContactError::InvitationLife,
        ProblemType::NotAnInviter => ContactError::NotAnInviter,
        ProblemType::MembershipNotPermitted => ContactError::MembershipNotPermitted,
        ProblemType::SignUpIsOpen => ContactError::SignUpIsOpen,
        ProblemType::NotAdmitted => SignInError::NotAdmitted.into(),
        ProblemType::ContactInUse => ContactError::ContactInUse,
        ProblemType::NoAccount => SignInError::NoAccount.into(),
        ProblemType::ChangeHeld => ContactError::ChangeHeld { retry_after },
        ProblemType::TooManyRequests => {
            let budget = None;
            SignInError::TooManyRequests {
                retry_after,
                budget,
            }
            .into()
        }
        ProblemType::Unavailable => PortError::new("example", "timeout").into(),
        ProblemType::MalformedRequest => return malformed.clone().into(),
        ProblemType::Forbidden => return Rejection::Forbidden.into(),
        ProblemType::NotFound => return Rejection::NotFound.into(),
        ProblemType::MethodNotAllowed => {
            return Rejection::MethodNotAllowed("POST".to_owned()).into();
        }
        ProblemType::ContentTooLarge => return Rejection::ContentTooLarge.into(),
        ProblemType::UnsupportedMediaType => return Rejection::UnsupportedMediaType.into(),
    };
    error.into()
}

/// Changes schemas for generators of clients: an optional member is missing rather than null, integers
/// have formats that generators know, and a union with a discriminator is exclusive. In descriptions,
/// the lines of a doc comment are joined.
#[derive(Clone, Debug)]
struct ForGenerators;

impl Transform for ForGenerators {
    fn transform(&mut self, schema: &mut Schema) {
        transform_subschemas(self, schema);
        let format = match schema.get("format").and_then(Value::as_str) {
            Some("uint16" | "uint32") => Some("int32"),
            Some("uint64") => Some("int64"),
            _ => None,
        };
        if let Some(format) = format {
            schema.insert("format".to_owned(), json!(format));
        }
        let description = schema.get("description").and_then(Value::as_str);
        if let Some(joined) = description.map(|text| text.replace('\n', " ")) {
            schema.insert("description".to_owned(), json!(joined));
        }
        if schema.get("discriminator").is_some()
            && let Some(variants) = schema.remove("anyOf")
        {
            schema.insert("oneOf".to_owned(), variants);
        }
        let required = schema.get("required").cloned().unwrap_or_default();
        let properties = schema.get_mut("properties").and_then(Value::as_object_mut);
        for (name, property) in properties.into_iter().flatten() {
            let is_required = required
                .as_array()
                .is_some_and(|required| required.contains(&json!(name)));
            if !is_required {
                without_null(property);
            }
        }
    }
}

/// Removes null from the values of a schema.
fn without_null(schema: &mut Value) {
    if let Some(types) = schema["type"].as_array() {
        let mut types = types.iter().filter(|name| **name != "null");
        if let (Some(one), None) = (types.next(), types.next()) {
            schema["type"] = one.clone();
        }
    }
    let Some(schema) = schema.as_object_mut() else {
        return;
    };
    let null = json!({ "type": "null" });
    let others = schema
        .get("anyOf")
        .and_then(Value::as_array)
        .map(|any| any.iter().filter(|one| **one != null).collect::<Vec<_>>());
    if let Some([Value::Object(one)]) = others.as_deref() {
        let one = one.clone();
        schema.remove("anyOf");
        schema.extend(one);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const PATH: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/openapi.json");

    #[test]
    fn the_openapi_document_in_docs_is_generated() {
        let wanted = openapi();
        if std::env::var_os("UPDATE_GENERATED").is_some() {
            let text = format!("{wanted:#}\n");
            std::fs::write(PATH, text).expect("the file is written");
        }
        let found = std::fs::read_to_string(PATH).expect("the file is there");
        let found: Value = serde_json::from_str(&found).expect("JSON");
        assert!(
            found == wanted,
            "docs/openapi.json differs from the routes: UPDATE_GENERATED=1 cargo test --workspace --lib openapi"
        );
    }

    #[test]
    fn a_type_of_requests_and_answers_has_one_schema() {
        let mut document = document();
        visit(&mut document);
        let answers = document.answers.take_definitions(true);
        for (name, schema) in document.requests.take_definitions(true) {
            let other = answers.get(&name).unwrap_or(&schema);
            assert_eq!(*other, schema, "{name}");
        }
    }

    #[test]
    fn the_example_of_a_malformed_request_is_of_its_route() {
        let document = openapi();
        let mut seen = 0;
        for operations in document["paths"].as_object().expect("paths").values() {
            for operation in operations.as_object().expect("operations").values() {
                let malformed = &operation["responses"]["400"]["content"]["application/problem+json"]
                    ["examples"]["MalformedRequest"];
                let Some(detail) = malformed["value"]["detail"].as_str() else {
                    continue;
                };
                let member = detail.split('`').nth(1).expect("a member");
                let body = &operation["requestBody"]["content"]["application/json"]["schema"];
                let name = body["$ref"].as_str().and_then(|it| it.rsplit('/').next());
                let is_member = match name {
                    Some(name) => {
                        let schema = &document["components"]["schemas"][name];
                        schema["properties"][member].is_object()
                    }
                    None => operation["parameters"][0]["name"] == *member,
                };
                assert!(is_member, "{}: {detail}", operation["operationId"]);
                seen += 1;
            }
        }
        assert!(seen > 9, "{seen}");
    }

    #[test]
    fn every_example_of_a_problem_has_its_own_type() {
        for problem in ProblemType::ALL {
            let failure = sample(*problem, &Rejection::NotJson);
            assert_eq!(failure.problem_type(), *problem);
        }
    }
}
