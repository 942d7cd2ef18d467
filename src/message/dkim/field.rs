//! The field `DKIM-Signature` (RFC 6376 §3.5), folded before column 78.

use aws_lc_rs::digest::Digest;
use data_encoding::BASE64;

use super::canonical::{Field, relaxed};
use crate::config::Dkim;
use crate::key::Algorithm;

/// A line has at most so many octets (RFC 5322 §2.1.1).
const LINE: usize = 78;

/// A signature field up to its last tag, `b=`.
pub(super) struct Signature(String);

impl Signature {
    pub(super) fn open(key: &Dkim, listed: &[&str], body: &Digest) -> Self {
        let algorithm = match key.key.algorithm() {
            Algorithm::Rsa => "rsa-sha256",
            Algorithm::Ed25519 => "ed25519-sha256",
        };
        let mut field = format!(
            "DKIM-Signature: v=1; a={algorithm}; c=relaxed/simple;\r\n d={};\r\n s={};\r\n h=",
            key.domain, key.selector
        );
        let mut column = " h=".len();
        for (index, name) in listed.iter().enumerate() {
            // a fold may stand beside a colon (§3.5), and another colon or the semicolon follows
            if index > 0 {
                field.push(':');
                column += 1;
                if column + name.len() + 1 > LINE {
                    field.push_str("\r\n ");
                    column = 1;
                }
            }
            field.push_str(name);
            column += name.len();
        }
        field.push_str(";\r\n bh=");
        BASE64.encode_append(body.as_ref(), &mut field);
        field.push_str(";\r\n b=");
        Self(field)
    }

    /// What is signed of it: itself, with nothing in `b=` and without a CRLF (§3.7).
    pub(super) fn canonical(&self) -> Vec<u8> {
        let mut out = Vec::with_capacity(self.0.len());
        if let Some(field) = Field::of(self.0.as_bytes()) {
            relaxed(&field, &mut out);
        }
        out
    }

    /// Appends the whole field.
    pub(super) fn close(self, signature: &str, out: &mut Vec<u8>) {
        out.extend_from_slice(self.0.as_bytes());
        let (first, rest) = signature.split_at(signature.len().min(LINE - " b=".len()));
        out.extend_from_slice(first.as_bytes());
        for line in rest.as_bytes().chunks(LINE - 1) {
            out.extend_from_slice(b"\r\n ");
            out.extend_from_slice(line);
        }
        out.extend_from_slice(b"\r\n");
    }
}
