//! Who answers at which URL: plugins' namespaces, paths elsewhere, the server's own, and what is refused.

use keyhook_tests::binary;
use keyhook_tests::captured;
use keyhook_tests::libraries;
use keyhook_tests::local::Local;
use keyhook_tests::scratch::Scratch;

fn with(packages: &[&str], configuration: &str) -> Local {
    captured::start();
    let scratch = Scratch::new("handlers");
    for package in packages {
        libraries::install_crate(package, scratch.path());
    }
    Local::start(|builder| builder.config_text(configuration).handlers_directory(scratch.path()).probe(binary::path()))
}

#[test]
fn the_example_answers_at_the_path_that_it_chose() {
    let local = with(&["hello-handler"], "");
    let answer = local.client().get("/my/custom/url");
    assert_eq!((answer.status, answer.text().as_str()), (200, "hello world"));
    assert_eq!(answer.header("content-type"), Some("text/plain; charset=utf-8"));
    let other = local.client().post("/my/custom/url", &[]);
    assert_eq!((other.status, other.header("allow")), (405, Some("GET, HEAD")));
}

#[test]
fn a_body_over_the_limit_never_reaches_the_plugin() {
    let local = with(&["witness"], "");
    let body = vec![b'a'; (64 << 10) + 1];
    let answer = local.client().request("POST", "/x/witness/form", &[("content-type", "text/plain")], &body);
    assert_eq!(answer.status, 413);
    let fits = local.client().request("POST", "/x/witness/form", &[("content-type", "text/plain")], &body[1..]);
    assert_eq!((fits.status, fits.text()), (200, "|a=-|65536 bytes".to_owned()));
    let local = with(&["witness"], "[server.limits]\nbody = \"1MiB\"\n");
    assert_eq!(local.client().request("POST", "/x/witness/form", &[("content-type", "text/plain")], &body).status, 200);
}

#[test]
fn a_path_is_matched_as_it_was_sent() {
    let local = with(&["witness"], "");
    for path in ["/x/witness/../witness/any", "//x/witness/any", "/x/witness/any/", "/X/witness/any", "/x/witness/%61ny"] {
        assert_eq!(local.client().request("PUT", path, &[], b"").status, 404, "{path}");
    }
}

/// A path parameter that holds a slash, an escape or no UTF-8 after decoding.
#[test]
fn path_parameters_are_decoded_once() {
    let local = with(&["witness"], "");
    let told = |path: &str| {
        let text = local.client().get(&format!("/x/witness/echo/{path}/rest")).text();
        text.lines().find_map(|line| line.strip_prefix("name=")).unwrap_or("?").to_owned()
    };
    assert_eq!(told("J%C3%BCrgen"), "J\u{fc}rgen");
    assert_eq!(told("a%2Fb%2541"), "a/b%41");
    assert_eq!(told("a+b"), "a+b");
    assert_eq!(told("100%"), "100%");
}

/// A library in C whose only route is `path`.
fn claiming(folder: &Scratch, name: &str, path: &str) {
    let source = std::fs::read_to_string(libraries::workspace().join("tests/fixtures/misfit.c")).unwrap();
    let other = source.replace("KH_TEXT(\"/x/\" NAME \"/headers\")", &format!("KH_TEXT(\"{path}\")"));
    assert_ne!(other, source);
    let source = folder.write(format!("{name}.c"), other);
    libraries::c_with(&source, &folder.join(format!("{name}.so")), &[&format!("-DNAME=\"{name}\"")]);
}

/// The refusal of a library that claims `path`, beside one that has `/taken` already.
fn refusal(path: &str) -> String {
    captured::start();
    let scratch = Scratch::new("claims");
    claiming(&scratch, "aaa", "/taken");
    let name = format!("claim{}", path.bytes().map(usize::from).sum::<usize>());
    claiming(&scratch, &name, path);
    let local = Local::start(|builder| builder.plugins_directory(scratch.path()).probe(binary::path()));
    assert_eq!(local.client().get("/taken").text(), "all refused");
    let lines = captured::lines_with(&format!("\"plugin\":\"{name}\""));
    lines.into_iter().find(|line| line.contains("KH0519")).unwrap_or_default()
}

#[test]
fn no_url_has_two_owners() {
    assert!(refusal("/token").contains("route GET /token is already answered by the server"), "{}", refusal("/token"));
    assert!(refusal("/authorize").contains("is already answered by the server"));
    assert!(refusal("/taken").contains("is already answered by plugin `aaa`"));
    assert!(refusal("/x/witness/stolen").contains("nobody but a plugin named `witness`"));
}

#[test]
fn a_plugin_answers_a_url_of_the_servers_only_where_the_operator_says_so() {
    let scratch = Scratch::new("override");
    claiming(&scratch, "front", "/logout");
    let configuration = "[plugins.front]\nroutes = [\"/logout\"]\n";
    let local = Local::start(|builder| builder.config_text(configuration).plugins_directory(scratch.path()).probe(binary::path()));
    assert_eq!(local.client().get("/logout").text(), "all refused");
}

#[test]
fn a_handler_for_everything_gets_only_what_nobody_else_answers() {
    let scratch = Scratch::new("everything");
    claiming(&scratch, "everything", "/{*rest}");
    libraries::install_crate("witness", scratch.path());
    let local = Local::start(|builder| builder.plugins_directory(scratch.path()).probe(binary::path()));
    let get = |path: &str| local.client().get(path);
    assert_eq!(get("/whatever/there/is").text(), "all refused");
    assert_eq!(get("/x/witness/clock").text(), local.clock.seconds().to_string());
    assert_eq!(get("/token").status, 405);
    assert_eq!(get("/authorize").status, 400);
    assert_eq!(get("/authorize/resume").status, 403);
    assert_eq!(get("/.well-known/oauth-authorization-server").json()["issuer"], format!("http://localhost:{}", local.port));
}
