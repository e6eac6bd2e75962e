//! The part of HTTP/1.1 that a Lambda and an AWS SDK use with a server on loopback.

use std::io::{self, BufRead, Read, Write};

/// A request.
pub(crate) struct Request {
    pub(crate) method: String,
    pub(crate) path: String,
    /// `X-Amz-Target`.
    pub(crate) target: String,
    pub(crate) body: Vec<u8>,
}

/// Reads one request; returns `None` when the caller has disconnected.
pub(crate) fn read<S: BufRead + Write>(stream: &mut S) -> io::Result<Option<Request>> {
    let mut line = String::new();
    if stream.read_line(&mut line)? == 0 {
        return Ok(None);
    }
    let mut words = line.split_whitespace().map(str::to_owned);
    let method = words.next().unwrap_or_default();
    let path = words.next().unwrap_or_default();
    let (mut length, mut chunked, mut target) = (0, false, String::new());
    loop {
        line.clear();
        stream.read_line(&mut line)?;
        let Some((name, value)) = line.trim_end().split_once(':') else {
            break;
        };
        let value = value.trim();
        match name.to_ascii_lowercase().as_str() {
            "content-length" => length = value.parse().map_err(io::Error::other)?,
            "transfer-encoding" => chunked = value.eq_ignore_ascii_case("chunked"),
            "x-amz-target" => value.clone_into(&mut target),
            "expect" => write!(stream, "HTTP/1.1 100 Continue\r\n\r\n")?,
            _ => {}
        }
    }
    let mut body = Vec::new();
    if chunked {
        loop {
            line.clear();
            stream.read_line(&mut line)?;
            let size = usize::from_str_radix(line.trim(), 16).map_err(io::Error::other)?;
            let start = body.len();
            body.resize(start + size, 0);
            stream.read_exact(&mut body[start..])?;
            stream.read_exact(&mut [0; 2])?;
            if size == 0 {
                break;
            }
        }
    } else {
        body.resize(length, 0);
        stream.read_exact(&mut body)?;
    }
    Ok(Some(Request {
        method,
        path,
        target,
        body,
    }))
}

/// Writes one response, in one piece.
pub(crate) fn write(
    stream: &mut impl Write,
    status: u16,
    headers: &str,
    body: &str,
) -> io::Result<()> {
    let length = body.len();
    let response =
        format!("HTTP/1.1 {status} -\r\n{headers}content-length: {length}\r\n\r\n{body}");
    stream.write_all(response.as_bytes())?;
    stream.flush()
}

/// A stream with buffered reads and direct writes.
pub(crate) struct Duplex<S: Read + Write>(pub(crate) io::BufReader<S>);

impl<S: Read + Write> Duplex<S> {
    pub(crate) fn new(stream: S) -> Self {
        Self(io::BufReader::new(stream))
    }
}

impl<S: Read + Write> Read for Duplex<S> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        self.0.read(buffer)
    }
}

impl<S: Read + Write> BufRead for Duplex<S> {
    fn fill_buf(&mut self) -> io::Result<&[u8]> {
        self.0.fill_buf()
    }

    fn consume(&mut self, amount: usize) {
        self.0.consume(amount);
    }
}

impl<S: Read + Write> Write for Duplex<S> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.get_mut().write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.0.get_mut().flush()
    }
}
