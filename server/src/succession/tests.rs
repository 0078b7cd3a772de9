#![allow(clippy::unwrap_used, reason = "a test may fail by panicking")]

use std::io::{Read as _, Write as _};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::os::fd::OwnedFd;
use std::os::unix::net::UnixStream;
use std::sync::Arc;

use super::*;
use crate::running::Running;
use crate::server::Server;
use crate::testing::Folder;

#[test]
fn a_descriptor_arrives_behind_its_line_and_works() {
    let (here, there) = UnixStream::pair().unwrap();
    let socket = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = socket.local_addr().unwrap();
    (&here).write_all(b"a line\n").unwrap();
    descriptors::send(&here, &OwnedFd::from(socket)).unwrap();
    assert_eq!(descriptors::line(&there).unwrap(), "a line");
    let socket = TcpListener::from(descriptors::receive(&there).unwrap());
    assert_eq!(socket.local_addr().unwrap(), address);
    let _client = TcpStream::connect(address).unwrap();
    socket.accept().unwrap();
    (&here).write_all(b"x").unwrap();
    assert!(descriptors::receive(&there).is_err(), "a byte alone brings nothing");
    drop(here);
    assert!(descriptors::line(&there).is_err());
}

async fn start(folder: &Folder, port: u16, takes_over: bool, more: &str) -> Result<Running, crate::failure::Failure> {
    let mut server =
        Server::builder().dev(true).address([127, 0, 0, 1]).port(port).data(folder.path().join("data")).config_text(more).build().unwrap();
    server.takes_over = takes_over;
    server.start().await
}

fn listens(port: u16) -> bool {
    TcpStream::connect(("127.0.0.1", port)).is_ok()
}

#[tokio::test]
async fn a_server_that_takes_over_has_the_address_and_the_admin_socket_and_the_other_one_hears_of_it() {
    let folder = Folder::new();
    let socket = folder.path().join("data").join(crate::admin::SOCKET);
    let first = start(&folder, 0, false, "").await.unwrap();
    let port = first.addresses()[0].port();
    assert_eq!(start(&folder, port, false, "").await.err().unwrap().code(), "KH0101");
    let second = start(&folder, port, true, "").await.unwrap();
    assert_eq!(first.succeeded().await, std::process::id());
    first.stop().await;
    assert!(listens(port) && crate::admin::runs(&socket), "who stops takes nothing along");
    second.stop().await;
    while listens(port) {
        tokio::task::yield_now().await;
    }
    assert!(!socket.exists());
}

#[tokio::test]
async fn a_server_that_fails_to_take_over_harms_nobody() {
    let folder = Folder::new();
    let first = start(&folder, 0, false, "").await.unwrap();
    let port = first.addresses()[0].port();
    let broken = "[keys]\nmaster_file = \"/nowhere/at/all/key\"\n";
    let refused = start(&folder, port, true, broken).await.err().unwrap();
    assert!(refused.code().starts_with("KH06"), "{refused}");
    assert!(listens(port));
    // And the next one may.
    let second = start(&folder, port, true, "").await.unwrap();
    first.stop().await;
    second.stop().await;
}

/// The status of the readiness check.
fn ready(address: SocketAddr) -> String {
    let mut stream = TcpStream::connect(address).unwrap();
    stream.set_read_timeout(Some(Duration::from_secs(10))).unwrap();
    stream.write_all(b"GET /health/ready HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n").unwrap();
    let mut text = String::new();
    stream.read_to_string(&mut text).unwrap();
    text.split(' ').nth(1).unwrap_or_default().to_owned()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn while_the_old_one_drains_the_new_one_alone_says_whether_it_is_ready() {
    let folder = Folder::new();
    let management = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let more = format!("[management]\nlisten = \"{management}\"\n");
    let first = start(&folder, 0, false, &more).await.unwrap();
    let port = first.addresses()[0].port();
    let mut slow = TcpStream::connect(("127.0.0.1", port)).unwrap();
    let head = format!("POST /token HTTP/1.1\r\nHost: localhost:{port}\r\nExpect: 100-continue\r\nContent-Length: 9\r\n\r\n");
    slow.write_all(head.as_bytes()).unwrap();
    // Asked for its body, it is being served.
    let mut go_on = [0; 25];
    slow.set_read_timeout(Some(Duration::from_secs(10))).unwrap();
    slow.read_exact(&mut go_on).unwrap();
    assert_eq!(&go_on[..12], b"HTTP/1.1 100");
    let second = start(&folder, port, true, &more).await.unwrap();
    first.succeeded().await;
    let stopping = tokio::spawn(first.stop());
    let asked = tokio::task::spawn_blocking(move || {
        // The first accepts for a moment still.
        assert!((0..1000).any(|_| ready(management) == "200"));
        (0..50).map(|_| ready(management)).collect::<Vec<_>>()
    });
    assert_eq!(asked.await.unwrap(), vec!["200"; 50]);
    assert!(!stopping.is_finished(), "it waits for the request");
    slow.write_all(b"grant=abc").unwrap();
    assert!(stopping.await.unwrap());
    second.stop().await;
}

#[tokio::test]
async fn a_restart_tells_why_there_is_none() {
    let nobody = Handover::new(None, Vec::new());
    assert_eq!(nobody.restart().await.unwrap_err().code(), "KH0170");
    let missing = Handover::new(Some(Launch::of("/nowhere/keyhook")), Vec::new());
    assert!(missing.restart().await.unwrap_err().to_string().contains("/nowhere/keyhook"));
    let short = Handover::new(Some(Launch::of("true")), Vec::new());
    let told = short.restart().await.unwrap_err();
    assert!(told.code() == "KH0173" && told.to_string().contains("exit status: 0"), "{told}");
    // Two at a time would be one too many.
    let long = Arc::new(Handover::new(Some(Launch::of("cat")), Vec::new()));
    let held = long.restarting.try_lock().unwrap();
    assert_eq!(long.restart().await.unwrap_err().code(), "KH0172");
    drop(held);
}
