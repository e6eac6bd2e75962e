use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;

/// A step of one connection to a [`ScriptedServer`].
#[derive(Clone, Copy, Debug)]
pub enum Step {
    /// Reads a request and writes these bytes.
    Respond(&'static str),
    /// Waits for [`ScriptedServer::proceed`].
    Wait,
    /// Writes bytes that no request preceded.
    Say(&'static str),
    /// Reads a request and closes the connection.
    HangUp,
    /// Closes the connection.
    Close,
}

/// An HTTP server on loopback whose connections follow a script each, in the order in which they are
/// accepted. A connection stays open at the end of its script. It runs on threads of its own, so
/// that it acts while a test's runtime does not run.
pub struct ScriptedServer {
    /// Its address, without a path.
    pub url: String,
    requests: Arc<Mutex<Vec<(usize, String)>>>,
    proceed: Sender<()>,
    proceeded: Receiver<()>,
}

impl ScriptedServer {
    /// Starts a server that accepts as many connections as there are scripts.
    ///
    /// # Panics
    /// If no port is free.
    pub fn start(scripts: &[&[Step]]) -> Self {
        let scripts: Vec<_> = scripts.iter().map(|script| script.to_vec()).collect();
        let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
        let address = listener.local_addr().expect("an address");
        let requests = Arc::<Mutex<Vec<(usize, String)>>>::default();
        let (proceed, waiting) = channel();
        let (ended, proceeded) = channel();
        let (noted, waiting) = (Arc::clone(&requests), Arc::new(Mutex::new(waiting)));
        thread::spawn(move || {
            for (number, script) in scripts.into_iter().enumerate() {
                let Ok((stream, _)) = listener.accept() else {
                    return;
                };
                let connection = Connection {
                    number,
                    stream: BufReader::new(stream),
                    requests: Arc::clone(&noted),
                    waiting: Arc::clone(&waiting),
                    ended: ended.clone(),
                };
                thread::spawn(move || connection.follow(&script));
            }
        });
        Self {
            url: format!("http://{address}"),
            requests,
            proceed,
            proceeded,
        }
    }

    /// Lets a connection at [`Step::Wait`] go on, and blocks until the next step is done.
    ///
    /// # Panics
    /// If the script has ended.
    pub fn proceed(&self) {
        self.proceed.send(()).expect("a connection waits");
        self.proceeded.recv().expect("a connection proceeds");
    }

    /// Returns the requests that were read to their end, each with the number of its connection.
    ///
    /// # Panics
    /// Never.
    pub fn requests(&self) -> Vec<(usize, String)> {
        let requests = self.requests.lock();
        requests.unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Returns the number of the connection of each request.
    pub fn connections(&self) -> Vec<usize> {
        let requests = self.requests();
        requests.into_iter().map(|(number, _)| number).collect()
    }
}

struct Connection {
    number: usize,
    stream: BufReader<TcpStream>,
    requests: Arc<Mutex<Vec<(usize, String)>>>,
    waiting: Arc<Mutex<Receiver<()>>>,
    ended: Sender<()>,
}

impl Connection {
    fn follow(mut self, script: &[Step]) {
        let mut proceeds = false;
        for step in script {
            let is_wait = matches!(step, Step::Wait);
            let goes_on = match step {
                Step::Respond(bytes) => self.read() && self.write(bytes),
                Step::Say(bytes) => self.write(bytes),
                Step::Wait => {
                    let waiting = self.waiting.lock();
                    let waiting = waiting.unwrap_or_else(PoisonError::into_inner);
                    waiting.recv().is_ok()
                }
                Step::HangUp => {
                    self.read();
                    false
                }
                Step::Close => false,
            };
            if !goes_on {
                drop(self.stream);
                // The test may have ended.
                let _ = self.ended.send(());
                return;
            }
            if proceeds {
                let _ = self.ended.send(());
            }
            proceeds = is_wait;
        }
        // Until the client closes the connection.
        let _ = self.stream.read(&mut [0]);
    }

    fn read(&mut self) -> bool {
        let (mut head, mut length) = (String::new(), 0);
        while !head.ends_with("\r\n\r\n") {
            let mut line = String::new();
            if !self.stream.read_line(&mut line).is_ok_and(|read| read > 0) {
                return false;
            }
            if let Some((name, value)) = line.split_once(':')
                && name.eq_ignore_ascii_case("content-length")
            {
                length = value.trim().parse().unwrap_or_default();
            }
            head += &line;
        }
        let mut body = vec![0; length];
        if self.stream.read_exact(&mut body).is_err() {
            return false;
        }
        let mut requests = self.requests.lock().unwrap_or_else(PoisonError::into_inner);
        requests.push((self.number, head + &String::from_utf8_lossy(&body)));
        true
    }

    fn write(&mut self, bytes: &str) -> bool {
        self.stream.get_mut().write_all(bytes.as_bytes()).is_ok()
    }
}
