//! The benchmark's SMTP sink counts truly; a benchmark cannot hold tests of its own.
#![expect(clippy::unwrap_used, reason = "a helper of a test fails by failing the test")]

use std::io::{Read, Write};
use std::net::TcpStream;

use server::{Session, Sink};

#[path = "../../benches/journey/sink/mod.rs"]
mod server;

/// What one session answers and counts when the input comes in pieces of `size`.
fn told(input: &[u8], size: usize) -> (String, u64, u64) {
    let mut session = Session::default();
    let (mut answer, mut held, mut messages) = (Vec::new(), Vec::new(), 0);
    for piece in input.chunks(size) {
        held.extend_from_slice(piece);
        let (used, complete) = session.step(&held, &mut answer);
        held.drain(..used);
        messages += complete;
    }
    (String::from_utf8(answer).unwrap(), messages, session.bytes)
}

#[test]
fn the_sink_counts_pipelined_messages_however_they_are_cut() {
    let input = b"MAIL FROM:<a>\r\nRCPT TO:<b>\r\nDATA\r\nHi\r\n..\r\n.\r\nMAIL FROM:<a>\r\n\
        RCPT TO:<b>\r\nDATA\r\n.\r\nQUIT\r\n";
    let whole = told(input, input.len());
    assert_eq!((whole.1, whole.2), (2, 8));
    assert!(whole.0.starts_with("250 ok\r\n250 ok\r\n354 go on\r\n250 2.0.0 taken\r\n250 ok\r\n"));
    assert!(whole.0.ends_with("354 go on\r\n250 2.0.0 taken\r\n221 bye\r\n"));
    for size in 1..input.len() {
        assert_eq!(told(input, size), whole, "in pieces of {size}");
    }
}

#[test]
fn the_sink_counts_a_message_in_chunks_once() {
    let input = b"BDAT 4\r\nab\r\nBDAT 5 LAST\r\n\r\n.\r\nRSET\r\n";
    for size in 1..=input.len() {
        let (answer, messages, bytes) = told(input, size);
        assert_eq!((messages, bytes), (1, 9), "in pieces of {size}");
        assert_eq!(answer, "250 ok\r\n250 2.0.0 taken\r\n250 ok\r\n");
    }
}

#[test]
fn the_sink_speaks_smtp_and_counts_anew_each_time() {
    let sink = Sink::start().unwrap();
    let mut client = TcpStream::connect(sink.address()).unwrap();
    client.write_all(b"EHLO me\r\nDATA\r\none\r\n.\r\nDATA\r\ntwo\r\n.\r\nQUIT\r\n").unwrap();
    let mut answer = String::new();
    client.read_to_string(&mut answer).unwrap();
    assert!(answer.starts_with("220 ") && answer.ends_with("221 bye\r\n"), "{answer}");
    let counts = sink.take();
    assert_eq!((counts.messages, counts.rate() > 0.0), (2, true));
    assert_eq!((&counts.sample[..], counts.busy > 0.0), (&b"\r\none"[..], true));
    assert_eq!((sink.take().messages, sink.take().rate() > 0.0), (0, false));
}
