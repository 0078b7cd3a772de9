//! A signature method of its own for OAuth 1.0a (RFC 5849 §3.4): HMAC-SHA384, between the two that the server has.
//!
//! ```sh
//! keyhook client add printer --oauth1 --signature-method HMAC-SHA384
//! ```
//!
//! The client signs as with HMAC-SHA1 (RFC 5849 §3.4.2), with another hash: key and base string are the same, the tag goes out in base64.
//! The plugin says what the signature has to be; it never sees the one that came, and the server compares them in constant time.
//!
//! Build it with `cargo build --release -p sha384-signature` and drop `target/release/libsha384_signature.so` into a folder of
//! `[plugins] directories`.

use hmac::{Hmac, KeyInit as _, Mac as _};
use keyhook_plugin::prelude::*;
use sha2::Sha384;

#[hook(oauth1_signature = "HMAC-SHA384", inline)]
fn sign(cx: &mut Oauth1SignatureCx) -> Result<ExpectedSignature, Deny> {
    // A key of any length will do (RFC 2104 §2).
    let mac = Hmac::<Sha384>::new_from_slice(cx.key().as_bytes()).map_err(|_| Deny::server_error())?;
    Ok(ExpectedSignature::base64(&mac.chain_update(cx.base_string()).finalize().into_bytes()))
}

plugin! { name: "sha384-signature" }

#[cfg(test)]
mod tests {
    use keyhook_plugin_test::TestCall;

    fn signature(base_string: &str, key: &str) -> Option<String> {
        TestCall::oauth1_signature("HMAC-SHA384", base_string, key).run().expected_signature().map(str::to_owned)
    }

    /// RFC 4231 §4.3, in base64.
    #[test]
    fn the_tag_is_hmac_sha_384_in_base64() {
        let tag = "r0XS43ZIQDFhf3jStYprG5x+9GT1oBtH5C7Dc2MiRF6OIkDKXmnix4syOez6shZJ";
        assert_eq!(signature("what do ya want for nothing?", "Jefe").as_deref(), Some(tag));
    }

    #[test]
    fn another_key_or_another_request_has_another_signature() {
        let all = [("GET&a", "k&t"), ("GET&b", "k&t"), ("GET&a", "k&"), ("GET&a", "&")].map(|(base, key)| signature(base, key));
        for (index, one) in all.iter().enumerate() {
            assert!(one.as_ref().is_some_and(|text| text.len() == 64) && !all[..index].contains(one), "{index}");
        }
    }
}
