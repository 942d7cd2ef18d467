//! A key that signs mails: RSA or Ed25519, from a file that its owner alone can read.
//!
//! What always holds: every key is one that receivers take (RSA of 2048 to 4096 bits, RFC 8301 §3.2);
//! nothing shows it; the same input gets the same signature, so that a mail that is sent again is the
//! same mail.

use std::fmt;
use std::fmt::Write as _;
use std::path::Path;

use anyhow::{Context, anyhow, bail};
use aws_lc_rs::digest::Digest;
use aws_lc_rs::encoding::{AsDer, Pkcs8V1Der, PublicKeyX509Der};
use aws_lc_rs::rsa::KeySize;
use aws_lc_rs::signature::{Ed25519KeyPair, KeyPair, RSA_PKCS1_SHA256, RsaKeyPair};
use data_encoding::BASE64;
use rustls::pki_types::PrivateKeyDer;
use rustls::pki_types::pem::PemObject;

use crate::secret::refuse_open_mode;

/// Larger ones are not verified everywhere (RFC 8301 §3.2), and cost six times the time.
const LARGEST_RSA: usize = 4096 / 8;

/// How a key signs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Algorithm {
    Rsa,
    Ed25519,
}

impl Algorithm {
    /// As the tag `k=` of a DNS record has it (RFC 6376 §3.6.1, RFC 8463 §4).
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Rsa => "rsa",
            Self::Ed25519 => "ed25519",
        }
    }
}

/// A private key.
pub struct SigningKey(Pair);

enum Pair {
    Rsa(RsaKeyPair),
    Ed25519(Ed25519KeyPair),
}

impl SigningKey {
    /// A PEM file that its owner alone may read.
    pub fn from_file(path: &Path) -> anyhow::Result<Self> {
        refuse_open_mode(path)?;
        let pem = std::fs::read(path)
            .with_context(|| format!("{}: this key file cannot be read", path.display()))?;
        Self::parse(&pem).with_context(|| path.display().to_string())
    }

    /// A PEM text: PKCS#8 (`PRIVATE KEY`), or PKCS#1 (`RSA PRIVATE KEY`).
    pub fn parse(pem: &[u8]) -> anyhow::Result<Self> {
        let pair = match PrivateKeyDer::from_pem_slice(pem) {
            Ok(PrivateKeyDer::Pkcs8(der)) => {
                let der = der.secret_pkcs8_der();
                match Ed25519KeyPair::from_pkcs8(der) {
                    Ok(pair) => Pair::Ed25519(pair),
                    Err(_) => Pair::Rsa(RsaKeyPair::from_pkcs8(der).map_err(refused)?),
                }
            }
            Ok(PrivateKeyDer::Pkcs1(der)) => {
                let pair = RsaKeyPair::from_der(der.secret_pkcs1_der());
                Pair::Rsa(pair.map_err(refused)?)
            }
            Ok(_) => bail!("this is neither an RSA nor an Ed25519 key; {REMEDY}"),
            Err(_) => bail!("there is no private key without a password in it; {REMEDY}"),
        };
        if let Pair::Rsa(pair) = &pair
            && pair.public_modulus_len() > LARGEST_RSA
        {
            bail!("this RSA key has more than 4096 bits, which receivers need not take; {REMEDY}");
        }
        Ok(Self(pair))
    }

    /// A new key, and the PEM text that keeps it. RSA has 2048 bits: its record fits everywhere.
    pub fn generate(algorithm: Algorithm) -> anyhow::Result<(Self, String)> {
        let failed = "no key could be made";
        let (pair, der) = match algorithm {
            Algorithm::Rsa => {
                let pair = RsaKeyPair::generate(KeySize::Rsa2048).context(failed)?;
                let der = AsDer::<Pkcs8V1Der<'_>>::as_der(&pair).context(failed)?.as_ref().to_vec();
                (Pair::Rsa(pair), der)
            }
            Algorithm::Ed25519 => {
                let pair = Ed25519KeyPair::generate().context(failed)?;
                // version 1: OpenSSL 3.0 does not read what RFC 5958 added
                let der = pair.to_pkcs8v1().context(failed)?.as_ref().to_vec();
                (Pair::Ed25519(pair), der)
            }
        };
        Ok((Self(pair), pem(&der)))
    }

    pub fn algorithm(&self) -> Algorithm {
        match self.0 {
            Pair::Rsa(_) => Algorithm::Rsa,
            Pair::Ed25519(_) => Algorithm::Ed25519,
        }
    }

    /// The public half as the tag `p=` holds it: for RSA a `SubjectPublicKeyInfo` (what the whole world
    /// writes, RFC 6376 erratum 3017), for Ed25519 the bare key (RFC 8463 §4).
    pub fn public(&self) -> anyhow::Result<String> {
        Ok(match &self.0 {
            Pair::Rsa(pair) => {
                let key = AsDer::<PublicKeyX509Der<'_>>::as_der(pair.public_key());
                BASE64.encode(key.context("the public half of an RSA key is lost")?.as_ref())
            }
            Pair::Ed25519(pair) => BASE64.encode(pair.public_key().as_ref()),
        })
    }

    /// Signs a SHA-256 hash (RFC 6376 §3.3.1); Ed25519 takes the hash for its message (RFC 8463 §3).
    pub fn sign(&self, hash: &Digest) -> anyhow::Result<String> {
        Ok(match &self.0 {
            Pair::Rsa(pair) => {
                let mut signature = vec![0; pair.public_modulus_len()];
                pair.sign_digest(&RSA_PKCS1_SHA256, hash, &mut signature)
                    .context("the RSA key could not sign")?;
                BASE64.encode(&signature)
            }
            Pair::Ed25519(pair) => {
                let signature = pair.try_sign(hash.as_ref());
                BASE64.encode(signature.context("the Ed25519 key could not sign")?.as_ref())
            }
        })
    }
}

impl fmt::Debug for SigningKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "[secret {} key]", self.algorithm().as_str())
    }
}

const REMEDY: &str = "make one with `bulletin dkim generate`";

fn refused(why: aws_lc_rs::error::KeyRejected) -> anyhow::Error {
    match why.description_() {
        "TooSmall" => anyhow!(
            "this RSA key has fewer than 2048 bits, which receivers no longer trust; {REMEDY}"
        ),
        "TooLarge" => anyhow!("this RSA key is too large; {REMEDY}"),
        _ => anyhow!("this is neither an RSA nor an Ed25519 key that works; {REMEDY}"),
    }
}

/// RFC 7468 §10.
fn pem(der: &[u8]) -> String {
    let text = BASE64.encode(der);
    let mut pem = String::from("-----BEGIN PRIVATE KEY-----\n");
    for line in text.as_bytes().chunks(64) {
        let _ = writeln!(pem, "{}", String::from_utf8_lossy(line));
    }
    pem += "-----END PRIVATE KEY-----\n";
    pem
}

#[cfg(test)]
mod tests;
