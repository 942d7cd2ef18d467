//! Whom we trust: the system's certificate authorities, and those of `ca_file`.

use std::path::Path;
use std::sync::Arc;

use anyhow::{Context, bail};
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject;
use rustls::{ClientConfig, RootCertStore};
use tokio_rustls::TlsConnector;

/// TLS 1.2 or later (RFC 8314 §4.1), with the relay's certificate checked against its host name.
pub(super) fn connector(ca_file: Option<&Path>) -> anyhow::Result<TlsConnector> {
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let config = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()?
        .with_root_certificates(roots(ca_file)?)
        .with_no_client_auth();
    Ok(TlsConnector::from(Arc::new(config)))
}

fn roots(ca_file: Option<&Path>) -> anyhow::Result<RootCertStore> {
    let mut roots = RootCertStore::empty();
    // a system store may hold certificates that rustls cannot read; the others still count
    roots.add_parsable_certificates(rustls_native_certs::load_native_certs().certs);
    if let Some(path) = ca_file {
        add_file(&mut roots, path)?;
    }
    if roots.is_empty() {
        bail!(
            "no certificate authority to trust; install the ca-certificates package or set ca_file"
        );
    }
    Ok(roots)
}

fn add_file(roots: &mut RootCertStore, path: &Path) -> anyhow::Result<()> {
    let unreadable = || format!("{}: this ca_file is not a readable PEM file", path.display());
    let mut added = 0;
    for certificate in CertificateDer::pem_file_iter(path).with_context(unreadable)? {
        roots.add(certificate.with_context(unreadable)?).with_context(unreadable)?;
        added += 1;
    }
    if added == 0 {
        bail!(
            "{}: this ca_file holds no certificate; write the authority's PEM there",
            path.display()
        );
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_ca_file_without_a_certificate_is_refused_by_name() {
        let file = tempfile::NamedTempFile::new().unwrap();
        let error = connector(Some(file.path())).err().unwrap().to_string();
        assert!(error.contains(&file.path().display().to_string()), "{error}");
        let error = connector(Some(Path::new("missing.pem"))).err().unwrap().to_string();
        assert!(error.starts_with("missing.pem"), "{error}");
    }
}
