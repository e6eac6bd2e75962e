//! Deliveries after the response, as the Lambdas make them.

use std::sync::Arc;

use latchstring_lambda::{Answer, DELIVERY, Handler, deliver};
use serde_json::Value;
use tokio::sync::watch;
use tokio::time::Instant;

/// The deliveries that are under way. Clones are the same ones.
#[derive(Clone, Debug, Default)]
pub struct Deliveries(watch::Sender<usize>);

/// One delivery that is under way, for as long as this lives.
struct UnderWay(Deliveries);

impl Drop for UnderWay {
    fn drop(&mut self) {
        self.0.0.send_modify(|number| *number -= 1);
    }
}

impl Deliveries {
    /// Gives the answer, and delivers what it leaves meanwhile.
    pub(crate) fn begin<H: Handler + 'static>(&self, handler: &Arc<H>, answer: Answer) -> Value {
        if let Some(parcel) = answer.parcel {
            self.0.send_modify(|number| *number += 1);
            let under_way = UnderWay(self.clone());
            let handler = Arc::clone(handler);
            tokio::spawn(async move {
                deliver(&*handler, parcel, Instant::now() + DELIVERY).await;
                drop(under_way);
            });
        }
        answer.value
    }

    /// Waits until every delivery that was begun is over.
    pub async fn settled(&self) {
        // Fails only if there is no sender; there is this one.
        let _ = self.0.subscribe().wait_for(|number| *number == 0).await;
    }
}
