//! Serves invocations, and does the work that follows a response: delivers its message, makes its
//! refund.
//!
//! Lambda freezes a process once the runtime and every extension have requested the next event. So
//! a process with such work is also an extension of its own function: it requests its next event
//! only after the work of the invocation is done.
//!
//! ```text
//! runtime    next ─▶ handler ─▶ response posted ─▶ next …
//! worker                              └─▶ follow up ─┐
//! extension  next ─▶ waits for this invocation ◀─────┘ ─▶ next …
//! ```

use std::future::Future;
use std::mem;
use std::pin::Pin;
use std::sync::{Mutex, PoisonError};
use std::task::{Context, Poll};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use lambda_runtime::tower::Service;
use lambda_runtime::tower::layer::layer_fn;
use lambda_runtime::{Error, LambdaEvent, LambdaInvocation, Runtime, service_fn};
use tokio::sync::{mpsc, watch};
use tokio::task::{JoinHandle, yield_now};
use tokio::time::{Instant, timeout, timeout_at};

use crate::cognito::RESPONSE_LIMIT;
use crate::config::DeliveryMode;
use crate::delivery::{DELIVERY, FollowUp, REPORTING};
use crate::extension::Extension;
use crate::handler::{Handler, PublicError, answer_json, follow_up};

/// The time limit of a registration: a host that never answers must not stop the function.
const REGISTRATION: Duration = Duration::from_secs(1);

/// The number of times that the process's only thread polls its tasks until the registration is
/// sent: for the connection, its handshake, and the request. Fewer would only delay it.
const POLLS: usize = 4;

/// The delivery mode of this process, before Lambda has confirmed it.
pub(crate) enum Delivering {
    /// Before the response; no registration is needed.
    Before,
    /// A registration was sent. If it is refused, messages are delivered before the response.
    Requested(JoinHandle<Result<Extension, Error>>),
    /// A registration was sent. If it is refused, the process ends.
    Required(JoinHandle<Result<Extension, Error>>),
}

/// Registers as an extension. Lambda answers while the handler is built.
pub(crate) async fn register(delivers: bool, mode: DeliveryMode) -> Delivering {
    if !delivers || mode == DeliveryMode::Inline {
        return Delivering::Before;
    }
    let registering = tokio::spawn(Extension::register());
    for _ in 0..POLLS {
        yield_now().await;
    }
    if mode == DeliveryMode::Extension {
        Delivering::Required(registering)
    } else {
        Delivering::Requested(registering)
    }
}

/// Serves until Lambda ends the process, or until the runtime or the extension ends.
pub(crate) async fn serve(handler: &impl Handler, delivering: Delivering) -> Result<(), Error> {
    let (registering, insists) = match delivering {
        Delivering::Before => return serve_inline(handler).await,
        Delivering::Requested(registering) => (registering, false),
        Delivering::Required(registering) => (registering, true),
    };
    // The time limit starts here: while the handler was built, no task was polled.
    let registered = match timeout(REGISTRATION, registering).await {
        Ok(Ok(registered)) => registered,
        Ok(Err(died)) => Err(died.into()),
        Err(elapsed) => Err(elapsed.into()),
    };
    match registered {
        Ok(extension) => serve_and_deliver(handler, &extension).await,
        Err(error) if insists => Err(error),
        Err(error) => {
            tracing::warn!(%error, "extension registration failed; delivering before the response");
            serve_inline(handler).await
        }
    }
}

/// Serves and delivers after the response.
async fn serve_and_deliver(handler: &impl Handler, extension: &Extension) -> Result<(), Error> {
    let (done, mut last_done) = watch::channel(String::new());
    let event = Mutex::default();
    let left = Mutex::new(None);
    let (finished, mut to_do) = mpsc::unbounded_channel();
    let runtime = Runtime::new(service_fn(async |_: LambdaEvent<()>| {
        let answered = answer_json(handler, &taken(&event)).await?;
        *left.lock().unwrap_or_else(PoisonError::into_inner) = answered.follow_up;
        Ok::<_, PublicError>(answered.value)
    }))
    .layer(layer_fn(|runtime| RawEvent {
        runtime,
        event: &event,
    }))
    .layer(layer_fn(|runtime| AfterResponse {
        runtime,
        left: &left,
        finished: finished.clone(),
    }));
    // The layer holds the last sender once both have ended. The worker then delivers the remaining
    // messages and ends too.
    drop(finished);
    let waiting = async {
        loop {
            let begun = extension.next().await?;
            let over = |last: &String| *last == begun.request_id;
            // The failure is already logged; an error here would end the function.
            let _ = timeout_at(instant(begun.deadline_ms), last_done.wait_for(over)).await;
        }
    };
    let serving = async {
        tokio::select! {
            // The next event is requested first.
            biased;
            ended = runtime.run() => ended,
            ended = waiting => ended,
        }
    };
    let following_up = async {
        while let Some(Finished { id, work, by }) = to_do.recv().await {
            if let Some(work) = work {
                let until = (Instant::now() + DELIVERY).min(reporting_before(by));
                follow_up(handler, work, until).await;
            }
            done.send_replace(id);
        }
    };
    let (ended, ()) = tokio::join!(serving, following_up);
    ended
}

/// Serves and delivers before the response.
async fn serve_inline(handler: &impl Handler) -> Result<(), Error> {
    let event = Mutex::default();
    Runtime::new(service_fn(async |invocation: LambdaEvent<()>| {
        let until =
            (Instant::now() + RESPONSE_LIMIT).min(reporting_before(invocation.context.deadline));
        let answered = answer_json(handler, &taken(&event)).await?;
        if let Some(work) = answered.follow_up {
            follow_up(handler, work, until).await;
        }
        Ok::<_, PublicError>(answered.value)
    }))
    .layer(layer_fn(|runtime| RawEvent {
        runtime,
        event: &event,
    }))
    .run()
    .await
}

/// Returns the event of the latest invocation; there is one at a time.
fn taken(event: &Mutex<Vec<u8>>) -> Vec<u8> {
    mem::take(&mut *event.lock().unwrap_or_else(PoisonError::into_inner))
}

/// Returns the instant of a time in milliseconds since the Unix epoch.
fn instant(millis: u64) -> Instant {
    let now = SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .unwrap_or_default();
    Instant::now() + Duration::from_millis(millis).saturating_sub(now)
}

/// Returns an instant early enough before the function's deadline to log the outcome of a delivery.
fn reporting_before(deadline_millis: u64) -> Instant {
    let before = u64::try_from(REPORTING.as_millis()).unwrap_or(u64::MAX);
    instant(deadline_millis.saturating_sub(before))
}

/// Takes the event from the runtime, whose answer to an unparsable event would reveal part of it.
struct RawEvent<'a, S> {
    runtime: S,
    event: &'a Mutex<Vec<u8>>,
}

impl<S: Service<LambdaInvocation>> Service<LambdaInvocation> for RawEvent<'_, S> {
    type Response = S::Response;
    type Error = S::Error;
    type Future = S::Future;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), S::Error>> {
        self.runtime.poll_ready(cx)
    }

    fn call(&mut self, mut invocation: LambdaInvocation) -> S::Future {
        let event = mem::replace(&mut invocation.body, "null".into());
        *self.event.lock().unwrap_or_else(PoisonError::into_inner) = event.into();
        self.runtime.call(invocation)
    }
}

/// An invocation whose response was posted.
struct Finished {
    id: String,
    work: Option<FollowUp>,
    /// The function's deadline, in milliseconds since the Unix epoch.
    by: u64,
}

/// Notifies the worker of a posted response: an answer, an error or a panic.
struct AfterResponse<'a, S> {
    runtime: S,
    left: &'a Mutex<Option<FollowUp>>,
    finished: mpsc::UnboundedSender<Finished>,
}

impl<'a, S> Service<LambdaInvocation> for AfterResponse<'a, S>
where
    S: Service<LambdaInvocation>,
    S::Future: 'a,
{
    type Response = S::Response;
    type Error = S::Error;
    type Future = Pin<Box<dyn Future<Output = Result<S::Response, S::Error>> + 'a>>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), S::Error>> {
        self.runtime.poll_ready(cx)
    }

    fn call(&mut self, invocation: LambdaInvocation) -> Self::Future {
        let id = invocation.context.request_id.clone();
        let by = invocation.context.deadline;
        let (left, finished) = (self.left, self.finished.clone());
        let answering = self.runtime.call(invocation);
        Box::pin(async move {
            let answered = answering.await;
            let work = left.lock().unwrap_or_else(PoisonError::into_inner).take();
            // The worker outlives the runtime.
            let _ = finished.send(Finished { id, work, by });
            answered
        })
    }
}
