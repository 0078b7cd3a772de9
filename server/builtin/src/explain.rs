//! Explanations for whoever has to mend a refused request: what came, what was expected, the one command.

use keyhook_core::claim::ClaimError;
use keyhook_core::client::Client;

/// Longest value that is repeated in an explanation.
const LONGEST: usize = 200;

/// Why `sent` is not a redirect URI of `client`.
pub(crate) fn redirect_uri(client: &Client, sent: &str) -> String {
    let sent = shown(sent);
    let (registered, differs) = match client.claim(Some(&sent)) {
        Err(ClaimError::NotRegistered { nearest, differs }) => (nearest, differs),
        Err(ClaimError::Missing { .. }) | Ok(_) => (None, "it was cut or holds characters that are not shown"),
    };
    let (line, mark) = match registered {
        Some(registered) => {
            let same = registered.chars().zip(sent.chars()).take_while(|(left, right)| left == right).count();
            (registered, format!("{}^ differs: {differs}", " ".repeat(same)))
        }
        None => ("none".to_owned(), differs.to_owned()),
    };
    format!(
        "redirect_uri is not registered for client `{id}`\n  sent        {sent}\n  registered  {line}\n              {mark}\n  \
         fix         keyhook client update {id} --add-redirect-uri {sent}",
        id = client.id
    )
}

/// A value from outside in a form that can be logged and shown: no control characters, not endless.
pub(crate) fn shown(value: &str) -> String {
    value.chars().filter(|character| !character.is_control()).take(LONGEST).collect()
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test may fail by panicking")]
    use keyhook_core::redirect::RedirectUri;

    use super::*;

    #[test]
    fn the_difference_is_marked_where_it_begins() {
        let mut client = Client::public("shop", "Shop");
        client.redirect_uris = vec![RedirectUri::parse("https://shop.example/cb").unwrap()];
        let text = redirect_uri(&client, "https://shop.example/cb/");
        assert_eq!(
            text,
            "redirect_uri is not registered for client `shop`\n  sent        https://shop.example/cb/\n  registered  https://shop.example/cb\n\
             \x20                                    ^ differs: trailing slash\n  \
             fix         keyhook client update shop --add-redirect-uri https://shop.example/cb/"
        );
        assert!(redirect_uri(&client, "https://evil.test/\n\u{1b}[31m").contains("https://evil.test/[31m\n"));
    }
}
