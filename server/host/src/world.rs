//! What the host lends to every plugin: clock, chance, records, pages.

use std::sync::Arc;

use keyhook_component::pages::Pages;
use keyhook_component::records::Records;
use keyhook_component::registrar::Registrar;
use keyhook_component::system::{Clock, Random};

/// What the host lends to plugins.
#[derive(Clone)]
pub struct World {
    /// The clock.
    pub clock: Arc<dyn Clock>,
    /// Chance.
    pub random: Arc<dyn Random>,
    /// Where plugins keep values; `None` where there is no store (a check of a file, a probe).
    pub records: Option<Records>,
    /// Who registers clients for plugins that may; `None` where there is no store.
    pub registrar: Option<Arc<dyn Registrar>>,
    /// The theme for `respond_page`; `None` sends the markup as it is.
    pub pages: Option<Arc<dyn Pages>>,
    /// The issuer, as the fact `issuer`.
    pub issuer: Arc<str>,
    /// `keyhook dev`: slow inline hooks are reported.
    pub dev: bool,
}
