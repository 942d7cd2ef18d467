//! What each person must get, in plain words: no database, no clock.

use std::collections::{BTreeMap, BTreeSet};

/// What one mail holds: `post.version@list`, in its order.
pub(super) type Mail = (bool, Vec<String>);

#[derive(Clone, Debug, Default)]
pub(super) struct Person {
    pub(super) discreet: bool,
    pub(super) suppressed: bool,
    pub(super) reads: BTreeMap<&'static str, Reads>,
    /// By announcement or by digest, whatever the version.
    pub(super) had: BTreeSet<usize>,
}

#[derive(Clone, Debug)]
pub(super) struct Reads {
    pub(super) cadence: &'static str,
    pub(super) active: bool,
    /// How much had been published when they came.
    since: usize,
    /// The digest that they left for mails at once, and how much had been published then.
    left: Option<(&'static str, usize)>,
}

#[derive(Clone, Debug, Default)]
pub(super) struct Post {
    /// The newest, and the newest that was announced; 0 before.
    pub(super) version: usize,
    pub(super) announced: usize,
    /// Every version that was announced, by itself.
    told: BTreeSet<usize>,
    pub(super) withdrawn: bool,
}

#[derive(Clone, Debug, Default)]
pub(super) struct Model {
    pub(super) people: Vec<Person>,
    pub(super) posts: Vec<Post>,
    /// When, which post, in which version, on which list.
    published: Vec<(usize, usize, usize, &'static str)>,
    count: usize,
    /// By campaign: who was to get what, as far as it waits.
    waiting: BTreeMap<i64, BTreeMap<usize, BTreeSet<usize>>>,
}

impl Model {
    pub(super) fn of(people: usize) -> Self {
        Self { people: vec![Person::default(); people], ..Self::default() }
    }

    /// A new post, not announced yet: its number.
    pub(super) fn write(&mut self) -> usize {
        self.posts.push(Post { version: 1, ..Post::default() });
        self.posts.len() - 1
    }

    /// Signs up, comes back, or changes the cadence.
    pub(super) fn subscribe(&mut self, person: usize, list: &'static str, cadence: &'static str) {
        let count = self.count;
        let person = &mut self.people[person];
        if !person.suppressed {
            let new = Reads { cadence, active: true, since: count, left: None };
            let reads = person.reads.entry(list).or_insert(new);
            if cadence != "immediate" {
                reads.left = None;
            } else if reads.cadence != "immediate" {
                reads.left = Some((reads.cadence, count));
            }
            reads.cadence = cadence;
        }
    }

    pub(super) fn leave(&mut self, person: usize) {
        self.people[person].reads.clear();
    }

    /// Whoever goes on starts anew.
    pub(super) fn pause(&mut self, person: usize, list: &str, active: bool) {
        let since = self.count;
        if let Some(reads) =
            self.people[person].reads.get_mut(list).filter(|it| it.active != active)
        {
            reads.active = active;
            reads.since = if active { since } else { reads.since };
        }
    }

    /// Whoever may be mailed again starts anew.
    pub(super) fn suppress(&mut self, person: usize, suppressed: bool) {
        let since = self.count;
        let person = &mut self.people[person];
        if person.suppressed && !suppressed {
            person.reads.values_mut().for_each(|reads| reads.since = since);
        }
        person.suppressed = suppressed;
    }

    /// Whether queueing it again would reach nobody at all.
    pub(super) fn nobody_left(&self, post: usize, lists: &[&'static str]) -> bool {
        let reads = |person: &Person| {
            lists.iter().any(|it| person.reads.get(it).is_some_and(|it| it.active))
        };
        let lacks =
            |person: &&Person| !person.suppressed && !person.had.contains(&post) && reads(person);
        self.posts[post].told.contains(&self.posts[post].version)
            && !self.people.iter().any(|it| lacks(&it))
    }

    /// Publishes the newest version: who gets it at once.
    pub(super) fn announce(
        &mut self,
        campaign: i64,
        post: usize,
        lists: &[&'static str],
    ) -> BTreeMap<usize, Mail> {
        let version = self.posts[post].version;
        for list in lists {
            self.count += 1;
            self.published.retain(|(_, p, v, l)| (*p, *v, l) != (post, version, list));
            self.published.push((self.count, post, version, list));
        }
        self.correct(post);
        let now = |it: &&'static str, person: &Person| {
            person.reads.get(it).is_some_and(|it| it.active && it.cadence == "immediate")
        };
        let due = |person: &Person| {
            !person.suppressed
                && !person.had.contains(&post)
                && lists.iter().any(|it| now(it, person))
        };
        let piece = format!("p{post}.{version}@{}", lists[0]);
        let all = self.people.iter().enumerate().filter(|(_, person)| due(person));
        let mails: BTreeMap<_, _> =
            all.map(|(number, person)| (number, (person.discreet, vec![piece.clone()]))).collect();
        self.give(campaign, mails.keys().map(|number| (*number, BTreeSet::from([post]))).collect());
        mails
    }

    /// The newest version is what the archive, and a digest from now on, has of it.
    pub(super) fn correct(&mut self, post: usize) {
        let post = &mut self.posts[post];
        post.announced = post.announced.max(post.version);
        post.told.insert(post.version);
    }

    /// Who gets an edition now, and what.
    pub(super) fn edition(&self, digest: &str) -> BTreeMap<usize, (Mail, BTreeSet<usize>)> {
        let all = self.people.iter().enumerate().filter(|(_, person)| !person.suppressed);
        let mails = all.map(|(number, person)| (number, self.news(person, digest)));
        mails.filter(|(_, (_, posts))| !posts.is_empty()).collect()
    }

    fn news(&self, person: &Person, digest: &str) -> (Mail, BTreeSet<usize>) {
        let (mut pieces, mut posts) = (Vec::new(), BTreeSet::new());
        for (when, post, _, list) in &self.published {
            let theirs = |it: &&Reads| {
                it.cadence == digest
                    || it.left.is_some_and(|(left, until)| left == digest && *when <= until)
            };
            let reads = person.reads.get(list).filter(|it| it.active).filter(theirs);
            let new = reads.is_some_and(|it| it.since < *when) && !person.had.contains(post);
            if new && !self.posts[*post].withdrawn && posts.insert(*post) {
                pieces.push(format!("p{post}.{}@{list}", self.posts[*post].announced));
            }
        }
        ((person.discreet, pieces), posts)
    }

    /// They have it from now on.
    pub(super) fn give(&mut self, campaign: i64, posts: BTreeMap<usize, BTreeSet<usize>>) {
        for (number, posts) in &posts {
            self.people[*number].had.extend(posts);
        }
        self.waiting.insert(campaign, posts);
    }

    /// What waited of a mailing is no longer had by anybody.
    pub(super) fn cancel(&mut self, campaign: i64) {
        for (number, posts) in self.waiting.remove(&campaign).unwrap_or_default() {
            self.people[number].had.retain(|post| !posts.contains(post));
        }
    }

    /// Taken out of all that waits, for good.
    pub(super) fn withdraw(&mut self, post: usize) {
        self.posts[post].withdrawn = true;
        let had = self.people.iter_mut().map(|person| &mut person.had);
        for posts in self.waiting.values_mut().flat_map(BTreeMap::values_mut).chain(had) {
            posts.remove(&post);
        }
    }

    pub(super) fn campaigns(&self) -> Vec<i64> {
        self.waiting.keys().copied().collect()
    }

    /// `person post` of all that the ledger must hold.
    pub(super) fn ledger(&self) -> Vec<String> {
        let all = self.people.iter().enumerate();
        let mut rows: Vec<_> = all
            .flat_map(|(number, person)| {
                person.had.iter().map(move |post| format!("r{number} p{post}"))
            })
            .collect();
        rows.sort_unstable();
        rows
    }
}
