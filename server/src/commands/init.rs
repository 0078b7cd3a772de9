//! `keyhook init`: a first keyhook.toml, commented, about 40 lines.

use std::fs::OpenOptions;
use std::io::{ErrorKind, Write as _};
use std::os::unix::fs::OpenOptionsExt as _;

use crate::cli::Init;
use crate::failure::{Exit, Failure};
use crate::output;

const TEMPLATE: &str = include_str!("keyhook.toml");

/// Writes the file unless there is one.
///
/// # Errors
/// When the file exists, cannot be written, or the issuer is none.
pub(crate) fn run(flags: &Init) -> Result<(), Failure> {
    let shown = flags.path.display();
    keyhook_core::Issuer::parse(&flags.issuer)
        .map_err(|error| Failure::new("KH1007", Exit::Usage, format!("`{}` cannot be an issuer: {error}", flags.issuer)))?;
    let text = TEMPLATE.replace("https://login.example", &flags.issuer);
    let written =
        OpenOptions::new().write(true).create_new(true).mode(0o644).open(&flags.path).and_then(|mut file| file.write_all(text.as_bytes()));
    written.map_err(|error| {
        let failure = Failure::new("KH0164", Exit::Failed, format!("{shown} cannot be written: {error}"));
        if error.kind() == ErrorKind::AlreadyExists {
            failure.help("it is never overwritten; name another file or move this one")
        } else {
            failure
        }
    })?;
    output::write(&format!("wrote {shown}\nnext: edit it, then `keyhook key generate /etc/keyhook/master.key` and `keyhook check`\n"));
    Ok(())
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test may fail by panicking")]
    use super::*;
    use crate::config::{Config, Layers, Mode, Table};
    use crate::testing::Folder;

    fn init(path: &std::path::Path) -> Result<(), Failure> {
        run(&Init { issuer: "https://id.shop.example".into(), path: path.to_path_buf() })
    }

    #[test]
    fn what_init_writes_is_a_right_configuration_of_about_forty_lines() {
        let folder = Folder::new();
        let path = folder.path().join("keyhook.toml");
        init(&path).unwrap();
        let layers = Layers {
            mode: Mode::Serve,
            base: Table::new(),
            files: vec![path.clone()],
            usual: None,
            sets_aside: false,
            texts: Vec::new(),
            environment: Vec::new(),
            given: Table::new(),
        };
        let config = Config::load(layers).unwrap_or_else(|wrong| panic!("{wrong}"));
        assert_eq!(config.issuer.unwrap().as_str(), "https://id.shop.example");
        let lines = std::fs::read_to_string(&path).unwrap().lines().count();
        assert!((35..=48).contains(&lines), "{lines}");
    }

    #[test]
    fn every_commented_key_of_it_is_right_too() {
        let folder = Folder::new();
        let path = folder.path().join("keyhook.toml");
        init(&path).unwrap();
        let text = std::fs::read_to_string(&path).unwrap();
        let uncommented: String = text
            .lines()
            .map(|line| line.strip_prefix('#').filter(|rest| !rest.starts_with(' ')).unwrap_or(line))
            .collect::<Vec<_>>()
            .join("\n");
        std::fs::write(&path, uncommented).unwrap();
        let layers = Layers {
            mode: Mode::Serve,
            base: Table::new(),
            files: vec![path],
            usual: None,
            sets_aside: false,
            texts: Vec::new(),
            environment: Vec::new(),
            given: Table::new(),
        };
        Config::load(layers).unwrap_or_else(|wrong| panic!("{wrong}"));
    }

    #[test]
    fn an_existing_file_is_never_overwritten() {
        let folder = Folder::new();
        let path = folder.path().join("keyhook.toml");
        init(&path).unwrap();
        assert_eq!(init(&path).unwrap_err().code(), "KH0164");
    }
}
