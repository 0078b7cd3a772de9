//! The answers of the two endpoints that give out credentials, form-encoded (RFC 5849 §2.1, §2.3).

use super::encoding::encode_into;
use crate::secret::Secret;

/// The media type of the answers, and of the errors.
pub const CONTENT_TYPE: &str = "application/x-www-form-urlencoded";

/// Temporary credentials, as the consumer gets them once.
#[derive(Clone, Debug)]
pub struct TemporaryCredentials {
    /// `oauth_token`.
    pub token: String,
    /// `oauth_token_secret`.
    pub secret: Secret<String>,
}

impl TemporaryCredentials {
    /// The body, with `oauth_callback_confirmed=true` (RFC 5849 §2.1), and `more` after it: members with a name of ours are left out.
    pub fn form(&self, more: &[(String, String)]) -> Secret<String> {
        form(&self.token, &self.secret, "&oauth_callback_confirmed=true", more)
    }
}

/// Token credentials, as the consumer gets them once.
#[derive(Clone, Debug)]
pub struct TokenCredentials {
    /// `oauth_token`.
    pub token: String,
    /// `oauth_token_secret`.
    pub secret: Secret<String>,
}

impl TokenCredentials {
    /// The body (RFC 5849 §2.3), and `more` after it, which may extend it: members with a name of ours are left out.
    pub fn form(&self, more: &[(String, String)]) -> Secret<String> {
        form(&self.token, &self.secret, "", more)
    }
}

/// Whether a name may be added to an answer: `oauth_token`, its secret and the confirmation are ours.
pub fn may_be_added(name: &str) -> bool {
    !name.is_empty() && !["oauth_token", "oauth_token_secret", "oauth_callback_confirmed", "oauth_problem"].contains(&name)
}

fn form(token: &str, secret: &Secret<String>, confirmed: &str, more: &[(String, String)]) -> Secret<String> {
    let added: usize = more.iter().map(|(name, value)| name.len() + value.len() + 2).sum();
    // Room for every byte encoded: growing would leave the secret behind in memory.
    let mut out = String::with_capacity(64 + 3 * (token.len() + secret.expose().len() + added));
    out.push_str("oauth_token=");
    encode_into(token, &mut out);
    out.push_str("&oauth_token_secret=");
    encode_into(secret.expose(), &mut out);
    out.push_str(confirmed);
    for (name, value) in more.iter().filter(|(name, _)| may_be_added(name)) {
        out.push('&');
        encode_into(name, &mut out);
        out.push('=');
        encode_into(value, &mut out);
    }
    Secret::new(out)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// RFC 5849 §2.1 and §1.2.
    #[test]
    fn the_answers_are_those_of_the_rfc() {
        let temporary = TemporaryCredentials { token: "hh5s93j4hdidpola".into(), secret: Secret::new("hdhd0244k9j7ao03".into()) };
        assert_eq!(
            temporary.form(&[]).expose(),
            "oauth_token=hh5s93j4hdidpola&oauth_token_secret=hdhd0244k9j7ao03&oauth_callback_confirmed=true"
        );
        let token = TokenCredentials { token: "nnch734d00sl2jdk".into(), secret: Secret::new("pfkkdhi9sl3r4s00".into()) };
        assert_eq!(token.form(&[]).expose(), "oauth_token=nnch734d00sl2jdk&oauth_token_secret=pfkkdhi9sl3r4s00");
        assert!(!format!("{temporary:?} {token:?}").contains("pfkk"));
    }

    #[test]
    fn what_is_added_replaces_nothing_and_breaks_out_of_nothing() {
        let token = TokenCredentials { token: "t".into(), secret: Secret::new("s".into()) };
        let more = [("oauth_token", "evil"), ("user_id", "7&oauth_token=x"), ("", "x"), ("a&b", "é")];
        let more: Vec<_> = more.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
        assert_eq!(token.form(&more).expose(), "oauth_token=t&oauth_token_secret=s&user_id=7%26oauth_token%3Dx&a%26b=%C3%A9");
    }
}
