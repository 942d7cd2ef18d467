use std::fs;
use std::path::Path;

use super::*;

const PNG: &[u8] = b"\x89PNG\r\n\x1a\nrest";
const LISTS: [&str; 3] = ["meetings", "reports", "news"];

/// A folder with a post in it.
fn post(front: &str, body: &str) -> (tempfile::TempDir, PathBuf) {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("a-post.md");
    let text = format!("---\ntitle: A\nkind: report\ndate: 2026-05-20\n{front}---\n{body}\n");
    fs::write(&file, text).unwrap();
    (folder, file)
}

fn rules(file: &Path) -> Vec<(usize, &'static str)> {
    let findings = read(file, &LISTS).unwrap_err();
    findings.iter().map(|finding| (finding.line, finding.rule)).collect()
}

#[test]
fn the_samples_have_no_findings() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("samples/posts");
    let posts = super::folder(&folder).unwrap();
    assert_eq!(posts.len(), 3);
    for file in posts {
        let source = read(&file, &LISTS).unwrap();
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
    fs::write(folder.path().join("a.png"), PNG).unwrap();
    fs::write(folder.path().join("b.pdf"), "%PDF").unwrap();
    fs::write(folder.path().join("c.bin"), "").unwrap();
    fs::write(folder.path().join("d.gif"), "GIF89a").unwrap();
    let source = read(&file, &LISTS).unwrap();
    let files: Vec<(&str, &str)> =
        source.files.iter().map(|file| (file.name.as_str(), file.content_type.as_str())).collect();
    let expected = [
        ("a.png", "image/png"),
        ("d.gif", "image/gif"),
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
        (&b"<svg/>"[..], false),
        (b"", false),
        (PNG, true),
        (b"\xff\xd8\xff\xe0", true),
        (b"GIF87a", true),
    ] {
        fs::write(folder.path().join("a.png"), content).unwrap();
        assert_eq!(read(&file, &LISTS).is_ok(), fits, "{content:?}");
    }
}

#[test]
fn files_have_limits_alone_and_together() {
    let (folder, file) = post("image: {src: a.png, alt: A}\nattachments: [b.pdf, c.pdf]\n", "Text");
    let write = |name: &str, size: usize| {
        let mut bytes = PNG.to_vec();
        bytes.resize(size, 0);
        fs::write(folder.path().join(name), bytes).unwrap();
    };
    write("a.png", 5_000_001);
    write("b.pdf", 10_000_001);
    write("c.pdf", 10);
    assert_eq!(rules(&file), [(5, "too-large"), (6, "too-large")]);
    write("a.png", 4_000_000);
    write("b.pdf", 6_000_000);
    write("c.pdf", 6_000_000);
    assert_eq!(rules(&file), [(0, "too-large")]);
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
