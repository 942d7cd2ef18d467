//! The types of values. Each function reads one, or says what is wrong with it and what to write.

use std::fmt::Display;
use std::net::SocketAddr;
use std::ops::RangeInclusive;
use std::path::{Path, PathBuf};
use std::str::FromStr;
use std::sync::Arc;
use std::time::Duration;

use chrono::NaiveDate;
use chrono_tz::Tz;
use tracing_subscriber::EnvFilter;

use super::document::Value;
use super::near::near;
use super::section::Parsed;
use super::{Auth, CatchUp, Kind, OnInDoubt, Placing, Tls};
use crate::address::EmailAddress;
use crate::clock::cron::Cron;
use crate::clock::quiet::QuietHours;
use crate::clock::step::Step;
use crate::clock::when;
use crate::key::SigningKey;
use crate::line::Line;
use crate::secret::Secret;

pub(super) fn text(value: &Value) -> Parsed<&str> {
    match value {
        Value::Text(text) | Value::Untyped(text) => Ok(text),
        _ => Err("is not text; write it in quotes".to_owned()),
    }
}

/// Reads text with a parser of its own, whose errors may begin with the text in quotes.
fn parsed<T, E: Display>(value: &Value, parse: impl Fn(&str) -> Result<T, E>) -> Parsed<T> {
    let text = text(value)?;
    parse(text).map_err(|error| {
        let error = error.to_string();
        let quoted = format!("\"{}\" ", text.trim());
        error.strip_prefix(&quoted).unwrap_or(&error).to_owned()
    })
}

pub(super) fn line(value: &Value) -> Parsed<Line> {
    parsed(value, Line::parse)
}

pub(super) fn email(value: &Value) -> Parsed<EmailAddress> {
    parsed(value, EmailAddress::parse)
}

pub(super) fn kind(value: &Value) -> Parsed<Kind> {
    parsed(value, Kind::from_str)
}

pub(super) const NO_MEETING: &str = "makes meeting notices, and a feed does not say when and where \
     people meet; write meeting-summary, report or announcement";

/// A kind that an item of a feed can be.
pub(super) fn feed_kind(value: &Value) -> Parsed<Kind> {
    match kind(value)? {
        Kind::MeetingNotice => Err(NO_MEETING.to_owned()),
        kind => Ok(kind),
    }
}

/// `Category: value`; the category in lower case, for feeds are not of one mind about that.
pub(super) fn pair<T>(
    parse: impl Fn(&str) -> Result<T, String>,
) -> impl Fn(&Value) -> Parsed<(String, T)> {
    move |value| {
        // a category may hold a colon itself
        let (category, meaning) = text(value)?
            .rsplit_once(':')
            .ok_or("has no colon; write it like \"Research: report\"")?;
        Ok((category.trim().to_lowercase(), parse(meaning.trim())?))
    }
}

pub(super) fn cron(value: &Value) -> Parsed<Cron> {
    parsed(value, Cron::parse)
}

pub(super) fn duration(value: &Value) -> Parsed<Duration> {
    match parsed(value, when::duration)? {
        Duration::ZERO => Err("is no time at all; write a longer one, such as 5m".to_owned()),
        duration => Ok(duration),
    }
}

/// So long before a meeting.
pub(super) fn step(value: &Value) -> Parsed<Step> {
    parsed(value, Step::from_str)
}

/// Leases are renewed every few seconds; a minute outlasts a hiccup.
pub(super) fn lease(value: &Value) -> Parsed<Duration> {
    match duration(value)? {
        short if short < Duration::from_mins(1) => {
            Err("is shorter than a minute; write a longer one, such as 30m".to_owned())
        }
        lease => Ok(lease),
    }
}

/// `50/s`, `600/m`, `1000/h` or `200/d`, as the time from one to the next.
pub(super) fn rate(value: &Value) -> Parsed<Duration> {
    let wanted = "is not a rate; write one such as \"50/s\", \"600/m\", \"1000/h\" or \"200/d\"";
    let text = text(value)?;
    let (count, unit) = text.split_once('/').ok_or(wanted)?;
    let count: u32 = count.trim().parse().map_err(|_| wanted)?;
    let period = match unit.trim() {
        "s" => Duration::from_secs(1),
        "m" => Duration::from_mins(1),
        "h" => Duration::from_hours(1),
        "d" => Duration::from_hours(24),
        _ => return Err(wanted.into()),
    };
    match period.checked_div(count) {
        Some(gap) if !gap.is_zero() => Ok(gap),
        _ => Err(wanted.into()),
    }
}

/// `500 MB`, in octets.
pub(super) fn size(value: &Value) -> Parsed<u64> {
    let wanted = "is not a size; write one such as \"500 MB\" or \"2 GB\"";
    let text = text(value)?.trim();
    let digits = text.find(|c: char| !c.is_ascii_digit()).ok_or(wanted)?;
    let (count, unit) = text.split_at(digits);
    let count: u64 = count.parse().map_err(|_| wanted)?;
    let octets: u64 = match unit.trim() {
        "kB" => 1_000,
        "MB" => 1_000_000,
        "GB" => 1_000_000_000,
        "TB" => 1_000_000_000_000,
        _ => return Err(wanted.into()),
    };
    count.checked_mul(octets).ok_or_else(|| wanted.into())
}

/// A day, as `2026-12-01`.
pub(super) fn date(value: &Value) -> Parsed<NaiveDate> {
    parsed(value, |text| {
        NaiveDate::parse_from_str(text, "%Y-%m-%d")
            .map_err(|_| "is not a day; write one such as 2026-12-01")
    })
}

pub(super) fn flag(value: &Value) -> Parsed<bool> {
    match value {
        Value::Bare(text) | Value::Untyped(text) if text == "true" => Ok(true),
        Value::Bare(text) | Value::Untyped(text) if text == "false" => Ok(false),
        _ => Err("is not true or false; write one of the two, without quotes".to_owned()),
    }
}

/// A whole number in `range`.
pub(super) fn number(range: RangeInclusive<usize>) -> impl Fn(&Value) -> Parsed<usize> {
    move |value| {
        let (Value::Bare(text) | Value::Untyped(text) | Value::Text(text)) = value else {
            return Err(format!("is not a number from {} to {}", range.start(), range.end()));
        };
        let number = text.parse().ok().filter(|number| range.contains(number));
        match (number, value) {
            (Some(number), Value::Bare(_) | Value::Untyped(_)) => Ok(number),
            (Some(_), _) => Err("is a number in quotes; write it without them".to_owned()),
            (None, _) => Err(format!("is not a number from {} to {}", range.start(), range.end())),
        }
    }
}

/// One of a few words.
pub(super) fn word<T: Copy>(words: &'static [(&'static str, T)]) -> impl Fn(&Value) -> Parsed<T> {
    move |value| {
        let text = text(value)?;
        let found = words.iter().find(|(word, _)| *word == text);
        found.map(|(_, meaning)| *meaning).ok_or_else(|| {
            let words: Vec<_> = words.iter().map(|(word, _)| format!("\"{word}\"")).collect();
            format!("is not one of {}", words.join(", "))
        })
    }
}

pub(super) const TLS: &[(&str, Tls)] =
    &[("starttls", Tls::Starttls), ("implicit", Tls::Implicit), ("none", Tls::None)];
pub(super) const AUTH: &[(&str, Auth)] =
    &[("password", Auth::Password), ("xoauth2", Auth::Xoauth2)];
pub(super) const ON_IN_DOUBT: &[(&str, OnInDoubt)] =
    &[("resend", OnInDoubt::Resend), ("hold", OnInDoubt::Hold)];
pub(super) const CATCH_UP: &[(&str, CatchUp)] = &[("once", CatchUp::Once), ("skip", CatchUp::Skip)];
pub(super) const PLACING: &[(&str, Placing)] =
    &[("embedded", Placing::Embedded), ("linked", Placing::Linked)];
/// Whether log lines are JSON.
pub(super) const LOG_FORMAT: &[(&str, bool)] = &[("text", false), ("json", true)];

pub(super) fn quiet_hours(value: &Value) -> Parsed<QuietHours> {
    parsed(value, QuietHours::parse)
}

pub(super) fn timezone(value: &Value) -> Parsed<Tz> {
    parsed(value, |text| {
        text.parse::<Tz>().map_err(|_| {
            let names: Vec<_> = chrono_tz::TZ_VARIANTS.iter().map(|zone| zone.name()).collect();
            let example = near(text, &names).unwrap_or("Europe/London");
            format!("is not a time zone; write one such as {example}")
        })
    })
}

/// A language tag in its common form (BCP 47): `en-GB`.
pub(super) fn language(value: &Value) -> Parsed<String> {
    let text = text(value)?;
    let mut parts = text.split('-');
    let first = parts.next().is_some_and(|part| {
        (2..=3).contains(&part.len()) && part.chars().all(|c| c.is_ascii_alphabetic())
    });
    let part = |part: &str| {
        (1..=8).contains(&part.len()) && part.chars().all(|c| c.is_ascii_alphanumeric())
    };
    if first && parts.all(part) {
        return Ok(text.to_owned());
    }
    Err("is not a language; write one such as en-GB or cy".to_owned())
}

/// A file or folder, counted from `folder`.
pub(super) fn path(folder: &Path) -> impl Fn(&Value) -> Parsed<PathBuf> {
    move |value| match text(value)? {
        "" => Err("is empty; write the name of a file or folder".to_owned()),
        text => Ok(folder.join(text)),
    }
}

/// The secret in a file that only its owner may read.
pub(super) fn secret_in(folder: &Path) -> impl Fn(&Value) -> Parsed<Secret> {
    move |value| {
        let path = path(folder)(value)?;
        Secret::from_file(&path).map_err(|error| format!("cannot be used: {error:#}"))
    }
}

/// The private key in a PEM file that only its owner may read.
pub(super) fn signing_key_in(folder: &Path) -> impl Fn(&Value) -> Parsed<Arc<SigningKey>> {
    move |value| {
        let path = path(folder)(value)?;
        let key = SigningKey::from_file(&path);
        key.map(Arc::new).map_err(|error| format!("cannot be used: {error:#}"))
    }
}

/// `sqlite:PATH`, made absolute, or `postgres://…`.
pub(super) fn database(folder: &Path) -> impl Fn(&Value) -> Parsed<Secret> {
    move |value| {
        let text = text(value)?;
        if ["postgres://", "postgresql://"].iter().any(|start| text.starts_with(start)) {
            return Ok(Secret::new(text));
        }
        let path = text.strip_prefix("sqlite:").map(|path| path.strip_prefix("//").unwrap_or(path));
        match path {
            Some(path) if !path.is_empty() => {
                Ok(Secret::new(format!("sqlite:{}", folder.join(path).display())))
            }
            _ => Err("is not a database; write sqlite:bulletin.db or postgres://…".to_owned()),
        }
    }
}

pub(super) fn log_level(value: &Value) -> Parsed<String> {
    const LEVELS: [&str; 6] = ["error", "warn", "info", "debug", "trace", "off"];
    let text = text(value)?;
    // A bare word that is no level would be read as the name of a module.
    let level = text.contains('=') || LEVELS.contains(&text);
    if level && EnvFilter::try_new(text).is_ok() {
        return Ok(text.to_owned());
    }
    Err(format!(
        "is not a log level; write one of {}, or a filter such as info,bulletin=debug",
        LEVELS.join(", ")
    ))
}

pub(super) fn socket(value: &Value) -> Parsed<SocketAddr> {
    parsed(value, |text| {
        text.parse().map_err(
            |_| "is not an address and a port; write them like 127.0.0.1:8080 or [::1]:8080",
        )
    })
}
