//! Sealing what must be stored and read back: AES-256-GCM under a master key, bound to the record, key and field.

use std::fmt;

use aws_lc_rs::aead::{AES_256_GCM, Aad, LessSafeKey, NONCE_LEN, Nonce, UnboundKey};
use aws_lc_rs::hmac;

use super::{hmac_sha256, sha256};
use crate::secret::Secret;

/// Sealed under the master key itself.
const PLAIN: u8 = 1;
/// Sealed under a key of its own, derived from the master key and the salt that follows the key's id.
const DERIVED: u8 = 2;
const KEY_ID_LEN: usize = 4;
const SALT_LEN: usize = 16;
const DERIVATION: &[u8] = b"keyhook derived seal 1";

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
    keys: Vec<Keyed>,
}

/// What is made of one master key.
struct Keyed {
    id: [u8; KEY_ID_LEN],
    cipher: LessSafeKey,
    /// Derives the key of each blob of [`Sealer::seal_often`]. Another key than the cipher's: no key has two uses.
    derivation: hmac::Key,
}

impl Keyed {
    fn new(MasterKey { id, bytes }: MasterKey) -> Result<Self, SealError> {
        let bytes = bytes.expose();
        let derivation = Secret::new(hmac_sha256(bytes, DERIVATION));
        Ok(Self { id, cipher: cipher(bytes)?, derivation: hmac::Key::new(hmac::HMAC_SHA256, derivation.expose()) })
    }

    fn derive(&self, salt: &[u8]) -> Result<LessSafeKey, SealError> {
        cipher(hmac::sign(&self.derivation, salt).as_ref())
    }
}

fn cipher(key: &[u8]) -> Result<LessSafeKey, SealError> {
    UnboundKey::new(&AES_256_GCM, key).map(LessSafeKey::new).map_err(|_| SealError::Refused)
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
        let keys: Vec<_> = keys.into_iter().map(Keyed::new).collect::<Result<_, _>>()?;
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
        let key = self.keys.first().ok_or(SealError::NoKey)?;
        let header = [&[PLAIN], &key.id[..], nonce].concat();
        sealed(&key.cipher, header, nonce, &aad, plaintext)
    }

    /// Seals as [`Sealer::seal`] does, and as often as strangers please: every blob has a key of its own, derived from the master
    /// key and the first 16 of the random bytes, so that no number of requests brings two nonces together under one key.
    ///
    /// # Errors
    /// As [`Sealer::seal`].
    pub fn seal_often(
        &self,
        kind: &str,
        key: &[u8],
        field: &str,
        plaintext: &[u8],
        random: &[u8; SALT_LEN + NONCE_LEN],
    ) -> Result<Vec<u8>, SealError> {
        let aad = place(kind, key, field)?;
        let key = self.keys.first().ok_or(SealError::NoKey)?;
        let (salt, nonce) = random.split_first_chunk::<SALT_LEN>().ok_or(SealError::Malformed)?;
        let header = [&[DERIVED], &key.id[..], random].concat();
        sealed(&key.derive(salt)?, header, nonce, &aad, plaintext)
    }

    /// Opens what [`Sealer::seal`] or [`Sealer::seal_often`] made for the same kind, key and field.
    ///
    /// # Errors
    /// See [`SealError`]; a blob moved to another record or field does not open.
    pub fn open(&self, kind: &str, key: &[u8], field: &str, blob: &[u8]) -> Result<Secret<Vec<u8>>, SealError> {
        let aad = place(kind, key, field)?;
        let (version, rest) = blob.split_first().ok_or(SealError::Malformed)?;
        let salt_len = match *version {
            PLAIN => 0,
            DERIVED => SALT_LEN,
            _ => return Err(SealError::Malformed),
        };
        let (id, rest) = rest.split_at_checked(KEY_ID_LEN).ok_or(SealError::Malformed)?;
        let (salt, rest) = rest.split_at_checked(salt_len).ok_or(SealError::Malformed)?;
        let (nonce, sealed) = rest.split_at_checked(NONCE_LEN).ok_or(SealError::Malformed)?;
        let nonce = Nonce::try_assume_unique_for_key(nonce).map_err(|_| SealError::Malformed)?;
        let key = self.keys.iter().find(|known| known.id == id).ok_or(SealError::UnknownKey)?;
        let derived = if salt.is_empty() { None } else { Some(key.derive(salt)?) };
        let mut buffer = sealed.to_vec();
        let cipher = derived.as_ref().unwrap_or(&key.cipher);
        let length = cipher.open_in_place(nonce, Aad::from(aad), &mut buffer).map_err(|_| SealError::Refused)?.len();
        buffer.truncate(length);
        Ok(Secret::new(buffer))
    }
}

/// Appends ciphertext and tag to the header.
fn sealed(cipher: &LessSafeKey, mut blob: Vec<u8>, nonce: &[u8], aad: &[u8], plaintext: &[u8]) -> Result<Vec<u8>, SealError> {
    let nonce = Nonce::try_assume_unique_for_key(nonce).map_err(|_| SealError::Malformed)?;
    let start = blob.len();
    blob.reserve_exact(plaintext.len() + AES_256_GCM.tag_len());
    blob.extend_from_slice(plaintext);
    let tag = cipher.seal_in_place_separate_tag(nonce, Aad::from(aad), &mut blob[start..]).map_err(|_| SealError::Refused)?;
    blob.extend_from_slice(tag.as_ref());
    Ok(blob)
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
        let often = sealer.seal_often("k", b"1", "f", b"secret", &[9; 28]).unwrap();
        for blob in [sealer.seal("k", b"1", "f", b"secret", &[9; 12]).unwrap(), often] {
            assert_eq!(sealer.open("k", b"1", "f", &blob).unwrap().expose(), b"secret");
            for position in 0..blob.len() {
                let mut changed = blob.clone();
                changed[position] ^= 1;
                assert!(sealer.open("k", b"1", "f", &changed).is_err(), "byte {position}");
                assert!(sealer.open("k", b"1", "f", &blob[..position]).is_err(), "cut at {position}");
            }
        }
    }

    #[test]
    fn what_is_sealed_often_opens_in_its_own_place_only_and_has_a_key_of_its_own() {
        let sealer = sealer(&[1]);
        let mut random = [9; 28];
        let blob = sealer.seal_often("token", b"7", "f", b"secret", &random).unwrap();
        for (kind, key, field) in [("code", &b"7"[..], "f"), ("token", b"8", "f"), ("token", b"7", "g")] {
            assert_eq!(sealer.open(kind, key, field, &blob).unwrap_err(), SealError::Refused);
        }
        random[0] = 8;
        let other = sealer.seal_often("token", b"7", "f", b"secret", &random).unwrap();
        assert_ne!(blob[33..], other[33..], "the same nonce under another salt is another key");
        let plain = sealer.seal("token", b"7", "f", b"secret", &[9; 12]).unwrap();
        assert_ne!(blob[33..], plain[17..]);
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

    #[test]
    fn why_nothing_was_opened_is_said_without_what_is_sealed() {
        let sealer = sealer(&[1]);
        let blob = sealer.seal("k", b"1", "f", b"secret", &[9; 12]).unwrap();
        let other = [&[7][..], &blob[1..]].concat();
        for (error, word) in [
            (sealer.open("k", b"1", "f", &other).unwrap_err(), "not one that this server wrote"),
            (sealer.open("k", b"2", "f", &blob).unwrap_err(), "moved to another record"),
            (Sealer::new(vec![MasterKey::new([2; 32])]).unwrap().open("k", b"1", "f", &blob).unwrap_err(), "is not listed"),
            (Sealer::new(Vec::new()).unwrap_err(), "no master key"),
        ] {
            assert!(error.to_string().contains(word), "{error}");
        }
        assert_eq!(sealer.seal("k\0", b"1", "f", b"", &[9; 12]), Err(SealError::Refused));
        assert_eq!(MasterKey::new([1; 32]).id(), blob[1..5]);
    }
}
