//! The server that another one takes over from: it gives its sockets, waits, and learns whether it may stop.

use std::io;
use std::os::fd::OwnedFd;
use std::sync::{Mutex, PoisonError};

use serde_json::{Value, json};
use tokio::io::{AsyncBufRead, AsyncBufReadExt as _, AsyncWriteExt as _, Interest};
use tokio::net::unix::OwnedWriteHalf;
use tokio::sync::watch;

use super::launch::Launch;
use super::{PATIENCE, descriptors};
use crate::admin::Answer;
use crate::failure::{Exit, Failure};

/// What became of whoever wanted to take over.
#[derive(Clone, Debug)]
enum Outcome {
    /// Nobody came yet.
    Nobody,
    /// It did not start.
    Failed(Failure),
    /// It serves.
    Serves(u32),
}

/// The sockets of a server, and who takes them.
pub(crate) struct Handover {
    launch: Option<Launch>,
    /// Descriptors of the sockets that are served; none once the server stops.
    sockets: Mutex<Vec<OwnedFd>>,
    /// One successor at a time.
    taking: tokio::sync::Mutex<()>,
    pub(super) restarting: tokio::sync::Mutex<()>,
    outcome: watch::Sender<Outcome>,
}

impl Handover {
    /// That of a server which was started by `launch`, if it is a process of ours, and listens on `sockets`.
    pub(crate) fn new(launch: Option<Launch>, sockets: Vec<OwnedFd>) -> Handover {
        let outcome = watch::Sender::new(Outcome::Nobody);
        Handover {
            launch,
            sockets: Mutex::new(sockets),
            taking: tokio::sync::Mutex::default(),
            restarting: tokio::sync::Mutex::default(),
            outcome,
        }
    }

    /// Lets go of the sockets: the server stops, and its addresses are free when it has.
    pub(crate) fn let_go(&self) {
        self.sockets.lock().unwrap_or_else(PoisonError::into_inner).clear();
    }

    /// Whether another process serves in our place.
    pub(crate) fn is_done(&self) -> bool {
        matches!(*self.outcome.borrow(), Outcome::Serves(_))
    }

    /// Resolves when another process serves in our place; its process id.
    pub(crate) async fn succeeded(&self) -> u32 {
        let mut outcome = self.outcome.subscribe();
        loop {
            if let Outcome::Serves(process) = *outcome.borrow_and_update() {
                return process;
            }
            if outcome.changed().await.is_err() {
                std::future::pending::<()>().await;
            }
        }
    }

    /// Starts a process like this one and waits until it serves in our place.
    ///
    /// # Errors
    /// Why it does not; then this process serves on.
    pub(crate) async fn restart(&self) -> Result<Value, Failure> {
        let Some(launch) = &self.launch else {
            return Err(Failure::new("KH0170", Exit::Failed, "only `keyhook serve` can start itself anew")
                .help("start a second process of your program that takes over, or stop it and start it again"));
        };
        let Ok(_one) = self.restarting.try_lock() else { return Err(taken()) };
        let mut outcome = self.outcome.subscribe();
        let mut child = launch.start().map_err(|error| failed(format!("{} cannot be started: {error}", launch.shown())))?;
        let told = tokio::select! {
            told = told(&mut outcome) => told,
            status = child.wait() => {
                // What it said last may be on its way still.
                let status = status.map_or_else(|error| error.to_string(), |status| status.to_string());
                tokio::time::timeout(std::time::Duration::from_secs(1), told(&mut outcome)).await
                    .unwrap_or_else(|_| Err(failed(format!("the new process ended before it served: {status}; its messages are in the log"))))
            }
            () = tokio::time::sleep(PATIENCE) => {
                let _ = child.start_kill();
                Err(failed(format!("the new process did not serve within {} s and was ended", PATIENCE.as_secs())))
            }
        };
        if told.is_err() {
            // Its end is waited for, so that it is not left behind as a zombie.
            tokio::spawn(async move { child.wait().await });
        }
        told.map(|process| json!({ "outcome": "restarted", "process": process }))
    }

    /// The conversation with a process that takes over: the sockets go, and whether it serves comes back.
    ///
    /// # Errors
    /// When the connection breaks; then this process serves on.
    pub(crate) async fn hand_over(&self, mut lines: impl AsyncBufRead + Unpin, write: &mut OwnedWriteHalf) -> io::Result<()> {
        let taking = self.taking.try_lock();
        let sockets = self.duplicates()?;
        if taking.is_err() || sockets.is_empty() {
            return send(write, Err(taken())).await;
        }
        send(write, Ok(json!({ "sockets": sockets.len() }))).await?;
        for socket in &sockets {
            let stream = write.as_ref();
            stream.async_io(Interest::WRITABLE, || descriptors::send(stream, socket)).await?;
        }
        drop(sockets);
        let mut line = String::new();
        let word = lines.read_line(&mut line).await;
        match serde_json::from_str::<Answer>(&line).map(Answer::into_result) {
            Ok(Ok(_)) => {
                let process = write.as_ref().peer_cred()?.pid().and_then(|id| u32::try_from(id).ok()).unwrap_or(0);
                tracing::info!(event = "handed_over", process, "another process serves; this one ends what it is answering");
                self.outcome.send_replace(Outcome::Serves(process));
                send(write, Ok(Value::Null)).await
            }
            Ok(Err(failure)) => {
                tracing::error!(event = "refused", code = failure.code(), "the process that wanted to take over did not start: {failure}");
                self.outcome.send_replace(Outcome::Failed(failure));
                Ok(())
            }
            // It ended without a word, or was killed.
            Err(error) => word.and(Err(error.into())),
        }
    }

    fn duplicates(&self) -> io::Result<Vec<OwnedFd>> {
        self.sockets.lock().unwrap_or_else(PoisonError::into_inner).iter().map(OwnedFd::try_clone).collect()
    }
}

/// Waits for the word of the process that takes over.
async fn told(outcome: &mut watch::Receiver<Outcome>) -> Result<u32, Failure> {
    while outcome.changed().await.is_ok() {
        match &*outcome.borrow_and_update() {
            Outcome::Nobody => {}
            Outcome::Failed(failure) => return Err(failure.clone()),
            Outcome::Serves(process) => return Ok(*process),
        }
    }
    std::future::pending().await
}

fn taken() -> Failure {
    Failure::new("KH0172", Exit::Failed, "another process takes over from this server at this moment, or it stops")
        .help("wait a moment, then look at `keyhook status`")
}

fn failed(text: String) -> Failure {
    Failure::new("KH0173", Exit::Failed, text).help("the server that ran goes on; mend what is wrong and try again")
}

async fn send(write: &mut OwnedWriteHalf, result: Result<Value, Failure>) -> io::Result<()> {
    let mut line = serde_json::to_vec(&Answer::from(result))?;
    line.push(b'\n');
    write.write_all(&line).await
}
