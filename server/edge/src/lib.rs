//! HTTP comes in, HTTP goes out: listeners, TLS, limits, timeouts, routing, security headers, graceful stop.
//!
//! The way of a request: [`serve`] accepts, [`connection`] holds the wire to its deadlines, [`intake`] makes hyper's request
//! ours, [`dispatch`] finds the endpoint, [`application`] lets it answer, [`failure`] and [`headers`] make the response.
#![forbid(unsafe_code)]

pub mod application;
mod authority;
mod body;
pub mod connection;
mod detach;
pub mod dispatch;
mod error;
pub mod failure;
mod forwarded;
mod gate;
pub mod headers;
mod heads;
pub mod intake;
pub mod limits;
pub mod listen;
pub mod management;
pub mod metrics;
mod origin;
mod request_id;
pub mod serve;
mod shutdown;
mod sockets;
pub mod tls;
mod watch;

pub use application::{Application, Live, Peer};
pub use dispatch::{RouteConflict, RouteTable};
pub use error::StartError;
pub use forwarded::TrustedProxies;
pub use limits::Limits;
pub use listen::Listeners;
pub use management::{Health, HealthReport};
pub use metrics::Metrics;
pub use serve::Server;
pub use shutdown::Shutdown;
pub use tls::Tls;
