//! Which answers tell of a decision, so that the audit log owes an event.

use crate::wire::{Answer, Reply, Request};

/// Paths at which the server decides and the audit log has an event.
const DECIDING: [&str; 11] = [
    "/authorize",
    "/authorize/resume",
    "/login",
    "/consent",
    "/logout",
    "/token",
    "/introspect",
    "/revoke",
    "/oauth/request_token",
    "/oauth/authorize",
    "/oauth/access_token",
];

/// How many decisions an answer tells of.
pub fn decisions(request: &Request, reply: &Reply) -> u64 {
    let Reply::Answer(answer) = reply else { return 0 };
    if !DECIDING.contains(&path_of(request)) {
        return 0;
    }
    let post = request.method == "POST";
    let given = match path_of(request) {
        "/token" | "/introspect" | "/revoke" | "/logout" | "/oauth/request_token" | "/oauth/access_token" => post && answer.status == 200,
        "/login" => post && (matches!(answer.status, 422 | 429) || sets_session(answer)),
        _ => ["code", "oauth_verifier"].iter().any(|name| !answer.returned(name).is_empty()),
    };
    u64::from(given || refused(request, reply).is_some())
}

/// The path as the server reads it: a fragment is not part of it.
fn path_of(request: &Request) -> &str {
    request.path.split('#').next().unwrap_or_default()
}

fn sets_session(answer: &Answer) -> bool {
    answer.headers.iter().any(|(name, value)| name == "set-cookie" && value.windows(4).any(|part| part == b"khs_"))
}

/// The id of a request that an endpoint refused, not the edge before it.
pub fn refused(request: &Request, reply: &Reply) -> Option<String> {
    let Reply::Answer(answer) = reply else { return None };
    let by_endpoint =
        matches!(answer.status, 400 | 401 | 403 | 429) || ["error", "oauth_problem"].iter().any(|name| !answer.returned(name).is_empty());
    let by_edge = answer.text().contains("the body is malformed");
    if !DECIDING.contains(&path_of(request)) || !by_endpoint || by_edge {
        return None;
    }
    answer.header("x-request-id").map(str::to_owned)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::wire::{Parsed, parse};

    fn reply(text: &str) -> Reply {
        match parse(text.as_bytes(), true, false) {
            Parsed::Whole(answer, _) => Reply::Answer(answer),
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn what_an_endpoint_gives_or_refuses_is_a_decision_and_what_the_edge_refuses_is_none() {
        let token = Request::post("/token", &[]);
        assert_eq!(decisions(&token, &reply("HTTP/1.1 200 OK\r\n\r\n{}")), 1);
        assert_eq!(decisions(&token, &reply("HTTP/1.1 400 Bad\r\nx-request-id: a\r\n\r\n{}")), 1);
        assert_eq!(decisions(&token, &reply("HTTP/1.1 413 Long\r\nx-request-id: a\r\n\r\n{}")), 0);
        assert_eq!(decisions(&Request::post("/nothing", &[]), &reply("HTTP/1.1 400 Bad\r\nx-request-id: a\r\n\r\n")), 0);
        let authorize = Request::get("/authorize", &[]);
        assert_eq!(decisions(&authorize, &reply("HTTP/1.1 303 See\r\nlocation: https://a.test/?code=x\r\n\r\n")), 1);
        assert_eq!(decisions(&authorize, &reply("HTTP/1.1 303 See\r\nlocation: /login?interaction=x\r\n\r\n")), 0);
    }
}
