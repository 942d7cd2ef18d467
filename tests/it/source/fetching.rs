//! One look at a feed's address, and what each misbehaving server makes of it: a message, in time and
//! within bounds.

use std::io::Write as _;
use std::time::{Duration, Instant};

use bulletin::clock::Timestamp;
use bulletin::source::fetch::{Answer, LARGEST, Marks, Refusal, fetch};
use flate2::Compression;
use flate2::write::GzEncoder;
use url::Url;

use crate::support::feed::{Act, FeedServer, HOST, answer, page};

const NOW: Timestamp = Timestamp(1_780_000_000_000);
/// Longer than any answer takes that comes at all.
const PATIENCE: Duration = Duration::from_secs(20);

async fn look(server: &FeedServer, url: &str, marks: &Marks) -> Result<Answer, Refusal> {
    let net = server.net(PATIENCE, &["203.0.113.9"]);
    fetch(&net, &Url::parse(url).unwrap(), marks, NOW).await
}

async fn refused(server: &FeedServer, url: &str) -> String {
    look(server, url, &Marks::default()).await.unwrap_err().to_string()
}

fn gzip(octets: &[u8]) -> Vec<u8> {
    let mut packer = GzEncoder::new(Vec::new(), Compression::best());
    packer.write_all(octets).unwrap();
    packer.finish().unwrap()
}

#[tokio::test]
async fn a_page_comes_with_its_marks_and_these_make_the_next_look_short() {
    let server = FeedServer::start().await;
    let headers =
        ["ETag: \"v1\"", "Last-Modified: Mon, 11 May 2026 09:00:00 GMT", "Set-Cookie: id=1"];
    server.at("/feed?a=1", page(&headers, "words"));
    let url = server.url("/feed?a=1");
    let Answer::Page { bytes, marks, .. } = look(&server, &url, &Marks::default()).await.unwrap()
    else {
        panic!("a page")
    };
    assert_eq!(bytes, b"words");
    server.at("/feed?a=1", answer("304 Not Modified", &[], ""));
    assert!(matches!(look(&server, &url, &marks).await.unwrap(), Answer::Unchanged));
    let [first, second] = server.requests().try_into().unwrap();
    let host = format!("host: {HOST}:{}", server.port());
    for line in [
        host.as_str(),
        "user-agent: Bulletin/0.1.0 (+https://news.example.org)",
        "accept-encoding: gzip",
    ] {
        assert!(first.contains(line), "{line} in {first}");
    }
    for line in [
        "if-none-match: \"v1\"",
        "if-modified-since: Mon, 11 May 2026 09:00:00 GMT",
        "cookie",
        "authorization",
        "referer",
    ] {
        assert!(!first.contains(line), "{line} in {first}");
        assert_eq!(second.contains(line), line.starts_with("if-"), "{line} in {second}");
    }
}

#[tokio::test]
async fn what_is_packed_is_unpacked() {
    let server = FeedServer::start().await;
    server.at("/feed", page(&["Content-Encoding: gzip"], gzip(b"words")));
    let answer = look(&server, &server.url("/feed"), &Marks::default()).await.unwrap();
    assert!(matches!(answer, Answer::Page { bytes, .. } if bytes == b"words"));
}

#[tokio::test]
async fn a_redirect_is_followed_three_times_and_no_further() {
    let server = FeedServer::start().await;
    for (from, to) in [("/a", "/b"), ("/b", "/c"), ("/c", "/d")] {
        server.at(from, answer("301 Moved", &[&format!("Location: {to}")], ""));
    }
    server.at("/d", page(&[], "there"));
    let Answer::Page { url, .. } =
        look(&server, &server.url("/a"), &Marks::default()).await.unwrap()
    else {
        panic!("a page")
    };
    assert_eq!(url.path(), "/d");
    server.at("/d", answer("302 Found", &["Location: /d"], ""));
    assert_eq!(
        refused(&server, &server.url("/a")).await,
        "leads on from one address to the next more than 3 times"
    );
}

#[tokio::test]
async fn a_redirect_into_a_network_is_refused_before_anything_is_said_there() {
    let server = FeedServer::start().await;
    let port = server.port();
    let inside = |host: &str, ip: &str| {
        format!(
            "leads to {host}, which is {ip}: an address inside a network; feeds are read from the public internet only"
        )
    };
    for (to, want) in [
        (format!("https://127.0.0.1:{port}/d"), inside("127.0.0.1", "127.0.0.1")),
        (format!("https://2130706433:{port}/d"), inside("127.0.0.1", "127.0.0.1")),
        (
            "https://169.254.169.254/latest/meta-data/".to_owned(),
            inside("169.254.169.254", "169.254.169.254"),
        ),
        (format!("https://[::1]:{port}/d"), inside("[::1]", "::1")),
        ("https://[::ffff:10.1.2.3]/".to_owned(), inside("[::ffff:a01:203]", "::ffff:10.1.2.3")),
        ("https://[fd00::1]/".to_owned(), inside("[fd00::1]", "fd00::1")),
        ("https://inside.example.org/".to_owned(), inside("inside.example.org", "203.0.113.9")),
        (
            format!("http://{HOST}:{port}/d"),
            format!(
                "leads to http://{HOST}:{port}, which is not an https address; feeds are read over https only"
            ),
        ),
        (
            format!("https://ann:secret@{HOST}:{port}/d"),
            format!(
                "leads to https://{HOST}:{port} with a name or a password, which is never sent"
            ),
        ),
        (
            "file:///etc/passwd".to_owned(),
            "leads to file://, which is not an https address; feeds are read over https only"
                .to_owned(),
        ),
        (
            "https://nowhere.example.org/".to_owned(),
            "leads to nowhere.example.org, which has no address; check how it is written"
                .to_owned(),
        ),
        ("https://".to_owned(), "leads on to nowhere".to_owned()),
    ] {
        server.at("/a", answer("302 Found", &[&format!("Location: {to}")], ""));
        assert_eq!(refused(&server, &server.url("/a")).await, want, "{to}");
    }
    let paths: Vec<_> =
        server.requests().iter().map(|head| head.split(' ').nth(1).unwrap().to_owned()).collect();
    assert!(paths.iter().all(|path| path == "/a"), "{paths:?}");
}

#[tokio::test]
async fn one_address_inside_a_network_is_enough_to_ask_none() {
    let server = FeedServer::start().await;
    let net = server.net(PATIENCE, &["93.184.216.34", "10.0.0.7"]);
    let url = Url::parse("https://inside.example.org/feed").unwrap();
    let refusal = fetch(&net, &url, &Marks::default(), NOW).await.unwrap_err();
    assert!(matches!(refusal, Refusal::Inside(_, ip) if ip.to_string() == "10.0.0.7"), "{refusal}");
}

#[tokio::test]
async fn a_server_that_never_sends_a_byte_or_never_ends_is_left() {
    let server = FeedServer::start().await;
    server.at("/silent", Act::Silence);
    let start = b"HTTP/1.1 200 OK\r\n\r\n<rss>".to_vec();
    server.at("/endless", Act::Endless(start, vec![b'x'; 1_000_000]));
    server.at(
        "/headers",
        Act::Endless(b"HTTP/1.1 200 OK\r\n".to_vec(), b"X-More: yes\r\n".repeat(1000)),
    );
    let net = server.net(Duration::from_millis(300), &[]);
    let began = Instant::now();
    let url = Url::parse(&server.url("/silent")).unwrap();
    let refusal = fetch(&net, &url, &Marks::default(), NOW).await.unwrap_err();
    assert_eq!(refusal.to_string(), "took longer than 0.3 seconds");
    assert!(began.elapsed() < PATIENCE / 2);
    assert_eq!(refused(&server, &server.url("/endless")).await, "is larger than 5 MB");
    let why = refused(&server, &server.url("/headers")).await;
    assert!(why.starts_with("cannot be read: the answer breaks off ("), "{why}");
    assert!(began.elapsed() < PATIENCE);
}

#[tokio::test]
async fn what_is_too_large_packed_or_unpacked_is_refused() {
    let server = FeedServer::start().await;
    server.at("/large", page(&[], vec![b'x'; LARGEST + 1]));
    let bomb = gzip(&vec![0; 200_000_000]);
    assert!(bomb.len() < 300_000);
    server.at("/bomb", page(&["Content-Encoding: gzip"], bomb));
    server.at(
        "/told",
        Act::Endless(
            b"HTTP/1.1 200 OK\r\nContent-Length: 200000000\r\n\r\n".to_vec(),
            vec![b'x'; 100_000],
        ),
    );
    for path in ["/large", "/bomb", "/told"] {
        assert_eq!(refused(&server, &server.url(path)).await, "is larger than 5 MB", "{path}");
    }
    server.at("/brotli", page(&["Content-Encoding: br"], "x"));
    assert_eq!(
        refused(&server, &server.url("/brotli")).await,
        "is packed as \"br\", which nobody asked for"
    );
}

#[tokio::test]
async fn an_answer_that_is_none_is_told_in_words() {
    let server = FeedServer::start().await;
    for (status, want) in [
        ("404 Not Found", "cannot be read: the answer is 404; check the address"),
        ("500 Oops", "cannot be read: the answer is 500; check the address"),
        ("410 Gone", "is gone for good (410); take the source out of the configuration"),
        ("429 Too Many", "asks us to wait (429)"),
        ("302 Found", "leads on to nowhere"),
    ] {
        server.at("/a", answer(status, &[], "x"));
        assert_eq!(refused(&server, &server.url("/a")).await, want);
    }
    server.at("/a", Act::Say(b"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhalf".to_vec()));
    let why = refused(&server, &server.url("/a")).await;
    assert!(why.starts_with("cannot be read: the answer breaks off ("), "{why}");
    server.at("/a", Act::Say(b"SSH-2.0-x\r\n".to_vec()));
    let why = refused(&server, &server.url("/a")).await;
    assert!(why.starts_with("cannot be read: the answer breaks off ("), "{why}");
}

#[tokio::test]
async fn when_to_come_back_is_told_in_seconds_or_as_a_date() {
    let server = FeedServer::start().await;
    for (header, seconds) in [
        ("Retry-After: 120", Some(120)),
        ("Retry-After: Thu, 28 May 2026 20:27:40 GMT", Some(60)),
        ("Retry-After: soon", None),
        ("X: y", None),
    ] {
        server.at("/a", answer("503 Busy", &[header], ""));
        let refusal = look(&server, &server.url("/a"), &Marks::default()).await.unwrap_err();
        let Refusal::Wait { status: 503, until } = refusal else { panic!("{refusal}") };
        assert_eq!(until.map(|until| until.since(NOW).as_secs()), seconds, "{header}");
    }
}

#[tokio::test]
async fn a_server_that_does_not_prove_who_it_is_is_told_nothing() {
    let server = FeedServer::start().await;
    let url = format!("https://other.example.org:{}/feed", server.port());
    let why = refused(&server, &url).await;
    assert!(
        why.starts_with("cannot be read: other.example.org does not prove who it is ("),
        "{why}"
    );
    assert!(server.requests().is_empty());
}
