//! Sockets that a service manager bound before it started us (`sd_listen_fds(3)`).

use std::net::TcpListener;

use listenfd::ListenFd;

use crate::failure::{Exit, Failure};

/// The sockets of `LISTEN_FDS`, if they are meant for this process.
///
/// # Errors
/// When one of them is no TCP socket.
pub(crate) fn sockets() -> Result<Vec<TcpListener>, Failure> {
    let mut handed = ListenFd::from_env();
    let mut sockets = Vec::new();
    for index in 0..handed.len() {
        let socket = handed.take_tcp_listener(index).map_err(|error| {
            Failure::new("KH0104", Exit::Configuration, format!("a socket of the service manager cannot be used: {error}"))
                .help("the .socket unit has `ListenStream=` with addresses and ports, nothing else")
        })?;
        sockets.extend(socket);
    }
    Ok(sockets)
}

/// A socket that nobody accepts from would leave its clients waiting without an end.
///
/// # Errors
/// When one is left over.
pub(crate) fn refuse_strangers(left: &[TcpListener]) -> Result<(), Failure> {
    let Some(socket) = left.first() else { return Ok(()) };
    let address = socket.local_addr().map_or_else(|error| error.to_string(), |address| address.to_string());
    let text =
        format!("the service manager hands a socket over that listens at {address}, and the configuration does not name that address");
    Err(Failure::new("KH0104", Exit::Configuration, text)
        .help("let `ListenStream=` of the .socket unit and `listen` of [server] and [management] say the same"))
}
