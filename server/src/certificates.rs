//! Reads certificate and key again when their files change, so that a renewal needs nobody.

use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use keyhook_edge::Tls;

const PAUSE: Duration = Duration::from_secs(10);

/// Looks at the files' times for ever. A pair that does not fit, as in the middle of a renewal, is tried again at the next change.
pub(crate) async fn watch(tls: Arc<Tls>) {
    let mut known = times(&tls);
    loop {
        tokio::time::sleep(PAUSE).await;
        let now = times(&tls);
        if now == known {
            continue;
        }
        known = now;
        match tls.reload() {
            Ok(()) => tracing::info!(event = "certificate", "the new certificate is in use"),
            Err(error) => {
                tracing::error!(event = "certificate", code = error.code(), %error, "the certificate in use stays");
                // Both files of a pair seldom change at one moment: look again even if nothing changes any more.
                known = [None, None];
            }
        }
    }
}

fn times(tls: &Tls) -> [Option<SystemTime>; 2] {
    tls.files().map(|path: &Path| std::fs::metadata(path).and_then(|metadata| metadata.modified()).ok())
}
