//! RFC 6376 §3.4 and §3.7, word for word and as slow as they like.

use sha2::{Digest, Sha256};

/// What a verifier hashes for this signature field over this mail, and the hash of the body.
pub(super) fn what_is_signed(signature: &str, mail: &str) -> (String, String) {
    let (header, body) = match mail.split_once("\r\n\r\n") {
        _ if mail.starts_with("\r\n") => ("", &mail[2..]),
        Some((header, body)) => (header, body),
        None => (mail.trim_end_matches("\r\n"), ""),
    };
    let mut fields = fields(header);
    let mut out = String::new();
    let tag = signature.split("h=").nth(1).unwrap().split(';').next().unwrap();
    for name in tag.split(':').map(str::trim) {
        // "signing the last occurrence first", and one that is not there is the null string (§5.4.2)
        let last = fields.iter().rposition(|field| field.starts_with(&format!("{name}:")));
        if let Some(place) = last {
            out += &fields.remove(place);
            out += "\r\n";
        }
    }
    let emptied = &signature[..signature.rfind(" b=").unwrap() + 3];
    out += &relaxed_field(emptied);
    (out, data_encoding::BASE64.encode(&Sha256::digest(simple_body(body))))
}

/// Each on one line.
fn fields(header: &str) -> Vec<String> {
    let mut fields: Vec<String> = Vec::new();
    for line in header.split("\r\n").filter(|line| !line.is_empty()) {
        match fields.last_mut().filter(|_| line.starts_with([' ', '\t'])) {
            Some(field) => *field += line,
            None => fields.push(line.to_owned()),
        }
    }
    fields.iter().map(|field| relaxed_field(field)).collect()
}

fn relaxed_field(field: &str) -> String {
    let (name, value) = field.split_once(':').unwrap();
    let value = collapsed(&value.replace("\r\n", ""));
    format!(
        "{}:{}",
        name.trim_end_matches([' ', '\t']).to_ascii_lowercase(),
        value.trim_matches(' ')
    )
}

fn collapsed(text: &str) -> String {
    let mut text = text.replace('\t', " ");
    while text.contains("  ") {
        text = text.replace("  ", " ");
    }
    text
}

fn simple_body(body: &str) -> String {
    let mut body = body.to_owned();
    if !body.ends_with("\r\n") {
        body += "\r\n";
    }
    while body.ends_with("\r\n\r\n") {
        body.truncate(body.len() - 2);
    }
    body
}

/// §3.4.4; the example of RFC 8463 has it.
pub(super) fn relaxed_body(body: &str) -> String {
    let lines: Vec<_> =
        body.split("\r\n").map(|line| collapsed(line).trim_end().to_owned()).collect();
    lines.join("\r\n").trim_end_matches("\r\n").to_owned() + "\r\n"
}
