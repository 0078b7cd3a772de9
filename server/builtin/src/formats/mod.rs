//! The forms of access tokens that ship, one file each.

mod hashed;
mod jwt;
mod opaque;

pub use hashed::{RandomFormat, UuidFormat};
pub use jwt::JwtFormat;
pub use opaque::OpaqueFormat;
