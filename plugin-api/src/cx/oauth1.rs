//! Contexts of the hooks of OAuth 1.0a (RFC 5849): whose key it is, what signs, which requests pass, what is answered.

use super::{Cx, context};
use crate::Deny;
use crate::abi::part;
use crate::members::Members;
use crate::outcome::{Decision, Outcome, Verdict};

context! {
    /// `oauth1_consumer`: a request is signed under a consumer key that no client has. A plugin may know for which registered client it
    /// stands, as after a move from another provider. Nothing is verified yet.
    ///
    /// ```
    /// use keyhook_plugin::prelude::*;
    ///
    /// #[hook(oauth1_consumer, inline)]
    /// fn moved(cx: &mut Oauth1ConsumerCx) -> Outcome {
    ///     match cx.config().text(&keyhook_plugin::json::pointer(["moved", cx.consumer_key()]))? {
    ///         Some(client) => cx.stands_for(client),
    ///         None => Continue,
    ///     }
    /// }
    /// # fn main() {}
    /// ```
    Oauth1ConsumerCx: Cx
}

context! {
    /// `oauth1_signature`: a request is signed by the `oauth_signature_method` that this plugin registered (RFC 5849 §3.4). The plugin
    /// says what the signature has to be; it does not see the one that came, and the server compares.
    ///
    /// It is asked for consumers that nobody knows as well, with a key that nobody has, so that they cost the same time.
    ///
    /// ```
    /// use keyhook_plugin::prelude::*;
    /// # fn mac(_key: &[u8], _text: &[u8]) -> [u8; 32] { [7; 32] }
    ///
    /// #[hook(oauth1_signature = "HMAC-EXAMPLE", inline)]
    /// fn sign(cx: &mut Oauth1SignatureCx) -> Result<ExpectedSignature, Deny> {
    ///     Ok(ExpectedSignature::base64(&mac(cx.key().as_bytes(), cx.base_string().as_bytes())))
    /// }
    /// # fn main() {}
    /// ```
    Oauth1SignatureCx: Cx
}

context! {
    /// `oauth1_request`: the signature holds and the timestamp is within the window; the nonce is not recorded yet. A plugin may still
    /// deny, never permit what the server does not.
    ///
    /// ```
    /// use keyhook_plugin::prelude::*;
    ///
    /// #[hook(oauth1_request, inline)]
    /// fn long_nonces(cx: &mut Oauth1RequestCx) -> Outcome {
    ///     if cx.nonce().is_none_or(|nonce| nonce.len() < 16) {
    ///         return Err(Deny::invalid_request().because("a nonce has 16 characters or more"));
    ///     }
    ///     Continue
    /// }
    /// # fn main() {}
    /// ```
    Oauth1RequestCx: Cx
}

context! {
    /// What the hooks of both answers of OAuth 1.0a see.
    Oauth1TokenCx: Cx
}

context! {
    /// `request_token_response`: temporary credentials are composed and not yet sent (RFC 5849 §2.1).
    RequestTokenResponseCx: Oauth1TokenCx
}

context! {
    /// `oauth1_access_token_response`: token credentials are composed and not yet sent (RFC 5849 §2.3).
    ///
    /// ```
    /// use keyhook_plugin::prelude::*;
    ///
    /// #[hook(oauth1_access_token_response, inline)]
    /// fn tell(cx: &mut Oauth1TokenResponseCx) -> Outcome {
    ///     let user = cx.subject().unwrap_or_default().to_owned();
    ///     cx.response().set("user_id", user)?;
    ///     Continue
    /// }
    /// # fn main() {}
    /// ```
    Oauth1TokenResponseCx: Oauth1TokenCx
}

impl Oauth1ConsumerCx {
    /// The `oauth_consumer_key`, as it came.
    pub fn consumer_key(&self) -> &str {
        self.fact("consumer_key").unwrap_or_default()
    }

    /// The key stands for this client. The server looks whether there is such a client and whether it may use OAuth 1.0a, and verifies
    /// the signature with that client's own secrets.
    ///
    /// # Errors
    /// The server refuses the text.
    pub fn stands_for(&mut self, client_id: impl Into<String>) -> Outcome {
        self.decide("client_id", Some(client_id.into()))?;
        Ok(Verdict(Decision::Client))
    }
}

impl Oauth1SignatureCx {
    /// The `oauth_signature_method`.
    pub fn signature_method(&self) -> &str {
        self.fact("signature_method").unwrap_or_default()
    }

    /// The signature base string (RFC 5849 §3.4.1). It holds every parameter of the request: not for the log.
    pub fn base_string(&self) -> &str {
        self.fact("base_string").unwrap_or_default()
    }

    /// The consumer's secret and the token's, each encoded, joined by `&` (RFC 5849 §3.4.2). A secret: never for the log.
    pub fn key(&self) -> &str {
        self.fact("signing_key").unwrap_or_default()
    }

    pub(crate) fn settle(&mut self, expected: ExpectedSignature) -> Result<Verdict, Deny> {
        self.decide("signature", Some(expected.text))?;
        Ok(Verdict(Decision::Signature))
    }
}

impl Oauth1RequestCx {
    /// The `oauth_consumer_key`, as it came.
    pub fn consumer_key(&self) -> &str {
        self.fact("consumer_key").unwrap_or_default()
    }

    /// The client that signed.
    pub fn client_id(&self) -> &str {
        self.fact("client_id").unwrap_or_default()
    }

    /// The `oauth_token`; `None` where the client signs for itself, and where it asks for temporary credentials.
    pub fn token(&self) -> Option<&str> {
        self.fact("token")
    }

    /// Whose token it is; `None` without one, and as long as nobody has authorized it.
    pub fn subject(&self) -> Option<&str> {
        self.fact("subject")
    }

    /// The `oauth_timestamp`; `None` where PLAINTEXT came without (RFC 5849 §3.1).
    pub fn timestamp(&self) -> Option<u64> {
        self.fact("timestamp")?.parse().ok()
    }

    /// The `oauth_nonce`; `None` as [`Oauth1RequestCx::timestamp`].
    pub fn nonce(&self) -> Option<&str> {
        self.fact("nonce")
    }

    /// The `oauth_signature_method`.
    pub fn signature_method(&self) -> &str {
        self.fact("signature_method").unwrap_or_default()
    }

    /// The method of the signed request.
    pub fn method(&self) -> &str {
        self.fact("method").unwrap_or_default()
    }

    /// The URI of the signed request, without its query. It need not be the server's: whoever guards resources asks here.
    pub fn uri(&self) -> &str {
        self.fact("uri").unwrap_or_default()
    }
}

impl Oauth1TokenCx {
    /// The client's identifier.
    pub fn client_id(&self) -> &str {
        self.fact("client_id").unwrap_or_default()
    }

    /// Who authorized; `None` in `request_token_response`.
    pub fn subject(&self) -> Option<&str> {
        self.fact("subject")
    }

    /// A parameter of the request's form body; those of the protocol that are secrets are not among them.
    pub fn form(&self, name: &str) -> Option<&str> {
        self.text(part::FORM, name)
    }

    /// Members of the answer, which is a form: texts, numbers, `true` and `false`. `oauth_token`, `oauth_token_secret`,
    /// `oauth_callback_confirmed` and `oauth_problem…` are read-only, all else is free up to 16 KiB.
    pub fn response(&mut self) -> Members<'_> {
        Members::new(&mut self.call, part::RESPONSE, "response member")
    }
}

impl Oauth1TokenResponseCx {
    /// This plugin's data that came with the authorization. Read-only: nothing comes after token credentials that would see more.
    pub fn data(&mut self) -> Members<'_> {
        Members::new(&mut self.call, part::DATA, "data")
    }
}

/// The only signature that is right for a request. The server compares it with the one that came, in constant time.
#[derive(Clone)]
#[must_use = "return it"]
pub struct ExpectedSignature {
    text: String,
}

impl ExpectedSignature {
    /// A tag, sent in base64 (RFC 5849 §3.4.2).
    pub fn base64(tag: &[u8]) -> Self {
        Self { text: base64(tag) }
    }

    /// The signature as it is sent, before it is encoded into a header. An empty one fits nothing.
    pub fn text(signature: impl Into<String>) -> Self {
        Self { text: signature.into() }
    }
}

/// It would let one request in.
impl std::fmt::Debug for ExpectedSignature {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("ExpectedSignature(***)")
    }
}

/// Base64 with padding (RFC 4648 §4).
fn base64(bytes: &[u8]) -> String {
    const ALPHABET: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let mut out = String::with_capacity(bytes.len().div_ceil(3) * 4);
    for group in bytes.chunks(3) {
        let at = |index: usize| u32::from(group.get(index).copied().unwrap_or_default());
        let bits = at(0) << 16 | at(1) << 8 | at(2);
        for place in 0..4 {
            let sextet = (bits >> (18 - 6 * place)) & 63;
            out.push(if place <= group.len() { char::from(ALPHABET[sextet as usize]) } else { '=' });
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    /// RFC 4648 §10.
    #[test]
    fn base64_agrees_with_the_published_examples() {
        for (plain, encoded) in
            [("", ""), ("f", "Zg=="), ("fo", "Zm8="), ("foo", "Zm9v"), ("foob", "Zm9vYg=="), ("fooba", "Zm9vYmE="), ("foobar", "Zm9vYmFy")]
        {
            assert_eq!(base64(plain.as_bytes()), encoded);
        }
        assert_eq!(base64(&[0xfb, 0xff, 0xfe]), "+//+");
    }

    #[test]
    fn a_signature_does_not_show_itself() {
        assert_eq!(format!("{:?}", ExpectedSignature::text("secret")), "ExpectedSignature(***)");
    }
}
