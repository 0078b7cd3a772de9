//! `[hooks]`: the order of plugins on a hook, where the operator wants another than by priority.

use std::collections::BTreeMap;

use crate::config::reader::{Section, quoted_list, texts_of};

/// Plugins by hook name, in the order in which they run.
pub(crate) type HookOrder = BTreeMap<String, Vec<String>>;

/// Reads `[hooks]`. Whether hooks and plugins of those names exist is known when the plugins are.
pub(crate) fn read(section: &Section<'_>) -> HookOrder {
    section.free(texts_of, |list: &Vec<String>| quoted_list(list))
}
