//! Reads the forms of a page, just as far as a user needs them to sign in and allow.

use keyhook_core::secret::Secret;

/// Who fills forms in.
pub(super) struct Person {
    pub(super) name: String,
    pub(super) password: Option<Secret<String>>,
}

/// A form.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Form {
    /// Where it goes, as the page says.
    pub(super) action: String,
    fields: Vec<Field>,
}

#[derive(Debug, PartialEq, Eq)]
struct Field {
    is_button: bool,
    kind: String,
    name: String,
    value: String,
}

/// The title of a page.
pub(super) fn title(page: &str) -> Option<String> {
    let text = page.split_once("<title>")?.1.split_once("</title>")?.0;
    Some(unescape(text).chars().filter(|character| !character.is_control()).collect())
}

/// The operator's code on an error page of the server's.
pub(super) fn code(page: &str) -> Option<String> {
    let code = page.split_once("<dt>Code</dt><dd><code>")?.1.split_once("</code>")?.0;
    (code.starts_with("KH") && code.chars().all(|character| character.is_ascii_alphanumeric())).then(|| code.to_owned())
}

/// The first form that is sent to the server.
pub(super) fn form(page: &str) -> Option<Form> {
    let part =
        page.split("<form").skip(1).find(|part| part.split('>').next().is_some_and(|head| head.to_ascii_lowercase().contains("post")))?;
    let part = part.split("</form>").next()?;
    let action = attribute(part.split('>').next()?, "action")?;
    let fields = part.split('<').filter_map(|tag| {
        let is_button = tag.starts_with("button");
        if !is_button && !tag.starts_with("input") {
            return None;
        }
        let tag = tag.split('>').next()?;
        let text = |name| attribute(tag, name).unwrap_or_default();
        Some(Field { is_button: is_button || text("type") == "submit", kind: text("type"), name: text("name"), value: text("value") })
    });
    Some(Form { action, fields: fields.collect() })
}

impl Form {
    /// Whether it asks for a password.
    pub(super) fn asks_for_password(&self) -> bool {
        self.fields.iter().any(|field| field.kind == "password")
    }

    /// As a user fills it in: name, password, and the button that goes on.
    pub(super) fn filled(&self, person: &Person) -> Vec<(String, String)> {
        let fields = self.fields.iter().filter(|field| !field.is_button && !field.name.is_empty());
        let mut all: Vec<(String, String)> = fields.map(|field| fill(field, person)).collect();
        let buttons = self.fields.iter().filter(|field| field.is_button);
        let goes_on = |field: &&Field| !["deny", "cancel", "no"].iter().any(|word| field.name.contains(word) || field.value.contains(word));
        if let Some(button) = buttons.clone().find(goes_on).filter(|button| !button.name.is_empty()) {
            all.push((button.name.clone(), button.value.clone()));
        }
        all
    }
}

fn fill(field: &Field, person: &Person) -> (String, String) {
    let value = match field.kind.as_str() {
        "password" => person.password.as_ref().map_or("", |password| password.expose()),
        "text" | "email" | "" if field.value.is_empty() => &person.name,
        _ => &field.value,
    };
    (field.name.clone(), value.to_owned())
}

fn attribute(tag: &str, name: &str) -> Option<String> {
    let start = tag.find(&format!(" {name}=\""))? + name.len() + 3;
    tag.get(start..)?.split('"').next().map(unescape)
}

fn unescape(text: &str) -> String {
    let named = text.replace("&lt;", "<").replace("&gt;", ">").replace("&quot;", "\"").replace("&#34;", "\"").replace("&#39;", "'");
    named.replace("&#60;", "<").replace("&#62;", ">").replace("&#38;", "&").replace("&amp;", "&")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn filled(page: &str) -> String {
        let person = Person { name: "demo".to_owned(), password: Some(Secret::new("correct-horse".to_owned())) };
        let pairs = form(page).unwrap().filled(&person);
        pairs.iter().map(|(name, value)| format!("{name}={value}")).collect::<Vec<_>>().join(" ")
    }

    #[test]
    fn the_demo_user_signs_in() {
        let page = r#"<title>Sign in</title><form method="post" action="/login"><input type="hidden" name="csrf_token" value="a&#38;b">
            <input id="username" name="username" type="text" value=""><input type="password" name="password">
            <button type="submit" class="primary">Sign in</button><button type="submit" name="cancel" value="1">Cancel</button></form>"#;
        assert_eq!(title(page).as_deref(), Some("Sign in"));
        assert_eq!(form(page).unwrap().action, "/login");
        assert_eq!(filled(page), "csrf_token=a&b username=demo password=correct-horse");
    }

    #[test]
    fn the_demo_user_allows_and_never_presses_deny() {
        let page = r#"<form method="post" action="/consent"><button name="decision" value="deny">Deny</button>
            <button name="decision" value="allow">Allow</button></form>"#;
        assert_eq!(filled(page), "decision=allow");
    }

    #[test]
    fn an_error_page_of_the_servers_is_known_by_its_code() {
        assert_eq!(code("<dl><dt>Code</dt><dd><code>KH0273</code></dd></dl>").as_deref(), Some("KH0273"));
        assert_eq!(code("<dl><dt>Code</dt><dd><code>x;y</code></dd></dl>"), None);
        assert_eq!(code("<h1>Sign in</h1>"), None);
    }

    #[test]
    fn a_page_without_a_form_is_the_end() {
        assert_eq!(form("<p>no</p>"), None);
        assert_eq!(form(r#"<form method="get" action="/search"></form>"#), None);
    }
}
