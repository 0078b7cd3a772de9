//! Every bad file that may lie in a plugin folder, made on the spot, with what is said of it.

use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::{Path, PathBuf};
use std::process::Command;

use keyhook_tests::libraries::{self, workspace};
use keyhook_tests::production::Production;
use keyhook_tests::scratch::Scratch;

/// A file in the folder, its code, and a part of the reason.
pub(crate) struct Bad {
    pub(crate) file: PathBuf,
    pub(crate) code: &'static str,
    pub(crate) why: &'static str,
}

/// Fills a folder with `good.so` and everything that is bad.
pub(crate) fn fill(folder: &Path) -> Vec<Bad> {
    std::fs::create_dir_all(folder).unwrap();
    let making = Scratch::new("making");
    let good = folder.join("a-good.so");
    libraries::misfit(&good, "good", &[]);
    let bytes = std::fs::read(&good).unwrap();
    let mut bad = Vec::new();
    let mut add = |name: &str, code, why| {
        let file = folder.join(name);
        bad.push(Bad { file: file.clone(), code, why });
        file
    };
    // What is no library for this machine.
    std::fs::write(add("text.so", "KH0505", "not a shared library: no ELF magic"), "hello").unwrap();
    std::fs::write(add("empty.so", "KH0505", "not a shared library: no ELF magic"), "").unwrap();
    for (name, at, value, why) in [
        ("other-machine.so", 18, 40, "wrong architecture: e_machine 40 instead of"),
        ("bits32.so", 4, 1, "wrong architecture: 32-bit ELF"),
        ("big-endian.so", 5, 2, "wrong architecture: big-endian ELF"),
    ] {
        let mut bytes = bytes.clone();
        bytes[at] = value;
        std::fs::write(add(name, "KH0506", why), bytes).unwrap();
    }
    for percent in [2, 30, 60, 90] {
        let file = add(&format!("cut{percent:02}.so"), "KH0507", "truncated or damaged ELF file: ");
        std::fs::write(file, &bytes[..bytes.len() * percent / 100]).unwrap();
    }
    let why = "not a shared library: an executable, not a library";
    gcc(&making, "int main(void) { return 0; }", &["-pie", "-fPIE"], &add("program.so", "KH0505", why));
    let why = "not a keyhook plugin: symbol KEYHOOK_PLUGIN_ABI_TAG is missing";
    gcc(&making, "int other(void) { return 0; }", &["-shared", "-fPIC"], &add("other.so", "KH0508", why));
    tags(&bytes, &mut add);
    loading(&making, &mut add);
    tables(&bytes, &good, &mut add);
    inodes(folder, &bytes, &mut add);
    std::fs::write(folder.join("README.md"), "not looked at").unwrap();
    std::fs::write(folder.join(".hidden.so"), "not looked at").unwrap();
    bad
}

type Add<'a> = dyn FnMut(&str, &'static str, &'static str) -> PathBuf + 'a;

/// Whoever can write the folder decides what runs after the next reload; that nothing lies in it yet is no reason to wait.
#[test]
fn a_folder_that_anybody_can_write_is_refused_also_while_it_is_empty() {
    let production = Production::new("open-folder", "");
    let open = |mode: u32| std::fs::set_permissions(production.plugins(), PermissionsExt::from_mode(mode)).unwrap();
    open(0o777);
    let (status, said) = production.refusal();
    assert_eq!(status, Some(6), "{said}");
    assert!(said.contains("KH0504") && said.contains("is writable by group or others (mode 777)"), "{said}");
    open(0o755);
    assert_eq!(production.serve().stop(), Some(0));
}

/// Tags of other ABIs; the last library is really built with `panic = "abort"`.
fn tags(bytes: &[u8], add: &mut Add<'_>) {
    let tag = bytes.windows(8).position(|window| window == b"KHPLUG\r\n").unwrap();
    let why = "built for plugin ABI 2, this server speaks 1; rebuild it against keyhook-plugin 1.x";
    for (name, field, value, code, why) in [
        ("abi2.so", 12, 2u32, "KH0503", why),
        ("minor9.so", 20, 9, "KH0503", "needs plugin ABI minor 9 or newer, this server has 1"),
        ("pointers.so", 28, 4, "KH0508", "bad ABI tag: pointers of 4 bytes"),
        ("magic.so", 0, 0, "KH0508", "bad ABI tag: wrong magic"),
    ] {
        let mut bytes = bytes.to_vec();
        bytes[tag + field..tag + field + 4].copy_from_slice(&value.to_le_bytes());
        std::fs::write(add(name, code, why), bytes).unwrap();
    }
    let why = "built with panic=\\\"abort\\\": one bug would end the server; rebuild with panic=\\\"unwind\\\"";
    std::fs::copy(libraries::aborting("alpha"), add("aborts.so", "KH0509", why)).unwrap();
}

/// What the dynamic linker, or the child that tries a library first, finds.
fn loading(making: &Scratch, add: &mut Add<'_>) {
    libraries::misfit(&add("undefined.so", "KH0510", "undefined symbol: this_symbol_does_not_exist"), "undefined", &["UNDEFINED"]);
    let why = "no entry symbol: keyhook_plugin_entry_v1 is missing";
    libraries::misfit(&add("no-entry.so", "KH0508", why), "no-entry", &["NO_ENTRY"]);
    libraries::misfit(&add("dies.so", "KH0515", "probe: the child died"), "dies", &["DIES_WHEN_LOADED"]);
    let needed = making.join("libmissingdep.so");
    gcc(making, "int dep(void) { return 0; }", &["-shared", "-fPIC", "-Wl,-soname,libmissingdep.so"], &needed);
    let needing = add("needing.so", "KH0510", "libmissingdep.so: cannot open shared object file");
    let source = workspace().join("tests/fixtures/misfit.c");
    libraries::c_with(&source, &needing, &["-DNAME=\"needing\"", "-Wl,--no-as-needed", needed.to_str().unwrap()]);
    let why = "registers no plugin (an empty inventory)";
    std::fs::copy(libraries::rust("empty"), add("nothing-registered.so", "KH0511", why)).unwrap();
}

/// What the plugin's table, its name and its `create` say.
fn tables(bytes: &[u8], good: &Path, add: &mut Add<'_>) {
    let why = "hook \\\"acess_token_response\\\" does not exist; known: ";
    libraries::misfit(&add("misspelt.so", "KH0512", why), "misspelt", &["HOOK=\"acess_token_response\""]);
    libraries::misfit(&add("nameless.so", "KH0511", "bad module table: plugin name"), "a b", &["HOOK=\"access_token_validation\""]);
    let why = "plugin name \\\"good\\\" is already registered";
    libraries::misfit(&add("same-name.so", "KH0513", why), "good", &["HOOK=\"access_token_validation\""]);
    std::fs::write(add("same-content.so", "KH0513", "same content as "), bytes).unwrap();
    symlink(good, add("same-link.so", "KH0513", "same content as ")).unwrap();
    libraries::misfit(&add("fails.so", "KH0514", "config says fail"), "fails", &["CREATE_FAILS"]);
    libraries::misfit(&add("nonsense.so", "KH0514", "create answered 77"), "nonsense", &["CREATE_NONSENSE"]);
    libraries::misfit(&add("no-instance.so", "KH0514", "create gave no instance"), "no-instance", &["CREATE_NOTHING"]);
}

/// What is no file, or one that others can write.
fn inodes(folder: &Path, bytes: &[u8], add: &mut Add<'_>) {
    symlink(folder.join("gone"), add("dangling.so", "KH0501", "cannot read: No such file")).unwrap();
    std::fs::create_dir(add("directory.so", "KH0502", "not a regular file")).unwrap();
    assert!(Command::new("mkfifo").arg(add("fifo.so", "KH0502", "not a regular file")).status().unwrap().success());
    let exposed = add("exposed.so", "KH0504", "refused: file is writable by group or others (mode 777)");
    std::fs::write(&exposed, bytes).unwrap();
    std::fs::set_permissions(exposed, PermissionsExt::from_mode(0o777)).unwrap();
}

fn gcc(making: &Scratch, source: &str, flags: &[&str], out: &Path) {
    let source = making.write("source.c", source);
    assert!(Command::new("gcc").args(flags).arg("-o").arg(out).arg(source).status().unwrap().success());
}
