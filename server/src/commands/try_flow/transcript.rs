//! Prints exchanges: what was asked, what came; tokens and secrets shortened unless they shall be shown.

use std::fmt::Write as _;

use serde_json::Value;

use super::browser::{Answer, Credentials};
use crate::output;

/// Parameters and members whose values are shortened.
const SECRETS: [&str; 13] = [
    "access_token",
    "refresh_token",
    "id_token",
    "client_secret",
    "code",
    "code_verifier",
    "password",
    "csrf_token",
    "interaction",
    "assertion",
    "oauth_token_secret",
    "oauth_verifier",
    "oauth_signature",
];
/// Characters of a secret that are shown: its prefix and a little more.
const SHOWN: usize = 8;

/// How exchanges are printed.
#[derive(Clone, Copy)]
pub(super) struct Transcript {
    /// Whether they are at all.
    pub(super) printed: bool,
    /// Whether secrets are shown in full.
    pub(super) show: bool,
}

impl Transcript {
    /// Prints a request.
    pub(super) fn asked(self, method: &str, target: &str, credentials: Option<Credentials<'_>>, form: &[(String, String)]) {
        if !self.printed {
            return;
        }
        let (path, query) = target.split_once('?').unwrap_or((target, ""));
        let mut text = format!("→ {method} {path}\n");
        let query: Vec<(String, String)> = pairs(query);
        self.list(&mut text, "?", &query);
        match credentials {
            None => {}
            Some(Credentials::Basic(id, secret)) => {
                let _ = writeln!(text, "    Authorization: Basic {id}:{}", self.shortened("client_secret", secret));
            }
            Some(Credentials::Signed(header)) => {
                let _ = writeln!(text, "    Authorization: OAuth");
                self.list(&mut text, "  ", &signed(header));
            }
        }
        self.list(&mut text, "", form);
        output::write(&text);
    }

    /// Prints an answer.
    pub(super) fn answered(self, answer: &Answer) {
        if !self.printed {
            return;
        }
        let mut text = format!("← {}\n", answer.status);
        if let Some(location) = answer.header("location") {
            let (target, query) = location.split_once('?').unwrap_or((location, ""));
            let _ = writeln!(text, "    Location: {target}");
            self.list(&mut text, "?", &pairs(query));
        } else if let Ok(json) = serde_json::from_slice::<Value>(&answer.body) {
            let shown = format!("{:#}", self.masked(&json));
            text.extend(shown.lines().map(|line| format!("    {line}\n")));
        } else if answer.header("content-type").is_some_and(|value| value.starts_with("application/x-www-form-urlencoded")) {
            self.list(&mut text, "", &pairs(&answer.text()));
        } else if let Some(title) = super::page::title(&answer.text()) {
            let _ = writeln!(text, "    page: {title}");
        }
        output::write(&text);
    }

    /// A JSON object with its secrets shortened.
    pub(super) fn masked(self, json: &Value) -> Value {
        let Value::Object(members) = json else { return json.clone() };
        let mask = |(name, value): (&String, &Value)| match value.as_str() {
            Some(text) => (name.clone(), self.shortened(name, text).into()),
            None => (name.clone(), value.clone()),
        };
        Value::Object(members.iter().map(mask).collect())
    }

    fn list(self, text: &mut String, mark: &str, pairs: &[(String, String)]) {
        for (name, value) in pairs {
            let printable: String = self.shortened(name, value).chars().filter(|character| !character.is_control()).collect();
            let _ = writeln!(text, "    {mark}{name}={printable}");
        }
    }

    fn shortened(self, name: &str, value: &str) -> String {
        if self.show || !SECRETS.contains(&name) || value.chars().count() <= SHOWN {
            return if !self.show && name == "password" { "…".to_owned() } else { value.to_owned() };
        }
        format!("{}…", value.chars().take(SHOWN).collect::<String>())
    }
}

/// The parameters of a header of OAuth 1.0a that was made here.
fn signed(header: &str) -> Vec<(String, String)> {
    let parameters = header.trim_start_matches("OAuth ").split(", ").filter_map(|pair| pair.split_once('='));
    parameters.map(|(name, value)| (name.to_owned(), value.trim_matches('"').to_owned())).collect()
}

/// The parameters of a query or form, decoded.
pub(super) fn pairs(query: &str) -> Vec<(String, String)> {
    form_urlencoded::parse(query.as_bytes()).into_owned().collect()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn secrets_are_shortened_unless_they_shall_be_shown() {
        let response = json!({ "access_token": "kha_0123456789abcdef", "expires_in": 600, "greeting": "hello" });
        let hidden = Transcript { printed: true, show: false };
        assert_eq!(hidden.masked(&response), json!({ "access_token": "kha_0123…", "expires_in": 600, "greeting": "hello" }));
        assert_eq!(hidden.shortened("password", "short"), "…");
        assert_eq!(Transcript { printed: true, show: true }.masked(&response), response);
    }
}
