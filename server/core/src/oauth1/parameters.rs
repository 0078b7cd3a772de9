//! The protocol parameters of a request, from exactly one place, each once (RFC 5849 §3.1, §3.4.1.3, §3.5).

use std::fmt;
use std::ops::Range;

use super::encoding::{self, Plus};
use super::error::{Oauth1Error, Problem};
use super::header;
use super::pairs::{Pairs, Refused, form_pairs};
use super::request::SignedRequest;
use super::value::{self, Value};
use crate::kh;
use crate::secret::Secret;

const PREFIX: &[u8] = b"oauth_";
/// Longer queries are refused.
const LONGEST_QUERY: usize = 64 * 1024;
/// Longer forms are refused.
const LONGEST_BODY: usize = 4 * 1024 * 1024;
/// Longer values of protocol parameters are refused; callbacks and RSA signatures are the longest that are sent.
const LONGEST_VALUE: usize = 2048;
/// Longer names of consumers and tokens, and nonces, are refused.
const LONGEST_NAME: usize = 255;

/// Where the protocol parameters were (RFC 5849 §3.5).
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Source {
    /// In the `Authorization` header.
    Header,
    /// In the query.
    Query,
    /// In the form-encoded body.
    Body,
}

/// The protocol parameters of a request, read strictly, and all parameters in their normalized form. Nobody has checked the signature.
#[derive(Clone)]
pub struct Parameters {
    source: Source,
    consumer_key: Value,
    token: Option<Value>,
    signature_method: Value,
    signature: Secret<String>,
    timestamp: Option<u64>,
    nonce: Option<Value>,
    callback: Option<String>,
    verifier: Option<Secret<String>>,
    body_hash: Option<String>,
    realm: Option<String>,
    pairs: Pairs,
}

impl Parameters {
    /// Collects the parameters of a request. `None` if it is not signed in the manner of OAuth 1.0a at all: a header of another scheme
    /// is somebody else's business, whatever it holds.
    ///
    /// # Errors
    /// `parameter_absent`, `parameter_rejected` or `version_rejected`, each 400 (RFC 5849 §3.2): protocol parameters in two places or
    /// sent twice, a header or an encoding that is malformed, a timestamp that is no positive integer, too much of anything.
    pub fn collect(request: &SignedRequest<'_>) -> Result<Option<Self>, Oauth1Error> {
        let header = request.authorization.and_then(header::parameters_of);
        let query = request.query.unwrap_or_default().as_bytes();
        let body = request.form_body.unwrap_or_default();
        if header.is_none() && !is_signed(query) && !is_signed(body) {
            return Ok(None);
        }
        if query.len() > LONGEST_QUERY || body.len() > LONGEST_BODY {
            return Err(malformed("the query or the body is too long"));
        }
        let mut pairs = Pairs::with_capacity(header.map_or(0, str::len) + query.len() + body.len());
        let mut realm = None;
        if let Some(header) = header {
            realm = read_header(header, &mut pairs)?;
        }
        let in_header = pairs.len();
        pairs.form(query).map_err(refused)?;
        let in_query = pairs.len();
        pairs.form(body).map_err(refused)?;
        let source = source(&pairs, in_header, in_query)?;
        let signature = pairs.remove(b"oauth_signature");
        pairs.sort();
        no_duplicates(&pairs, signature.is_some())?;
        Self::read(source, signature, realm, pairs).map(Some)
    }

    fn read(source: Source, signature: Option<Range<usize>>, realm: Option<String>, pairs: Pairs) -> Result<Self, Oauth1Error> {
        let value = |name: &'static str, longest: usize| {
            pairs.find(name.as_bytes()).map(|place| Value::read(name, &pairs, place, longest)).transpose()
        };
        // Libraries of OAuth 1.0 send an empty one where there is none.
        let filled = |name, longest| Ok(value(name, longest)?.filter(|text| text.len() > 0));
        let taken = |name, longest| Ok(filled(name, longest)?.map(|text| text.take(&pairs)));
        let required = |name| filled(name, LONGEST_NAME)?.ok_or_else(|| Oauth1Error::absent(name));
        if value("oauth_version", LONGEST_NAME)?.is_some_and(|version| version.of(&pairs) != "1.0") {
            return Err(Oauth1Error::new(Problem::VersionRejected, "oauth_version is 1.0 or absent").with_kh(kh::OAUTH1_PARAMETERS));
        }
        let consumer_key = required("oauth_consumer_key")?;
        let signature_method = required("oauth_signature_method")?;
        let signature = signature.filter(|place| !place.is_empty()).ok_or_else(|| Oauth1Error::absent("oauth_signature"))?;
        let nonce = value("oauth_nonce", LONGEST_NAME)?;
        if nonce.as_ref().is_some_and(|nonce| nonce.len() == 0) {
            return Err(Oauth1Error::rejected("oauth_nonce", "oauth_nonce is not empty"));
        }
        Ok(Self {
            source,
            consumer_key,
            token: filled("oauth_token", LONGEST_NAME)?,
            signature_method,
            signature: Secret::new(Value::read("oauth_signature", &pairs, signature, LONGEST_VALUE)?.take(&pairs)),
            timestamp: value("oauth_timestamp", LONGEST_NAME)?.map(|digits| value::timestamp(digits.of(&pairs))).transpose()?,
            nonce,
            callback: taken("oauth_callback", LONGEST_VALUE)?,
            verifier: taken("oauth_verifier", LONGEST_NAME)?.map(Secret::new),
            body_hash: value("oauth_body_hash", LONGEST_NAME)?.map(|text| text.take(&pairs)),
            realm,
            pairs,
        })
    }

    /// Where the protocol parameters were.
    pub const fn source(&self) -> Source {
        self.source
    }

    /// `oauth_consumer_key`: who says to have signed.
    pub fn consumer_key(&self) -> &str {
        self.consumer_key.of(&self.pairs)
    }

    /// `oauth_token`; absent where the consumer acts for itself, or asks for temporary credentials.
    pub fn token(&self) -> Option<&str> {
        self.token.as_ref().map(|text| text.of(&self.pairs))
    }

    /// `oauth_signature_method`.
    pub fn signature_method(&self) -> &str {
        self.signature_method.of(&self.pairs)
    }

    /// `oauth_signature`: with PLAINTEXT the secrets themselves.
    pub const fn signature(&self) -> &Secret<String> {
        &self.signature
    }

    /// `oauth_timestamp`, in seconds since 1970, positive.
    pub const fn timestamp(&self) -> Option<u64> {
        self.timestamp
    }

    /// `oauth_nonce`, not empty.
    pub fn nonce(&self) -> Option<&str> {
        self.nonce.as_ref().map(|text| text.of(&self.pairs))
    }

    /// `oauth_callback`, as it was sent (RFC 5849 §2.1).
    pub fn callback(&self) -> Option<&str> {
        self.callback.as_deref()
    }

    /// `oauth_verifier` (RFC 5849 §2.3).
    pub const fn verifier(&self) -> Option<&Secret<String>> {
        self.verifier.as_ref()
    }

    /// `oauth_body_hash`, in base64.
    pub fn body_hash(&self) -> Option<&str> {
        self.body_hash.as_deref()
    }

    /// The realm of the header, which is not signed.
    pub fn realm(&self) -> Option<&str> {
        self.realm.as_deref()
    }

    pub(crate) const fn pairs(&self) -> &Pairs {
        &self.pairs
    }
}

impl fmt::Debug for Parameters {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Parameters")
            .field("source", &self.source)
            .field("consumer_key", &self.consumer_key())
            .field("token", &self.token.as_ref().map(|_| "***"))
            .field("signature_method", &self.signature_method())
            .field("signature", &self.signature)
            .field("timestamp", &self.timestamp)
            .field("verifier", &self.verifier)
            .finish_non_exhaustive()
    }
}

/// Whether a query or form holds what only a signed request has. A request of somebody else may be malformed as it likes.
fn is_signed(raw: &[u8]) -> bool {
    let mut name = Vec::new();
    form_pairs(raw).any(|(raw, _)| {
        name.clear();
        encoding::recode(raw, Plus::Space, &mut name).is_ok()
            && [&b"oauth_consumer_key"[..], b"oauth_signature", b"oauth_signature_method"].contains(&&name[..])
    })
}

/// Takes the header's parameters in, and its realm apart: by its name, not by what a name or value contains.
fn read_header(header: &str, pairs: &mut Pairs) -> Result<Option<String>, Oauth1Error> {
    let mut realm = None;
    let mut wrong = None;
    let syntax = header::parse(header, |raw| {
        if raw.name == "realm" {
            realm.replace(header::unescaped(raw.value)).is_none()
        } else {
            pairs.push(raw.name.as_bytes(), raw.value.as_bytes(), Plus::Plus).map_err(|why| wrong = Some(why)).is_ok()
        }
    });
    match (syntax, wrong) {
        (Ok(()), _) => Ok(realm),
        (Err(_), Some(why)) => Err(refused(why)),
        (Err(_), None) => Err(malformed("the Authorization header is not name=\"value\" pairs, each once, separated by commas")),
    }
}

/// RFC 5849 §3.5: whatever begins with `oauth_` stands in one and only one place.
fn source(pairs: &Pairs, in_header: usize, in_query: usize) -> Result<Source, Oauth1Error> {
    let mut found = None;
    for (index, _) in pairs.iter().enumerate().filter(|(_, (name, _))| name.starts_with(PREFIX)) {
        let place = match index {
            _ if index < in_header => Source::Header,
            _ if index < in_query => Source::Query,
            _ => Source::Body,
        };
        if found.is_some_and(|found| found != place) {
            return Err(malformed("parameters that begin with oauth_ stand in more than one of header, query and body"));
        }
        found = Some(place);
    }
    found.ok_or_else(|| Oauth1Error::absent("oauth_consumer_key"))
}

/// RFC 5849 §3.1: each protocol parameter MUST NOT appear more than once.
fn no_duplicates(sorted: &Pairs, signature_taken: bool) -> Result<(), Oauth1Error> {
    let mut before: Option<&[u8]> = signature_taken.then_some(b"oauth_signature");
    for (name, _) in sorted.iter().filter(|(name, _)| name.starts_with(PREFIX)) {
        if before == Some(name) || (signature_taken && name == b"oauth_signature") {
            return Err(malformed("a protocol parameter was sent more than once"));
        }
        before = Some(name);
    }
    Ok(())
}

fn refused(why: Refused) -> Oauth1Error {
    malformed(match why {
        Refused::Encoding => "a % is not followed by two hexadecimal digits",
        Refused::TooMany => "the request has too many parameters",
    })
}

fn malformed(description: &'static str) -> Oauth1Error {
    Oauth1Error::new(Problem::ParameterRejected, description).with_kh(kh::OAUTH1_PARAMETERS)
}
