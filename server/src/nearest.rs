//! The known word that somebody probably meant.

/// The candidate with the smallest edit distance to `word`, if it is close enough to be a slip of the hand.
pub(crate) fn nearest<'a>(word: &str, candidates: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let limit = (word.chars().count() / 3).max(1);
    candidates
        .into_iter()
        .map(|candidate| (distance(word, candidate), candidate))
        .filter(|(far, _)| *far <= limit)
        .min()
        .map(|(_, candidate)| candidate)
}

/// Edits between two words: insertion, deletion, substitution and the swap of two neighbors each count one.
pub(crate) fn distance(left: &str, right: &str) -> usize {
    let (left, right): (Vec<char>, Vec<char>) = (left.to_lowercase().chars().collect(), right.to_lowercase().chars().collect());
    let mut before = vec![0; right.len() + 1];
    let mut above: Vec<usize> = (0..=right.len()).collect();
    for i in 1..=left.len() {
        let mut row = vec![i; right.len() + 1];
        for j in 1..=right.len() {
            let same = usize::from(left[i - 1] != right[j - 1]);
            row[j] = (above[j - 1] + same).min(above[j] + 1).min(row[j - 1] + 1);
            if i > 1 && j > 1 && left[i - 1] == right[j - 2] && left[i - 2] == right[j - 1] {
                row[j] = row[j].min(before[j - 2] + 1);
            }
        }
        before = std::mem::replace(&mut above, row);
    }
    above[right.len()]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_slip_finds_the_word_and_another_word_does_not() {
        let known = ["access_ttl", "refresh_ttl", "code_ttl"];
        assert_eq!(nearest("acces_ttl", known), Some("access_ttl"));
        assert_eq!(nearest("refresh_tll", known), Some("refresh_ttl"));
        assert_eq!(nearest("colour", known), None);
    }

    #[test]
    fn swapped_neighbors_are_one_edit() {
        assert_eq!(distance("isuser", "issuer"), 1);
        assert_eq!(distance("tsl", "tls"), 1);
        assert_eq!(distance("", "abc"), 3);
    }
}
