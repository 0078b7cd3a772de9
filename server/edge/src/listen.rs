//! Binds the addresses: one socket per address and worker, shared by the kernel (`SO_REUSEPORT`).

use std::fs;
use std::io;
use std::net::{SocketAddr, TcpListener};
use std::os::fd::OwnedFd;

use socket2::{Domain, Protocol, Socket, Type};

use crate::error::StartError;

/// Connections that the kernel holds until they are accepted.
pub(crate) const BACKLOG: u16 = 4096;

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
        Listeners::take(addresses, workers, &mut Vec::new())
    }

    /// The same, but an address that one of the `inherited` sockets listens at already is not bound again: those that fit are
    /// taken out, whoever bound them (a service manager, the process before this one). All of them are accepted from, however
    /// many workers there are: a socket that nobody accepts from would keep its share of the connections waiting.
    ///
    /// # Errors
    /// As [`Listeners::bind`]; [`StartError::Bind`] also when an inherited socket cannot be shared among the workers.
    pub fn take(addresses: &[SocketAddr], workers: usize, inherited: &mut Vec<TcpListener>) -> Result<Listeners, StartError> {
        let mut per_worker: Vec<Vec<TcpListener>> = (0..workers.max(1)).map(|_| Vec::new()).collect();
        let mut bound = Vec::new();
        for wanted in addresses {
            let failed = |error: io::Error| refused(*wanted, error);
            let listens_there = |socket: &mut TcpListener| socket.local_addr().is_ok_and(|address| address == *wanted);
            let kept: Vec<_> = inherited.extract_if(.., listens_there).collect();
            if kept.is_empty() {
                let v4_too = addresses.iter().any(|other| other.is_ipv4() && other.port() == wanted.port());
                bound.push(bind_for(*wanted, v4_too, &mut per_worker).map_err(failed)?);
            } else {
                deal(kept, &mut per_worker).map_err(failed)?;
                bound.push(*wanted);
            }
        }
        Ok(Listeners { per_worker, addresses: bound })
    }

    /// Further descriptors of the same sockets, for the process that will take over. While one of them is open the address
    /// stays taken, and connections that nobody accepts wait.
    ///
    /// # Errors
    /// When no descriptor is free.
    pub fn duplicates(&self) -> io::Result<Vec<OwnedFd>> {
        self.per_worker.iter().flatten().map(|socket| Ok(socket.try_clone()?.into())).collect()
    }

    /// The addresses, with the ports that were taken.
    pub fn addresses(&self) -> &[SocketAddr] {
        &self.addresses
    }
}

/// Binds one address for every worker; says where, which port 0 leaves open.
fn bind_for(wanted: SocketAddr, v4_too: bool, per_worker: &mut [Vec<TcpListener>]) -> io::Result<SocketAddr> {
    let mut address = wanted;
    let shared = per_worker.len() > 1;
    if shared && address.port() != 0 {
        // The probe does not share, so it fails where anybody listens.
        drop(socket(address, v4_too, false)?);
    }
    for sockets in per_worker {
        let listener = socket(address, v4_too, shared).and_then(listen)?;
        address = listener.local_addr()?;
        sockets.push(listener);
    }
    Ok(address)
}

/// Deals the sockets of one address to the workers: each has at least one, and no socket is left over.
fn deal(sockets: Vec<TcpListener>, per_worker: &mut [Vec<TcpListener>]) -> io::Result<()> {
    for socket in &sockets {
        socket.set_nonblocking(true)?;
    }
    for (index, worker) in per_worker.iter_mut().enumerate().skip(sockets.len()) {
        worker.push(sockets[index % sockets.len()].try_clone()?);
    }
    let workers = per_worker.len();
    for (index, socket) in sockets.into_iter().enumerate() {
        per_worker[index % workers].push(socket);
    }
    Ok(())
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
    socket.listen(i32::from(BACKLOG))?;
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
        let listeners = Listeners::take(&[address], 2, &mut vec![socket]).unwrap();
        assert_eq!(listeners.addresses(), [address]);
        assert!(listeners.per_worker.iter().all(|sockets| sockets.len() == 1));
    }

    #[test]
    fn every_inherited_socket_has_a_worker_and_strangers_stay_where_they_are() {
        let before = Listeners::bind(&[any(), any()], 3).unwrap();
        let kept = before.addresses()[1];
        let mut inherited: Vec<TcpListener> = before.duplicates().unwrap().into_iter().map(TcpListener::from).collect();
        let after = Listeners::take(&[kept, any()], 2, &mut inherited).unwrap();
        assert_eq!(inherited.len(), 3, "the other address is not wanted any more");
        let at = |sockets: &Vec<TcpListener>| sockets.iter().filter(|socket| socket.local_addr().unwrap() == kept).count();
        assert_eq!(after.per_worker.iter().map(at).collect::<Vec<_>>(), [2, 1]);
        assert_eq!(after.addresses()[0], kept);
        assert_ne!(after.addresses()[1], before.addresses()[0], "what is not inherited is bound");
    }

    #[test]
    fn an_address_that_is_not_ours_is_refused_with_the_reason() {
        let refused = Listeners::bind(&["192.0.2.1:80".parse().unwrap()], 1).unwrap_err();
        assert_eq!(refused.code(), "KH0102");
    }
}
