//! A foreign program and the person beside it: the program prints `open URL`, the person decides in a browser and types what came of it.

use std::io::{BufRead, BufReader, Write};
use std::process::{Command, Stdio};

use keyhook_tests::flow::{DEMO, walk_path};
use keyhook_tests::http::Client;

/// Runs a program until it says `ok`; gives how often the person was asked.
pub(super) fn hold(mut command: Command, browser: &mut Client) -> usize {
    let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::inherit()).spawn().unwrap();
    let (mut stdin, stdout) = (child.stdin.take().unwrap(), BufReader::new(child.stdout.take().unwrap()));
    let (mut asked, mut said) = (0, Vec::new());
    for line in stdout.lines() {
        let line = line.unwrap();
        if let Some(url) = line.strip_prefix("open ") {
            asked += 1;
            writeln!(stdin, "{}", decided(browser, url)).unwrap();
        }
        said.push(line);
    }
    let status = child.wait().unwrap();
    assert!(status.success() && said.last().is_some_and(|last| last == "ok"), "{command:?} ended with {status}: {}", said.join("\n"));
    asked
}

/// The URL at which the browser arrives at the client, or the verifier on the page, as a person would type it.
fn decided(browser: &mut Client, url: &str) -> String {
    let path = url.strip_prefix(&format!("http://{}", browser.host)).unwrap_or_else(|| panic!("{url} is elsewhere"));
    let answer = walk_path(browser, path, DEMO);
    if !answer.location().is_empty() {
        return answer.location().to_owned();
    }
    let page = answer.text();
    let after = page.split_once("class=\"verifier\"").unwrap_or_else(|| panic!("neither a way back nor a verifier: {page}")).1;
    let text = after.split_once("<code>").unwrap().1.split_once("</code>").unwrap().0;
    text.to_ascii_lowercase()
}
