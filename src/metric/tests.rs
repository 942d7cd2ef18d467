use super::standing::Relay;
use super::*;

fn text(metrics: &Metrics, standing: Option<&Standing>) -> String {
    metrics.encode(standing).unwrap()
}

/// The lines with a number, in an order that stays.
fn lines(text: &str) -> Vec<&str> {
    let mut lines: Vec<_> = text.lines().filter(|line| !line.starts_with('#')).collect();
    lines.sort_unstable();
    lines
}

/// The same without the lines of histograms' buckets.
fn numbers(text: &str) -> String {
    let lines = lines(text).into_iter().filter(|line| !line.contains("_bucket{"));
    lines.collect::<Vec<_>>().join("\n")
}

#[test]
fn what_was_counted_is_told_by_name_and_label() {
    let metrics = Metrics::new();
    for (outcome, stage) in [("accepted", "dot"), ("accepted", "dot"), ("refused", "rcpt")] {
        metrics.attempt(outcome, stage);
    }
    metrics.took("dot", Duration::from_millis(1500));
    metrics.committed(3);
    metrics.committed(256);
    metrics.commit_failed();
    metrics.connection_opened("main");
    metrics.connection_opened("main");
    metrics.connection_closed("main");
    metrics.window(7);
    metrics.window(5);
    let text = text(&metrics, None);
    assert_eq!(
        numbers(&text),
        "bulletin_attempts_total{outcome=\"accepted\",stage=\"dot\"} 2\n\
         bulletin_attempts_total{outcome=\"refused\",stage=\"rcpt\"} 1\n\
         bulletin_commit_failures_total 1\n\
         bulletin_commit_results_count 2\n\
         bulletin_commit_results_sum 259.0\n\
         bulletin_connections{relay=\"main\"} 1\n\
         bulletin_database_up 0\n\
         bulletin_stage_seconds_count{stage=\"dot\"} 1\n\
         bulletin_stage_seconds_sum{stage=\"dot\"} 1.5\n\
         bulletin_window_used 5"
    );
    for line in [
        "bulletin_stage_seconds_bucket{le=\"1.0\",stage=\"dot\"} 0",
        "bulletin_stage_seconds_bucket{le=\"2.5\",stage=\"dot\"} 1",
        "bulletin_commit_results_bucket{le=\"2.0\"} 0",
        "bulletin_commit_results_bucket{le=\"4.0\"} 1",
        "bulletin_commit_results_bucket{le=\"256.0\"} 2",
    ] {
        assert!(lines(&text).contains(&line), "{line} is not in\n{text}");
    }
}

#[test]
fn what_the_database_says_is_told_beside_it() {
    let relay = |name: &str, state: &str| Relay { name: name.into(), state: state.into() };
    let standing = Standing {
        deliveries: vec![("queued", 3), ("in_doubt", 0)],
        campaigns: vec![("running", 1)],
        alerts: vec![("relay", 1), ("disk", 0)],
        relays: vec![relay("main", "open"), relay("spare", "held")],
        oldest_due: Duration::from_millis(2500),
    };
    let text = text(&Metrics::new(), Some(&standing));
    assert_eq!(
        numbers(&text),
        "bulletin_alerts{kind=\"disk\"} 0\n\
         bulletin_alerts{kind=\"relay\"} 1\n\
         bulletin_campaigns{state=\"running\"} 1\n\
         bulletin_commit_failures_total 0\n\
         bulletin_commit_results_count 0\n\
         bulletin_commit_results_sum 0.0\n\
         bulletin_database_up 1\n\
         bulletin_deliveries{state=\"in_doubt\"} 0\n\
         bulletin_deliveries{state=\"queued\"} 3\n\
         bulletin_oldest_due_seconds 2.5\n\
         bulletin_relay_open{relay=\"main\",state=\"open\"} 1\n\
         bulletin_relay_open{relay=\"spare\",state=\"held\"} 0\n\
         bulletin_window_used 0"
    );
}

#[test]
fn every_name_is_explained_once_and_the_text_ends_as_the_format_wants() {
    let metrics = Metrics::new();
    metrics.attempt("fault", "connect");
    let text = text(&metrics, Some(&Standing::default()));
    assert!(text.ends_with("\n# EOF\n"), "{text}");
    for line in lines(&text) {
        let series = line.split([' ', '{']).next().unwrap();
        let name = ["_total", "_bucket", "_sum", "_count"].iter().find_map(|end| {
            series.strip_suffix(end).filter(|name| text.contains(&format!("# TYPE {name} ")))
        });
        let name = name.unwrap_or(series);
        for word in ["HELP", "TYPE"] {
            assert_eq!(text.matches(&format!("# {word} {name} ")).count(), 1, "{word} {name}");
        }
    }
}

#[test]
fn a_text_from_outside_is_never_a_label() {
    let metrics = Metrics::new();
    metrics.attempt("ann@example.org", "550 <ann@example.org>");
    metrics.took("ann@example.org", Duration::ZERO);
    let text = text(&metrics, None);
    assert!(!text.contains("ann"), "{text}");
    assert!(text.contains("{outcome=\"other\",stage=\"other\"} 1"), "{text}");
}

#[test]
fn clones_count_together() {
    let metrics = Metrics::new();
    metrics.clone().attempt("in_doubt", "dot");
    assert!(text(&metrics, None).contains("{outcome=\"in_doubt\",stage=\"dot\"} 1"));
}
