//! The host from which a function polls its events: Lambda's Runtime API and Extensions API.
//!
//! The host of `latchstring-tests` is not used: it is part of an asynchronous harness with much of
//! AWS in it, which would be measured too. This host records the time of every arrival first.

use std::io;
use std::net::{TcpListener, TcpStream};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::mpsc::{self, Receiver, RecvTimeoutError, Sender};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use crate::http::{self, Duplex};

/// The time limit of every step: functions are slow under valgrind.
const TIME_LIMIT: Duration = Duration::from_secs(60);
/// The number of connections: for events, for the extension, and a spare. Threads wait for them
/// from the start, so that no thread start is measured.
const CONNECTIONS: usize = 3;
const FUNCTION: &str = "arn:aws:lambda:eu-west-1:000000000000:function:latchstring";

/// A host for one process.
pub(crate) struct Host {
    pub(crate) address: String,
    closing: Arc<AtomicBool>,
    events: Sender<String>,
    invocations: Sender<String>,
    actions: Receiver<Action>,
    sent: u64,
    polls: u64,
    extension: Option<u64>,
}

/// An action of the function.
enum Action {
    Polled(Instant),
    Sent(Instant),
    Registered,
    ExtensionPolled(Instant),
    Answered(Instant, bool, String),
}

/// One invocation.
pub(crate) struct Invocation {
    /// The time from the event to the answer.
    pub(crate) answered: Duration,
    /// The time from the event to the end of all work, including messages sent after the answer.
    pub(crate) ended: Duration,
    /// The answer.
    pub(crate) body: String,
}

struct Shared {
    events: Mutex<Receiver<String>>,
    invocations: Mutex<Receiver<String>>,
    actions: Mutex<Sender<Action>>,
    count: AtomicU64,
}

impl Host {
    pub(crate) fn listen() -> io::Result<Self> {
        let listener = TcpListener::bind("127.0.0.1:0")?;
        let address = listener.local_addr()?.to_string();
        let (events, waiting) = mpsc::channel();
        let (invocations, invoked) = mpsc::channel();
        let (noting, actions) = mpsc::channel();
        let shared = Arc::new(Shared {
            events: Mutex::new(waiting),
            invocations: Mutex::new(invoked),
            actions: Mutex::new(noting),
            count: AtomicU64::new(0),
        });
        let closing = Arc::<AtomicBool>::default();
        for _ in 0..CONNECTIONS {
            let listener = listener.try_clone()?;
            let (shared, closing) = (Arc::clone(&shared), Arc::clone(&closing));
            thread::spawn(move || {
                while let Ok((stream, _)) = listener.accept()
                    && !closing.load(Ordering::Relaxed)
                {
                    // A connection breaks when its function ends.
                    let _ = shared.serve(stream);
                }
            });
        }
        Ok(Self {
            address,
            closing,
            events,
            invocations,
            actions,
            sent: 0,
            polls: 0,
            extension: None,
        })
    }

    /// Waits until the function polls its first event; returns the time of the poll.
    pub(crate) fn first_poll(&mut self) -> Result<Instant, String> {
        let mut at = None;
        while !self.is_idle() {
            if let Action::Polled(when) = self.action()? {
                at = Some(when);
            }
        }
        at.ok_or_else(|| "the function polled no event".to_owned())
    }

    /// Sends the function an event, and waits until the invocation has ended.
    pub(crate) fn invoke(&mut self, event: String) -> Result<Invocation, String> {
        self.sent += 1;
        let ended = |_| "the host has ended".to_owned();
        if self.extension.is_some() {
            self.invocations
                .send(format!("request-{}", self.sent))
                .map_err(ended)?;
        }
        self.events.send(event).map_err(ended)?;
        let (mut started, mut answer, mut last) = (None, None, None);
        while !self.is_idle() || answer.is_none() {
            match self.action()? {
                Action::Sent(at) => started = Some(at),
                Action::Answered(at, true, body) => answer = Some((at, body)),
                Action::Answered(_, false, body) => return Err(body),
                Action::ExtensionPolled(at) => last = Some(at),
                Action::Polled(_) | Action::Registered => {}
            }
        }
        let (started, (answered, body)) = started
            .zip(answer)
            .ok_or_else(|| "the function received no event".to_owned())?;
        Ok(Invocation {
            answered: answered - started,
            ended: last.map_or(answered, |last| last.max(answered)) - started,
            body,
        })
    }

    const fn is_idle(&self) -> bool {
        self.polls > self.sent
            && match self.extension {
                None => true,
                Some(polled) => polled > self.sent,
            }
    }

    fn action(&mut self) -> Result<Action, String> {
        let action = self
            .actions
            .recv_timeout(TIME_LIMIT)
            .map_err(|error| match error {
                RecvTimeoutError::Timeout => "the function made no request for a minute".to_owned(),
                RecvTimeoutError::Disconnected => "the host has ended".to_owned(),
            })?;
        match action {
            Action::Polled(_) => self.polls += 1,
            Action::Registered => self.extension = Some(0),
            Action::ExtensionPolled(_) => *self.extension.get_or_insert(0) += 1,
            _ => {}
        }
        Ok(action)
    }
}

impl Drop for Host {
    /// Ends the threads that wait for a connection, by one connection each.
    fn drop(&mut self) {
        self.closing.store(true, Ordering::Relaxed);
        for _ in 0..CONNECTIONS {
            let _ = TcpStream::connect(&self.address);
        }
    }
}

impl Shared {
    fn action(&self, action: Action) {
        let actions = self.actions.lock().unwrap_or_else(PoisonError::into_inner);
        // The receiver is dropped when a measurement has ended.
        let _ = actions.send(action);
    }

    fn serve(&self, stream: TcpStream) -> io::Result<()> {
        stream.set_nodelay(true)?;
        let mut stream = Duplex::new(stream);
        while let Some(request) = http::read(&mut stream)? {
            let now = Instant::now();
            let (_, call) = request.path.split_at(request.path.len().min(12));
            match (request.method.as_str(), call) {
                ("GET", "runtime/invocation/next") => {
                    self.action(Action::Polled(now));
                    let Ok(event) = lock(&self.events).recv() else {
                        break;
                    };
                    let count = self.count.fetch_add(1, Ordering::Relaxed) + 1;
                    let deadline = deadline();
                    let headers = format!(
                        "lambda-runtime-aws-request-id: request-{count}\r\n\
                         lambda-runtime-invoked-function-arn: {FUNCTION}\r\n\
                         lambda-runtime-trace-id: Root=1-0\r\n\
                         lambda-runtime-deadline-ms: {deadline}\r\n\
                         content-type: application/json\r\n"
                    );
                    self.action(Action::Sent(Instant::now()));
                    http::write(&mut stream, 200, &headers, &event)?;
                }
                ("POST", "extension/register") => {
                    self.action(Action::Registered);
                    let id = "lambda-extension-identifier: extension\r\n";
                    let function = r#"{"functionName":"latchstring","functionVersion":"1","handler":"bootstrap"}"#;
                    http::write(&mut stream, 200, id, function)?;
                }
                ("GET", "extension/event/next") => {
                    self.action(Action::ExtensionPolled(now));
                    let Ok(id) = lock(&self.invocations).recv() else {
                        break;
                    };
                    let deadline = deadline();
                    let event = format!(
                        r#"{{"eventType":"INVOKE","deadlineMs":{deadline},"requestId":"{id}","invokedFunctionArn":"{FUNCTION}","tracing":{{"type":"X-Amzn-Trace-Id","value":"Root=1-0"}}}}"#
                    );
                    http::write(&mut stream, 200, "", &event)?;
                }
                ("POST", call) => {
                    let body = String::from_utf8_lossy(&request.body).into_owned();
                    self.action(Action::Answered(now, call.ends_with("/response"), body));
                    http::write(&mut stream, 202, "content-type: application/json\r\n", "{}")?;
                }
                _ => http::write(&mut stream, 404, "", "")?,
            }
        }
        Ok(())
    }
}

fn lock(queue: &Mutex<Receiver<String>>) -> std::sync::MutexGuard<'_, Receiver<String>> {
    queue.lock().unwrap_or_else(PoisonError::into_inner)
}

fn deadline() -> u128 {
    let now = SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .unwrap_or_default();
    (now + TIME_LIMIT).as_millis()
}
