//! `keyhook plugin check FILE`: every check of a load, in a child; says what the library is.

use std::fmt::Write as _;
use std::path::Path;

use keyhook_host::Examined;
use keyhook_host::lock::{Lock, Standing};

use super::examine;
use crate::cli::{Format, Global, ServeFlags};
use crate::failure::Failure;
use crate::output;

/// # Errors
/// The refusal that `serve` would give.
pub(super) fn run(global: &Global, file: &Path) -> Result<(), Failure> {
    let examined = examine::examine(&examine::host(), file)?;
    if global.format == Format::Json || global.quiet {
        output::print(global, &["file"], &examine::json(file, &examined));
        return Ok(());
    }
    // Without a configuration there is no lock to compare with.
    let lock = crate::commands::configuration(global, &ServeFlags::default()).ok().map(|config| config.lock());
    let standing = lock.as_deref().map(|lock| standing(lock, file, &examined));
    output::write(&text(file, &examined, standing.as_deref()));
    Ok(())
}

fn standing(lock: &Path, file: &Path, examined: &Examined) -> String {
    let Ok(known) = Lock::read(lock) else { return format!("{} cannot be read", lock.display()) };
    match known.standing(file, examined.digest) {
        Standing::Approved(_) => "yes".to_owned(),
        Standing::Changed(_) => format!("no, it has changed since; look at it, then: keyhook plugin approve {}", file.display()),
        Standing::Unknown => format!("no; for production: keyhook plugin approve {}", file.display()),
    }
}

fn text(file: &Path, examined: &Examined, approved: Option<&str>) -> String {
    let mut text = String::new();
    for plugin in &examined.plugins {
        let _ = writeln!(text, "✓ {} {}", plugin.name, plugin.version);
        for hook in &plugin.hooks {
            let _ = writeln!(text, "  hook      {} (priority {})", hook.name, hook.priority);
        }
        for route in &plugin.routes {
            let _ = writeln!(text, "  route     {route}");
        }
    }
    let debug = if examined.tag.debug { ", without optimization" } else { "" };
    let _ =
        writeln!(text, "  file      {}\n  sha256    {}\n  built by  {}{debug}", file.display(), examined.digest.hex(), examined.tag.build);
    if let Some(approved) = approved {
        let _ = writeln!(text, "  approved  {approved}");
    }
    for warning in &examined.warnings {
        let _ = writeln!(text, "  warning   {warning}");
    }
    text
}
