//! Against the RFC's own example, and against canonicalisation written as slowly and plainly as the RFC
//! says it. Strangers verify in `tests/it/dkim.rs`.

mod reference;

use aws_lc_rs::signature::{RSA_PKCS1_1024_8192_SHA256_FOR_LEGACY_USE_ONLY, UnparsedPublicKey};
use data_encoding::BASE64;
use proptest::prelude::*;

use super::*;
use crate::key::{Algorithm, SigningKey};
use record::Record;

/// RFC 8463 Appendix A.3, with the line breaks of a mail.
fn example() -> String {
    include_str!("rfc8463/message.eml").replace('\n', "\r\n")
}

/// RFC 8463 Appendix A.1, in the dress of PKCS#8 (RFC 8410 §7).
fn brisbane() -> Dkim {
    let seed = BASE64.decode(b"nWGxne/9WmC6hEr0kuwsxERJxWl7MmkZcDusAxyuf2A=").unwrap();
    let der =
        [&[0x30, 0x2e, 2, 1, 0, 0x30, 5, 6, 3, 0x2b, 0x65, 0x70, 4, 0x22, 4, 0x20], &seed[..]];
    let pem = BASE64.encode(&der.concat());
    let pem = format!("-----BEGIN PRIVATE KEY-----\n{pem}\n-----END PRIVATE KEY-----\n");
    key("football.example.com", "brisbane", SigningKey::parse(pem.as_bytes()).unwrap())
}

fn key(domain: &str, selector: &str, key: SigningKey) -> Dkim {
    Dkim { domain: domain.to_owned(), selector: selector.to_owned(), key: Arc::new(key) }
}

fn made(selector: &str, algorithm: Algorithm) -> Dkim {
    key("news.example.org", selector, SigningKey::generate(algorithm).unwrap().0)
}

/// The fields that a signature of the example covers, and that signature without what is in `b=`.
fn covered(fields: &[Field<'_>], place: usize) -> (Vec<u8>, String) {
    let mut out = Vec::new();
    for name in ["from", "to", "subject", "date", "message-id"] {
        relaxed(fields.iter().find(|field| field.is(name)).unwrap(), &mut out);
        out.extend_from_slice(b"\r\n");
    }
    let text = example();
    let own = text.split("DKIM-Signature:").nth(place + 1).unwrap();
    let own = own.split("\r\nFrom:").next().unwrap().trim_end_matches("\r\n");
    let (open, signature) = own.split_once("\r\n b=").unwrap();
    let open = format!("DKIM-Signature:{open}\r\n b=");
    relaxed(&Field::of(open.as_bytes()).unwrap(), &mut out);
    (out, signature.replace("\r\n ", ""))
}

#[test]
fn the_example_of_rfc_8463_comes_out_to_the_octet() {
    let text = example();
    let (fields, body) = split(text.as_bytes());
    let body = reference::relaxed_body(std::str::from_utf8(body).unwrap());
    let hash = BASE64.encode(body_hash(body.as_bytes()).as_ref());
    assert_eq!(hash, "2jUSOH9NhtVGCQWNr9BrIAPreKQjO6Sn7XIkfJVOzv8=");
    let (header, signature) = covered(&fields, 0);
    let hash = digest::digest(&digest::SHA256, &header);
    assert_eq!(brisbane().key.sign(&hash).unwrap(), signature);
}

/// Our signer refuses so short a key, and so the public half looks at what we would have signed.
#[test]
fn the_rsa_signature_of_rfc_8463_is_over_what_we_would_sign() {
    let text = example();
    let (header, signature) = covered(&split(text.as_bytes()).0, 1);
    let public = "MIGfMA0GCSqGSIb3DQEBAQUAA4GNADCBiQKBgQDkHlOQoBTzWRiGs5V6NpP3idY6Wk08a5qhdR6wy5bdOKb2jLQiY/J16JYi0Qvx/byYzCNb3W91y3FutACDfzwQ/BC/e/8uBsCR+yz1Lxj+PL6lHvqMKrM3rG4hstT5QjvHO9PzoxZyVYLzBfO2EeC3Ip3G+2kryOTIKT+l/K4w3QIDAQAB";
    let public = BASE64.decode(public.as_bytes()).unwrap();
    let public = UnparsedPublicKey::new(&RSA_PKCS1_1024_8192_SHA256_FOR_LEGACY_USE_ONLY, public);
    public.verify(&header, &BASE64.decode(signature.as_bytes()).unwrap()).unwrap();
}

#[test]
fn a_record_is_what_rfc_8463_publishes() {
    let record = Record::of(&brisbane()).unwrap();
    assert_eq!(record.name, "brisbane._domainkey.football.example.com");
    assert_eq!(record.value, "v=DKIM1; k=ed25519; p=11qYAYKxCrfVS/7TyWQHOg7hcvPapiMlrwIaaPcHURo=");
    let rsa = Record::of(&made("r1", Algorithm::Rsa)).unwrap();
    assert!(rsa.value.starts_with("v=DKIM1; k=rsa; p=MIIBIjANBgkqhkiG9w0BAQEFAAOCAQ8A"));
    let line = rsa.zone_line();
    let (name, strings) = line.split_once(" IN TXT ").unwrap();
    assert_eq!(name, "r1._domainkey.news.example.org.");
    let strings: Vec<_> = strings.trim_matches('"').split("\" \"").collect();
    assert!(strings.len() == 2 && strings.iter().all(|string| string.len() <= 255), "{line}");
    assert_eq!(strings.concat(), rsa.value);
}

/// The signature fields that were put before a message.
fn signatures(signer: &Signer, message: &str) -> Vec<String> {
    let whole = signer.sign(message.as_bytes().to_vec().into()).unwrap();
    assert_eq!(whole, whole.to_vec().into(), "what is known of its lines is so");
    let whole = String::from_utf8(whole.into_bytes()).unwrap();
    let before = whole.strip_suffix(message).unwrap();
    before.split_inclusive("\r\n").fold(Vec::new(), |mut fields: Vec<String>, line| {
        match fields.last_mut().filter(|_| line.starts_with(' ')) {
            Some(field) => field.push_str(line),
            None => fields.push(line.to_owned()),
        }
        fields
    })
}

fn listed(field: &str) -> Vec<String> {
    let unfolded: String = field.split_whitespace().collect();
    let list = unfolded.split("h=").nth(1).unwrap().split(';').next().unwrap();
    list.split(':').map(str::to_owned).collect()
}

const MAIL: &str = "From: a@news.example.org\r\nTo: b@example.org\r\nDate: now\r\nX-Other: no\r\n\
     Message-ID: <1@news.example.org>\r\nList-Unsubscribe: <https://news.example.org/u>\r\n\
     List-Unsubscribe-Post: List-Unsubscribe=One-Click\r\nList-Id: <l.example.org>\r\n\r\nHello.\r\n";

#[test]
fn what_is_there_is_covered_and_what_forgers_add_is_listed_once_more() {
    let signer = Signer::new(vec![made("e1", Algorithm::Ed25519)], &[]);
    let [field] = signatures(&signer, MAIL).try_into().unwrap();
    let expected = "from from reply-to subject date date to to cc message-id content-type list-id \
        list-unsubscribe list-unsubscribe list-unsubscribe-post list-unsubscribe-post";
    assert_eq!(listed(&field), expected.split_whitespace().collect::<Vec<_>>());
    assert!(!field.contains("l="), "the whole body is covered");
}

#[test]
fn what_a_relay_rewrites_is_left_to_it() {
    let signer = Signer::new(vec![made("e1", Algorithm::Ed25519)], &["message-id", "date"]);
    let [field] = signatures(&signer, MAIL).try_into().unwrap();
    let listed = listed(&field);
    assert!(!listed.iter().any(|name| name == "date" || name == "message-id"), "{field}");
    let rewritten = MAIL.replace("Date: now", "Date: later").replace("<1@", "<2@");
    assert_eq!(signatures(&signer, &rewritten), [field]);
}

#[test]
fn one_mail_gets_the_same_signatures_every_time_in_short_lines() {
    let long = format!("{}.example.org", ["x".repeat(60), "y".repeat(60)].join("."));
    let mut keys = vec![made("e1", Algorithm::Ed25519), made("r1", Algorithm::Rsa)];
    keys.push(key(&long, "e2", SigningKey::generate(Algorithm::Ed25519).unwrap().0));
    let signer = Signer::new(keys, &[]);
    let fields = signatures(&signer, MAIL);
    assert_eq!(fields.len(), 3);
    assert_eq!(signatures(&signer, MAIL), fields);
    for line in fields.iter().flat_map(|field| field.split("\r\n")) {
        assert!(line.len() <= 78 || line.contains(&long), "{line}");
    }
    assert!(fields[0].contains("a=ed25519-sha256; c=relaxed/simple;"));
    assert!(fields[1].contains("a=rsa-sha256; c=relaxed/simple;"));
}

/// Lines that a composer would never write, and some that it would.
fn mails() -> impl Strategy<Value = String> {
    let name = prop_oneof![
        proptest::sample::select(SIGNED.to_vec()).prop_map(str::to_owned),
        proptest::sample::select(vec![
            "From",
            "SUBJECT",
            "List-Unsubscribe-Post",
            "X-Other",
            "Date"
        ])
        .prop_map(str::to_owned),
    ];
    let value = "([ \t]{0,3}([!-~é]{1,9}|:|\r\n[ \t]{1,3})){0,6}[ \t]{0,2}";
    let field = (name, "[ \t]{0,2}", value)
        .prop_map(|(name, gap, value)| format!("{name}{gap}:{value}\r\n"));
    let line = "(\\.{0,2}[ \t]{0,2}[!-~é]{0,9}[ \t]{0,2}\r\n|\r\n){0,9}([a-z]{0,3}|\r\n\r\n)";
    let body = prop_oneof![line.prop_map(|body| format!("\r\n{body}")), Just(String::new())];
    (proptest::collection::vec(field, 0..9), body)
        .prop_map(|(fields, body)| format!("{}{body}", fields.concat()))
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2000))]

    #[test]
    fn whatever_a_mail_looks_like_it_is_signed_as_the_rfc_says(mail in mails()) {
        let dkim = brisbane();
        let signer = Signer::new(vec![dkim.clone()], &[]);
        let [field] = signatures(&signer, &mail).try_into().unwrap();
        let (covered, body) = reference::what_is_signed(&field, &mail);
        prop_assert!(field.contains(&format!("bh={body};")), "{}", field);
        let hash = digest::digest(&digest::SHA256, covered.as_bytes());
        let unfolded: String = field.split_whitespace().collect();
        let signature = unfolded.rsplit_once(";b=").unwrap().1;
        prop_assert_eq!(dkim.key.sign(&hash).unwrap(), signature);
    }
}
