//! What every answer has in common, and how the listeners start and stop.

use std::sync::Arc;

use bulletin::web;

use super::{Site, ask};

#[tokio::test]
async fn every_answer_is_private_and_runs_nothing() {
    let site = Site::start().await;
    let link = site.link(&["meetings"]).await;
    let requests = [
        ("GET", "/", 200),
        ("HEAD", "/", 200),
        ("GET", "/archive", 200),
        ("GET", "/archive/none", 404),
        ("GET", "/nothing/here", 404),
        ("GET", "/%FF", 404),
        ("DELETE", "/archive", 405),
        ("OPTIONS", &link, 405),
        ("GET", &link, 200),
        ("POST", &link, 200),
        ("POST", "/unsubscribe/wrong", 404),
    ];
    for (method, path, status) in requests {
        let answer = site.ask(method, path, &["Cookie: a=b"], b"").await;
        assert_eq!(answer.status, status, "{method} {path}");
        let expected = [
            ("cache-control", "no-store"),
            ("referrer-policy", "no-referrer"),
            ("x-content-type-options", "nosniff"),
        ];
        for (name, value) in expected {
            assert_eq!(answer.header(name), Some(value), "{method} {path}");
        }
        let policy = answer.header("content-security-policy").unwrap();
        for part in [
            "default-src 'none'",
            "form-action 'self'",
            "frame-ancestors 'none'",
            "base-uri 'none'",
        ] {
            assert!(policy.contains(part), "{method} {path}: {policy}");
        }
        assert!(!policy.contains("unsafe"), "{policy}");
        assert_eq!(answer.header("set-cookie"), None, "{method} {path}");
    }
}

#[tokio::test]
async fn every_page_has_a_language_one_heading_and_a_way_past_the_masthead() {
    let site = Site::start().await;
    let link = site.link(&["meetings"]).await;
    for path in ["/", "/archive", &link, "/nothing"] {
        let text = site.get(path).await.text();
        assert!(text.contains("<html lang=\"en-GB\" dir=\"ltr\">"), "{path}");
        assert_eq!(text.matches("<h1").count(), 1, "{path}");
        assert!(text.contains("href=\"#main\"") && text.contains("<main id=\"main\""), "{path}");
    }
}

#[tokio::test]
async fn a_body_over_4_kb_is_refused_whether_or_not_it_says_its_length() {
    let site = Site::start().await;
    let (link, before) = (site.link(&["meetings"]).await, site.rows().await);
    let told = site.ask("POST", &link, &["Content-Length: 4097"], b"").await;
    assert_eq!(told.status, 413);
    let chunk = [b"1001\r\n", vec![b'a'; 4097].as_slice(), b"\r\n0\r\n\r\n"].concat();
    let untold = site.ask("POST", &link, &["Transfer-Encoding: chunked"], &chunk).await;
    assert_eq!(untold.status, 413);
    assert_eq!(site.rows().await, before);
    assert_eq!(site.ask("POST", &link, &[], &[b'a'; 4096]).await.status, 200);
}

#[tokio::test]
async fn a_wrong_method_is_told_the_right_ones() {
    let site = Site::start().await;
    let answer = site.ask("POST", "/archive", &[], b"").await;
    assert_eq!((answer.status, answer.header("allow")), (405, Some("GET,HEAD")));
    assert!(answer.text().contains("This cannot be done here"));
}

#[tokio::test]
async fn a_taken_address_is_refused_with_the_setting_and_the_remedy() {
    let site = Site::start().await;
    let mut office = site.office.clone();
    Arc::make_mut(&mut office.config).site.operator_listen = site.pages.operator();
    let error = web::start(&office).await.err().unwrap().to_string();
    let address = site.pages.operator();
    assert!(error.starts_with(&format!("site.operator_listen = \"{address}\"")), "{error}");
    assert!(
        error.ends_with("another program listens there: stop it, or set another port"),
        "{error}"
    );
}

#[tokio::test]
async fn health_tells_whether_the_database_answers() {
    let site = Site::start().await;
    let well = site.inbox("/healthz").await;
    assert_eq!((well.status, &well.body[..]), (200, &b"ok\n"[..]));
    site.office.db.close().await;
    assert_eq!(site.inbox("/healthz").await.status, 503);
}

#[tokio::test]
async fn what_operators_look_at_is_not_for_the_public() {
    let site = Site::start().await;
    for path in ["/healthz", "/readyz", "/metrics", "/inbox"] {
        assert_eq!(site.get(path).await.status, 404, "{path}");
    }
}

#[tokio::test]
async fn stopping_closes_both_listeners() {
    let site = Site::start().await;
    let (public, operator) = (site.pages.public(), site.pages.operator());
    assert_eq!(ask(public, "GET", "/", &[], b"").await.status, 200);
    site.pages.stop().await;
    for address in [public, operator] {
        assert!(tokio::net::TcpStream::connect(address).await.is_err());
    }
}
