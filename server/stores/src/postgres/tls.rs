//! TLS to the database: rustls with aws-lc-rs, and the authorities that a certificate is checked against.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject as _;
use rustls::{ClientConfig, RootCertStore};

use super::failure;
use crate::failure::Failure;

/// Where distributions keep the authorities of the system: Debian, Red Hat, Alpine and the BSDs.
const SYSTEM: [&str; 3] = ["/etc/ssl/certs/ca-certificates.crt", "/etc/pki/tls/certs/ca-bundle.crt", "/etc/ssl/cert.pem"];

/// A client that checks certificate and name.
///
/// # Errors
/// [`Failure::Unusable`] when there are no authorities to check against.
pub(super) fn client(authorities: Option<&Path>) -> Result<ClientConfig, Failure> {
    let path = match authorities {
        Some(path) => path.to_owned(),
        None => SYSTEM.iter().map(PathBuf::from).find(|path| path.exists()).ok_or_else(|| {
            failure::certificates("this system has no file of authorities; name one with `sslrootcert=/path/ca.pem` in the store's URL")
        })?,
    };
    let unreadable = |why: String| failure::certificates(&format!("{}: {why}", path.display()));
    let mut roots = RootCertStore::empty();
    for certificate in CertificateDer::pem_file_iter(&path).map_err(|error| unreadable(error.to_string()))? {
        let certificate = certificate.map_err(|error| unreadable(error.to_string()))?;
        // Systems keep authorities of forms that rustls does not take; those that it takes must suffice.
        drop(roots.add(certificate));
    }
    if roots.is_empty() {
        return Err(unreadable("it holds no certificate of an authority (PEM, `-----BEGIN CERTIFICATE-----`)".to_owned()));
    }
    // Named, because a driver may bring another provider into the same program.
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let config = ClientConfig::builder_with_provider(provider).with_safe_default_protocol_versions();
    let config = config.map_err(|error| failure::certificates(&error.to_string()))?;
    Ok(config.with_root_certificates(roots).with_no_client_auth())
}
