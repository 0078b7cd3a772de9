//! One table of what plugins see and do, run with the plugins linked in and with the same plugins loaded as libraries.
//!
//! Every case writes what was asked and what was answered into a transcript, with whatever changes from run to run masked; both ways
//! have to give the transcript that is kept in `tests/tests/plugin_table.txt`.

mod authorization;
mod handlers;
mod oauth1;
mod provide;
mod stage;
mod token;

pub use stage::Stage;

use keyhook::Builder;
use keyhook_core::client::AuthMethod;

use crate::local::shop;

/// What the table's plugins are told and allowed.
pub const CONFIGURATION: &str = r#"
[oauth1]
enabled = true
[plugins.witness]
allow = ["store", "session", "approve"]
login_origins = ["https://login.example"]
# A panic takes its time on a busy machine, and is not to be taken for a late answer.
timeouts = { token_grant = "10s", oauth1_consumer = "10s", oauth1_request = "10s", oauth1_access_token_response = "10s" }
[plugins.witness.config]
tenant = "acme"
deep = { list = [1, 2, 3] }
"#;

/// The table's configuration and its clients: one that may use the grant of a plugin, and one that authenticates by assertion.
pub fn configured(builder: Builder) -> Builder {
    let mut desk = shop("desk");
    desk.grant_types = vec!["urn:witness:grant".to_owned(), "refresh_token".to_owned()];
    let mut robot = shop("robot");
    robot.auth_method = AuthMethod::Assertion;
    builder.config_text(CONFIGURATION).client(desk).client(robot)
}

/// The plugins that the table needs.
pub const PLUGINS: [&str; 3] = ["alpha", "witness", "zulu"];

/// Runs every case and compares with the kept transcript.
pub fn run(stage: Stage) {
    let transcript = play(stage);
    let kept = crate::libraries::workspace().join("tests/tests/plugin_table.txt");
    #[allow(clippy::disallowed_methods, reason = "whoever changed the table on purpose says so")]
    if std::env::var_os("KEYHOOK_KEEP_TRANSCRIPT").is_some() {
        std::fs::write(&kept, &transcript).unwrap();
    }
    let expected = std::fs::read_to_string(&kept).unwrap_or_default();
    let first = transcript.lines().zip(expected.lines()).position(|(now, then)| now != then);
    let around = |text: &str, at: usize| text.lines().skip(at.saturating_sub(12)).take(16).collect::<Vec<_>>().join("\n");
    if let Some(at) = first {
        panic!("line {}:\n{}\n--- instead of ---\n{}", at + 1, around(&transcript, at), around(&expected, at));
    }
    assert_eq!(transcript.lines().count(), expected.lines().count(), "the transcript is longer or shorter than the kept one");
}

/// Runs every case and gives the transcript.
pub fn play(mut stage: Stage) -> String {
    authorization::play(&mut stage);
    token::play(&mut stage);
    provide::play(&mut stage);
    handlers::play(&mut stage);
    oauth1::play(&mut stage);
    stage.transcript()
}
