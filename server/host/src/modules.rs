//! Libraries by digest: each distinct one is loaded once and kept for ever; changing back and forth leaks nothing.

use std::collections::HashMap;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};

use keyhook_component::system::{Clock, Random};
use once_cell::sync::OnceCell;

use crate::ffi::HostTable;
use crate::inspect::{Tag, inspect};
use crate::loader::{self, Loaded};
use crate::memory_copy::MemoryCopy;
use crate::probe::Probe;
use crate::refusal::Refusal;
use crate::snapshot::{Digest, Snapshot};
use crate::table::Description;

/// Distinct libraries after which a restart is advised: each keeps about a megabyte.
const MANY: usize = 20;

/// A loaded library.
pub(crate) struct Module {
    pub(crate) tag: Tag,
    pub(crate) plugins: Vec<Arc<Loaded>>,
}

/// What is known of a library without running it in this process.
#[derive(Debug)]
pub struct Examined {
    /// Of the file.
    pub digest: Digest,
    /// Who built it.
    pub tag: Tag,
    /// What it registers.
    pub plugins: Vec<Description>,
    /// Findings about owner and mode.
    pub warnings: Vec<String>,
}

/// All libraries that this process loaded.
pub(crate) struct Modules {
    clock: Arc<dyn Clock>,
    random: Arc<dyn Random>,
    /// Where copies go when there is no memfd.
    private: Option<PathBuf>,
    probe: Probe,
    loaded: Mutex<HashMap<Digest, Arc<Module>>>,
    /// Made once; the standard library has no once-cell whose making may fail.
    linked: OnceCell<Vec<Arc<Loaded>>>,
}

impl Modules {
    pub(crate) fn new(clock: Arc<dyn Clock>, random: Arc<dyn Random>, private: Option<PathBuf>, probe: Probe) -> Modules {
        Modules { clock, random, private, probe, loaded: Mutex::default(), linked: OnceCell::new() }
    }

    /// The plugins that are linked into this program.
    pub(crate) fn linked(&self) -> Result<Vec<Arc<Loaded>>, Refusal> {
        let make = || Ok(loader::linked(self.table("linked"))?.into_iter().map(Arc::new).collect());
        self.linked.get_or_try_init(make).cloned()
    }

    /// The module of a snapshot, loaded now if it was not; `probed` tries it in a child first.
    pub(crate) fn load(&self, snapshot: &Snapshot, probed: bool) -> Result<Arc<Module>, Refusal> {
        let mut loaded = self.loaded.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(known) = loaded.get(&snapshot.digest) {
            return Ok(Arc::clone(known));
        }
        let tag = inspect(&snapshot.bytes)?;
        let copied = MemoryCopy::of(snapshot, self.private.as_deref())?;
        let plugins = match self.open(snapshot, copied, probed) {
            // A policy of the machine forbids to run code from memory: a file may do.
            Err(Refusal::DlOpen(why)) if why.contains("failed to map segment") && self.private.is_some() => {
                self.open(snapshot, MemoryCopy::in_folder(snapshot, self.private.as_deref())?, probed)
            }
            opened => opened,
        }?;
        let module = Arc::new(Module { tag, plugins });
        loaded.insert(snapshot.digest, Arc::clone(&module));
        if loaded.len() >= MANY {
            tracing::warn!(libraries = loaded.len(), "many distinct libraries were loaded; a restart frees their memory");
        }
        Ok(module)
    }

    fn open(&self, snapshot: &Snapshot, copy: MemoryCopy, probed: bool) -> Result<Vec<Arc<Loaded>>, Refusal> {
        if probed {
            self.probe.run(&copy)?;
        }
        let label = snapshot.path.file_name().unwrap_or_default().to_string_lossy();
        // Never closed, even if it does not load: the linker remembers paths, and a descriptor's number used again would give the
        // library of before.
        let copy = Box::leak(Box::new(copy));
        Ok(loader::load(copy, &snapshot.path, self.table(&label))?.into_iter().map(Arc::new).collect())
    }

    /// Looks at a library and tries it in a child; nothing of it runs here.
    pub(crate) fn examine(&self, snapshot: Snapshot) -> Result<Examined, Refusal> {
        let tag = inspect(&snapshot.bytes)?;
        let plugins = self.probe.run(&MemoryCopy::of(&snapshot, self.private.as_deref())?)?;
        plugins.iter().try_for_each(Description::check)?;
        Ok(Examined { digest: snapshot.digest, tag, plugins, warnings: snapshot.warnings })
    }

    fn table(&self, label: &str) -> &'static HostTable {
        HostTable::leak(label, Arc::clone(&self.clock), Arc::clone(&self.random))
    }
}
