//! What mails look like of whoever sends them: one colour, the same for dark screens, a logo.
//!
//! What always holds: words in these colours, and words on them, can be read (WCAG 2.2, 1.4.3).

use std::fmt;
use std::path::Path;
use std::sync::Arc;

use super::document::Value;
use super::section::Parsed;
use super::value;
use crate::line::Line;

/// Colours and logo of mails.
#[derive(Clone, Debug)]
pub struct Brand {
    /// Of links, buttons and lines, on light grounds.
    pub accent: Color,
    /// The same on dark ones.
    pub accent_dark: Color,
    /// Above every mail, in place of the name.
    pub logo: Option<Logo>,
}

/// A picture that travels with every mail.
#[derive(Clone)]
pub struct Logo {
    pub bytes: Arc<[u8]>,
    pub content_type: &'static str,
    pub alt: Line,
    /// In pixels, as it is shown.
    pub width: usize,
}

impl fmt::Debug for Logo {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { bytes, content_type, alt, width } = self;
        write!(f, "Logo({} octets of {content_type}, {alt}, {width})", bytes.len())
    }
}

/// Red, green and blue.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Color([u8; 3]);

/// The grounds of the templates: page and card by day, page and card by night.
const PAGE: Color = Color([0xf4, 0xf3, 0xef]);
const CARD: Color = Color([0xff; 3]);
const NIGHT_PAGE: Color = Color([0x13, 0x18, 0x1a]);
const NIGHT_CARD: Color = Color([0x1d, 0x24, 0x26]);

/// How much of the accent a panel has, of 100, by day and by night.
const TINT: u32 = 8;
const NIGHT_TINT: u32 = 12;
/// And the line beside a quotation.
const EDGE: u32 = 25;

/// Of text to its ground (WCAG 2.2, 1.4.3).
const READABLE: f64 = 4.5;

/// Every mail carries it.
const LOGO: usize = 200_000;

impl Brand {
    /// The ground of a panel, and the line beside a quotation: by day.
    pub fn tint(&self) -> Color {
        self.accent.over(CARD, TINT)
    }

    pub fn edge(&self) -> Color {
        self.accent.over(CARD, EDGE)
    }

    /// The same by night.
    pub fn tint_dark(&self) -> Color {
        self.accent_dark.over(NIGHT_CARD, NIGHT_TINT)
    }

    pub fn edge_dark(&self) -> Color {
        self.accent_dark.over(NIGHT_CARD, EDGE)
    }
}

impl Default for Brand {
    /// As the manual has it.
    fn default() -> Self {
        let accent = Color([0x0b, 0x55, 0x63]);
        Self { accent, accent_dark: Color([0x7f, 0xca, 0xd6]), logo: None }
    }
}

impl Color {
    /// So many hundredths of this over another.
    fn over(self, ground: Self, share: u32) -> Self {
        let mixed = |at: usize| {
            let sum = u32::from(self.0[at]) * share + u32::from(ground.0[at]) * (100 - share);
            u8::try_from((sum + 50) / 100).unwrap_or(u8::MAX)
        };
        Self([mixed(0), mixed(1), mixed(2)])
    }

    /// From 1, for the same colour, to 21, for black on white.
    fn contrast(self, other: Self) -> f64 {
        let (one, two) = (self.luminance(), other.luminance());
        (one.max(two) + 0.05) / (one.min(two) + 0.05)
    }

    /// Relative luminance as WCAG 2.2 defines it.
    fn luminance(self) -> f64 {
        let [red, green, blue] = self.0.map(|part| {
            let part = f64::from(part) / 255.0;
            if part <= 0.04045 { part / 12.92 } else { ((part + 0.055) / 1.055).powf(2.4) }
        });
        0.2126 * red + 0.7152 * green + 0.0722 * blue
    }
}

impl fmt::Display for Color {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let [red, green, blue] = self.0;
        write!(f, "#{red:02x}{green:02x}{blue:02x}")
    }
}

/// A colour that can be read on light grounds.
pub(super) fn dark(value: &Value) -> Parsed<Color> {
    let color = color(value)?;
    let grounds = [PAGE, CARD, color.over(CARD, TINT)];
    readable(color, &grounds, "too light for words on a light page", "a darker")
}

/// A colour that can be read on dark grounds.
pub(super) fn light(value: &Value) -> Parsed<Color> {
    let color = color(value)?;
    let grounds = [NIGHT_PAGE, NIGHT_CARD, color.over(NIGHT_CARD, NIGHT_TINT)];
    readable(color, &grounds, "too dark for words on a dark page", "a lighter")
}

fn readable(color: Color, grounds: &[Color], why: &str, wanted: &str) -> Parsed<Color> {
    let contrasts = grounds.iter().map(|ground| color.contrast(*ground));
    let least = contrasts.fold(f64::INFINITY, f64::min);
    if least >= READABLE {
        return Ok(color);
    }
    // rounded down, so that 4.49 is not told as enough
    let least = (least * 10.0).floor() / 10.0;
    Err(format!(
        "is {why}: its contrast is {least} to 1 and must be {READABLE}; write {wanted} one"
    ))
}

fn color(value: &Value) -> Parsed<Color> {
    let wanted = "is not a colour; write one such as \"#0b5563\"";
    let digits = value::text(value)?.strip_prefix('#').ok_or(wanted)?;
    let part = |at: usize| digits.get(at..at + 2).and_then(|two| u8::from_str_radix(two, 16).ok());
    match [part(0), part(2), part(4)] {
        [Some(red), Some(green), Some(blue)] if digits.len() == 6 => Ok(Color([red, green, blue])),
        _ => Err(wanted.to_owned()),
    }
}

/// A picture that every mail app shows, and its type.
pub(super) fn logo(folder: &Path) -> impl Fn(&Value) -> Parsed<(Arc<[u8]>, &'static str)> {
    move |value| {
        let path = value::path(folder)(value)?;
        let bytes = std::fs::read(path).map_err(|error| format!("cannot be read: {error}"))?;
        let content_type = match bytes.as_slice() {
            [0x89, b'P', b'N', b'G', ..] => "image/png",
            [0xff, 0xd8, 0xff, ..] => "image/jpeg",
            [b'G', b'I', b'F', b'8', ..] => "image/gif",
            _ => return Err("is no PNG, JPEG or GIF picture; mail apps show no others".to_owned()),
        };
        if bytes.len() > LOGO {
            return Err(
                "is larger than 200 KB, and every mail carries it; make it smaller".to_owned()
            );
        }
        Ok((bytes.into(), content_type))
    }
}
