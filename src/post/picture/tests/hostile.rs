//! Files that say they are huge, damaged ones, and any bytes at all.

use std::sync::LazyLock;

use image::{ExtendedColorType, ImageEncoder};
use proptest::prelude::*;

use super::*;

/// Small files that say they are huge.
fn bombs() -> [(Vec<u8>, u32, u32); 4] {
    let mut png = b"\x89PNG\r\n\x1a\n".to_vec();
    let mut header = b"IHDR".to_vec();
    header.extend([100_000_u32.to_be_bytes(), 100_000_u32.to_be_bytes()].concat());
    header.extend([8, 2, 0, 0, 0]);
    for chunk in [header, b"IDAT\x78\x9c\x63\0\0\0\x01\0\x01".to_vec(), b"IEND".to_vec()] {
        png.extend(u32::try_from(chunk.len() - 4).unwrap().to_be_bytes());
        png.extend(&chunk);
        png.extend(crc(&chunk).to_be_bytes());
    }
    let mut jpeg = jpeg(16, 16);
    let frame = memchr::memmem::find(&jpeg, b"\xff\xc0").unwrap();
    jpeg[frame + 5..frame + 9].copy_from_slice(&[0xff, 0xdc, 0xff, 0xdc]);
    let mut gif = written(photo(16, 16), image::ImageFormat::Gif);
    gif[6..10].fill(0xff);
    let mut webp = written(photo(16, 16), image::ImageFormat::WebP);
    // VP8L: 14 bits less one for each side (RFC 9649 §3.4)
    webp[21..25].copy_from_slice(&[0xfe, 0xbf, 0xff, 0x0f]);
    [(png, 100_000, 100_000), (jpeg, 65_500, 65_500), (gif, 65_535, 65_535), (webp, 16_383, 16_383)]
}

/// PNG annex D.
fn crc(bytes: &[u8]) -> u32 {
    !bytes.iter().fold(u32::MAX, |crc, byte| {
        (0..8).fold(crc ^ u32::from(*byte), |crc, _| {
            if crc & 1 == 1 { (crc >> 1) ^ 0xedb8_8320 } else { crc >> 1 }
        })
    })
}

#[test]
fn a_small_file_that_unpacks_to_a_huge_picture_is_refused_by_its_header() {
    for (bytes, width, height) in bombs() {
        let message = format!(
            "has {width} × {height} pixels, too many to be made smaller here; save it with at most 52 million"
        );
        assert_eq!(open(&bytes).err(), Some(("too-large", message)));
    }
}

#[test]
fn a_side_that_is_too_long_is_told() {
    for (width, height) in [(70_000, 2), (2, 70_000)] {
        let bytes = written(RgbImage::new(width, height), image::ImageFormat::Png);
        let message = format!(
            "is {width} × {height} pixels, too long to be made smaller and still be made out; save it with no side over 65,535"
        );
        assert_eq!(open(&bytes).err(), Some(("too-large", message)));
    }
    let longest = written(RgbImage::new(65_535, 2), image::ImageFormat::Png);
    assert_eq!(pixels(&packed(&longest)).width(), COLUMN * DENSITY);
}

/// Real pictures of every kind, small.
static ORIGINALS: LazyLock<Vec<Vec<u8>>> = LazyLock::new(|| {
    use image::ImageFormat::{Gif, Jpeg, Png, WebP};
    let clear =
        RgbaImage::from_fn(24, 16, |x, y| Rgba([x as u8 * 9, y as u8 * 9, 7, (x * y) as u8]));
    let mut all: Vec<_> =
        [Png, Jpeg, Gif, WebP].map(|format| written(photo(24, 16), format)).to_vec();
    all.extend([Png, Gif, WebP].map(|format| written(clear.clone(), format)));
    all.push(with_segment(&jpeg(24, 16), 0xe1, &exif(6)));
    let mut palette = Vec::new();
    image::codecs::png::PngEncoder::new(&mut palette)
        .write_image(&[200; 64], 8, 8, ExtendedColorType::L8)
        .unwrap();
    all.push(palette);
    all
});

fn assert_picture_or_trouble(bytes: &[u8]) {
    match open(bytes) {
        Ok(picture) => {
            if let Some(encoded) = picture.within(BUDGET) {
                assert!(encoded.bytes.len() <= BUDGET);
                assert_holds_only_a_picture(&encoded);
                assert!(pixels(&encoded).width() <= COLUMN * DENSITY);
            }
        }
        Err((rule, message)) => {
            assert!(["image-type", "image-broken", "too-large"].contains(&rule), "{rule}");
            assert!(message.contains("; "), "what to do: {message}");
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]

    #[test]
    fn any_bytes_are_a_picture_or_told_to_be_none(
        start in proptest::sample::select(vec![&b""[..], b"\x89PNG\r\n\x1a\n", b"\xff\xd8\xff", b"GIF89a", b"RIFF\xff\0\0\0WEBPVP8 ", b"RIFF\xff\0\0\0WEBPVP8L"]),
        rest in proptest::collection::vec(any::<u8>(), 0..600),
    ) {
        assert_picture_or_trouble(&[start, &rest].concat());
    }

    #[test]
    fn a_damaged_picture_is_one_still_or_told_to_be_none(
        which in 0_usize..9,
        damage in proptest::collection::vec((any::<proptest::sample::Index>(), any::<u8>()), 1..8),
        end in any::<proptest::sample::Index>(),
        cut in any::<bool>(),
    ) {
        let mut bytes = ORIGINALS[which].clone();
        for (at, byte) in damage {
            let at = at.index(bytes.len());
            bytes[at] = byte;
        }
        if cut {
            bytes.truncate(end.index(bytes.len()));
        }
        assert_picture_or_trouble(&bytes);
    }
}
