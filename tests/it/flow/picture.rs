//! A picture on its way from a telephone to a reader: small, upright, and silent about where it was
//! taken; and what nobody could mail is refused before it costs anything.

use std::fs::File;
use std::io::Cursor;
use std::process::Command;

use image::{DynamicImage, ImageFormat, Rgb, RgbImage};

use mail_parser::{MessageParser, MimeHeaders};

use super::house::{Database, House, PATIENCE, accepted, finished, house};
use crate::support::http;

on_both!(
    a_photo_arrives_small_and_without_its_place_and_is_one_version,
    a_linked_picture_is_on_the_site_when_the_mail_arrives,
);

const POST: &str = "---\ntitle: Photo\nkind: announcement\ndate: 2026-05-20\nlists: [news]\nsummary: S\n---\nThis is how our garden looked last week: ![Our garden](garden.jpg)\n";

/// A JPEG as a telephone writes it: large, and with its place.
fn photo() -> Vec<u8> {
    let pixels = RgbImage::from_fn(1_600, 1_200, |x, y| {
        let grain = (x.wrapping_mul(7_919) ^ y.wrapping_mul(104_729)).wrapping_mul(2_654_435_761);
        Rgb([x / 8, y / 6, (grain >> 26) + 90].map(|colour| colour.to_le_bytes()[0]))
    });
    let mut out = Cursor::new(Vec::new());
    DynamicImage::from(pixels).write_to(&mut out, ImageFormat::Jpeg).unwrap();
    let jpeg = out.into_inner();
    let place = b"Exif\0\0II*\0\x08\0\0\0\0\0\0\0\0\0GPS 51.5 N, the refuge";
    let length = u16::try_from(place.len() + 2).unwrap().to_be_bytes();
    [&jpeg[..2], b"\xff\xe1", &length, place, &jpeg[2..]].concat()
}

impl House {
    fn garden(&self) {
        std::fs::write(self.path("garden.jpg"), photo()).unwrap();
        self.write("photo.md", POST);
        self.must(&["post", "add", "photo.md"]);
    }
}

async fn a_photo_arrives_small_and_without_its_place_and_is_one_version(database: Database) {
    let house = house(database).open();
    house.subscriber("ann@readers.example", &["news"]);
    house.garden();
    let again = house.must(&["post", "add", "photo.md"]);
    assert!(again.stdout.starts_with("unchanged photo (version 1)"), "{}", again.stdout);
    let campaign = house.queue("photo");
    house.send();
    assert_eq!(house.counts(campaign), accepted(1));
    let [(name, picture)] = pictures(&house).try_into().unwrap();
    assert_eq!(name, "garden.jpg");
    assert!(picture.len() <= 200_000, "{}", picture.len());
    for secret in [&b"refuge"[..], b"Exif"] {
        assert!(memchr::memmem::find(&picture, secret).is_none());
    }
    let shown = image::load_from_memory(&picture).unwrap();
    assert_eq!((shown.width(), shown.height()), (1_068, 801));
    let [raw] = mails(&house).try_into().unwrap();
    let html = MessageParser::default().parse(&raw).unwrap().body_html(0).unwrap().into_owned();
    assert!(html.contains("alt=\"Our garden\" width=\"534\" height=\"400\""), "{html}");
}

async fn a_linked_picture_is_on_the_site_when_the_mail_arrives(database: Database) {
    let mut house = house(database).open();
    house.program = house.program.clone().with_env("BULLETIN__PICTURE__PLACING", "linked");
    house.subscriber("ann@readers.example", &["news"]);
    house.subscriber("bob@readers.example", &["news"]);
    house.garden();
    let campaign = house.queue("photo");
    let daemon = house.daemon();
    finished(&daemon, campaign);
    assert!(pictures(&house).is_empty());
    let path = "/archive/photo/file/garden.jpg";
    for raw in mails(&house) {
        let mail = MessageParser::default().parse(&raw).unwrap();
        let html = mail.body_html(0).unwrap();
        let shown = format!(
            "<img style=\"max-width:100%;height:auto\" src=\"https://news.alliance.example{path}\""
        );
        assert!(html.contains(&shown), "{html}");
    }
    let served = daemon.wait_for_line("pages are served", PATIENCE);
    let address = served.split_once("public=").unwrap().1.split(' ').next().unwrap().to_owned();
    let url = format!("http://{address}{path}");
    let picture = tokio::task::block_in_place(|| http::get(&url));
    assert_eq!(
        (picture.status, &picture.headers["content-type"]),
        (200, &"image/jpeg".parse().unwrap())
    );
}

fn mails(house: &House) -> Vec<Vec<u8>> {
    let entries = std::fs::read_dir(house.path("outbox")).unwrap();
    let files = entries.map(|entry| entry.unwrap().path());
    let mails = files.filter(|file| file.extension().is_some_and(|it| it == "eml"));
    mails.map(|file| std::fs::read(file).unwrap()).collect()
}

/// Name and content of every picture in every mail.
fn pictures(house: &House) -> Vec<(String, Vec<u8>)> {
    let mut pictures = Vec::new();
    for raw in mails(house) {
        let mail = MessageParser::default().parse(&raw).unwrap();
        for part in &mail.parts {
            if part.content_type().is_some_and(|it| it.ctype() == "image") {
                let name = part.attachment_name().unwrap().to_owned();
                pictures.push((name, part.contents().to_vec()));
            }
        }
    }
    pictures
}

#[test]
fn what_would_take_too_much_memory_is_refused_in_little() {
    let house = house(Database::Sqlite).open();
    // a PNG's signature and a header of 100 000 × 100 000 pixels, then nothing (PNG §11.2.1)
    let header = b"\x89PNG\r\n\x1a\n\0\0\0\x0dIHDR\0\x01\x86\xa0\0\x01\x86\xa0\x08\x02\0\0\0";
    std::fs::write(house.path("bomb.png"), bomb(header)).unwrap();
    File::create(house.path("huge.jpg")).unwrap().set_len(200_000_000).unwrap();
    house.write("page.png", "<html>");
    let body = "See ![A](bomb.png)\n\n![B](huge.jpg)\n\n![C](page.png)\n";
    house.write(
        "bad.md",
        &POST.replace("This is how our garden looked last week: ![Our garden](garden.jpg)\n", body),
    );
    for arguments in ["check bad.md", "post add bad.md"] {
        let limited = format!("ulimit -v 1000000; exec \"$0\" {arguments}");
        let ran = Command::new("sh")
            .args(["-c", &limited, env!("CARGO_BIN_EXE_bulletin")])
            .current_dir(house.path(""))
            .output()
            .unwrap();
        let told = String::from_utf8(ran.stdout).unwrap();
        let expected = "\
bad.md:8: bomb.png has 100000 × 100000 pixels, too many to be made smaller here; save it with at most 52 million [too-large]
bad.md:10: huge.jpg is larger than 25 MB; make it smaller [too-large]
bad.md:12: page.png is not a picture that can be read; save it as PNG, JPEG, GIF or WebP [image-type]
";
        assert_eq!(told, expected, "{}", String::from_utf8_lossy(&ran.stderr));
        assert_eq!(ran.status.code(), Some(1));
    }
    assert!(house.program.json_lines(&["post", "list"]).is_empty());
}

/// With its checksum and the start of its data.
fn bomb(header: &[u8]) -> Vec<u8> {
    let crc = !header[12..].iter().fold(u32::MAX, |crc, byte| {
        (0..8).fold(crc ^ u32::from(*byte), |crc, _| {
            if crc & 1 == 1 { (crc >> 1) ^ 0xedb8_8320 } else { crc >> 1 }
        })
    });
    [header, &crc.to_be_bytes(), b"\0\0\0\x02IDAT\x78\x9c"].concat()
}
