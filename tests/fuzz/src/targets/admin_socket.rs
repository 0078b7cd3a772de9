//! The admin socket: every line gets one line of JSON back, done or refused with a code, and no line costs the server its life.

use std::io::{BufRead as _, BufReader, Write as _};
use std::os::unix::net::UnixStream;
use std::path::PathBuf;
use std::sync::{LazyLock, Mutex};
use std::time::Duration;

use keyhook_tests::local::Local;
use keyhook_tests::scratch::Scratch;
use serde_json::Value;

struct Place {
    _local: Local,
    _folder: Scratch,
    socket: PathBuf,
    talk: Mutex<Option<BufReader<UnixStream>>>,
}

static PLACE: LazyLock<Place> = LazyLock::new(|| {
    let folder = Scratch::new("fuzz-admin");
    let local = Local::bare(|builder| builder.data(folder.path()));
    let socket = folder.join("admin.sock");
    Place { _local: local, _folder: folder, socket, talk: Mutex::new(None) }
});

/// An input is a line that somebody sends.
pub fn check(data: &[u8]) {
    let line = data.split(|byte| *byte == b'\n').next().unwrap_or_default();
    let place = &*PLACE;
    let mut talk = place.talk.lock().unwrap();
    let stream = talk.get_or_insert_with(|| {
        let stream = UnixStream::connect(&place.socket).unwrap();
        stream.set_read_timeout(Some(Duration::from_secs(30))).unwrap();
        BufReader::new(stream)
    });
    stream.get_mut().write_all(&[line, b"\n"].concat()).unwrap();
    let mut answer = String::new();
    stream.read_line(&mut answer).unwrap();
    if std::str::from_utf8(line).is_err() {
        // What is no text ends the conversation, without an answer.
        assert_eq!(answer, "");
        *talk = None;
        return;
    }
    answered(line, &answer);
}

fn answered(line: &[u8], answer: &str) {
    let said: Value = serde_json::from_str(answer).unwrap();
    let asked = serde_json::from_slice::<Value>(line).ok();
    let command = asked.as_ref().and_then(|asked| asked["command"].as_str()).unwrap_or_default();
    match (said.get("ok"), said.get("error")) {
        (Some(_), None) => {
            assert!(!command.is_empty(), "nothing was asked and something was done: {answer}");
            assert!(!answer.contains("argon2id"), "{answer}");
            // A client's secret is shown where it was made and nowhere else.
            assert!(!answer.contains("\"khx_") || ["client.add", "client.update"].contains(&command), "{answer}");
        }
        (None, Some(error)) => {
            let code = error["code"].as_str().unwrap();
            assert!(code.len() == 6 && code.starts_with("KH"), "{answer}");
            assert!((1..=7).contains(&error["exit"].as_u64().unwrap()) && !error["text"].as_str().unwrap().is_empty(), "{answer}");
        }
        _ => panic!("{answer}"),
    }
}
