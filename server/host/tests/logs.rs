//! What a plugin logs is in the server's log: once, with the plugin's name, inside the request's span.
#![allow(clippy::unwrap_used, reason = "a test may fail by panicking")]

mod support;

use std::io::Write;
use std::sync::{Arc, Mutex};

use keyhook_component::hooks::HookPoint;
use support::{build, folder, generation, hook, host, plan, scripts, token_call};
use tracing::Instrument;
use tracing_subscriber::fmt::MakeWriter;

#[derive(Clone, Default)]
struct Lines(Arc<Mutex<Vec<u8>>>);

impl Write for Lines {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0.lock().unwrap().write(bytes)
    }
    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

impl MakeWriter<'_> for Lines {
    type Writer = Lines;
    fn make_writer(&self) -> Lines {
        self.clone()
    }
}

#[tokio::test]
async fn a_plugins_lines_carry_its_name_and_the_request() {
    let lines = Lines::default();
    let subscriber = tracing_subscriber::fmt().with_writer(lines.clone()).with_ansi(false).with_max_level(tracing::Level::INFO).finish();
    // For the process: a blocking hook runs on another thread.
    tracing::subscriber::set_global_default(subscriber).unwrap();
    for (name, flags) in [("ann", "KH_HOOK_INLINE"), ("bob", "0")] {
        let (folder, host) = (folder(), host());
        build(&folder, name, &[&hook("access_token_response", 100, flags)]);
        let mut plan = plan(&folder);
        let script = "log|2|it said\\r\\nlevel=error forged\nlog|5|too quiet";
        plan.plugins.insert(name.into(), scripts(&[("access_token_response", script)]));
        let generation = generation(&host, &plan);
        let span = tracing::info_span!("request", id = "r7");
        generation.hooks.run(HookPoint::AccessTokenResponse, token_call()).instrument(span).await;
        let text = String::from_utf8(std::mem::take(&mut *lines.0.lock().unwrap())).unwrap();
        let own: Vec<&str> = text.lines().filter(|line| line.contains(" plugin: ")).collect();
        assert_eq!(own.len(), 1, "{text}");
        assert!(own[0].contains("WARN request{id=\"r7\"}: plugin: it said  level=error forged"), "{text}");
        assert!(own[0].contains(&format!("plugin=\"{name}\" src=\"fixture\"")), "{text}");
    }
}
