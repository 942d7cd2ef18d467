//! One look at a feed's address: what is there now, or that nothing has changed.
//!
//! What always holds: https at every step, at most three redirects, each address checked before
//! anything is said to it; nothing but what a stranger may know is sent (no cookie, no login); not more
//! than [`LARGEST`] octets are kept, packed or unpacked, and it ends when its time is over.

mod refusal;

pub use refusal::Refusal;

use std::io::Read;
use std::time::Duration;

use chrono::DateTime;
use flate2::read::MultiGzDecoder;
use http_body_util::{BodyExt, Empty};
use hyper::body::{Bytes, Incoming};
use hyper::client::conn::http1;
use hyper::header::{self, HeaderMap, HeaderName};
use hyper::{Request, Response};
use hyper_util::rt::TokioIo;
use tokio::task::JoinSet;
use tokio::time::timeout;
use url::{Position, Url};

use super::net::Net;
use crate::clock::Timestamp;

/// The most a feed may have, in octets.
pub const LARGEST: usize = 5_000_000;
const REDIRECTS: usize = 3;
/// The longest mark of a version that is kept, in characters.
const LONGEST_MARK: usize = 500;

const ACCEPT: &str = "application/atom+xml, application/rss+xml, application/feed+json, \
    application/xml;q=0.9, application/json;q=0.9, text/xml;q=0.8, */*;q=0.1";

/// What tells one version of a page from the next (RFC 9110 §8.8).
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Marks {
    pub etag: Option<String>,
    pub last_modified: Option<String>,
}

/// What was there.
#[derive(Debug)]
pub enum Answer {
    /// Nothing that was not there before.
    Unchanged,
    Page {
        bytes: Vec<u8>,
        marks: Marks,
        /// Where it was found in the end.
        url: Url,
    },
}

/// Looks at `url`, and at where it leads.
pub async fn fetch(net: &Net, url: &Url, marks: &Marks, now: Timestamp) -> Result<Answer, Refusal> {
    let slow = |_| Refusal::Slow(net.patience);
    timeout(net.patience, follow(net, url, marks, now)).await.map_err(slow)?
}

async fn follow(net: &Net, url: &Url, marks: &Marks, now: Timestamp) -> Result<Answer, Refusal> {
    let mut url = url.clone();
    for _ in 0..=REDIRECTS {
        // the connection's own work, which ends with this step
        let mut tasks = JoinSet::new();
        let response = ask(net, &url, marks, &mut tasks).await?;
        match response.status().as_u16() {
            200 => return page(response, url).await,
            304 => return Ok(Answer::Unchanged),
            301 | 302 | 303 | 307 | 308 => url = onward(&url, response.headers())?,
            410 => return Err(Refusal::Gone),
            status @ (429 | 503) => {
                let until = retry_after(response.headers(), now);
                return Err(Refusal::Wait { status, until });
            }
            status => return Err(Refusal::Status(status)),
        }
    }
    Err(Refusal::Redirects)
}

async fn ask(
    net: &Net,
    url: &Url,
    marks: &Marks,
    tasks: &mut JoinSet<hyper::Result<()>>,
) -> Result<Response<Incoming>, Refusal> {
    let not_https = || Refusal::NotHttps(origin(url));
    if url.scheme() != "https" {
        return Err(not_https());
    }
    if !url.username().is_empty() || url.password().is_some() {
        return Err(Refusal::Login(origin(url)));
    }
    let host = url.host_str().ok_or_else(not_https)?;
    let stream = net.connect(host, url.port().unwrap_or(443)).await?;
    let broken = |error: hyper::Error| Refusal::Broken(error.to_string());
    let (mut sender, connection) = http1::handshake(TokioIo::new(stream)).await.map_err(broken)?;
    tasks.spawn(connection);
    let request = request(net, url, marks).map_err(|error| Refusal::Broken(error.to_string()))?;
    sender.send_request(request).await.map_err(broken)
}

fn request(
    net: &Net,
    url: &Url,
    marks: &Marks,
) -> Result<Request<Empty<Bytes>>, hyper::http::Error> {
    let mut request = Request::get(&url[Position::BeforePath..Position::AfterQuery])
        .header(header::HOST, &url[Position::BeforeHost..Position::AfterPort])
        .header(header::USER_AGENT, &net.agent)
        .header(header::ACCEPT, ACCEPT)
        .header(header::ACCEPT_ENCODING, "gzip")
        .header(header::CONNECTION, "close");
    if let Some(etag) = &marks.etag {
        request = request.header(header::IF_NONE_MATCH, etag);
    }
    if let Some(date) = &marks.last_modified {
        request = request.header(header::IF_MODIFIED_SINCE, date);
    }
    request.body(Empty::new())
}

fn onward(from: &Url, headers: &HeaderMap) -> Result<Url, Refusal> {
    let location = text(headers, &header::LOCATION).ok_or(Refusal::Nowhere)?;
    from.join(location).map_err(|_| Refusal::Nowhere)
}

async fn page(mut response: Response<Incoming>, url: Url) -> Result<Answer, Refusal> {
    let mut bytes = Vec::new();
    while let Some(frame) = response.body_mut().frame().await {
        let frame = frame.map_err(|error| Refusal::Broken(error.to_string()))?;
        if let Some(data) = frame.data_ref() {
            if bytes.len() + data.len() > LARGEST {
                return Err(Refusal::TooLarge);
            }
            bytes.extend_from_slice(data);
        }
    }
    let headers = response.headers();
    let mark =
        |name| text(headers, name).filter(|mark| mark.len() <= LONGEST_MARK).map(ToOwned::to_owned);
    let marks = Marks { etag: mark(&header::ETAG), last_modified: mark(&header::LAST_MODIFIED) };
    let bytes = match text(headers, &header::CONTENT_ENCODING) {
        None | Some("" | "identity") => bytes,
        Some("gzip" | "x-gzip") => unpacked(&bytes)?,
        Some(other) => return Err(Refusal::Packed(other.to_owned())),
    };
    Ok(Answer::Page { bytes, marks, url })
}

/// Stops as soon as there is too much: a few octets can unpack to gigabytes.
fn unpacked(packed: &[u8]) -> Result<Vec<u8>, Refusal> {
    let mut bytes = Vec::new();
    MultiGzDecoder::new(packed)
        .take(LARGEST as u64 + 1)
        .read_to_end(&mut bytes)
        .map_err(|error| Refusal::Broken(error.to_string()))?;
    if bytes.len() > LARGEST { Err(Refusal::TooLarge) } else { Ok(bytes) }
}

/// Seconds from now, or a date (RFC 9110 §10.2.3).
fn retry_after(headers: &HeaderMap, now: Timestamp) -> Option<Timestamp> {
    let text = text(headers, &header::RETRY_AFTER)?.trim();
    match text.parse() {
        Ok(seconds) => Some(now.plus(Duration::from_secs(seconds))),
        Err(_) => Some(Timestamp::from_utc(DateTime::parse_from_rfc2822(text).ok()?.to_utc())),
    }
}

fn text<'a>(headers: &'a HeaderMap, name: &HeaderName) -> Option<&'a str> {
    headers.get(name)?.to_str().ok()
}

/// Of an address, what can be told: neither a login nor a token in its query.
fn origin(url: &Url) -> String {
    format!("{}://{}", url.scheme(), &url[Position::BeforeHost..Position::AfterPort])
}
