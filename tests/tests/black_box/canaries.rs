//! A complete run with recognizable secrets in every place, at several log levels and in both formats: right and wrong requests, plugins that
//! panic, a kill, commands; then the search in everything the server wrote or said (RFC 6819 §5.1.4.1, ASVS 16.2.5).

mod broken;
mod commands;

use keyhook_tests::back_channel::Tokens;
use keyhook_tests::binary::free_port;
use keyhook_tests::canaries::Canaries;
use keyhook_tests::evidence::{Figure, record};
use keyhook_tests::flow::{Form, follow, walk};
use keyhook_tests::http::{Answer, Client};
use keyhook_tests::libraries;
use keyhook_tests::pair::{ALICE, Pair};

use broken::maltreat;
use commands::administer;

use crate::secrets::exercise;

/// What the operator keeps in files of mode 0600.
const PLUGIN_SECRET: &str = "canary/of \"a plugin\"";

/// `info` and `trace`, or all that `KEYHOOK_CANARY_LEVELS` lists; the last is `trace`.
fn levels() -> Vec<String> {
    #[allow(clippy::disallowed_methods, reason = "whoever runs the test says for how long")]
    let listed = std::env::var("KEYHOOK_CANARY_LEVELS").unwrap_or_else(|_| "info".to_owned());
    listed.split(',').chain(["trace"]).map(str::to_owned).collect()
}

/// A server, what must not come out of it, and how much was looked through.
struct Run {
    pair: Pair,
    /// What may be nowhere.
    canaries: Canaries,
    /// What stands in pages, and nowhere else.
    in_pages: Canaries,
    management: u16,
    places: usize,
}

impl Run {
    fn new(format: &str) -> Run {
        let pair = Pair::single(&format!("canaries-{format}"), "");
        let folder = pair.production.path().to_owned();
        let (secret, library) = (folder.join("plugin.secret"), libraries::rust("misbehaving"));
        std::fs::write(&secret, PLUGIN_SECRET).unwrap();
        std::fs::copy(library, pair.production.plugins().join("libmisbehaving.so")).unwrap();
        pair.production.approve(&pair.production.plugins().join("libmisbehaving.so"));
        let mut canaries = Canaries::new();
        canaries.plant("plugin's secret", PLUGIN_SECRET);
        canaries.plant("client secret", pair.secret());
        canaries.plant_bytes("master key", &[0x01, 0x23, 0x45, 0x67, 0x89, 0xAB, 0xCD, 0xEF].repeat(4));
        Run { pair, canaries, in_pages: Canaries::new(), management: free_port(), places: 0 }
    }

    /// Starts the server anew with another log.
    fn restart(&mut self, format: &str, level: &str) {
        let production = &self.pair.production;
        let secret = production.path().join("plugin.secret");
        production.configure(&format!(
            "[plugins.misbehaving]\ntimeout = \"3s\"\nmax_panics = 1000\n[plugins.misbehaving.config]\npin = {{ \"$file\" = \"{}\" }}\n\
             [log]\nformat = \"{format}\"\nlevel = \"{level}\"\n",
            secret.display()
        ));
        let file = production.path().join("keyhook.toml");
        let text = std::fs::read_to_string(&file).unwrap();
        let text = text.replace("[management]\nlisten = \"off\"", &format!("[management]\nlisten = \"127.0.0.1:{}\"", self.management));
        std::fs::write(file, text).unwrap();
        self.pair.restart();
    }

    fn look_at(&mut self, place: &str, bytes: &[u8]) {
        self.canaries.assert_absent(place, bytes);
        self.places += 1;
    }

    /// An answer that is none of the pages and responses that have to carry a secret.
    fn look_at_answer(&mut self, what: &str, answer: &Answer) {
        for (name, value) in answer.headers.iter().filter(|(name, _)| name != "set-cookie") {
            self.look_at(&format!("{name} of {what}"), value.as_bytes());
        }
        self.look_at(what, &answer.body);
    }

    /// What nobody but the server writes: log, files, process table.
    fn look_at_the_server(&mut self) {
        let (log, pid) = (self.pair.server().log(), self.pair.server().pid());
        self.in_pages.assert_absent("the log", log.as_bytes());
        self.look_at("the log", log.as_bytes());
        for file in ["cmdline", "environ"] {
            let bytes = std::fs::read(format!("/proc/{pid}/{file}")).unwrap();
            self.look_at(file, &bytes);
        }
        self.look_at_files();
    }

    fn look_at_files(&mut self) {
        let data = self.pair.production.path().join("data");
        self.in_pages.assert_absent_from_files(&data);
        self.places += self.canaries.assert_absent_from_files(&data);
    }
}

/// Forms as a browser gets them: what is in their hidden fields must not leave the pages.
fn plant_forms(run: &mut Run) {
    let mut browser = run.pair.browser();
    let arrived = browser.get(&run.pair.ask().path());
    let login = follow(&mut browser, arrived);
    for (name, value) in Form::with_field(&login.text(), "password").fields {
        if name == "csrf_token" {
            run.in_pages.plant("CSRF token", &value);
        }
    }
}

/// Plugins that panic, hang and answer nonsense while secrets are in their hands.
fn misbehave(run: &mut Run) {
    let (uri, pkce) = (run.pair.redirect_uri(), run.pair.pkce());
    let mut browser = run.pair.browser();
    let code = walk(&mut browser, &run.pair.ask(), ALICE).location_parameter("code").unwrap();
    run.canaries.plant("code", &code);
    let node = &run.pair.nodes()[0];
    let mut answers = Vec::new();
    for misdeed in ["panic", "bomb", "index", "validation-panic", "hang", "access_token", "respond", "large", "store"] {
        let form = [("grant_type", "authorization_code"), ("code", &code), ("redirect_uri", uri), ("code_verifier", &pkce.verifier)];
        answers.push(node.post("/token", &[&form[..], &[("misdeed", misdeed)]].concat()));
    }
    let path = run.pair.ask().path();
    for misdeed in ["panic", "bomb", "sign-in-and-panic", "subject"] {
        answers.push(browser.get(&format!("{path}&misdeed={misdeed}")));
    }
    for path in ["panic/panic", "panic-blocking/bomb"] {
        answers.push(browser.get(&format!("/x/misbehaving/{path}")));
    }
    assert!(answers.iter().all(|answer| answer.status != 200), "misdeeds are refused");
    for answer in answers {
        run.look_at_answer("what a plugin broke", &answer);
    }
}

/// Health and metrics.
fn observe(run: &mut Run) {
    let mut client = Client::new(([127, 0, 0, 1], run.management).into(), &format!("127.0.0.1:{}", run.management));
    for path in ["/metrics", "/health/live", "/health/ready"] {
        let answer = client.get(path);
        assert_eq!(answer.status, 200, "{path}");
        run.look_at_answer(path, &answer);
    }
}

fn complete_run(format: &str) {
    let (mut run, levels) = (Run::new(format), levels());
    for level in &levels {
        run.pair.server().signal("TERM");
        run.pair.ended();
        run.restart(format, level);
        plant_forms(&mut run);
        for answer in exercise(&run.pair, &mut run.canaries).iter().filter(|answer| answer.status >= 400) {
            run.look_at_answer("a refusal", answer);
        }
        misbehave(&mut run);
        maltreat(&mut run);
        administer(&mut run);
        observe(&mut run);
        run.look_at_the_server();
    }
    let log = run.pair.server().log();
    assert!(log.contains("DEBUG") || log.contains("\"level\":\"debug\""), "every detail is logged: {log}");
    // What lives on is kept as its hash, found by the same search; then the server dies in the middle of it.
    let live = run.pair.tokens(&mut run.pair.browser());
    let Tokens { access, refresh } = live;
    run.canaries.plant("live access token", &access);
    run.canaries.plant("live refresh token", &refresh);
    run.pair.server().signal("KILL");
    run.pair.ended();
    run.look_at_files();
    let kept = run.canaries.kept_as_hashes(&run.pair.production.path().join("data"));
    for name in ["client secret", "live access token", "live refresh token"] {
        assert!(kept.contains(&name), "the {name} is kept as its hash: {kept:?}");
    }
    let reader = if format == "json" { "programs" } else { "people" };
    let (planted, places) = (run.canaries.len() + run.in_pages.len(), run.places);
    record(&Figure {
        id: "F21",
        what: &format!("complete runs, logs for {reader}: refusals, broken plugins, broken requests, commands, a kill"),
        measured: &[
            ("log levels", levels.len().into()),
            ("canaries planted", planted.into()),
            ("texts and files searched", places.into()),
            ("canaries found", 0.into()),
        ],
        accumulates: false,
        command: "KEYHOOK_CANARY_LEVELS=error,warn,info,debug cargo test -p keyhook-tests --test black_box canaries",
        covers_not: "what a plugin itself logs; core dumps, swap and the memory of the process; secrets that an operator writes into the \
                     configuration without $file, shown with the line that is wrong",
    });
}

/// RFC 6819 §5.1.4.1, ASVS 16.2.5: as people read it.
#[test]
fn no_secret_is_in_anything_that_is_written_for_people() {
    complete_run("human");
}

/// The same as programs read it.
#[test]
fn no_secret_is_in_anything_that_is_written_for_programs() {
    complete_run("json");
}
