//! Connections by the thousand, from several addresses of this machine, each held in a way that costs its owner nothing.

use std::io::{ErrorKind, Read as _, Write as _};
use std::net::{Ipv4Addr, SocketAddr, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::thread::JoinHandle;
use std::time::Duration;

use socket2::{Domain, Protocol, Socket, Type};

use crate::h2::{Frames, INITIAL_WINDOW_SIZE};

const DOCUMENT: &str = "/.well-known/oauth-authorization-server";
/// Threads that hold the connections.
const HOLDERS: usize = 4;
/// Requests that a slow reader and a client without a window ask for.
const UNREAD: u32 = 16;

/// A way to hold a connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Hold {
    /// Says nothing.
    Silent,
    /// Sends its head byte by byte.
    SlowHead,
    /// Sends its body byte by byte.
    SlowBody,
    /// Asks and reads no answer.
    SlowRead,
    /// Had an answer and waits.
    KeptAlive,
    /// HTTP/2: asks, and opens no window for the answers.
    NoWindow,
}

/// All the ways.
pub const EVERY_WAY: [Hold; 6] = [Hold::Silent, Hold::SlowHead, Hold::SlowBody, Hold::SlowRead, Hold::KeptAlive, Hold::NoWindow];

/// A connection from 127.0.0.2 and the addresses after it.
///
/// # Errors
/// When it cannot be made.
pub fn connect(to: SocketAddr, from: usize) -> std::io::Result<TcpStream> {
    let socket = Socket::new(Domain::IPV4, Type::STREAM, Some(Protocol::TCP))?;
    let last = u8::try_from(2 + from % 200).unwrap();
    socket.bind(&SocketAddr::from((Ipv4Addr::new(127, 0, 0, last), 0)).into())?;
    socket.set_recv_buffer_size(4096)?;
    socket.connect_timeout(&to.into(), Duration::from_secs(10))?;
    Ok(socket.into())
}

/// Opens a connection and begins to hold it.
///
/// # Errors
/// When the server does not take it.
pub fn hold(how: Hold, to: SocketAddr, host: &str, from: usize) -> std::io::Result<TcpStream> {
    let mut stream = connect(to, from)?;
    let get = format!("GET {DOCUMENT} HTTP/1.1\r\nHost: {host}\r\n\r\n");
    match how {
        Hold::Silent => {}
        Hold::SlowHead => stream.write_all(format!("GET {DOCUMENT} HTTP/1.1\r\nHost: {host}\r\nX-Slow: ").as_bytes())?,
        Hold::SlowBody => stream.write_all(
            format!(
                "POST /token HTTP/1.1\r\nHost: {host}\r\nContent-Type: application/x-www-form-urlencoded\r\nContent-Length: 5000\r\n\r\n"
            )
            .as_bytes(),
        )?,
        Hold::SlowRead => stream.write_all(get.repeat(UNREAD as usize).as_bytes())?,
        Hold::KeptAlive => {
            stream.write_all(get.as_bytes())?;
            stream.set_read_timeout(Some(Duration::from_secs(30)))?;
            let mut chunk = [0; 4096];
            if stream.read(&mut chunk)? == 0 {
                return Err(ErrorKind::UnexpectedEof.into());
            }
        }
        Hold::NoWindow => {
            let mut frames = Frames::over(stream.try_clone()?, host, &[(INITIAL_WINDOW_SIZE, 0)]);
            let asked: Vec<u8> = (0..UNREAD).flat_map(|number| frames.get(2 * number + 1, DOCUMENT)).collect();
            frames.write(&asked)?;
        }
    }
    stream.set_nonblocking(true)?;
    Ok(stream)
}

/// So many connections that are held, and opened anew when the server ends them.
pub struct Crowd {
    stop: Arc<AtomicBool>,
    held: Arc<AtomicUsize>,
    threads: Vec<JoinHandle<usize>>,
}

impl Crowd {
    /// Begins to hold `count` connections, in every way there is.
    pub fn gather(count: usize, to: SocketAddr, host: &str) -> Crowd {
        let (stop, held) = (Arc::<AtomicBool>::default(), Arc::<AtomicUsize>::default());
        let threads = (0..HOLDERS).map(|holder| {
            let (stop, held, host) = (Arc::clone(&stop), Arc::clone(&held), host.to_owned());
            std::thread::spawn(move || keep((holder..count).step_by(HOLDERS).collect(), to, &host, &stop, &held))
        });
        let threads = threads.collect();
        Crowd { stop, held, threads }
    }

    /// How many are open now.
    pub fn held(&self) -> usize {
        self.held.load(Ordering::Relaxed)
    }

    /// Lets go; how many were opened in all.
    pub fn leave(self) -> usize {
        self.stop.store(true, Ordering::Relaxed);
        self.threads.into_iter().map(|thread| thread.join().unwrap()).sum()
    }
}

fn keep(numbers: Vec<usize>, to: SocketAddr, host: &str, stop: &AtomicBool, held: &AtomicUsize) -> usize {
    let mut opened = 0;
    let mut streams: Vec<(usize, Option<TcpStream>)> = numbers.into_iter().map(|number| (number, None)).collect();
    while !stop.load(Ordering::Relaxed) {
        for (number, stream) in &mut streams {
            let how = EVERY_WAY[*number % EVERY_WAY.len()];
            if stream.as_mut().is_some_and(|stream| !is_open(stream, how)) {
                *stream = None;
                held.fetch_sub(1, Ordering::Relaxed);
            }
            if stream.is_none() && !stop.load(Ordering::Relaxed) {
                *stream = hold(how, to, host, *number).ok();
                opened += usize::from(stream.is_some());
                held.fetch_add(usize::from(stream.is_some()), Ordering::Relaxed);
            }
        }
        // A byte of each slow client some times a second is slow enough.
        (0..20).for_each(|_| crate::binary::pause());
    }
    opened
}

/// Sends the next byte of a slow client, and says whether the server still has the connection.
fn is_open(stream: &mut TcpStream, how: Hold) -> bool {
    if matches!(how, Hold::SlowHead | Hold::SlowBody) && stream.write(b"a").is_err_and(|error| error.kind() != ErrorKind::WouldBlock) {
        return false;
    }
    if how == Hold::SlowRead {
        return true;
    }
    match stream.read(&mut [0; 64]) {
        Ok(count) => count > 0,
        Err(error) => error.kind() == ErrorKind::WouldBlock,
    }
}
