//! Explanations for whoever has to mend a refused request: what came, what was expected, the one command.

use keyhook_core::authorize::Refusal;
use keyhook_core::claim::ClaimError;
use keyhook_core::client::Client;
use keyhook_core::form::Form;
use keyhook_core::mask::masked;
use keyhook_core::redirect::RedirectUri;
use keyhook_core::text::misleads;

/// Longest value that is repeated in an explanation.
const LONGEST: usize = 200;

/// Adds to the refusal of a redirect URI what a developer needs to mend it. For the log, and for the page of `keyhook dev`.
pub(crate) fn refusal(refusal: Refusal, form: &Form, client: Option<&Client>) -> Refusal {
    let (Refusal::Page(error), Some(client), Some(sent)) = (refusal.clone(), client, form.first("redirect_uri")) else { return refusal };
    if error.kh != keyhook_core::kh::REDIRECT_NOT_REGISTERED {
        return refusal;
    }
    Refusal::Page(error.with_cause(redirect_uri(client, sent)))
}

/// Why `sent` is not a redirect URI of `client`.
fn redirect_uri(client: &Client, sent: &str) -> String {
    let sent = shown(&masked(sent));
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
    let fix = if RedirectUri::parse(&sent).is_ok() {
        format!("keyhook client update {} --add-redirect-uri {}", in_shell(&client.id), in_shell(&sent))
    } else {
        "what was sent cannot be registered; correct it in the application".to_owned()
    };
    format!(
        "redirect_uri is not registered for client `{id}`\n  sent        {sent}\n  registered  {line}\n              {mark}\n  \
         fix         {fix}",
        id = client.id
    )
}

/// One word of a shell's command: people paste what is proposed to them, and strangers choose what is in it.
fn in_shell(word: &str) -> String {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-._/:@%+,".contains(&byte);
    if word.bytes().all(plain) { word.to_owned() } else { format!("'{}'", word.replace('\'', r"'\''")) }
}

/// A value from outside in a form that can be logged and shown: no control or direction characters, not endless.
pub(crate) fn shown(value: &str) -> String {
    value.chars().filter(|character| !misleads(*character)).take(LONGEST).collect()
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test may fail by panicking")]
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

    #[test]
    fn the_command_can_be_pasted_into_a_shell_whatever_a_stranger_sent() {
        let client = Client::public("shop", "Shop");
        for sent in ["https://evil.test/`reboot`", "javascript:alert(1)", "https://evil.test/|reboot"] {
            assert!(!redirect_uri(&client, sent).contains("keyhook"), "what cannot be registered is not proposed: {sent}");
        }
        let text = redirect_uri(&client, "https://evil.test/?a=$(reboot)&b=;id;'$(id)'");
        let quoted = r"--add-redirect-uri 'https://evil.test/?a=$(reboot)&b=;id;'\''$(id)'\'''";
        assert!(text.ends_with(quoted), "{text}");
    }

    #[test]
    fn what_is_shown_cannot_turn_the_text_around_it() {
        assert_eq!(shown("a\u{202e}b\u{2066}c\u{200b}d\u{feff}e\u{1b}\u{9b}f"), "abcdef");
    }
}
