//! One budget for all pictures of a post.

use super::{Encoded, Picture, Trouble};
use crate::config;

/// A picture and the line of the post that shows it.
pub(crate) struct Shown {
    pub(crate) line: usize,
    pub(crate) name: String,
    pub(crate) picture: Picture,
}

/// Every picture so small that each keeps its limit, and all together theirs; or what is wrong
/// with each that cannot.
pub(crate) fn pack(shown: &[Shown], limits: &config::Picture) -> Vec<Result<Encoded, Trouble>> {
    let packed: Vec<Option<Encoded>> =
        shown.iter().map(|one| one.picture.within(limits.largest)).collect();
    let sizes = packed.iter().flatten().map(|one| one.bytes.len()).collect();
    let share = share(sizes, limits.together);
    let smaller = |(one, shown): (Option<Encoded>, &Shown)| {
        let one = one.ok_or_else(|| too_large("largest", limits.largest))?;
        if one.bytes.len() <= share {
            return Ok(one);
        }
        shown.picture.within(share).ok_or_else(|| too_large("together", share))
    };
    packed.into_iter().zip(shown).map(smaller).collect()
}

/// What each may take so that all fit; the small ones leave the rest to the others.
fn share(mut sizes: Vec<usize>, together: usize) -> usize {
    sizes.sort_unstable();
    let mut left = together;
    for (index, size) in sizes.iter().enumerate() {
        let share = left / (sizes.len() - index);
        if *size > share {
            return share;
        }
        left -= size;
    }
    usize::MAX
}

fn too_large(key: &str, limit: usize) -> Trouble {
    let message = format!(
        "cannot be made to fit into {} KB and still be made out; show fewer pictures or a plainer one, or allow more by picture.{key} in config.toml",
        limit / 1_000
    );
    ("too-large", message)
}

#[cfg(test)]
mod tests {
    use super::share;

    #[test]
    fn small_pictures_leave_room_for_large_ones() {
        assert_eq!(share(vec![], 600), usize::MAX);
        assert_eq!(share(vec![200, 200, 200], 600), usize::MAX);
        assert_eq!(share(vec![200, 200, 201], 600), 200);
        assert_eq!(share(vec![500, 100, 500], 600), 250);
        assert_eq!(share(vec![10; 100], 600), 6);
    }
}
