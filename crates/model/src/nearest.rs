//! What somebody meant who mistyped a name.

/// The one of `known` that differs least from `word` in letters, upper or lower case alike, if no
/// more than half of its letters do; of equals the first.
pub fn nearest<'a>(word: &str, known: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let word = word.to_lowercase();
    let found = known.into_iter().map(|it| (distance(&word, &it.to_lowercase()), it));
    let (distance, found) = found.min_by_key(|it| it.0)?;
    (distance * 2 <= found.chars().count()).then_some(found)
}

/// How many letters are to be put in, taken out or changed to make `b` of `a`: Levenshtein's
/// distance.
pub fn distance(a: &str, b: &str) -> usize {
    let b: Vec<char> = b.chars().collect();
    let mut row: Vec<usize> = (0..=b.len()).collect();
    for (i, x) in a.chars().enumerate() {
        let mut corner = row[0];
        row[0] = i + 1;
        for (j, &y) in b.iter().enumerate() {
            let changed = corner + usize::from(x != y);
            corner = row[j + 1];
            row[j + 1] = changed.min(row[j] + 1).min(corner + 1);
        }
    }
    row[b.len()]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_mistyped_name_leads_to_the_one_that_was_meant() {
        let known = ["Kettles", "Coffee makers", "Grinders"];
        assert_eq!(nearest("ketles", known), Some("Kettles"));
        assert_eq!(nearest("coffe maker", known), Some("Coffee makers"));
        assert_eq!(nearest("garden", known), None, "nothing like it");
        assert_eq!(nearest("x", []), None);
    }

    #[test]
    fn letters_put_in_taken_out_and_changed_count_one_each() {
        assert_eq!(distance("kettle", "kettle"), 0);
        assert_eq!(distance("ketle", "kettles"), 2);
        assert_eq!(distance("kitten", "sitting"), 3);
    }
}
