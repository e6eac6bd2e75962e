//! A question for the text records of a name: one packet to the resolver of the system.
//!
//! A library that resolves names brings a cache, hosts files and several transports, and takes longer to
//! compile than all of the doctor. RFC 1035 is the format.

use std::net::{IpAddr, SocketAddr};
use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpStream, UdpSocket};
use uuid::Uuid;

/// The time limit of one packet, of which two are sent.
const LIMIT: Duration = Duration::from_secs(3);
/// The type of text records.
const TXT: u16 = 16;
/// The class of the Internet.
const IN: u16 = 1;

/// Returns the first resolver of `/etc/resolv.conf`.
pub fn of_the_system() -> Option<SocketAddr> {
    server(&std::fs::read_to_string("/etc/resolv.conf").ok()?)
}

fn server(text: &str) -> Option<SocketAddr> {
    let mut servers = text
        .lines()
        .filter_map(|line| line.strip_prefix("nameserver"));
    let address = servers.find_map(|it| it.trim().split('%').next()?.parse().ok());
    address.map(|address: IpAddr| SocketAddr::new(address, 53))
}

/// Returns the text records of a name; none if the name has none.
///
/// # Errors
/// If the resolver does not answer, or answers with an error. The text has no more than the name.
pub async fn texts(resolver: SocketAddr, name: &str) -> Result<Vec<String>, String> {
    let id = u16::try_from(Uuid::new_v4().as_u128() & 0xffff).unwrap_or_default();
    let question = question(id, name).ok_or_else(|| format!("{name} is not a name"))?;
    let failed = || format!("no answer about {name} from the resolver {resolver}");
    for _ in 0..2 {
        let Ok(Ok(packet)) = tokio::time::timeout(LIMIT, by_udp(resolver, &question)).await else {
            continue;
        };
        // The answer did not fit into the packet.
        let is_cut = packet.get(2).is_some_and(|flags| flags & 0x02 != 0);
        let packet = if is_cut {
            match tokio::time::timeout(LIMIT, by_tcp(resolver, &question)).await {
                Ok(Ok(packet)) => packet,
                _ => return Err(failed()),
            }
        } else {
            packet
        };
        return answer(id, &packet)
            .unwrap_or_else(|| Err("the answer is malformed".to_owned()))
            .map_err(|reason| format!("the resolver {resolver} about {name}: {reason}"));
    }
    Err(failed())
}

async fn by_udp(resolver: SocketAddr, question: &[u8]) -> std::io::Result<Vec<u8>> {
    let any: IpAddr = match resolver {
        SocketAddr::V4(_) => [0, 0, 0, 0].into(),
        SocketAddr::V6(_) => [0u16; 8].into(),
    };
    let socket = UdpSocket::bind((any, 0)).await?;
    // Packets of others are not received.
    socket.connect(resolver).await?;
    socket.send(question).await?;
    let mut packet = vec![0; 4096];
    let length = socket.recv(&mut packet).await?;
    packet.truncate(length);
    Ok(packet)
}

async fn by_tcp(resolver: SocketAddr, question: &[u8]) -> std::io::Result<Vec<u8>> {
    let mut stream = TcpStream::connect(resolver).await?;
    let length = u16::try_from(question.len()).unwrap_or(u16::MAX);
    stream.write_all(&length.to_be_bytes()).await?;
    stream.write_all(question).await?;
    let length = stream.read_u16().await?;
    let mut packet = vec![0; usize::from(length)];
    stream.read_exact(&mut packet).await?;
    Ok(packet)
}

fn question(id: u16, name: &str) -> Option<Vec<u8>> {
    let mut packet = id.to_be_bytes().to_vec();
    // Recursion is wanted, and there is one question.
    packet.extend([0x01, 0x00, 0, 1, 0, 0, 0, 0, 0, 0]);
    for label in name.trim_end_matches('.').split('.') {
        let length = u8::try_from(label.len())
            .ok()
            .filter(|it| (1..64).contains(it))?;
        packet.push(length);
        packet.extend(label.as_bytes());
    }
    packet.push(0);
    packet.extend(TXT.to_be_bytes());
    packet.extend(IN.to_be_bytes());
    Some(packet)
}

/// Reads an answer; none if it is malformed or of another question.
fn answer(id: u16, packet: &[u8]) -> Option<Result<Vec<String>, String>> {
    let number = |at: usize| Some(u16::from_be_bytes([*packet.get(at)?, *packet.get(at + 1)?]));
    if number(0)? != id || packet.get(2)? & 0x80 == 0 {
        return None;
    }
    match packet.get(3)? & 0x0f {
        0 => {}
        // There is no such name.
        3 => return Some(Ok(Vec::new())),
        code => return Some(Err(format!("error code {code}"))),
    }
    let mut at = 12;
    for _ in 0..number(4)? {
        at = after_name(packet, at)? + 4;
    }
    let mut found = Vec::new();
    for _ in 0..number(6)? {
        at = after_name(packet, at)?;
        let kind = number(at)?;
        let length = usize::from(number(at + 8)?);
        let data = packet.get(at + 10..at + 10 + length)?;
        at += 10 + length;
        if kind == TXT {
            found.push(text_of(data)?);
        }
    }
    Some(Ok(found))
}

/// Returns the position after a name, which ends with a pointer or an empty label.
fn after_name(packet: &[u8], mut at: usize) -> Option<usize> {
    loop {
        match *packet.get(at)? {
            0 => return Some(at + 1),
            length if length & 0xc0 == 0xc0 => return Some(at + 2),
            length if length & 0xc0 == 0 => at += 1 + usize::from(length),
            _ => return None,
        }
    }
}

/// Joins the strings of a text record.
fn text_of(mut data: &[u8]) -> Option<String> {
    let mut text = Vec::new();
    while let [length, rest @ ..] = data {
        let (part, rest) = rest.split_at_checked(usize::from(*length))?;
        text.extend_from_slice(part);
        data = rest;
    }
    Some(String::from_utf8_lossy(&text).into_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Answers each question with these bytes after the question's own id, and its count of answers.
    async fn resolver(flags: [u8; 2], texts: &'static [&'static [u8]]) -> SocketAddr {
        let socket = UdpSocket::bind("127.0.0.1:0").await.expect("a free port");
        let address = socket.local_addr().expect("an address");
        let listener = tokio::net::TcpListener::bind(address)
            .await
            .expect("the same port");
        let reply = move |asked: &[u8], flags: [u8; 2]| {
            let mut packet = asked[..2].to_vec();
            packet.extend(flags);
            // An answer that was cut has no record.
            let texts = if flags[0] & 0x02 == 0 { texts } else { &[] };
            let count = u8::try_from(texts.len()).expect("few");
            packet.extend([0, 1, 0, count, 0, 0, 0, 0]);
            packet.extend(&asked[12..]);
            for text in texts {
                // The name is a pointer to that of the question.
                packet.extend([0xc0, 12, 0, 16, 0, 1, 0, 0, 0, 60]);
                packet.extend(u16::try_from(text.len()).expect("short").to_be_bytes());
                packet.extend(*text);
            }
            packet
        };
        tokio::spawn(async move {
            let mut asked = [0; 512];
            while let Ok((length, from)) = socket.recv_from(&mut asked).await {
                let sent = socket.send_to(&reply(&asked[..length], flags), from).await;
                sent.expect("it is sent");
            }
        });
        tokio::spawn(async move {
            let (mut stream, _) = listener.accept().await.expect("a connection");
            let length = stream.read_u16().await.expect("a length");
            let mut asked = vec![0; usize::from(length)];
            stream.read_exact(&mut asked).await.expect("a question");
            let packet = reply(&asked, [0x81, 0x80]);
            let length = u16::try_from(packet.len()).expect("short");
            stream
                .write_all(&length.to_be_bytes())
                .await
                .expect("it is sent");
            stream.write_all(&packet).await.expect("it is sent");
        });
        address
    }

    #[tokio::test]
    async fn the_strings_of_a_record_are_one_text() {
        let texts_of: &[&[u8]] = &[b"\x08v=DMARC1\x0a; p=reject", b"\x05other"];
        let address = resolver([0x81, 0x80], texts_of).await;
        let found = texts(address, "_dmarc.example.com").await;
        assert_eq!(
            found,
            Ok(vec!["v=DMARC1; p=reject".to_owned(), "other".to_owned()])
        );
    }

    #[tokio::test]
    async fn a_cut_answer_is_requested_by_tcp() {
        let address = resolver([0x83, 0x80], &[b"\x03abc"]).await;
        assert_eq!(
            texts(address, "example.com").await,
            Ok(vec!["abc".to_owned()])
        );
    }

    #[tokio::test]
    async fn a_missing_name_has_no_text_and_a_failure_is_an_error() {
        let missing = resolver([0x81, 0x83], &[]).await;
        assert_eq!(texts(missing, "example.com").await, Ok(Vec::new()));
        let failing = resolver([0x81, 0x82], &[]).await;
        let error = texts(failing, "example.com").await.expect_err("an error");
        assert!(error.contains("error code 2"), "{error}");
        assert!(texts(failing, "a..b").await.is_err());
    }

    #[test]
    fn a_malformed_answer_is_no_answer() {
        let whole = [
            &[0, 7, 0x81, 0x80, 0, 0, 0, 1, 0, 0, 0, 0][..],
            &[0; 8],
            &[0, 9, 1],
        ]
        .concat();
        for packet in [&whole[..], &whole[..14], &[], &[0, 8, 0x81, 0x80]] {
            assert_eq!(answer(7, packet), None, "{packet:?}");
        }
    }

    #[test]
    fn the_first_resolver_of_the_system_is_taken() {
        let text = "search a\nnameserver 192.0.2.1\nnameserver 192.0.2.2\n";
        assert_eq!(server(text), "192.0.2.1:53".parse().ok());
        let scoped = server("nameserver fe80::1%eth0\n");
        assert_eq!(scoped, "[fe80::1]:53".parse().ok());
        assert_eq!(server("search a\n"), None);
    }
}
