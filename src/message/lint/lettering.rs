//! How large letters are: of large ones less contrast is asked (WCAG 2.2, "large scale").

use scraper::ElementRef;

/// Pixels; 18 points, and in bold 14.
const LARGE: f32 = 24.0;
const LARGE_IN_BOLD: f32 = 18.66;

/// The letters of an element.
#[derive(Clone, Copy, Debug)]
pub(super) struct Lettering {
    /// In pixels.
    size: f32,
    bold: bool,
}

impl Default for Lettering {
    /// What browsers take when nobody says.
    fn default() -> Self {
        Self { size: 16.0, bold: false }
    }
}

impl Lettering {
    /// Those of an element about which nobody says anything, within these (HTML §15.3.7).
    pub(super) fn within(self, element: ElementRef<'_>) -> Self {
        let Self { size, bold } = self;
        match element.value().name() {
            "h1" => Self { size: size * 2.0, bold: true },
            "h2" => Self { size: size * 1.5, bold: true },
            "h3" => Self { size: size * 1.17, bold: true },
            "b" | "strong" | "th" | "h4" | "h5" | "h6" => Self { size, bold: true },
            _ => Self { size, bold },
        }
    }

    /// What a declaration says of them; `around` are those that its element stands in.
    pub(super) fn say(&mut self, property: &str, value: &str, around: Self) {
        match property {
            "font-size" => self.size = size(value, around.size).unwrap_or(self.size),
            "font-weight" => self.bold = bold(value).unwrap_or(self.bold),
            "font" => {
                // the size may have the height of lines behind it: 24px/30px
                let words = value.split_whitespace().map(|word| word.split('/').next());
                for word in words.flatten() {
                    self.size = size(word, around.size).unwrap_or(self.size);
                    self.bold = bold(word).unwrap_or(self.bold);
                }
            }
            _ => {}
        }
    }

    pub(super) fn is_large(self) -> bool {
        self.size >= LARGE || (self.bold && self.size >= LARGE_IN_BOLD)
    }
}

/// In pixels; nothing for what is no length.
fn size(value: &str, around: f32) -> Option<f32> {
    let at = value.find(|c: char| !(c.is_ascii_digit() || c == '.'))?;
    let (number, unit) = value.split_at(at);
    let number: f32 = number.parse().ok()?;
    match unit.to_ascii_lowercase().as_str() {
        "px" => Some(number),
        "pt" => Some(number * 4.0 / 3.0),
        "em" => Some(number * around),
        "%" => Some(number / 100.0 * around),
        "rem" => Some(number * Lettering::default().size),
        _ => None,
    }
}

fn bold(value: &str) -> Option<bool> {
    match value.to_ascii_lowercase().as_str() {
        "bold" | "bolder" => Some(true),
        "normal" | "lighter" => Some(false),
        number => number.parse::<f32>().ok().map(|weight| weight >= 700.0),
    }
}
