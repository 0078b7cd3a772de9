//! What the guard of an API reads: the header of a stranger, the answer of an authorization server, the claims of a signed token (RFC
//! 6750 §2.1, RFC 7662 §2.2, RFC 9068 §4). Nobody is let in whom a second reader would not let in.

use std::cell::RefCell;
use std::sync::OnceLock;

use http::header::AUTHORIZATION;
use http::{HeaderMap, HeaderValue, Request, Response};
use keyhook_core::crypto::{Algorithm, PrivateKey};
use keyhook_core::jwt::{Jwk, JwkSet};
use keyhook_guard::fetch::{BoxFuture, FetchError};
use keyhook_guard::{Fetch, Guard, Introspection, Refused, SignedTokens, Timestamp};
use serde_json::Value;
use tokio::runtime::Runtime;

use crate::parts::lines;

const NOW: i64 = 1_800_000_000;
const ISSUER: &str = "https://id.example";
const API: &str = "https://api.example";
const PREFIXES: [&str; 5] = ["kha_", "khr_", "khc_", "khs_", "khi_"];

thread_local!(static RUNTIME: RefCell<Runtime> = RefCell::new(tokio::runtime::Builder::new_current_thread().enable_time().build().unwrap()));

/// Lines: the `Authorization` header, the header of a signed token, the answer or the claims.
pub fn check(data: &[u8]) {
    let [header, jose, members] = lines(data);
    let Ok(value) = HeaderValue::from_bytes(header) else { return };
    let parsed = serde_json::from_slice::<Value>(members).ok().filter(Value::is_object);
    asked(&value, members, parsed.as_ref());
    signed(jose, members, parsed.as_ref());
}

/// An authorization server, or a place of keys, that says this.
struct Says(Vec<u8>);

impl Fetch for Says {
    fn fetch(&self, _: Request<bytes::Bytes>) -> BoxFuture<'_, Result<Response<bytes::Bytes>, FetchError>> {
        Box::pin(std::future::ready(Ok(Response::new(bytes::Bytes::from(self.0.clone())))))
    }
}

fn identify(guard: &Guard, value: &HeaderValue) -> Result<Option<keyhook_guard::Principal>, Refused> {
    let mut headers = HeaderMap::new();
    headers.insert(AUTHORIZATION, value.clone());
    let guard = guard.clone().clock(|| Timestamp::from_seconds(NOW));
    RUNTIME.with_borrow(|runtime| runtime.block_on(guard.identify_headers(&headers)))
}

fn asked(value: &HeaderValue, body: &[u8], answer: Option<&Value>) {
    let introspection = Introspection::at("https://id.example/introspect").client("api", "secret").capacity(1);
    let guard = Guard::new(introspection.fetch_with(Says(body.to_vec())).build().unwrap());
    let found = identify(&guard, value);
    let bearer = bearer(value.as_bytes());
    let ours = bearer.is_some_and(|token| PREFIXES.iter().any(|prefix| token.starts_with(prefix)));
    match &found {
        Ok(None) => assert!(bearer.is_none()),
        Ok(Some(principal)) => {
            let answer = answer.unwrap();
            assert!(bearer.is_some() && is_good_answer(answer), "{answer}");
            is_who_it_says(principal, answer);
        }
        Err(_) if bearer.is_some() && !ours => assert!(!answer.is_some_and(is_good_answer)),
        Err(refused) => {
            let status = guard.refuse::<bytes::Bytes>(refused).status().as_u16();
            assert!([400, 401, 503].contains(&status));
        }
    }
}

fn signed(jose: &[u8], payload: &[u8], claims: Option<&Value>) {
    static KEY: OnceLock<PrivateKey> = OnceLock::new();
    let key = KEY.get_or_init(|| {
        let algorithm = Algorithm::EdDsa;
        PrivateKey::from_pkcs8(algorithm, PrivateKey::generate(algorithm).unwrap().expose()).unwrap()
    });
    let text = format!("{}.{}", encoded(jose), encoded(payload));
    let token = format!("{text}.{}", encoded(&key.sign(text.as_bytes()).unwrap()));
    let keys = Says(JwkSet::new(vec![Jwk::new(key.public().clone())]).json());
    let guard = Guard::new(SignedTokens::of(ISSUER).audience(API).fetch_with(keys).build().unwrap());
    let Ok(value) = HeaderValue::from_str(&format!("Bearer {token}")) else { return };
    let Ok(found) = identify(&guard, &value) else { return };
    let (principal, claims) = (found.unwrap(), claims.unwrap());
    let header: Value = serde_json::from_slice(jose).unwrap();
    let typ = header["typ"].as_str().unwrap().to_ascii_lowercase();
    assert!(header["alg"] == "EdDSA" && typ.trim_start_matches("application/") == "at+jwt" && header.get("crit").is_none());
    assert!(claims["iss"] == ISSUER && names(&claims["aud"], API) && claims.get("cnf").is_none(), "{claims}");
    assert!(claims["exp"].as_i64().unwrap() > NOW - 10 && claims["iat"].as_i64().unwrap() <= NOW + 10);
    assert!(claims.get("nbf").is_none_or(|start| start.as_i64().unwrap() <= NOW + 10));
    assert!(["sub", "client_id", "jti"].iter().all(|name| is_text(&claims[*name])), "{claims}");
    is_who_it_says(&principal, claims);
}

/// The token, as a second reader finds it; `None` where there is none or the header is malformed.
fn bearer(value: &[u8]) -> Option<&str> {
    let text = std::str::from_utf8(value).ok()?;
    let (scheme, rest) = text.split_once(' ')?;
    let token = rest.trim_start_matches(' ');
    let (body, _) = token.split_at(token.trim_end_matches('=').len());
    let fits = !body.is_empty() && body.chars().all(|character| character.is_ascii_alphanumeric() || "-._~+/".contains(character));
    (scheme.eq_ignore_ascii_case("bearer") && fits).then_some(token)
}

fn is_good_answer(answer: &Value) -> bool {
    let absent_or = |name: &str, good: &dyn Fn(&Value) -> bool| answer.get(name).is_none_or(good);
    answer["active"] == true
        && is_text(&answer["client_id"])
        && answer["token_type"].as_str().is_some_and(|kind| kind.eq_ignore_ascii_case("bearer"))
        && answer.get("cnf").is_none()
        && absent_or("sub", &is_text)
        && absent_or("iss", &is_text)
        && absent_or("exp", &|end| end.as_i64().is_some_and(|end| end > NOW))
        && absent_or("nbf", &|start| start.as_i64().is_some_and(|start| start <= NOW))
        && absent_or("aud", &|audience| audience.is_string() || audience.as_array().is_some_and(|all| all.iter().all(Value::is_string)))
        && absent_or("scope", &is_scope)
}

fn is_text(value: &Value) -> bool {
    value.as_str().is_some_and(|text| !text.is_empty())
}

fn is_scope(value: &Value) -> bool {
    let fits = |byte: u8| byte == b'!' || (b'#'..=b'[').contains(&byte) || (b']'..=b'~').contains(&byte);
    let good = |text: &str| text.is_empty() || text.split(' ').all(|token| !token.is_empty() && token.bytes().all(fits));
    value.as_str().is_some_and(|text| text.len() <= 4096 && good(text))
}

fn names(audience: &Value, wanted: &str) -> bool {
    audience == wanted || audience.as_array().is_some_and(|all| all.iter().any(|one| one == wanted))
}

/// A user is never made of a client, and no member of the answer is lost or changed.
fn is_who_it_says(principal: &keyhook_guard::Principal, said: &Value) {
    let client = said["client_id"].as_str();
    assert_eq!(principal.client(), client);
    assert_eq!(principal.user(), said.get("sub").and_then(Value::as_str).filter(|user| Some(*user) != client));
    let scope = said.get("scope").and_then(Value::as_str).unwrap_or_default();
    assert!(principal.scope().iter().all(|token| scope.split(' ').any(|other| other == token)));
    assert!(scope.split(' ').filter(|token| !token.is_empty()).all(|token| principal.scope().contains(token)));
    assert!(principal.attributes().iter().all(|(name, value)| &said[name] == value && name != "client_id" && name != "sub"));
}

/// base64url without padding.
fn encoded(bytes: &[u8]) -> String {
    const ALPHABET: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
    let digits = bytes.chunks(3).flat_map(|chunk| {
        let word = chunk.iter().enumerate().fold(0_u32, |word, (index, byte)| word | u32::from(*byte) << (16 - 8 * index));
        (0..=chunk.len()).map(move |index| char::from(ALPHABET[(word >> (18 - 6 * index)) as usize & 63]))
    });
    digits.collect()
}
