//! A disk that fills, for real: a small file system in memory, where the tests may mount one.

use std::path::Path;
use std::process::{Command, Stdio};

use keyhook_tests::binary::pause;
use keyhook_tests::crash::{Manner, Site, check, load};
use keyhook_tests::flow;
use keyhook_tests::scratch::Scratch;
use keyhook_tests::stage::{ALICE, SHOP_URI, Stage, confidential};

use crate::report;

/// A file system of its own size; gone with the test.
struct Disk {
    folder: Scratch,
}

impl Disk {
    /// Mounts one, if this user may.
    fn mount(size: &str) -> Option<Disk> {
        let folder = Scratch::new("full-disk");
        let mounted = Command::new("mount")
            .args(["-t", "tmpfs", "-o", &format!("size={size},mode=0700"), "keyhook-test"])
            .arg(folder.path())
            .stderr(Stdio::null())
            .status();
        mounted.is_ok_and(|status| status.success()).then_some(Disk { folder })
    }

    fn ballast(&self) -> std::path::PathBuf {
        self.folder.path().join("ballast")
    }

    /// Takes all the room that is left.
    fn fill(&self) {
        use std::io::Write as _;
        let mut file = std::fs::File::create(self.ballast()).unwrap();
        while file.write_all(&[0; 4096]).is_ok() {}
    }

    /// Gives it back.
    fn empty(&self) {
        std::fs::remove_file(self.ballast()).unwrap();
    }
}

impl Drop for Disk {
    fn drop(&mut self) {
        let _ = Command::new("umount").arg("-l").arg(self.folder.path()).status();
    }
}

fn stage(data: &Path) -> Stage {
    let mut shop = confidential("shop");
    shop.introspect = true;
    Stage::with(|builder| builder.client(shop).store(format!("sqlite:{}", data.join("keyhook.db").display())))
}

#[test]
fn when_the_disk_is_full_nothing_is_promised_and_when_there_is_room_all_goes_on() {
    let Some(disk) = Disk::mount("16m") else {
        eprintln!("not run: this user may not mount a file system");
        return;
    };
    let stage = stage(disk.folder.path());
    let site = Site { node: stage.back_channel("shop"), redirect_uri: SHOP_URI.to_owned(), verifier: stage.ask().pkce.verifier };
    let mut browser = stage.client();
    let mut faults = 0;
    let mut all = keyhook_tests::crash::Checked::default();
    for _ in 0..crate::storms() {
        let codes: Vec<_> = (0..crate::CODES).map(|_| flow::code(&mut browser, &stage.ask(), ALICE)).collect();
        let told = load(&site, Manner::Refuses, codes, |answers, done| {
            // Some are answered before the disk is full, some after it has room again.
            let seen = |count: usize| {
                while answers.load(std::sync::atomic::Ordering::SeqCst) < count && !done() {
                    pause();
                }
            };
            seen(10);
            disk.fill();
            seen(40);
            disk.empty();
        });
        let checked = check(&site, Manner::Refuses, told);
        faults += checked.unanswered;
        all += checked;
    }
    assert!(faults > 0, "the disk was never full: {all:?}");
    report("a disk that fills and has room again (tmpfs), SQLite", faults, all, 0);
}
