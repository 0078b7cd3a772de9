//! Says whose code a thread is about to run, so that a death of the process has a name (`keyhook dev`).
//!
//! One for the process, not for a host: a process dies once.

use std::cell::RefCell;
use std::sync::{Arc, OnceLock};

/// Is told whenever a thread enters a plugin's code or leaves it. Called before every call: it must be quick and must not fail.
pub trait CallWatch: Send + Sync {
    /// This thread is about to run `plugin` (`name@digest` with the first 12 hex digits of the library), or, with an empty text, none.
    fn running(&self, plugin: &str);
}

static WATCH: OnceLock<Box<dyn CallWatch>> = OnceLock::new();

thread_local!(static INSIDE: RefCell<Option<Arc<str>>> = const { RefCell::new(None) });

/// Sets the watch of this process; `false` if there is one already.
pub fn watch_calls(watch: Box<dyn CallWatch>) -> bool {
    WATCH.set(watch).is_ok()
}

/// Runs a plugin's code under the watch, if there is one. A plugin may fire another: then the outer one is noted again afterwards.
#[inline]
pub(crate) fn watched<T>(plugin: &Arc<str>, code: impl FnOnce() -> T) -> T {
    /// Notes the outer plugin again, also when a panic passes.
    struct Back<'a>(&'a dyn CallWatch, Option<Arc<str>>);
    impl Drop for Back<'_> {
        fn drop(&mut self) {
            self.0.running(self.1.as_deref().unwrap_or_default());
            INSIDE.replace(self.1.take());
        }
    }
    let Some(watch) = WATCH.get() else { return code() };
    let _back = Back(&**watch, INSIDE.replace(Some(Arc::clone(plugin))));
    watch.running(plugin);
    code()
}

#[cfg(test)]
mod tests {
    use std::sync::Mutex;

    use super::*;

    static NOTES: Mutex<Vec<String>> = Mutex::new(Vec::new());

    struct Notes;
    impl CallWatch for Notes {
        fn running(&self, plugin: &str) {
            // Other tests of this process call plugins, too.
            if plugin.is_empty() || plugin.starts_with("watched-") {
                NOTES.lock().unwrap().push(format!("{:?} {plugin}", std::thread::current().id()));
            }
        }
    }

    #[test]
    fn the_outer_plugin_is_noted_again_after_one_that_it_fired() {
        assert!(watch_calls(Box::new(Notes)) && !watch_calls(Box::new(Notes)));
        let (outer, inner): (Arc<str>, Arc<str>) = ("watched-outer".into(), "watched-inner".into());
        assert_eq!(watched(&outer, || watched(&inner, || 7)), 7);
        let own = format!("{:?} ", std::thread::current().id());
        let notes: Vec<String> = NOTES.lock().unwrap().iter().filter_map(|note| note.strip_prefix(&own).map(str::to_owned)).collect();
        assert_eq!(notes, ["watched-outer", "watched-inner", "watched-outer", ""]);
    }
}
