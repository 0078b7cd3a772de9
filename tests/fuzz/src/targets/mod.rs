//! The targets, one file each. A new one needs a line here, its file in `fuzz_targets/`, a `[[bin]]` and a kept input.

/// A target: panics if something does not hold of the input.
pub type Target = fn(&[u8]);

macro_rules! targets {
    ($name:ident: [$($small:ident),* $(,)?], [$($whole:ident),* $(,)?]) => {
        $(pub mod $small;)*
        $(#[cfg(feature = "server")] pub mod $whole;)*

        /// Every target by its name.
        pub const $name: &[(&str, Target)] = &[
            $((stringify!($small), $small::check),)*
            $(#[cfg(feature = "server")] (stringify!($whole), $whole::check),)*
        ];

        /// The targets that need the whole server.
        pub const WHOLE: &[&str] = &[$(stringify!($whole)),*];
    };
}

targets! {
    ALL: [
        authorization_header,
        authorization_request,
        content_type,
        cookie,
        elf,
        form,
        guard,
        issuer,
        oauth1,
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
    ], [
        admin_socket,
        configuration,
        http,
        master_key,
    ]
}
