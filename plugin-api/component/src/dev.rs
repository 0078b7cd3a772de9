//! What `keyhook dev` knows of itself and shows on its start page and in its playground. Absent in production.

/// What a plugin changed in one call, for people to read. The host adds to [`crate::hooks::HookCall::changes`] where it is asked to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HookChange {
    /// The plugin.
    pub plugin: String,
    /// The hook, in oauth2u's words.
    pub hook: &'static str,
    /// One line, such as `tenant = "acme"` or `removed expires_in`; never the value of a protected member.
    pub change: String,
}

/// A library in one of the plugin folders.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PluginLine {
    /// Its name, or its file's name if it could not be read.
    pub name: String,
    /// Its version, empty if unknown.
    pub version: String,
    /// Its hooks and routes, in one line.
    pub provides: String,
    /// Why it was refused, with its code; `None` when it serves.
    pub refused: Option<String>,
    /// The command that mends it, empty when there is none.
    pub fix: String,
}

/// What came of building the plugin crate that `keyhook dev` watches.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BuildReport {
    /// The crate.
    pub name: String,
    /// Whether the last build succeeded; if not, the last good version serves on.
    pub succeeded: bool,
    /// The compiler's output, plain text.
    pub output: String,
}

/// Reports of a development server; each call gives the present state.
pub trait DevStatus: Send + Sync {
    /// Every plugin, those that were refused too.
    fn plugins(&self) -> Vec<PluginLine>;

    /// The last build of the watched crate, if one is watched.
    fn build(&self) -> Option<BuildReport>;

    /// Why the last reload changed nothing, as the terminal tells it; `None` when it succeeded.
    fn refused_reload(&self) -> Option<String> {
        None
    }

    /// The last panic, timeout or refused answer of a plugin that serves; `None` when there was none.
    fn last_error(&self, plugin: &str) -> Option<String> {
        let _ = plugin;
        None
    }

    /// Facts for the start page, name and value: data folder, plugin folder, demo user.
    fn facts(&self) -> Vec<(String, String)>;

    /// Commands to try next, ready to be copied.
    fn commands(&self) -> Vec<String>;

    /// `client_id` of the demo client that the playground plays, if it was made.
    fn demo_client(&self) -> Option<String>;
}
