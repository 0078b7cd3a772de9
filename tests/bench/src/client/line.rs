//! The wire under a connection: a TCP socket, or TLS over one (RFC 8446).

use std::io::{self, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::os::fd::{AsFd, BorrowedFd};
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use rustls::{ClientConfig, ClientConnection, RootCertStore};
use rustls_pki_types::pem::PemObject as _;
use rustls_pki_types::{CertificateDer, ServerName};

/// Whom a client believes over TLS.
#[derive(Clone, Debug)]
pub(crate) struct Trust(Arc<ClientConfig>);

impl Trust {
    /// The holder of one certificate.
    pub(crate) fn only(certificate: &Path) -> Trust {
        let mut roots = RootCertStore::empty();
        roots.add(CertificateDer::from_pem_file(certificate).unwrap()).unwrap();
        let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
        let versions = ClientConfig::builder_with_provider(provider).with_safe_default_protocol_versions().unwrap();
        Trust(Arc::new(versions.with_root_certificates(roots).with_no_client_auth()))
    }
}

/// Where a server is, and how one speaks to it.
#[derive(Clone, Debug)]
pub(crate) struct Address {
    /// The socket.
    pub(crate) socket: SocketAddr,
    /// With TLS.
    pub(crate) trust: Option<Trust>,
}

/// An open connection. Reads do not wait, writes do.
pub(crate) enum Line {
    Plain(TcpStream),
    Tls(Box<(ClientConnection, TcpStream)>),
}

impl Line {
    /// Connects, with the handshake.
    pub(crate) fn open(address: &Address) -> io::Result<Line> {
        let mut socket = TcpStream::connect(address.socket)?;
        socket.set_nodelay(true)?;
        let Some(Trust(trust)) = &address.trust else {
            socket.set_nonblocking(true)?;
            return Ok(Line::Plain(socket));
        };
        socket.set_read_timeout(Some(Duration::from_secs(10)))?;
        let name = ServerName::try_from("localhost").map_err(io::Error::other)?;
        let mut tls = ClientConnection::new(Arc::clone(trust), name).map_err(io::Error::other)?;
        while tls.is_handshaking() {
            tls.complete_io(&mut socket)?;
        }
        socket.set_nonblocking(true)?;
        Ok(Line::Tls(Box::new((tls, socket))))
    }

    /// What can be waited for.
    pub(crate) fn socket(&self) -> BorrowedFd<'_> {
        match self {
            Line::Plain(socket) => socket.as_fd(),
            Line::Tls(tls) => tls.1.as_fd(),
        }
    }

    /// Writes all of it. A request is shorter than the socket's buffer, so this waits for nobody but a server that reads nothing.
    pub(crate) fn send(&mut self, mut bytes: &[u8]) -> io::Result<()> {
        match self {
            Line::Plain(socket) => {
                while !bytes.is_empty() {
                    match socket.write(bytes) {
                        Ok(written) => bytes = &bytes[written..],
                        Err(error) if error.kind() == io::ErrorKind::WouldBlock => std::hint::spin_loop(),
                        Err(error) => return Err(error),
                    }
                }
            }
            Line::Tls(tls) => {
                let (tls, socket) = &mut **tls;
                tls.writer().write_all(bytes)?;
                while tls.wants_write() {
                    match tls.write_tls(socket) {
                        Ok(_) => {}
                        Err(error) if error.kind() == io::ErrorKind::WouldBlock => std::hint::spin_loop(),
                        Err(error) => return Err(error),
                    }
                }
            }
        }
        Ok(())
    }

    /// Reads what is there; 0 is the end, `WouldBlock` is nothing yet.
    pub(crate) fn receive(&mut self, into: &mut [u8]) -> io::Result<usize> {
        match self {
            Line::Plain(socket) => socket.read(into),
            Line::Tls(tls) => {
                let (tls, socket) = &mut **tls;
                if tls.read_tls(socket)? == 0 {
                    return Ok(0);
                }
                tls.process_new_packets().map_err(io::Error::other)?;
                tls.reader().read(into)
            }
        }
    }
}
