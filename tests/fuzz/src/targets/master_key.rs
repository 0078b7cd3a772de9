//! Master keys as files: 64 hexadecimal digits and nothing else opens a server, and no refusal repeats what stands in the file.

use std::os::unix::fs::PermissionsExt as _;
use std::path::PathBuf;
use std::sync::LazyLock;

use keyhook::Server;
use keyhook_tests::scratch::Scratch;

struct Place {
    folder: Scratch,
    file: PathBuf,
    runtime: tokio::runtime::Runtime,
}

static PLACE: LazyLock<Place> = LazyLock::new(|| {
    let folder = Scratch::new("fuzz-key");
    let file = folder.write("master.key", "");
    std::fs::set_permissions(&file, std::fs::Permissions::from_mode(0o600)).unwrap();
    Place { folder, file, runtime: tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap() }
});

/// An input is the file.
pub fn check(data: &[u8]) {
    let place = &*PLACE;
    std::fs::write(&place.file, data).unwrap();
    let builder = Server::builder().dev(true).issuer("http://localhost:8080").store("memory:").data(place.folder.path());
    let server = builder.master_key(&place.file).build().unwrap();
    let opened = place.runtime.block_on(server.into_service());
    let text = std::str::from_utf8(data).map(str::trim).unwrap_or_default();
    assert_eq!(opened.is_ok(), text.len() == 64 && text.chars().all(|digit| "0123456789abcdefABCDEF".contains(digit)));
    match opened {
        Ok(service) => place.runtime.block_on(service.close()),
        Err(failure) => {
            assert!(["KH0602", "KH0604"].contains(&failure.code()), "{failure}");
            assert!(text.len() < 24 || !failure.to_string().contains(text), "{failure}");
        }
    }
}
