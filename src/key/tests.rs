use std::os::unix::fs::PermissionsExt;

use aws_lc_rs::digest::{SHA256, digest};

use super::*;

/// Of RFC 8463 Appendix A.1: 1024 bits.
const SHORT: &str = include_str!("../message/dkim/rfc8463/rsa.pem");

const LONG: &str = include_str!("rsa-4608.pem");

fn told(pem: &[u8]) -> String {
    SigningKey::parse(pem).unwrap_err().to_string()
}

#[test]
fn a_new_key_reads_back_as_itself_and_signs_the_same_every_time() {
    for algorithm in [Algorithm::Rsa, Algorithm::Ed25519] {
        let (key, pem) = SigningKey::generate(algorithm).unwrap();
        let kept = SigningKey::parse(pem.as_bytes()).unwrap();
        assert_eq!(kept.algorithm(), algorithm);
        assert_eq!(kept.public().unwrap(), key.public().unwrap());
        let hash = digest(&SHA256, b"a mail");
        let signature = key.sign(&hash).unwrap();
        assert_eq!(kept.sign(&hash).unwrap(), signature);
        assert_eq!(key.sign(&hash).unwrap(), signature);
        assert_eq!(format!("{key:?}"), format!("[secret {} key]", algorithm.as_str()));
    }
}

#[test]
fn a_key_that_receivers_refuse_is_refused_with_the_remedy() {
    let short = told(SHORT.as_bytes());
    assert!(short.contains("fewer than 2048 bits") && short.contains("dkim generate"), "{short}");
    for other in ["", "hello", "-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n"] {
        assert!(told(other.as_bytes()).contains("bulletin dkim generate"), "{other}");
    }
    assert!(told(LONG.as_bytes()).contains("more than 4096 bits"));
}

#[test]
fn a_key_that_others_may_read_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("dkim.pem");
    std::fs::write(&path, SigningKey::generate(Algorithm::Ed25519).unwrap().1).unwrap();
    std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o640)).unwrap();
    let error = SigningKey::from_file(&path).unwrap_err().to_string();
    assert!(error.contains("chmod 600"), "{error}");
    std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o400)).unwrap();
    SigningKey::from_file(&path).unwrap();
}
