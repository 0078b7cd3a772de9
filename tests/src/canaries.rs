//! Secrets that a test plants, and the search for them in whatever a server writes: as they are and in every coat they could wear.

use std::path::Path;

use keyhook_core::crypto::sha256;
use memchr::memmem;

use crate::flow::base64url;
use crate::http::{base64, encode};

/// Secrets by name.
#[derive(Clone, Debug, Default)]
pub struct Canaries(Vec<Canary>);

#[derive(Clone, Debug)]
struct Canary {
    name: &'static str,
    needles: Vec<Vec<u8>>,
    hash: [u8; 32],
}

/// Length of a token: prefix, base64url of ids (16 bytes) and secret (32 bytes), checksum.
const TOKEN: usize = 74;

impl Canaries {
    /// None.
    pub fn new() -> Canaries {
        Canaries::default()
    }

    /// Plants a secret. Of a token the ids, which are no secret, are not sought.
    pub fn plant(&mut self, name: &'static str, secret: &str) {
        let canary =
            if secret.starts_with("kh") && secret.len() == TOKEN { Canary::token(name, secret) } else { Canary::text(name, secret) };
        assert!(canary.needles.iter().all(|needle| needle.len() > 7), "{name} is too short to be told from chance");
        self.0.push(canary);
    }

    /// Plants bytes, such as those of a key.
    pub fn plant_bytes(&mut self, name: &'static str, secret: &[u8]) {
        self.0.push(Canary { name, needles: coats(secret), hash: sha256(secret) });
    }

    /// How many there are.
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The first secret that is in there, with what stands around it.
    pub fn found_in(&self, bytes: &[u8]) -> Option<String> {
        self.0.iter().find_map(|canary| {
            let at = canary.needles.iter().find_map(|needle| memmem::find(bytes, needle))?;
            let around = &bytes[at.saturating_sub(200)..(at + 80).min(bytes.len())];
            Some(format!("the {}: …{}…", canary.name, String::from_utf8_lossy(around)))
        })
    }

    /// Fails if a secret is in there.
    pub fn assert_absent(&self, place: &str, bytes: &[u8]) {
        if let Some(found) = self.found_in(bytes) {
            panic!("{place} holds {found}");
        }
    }

    /// Fails if a secret is in a file of a folder or below it; how many files were looked at.
    pub fn assert_absent_from_files(&self, folder: &Path) -> usize {
        files(folder).iter().map(|(path, bytes)| self.assert_absent(&path.display().to_string(), bytes)).count()
    }

    /// The names of those whose SHA-256 is in a file of the folder: what was kept in their place.
    pub fn kept_as_hashes(&self, folder: &Path) -> Vec<&'static str> {
        let files = files(folder);
        let kept =
            |canary: &&Canary| coats(&canary.hash).iter().any(|hash| files.iter().any(|(_, file)| memmem::find(file, hash).is_some()));
        self.0.iter().filter(kept).map(|canary| canary.name).collect()
    }
}

impl Canary {
    fn text(name: &'static str, secret: &str) -> Canary {
        let mut needles = coats(secret.as_bytes());
        needles.push(encode(secret).into_bytes());
        needles.push(serde_json::to_string(secret).unwrap().trim_matches('"').as_bytes().to_vec());
        Canary { name, needles, hash: sha256(secret.as_bytes()) }
    }

    fn token(name: &'static str, token: &str) -> Canary {
        let payload = from_base64url(&token[4..68]);
        let mut needles = coats(&payload[16..]);
        // Within a token the secret begins in the middle of a character.
        needles.push(token.as_bytes()[26..67].to_vec());
        needles.push(base64(token.as_bytes()).as_bytes()[40..80].to_vec());
        Canary { name, needles, hash: sha256(&payload[16..]) }
    }
}

/// A secret as it is, in base64 of both alphabets, and in hexadecimal digits.
fn coats(secret: &[u8]) -> Vec<Vec<u8>> {
    let hex = |upper: bool| secret.iter().map(|byte| if upper { format!("{byte:02X}") } else { format!("{byte:02x}") }).collect::<String>();
    let plain = base64(secret).trim_end_matches('=').to_owned();
    // The last character of base64 depends on what follows.
    let most = |text: String| text.as_bytes()[..text.len() - 1].to_vec();
    vec![secret.to_vec(), most(plain), most(base64url(secret)), hex(false).into_bytes(), hex(true).into_bytes()]
}

fn from_base64url(text: &str) -> Vec<u8> {
    const ALPHABET: &[u8] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
    let digit = |character: u8| u32::try_from(ALPHABET.iter().position(|known| *known == character).unwrap()).unwrap();
    let whole = text
        .as_bytes()
        .chunks(4)
        .flat_map(|four| four.iter().fold(0, |word, &character| word << 6 | digit(character)).to_be_bytes()[1..].to_vec());
    whole.collect()
}

fn files(folder: &Path) -> Vec<(std::path::PathBuf, Vec<u8>)> {
    let entries = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    entries
        .flat_map(
            |path| if path.is_dir() { files(&path) } else { std::fs::read(&path).map(|bytes| vec![(path, bytes)]).unwrap_or_default() },
        )
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::scratch::Scratch;
    use keyhook_core::id::RecordId;
    use keyhook_core::token::{IssuedToken, TokenKind};

    fn token(id: i64) -> String {
        IssuedToken::new(TokenKind::Code, RecordId::from_raw(id), RecordId::from_raw(3), [0xA7; 32]).encode().into_inner()
    }

    #[test]
    fn a_secret_is_found_in_every_coat() {
        let mut canaries = Canaries::new();
        canaries.plant("password", "open \"sesame\"/ü");
        for coat in [
            "…open \"sesame\"/ü…",
            "open%20%22sesame%22%2F%C3%BC",
            r#"{"password":"open \"sesame\"/ü"}"#,
            "b3BlbiAic2VzYW1lIi/DvA==",
            "b3BlbiAic2VzYW1lIi_DvA",
            "6f70656e2022736573616d65222fc3bc",
            "6F70656E2022736573616D65222FC3BC",
        ] {
            assert!(canaries.found_in(coat.as_bytes()).is_some(), "{coat}");
        }
        assert_eq!(canaries.found_in(b"open sesame"), None);
    }

    #[test]
    fn of_a_token_its_secret_is_found_and_its_ids_are_not() {
        let mut canaries = Canaries::new();
        canaries.plant("code", &token(7));
        for coat in [token(7).into_bytes(), token(9).into_bytes(), vec![0xA7; 32], base64(token(7).as_bytes()).into_bytes()] {
            assert!(canaries.found_in(&coat).is_some(), "{}", String::from_utf8_lossy(&coat));
        }
        let other = IssuedToken::new(TokenKind::Code, RecordId::from_raw(7), RecordId::from_raw(3), [0xA8; 32]).encode().into_inner();
        assert_eq!(canaries.found_in(other.as_bytes()), None);
    }

    #[test]
    fn a_hash_in_a_file_is_told_from_the_secret() {
        let folder = Scratch::new("canaries");
        let mut canaries = Canaries::new();
        canaries.plant("code", &token(7));
        canaries.plant("password", "open sesame");
        folder.write("below/db", sha256(&[0xA7; 32]));
        assert_eq!((canaries.assert_absent_from_files(folder.path()), canaries.kept_as_hashes(folder.path())), (1, vec!["code"]));
    }
}
