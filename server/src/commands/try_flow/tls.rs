//! TLS for `keyhook try`, with the machine's own certificate authorities.

use std::sync::Arc;

use rustls::{ClientConfig, RootCertStore};
use rustls_pki_types::pem::PemObject as _;
use rustls_pki_types::{CertificateDer, ServerName};
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;

/// Where Debian, Alpine, Fedora and openSUSE keep them.
const BUNDLES: [&str; 3] = ["/etc/ssl/certs/ca-certificates.crt", "/etc/pki/tls/certs/ca-bundle.crt", "/etc/ssl/ca-bundle.pem"];

/// Opens TLS to a host whose certificate the machine trusts; `$SSL_CERT_FILE` names another bundle.
pub(super) async fn connect(host: &str, stream: TcpStream) -> Result<TlsStream<TcpStream>, String> {
    let bundle = crate::system::variable("SSL_CERT_FILE");
    let bundle = bundle.as_deref().or_else(|| BUNDLES.into_iter().find(|path| std::path::Path::new(path).exists()));
    let path = bundle.ok_or("this machine has no bundle of certificate authorities; name one with SSL_CERT_FILE")?;
    let mut roots = RootCertStore::empty();
    for certificate in CertificateDer::pem_file_iter(path).map_err(|error| format!("{path}: {error}"))?.flatten() {
        // A bundle may hold a certificate that is too old for the library.
        let _ = roots.add(certificate);
    }
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let config = ClientConfig::builder_with_provider(provider).with_safe_default_protocol_versions().map_err(|error| error.to_string())?;
    let config = config.with_root_certificates(roots).with_no_client_auth();
    let name = ServerName::try_from(host.to_owned()).map_err(|error| error.to_string())?;
    TlsConnector::from(Arc::new(config)).connect(name, stream).await.map_err(|error| error.to_string())
}
