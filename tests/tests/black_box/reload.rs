//! Plugins exchanged while requests run: by rename, in place, cut short, by signal and by command; nobody gets a wrong answer.

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::thread::JoinHandle;

use keyhook_tests::binary::{self, Server};
use keyhook_tests::captured;
use keyhook_tests::flow::Form;
use keyhook_tests::http::Client;
use keyhook_tests::libraries::{self, install, versioned};
use keyhook_tests::local::Local;
use keyhook_tests::plugin_table::Stage;
use keyhook_tests::production::Production;
use keyhook_tests::scratch::Scratch;

/// Threads that ask for the version again and again; an answer that is not `A` or `B` is a wrong one.
struct Hammer {
    stop: Arc<AtomicBool>,
    answered: Arc<AtomicUsize>,
    threads: Vec<JoinHandle<Vec<String>>>,
}

impl Hammer {
    fn on(client: &Client) -> Hammer {
        let (stop, answered) = (Arc::<AtomicBool>::default(), Arc::<AtomicUsize>::default());
        let threads = (0..2)
            .map(|_| {
                let (mut client, stop, answered) = (client.clone(), Arc::clone(&stop), Arc::clone(&answered));
                std::thread::spawn(move || {
                    let mut wrong = Vec::new();
                    while !stop.load(Ordering::Relaxed) {
                        let answer = client.get("/x/versioned/version");
                        if answer.status != 200 || !["A", "B"].contains(&answer.text().as_str()) {
                            wrong.push(format!("{} {}", answer.status, answer.text()));
                        }
                        answered.fetch_add(1, Ordering::Relaxed);
                    }
                    wrong
                })
            })
            .collect();
        Hammer { stop, answered, threads }
    }

    /// Waits until it has asked a few times more.
    fn go_on(&self) {
        let until = self.answered.load(Ordering::Relaxed) + 4;
        while self.answered.load(Ordering::Relaxed) < until {
            binary::pause();
        }
    }

    fn wrong_answers(self) -> Vec<String> {
        self.stop.store(true, Ordering::Relaxed);
        self.threads.into_iter().flat_map(|thread| thread.join().unwrap()).collect()
    }
}

/// How many instances began and ended in the library that answers now.
fn lives(client: &mut Client) -> (u64, u64) {
    let text = client.get("/x/versioned/lives").text();
    let (began, ended) = text.split_once(' ').unwrap();
    (began.parse().unwrap(), ended.parse().unwrap())
}

fn reload(production: &Production) -> (bool, String) {
    let output = production.run(&["reload"]);
    (output.status.success(), String::from_utf8_lossy(&output.stderr).into_owned())
}

/// Spoils the library in place, which the running server has mapped no page of; the reload has to refuse it.
fn spoil(round: usize, library: &Path) {
    let bytes = std::fs::read(library).unwrap();
    match round % 3 {
        0 => std::fs::write(library, &bytes[..bytes.len() * 2 / 3]).unwrap(),
        1 => std::fs::write(library, versioned(b'X')).unwrap(),
        _ => drop(install("no library at all", library.parent().unwrap(), "versioned.so")),
    }
}

#[test]
fn a_hundred_reloads_under_load_give_no_wrong_answer_and_end_every_instance() {
    let production = Production::new("reloads", "");
    let library = install(versioned(b'A'), &production.plugins(), "versioned.so");
    production.approve(&library);
    let server = production.serve();
    let mut client = server.client();
    let hammer = Hammer::on(&client);
    let (mut good, mut refused) = (0, 0);
    for round in 0..100 {
        let running = client.get("/x/versioned/version").text();
        if round % 4 == 3 {
            spoil(round / 4, &library);
            let (took_it, text) = reload(&production);
            assert!(!took_it && text.contains("KH0518"), "round {round}: {text}");
            assert_eq!(client.get("/x/versioned/version").text(), running, "the running set stays");
            refused += 1;
        }
        let next = if running == "A" { b'B' } else { b'A' };
        if round % 2 == 0 {
            install(versioned(next), &production.plugins(), "versioned.so");
        } else {
            std::fs::write(&library, versioned(next)).unwrap();
        }
        production.approve(&library);
        if round % 5 == 0 {
            server.signal("HUP");
        } else {
            let (took_it, text) = reload(&production);
            assert!(took_it, "round {round}: {text}");
        }
        server.wait_until("the new version", || server.client().get("/x/versioned/version").text().as_bytes() == [next]);
        hammer.go_on();
        good += 1;
    }
    assert_eq!((good, refused), (100, 25));
    assert_eq!(hammer.wrong_answers(), Vec::<String>::new());
    // A library's own counters: of the version that runs one instance lives, of the other none.
    for next in [b'B', b'A'] {
        install(versioned(next), &production.plugins(), "versioned.so");
        production.approve(&library);
        assert!(reload(&production).0);
        server.wait_until("ends of all old instances", || {
            let (began, ended) = lives(&mut server.client());
            began > 50 && began == ended + 1
        });
    }
    assert_eq!(server.stop(), Some(0));
}

#[test]
fn a_reload_that_fails_keeps_configuration_and_plugins_together() {
    let production = Production::new("reload-fails", "");
    let library = install(versioned(b'A'), &production.plugins(), "versioned.so");
    production.approve(&library);
    let server = production.serve();
    let version = || server.client().get("/x/versioned/version").text();
    let refusals = [
        ("[plugins.versioned.config]\nfails = true\n", "the configuration says that it fails"),
        ("[plugins.versionde]\nallow = []\n", "no plugin `versionde` is loaded"),
        ("[hooks]\naccess_token_response = [\"nobody\"]\n", "nobody"),
        ("[plugins.versioned]\nallow = [\"everything\"]\n", "everything"),
        ("[plugins.versioned]\ntimeuot = \"1s\"\n", "timeuot"),
    ];
    for (index, (more, why)) in refusals.into_iter().enumerate() {
        production.configure(more);
        let (took_it, text) = reload(&production);
        assert!(!took_it && text.contains(why), "{more}: {text}");
        assert_eq!(version(), "A");
        server.signal("HUP");
        let refused = || server.log().matches("\"event\":\"reload\"").count();
        server.wait_until("the refusals of the command and of the signal", || refused() == 2 * (index + 1));
        assert_eq!(version(), "A");
    }
    production.configure("");
    std::fs::remove_file(&library).unwrap();
    let (took_it, text) = reload(&production);
    assert!(!took_it && text.contains("KH0517"), "{text}");
    assert_eq!(version(), "A", "a library that is deleted runs on until a reload that holds");
    assert!(production.run(&["plugin", "revoke", "versioned"]).status.success());
    assert!(reload(&production).0);
    assert_eq!(server.client().get("/x/versioned/version").status, 404);
    // Refused generations had instances, too; all of them ended.
    let ended = |line: &str| {
        let counts = line.split("versioned A: ended ").nth(1)?.split('"').next()?.split_once(" of ")?;
        Some(counts.0 == counts.1)
    };
    server.wait_until("the end of every instance", || server.log().lines().rev().find_map(ended) == Some(true));
    assert_eq!(server.stop(), Some(0));
}

/// A server in this process with version `A` of the library.
fn local(folder: &Path) -> Stage {
    captured::start();
    install(versioned(b'A'), folder, "versioned.so");
    Stage::new(Local::start(|builder| builder.plugins_directory(folder).probe(binary::path())))
}

#[test]
fn a_form_of_a_plugin_that_changed_meanwhile_is_shown_anew_by_the_new_one() {
    let scratch = Scratch::new("changed");
    let mut stage = local(scratch.path());
    let page = stage.arrive(&[]);
    assert!(page.text().contains("page of version A"), "{}", page.text());
    let form = Form::with_field(&page.text(), "interaction");
    let fields = form.filled(&[]);
    stage.local.reload().unwrap();
    assert_eq!(stage.post("/authorize", &fields).text(), "form taken by version A", "nothing changed");
    install(versioned(b'B'), scratch.path(), "versioned.so");
    stage.local.reload().unwrap();
    let back = stage.post("/authorize", &fields);
    assert_eq!(back.status, 303);
    assert!(back.location().starts_with("/authorize/resume?interaction="), "{}", back.location());
    let path = back.location().to_owned();
    let page = stage.get(&path);
    assert!(page.text().contains("page of version B"), "{}", page.text());
    let form = Form::with_field(&page.text(), "interaction");
    assert_eq!(stage.post("/authorize", &form.filled(&[])).text(), "form taken by version B");
}

#[test]
fn another_plugins_change_leaves_a_form_good_and_a_new_configuration_does_not() {
    let scratch = Scratch::new("other");
    let configuration = scratch.write("extra.toml", "");
    captured::start();
    install(versioned(b'A'), scratch.path(), "versioned.so");
    let mut stage =
        Stage::new(Local::start(|builder| builder.config_file(&configuration).plugins_directory(scratch.path()).probe(binary::path())));
    let form = Form::with_field(&stage.arrive(&[]).text(), "interaction");
    libraries::install_crate("zulu", scratch.path());
    stage.local.reload().unwrap();
    assert_eq!(stage.post("/authorize", &form.filled(&[])).text(), "form taken by version A");
    scratch.write("extra.toml", "[plugins.versioned.config]\nfails = false\n");
    stage.local.reload().unwrap();
    assert!(stage.post("/authorize", &form.filled(&[])).location().starts_with("/authorize/resume?interaction="));
}

#[test]
fn a_form_of_a_plugin_that_is_gone_ends_at_the_servers_own_pages() {
    let scratch = Scratch::new("gone");
    let mut stage = local(scratch.path());
    let page = stage.arrive(&[]);
    let form = Form::with_field(&page.text(), "interaction");
    let name = form.fields.iter().find(|(name, _)| name == "interaction").unwrap().1.clone();
    std::fs::remove_file(scratch.join("versioned.so")).unwrap();
    stage.local.reload().unwrap();
    let posted = stage.post("/authorize", &form.filled(&[]));
    assert!(posted.location_parameter("code").is_none() && posted.status != 200, "{} {}", posted.status, posted.text());
    let resumed = stage.get(&format!("/authorize/resume?interaction={name}"));
    assert!(resumed.location().starts_with("/login?"), "{} {}", resumed.status, resumed.location());
}

#[test]
fn a_plugin_that_changes_between_code_and_token_answers_in_its_new_version() {
    let scratch = Scratch::new("between");
    let mut stage = local(scratch.path());
    assert_eq!(stage.credentials(&[]).json()["version"], "A");
    install(versioned(b'B'), scratch.path(), "versioned.so");
    assert_eq!(stage.credentials(&[]).json()["version"], "A", "until the reload");
    stage.local.reload().unwrap();
    assert_eq!(stage.credentials(&[]).json()["version"], "B");
}

#[test]
fn a_request_that_hangs_over_a_reload_ends_in_the_generation_that_it_began_in() {
    let scratch = Scratch::new("over");
    libraries::install_crate("misbehaving", scratch.path());
    let mut stage = Stage::new(Local::start(|builder| {
        builder.config_text("[plugins.misbehaving]\ntimeout = \"400ms\"\n").plugins_directory(scratch.path()).probe(binary::path())
    }));
    let mut client = stage.local.client();
    let hanging = std::thread::spawn(move || client.get("/x/misbehaving/hang").status);
    std::fs::remove_file(scratch.join("libmisbehaving.so")).unwrap();
    while stage.get("/x/misbehaving/calm").status != 404 {
        stage.local.reload().unwrap();
    }
    // The request may have come after the reload; where it came before it met its own deadline.
    assert!([503, 404].contains(&hanging.join().unwrap()));
}

#[test]
fn dev_goes_on_without_a_library_that_was_cut_in_place_and_takes_it_up_again() {
    let scratch = Scratch::new("cut");
    let folder = scratch.join("keyhook-dev/plugins");
    let library = install(versioned(b'A'), &folder, "versioned.so");
    let server = Server::dev(scratch.path(), &[]);
    let version = || server.client().get("/x/versioned/version");
    assert_eq!(version().text(), "A");
    let bytes = std::fs::read(&library).unwrap();
    std::fs::write(&library, &bytes[..bytes.len() / 2]).unwrap();
    server.wait_for("KH0507");
    assert_eq!(server.client().get("/.well-known/oauth-authorization-server").status, 200);
    std::fs::write(&library, versioned(b'B')).unwrap();
    server.wait_until("version B", || version().text() == "B");
    std::fs::remove_file(&library).unwrap();
    server.wait_for("versioned B: ended 1 of 1");
    assert!(server.log().contains("versioned A: ended 1 of 1"), "{}", server.log());
}
