//! What a template expects, in the catalogue's shorthand, and whether an answer is that.

use crate::wire::{Answer, Reply};

/// What the server must answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Expect {
    /// EP: an error page, 400 or 403, no redirect.
    Page,
    /// ER: 303 to the registered redirect URI with one of the errors, the state byte for byte, and the issuer.
    Back {
        /// Errors that are right.
        errors: Vec<&'static str>,
        /// The registered redirect URI.
        to: String,
        /// The state that was sent.
        state: Option<String>,
    },
    /// TE: JSON with one of the errors, 400, or 401 with a challenge for `invalid_client`; never to be stored.
    Json(Vec<&'static str>),
    /// IA: 200 with `{"active":false}` and nothing else.
    Inactive,
    /// One of the statuses; 0 is the end of the connection without an answer. None of them is a success.
    Refused(Vec<u16>),
    /// One of the statuses, which may be a success that gives nothing away.
    Harmless(Vec<u16>),
    /// 303 to a path of the server's own that starts like this.
    Onward(&'static str),
    /// The login form once more: 422, or 429 when there were too many.
    NotSignedIn,
    /// 303 to the waiting request, with a session.
    SignedIn,
    /// 303 to the redirect URI with a code, the state and the issuer.
    Code {
        /// The redirect URI.
        to: String,
        /// The state that was sent.
        state: Option<String>,
    },
    /// 200 with an access token whose scope is this, if said.
    Tokens(Option<String>),
    /// 200 with `"active": true`.
    Active,
    /// 400 or 401 with one of the problems by its name, form-encoded, a challenge with a 401 (RFC 5849 §3.2).
    Problem(Vec<&'static str>),
    /// 200 with temporary or token credentials, form-encoded (RFC 5849 §2.1, §2.3); the kind of record that they are.
    Credentials(&'static str),
    /// 200 with `"active": false` about a signed request, and one of the problems.
    NotBelieved(Vec<&'static str>),
    /// 303 to the callback with a verifier for the temporary credentials of this name (RFC 5849 §2.2).
    Verifier {
        /// The callback.
        to: String,
        /// `oauth_token`.
        token: String,
    },
    /// One of several.
    Either(Vec<Expect>),
}

/// How an answer compares.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// As expected.
    Right,
    /// Something was given that should have been refused.
    Accepted(String),
    /// Refused, and not in the way it should be.
    Wrong(String),
}

impl Expect {
    /// EP or ER with one of the errors.
    pub fn back(errors: &[&'static str], to: &str, state: &str) -> Expect {
        Expect::Back { errors: errors.to_vec(), to: to.to_owned(), state: Some(state.to_owned()) }
    }

    /// Judges an answer of the server with this issuer.
    pub fn judge(&self, issuer: &str, reply: &Reply) -> Verdict {
        let problem = match self.compare(issuer, reply) {
            Ok(()) => return Verdict::Right,
            Err(problem) => problem,
        };
        match reply {
            Reply::Answer(answer) if self.is_refusal() && (gives(answer) || self.is_success(answer)) => Verdict::Accepted(problem),
            _ => Verdict::Wrong(problem),
        }
    }

    /// Whether nothing may be given.
    fn is_refusal(&self) -> bool {
        match self {
            Expect::SignedIn
            | Expect::Code { .. }
            | Expect::Tokens(_)
            | Expect::Active
            | Expect::Credentials(_)
            | Expect::Verifier { .. } => false,
            Expect::Either(all) => all.iter().all(Expect::is_refusal),
            _ => true,
        }
    }

    /// Whether a success where none was expected.
    fn is_success(&self, answer: &Answer) -> bool {
        let by_status = matches!(self, Expect::Page | Expect::Json(_) | Expect::Refused(_) | Expect::Problem(_));
        by_status && (200..300).contains(&answer.status)
    }

    /// The rows that the store may gain, by kind.
    pub fn growth(&self) -> &'static [(&'static str, u64)] {
        match self {
            Expect::Onward(_) => &[("interaction", 1)],
            Expect::NotSignedIn => &[("attempts", 3)],
            Expect::SignedIn => &[("attempts", 3), ("session", 1), ("interaction", 1)],
            Expect::Code { .. } => &[("code", 1), ("grant", 1), ("consent", 1), ("interaction", 1)],
            Expect::Tokens(_) => &[("access_token", 1), ("refresh_token", 1)],
            Expect::Credentials("token_credential") => &[("token_credential", 1), ("nonce", 1)],
            Expect::Credentials(_) => &[("temporary_credential", 1), ("nonce", 1)],
            Expect::Verifier { .. } => &[("grant", 1), ("consent", 1), ("interaction", 1)],
            // Whoever hears these has signed, and a signed request is good once.
            Expect::Problem(all) | Expect::NotBelieved(all) if all.iter().all(|problem| AFTER_SIGNATURE.contains(problem)) => {
                &[("nonce", 1)]
            }
            Expect::Either(all) => all.iter().map(Expect::growth).find(|growth| !growth.is_empty()).unwrap_or_default(),
            _ => &[],
        }
    }

    fn compare(&self, issuer: &str, reply: &Reply) -> Result<(), String> {
        if let Expect::Either(all) = self {
            let mut problems = all.iter().map(|one| one.compare(issuer, reply)).filter_map(Result::err);
            return if problems.by_ref().count() < all.len() { Ok(()) } else { Err(format!("none of {all:?}")) };
        }
        let answer = match (self, reply) {
            (Expect::Refused(all) | Expect::Harmless(all), Reply::Closed) if all.contains(&0) => return Ok(()),
            (_, Reply::Answer(answer)) => answer,
            (_, other) => return Err(format!("no answer: {other:?}")),
        };
        match self {
            Expect::Page => page(answer),
            Expect::Back { errors, to, state } => back(answer, errors, to, state.as_deref(), issuer),
            Expect::Json(errors) => json(answer, errors),
            Expect::Inactive => same(answer.status == 200 && answer.body == br#"{"active":false}"#, "not exactly inactive"),
            Expect::Refused(all) | Expect::Harmless(all) => {
                same(all.contains(&answer.status) && !gives(answer), &format!("status {}, expected {all:?}", answer.status))
            }
            Expect::Onward(path) => {
                same(answer.status == 303 && answer.location().starts_with(path) && !gives(answer), &format!("not 303 to {path}"))
            }
            Expect::NotSignedIn => same(
                matches!(answer.status, 422 | 429) && answer.is("text/html") && answer.header("set-cookie").is_none(),
                "not the login form again",
            ),
            Expect::SignedIn => {
                same(answer.status == 303 && answer.location().starts_with("/authorize/resume?") && gives(answer), "not signed in")
            }
            Expect::Code { to, state } => code(answer, to, state.as_deref(), issuer),
            Expect::Tokens(scope) => tokens(answer, scope.as_deref()),
            Expect::Active => same(answer.status == 200 && answer.json()["active"] == true, "not active"),
            Expect::Problem(problems) => problem(answer, problems),
            Expect::Credentials(_) => credentials(answer),
            Expect::NotBelieved(problems) => not_believed(answer, problems),
            Expect::Verifier { to, token } => verifier(answer, to, token),
            Expect::Either(_) => Ok(()),
        }
    }
}

/// Whether an answer gives what an attacker wants: a code, a token, what a token says, a session, a way elsewhere.
pub fn gives(answer: &Answer) -> bool {
    let json = answer.json();
    let member = ["access_token", "refresh_token", "id_token"].iter().any(|name| json.get(name).is_some());
    let cookie = answer.headers.iter().any(|(name, value)| name == "set-cookie" && value.windows(4).any(|part| part == b"khs_"));
    let returned = ["code", "access_token"].iter().any(|name| !answer.returned(name).is_empty());
    let credentials = !answer.member("oauth_token_secret").is_empty() || !answer.returned("oauth_verifier").is_empty();
    returned || member || json["active"] == true || cookie || credentials
}

fn same(holds: bool, otherwise: &str) -> Result<(), String> {
    if holds { Ok(()) } else { Err(otherwise.to_owned()) }
}

fn page(answer: &Answer) -> Result<(), String> {
    same(matches!(answer.status, 400 | 403), &format!("status {} instead of an error page", answer.status))?;
    same(answer.header("location").is_none() && answer.header("set-cookie").is_none(), "an error page redirects or sets a cookie")?;
    same(answer.is("text/html"), "an error page is no page")
}

/// Whoever asks for a token is told in the fragment, of errors too (RFC 6749 §4.2.2.1).
fn is_at(location: &str, to: &str) -> bool {
    let separator = if to.contains('?') { '&' } else { '?' };
    location.strip_prefix(to).is_some_and(|rest| rest.starts_with([separator, '#']))
}

fn once(answer: &Answer, name: &str, value: Option<&str>) -> Result<(), String> {
    let all = answer.returned(name);
    let expected: Vec<String> = value.map(str::to_owned).into_iter().collect();
    same(all == expected, &format!("{name} is {all:?}, expected {expected:?}"))
}

fn back(answer: &Answer, errors: &[&str], to: &str, state: Option<&str>, issuer: &str) -> Result<(), String> {
    same(answer.status == 303, &format!("status {} instead of 303", answer.status))?;
    same(is_at(answer.location(), to), &format!("not sent to {to}"))?;
    same(!gives(answer), "an error that gives something")?;
    let error = answer.returned("error").join(",");
    same(errors.contains(&error.as_str()), &format!("error {error:?}, expected {errors:?}"))?;
    once(answer, "state", state)?;
    once(answer, "iss", Some(issuer))
}

/// Members of an error (RFC 6749 §5.2), and those that development adds.
const MEMBERS: [&str; 5] = ["error", "error_description", "request_id", "kh_code", "explain"];

fn json(answer: &Answer, errors: &[&str]) -> Result<(), String> {
    let error = answer.error();
    same(errors.contains(&error.as_str()), &format!("error {error:?} with {}, expected {errors:?}", answer.status))?;
    let expected = if error == "invalid_client" { 401 } else { 400 };
    same(answer.status == expected, &format!("status {}, expected {expected}", answer.status))?;
    same(expected == 400 || answer.header("www-authenticate").is_some(), "a 401 without a challenge")?;
    same(answer.header("cache-control") == Some("no-store"), "it may be stored")?;
    let json = answer.json();
    let strange = json.as_object().and_then(|members| members.keys().find(|name| !MEMBERS.contains(&name.as_str())).cloned());
    same(strange.is_none(), &format!("a strange member {strange:?}"))
}

fn code(answer: &Answer, to: &str, state: Option<&str>, issuer: &str) -> Result<(), String> {
    same(answer.status == 303 && is_at(answer.location(), to), &format!("status {}, not 303 to {to}", answer.status))?;
    same(!answer.location().contains('#'), "a code in a fragment")?;
    same(answer.returned("code").len() == 1, "not exactly one code")?;
    same(answer.header("cache-control") == Some("no-store"), "it may be stored")?;
    once(answer, "state", state)?;
    once(answer, "iss", Some(issuer))
}

fn tokens(answer: &Answer, scope: Option<&str>) -> Result<(), String> {
    let json = answer.json();
    same(answer.status == 200 && json["access_token"].is_string(), &format!("status {}, no tokens", answer.status))?;
    same(answer.header("cache-control") == Some("no-store"), "it may be stored")?;
    let given = json["scope"].as_str().unwrap_or_default();
    same(scope.is_none_or(|scope| scope == given), &format!("scope {given:?}, expected {scope:?}"))
}

/// Problems that are told to those alone who have signed.
const AFTER_SIGNATURE: [&str; 5] = ["token_used", "token_expired", "token_revoked", "permission_unknown", "verifier_invalid"];
/// Members of a problem (OAuth Problem Reporting), and the one that development adds.
const PROBLEM_MEMBERS: [&str; 7] = [
    "oauth_problem",
    "oauth_problem_advice",
    "oauth_parameters_absent",
    "oauth_parameters_rejected",
    "oauth_acceptable_timestamps",
    "oauth_acceptable_versions",
    "signature_base_string",
];

fn problem(answer: &Answer, problems: &[&str]) -> Result<(), String> {
    let problem = answer.member("oauth_problem");
    same(problems.contains(&problem.as_str()), &format!("problem {problem:?} with {}, expected {problems:?}", answer.status))?;
    let malformed = ["parameter_absent", "parameter_rejected", "version_rejected", "signature_method_rejected"];
    let expected = if malformed.contains(&problem.as_str()) { 400 } else { 401 };
    same(answer.status == expected, &format!("status {}, expected {expected}", answer.status))?;
    let challenge = answer.header("www-authenticate").is_some_and(|value| value.starts_with("OAuth realm="));
    same(expected == 400 || challenge, "a 401 without a challenge")?;
    let text = answer.text();
    let names = text.split('&').map(|pair| pair.split('=').next().unwrap_or_default());
    let strange = names.into_iter().find(|name| !PROBLEM_MEMBERS.contains(name));
    same(strange.is_none(), &format!("a strange member {strange:?}"))
}

fn credentials(answer: &Answer) -> Result<(), String> {
    let whole = ["oauth_token", "oauth_token_secret"].iter().all(|name| !answer.member(name).is_empty());
    same(answer.status == 200 && whole, &format!("status {}, no credentials", answer.status))
}

fn not_believed(answer: &Answer, problems: &[&str]) -> Result<(), String> {
    let json = answer.json();
    let problem = json["oauth_problem"].as_str().unwrap_or_default();
    same(answer.status == 200 && json["active"] == false, &format!("status {}, not inactive", answer.status))?;
    same(problems.contains(&problem), &format!("problem {problem:?}, expected {problems:?}"))?;
    same(json.as_object().is_some_and(|members| members.len() == 2), "a strange member")
}

fn verifier(answer: &Answer, to: &str, token: &str) -> Result<(), String> {
    same(answer.status == 303 && is_at(answer.location(), to), &format!("status {}, not 303 to {to}", answer.status))?;
    same(!answer.location().contains('#'), "a verifier in a fragment")?;
    same(answer.returned("oauth_verifier").len() == 1, "not exactly one verifier")?;
    once(answer, "oauth_token", Some(token))
}
