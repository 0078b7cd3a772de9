//! The log of this process, kept for a test to look at.

use std::io::Write;
use std::sync::{Mutex, OnceLock, PoisonError};

use tracing_subscriber::fmt::MakeWriter;

static LINES: OnceLock<Mutex<Vec<String>>> = OnceLock::new();

/// Begins to keep what this process logs, one JSON object an event with the spans around it. May be called many times.
pub fn start() {
    LINES.get_or_init(|| {
        let _ =
            tracing_subscriber::fmt().json().with_max_level(tracing_subscriber::filter::LevelFilter::INFO).with_writer(Lines).try_init();
        Mutex::default()
    });
}

/// The lines so far that contain `text`.
pub fn lines_with(text: &str) -> Vec<String> {
    let lines = LINES.get().unwrap().lock().unwrap_or_else(PoisonError::into_inner);
    lines.iter().filter(|line| line.contains(text)).cloned().collect()
}

struct Lines;

impl Write for Lines {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        if let Some(lines) = LINES.get() {
            lines.lock().unwrap_or_else(PoisonError::into_inner).push(String::from_utf8_lossy(bytes).into_owned());
        }
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

impl<'a> MakeWriter<'a> for Lines {
    type Writer = Lines;

    fn make_writer(&'a self) -> Lines {
        Lines
    }
}
