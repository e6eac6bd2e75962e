//! The targets. An input is a text. In targets for events and requests, a name such as `<ticket>`
//! stands for a value that only the deployment can make (see `World::authentic`).

mod cognito;
mod graphql;
mod http;
mod identifiers;
mod metadata;
mod resolvers;
mod sealed;
mod triggers;

use std::cell::LazyCell;

use tokio::runtime::{Builder, Runtime};

use crate::Target;

/// Every target.
pub const TARGETS: &[Target] = &[
    identifiers::EMAIL,
    identifiers::PHONE,
    sealed::SEALED,
    metadata::METADATA,
    triggers::DEFINE,
    triggers::CREATE,
    triggers::VERIFY,
    resolvers::RESOLVERS,
    http::HTTP,
    cognito::COGNITO,
    graphql::GRAPHQL,
];

/// Runs an asynchronous check.
fn run<T>(check: impl Future<Output = T>) -> T {
    thread_local! {
        static RUNTIME: LazyCell<Runtime> = LazyCell::new(|| {
            let runtime = Builder::new_current_thread().enable_all().build();
            runtime.expect("a runtime of one thread can be built")
        });
    }
    RUNTIME.with(|runtime| runtime.block_on(check))
}
