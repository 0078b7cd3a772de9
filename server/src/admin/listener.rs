//! The server's end of the admin socket.

use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use tokio::io::{AsyncBufReadExt as _, AsyncReadExt as _, AsyncWriteExt as _, BufReader};
use tokio::net::{UnixListener, UnixStream};
use tokio::sync::{Notify, mpsc};
use tokio::task::JoinHandle;

use super::wire::{Answer, LONGEST};
use crate::failure::{Exit, Failure};
use crate::operations::{Desk, Operation};
use crate::succession::Handover;

/// The socket while the server runs; the file goes when this is dropped.
pub(crate) struct AdminSocket {
    path: PathBuf,
    /// The file's number: another process may have put its own in this place.
    inode: u64,
    accepting: JoinHandle<()>,
    stop: Arc<Notify>,
    answering: mpsc::Receiver<()>,
}

/// What conversations need.
struct Office {
    desk: Desk,
    handover: Arc<Handover>,
    /// Held until something is answered.
    answering: mpsc::Sender<()>,
}

impl AdminSocket {
    /// Listens beside `path`, where nobody looks yet.
    ///
    /// # Errors
    /// When the folder cannot be written; unless `takes_over`, when another server answers at `path`.
    pub(crate) async fn listen(path: &Path, desk: Desk, handover: Arc<Handover>, takes_over: bool) -> Result<AdminSocket, Failure> {
        let shown = path.display();
        if !takes_over && UnixStream::connect(path).await.is_ok() {
            let text = format!("another server already runs on this data folder (it answers at {shown})");
            return Err(Failure::new("KH0155", Exit::Failed, text).help(
                "stop it, or give this one a folder of its own: `keyhook dev --folder FOLDER`, or `data` in [server] for `keyhook serve`",
            ));
        }
        let failed = |error| unusable(path, &error);
        let beside = path.with_extension(format!("{}.sock", std::process::id()));
        remove(&beside).map_err(failed)?;
        let listener = UnixListener::bind(&beside).map_err(failed)?;
        std::fs::set_permissions(&beside, std::fs::Permissions::from_mode(0o600)).map_err(failed)?;
        let inode = std::fs::metadata(&beside).map_err(failed)?.ino();
        let (answering, answered) = mpsc::channel(1);
        let stop = Arc::<Notify>::default();
        let accepting = tokio::spawn(accept(listener, Arc::new(Office { desk, handover, answering }), Arc::clone(&stop)));
        Ok(AdminSocket { path: beside, inode, accepting, stop, answering: answered })
    }

    /// Takes the place at `path`, from one moment to the next. What lies there is replaced.
    ///
    /// # Errors
    /// When the folder cannot be written.
    pub(crate) fn publish(&mut self, path: &Path) -> Result<(), Failure> {
        std::fs::rename(&self.path, path).map_err(|error| unusable(path, &error))?;
        self.path = path.to_path_buf();
        Ok(())
    }

    /// Hears only those who came already, and waits a moment until what they asked is answered.
    pub(crate) async fn finish(mut self) {
        self.stop.notify_one();
        // The accepting task holds a sender until it is gone, every answer under way another one.
        let _ = tokio::time::timeout(std::time::Duration::from_secs(1), self.answering.recv()).await;
    }
}

impl Drop for AdminSocket {
    fn drop(&mut self) {
        self.accepting.abort();
        if std::fs::metadata(&self.path).is_ok_and(|found| found.ino() == self.inode) {
            let _ = std::fs::remove_file(&self.path);
        }
    }
}

fn unusable(path: &Path, error: &std::io::Error) -> Failure {
    Failure::new("KH0156", Exit::Failed, format!("the admin socket {} cannot be made: {error}", path.display()))
}

fn remove(path: &Path) -> std::io::Result<()> {
    match std::fs::remove_file(path) {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => Err(error),
        _ => Ok(()),
    }
}

async fn accept(listener: UnixListener, office: Arc<Office>, stop: Arc<Notify>) {
    loop {
        let accepted = tokio::select! {
            // Who waits in the queue is heard before the stop: another process may have the place already.
            biased;
            accepted = listener.accept() => accepted,
            () = stop.notified() => return,
        };
        match accepted {
            Ok((stream, _)) => {
                let office = Arc::clone(&office);
                tokio::spawn(async move {
                    if let Err(error) = converse(stream, office).await {
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

async fn converse(stream: UnixStream, office: Arc<Office>) -> std::io::Result<()> {
    let peer = stream.peer_cred()?.uid();
    let (read, mut write) = stream.into_split();
    if !admitted(peer) {
        let refusal = Failure::new("KH0159", Exit::NotPermitted, format!("user {peer} may not administer this server"));
        return send(&mut write, Err(refusal.help("run the command as the server's user or as root"))).await;
    }
    let mut lines = BufReader::new(read.take(LONGEST));
    let mut line = String::new();
    // A stopping server owes one answer to whoever came, and waits for no other question.
    let (later, mut office) = (Arc::downgrade(&office), Some(office));
    while lines.read_line(&mut line).await? > 0 {
        let Some(office) = office.take().or_else(|| later.upgrade()) else { return Ok(()) };
        let _answering = office.answering.clone();
        let result = match serde_json::from_str::<Operation>(&line) {
            Ok(Operation::HandOver {}) => {
                lines.get_mut().set_limit(LONGEST);
                return office.handover.hand_over(lines, &mut write).await;
            }
            Ok(Operation::Restart {}) => office.handover.restart().await,
            Ok(operation) => operation.perform(&office.desk).await,
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
