//! Saying no, by a provider's one click and by the page's button (RFC 8058).

use bulletin::token::Purpose;

use super::{DELIVERY, Site};

const URLENCODED: &str = "Content-Type: application/x-www-form-urlencoded";
const MULTIPART: &str = "Content-Type: multipart/form-data; boundary=b";
const MULTIPART_BODY: &[u8] =
    b"--b\r\nContent-Disposition: form-data; name=\"List-Unsubscribe\"\r\n\r\nOne-Click\r\n--b--\r\n";

const MEETINGS_ENDED: &str = "subscription meetings ended unsubscribed";
const REPORTS_ACTIVE: &str = "subscription reports active ";

#[tokio::test]
async fn one_click_ends_what_the_mail_came_by_in_both_encodings() {
    for (kind, body) in
        [(URLENCODED, &b"List-Unsubscribe=One-Click"[..]), (MULTIPART, MULTIPART_BODY)]
    {
        let site = Site::start().await;
        let answer = site.ask("POST", &site.link(&["meetings"]).await, &[kind], body).await;
        assert_eq!(answer.status, 200, "{}", answer.head);
        assert_eq!((answer.header("location"), answer.header("set-cookie")), (None, None));
        assert!(answer.text().contains("You will get nothing more from Meetings."));
        let rows = site.rows().await;
        for row in [MEETINGS_ENDED, REPORTS_ACTIVE, "consent meetings ended one-click 77"] {
            assert!(rows.iter().any(|one| one == row), "{kind}: {row} is not in {rows:#?}");
        }
    }
}

#[tokio::test]
async fn every_body_up_to_the_limit_ends_the_subscription() {
    let odd: [(&str, &[u8]); 5] = [
        (URLENCODED, b"confirm=1"),
        (URLENCODED, b""),
        ("Content-Type: application/json", b"{\"keep\": true}"),
        ("X-Nothing: said", b"\xff\xfe\0"),
        (MULTIPART, b"--another\r\n"),
    ];
    for (kind, body) in odd {
        let site = Site::start().await;
        let link = site.link(&["meetings", "reports"]).await;
        let answer = site.ask("POST", &link, &[kind], body).await;
        assert_eq!(answer.status, 200, "{kind}");
        assert!(
            answer.text().contains("from Meetings and Reports &lt;new&gt;."),
            "{}",
            answer.text()
        );
        let rows = site.rows().await;
        assert!(rows.contains(&"consent reports ended page 77".to_owned()), "{rows:#?}");
        assert!(!rows.iter().any(|row| row.ends_with("active ")), "{rows:#?}");
    }
}

#[tokio::test]
async fn looking_changes_nothing() {
    let site = Site::start().await;
    let (link, before) = (site.link(&["meetings"]).await, site.rows().await);
    for method in ["GET", "HEAD", "OPTIONS", "PUT", "DELETE", "PROPFIND"] {
        let look = format!("{link}?List-Unsubscribe=One-Click");
        let answer = site.ask(method, &look, &[URLENCODED], b"List-Unsubscribe=One-Click").await;
        let expected = if matches!(method, "GET" | "HEAD") { 200 } else { 405 };
        assert_eq!(answer.status, expected, "{method}");
        assert_eq!(site.rows().await, before, "{method}");
    }
}

#[tokio::test]
async fn the_page_names_the_lists_and_nobody() {
    let site = Site::start().await;
    let text = site.get(&site.link(&["meetings", "reports"]).await).await.text();
    assert!(text.contains("<title>Unsubscribe</title>"), "{text}");
    assert!(text.contains("Meetings") && text.contains("Reports &lt;new&gt;"));
    assert_eq!(text.matches("<button").count(), 1);
    assert!(!text.contains("ann@") && !text.contains("Ann") && !text.contains("<script"));
}

#[tokio::test]
async fn saying_no_again_is_harmless_and_the_page_says_that_it_is_done() {
    let site = Site::start().await;
    let link = site.link(&["meetings"]).await;
    let first = site.ask("POST", &link, &[], b"").await;
    let after = site.rows().await;
    let again = site.ask("POST", &link, &[URLENCODED], b"List-Unsubscribe=One-Click").await;
    assert_eq!((again.status, again.body), (200, first.body));
    assert_eq!(site.rows().await, after);
    let text = site.get(&link).await.text();
    assert!(text.contains("This is done already") && !text.contains("<button"), "{text}");
}

#[tokio::test]
async fn every_invalid_token_is_the_same_missing_page() {
    let site = Site::start().await;
    let keys = &site.office.keys;
    let good = keys.sign(Purpose::Unsubscribe, &[DELIVERY, 1]);
    let before = site.rows().await;
    let reference = site.get("/no-such-page").await.body;
    for token in [
        "x".to_owned(),
        // of previews and test copies
        "PREVIEW".to_owned(),
        good[..good.len() - 1].to_owned(),
        format!("{good}A"),
        format!("A{good}"),
        keys.sign(Purpose::Preferences, &[DELIVERY, 1]),
        keys.sign(Purpose::Unsubscribe, &[]),
        "%FF%FE".to_owned(),
        "%00".to_owned(),
        "..%2F..%2Fetc".to_owned(),
        "a".repeat(4000),
        String::new(),
    ] {
        for (method, body) in [("GET", &b""[..]), ("POST", b"List-Unsubscribe=One-Click")] {
            let answer =
                site.ask(method, &format!("/unsubscribe/{token}"), &[URLENCODED], body).await;
            assert_eq!(answer.status, 404, "{method} {token}");
            assert!(answer.body == reference, "{method} {token}: another page");
        }
    }
    assert_eq!(site.rows().await, before);
}

#[tokio::test]
async fn a_busy_database_is_waited_for() {
    let site = Site::start().await;
    let link = site.link(&["meetings"]).await;
    let mut other = site.database().await;
    sqlx::query("BEGIN IMMEDIATE").execute(&mut other).await.unwrap();
    let release = async {
        assert!(site.rows().await.contains(&"subscription meetings active ".to_owned()));
        sqlx::query("COMMIT").execute(&mut other).await.unwrap();
    };
    let (answer, ()) = tokio::join!(site.ask("POST", &link, &[], b""), release);
    assert_eq!(answer.status, 200);
    assert!(site.rows().await.contains(&MEETINGS_ENDED.to_owned()));
}

#[tokio::test]
async fn nothing_is_called_done_that_is_not() {
    let site = Site::start().await;
    let link = site.link(&["meetings"]).await;
    let mut other = site.database().await;
    let breaks =
        "CREATE TRIGGER full BEFORE INSERT ON consent BEGIN SELECT RAISE(ABORT, 'disk full'); END";
    sqlx::query(breaks).execute(&mut other).await.unwrap();
    let answer = site.ask("POST", &link, &[URLENCODED], b"List-Unsubscribe=One-Click").await;
    assert_eq!(answer.status, 500);
    assert!(answer.text().contains("we cannot say that what you asked for is done"));
    assert!(!answer.text().contains("nothing more"), "{}", answer.text());
    assert!(site.rows().await.contains(&"subscription meetings active ".to_owned()));
}

#[tokio::test]
async fn a_caller_who_hangs_up_has_said_no_all_the_same() {
    use tokio::io::AsyncWriteExt;
    let site = Site::start().await;
    let link = site.link(&["meetings"]).await;
    let mut other = site.database().await;
    sqlx::query("BEGIN IMMEDIATE").execute(&mut other).await.unwrap();
    let address = site.pages.public();
    let mut stream = tokio::net::TcpStream::connect(address).await.unwrap();
    let request = format!("POST {link} HTTP/1.1\r\nHost: x\r\nContent-Length: 0\r\n\r\n");
    stream.write_all(request.as_bytes()).await.unwrap();
    drop(stream);
    // a page of the same server: the request before it has been read by then
    assert_eq!(site.get("/").await.status, 200);
    sqlx::query("COMMIT").execute(&mut other).await.unwrap();
    let ended = async {
        while !site.rows().await.contains(&MEETINGS_ENDED.to_owned()) {
            tokio::task::yield_now().await;
        }
    };
    tokio::time::timeout(std::time::Duration::from_secs(20), ended).await.unwrap();
}
