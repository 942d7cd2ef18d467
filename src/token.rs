//! Links that only we can have made: purpose-bound HMACs over small payloads.
//!
//! A token is `base64url(version, key id, payload, mac)`. It holds row ids, never an address, and
//! does not expire by itself: an opt-out must work for as long as the mail exists (RFC 8058 §6).
//! The suppression key is separate and is never rotated, because hashes made with it are kept.

use std::io::Write;
use std::path::Path;

use anyhow::{Context, bail};
use data_encoding::{BASE32_NOPAD, BASE64URL_NOPAD, HEXLOWER};
use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;

use crate::address::EmailAddress;
use crate::secret::{Secret, refuse_open_mode};

/// Octets of a MAC that a link carries; 128 bits cannot be guessed (standards, T1).
const MAC: usize = 16;
/// Octets of a MAC in a return path, whose local part is short (R28 asks for at least 80 bits).
const SHORT_MAC: usize = 10;
const VERSION: u8 = 1;
/// The key id: 1 until keys can be rotated.
const KEY: u8 = 1;

/// What a token may be used for; a token for one purpose is worth nothing for another.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Purpose {
    Unsubscribe,
    Preferences,
    /// The return path of one delivery (VERP).
    Bounce,
    /// The answer to the meeting of one delivery.
    Rsvp,
}

const PURPOSES: [Purpose; 4] =
    [Purpose::Unsubscribe, Purpose::Preferences, Purpose::Bounce, Purpose::Rsvp];

impl Purpose {
    fn label(self) -> &'static str {
        match self {
            Self::Unsubscribe => "unsubscribe",
            Self::Preferences => "preferences",
            Self::Bounce => "bounce",
            Self::Rsvp => "rsvp",
        }
    }
}

/// The keys of this installation.
#[derive(Clone)]
pub struct Keys {
    token: Secret,
    suppression: Secret,
    /// By purpose: each has a key of its own, made of `token`, so that no token can serve two.
    purposes: [Hmac<Sha256>; 4],
}

impl std::fmt::Debug for Keys {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Keys(…)")
    }
}

impl Keys {
    /// Reads the secret file, making it (mode 0600) when there is none.
    pub fn open(path: &Path) -> anyhow::Result<Self> {
        if !path.exists() {
            create(path)?;
        }
        refuse_open_mode(path)?;
        let text = std::fs::read_to_string(path)
            .with_context(|| format!("{}: the secret file cannot be read", path.display()))?;
        Self::parse(&text).with_context(|| {
            format!("{}: not a secret file of Bulletin; restore it from a backup", path.display())
        })
    }

    fn parse(text: &str) -> anyhow::Result<Self> {
        let value = |name: &str| {
            text.lines()
                .filter_map(|line| line.split_once('='))
                .find(|(key, _)| key.trim() == name)
                .map(|(_, value)| value.trim().trim_matches('"').to_owned())
                .filter(|value| value.len() >= 32)
                .with_context(|| format!("it has no `{name}` of at least 32 characters"))
        };
        Ok(Self::new(Secret::new(value("token")?), Secret::new(value("suppression")?)))
    }

    fn new(token: Secret, suppression: Secret) -> Self {
        let purposes = PURPOSES.map(|purpose| {
            let mut mac = hmac(token.reveal().as_bytes());
            mac.update(purpose.label().as_bytes());
            hmac(&mac.finalize().into_bytes())
        });
        Self { token, suppression, purposes }
    }

    /// Signs row ids for one purpose. Same ids, same token.
    pub fn sign(&self, purpose: Purpose, ids: &[i64]) -> String {
        let mut bytes = vec![VERSION, KEY];
        for id in ids {
            push_number(&mut bytes, *id);
        }
        let mac = self.mac(purpose, &bytes);
        bytes.extend_from_slice(&mac[..MAC]);
        BASE64URL_NOPAD.encode(&bytes)
    }

    /// The ids of a token made by [`Keys::sign`] for this purpose; anything else is `None`.
    pub fn verify(&self, purpose: Purpose, token: &str) -> Option<Vec<i64>> {
        let bytes = BASE64URL_NOPAD.decode(token.as_bytes()).ok()?;
        let (body, mac) = bytes.split_at_checked(bytes.len().checked_sub(MAC)?)?;
        let mut expected = self.purposes[purpose as usize].clone();
        expected.update(body);
        // constant time, so that a guess cannot be improved octet by octet
        expected.verify_truncated_left(mac).ok()?;
        let ids = body.strip_prefix(&[VERSION, KEY])?;
        numbers(ids)
    }

    /// A short lower-case token of one id, for the local part of a return path.
    pub fn sign_short(&self, purpose: Purpose, id: i64) -> String {
        let mut bytes = Vec::new();
        push_number(&mut bytes, id);
        let mac = self.mac(purpose, &bytes);
        bytes.extend_from_slice(&mac[..SHORT_MAC]);
        BASE32_NOPAD.encode(&bytes).to_ascii_lowercase()
    }

    /// The keyed hash that stands for an address that must not be mailed.
    pub fn suppression_hash(&self, address: &EmailAddress) -> String {
        let mut mac = hmac(self.suppression.reveal().as_bytes());
        mac.update(address.key().as_bytes());
        HEXLOWER.encode(&mac.finalize().into_bytes())
    }

    /// Tells these keys from others, and says nothing of them.
    pub fn fingerprint(&self) -> String {
        let mut mac = hmac(self.suppression.reveal().as_bytes());
        mac.update(b"fingerprint");
        mac.update(self.token.reveal().as_bytes());
        HEXLOWER.encode(&mac.finalize().into_bytes()[..8])
    }

    fn mac(&self, purpose: Purpose, bytes: &[u8]) -> [u8; 32] {
        let mut mac = self.purposes[purpose as usize].clone();
        mac.update(bytes);
        mac.finalize().into_bytes().into()
    }
}

#[expect(clippy::expect_used, reason = "HMAC takes keys of every length (RFC 2104 §2)")]
fn hmac(key: &[u8]) -> Hmac<Sha256> {
    Hmac::new_from_slice(key).expect("a key of any length")
}

/// LEB128: seven bits an octet, small ids stay short.
fn push_number(bytes: &mut Vec<u8>, number: i64) {
    let mut rest = number.cast_unsigned();
    loop {
        let [low, ..] = rest.to_le_bytes();
        rest >>= 7;
        if rest == 0 {
            bytes.push(low & 0x7f);
            return;
        }
        bytes.push(low | 0x80);
    }
}

fn numbers(bytes: &[u8]) -> Option<Vec<i64>> {
    let (mut ids, mut number, mut shift) = (Vec::new(), 0u64, 0u32);
    for byte in bytes {
        number |= u64::from(byte & 0x7f).checked_shl(shift).filter(|_| shift < 64)?;
        shift += 7;
        if byte & 0x80 == 0 {
            ids.push(number.cast_signed());
            (number, shift) = (0, 0);
        }
    }
    (shift == 0).then_some(ids)
}

/// Writes a new secret file in one step: nobody ever sees half of one, or one with an open mode.
fn create(path: &Path) -> anyhow::Result<()> {
    use std::os::unix::fs::OpenOptionsExt;
    let [token, suppression] = [crate::id::random::<32>()?, crate::id::random::<32>()?];
    let text = format!(
        "# The keys of this installation. Keep it with your backups, show it to nobody.\n\
         # Without it old unsubscribe links stop working and suppressions are forgotten.\n\
         token = \"{}\"\nsuppression = \"{}\"\n",
        BASE64URL_NOPAD.encode(&token),
        BASE64URL_NOPAD.encode(&suppression)
    );
    let draft = path.with_extension(format!("new-{}", std::process::id()));
    let written = || -> std::io::Result<()> {
        let mut file =
            std::fs::OpenOptions::new().write(true).create_new(true).mode(0o600).open(&draft)?;
        file.write_all(text.as_bytes())?;
        file.sync_all()?;
        // a hard link, unlike a rename, never replaces the file that another process just made
        match std::fs::hard_link(&draft, path) {
            Err(error) if error.kind() != std::io::ErrorKind::AlreadyExists => Err(error),
            _ => Ok(()),
        }
    };
    let result = written();
    let _ = std::fs::remove_file(&draft);
    if let Err(error) = result {
        bail!("{}: the secret file cannot be made: {error}", path.display());
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::fs::PermissionsExt;

    fn keys() -> Keys {
        Keys::new(Secret::new("k".repeat(43)), Secret::new("s".repeat(43)))
    }

    #[test]
    fn a_token_says_its_ids_for_its_own_purpose_only() {
        let ids = vec![1, 127, 128, i64::MAX];
        let token = keys().sign(Purpose::Unsubscribe, &ids);
        assert_eq!(keys().verify(Purpose::Unsubscribe, &token), Some(ids));
        assert_eq!(keys().verify(Purpose::Preferences, &token), None);
        let other = Keys::new(Secret::new("x".repeat(43)), Secret::new("s".repeat(43)));
        assert_eq!(other.verify(Purpose::Unsubscribe, &token), None);
    }

    /// Links in old mails must go on working: the key of each purpose is made as it always was.
    #[test]
    fn tokens_are_what_they_always_were() {
        for purpose in PURPOSES {
            let mut key = hmac("k".repeat(43).as_bytes());
            key.update(purpose.label().as_bytes());
            let mut mac = hmac(&key.finalize().into_bytes());
            mac.update(&[VERSION, KEY, 42]);
            let bytes = [&[VERSION, KEY, 42], &mac.finalize().into_bytes()[..MAC]].concat();
            assert_eq!(keys().sign(purpose, &[42]), BASE64URL_NOPAD.encode(&bytes), "{purpose:?}");
        }
        assert_eq!(keys().sign(Purpose::Unsubscribe, &[42]), "AQEq3Gu8PfgqiEP5QxkvmKRfKQ");
    }

    #[test]
    fn no_changed_token_verifies() {
        let token = keys().sign(Purpose::Unsubscribe, &[42, 7]);
        let bytes = BASE64URL_NOPAD.decode(token.as_bytes()).unwrap();
        for bit in 0..bytes.len() * 8 {
            let mut changed = bytes.clone();
            changed[bit / 8] ^= 1 << (bit % 8);
            assert_eq!(
                keys().verify(Purpose::Unsubscribe, &BASE64URL_NOPAD.encode(&changed)),
                None
            );
        }
        for end in 0..token.len() {
            assert_eq!(keys().verify(Purpose::Unsubscribe, &token[..end]), None);
        }
        assert_eq!(keys().verify(Purpose::Unsubscribe, &format!("{token}{token}")), None);
    }

    #[test]
    fn the_secret_file_is_made_once_and_closed_to_others() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("bulletin.secret");
        let token = Keys::open(&path).unwrap().sign(Purpose::Unsubscribe, &[1]);
        assert_eq!(std::fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
        assert!(Keys::open(&path).unwrap().verify(Purpose::Unsubscribe, &token).is_some());
        assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 1);
    }
}
