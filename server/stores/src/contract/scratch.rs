//! A folder of the test's own, and a runtime.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use keyhook_component::store::Store;

/// Opens the store under test; a bound in short.
pub trait Open: Fn(PathBuf) -> Self::Opening + Clone + Send + 'static {
    type Opening: Future<Output = Arc<dyn Store>> + Send + 'static;
}

impl<F, O> Open for F
where
    F: Fn(PathBuf) -> O + Clone + Send + 'static,
    O: Future<Output = Arc<dyn Store>> + Send + 'static,
{
    type Opening = O;
}

/// A new folder, removed when the test ends.
pub struct Scratch {
    folder: PathBuf,
    module: &'static str,
}

static COUNT: AtomicU64 = AtomicU64::new(0);

impl Scratch {
    /// A folder for the test of this path (`crate::module::test`).
    pub fn new(test: &'static str) -> Scratch {
        let (module, name) = test.rsplit_once("::").unwrap();
        let number = COUNT.fetch_add(1, Ordering::Relaxed);
        let folder = std::env::temp_dir().join(format!("keyhook-{}-{number}-{name}", std::process::id()));
        std::fs::create_dir_all(&folder).unwrap();
        Scratch { folder, module }
    }

    pub fn folder(&self) -> &Path {
        &self.folder
    }

    /// Opens the store of this folder, for the first time or again.
    pub async fn open(&self, open: impl Open) -> Arc<dyn Store> {
        open(self.folder.clone()).await
    }

    /// The module of the test, as the test binary names it: without the crate.
    pub fn module(&self) -> &'static str {
        self.module.split_once("::").unwrap().1
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        drop(std::fs::remove_dir_all(&self.folder));
    }
}

/// Runs a test on a few threads.
pub fn block_on<T>(future: impl Future<Output = T>) -> T {
    tokio::runtime::Builder::new_multi_thread().worker_threads(4).enable_all().build().unwrap().block_on(future)
}
