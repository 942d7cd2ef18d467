//! What a file is, by its first bytes, whatever its name says.

use image::ImageFormat;

use super::Trouble;

/// The kinds that can be read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    Png,
    Jpeg,
    Gif,
    WebP,
}

impl Kind {
    pub(crate) fn of(bytes: &[u8]) -> Result<Self, Trouble> {
        match image::guess_format(bytes) {
            Ok(ImageFormat::Png) => Ok(Self::Png),
            Ok(ImageFormat::Jpeg) => Ok(Self::Jpeg),
            Ok(ImageFormat::Gif) => Ok(Self::Gif),
            Ok(ImageFormat::WebP) => Ok(Self::WebP),
            _ => Err(("image-type", stranger(bytes).to_owned())),
        }
    }

    pub(super) fn format(self) -> ImageFormat {
        match self {
            Self::Png => ImageFormat::Png,
            Self::Jpeg => ImageFormat::Jpeg,
            Self::Gif => ImageFormat::Gif,
            Self::WebP => ImageFormat::WebP,
        }
    }

    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Png => "PNG",
            Self::Jpeg => "JPEG",
            Self::Gif => "GIF",
            Self::WebP => "WebP",
        }
    }

    pub(crate) fn content_type(self) -> &'static str {
        self.format().to_mime_type()
    }
}

/// What to do with a file that is none of them.
fn stranger(bytes: &[u8]) -> &'static str {
    let head = bytes.get(..1_024).unwrap_or(bytes);
    // ISO 14496-12 §4.3: the brand of the file
    match (head.get(4..8), head.get(8..12)) {
        (Some(b"ftyp"), Some(b"avif" | b"avis")) => {
            return "is an AVIF picture, which many mail programs do not show; save it as JPEG or PNG";
        }
        (Some(b"ftyp"), Some(b"heic" | b"heix" | b"hevc" | b"mif1" | b"msf1")) => {
            return "is a HEIC photo, which most mail programs do not show; save it as JPEG (on an iPhone: Settings, Camera, Formats, Most Compatible)";
        }
        _ => {}
    }
    if memchr::memmem::find(head, b"<svg").is_some() {
        return "is an SVG drawing, which mail programs do not show; export it as PNG, about 1100 pixels wide";
    }
    "is not a picture that can be read; save it as PNG, JPEG, GIF or WebP"
}
