//! The first screen of `keyhook dev`: for people on a terminal, one JSON line per fact otherwise.

use std::fmt::Write as _;

use keyhook_component::dev::PluginLine;
use serde_json::json;

use super::{DEMO_CLIENT, DEMO_PASSWORD, DEMO_USER};

/// What the screen shows.
pub(crate) struct Screen<'a> {
    /// The issuer.
    pub(crate) issuer: &'a str,
    /// The store, for people.
    pub(crate) data: String,
    /// The configuration files.
    pub(crate) configuration: String,
    /// The folder of plugins.
    pub(crate) plugins_folder: String,
    /// Whether folders are watched.
    pub(crate) watching: bool,
    /// Every plugin.
    pub(crate) plugins: &'a [PluginLine],
}

impl Screen<'_> {
    /// For a terminal; `color` adds emphasis and never carries meaning alone.
    pub(crate) fn for_people(&self, color: bool) -> String {
        let (bold, dim, red, plain) = if color { ("\u{1b}[1m", "\u{1b}[2m", "\u{1b}[31m", "\u{1b}[0m") } else { ("", "", "", "") };
        let issuer = self.issuer;
        let mut text = String::new();
        let version = env!("CARGO_PKG_VERSION");
        let _ = writeln!(text, "\n {bold}keyhook {version}{plain}  {dim}development mode, not for production{plain}\n");
        let _ = writeln!(text, "  ➜ Start page   {bold}{issuer}/{plain}");
        let _ = writeln!(text, "  ├─ Issuer      {issuer}");
        let _ = writeln!(text, "  ├─ Metadata    {issuer}/.well-known/oauth-authorization-server");
        let _ = writeln!(text, "  └─ Playground  {issuer}/playground\n");
        let _ = writeln!(text, "  Demo user      {DEMO_USER} / {DEMO_PASSWORD}     Demo client  {DEMO_CLIENT} (public, PKCE)");
        let _ = writeln!(text, "  Data           {}", self.data);
        let _ = writeln!(text, "  Configuration  {}", self.configuration);
        let _ = writeln!(text, "  Plugins        {}", self.summary());
        let width = self.plugins.iter().map(|line| line.name.chars().count()).max().unwrap_or_default();
        for line in self.plugins {
            match &line.refused {
                None => {
                    let _ = writeln!(text, "    ✓ {:width$}  {:<6} {}", line.name, line.version, line.provides);
                }
                Some(why) => {
                    let version = if line.version.is_empty() { "-" } else { &line.version };
                    let _ = writeln!(text, "    {red}✗{plain} {:width$}  {version:<6} {why}", line.name);
                    if !line.fix.is_empty() {
                        let _ = writeln!(text, "      {:width$}  {:6} {dim}{}{plain}", "", "", line.fix);
                    }
                }
            }
        }
        let _ = writeln!(text, "\n  Try it    keyhook try code · keyhook plugin new hello · keyhook client add --help\n");
        text
    }

    /// One JSON object per line and fact.
    pub(crate) fn for_programs(&self) -> String {
        let mut facts = vec![
            json!({ "event": "dev", "version": env!("CARGO_PKG_VERSION") }),
            json!({ "event": "issuer", "url": self.issuer }),
            json!({ "event": "metadata", "url": format!("{}/.well-known/oauth-authorization-server", self.issuer) }),
            json!({ "event": "demo_user", "name": DEMO_USER, "password": DEMO_PASSWORD }),
            json!({ "event": "demo_client", "client_id": DEMO_CLIENT }),
            json!({ "event": "data", "data": self.data }),
            json!({ "event": "configuration", "configuration": self.configuration }),
        ];
        let plugin = |line: &PluginLine| json!({ "event": "plugin", "name": line.name, "version": line.version, "provides": line.provides, "refused": line.refused, "fix": line.fix });
        facts.extend(self.plugins.iter().map(plugin));
        facts.push(json!({ "event": "ready", "url": format!("{}/", self.issuer) }));
        facts.iter().fold(String::new(), |text, fact| text + &fact.to_string() + "\n")
    }

    fn summary(&self) -> String {
        let refused = self.plugins.iter().filter(|line| line.refused.is_some()).count();
        let mut parts = vec![format!("{} loaded", self.plugins.len() - refused)];
        if refused > 0 {
            parts.push(format!("{refused} refused"));
        }
        if self.watching {
            parts.insert(0, "watching".to_owned());
        }
        format!("{}  {}", self.plugins_folder, parts.join(" · "))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lines() -> Vec<PluginLine> {
        let line = |name: &str, version: &str, provides: &str| PluginLine {
            name: name.into(),
            version: version.into(),
            provides: provides.into(),
            refused: None,
            fix: String::new(),
        };
        let old = PluginLine {
            refused: Some("KH0503 built for plugin API 1, this server speaks 2".into()),
            fix: "rebuild it: cargo update -p keyhook-plugin && cargo build --release".into(),
            ..line("old-claims", "", "")
        };
        vec![line("acme-login", "1.2.0", "authorization_GET, authorization_POST"), line("tenant", "0.3.1", "access_token_response"), old]
    }

    fn screen(plugins: &[PluginLine]) -> Screen<'_> {
        Screen {
            issuer: "http://localhost:8080",
            data: "./keyhook-dev/data (SQLite, created)".into(),
            configuration: "./keyhook.toml ([server], [store] are dev's own)".into(),
            plugins_folder: "./keyhook-dev/plugins".into(),
            watching: true,
            plugins,
        }
    }

    #[test]
    fn the_screen_looks_as_it_was_drawn() {
        let plugins = lines();
        let shown = screen(&plugins).for_people(false);
        let expected = "
 keyhook 0.1.0  development mode, not for production

  ➜ Start page   http://localhost:8080/
  ├─ Issuer      http://localhost:8080
  ├─ Metadata    http://localhost:8080/.well-known/oauth-authorization-server
  └─ Playground  http://localhost:8080/playground

  Demo user      demo / correct-horse     Demo client  playground (public, PKCE)
  Data           ./keyhook-dev/data (SQLite, created)
  Configuration  ./keyhook.toml ([server], [store] are dev's own)
  Plugins        ./keyhook-dev/plugins  watching · 2 loaded · 1 refused
    ✓ acme-login  1.2.0  authorization_GET, authorization_POST
    ✓ tenant      0.3.1  access_token_response
    ✗ old-claims  -      KH0503 built for plugin API 1, this server speaks 2
                         rebuild it: cargo update -p keyhook-plugin && cargo build --release

  Try it    keyhook try code · keyhook plugin new hello · keyhook client add --help

";
        assert_eq!(shown, expected);
    }

    #[test]
    fn a_program_gets_one_json_object_per_line_and_ready_last() {
        let plugins = lines();
        let text = screen(&plugins).for_programs();
        let events: Vec<String> = text
            .lines()
            .map(|line| {
                serde_json::from_str::<serde_json::Value>(line).unwrap_or_default()["event"].as_str().unwrap_or_default().to_owned()
            })
            .collect();
        assert_eq!(events.last().map(String::as_str), Some("ready"));
        assert_eq!(events.iter().filter(|event| *event == "plugin").count(), 3);
    }
}
