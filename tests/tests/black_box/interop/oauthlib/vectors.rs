//! What oauthlib's own tests sign, verify and normalize, said to our core: read while they run, in the version that is installed.

use std::collections::BTreeMap;
use std::fs;
use std::path::PathBuf;

use keyhook_core::crypto::{PublicKey, hmac_sha1, hmac_sha256, hmac_sha512};
use keyhook_core::oauth1::encoding::encode;
use keyhook_core::oauth1::{BaseString, Parameters, SignedRequest, SigningKey, signature};
use keyhook_tests::evidence::{Figure, record};
use serde::Deserialize;

use super::super::peers::{python, tools};

const NO_HOST: &str = "what is no host and port is refused before, with the request (RFC 9110 §7.2)";
const SPACE: &str = "a host holds no space (RFC 3986 §3.2.2)";
const TIMESTAMP: &str = "a timestamp is a positive integer (RFC 5849 §3.3)";
const METHOD: &str = "a method that neither has";
const EMPTY: &str = "an empty consumer secret verifies nothing: everybody could sign with it";
const SHORT: &str = "an RSA key has 2048 bits or more";
/// Where we are stricter on purpose.
const STRICTER: [&str; 6] = [NO_HOST, SPACE, TIMESTAMP, METHOD, EMPTY, SHORT];

#[derive(Deserialize, Debug)]
#[serde(tag = "kind", rename_all = "lowercase")]
enum Vector {
    Uri { uri: Option<String>, host: Option<String>, result: Option<String> },
    Signed(Signed),
    Verified(Verified),
    Example(Example),
}

/// A request that oauthlib's client signed.
#[derive(Deserialize, Debug)]
struct Signed {
    method: String,
    http_method: String,
    uri: String,
    headers: BTreeMap<String, String>,
    body: Option<String>,
    consumer_secret: String,
    token_secret: String,
    /// None with PLAINTEXT, which has no use for it.
    base: Option<String>,
}

/// A signature that oauthlib's server judged.
#[derive(Deserialize, Debug)]
struct Verified {
    method: String,
    http_method: String,
    uri: String,
    parameters: Vec<(String, String)>,
    signature: String,
    keys: Vec<Option<String>>,
    result: bool,
}

/// What its tests of signatures share.
#[derive(Deserialize, Debug)]
struct Example {
    base: String,
    normalized: String,
    http_method: String,
    uri: String,
    query: String,
    body: String,
    authorization: String,
    consumer_secret: String,
    token_secret: String,
    signatures: BTreeMap<String, String>,
}

/// What came of a vector: equal, or one of [`STRICTER`].
type Outcome = Option<&'static str>;

impl Vector {
    fn checked(&self) -> Outcome {
        match self {
            Vector::Uri { uri, host, result } => uri_is_equal(uri.as_deref(), host.as_deref(), result.as_deref()),
            Vector::Signed(signed) => signed.is_equal(),
            Vector::Verified(verified) => verified.is_equal(),
            Vector::Example(example) => example.is_equal(),
        }
    }
}

/// A URI as the parts that arrive: scheme, host, path, query.
fn parts(uri: &str) -> (&str, &str, &str, Option<&str>) {
    let (scheme, rest) = uri.split_once("://").unwrap();
    let rest = rest.split('#').next().unwrap();
    let (rest, query) = rest.split_once('?').map_or((rest, None), |(rest, query)| (rest, Some(query)));
    let (authority, path) = rest.split_at(rest.find('/').unwrap_or(rest.len()));
    (scheme, authority, path, query)
}

fn request<'a>(method: &'a str, uri: &'a str) -> SignedRequest<'a> {
    let (scheme, authority, path, query) = parts(uri);
    SignedRequest { method, scheme, authority, path, query, authorization: None, form_body: None, body_other: None }
}

fn base_of(request: &SignedRequest<'_>) -> String {
    let parameters = Parameters::collect(request).unwrap().unwrap();
    BaseString::of(request, &parameters).as_str().to_owned()
}

fn uri_is_equal(uri: Option<&str>, host: Option<&str>, result: Option<&str>) -> Outcome {
    let (Some(uri), Some(result)) = (uri, result) else { return Some(NO_HOST) };
    if result.contains("hello%20world.com") {
        return Some(SPACE);
    }
    // What a client with such a URI sends.
    let sent = uri.replace(' ', "%20");
    let authorization = r#"OAuth oauth_consumer_key="k", oauth_signature_method="PLAINTEXT", oauth_signature="s""#;
    let request = request("GET", &sent);
    let request =
        SignedRequest { authority: host.unwrap_or(request.authority), query: None, authorization: Some(authorization), ..request };
    assert_eq!(base_of(&request).split('&').nth(1), Some(&*encode(result)), "{uri}");
    None
}

impl Signed {
    fn is_equal(&self) -> Outcome {
        let header = |name: &str| self.headers.iter().find(|(own, _)| own.eq_ignore_ascii_case(name)).map(|(_, value)| value.as_str());
        let is_form = header("Content-Type").is_some_and(|kind| kind.starts_with("application/x-www-form-urlencoded"));
        let form_body = self.body.as_deref().filter(|_| is_form).map(str::as_bytes);
        let request = SignedRequest { authorization: header("Authorization"), form_body, ..request(&self.http_method, &self.uri) };
        let parameters = match Parameters::collect(&request) {
            Err(error)
                if error.parameter == Some("oauth_timestamp") && self.headers["Authorization"].contains("oauth_timestamp=\"abc\"") =>
            {
                return Some(TIMESTAMP);
            }
            found => found.unwrap().unwrap(),
        };
        let base = BaseString::of(&request, &parameters);
        assert!(self.base.as_deref().is_none_or(|theirs| theirs == base.as_str()), "{self:?}");
        let Some(method) = signature::named(&self.method) else { return Some(METHOD) };
        if self.method.starts_with("RSA") {
            return Some(SHORT);
        }
        let key = SigningKey::shared(&self.consumer_secret, &self.token_secret);
        let sent = parameters.signature().expose();
        let fits = method.verify(&base, &key, sent);
        if self.consumer_secret.is_empty() {
            let joined = format!("&{}", encode(&self.token_secret));
            assert!(!fits && *sent == hmac(&self.method, &joined, &base), "{self:?}");
            return Some(EMPTY);
        }
        assert!(fits, "{self:?}");
        None
    }
}

/// What a method that has no opinion on empty secrets would sign.
fn hmac(method: &str, key: &str, base: &BaseString) -> String {
    let tag = match method {
        "HMAC-SHA1" => hmac_sha1(key.as_bytes(), base.as_bytes()).to_vec(),
        "HMAC-SHA256" => hmac_sha256(key.as_bytes(), base.as_bytes()).to_vec(),
        "HMAC-SHA512" => hmac_sha512(key.as_bytes(), base.as_bytes()).to_vec(),
        _ => return key.to_owned(),
    };
    base64(&tag)
}

/// RFC 4648 §4, once more, so that nothing of ours vouches for itself.
fn base64(bytes: &[u8]) -> String {
    const LETTERS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let mut out = String::new();
    for group in bytes.chunks(3) {
        let word = group.iter().chain([0; 2].iter()).take(3).fold(0_usize, |word, byte| word << 8 | usize::from(*byte));
        for place in 0..4 {
            out.push(if place <= group.len() { char::from(LETTERS[word >> (18 - 6 * place) & 63]) } else { '=' });
        }
    }
    out
}

impl Verified {
    fn is_equal(&self) -> Outcome {
        let (uri, _) = self.uri.split_once('?').unwrap_or((&self.uri, ""));
        let pairs = self.parameters.iter().filter(|(name, _)| name != "oauth_signature");
        let mut query: Vec<_> = pairs.map(|(name, value)| format!("{}={}", encode(name), encode(value))).collect();
        query.push(format!("oauth_signature={}", encode(&self.signature)));
        if !self.parameters.iter().any(|(name, _)| name == "oauth_consumer_key") {
            // PLAINTEXT is over nothing, and a test of it has no parameters of the protocol.
            query.push("oauth_consumer_key=k&oauth_signature_method=PLAINTEXT".to_owned());
        }
        let query = query.join("&");
        let request = SignedRequest { query: Some(&query), ..request(&self.http_method, uri) };
        let Ok(Some(parameters)) = Parameters::collect(&request) else {
            assert!(self.signature.is_empty() && !self.result, "{self:?}");
            return None;
        };
        let base = BaseString::of(&request, &parameters);
        let method = signature::named(&self.method).unwrap();
        if let [Some(pem)] = self.keys.as_slice() {
            // The tests have keys of 1024 bits, some of them in PKCS #1.
            assert!(PublicKey::rsa_from_pem(pem).is_err(), "{self:?}");
            return Some(SHORT);
        }
        let [consumer, token] = self.keys.as_slice() else { panic!("{self:?}") };
        let key = SigningKey::shared(consumer.as_deref().unwrap_or_default(), token.as_deref().unwrap_or_default());
        assert_eq!(method.verify(&base, &key, &self.signature), self.result, "{self:?}");
        None
    }
}

impl Example {
    fn is_equal(&self) -> Outcome {
        let request = SignedRequest {
            query: Some(&self.query),
            authorization: Some(&self.authorization),
            form_body: Some(self.body.as_bytes()),
            ..request(&self.http_method, &self.uri)
        };
        let base = base_of(&request);
        assert_eq!(base, self.base);
        assert_eq!(base.rsplit_once('&').unwrap().1, encode(&self.normalized));
        let base = BaseString::of(&request, &Parameters::collect(&request).unwrap().unwrap());
        let key = SigningKey::shared(&self.consumer_secret, &self.token_secret);
        for (method, expected) in &self.signatures {
            assert_eq!(signature::named(method).unwrap().sign(&base, &key).unwrap().expose(), expected);
        }
        assert_eq!(self.signatures.len(), 3);
        None
    }
}

/// The source distribution of oauthlib, which has its tests; the wheel has not.
fn source() -> PathBuf {
    let folder = tools().join("python/source");
    let found = fs::read_dir(&folder).ok().into_iter().flatten().filter_map(|entry| Some(entry.ok()?.path()));
    found
        .filter(|path| path.is_dir())
        .find(|path| path.file_name().is_some_and(|name| name.to_string_lossy().starts_with("oauthlib-")))
        .unwrap_or_else(|| panic!("oauthlib's source is not in {}: ./runtests.sh interop fetches it", folder.display()))
}

/// RFC 5849 §3.4, in the words of oauthlib's tests.
#[test]
fn what_oauthlibs_own_tests_sign_and_verify_we_sign_and_verify_alike() {
    let (mut command, script) = python("oauthlib_vectors.py");
    let output = command.arg(script).arg(source()).output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let vectors = output.stdout.split(|byte| *byte == b'\n').filter(|line| !line.is_empty());
    let mut stricter: BTreeMap<&str, usize> = BTreeMap::new();
    let mut equal = 0_usize;
    for vector in vectors.map(|line| serde_json::from_slice::<Vector>(line).unwrap()) {
        match vector.checked() {
            None => equal += 1,
            Some(why) => *stricter.entry(why).or_default() += 1,
        }
    }
    println!("{equal} equal; {stricter:?}");
    assert!(equal >= 200, "{equal} equal");
    assert!(STRICTER.iter().all(|why| stricter.contains_key(why)), "nothing needs some of these any more: {stricter:?}");
    record(&Figure {
        id: "F20",
        what: "what oauthlib's own tests of RFC 5849 sign, verify and normalize",
        measured: &[("vectors", equal.into()), ("where we are stricter", stricter.values().sum::<usize>().into()), ("failed", 0.into())],
        accumulates: false,
        command: "./runtests.sh interop",
        covers_not: "RSA with 1024 bits, and empty consumer secrets, which keyhook refuses",
    });
}
