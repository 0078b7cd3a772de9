//! What error pages say to people who did not write the request.

use keyhook_core::error::{ErrorCode, OAuthError};

use crate::kh;

/// One sentence for a title, and what to do next.
pub(super) fn of(error: &OAuthError) -> (&'static str, &'static str) {
    const BACK: &str = "Go back to the application and start again. If it happens again, tell its operator the code below.";
    const TELL: &str = "The application sent a request that this server does not accept. Tell its operator the code below.";
    match (error.kh, error.code) {
        (kh::INTERACTION_UNKNOWN, _) => ("This page has expired", "Go back to the application and start again."),
        (kh::INTERACTION_SPENT, _) => {
            ("This request was answered already", "Go back to the application. If it did not let you in, start again there.")
        }
        (kh::OTHER_BROWSER, _) => (
            "This page belongs to another browser",
            "Open the application in this browser, with cookies allowed, and start again. If somebody sent you this link, close the page.",
        ),
        (kh::FORM_TOKEN, _) => (
            "This form is not valid here",
            "Go back to the application and start again. If you came here from another site, close the page.",
        ),
        (_, ErrorCode::AccessDenied | ErrorCode::Forbidden) => ("This was not allowed", BACK),
        (_, ErrorCode::TemporarilyUnavailable | ErrorCode::TooManyRequests) => ("The server is busy", "Wait a moment, then try again."),
        (_, ErrorCode::ServerError) => {
            ("Something went wrong on this server", "Try again. If it happens again, tell the operator the code and the request id below.")
        }
        (_, ErrorCode::NotFound) => ("There is no such page", "Check the address."),
        _ => ("This application’s request cannot be answered", TELL),
    }
}
