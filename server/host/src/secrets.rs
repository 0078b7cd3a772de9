//! Secrets in a plugin's configuration: `{"$env": "LDAP_PW"}` and `{"$file": "/run/secrets/ldap"}`, resolved before `create`.

use serde_json::{Map, Value};

use crate::refusal::Refusal;

/// Where secrets come from; the server implements it, since only it reads the environment.
pub trait Secrets: Send + Sync {
    /// The value of an environment variable.
    fn variable(&self, name: &str) -> Option<String>;

    /// The content of a file, without the last line break.
    ///
    /// # Errors
    /// A text that says why; never the content.
    fn file(&self, path: &str) -> Result<String, String>;
}

/// No secrets at all.
pub struct NoSecrets;

impl Secrets for NoSecrets {
    fn variable(&self, _: &str) -> Option<String> {
        None
    }

    fn file(&self, path: &str) -> Result<String, String> {
        Err(format!("{path}: secrets are not read here"))
    }
}

/// The configuration with every secret in its place.
///
/// # Errors
/// [`Refusal::Configuration`] naming the variable or file.
pub(crate) fn resolve(config: &Value, secrets: &dyn Secrets) -> Result<Value, Refusal> {
    match config {
        Value::Array(items) => Ok(Value::Array(items.iter().map(|item| resolve(item, secrets)).collect::<Result<_, _>>()?)),
        Value::Object(members) => match reference(members) {
            Some(("$env", name)) => {
                let value = secrets.variable(name).ok_or_else(|| Refusal::Configuration(format!("the environment has no {name}")))?;
                Ok(Value::String(value))
            }
            Some((_, path)) => secrets.file(path).map(Value::String).map_err(Refusal::Configuration),
            None => {
                let member = |(name, value): (&String, &Value)| Ok((name.clone(), resolve(value, secrets)?));
                Ok(Value::Object(members.iter().map(member).collect::<Result<Map<_, _>, Refusal>>()?))
            }
        },
        plain => Ok(plain.clone()),
    }
}

fn reference(members: &Map<String, Value>) -> Option<(&str, &str)> {
    let (name, value) = members.iter().next().filter(|_| members.len() == 1)?;
    matches!(name.as_str(), "$env" | "$file").then_some((name.as_str(), value.as_str()?))
}
