//! The colours of a drawing: few enough to be counted, and kept when it is made smaller.

use std::collections::HashMap;

use image::{Rgba, RgbaImage};

/// As many as a palette holds (PNG §11.2.2).
pub(super) const PALETTE: usize = 256;

/// Every colour once, numbered as they are met.
pub(super) struct Colours(HashMap<[u8; 4], usize>);

impl Colours {
    /// Nothing when there are more than `most`.
    pub(super) fn of(pixels: impl Iterator<Item = Rgba<u8>>, most: usize) -> Option<Self> {
        let mut numbers = HashMap::new();
        for pixel in pixels {
            let next = numbers.len();
            numbers.entry(pixel.0).or_insert(next);
            if numbers.len() > most {
                return None;
            }
        }
        Some(Self(numbers))
    }

    /// In the order of their numbers, when a palette holds them.
    pub(super) fn palette(&self) -> Option<Vec<[u8; 4]>> {
        let mut colours: Vec<_> = self.0.iter().map(|(colour, number)| (number, colour)).collect();
        colours.sort_unstable();
        (colours.len() <= PALETTE).then(|| colours.into_iter().map(|(_, colour)| *colour).collect())
    }

    pub(super) fn number(&self, pixel: Rgba<u8>) -> u8 {
        let number = self.0.get(&pixel.0).and_then(|number| u8::try_from(*number).ok());
        number.unwrap_or_default()
    }
}

/// Gives every pixel the colour of the palette that is nearest to its own: edges that were made
/// smaller are blurred by colours that the drawing never had.
pub(super) fn keep_to(palette: &[[u8; 4]], pixels: &mut RgbaImage) {
    let mut nearest: HashMap<[u8; 4], [u8; 4]> = HashMap::new();
    for pixel in pixels.pixels_mut() {
        let own = pixel.0;
        let find = || palette.iter().copied().min_by_key(|colour| distance(*colour, own));
        pixel.0 = *nearest.entry(own).or_insert_with(|| find().unwrap_or(own));
    }
}

fn distance(one: [u8; 4], other: [u8; 4]) -> u32 {
    one.iter().zip(other).map(|(one, other)| u32::from(one.abs_diff(other)).pow(2)).sum()
}
