//! The errors of one execution.

use std::cell::RefCell;

use apollo_compiler::response::{GraphQLError as ApolloError, ResponseDataPathSegment};

use crate::answer::GraphQLError;

/// Collects errors beside apollo-compiler's, which have no field for AppSync's `errorType`.
#[derive(Default)]
pub(crate) struct Faults {
    found: RefCell<Vec<GraphQLError>>,
}

impl Faults {
    pub(crate) fn add(&self, error: GraphQLError) {
        self.found.borrow_mut().push(error);
    }

    /// Returns all errors of the request. An error of apollo-compiler is included only if no
    /// recorded error explains it: arguments that turn out not to fit when they are combined.
    pub(crate) fn with(self, apollo: Vec<ApolloError>) -> Vec<GraphQLError> {
        let mut errors = self.found.into_inner();
        let unexplained: Vec<GraphQLError> = apollo
            .into_iter()
            .filter(|error| {
                !errors
                    .iter()
                    .any(|ours| ours.path().starts_with(&error.path))
            })
            .map(|error| {
                // Its message may quote an argument.
                let message = format!("The arguments of {} do not fit.", slashed(&error.path));
                let location = error.locations.first().copied();
                GraphQLError::resolver(error.path, "ValidationError".to_owned(), message, location)
            })
            .collect();
        errors.extend(unexplained);
        errors
    }
}

/// Formats a path as in AppSync's messages: `/signIn/items[0]/name`.
pub(crate) fn slashed(path: &[ResponseDataPathSegment]) -> String {
    path.iter()
        .map(|segment| match segment {
            ResponseDataPathSegment::Field(name) => format!("/{name}"),
            ResponseDataPathSegment::ListIndex(index) => format!("[{index}]"),
        })
        .collect()
}
