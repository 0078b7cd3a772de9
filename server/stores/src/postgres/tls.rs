//! TLS to the database: rustls with aws-lc-rs, and the authorities that a certificate is checked against.

use std::path::Path;
use std::sync::Arc;

use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject as _;
use rustls::{ClientConfig, RootCertStore};

use crate::failure::Failure;
use crate::parameters::unencrypted;

/// A client that checks certificate and name.
///
/// # Errors
/// [`Failure::Unusable`] when there are no authorities to check against.
pub(super) fn client(authorities: &Path) -> Result<ClientConfig, Failure> {
    let unreadable = |why: String| unencrypted(&format!("{}: {why}", authorities.display()));
    let mut roots = RootCertStore::empty();
    for certificate in CertificateDer::pem_file_iter(authorities).map_err(|error| unreadable(error.to_string()))? {
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
    let config = config.map_err(|error| unencrypted(&error.to_string()))?;
    Ok(config.with_root_certificates(roots).with_no_client_auth())
}
