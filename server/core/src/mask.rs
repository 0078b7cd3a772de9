//! Hides what looks like a secret of ours in a text from outside, before it goes into a log (OWASP ASVS 16.2.5).

use crate::token::IssuedToken;

/// What a client secret begins with; tokens are recognized by their own kinds.
const CLIENT_SECRET: &str = "khx_";
/// The length of every prefix.
const PREFIX: usize = 4;
/// The shortest run of characters after a prefix that is taken for a secret.
const SHORTEST: usize = 20;

/// `text` without what looks like a token or client secret of this server: people mistake one parameter for another, and a secret
/// that stands in a log has to be replaced.
pub fn masked(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = rest.find("kh") {
        let (before, token) = rest.split_at(at);
        out.push_str(before);
        let is_ours = token.starts_with(CLIENT_SECRET) || IssuedToken::sniff(token).is_some();
        let body = token.get(PREFIX..).filter(|_| is_ours).unwrap_or_default();
        let length = body.bytes().take_while(|byte| byte.is_ascii_alphanumeric() || b"-_".contains(byte)).count();
        if length >= SHORTEST {
            out.push_str(&token[..PREFIX]);
            out.push_str("***");
            rest = &body[length..];
        } else {
            out.push_str("kh");
            rest = &token["kh".len()..];
        }
    }
    out.push_str(rest);
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::token::client_secret;

    #[test]
    fn secrets_are_hidden_wherever_they_stand_and_the_rest_is_kept() {
        let secret = client_secret([7; 32]).into_inner();
        assert_eq!(masked(&secret), "khx_***");
        assert_eq!(masked(&format!("é/{secret}?kh=1&x=khkh{secret}é")), "é/khx_***?kh=1&x=khkhkhx_***é");
        for plain in ["", "kh", "khaki", "kha_", "khx_short", "kh🦀_aaaaaaaaaaaaaaaaaaaaaaaa", "khz_aaaaaaaaaaaaaaaaaaaaaaaaaaaa", "shop"]
        {
            assert_eq!(masked(plain), plain);
        }
    }

    #[test]
    fn a_secret_in_the_wrong_parameter_does_not_reach_the_log() {
        let secret = client_secret([7; 32]).into_inner();
        let body = format!("client_id={secret}&{secret}=1&{secret}=2");
        let form = crate::form::Form::parse(body.as_bytes(), 10).unwrap_or_default();
        let credentials = crate::client_auth::present(None, &form);
        let unknown = credentials.and_then(|credentials| crate::client_auth::authenticate(None, &credentials)).map(drop);
        let scope = crate::scope::Scope::parse(&secret).unwrap_or_default();
        let wide = crate::scope::Granted::narrow(Some(&scope), &crate::scope::Scope::empty(), &crate::scope::Scope::empty()).map(drop);
        for refused in [unknown, wide, form.no_duplicates()] {
            let cause = refused.map_err(|error| error.cause.unwrap_or_default());
            assert!(cause.as_ref().is_err_and(|cause| cause.contains("khx_***") && !cause.contains(&secret)), "{cause:?}");
        }
    }
}
