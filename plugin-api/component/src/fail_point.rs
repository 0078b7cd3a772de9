//! Places in the code where a test ends the process, to see what a start finds after it.
//!
//! [`fail_point!`](crate::fail_point!) compiles to nothing unless the feature `fail-points` is on, which tests alone switch on. The
//! process is ended as by `kill -9`: nothing is written out, nobody is told.

/// Ends the process here, if a test has armed the point of this name.
#[cfg(not(feature = "fail-points"))]
#[macro_export]
macro_rules! fail_point {
    ($name:literal) => {};
}

/// Ends the process here, if a test has armed the point of this name.
#[cfg(feature = "fail-points")]
#[macro_export]
macro_rules! fail_point {
    ($name:literal) => {
        $crate::fail_point::reached($name)
    };
}

#[cfg(feature = "fail-points")]
mod armed {
    use std::sync::OnceLock;
    use std::sync::atomic::{AtomicU64, Ordering};

    /// The one point that is armed, and how often it may still be passed.
    static ARMED: OnceLock<(String, AtomicU64)> = OnceLock::new();

    /// Arms the point `name` of `name:count`: the process ends when it is reached for the `count`th time, at once if 0 or 1.
    pub fn arm(point: &str) {
        let (name, count) = point.split_once(':').unwrap_or((point, "1"));
        // A second word changes nothing: there is one point a process.
        let _ = ARMED.set((name.to_owned(), AtomicU64::new(count.parse().unwrap_or(1))));
    }

    /// What the macro calls.
    pub fn reached(name: &str) {
        let Some((armed, left)) = ARMED.get() else { return };
        if armed == name && left.fetch_sub(1, Ordering::SeqCst) <= 1 {
            std::process::abort();
        }
    }
}

#[cfg(feature = "fail-points")]
pub use armed::{arm, reached};
