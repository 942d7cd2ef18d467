//! What surrounds every page: limits, headers, and a notice where there is no page.

use std::any::Any;
use std::time::Duration;

use axum::Router;
use axum::extract::State;
use axum::http::header::{
    ALLOW, CACHE_CONTROL, CONTENT_SECURITY_POLICY, REFERRER_POLICY, X_CONTENT_TYPE_OPTIONS,
};
use axum::http::{HeaderName, HeaderValue, StatusCode};
use axum::middleware::map_response_with_state;
use axum::response::{IntoResponse, Response};
use serde_json::json;
use tower_http::catch_panic::CatchPanicLayer;
use tower_http::limit::RequestBodyLimitLayer;
use tower_http::timeout::TimeoutLayer;

use super::page::Site;

/// No form of ours, and no one-click post, is near this long.
const LARGEST_BODY: usize = 4096;

/// Catches panics, gives up what takes too long, and refuses large bodies.
pub(super) fn limited(router: Router<Site>, patience: Duration) -> Router<Site> {
    let late = TimeoutLayer::with_status_code(StatusCode::SERVICE_UNAVAILABLE, patience);
    router
        .layer(CatchPanicLayer::custom(panicked))
        .layer(late)
        .layer(RequestBodyLimitLayer::new(LARGEST_BODY))
}

/// Gives every answer without a page the notice of its status.
pub(super) fn with_notices(router: Router<Site>, site: &Site) -> Router<Site> {
    router.layer(map_response_with_state(site.clone(), notice))
}

/// Gives every answer its headers.
pub(super) fn with_headers(router: Router<Site>, policy: HeaderValue) -> Router<Site> {
    router.layer(map_response_with_state(policy, headed))
}

#[expect(clippy::needless_pass_by_value, reason = "tower-http hands over what was thrown")]
fn panicked(thrown: Box<dyn Any + Send>) -> Response {
    let text = thrown.downcast_ref::<String>().map(String::as_str);
    let text = text.or_else(|| thrown.downcast_ref::<&str>().copied());
    tracing::error!("a page panicked: {}", text.unwrap_or("without a word"));
    StatusCode::INTERNAL_SERVER_ERROR.into_response()
}

async fn notice(State(site): State<Site>, answer: Response) -> Response {
    let status = answer.status();
    if !(status.is_client_error() || status.is_server_error()) {
        return answer;
    }
    let (title, text) = words(status);
    let page = site.neutral_page("notice.html", title, &json!({ "title": title, "text": text }));
    let mut page = (status, page.unwrap_or_else(IntoResponse::into_response)).into_response();
    // what may be done instead (RFC 9110 §15.5.6)
    if let Some(allowed) = answer.headers().get(ALLOW) {
        page.headers_mut().insert(ALLOW, allowed.clone());
    }
    page
}

fn words(status: StatusCode) -> (&'static str, &'static str) {
    match status {
        StatusCode::NOT_FOUND => (
            "This page is not here",
            "The address may be incomplete: when a link in an email breaks over two lines, copy all of it.",
        ),
        StatusCode::METHOD_NOT_ALLOWED => {
            ("This cannot be done here", "The page is there, but it does not take this request.")
        }
        StatusCode::PAYLOAD_TOO_LARGE => {
            ("This is too long", "The request was larger than 4 KB, so it was not read.")
        }
        status if status.is_client_error() => {
            ("This was not understood", "The request is not one that this page can answer.")
        }
        _ => (
            "This did not work",
            "Something went wrong on our side, so we cannot say that what you asked for is done. Please try again in a few minutes, or write to us.",
        ),
    }
}

async fn headed(State(policy): State<HeaderValue>, mut answer: Response) -> Response {
    let fixed = |value| HeaderValue::from_static(value);
    let wanted: [(HeaderName, HeaderValue); 4] = [
        (CACHE_CONTROL, fixed("no-store")),
        (REFERRER_POLICY, fixed("no-referrer")),
        (X_CONTENT_TYPE_OPTIONS, fixed("nosniff")),
        (CONTENT_SECURITY_POLICY, policy),
    ];
    for (name, value) in wanted {
        answer.headers_mut().entry(name).or_insert(value);
    }
    answer
}
