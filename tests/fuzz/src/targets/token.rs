//! Opaque tokens: prefix, selector, grant, secret and checksum have one spelling, and no kind is taken for another.

use keyhook_core::mask::masked;
use keyhook_core::{IssuedToken, RecordId, TokenKind};

use crate::decode;

const KINDS: [TokenKind; 5] = [TokenKind::Access, TokenKind::Refresh, TokenKind::Code, TokenKind::Session, TokenKind::Interaction];

/// An input is a token as somebody presents it, and at the same time what a token is made of.
pub fn check(data: &[u8]) {
    made(data);
    let Ok(text) = std::str::from_utf8(data) else { return };
    let read: Vec<_> = KINDS.into_iter().filter_map(|kind| IssuedToken::parse(kind, text)).collect();
    assert_eq!(read.len(), usize::from(well_formed(text)), "{text}");
    if let Some(token) = read.first() {
        assert_eq!(IssuedToken::sniff(text), Some(token.kind));
        assert_eq!(token.encode().expose(), text, "one spelling");
        assert!(!token.id.is_none() && token.id.raw() > 0 && token.grant.raw() >= 0);
        assert!(!format!("{token:?}").contains(&text[30..60]));
        assert!(!masked(&format!("a {text} b")).contains(&text[4..30]));
    }
    let hidden = masked(text);
    assert_eq!(masked(&hidden), hidden, "what is masked stays as it is");
}

/// What the module's documentation says, read a second time.
fn well_formed(text: &str) -> bool {
    let known = ["kha_", "khr_", "khc_", "khs_", "khi_"].iter().any(|prefix| text.starts_with(prefix));
    let bytes = text.as_bytes();
    if !known || bytes.len() != 74 {
        return false;
    }
    let Some(payload) = decode::base64(&bytes[4..68], true, false) else { return false };
    let positive = |range: std::ops::Range<usize>| payload[range.start] < 0x80 && payload[range].iter().any(|byte| *byte != 0);
    let grant = payload[8] < 0x80;
    positive(0..8) && grant && bytes[68..] == *checksum(&bytes[..68])
}

/// CRC-32 (IEEE 802.3), bit by bit, as six digits to the base 62.
fn checksum(text: &[u8]) -> Vec<u8> {
    let crc = text.iter().fold(u32::MAX, |crc, byte| {
        (0..8).fold(crc ^ u32::from(*byte), |crc, _| if crc & 1 == 1 { crc >> 1 ^ 0xEDB8_8320 } else { crc >> 1 })
    });
    let digits: Vec<u8> = (b'0'..=b'9').chain(b'A'..=b'Z').chain(b'a'..=b'z').collect();
    (0..6).rev().map(|place| digits[(u64::from(!crc) / 62_u64.pow(place) % 62) as usize]).collect()
}

/// Every token that can be made reads back, as its own kind alone.
fn made(data: &[u8]) {
    let Some((kind, rest)) = data.split_first() else { return };
    let Some((id, rest)) = rest.split_first_chunk() else { return };
    let Some((grant, rest)) = rest.split_first_chunk() else { return };
    let Some(secret) = rest.first_chunk() else { return };
    let kind = KINDS[usize::from(*kind) % KINDS.len()];
    let (id, grant) = (RecordId::from_raw(i64::from_be_bytes(*id)), RecordId::from_raw(i64::from_be_bytes(*grant)));
    if id.is_none() {
        return;
    }
    let token = IssuedToken::new(kind, id, grant, *secret);
    let text = token.encode().into_inner();
    assert!(well_formed(&text), "{text}");
    for other in KINDS {
        let read = IssuedToken::parse(other, &text);
        assert_eq!(read.is_some(), other == kind);
        let Some(read) = read else { continue };
        assert_eq!((read.id, read.grant), (id, grant));
        assert!(read.fits(grant, &token.hash()) && !read.fits(RecordId::from_raw(grant.raw() ^ 1), &token.hash()));
    }
}
