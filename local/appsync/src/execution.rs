//! One GraphQL request, from text to answer.

use std::cell::Cell;
use std::time::Instant;

use apollo_compiler::resolvers::{Execution, FieldError, ObjectValue, ResolveInfo, ResolvedValue};
use apollo_compiler::response::JsonMap;
use apollo_compiler::validation::Valid;
use apollo_compiler::{ExecutableDocument, Name};
use axum::response::{IntoResponse as _, Response};
use tokio::runtime::Handle;

use crate::answer::{Answer, GraphQLError, Path, Refused};
use crate::api::Api;
use crate::auth::Caller;
use crate::completion::{Completion, location, response_key};
use crate::document::{self, NotExecutable};
use crate::event::{self, Origin};
use crate::faults::Faults;
use crate::functions;
use crate::request::Request;
use crate::variables;

/// Executes `request` and blocks. apollo-compiler's asynchronous execution is not `Send`, and
/// parsing a hostile document would block an async thread.
pub(crate) fn execute(api: &Api, request: Request, caller: &Caller, origin: &Origin) -> Response {
    let document = match document::read(&api.schema, &request.query) {
        Ok(document) => document,
        Err(refusal) => return refuse(refusal),
    };
    answer(api, &document, request, caller, origin).unwrap_or_else(refuse)
}

fn refuse(refusal: NotExecutable) -> Response {
    match refusal {
        NotExecutable::Refused(refused) => refused.into_response(),
        NotExecutable::Invalid(errors) => Answer::invalid(errors).into_response(),
    }
}

fn answer(
    api: &Api,
    document: &Valid<ExecutableDocument>,
    request: Request,
    caller: &Caller,
    origin: &Origin,
) -> Result<Response, NotExecutable> {
    let operation = document::operation(document, request.operation_name.as_deref())?;
    let variables = variables::coerce(&api.schema.schema, document, operation, request.variables)
        .map_err(|error| NotExecutable::Invalid(vec![error]))?;
    let faults = Faults::default();
    let root = Root {
        api,
        type_name: operation.object_type(),
        variables: &variables,
        origin,
        completion: Completion {
            schema: &api.schema.schema,
            caller,
            faults: &faults,
        },
        began: Instant::now(),
        resolvers: Cell::new(0),
    };
    let executed = Execution::new(&api.schema.schema, document)
        .implementers_map(&api.schema.implementers)
        .operation(operation)
        .coerced_variable_values(&variables)
        .enable_schema_introspection(true)
        .execute_sync(&root)
        // Fails only for variables and root types, which are checked above.
        .map_err(|_| NotExecutable::Refused(Refused::INTERNAL))?;
    let errors = faults.with(executed.errors);
    Ok(Answer::executed(executed.data, errors).into_response())
}

/// `Query` or `Mutation`: every field is a resolver.
struct Root<'r> {
    api: &'r Api,
    type_name: &'r Name,
    variables: &'r JsonMap,
    origin: &'r Origin,
    completion: Completion<'r>,
    began: Instant,
    /// The number of resolvers of this request so far.
    resolvers: Cell<usize>,
}

impl Root<'_> {
    /// Counts one more resolver, or returns the error of one beyond the API's limit. The name of the
    /// error is AppSync's; amplify-js#8342 quotes its text.
    fn count_resolver(&self, info: &ResolveInfo<'_>, path: &Path) -> Result<(), FieldError> {
        let so_far = self.resolvers.get();
        if so_far >= self.api.resolver_count_limit {
            return Err(self.completion.fail(GraphQLError::resolver(
                path.clone(),
                "ResolverExecutionLimitReached".to_owned(),
                "Resolver invocation limit reached.".to_owned(),
                location(info),
            )));
        }
        self.resolvers.set(so_far + 1);
        Ok(())
    }
}

impl ObjectValue for Root<'_> {
    fn type_name(&self) -> &str {
        self.type_name
    }

    fn resolve_field<'a>(
        &'a self,
        info: &'a ResolveInfo<'a>,
    ) -> Result<ResolvedValue<'a>, FieldError> {
        let path = vec![response_key(info)];
        self.completion.check_access(self.type_name, info, &path)?;
        let field = &info.field_selections()[0].name;
        let Some(function) = self.api.schema.function(self.type_name, field) else {
            return Ok(ResolvedValue::null());
        };
        self.count_resolver(info, &path)?;
        let caller = self.completion.caller;
        let event = event::context(info, self.variables, self.type_name, caller, self.origin);
        let time_left = self.api.time_limit.saturating_sub(self.began.elapsed());
        let functions = self.api.functions.clone();
        let resolved = Handle::current().block_on(functions::resolve(
            functions,
            function.to_owned(),
            event,
            time_left,
        ));
        match resolved {
            Ok(data) => self
                .completion
                .field(self.type_name, info.field_definition(), data, path),
            Err(error) => Err(self.completion.fail(GraphQLError::resolver(
                path,
                error.error_type,
                error.message,
                location(info),
            ))),
        }
    }
}
