//! Database servers of a test's own, whose settings would disturb the others: made in a folder, ended with the test.

use std::net::{Ipv4Addr, TcpStream};
use std::path::PathBuf;
use std::process::{Child, Command, Output, Stdio};

use keyhook_tests::binary::{free_port, pause};
use keyhook_tests::scratch::Scratch;

/// A server, ended with this.
pub(crate) struct Own {
    child: Child,
    pub(crate) port: u16,
    folder: Scratch,
}

impl Own {
    /// A MariaDB that grants everybody everything, with these settings besides.
    pub(crate) fn mariadb(name: &str, settings: &[&str]) -> Own {
        let (folder, port, user) = (Scratch::new(name), free_port(), user("mysql"));
        let data = folder.join("data");
        given_to(&folder, &user);
        let data_at = format!("--datadir={}", data.display());
        let install = ["--no-defaults", &format!("--user={user}"), &data_at, "--skip-test-db"];
        done(Command::new("mariadb-install-db").args(install));
        Own { child: mariadbd(&folder, port, settings), port, folder }
    }

    /// Ends MariaDB, and starts it with other settings.
    pub(crate) fn again(&mut self, settings: &[&str]) {
        self.stop();
        self.child = mariadbd(&self.folder, self.port, settings);
    }

    /// A PostgreSQL that lets everybody in, with these settings besides.
    pub(crate) fn postgres(name: &str, settings: &[&str]) -> Own {
        let (folder, port, user) = (Scratch::new(name), free_port(), user("postgres"));
        given_to(&folder, &user);
        let (programs, data) = (programs(), folder.join("data"));
        let data = data.to_str().unwrap();
        let arguments = ["-D", data, "-U", "keyhook", "--auth=trust", "--no-sync", "-E", "UTF8", "--locale=C.UTF-8"];
        done(by(&user, &programs.join("initdb")).args(arguments));
        let mut command = by(&user, &programs.join("postgres"));
        command.args(["-D", data, "-p", &port.to_string(), "-c", "listen_addresses=127.0.0.1", "-c", "unix_socket_directories="]);
        command.args(settings.iter().flat_map(|setting| ["-c", setting]));
        let child = started(command, port);
        let answers = || Command::new(programs.join("pg_isready")).args(["-q", "-h", "127.0.0.1", "-p", &port.to_string()]).status();
        while !answers().unwrap().success() {
            pause();
        }
        Own { child, port, folder }
    }

    /// PostgreSQL ends at once when it is interrupted, MariaDB when it is terminated.
    fn stop(&mut self) {
        for signal in ["-INT", "-TERM"] {
            drop(Command::new("kill").args([signal, &self.child.id().to_string()]).status());
        }
        drop(self.child.wait());
    }

    /// Runs SQL in a database of PostgreSQL.
    pub(crate) fn psql(&self, database: &str, sql: &str) -> Output {
        let port = self.port.to_string();
        Command::new("psql").args(["-h", "127.0.0.1", "-U", "keyhook", "-p", &port, "-d", database, "-qAt", "-c", sql]).output().unwrap()
    }

    /// Runs SQL in MariaDB.
    pub(crate) fn sql(&self, sql: &str) -> Output {
        let socket = format!("--socket={}", self.folder.join("socket").display());
        Command::new("mariadb").args([&socket, "-e", sql]).output().unwrap()
    }
}

impl Drop for Own {
    fn drop(&mut self) {
        self.stop();
    }
}

/// A file system of a few megabytes in memory, for PostgreSQL's user; it ends with this.
pub(crate) struct SmallDisk(Scratch);

impl SmallDisk {
    /// None where this user or this machine may not mount one.
    pub(crate) fn mount(name: &str, megabytes: u32) -> Option<SmallDisk> {
        let folder = Scratch::new(name);
        let size = format!("size={megabytes}m");
        let mounted = Command::new("mount").args(["-t", "tmpfs", "-o", &size, "tmpfs"]).arg(folder.path()).output();
        if !mounted.is_ok_and(|output| output.status.success()) {
            return None;
        }
        given_to(&folder, &user("postgres"));
        Some(SmallDisk(folder))
    }

    pub(crate) fn path(&self) -> &std::path::Path {
        self.0.path()
    }
}

impl Drop for SmallDisk {
    fn drop(&mut self) {
        drop(Command::new("umount").arg("--lazy").arg(self.0.path()).status());
    }
}

fn mariadbd(folder: &Scratch, port: u16, settings: &[&str]) -> Child {
    let mut command = Command::new("mariadbd");
    command.args(["--no-defaults", "--bind-address=127.0.0.1", "--skip-grant-tables", "--skip-name-resolve", "--performance-schema=OFF"]);
    command.args([format!("--user={}", user("mysql")), format!("--datadir={}", folder.join("data").display()), format!("--port={port}")]);
    command.arg(format!("--socket={}", folder.join("socket").display())).args(settings);
    started(command, port)
}

/// Root's servers run as the user that Debian made for them; anybody else's as themselves.
fn user(server: &str) -> String {
    let id = |arguments: &[&str]| String::from_utf8(Command::new("id").args(arguments).output().unwrap().stdout).unwrap().trim().to_owned();
    if id(&["-u"]) == "0" { server.to_owned() } else { id(&["-un"]) }
}

fn given_to(folder: &Scratch, user: &str) {
    done(Command::new("chown").arg(user).arg(folder.path()));
}

fn by(user: &str, program: &std::path::Path) -> Command {
    let mut command = Command::new("setpriv");
    command.args(["--reuid", user, "--regid", user, "--clear-groups", "--"]).arg(program);
    command
}

fn programs() -> PathBuf {
    let versions = std::fs::read_dir("/usr/lib/postgresql").unwrap();
    versions.map(|version| version.unwrap().path().join("bin")).find(|programs| programs.join("initdb").exists()).unwrap()
}

fn done(command: &mut Command) {
    let output = command.output().unwrap();
    assert!(output.status.success(), "{command:?}: {}", String::from_utf8_lossy(&output.stderr));
}

fn started(mut command: Command, port: u16) -> Child {
    let mut child = command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
    while TcpStream::connect((Ipv4Addr::LOCALHOST, port)).is_err() {
        assert!(child.try_wait().unwrap().is_none(), "{command:?} has ended");
        pause();
    }
    child
}
