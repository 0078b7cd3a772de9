//! What must hold after every request.

pub mod canaries;
pub mod decisions;
pub mod expect;
pub mod log;
pub mod rows;
pub mod sockets;
pub mod universal;

#[cfg(test)]
mod tests;
