//! Sealing what must be stored and read back: AES-256-GCM under a master key, bound to the record, key and field.

use std::fmt;

use aws_lc_rs::aead::{AES_256_GCM, Aad, LessSafeKey, NONCE_LEN, Nonce, UnboundKey};

use super::sha256;
use crate::secret::Secret;

const VERSION: u8 = 1;
const KEY_ID_LEN: usize = 4;
const HEADER_LEN: usize = 1 + KEY_ID_LEN + NONCE_LEN;

/// A 32-byte key that comes from outside the database.
#[derive(Debug)]
pub struct MasterKey {
    id: [u8; KEY_ID_LEN],
    bytes: Secret<[u8; 32]>,
}

impl MasterKey {
    /// A master key; its id is the first four bytes of its SHA-256.
    pub fn new(bytes: [u8; 32]) -> Self {
        let hash = sha256(&bytes);
        Self { id: [hash[0], hash[1], hash[2], hash[3]], bytes: Secret::new(bytes) }
    }

    /// What a blob says about the key that sealed it.
    pub const fn id(&self) -> [u8; KEY_ID_LEN] {
        self.id
    }
}

/// Why nothing was sealed or opened.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum SealError {
    /// No master key was given.
    NoKey,
    /// The blob is shorter than its header, or of a version that this server does not know.
    Malformed,
    /// The blob was sealed with a master key that is not listed.
    UnknownKey,
    /// The blob was changed, or belongs to another record or field.
    Refused,
}

impl fmt::Display for SealError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::NoKey => "no master key is configured",
            Self::Malformed => "the sealed value is not one that this server wrote",
            Self::UnknownKey => "the sealed value needs a master key that is not listed in [keys] master_file",
            Self::Refused => "the sealed value was changed or moved to another record",
        })
    }
}

impl std::error::Error for SealError {}

/// Seals with the first of its master keys and opens with all of them, so that a key can be exchanged in use.
pub struct Sealer {
    keys: Vec<([u8; KEY_ID_LEN], LessSafeKey)>,
}

impl fmt::Debug for Sealer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Sealer({} keys)", self.keys.len())
    }
}

impl Sealer {
    /// A sealer over `keys`, the first of which seals.
    ///
    /// # Errors
    /// [`SealError::NoKey`] if the list is empty.
    pub fn new(keys: Vec<MasterKey>) -> Result<Self, SealError> {
        let keys: Vec<_> = keys
            .into_iter()
            .map(|key| {
                let unbound = UnboundKey::new(&AES_256_GCM, key.bytes.expose());
                unbound.map(|unbound| (key.id, LessSafeKey::new(unbound)))
            })
            .collect::<Result<_, _>>()
            .map_err(|_| SealError::Refused)?;
        if keys.is_empty() { Err(SealError::NoKey) } else { Ok(Self { keys }) }
    }

    /// Seals `plaintext` for one field of one record: version ‖ key id ‖ nonce ‖ ciphertext and tag.
    ///
    /// `nonce` must be fresh random bytes: one used twice under a key gives both plaintexts away.
    ///
    /// # Errors
    /// [`SealError::Refused`] if `kind` or `field` contains NUL, or the plaintext is larger than AES-GCM permits.
    pub fn seal(&self, kind: &str, key: &[u8], field: &str, plaintext: &[u8], nonce: &[u8; NONCE_LEN]) -> Result<Vec<u8>, SealError> {
        let aad = place(kind, key, field)?;
        let (id, cipher) = self.keys.first().ok_or(SealError::NoKey)?;
        let mut blob = Vec::with_capacity(HEADER_LEN + plaintext.len() + AES_256_GCM.tag_len());
        blob.push(VERSION);
        blob.extend_from_slice(id);
        blob.extend_from_slice(nonce);
        blob.extend_from_slice(plaintext);
        let tag = cipher
            .seal_in_place_separate_tag(Nonce::assume_unique_for_key(*nonce), Aad::from(aad), &mut blob[HEADER_LEN..])
            .map_err(|_| SealError::Refused)?;
        blob.extend_from_slice(tag.as_ref());
        Ok(blob)
    }

    /// Opens what [`Sealer::seal`] made for the same kind, key and field.
    ///
    /// # Errors
    /// See [`SealError`]; a blob moved to another record or field does not open.
    pub fn open(&self, kind: &str, key: &[u8], field: &str, blob: &[u8]) -> Result<Secret<Vec<u8>>, SealError> {
        let aad = place(kind, key, field)?;
        let (header, sealed) = blob.split_at_checked(HEADER_LEN).ok_or(SealError::Malformed)?;
        if header[0] != VERSION {
            return Err(SealError::Malformed);
        }
        let (id, nonce) = header[1..].split_at(KEY_ID_LEN);
        let nonce = Nonce::try_assume_unique_for_key(nonce).map_err(|_| SealError::Malformed)?;
        let (_, cipher) = self.keys.iter().find(|(known, _)| known == id).ok_or(SealError::UnknownKey)?;
        let mut buffer = sealed.to_vec();
        let length = cipher.open_in_place(nonce, Aad::from(aad), &mut buffer).map_err(|_| SealError::Refused)?.len();
        buffer.truncate(length);
        Ok(Secret::new(buffer))
    }
}

/// kind ‖ 0 ‖ key ‖ 0 ‖ field: the first NUL ends the kind, the last one starts the field, whatever the key contains.
fn place(kind: &str, key: &[u8], field: &str) -> Result<Vec<u8>, SealError> {
    if kind.contains('\0') || field.contains('\0') {
        return Err(SealError::Refused);
    }
    let mut aad = Vec::with_capacity(kind.len() + key.len() + field.len() + 2);
    aad.extend_from_slice(kind.as_bytes());
    aad.push(0);
    aad.extend_from_slice(key);
    aad.push(0);
    aad.extend_from_slice(field.as_bytes());
    Ok(aad)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test may fail by panicking")]
    use super::*;

    fn sealer(keys: &[u8]) -> Sealer {
        Sealer::new(keys.iter().map(|key| MasterKey::new([*key; 32])).collect()).unwrap()
    }

    #[test]
    fn what_is_sealed_opens_in_its_own_place_only() {
        let sealer = sealer(&[1]);
        let blob = sealer.seal("token", b"7", "successor", b"secret", &[9; 12]).unwrap();
        assert_eq!(sealer.open("token", b"7", "successor", &blob).unwrap().expose(), b"secret");
        for (kind, key, field) in
            [("code", &b"7"[..], "successor"), ("token", b"8", "successor"), ("token", b"7", "other"), ("token", b"7\0successor", "")]
        {
            assert_eq!(sealer.open(kind, key, field, &blob).unwrap_err(), SealError::Refused);
        }
    }

    #[test]
    fn every_changed_or_missing_byte_is_noticed() {
        let sealer = sealer(&[1]);
        let blob = sealer.seal("k", b"1", "f", b"secret", &[9; 12]).unwrap();
        for position in 0..blob.len() {
            let mut changed = blob.clone();
            changed[position] ^= 1;
            assert!(sealer.open("k", b"1", "f", &changed).is_err(), "byte {position}");
            assert!(sealer.open("k", b"1", "f", &blob[..position]).is_err(), "cut at {position}");
        }
    }

    #[test]
    fn the_first_key_seals_and_every_listed_key_opens() {
        let old = sealer(&[1]);
        let both = sealer(&[2, 1]);
        let blob = old.seal("k", b"1", "f", b"secret", &[9; 12]).unwrap();
        assert!(both.open("k", b"1", "f", &blob).is_ok());
        let renewed = both.seal("k", b"1", "f", b"secret", &[9; 12]).unwrap();
        assert_eq!(old.open("k", b"1", "f", &renewed).unwrap_err(), SealError::UnknownKey);
        assert_eq!(Sealer::new(Vec::new()).unwrap_err(), SealError::NoKey);
    }

    #[test]
    fn a_master_key_does_not_show_itself() {
        let shown = format!("{:?} {:?}", MasterKey::new([7; 32]), sealer(&[1]));
        assert!(shown.contains("***") && !shown.contains("7, 7"), "{shown}");
    }
}
