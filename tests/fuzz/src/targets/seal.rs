//! Sealed values and form tokens: what was not sealed for this very place by a key that is known does not open.

use keyhook_core::crypto::{MasterKey, Sealer, csrf_token, verify_csrf_token};

use crate::parts::Reader;

/// An input is a place, a value, a nonce and a change; then a sealed value as somebody wrote it.
pub fn check(data: &[u8]) {
    let mut reader = Reader::new(data);
    let mut text = || String::from_utf8_lossy(reader.chunk()).into_owned();
    let (kind, key, field, value) = (text(), text(), text(), text());
    let mut nonce = [0; 12];
    nonce.fill_with(|| reader.byte());
    let (at, change) = (usize::from(reader.number()), reader.byte());
    let known = Sealer::new(vec![MasterKey::new([1; 32]), MasterKey::new([2; 32])]).unwrap();
    let foreign = Sealer::new(vec![MasterKey::new([3; 32])]).unwrap();
    assert!(known.open(&kind, key.as_bytes(), &field, reader.rest()).is_err(), "nobody seals without the key");
    let sealed = known.seal(&kind, key.as_bytes(), &field, value.as_bytes(), &nonce);
    assert_eq!(sealed.is_ok(), !kind.contains('\0') && !field.contains('\0'));
    let Ok(sealed) = sealed else { return };
    assert_eq!(known.open(&kind, key.as_bytes(), &field, &sealed).unwrap().expose(), value.as_bytes());
    assert!(foreign.open(&kind, key.as_bytes(), &field, &sealed).is_err());
    for (other_kind, other_key, other_field) in [(&field, &key, &kind), (&kind, &field, &key), (&key, &kind, &field)] {
        let opens = known.open(other_kind, other_key.as_bytes(), other_field, &sealed).is_ok();
        assert_eq!(opens, (other_kind, other_key, other_field) == (&kind, &key, &field), "another place");
    }
    let mut changed = sealed.clone();
    let at = at % changed.len();
    changed[at] ^= change;
    assert_eq!(known.open(&kind, key.as_bytes(), &field, &changed).is_ok(), change == 0);
    assert!(known.open(&kind, key.as_bytes(), &field, &sealed[..at]).is_err());
    form_token(&kind, &key, &field, reader.rest());
}

fn form_token(browser: &str, interaction: &str, purpose: &str, forged: &[u8]) {
    let verify = |token: &str| verify_csrf_token(browser.as_bytes(), interaction.as_bytes(), purpose.as_bytes(), token);
    let token = csrf_token(browser.as_bytes(), interaction.as_bytes(), purpose.as_bytes());
    assert!(verify(&token));
    let forged = String::from_utf8_lossy(forged);
    assert_eq!(verify(&forged), *forged == *token);
    let moved = csrf_token(browser.as_bytes(), format!("{interaction}{purpose}").as_bytes(), b"");
    assert!(purpose.is_empty() || !verify(&moved));
}
