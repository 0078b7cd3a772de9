//! Secrets that are sought where none may be: logs, answers, files.

use std::collections::HashSet;

/// Bytes of a token that are sought: all of its secret part but the ends, so that a token that was cut is found, too.
const WINDOW: usize = 32;
/// Where a token's secret begins: after the prefix and two identifiers.
const SECRET: usize = 30;

/// The secrets.
#[derive(Default)]
pub struct Canaries {
    phrases: Vec<(String, Vec<u8>)>,
    tokens: HashSet<[u8; WINDOW]>,
}

impl Canaries {
    /// A secret that is sought as it is.
    pub fn phrase(&mut self, name: &str, secret: &str) {
        self.phrases.push((name.to_owned(), secret.as_bytes().to_vec()));
    }

    /// A token, code or session: sought by its secret part.
    pub fn token(&mut self, token: &str) {
        if let Some(window) = token.as_bytes().get(SECRET..SECRET + WINDOW) {
            self.tokens.insert(window.try_into().unwrap_or([0; WINDOW]));
        }
    }

    /// The name of a secret that these bytes hold.
    pub fn find(&self, bytes: &[u8]) -> Option<&str> {
        let phrase = self.phrases.iter().find(|(_, secret)| bytes.windows(secret.len()).any(|part| part == secret.as_slice()));
        if let Some((name, _)) = phrase {
            return Some(name);
        }
        let is_of_token = |byte: &u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_');
        let runs = bytes.split(|byte| !is_of_token(byte)).filter(|run| run.len() >= WINDOW);
        let found = runs.flat_map(|run| run.windows(WINDOW)).any(|part| self.tokens.contains(part));
        found.then_some("token")
    }
}
