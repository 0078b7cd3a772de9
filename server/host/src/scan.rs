//! Which files are looked at: the folders in their order, `*.so` by name, nothing hidden.

use std::path::{Path, PathBuf};

use crate::refusal::Refusal;

/// The libraries in the folders, in order; a folder that cannot be read is a finding of its own.
pub fn libraries(folders: &[PathBuf]) -> Vec<(PathBuf, Option<Refusal>)> {
    let mut found = Vec::new();
    for folder in folders {
        match list(folder) {
            Ok(files) => found.extend(files.into_iter().map(|file| (file, None))),
            Err(error) => found.push((folder.clone(), Some(Refusal::Unreadable(error.to_string())))),
        }
    }
    found
}

fn list(folder: &Path) -> std::io::Result<Vec<PathBuf>> {
    let mut files = Vec::new();
    for entry in std::fs::read_dir(folder)? {
        let path = entry?.path();
        if is_library(&path) {
            files.push(path);
        } else {
            tracing::debug!(file = %path.display(), "not a library, ignored");
        }
    }
    files.sort();
    Ok(files)
}

/// Whether the name is one of a library.
pub fn is_library(path: &Path) -> bool {
    let is_hidden = path.file_name().is_none_or(|name| name.as_encoded_bytes().starts_with(b"."));
    !is_hidden && path.extension().is_some_and(|extension| extension == "so")
}

/// `trust = "folder"`: the folder is root's and the server cannot write it.
///
/// # Errors
/// [`Refusal::FolderNotTrusted`] with the reason.
pub fn check_trusted_folder(folder: &Path) -> Result<(), Refusal> {
    use rustix::fs::{Access, AtFlags, CWD};
    use std::os::unix::fs::MetadataExt;
    let refuse = |why: String| Refusal::FolderNotTrusted(format!("{} {why}", folder.display()));
    let metadata = std::fs::metadata(folder).map_err(|error| refuse(error.to_string()))?;
    if metadata.uid() != 0 {
        return Err(refuse(format!("is owned by uid {}", metadata.uid())));
    }
    match rustix::fs::accessat(CWD, folder, Access::WRITE_OK, AtFlags::EACCESS) {
        Ok(()) => Err(refuse("can be written by the server".into())),
        Err(_) => Ok(()),
    }
}
