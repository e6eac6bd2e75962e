//! Deliveries after the response, as in the Lambdas.

use std::collections::BTreeSet;
use std::sync::Arc;

use latchstring_lambda::{DELIVERY, Handler, HandlerResponse, deliver};
use serde_json::Value;
use tokio::sync::watch;
use tokio::time::Instant;

/// The deliveries in progress. Clones share them.
#[derive(Clone, Debug, Default)]
pub struct Deliveries(watch::Sender<Numbered>);

/// Deliveries by number, counted up from 0.
#[derive(Debug, Default)]
struct Numbered {
    begun: u64,
    under_way: BTreeSet<u64>,
}

/// One delivery in progress, for the lifetime of this value.
struct UnderWay {
    deliveries: Deliveries,
    number: u64,
}

impl Drop for UnderWay {
    fn drop(&mut self) {
        self.deliveries.0.send_modify(|all| {
            all.under_way.remove(&self.number);
        });
    }
}

impl Deliveries {
    /// Returns the answer, and starts the delivery that it leaves.
    pub(crate) fn begin<H: Handler + 'static>(
        &self,
        handler: &Arc<H>,
        answer: HandlerResponse,
    ) -> Value {
        if let Some(delivery) = answer.delivery {
            let under_way = self.next();
            let handler = Arc::clone(handler);
            tokio::spawn(async move {
                deliver(&*handler, delivery, Instant::now() + DELIVERY).await;
                drop(under_way);
            });
        }
        answer.value
    }

    fn next(&self) -> UnderWay {
        let mut number = 0;
        self.0.send_modify(|all| {
            number = all.begun;
            all.begun += 1;
            all.under_way.insert(number);
        });
        UnderWay {
            deliveries: self.clone(),
            number,
        }
    }

    /// Waits until every delivery that began before the call has ended. Others may begin meanwhile,
    /// without end on a busy service.
    pub async fn settled(&self) {
        let mut watched = self.0.subscribe();
        let begun = watched.borrow().begun;
        let is_over = |all: &Numbered| all.under_way.first().is_none_or(|first| *first >= begun);
        // Fails only without a sender; `self` is one.
        let _ = watched.wait_for(is_over).await;
    }
}

#[cfg(test)]
mod tests {
    use std::pin::pin;
    use std::task::{Context, Poll, Waker};

    use super::*;

    #[test]
    fn settled_does_not_wait_for_deliveries_that_begin_later() {
        let deliveries = Deliveries::default();
        let mut context = Context::from_waker(Waker::noop());
        let before = deliveries.next();
        let mut settled = pin!(deliveries.settled());
        assert_eq!(settled.as_mut().poll(&mut context), Poll::Pending);
        let meanwhile = deliveries.next();
        assert_eq!(settled.as_mut().poll(&mut context), Poll::Pending);
        drop(before);
        assert_eq!(settled.as_mut().poll(&mut context), Poll::Ready(()));
        drop(meanwhile);
    }
}
