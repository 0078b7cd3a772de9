//! What an operator reads when PostgreSQL says no: code, what happened, where, and the way out. Never a password, never a value.

use std::error::Error as _;
use std::fmt::Write as _;

use deadpool_postgres::{PoolError, TimeoutType};
use tokio_postgres::Error;
use tokio_postgres::error::SqlState;

use crate::batching::Trouble;
use crate::failure::Failure;
use crate::parameters::unencrypted;

/// No tables, and none may be made.
pub(super) fn missing(shown: &str) -> Failure {
    Failure::Unusable(format!(
        "KH0401 there is no database of keyhook's at {shown}; set [store] to the right database, or start the server once, which makes its tables (`keyhook serve`, `keyhook dev`, `keyhook store migrate`)"
    ))
}

/// Tables of a later keyhook.
pub(super) fn newer(shown: &str, found: i64, known: i64) -> Failure {
    Failure::Unusable(format!(
        "KH0403 {shown} has schema {found}, this keyhook knows up to {known}: start the newer keyhook again, or restore the backup made before the upgrade; nothing was changed"
    ))
}

/// Tables that must not change under the process that works with them.
pub(super) fn older(shown: &str, found: i64, known: i64) -> Failure {
    Failure::Unusable(format!(
        "KH0412 {shown} has schema {found}, this keyhook writes {known}, and an older one still works with it: stop that one first, then start this one, or run `keyhook store migrate`; nothing was changed"
    ))
}

/// Commits that do not reach the disk.
pub(super) fn not_durable(shown: &str, setting: &str) -> Failure {
    Failure::Unusable(format!(
        "KH0471 {shown} acknowledges commits before they are on the disk ({setting} = off): set it to on; for the groups `grants` and `short` alone, `durable = false` in [store] does as well"
    ))
}

/// Nobody answered in time.
pub(super) fn silent(shown: &str) -> Failure {
    Failure::Unavailable(format!("KH0461 {shown} did not answer in time; look at the server and at the network between"))
}

/// A standby, or a server that is switched to reading.
pub(super) fn read_only(shown: &str) -> Failure {
    Failure::Unavailable(format!("KH0465 {shown} only reads at the moment; name the primary in [store], or end the switch-over"))
}

/// What the pool said.
pub(super) fn of_pool(shown: &str, error: &PoolError) -> Failure {
    match error {
        PoolError::Backend(error) => of(shown, error),
        PoolError::Timeout(TimeoutType::Wait) => Failure::Unavailable(format!(
            "KH0466 every connection to {shown} is busy; raise `readers` in the store's URL if the server has room for more"
        )),
        PoolError::Timeout(_) => silent(shown),
        PoolError::Closed => Failure::ended(),
        PoolError::NoRuntimeSpecified | PoolError::PostCreateHook(_) => Failure::Unavailable(format!("KH0467 {shown}: {error}")),
    }
}

/// What PostgreSQL said. Its messages name tables and users, its details name values: only messages are told.
pub(super) fn of(shown: &str, error: &Error) -> Failure {
    let Some(said) = error.as_db_error() else { return of_connection(shown, error) };
    let (state, text) = (said.code(), said.message());
    match *state {
        SqlState::INVALID_PASSWORD | SqlState::INVALID_AUTHORIZATION_SPECIFICATION => Failure::Unusable(format!(
            "KH0462 {shown} refuses this user ({text}); mend user and password in [store], or the server's pg_hba.conf"
        )),
        SqlState::INVALID_CATALOG_NAME => {
            Failure::Unusable(format!("KH0462 {shown}: {text}; make it (createdb), or name the right one in [store]"))
        }
        SqlState::INSUFFICIENT_PRIVILEGE | SqlState::INVALID_SCHEMA_NAME => Failure::Unusable(format!(
            "KH0464 {shown}: {text}; make this user the owner of the database, or of a schema in its search_path"
        )),
        SqlState::READ_ONLY_SQL_TRANSACTION => read_only(shown),
        SqlState::PROGRAM_LIMIT_EXCEEDED | SqlState::STRING_DATA_RIGHT_TRUNCATION => {
            Failure::Unusable(format!("KH0468 {shown} cannot keep a record ({text}): its name is too long to be a key"))
        }
        SqlState::UNDEFINED_TABLE | SqlState::UNDEFINED_COLUMN => {
            Failure::Unusable(format!("KH0469 {shown} has not the tables that keyhook made ({text}); restore a backup"))
        }
        SqlState::ADMIN_SHUTDOWN | SqlState::CRASH_SHUTDOWN | SqlState::CANNOT_CONNECT_NOW => {
            Failure::Unavailable(format!("KH0461 {shown} is stopping or starting ({text}); keyhook goes on by itself when it answers"))
        }
        SqlState::QUERY_CANCELED => silent(shown),
        SqlState::DISK_FULL => crate::failure::disk_full(shown, text),
        _ => Failure::Unavailable(format!("KH0467 {shown} refused an operation ({}: {text}); nothing of it was written", state.code())),
    }
}

fn of_connection(shown: &str, error: &Error) -> Failure {
    let text = chain(error);
    if text.contains("TLS") || text.contains("certificate") {
        return unencrypted(&format!(
            "{shown}: {text}; name the authority with `sslrootcert=/path/ca.pem` in the URL, or say `sslmode=disable` where the network between is trusted"
        ));
    }
    if text.contains("authentication") || text.contains("password") {
        return Failure::Unusable(format!("KH0462 {shown}: {text}; mend user and password in [store]"));
    }
    Failure::Unavailable(format!("KH0461 {shown} cannot be reached ({text}); start the server, or mend host and port in [store]"))
}

/// An error with its causes.
pub(super) fn chain(error: &Error) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        let _infallible = write!(text, ": {error}");
        cause = error.source();
    }
    text
}

/// What an error means to a transaction that has not been asked to commit, or whose commit was refused with it.
pub(super) fn trouble(shown: &str, error: &Error) -> Trouble {
    let failure = of(shown, error);
    match error.code() {
        Some(&(SqlState::UNIQUE_VIOLATION | SqlState::T_R_DEADLOCK_DETECTED | SqlState::T_R_SERIALIZATION_FAILURE)) => {
            Trouble::Again(failure)
        }
        _ => Trouble::Final(failure),
    }
}
