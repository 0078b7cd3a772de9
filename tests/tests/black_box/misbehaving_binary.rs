//! Plugins that panic, hang and flood in the running binary: it answers, stays fast for others, keeps few threads, and ends.

use std::time::{Duration, Instant};

use keyhook_tests::binary::Server;
use keyhook_tests::flow::{Ask, Pkce};
use keyhook_tests::libraries;
use keyhook_tests::scratch::Scratch;

/// `keyhook dev` with `misbehaving` and a configuration.
fn dev(scratch: &Scratch, configuration: &str) -> Server {
    libraries::install_crate("misbehaving", &scratch.join("keyhook-dev/plugins"));
    let configuration = scratch.write("extra.toml", configuration);
    Server::dev(scratch.path(), &["--config", configuration.to_str().unwrap()])
}

#[test]
fn two_hundred_panics_in_the_binary_are_two_hundred_errors_and_then_all_is_well() {
    let scratch = Scratch::new("panics");
    let server = dev(&scratch, "[plugins.misbehaving]\nmax_panics = 1000\n");
    let pid = server.pid();
    for how in ["panic", "bomb", "index"].into_iter().cycle().take(100) {
        for path in ["panic", "panic-blocking"] {
            let answer = server.client().get(&format!("/x/misbehaving/{path}/{how}"));
            assert_eq!((answer.status, answer.error().as_str()), (500, "server_error"), "{path} {how}: {}", server.log());
        }
    }
    let redirect = format!("http://localhost:{}/playground/callback", server.port);
    let ask = Ask { client_id: "playground", redirect_uri: &redirect, scope: "read", state: "s", pkce: Pkce::new("panics") };
    for _ in 0..20 {
        let answer = server.client().get(&format!("{}&misdeed=panic", ask.path()));
        assert_eq!(answer.location_parameter("error").as_deref(), Some("server_error"));
    }
    assert_eq!(server.client().get("/x/misbehaving/panic/not").text(), "calm");
    assert_eq!(server.pid(), pid);
    assert_eq!(server.stop(), Some(0));
}

#[test]
fn a_plugin_that_hangs_is_refused_with_few_threads_while_the_rest_stays_fast_and_the_server_ends() {
    let scratch = Scratch::new("hangs");
    let server = dev(&scratch, "[plugins.misbehaving]\ntimeout = \"500ms\"\nmax_concurrency = 8\nmax_queue = 16\n");
    assert_eq!(server.client().get("/x/misbehaving/calm").text(), "calm");
    let before = server.threads();
    let hanging: Vec<_> = (0..100)
        .map(|_| {
            let mut client = server.client();
            std::thread::spawn(move || client.get("/x/misbehaving/hang-forever").status)
        })
        .collect();
    let mut slowest = Duration::ZERO;
    for _ in 0..50 {
        let started = Instant::now();
        assert_eq!(server.client().get("/.well-known/oauth-authorization-server").status, 200);
        slowest = slowest.max(started.elapsed());
    }
    let statuses: Vec<u16> = hanging.into_iter().map(|thread| thread.join().unwrap()).collect();
    assert!(statuses.iter().all(|status| *status == 503), "{statuses:?}");
    // Blocking pools keep a few threads of their own; a hundred hanging ones would be seen.
    assert!(server.threads() <= before + 8 + 4, "{before} threads became {}", server.threads());
    assert!(slowest < Duration::from_secs(1), "another endpoint took {slowest:?} while the plugin hung");
    let started = Instant::now();
    assert_eq!(server.stop(), Some(0));
    assert!(started.elapsed() < Duration::from_secs(7), "it took {:?} to stop", started.elapsed());
}

#[test]
fn a_plugin_that_floods_the_log_delays_only_itself() {
    let scratch = Scratch::new("flood");
    let server = dev(&scratch, "[plugins.misbehaving]\nallow = [\"approve\"]\ntimeout = \"30s\"\n");
    let redirect = format!("http://localhost:{}/playground/callback", server.port);
    let pkce = Pkce::new("flood");
    let ask = Ask { client_id: "playground", redirect_uri: &redirect, scope: "read", state: "s", pkce: pkce.clone() };
    let arrived = server.client().get(&format!("{}&misdeed=approve", ask.path()));
    let code = arrived.location_parameter("code").unwrap_or_else(|| panic!("no code: {} {}", arrived.location(), server.log()));
    let form = [
        ("grant_type", "authorization_code"),
        ("client_id", "playground"),
        ("code", &code),
        ("redirect_uri", &redirect),
        ("code_verifier", &pkce.verifier),
        ("misdeed", "flood"),
    ];
    let answer = server.client().post("/token", &form);
    assert_eq!(answer.status, 200, "{}", answer.text());
    server.wait_for("flood flood");
    let log = server.log();
    let flood = log.lines().filter(|line| line.contains("flood flood")).map(str::len);
    let (count, longest) = flood.fold((0, 0), |(count, longest), len| (count + 1, longest.max(len)));
    assert!(count > 0 && longest < 9_000, "{count} lines of up to {longest} bytes");
}

#[test]
fn a_server_ends_although_a_plugin_left_a_thread_running() {
    let scratch = Scratch::new("thread");
    let server = dev(&scratch, "[plugins.misbehaving.config]\nstart = \"thread\"\n");
    assert_eq!(server.client().get("/x/misbehaving/calm").text(), "calm");
    assert_eq!(server.stop(), Some(0));
}
