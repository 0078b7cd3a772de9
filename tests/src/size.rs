//! How large a run is: as small as a test of every day, or as whoever runs it says.

/// The number in an environment variable, or the one of every day.
pub fn asked(variable: &str, every_day: usize) -> usize {
    #[allow(clippy::disallowed_methods, reason = "whoever runs the test says for how long")]
    std::env::var(variable).ok().and_then(|text| text.parse().ok()).unwrap_or(every_day)
}
