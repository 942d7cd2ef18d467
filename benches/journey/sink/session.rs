//! The protocol of the sink, as far as a sender needs it.

use memchr::{memchr, memmem};

#[derive(Default)]
pub(crate) struct Session {
    phase: Phase,
    /// Of content that no count holds yet.
    pub(crate) bytes: u64,
    pub(crate) over: bool,
    first: First,
}

/// The first message of a connection, kept to be looked at.
enum First {
    Growing(Vec<u8>),
    Whole(Vec<u8>),
    Taken,
}

impl Default for First {
    fn default() -> Self {
        Self::Growing(Vec::new())
    }
}

#[derive(Clone, Copy, Default)]
enum Phase {
    #[default]
    Command,
    /// Until the final dot. The line break before the content is still unread: an empty message's dot needs it.
    Data,
    /// So many octets to come, and whether they are the last chunk.
    Chunk(usize, bool),
}

const END: &[u8] = b"\r\n.\r\n";

impl Session {
    /// The first message, once, when it is complete.
    pub(crate) fn first(&mut self) -> Option<Vec<u8>> {
        if !matches!(self.first, First::Whole(_)) {
            return None;
        }
        match std::mem::replace(&mut self.first, First::Taken) {
            First::Whole(octets) => Some(octets),
            First::Growing(_) | First::Taken => None,
        }
    }

    /// Reads on as far as it can: how many octets are used up, how many messages were complete.
    pub(crate) fn step(&mut self, input: &[u8], answer: &mut Vec<u8>) -> (usize, u64) {
        let (mut used, mut messages) = (0, 0);
        loop {
            let rest = &input[used..];
            let (length, go_on) = match self.phase {
                Phase::Command => self.command(rest, answer),
                Phase::Data => self.data(rest, answer, &mut messages),
                Phase::Chunk(length, last) => self.chunk(rest, length, last, answer, &mut messages),
            };
            used += length;
            if !go_on {
                return (used, messages);
            }
        }
    }

    fn command(&mut self, rest: &[u8], answer: &mut Vec<u8>) -> (usize, bool) {
        let Some(end) = memchr(b'\n', rest) else {
            return (0, false);
        };
        let line = rest[..end].trim_ascii_end();
        let verb: Vec<u8> = line.iter().take(4).map(u8::to_ascii_uppercase).collect();
        answer.extend_from_slice(match &verb[..] {
            b"EHLO" => b"250-sink\r\n250-PIPELINING\r\n250-8BITMIME\r\n250 CHUNKING\r\n",
            b"DATA" => {
                self.phase = Phase::Data;
                answer.extend_from_slice(b"354 go on\r\n");
                return (end.saturating_sub(1), true);
            }
            b"BDAT" => {
                self.phase = chunk_of(line);
                b""
            }
            b"QUIT" => {
                self.over = true;
                b"221 bye\r\n"
            }
            _ => b"250 ok\r\n",
        });
        (end + 1, true)
    }

    fn data(&mut self, rest: &[u8], answer: &mut Vec<u8>, messages: &mut u64) -> (usize, bool) {
        let Some(end) = memmem::find(rest, END) else {
            // The end may be cut in two by the end of the buffer.
            let used = rest.len().saturating_sub(END.len() - 1);
            self.content(&rest[..used]);
            return (used, false);
        };
        self.content(&rest[..end]);
        self.complete(answer, messages);
        (end + END.len(), true)
    }

    fn chunk(
        &mut self,
        rest: &[u8],
        length: usize,
        last: bool,
        answer: &mut Vec<u8>,
        messages: &mut u64,
    ) -> (usize, bool) {
        let used = length.min(rest.len());
        self.content(&rest[..used]);
        if used < length {
            self.phase = Phase::Chunk(length - used, last);
            return (used, false);
        }
        if last {
            self.complete(answer, messages);
        } else {
            self.phase = Phase::Command;
            answer.extend_from_slice(b"250 ok\r\n");
        }
        (used, true)
    }

    fn content(&mut self, octets: &[u8]) {
        self.bytes += octets.len() as u64;
        if let First::Growing(first) = &mut self.first {
            first.extend_from_slice(octets);
        }
    }

    fn complete(&mut self, answer: &mut Vec<u8>, messages: &mut u64) {
        *messages += 1;
        if let First::Growing(first) = &mut self.first {
            self.first = First::Whole(std::mem::take(first));
        }
        self.phase = Phase::Command;
        answer.extend_from_slice(b"250 2.0.0 taken\r\n");
    }
}

/// `BDAT 86 LAST` (RFC 3030 §2).
fn chunk_of(line: &[u8]) -> Phase {
    let line = String::from_utf8_lossy(line);
    let mut words = line.split_ascii_whitespace().skip(1);
    let length = words.next().and_then(|word| word.parse().ok()).unwrap_or(0);
    Phase::Chunk(length, words.next().is_some())
}
