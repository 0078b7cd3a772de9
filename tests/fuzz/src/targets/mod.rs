//! The targets, one file each. A new one needs a line here, its file in `fuzz_targets/`, a `[[bin]]` and a kept input.

/// A target: panics if something does not hold of the input.
pub type Target = fn(&[u8]);

macro_rules! targets {
    ($($name:ident),* $(,)?) => {
        $(pub mod $name;)*

        /// Every target by its name, in the order of the alphabet.
        pub const ALL: &[(&str, Target)] = &[$((stringify!($name), $name::check)),*];
    };
}

targets! {
    admin_socket,
    authorization_header,
    authorization_request,
    configuration,
    content_type,
    cookie,
    elf,
    form,
    http,
    issuer,
    master_key,
    pkce,
    plugin_calls,
    plugin_json,
    plugin_tables,
    plugins_lock,
    redirect_uri,
    request_head,
    route,
    scope,
    seal,
    token,
}
