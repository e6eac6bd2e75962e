//! Deliveries after the response, as in the Lambdas.

use std::collections::BTreeSet;
use std::sync::Arc;

use latchstring_lambda::{DELIVERY, Handler, HandlerResponse, follow_up};
use serde_json::Value;
use tokio::sync::watch;
use tokio::time::Instant;

/// The deliveries in progress. Clones share them.
#[derive(Clone, Debug, Default)]
pub struct Deliveries(watch::Sender<InProgress>);

/// Deliveries by number, counted up from 0.
#[derive(Debug, Default)]
struct InProgress {
    started: u64,
    in_progress: BTreeSet<u64>,
}

/// One delivery in progress, for the lifetime of this value.
struct Delivery {
    deliveries: Deliveries,
    number: u64,
}

impl Drop for Delivery {
    fn drop(&mut self) {
        self.deliveries.0.send_modify(|all| {
            all.in_progress.remove(&self.number);
        });
    }
}

impl Deliveries {
    /// Returns the answer, and starts the delivery of its message.
    pub(crate) fn start<H: Handler + 'static>(
        &self,
        handler: &Arc<H>,
        answer: HandlerResponse,
    ) -> Value {
        if let Some(work) = answer.follow_up {
            let in_progress = self.next();
            let handler = Arc::clone(handler);
            tokio::spawn(async move {
                follow_up(&*handler, work, Instant::now() + DELIVERY).await;
                drop(in_progress);
            });
        }
        answer.value
    }

    fn next(&self) -> Delivery {
        let mut number = 0;
        self.0.send_modify(|all| {
            number = all.started;
            all.started += 1;
            all.in_progress.insert(number);
        });
        Delivery {
            deliveries: self.clone(),
            number,
        }
    }

    /// Waits until every delivery that started before the call has ended. A busy service may start
    /// others without end meanwhile.
    pub async fn settled(&self) {
        let mut watched = self.0.subscribe();
        let started = watched.borrow().started;
        let have_ended = |all: &InProgress| {
            all.in_progress
                .first()
                .is_none_or(|first| *first >= started)
        };
        // Fails only without a sender; `self` is one.
        let _ = watched.wait_for(have_ended).await;
    }
}

#[cfg(test)]
mod tests {
    use std::pin::pin;
    use std::task::{Context, Poll, Waker};

    use super::*;

    #[test]
    fn settled_does_not_wait_for_later_deliveries() {
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
