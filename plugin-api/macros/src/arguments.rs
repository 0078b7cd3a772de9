//! The comma-separated arguments of an attribute: `word`, `"text"`, `name = value`.

use proc_macro::{Delimiter, Span, TokenStream, TokenTree};

use crate::emit::Wrong;

/// One argument.
pub(crate) struct Argument {
    pub(crate) span: Span,
    pub(crate) kind: Kind,
}

pub(crate) enum Kind {
    /// `inline`
    Word(String),
    /// `"/path"`, without its quotes.
    Text(String),
    /// `priority = -5`, `custom = "a.b"`
    Set(String, Setting),
}

pub(crate) enum Setting {
    Text(String),
    Number(String),
}

/// Splits at the commas and reads each argument.
pub(crate) fn read(arguments: TokenStream) -> Result<Vec<Argument>, Wrong> {
    let mut groups: Vec<Vec<TokenTree>> = vec![Vec::new()];
    for token in arguments {
        match (&token, groups.last_mut()) {
            (TokenTree::Punct(punct), _) if punct.as_char() == ',' => groups.push(Vec::new()),
            (_, Some(group)) => group.push(token),
            (_, None) => {}
        }
    }
    groups.into_iter().filter(|group| !group.is_empty()).map(|group| argument(&group)).collect()
}

fn argument(tokens: &[TokenTree]) -> Result<Argument, Wrong> {
    let span = tokens[0].span();
    let kind = match tokens {
        [TokenTree::Ident(word)] => Kind::Word(word.to_string()),
        [literal] => Kind::Text(text(literal).ok_or_else(|| unclear(span))?),
        [TokenTree::Ident(name), TokenTree::Punct(equals), value @ ..] if equals.as_char() == '=' => {
            Kind::Set(name.to_string(), setting(value).ok_or_else(|| unclear(span))?)
        }
        _ => return Err(unclear(span)),
    };
    Ok(Argument { span, kind })
}

fn unclear(span: Span) -> Wrong {
    Wrong::at(span, "expected a word, a text in quotes, or `name = value`")
}

fn setting(value: &[TokenTree]) -> Option<Setting> {
    match value {
        [value] => Some(match text(value) {
            Some(text) => Setting::Text(text),
            None => Setting::Number(value.to_string()),
        }),
        [TokenTree::Punct(minus), value] if minus.as_char() == '-' => Some(Setting::Number(format!("-{value}"))),
        _ => None,
    }
}

/// The text of a plain string literal. Escapes are not needed in hook names and paths and therefore refused.
fn text(token: &TokenTree) -> Option<String> {
    match token {
        TokenTree::Literal(literal) => {
            let source = literal.to_string();
            let inner = source.strip_prefix('"')?.strip_suffix('"')?;
            (!inner.contains('\\')).then(|| inner.to_owned())
        }
        // A literal that came through a `macro_rules!` argument is wrapped once.
        TokenTree::Group(group) if group.delimiter() == Delimiter::None => {
            let mut inner = group.stream().into_iter();
            match (inner.next(), inner.next()) {
                (Some(token), None) => text(&token),
                _ => None,
            }
        }
        _ => None,
    }
}
