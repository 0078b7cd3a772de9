//! A folder as an operator has it for `keyhook serve`: configuration, master key, plugins, lock.

use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

use crate::binary::{self, Server, free_port};
use crate::scratch::Scratch;

/// Everything that a production server on loopback needs.
pub struct Production {
    folder: Scratch,
    /// The port it listens on.
    pub port: u16,
}

impl Production {
    /// Writes configuration and key; `more` is added to the configuration.
    pub fn new(name: &str, more: &str) -> Production {
        use std::os::unix::fs::PermissionsExt;
        let folder = Scratch::new(name);
        let port = free_port();
        let key = folder.write("master.key", "0123456789abcdef".repeat(4) + "\n");
        std::fs::set_permissions(key, PermissionsExt::from_mode(0o600)).unwrap();
        let production = Production { folder, port };
        std::fs::create_dir(production.plugins()).unwrap();
        production.configure(more);
        production
    }

    /// Writes the configuration anew.
    pub fn configure(&self, more: &str) {
        let Production { folder, port } = self;
        let text = format!(
            "[server]\nissuer = \"http://localhost:{port}\"\nlisten = [\"127.0.0.1:{port}\"]\ntls = \"off\"\ndata = \"{}\"\n\
             [management]\nlisten = \"off\"\n[keys]\nmaster_file = \"{}\"\n[plugins]\ndirectories = [\"{}\"]\n{more}",
            folder.join("data").display(),
            folder.join("master.key").display(),
            self.plugins().display(),
        );
        folder.write("keyhook.toml", text);
    }

    /// The folder.
    pub fn path(&self) -> &Path {
        self.folder.path()
    }

    /// The folder of plugins.
    pub fn plugins(&self) -> PathBuf {
        self.folder.join("plugins")
    }

    /// Runs a command in the folder to its end.
    pub fn run(&self, arguments: &[&str]) -> Output {
        binary::run(self.path(), arguments)
    }

    /// Approves a library.
    pub fn approve(&self, library: &Path) {
        binary::stdout(self.path(), &["plugin", "approve", library.to_str().unwrap()]);
    }

    /// Starts `keyhook serve` and waits until it answers.
    pub fn serve(&self) -> Server {
        Server::start(self.path(), &["serve".to_owned()], self.port)
    }

    /// The same with variables in its environment.
    pub fn serve_with(&self, environment: &[(&str, &str)]) -> Server {
        let mut command = Command::new(binary::path());
        command.arg("serve").current_dir(self.path()).envs(environment.iter().copied()).stdin(Stdio::null());
        Server::launch(command, self.port)
    }

    /// What `keyhook serve` says when it does not start, and its exit status.
    pub fn refusal(&self) -> (Option<i32>, String) {
        let output = self.run(&["serve"]);
        (output.status.code(), String::from_utf8_lossy(&output.stderr).into_owned())
    }
}
