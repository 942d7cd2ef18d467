//! What a misspelt name was probably meant to be.

/// The one of `names` that `text` was probably meant to be.
pub(crate) fn near<'n>(text: &str, names: &[&'n str]) -> Option<&'n str> {
    let (distance, name) = names.iter().map(|name| (distance(text, name), *name)).min()?;
    (distance <= 2 && distance < name.len().min(text.len())).then_some(name)
}

/// How many letters to add, drop or change (Levenshtein 1965).
fn distance(a: &str, b: &str) -> usize {
    let b: Vec<char> = b.chars().collect();
    let mut row: Vec<usize> = (0..=b.len()).collect();
    for (i, from) in a.chars().enumerate() {
        let mut diagonal = std::mem::replace(&mut row[0], i + 1);
        for (j, to) in b.iter().enumerate() {
            let change = diagonal + usize::from(from != *to);
            diagonal = row[j + 1];
            row[j + 1] = change.min(row[j] + 1).min(diagonal + 1);
        }
    }
    row[b.len()]
}
