//! The guide for plugin authors: every Rust snippet in it is compiled, and run, as a documentation test.
#![doc = include_str!("../../server/docs/plugins.md")]
