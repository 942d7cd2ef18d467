//! What is new to each reader, told once for all who stand alike.
//!
//! What somebody reads, from where on, and what they have had, come as two texts from the database.
//! People have few of them between them; each is worked out when it first comes and remembered, so that
//! a million readers cost a handful of piles, in time and in memory.

use std::collections::{HashMap, HashSet};

use anyhow::Context;

use super::super::store::{Piece, Publication, Reader};

/// How many readings are remembered; where there are more, some are worked out again.
const REMEMBERED: usize = 10_000;

/// What one mail holds, and whether it is a discreet one.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) struct Pile {
    pub(super) discreet: bool,
    /// Publications by their places in the order in which they were published, each post once.
    places: Vec<usize>,
}

/// What a reader reads and has had, as the database tells it.
type Reading = (bool, String, String);

/// Everything that was published, and what of it is new to whom.
#[derive(Debug)]
pub(super) struct Piles {
    published: Vec<Publication>,
    by_list: HashMap<String, Vec<usize>>,
    remembered: HashMap<Reading, Option<Pile>>,
}

impl Piles {
    /// Of all that was published, in its order.
    pub(super) fn new(published: Vec<Publication>) -> Self {
        let mut by_list: HashMap<String, Vec<usize>> = HashMap::new();
        for (place, publication) in published.iter().enumerate() {
            by_list.entry(publication.list.clone()).or_default().push(place);
        }
        Self { published, by_list, remembered: HashMap::new() }
    }

    /// What is new to a reader; none if nothing is.
    pub(super) fn of(&mut self, reader: Reader) -> anyhow::Result<Option<Pile>> {
        let Reader { discreet, lists, had, .. } = reader;
        let reading = (discreet, lists, had);
        if let Some(pile) = self.remembered.get(&reading) {
            return Ok(pile.clone());
        }
        let pile = self.news(&reading)?;
        if self.remembered.len() == REMEMBERED {
            self.remembered.clear();
        }
        self.remembered.insert(reading, pile.clone());
        Ok(pile)
    }

    fn news(&self, (discreet, lists, had): &Reading) -> anyhow::Result<Option<Pile>> {
        let lists: Vec<(String, i64, Option<i64>)> =
            serde_json::from_str(lists).context("a reader's lists")?;
        let had: HashSet<i64> = serde_json::from_str(had).context("a reader's posts")?;
        let mut places: Vec<usize> = lists
            .iter()
            .flat_map(|(list, from, to)| self.between(list, *from, *to))
            .copied()
            .collect();
        places.retain(|place| !had.contains(&self.published[*place].post_id.0));
        let pile = Pile { discreet: *discreet, places: self.once(places) };
        Ok((!pile.places.is_empty()).then_some(pile))
    }

    /// What a list brought after one sequence and up to another.
    fn between(&self, list: &str, from: i64, to: Option<i64>) -> &[usize] {
        let places = self.by_list.get(list).map_or(&[][..], Vec::as_slice);
        let until =
            |sequence| places.partition_point(|place| self.published[*place].sequence <= sequence);
        let (start, end) = (until(from), to.map_or(places.len(), until));
        places.get(start..end).unwrap_or_default()
    }

    /// In the order it was published; each post once, under the list that brought it first.
    fn once(&self, mut places: Vec<usize>) -> Vec<usize> {
        places.sort_unstable();
        let mut posts = HashSet::new();
        places.retain(|place| posts.insert(self.published[*place].post_id));
        places
    }

    /// Every post of a pile in its newest version.
    pub(super) fn pieces(&self, pile: &Pile) -> Vec<Piece> {
        pile.places.iter().map(|place| self.piece(*place)).collect()
    }

    /// All that is in any of these piles, as one.
    pub(super) fn together(&self, piles: &HashSet<Pile>) -> Vec<Piece> {
        let places = piles.iter().flat_map(|pile| &pile.places).copied().collect();
        self.once(places).into_iter().map(|place| self.piece(place)).collect()
    }

    fn piece(&self, place: usize) -> Piece {
        let Publication { post_id, version, list, .. } = &self.published[place];
        Piece { post: *post_id, version: *version, list: list.clone() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::id::{PostId, SubscriberId};

    fn piles(published: &[(i64, i64, &str)]) -> Piles {
        let publication = |&(sequence, post, list): &(i64, i64, &str)| Publication {
            sequence,
            post_id: PostId(post),
            version: post + 100,
            own: post + 100,
            list: list.to_owned(),
        };
        Piles::new(published.iter().map(publication).collect())
    }

    fn reader(discreet: bool, lists: &str, had: &str) -> Reader {
        Reader { id: SubscriberId(1), discreet, lists: lists.to_owned(), had: had.to_owned() }
    }

    /// `post.version@list` of what is new to somebody.
    fn news(piles: &mut Piles, lists: &str, had: &str) -> Vec<String> {
        let pile = piles.of(reader(false, lists, had)).unwrap();
        let pieces = pile.map_or_else(Vec::new, |pile| piles.pieces(&pile));
        pieces.iter().map(|it| format!("{}.{}@{}", it.post, it.version, it.list)).collect()
    }

    #[test]
    fn a_post_on_two_lists_is_in_a_digest_once_by_the_list_that_brought_it_first() {
        let mut piles = piles(&[(1, 7, "meetings"), (2, 7, "reports"), (3, 8, "reports")]);
        let both = r#"[["reports",0,null],["meetings",0,null]]"#;
        assert_eq!(news(&mut piles, both, "[]"), ["7.107@meetings", "8.108@reports"]);
        assert_eq!(
            news(&mut piles, r#"[["reports",0,null]]"#, "[]"),
            ["7.107@reports", "8.108@reports"]
        );
    }

    #[test]
    fn whoever_starts_late_or_has_had_a_post_is_not_given_it() {
        let mut piles = piles(&[(1, 7, "a"), (2, 8, "a"), (5, 9, "a")]);
        assert_eq!(news(&mut piles, r#"[["a",1,null]]"#, "[9]"), ["8.108@a"]);
        assert_eq!(news(&mut piles, r#"[["a",4,null]]"#, "[]"), ["9.109@a"]);
        assert_eq!(news(&mut piles, r#"[["a",5,null]]"#, "[]"), [""; 0]);
        assert_eq!(news(&mut piles, r#"[["b",0,null]]"#, "[]"), [""; 0]);
    }

    #[test]
    fn whoever_left_the_digest_gets_what_had_come_until_then() {
        let mut piles = piles(&[(1, 7, "a"), (2, 8, "a"), (5, 9, "a")]);
        assert_eq!(news(&mut piles, r#"[["a",1,2]]"#, "[]"), ["8.108@a"]);
        assert_eq!(news(&mut piles, r#"[["a",1,4]]"#, "[8]"), [""; 0]);
        assert_eq!(news(&mut piles, r#"[["a",4,2]]"#, "[]"), [""; 0], "they began anew since");
    }

    #[test]
    fn readers_with_the_same_news_have_equal_piles_whatever_brought_them_there() {
        let mut piles = piles(&[(1, 7, "a"), (2, 8, "b")]);
        let mut of =
            |discreet, lists, had| piles.of(reader(discreet, lists, had)).unwrap().unwrap();
        let first = of(false, r#"[["a",0,null]]"#, "[]");
        assert_eq!(first, of(false, r#"[["a",0,null],["b",2,null]]"#, "[]"));
        assert_eq!(first, of(false, r#"[["a",0,null],["b",0,null]]"#, "[8]"));
        assert_ne!(first, of(false, r#"[["a",0,null],["b",0,null]]"#, "[]"));
        assert_ne!(first, of(true, r#"[["a",0,null]]"#, "[]"), "discretion has one of its own");
    }

    #[test]
    fn what_everybody_gets_together_is_in_the_order_of_its_publication() {
        let mut piles = piles(&[(1, 7, "a"), (2, 8, "b"), (3, 7, "b")]);
        let of = |lists| piles.of(reader(false, lists, "[]")).unwrap().unwrap();
        let all = [r#"[["b",0,null]]"#, r#"[["a",0,null]]"#].map(of);
        let together = piles.together(&HashSet::from(all));
        let posts: Vec<_> = together.iter().map(|it| (it.post.0, it.list.as_str())).collect();
        assert_eq!(posts, [(7, "a"), (8, "b")]);
    }

    #[test]
    fn more_readings_than_are_remembered_are_told_alike() {
        let mut piles = piles(&[(1, 7, "a")]);
        for had in (0..2 * REMEMBERED).map(|post| format!("[{}]", post + 10)) {
            assert_eq!(news(&mut piles, r#"[["a",0,null]]"#, &had).len(), 1);
            assert!(piles.remembered.len() <= REMEMBERED);
        }
    }
}
