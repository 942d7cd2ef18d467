//! What travels with a mail as it is.

use memchr::memmem;

use crate::message::{Content, Part};
use crate::post::lint::rule::{PHOTO_PLACE, Rule};

/// Where a JPEG, a PNG and a WebP keep what the camera wrote (Exif 2.3 §4.5.4, PNG §11.3.2.8, RFC 9649 §2.7).
const CAMERA: [(&str, &[u8]); 3] =
    [("image/jpeg", b"Exif\0\0"), ("image/png", b"eXIf"), ("image/webp", b"EXIF")];

pub(super) fn wrong(content: &Content) -> Vec<(Rule, String)> {
    let attached = content.parts.iter().filter(|part| part.cid.is_none());
    let told = attached.filter(|part| has_camera_words(part)).map(|part| {
        let message = format!(
            "{} holds what the camera wrote, perhaps where it was taken; show it as a picture of the post, or \
             save it without that",
            part.name
        );
        (PHOTO_PLACE, message)
    });
    told.collect()
}

fn has_camera_words(part: &Part) -> bool {
    CAMERA
        .iter()
        .any(|(kind, sign)| part.content_type == *kind && memmem::find(&part.bytes, sign).is_some())
}
