//! Opaque tokens: a prefix that scanners recognize, a selector, a secret, a checksum.
//!
//! `kha_` ‖ base64url(id ‖ grant ‖ 32 random bytes) ‖ CRC-32 in base62. The id finds the record, the grant routes it,
//! the record holds SHA-256 of the secret: nothing secret is ever a key (RFC 6819 §5.1.4.1.3, RFC 6749 §10.10).

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde::{Deserialize, Serialize};

use crate::id::RecordId;
use crate::secret::{Secret, SecretHash};

const PREFIX_LEN: usize = 4;
const PAYLOAD_LEN: usize = 64;
const CHECKSUM_LEN: usize = 6;
const TOKEN_LEN: usize = PREFIX_LEN + PAYLOAD_LEN + CHECKSUM_LEN;
const CLIENT_SECRET_PREFIX: &str = "khx_";
const BASE62: &[u8; 62] = b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";

/// What a token is for; each kind has its own prefix, so that one is never taken for another.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum TokenKind {
    /// An access token, `kha_`.
    Access,
    /// A refresh token, `khr_`.
    Refresh,
    /// An authorization code, `khc_`.
    Code,
    /// A browser session, `khs_`.
    Session,
    /// An interaction between request and consent, `khi_`.
    Interaction,
    /// The identifier of temporary credentials (RFC 5849 §2.1), `kht_`. No secret: it travels in clear.
    TemporaryCredential,
    /// The identifier of token credentials (RFC 5849 §2.3), `kho_`. No secret, and never good as a bearer token.
    TokenCredential,
}

impl TokenKind {
    const ALL: [Self; 7] =
        [Self::Access, Self::Refresh, Self::Code, Self::Session, Self::Interaction, Self::TemporaryCredential, Self::TokenCredential];

    /// The four characters that tokens of this kind start with.
    pub const fn prefix(self) -> &'static str {
        match self {
            Self::Access => "kha_",
            Self::Refresh => "khr_",
            Self::Code => "khc_",
            Self::Session => "khs_",
            Self::Interaction => "khi_",
            Self::TemporaryCredential => "kht_",
            Self::TokenCredential => "kho_",
        }
    }
}

/// A token as its bearer has it: selector, route and secret.
#[derive(Clone, Debug)]
pub struct IssuedToken {
    /// What it is for.
    pub kind: TokenKind,
    /// The record it selects.
    pub id: RecordId,
    /// The grant that the record belongs to, or [`RecordId::NONE`].
    pub grant: RecordId,
    secret: Secret<[u8; 32]>,
}

impl IssuedToken {
    /// A token over 32 fresh random bytes.
    pub const fn new(kind: TokenKind, id: RecordId, grant: RecordId, secret: [u8; 32]) -> Self {
        Self { kind, id, grant, secret: Secret::new(secret) }
    }

    /// The 74 characters that the bearer gets: once, and never again.
    pub fn encode(&self) -> Secret<String> {
        let mut payload = [0; 48];
        payload[..8].copy_from_slice(&self.id.raw().to_be_bytes());
        payload[8..16].copy_from_slice(&self.grant.raw().to_be_bytes());
        payload[16..].copy_from_slice(self.secret.expose());
        let mut text = String::with_capacity(TOKEN_LEN);
        text.push_str(self.kind.prefix());
        URL_SAFE_NO_PAD.encode_string(payload, &mut text);
        push_checksum(&mut text);
        zeroize::Zeroize::zeroize(&mut payload);
        Secret::new(text)
    }

    /// Reads a token of one kind. What is of another kind, mistyped, cut, or encoded in any but the one way is `None`.
    pub fn parse(kind: TokenKind, text: &str) -> Option<Self> {
        if text.len() != TOKEN_LEN || !text.is_ascii() || !text.starts_with(kind.prefix()) {
            return None;
        }
        let (body, checksum) = text.split_at(PREFIX_LEN + PAYLOAD_LEN);
        if checksum.as_bytes() != checksum_of(body.as_bytes()) {
            return None;
        }
        let mut payload = [0; 48];
        URL_SAFE_NO_PAD.decode_slice(&body[PREFIX_LEN..], &mut payload).ok()?;
        let (id, rest) = payload.split_first_chunk::<8>()?;
        let (grant, secret) = rest.split_first_chunk::<8>()?;
        let (id, grant) = (i64::from_be_bytes(*id), i64::from_be_bytes(*grant));
        if id <= 0 || grant < 0 {
            return None;
        }
        Some(Self::new(kind, RecordId::from_raw(id), RecordId::from_raw(grant), *secret.first_chunk()?))
    }

    /// Which kind of token `text` claims to be, by its prefix alone.
    pub fn sniff(text: &str) -> Option<TokenKind> {
        TokenKind::ALL.into_iter().find(|kind| text.starts_with(kind.prefix()))
    }

    /// What the record keeps.
    pub fn hash(&self) -> SecretHash {
        SecretHash::of(self.secret.expose())
    }

    /// Whether this token is the one of a record that was found under its id: the record belongs to the token's grant, and keeps
    /// the hash of its secret. The secret is compared in constant time.
    pub fn fits(&self, grant: RecordId, hash: &SecretHash) -> bool {
        self.grant == grant && hash.matches(self.secret.expose())
    }
}

/// A client secret for `entropy` fresh random bytes: `khx_` ‖ base64url ‖ checksum. The whole text is what is hashed.
pub fn client_secret(entropy: [u8; 32]) -> Secret<String> {
    let mut text = String::with_capacity(PREFIX_LEN + 43 + CHECKSUM_LEN);
    text.push_str(CLIENT_SECRET_PREFIX);
    URL_SAFE_NO_PAD.encode_string(entropy, &mut text);
    push_checksum(&mut text);
    Secret::new(text)
}

fn push_checksum(text: &mut String) {
    let digits = checksum_of(text.as_bytes());
    text.push_str(str::from_utf8(&digits).unwrap_or_default());
}

/// CRC-32 as six base62 digits, which is what secret scanners know. It finds typing errors; it protects nothing.
fn checksum_of(text: &[u8]) -> [u8; CHECKSUM_LEN] {
    let mut rest = crc32(text) as usize;
    let mut digits = [b'0'; CHECKSUM_LEN];
    for digit in digits.iter_mut().rev() {
        *digit = BASE62[rest % 62];
        rest /= 62;
    }
    digits
}

/// CRC-32 of IEEE 802.3, reflected.
fn crc32(data: &[u8]) -> u32 {
    !data.iter().fold(!0, |crc, byte| (crc >> 8) ^ CRC_TABLE[usize::from(crc.to_le_bytes()[0] ^ byte)])
}

static CRC_TABLE: [u32; 256] = crc_table();

const fn crc_table() -> [u32; 256] {
    let mut table = [0; 256];
    let mut index = 0;
    while index < 256 {
        let mut crc = index;
        let mut bit = 0;
        while bit < 8 {
            crc = if crc & 1 == 1 { 0xEDB8_8320 ^ (crc >> 1) } else { crc >> 1 };
            bit += 1;
        }
        table[index as usize] = crc;
        index += 1;
    }
    table
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test may fail by panicking")]
    use super::*;

    fn token() -> IssuedToken {
        IssuedToken::new(TokenKind::Access, RecordId::from_raw(77), RecordId::from_raw(55), [9; 32])
    }

    /// The check value of CRC-32/ISO-HDLC.
    #[test]
    fn the_checksum_is_the_crc_that_everybody_computes() {
        assert_eq!(crc32(b"123456789"), 0xCBF4_3926);
    }

    #[test]
    fn a_token_reads_back_as_it_was_issued() {
        for kind in TokenKind::ALL {
            let issued = IssuedToken { kind, ..token() };
            let text = issued.encode();
            assert_eq!(text.expose().len(), TOKEN_LEN);
            assert_eq!(IssuedToken::sniff(text.expose()), Some(kind));
            let read = IssuedToken::parse(kind, text.expose()).unwrap();
            assert_eq!((read.id, read.grant), (issued.id, issued.grant));
            assert!(read.fits(issued.grant, &issued.hash()));
            assert!(!read.fits(RecordId::NONE, &issued.hash()), "a token that was given another grant");
            assert!(!read.fits(issued.grant, &SecretHash::of(&[0; 32])));
        }
    }

    #[test]
    fn a_token_is_never_taken_for_another_kind() {
        let text = token().encode();
        for kind in TokenKind::ALL.into_iter().filter(|kind| *kind != TokenKind::Access) {
            assert!(IssuedToken::parse(kind, text.expose()).is_none());
            let renamed = text.expose().replace("kha_", kind.prefix());
            assert!(IssuedToken::parse(kind, &renamed).is_none(), "the checksum covers the prefix");
        }
    }

    #[test]
    fn every_changed_cut_or_added_character_is_refused() {
        let text = token().encode().into_inner();
        for position in 0..text.len() {
            let mut changed = text.clone().into_bytes();
            changed[position] = if changed[position] == b'A' { b'B' } else { b'A' };
            let changed = String::from_utf8(changed).unwrap();
            assert!(IssuedToken::parse(TokenKind::Access, &changed).is_none(), "{position}");
            assert!(IssuedToken::parse(TokenKind::Access, &text[..position]).is_none());
        }
        for wrong in [format!("{text} "), format!(" {text}"), format!("{text}="), "é".repeat(37), String::new()] {
            assert!(IssuedToken::parse(TokenKind::Access, &wrong).is_none(), "{wrong}");
        }
    }

    #[test]
    fn a_token_without_a_record_or_with_a_negative_id_is_refused() {
        for (id, grant) in [(0, 1), (-1_i64, 1), (1, -1)] {
            let mut text = String::from("kha_");
            let payload = [&id.to_be_bytes()[..], &i64::to_be_bytes(grant)[..], &[0; 32]].concat();
            URL_SAFE_NO_PAD.encode_string(payload, &mut text);
            push_checksum(&mut text);
            assert!(IssuedToken::parse(TokenKind::Access, &text).is_none());
        }
    }

    #[test]
    fn a_client_secret_is_recognizable_and_long_enough() {
        let secret = client_secret([7; 32]).into_inner();
        assert!(secret.starts_with("khx_") && secret.len() == 53);
        assert_eq!(IssuedToken::sniff(&secret), None);
        assert!(!format!("{:?}", token()).contains('9'));
    }
}
