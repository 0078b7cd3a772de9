//! `#[handler(…)]`.

use proc_macro::{Span, TokenStream};

use crate::arguments::{self, Argument, Kind};
use crate::emit::{Wrong, spanned};
use crate::function;
use crate::nearest::nearest;

const METHODS: [&str; 8] = ["GET", "POST", "PUT", "PATCH", "DELETE", "HEAD", "OPTIONS", "ANY"];

/// The registration of the function in `item`.
pub(crate) fn expand(arguments: TokenStream, item: &TokenStream) -> Result<TokenStream, Wrong> {
    let mut arguments = arguments::read(arguments)?.into_iter();
    let method = method(arguments.next())?;
    let path = path(arguments.next())?;
    let mut is_inline = false;
    for argument in arguments {
        match argument.kind {
            Kind::Word(word) if word == "inline" => is_inline = true,
            _ => return Err(Wrong::at(argument.span, "after the path comes at most `inline`")),
        }
    }
    let function = function::read(item, "handler")?;
    let source = format!(
        "const _: () = {{
            fn __keyhook_call(cx: &mut ::keyhook_plugin::RequestCx) -> ::keyhook_plugin::Outcome {{ {function}(cx) }}
            ::keyhook_plugin::inventory::submit! {{
                ::keyhook_plugin::registry::RouteRegistration {{
                    module: ::core::module_path!(),
                    package: ::core::env!(\"CARGO_PKG_NAME\"),
                    version: ::core::env!(\"CARGO_PKG_VERSION\"),
                    method: {method:?},
                    path: {path:?},
                    flags: {flags},
                    call: __keyhook_call,
                }}
            }}
        }};",
        function = function.name,
        flags = if is_inline { "::keyhook_plugin::abi::ROUTE_INLINE" } else { "0" },
    );
    Ok(spanned(&source, function.argument))
}

/// The method as registered: `ANY` is `*`.
fn method(argument: Option<Argument>) -> Result<String, Wrong> {
    let Some(argument) = argument else {
        return Err(Wrong::at(Span::call_site(), "which URL? write `#[handler(GET, \"/path\")]`"));
    };
    match argument.kind {
        Kind::Word(word) if word == "ANY" => Ok("*".to_owned()),
        Kind::Word(word) if METHODS.contains(&word.as_str()) => Ok(word),
        Kind::Word(word) => {
            let suggestion = nearest(&word, METHODS).map(|method| format!("; did you mean `{method}`?")).unwrap_or_default();
            let text = format!("there is no method `{word}`{suggestion}\nthere are {}", METHODS.join(", "));
            Err(Wrong::at(argument.span, text))
        }
        _ => Err(Wrong::at(argument.span, format!("the method comes first: {}", METHODS.join(", ")))),
    }
}

fn path(argument: Option<Argument>) -> Result<String, Wrong> {
    match argument {
        Some(Argument { kind: Kind::Text(path), .. }) if path.starts_with('/') => Ok(path),
        Some(argument) => Err(Wrong::at(argument.span, "after the method comes the path in quotes, and it begins with `/`")),
        None => Err(Wrong::at(Span::call_site(), "after the method comes the path: `#[handler(GET, \"/path\")]`")),
    }
}
