//! OAuth 1.0a from foreign clients in five languages: three legs with a callback and out of band, and requests with awkward parameters
//! that a resource server verifies (RFC 5849 §2, §3).

use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use keyhook_tests::binary::{self, Server, free_port};
use keyhook_tests::libraries::workspace;
use keyhook_tests::scratch::Scratch;

mod dialog;
mod resource;

use super::peers::{completed, python, tools};
use resource::{Call, Resource};

/// Nobody listens there: a program reads what the person brings.
const CALLBACK: &str = "https://client.example/ready?of=1&of=2";
const CONFIG: &str = "[oauth1]\nenabled = true\nsignature_methods = [\"HMAC-SHA1\", \"HMAC-SHA256\", \"HMAC-SHA512\", \"RSA-SHA1\", \
    \"RSA-SHA256\", \"PLAINTEXT\"]\n";

/// How often a program sends a parameter twice: some libraries cannot.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Duplicates {
    Always,
    InForms,
    Never,
}

/// A server with the consumer `printer`, and a resource server beside it.
struct Photos {
    server: Server,
    resource: Resource,
    secret: String,
    /// The consumer's private RSA key.
    key: PathBuf,
    _scratch: Scratch,
}

impl Photos {
    fn open() -> Photos {
        let scratch = Scratch::new("oauth1");
        std::fs::write(scratch.join("keyhook.toml"), CONFIG).unwrap();
        let (key, public) = (scratch.join("key.pem"), scratch.join("public.pem"));
        let (mut make, script) = python("rsa_key.py");
        assert!(make.arg(script).args([&key, &public]).status().unwrap().success());
        let server = Server::dev(scratch.path(), &[]);
        let client = |arguments: &[&str]| -> serde_json::Value {
            let all = [&["client", "add"], arguments, &["--format", "json"]].concat();
            serde_json::from_str(&binary::stdout(scratch.path(), &all)).unwrap()
        };
        let key_file = public.display().to_string();
        let printer = client(&["printer", "--oauth1", "--rsa-key", &key_file, "--redirect-uri", CALLBACK, "--scope", "read"]);
        let photos = client(&["photos", "--introspect", "--grant", "client_credentials"]);
        let resource = Resource::start(server.client(), "photos", photos["client_secret"].as_str().unwrap());
        let secret = printer["oauth1_secret"].as_str().unwrap().to_owned();
        Photos { server, resource, secret, key, _scratch: scratch }
    }

    /// Runs a program of `flows` flows, one of them out of band, and looks at what reached the resource.
    fn show(&self, mut command: Command, flows: usize, duplicates: Duplicates) {
        let base = format!("http://localhost:{}", self.server.port);
        let resource = format!("http://127.0.0.1:{}/photos", self.resource.port);
        command.args([&base, &resource, "printer", &self.secret, CALLBACK]).arg(&self.key);
        assert_eq!(dialog::hold(command, &mut self.server.client()), flows, "{}", self.server.log());
        let calls = self.resource.take();
        for method in ["GET", "POST"] {
            let twice = duplicates == Duplicates::Always || (duplicates == Duplicates::InForms && method == "POST");
            let seen: Vec<_> = calls.iter().filter(|call| call.method == method).collect();
            assert_eq!(seen.len(), flows, "one {method} of each flow");
            for call in seen {
                believed(call, &awkward(twice));
            }
        }
    }
}

/// What every program sends, by GET and by POST.
fn awkward(twice: bool) -> Vec<(String, String)> {
    let mut all = vec![
        ("amp", "x&y=z"),
        ("c@", "1"),
        ("empty", ""),
        ("percent", "100%"),
        ("plus", "1+1"),
        ("space", "a b"),
        ("tilde", "~"),
        ("two", "1"),
        ("utf8", "ü€😀"),
    ];
    if twice {
        all.insert(8, ("two", "2"));
    }
    all.into_iter().map(|(name, value)| (name.to_owned(), value.to_owned())).collect()
}

/// As it came it is its user's, with a parameter more it is nobody's, and a second time it is a replay (RFC 5849 §3.3).
fn believed(call: &Call, parameters: &[(String, String)]) {
    assert_eq!(call.parameters, parameters, "{call:?}");
    let [longer, came, again] = &call.answers;
    assert_eq!((&longer["active"], longer["oauth_problem"].as_str()), (&false.into(), Some("signature_invalid")), "{longer}");
    assert_eq!((&came["active"], came["client_id"].as_str()), (&true.into(), Some("printer")), "{came}");
    assert_eq!((came["username"].as_str(), came["scope"].as_str()), (Some("demo"), Some("read")), "{came}");
    assert_eq!((&again["active"], again["oauth_problem"].as_str()), (&false.into(), Some("nonce_used")), "{again}");
}

/// A program in Python or Node, as the other foreign clients run.
fn script(name: &str) -> Command {
    if Path::new(name).extension().is_some_and(|kind| kind == "mjs") {
        // Node looks for its modules beside the script.
        let to = tools().join("node");
        for name in [name, "oauth1_dialog.mjs"] {
            std::fs::copy(workspace().join("tests/interop/node").join(name), to.join(name)).unwrap();
        }
        let mut command = Command::new("node");
        command.arg(to.join(name));
        return command;
    }
    let (mut command, script) = python(name);
    command.arg(script);
    command
}

/// A program in a language of Debian's; `None`, said aloud, where its library is missing: `runtests.sh` installs it.
fn debian(interpreter: &str, probe: [&str; 2], package: &str, name: &str) -> Option<Command> {
    let there = Command::new(interpreter).args(probe).output().is_ok_and(|output| output.status.success());
    if !there {
        println!("skipped: {interpreter} cannot load its OAuth library (apt-get install {package})");
        return None;
    }
    let mut command = Command::new(interpreter);
    command.arg(workspace().join("tests/interop").join(Path::new(name)));
    Some(command)
}

/// RFC 5849 §3.4.4: what shows the secrets is for TLS alone, from the first leg to the last.
#[test]
fn requests_oauthlib_signs_by_plaintext_over_tls_in_python() {
    let (scratch, port) = (Scratch::new("oauth1-tls"), free_port());
    let (mut make, script) = python("tls_certificate.py");
    let certificate = scratch.join("certificate.pem");
    assert!(make.arg(script).arg(&certificate).arg(scratch.join("key.pem")).status().unwrap().success());
    let server = format!(
        "[server]\nissuer = \"https://localhost:{port}\"\nlisten = [\"127.0.0.1:{port}\"]\ndata = \"data\"\n\
         tls = {{ cert = \"certificate.pem\", key = \"key.pem\" }}\n[management]\nlisten = \"off\"\n[keys]\nmaster_file = \"master.key\"\n"
    );
    std::fs::write(scratch.join("keyhook.toml"), server + CONFIG).unwrap();
    binary::stdout(scratch.path(), &["key", "generate", "master.key"]);
    let mut serve = Command::new(binary::path());
    serve.arg("serve").current_dir(scratch.path()).stdin(Stdio::null());
    let server = Server::spawn(serve, port);
    server.wait_for("serving");
    let mut add = Command::new(binary::path());
    add.args(["user", "add", "demo", "--password-stdin"]).current_dir(scratch.path()).stdin(Stdio::piped()).stdout(Stdio::null());
    let mut add = add.spawn().unwrap();
    add.stdin.take().unwrap().write_all(b"correct-horse\n").unwrap();
    assert!(add.wait().unwrap().success());
    let client = ["client", "add", "printer", "--oauth1", "--redirect-uri", CALLBACK, "--scope", "read", "--format", "json"];
    let client: serde_json::Value = serde_json::from_str(&binary::stdout(scratch.path(), &client)).unwrap();
    let (mut walk, script) = python("requests_oauthlib_plaintext.py");
    walk.arg(script).args([&format!("https://localhost:{port}"), "printer", client["oauth1_secret"].as_str().unwrap(), CALLBACK]);
    let output = walk.env("REQUESTS_CA_BUNDLE", &certificate).output().unwrap();
    assert!(output.status.success(), "{} {}", String::from_utf8_lossy(&output.stderr), server.log());
    completed("requests-oauthlib, OAuth 1.0a by PLAINTEXT over TLS, Python");
}

#[test]
fn requests_oauthlib_signs_with_five_methods_in_header_body_and_query_and_is_refused_plaintext_over_http() {
    Photos::open().show(script("requests_oauthlib_oauth1.py"), 16, Duplicates::Always);
    completed("requests-oauthlib, Python, OAuth 1.0a");
}

#[test]
fn authlib_signs_with_both_its_methods_in_header_body_and_query() {
    Photos::open().show(script("authlib_oauth1.py"), 7, Duplicates::Always);
    completed("Authlib, Python, OAuth 1.0a");
}

#[test]
fn the_oauth_package_of_node_signs_with_its_three_methods() {
    Photos::open().show(script("oauth_oauth1.mjs"), 4, Duplicates::InForms);
    completed("oauth, JavaScript, OAuth 1.0a");
}

#[test]
fn the_oauth_1_0a_package_of_node_signs_with_what_it_is_given() {
    Photos::open().show(script("oauth_1_0a_oauth1.mjs"), 4, Duplicates::Always);
    completed("oauth-1.0a, JavaScript, OAuth 1.0a");
}

#[test]
fn net_oauth_signs_in_perl() {
    let Some(command) = debian("perl", ["-e", "use Net::OAuth 0.28; use LWP::UserAgent"], "libnet-oauth-perl", "perl/net_oauth.pl") else {
        return;
    };
    Photos::open().show(command, 4, Duplicates::Never);
    completed("Net::OAuth, Perl, OAuth 1.0a");
}

#[test]
fn the_oauth_gem_signs_in_ruby() {
    let Some(command) = debian("ruby", ["-e", "require 'oauth'"], "ruby-oauth", "ruby/oauth_gem.rb") else { return };
    Photos::open().show(command, 4, Duplicates::Never);
    completed("oauth, Ruby, OAuth 1.0a");
}

#[test]
fn the_oauth_extension_signs_in_php() {
    let Some(command) = debian("php", ["-r", "new OAuth('a', 'b');"], "php-oauth", "php/pecl_oauth.php") else { return };
    Photos::open().show(command, 4, Duplicates::Never);
    completed("pecl/oauth, PHP, OAuth 1.0a");
}
