//! The time of a log line, RFC 3339 in UTC with milliseconds: the date is made once a second.

use std::cell::RefCell;
use std::fmt::Write as _;

use keyhook_component::system::Clock as _;

use crate::system::SystemClock;

thread_local! {
    /// The last second of this thread, in seconds since the epoch, and its text up to the point.
    static SECOND: RefCell<(i64, String)> = const { RefCell::new((i64::MIN, String::new())) };
}

/// Gives the present to `say`.
pub(super) fn now(say: impl FnOnce(&str)) {
    let millis = SystemClock.now().millis();
    let second = millis.div_euclid(1000);
    SECOND.with_borrow_mut(|(known, text)| {
        if *known != second {
            (*known, *text) = (second, date_time(second));
        }
        let length = text.len();
        // Writing into a string cannot fail.
        let _ = write!(text, ".{:03}Z", millis.rem_euclid(1000));
        say(text);
        text.truncate(length);
    });
}

/// `2026-11-21T19:57:50` from seconds since the epoch. The days are counted from 0000-03-01, so that a leap day ends a year.
fn date_time(second: i64) -> String {
    const DAYS_TO_EPOCH: i64 = 719_468;
    const ERA: i64 = 146_097;
    let days = second.div_euclid(86_400) + DAYS_TO_EPOCH;
    let (era, day_of_era) = (days.div_euclid(ERA), days.rem_euclid(ERA));
    let year_of_era = (day_of_era - day_of_era / 1460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let shifted_month = (5 * day_of_year + 2) / 153;
    let day = day_of_year - (153 * shifted_month + 2) / 5 + 1;
    let month = if shifted_month < 10 { shifted_month + 3 } else { shifted_month - 9 };
    let year = year_of_era + era * 400 + i64::from(month <= 2);
    let time = second.rem_euclid(86_400);
    format!("{year:04}-{month:02}-{day:02}T{:02}:{:02}:{:02}", time / 3600, time / 60 % 60, time % 60)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn seconds_become_dates() {
        for (second, text) in [
            (0, "1970-01-01T00:00:00"),
            (951_782_399, "2000-02-28T23:59:59"),
            (951_782_400, "2000-02-29T00:00:00"),
            (1_795_291_070, "2026-11-21T19:57:50"),
            (4_107_542_400, "2100-03-01T00:00:00"),
            (-1, "1969-12-31T23:59:59"),
        ] {
            assert_eq!(date_time(second), text);
        }
    }

    #[test]
    fn a_line_is_stamped_with_milliseconds() {
        now(|text| {
            assert_eq!(text.len(), "2026-11-21T19:57:50.720Z".len());
            assert!(text.ends_with('Z'));
        });
    }
}
