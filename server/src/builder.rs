//! `Server::builder()`: what the configuration file says, said by a program.

use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use keyhook_component::system::{Clock, Random};
use keyhook_core::client::Client;
use keyhook_core::secret::Secret;
use keyhook_host::Probe;

use crate::config::{Config, Layers, Mode, Node, Origin, Table, Value};
use crate::failure::Failure;
use crate::given::{Given, shown};
use crate::server::Server;
use crate::system::{SystemClock, SystemRandom};
use crate::{dev, logging, plugins};

const FROM: Origin = Origin::Given("Server::builder()");

/// Collects what a server is made of. What is not said has the default of the configuration file; the environment is not read.
#[must_use]
pub struct Builder {
    given: Given,
    files: Vec<PathBuf>,
    texts: Vec<String>,
    plugins: Vec<String>,
    handlers: Vec<String>,
    ip: Option<IpAddr>,
    port: Option<u16>,
    dev: bool,
    log: bool,
    clock: Arc<dyn Clock>,
    random: Arc<dyn Random>,
    clients: Vec<Client>,
    users: Vec<(String, Secret<String>)>,
    probe: Probe,
}

impl Builder {
    pub(crate) fn new() -> Builder {
        Builder {
            given: Given::default(),
            files: Vec::new(),
            texts: Vec::new(),
            plugins: Vec::new(),
            handlers: Vec::new(),
            ip: None,
            port: None,
            dev: false,
            log: false,
            clock: Arc::new(SystemClock),
            random: Arc::new(SystemRandom),
            clients: Vec::new(),
            users: Vec::new(),
            probe: Probe::Unavailable,
        }
    }

    /// The port; 8080 unless said. 0 takes a free one, see [`crate::Running::addresses`].
    pub fn port(mut self, port: u16) -> Builder {
        self.port = Some(port);
        self
    }

    /// The address to listen on; 127.0.0.1 unless said.
    pub fn address(mut self, address: impl Into<IpAddr>) -> Builder {
        self.ip = Some(address.into());
        self
    }

    /// The issuer: the address that clients know. In development it follows from the port.
    pub fn issuer(self, issuer: impl Into<String>) -> Builder {
        self.text(&["server", "issuer"], issuer)
    }

    /// A proxy in front ends TLS.
    pub fn behind_proxy(self) -> Builder {
        self.text(&["server", "tls"], "behind_proxy")
    }

    /// Certificate chain and private key, PEM.
    pub fn tls(mut self, certificate: impl AsRef<Path>, key: impl AsRef<Path>) -> Builder {
        self = self.text(&["server", "tls", "cert"], shown(certificate.as_ref()));
        self.text(&["server", "tls", "key"], shown(key.as_ref()))
    }

    /// A folder with plugins; may be called several times.
    pub fn plugins_directory(mut self, folder: impl AsRef<Path>) -> Builder {
        self.plugins.push(shown(folder.as_ref()));
        self
    }

    /// A folder with URL handlers; may be called several times.
    pub fn handlers_directory(mut self, folder: impl AsRef<Path>) -> Builder {
        self.handlers.push(shown(folder.as_ref()));
        self
    }

    /// What a plugin, linked in or loaded, is told at its start: `[plugins.NAME.config]`.
    pub fn plugin(mut self, name: &str, config: &serde_json::Value) -> Builder {
        self.given.value(&["plugins", name, "config"], FROM, value(config));
        self
    }

    /// The store, such as `sqlite:keyhook.db`; `memory:` in development only.
    pub fn store(self, url: impl Into<String>) -> Builder {
        self.text(&["store", "url"], url)
    }

    /// The folder for what lives on disk.
    pub fn data(self, folder: impl AsRef<Path>) -> Builder {
        let folder = shown(folder.as_ref());
        self.text(&["server", "data"], folder)
    }

    /// A file with a master key; the first seals, all open.
    pub fn master_key(self, file: impl AsRef<Path>) -> Builder {
        let file = shown(file.as_ref());
        self.text(&["keys", "master_file"], file)
    }

    /// A client that is registered at the start; an existing one is brought up to date.
    pub fn client(mut self, client: Client) -> Builder {
        self.clients.push(client);
        self
    }

    /// A user of the built-in login who is added at the start unless there is one of the name.
    pub fn user(mut self, name: impl Into<String>, password: impl Into<String>) -> Builder {
        self.users.push((name.into(), Secret::new(password.into())));
        self
    }

    /// The clock; tests move theirs.
    pub fn clock(mut self, clock: Arc<dyn Clock>) -> Builder {
        self.clock = clock;
        self
    }

    /// The source of randomness. Whoever can guess it can forge every token.
    pub fn random(mut self, random: Arc<dyn Random>) -> Builder {
        self.random = random;
        self
    }

    /// A keyhook binary that tries libraries in a child process. Without it only libraries load that the lock approves, or
    /// that lie in a trusted folder.
    pub fn probe(mut self, program: impl Into<PathBuf>) -> Builder {
        self.probe = plugins::probe_by(program.into());
        self
    }

    /// A configuration file; may be called several times, later ones win. The builder's own methods win over all.
    pub fn config_file(mut self, path: impl Into<PathBuf>) -> Builder {
        self.files.push(path.into());
        self
    }

    /// Configuration in the file's form: `"[tokens]\naccess_ttl = \"5m\""`.
    pub fn config_text(mut self, text: impl Into<String>) -> Builder {
        self.texts.push(text.into());
        self
    }

    /// Development: loopback http is allowed, stores may be memory, error pages explain, libraries need no approval.
    pub fn dev(mut self, dev: bool) -> Builder {
        self.dev = dev;
        self
    }

    /// Sets the log of the process up, with levels such as `info` or `info,plugin=debug`. Without it the program's own
    /// `tracing` subscriber gets everything.
    pub fn log_config(mut self, level: impl Into<String>) -> Builder {
        self.log = true;
        self.text(&["log", "level"], level)
    }

    /// Checks all of it.
    ///
    /// # Errors
    /// Everything that is wrong, at once.
    pub fn build(mut self) -> Result<Server, Failure> {
        self.given.texts(&["plugins", "directories"], &FROM, std::mem::take(&mut self.plugins));
        self.given.texts(&["handlers", "directories"], &FROM, std::mem::take(&mut self.handlers));
        if self.port.is_some() || self.ip.is_some() {
            let address = SocketAddr::new(self.ip.unwrap_or(Ipv4Addr::LOCALHOST.into()), self.port.unwrap_or(8080));
            self.given.texts(&["server", "listen"], &FROM, [address.to_string()]);
        }
        let mode = if self.dev { Mode::Dev } else { Mode::Serve };
        let base = if self.dev { dev::embedded_base() } else { serve_base() };
        let layers = Layers {
            mode,
            base,
            files: self.files,
            usual: None,
            sets_aside: false,
            texts: self.texts,
            environment: Vec::new(),
            given: self.given.0,
        };
        let config = Config::load(layers.clone())?;
        if self.log {
            logging::start(&config.log);
        }
        let dev = self.dev.then(|| Arc::new(dev::Status::default()));
        Ok(Server {
            layers,
            config,
            clock: self.clock,
            random: self.random,
            clients: self.clients,
            users: self.users,
            dev,
            probe: self.probe,
            default_workers: 0,
            launch: None,
            takes_over: false,
        })
    }

    fn text(mut self, path: &[&str], text: impl Into<String>) -> Builder {
        self.given.text(path, FROM, text);
        self
    }
}

/// An embedded server has no management listener unless it asks for one.
fn serve_base() -> Table {
    let mut base = Given::default();
    base.text(&["management", "listen"], Origin::Default, "off");
    base.0
}

/// JSON as a value of the configuration; `null`, which TOML has not, is left out.
fn value(json: &serde_json::Value) -> Value {
    match json {
        serde_json::Value::String(text) => Value::String(text.clone()),
        serde_json::Value::Bool(value) => Value::Boolean(*value),
        serde_json::Value::Number(number) => {
            number.as_i64().map_or_else(|| Value::Float(number.as_f64().unwrap_or_default()), Value::Integer)
        }
        serde_json::Value::Array(items) => Value::Array(items.iter().filter(|item| !item.is_null()).map(node).collect()),
        serde_json::Value::Object(members) => {
            Value::Table(members.iter().filter(|(_, item)| !item.is_null()).map(|(name, item)| (name.clone(), node(item))).collect())
        }
        serde_json::Value::Null => Value::Table(Table::new()),
    }
}

fn node(json: &serde_json::Value) -> Node {
    Node { origin: FROM, value: value(json) }
}
