//! TLS 1.2 and 1.3 by rustls with aws-lc-rs: certificate and key from PEM files, exchanged while the server runs.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use arc_swap::ArcSwap;
use rustls::ServerConfig;
use rustls::crypto::aws_lc_rs;
use rustls_pki_types::pem::{self, PemObject};
use rustls_pki_types::{CertificateDer, PrivateKeyDer};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio_rustls::TlsAcceptor;
use tokio_rustls::server::TlsStream;

use crate::error::StartError;

/// A certificate with its key.
pub struct Tls {
    certificate: PathBuf,
    key: PathBuf,
    config: ArcSwap<ServerConfig>,
}

impl Tls {
    /// Reads certificate chain and private key (PKCS #8, PKCS #1 or SEC 1) from PEM files.
    ///
    /// # Errors
    /// KH0110 a file cannot be read, KH0111 it holds no certificate or key, KH0112 the two do not belong together.
    pub fn load(certificate: impl Into<PathBuf>, key: impl Into<PathBuf>) -> Result<Tls, StartError> {
        let (certificate, key) = (certificate.into(), key.into());
        let config = ArcSwap::from(read(&certificate, &key)?);
        Ok(Tls { certificate, key, config })
    }

    /// Reads the files again. New connections get the new certificate; those that are open go on.
    ///
    /// # Errors
    /// As [`Tls::load`]; the certificate in use stays.
    pub fn reload(&self) -> Result<(), StartError> {
        self.config.store(read(&self.certificate, &self.key)?);
        Ok(())
    }

    /// The files to be watched for changes: certificate and key.
    pub fn files(&self) -> [&Path; 2] {
        [&self.certificate, &self.key]
    }

    /// Shakes hands; also says whether the client chose HTTP/2. The deadline is the stream's.
    pub(crate) async fn accept<T>(&self, stream: T) -> io::Result<(TlsStream<T>, bool)>
    where
        T: AsyncRead + AsyncWrite + Unpin,
    {
        let stream = TlsAcceptor::from(self.config.load_full()).accept(stream).await?;
        let http2 = stream.get_ref().1.alpn_protocol() == Some(b"h2");
        Ok((stream, http2))
    }
}

fn read(certificate: &Path, key: &Path) -> Result<Arc<ServerConfig>, StartError> {
    let chain_pem = file(certificate, "certificate")?;
    let chain: Vec<CertificateDer<'static>> =
        CertificateDer::pem_slice_iter(&chain_pem).collect::<Result<_, _>>().map_err(|error| no_pem(certificate, "certificate", &error))?;
    if chain.is_empty() {
        return Err(no_pem(certificate, "certificate", &pem::Error::NoItemsFound));
    }
    let private = PrivateKeyDer::from_pem_slice(&file(key, "key")?).map_err(|error| no_pem(key, "private key", &error))?;
    let mismatch =
        |error: rustls::Error| StartError::TlsPair { certificate: certificate.into(), key: key.into(), reason: error.to_string() };
    // The provider is named: with two of them compiled in, rustls would not know which one to take.
    let mut config = ServerConfig::builder_with_provider(Arc::new(aws_lc_rs::default_provider()))
        .with_safe_default_protocol_versions()
        .map_err(mismatch)?
        .with_no_client_auth()
        .with_single_cert(chain, private)
        .map_err(mismatch)?;
    config.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
    Ok(Arc::new(config))
}

fn file(path: &Path, what: &'static str) -> Result<Vec<u8>, StartError> {
    fs::read(path).map_err(|source| StartError::TlsFile { what, path: path.into(), source })
}

/// The reason never quotes the file: a malformed key would end up in the log.
fn no_pem(path: &Path, what: &'static str, error: &pem::Error) -> StartError {
    let reason = match error {
        pem::Error::NoItemsFound => format!("there is no {what} in it"),
        pem::Error::MissingSectionEnd { .. } => "a section has no END line".to_owned(),
        pem::Error::IllegalSectionStart { .. } => "a BEGIN line is malformed".to_owned(),
        pem::Error::Base64Decode(_) => "the base64 is malformed".to_owned(),
        _ => "it cannot be parsed".to_owned(),
    };
    StartError::TlsPem { what, path: path.into(), reason }
}
