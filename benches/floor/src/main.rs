//! A Lambda that does nothing: the lower bound of every start, call and size.

use lambda_runtime::{Error, LambdaEvent, Runtime, service_fn};
use serde_json::Value;

fn main() -> Result<(), Error> {
    tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()?
        .block_on(
            Runtime::new(service_fn(async |event: LambdaEvent<Value>| {
                Ok::<_, Error>(event.payload)
            }))
            .run(),
        )
}
