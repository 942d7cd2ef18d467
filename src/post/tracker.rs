//! Parameters of links that only follow people around.

/// Their names; `*` stands for any ending.
const TRACKERS: [&str; 32] = [
    "utm_*",
    "mtm_*",
    "pk_*",
    "hsa_*",
    "bsft_*",
    "fbclid",
    "gclid",
    "gclsrc",
    "dclid",
    "gbraid",
    "wbraid",
    "msclkid",
    "mc_eid",
    "mc_cid",
    "mc_tc",
    "_hsenc",
    "_hsmi",
    "mkt_tok",
    "igshid",
    "twclid",
    "ttclid",
    "yclid",
    "vero_id",
    "oly_enc_id",
    "oly_anon_id",
    "ml_subscriber",
    "ml_subscriber_hash",
    "elqtrackid",
    "ck_subscriber_id",
    "_openstat",
    "s_cid",
    "sc_cid",
];

/// What parts the parameters of an address, also of one whose `#` is followed by a path of its own.
const BETWEEN: [char; 4] = ['&', ';', '#', '?'];

/// The name of the first such parameter of a web address, as it stands there.
pub(super) fn first(address: &str) -> Option<&str> {
    let query = address.split_once('?')?.1;
    query.split(BETWEEN).map(name).find(|name| follows(name))
}

/// The address without any; nothing else of it changes.
pub fn without(address: &str) -> String {
    let Some((path, query)) = address.split_once('?') else {
        return address.to_owned();
    };
    let mut kept = path.to_owned();
    let mut before = '?';
    let mut rest = query;
    loop {
        let (parameter, after) = match rest.find(BETWEEN) {
            Some(end) => rest.split_at(end),
            None => (rest, ""),
        };
        let dropped = follows(name(parameter));
        if !dropped {
            kept.push(before);
            kept.push_str(parameter);
        }
        let Some(sign) = after.chars().next() else {
            return kept;
        };
        // what followed the first parameter is the first one now
        let takes_its_place = dropped && matches!(sign, '&' | ';');
        before = if takes_its_place { before } else { sign };
        rest = &after[1..];
    }
}

fn name(parameter: &str) -> &str {
    parameter.split('=').next().unwrap_or(parameter)
}

fn follows(name: &str) -> bool {
    let name = decoded(name).to_ascii_lowercase();
    TRACKERS.iter().any(|known| match known.strip_suffix('*') {
        Some(start) => name.starts_with(start),
        None => name == *known,
    })
}

/// `%40` is `@` again; what is no UTF-8 then stays out.
pub(super) fn decoded(address: &str) -> String {
    let mut bytes = Vec::with_capacity(address.len());
    let mut rest = address.as_bytes();
    while let [first, tail @ ..] = rest {
        let hex = tail.get(..2).and_then(|two| std::str::from_utf8(two).ok());
        let byte = hex.and_then(|two| u8::from_str_radix(two, 16).ok());
        let (byte, after) = match byte.filter(|_| *first == b'%') {
            Some(byte) => (byte, &tail[2..]),
            None => (*first, tail),
        };
        bytes.push(byte);
        rest = after;
    }
    String::from_utf8_lossy(&bytes).into_owned()
}

#[cfg(test)]
mod tests {
    use super::{first, without};

    #[test]
    fn what_follows_people_is_gone_and_the_rest_stays_as_it_was() {
        for (address, want) in [
            ("https://e.org/a", "https://e.org/a"),
            ("https://e.org/a?", "https://e.org/a?"),
            ("https://e.org/a?b=%20+&c", "https://e.org/a?b=%20+&c"),
            ("https://e.org/?utm_source=x", "https://e.org/"),
            ("https://e.org/?UTM%5Fsource=x&b=1", "https://e.org/?b=1"),
            ("https://e.org/?a=1&mkt_tok=x&b=2#top", "https://e.org/?a=1&b=2#top"),
            ("https://e.org/?a=1;_hsenc=x;b=2", "https://e.org/?a=1;b=2"),
            ("https://e.org/?fbclid=1&gclid=2&b=3", "https://e.org/?b=3"),
            ("https://e.org/?fbclid=1#top", "https://e.org/#top"),
            ("https://e.org/#/page?gclid=7", "https://e.org/#/page"),
            ("https://e.org/?q=gclid", "https://e.org/?q=gclid"),
        ] {
            assert_eq!(without(address), want);
            assert_eq!(first(&without(address)), None, "{address}");
        }
    }
}
