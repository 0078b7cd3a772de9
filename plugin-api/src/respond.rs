//! Responses that a handler or an authorization hook gives.

use crate::abi;
use crate::outcome::{Decision, Outcome, Verdict};
use crate::refused::Refused;

/// Answers the request. The short forms answer 200; [`Respond::status`] and [`Respond::header`] begin a longer one.
///
/// ```
/// use keyhook_plugin::prelude::*;
///
/// #[handler(POST, "/notes", inline)]
/// fn add(_: &RequestCx) -> Outcome {
///     Respond::status(201).header("location", "/notes/1")?.text("kept")
/// }
/// # fn main() {}
/// ```
#[derive(Debug)]
pub struct Respond;

impl Respond {
    /// `text/plain; charset=utf-8`.
    ///
    /// # Errors
    /// None here: the server checks the response when the call returns.
    pub fn text(body: impl Into<String>) -> Outcome {
        Self::status(200).text(body)
    }

    /// `text/html; charset=utf-8`: a whole document of your own. To keep the server's look, see [`Respond::page`].
    ///
    /// # Errors
    /// As [`Respond::text`].
    pub fn html(document: impl Into<String>) -> Outcome {
        Self::status(200).html(document)
    }

    /// `application/json`; `body` is one JSON text.
    ///
    /// # Errors
    /// As [`Respond::text`].
    pub fn json(body: impl Into<String>) -> Outcome {
        Self::status(200).json(body)
    }

    /// A page in the server's theme: `title` is text, `html` is markup that you vouch for
    /// (see [`escape`](crate::html::escape)).
    ///
    /// # Errors
    /// As [`Respond::text`].
    pub fn page(title: impl Into<String>, html: impl Into<String>) -> Outcome {
        Self::status(200).page(title, html)
    }

    /// 303 See Other (RFC 9110 §15.4.4), so that a form's content is not sent on.
    ///
    /// # Errors
    /// A `Location` with a control character denies with `server_error`.
    pub fn redirect(location: &str) -> Outcome {
        Self::status(303).header("location", location)?.empty()
    }

    /// Sends the browser to a login page elsewhere. Its origin has to stand in the plugin's `login_origins`; the visitor comes
    /// back by `/authorize/resume?interaction=…`.
    ///
    /// # Errors
    /// As [`Respond::redirect`].
    pub fn login_at(url: &str) -> Outcome {
        Self::redirect(url)
    }

    /// 204 No Content.
    ///
    /// # Errors
    /// As [`Respond::text`].
    pub fn empty() -> Outcome {
        Self::status(204).empty()
    }

    /// Begins a response with `status`, 200–599.
    pub fn status(status: u16) -> ResponseBuilder {
        ResponseBuilder(Response { status, headers: Vec::new(), body: Body::Bytes(Vec::new()) })
    }

    /// Begins a 200 response with a header.
    ///
    /// # Errors
    /// A name that is no token or a value with a control character (RFC 9110 §5.5).
    pub fn header(name: &str, value: &str) -> Result<ResponseBuilder, Refused> {
        Self::status(200).header(name, value)
    }
}

/// A response that lacks its body.
#[derive(Debug)]
#[must_use = "a response is given by `text`, `html`, `json`, `page`, `bytes` or `empty`"]
pub struct ResponseBuilder(Response);

#[derive(Debug)]
pub(crate) struct Response {
    pub(crate) status: u16,
    pub(crate) headers: Vec<(String, String)>,
    pub(crate) body: Body,
}

#[derive(Debug)]
pub(crate) enum Body {
    Bytes(Vec<u8>),
    Page { title: String, html: String },
}

impl ResponseBuilder {
    /// Adds a header. `Set-Cookie` is accepted only for cookies named `<plugin>-…`.
    ///
    /// # Errors
    /// A name that is no token or a value with a control character (RFC 9110 §5.5).
    pub fn header(mut self, name: &str, value: &str) -> Result<Self, Refused> {
        if !is_token(name) || value.chars().any(|c| c.is_control() && c != '\t') {
            let wish = format!("send the header `{}`", name.escape_debug());
            return Err(Refused::new(abi::BAD_ARGUMENT, wish));
        }
        self.0.headers.push((name.to_owned(), value.to_owned()));
        Ok(self)
    }

    /// Ends the response with `text/plain; charset=utf-8`.
    ///
    /// # Errors
    /// As [`Respond::text`].
    pub fn text(self, body: impl Into<String>) -> Outcome {
        self.typed("text/plain; charset=utf-8", body.into().into_bytes())
    }

    /// Ends the response with `text/html; charset=utf-8`.
    ///
    /// # Errors
    /// As [`Respond::text`].
    pub fn html(self, document: impl Into<String>) -> Outcome {
        self.typed("text/html; charset=utf-8", document.into().into_bytes())
    }

    /// Ends the response with `application/json`.
    ///
    /// # Errors
    /// As [`Respond::text`].
    pub fn json(self, body: impl Into<String>) -> Outcome {
        self.typed("application/json", body.into().into_bytes())
    }

    /// Ends the response with bytes of your own `Content-Type`.
    ///
    /// # Errors
    /// As [`ResponseBuilder::header`].
    pub fn bytes(self, content_type: &str, body: impl Into<Vec<u8>>) -> Outcome {
        self.typed(content_type, body.into())
    }

    /// Ends the response with a page in the server's theme, see [`Respond::page`].
    ///
    /// # Errors
    /// As [`Respond::text`].
    pub fn page(mut self, title: impl Into<String>, html: impl Into<String>) -> Outcome {
        self.0.body = Body::Page { title: title.into(), html: html.into() };
        self.ended()
    }

    /// Ends the response without a body.
    ///
    /// # Errors
    /// As [`Respond::text`].
    pub fn empty(self) -> Outcome {
        self.ended()
    }

    fn typed(self, content_type: &str, body: Vec<u8>) -> Outcome {
        let mut typed = self.header("content-type", content_type)?;
        typed.0.body = Body::Bytes(body);
        typed.ended()
    }

    #[allow(clippy::unnecessary_wraps, reason = "an Outcome, so that it can end a function")]
    fn ended(self) -> Outcome {
        Ok(Verdict(Decision::Respond(Box::new(self.0))))
    }
}

/// RFC 9110 §5.6.2.
fn is_token(name: &str) -> bool {
    !name.is_empty() && name.bytes().all(|b| b.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&b))
}
