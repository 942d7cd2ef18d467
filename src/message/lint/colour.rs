//! Colours as CSS writes them, and how well two can be told apart.

use csscolorparser::Color;

/// What a declaration says of a colour.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Said {
    Colour(Color),
    /// As it was around it.
    Nothing,
    /// A picture, a gradient, a variable: nobody can tell.
    Unknown,
}

/// `#0b5563`, `white`, `rgb(1 2 3)`; of a `background` the colour among its words.
pub(super) fn said(value: &str) -> Said {
    let value = value.trim().to_ascii_lowercase();
    match value.as_str() {
        "" | "inherit" | "transparent" | "none" | "initial" | "unset" | "currentcolor" => {
            return Said::Nothing;
        }
        _ => {}
    }
    if let Ok(colour) = csscolorparser::parse(&value) {
        return Said::Colour(colour);
    }
    if ["url(", "gradient(", "var("].iter().any(|word| value.contains(word)) {
        return Said::Unknown;
    }
    let word = value.split_whitespace().find_map(|word| csscolorparser::parse(word).ok());
    word.map_or(Said::Nothing, Said::Colour)
}

/// The colour that is seen when `above` lies on `below`.
pub(super) fn over(above: &Color, below: &Color) -> Color {
    let mix = |a: f32, b: f32| a * above.a + b * (1.0 - above.a);
    Color::new(mix(above.r, below.r), mix(above.g, below.g), mix(above.b, below.b), 1.0)
}

/// From 1 to 21 (WCAG 2.2, "contrast ratio").
pub(super) fn ratio(one: &Color, other: &Color) -> f32 {
    let (one, other) = (luminance(one), luminance(other));
    (one.max(other) + 0.05) / (one.min(other) + 0.05)
}

fn luminance(colour: &Color) -> f32 {
    let [red, green, blue, _] = colour.to_linear_rgba();
    0.2126 * red + 0.7152 * green + 0.0722 * blue
}
