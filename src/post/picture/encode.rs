//! Writing pixels so that they keep a budget: PNG for drawings and what can be seen through, JPEG
//! for photos, less fine and then smaller until it fits.

use image::codecs::jpeg::JpegEncoder;
use image::imageops::{self, FilterType};
use image::{Rgb, RgbImage, Rgba, RgbaImage};

use super::Picture;
use super::colours::Colours;

/// From what nobody can tell from the original down to what is still pleasant.
const QUALITIES: [u8; 5] = [85, 75, 65, 55, 45];
/// Nothing is made smaller than this, in pixels of its longer side: it could not be made out.
const SMALLEST: u32 = 320;
/// With more colours it is a photo, and as PNG several times as large.
const FEW: usize = 8_192;

#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Encoded {
    pub(crate) content_type: &'static str,
    pub(crate) bytes: Vec<u8>,
}

impl Picture {
    /// At most `budget` bytes; nothing when it cannot be made so small and still be seen.
    pub(crate) fn within(&self, budget: usize) -> Option<Encoded> {
        let mut found = at_this_size(&self.pixels, budget);
        let (mut width, mut height) = self.pixels.dimensions();
        while found.is_none() && width.max(height) > SMALLEST {
            // a third of the bytes each time, about
            (width, height) = ((width * 4 / 5).max(1), (height * 4 / 5).max(1));
            let smaller = imageops::resize(&self.pixels, width, height, FilterType::CatmullRom);
            found = at_this_size(&smaller, budget);
        }
        found
    }
}

fn at_this_size(pixels: &RgbaImage, budget: usize) -> Option<Encoded> {
    let opaque = pixels.pixels().all(|pixel| pixel.0[3] == u8::MAX);
    let colours = Colours::of(pixels.pixels().copied(), FEW);
    let drawing =
        (colours.is_some() || !opaque).then(|| png(pixels, colours.as_ref(), opaque)).flatten();
    let drawing = drawing.filter(|bytes| bytes.len() <= budget);
    if !opaque && drawing.is_some() {
        return drawing.map(png_of);
    }
    let photo = jpeg_within(&on_white(pixels), budget);
    match (drawing, photo) {
        (Some(drawing), Some(photo)) if photo.len() < drawing.len() => Some(jpeg_of(photo)),
        (Some(drawing), _) => Some(png_of(drawing)),
        (None, photo) => photo.map(jpeg_of),
    }
}

fn png_of(bytes: Vec<u8>) -> Encoded {
    Encoded { content_type: "image/png", bytes }
}

fn jpeg_of(bytes: Vec<u8>) -> Encoded {
    Encoded { content_type: "image/jpeg", bytes }
}

/// The finest that fits.
fn jpeg_within(pixels: &RgbImage, budget: usize) -> Option<Vec<u8>> {
    let mut written = QUALITIES.iter().filter_map(|quality| {
        let mut out = Vec::new();
        JpegEncoder::new_with_quality(&mut out, *quality).encode_image(pixels).ok()?;
        Some(out)
    });
    written.find(|out| out.len() <= budget)
}

/// What can be seen through becomes white, as paper is.
fn on_white(pixels: &RgbaImage) -> RgbImage {
    RgbImage::from_fn(pixels.width(), pixels.height(), |x, y| {
        let Rgba([red, green, blue, alpha]) = *pixels.get_pixel(x, y);
        let mixed = |colour: u8| {
            let (colour, alpha) = (u32::from(colour), u32::from(alpha));
            let mixed = (colour * alpha + 255 * (255 - alpha) + 127) / 255;
            u8::try_from(mixed).unwrap_or(u8::MAX)
        };
        Rgb([mixed(red), mixed(green), mixed(blue)])
    })
}

/// With a palette when the colours fit into one.
fn png(pixels: &RgbaImage, colours: Option<&Colours>, opaque: bool) -> Option<Vec<u8>> {
    let mut out = Vec::new();
    let mut encoder = png::Encoder::new(&mut out, pixels.width(), pixels.height());
    encoder.set_compression(png::Compression::High);
    encoder.set_depth(png::BitDepth::Eight);
    let palette = colours.and_then(|colours| Some((colours, colours.palette()?)));
    let data: Vec<u8> = if let Some((colours, palette)) = palette {
        encoder.set_color(png::ColorType::Indexed);
        // neighbouring numbers mean nothing to each other (PNG §12.7)
        encoder.set_filter(png::Filter::NoFilter);
        encoder.set_palette(palette.iter().flat_map(|c| [c[0], c[1], c[2]]).collect::<Vec<_>>());
        if !opaque {
            encoder.set_trns(palette.iter().map(|colour| colour[3]).collect::<Vec<_>>());
        }
        pixels.pixels().map(|pixel| colours.number(*pixel)).collect()
    } else if opaque {
        encoder.set_color(png::ColorType::Rgb);
        pixels.pixels().flat_map(|pixel| [pixel.0[0], pixel.0[1], pixel.0[2]]).collect()
    } else {
        encoder.set_color(png::ColorType::Rgba);
        pixels.as_raw().clone()
    };
    let mut writer = encoder.write_header().ok()?;
    writer.write_image_data(&data).ok()?;
    writer.finish().ok()?;
    Some(out)
}
