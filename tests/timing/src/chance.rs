//! Random bytes for inputs; nothing here is kept secret.

use std::hash::{BuildHasher as _, RandomState};

/// `SplitMix64`.
pub(crate) struct Chance(u64);

impl Chance {
    /// Another sequence each time.
    pub(crate) fn new() -> Chance {
        Chance(RandomState::new().hash_one(0))
    }

    /// The next 64 bits.
    pub(crate) fn word(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mixed = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        mixed ^ (mixed >> 31)
    }

    /// 32 bytes.
    pub(crate) fn bytes(&mut self) -> [u8; 32] {
        let mut bytes = [0; 32];
        for part in bytes.chunks_exact_mut(8) {
            part.copy_from_slice(&self.word().to_le_bytes());
        }
        bytes
    }

    /// 64 characters that base64url, PKCE verifiers and cookies may have.
    pub(crate) fn text(&mut self) -> String {
        self.bytes()
            .iter()
            .flat_map(|byte| [byte >> 4, byte & 15])
            .map(|digit| char::from(b"0123456789abcdef"[usize::from(digit)]))
            .collect()
    }
}
