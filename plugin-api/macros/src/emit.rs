//! Turns a registration, or what is wrong with it, into tokens beside the untouched function.

use proc_macro::{Span, TokenStream, TokenTree};

/// What is wrong, and where.
pub(crate) struct Wrong {
    pub(crate) span: Span,
    pub(crate) text: String,
}

impl Wrong {
    pub(crate) fn at(span: Span, text: impl Into<String>) -> Self {
        Self { span, text: text.into() }
    }
}

/// The function as written, then the registration or the error: a wrong attribute must not make the function itself unknown.
pub(crate) fn beside(item: TokenStream, registration: Result<TokenStream, Wrong>) -> TokenStream {
    let mut out = item;
    out.extend(registration.unwrap_or_else(|wrong| spanned(&format!("::core::compile_error!({:?});", wrong.text), wrong.span)));
    out
}

/// Parses `source`; every token points at `span`, so that a type error is shown where the author can mend it.
pub(crate) fn spanned(source: &str, span: Span) -> TokenStream {
    match source.parse::<TokenStream>() {
        Ok(tokens) => respan(tokens, Span::call_site().located_at(span)),
        // Only a mistake in this crate gets here; rustc reports it at the attribute.
        Err(_) => TokenStream::new(),
    }
}

fn respan(tokens: TokenStream, span: Span) -> TokenStream {
    tokens
        .into_iter()
        .map(|token| {
            let mut token = match token {
                TokenTree::Group(group) => {
                    let inner = respan(group.stream(), span);
                    TokenTree::Group(proc_macro::Group::new(group.delimiter(), inner))
                }
                other => other,
            };
            token.set_span(span);
            token
        })
        .collect()
}
