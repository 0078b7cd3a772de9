//! A folder of the test's own, what a server holds for it, and a runtime.

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

/// A new folder, removed when the test ends, and with it what a server holds for it.
pub struct Scratch {
    folder: PathBuf,
    module: &'static str,
    remove: Box<dyn Fn(PathBuf)>,
}

/// What a store that is a file has to remove besides its folder.
pub fn nothing(_folder: PathBuf) -> std::future::Ready<()> {
    std::future::ready(())
}

/// A name for a database: letters, digits and `_`, at most 30 bytes, the same for the same folder and for no other.
pub fn short_name(folder: &Path) -> String {
    let name = folder.file_name().unwrap().to_str().unwrap();
    name.splitn(4, '-').take(3).collect::<Vec<_>>().join("_")
}

static COUNT: AtomicU64 = AtomicU64::new(0);

impl Scratch {
    /// A folder for the test of this path (`crate::module::test`).
    pub fn new(test: &'static str) -> Scratch {
        let (module, name) = test.rsplit_once("::").unwrap();
        let number = COUNT.fetch_add(1, Ordering::Relaxed);
        let folder = std::env::temp_dir().join(format!("keyhook-{}-{number}-{name}", std::process::id()));
        std::fs::create_dir_all(&folder).unwrap();
        Scratch { folder, module, remove: Box::new(|_| ()) }
    }

    /// The same, and when the test ends what a server holds for the folder is removed too.
    #[must_use]
    pub fn removed_with<F: Future<Output = ()>>(mut self, remove: impl Fn(PathBuf) -> F + 'static) -> Scratch {
        self.remove = Box::new(move |folder| block_on(remove(folder)));
        self
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
        let (remove, folder) = (&self.remove, self.folder.clone());
        // The test may be failing already, perhaps because the server is away.
        drop(std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| remove(folder))));
    }
}

/// Runs a test on a few threads.
pub fn block_on<T>(future: impl Future<Output = T>) -> T {
    tokio::runtime::Builder::new_multi_thread().worker_threads(4).enable_all().build().unwrap().block_on(future)
}
