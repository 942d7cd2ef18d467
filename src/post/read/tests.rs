use std::fs;
use std::path::Path;

use image::{DynamicImage, ImageFormat};

use super::*;
use crate::config::{Picture, Placing};

const LISTS: [&str; 3] = ["meetings", "reports", "news"];

fn limits() -> Picture {
    Picture { placing: Placing::Embedded, largest: 200_000, together: 600_000 }
}

fn reading(file: &Path) -> Result<Source, Vec<Finding>> {
    read(file, &LISTS, &limits())
}

/// A black picture.
fn picture(width: u32, height: u32, format: ImageFormat) -> Vec<u8> {
    let mut out = std::io::Cursor::new(Vec::new());
    DynamicImage::new_rgb8(width, height).write_to(&mut out, format).unwrap();
    out.into_inner()
}

/// A folder with a post in it.
fn post(front: &str, body: &str) -> (tempfile::TempDir, PathBuf) {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("a-post.md");
    let text = format!("---\ntitle: A\nkind: report\ndate: 2026-05-20\n{front}---\n{body}\n");
    fs::write(&file, text).unwrap();
    (folder, file)
}

fn rules(file: &Path) -> Vec<(usize, &'static str)> {
    let findings = reading(file).unwrap_err();
    findings.iter().map(|finding| (finding.line, finding.rule)).collect()
}

#[test]
fn a_glance_tells_the_hash_that_reading_would_and_the_files_that_are_named() {
    let (folder, file) =
        post("image: {src: a.png, alt: A}\nattachments: [b.pdf]\n", "Text ![a](a.png) ![d](d.png)");
    for name in ["a.png", "d.png"] {
        fs::write(folder.path().join(name), picture(8, 8, ImageFormat::Png)).unwrap();
    }
    let glance = || super::glance(&file, &LISTS).unwrap();
    assert_eq!(glance().hash, None);
    fs::write(folder.path().join("b.pdf"), "%PDF").unwrap();
    let first = glance();
    assert_eq!(first.hash, Some(reading(&file).unwrap().hash));
    for name in ["a.png", "b.pdf", "d.png"] {
        assert!(first.files.iter().any(|file| file == name), "{name}");
    }
    fs::write(folder.path().join("b.pdf"), "%PDF-2").unwrap();
    assert_ne!(glance().hash, first.hash);
    assert_eq!(glance().hash, Some(reading(&file).unwrap().hash));
    fs::write(&file, b"\xff").unwrap();
    assert!(super::glance(&file, &LISTS).is_none());
}

#[test]
fn the_samples_have_no_findings() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("samples/posts");
    let posts = super::folder(&folder).unwrap();
    assert_eq!(posts.len(), 3);
    for file in posts {
        let source = reading(&file).unwrap();
        assert!(source.files.iter().all(|file| file.bytes.len() <= 25_000));
        let text = crate::post::plain::text(&source.post.body, 72);
        assert!(text.lines().all(|line| line.chars().count() <= 72));
    }
}

#[test]
fn a_post_comes_with_its_pictures_and_attachments() {
    let (folder, file) = post(
        "image: {src: a.png, alt: A}\nattachments: [b.pdf, c.bin]\n",
        "Text ![a](a.png) ![d](d.gif)",
    );
    fs::write(folder.path().join("a.png"), picture(8, 8, ImageFormat::Png)).unwrap();
    fs::write(folder.path().join("b.pdf"), "%PDF").unwrap();
    fs::write(folder.path().join("c.bin"), "").unwrap();
    fs::write(folder.path().join("d.gif"), picture(8, 8, ImageFormat::Gif)).unwrap();
    let source = reading(&file).unwrap();
    let files: Vec<(&str, &str)> =
        source.files.iter().map(|file| (file.name.as_str(), file.content_type.as_str())).collect();
    let expected = [
        ("a.png", "image/png"),
        ("d.gif", "image/png"),
        ("b.pdf", "application/pdf"),
        ("c.bin", "application/octet-stream"),
    ];
    assert_eq!(files, expected);
    assert!(source.text.starts_with("---\n"));
}

#[test]
fn what_is_missing_is_found_where_it_is_named() {
    let (folder, file) = post(
        "image: {src: a.png, alt: A}\nattachments:\n  - b.pdf\n  - c.pdf\nurgent: 3\n",
        "\nText ![d](d.png)",
    );
    fs::create_dir(folder.path().join("c.pdf")).unwrap();
    let expected = [
        (5, "image-missing"),
        (7, "attachment-missing"),
        (8, "attachment-missing"),
        (9, "bad-value"),
        (12, "image-missing"),
    ];
    assert_eq!(rules(&file), expected);
}

#[test]
fn a_picture_is_one_by_its_content() {
    let (folder, file) = post("image: {src: a.png, alt: A}\n", "Text");
    for (content, fits) in [
        (b"<svg/>".to_vec(), false),
        (Vec::new(), false),
        (b"\x89PNG\r\n\x1a\nrest".to_vec(), false),
        (picture(8, 8, ImageFormat::Png), true),
        (picture(8, 8, ImageFormat::Jpeg), true),
        (picture(8, 8, ImageFormat::Gif), true),
        (picture(8, 8, ImageFormat::WebP), true),
    ] {
        fs::write(folder.path().join("a.png"), &content).unwrap();
        assert_eq!(reading(&file).is_ok(), fits, "{content:?}");
    }
}

#[test]
fn a_picture_is_no_wider_than_two_pixels_for_each_it_is_shown_on() {
    for (kind, front, body, width) in [
        ("report", "image: {src: a.png, alt: A}\n", "Text", 400),
        ("report", "image: {src: a.png, alt: A}\n", "Text ![A](a.png)", 1_068),
        ("announcement", "image: {src: a.png, alt: A}\n", "Text", 1_068),
        ("report", "", "Text ![A](a.png)", 1_068),
    ] {
        let (folder, file) = post(front, body);
        let text = fs::read_to_string(&file).unwrap();
        fs::write(&file, text.replace("kind: report", &format!("kind: {kind}"))).unwrap();
        fs::write(folder.path().join("a.png"), picture(2_000, 1_000, ImageFormat::Png)).unwrap();
        let source = reading(&file).unwrap();
        let kept = image::load_from_memory(&source.files[0].bytes).unwrap();
        assert_eq!((kept.width(), kept.height()), (width, width / 2), "{kind} {front}{body}");
    }
}

#[test]
fn a_picture_that_is_attached_too_is_attached_as_it_is_shown() {
    let (folder, file) = post("attachments: [a.jpg]\n", "Text ![A](a.jpg)");
    fs::write(folder.path().join("a.jpg"), picture(2_000, 1_000, ImageFormat::Jpeg)).unwrap();
    let source = reading(&file).unwrap();
    assert_eq!(source.files.len(), 1);
    assert_eq!(source.files[0].shown(), Some((534, 267)));
    assert_eq!(source.post.attachments, ["a.jpg"]);
}

#[test]
fn the_hash_is_of_the_files_as_they_lie_in_the_folder() {
    let (folder, file) = post("attachments: [b.txt]\n", "Text ![A](a.gif)");
    let original = picture(2_000, 1_000, ImageFormat::Gif);
    fs::write(folder.path().join("a.gif"), &original).unwrap();
    fs::write(folder.path().join("b.txt"), "b").unwrap();
    let source = reading(&file).unwrap();
    let lying = [
        File { name: "a.gif".into(), content_type: "image/gif".into(), bytes: original },
        File { name: "b.txt".into(), content_type: "text/plain".into(), bytes: b"b".to_vec() },
    ];
    assert_eq!(source.hash, hash(&source.text, &lying));
    assert_eq!(reading(&file).unwrap().files, source.files);
}

#[test]
fn files_have_limits_alone_and_together() {
    let (folder, file) = post("image: {src: a.png, alt: A}\nattachments: [b.pdf, c.pdf]\n", "Text");
    let write = |name: &str, size: usize| {
        // a picture, and what is behind its end
        let mut bytes = picture(8, 8, ImageFormat::Png);
        bytes.resize(size, 0);
        fs::write(folder.path().join(name), bytes).unwrap();
    };
    write("a.png", 25_000_001);
    write("b.pdf", 10_000_001);
    write("c.pdf", 10);
    assert_eq!(rules(&file), [(5, "too-large"), (6, "too-large")]);
    write("a.png", 25_000_000);
    write("b.pdf", 10_000_000);
    write("c.pdf", 5_000_000);
    assert_eq!(rules(&file), [(0, "too-large")]);
    write("c.pdf", 4_990_000);
    assert!(reading(&file).is_ok());
}

#[test]
fn what_is_wrong_with_a_file_is_told_with_its_name_and_what_to_do() {
    let (folder, file) =
        post("image: {src: cover.jpg, alt: A}\n", "Text ![A](logo.svg) ![B](big.png)");
    fs::write(folder.path().join("cover.jpg"), b"\xff\xd8\xff\xe0").unwrap();
    fs::write(folder.path().join("logo.svg"), "<svg/>").unwrap();
    let big = fs::File::create(folder.path().join("big.png")).unwrap();
    big.set_len(200_000_000).unwrap();
    let findings = reading(&file).unwrap_err();
    let told: Vec<String> = findings
        .iter()
        .map(|one| one.to_string().rsplit_once("a-post.md").unwrap().1.to_owned())
        .collect();
    let expected = [
        ":5: cover.jpg begins like a JPEG but cannot be read; open it in a picture program and save it again",
        ":7: logo.svg is an SVG drawing, which mail programs do not show; export it as PNG, about 1100 pixels wide",
        ":7: big.png is larger than 25 MB; make it smaller",
    ];
    assert_eq!(told, expected);
}

#[test]
fn hostile_names_of_files_reach_nothing_and_names_said_twice_are_one() {
    for name in ["../a", "/etc/passwd", "a/b", "C:x", "a\\\\b", ".hidden", "..", "a\\u202eb"] {
        let (_folder, file) = post(&format!("attachments: [\"{name}\"]\n"), "Text");
        assert_eq!(rules(&file), [(5, "bad-file-name")], "{name}");
    }
    let (folder, file) = post("attachments: [b.pdf, b.pdf]\n", "Text ![A](a.png) ![B](a.png)");
    fs::write(folder.path().join("a.png"), picture(8, 8, ImageFormat::Png)).unwrap();
    fs::write(folder.path().join("b.pdf"), "%PDF").unwrap();
    let source = reading(&file).unwrap();
    let names: Vec<&str> = source.files.iter().map(|file| file.name.as_str()).collect();
    assert_eq!(
        (names, source.post.attachments),
        (vec!["a.png", "b.pdf"], vec!["b.pdf".to_owned()])
    );
}

#[test]
fn a_text_that_is_too_large_or_not_utf8_is_refused() {
    let (_folder, file) = post("", "Text");
    fs::write(&file, b"---\ntitle: \xff\n---\n").unwrap();
    assert_eq!(rules(&file), [(2, "not-utf8")]);
    fs::write(&file, vec![b'x'; 1_000_001]).unwrap();
    assert_eq!(rules(&file), [(0, "too-large")]);
    fs::remove_file(&file).unwrap();
    assert_eq!(rules(&file), [(0, "unreadable")]);
}

#[cfg(unix)]
#[test]
fn a_link_out_of_the_folder_is_not_followed() {
    let (folder, file) = post("attachments: [b.pdf]\n", "Text");
    let outside = tempfile::tempdir().unwrap();
    fs::write(outside.path().join("b.pdf"), "secret").unwrap();
    std::os::unix::fs::symlink(outside.path().join("b.pdf"), folder.path().join("b.pdf")).unwrap();
    assert_eq!(rules(&file), [(5, "bad-file-name")]);
}

#[test]
fn a_folder_is_its_markdown_files_in_order() {
    let (folder, file) = post("", "Text");
    for name in ["z.md", "B.MD", "notes.txt"] {
        fs::write(folder.path().join(name), "").unwrap();
    }
    let names: Vec<PathBuf> =
        ["B.MD", "a-post.md", "z.md"].map(|name| folder.path().join(name)).to_vec();
    assert_eq!(super::folder(folder.path()).unwrap(), names);
    assert_eq!(super::folder(&file).unwrap(), std::slice::from_ref(&file));
}

#[test]
fn the_hash_changes_with_text_names_and_bytes_only() {
    let file = |name: &str, bytes: &[u8]| File {
        name: name.to_owned(),
        content_type: "text/plain".to_owned(),
        bytes: bytes.to_vec(),
    };
    let one = hash("a", &[file("b", b"c")]);
    assert_eq!(one, hash("a", &[file("b", b"c")]));
    assert_eq!(one.len(), 64);
    for other in [
        hash("ab", &[file("", b"c")]),
        hash("a", &[file("bc", b"")]),
        hash("a", &[]),
        hash("a", &[file("b", b"d")]),
    ] {
        assert_ne!(one, other);
    }
}
