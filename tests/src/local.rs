//! A server inside the test's process, with a clock that the test moves.
