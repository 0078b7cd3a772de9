//! Reads another system's keys in Redis, for importers: a walk over those that begin alike.

use keyhook_component::store::StoreError;
use redis::{RedisError, RedisResult};
use tokio::task::JoinSet;

use super::failure;
use super::link::{Link, Node};
use super::settings::{Settings, Sort};

/// How many keys Redis looks at per step: a fraction of a millisecond.
const STEP: usize = 1000;

/// Another system's keys, and a walk over them.
pub struct Entries {
    link: Link,
    shown: String,
    pattern: String,
    /// Servers that the walk has not come to the end of, the present one last.
    nodes: Vec<Node>,
    cursor: u64,
}

impl Entries {
    /// Connects by the scheme and address of a store's URL, to walk over the keys that begin with `prefix`.
    ///
    /// # Errors
    /// [`StoreError::Unusable`] when the address is wrong; [`StoreError::Unavailable`] when the server does not answer or does not
    /// let us in. The text never repeats the password.
    pub async fn open(scheme: &str, address: &str, prefix: &str) -> Result<Entries, StoreError> {
        let sort = Sort { cluster: scheme.ends_with("+cluster"), tls: scheme.starts_with("rediss") };
        let settings = Settings::read(address, sort)?;
        let link = Link::open(&settings).await.map_err(|error| failure::of(&settings.shown, &error))?;
        let mut entries = Entries { link, shown: settings.shown, pattern: pattern(prefix), nodes: Vec::new(), cursor: 0 };
        entries.begin().await?;
        Ok(entries)
    }

    /// Where it is, for people.
    pub fn shown(&self) -> &str {
        &self.shown
    }

    /// Begins the walk anew.
    ///
    /// # Errors
    /// When the server does not answer.
    pub async fn begin(&mut self) -> Result<(), StoreError> {
        self.cursor = 0;
        self.nodes = self.link.nodes().await.map_err(|error| failure::of(&self.shown, &error))?;
        Ok(())
    }

    /// The next keys and their texts, `None` at the end. A key may come twice while Redis grows its table. What is no text is skipped.
    ///
    /// # Errors
    /// When the server does not answer.
    pub async fn page(&mut self) -> Result<Option<Vec<(String, String)>>, StoreError> {
        let Some(node) = self.nodes.last().cloned() else { return Ok(None) };
        let mut command = redis::cmd("SCAN");
        command.arg(self.cursor).arg("MATCH").arg(&self.pattern).arg("COUNT").arg(STEP);
        let step: RedisResult<(u64, Vec<String>)> = self.link.ask_at(&node, &command).await;
        let (next, keys) = step.map_err(|error| failure::of(&self.shown, &error))?;
        self.cursor = next;
        if next == 0 {
            self.nodes.pop();
        }
        let mut reading = JoinSet::new();
        for key in keys {
            let link = self.link.clone();
            reading.spawn(async move { (text(&link, &key).await, key) });
        }
        let mut found = Vec::new();
        for (read, key) in reading.join_all().await {
            if let Some(text) = read.map_err(|error| failure::of(&self.shown, &error))? {
                found.push((key, text));
            }
        }
        Ok(Some(found))
    }

    /// The text under one key.
    ///
    /// # Errors
    /// When the server does not answer.
    pub async fn value(&self, key: &str) -> Result<Option<String>, StoreError> {
        text(&self.link, key).await.map_err(|error| failure::of(&self.shown, &error))
    }
}

async fn text(link: &Link, key: &str) -> RedisResult<Option<String>> {
    match link.ask::<Option<Vec<u8>>>(redis::cmd("GET").arg(key)).await {
        Ok(bytes) => Ok(bytes.and_then(|bytes| String::from_utf8(bytes).ok())),
        Err(error) if is_no_text(&error) => Ok(None),
        Err(error) => Err(error),
    }
}

fn is_no_text(error: &RedisError) -> bool {
    error.code() == Some("WRONGTYPE")
}

/// A pattern for all keys that begin with `prefix`, whatever is in it.
fn pattern(prefix: &str) -> String {
    let mut pattern = String::with_capacity(prefix.len() + 1);
    for character in prefix.chars() {
        if "*?[]\\^-".contains(character) {
            pattern.push('\\');
        }
        pattern.push(character);
    }
    pattern.push('*');
    pattern
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_prefix_is_taken_as_it_is_written() {
        assert_eq!(pattern("oauth2_"), "oauth2_*");
        assert_eq!(pattern("a*b[c"), "a\\*b\\[c*");
    }
}
