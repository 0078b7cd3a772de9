//! Configuration files: whatever stands in one, it is used or refused with codes and places, and every place lies inside the text.

use keyhook::{Failure, Server};

/// An input is the file.
pub fn check(data: &[u8]) {
    let Ok(text) = std::str::from_utf8(data) else { return };
    for dev in [true, false] {
        let built = Server::builder().dev(dev).config_text(text).build();
        if let Err(failure) = built {
            told(&failure, text);
        }
    }
}

fn told(failure: &Failure, text: &str) {
    let message = failure.to_string();
    assert!(failure.code().starts_with("KH") && message.contains("error[KH"), "{message}");
    assert!(message.chars().all(|character| character == '\n' || character == '\t' || !character.is_control()), "{message:?}");
    let mut lines = message.lines();
    let mut found = 0;
    while let Some(line) = lines.next() {
        let Some(place) = line.trim_start().strip_prefix("--> config_text:") else { continue };
        let bar = lines.next().unwrap();
        let (source, mark) = (lines.next().unwrap(), lines.next().unwrap());
        assert!(bar.ends_with(" |"), "{message}");
        inside(place, source, mark, text);
        found += 1;
    }
    // A finding without a place is about something that is missing.
    assert!(found > 0 || !message.contains("error[KH1002]"), "{message}");
}

/// The place is a line and column of the text, the line is shown as it is, and the caret stands below it.
fn inside(place: &str, source: &str, mark: &str, text: &str) {
    let (line, column) = place.split_once(':').unwrap();
    let (line, column): (usize, usize) = (line.parse().unwrap(), column.parse().unwrap());
    // The end of the text is a place, too: that is where something is missing.
    let own = text.lines().nth(line - 1).unwrap_or_default();
    assert!(line >= 1 && line <= text.matches('\n').count() + 1, "line {line} of {text:?}");
    assert!(column >= 1 && column <= own.chars().count() + 2, "column {column} of {own:?}");
    let shown = source.strip_prefix(&format!("{line} | ")).or_else(|| source.strip_prefix(&format!("{line} |"))).unwrap();
    if shown.contains("****") {
        // A password is not shown; what stands after it has moved.
        return;
    }
    assert_eq!(shown.chars().count(), own.chars().count(), "{source:?} shows {own:?}");
    let caret = mark.find('^').unwrap_or_else(|| panic!("no caret: {mark:?}"));
    let before = mark[..caret].chars().count() - (line.to_string().len() + " | ".len());
    assert_eq!(before, column - 1, "{mark:?}");
}
