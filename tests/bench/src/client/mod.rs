//! The load: keep-alive connections that walk through scripts, on one thread that costs less than the server it measures.

pub(crate) mod answer;
pub(crate) mod crew;
pub(crate) mod http2;
mod line;
pub(crate) mod measured;
pub(crate) mod paced;
pub(crate) mod script;
pub(crate) mod signed;

pub(crate) use answer::Answer;
pub(crate) use crew::Crew;
pub(crate) use line::{Address, Line, Trust};
pub(crate) use measured::Measured;
pub(crate) use script::{Script, Step};
