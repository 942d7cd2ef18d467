//! A value nobody may see: passwords and keys.
//!
//! What always holds: neither `Debug` nor `Display` shows it, so no log line, panic or error
//! message can; it is read only from a file that no other user can read, or from the environment.

use std::fmt;
use std::path::Path;

use anyhow::{Context, bail};
use data_encoding::HEXLOWER_PERMISSIVE;
use hmac::digest::CtOutput;
use sha2::{Digest, Sha256};

/// A secret; ask for it by name with [`Secret::reveal`].
#[derive(Clone, PartialEq, Eq)]
pub struct Secret(String);

impl Secret {
    pub fn new(value: impl Into<String>) -> Self {
        Self(value.into())
    }

    /// The first line of `path`, which must be readable by its owner alone (mode 0600 or 0400).
    pub fn from_file(path: &Path) -> anyhow::Result<Self> {
        refuse_open_mode(path)?;
        let text = std::fs::read_to_string(path)
            .with_context(|| format!("{}: this secret file cannot be read", path.display()))?;
        match text.lines().next().map(str::trim) {
            Some(line) if !line.is_empty() => Ok(Self::new(line)),
            _ => bail!(
                "{}: the secret file is empty; write the secret on its first line",
                path.display()
            ),
        }
    }

    pub fn reveal(&self) -> &str {
        &self.0
    }
}

/// Refuses a secret file that its group or everybody may read.
pub fn refuse_open_mode(path: &Path) -> anyhow::Result<()> {
    use std::os::unix::fs::PermissionsExt;
    let meta = std::fs::metadata(path)
        .with_context(|| format!("{}: this secret file cannot be read", path.display()))?;
    let mode = meta.permissions().mode() & 0o777;
    if mode & 0o077 != 0 {
        let path = path.display();
        bail!("{path}: others may read this secret file (mode {mode:04o}); run: chmod 600 {path}");
    }
    Ok(())
}

/// What is kept of a secret that somebody else holds: its SHA-256. It must be a long random one.
#[derive(Clone)]
pub struct Hashed(CtOutput<Sha256>);

impl Hashed {
    /// 64 hexadecimal digits.
    pub fn parse(hex: &str) -> Option<Self> {
        let octets = HEXLOWER_PERMISSIVE.decode(hex.trim().as_bytes()).ok()?;
        let octets: [u8; 32] = octets.try_into().ok()?;
        Some(Self(CtOutput::new(octets.into())))
    }

    /// In constant time: how much of a guess is right cannot be measured.
    pub fn is_of(&self, secret: &Secret) -> bool {
        self.0 == CtOutput::new(Sha256::digest(secret.reveal().as_bytes()))
    }
}

impl PartialEq for Hashed {
    fn eq(&self, other: &Self) -> bool {
        self.0 == other.0
    }
}

impl fmt::Debug for Hashed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("[hash of a secret]")
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("[secret]")
    }
}

impl fmt::Display for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("[secret]")
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::fs::PermissionsExt;

    #[test]
    fn a_secret_is_never_printed() {
        let secret = Secret::new("hunter2");
        assert_eq!(format!("{secret:?} {secret}"), "[secret] [secret]");
    }

    #[test]
    fn a_hash_tells_its_secret_from_others_and_shows_nothing() {
        // `printf %s abc | sha256sum` (FIPS 180-2, appendix B.1)
        let hex = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";
        for hex in [hex.to_owned(), hex.to_uppercase(), format!(" {hex} ")] {
            let hash = Hashed::parse(&hex).unwrap();
            assert!(hash.is_of(&Secret::new("abc")) && !hash.is_of(&Secret::new("abd")));
            assert_eq!(format!("{hash:?}"), "[hash of a secret]");
        }
        for wrong in ["", &hex[1..], &format!("{hex}00"), &hex.replace('b', "g")] {
            assert!(Hashed::parse(wrong).is_none(), "{wrong}");
        }
    }

    #[test]
    fn a_file_others_may_read_is_refused_with_the_remedy() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("relay.secret");
        std::fs::write(&path, "hunter2\n").unwrap();
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o644)).unwrap();
        let error = Secret::from_file(&path).unwrap_err().to_string();
        assert!(error.contains("chmod 600") && !error.contains("hunter2"), "{error}");
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o600)).unwrap();
        assert_eq!(Secret::from_file(&path).unwrap().reveal(), "hunter2");
    }
}
