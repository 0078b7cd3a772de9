//! A certificate for `localhost`, made for one run.

use std::path::PathBuf;
use std::process::Command;

use super::Folder;

/// Certificate and key, P-256, PEM.
#[derive(Debug)]
pub(crate) struct Certificate {
    folder: Folder,
}

impl Certificate {
    /// Makes one with `openssl`.
    pub(crate) fn new(folder: Folder) -> Certificate {
        let made = Command::new("openssl")
            .args([
                "req",
                "-x509",
                "-newkey",
                "ec",
                "-pkeyopt",
                "ec_paramgen_curve:P-256",
                "-noenc",
                "-days",
                "2",
                "-subj",
                "/CN=localhost",
            ])
            .args(["-addext", "subjectAltName=DNS:localhost", "-addext", "basicConstraints=critical,CA:FALSE"])
            .args(["-keyout", "key.pem", "-out", "cert.pem"])
            .current_dir(folder.path())
            .output()
            .unwrap();
        assert!(made.status.success(), "openssl: {}", String::from_utf8_lossy(&made.stderr));
        Certificate { folder }
    }

    /// The certificate.
    pub(crate) fn chain(&self) -> PathBuf {
        self.folder.join("cert.pem")
    }

    /// Its private key.
    pub(crate) fn key(&self) -> PathBuf {
        self.folder.join("key.pem")
    }
}
