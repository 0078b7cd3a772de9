//! A request of ours as its client signed it: nothing decoded, nothing normalized (RFC 5849 §3.4.1).

use http::header;
use keyhook_component::context::Context;
use keyhook_component::request::Request;
use keyhook_core::kh;
use keyhook_core::oauth1::{Oauth1Error, Problem, SignedRequest};

/// The request as it was signed: for this server, whose host is the issuer's. What a `Host` header says is not believed, or
/// else a request that a client was led to sign for somebody else's host would be good here (RFC 5849 §3.4.1.2, §4.1).
///
/// # Errors
/// `parameter_rejected` for two `Authorization` headers: which of them was meant is not a guess; and for one that is not ASCII.
pub(crate) fn signed<'a>(request: &'a Request, context: &'a Context) -> Result<SignedRequest<'a>, Oauth1Error> {
    let mut headers = request.headers.get_all(header::AUTHORIZATION).iter();
    let authorization = match headers.next().map(|value| (value.as_bytes(), value.to_str())) {
        Some((bytes, Err(_))) if is_ours(bytes) => {
            let error = Oauth1Error::new(Problem::ParameterRejected, "the Authorization header holds bytes that are not ASCII");
            return Err(error.with_kh(kh::OAUTH1_PARAMETERS));
        }
        found => found.and_then(|(_, text)| text.ok()),
    };
    if headers.next().is_some() {
        let error = Oauth1Error::new(Problem::ParameterRejected, "there is more than one Authorization header");
        return Err(error.with_kh(kh::TWO_CREDENTIALS));
    }
    let origin = context.settings.issuer.origin();
    let authority = origin.split_once("://").map_or(origin, |(_, authority)| authority);
    let is_form = request.is_form();
    Ok(SignedRequest {
        method: request.method.as_str(),
        // As it arrived: what is for TLS alone must not pass without.
        scheme: request.scheme,
        authority,
        path: &request.path,
        query: Some(request.query.as_str()).filter(|query| !query.is_empty()),
        authorization,
        form_body: is_form.then_some(&request.body[..]),
        body_other: (!is_form).then_some(&request.body[..]),
    })
}

/// Whether the scheme is `OAuth`, as a whole word: whatever another holds is somebody else's (RFC 5849 §3.5.1).
fn is_ours(header: &[u8]) -> bool {
    header.split(|byte| matches!(byte, b' ' | b'\t')).next().is_some_and(|scheme| scheme.eq_ignore_ascii_case(b"OAuth"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_scheme_that_only_begins_like_ours_is_somebody_elses() {
        for ours in [&b"OAuth \xff"[..], b"oauth\t\xff", b"OAUTH"] {
            assert!(is_ours(ours));
        }
        for foreign in [&b"OAuth2 \xff"[..], b"OAuth\xff", b"Bearer \xff", b""] {
            assert!(!is_ours(foreign));
        }
    }
}
