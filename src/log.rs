//! Where log lines go: standard error, as text or as JSON, never with an address in them.

use std::io::IsTerminal;

use tracing_subscriber::EnvFilter;

/// Starts logging for the process. `level` is a filter such as `info` or `bulletin=debug`.
pub fn start(level: &str, json: bool) {
    // sqlx tells at every start, as news, that its own table exists already
    let filter = EnvFilter::try_new(format!("sqlx=warn,{level}"))
        .unwrap_or_else(|_| EnvFilter::new("sqlx=warn,info"));
    let lines = tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_ansi(colours())
        .with_writer(std::io::stderr);
    // A second start (in tests) keeps the first one's settings.
    let _ = if json {
        lines.json().flatten_event(true).try_init()
    } else {
        lines.with_target(false).try_init()
    };
}

/// On a terminal only, and not against the person's wish (<https://no-color.org>).
fn colours() -> bool {
    let unwanted = std::env::var_os("NO_COLOR").is_some_and(|value| !value.is_empty());
    std::io::stderr().is_terminal() && !unwanted
}
