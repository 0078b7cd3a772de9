//! A database of a test's own, made and dropped with the server's own client program.

use std::process::Command;
use std::sync::atomic::{AtomicU32, Ordering};

/// Which server.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Sort {
    Postgres,
    MariaDb,
}

impl Sort {
    pub(crate) const BOTH: [Sort; 2] = [Sort::Postgres, Sort::MariaDb];

    /// The server's URL, as `tests/servers/up` printed it.
    #[allow(clippy::disallowed_methods, reason = "where the servers are, only the environment knows")]
    fn server(self) -> String {
        let name = if self == Sort::Postgres { "KEYHOOK_TEST_POSTGRES" } else { "KEYHOOK_TEST_MYSQL" };
        std::env::var(name).unwrap_or_else(|_| panic!("{name} is not set: eval \"$(tests/servers/up)\""))
    }
}

/// A database, dropped with this.
pub(crate) struct Database {
    sort: Sort,
    name: String,
}

impl Database {
    pub(crate) fn new(sort: Sort) -> Database {
        static NEXT: AtomicU32 = AtomicU32::new(0);
        let name = format!("keyhook_box_{}_{}", std::process::id(), NEXT.fetch_add(1, Ordering::Relaxed));
        let database = Database { sort, name };
        database.execute(None, &format!("CREATE DATABASE {}", database.name));
        database
    }

    /// The URL for `[store]`.
    pub(crate) fn url(&self) -> String {
        self.url_at(self.port())
    }

    /// The same, entered by another port.
    pub(crate) fn url_at(&self, port: u16) -> String {
        let server = self.sort.server();
        let (before, _) = server.rsplit_once(':').unwrap();
        let query = if self.sort == Sort::Postgres { "?sslmode=disable" } else { "" };
        format!("{before}:{port}/{}{query}", self.name)
    }

    /// The server's port.
    pub(crate) fn port(&self) -> u16 {
        let server = self.sort.server();
        server.rsplit_once(':').unwrap().1.split('/').next().unwrap().parse().unwrap()
    }

    /// The password that stands in the URL.
    pub(crate) fn password(&self) -> String {
        self.sort.server().split('@').next().unwrap().rsplit(':').next().unwrap().to_owned()
    }

    /// Runs SQL in it.
    pub(crate) fn run(&self, sql: &str) -> String {
        self.execute(Some(&self.name), sql)
    }

    fn execute(&self, database: Option<&str>, sql: &str) -> String {
        let port = self.port().to_string();
        let mut command = match self.sort {
            Sort::Postgres => {
                let mut command = Command::new("psql");
                command.args([
                    "-h",
                    "127.0.0.1",
                    "-U",
                    "keyhook",
                    "-p",
                    &port,
                    "-d",
                    database.unwrap_or("postgres"),
                    "-v",
                    "ON_ERROR_STOP=1",
                ]);
                command.args(["-qAt", "-c", sql]).env("PGPASSWORD", self.password());
                command
            }
            Sort::MariaDb => {
                let mut command = Command::new("mariadb");
                command.args(["--host=127.0.0.1", "--user=keyhook", "--skip-column-names", &format!("--port={port}")]);
                command.args(["-e", sql]).args(database).env("MYSQL_PWD", self.password());
                command
            }
        };
        let output = command.output().unwrap();
        assert!(output.status.success(), "{sql}: {}", String::from_utf8_lossy(&output.stderr));
        String::from_utf8(output.stdout).unwrap()
    }
}

impl Drop for Database {
    fn drop(&mut self) {
        if std::thread::panicking() {
            return;
        }
        let force = if self.sort == Sort::Postgres { " WITH (FORCE)" } else { "" };
        self.execute(None, &format!("DROP DATABASE {}{force}", self.name));
    }
}
