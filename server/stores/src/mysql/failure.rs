//! What an operator reads when MySQL or MariaDB says no: code, what happened, where, and the way out. Never a password, never a value.

use mysql_async::{DriverError, Error, IoError, ServerError};

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
pub(super) fn not_durable(shown: &str, setting: i64) -> Failure {
    Failure::Unusable(format!(
        "KH0471 {shown} acknowledges commits before they are on the disk (innodb_flush_log_at_trx_commit = {setting}): set it to 1; for the groups `grants` and `short` alone, `durable = false` in [store] does as well"
    ))
}

/// Nobody answered in time.
pub(super) fn silent(shown: &str) -> Failure {
    Failure::Unavailable(format!("KH0461 {shown} did not answer in time; look at the server and at the network between"))
}

/// A replica, or a server that is switched to reading.
pub(super) fn read_only(shown: &str) -> Failure {
    Failure::Unavailable(format!("KH0465 {shown} only reads at the moment; name the primary in [store], or end the switch-over"))
}

/// What the driver or the server said.
pub(super) fn of(shown: &str, error: &Error) -> Failure {
    match error {
        Error::Server(said) => of_server(shown, said),
        Error::Io(IoError::Tls(error)) => unencrypted(&format!(
            "{shown}: {error}; name the authority with `sslrootcert=/path/ca.pem` in the URL, or say `sslmode=disable` where the network between is trusted"
        )),
        Error::Driver(DriverError::NoClientSslFlagFromServer) => unencrypted(&format!(
            "{shown} offers no TLS; switch it on there, or say `sslmode=disable` where the network between is trusted"
        )),
        Error::Driver(DriverError::PoolDisconnected) => Failure::ended(),
        Error::Io(error) => {
            Failure::Unavailable(format!("KH0461 {shown} cannot be reached ({error}); start the server, or mend host and port in [store]"))
        }
        // Their texts may repeat values.
        Error::Driver(DriverError::FromValue { .. } | DriverError::FromRow { .. }) => {
            Failure::Unusable(format!("KH0469 {shown} holds a value that keyhook did not write; restore a backup"))
        }
        Error::Driver(error) => Failure::Unavailable(format!("KH0461 {shown}: {error}")),
        Error::Url(_) | Error::Other(_) => Failure::Unavailable(format!("KH0467 {shown}: the driver failed")),
    }
}

/// By the server's numbers. Messages of refused values repeat them, so only those of connections and names are told.
fn of_server(shown: &str, said: &ServerError) -> Failure {
    match said.code {
        1044 | 1045 | 1698 => Failure::Unusable(format!(
            "KH0462 {shown} refuses this user ({}); mend user and password in [store], or the user's host and rights at the server",
            said.message
        )),
        1049 => Failure::Unusable(format!("KH0462 {shown}: {}; make it (CREATE DATABASE), or name the right one in [store]", said.message)),
        1142 | 1143 | 1227 => Failure::Unusable(format!("KH0464 {shown}: {}; grant this user all rights on its database", said.message)),
        1146 | 1054 => {
            Failure::Unusable(format!("KH0469 {shown} has not the tables that keyhook made ({}); restore a backup", said.message))
        }
        1290 | 1792 | 1836 => read_only(shown),
        1040 | 1053 | 1203 => Failure::Unavailable(format!("KH0461 {shown} takes no connection at the moment ({})", said.message)),
        1153 => Failure::Unusable(format!("KH0468 {shown} cannot keep a record: it is larger than the server's max_allowed_packet")),
        1021 | 1114 => crate::failure::disk_full(shown, &said.message),
        1406 => Failure::Unusable(format!("KH0468 {shown} cannot keep a record: its name is longer than a key can be")),
        code => Failure::Unavailable(format!("KH0467 {shown} refused an operation (error {code}); nothing of it was written")),
    }
}

/// Whether another writer was faster: a key that exists by now, a deadlock, a wait for a lock, a row that changed.
fn is_race(error: &Error) -> bool {
    matches!(error, Error::Server(ServerError { code: 1062 | 1213 | 1205 | 1020, .. }))
}

/// What an error means to a transaction that has not been asked to commit: nothing is written.
pub(super) fn trouble(shown: &str, error: &Error) -> Trouble {
    let failure = of(shown, error);
    let lost = matches!(error, Error::Io(IoError::Io(_)) | Error::Driver(DriverError::ConnectionClosed));
    if is_race(error) || lost { Trouble::Again(failure) } else { Trouble::Final(failure) }
}
