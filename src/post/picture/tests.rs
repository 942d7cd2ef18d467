#![expect(clippy::cast_possible_truncation, reason = "colours of pictures that are made up")]

mod hostile;

use std::fmt::Write as _;

use image::{Frame, Rgb, RgbImage, Rgba};

use super::*;
use crate::config;

const BUDGET: usize = 200_000;

/// Many colours, as a photo has them; red in its upper left corner.
fn photo(width: u32, height: u32) -> RgbImage {
    RgbImage::from_fn(width, height, |x, y| {
        if x < width / 4 && y < height / 4 {
            return Rgb([220, 20, 20]);
        }
        // grain that is the same each time
        let grain = (x.wrapping_mul(7_919) ^ y.wrapping_mul(104_729)).wrapping_mul(2_654_435_761);
        let mix = |base: u32, shift: u32| (base % 180 + (grain >> shift) % 60) as u8;
        Rgb([mix(x / 8, 3), mix(y / 8 + 60, 9), mix((x + y) / 16 + 100, 17)])
    })
}

fn written(image: impl Into<DynamicImage>, format: image::ImageFormat) -> Vec<u8> {
    let mut out = Cursor::new(Vec::new());
    image.into().write_to(&mut out, format).unwrap();
    out.into_inner()
}

fn jpeg(width: u32, height: u32) -> Vec<u8> {
    written(photo(width, height), image::ImageFormat::Jpeg)
}

/// A JPEG with a segment more.
fn with_segment(jpeg: &[u8], marker: u8, content: &[u8]) -> Vec<u8> {
    let length = u16::try_from(content.len() + 2).unwrap().to_be_bytes();
    [&jpeg[..2], &[0xff, marker], &length, content, &jpeg[2..]].concat()
}

/// Exif with an orientation and a place (TIFF 6.0 §2, Exif 2.3 §4.6).
fn exif(orientation: u8) -> Vec<u8> {
    let mut exif = b"Exif\0\0II*\0\x08\0\0\0\x01\0\x12\x01\x03\0\x01\0\0\0".to_vec();
    exif.extend([orientation, 0, 0, 0, 0, 0, 0, 0]);
    exif.extend(b"GPS 51.5 N, the refuge");
    exif
}

fn open(bytes: &[u8]) -> Result<Picture, Trouble> {
    Picture::open(bytes, Kind::of(bytes)?, COLUMN)
}

fn packed(bytes: &[u8]) -> Encoded {
    open(bytes).unwrap().within(BUDGET).unwrap()
}

fn pixels(encoded: &Encoded) -> RgbaImage {
    image::load_from_memory(&encoded.bytes).unwrap().into_rgba8()
}

/// The names of what a PNG or JPEG is made of.
fn pieces(encoded: &Encoded) -> String {
    let bytes = &encoded.bytes;
    let (mut at, mut names) = (0, String::new());
    if encoded.content_type == "image/png" {
        at = 8;
        while let Some(head) = bytes.get(at..at + 8) {
            let length = u32::from_be_bytes(head[..4].try_into().unwrap()) as usize;
            _ = write!(names, "{} ", String::from_utf8_lossy(&head[4..]));
            at += length + 12;
        }
        return names;
    }
    while bytes[at + 1] != 0xda {
        let bare = bytes[at + 1] == 0xd8;
        let length = u16::from_be_bytes(bytes[at + 2..at + 4].try_into().unwrap());
        _ = write!(names, "{:02x} ", bytes[at + 1]);
        at += if bare { 2 } else { usize::from(length) + 2 };
    }
    names
}

fn assert_holds_only_a_picture(encoded: &Encoded) {
    // JPEG: start, JFIF, tables, frame; no APP1 (Exif, XMP), APP2 (profile) or comment
    let known = if encoded.content_type == "image/png" {
        "IHDR PLTE tRNS IDAT IEND"
    } else {
        "d8 e0 db c4 c0"
    };
    let pieces = pieces(encoded);
    for piece in pieces.split_whitespace() {
        assert!(known.contains(piece), "{piece} in {pieces}");
    }
}

#[test]
fn a_photo_becomes_small_and_forgets_where_it_was_taken() {
    let mut original = jpeg(2_400, 1_600);
    original = with_segment(&original, 0xfe, b"a comment of the camera");
    original =
        with_segment(&original, 0xe1, b"http://ns.adobe.com/xap/1.0/\0<x:xmpmeta>the refuge");
    original = with_segment(&original, 0xe2, b"ICC_PROFILE\0\x01\x01the refuge");
    original = with_segment(&original, 0xe1, &exif(1));
    assert!(original.len() > 900_000);
    let encoded = packed(&original);
    assert_eq!(encoded.content_type, "image/jpeg");
    assert!(encoded.bytes.len() <= BUDGET, "{}", encoded.bytes.len());
    assert!(memchr::memmem::find(&encoded.bytes, b"refuge").is_none());
    assert_holds_only_a_picture(&encoded);
    assert_eq!(pixels(&encoded).dimensions(), (1_068, 712));
    assert_eq!(packed(&original), encoded);
}

#[test]
fn a_photo_taken_sideways_stands_upright() {
    // where the red corner is, by Exif 2.3 §4.6.4
    for (orientation, right, down) in [
        (1, false, false),
        (2, true, false),
        (3, true, true),
        (4, false, true),
        (5, false, false),
        (6, true, false),
        (7, true, true),
        (8, false, true),
    ] {
        let original = with_segment(&jpeg(400, 240), 0xe1, &exif(orientation));
        let upright = pixels(&packed(&original));
        let (width, height) = upright.dimensions();
        assert_eq!((width, height), if orientation < 5 { (400, 240) } else { (240, 400) });
        let x = if right { width - 5 } else { 4 };
        let y = if down { height - 5 } else { 4 };
        let Rgba([red, green, _, _]) = *upright.get_pixel(x, y);
        assert!(red > 180 && green < 70, "{orientation}: {red} {green}");
    }
}

#[test]
fn a_drawing_stays_sharp_and_what_is_seen_through_stays_so() {
    let drawing = RgbImage::from_fn(600, 400, |x, y| {
        Rgb([if (x / 40 + y / 40) % 2 == 0 { 250 } else { 10 }; 3])
    });
    let encoded = packed(&written(drawing.clone(), image::ImageFormat::Png));
    assert_eq!(
        (encoded.content_type, pieces(&encoded).as_str()),
        ("image/png", "IHDR PLTE IDAT IEND ")
    );
    assert_eq!(DynamicImage::from(pixels(&encoded)).into_rgb8(), drawing);

    let logo = RgbaImage::from_fn(600, 400, |x, _| Rgba([0, 80, 90, (x / 3) as u8]));
    let encoded = packed(&written(logo.clone(), image::ImageFormat::Png));
    assert_eq!(encoded.content_type, "image/png");
    assert_eq!(pixels(&encoded), logo);
}

#[test]
fn a_drawing_made_smaller_keeps_to_its_own_colours() {
    let colours = [[250, 250, 250], [10, 60, 70], [200, 30, 30]];
    let drawing =
        RgbImage::from_fn(1_300, 700, |x, y| Rgb(colours[((x / 9 + y / 7) % 3) as usize]));
    let encoded = packed(&written(drawing, image::ImageFormat::Png));
    assert_eq!(pieces(&encoded), "IHDR PLTE IDAT IEND ");
    assert!(
        pixels(&encoded)
            .pixels()
            .all(|pixel| colours.contains(&[pixel.0[0], pixel.0[1], pixel.0[2]]))
    );
    assert_eq!(pixels(&encoded).width(), 1_068);
}

#[test]
fn what_is_seen_through_and_too_large_is_put_on_white() {
    let mut cut = DynamicImage::from(photo(1_000, 1_000)).into_rgba8();
    for pixel in cut.pixels_mut().take(500_000) {
        *pixel = Rgba([0, 0, 0, 0]);
    }
    let encoded = packed(&written(cut, image::ImageFormat::Png));
    assert_eq!(encoded.content_type, "image/jpeg");
    assert!(pixels(&encoded).get_pixel(10, 10).0.iter().all(|colour| *colour > 250));
}

#[test]
fn a_picture_that_moves_stands_still_at_its_first_frame() {
    let mut moving = Vec::new();
    let mut frames = image::codecs::gif::GifEncoder::new(&mut moving);
    for colour in [[200, 0, 0, 255], [0, 200, 0, 255]] {
        frames.encode_frame(Frame::new(RgbaImage::from_pixel(60, 40, Rgba(colour)))).unwrap();
    }
    drop(frames);
    let encoded = packed(&moving);
    assert_eq!(encoded.content_type, "image/png");
    assert_eq!(pixels(&encoded), RgbaImage::from_pixel(60, 40, Rgba([200, 0, 0, 255])));
}

#[test]
fn webp_becomes_what_every_mail_program_shows() {
    let encoded = packed(&written(photo(300, 200), image::ImageFormat::WebP));
    assert_eq!(encoded.content_type, "image/jpeg");
    assert_eq!(pixels(&encoded).dimensions(), (300, 200));
}

#[test]
fn sixteen_bits_and_shades_of_grey_are_pictures_too() {
    let deep = DynamicImage::from(photo(100, 80));
    for image in [deep.to_rgb16().into(), deep.to_luma16().into(), deep.to_luma_alpha8().into()] {
        let image: DynamicImage = image;
        let encoded = packed(&written(image, image::ImageFormat::Png));
        assert_eq!(pixels(&encoded).dimensions(), (100, 80));
    }
}

#[test]
fn a_small_budget_costs_quality_then_size_and_then_is_too_small() {
    let picture = open(&jpeg(640, 480)).unwrap();
    let mut before = picture.within(usize::MAX).unwrap().bytes.len();
    for budget in [90_000, 40_000, 25_000] {
        let encoded = picture.within(budget).unwrap();
        assert!(encoded.bytes.len() <= budget.min(before), "{budget}: {}", encoded.bytes.len());
        before = encoded.bytes.len();
    }
    assert_eq!(picture.within(3_000), None);
}

#[test]
fn all_pictures_of_a_post_share_its_budget() {
    let jpeg = jpeg(480, 360);
    let show = |line| Shown { line, name: format!("{line}.jpg"), picture: open(&jpeg).unwrap() };
    let shown: Vec<Shown> = (1..=4).map(show).collect();
    let limits = |largest, together| config::Picture {
        placing: config::Placing::Embedded,
        largest,
        together,
    };
    let sizes = |limits| -> Vec<usize> {
        pack(&shown, &limits).into_iter().map(|packed| packed.unwrap().bytes.len()).collect()
    };
    let free = sizes(limits(200_000, 600_000));
    assert!(free.iter().all(|size| *size > 30_000), "{free:?}");
    let tight = sizes(limits(200_000, 120_000));
    assert!(tight.iter().all(|size| *size <= 30_000), "{tight:?}");
    let (rule, message) = pack(&shown, &limits(200_000, 12_000)).remove(0).unwrap_err();
    assert_eq!(rule, "too-large");
    assert_eq!(
        message,
        "cannot be made to fit into 3 KB and still be made out; show fewer pictures or a plainer one, or allow more by picture.together in config.toml"
    );
}

#[test]
fn what_is_no_picture_is_told_what_to_become() {
    for (bytes, message) in [
        (&b""[..], "is not a picture that can be read; save it as PNG, JPEG, GIF or WebP"),
        (b"<html>", "is not a picture that can be read; save it as PNG, JPEG, GIF or WebP"),
        (
            b"II*\0\x08\0\0\0",
            "is not a picture that can be read; save it as PNG, JPEG, GIF or WebP",
        ),
        (
            b"<?xml version=\"1.0\"?>\n<svg onload=\"alert(1)\"/>",
            "is an SVG drawing, which mail programs do not show; export it as PNG, about 1100 pixels wide",
        ),
        (
            b"\0\0\0\x18ftypheic",
            "is a HEIC photo, which most mail programs do not show; save it as JPEG (on an iPhone: Settings, Camera, Formats, Most Compatible)",
        ),
        (
            b"\0\0\0\x18ftypavif",
            "is an AVIF picture, which many mail programs do not show; save it as JPEG or PNG",
        ),
    ] {
        assert_eq!(open(bytes).err(), Some(("image-type", message.to_owned())), "{bytes:?}");
    }
    for (bytes, kind) in [
        (&b"\x89PNG\r\n\x1a\nrest"[..], "PNG"),
        (b"\xff\xd8\xff\xe0", "JPEG"),
        (b"GIF89a", "GIF"),
        (b"RIFF\x04\0\0\0WEBP", "WebP"),
    ] {
        let message = format!(
            "begins like a {kind} but cannot be read; open it in a picture program and save it again"
        );
        assert_eq!(open(bytes).err(), Some(("image-broken", message)));
    }
}

#[test]
fn a_file_knows_how_it_is_shown_and_called() {
    let file = |name: &str, content_type: &str, bytes: Vec<u8>| File {
        name: name.to_owned(),
        content_type: content_type.to_owned(),
        bytes,
    };
    let large = file("a.PNG", "image/jpeg", jpeg(1_068, 801));
    assert_eq!((large.shown(), large.travelling_name().as_str()), (Some((534, 400)), "a.jpg"));
    let small = file("b.jpeg", "image/jpeg", jpeg(20, 10));
    assert_eq!((small.shown(), small.travelling_name().as_str()), (Some((20, 10)), "b.jpeg"));
    let other = file("c.pdf", "application/pdf", b"%PDF".to_vec());
    assert_eq!((other.shown(), other.travelling_name().as_str()), (None, "c.pdf"));
    assert_eq!(file("d", "image/png", Vec::new()).travelling_name(), "d.png");
}
