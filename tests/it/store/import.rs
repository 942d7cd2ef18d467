//! Many people from a file.

use std::collections::BTreeMap;

use bulletin::audience::State;
use bulletin::audience::import::{Plan, Refused, Summary, import};

use super::people::line;
use super::{World, on_both};

on_both!(
    the_sample_goes_in_whole_and_a_second_run_changes_nothing,
    a_broken_row_is_set_aside_with_its_line_and_its_reason,
    a_byte_order_mark_and_quoted_commas_are_read,
    a_missing_column_is_told_before_anything_is_written,
    a_dry_run_writes_nothing,
    whoever_is_suppressed_or_left_is_not_brought_back,
    a_file_may_name_its_columns_otherwise,
    confirming_makes_pending_readers_where_the_list_wants_it,
    whoever_said_no_elsewhere_is_not_brought_in,
    a_quote_that_is_never_closed_ends_the_import,
    semicolons_and_tabs_separate_as_well,
);

impl World {
    async fn import_with(
        &self,
        plan: &Plan,
        text: &str,
    ) -> anyhow::Result<(Summary, Vec<Refused>)> {
        let input = text.as_bytes();
        import(&self.db, &self.keys, &self.config, plan, &self.clock, input)
            .await
            .map(|outcome| (outcome.summary, outcome.refused))
    }

    async fn import(&self, text: &str) -> (Summary, Vec<Refused>) {
        self.import_with(&plan(), text).await.unwrap()
    }
}

fn plan() -> Plan {
    Plan {
        basis: "signed the sheet".to_owned(),
        lists: vec![("news".to_owned(), None)],
        columns: BTreeMap::new(),
        confirm: false,
        dry_run: false,
    }
}

async fn the_sample_goes_in_whole_and_a_second_run_changes_nothing(w: &World) {
    let text = std::fs::read_to_string("samples/subscribers.csv").unwrap();
    let (first, refused) = w.import(&text).await;
    assert_eq!(refused, []);
    assert_eq!((first.read, first.refused), (21, 0));
    // a person's second row changes what the first made
    let people = w.raw.number("SELECT count(*) FROM subscriber").await;
    assert_eq!(first.added, people.cast_unsigned());
    assert_eq!(first.added + first.updated, 21);
    assert_eq!(w.raw.number("SELECT count(*) FROM subscription").await, 21);
    let before = w.everything().await;
    let (second, _) = w.import(&text).await;
    assert_eq!(second, Summary { read: 21, unchanged: 21, ..Summary::default() });
    assert_eq!(w.everything().await, before);
}

async fn a_broken_row_is_set_aside_with_its_line_and_its_reason(w: &World) {
    let text = "email,name,list\n\
        ann@example.org,Ann,news\n\
        nobody,No Body,news\n\
        ben@example.org,Ben,gardening\n\
        cat@example.org,Cat\n\
        dan@example.org,\u{1}Dan,news\n\
        eve@example.org,Eve,news\n";
    let (summary, refused) = w.import(text).await;
    assert_eq!((summary.read, summary.added, summary.refused), (6, 2, 4));
    let told: Vec<_> = refused.iter().map(|one| (one.line, one.reason.as_str())).collect();
    let expected = [(3, "has no @"), (4, "is not a list"), (5, "2 fields"), (6, "the name")];
    assert_eq!(told.len(), expected.len());
    for ((line, reason), (expected_line, part)) in told.iter().zip(expected) {
        assert_eq!(*line, expected_line);
        assert!(reason.contains(part), "{reason}");
    }
    assert_eq!(refused[1].row, ["ben@example.org", "Ben", "gardening"]);
    assert_eq!(w.raw.number("SELECT count(*) FROM subscriber").await, 2);
}

async fn a_byte_order_mark_and_quoted_commas_are_read(w: &World) {
    let text = "\u{feff}email,name\r\n\"ann@example.org\",\"Raman, Dr \"\"Ann\"\"\"\r\n";
    let (summary, refused) = w.import(text).await;
    assert_eq!((summary.added, refused.len()), (1, 0), "{refused:?}");
    assert_eq!(w.person("ann").await.name, Some(line("Raman, Dr \"Ann\"")));
}

async fn a_missing_column_is_told_before_anything_is_written(w: &World) {
    let before = w.everything().await;
    let error = w.import_with(&plan(), "address,name\nann@example.org,Ann\n").await.unwrap_err();
    let told = error.to_string();
    assert!(told.contains("no column \"email\"") && told.contains("address, name"), "{told}");
    assert_eq!(w.everything().await, before);
}

async fn a_dry_run_writes_nothing(w: &World) {
    let before = w.everything().await;
    let dry = Plan { dry_run: true, ..plan() };
    let (summary, refused) = w.import_with(&dry, "email\nann@example.org\nnobody\n").await.unwrap();
    assert_eq!((summary.added, refused.len()), (1, 1));
    assert_eq!(w.everything().await, before);
}

async fn whoever_is_suppressed_or_left_is_not_brought_back(w: &World) {
    w.reader("left", "news", "immediate").await;
    w.leave("left").await;
    w.suppress("never").await;
    let before = w.everything().await;
    let (summary, _) = w.import("email\nleft@example.org\nNever@Example.org\n").await;
    assert_eq!((summary.read, summary.suppressed), (2, 2));
    assert_eq!(w.everything().await, before);
}

async fn a_file_may_name_its_columns_otherwise(w: &World) {
    let columns = [("email", "E-Mail"), ("name", "Full Name")];
    let mapped = Plan {
        columns: columns.map(|(ours, theirs)| (ours.to_owned(), theirs.to_owned())).into(),
        ..plan()
    };
    let (summary, _) =
        w.import_with(&mapped, "full name,e-mail\nAnn,ann@example.org\n").await.unwrap();
    assert_eq!(summary.added, 1);
    assert_eq!(w.person("ann").await.name, Some(line("Ann")));
    let error = w.import_with(&mapped, "name,e-mail\nBen,ben@example.org\n").await.unwrap_err();
    assert!(error.to_string().contains("Full Name"), "{error}");
}

async fn confirming_makes_pending_readers_where_the_list_wants_it(w: &World) {
    let asking = Plan { confirm: true, ..plan() };
    w.import_with(&asking, "email,list\nann@example.org,news\nann@example.org,reports\n")
        .await
        .unwrap();
    let states: Vec<_> =
        w.person("ann").await.subscriptions.into_iter().map(|one| (one.list, one.state)).collect();
    assert_eq!(
        states,
        [("news".to_owned(), State::Pending), ("reports".to_owned(), State::Active)]
    );
}

async fn whoever_said_no_elsewhere_is_not_brought_in(w: &World) {
    let file = "email,status\nyes@example.org,subscribed\nout@example.org,Unsubscribed\nbad@example.org,cleaned\n";
    let (summary, _) = w.import(file).await;
    assert_eq!((summary.read, summary.added, summary.suppressed), (3, 1, 2));
    assert_eq!(w.raw.number("SELECT count(*) FROM subscriber").await, 1);
    let odd = w.import_with(&plan(), "email,status\nx@example.org,vip\n").await;
    assert!(odd.unwrap_err().to_string().contains("line 2: the status \"vip\""));
}

async fn a_quote_that_is_never_closed_ends_the_import(w: &World) {
    let file = "email,name\nann@example.org,Ann\nben@example.org,\"Ben\ncat@example.org,Cat\n";
    let error = w.import_with(&plan(), file).await.unwrap_err();
    assert!(error.to_string().starts_with("line 3: a quote"), "{error}");
    let closed = "email,name\nben@example.org,\"Ben, \"\"the\"\" one\"\ncat@example.org,Cat\n";
    assert_eq!(w.import(closed).await.0.added, 2);
}

async fn semicolons_and_tabs_separate_as_well(w: &World) {
    assert_eq!(w.import("email;name\nann@example.org;Ann\n").await.0.added, 1);
    assert_eq!(w.import("email\tname\nben@example.org\tBen\n").await.0.added, 1);
    let empty = w.import_with(&plan(), "").await.unwrap_err();
    assert!(empty.to_string().contains("the file is empty"), "{empty}");
}
