//! The three families of feeds, and what is none.

use url::Url;

use super::{Entry, read};

fn entries(feed: &[u8]) -> Result<Vec<Entry>, String> {
    read(feed, &Url::parse("https://charity.example/feed").unwrap())
}

const RSS: &str = r#"<?xml version="1.0"?><rss version="2.0" xmlns:content="http://purl.org/rss/1.0/modules/content/"><channel>
<title>News</title><link>https://charity.example/</link>
<item><title>Second &amp;#8217; one</title><link>/2?utm_source=rss</link><guid isPermaLink="false">two</guid>
<pubDate>Tue, 12 May 2026 09:00:00 GMT</pubDate><category>Research</category>
<description>Short.</description><content:encoded><![CDATA[<p>Long <b>words</b>.</p>]]></content:encoded></item>
<item><title>First</title><link>https://charity.example/1</link><pubDate>Mon, 11 May 2026 09:00:00 GMT</pubDate>
<description>&lt;p&gt;Only this.&lt;/p&gt;</description></item>
<item><title>Again two</title><guid>two</guid></item>
</channel></rss>"#;

#[test]
fn rss_is_read_the_oldest_first_and_each_id_once() {
    let [first, second] = entries(RSS.as_bytes()).unwrap().try_into().unwrap();
    assert_eq!((first.id.as_str(), second.id.as_str()), ("https://charity.example/1", "two"));
    assert!(first.content.contains("Only this."), "{}", first.content);
    assert_eq!(first.summary, "");
    assert_eq!(second.content, "<p>Long <b>words</b>.</p>");
    assert!(second.summary.contains("Short."));
    assert!(super::html::words(&second.title).contains("Second ’ one"), "{}", second.title);
    assert_eq!(second.link.unwrap().as_str(), "https://charity.example/2");
    assert_eq!(second.categories, ["research"]);
}

#[test]
fn atom_and_json_feed_are_read_too() {
    let atom = r#"<feed xmlns="http://www.w3.org/2005/Atom"><title>N</title><id>f</id><updated>2026-05-11T09:00:00Z</updated>
        <entry><id>tag:1</id><title type="html">&lt;b>Bold&lt;/b></title><updated>2026-05-11T09:00:00Z</updated>
        <link rel="enclosure" href="https://x.example/a.mp3"/><link href="https://charity.example/a"/>
        <category term="x" label="Minutes"/>
        <content type="xhtml"><div xmlns="http://www.w3.org/1999/xhtml"><p>Words</p></div></content></entry></feed>"#;
    let [entry] = entries(atom.as_bytes()).unwrap().try_into().unwrap();
    assert_eq!((entry.id.as_str(), entry.title.as_str()), ("tag:1", "<b>Bold</b>"));
    assert_eq!(entry.link.unwrap().as_str(), "https://charity.example/a");
    assert!(entry.content.contains("<p>Words</p>"), "{}", entry.content);
    assert_eq!(entry.categories, ["minutes"]);
    let json = r#"{"version": "https://jsonfeed.org/version/1.1", "title": "N", "items": [
        {"id": "9", "url": "https://charity.example/9", "title": "T & <i>", "content_text": "One\n\nTwo <3", "tags": ["A"]}]}"#;
    let [entry] = entries(json.as_bytes()).unwrap().try_into().unwrap();
    assert_eq!(entry.content, "<p>One</p><p>Two &lt;3</p>");
    assert_eq!(entry.title, "<p>T &amp; &lt;i></p>");
}

#[test]
fn an_item_without_an_id_has_the_same_one_at_every_look() {
    let feed = |title: &str, words: &str| {
        format!(
            "<rss version='2.0'><channel><item><title>{title}</title><description>{words}</description></item></channel></rss>"
        )
    };
    let id = |feed: String| entries(feed.as_bytes()).unwrap().remove(0).id;
    assert_eq!(id(feed("T", "a")), id(feed("T", "b")));
    assert_ne!(id(feed("T", "a")), id(feed("U", "a")));
    assert_eq!(id(feed("", "a")), id(feed("", "a")));
    assert_ne!(id(feed("", "a")), id(feed("", "b")));
}

#[test]
fn entities_of_a_feeds_own_are_not_expanded() {
    let laughs = "<?xml version='1.0'?><!DOCTYPE lolz [<!ENTITY lol 'lol'>\
        <!ENTITY a '&lol;&lol;&lol;&lol;&lol;&lol;&lol;&lol;&lol;&lol;'><!ENTITY b '&a;&a;&a;&a;&a;&a;&a;&a;&a;&a;'>]>\
        <rss version='2.0'><channel><title>&b;</title><item><title>T&b;</title><guid>1</guid></item></channel></rss>";
    assert_eq!(entries(laughs.as_bytes()).unwrap()[0].title, "<p>T&amp;b;</p>");
}

#[test]
fn what_is_no_feed_is_told_in_a_line() {
    for (feed, want) in [
        (&b""[..], "is not a feed that can be read: unable to parse feed: no root element"),
        (
            b"<html><body>Not found</body></html>",
            "is not a feed that can be read: unable to parse feed: no root element",
        ),
        (b"{\"title\": 1", "is not a feed that can be read: unable to parse JSON: "),
        (
            b"<rss version='2.0'><channel><item><title>T",
            "is not a feed that can be read: unable to parse XML: ",
        ),
        (b"\xff\xfe\x00\x01", "is not a feed that can be read: "),
    ] {
        let why = entries(feed).unwrap_err();
        assert!(why.starts_with(want), "{why}");
        assert!(!why.contains('\n') && why.len() < 300, "{why}");
    }
}

#[test]
fn a_declared_encoding_is_read_and_a_wrong_one_is_told() {
    let feed = |declared: &str| {
        let mut feed = format!("<?xml version='1.0' encoding='{declared}'?><rss version='2.0'><channel><item><guid>1</guid><title>caf").into_bytes();
        feed.extend(b"\xe9</title></item></channel></rss>");
        feed
    };
    assert!(entries(&feed("windows-1252")).unwrap()[0].title.contains("café"));
    assert_eq!(
        entries(&feed("utf-8")).unwrap_err(),
        "is not a feed that can be read: unable to parse XML: Parser error: cannot decode input using UTF-8"
    );
}

#[test]
fn what_nests_without_end_does_not_end_us() {
    let deep = "<x>".repeat(500_000);
    let feed = format!("<rss version='2.0'><channel><item><guid>1</guid>{deep}");
    assert!(entries(feed.as_bytes()).is_err());
    let content = format!(
        "<feed xmlns='http://www.w3.org/2005/Atom'><entry><id>1</id><content type='xhtml'>{}{}</content></entry></feed>",
        "<div>".repeat(60_000),
        "</div>".repeat(60_000)
    );
    assert_eq!(entries(content.as_bytes()).unwrap().len(), 1);
    assert!(entries(&[b"{\"items\":".as_slice(), &b"[".repeat(500_000)].concat()).is_err());
}

#[test]
fn what_links_are_relative_to_may_be_said_for_each_item_and_not_without_end() {
    let feed = |times: usize, base: &str| {
        let (open, close) = (format!("<x xml:base='{base}'>").repeat(times), "</x>".repeat(times));
        format!(
            "<rss version='2.0'><channel>{open}{close}<item><guid>1</guid></item></channel></rss>"
        )
    };
    assert_eq!(entries(feed(300, "a/").as_bytes()).unwrap().len(), 1);
    let wide: Vec<u8> = feed(301, "a/").encode_utf16().flat_map(u16::to_le_bytes).collect();
    for bomb in [
        feed(301, "a/").into_bytes(),
        feed(2, &"a".repeat(10_001)).into_bytes(),
        feed(100_000, "a/").into_bytes(),
        wide,
    ] {
        assert_eq!(
            entries(&bomb).unwrap_err(),
            "is not a feed that can be read: it says too often what its links are relative to (xml:base); at most 300 times, and 20000 octets, are followed"
        );
    }
    let parted = feed(301, "a/").replace("xml:base", "xml:\u{1b}(Bbase");
    assert_eq!(
        entries(parted.as_bytes()).unwrap_err(),
        "is not a feed that can be read: it changes its alphabet on the way"
    );
}

#[test]
fn the_newest_two_hundred_are_read() {
    let item = |n: usize| {
        format!(
            "<item><guid>{n}</guid><pubDate>Mon, 11 May 2026 09:{:02}:{:02} GMT</pubDate></item>",
            n / 60,
            n % 60
        )
    };
    let items: String = (0..300).map(item).collect();
    let entries =
        entries(format!("<rss version='2.0'><channel>{items}</channel></rss>").as_bytes()).unwrap();
    assert_eq!(
        (entries.len(), entries[0].id.as_str(), entries[199].id.as_str()),
        (200, "100", "299")
    );
}
