//! Reads a new password: asked for twice on a terminal that does not echo, or from standard input when a script says so.

use std::fs::File;
use std::io::{BufRead, BufReader, IsTerminal as _, Read, Write as _};

use keyhook_core::secret::Secret;
use rustix::termios::{LocalModes, OptionalActions, Termios, tcgetattr, tcsetattr};

use crate::failure::{Exit, Failure};

/// Longest line that is read, in bytes.
const LONGEST: u64 = 4096;

/// # Errors
/// `KH0311` when there is nobody to ask, `KH0312` when the two entries differ, `KH0313` when none came.
pub(crate) fn read(from_stdin: bool, user: &str) -> Result<Secret<String>, Failure> {
    if from_stdin {
        return line(std::io::stdin().lock());
    }
    let nobody = |why: String| {
        Failure::new("KH0311", Exit::Usage, format!("the password cannot be asked for: {why}"))
            .help("give it on standard input with --password-stdin")
    };
    let terminal = File::options().read(true).write(true).open("/dev/tty").map_err(|error| nobody(error.to_string()))?;
    if !terminal.is_terminal() || !std::io::stdin().is_terminal() {
        return Err(nobody("standard input is not a terminal".to_owned()));
    }
    let first = ask(&terminal, &format!("Password for {}: ", user.escape_debug())).map_err(|error| nobody(error.to_string()))?;
    let second = ask(&terminal, "The same again: ").map_err(|error| nobody(error.to_string()))?;
    if first.expose() == second.expose() {
        return line(first.expose().as_bytes());
    }
    Err(Failure::new("KH0312", Exit::Usage, "the two passwords differ; nothing was changed").help("try again"))
}

/// The first line, without its end.
fn line(from: impl BufRead) -> Result<Secret<String>, Failure> {
    let mut text = String::new();
    let read = from.take(LONGEST + 1).read_line(&mut text);
    let trimmed = text.trim_end_matches(['\n', '\r']).to_owned();
    if read.is_err() || trimmed.is_empty() || trimmed.len() as u64 > LONGEST {
        let failure = Failure::new("KH0313", Exit::Usage, "no password came: it must be one line of UTF-8, not empty");
        return Err(failure.help("printf '%s\\n' \"$PASSWORD\" | keyhook user add NAME --password-stdin"));
    }
    Ok(Secret::new(trimmed))
}

/// Puts the terminal back, also when reading fails.
struct Quiet<'a> {
    terminal: &'a File,
    before: Termios,
}

impl Drop for Quiet<'_> {
    fn drop(&mut self) {
        let _ = tcsetattr(self.terminal, OptionalActions::Flush, &self.before);
    }
}

fn ask(terminal: &File, prompt: &str) -> std::io::Result<Secret<String>> {
    let before = tcgetattr(terminal)?;
    let mut silent = before.clone();
    silent.local_modes -= LocalModes::ECHO;
    silent.local_modes |= LocalModes::ECHONL;
    tcsetattr(terminal, OptionalActions::Flush, &silent)?;
    let _quiet = Quiet { terminal, before };
    let mut out = terminal;
    out.write_all(prompt.as_bytes())?;
    let mut text = String::new();
    BufReader::new(terminal.take(LONGEST + 1)).read_line(&mut text)?;
    Ok(Secret::new(text))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_line_is_the_password_without_its_end() {
        assert_eq!(line(&b"correct horse\r\nmore"[..]).unwrap().expose(), "correct horse");
        assert_eq!(line(&b"no end"[..]).unwrap().expose(), "no end");
    }

    #[test]
    fn nothing_and_what_is_no_text_is_refused() {
        for bad in [&b""[..], b"\n", b"\xff\xfe\n", &[b'x'; 5000]] {
            assert_eq!(line(bad).unwrap_err().code(), "KH0313");
        }
    }
}
