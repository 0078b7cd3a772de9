//! The README is true: its commands are run, its Rust compiles, the tests it names exist.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::process::Command;

use keyhook_tests::binary::{self, Server};
use keyhook_tests::libraries::workspace;
use keyhook_tests::scratch::Scratch;

fn readme() -> String {
    std::fs::read_to_string(workspace().join("README.md")).unwrap()
}

/// The code blocks of a language, in order.
fn blocks(text: &str, language: &str) -> Vec<String> {
    text.split("```").skip(1).step_by(2).filter_map(|block| block.strip_prefix(&format!("{language}\n"))).map(str::to_owned).collect()
}

/// A terminal in which the README's commands are typed, with `keyhook` on its path.
struct Terminal {
    scratch: Scratch,
    folder: PathBuf,
    server: Option<Server>,
}

impl Terminal {
    fn open() -> Terminal {
        let scratch = Scratch::new("readme");
        std::fs::create_dir_all(scratch.join("bin")).unwrap();
        std::os::unix::fs::symlink(binary::path(), scratch.join("bin/keyhook")).unwrap();
        let folder = scratch.join("home");
        std::fs::create_dir_all(&folder).unwrap();
        Terminal { scratch, folder, server: None }
    }

    /// Types a command and waits for it; a server is left running, as one leaves it in a terminal of its own.
    fn type_in(&mut self, line: &str) {
        match line.split_whitespace().collect::<Vec<_>>().as_slice() {
            ["cd", folder] => self.folder = self.folder.join(folder),
            ["keyhook", "dev"] => self.server = Some(Server::dev(&self.folder, &[])),
            ["cargo", "run", "--release", "--", "dev"] => self.first_command(),
            ["cargo", "install", ..] => self.run(&format!("{line} --root {}", self.scratch.join("installed").display()), workspace()),
            ["./runtests.sh"] => assert!(std::fs::read_to_string(workspace().join(".ci/run")).unwrap().contains("runtests.sh")),
            _ => self.run(line, &self.folder),
        }
    }

    /// The README's first command, as it stands: it serves in the checkout, at the port that it names.
    fn first_command(&self) {
        let port = binary::free_port();
        // Where it would be if this folder were the checkout: a later command copies a plugin into it.
        let data = self.folder.join("keyhook-dev");
        let mut child = Command::new(env!("CARGO"))
            .args(["run", "--release", "--locked", "--", "dev", "--port", &port.to_string(), "--folder"])
            .arg(&data)
            .current_dir(workspace())
            .spawn()
            .unwrap();
        while std::net::TcpStream::connect(("127.0.0.1", port)).is_err() {
            assert!(child.try_wait().unwrap().is_none(), "the server ended");
            binary::pause();
        }
        // cargo passes no signal on: the server notices that its terminal's process group is asked to stop.
        let group = Command::new("pkill").args(["-TERM", "-P", &child.id().to_string()]).status().unwrap();
        assert!(group.success());
        child.wait().unwrap();
    }

    fn run(&self, line: &str, folder: &Path) {
        #[allow(clippy::disallowed_methods, reason = "a terminal has the user's path")]
        let path = std::env::var("PATH").unwrap();
        let path = format!("{}:{path}", self.scratch.join("bin").display());
        let output = Command::new("sh").args(["-c", line]).current_dir(folder).env("PATH", path).env("NO_COLOR", "1").output().unwrap();
        let (out, error) = (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
        let log = self.server.as_ref().map(Server::log).unwrap_or_default();
        assert!(output.status.success(), "{line}\n{out}\n{error}\n{log}");
    }
}

#[test]
fn every_command_of_the_readme_works_in_the_order_it_stands_there() {
    let mut terminal = Terminal::open();
    let commands = blocks(&readme(), "sh").concat();
    assert!(commands.lines().count() > 10, "the README's commands were not found");
    for line in commands.lines().map(str::trim).filter(|line| !line.is_empty() && !line.starts_with('#')) {
        terminal.type_in(line);
    }
}

#[test]
fn every_plugin_of_the_readme_compiles_as_it_stands_there() {
    let scratch = Scratch::new("readme-plugins");
    let plugins: Vec<String> = blocks(&readme(), "rust").into_iter().filter(|block| block.contains("plugin!")).collect();
    assert_eq!(plugins.len(), 2, "the README shows two plugins");
    for (index, source) in plugins.iter().enumerate() {
        let name = format!("shown-{index}");
        let sdk = workspace().join("plugin-api");
        scratch.write(
            format!("{name}/Cargo.toml"),
            format!(
                "[package]\nname = \"{name}\"\nversion = \"0.1.0\"\nedition = \"2024\"\n[lib]\ncrate-type = [\"cdylib\"]\n\
                 [dependencies]\nkeyhook-plugin = {{ path = \"{}\" }}\n[workspace]\n",
                sdk.display()
            ),
        );
        scratch.write(format!("{name}/src/lib.rs"), source);
        let mut cargo = Command::new(env!("CARGO"));
        cargo.args(["build", "--quiet", "--target-dir"]).arg(workspace().join("target/readme")).current_dir(scratch.join(&name));
        let output = cargo.output().unwrap();
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    }
}

/// The documentation of the guard is compiled.
#[test]
fn the_guard_of_the_readme_stands_in_its_documentation() {
    let guards: Vec<String> = blocks(&readme(), "rust,no_run").into_iter().filter(|block| block.contains("keyhook_guard")).collect();
    let documentation = std::fs::read_to_string(workspace().join("server/guard/src/lib.rs")).unwrap();
    let documentation: Vec<&str> = documentation.lines().filter_map(|line| line.strip_prefix("//!")).map(str::trim).collect();
    assert_eq!(guards.len(), 1, "the README shows a guard");
    for line in guards[0].lines().map(str::trim) {
        assert!(documentation.contains(&line), "the README shows a line that no test compiles: {line}");
    }
}

#[test]
fn every_test_that_the_readme_names_exists() {
    let mut sources = String::new();
    for folder in ["server", "plugin-api", "tests"] {
        collect(&workspace().join(folder), &mut sources);
    }
    let readme = readme();
    let table = readme.split("## What is supported").nth(1).unwrap().split("\n## ").next().unwrap();
    let named: BTreeSet<&str> = table.split('`').skip(1).step_by(2).filter(|name| name.matches('_').count() >= 3).collect();
    assert!(named.len() > 10, "the table of what is supported names no tests");
    for name in named {
        assert!(sources.contains(&format!("fn {name}(")), "the README names the test {name}, which does not exist");
    }
}

fn collect(folder: &Path, into: &mut String) {
    for entry in std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()) {
        if entry.is_dir() {
            collect(&entry, into);
        } else if entry.extension().is_some_and(|extension| extension == "rs") {
            into.push_str(&std::fs::read_to_string(entry).unwrap());
        }
    }
}
