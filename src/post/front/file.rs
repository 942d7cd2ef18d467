//! The files that front matter names.

use super::field::{Fields, Findings};
use super::{Image, Named, Role};
use crate::post::body;

/// The picture at the top: `image: {src: …, alt: …}`.
pub(super) fn image(
    fields: &mut Fields,
    named: &mut Vec<Named>,
    found: &mut Findings,
) -> Option<Image> {
    let mut fields = fields.map("image", found)?;
    let line = fields.line_number();
    fields.require("src", "image-src", "image: {src: cover.png, alt: What it shows}", found);
    fields.require("alt", "image-alt", "image: {src: cover.png, alt: What it shows}", found);
    let src = fields.text("src", found);
    let alt = fields.line("alt", found);
    fields.finish(found);
    let src = src.filter(|src| stays(&src.value, src.line, found))?.value;
    named.push(Named { line, name: src.clone(), role: Role::Cover });
    Some(Image { src, alt: alt? })
}

pub(super) fn attachments(
    fields: &mut Fields,
    named: &mut Vec<Named>,
    found: &mut Findings,
) -> Vec<String> {
    let mut taken: Vec<String> = Vec::new();
    for text in fields.texts("attachments", found) {
        if !stays(&text.value, text.line, found) || taken.contains(&text.value) {
            continue;
        }
        named.push(Named { line: text.line, name: text.value.clone(), role: Role::Attachment });
        taken.push(text.value);
    }
    taken
}

/// Whether a name is one of a file in the post's own folder.
pub(super) fn stays(name: &str, line: usize, found: &mut Findings) -> bool {
    let stays = body::is_file_name(name);
    if !stays {
        let message = format!(
            "\"{name}\" is not the name of a file beside the post; put the file there and write its name alone"
        );
        found.error(line, "bad-file-name", message);
    }
    stays
}
