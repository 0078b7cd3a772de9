//! What a token must say of its issuer and audience to be meant for this API (RFC 9068 §4, RFC 8707 §3).

use serde_json::Value;

/// What is expected; `None` is not looked at.
#[derive(Clone, Debug, Default)]
pub(crate) struct Expected {
    pub(crate) issuer: Option<String>,
    pub(crate) audience: Option<String>,
}

impl Expected {
    /// Why a token is not meant for us. What is expected must be there, byte for byte.
    pub(crate) fn mismatch(&self, issuer: Option<&str>, audience: &[String]) -> Option<&'static str> {
        if self.issuer.as_deref().is_some_and(|expected| issuer != Some(expected)) {
            return Some("its issuer is another one, or none");
        }
        if self.audience.as_ref().is_some_and(|expected| !audience.contains(expected)) {
            return Some("its audience is another one, or none");
        }
        None
    }
}

/// `aud`: a string or a list of strings (RFC 7519 §4.1.3); `None` for anything else.
pub(crate) fn audience(member: Option<&Value>) -> Option<Vec<String>> {
    match member {
        None => Some(Vec::new()),
        Some(Value::String(one)) => Some(vec![one.clone()]),
        Some(Value::Array(many)) => many.iter().map(|item| item.as_str().map(str::to_owned)).collect(),
        Some(_) => None,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn what_is_expected_must_be_there_byte_for_byte() {
        let expected = Expected { issuer: Some("https://id.example".to_owned()), audience: Some("https://api.example".to_owned()) };
        let audience = ["https://other.example", "https://api.example"].map(str::to_owned);
        assert_eq!(expected.mismatch(Some("https://id.example"), &audience), None);
        assert!(expected.mismatch(Some("https://id.example/"), &audience).is_some());
        assert!(expected.mismatch(None, &audience).is_some());
        assert!(expected.mismatch(Some("https://id.example"), &audience[..1]).is_some());
        assert!(expected.mismatch(Some("https://id.example"), &[]).is_some());
        assert_eq!(Expected::default().mismatch(None, &[]), None);
    }

    /// RFC 7519 §4.1.3.
    #[test]
    fn an_audience_is_one_string_or_several() {
        assert_eq!(audience(None), Some(Vec::new()));
        assert_eq!(audience(Some(&json!("a"))), Some(vec!["a".to_owned()]));
        assert_eq!(audience(Some(&json!(["a", "b"]))), Some(vec!["a".to_owned(), "b".to_owned()]));
        for wrong in [json!(1), json!(["a", 1]), json!({}), json!(null)] {
            assert_eq!(audience(Some(&wrong)), None, "{wrong}");
        }
    }
}
