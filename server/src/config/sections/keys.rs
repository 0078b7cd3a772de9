//! `[keys]`: the master keys that seal what the database holds.

use std::path::PathBuf;

use crate::config::reader::Section;

/// `[keys]`: files of master keys; the first seals, all open.
#[derive(Clone, Debug)]
pub(crate) struct Keys {
    pub(crate) master_files: Vec<PathBuf>,
}

impl Keys {
    pub(crate) fn read(section: Section<'_>) -> Keys {
        let master_files = section.list("master_file", &[]).into_iter().map(PathBuf::from).collect();
        section.finish(false);
        Keys { master_files }
    }
}
