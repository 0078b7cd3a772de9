//! Why a library does not run: one enum, each variant with its operator's code, its reason and the way out.

use std::path::{Path, PathBuf};

use keyhook_plugin::abi;
use serde::{Deserialize, Serialize};

/// How two routes stand in each other's way.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Clash {
    /// They answer the same URLs.
    Same,
    /// They are one place whose parameters have two names.
    Names,
    /// Some URL belongs to both, and neither is the more exact one.
    Overlap,
}

impl Clash {
    const fn words(self) -> &'static str {
        match self {
            Clash::Same => "is already answered by",
            Clash::Names => "names the parameters of one place otherwise than",
            Clash::Overlap => "shares URLs with a route, and neither is the more exact one, of",
        }
    }
}

/// Why a library or a plugin was refused. [`Refusal::to_string`](ToString::to_string) names the reason, [`Refusal::way_out`] what to do.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, thiserror::Error)]
pub enum Refusal {
    /// The file cannot be opened or read.
    #[error("cannot read: {0}")]
    Unreadable(String),
    /// A directory, a FIFO, a device.
    #[error("not a regular file")]
    NotRegular,
    /// Larger than [`MAX_LIBRARY_BYTES`](crate::snapshot::MAX_LIBRARY_BYTES).
    #[error("{0} bytes, over the limit of 256 MiB")]
    TooLarge(u64),
    /// Somebody who is not trusted could replace the file.
    #[error("refused: {0}")]
    Exposed(String),
    /// No shared library at all.
    #[error("not a shared library: {0}")]
    NotLibrary(String),
    /// A library for another machine.
    #[error("wrong architecture: {0}")]
    Architecture(String),
    /// Cut or changed.
    #[error("truncated or damaged ELF file: {0}")]
    Damaged(String),
    /// A library, but none of ours: the symbol is missing.
    #[error("not a keyhook plugin: symbol {} is missing", abi::TAG_SYMBOL)]
    NotPlugin,
    /// It has our tag, but nothing can be called.
    #[error("no entry symbol: {} is missing", abi::ENTRY_SYMBOL)]
    NoEntry,
    /// The tag is not what its name promises.
    #[error("bad ABI tag: {0}")]
    BadTag(String),
    /// Built for another major.
    #[error("built for plugin ABI {built}, this server speaks {speaks}; rebuild it against keyhook-plugin {speaks}.x")]
    AbiMajor {
        /// What it was built for.
        built: u32,
        /// What this server speaks.
        speaks: u32,
    },
    /// Needs functions that this server does not have.
    #[error("needs plugin ABI minor {needs} or newer, this server has {has}")]
    AbiMinor {
        /// What it needs.
        needs: u32,
        /// What this server has.
        has: u32,
    },
    /// A panic in it would end the server.
    #[error("built with panic=\"abort\": one bug would end the server; rebuild with panic=\"unwind\"")]
    PanicAbort,
    /// No private copy could be made.
    #[error("cannot make a private copy: {0}")]
    NoCopy(String),
    /// The dynamic linker refused it.
    #[error("dlopen: {0}")]
    DlOpen(String),
    /// The probe child died, hung or said nothing.
    #[error("probe: {0}")]
    Probe(String),
    /// What the entry handed out breaks the rules.
    #[error("bad module table: {0}")]
    BadTable(String),
    /// A hook that does not exist.
    #[error("hook \"{name}\" does not exist; known: {known}")]
    UnknownHook {
        /// The name it registered.
        name: String,
        /// The names there are.
        known: String,
    },
    /// Another plugin has the name.
    #[error("plugin name \"{0}\" is already registered")]
    NameTaken(String),
    /// The same bytes are loaded already.
    #[error("same content as {0}")]
    SameContent(PathBuf),
    /// A URL pattern that cannot be.
    #[error("route {route}: {why}")]
    BadRoute {
        /// Method and path.
        route: String,
        /// What is wrong.
        why: String,
    },
    /// The URL answers already.
    #[error("route {route} is already answered by {owner}")]
    RouteTaken {
        /// Method and path.
        route: String,
        /// Who answers there.
        owner: String,
    },
    /// A plugin, this one or another, has a URL that does not go together with it.
    #[error("route {route} {words} {owner}: {other}", words = kind.words())]
    RouteClash {
        /// Method and path.
        route: String,
        /// Method and path of the route that was there first.
        other: String,
        /// Whose that is, in words.
        owner: String,
        /// How they clash.
        kind: Clash,
    },
    /// A grant type or an assertion type has a provider already.
    #[error("{hook} = \"{value}\" is already provided by {owner}")]
    ProvisionTaken {
        /// The hook.
        hook: String,
        /// What both would provide.
        value: String,
        /// Who was first.
        owner: String,
    },
    /// The configuration names a secret that is not there.
    #[error("configuration: {0}")]
    Configuration(String),
    /// `create` said no, or panicked.
    #[error("{0}")]
    Create(String),
    /// Not in the lock.
    #[error("not approved; it is not loaded")]
    NotApproved,
    /// Not in the lock, though the configuration counts on it.
    #[error("the configuration names it, and it is not approved")]
    NeedsApproval,
    /// An order that is not one.
    #[error("{0}")]
    Order(String),
    /// It ended the server; `keyhook dev` goes on without it.
    #[error("plugin `{0}` ended the server; left out until it is rebuilt")]
    LeftOut(String),
    /// In the lock, but in no folder.
    #[error("approved, but missing in the plugin folders")]
    Missing,
    /// In the lock with another digest.
    #[error("changed since it was approved (approved sha256 {approved}, found {found})")]
    Changed {
        /// Digest in the lock, first 12 hex digits.
        approved: String,
        /// Digest of the file, first 12 hex digits.
        found: String,
    },
    /// `trust = "folder"` and the folder is not trustworthy.
    #[error("trust = \"folder\" needs a folder of root's that the server cannot write: {0}")]
    FolderNotTrusted(String),
    /// The lock cannot be read.
    #[error("plugins.lock: {0}")]
    Lock(String),
    /// A `[plugins.x]` table, or an order, for a plugin that is not loaded.
    #[error("{0}")]
    UnknownName(String),
}

impl Refusal {
    /// The operator's code, for `keyhook explain`.
    pub const fn code(&self) -> &'static str {
        match self {
            Refusal::Unreadable(_) => "KH0501",
            Refusal::NotRegular | Refusal::TooLarge(_) => "KH0502",
            Refusal::AbiMajor { .. } | Refusal::AbiMinor { .. } => "KH0503",
            Refusal::Exposed(_) => "KH0504",
            Refusal::NotLibrary(_) => "KH0505",
            Refusal::Architecture(_) => "KH0506",
            Refusal::Damaged(_) => "KH0507",
            Refusal::NotPlugin | Refusal::NoEntry | Refusal::BadTag(_) => "KH0508",
            Refusal::PanicAbort => "KH0509",
            Refusal::DlOpen(_) => "KH0510",
            Refusal::BadTable(_) => "KH0511",
            Refusal::UnknownHook { .. } => "KH0512",
            Refusal::NameTaken(_) | Refusal::SameContent(_) => "KH0513",
            Refusal::Create(_) => "KH0514",
            Refusal::Probe(_) => "KH0515",
            Refusal::NotApproved | Refusal::NeedsApproval => "KH0516",
            Refusal::Missing => "KH0517",
            Refusal::Changed { .. } => "KH0518",
            Refusal::BadRoute { .. } | Refusal::RouteTaken { .. } | Refusal::RouteClash { .. } => "KH0519",
            Refusal::UnknownName(_) | Refusal::Order(_) => "KH0520",
            Refusal::FolderNotTrusted(_) => "KH0521",
            Refusal::Lock(_) => "KH0522",
            Refusal::NoCopy(_) => "KH0523",
            Refusal::Configuration(_) => "KH0524",
            Refusal::LeftOut(_) => "KH0525",
            Refusal::ProvisionTaken { .. } => "KH0526",
        }
    }

    /// What to do about it, one line.
    pub fn way_out(&self) -> String {
        match self {
            Refusal::Unreadable(why) if why.starts_with("No such file") => "correct the path, or put it there".into(),
            Refusal::Unreadable(_) => "give the server read access to the file and every folder above it".into(),
            Refusal::NotRegular => "put the library itself there, or a link to it".into(),
            Refusal::TooLarge(_) => "build with `strip = true`".into(),
            Refusal::AbiMajor { .. } | Refusal::NoEntry | Refusal::BadTag(_) => {
                "rebuild it: cargo update -p keyhook-plugin && cargo build --release".into()
            }
            Refusal::AbiMinor { .. } => "update the server, or build the plugin against an older keyhook-plugin".into(),
            Refusal::Exposed(_) => "chmod go-w the file and its folders, owned by root or the server's user".into(),
            Refusal::NotLibrary(_) | Refusal::NotPlugin => {
                "build it with crate-type = [\"cdylib\"] and a dependency on keyhook-plugin, or take it out of the folder".into()
            }
            Refusal::Architecture(_) => "build it for this machine".into(),
            Refusal::Damaged(_) => "copy the file again".into(),
            Refusal::PanicAbort => "take panic = \"abort\" out of the profile and rebuild".into(),
            Refusal::NoCopy(_) => "give the server a data folder that it can write".into(),
            Refusal::DlOpen(_) => "install what the message names, or link it statically".into(),
            Refusal::Probe(_) => "run `keyhook plugin check FILE`; the library fails while it is loaded".into(),
            Refusal::BadTable(_) => "register a hook or a handler with #[hook] or #[handler], and rebuild".into(),
            Refusal::UnknownHook { .. } => "correct the name, or mark the hook optional or custom".into(),
            Refusal::NameTaken(_) => "rename one of the two in `plugin! { name: … }`".into(),
            Refusal::SameContent(_) => "remove one of the two files".into(),
            Refusal::BadRoute { .. } => "correct the path in #[handler(…)]".into(),
            Refusal::RouteTaken { .. } => "choose another path, or list the path under `routes` in the plugin's table".into(),
            Refusal::RouteClash { kind: Clash::Names, .. } => "give the parameters the same names in both paths".into(),
            Refusal::RouteClash { route, other, .. } => format!("take `{route}` or `{other}` out, or give one of them another path"),
            Refusal::ProvisionTaken { .. } => "give one of the two a URI of its own, or take one out".into(),
            Refusal::Configuration(_) | Refusal::Create(_) => "correct [plugins.<name>.config]".into(),
            Refusal::NotApproved | Refusal::NeedsApproval | Refusal::Changed { .. } => {
                "look at it, then: keyhook plugin approve FILE".into()
            }
            Refusal::LeftOut(_) => "mend it and build it again: other bytes are tried again".into(),
            Refusal::Missing => "put the library back, or: keyhook plugin revoke NAME".into(),
            Refusal::FolderNotTrusted(_) => "chown root the folder and take write access away, or use trust = \"lock\"".into(),
            Refusal::Lock(_) => "restore plugins.lock, or approve the plugins again".into(),
            Refusal::UnknownName(_) => "correct the name in keyhook.toml; a misspelled plugin must not be skipped".into(),
            Refusal::Order(_) => "list every plugin of the hook once, or take the list out: then they run by priority".into(),
        }
    }

    /// The same, ready to be copied: with the library's path and the plugin's name where they are known.
    pub fn way_out_of(&self, file: Option<&Path>, name: &str) -> String {
        let mut text = self.way_out();
        if let Some(file) = file {
            text = text.replace("FILE", &file.to_string_lossy());
        }
        if !name.is_empty() {
            text = text.replace("NAME", name).replace("<name>", name);
        }
        text
    }
}

#[cfg(test)]
mod tests {
    /// Every code of this crate has a chapter in the catalog, and the catalog knows no other.
    #[test]
    fn every_code_is_described_and_every_description_has_a_code() {
        let sources = [include_str!("refusal.rs"), include_str!("failure.rs")];
        let mut here: Vec<&str> = sources
            .iter()
            .flat_map(|source| source.lines())
            .filter(|line| line.contains("=> \"KH05") || line.starts_with("pub(crate) const"))
            .filter_map(|line| line.split('"').find(|piece| piece.starts_with("KH05")))
            .collect();
        let mut described: Vec<&str> = include_str!("../../docs/codes/host.md")
            .lines()
            .filter_map(|line| line.strip_prefix("## "))
            .filter_map(|line| line.split(' ').next())
            .collect();
        here.sort_unstable();
        here.dedup();
        described.sort_unstable();
        assert_eq!(here, described);
    }
}
