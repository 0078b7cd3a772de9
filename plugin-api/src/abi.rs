//! The C ABI between a keyhook server and a plugin: every type, constant and table that crosses the border, and nothing else.
//!
//! Law of the border:
//! 1. Nothing owned crosses. A [`Str`] is borrowed: host → plugin until the call returns, and one obtained from `get`, `list`,
//!    `fire` or `store_get` only until the next mutating call on the same `cx`. Mutating are `set`, `set_json`, `remove`, `respond_*`,
//!    `deny` and `fire`; `get`, `list`, `is_cancelled` and `store_*` leave earlier slices alone. What a plugin gives is copied before the
//!    host returns.
//! 2. Tables are size-prefixed and grow at the end only. `plugin-api/tests/abi-1.0.txt` holds the layout that may not change.
//! 3. Codes are plain `i32`: an unknown value is an error, never undefined behavior.
//! 4. Nothing unwinds across: every thunk catches panics inside its own image.
//! 5. A module, once loaded, is never unloaded.
//!
//! `plugin-api/include/keyhook_plugin.h` says the same in C; `tests/layout.rs` proves it. It is one file, so that the border can be read, and
//! compared with the header, as a whole.

use std::ffi::c_void;

/// First bytes of [`AbiTag`]; the `\r\n` also catches a transfer in text mode.
pub const MAGIC: [u8; 8] = *b"KHPLUG\r\n";
/// A change of an existing field, code or rule. Also part of the entry symbol's name.
pub const ABI_MAJOR: u32 = 1;
/// An addition at the end of a table, a hook name or a [`part`].
pub const ABI_MINOR: u32 = 1;
/// [`AbiTag::flags`]: built with `panic = "abort"`; such a library is refused.
pub const FLAG_PANIC_ABORT: u32 = 1;
/// [`AbiTag::flags`]: built without optimization; shown, never refused.
pub const FLAG_DEBUG: u32 = 2;
/// [`Hook::flags`]: pure CPU work, runs on the async worker. Blocking capabilities answer [`WOULD_BLOCK`].
pub const HOOK_INLINE: u32 = 1;
/// [`Hook::flags`]: runs after the decision, sees the outcome, changes nothing.
pub const HOOK_OBSERVER: u32 = 2;
/// [`Hook::flags`]: a server that does not know the name ignores the hook instead of refusing the library.
pub const HOOK_OPTIONAL: u32 = 4;
/// [`Hook::flags`]: the name is a custom hook, fired by plugins through [`Host::fire`].
pub const HOOK_CUSTOM: u32 = 8;
/// [`Route::flags`]: pure CPU work, runs on the async worker.
pub const ROUTE_INLINE: u32 = 1;

/// Name of the exported [`AbiTag`].
pub const TAG_SYMBOL: &str = "KEYHOOK_PLUGIN_ABI_TAG";
/// Name of the exported [`EntryFn`].
pub const ENTRY_SYMBOL: &str = "keyhook_plugin_entry_v1";

// What a hook or a route returns.
/// Edits are kept; the next plugin in the chain runs.
pub const CONTINUE: i32 = 0;
/// The response written with `respond_*` is final.
pub const RESPOND: i32 = 1;
/// Refused; `deny` said how. Without that call: `server_error`.
pub const DENY: i32 = 2;
/// The thunk caught a panic. The host answers 500 and keeps nothing of the call; a `deny` before it carries the panic's text for the log.
pub const PANICKED: i32 = 3;
/// Authorization hooks: the user named under [`part::OUTCOME`] is signed in.
pub const SIGN_IN: i32 = 4;
/// Authorization hooks: the signed-in user agrees to the scopes under [`part::OUTCOME`].
pub const APPROVE: i32 = 5;
/// `token_grant`: what stands under [`part::OUTCOME`] is granted. Since 1.1.
pub const GRANT: i32 = 6;
/// `client_assertion`: the client named under [`part::OUTCOME`] has proven who it is. `oauth1_consumer`: the consumer key stands for
/// that client. Since 1.1.
pub const CLIENT: i32 = 7;
/// `oauth1_signature`: the signature under [`part::OUTCOME`] is the right one; the server compares. Since 1.1.
pub const SIGNATURE: i32 = 8;

// What a host function returns.
/// Done. From `get` and `list`: the value is text, which a JSON string is too.
pub const OK: i32 = 0;
/// From `get` and `list`: the value is a JSON text, of a type other than string.
pub const OK_JSON: i32 = 1;
/// There is no such value.
pub const ABSENT: i32 = -1;
/// An argument is malformed: not UTF-8, not JSON, CR or LF in a header, a status outside 200–599, too large.
pub const BAD_ARGUMENT: i32 = -2;
/// The value has another JSON type than asked for.
pub const WRONG_TYPE: i32 = -3;
/// This hook has no such part, or this server no such function.
pub const NOT_HERE: i32 = -4;
/// A blocking capability was called from an inline hook.
pub const WOULD_BLOCK: i32 = -5;
/// The hook's deadline has passed.
pub const DEADLINE: i32 = -6;
/// Protected member, read-only value, or a capability that the configuration does not allow this plugin.
pub const NOT_PERMITTED: i32 = -7;
/// `store_cas`: the value changed in between.
pub const CONFLICT: i32 = -8;
/// A fault inside the host; it was logged there.
pub const HOST_FAULT: i32 = -9;
/// `fire`: a plugin of the custom chain denied. The facts `fired_plugin` and, if it denied in public, `fired_error` and
/// `fired_description` say more until the next `fire`.
pub const DENIED: i32 = -10;
/// `fire`: a plugin of the custom chain, the fact `fired_plugin`, panicked, was late, had no free place or answered nonsense.
pub const FAILED: i32 = -11;

/// Members of the token response that no plugin changes or removes, besides all that begin with `error` (RFC 6749 §5).
pub const PROTECTED_MEMBERS: [&str; 5] = ["access_token", "token_type", "refresh_token", "id_token", "scope"];
/// The same for the answers of OAuth 1.0a, besides all that begin with `oauth_problem` (RFC 5849 §2.1, §2.3).
pub const PROTECTED_OAUTH1_MEMBERS: [&str; 3] = ["oauth_token", "oauth_token_secret", "oauth_callback_confirmed"];

/// Where [`Host::get`], [`Host::list`], [`Host::set`] and [`Host::remove`] look.
pub mod part {
    /// Facts about the call, read-only text: `hook`, `plugin`, `request_id`, `client_id`, `client_name`, `client_type`, `redirect_uri`,
    /// `scope`, `state`, `grant_type`, `subject`, `auth_time`, `acr`, `amr`, `interaction`, `csrf_token`, `issuer`, `client_ip`, `outcome`; after a
    /// `fire` that was refused `fired_plugin`, `fired_error`, `fired_description`.
    /// Of OAuth 1.0a: `consumer_key`, `token`, `timestamp`, `nonce`, `signature_method`, `method`, `uri`. In `oauth1_signature` alone
    /// `base_string` and `signing_key`, which `list` does not give: they are secrets.
    /// A fact that does not apply is absent.
    pub const FACT: u32 = 0;
    /// The HTTP request line, read-only: `method`, `path`, `query`, `body` (bytes).
    pub const REQUEST: u32 = 1;
    /// Query parameters, decoded, read-only.
    pub const QUERY: u32 = 2;
    /// Form parameters, decoded, read-only. In `authorization_POST` without the host's own fields.
    pub const FORM: u32 = 3;
    /// Request headers by lower-case name, read-only. `cookie` holds only cookies named `<plugin>-…`; `authorization` is absent in hooks.
    pub const HEADER: u32 = 4;
    /// Parameters that the route's path pattern matched, read-only.
    pub const PATH: u32 = 5;
    /// Members of the token response, JSON, ≤ 16 KiB in all. [`PROTECTED_MEMBERS`](super::PROTECTED_MEMBERS) and `error*` are
    /// read-only; `expires_in` may be removed, not changed. In the answers of OAuth 1.0a, which are forms, a member is text, a number,
    /// `true` or `false`, and [`PROTECTED_OAUTH1_MEMBERS`](super::PROTECTED_OAUTH1_MEMBERS) and `oauth_problem*` are read-only.
    pub const RESPONSE: u32 = 6;
    /// The plugin's own data, JSON, ≤ 4 KiB in all: travels with code, grant and tokens, seen by this plugin alone. Read-only in
    /// `oauth1_access_token_response`.
    pub const DATA: u32 = 7;
    /// The plugin's configuration, JSON, read-only; the key is a JSON pointer (`""` is the whole).
    pub const CONFIG: u32 = 8;
    /// The browser session's values of this plugin, text. Authorization hooks only.
    pub const SESSION: u32 = 9;
    /// What [`super::SIGN_IN`] and [`super::APPROVE`] need, write-only: `subject`, `auth_time` (seconds), `acr`, `amr` (space-separated),
    /// `approve` (`1`: with `SIGN_IN`, the user agreed too), `scope` (what was agreed to; all that was asked for if it is not set).
    /// For [`super::GRANT`], all optional: `subject`, `scope`, `refresh` (`1`: with a refresh token), `auth_time`, `acr`, `amr`. For
    /// [`super::CLIENT`]: `client_id`. For [`super::SIGNATURE`]: `signature`, as it is sent.
    pub const OUTCOME: u32 = 10;
    /// The payload of a custom hook, JSON; the key is a member name, `""` the whole.
    pub const PAYLOAD: u32 = 11;
}

/// Borrowed bytes, UTF-8 where the table says text. Not NUL-terminated. With `len == 0` the pointer may be anything.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct Str {
    /// First byte.
    pub ptr: *const u8,
    /// Number of bytes.
    pub len: usize,
}

impl Str {
    /// No bytes.
    pub const EMPTY: Self = Self { ptr: std::ptr::null(), len: 0 };

    /// Lends `bytes`. The result says nothing of the lifetime: use it up before `bytes` goes.
    pub const fn of(bytes: &[u8]) -> Self {
        Self { ptr: bytes.as_ptr(), len: bytes.len() }
    }

    /// The bytes lent.
    ///
    /// # Safety
    /// With `len > 0`, `ptr` points to `len` initialized bytes that nobody changes or frees during `'a`.
    #[allow(unsafe_code, reason = "a borrowed slice crosses the border as a pointer and a length")]
    pub const unsafe fn bytes<'a>(self) -> &'a [u8] {
        if self.len == 0 {
            return &[];
        }
        // SAFETY: the caller promises `len` readable, unchanging bytes at `ptr` for `'a`.
        unsafe { std::slice::from_raw_parts(self.ptr, self.len) }
    }
}

/// What a library says of itself, pointer-free, read out of the *file* before any of its code runs.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct AbiTag {
    /// [`MAGIC`].
    pub magic: [u8; 8],
    /// `size_of::<AbiTag>()` in the library's build.
    pub tag_size: u32,
    /// [`ABI_MAJOR`] the library was built for.
    pub abi_major: u32,
    /// [`ABI_MINOR`] the library was built for.
    pub abi_minor: u32,
    /// Least minor a host must speak.
    pub min_host_minor: u32,
    /// [`FLAG_PANIC_ABORT`] | [`FLAG_DEBUG`].
    pub flags: u32,
    /// `size_of::<usize>()` in the library's build.
    pub ptr_bytes: u32,
    /// Who built it, NUL-padded text, for humans only; never compared.
    pub build: [u8; 64],
}

/// One hook of a plugin.
#[repr(C)]
pub struct Hook {
    /// Name of the hook point; `token_grant=` and the `grant_type`, `client_assertion=` and the `client_assertion_type`,
    /// `oauth1_signature=` and the `oauth_signature_method`, where a plugin provides what nobody else does (1.1).
    pub name: Str,
    /// Lower runs first; 100 where nothing is said.
    pub priority: i32,
    /// `HOOK_*` bits.
    pub flags: u32,
}

/// One URL handler of a plugin.
#[repr(C)]
pub struct Route {
    /// Upper-case method, or `*`.
    pub method: Str,
    /// Path pattern: `/x/hello`, `/users/{id}`, `/files/{*rest}`.
    pub path: Str,
    /// `ROUTE_*` bits.
    pub flags: u32,
    /// Zero.
    pub reserved: u32,
}

/// A plugin's table. Static; lives as long as the process.
#[repr(C)]
pub struct Plugin {
    /// `size_of::<Plugin>()` in the plugin's build.
    pub size: usize,
    /// 1–64 bytes of `a-z A-Z 0-9 - _ .`.
    pub name: Str,
    /// Semantic version, ≤ 64 bytes.
    pub version: Str,
    /// `hooks_len` entries, at most 256.
    pub hooks: *const Hook,
    /// Number of hooks.
    pub hooks_len: usize,
    /// `routes_len` entries, at most 256.
    pub routes: *const Route,
    /// Number of routes.
    pub routes_len: usize,
    /// Makes an instance from the configuration ([`part::CONFIG`] of `cx`): [`CONTINUE`] and `*out`, or [`DENY`] after `host.deny`.
    pub create: unsafe extern "C" fn(this: *const Plugin, cx: *mut c_void, out: *mut *mut c_void) -> i32,
    /// Ends an instance. Called once, on any thread, when no call runs on it.
    pub destroy: unsafe extern "C" fn(instance: *mut c_void),
    /// Runs hook `index`. Many threads at once may be inside one instance.
    pub call_hook: unsafe extern "C" fn(instance: *mut c_void, index: u32, cx: *mut c_void) -> i32,
    /// Runs route `index`; the request is in `cx`. Returns [`RESPOND`], [`DENY`] or [`PANICKED`].
    pub call_route: unsafe extern "C" fn(instance: *mut c_void, index: u32, cx: *mut c_void) -> i32,
    /// The plugin's own.
    pub private: *const c_void,
}

/// What the entry function gives: all plugins of one image.
#[repr(C)]
pub struct Module {
    /// `size_of::<Module>()` in the library's build.
    pub size: usize,
    /// `plugins_len` pointers, at most 256.
    pub plugins: *const *const Plugin,
    /// Number of plugins.
    pub plugins_len: usize,
}

/// What the host offers. One copy per module, never freed; a plugin checks `size` before it uses a field that a later minor added.
///
/// `cx` is the call's context: valid on the calling thread until the call returns. `host` is this table.
#[repr(C)]
pub struct Host {
    /// `size_of::<Host>()` in the server's build.
    pub size: usize,
    /// [`ABI_MAJOR`] of the server.
    pub abi_major: u32,
    /// [`ABI_MINOR`] of the server.
    pub abi_minor: u32,
    /// Address of a static in the server's image; equal to the plugin's own when it is linked in.
    pub image_id: *const u8,
    /// The host's own: which module this copy belongs to.
    pub host_data: *const c_void,
    /// Writes a log event. Level 1 error … 5 trace; `fields` is a JSON object or empty. Any thread.
    pub log: unsafe extern "C" fn(host: *const Host, level: u32, target: Str, message: Str, fields: Str),
    /// Most verbose level that is written, 0 for none. Any thread.
    pub log_level: unsafe extern "C" fn(host: *const Host) -> u32,
    /// The host's clock in nanoseconds since the Unix epoch. Any thread.
    pub now_unix_ns: unsafe extern "C" fn(host: *const Host) -> i64,
    /// Fills `len` bytes from the host's CSPRNG. Any thread.
    pub random: unsafe extern "C" fn(host: *const Host, out: *mut u8, len: usize) -> i32,
    /// Reads a value of a [`part`]: [`OK`], [`OK_JSON`], or why not.
    pub get: unsafe extern "C" fn(cx: *mut c_void, part: u32, key: Str, out: *mut Str) -> i32,
    /// Reads the `index`-th name and value of a [`part`]; [`ABSENT`] past the end.
    pub list: unsafe extern "C" fn(cx: *mut c_void, part: u32, index: usize, name: *mut Str, value: *mut Str) -> i32,
    /// Sets a text value.
    pub set: unsafe extern "C" fn(cx: *mut c_void, part: u32, key: Str, text: Str) -> i32,
    /// Sets a JSON value; `json` is one JSON text.
    pub set_json: unsafe extern "C" fn(cx: *mut c_void, part: u32, key: Str, json: Str) -> i32,
    /// Removes a value; [`ABSENT`] if there was none.
    pub remove: unsafe extern "C" fn(cx: *mut c_void, part: u32, key: Str) -> i32,
    /// Sets the status of the response, 200–599.
    pub respond_status: unsafe extern "C" fn(cx: *mut c_void, status: u32) -> i32,
    /// Adds a header to the response.
    pub respond_header: unsafe extern "C" fn(cx: *mut c_void, name: Str, value: Str) -> i32,
    /// Appends to the body of the response, ≤ 1 MiB in all.
    pub respond_body: unsafe extern "C" fn(cx: *mut c_void, bytes: Str) -> i32,
    /// Appends an HTML body wrapped in the theme: `title` is text, `html` is trusted markup.
    pub respond_page: unsafe extern "C" fn(cx: *mut c_void, title: Str, html: Str) -> i32,
    /// Says how the call is denied: an OAuth error code and a description. `public != 0` sends the description, else it is logged only.
    pub deny: unsafe extern "C" fn(cx: *mut c_void, code: Str, description: Str, public: u32) -> i32,
    /// 1 when the deadline has passed or the request is gone, else 0.
    pub is_cancelled: unsafe extern "C" fn(cx: *mut c_void) -> i32,
    /// Fires a custom hook; `out` becomes the payload as the chain left it. [`DENIED`] when a plugin denied, [`FAILED`] when one
    /// broke; [`WOULD_BLOCK`] when the call is inline and the hook of the plugin `fired_plugin` is not.
    pub fire: unsafe extern "C" fn(cx: *mut c_void, name: Str, json: Str, out: *mut Str) -> i32,
    /// Blocking. Reads from the plugin's own namespace.
    pub store_get: unsafe extern "C" fn(cx: *mut c_void, key: Str, out: *mut Str) -> i32,
    /// Blocking. Writes into the plugin's own namespace; `ttl` in seconds, 0 for one year.
    pub store_put: unsafe extern "C" fn(cx: *mut c_void, key: Str, value: Str, ttl: u64) -> i32,
    /// Blocking. Writes only if the value is still `old` (empty: only if there is none); else [`CONFLICT`].
    pub store_cas: unsafe extern "C" fn(cx: *mut c_void, key: Str, old: Str, value: Str, ttl: u64) -> i32,
    /// Blocking. Deletes.
    pub store_delete: unsafe extern "C" fn(cx: *mut c_void, key: Str) -> i32,
    /// Blocking. Takes `key` for `ttl` seconds (0: one year), in a namespace of the plugin's own: [`OK`] for one caller ever, among all
    /// nodes of the server; [`CONFLICT`] for everybody after. Since 1.1.
    pub once: unsafe extern "C" fn(cx: *mut c_void, key: Str, ttl: u64) -> i32,
    /// Blocking, in URL handlers alone. Registers a client of OAuth 1.0a: `json` has `name`, `callbacks`, `scope`, `signature_methods`;
    /// `out` becomes a JSON object of `key` and `secret`. Needs the capability `register_clients`. Since 1.1.
    pub register_client: unsafe extern "C" fn(cx: *mut c_void, json: Str, out: *mut Str) -> i32,
}

/// `size_of::<Host>()` in version 1.0: less is no table of this major.
pub const HOST_SIZE_1_0: usize = std::mem::offset_of!(Host, once);

/// The exported entry: hands the host's table in, the image's plugins out. Null when it failed.
pub type EntryFn = unsafe extern "C" fn(host: *const Host) -> *const Module;
