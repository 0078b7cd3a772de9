//! What an attribute needs to know of the function below it.

use proc_macro::{Delimiter, Span, TokenStream, TokenTree};

use crate::emit::Wrong;

/// A plain function of one argument.
pub(crate) struct Function {
    pub(crate) name: String,
    /// Where the argument is written: a wrong context type is shown there.
    pub(crate) argument: Span,
}

/// Reads `item`, refusing what cannot be called by the server.
pub(crate) fn read(item: &TokenStream, attribute: &str) -> Result<Function, Wrong> {
    let mut tokens = item.clone().into_iter().peekable();
    while let Some(token) = tokens.next() {
        let TokenTree::Ident(word) = &token else { continue };
        match word.to_string().as_str() {
            "async" => {
                return Err(Wrong::at(
                    token.span(),
                    format!("`#[{attribute}]` takes no `async fn`: hooks run on a thread of their own and may block"),
                ));
            }
            "unsafe" | "extern" => {
                return Err(Wrong::at(token.span(), format!("`#[{attribute}]` takes a safe Rust function")));
            }
            "fn" => return signature(&mut tokens, attribute, token.span()),
            _ => {}
        }
    }
    Err(Wrong::at(Span::call_site(), format!("`#[{attribute}]` stands before a function")))
}

fn signature(tokens: &mut std::iter::Peekable<proc_macro::token_stream::IntoIter>, attribute: &str, at: Span) -> Result<Function, Wrong> {
    let name = match tokens.next() {
        Some(TokenTree::Ident(name)) => name.to_string(),
        _ => return Err(Wrong::at(at, "expected the function's name")),
    };
    match tokens.next() {
        Some(TokenTree::Group(group)) if group.delimiter() == Delimiter::Parenthesis => {
            let argument = argument(&group, attribute)?;
            Ok(Function { name, argument })
        }
        _ => Err(Wrong::at(at, format!("`#[{attribute}]` takes no generic function"))),
    }
}

/// The span of the one argument's type.
fn argument(group: &proc_macro::Group, attribute: &str) -> Result<Span, Wrong> {
    let mut depth = 0_i32;
    let mut commas = 0;
    let mut last = None;
    for token in group.stream() {
        if let TokenTree::Punct(punct) = &token {
            match punct.as_char() {
                '<' => depth += 1,
                '>' => depth -= 1,
                ',' if depth == 0 => {
                    commas += 1;
                    continue;
                }
                _ => {}
            }
        }
        if commas > 0 {
            commas = 2;
            break;
        }
        last = Some(token.span());
    }
    match last {
        Some(span) if commas < 2 => Ok(span),
        _ => Err(Wrong::at(group.span(), format!("a function under `#[{attribute}]` takes one argument, its context"))),
    }
}
