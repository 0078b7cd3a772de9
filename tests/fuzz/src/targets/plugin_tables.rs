//! The C tables of a library that means no harm to memory and all harm otherwise: what is taken from them keeps to the rules of `abi.rs`.
#![allow(unsafe_code, reason = "the tables of the C border are pointers; this target builds hostile ones over memory that is its own")]

use std::ffi::c_void;
use std::ptr;

use keyhook_component::hooks::HookPoint;
use keyhook_host::{Description, describe_module};
use keyhook_plugin::abi::{self, Hook, Module, Plugin, Route, Str};

use crate::parts::Reader;

unsafe extern "C" fn create(_: *const Plugin, _: *mut c_void, _: *mut *mut c_void) -> i32 {
    panic!("a description calls nothing")
}

unsafe extern "C" fn destroy(_: *mut c_void) {
    panic!("a description calls nothing")
}

unsafe extern "C" fn call(_: *mut c_void, _: u32, _: *mut c_void) -> i32 {
    panic!("a description calls nothing")
}

/// An input is a list of plugins, each with its texts, hooks and routes, and of lies about their sizes.
pub fn check(data: &[u8]) {
    let mut reader = Reader::new(data);
    let count = usize::from(reader.byte() % 4);
    let mut tables = Vec::new();
    for _ in 0..count {
        tables.push(Tables::read(&mut reader));
    }
    let plugins: Vec<Plugin> = tables.iter().map(Tables::plugin).collect();
    let lie = reader.byte();
    let mut pointers: Vec<*const Plugin> = plugins.iter().map(ptr::from_ref).collect();
    if lie == 1 {
        pointers.push(ptr::null());
    }
    let mut module = Module { size: size_of::<Module>(), plugins: pointers.as_ptr(), plugins_len: pointers.len() };
    match lie {
        2 => module.size = usize::from(reader.byte()),
        3 => module.plugins_len = 257 + usize::from(reader.number()),
        4 => module.plugins_len = usize::MAX,
        5 => module.plugins = ptr::null(),
        6 => module.plugins = ptr::without_provenance(3),
        _ => {}
    }
    // SAFETY: every length within the limits is that of what stands at its pointer, or the pointer is null or not aligned.
    let described = unsafe { describe_module(if lie == 7 { ptr::null() } else { &raw const module }) };
    let Ok(described) = described else { return };
    assert!(!tables.is_empty() && described.len() == tables.len());
    assert!((lie == 0 || lie > 7 || (lie == 2 && module.size >= size_of::<Module>())) && tables.iter().all(|table| !table.lies()));
    for (description, tables) in described.iter().zip(&tables) {
        rules(description);
        assert_eq!(description.name.as_bytes(), tables.name.0);
        assert!(description.hooks.iter().map(|hook| hook.name.as_bytes()).eq(tables.hook_names.iter().map(|text| text.0)));
        assert!(description.routes.iter().map(|route| route.path.as_bytes()).eq(tables.paths.iter().map(|text| text.0)));
        let json = serde_json::to_string(description).unwrap();
        assert_eq!(serde_json::from_str::<Description>(&json).unwrap(), *description);
    }
}

/// Bytes, and what the table says of them: the truth, or a lie that readers must notice before they look.
struct Text<'a>(&'a [u8], u8);

impl<'a> Text<'a> {
    fn read(reader: &mut Reader<'a>) -> Text<'a> {
        let lie = reader.byte();
        let bytes = reader.chunk();
        match lie {
            // No bytes, whatever the pointer is: that is no lie.
            0xF3 => Text(&[], lie),
            0xF0.. => Text(bytes, lie),
            _ => Text(bytes, 0),
        }
    }

    fn lent(&self) -> Str {
        match self.1 {
            0xF0 => Str { ptr: ptr::null(), len: self.0.len() },
            0xF1 => Str { ptr: self.0.as_ptr(), len: usize::MAX },
            0xF2 => Str { ptr: self.0.as_ptr(), len: 4097 },
            0xF3 => Str { ptr: ptr::without_provenance(8), len: 0 },
            _ => Str::of(self.0),
        }
    }

    /// Whether what is told has to be refused.
    fn lies(&self) -> bool {
        match self.1 {
            0xF0 => !self.0.is_empty(),
            0xF1 | 0xF2 => true,
            0xF3 => false,
            _ => std::str::from_utf8(self.0).is_err(),
        }
    }
}

struct Tables<'a> {
    name: Text<'a>,
    version: Text<'a>,
    hook_names: Vec<Text<'a>>,
    paths: Vec<Text<'a>>,
    methods: Vec<Text<'a>>,
    hooks: Vec<Hook>,
    routes: Vec<Route>,
    lie: u8,
}

impl<'a> Tables<'a> {
    fn read(reader: &mut Reader<'a>) -> Tables<'a> {
        let (name, version, lie) = (Text::read(reader), Text::read(reader), reader.byte());
        let counts = reader.byte();
        let (mut hook_names, mut paths, mut methods) = (Vec::new(), Vec::new(), Vec::new());
        let (mut hooks, mut routes) = (Vec::new(), Vec::new());
        for _ in 0..counts % 8 {
            let name = Text::read(reader);
            hooks.push(Hook { name: name.lent(), priority: i32::from(reader.number()), flags: u32::from(reader.byte()) });
            hook_names.push(name);
        }
        for _ in 0..counts / 8 % 8 {
            let (method, path) = (Text::read(reader), Text::read(reader));
            routes.push(Route { method: method.lent(), path: path.lent(), flags: u32::from(reader.byte()), reserved: 0 });
            paths.push(path);
            methods.push(method);
        }
        Tables { name, version, hook_names, paths, methods, hooks, routes, lie }
    }

    fn plugin(&self) -> Plugin {
        let mut plugin = Plugin {
            size: size_of::<Plugin>(),
            name: self.name.lent(),
            version: self.version.lent(),
            hooks: self.hooks.as_ptr(),
            hooks_len: self.hooks.len(),
            routes: self.routes.as_ptr(),
            routes_len: self.routes.len(),
            create,
            destroy,
            call_hook: call,
            call_route: call,
            private: ptr::null(),
        };
        match self.lie {
            1 => plugin.size = 8,
            2 => plugin.hooks_len = 257,
            3 => plugin.routes_len = usize::MAX,
            4 => plugin.hooks = ptr::null(),
            5 => plugin.routes = ptr::without_provenance(1),
            _ => {}
        }
        plugin
    }

    fn lies(&self) -> bool {
        let texts = [&self.name, &self.version].into_iter().chain(&self.hook_names).chain(&self.paths).chain(&self.methods);
        let about_entries = matches!((self.lie, self.hooks.len(), self.routes.len()), (1..=3, ..) | (4, 1.., _) | (5, _, 1..));
        about_entries || texts.into_iter().any(Text::lies)
    }
}

/// What holds of every description that is believed.
fn rules(description: &Description) {
    let is_name = |name: &str| (1..=64).contains(&name.len()) && name.chars().all(|c| c.is_ascii_alphanumeric() || "-_.".contains(c));
    assert!(is_name(&description.name) && description.version.len() <= 64);
    for hook in &description.hooks {
        let provides = hook.provision().is_some_and(|(point, uri)| point.provides() && uri.contains(':') && uri.len() <= 200);
        let known = provides || HookPoint::ALL.iter().any(|point| !point.provides() && point.name() == hook.name);
        let custom = hook.flags & abi::HOOK_CUSTOM != 0;
        assert!(if custom { is_name(&hook.name) && !known } else { known || hook.flags & abi::HOOK_OPTIONAL != 0 }, "{hook:?}");
        assert_eq!(hook.point().is_some(), known && !custom);
    }
    for (index, route) in description.routes.iter().enumerate() {
        assert!(route.path.starts_with('/') && route.path.is_ascii() && !route.path.contains("//") && !route.path.contains(['?', '#', ' ']));
        assert!(route.path.split('/').all(|segment| segment != "." && segment != ".."));
        assert!(route.method == "*" || route.method.chars().all(|c| c.is_ascii_uppercase()));
        assert!(description.routes[..index].iter().all(|other| (&other.method, &other.path) != (&route.method, &route.path)));
    }
}
