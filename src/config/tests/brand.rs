//! Colours and logo.

use super::{load, refused};
use crate::config::brand::Brand;

/// The smallest there is: one transparent pixel.
const PIXEL: &[u8] = b"GIF89a\x01\x00\x01\x00\x80\x00\x00\x00\x00\x00\x00\x00\x00!\xf9\x04\x01\
    \x00\x00\x00\x00,\x00\x00\x00\x00\x01\x00\x01\x00\x00\x02\x02D\x01\x00;";

/// The pictures that the manual and these tests name.
pub(super) fn pictures_in(folder: &std::path::Path) {
    std::fs::write(folder.join("logo.png"), PIXEL).unwrap();
    std::fs::write(folder.join("logo.svg"), "<svg/>").unwrap();
    std::fs::write(folder.join("large.gif"), PIXEL.repeat(5000)).unwrap();
}

#[test]
fn a_colour_that_cannot_be_read_is_refused_with_its_contrast() {
    for (setting, why) in [
        (
            "accent = \"#f5a623\"",
            "too light for words on a light page: its contrast is 1.8 to 1 and must be 4.5; write a darker one",
        ),
        (
            "accent_dark = \"#0b5563\"",
            "too dark for words on a dark page: its contrast is 1.7 to 1 and must be 4.5; write a lighter one",
        ),
        ("accent = \"teal\"", "not a colour; write one such as \"#0b5563\""),
        ("accent = \"#0b556é\"", "not a colour; write one such as \"#0b5563\""),
    ] {
        let told = refused(&format!("[brand]\n{setting}\n"), &[]);
        assert_eq!(told, format!("config.toml:2: brand.{setting} is {why}"));
    }
}

#[test]
fn a_logo_is_a_picture_that_mail_apps_show() {
    let config = load("[site]\nname = \"Ours\"\n[brand]\nlogo = \"logo.png\"\n", &[]).unwrap();
    let logo = config.brand.logo.unwrap();
    assert_eq!((logo.content_type, logo.width, logo.alt.as_str()), ("image/gif", 160, "Ours"));
    for (file, why) in [
        ("logo.svg", "is no PNG, JPEG or GIF picture; mail apps show no others"),
        ("large.gif", "is larger than 200 KB, and every mail carries it; make it smaller"),
        ("none.png", "cannot be read: No such file or directory (os error 2)"),
    ] {
        let told = refused(&format!("[brand]\nlogo = \"{file}\"\n"), &[]);
        assert_eq!(told, format!("config.toml:2: brand.logo = \"{file}\" {why}"));
    }
}

#[test]
fn colours_that_pass_can_be_read_everywhere() {
    let brand =
        load("[brand]\naccent = \"#7a1f5c\"\naccent_dark = \"#e6a8d0\"\n", &[]).unwrap().brand;
    assert_eq!(brand.accent.to_string(), "#7a1f5c");
    assert_eq!([brand.tint(), brand.edge()].map(|it| it.to_string()), ["#f4edf2", "#dec7d6"]);
}

#[test]
fn the_brand_of_the_manual_is_the_default() {
    let [ours, manual] = [Brand::default(), load("", &[]).unwrap().brand];
    assert_eq!(format!("{ours:?}"), format!("{manual:?}"));
}
