//! One descriptor per byte over a Unix socket (`SCM_RIGHTS`, unix(7)), and lines read so that no descriptor is lost.

use std::io::{self, IoSlice, IoSliceMut};
use std::mem::MaybeUninit;
use std::os::fd::{AsFd, OwnedFd};
use std::os::unix::net::UnixStream;

use rustix::net::{
    RecvAncillaryBuffer, RecvAncillaryMessage, RecvFlags, SendAncillaryBuffer, SendAncillaryMessage, SendFlags, recvmsg, sendmsg,
};

/// What travels with a descriptor: a stream carries none without a byte.
const BYTE: [u8; 1] = [b'F'];

/// Sends one descriptor.
///
/// # Errors
/// What the socket says; `WouldBlock` when it is full and does not block.
pub(super) fn send(stream: impl AsFd, descriptor: &OwnedFd) -> io::Result<()> {
    let descriptors = [descriptor.as_fd()];
    let mut space = [MaybeUninit::uninit(); rustix::cmsg_space!(ScmRights(1))];
    let mut control = SendAncillaryBuffer::new(&mut space);
    if !control.push(SendAncillaryMessage::ScmRights(&descriptors)) {
        return Err(io::Error::other("no room for a descriptor"));
    }
    sendmsg(stream, &[IoSlice::new(&BYTE)], &mut control, SendFlags::NOSIGNAL)?;
    Ok(())
}

/// Receives one descriptor. It is not inherited by programs that this one starts.
///
/// # Errors
/// When the other end closed, or sent something else.
pub(super) fn receive(stream: &UnixStream) -> io::Result<OwnedFd> {
    let mut byte = [0; 1];
    let mut space = [MaybeUninit::uninit(); rustix::cmsg_space!(ScmRights(1))];
    let mut control = RecvAncillaryBuffer::new(&mut space);
    recvmsg(stream, &mut [IoSliceMut::new(&mut byte)], &mut control, RecvFlags::CMSG_CLOEXEC)?;
    let mut received = control.drain().filter_map(|message| match message {
        RecvAncillaryMessage::ScmRights(descriptors) => Some(descriptors),
        _ => None,
    });
    received.next().and_then(|mut descriptors| descriptors.next()).ok_or_else(|| io::Error::other("the sockets did not come along"))
}

/// Reads a line and not a byte more: what is read past a descriptor loses it.
///
/// # Errors
/// When the other end closed before the line's end, or sends no line at all.
pub(super) fn line(mut stream: &UnixStream) -> io::Result<String> {
    use std::io::Read as _;
    let (mut line, mut byte) = (Vec::new(), [0; 1]);
    while line.len() < 64 * 1024 {
        stream.read_exact(&mut byte)?;
        if byte == *b"\n" {
            return String::from_utf8(line).map_err(io::Error::other);
        }
        line.push(byte[0]);
    }
    Err(io::Error::other("an endless line"))
}
