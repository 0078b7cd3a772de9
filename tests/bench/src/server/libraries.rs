//! Many plugins out of one library: copies in which the plugin has another name, of the same length.

use std::path::{Path, PathBuf};

use memchr::memmem;

/// So many copies of a library of `tests/bench/plugins`, in `folder`.
pub(crate) fn copies(library: &str, count: usize, folder: &Path) -> Vec<PathBuf> {
    let built = std::env::current_exe().unwrap().with_file_name("examples").join(format!("libbench_{library}.so"));
    let original = std::fs::read(&built);
    let original = original.unwrap_or_else(|error| panic!("{}: {error}; build it with -p keyhook-bench --examples", built.display()));
    (0..count).map(|number| copy(&original, library, number, folder)).collect()
}

fn copy(original: &[u8], library: &str, number: usize, folder: &Path) -> PathBuf {
    let (written, name) = (format!("bench-{library}-000"), format!("bench-{library}-{number:03}"));
    let mut bytes = original.to_vec();
    let places: Vec<usize> = memmem::find_iter(original, &written).collect();
    assert!(!places.is_empty(), "the library does not have its name {written}");
    for place in places {
        bytes[place..place + name.len()].copy_from_slice(name.as_bytes());
    }
    let path = folder.join(format!("lib{}.so", name.replace('-', "_")));
    std::fs::write(&path, bytes).unwrap();
    path
}
