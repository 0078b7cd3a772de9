//! Operations from the command line: through the admin socket of a running server, or over the opened store when none runs.

use std::path::PathBuf;
use std::sync::Arc;

use serde_json::Value;

use crate::admin::{self, SOCKET};
use crate::audit::AuditLog;
use crate::cli::{Dev, Global, ServeFlags};
use crate::config::{Config, locate};
use crate::failure::{Exit, Failure};
use crate::operations::{Desk, Operation};
use crate::system::{SystemClock, SystemRandom};
use crate::{dev, keys, stores, system};

/// Asks the running server.
///
/// # Errors
/// What it answered; `KH0157` when none runs.
pub(crate) fn ask(global: &Global, operation: &Operation) -> Result<Value, Failure> {
    let data = data_folder(global)?;
    admin::call(&data.join(SOCKET), operation)?.ok_or_else(|| {
        Failure::new("KH0157", Exit::Unreachable, format!("no server runs on the data folder {}", data.display()))
            .help("start one with `keyhook serve` or `keyhook dev`, or name its configuration with --config")
    })
}

/// Asks the running server, or does it over the store when none runs.
///
/// # Errors
/// Why it was not done.
pub(crate) fn perform(global: &Global, operation: Operation) -> Result<Value, Failure> {
    let data = data_folder(global)?;
    if let Some(answer) = admin::call(&data.join(SOCKET), &operation)? {
        return Ok(answer);
    }
    let config = deployment(global)?;
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .map_err(|error| Failure::new("KH0150", Exit::Failed, format!("no runtime can be started: {error}")))?;
    runtime.block_on(offline(&config, operation))
}

async fn offline(config: &Config, operation: Operation) -> Result<Value, Failure> {
    let keyring = keys::load(&config.keys.master_files)?;
    let clock: Arc<dyn keyhook_component::system::Clock> = Arc::new(SystemClock);
    let records = stores::open(config, &clock, stores::May { create: false, migrate: true }).await?;
    let audit = Arc::new(AuditLog::start(keyring.log_key).map_err(|error| Failure::new("KH0150", Exit::Failed, error.to_string()))?);
    let sealer = Arc::new(keyring.sealer);
    let desk = Desk { records, clock, random: Arc::new(SystemRandom), sealer, audit: audit.clone(), server: None };
    let answer = operation.perform(&desk).await;
    for store in desk.records.stores() {
        store.close().await;
    }
    audit.close();
    answer
}

/// Where the server keeps its data: the flag's word, that of `keyhook dev` running in this folder, or the configuration's.
fn data_folder(global: &Global) -> Result<PathBuf, Failure> {
    if let Some(data) = &global.data {
        return Ok(data.clone());
    }
    if dev_runs_here(global) {
        return Ok(dev::data_folder(&Dev::default().folder));
    }
    deployment(global).map(|config| config.server.data).or_else(|failure| {
        // A server that runs answers also when its file has become wrong.
        let layers = super::layers(global, &ServeFlags::default());
        let data = (failure.exit() == Exit::Configuration).then(|| Config::data_folder_of(layers));
        data.filter(|data| admin::runs(&data.join(SOCKET))).ok_or(failure)
    })
}

/// Whether `keyhook dev` serves in this folder: then a command means it, unless another configuration is named.
fn dev_runs_here(global: &Global) -> bool {
    global.config.is_empty() && admin::runs(&dev::data_folder(&Dev::default().folder).join(SOCKET))
}

/// The deployment that a command means: `keyhook dev` if it runs in this folder; else that of the configuration that is named or
/// lies in this folder, else what `keyhook dev` left in this folder, else the machine's.
///
/// # Errors
/// The findings of the configuration; `KH0314` when there is no deployment at all.
pub(crate) fn deployment(global: &Global) -> Result<Config, Failure> {
    let environment = system::environment();
    let files = locate(&global.config, &environment);
    let is_the_machines = files.iter().all(|file| file.starts_with("/etc/keyhook"));
    let is_devs = is_the_machines && global.config.is_empty() && dev::data_folder(&Dev::default().folder).is_dir();
    if is_devs || dev_runs_here(global) {
        return Ok(Config::load(super::dev::layers(global, &Dev::default()))?);
    }
    if files.is_empty() && !environment.iter().any(|(name, _)| name.contains("__")) {
        let failure = Failure::new("KH0314", Exit::Unreachable, "there is no deployment here: neither keyhook.toml nor ./keyhook-dev");
        return Err(failure.help("run it in the folder of `keyhook dev`, or name a configuration with --config"));
    }
    super::configuration(global, &ServeFlags::default())
}
