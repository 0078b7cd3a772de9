//! Binds the addresses: one socket per address and worker, shared by the kernel (`SO_REUSEPORT`).

use std::fs;
use std::io;
use std::net::{SocketAddr, TcpListener};

use socket2::{Domain, Protocol, Socket, Type};

use crate::error::StartError;

/// Connections that the kernel holds until they are accepted.
const BACKLOG: i32 = 4096;

/// Bound sockets, per worker.
#[derive(Debug)]
pub struct Listeners {
    pub(crate) per_worker: Vec<Vec<TcpListener>>,
    addresses: Vec<SocketAddr>,
}

impl Listeners {
    /// Binds every address, once for each of `workers` (at least one). Port 0 takes a free port, the same for all workers.
    ///
    /// # Errors
    /// [`StartError::Taken`] when somebody listens there already, also another process of the same user: that `SO_REUSEPORT`
    /// would silently share the port with it must not hide a second server. [`StartError::Bind`] otherwise.
    pub fn bind(addresses: &[SocketAddr], workers: usize) -> Result<Listeners, StartError> {
        let mut per_worker: Vec<Vec<TcpListener>> = (0..workers.max(1)).map(|_| Vec::new()).collect();
        let mut bound = Vec::new();
        for wanted in addresses {
            let v4_too = addresses.iter().any(|other| other.is_ipv4() && other.port() == wanted.port());
            let failed = |error: io::Error| refused(*wanted, error);
            let mut address = *wanted;
            if workers > 1 && address.port() != 0 {
                // The probe does not share, so it fails where anybody listens.
                drop(socket(address, v4_too, false).map_err(failed)?);
            }
            for sockets in &mut per_worker {
                let listener = socket(address, v4_too, workers > 1).and_then(listen).map_err(failed)?;
                address = listener.local_addr().map_err(failed)?;
                sockets.push(listener);
            }
            bound.push(address);
        }
        Ok(Listeners { per_worker, addresses: bound })
    }

    /// Takes sockets that somebody else bound and listens on: a service manager, or the server before us.
    ///
    /// # Errors
    /// [`StartError::Bind`] when they cannot be shared among the workers.
    pub fn adopt(sockets: Vec<TcpListener>, workers: usize) -> Result<Listeners, StartError> {
        let failed = |source| StartError::Bind { address: "an inherited socket".to_owned(), source };
        let mut addresses = Vec::new();
        for socket in &sockets {
            socket.set_nonblocking(true).map_err(failed)?;
            addresses.push(socket.local_addr().map_err(failed)?);
        }
        let mut per_worker = Vec::new();
        for _ in 1..workers.max(1) {
            per_worker.push(sockets.iter().map(TcpListener::try_clone).collect::<io::Result<Vec<_>>>().map_err(failed)?);
        }
        per_worker.push(sockets);
        Ok(Listeners { per_worker, addresses })
    }

    /// The addresses, with the ports that were taken.
    pub fn addresses(&self) -> &[SocketAddr] {
        &self.addresses
    }
}

fn socket(address: SocketAddr, v4_too: bool, shared: bool) -> io::Result<Socket> {
    let socket = Socket::new(Domain::for_address(address), Type::STREAM, Some(Protocol::TCP))?;
    // A restart must not wait for the connections of the server before it (TIME_WAIT).
    socket.set_reuse_address(true)?;
    if shared {
        socket.set_reuse_port(true)?;
    }
    if address.is_ipv6() {
        socket.set_only_v6(v4_too)?;
    }
    socket.bind(&address.into())?;
    Ok(socket)
}

fn listen(socket: Socket) -> io::Result<TcpListener> {
    socket.listen(BACKLOG)?;
    socket.set_nonblocking(true)?;
    Ok(socket.into())
}

fn refused(address: SocketAddr, source: io::Error) -> StartError {
    let text = address.to_string();
    if source.kind() == io::ErrorKind::AddrInUse {
        return StartError::Taken { address: text, holder: holder(address.port()).unwrap_or_default() };
    }
    StartError::Bind { address: text, source }
}

/// Who listens on a port, as far as this user may see it (Linux): ` by process 42 (nginx)`.
fn holder(port: u16) -> Option<String> {
    let table_inode = |path: &&str| listening_inode(&fs::read_to_string(path).ok()?, port).map(str::to_owned);
    let inode = ["/proc/net/tcp", "/proc/net/tcp6"].iter().find_map(table_inode)?;
    let wanted = format!("socket:[{inode}]");
    let is_process = |entry: &fs::DirEntry| entry.file_name().to_str().is_some_and(|name| name.parse::<u32>().is_ok());
    for process in fs::read_dir("/proc").ok()?.flatten().filter(is_process) {
        let Ok(descriptors) = fs::read_dir(process.path().join("fd")) else { continue };
        let holds = |entry: fs::DirEntry| fs::read_link(entry.path()).is_ok_and(|link| link.as_os_str() == wanted.as_str());
        if descriptors.flatten().any(holds) {
            let name = fs::read_to_string(process.path().join("comm")).unwrap_or_default();
            return Some(format!(" by process {} ({})", process.file_name().to_string_lossy(), name.trim().escape_debug()));
        }
    }
    None
}

/// The inode of the listening socket (state `0A`) of a port, from the kernel's table.
fn listening_inode(table: &str, port: u16) -> Option<&str> {
    let suffix = format!(":{port:04X}");
    table.lines().skip(1).find_map(|line| {
        let mut fields = line.split_whitespace().skip(1);
        let local = fields.next()?;
        let listening = fields.nth(1)? == "0A";
        (listening && local.ends_with(&suffix)).then(|| fields.nth(5)).flatten()
    })
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test may fail by panicking")]
    use super::*;

    fn any() -> SocketAddr {
        SocketAddr::from(([127, 0, 0, 1], 0))
    }

    #[test]
    fn a_port_that_is_taken_is_refused_and_its_holder_named() {
        for workers in [1, 2] {
            let first = Listeners::bind(&[any()], workers).unwrap();
            let refused = Listeners::bind(first.addresses(), workers).unwrap_err();
            assert_eq!(refused.code(), "KH0101");
            let text = refused.to_string();
            assert!(text.contains(&format!("by process {} (", std::process::id())), "{text}");
        }
    }

    #[test]
    fn workers_share_one_port() {
        let listeners = Listeners::bind(&[any()], 3).unwrap();
        let ports: Vec<_> = listeners.per_worker.iter().map(|sockets| sockets[0].local_addr().unwrap().port()).collect();
        assert_eq!(ports, [listeners.addresses()[0].port(); 3]);
    }

    #[test]
    fn an_inherited_socket_serves_all_workers() {
        let socket = TcpListener::bind(any()).unwrap();
        let address = socket.local_addr().unwrap();
        let listeners = Listeners::adopt(vec![socket], 2).unwrap();
        assert_eq!(listeners.addresses(), [address]);
        assert_eq!(listeners.per_worker.len(), 2);
    }

    #[test]
    fn an_address_that_is_not_ours_is_refused_with_the_reason() {
        let refused = Listeners::bind(&["192.0.2.1:80".parse().unwrap()], 1).unwrap_err();
        assert_eq!(refused.code(), "KH0102");
    }
}
