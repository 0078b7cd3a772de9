//! A database with what a server has after a while, made by `keyhook-bench-fill` beside this program.

use std::path::Path;
use std::process::Command;
use std::time::Duration;

/// What a database holds.
#[derive(Clone, Debug)]
pub(crate) struct Fill {
    /// Access tokens of the client `bench`.
    pub(crate) tokens: usize,
    /// Clients.
    pub(crate) clients: usize,
    /// How many of the tokens are wanted.
    pub(crate) sample: usize,
    /// Age of the youngest token; each lives for an hour.
    pub(crate) age: Duration,
}

impl Fill {
    /// So many live tokens of one client, and a sample of them.
    pub(crate) fn tokens(tokens: usize, sample: usize) -> Fill {
        Fill { tokens, clients: 1, sample, age: Duration::ZERO }
    }
}

/// What was filled in.
#[derive(Clone, Debug, Default)]
pub(crate) struct Filled {
    /// The secret of every client.
    pub(crate) secret: Option<String>,
    /// The sample.
    pub(crate) tokens: Vec<String>,
    /// How many clients there are.
    pub(crate) clients: usize,
    /// Bytes of the database.
    pub(crate) bytes: u64,
}

/// Fills the database in a data folder.
pub(crate) fn fill(data: &Path, fill: &Fill) -> Filled {
    let program = std::env::current_exe().unwrap().with_file_name("keyhook-bench-fill");
    let numbers = [fill.tokens, fill.clients, fill.sample, usize::try_from(fill.age.as_secs()).unwrap()].map(|number| number.to_string());
    let output = Command::new(&program).arg(data).args(numbers).output();
    let output = output.unwrap_or_else(|error| panic!("{}: {error}; build it with -p keyhook-bench-fill", program.display()));
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let tokens = std::fs::read_to_string(data.join("tokens.txt")).unwrap();
    Filled {
        secret: Some(String::from_utf8(output.stdout).unwrap().trim().to_owned()),
        tokens: tokens.lines().map(str::to_owned).collect(),
        clients: fill.clients,
        bytes: std::fs::metadata(data.join("keyhook.db")).unwrap().len(),
    }
}
