//! What the command line asks for.

use std::path::PathBuf;
use std::time::Duration;

/// How long, how hard, and what.
#[derive(Clone, Debug)]
pub(crate) struct Plan {
    /// Rounds of each comparison.
    pub(crate) rounds: usize,
    /// Length of a server's turn in a round.
    pub(crate) turn: Duration,
    /// Connections, and requests under way.
    pub(crate) connections: usize,
    /// Names of sections or scenarios; empty is all of them.
    pub(crate) only: Vec<String>,
    /// The three main scenarios and little else.
    pub(crate) quick: bool,
    /// Other servers, too.
    pub(crate) peers: bool,
    /// The numbers of tokens, and of clients, at which growth is looked at.
    pub(crate) tokens: Vec<usize>,
    /// See `tokens`.
    pub(crate) clients: Vec<usize>,
    /// The table goes into the README.
    pub(crate) readme: bool,
    /// Where servers have their folders.
    pub(crate) folder: PathBuf,
    /// The command line, as the table repeats it.
    pub(crate) command: String,
}

/// The options, for whoever mistypes one.
pub(crate) const USAGE: &str = "\
./runtests.sh bench [options]
  --quick              the main scenarios, about a minute
  --only NAME[,NAME]   scenarios (token, introspection, …) or sections (speed, plugins, memory, start, growth, purge, overload, peers)
  --rounds N           rounds of each comparison (5)
  --seconds N          length of a turn, fractions allowed (2)
  --connections N      connections (64)
  --tokens N[,N]       token counts of `growth` (10000,1000000; try 5000000, 10000000)
  --clients N[,N]      client counts of `growth` (none; try 10000,1000000)
  --peers              other servers beside this one; installs them
  --folder PATH        where servers have their data (the temporary folder)
  --readme             writes the table into README.md";

impl Plan {
    /// Reads the command line.
    ///
    /// # Errors
    /// The first argument that is not understood.
    pub(crate) fn parse(arguments: &[String]) -> Result<Plan, String> {
        let mut plan = Plan {
            rounds: 5,
            turn: Duration::from_secs(2),
            connections: 64,
            only: Vec::new(),
            quick: false,
            peers: false,
            tokens: vec![10_000, 1_000_000],
            clients: Vec::new(),
            readme: false,
            folder: std::env::temp_dir(),
            command: ["./runtests.sh bench".to_owned()].iter().chain(arguments).cloned().collect::<Vec<_>>().join(" "),
        };
        let mut rest = arguments.iter();
        while let Some(name) = rest.next() {
            let mut value = || rest.next().ok_or_else(|| format!("{name} needs a value"));
            match name.as_str() {
                "--rounds" => plan.rounds = number(name, value()?)?,
                "--seconds" => plan.turn = Duration::from_secs_f64(number(name, value()?)?),
                "--connections" => plan.connections = number(name, value()?)?,
                "--only" => plan.only = value()?.split(',').map(str::to_owned).collect(),
                "--tokens" => plan.tokens = numbers(name, value()?)?,
                "--clients" => plan.clients = numbers(name, value()?)?,
                "--folder" => plan.folder = value()?.into(),
                "--quick" => plan.quick = true,
                "--peers" => plan.peers = true,
                "--readme" => plan.readme = true,
                _ => return Err(format!("there is no option {name}")),
            }
        }
        plan.peers |= plan.only.iter().any(|name| name == "peers");
        if plan.rounds == 0 || plan.connections == 0 || plan.turn.is_zero() {
            return Err("--rounds, --seconds and --connections are more than 0".to_owned());
        }
        Ok(plan)
    }

    /// What has to be built or installed first, in words that `runtests.sh` knows.
    pub(crate) fn needs(&self) -> Vec<&'static str> {
        let wants = |section: &str| self.wants(section, section);
        let needs = [
            ("fill", ["start", "memory", "growth", "purge"].into_iter().any(wants)),
            ("guarded", self.wants("speed", "oauth1")),
            ("plugins", ["plugins", "start"].into_iter().any(wants)),
            ("openssl", self.wants("speed", "tls")),
            ("peers", self.peers),
        ];
        needs.into_iter().filter_map(|(need, is)| is.then_some(need)).collect()
    }

    /// Whether a scenario of a section is wanted.
    pub(crate) fn wants(&self, section: &str, scenario: &str) -> bool {
        let named = |name: &String| name == section || name == scenario;
        if self.only.is_empty() { !self.quick || MAIN.contains(&scenario) } else { self.only.iter().any(named) }
    }
}

/// What `--quick` measures.
const MAIN: [&str; 3] = ["token", "introspection", "metadata"];

fn number<T: std::str::FromStr>(name: &str, value: &str) -> Result<T, String> {
    value.parse().map_err(|_| format!("{name}: {value} is no number"))
}

fn numbers(name: &str, values: &str) -> Result<Vec<usize>, String> {
    values.split(',').map(|value| number(name, value)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn plan(line: &str) -> Result<Plan, String> {
        Plan::parse(&line.split_whitespace().map(str::to_owned).collect::<Vec<_>>())
    }

    #[test]
    fn everything_is_wanted_unless_something_is_named() {
        assert!(plan("").unwrap().wants("plugins", "10-inline"));
        assert!(!plan("--quick").unwrap().wants("plugins", "10-inline"));
        assert!(plan("--quick").unwrap().wants("speed", "token"));
        let only = plan("--only plugins,code").unwrap();
        assert!(only.wants("plugins", "10-inline") && only.wants("speed", "code") && !only.wants("speed", "token"));
    }

    #[test]
    fn a_run_says_what_it_needs() {
        assert_eq!(plan("").unwrap().needs(), ["fill", "guarded", "plugins", "openssl"]);
        assert_eq!(plan("--quick").unwrap().needs(), [""; 0]);
        assert_eq!(plan("--only start --peers").unwrap().needs(), ["fill", "plugins", "peers"]);
        assert_eq!(plan("--only peers").unwrap().needs(), ["peers"]);
    }

    #[test]
    fn what_is_not_understood_is_said() {
        assert_eq!(plan("--round 3").unwrap_err(), "there is no option --round");
        assert_eq!(plan("--rounds x").unwrap_err(), "--rounds: x is no number");
        assert_eq!(plan("--rounds").unwrap_err(), "--rounds needs a value");
        assert!(plan("--seconds 0").is_err());
    }

    #[test]
    fn the_command_is_repeated() {
        assert_eq!(plan("--quick --rounds 3").unwrap().command, "./runtests.sh bench --quick --rounds 3");
    }
}
