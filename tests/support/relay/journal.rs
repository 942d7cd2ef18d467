//! What a scripted relay has received.

use std::io::Write;
use std::time::Instant;

use data_encoding::HEXLOWER;
use sha2::{Digest, Sha256};

use super::Shared;

/// One message that was received to its final dot.
#[derive(Clone, Debug)]
pub struct Received {
    pub from: String,
    pub to: String,
    pub message_id: String,
    /// Unstuffed.
    pub message: Vec<u8>,
    /// Of what follows the headers.
    pub body_sha256: String,
    /// The reply, or the name of the [`Act`].
    pub answered: String,
    /// More had arrived behind it before it was answered.
    pub followed: bool,
    /// When it was complete; it may have been answered later.
    pub at: Instant,
}

impl Received {
    pub(super) fn new(from: String, to: String, message: Vec<u8>, answered: String) -> Self {
        let split = memchr::memmem::find(&message, b"\r\n\r\n");
        let (head, body) = message.split_at(split.map_or(message.len(), |at| at + 4));
        let head = String::from_utf8_lossy(head);
        let message_id = head.lines().find_map(|line| {
            let (name, value) = line.split_once(':')?;
            name.eq_ignore_ascii_case("message-id").then(|| value.trim().to_owned())
        });
        let message_id = message_id.unwrap_or_default();
        let body_sha256 = HEXLOWER.encode(&Sha256::digest(body));
        let at = Instant::now();
        Self { from, to, message_id, message, body_sha256, answered, followed: false, at }
    }
}

impl Shared {
    /// On the disk before anybody hears of it: the journal is what a test believes.
    pub(super) fn record(&self, received: Received) {
        if let Some(file) = &self.journal {
            let line = serde_json::json!({
                "message_id": received.message_id,
                "to": received.to,
                "sha256": received.body_sha256,
                "answered": received.answered,
            });
            let mut file = file.lock().unwrap();
            file.write_all(format!("{line}\n").as_bytes()).unwrap();
            file.sync_data().unwrap();
        }
        self.received.lock().unwrap().push(received);
    }
}
