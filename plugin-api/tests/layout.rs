//! The layout of the C ABI: equal to the header's, and to what version 1.0 promised.
#![allow(clippy::unwrap_used, reason = "a test may fail by panicking")]

use std::fmt::Write as _;
use std::mem::offset_of;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use keyhook_plugin::abi::{self, AbiTag, Hook, Host, Module, Plugin, Route, Str, part};

const HEADER: &str = include_str!("../include/keyhook_plugin.h");

/// A struct as both sides name it.
struct Layout {
    name: &'static str,
    size: usize,
    /// Name and offset in the order of the source.
    fields: Vec<(&'static str, usize)>,
}

macro_rules! layout {
    ($rust:ident = $c:literal: $($field:ident),*) => {
        Layout { name: $c, size: size_of::<$rust>(), fields: vec![$((stringify!($field), offset_of!($rust, $field))),*] }
    };
}

fn layouts() -> Vec<Layout> {
    vec![
        layout!(Str = "kh_str": ptr, len),
        layout!(AbiTag = "kh_abi_tag": magic, tag_size, abi_major, abi_minor, min_host_minor, flags, ptr_bytes, build),
        layout!(Hook = "kh_hook": name, priority, flags),
        layout!(Route = "kh_route": method, path, flags, reserved),
        layout!(Plugin = "kh_plugin": size, name, version, hooks, hooks_len, routes, routes_len, create, destroy, call_hook, call_route, private),
        layout!(Module = "kh_module": size, plugins, plugins_len),
        layout!(Host = "kh_host": size, abi_major, abi_minor, image_id, host_data, log, log_level, now_unix_ns, random, get, list, set,
            set_json, remove, respond_status, respond_header, respond_body, respond_page, deny, is_cancelled, fire, store_get, store_put,
            store_cas, store_delete, once, register_client),
    ]
}

macro_rules! constants {
    ($($path:path as $c:literal),* $(,)?) => { vec![$(($c, i64::from($path))),*] };
}

fn constants() -> Vec<(&'static str, i64)> {
    constants![
        abi::ABI_MAJOR as "KH_ABI_MAJOR",
        abi::ABI_MINOR as "KH_ABI_MINOR",
        abi::FLAG_PANIC_ABORT as "KH_FLAG_PANIC_ABORT",
        abi::FLAG_DEBUG as "KH_FLAG_DEBUG",
        abi::HOOK_INLINE as "KH_HOOK_INLINE",
        abi::HOOK_OBSERVER as "KH_HOOK_OBSERVER",
        abi::HOOK_OPTIONAL as "KH_HOOK_OPTIONAL",
        abi::HOOK_CUSTOM as "KH_HOOK_CUSTOM",
        abi::ROUTE_INLINE as "KH_ROUTE_INLINE",
        abi::CONTINUE as "KH_CONTINUE",
        abi::RESPOND as "KH_RESPOND",
        abi::DENY as "KH_DENY",
        abi::PANICKED as "KH_PANICKED",
        abi::SIGN_IN as "KH_SIGN_IN",
        abi::APPROVE as "KH_APPROVE",
        abi::GRANT as "KH_GRANT",
        abi::CLIENT as "KH_CLIENT",
        abi::SIGNATURE as "KH_SIGNATURE",
        abi::OK as "KH_OK",
        abi::OK_JSON as "KH_OK_JSON",
        abi::ABSENT as "KH_ABSENT",
        abi::BAD_ARGUMENT as "KH_BAD_ARGUMENT",
        abi::WRONG_TYPE as "KH_WRONG_TYPE",
        abi::NOT_HERE as "KH_NOT_HERE",
        abi::WOULD_BLOCK as "KH_WOULD_BLOCK",
        abi::DEADLINE as "KH_DEADLINE",
        abi::NOT_PERMITTED as "KH_NOT_PERMITTED",
        abi::CONFLICT as "KH_CONFLICT",
        abi::HOST_FAULT as "KH_HOST_FAULT",
        abi::DENIED as "KH_DENIED",
        abi::FAILED as "KH_FAILED",
        part::FACT as "KH_PART_FACT",
        part::REQUEST as "KH_PART_REQUEST",
        part::QUERY as "KH_PART_QUERY",
        part::FORM as "KH_PART_FORM",
        part::HEADER as "KH_PART_HEADER",
        part::PATH as "KH_PART_PATH",
        part::RESPONSE as "KH_PART_RESPONSE",
        part::DATA as "KH_PART_DATA",
        part::CONFIG as "KH_PART_CONFIG",
        part::SESSION as "KH_PART_SESSION",
        part::OUTCOME as "KH_PART_OUTCOME",
        part::PAYLOAD as "KH_PART_PAYLOAD",
    ]
}

/// A C file that compiles only if the header agrees with `abi.rs`; it also uses the macros that plugins use.
fn assertions() -> String {
    let mut source = String::from("#include \"keyhook_plugin.h\"\nKH_DEFINE_TAG(\"layout\");\n");
    for layout in layouts() {
        let name = layout.name;
        writeln!(source, "_Static_assert(sizeof({name}) == {}, \"size of {name}\");", layout.size).unwrap();
        for (field, offset) in layout.fields {
            // `private` is a keyword in C++.
            let field = if field == "private" { "private_" } else { field };
            writeln!(source, "_Static_assert(offsetof({name}, {field}) == {offset}, \"{name}.{field}\");").unwrap();
        }
    }
    for (name, value) in constants() {
        writeln!(source, "_Static_assert({name} == {value}, \"{name}\");").unwrap();
    }
    source
}

fn compiled(folder: &str, header: &str) -> Output {
    let folder: PathBuf = Path::new(env!("CARGO_TARGET_TMPDIR")).join(folder);
    std::fs::create_dir_all(&folder).unwrap();
    std::fs::write(folder.join("keyhook_plugin.h"), header).unwrap();
    std::fs::write(folder.join("layout.c"), assertions()).unwrap();
    let arguments = ["-std=c11", "-Wall", "-Wextra", "-Werror", "-fsyntax-only", "-I", "."];
    Command::new("gcc").args(arguments).arg("layout.c").current_dir(folder).output().unwrap()
}

#[test]
fn the_header_has_every_size_offset_and_constant() {
    let output = compiled("same", HEADER);
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
}

#[test]
fn a_header_with_two_fields_swapped_fails() {
    let right = "    uint32_t abi_major;\n    uint32_t abi_minor;\n    uint32_t min_host_minor;\n";
    let swapped = "    uint32_t abi_minor;\n    uint32_t abi_major;\n    uint32_t min_host_minor;\n";
    assert!(HEADER.contains(right));
    let output = compiled("swapped", &HEADER.replace(right, swapped));
    let errors = String::from_utf8_lossy(&output.stderr);
    assert!(!output.status.success() && errors.contains("kh_abi_tag.abi_major"), "{errors}");
}

#[test]
fn the_example_in_c_compiles_without_a_warning() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let arguments = ["-std=c11", "-Wall", "-Wextra", "-Wpedantic", "-Werror", "-fsyntax-only", "-I"];
    let output =
        Command::new("gcc").args(arguments).arg(root.join("include")).arg(root.join("../plugins/c-hook/plugin.c")).output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
}

/// Adding a constant to `abi.rs` and forgetting it here would leave it unproved.
#[test]
fn every_constant_of_the_header_is_compared() {
    let defined = HEADER.lines().filter_map(|line| line.strip_prefix("#define KH_")).filter_map(|line| line.split(' ').next());
    let numbers = defined.filter(|name| !name.contains('(') && *name != "EXPORT");
    let compared = constants();
    for name in numbers {
        assert!(compared.iter().any(|(known, _)| known.strip_prefix("KH_") == Some(name)), "KH_{name} is not compared");
    }
}

/// Size, offsets and values on 64-bit machines, as `abi-1.1.txt` keeps them.
#[test]
#[cfg(target_pointer_width = "64")]
fn the_layout_is_that_of_1_1() {
    let mut now = String::new();
    for layout in layouts() {
        writeln!(now, "struct {} {}", layout.name, layout.size).unwrap();
        for (field, offset) in layout.fields {
            writeln!(now, "field {}.{field} {offset}", layout.name).unwrap();
        }
    }
    for (name, value) in constants() {
        writeln!(now, "const {name} {value}").unwrap();
    }
    assert_eq!(now, include_str!("abi-1.1.txt"), "the ABI changed; what is here now:\n{now}");
}

/// What a plugin of version 1.0 was built against is where it was: a minor adds at the end of a size-prefixed table, and values.
#[test]
fn nothing_of_1_0_has_moved() {
    let now: Vec<&str> = include_str!("abi-1.1.txt").lines().collect();
    let may_grow = ["struct kh_plugin ", "struct kh_module ", "struct kh_host ", "const KH_ABI_MINOR "];
    for line in include_str!("abi-1.0.txt").lines() {
        let grown = may_grow.iter().find(|start| line.starts_with(**start)).is_some_and(|start| {
            let number = |line: &str| line.strip_prefix(start).and_then(|number| number.parse::<u64>().ok());
            now.iter().filter_map(|line| number(line)).any(|now| Some(now) >= number(line))
        });
        assert!(grown || now.contains(&line), "{line}");
    }
    assert!(include_str!("abi-1.0.txt").contains(&format!("struct kh_host {}\n", abi::HOST_SIZE_1_0)));
}

#[test]
fn the_entry_and_tag_symbols_are_named_as_the_abi_says() {
    assert_eq!((abi::TAG_SYMBOL, abi::ENTRY_SYMBOL), ("KEYHOOK_PLUGIN_ABI_TAG", "keyhook_plugin_entry_v1"));
    assert!(HEADER.contains(abi::TAG_SYMBOL) && HEADER.contains(abi::ENTRY_SYMBOL));
    let tag = &keyhook_plugin::KEYHOOK_PLUGIN_ABI_TAG;
    assert_eq!((tag.magic, tag.tag_size as usize, tag.ptr_bytes as usize), (abi::MAGIC, size_of::<AbiTag>(), size_of::<usize>()));
    let build = String::from_utf8_lossy(&tag.build);
    assert!(build.starts_with("keyhook-plugin ") && tag.build[63] == 0, "{build}");
}
