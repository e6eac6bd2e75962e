//! The host that a function asks for its events: Lambda's Runtime API and Extensions API.
//!
//! Not the one of `latchstring-tests`: that one is part of an asynchronous harness with half of AWS
//! in it, and would be measured along. This one takes the time of what arrives before anything else.

use std::io;
use std::net::{TcpListener, TcpStream};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::mpsc::{self, Receiver, RecvTimeoutError, Sender};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use crate::http::{self, Duplex};

/// How long a function may take for anything here: under valgrind it is slow.
const PATIENCE: Duration = Duration::from_secs(60);
/// How many connections there are at once: for events, for the extension, and a spare. Threads that
/// wait for them already, so that starting one is not measured.
const CONNECTIONS: usize = 3;
const FUNCTION: &str = "arn:aws:lambda:eu-west-1:000000000000:function:latchstring";

/// A host for one process.
pub(crate) struct Host {
    pub(crate) address: String,
    closing: Arc<AtomicBool>,
    events: Sender<String>,
    told: Sender<String>,
    notes: Receiver<Note>,
    given: u64,
    polls: u64,
    extension: Option<u64>,
}

/// Something that the function did.
enum Note {
    Polled(Instant),
    Given(Instant),
    Registered,
    Asked(Instant),
    Answered(Instant, bool, String),
}

/// One invocation.
pub(crate) struct Invocation {
    /// From the event to the answer.
    pub(crate) answered: Duration,
    /// From the event to the end of all that it left: the answer, or what was sent after it.
    pub(crate) over: Duration,
    /// The answer.
    pub(crate) body: String,
}

struct Shared {
    events: Mutex<Receiver<String>>,
    told: Mutex<Receiver<String>>,
    notes: Mutex<Sender<Note>>,
    count: AtomicU64,
}

impl Host {
    pub(crate) fn listen() -> io::Result<Self> {
        let listener = TcpListener::bind("127.0.0.1:0")?;
        let address = listener.local_addr()?.to_string();
        let (events, waiting) = mpsc::channel();
        let (told, telling) = mpsc::channel();
        let (noting, notes) = mpsc::channel();
        let shared = Arc::new(Shared {
            events: Mutex::new(waiting),
            told: Mutex::new(telling),
            notes: Mutex::new(noting),
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
                    // A connection that breaks is a function that was ended.
                    let _ = shared.serve(stream);
                }
            });
        }
        Ok(Self {
            address,
            closing,
            events,
            told,
            notes,
            given: 0,
            polls: 0,
            extension: None,
        })
    }

    /// Waits until the function asks for its first event: when that was.
    pub(crate) fn first_poll(&mut self) -> Result<Instant, String> {
        let mut at = None;
        while !self.is_idle() {
            if let Note::Polled(when) = self.note()? {
                at = Some(when);
            }
        }
        at.ok_or_else(|| "it asked for nothing".to_owned())
    }

    /// Gives the function an event, and waits until the invocation is over.
    pub(crate) fn invoke(&mut self, event: String) -> Result<Invocation, String> {
        self.given += 1;
        let gone = |_| "the host has ended".to_owned();
        if self.extension.is_some() {
            self.told
                .send(format!("request-{}", self.given))
                .map_err(gone)?;
        }
        self.events.send(event).map_err(gone)?;
        let (mut begun, mut answer, mut over) = (None, None, None);
        while !self.is_idle() || answer.is_none() {
            match self.note()? {
                Note::Given(at) => begun = Some(at),
                Note::Answered(at, true, body) => answer = Some((at, body)),
                Note::Answered(_, false, body) => return Err(body),
                Note::Asked(at) => over = Some(at),
                Note::Polled(_) | Note::Registered => {}
            }
        }
        let (begun, (answered, body)) = begun
            .zip(answer)
            .ok_or_else(|| "it was given nothing".to_owned())?;
        Ok(Invocation {
            answered: answered - begun,
            over: over.map_or(answered, |over| over.max(answered)) - begun,
            body,
        })
    }

    const fn is_idle(&self) -> bool {
        self.polls > self.given
            && match self.extension {
                None => true,
                Some(asked) => asked > self.given,
            }
    }

    fn note(&mut self) -> Result<Note, String> {
        let note = self
            .notes
            .recv_timeout(PATIENCE)
            .map_err(|error| match error {
                RecvTimeoutError::Timeout => "it did nothing for a minute".to_owned(),
                RecvTimeoutError::Disconnected => "the host has ended".to_owned(),
            })?;
        match note {
            Note::Polled(_) => self.polls += 1,
            Note::Registered => self.extension = Some(0),
            Note::Asked(_) => *self.extension.get_or_insert(0) += 1,
            _ => {}
        }
        Ok(note)
    }
}

impl Drop for Host {
    /// Ends the threads that wait for a connection: each gets one.
    fn drop(&mut self) {
        self.closing.store(true, Ordering::Relaxed);
        for _ in 0..CONNECTIONS {
            let _ = TcpStream::connect(&self.address);
        }
    }
}

impl Shared {
    fn note(&self, note: Note) {
        let notes = self.notes.lock().unwrap_or_else(PoisonError::into_inner);
        // Nobody listens any more when a measurement is over.
        let _ = notes.send(note);
    }

    fn serve(&self, stream: TcpStream) -> io::Result<()> {
        stream.set_nodelay(true)?;
        let mut stream = Duplex::new(stream);
        while let Some(request) = http::read(&mut stream)? {
            let now = Instant::now();
            let (_, call) = request.path.split_at(request.path.len().min(12));
            match (request.method.as_str(), call) {
                ("GET", "runtime/invocation/next") => {
                    self.note(Note::Polled(now));
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
                    self.note(Note::Given(Instant::now()));
                    http::write(&mut stream, 200, &headers, &event)?;
                }
                ("POST", "extension/register") => {
                    self.note(Note::Registered);
                    let id = "lambda-extension-identifier: extension\r\n";
                    let function = r#"{"functionName":"latchstring","functionVersion":"1","handler":"bootstrap"}"#;
                    http::write(&mut stream, 200, id, function)?;
                }
                ("GET", "extension/event/next") => {
                    self.note(Note::Asked(now));
                    let Ok(id) = lock(&self.told).recv() else {
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
                    self.note(Note::Answered(now, call.ends_with("/response"), body));
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
    (now + PATIENCE).as_millis()
}
