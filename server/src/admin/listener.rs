//! The server's end of the admin socket.

use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use tokio::io::{AsyncBufReadExt as _, AsyncReadExt as _, AsyncWriteExt as _, BufReader};
use tokio::net::{UnixListener, UnixStream};
use tokio::task::JoinHandle;

use super::wire::{Answer, LONGEST};
use crate::failure::{Exit, Failure};
use crate::operations::{Desk, Operation};

/// The socket while the server runs; the file goes when this is dropped.
pub(crate) struct AdminSocket {
    path: PathBuf,
    accepting: JoinHandle<()>,
}

impl AdminSocket {
    /// Listens at `path`. A socket that nobody answers is replaced.
    ///
    /// # Errors
    /// When another server answers there, or the folder cannot be written.
    pub(crate) async fn listen(path: &Path, desk: Arc<Desk>) -> Result<AdminSocket, Failure> {
        let shown = path.display();
        if UnixStream::connect(path).await.is_ok() {
            let text = format!("another server already runs on this data folder (it answers at {shown})");
            return Err(Failure::new("KH0155", Exit::Failed, text).help(
                "stop it, or give this one a folder of its own: `keyhook dev --folder FOLDER`, or `data` in [server] for `keyhook serve`",
            ));
        }
        let failed =
            |error: std::io::Error| Failure::new("KH0156", Exit::Failed, format!("the admin socket {shown} cannot be made: {error}"));
        match std::fs::remove_file(path) {
            Err(error) if error.kind() != std::io::ErrorKind::NotFound => return Err(failed(error)),
            _ => {}
        }
        let listener = UnixListener::bind(path).map_err(failed)?;
        std::fs::set_permissions(path, std::fs::Permissions::from_mode(0o600)).map_err(failed)?;
        let accepting = tokio::spawn(accept(listener, desk));
        Ok(AdminSocket { path: path.to_path_buf(), accepting })
    }
}

impl Drop for AdminSocket {
    fn drop(&mut self) {
        self.accepting.abort();
        let _ = std::fs::remove_file(&self.path);
    }
}

async fn accept(listener: UnixListener, desk: Arc<Desk>) {
    loop {
        match listener.accept().await {
            Ok((stream, _)) => {
                let desk = Arc::clone(&desk);
                tokio::spawn(async move {
                    if let Err(error) = converse(stream, &desk).await {
                        tracing::debug!(%error, "an admin connection ended");
                    }
                });
            }
            Err(error) => {
                tracing::warn!(%error, "the admin socket cannot accept");
                tokio::time::sleep(std::time::Duration::from_millis(100)).await;
            }
        }
    }
}

async fn converse(stream: UnixStream, desk: &Desk) -> std::io::Result<()> {
    let peer = stream.peer_cred()?.uid();
    let (read, mut write) = stream.into_split();
    if !admitted(peer) {
        let refusal = Failure::new("KH0159", Exit::NotPermitted, format!("user {peer} may not administer this server"));
        return send(&mut write, Err(refusal.help("run the command as the server's user or as root"))).await;
    }
    let mut lines = BufReader::new(read.take(LONGEST));
    let mut line = String::new();
    while lines.read_line(&mut line).await? > 0 {
        let result = match serde_json::from_str::<Operation>(&line) {
            Ok(operation) => operation.perform(desk).await,
            Err(error) => Err(Failure::new("KH0160", Exit::Usage, format!("the server does not understand the request: {error}"))
                .help("command line and server must be of one version")),
        };
        send(&mut write, result).await?;
        line.clear();
        lines.get_mut().set_limit(LONGEST);
    }
    Ok(())
}

/// Whether a user may administer: the server's own, or root.
fn admitted(peer: u32) -> bool {
    peer == 0 || peer == rustix::process::geteuid().as_raw()
}

async fn send(write: &mut (impl tokio::io::AsyncWrite + Unpin), result: Result<serde_json::Value, Failure>) -> std::io::Result<()> {
    let mut line = serde_json::to_vec(&Answer::from(result))?;
    line.push(b'\n');
    write.write_all(&line).await
}
