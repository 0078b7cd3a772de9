//! Time and chance come in through these traits; only the server's `system.rs` (and a test) implements them.

use keyhook_core::time::Timestamp;

/// The clock. Milliseconds since the Unix epoch.
pub trait Clock: Send + Sync {
    /// The present.
    fn now(&self) -> Timestamp;
}

/// A cryptographically secure random source.
pub trait Random: Send + Sync {
    /// Fills `out`. A source that cannot must end the process: a weak secret is worse than none.
    fn fill(&self, out: &mut [u8]);
}

impl dyn Random + '_ {
    /// `N` random bytes.
    pub fn bytes<const N: usize>(&self) -> [u8; N] {
        let mut out = [0; N];
        self.fill(&mut out);
        out
    }
}
