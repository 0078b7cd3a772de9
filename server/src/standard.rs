//! The linked set: a crate that nobody names is dropped by the linker, and with it what it registers.

use keyhook_builtin as _;
use keyhook_stores as _;
