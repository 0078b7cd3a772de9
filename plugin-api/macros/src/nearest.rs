//! The known name that a misspelled one most likely meant.

/// The nearest of `known`, if it is near enough to suggest.
pub(crate) fn nearest<'a>(name: &str, known: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let (distance, nearest) = known
        .into_iter()
        .map(|candidate| (distance(&name.to_lowercase(), &candidate.to_lowercase()), candidate))
        .min_by_key(|(distance, _)| *distance)?;
    (distance <= name.len().max(nearest.len()) / 2).then_some(nearest)
}

/// Levenshtein distance, row by row.
fn distance(from: &str, to: &str) -> usize {
    let to: Vec<char> = to.chars().collect();
    let mut row: Vec<usize> = (0..=to.len()).collect();
    for (i, a) in from.chars().enumerate() {
        let mut diagonal = row[0];
        row[0] = i + 1;
        for (j, b) in to.iter().enumerate() {
            let replaced = diagonal + usize::from(a != *b);
            diagonal = row[j + 1];
            row[j + 1] = replaced.min(diagonal + 1).min(row[j] + 1);
        }
    }
    row[to.len()]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_slip_finds_its_name_and_nonsense_finds_none() {
        let known = ["authorization_GET", "authorization_POST", "access_token_response"];
        assert_eq!(nearest("acces_token_respons", known), Some("access_token_response"));
        assert_eq!(nearest("authorization_get", known), Some("authorization_GET"));
        assert_eq!(nearest("x", known), None);
    }
}
