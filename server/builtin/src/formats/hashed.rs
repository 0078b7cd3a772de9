//! `uuid4` and `random`: texts that say nothing of their record, found by the SHA-256 of the whole, for clients and columns that
//! know tokens of such a shape (python-oauth2's generators).

use keyhook_component::context::Context;
use keyhook_component::records::{HashedToken, LiveToken, Stored, Told};
use keyhook_component::store::Lookup;
use keyhook_component::token_format::{DraftedToken, FoundToken, NewToken, TokenFormat};
use keyhook_component::{BoxFuture, component};
use keyhook_core::error::OAuthError;
use keyhook_core::secret::Secret;
use keyhook_core::token::IssuedToken;

/// A random UUID: 122 bits of chance in 36 characters (RFC 9562 §5.4).
#[derive(Clone, Copy, Debug, Default)]
pub struct UuidFormat;

/// Letters and digits, `[tokens] random_length` of them.
#[derive(Clone, Copy, Debug, Default)]
pub struct RandomFormat;

component!(TokenFormat: UuidFormat);
component!(TokenFormat: RandomFormat);

const UUID_LEN: usize = 36;

impl TokenFormat for UuidFormat {
    fn name(&self) -> &'static str {
        "uuid4"
    }

    fn draft<'a>(&'a self, token: NewToken<'a>, context: &'a Context) -> BoxFuture<'a, Result<DraftedToken, OAuthError>> {
        Box::pin(std::future::ready(draft(uuid4(context.random.bytes()), token)))
    }

    fn recognizes(&self, text: &str) -> bool {
        let shaped = |(index, byte): (usize, u8)| if [8, 13, 18, 23].contains(&index) { byte == b'-' } else { byte.is_ascii_hexdigit() };
        text.len() == UUID_LEN && text.bytes().enumerate().all(shaped)
    }

    fn live<'a>(&'a self, text: &'a str, context: &'a Context) -> BoxFuture<'a, Result<Option<LiveToken>, OAuthError>> {
        Box::pin(live(text, context))
    }

    fn find<'a>(&'a self, text: &'a str, context: &'a Context) -> BoxFuture<'a, Result<Option<FoundToken>, OAuthError>> {
        Box::pin(find(text, context))
    }
}

impl TokenFormat for RandomFormat {
    fn name(&self) -> &'static str {
        "random"
    }

    fn draft<'a>(&'a self, token: NewToken<'a>, context: &'a Context) -> BoxFuture<'a, Result<DraftedToken, OAuthError>> {
        Box::pin(std::future::ready(draft(random_text(context), token)))
    }

    /// Any length: the setting may have been another one when the token was made.
    fn recognizes(&self, text: &str) -> bool {
        (SHORTEST..=LONGEST).contains(&text.len())
            && text.bytes().all(|byte| byte.is_ascii_alphanumeric())
            && IssuedToken::sniff(text).is_none()
    }

    fn live<'a>(&'a self, text: &'a str, context: &'a Context) -> BoxFuture<'a, Result<Option<LiveToken>, OAuthError>> {
        Box::pin(live(text, context))
    }

    fn find<'a>(&'a self, text: &'a str, context: &'a Context) -> BoxFuture<'a, Result<Option<FoundToken>, OAuthError>> {
        Box::pin(find(text, context))
    }
}

/// 22 letters and digits are 130 bits.
const SHORTEST: usize = 22;
const LONGEST: usize = 255;

fn uuid4(mut bytes: [u8; 16]) -> Secret<String> {
    bytes[6] = bytes[6] & 0x0f | 0x40;
    bytes[8] = bytes[8] & 0x3f | 0x80;
    let mut text = String::with_capacity(UUID_LEN);
    for (index, byte) in bytes.iter().enumerate() {
        if [4, 6, 8, 10].contains(&index) {
            text.push('-');
        }
        text.extend([byte >> 4, byte & 15].map(|digit| char::from(b"0123456789abcdef"[usize::from(digit)])));
    }
    Secret::new(text)
}

/// Drawn evenly: a byte beyond the last whole multiple of 62 is drawn again.
fn random_text(context: &Context) -> Secret<String> {
    const ALPHABET: &[u8; 62] = b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
    let length = context.settings.tokens.random_length.clamp(SHORTEST, LONGEST);
    let mut text = String::with_capacity(length);
    while text.len() < length {
        let drawn = Secret::new(context.random.bytes::<32>());
        let even = drawn.expose().iter().filter(|byte| **byte < 248).map(|byte| char::from(ALPHABET[usize::from(byte % 62)]));
        text.extend(even.take(length - text.len()));
    }
    Secret::new(text)
}

fn draft(text: Secret<String>, new: NewToken<'_>) -> Result<DraftedToken, OAuthError> {
    let pending = new.pending;
    let body = HashedToken { scope: pending.scope.scope().clone(), issued_at: new.issued_at, attributes: new.attributes.clone() };
    let record = Stored::new(HashedToken::key(text.expose()), new.expires_at, body)
        .of_grant(pending.grant)
        .of_client(new.client.id.as_str())
        .of_subject(pending.subject.clone());
    Ok(DraftedToken { insert: Some(record.insert()?), text })
}

async fn live(text: &str, context: &Context) -> Result<Option<LiveToken>, OAuthError> {
    let now = context.now();
    // Read past the cache, which would otherwise remember every text that a stranger makes up.
    let Lookup::Live(record) = context.records.read::<HashedToken>(&HashedToken::key(text)).await? else { return Ok(None) };
    let Some(client_id) = record.client.as_deref().filter(|_| !record.expires_at.has_passed(now)) else { return Ok(None) };
    let behind = context.records.live_behind(client_id, record.grant, record.body.issued_at, now).await?;
    let Some((client, grant)) = behind else { return Ok(None) };
    let told = Told::Words {
        scope: record.body.scope.clone(),
        subject: record.subject.clone(),
        audience: None,
        jti: None,
        attributes: record.body.attributes.clone(),
    };
    Ok(Some(LiveToken { told, grant, client, issued_at: record.body.issued_at, expires_at: record.expires_at }))
}

async fn find(text: &str, context: &Context) -> Result<Option<FoundToken>, OAuthError> {
    let (record, live) = match context.records.read::<HashedToken>(&HashedToken::key(text)).await? {
        Lookup::Live(record) => (record, true),
        Lookup::Spent(record) => (record, false),
        Lookup::Absent => return Ok(None),
    };
    let owner = record.client.clone().unwrap_or_default();
    let end = if live { Some(Stored::clone(&record).revoke()?) } else { None };
    Ok(Some(FoundToken { owner, end }))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// RFC 9562 §5.4: version 4, variant 10.
    #[test]
    fn a_uuid_says_that_it_is_random() {
        assert_eq!(uuid4([0xff; 16]).expose(), "ffffffff-ffff-4fff-bfff-ffffffffffff");
        assert_eq!(uuid4([0; 16]).expose(), "00000000-0000-4000-8000-000000000000");
    }

    #[test]
    fn each_form_knows_its_own_looks() {
        let uuid = "00000000-0000-4000-8000-000000000000";
        assert!(UuidFormat.recognizes(uuid) && !RandomFormat.recognizes(uuid));
        assert!(!UuidFormat.recognizes("00000000000040008000000000000000") && !UuidFormat.recognizes(&uuid.replace('4', "é")));
        assert!(
            RandomFormat.recognizes(&"a".repeat(22))
                && !RandomFormat.recognizes(&"a".repeat(21))
                && !RandomFormat.recognizes(&"a".repeat(256))
        );
        assert!(!RandomFormat.recognizes(&format!("kha_{}", "a".repeat(40))));
    }
}
