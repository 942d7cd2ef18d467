//! Handing out a file that somebody else made.
//!
//! What always holds: only pictures are shown in the browser; everything else is downloaded, so no
//! document of a stranger ever runs under our address.

use axum::http::HeaderValue;
use axum::http::header::{CONTENT_DISPOSITION, CONTENT_TYPE};
use axum::response::{IntoResponse, Response};

use super::page::{Refusal, encode};

/// Pictures that cannot hold a script; SVG can.
const SHOWN: [&str; 4] = ["image/png", "image/jpeg", "image/gif", "image/webp"];

pub(super) fn answer(name: &str, content_type: &str, bytes: Vec<u8>) -> Result<Response, Refusal> {
    let shown = SHOWN.contains(&content_type);
    let how = if shown { "inline" } else { "attachment" };
    // RFC 6266 §4.3: the extended form takes every name
    let disposition = format!("{how}; filename*=UTF-8''{}", encode(name));
    let headers = [
        (CONTENT_TYPE, HeaderValue::from_str(content_type)?),
        (CONTENT_DISPOSITION, HeaderValue::from_str(&disposition)?),
    ];
    Ok((headers, bytes).into_response())
}
