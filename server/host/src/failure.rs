//! Codes of what goes wrong while a plugin runs, and the errors that callers get: always a denial, never "go on".

use keyhook_core::error::OAuthError;

/// A plugin panicked.
pub(crate) const PANICKED: &str = "KH0530";
/// A plugin overran its deadline.
pub(crate) const TIMED_OUT: &str = "KH0531";
/// A plugin panicked too often and rests.
pub(crate) const RESTING: &str = "KH0532";
/// A plugin has too many calls waiting.
pub(crate) const SATURATED: &str = "KH0533";
/// A plugin answered something that it may not.
pub(crate) const BAD_ANSWER: &str = "KH0534";
/// A plugin denied the request.
pub(crate) const DENIED: &str = "KH0535";
/// A path parameter of a handler decodes to control characters.
pub(crate) const PATH: &str = "KH0536";

/// 500: the plugin panicked in `hook`; `text` is for the log.
pub(crate) fn panicked(plugin: &str, hook: &str, text: &str) -> OAuthError {
    OAuthError::server_error(format!("plugin `{plugin}` panicked in {hook}: {text}")).with_kh(PANICKED)
}

/// 503: the deadline passed; the late result is dropped.
pub(crate) fn timed_out(plugin: &str, after: std::time::Duration) -> OAuthError {
    let cause = format!("plugin `{plugin}` did not answer within {} ms", after.as_millis());
    OAuthError::temporarily_unavailable(1).with_cause(cause).with_kh(TIMED_OUT)
}

/// 503: the breaker is open.
pub(crate) fn resting(plugin: &str) -> OAuthError {
    let cause = format!("plugin `{plugin}` panicked too often and rests");
    OAuthError::temporarily_unavailable(30).with_cause(cause).with_kh(RESTING)
}

/// 503: too many calls wait.
pub(crate) fn saturated(plugin: &str) -> OAuthError {
    OAuthError::temporarily_unavailable(1).with_cause(format!("plugin `{plugin}` is busy: its queue is full")).with_kh(SATURATED)
}

/// 500: the answer breaks a rule.
pub(crate) fn bad_answer(plugin: &str, why: &str) -> OAuthError {
    OAuthError::server_error(format!("plugin `{plugin}`: {why}")).with_kh(BAD_ANSWER)
}
