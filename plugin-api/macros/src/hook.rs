//! `#[hook(…)]`.

use proc_macro::{Span, TokenStream};

use crate::arguments::{self, Argument, Kind, Setting};
use crate::emit::{Wrong, spanned};
use crate::function;
use crate::hook_names::{CUSTOM_HOOK, HOOK_POINTS, HookPoint};
use crate::nearest::nearest;

/// What the attribute says.
struct Hook {
    /// The name as registered; for a custom hook the author's own, for one that provides with what it provides.
    name: String,
    point: HookPoint,
    inline: bool,
    observer: bool,
    optional: bool,
    priority: i32,
}

/// The registration of the function in `item`.
pub(crate) fn expand(arguments: TokenStream, item: &TokenStream) -> Result<TokenStream, Wrong> {
    let hook = read(arguments::read(arguments)?)?;
    let function = function::read(item, "hook")?;
    let source = format!(
        "const _: () = {{
            fn __keyhook_call(cx: &mut ::keyhook_plugin::{context}) -> {returns} {{ {function}(cx) }}
            ::keyhook_plugin::inventory::submit! {{
                ::keyhook_plugin::registry::HookRegistration {{
                    module: ::core::module_path!(),
                    package: ::core::env!(\"CARGO_PKG_NAME\"),
                    version: ::core::env!(\"CARGO_PKG_VERSION\"),
                    function: {function:?},
                    name: {name:?},
                    priority: {priority},
                    flags: {flags},
                    call: ::keyhook_plugin::registry::HookFn::{variant}(__keyhook_call),
                }}
            }}
        }};",
        context = hook.point.context,
        variant = hook.point.variant,
        returns = hook.point.returns,
        function = function.name,
        name = hook.name,
        priority = hook.priority,
        flags = flags(&hook),
    );
    Ok(spanned(&source, function.argument))
}

/// The bits as an expression.
fn flags(hook: &Hook) -> String {
    let bits = [
        (hook.inline, "HOOK_INLINE"),
        (hook.observer, "HOOK_OBSERVER"),
        (hook.optional, "HOOK_OPTIONAL"),
        (hook.point == CUSTOM_HOOK, "HOOK_CUSTOM"),
    ];
    bits.iter().filter(|(set, _)| *set).fold("0".to_owned(), |flags, (_, bit)| format!("{flags} | ::keyhook_plugin::abi::{bit}"))
}

fn read(arguments: Vec<Argument>) -> Result<Hook, Wrong> {
    let mut arguments = arguments.into_iter();
    let Some(first) = arguments.next() else {
        let text = format!("which hook? there are {}", known());
        return Err(Wrong::at(Span::call_site(), text));
    };
    let (name, point) = point(first)?;
    let mut hook = Hook { name, point, inline: false, observer: false, optional: false, priority: 100 };
    for argument in arguments {
        match argument.kind {
            Kind::Word(word) if word == "inline" => hook.inline = true,
            Kind::Word(word) if word == "observer" && hook.point.provides.is_none() => hook.observer = true,
            Kind::Word(word) if word == "observer" => {
                return Err(Wrong::at(argument.span, "this hook decides alone, there is nothing to observe"));
            }
            Kind::Word(word) if word == "optional" => hook.optional = true,
            Kind::Set(name, Setting::Number(number)) if name == "priority" => {
                hook.priority = number.parse().map_err(|_| Wrong::at(argument.span, "`priority` is a whole number"))?;
            }
            _ => {
                return Err(Wrong::at(argument.span, "after the hook's name come `inline`, `observer`, `optional`, `priority = 50`"));
            }
        }
    }
    Ok(hook)
}

fn point(argument: Argument) -> Result<(String, HookPoint), Wrong> {
    match argument.kind {
        Kind::Word(name) => match HOOK_POINTS.iter().find(|point| point.name == name) {
            Some(point @ HookPoint { provides: Some(what), .. }) => Err(Wrong::at(argument.span, unnamed(point, what))),
            Some(point) => Ok((name, *point)),
            None => Err(Wrong::at(argument.span, unknown(&name))),
        },
        Kind::Set(word, Setting::Text(name)) if word == CUSTOM_HOOK.name && is_custom_name(&name) => Ok((name, CUSTOM_HOOK)),
        Kind::Set(word, _) if word == CUSTOM_HOOK.name => Err(Wrong::at(
            argument.span,
            "a custom hook is named like `custom = \"acme.signed_in\"`: at most 64 bytes of a-z A-Z 0-9 - _ . with a dot",
        )),
        Kind::Set(name, setting) => match HOOK_POINTS.iter().find(|point| point.name == name) {
            Some(point @ HookPoint { provides: Some(what), .. }) => match setting {
                Setting::Text(value) if point.takes(&value) => Ok((format!("{name}={value}"), *point)),
                _ => Err(Wrong::at(argument.span, unnamed(point, what))),
            },
            Some(_) => Err(Wrong::at(argument.span, format!("`{name}` takes no value: `#[hook({name})]`"))),
            None => Err(Wrong::at(argument.span, unknown(&name))),
        },
        Kind::Text(_) => Err(Wrong::at(argument.span, format!("the hook's name comes first: {}", known()))),
    }
}

fn unnamed(point: &HookPoint, what: &str) -> String {
    let name = point.name;
    if name == "oauth1_signature" {
        return format!("which `{what}`? {}, as clients send it (RFC 5849 §3.4): `#[hook({name} = \"HMAC-SHA384\")]`", point.wanted());
    }
    let kind = what.replace('_', "-");
    format!(
        "which `{what}`? an absolute URI of your own (RFC 6749 §4.5, RFC 7521 §4.2), of at most 200 characters: \
         `#[hook({name} = \"urn:example:params:oauth:{kind}:mine\")]`"
    )
}

/// With a dot, so that it never meets a hook point that the server learns later.
fn is_custom_name(name: &str) -> bool {
    name.len() <= 64 && name.contains('.') && name.bytes().all(|b| b.is_ascii_alphanumeric() || b"-_.".contains(&b))
}

fn unknown(name: &str) -> String {
    let suggestion =
        nearest(name, HOOK_POINTS.iter().map(|point| point.name)).map(|name| format!("; did you mean `{name}`?")).unwrap_or_default();
    format!("there is no hook `{name}`{suggestion}\nthere are {}", known())
}

fn known() -> String {
    let mut names: Vec<_> = HOOK_POINTS.iter().map(|point| format!("`{}`", point.name)).collect();
    names.push("`custom = \"…\"`".to_owned());
    names.join(", ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_misspelt_hook_is_told_the_nearest_and_all() {
        let text = unknown("access_token_respons");
        assert!(text.contains("did you mean `access_token_response`?"), "{text}");
        for point in HOOK_POINTS {
            assert!(text.contains(point.name), "{text}");
        }
    }

    #[test]
    fn who_names_no_signature_method_is_told_how_one_looks() {
        let point = HOOK_POINTS.iter().find(|point| point.name == "oauth1_signature").copied();
        let text = point.map(|point| unnamed(&point, point.provides.unwrap_or_default())).unwrap_or_default();
        assert!(text.contains("`oauth_signature_method`") && text.contains("#[hook(oauth1_signature = \"HMAC-SHA384\")]"), "{text}");
        assert!(point.is_some_and(|point| point.takes("HMAC-SHA384") && !point.takes("") && !point.takes("a b") && !point.takes("a=b")));
    }

    #[test]
    fn a_custom_hook_has_a_dot() {
        assert!(is_custom_name("acme.signed_in"));
        assert!(!is_custom_name("signed_in"));
        assert!(!is_custom_name("acme.signed in"));
    }
}
