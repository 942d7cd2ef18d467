//! Pictures as they travel: small, upright, and with nothing in them but what they show.
//!
//! What always holds:
//! * what comes out is written from the pixels alone: no place, no camera, no comment, no profile;
//! * its header is read before a picture is unpacked; what would take too much is refused by it;
//! * the same bytes give the same picture; one that moves stands still, for an email must not blink
//!   (WCAG 2.2.2);
//! * PNG or JPEG comes out: these are what every mail program shows.

mod colours;
mod encode;
mod kind;
mod share;

use std::io::Cursor;

use image::imageops::FilterType;
use image::metadata::Orientation;
use image::{
    DynamicImage, GenericImageView, ImageDecoder, ImageError, ImageReader, Limits, RgbaImage,
};

pub(super) use encode::Encoded;
pub(super) use kind::Kind;
pub(super) use share::{Shown, pack};

use super::File;
use colours::{Colours, PALETTE};

/// The widest a mail shows a picture, in CSS pixels: its column without the margins.
pub const COLUMN: u32 = 534;
/// The cover of a report stands beside its summary.
pub const COVER: u32 = 200;
/// Fine screens have two pixels for each of CSS.
const DENSITY: u32 = 2;
/// Nothing that is looked at in a mail is higher.
const TALLEST: u32 = 4_000;

/// A telephone's camera makes 50 million.
const MOST_PIXELS: u64 = 52_000_000;
/// The longest side, as JPEG has it; a longer strip would become so thin that nobody makes it out.
const LONGEST_SIDE: u32 = 65_535;
/// What unpacking may take, in bytes: that many pixels, four bytes each.
const MOST_MEMORY: u64 = 4 * MOST_PIXELS;

/// Why a picture cannot be used: a rule's name, and the words that follow the file's name.
pub(super) type Trouble = (&'static str, String);

/// A picture unpacked, upright, and no larger than screens show it.
pub(super) struct Picture {
    pixels: RgbaImage,
}

impl Picture {
    /// `shown` is how wide it is shown at most, in CSS pixels.
    pub(super) fn open(bytes: &[u8], kind: Kind, shown: u32) -> Result<Self, Trouble> {
        let mut limits = Limits::default();
        limits.max_alloc = Some(MOST_MEMORY);
        let mut reader = ImageReader::with_format(Cursor::new(bytes), kind.format());
        reader.limits(limits);
        let mut decoder = reader.into_decoder().map_err(|error| trouble(kind, &error))?;
        fits(&decoder)?;
        let orientation = decoder.orientation().unwrap_or(Orientation::NoTransforms);
        let image = DynamicImage::from_decoder(decoder).map_err(|error| trouble(kind, &error))?;
        Ok(Self { pixels: upright(image, orientation, shown * DENSITY) })
    }
}

impl File {
    /// How large a picture is shown in a column, in CSS pixels; nothing for other files.
    pub fn shown(&self) -> Option<(u32, u32)> {
        let reader = ImageReader::new(Cursor::new(&self.bytes)).with_guessed_format().ok()?;
        let (width, height) = reader.into_dimensions().ok()?;
        Some(within(width, height, COLUMN, u32::MAX))
    }

    /// Its name, with the ending of what it has become.
    pub fn travelling_name(&self) -> String {
        let endings: &[&str] = match self.content_type.as_str() {
            "image/png" => &["png"],
            "image/jpeg" => &["jpg", "jpeg"],
            _ => return self.name.clone(),
        };
        let (stem, ending) = self.name.rsplit_once('.').unwrap_or((&self.name, ""));
        if endings.iter().any(|one| ending.eq_ignore_ascii_case(one)) {
            return self.name.clone();
        }
        format!("{stem}.{}", endings[0])
    }
}

fn fits(decoder: &impl ImageDecoder) -> Result<(), Trouble> {
    let (width, height) = decoder.dimensions();
    if u64::from(width) * u64::from(height) > MOST_PIXELS || decoder.total_bytes() > MOST_MEMORY {
        let message = format!(
            "has {width} × {height} pixels, too many to be made smaller here; save it with at most {} million",
            MOST_PIXELS / 1_000_000
        );
        return Err(("too-large", message));
    }
    if width.max(height) > LONGEST_SIDE {
        let message = format!(
            "is {width} × {height} pixels, too long to be made smaller and still be made out; save it with no side over 65,535"
        );
        return Err(("too-large", message));
    }
    Ok(())
}

fn trouble(kind: Kind, error: &ImageError) -> Trouble {
    if matches!(error, ImageError::Limits(_)) {
        let message = "takes too much memory to be unpacked; save it with fewer pixels";
        return ("too-large", message.to_owned());
    }
    let message = format!(
        "begins like a {} but cannot be read; open it in a picture program and save it again",
        kind.name()
    );
    ("image-broken", message)
}

/// Made smaller before it is turned: that takes less memory.
fn upright(image: DynamicImage, orientation: Orientation, widest: u32) -> RgbaImage {
    use Orientation::{Rotate90, Rotate90FlipH, Rotate270, Rotate270FlipH};
    let lies = matches!(orientation, Rotate90 | Rotate270 | Rotate90FlipH | Rotate270FlipH);
    let (right, down) = if lies { (TALLEST, widest) } else { (widest, TALLEST) };
    let (width, height) = within(image.width(), image.height(), right, down);
    if (width, height) == (image.width(), image.height()) {
        return turned(image, orientation);
    }
    let colours = Colours::of(image.pixels().map(|(_, _, pixel)| pixel), PALETTE);
    let small = image.resize_exact(width, height, FilterType::CatmullRom);
    let mut small = turned(small, orientation);
    if let Some(palette) = colours.and_then(|colours| colours.palette()) {
        colours::keep_to(&palette, &mut small);
    }
    small
}

fn turned(mut image: DynamicImage, orientation: Orientation) -> RgbaImage {
    image.apply_orientation(orientation);
    image.into_rgba8()
}

/// The size with the same proportions that is no wider and no higher, and never larger.
fn within(width: u32, height: u32, widest: u32, tallest: u32) -> (u32, u32) {
    let (width, height) = (u64::from(width.max(1)), u64::from(height.max(1)));
    let (widest, tallest) = (u64::from(widest), u64::from(tallest));
    let narrow = if width > widest { (widest, height * widest / width) } else { (width, height) };
    let low = if narrow.1 > tallest { (width * tallest / height, tallest) } else { narrow };
    let side = |side: u64| u32::try_from(side.max(1)).unwrap_or(u32::MAX);
    (side(low.0), side(low.1))
}

#[cfg(test)]
mod tests;
