//! Breaking a text into lines.

/// The words of `text` in lines: each at most `width` characters wide.
/// A line break in the text stays one. A word that is wider has a line of its own.
pub(super) fn words(text: &str, width: usize) -> Vec<String> {
    let mut lines: Vec<String> = Vec::new();
    for part in text.split('\n') {
        let mut line = String::new();
        let mut used = 0;
        // a no-break space is no place to break, so not `split_whitespace`
        for word in part.split([' ', '\t']).filter(|word| !word.is_empty()) {
            let wide = word.chars().count();
            if used > 0 && used + 1 + wide > width {
                lines.push(std::mem::take(&mut line));
                used = 0;
            }
            if used > 0 {
                line.push(' ');
                used += 1;
            }
            line.push_str(word);
            used += wide;
        }
        if !line.is_empty() {
            lines.push(line);
        }
    }
    lines
}
