//! Why the server cannot listen: errors for the operator, each with its code.

use std::path::PathBuf;

/// Listening or TLS failed at start or reload.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// Another process listens at the address.
    #[error("[KH0101] {address} is already in use{holder}; stop that process or choose another address")]
    Taken {
        /// The address.
        address: String,
        /// ` by process 42 (nginx)`, or empty when it is not ours to see.
        holder: String,
    },
    /// The address cannot be bound for another reason.
    #[error("[KH0102] cannot listen on {address}: {source}")]
    Bind {
        /// The address.
        address: String,
        /// The system's reason.
        source: std::io::Error,
    },
    /// A certificate or key file cannot be read.
    #[error("[KH0110] cannot read the TLS {what} {}: {source}; check [tls] and the file's permissions", path.display())]
    TlsFile {
        /// `certificate` or `key`.
        what: &'static str,
        /// The file.
        path: PathBuf,
        /// The system's reason.
        source: std::io::Error,
    },
    /// A certificate or key file holds no such thing.
    #[error("[KH0111] {} holds no usable PEM {what}: {reason}", path.display())]
    TlsPem {
        /// `certificate` or `private key`.
        what: &'static str,
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        reason: String,
    },
    /// Certificate and key do not belong together, or rustls refuses them.
    #[error("[KH0112] the TLS certificate {} and the key {} do not work together: {reason}", certificate.display(), key.display())]
    TlsPair {
        /// The certificate's file.
        certificate: PathBuf,
        /// The key's file.
        key: PathBuf,
        /// rustls' reason.
        reason: String,
    },
    /// A worker thread could not be started.
    #[error("[KH0103] cannot start an HTTP worker thread: {0}")]
    Worker(std::io::Error),
}

impl StartError {
    /// The `KH####` code.
    pub const fn code(&self) -> &'static str {
        match self {
            StartError::Taken { .. } => "KH0101",
            StartError::Bind { .. } => "KH0102",
            StartError::Worker(_) => "KH0103",
            StartError::TlsFile { .. } => "KH0110",
            StartError::TlsPem { .. } => "KH0111",
            StartError::TlsPair { .. } => "KH0112",
        }
    }
}
