//! The example that signs people in with their password in an LDAP directory, against a real slapd (RFC 4513 §5.1).

use std::net::{Ipv4Addr, TcpListener, TcpStream};
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use keyhook_tests::flow::{Ask, Form, Pkce, follow};
use keyhook_tests::http::{Answer, Client};
use keyhook_tests::local::{Local, REDIRECT_URI};
use keyhook_tests::scratch::Scratch;
use keyhook_tests::{binary, libraries};

const SLAPD: &str = "/usr/sbin/slapd";

/// A directory with `alice`, and with `bob, the builder`, whose name has to be escaped.
struct Directory {
    server: Child,
    port: u16,
    _files: Scratch,
}

impl Drop for Directory {
    fn drop(&mut self) {
        let _ = self.server.kill();
        let _ = self.server.wait();
    }
}

const ENTRIES: &str = "dn: dc=example,dc=org\nobjectClass: dcObject\nobjectClass: organization\ndc: example\no: Example\n\n\
    dn: ou=people,dc=example,dc=org\nobjectClass: organizationalUnit\nou: people\n\n\
    dn: uid=alice,ou=people,dc=example,dc=org\nobjectClass: account\nobjectClass: simpleSecurityObject\nuid: alice\nuserPassword: correct horse\n\n\
    dn: uid=bob\\, the builder,ou=people,dc=example,dc=org\nobjectClass: account\nobjectClass: simpleSecurityObject\nuid: bob, the builder\n\
    userPassword: battery staple\n";

/// `None`, said aloud, where there is no slapd: `runtests.sh` installs it.
fn directory() -> Option<Directory> {
    if !std::path::Path::new(SLAPD).exists() {
        println!("skipped: {SLAPD} is not installed (apt-get install slapd)");
        return None;
    }
    let files = Scratch::new("slapd");
    let (config, data) = (files.join("slapd.conf"), files.join("data"));
    std::fs::create_dir_all(&data).unwrap();
    let schema = ["core", "cosine"].map(|name| format!("include /etc/ldap/schema/{name}.schema\n")).concat();
    let text = format!(
        "{schema}modulepath /usr/lib/ldap\nmoduleload back_mdb\npidfile {0}/pid\ndatabase mdb\nsuffix \"dc=example,dc=org\"\ndirectory {1}\n\
         maxsize 10485760\naccess to attrs=userPassword by anonymous auth by * none\naccess to * by self read by * none\n",
        files.path().display(),
        data.display()
    );
    std::fs::write(&config, text).unwrap();
    std::fs::write(files.join("entries.ldif"), ENTRIES).unwrap();
    let loaded = Command::new("/usr/sbin/slapadd").arg("-f").arg(&config).arg("-l").arg(files.join("entries.ldif")).output().unwrap();
    assert!(loaded.status.success(), "{}", String::from_utf8_lossy(&loaded.stderr));
    let port = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap().local_addr().unwrap().port();
    let url = format!("ldap://127.0.0.1:{port}/");
    let server = Command::new(SLAPD).arg("-f").arg(&config).args(["-h", &url, "-d", "0"]).stderr(Stdio::null()).spawn().unwrap();
    let directory = Directory { server, port, _files: files };
    let deadline = Instant::now() + Duration::from_secs(20);
    while TcpStream::connect((Ipv4Addr::LOCALHOST, port)).is_err() {
        assert!(Instant::now() < deadline, "slapd does not listen");
        keyhook_tests::binary::pause();
    }
    Some(directory)
}

fn local(port: u16, plugins: &Scratch, more: &str) -> Local {
    let library = built();
    libraries::install(std::fs::read(&library).unwrap(), plugins.path(), "libldap_login.so");
    let config = format!(
        "[plugins.ldap-login.config]\nurl = \"ldap://127.0.0.1:{port}\"\ndn = \"uid={{user}},ou=people,dc=example,dc=org\"\ntimeout = 2\n{more}"
    );
    Local::start(|builder| builder.config_text(&config).plugins_directory(plugins.path()).probe(binary::path()))
}

/// Not among the libraries of the other tests: it alone needs a TLS library, which takes its time to build.
fn built() -> PathBuf {
    let output = Command::new(env!("CARGO")).args(["build", "--locked", "-p", "ldap-login"]).current_dir(libraries::workspace()).output();
    let output = output.unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let profile = std::env::current_exe().unwrap().parent().unwrap().parent().unwrap().to_owned();
    profile.join("libldap_login.so")
}

fn signing_in(local: &Local, name: &str, password: &str) -> (Client, Answer) {
    let mut browser = local.client();
    let ask = Ask { client_id: "shop", redirect_uri: REDIRECT_URI, scope: "read", state: "s", pkce: Pkce::new("ldap") };
    let form = Form::with_field(&browser.get(&ask.path()).text(), "username");
    let values = form.filled(&[("username", name), ("password", password), ("answer", "sign-in")]);
    let answer = browser.post("/authorize", &values);
    (browser, answer)
}

/// The subject that the built-in consent page, which follows, shows; `None` where the form is shown again.
fn subject(local: &Local, name: &str, password: &str) -> Option<String> {
    let (mut browser, answer) = signing_in(local, name, password);
    if answer.status == 200 {
        assert!(answer.text().contains("The name or the password is wrong."), "{}", answer.text());
        return None;
    }
    let page = follow(&mut browser, answer).text();
    let known = ["alice", "bob, the builder"];
    Some(known.iter().find(|known| page.contains(**known)).unwrap_or_else(|| panic!("{page}")).to_string())
}

#[test]
fn who_knows_the_password_is_signed_in_as_the_directory_names_them() {
    let Some(directory) = directory() else { return };
    let plugins = Scratch::new("ldap");
    let local = local(directory.port, &plugins, "");
    assert_eq!(subject(&local, "alice", "correct horse").as_deref(), Some("alice"));
    // A directory does not tell the two apart, and they must not become two accounts.
    assert_eq!(subject(&local, "ALICE", "correct horse").as_deref(), Some("alice"));
    assert_eq!(subject(&local, "bob, the builder", "battery staple").as_deref(), Some("bob, the builder"));
}

/// RFC 4513 §5.1.2 and RFC 4514 §2.4: an empty password proves nothing, and a name is a value, never a part of the path.
#[test]
fn nobody_else_is() {
    let Some(directory) = directory() else { return };
    let plugins = Scratch::new("ldap-no");
    let local = local(directory.port, &plugins, "");
    for (name, password) in [
        ("alice", "wrong"),
        ("alice", ""),
        ("nobody", "correct horse"),
        ("", "correct horse"),
        ("alice,ou=people", "correct horse"),
        ("alice+cn=x", "correct horse"),
        ("*", "correct horse"),
        ("alice)(uid=*", "correct horse"),
    ] {
        assert_eq!(subject(&local, name, password), None, "{name:?}");
    }
}

#[test]
fn a_directory_that_has_gone_signs_nobody_in_and_the_client_hears_of_it() {
    let Some(mut first) = directory() else { return };
    let plugins = Scratch::new("ldap-away");
    let local = local(first.port, &plugins, "");
    assert!(subject(&local, "alice", "correct horse").is_some());
    let _ = first.server.kill();
    let _ = first.server.wait();
    let (_, answer) = signing_in(&local, "alice", "correct horse");
    assert_eq!(answer.location_parameter("error").as_deref(), Some("temporarily_unavailable"), "{}", answer.location());
}

#[test]
fn an_attribute_that_users_do_not_have_signs_nobody_in() {
    let Some(directory) = directory() else { return };
    let plugins = Scratch::new("ldap-attribute");
    let local = local(directory.port, &plugins, "subject = \"mail\"\n");
    let (_, answer) = signing_in(&local, "alice", "correct horse");
    assert_eq!(answer.location_parameter("error").as_deref(), Some("temporarily_unavailable"), "{}", answer.location());
}
