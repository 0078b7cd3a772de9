//! A cable between a server and its database, which a test can cut and mend: a relay on a port of its own.

use std::io::{Read, Write};
use std::net::{Ipv4Addr, Shutdown, SocketAddr, TcpListener, TcpStream};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};

/// The cable. It ends with the process.
pub struct Cable {
    /// Where it is entered.
    pub port: u16,
    cut: Arc<AtomicBool>,
    open: Arc<Mutex<Vec<TcpStream>>>,
}

impl Cable {
    /// A cable that leads to a port of this machine.
    pub fn to(port: u16) -> Cable {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
        let cable = Cable { port: listener.local_addr().unwrap().port(), cut: Arc::default(), open: Arc::default() };
        let (cut, open) = (Arc::clone(&cable.cut), Arc::clone(&cable.open));
        std::thread::spawn(move || {
            for near in listener.incoming().map_while(Result::ok) {
                if !cut.load(Ordering::SeqCst)
                    && let Ok(far) = TcpStream::connect(SocketAddr::from((Ipv4Addr::LOCALHOST, port)))
                {
                    relay(&near, &far);
                    relay(&far, &near);
                    open.lock().unwrap().extend([near, far]);
                }
            }
        });
        cable
    }

    /// Breaks every connection and lets no new one through.
    pub fn cut(&self) {
        self.cut.store(true, Ordering::SeqCst);
        for end in self.open.lock().unwrap().drain(..) {
            let _ = end.shutdown(Shutdown::Both);
        }
    }

    /// Lets connections through again.
    pub fn mend(&self) {
        self.cut.store(false, Ordering::SeqCst);
    }
}

fn relay(from: &TcpStream, to: &TcpStream) {
    let (mut from, mut to) = (from.try_clone().unwrap(), to.try_clone().unwrap());
    let _ = (from.set_nodelay(true), to.set_nodelay(true));
    std::thread::spawn(move || {
        let mut bytes = [0; 16384];
        while let Ok(count @ 1..) = from.read(&mut bytes) {
            if to.write_all(&bytes[..count]).is_err() {
                break;
            }
        }
        let _ = (from.shutdown(Shutdown::Both), to.shutdown(Shutdown::Both));
    });
}
