//! Every kind of mistake, with the exact line that tells it.

use super::refused;

#[test]
fn each_mistake_is_told_with_its_line_and_a_remedy() {
    for (text, expected) in VALUES {
        assert_eq!(refused(text, &[]), *expected);
    }
}

#[test]
fn relays_lists_digests_and_sources_are_checked_as_a_whole() {
    for (text, expected) in TABLES {
        assert_eq!(refused(text, &[]), *expected);
    }
}

const OPERATOR: &str = "config.toml:2: operator.address = \"nobody\" is not an e-mail address: it has no @; write \
     it like ann@example.org\n\
     config.toml:3: operator.summary = \"daily\" has 1 field; write five fields: minute, hour, day of the month, \
     month, day of the week, such as 0 8 * * Mon\n\
     config.toml:4: operator.alert_after = \"0s\" is no time at all; write a longer one, such as 5m\n\
     config.toml:5: operator.disk_free = \"500 MiB\" is not a size; write one such as \"500 MB\" or \"2 GB\"";

const VALUES: &[(&str, &str)] = &[
    (
        "[relay.main]\nhost = \"localhost\"\nport = \"25x\"",
        "config.toml:3: relay.main.port = \"25x\" is not a number from 1 to 65535",
    ),
    (
        "[relay.main]\nhost = \"localhost\"\nport = 0",
        "config.toml:3: relay.main.port = 0 is not a number from 1 to 65535",
    ),
    (
        "[relay.main]\nhost = \"localhost\"\nport = \"25\"",
        "config.toml:3: relay.main.port = \"25\" is a number in quotes; write it without them",
    ),
    (
        "[relay.main]\nconnections = 0",
        "config.toml:2: relay.main.connections = 0 is not a number from 1 to 1000",
    ),
    (
        "[reminder]\nmeeting-notice = [\"1d\", \"soon\"]",
        "config.toml:2: reminder.meeting-notice = \"soon\" is not a duration; write a whole number and a unit: \
             500ms, 90s, 5m, 2h, 3d or 1w",
    ),
    (
        "[reminder]\nmeeting-notice = [\"5m\"]",
        "config.toml:2: reminder.meeting-notice = \"5m\" is shorter than ten minutes; write a longer one, such as 1h",
    ),
    (
        "[reminder]\nmeeting-notice = [\"1d\", \"1w\", \"7d\"]",
        "config.toml:2: reminder.meeting-notice has 7d twice; keep one",
    ),
    (
        "[reminder]\nreport = [\"1d\"]",
        "config.toml:2: reminder.report is not a key of Bulletin; the keys of [reminder] are meeting-notice",
    ),
    (
        "[delivery]\nwindow = 0",
        "config.toml:2: delivery.window = 0 is not a number from 1 to 10000",
    ),
    (
        "[site]\nbase_ulr = \"x\"",
        "config.toml:2: site.base_ulr is not a key of Bulletin; did you mean base_url?",
    ),
    (
        "[log]\ncolour = true",
        "config.toml:2: log.colour is not a key of Bulletin; the keys of [log] are format, level",
    ),
    ("[brnd]", "config.toml:1: brnd is not a table of Bulletin; did you mean brand?"),
    ("\n[sit]\nname = \"x\"", "config.toml:2: sit is not a table of Bulletin; did you mean site?"),
    (
        "window = 3",
        "config.toml:1: window is not a key of Bulletin; the tables are site, sender, operator, \
             database, relay, domain, delivery, dkim, list, digest, coordinator, reminder, source, picture, \
             brand, discreet, log",
    ),
    (
        "[operator]\naddress = \"nobody\"\nsummary = \"daily\"\nalert_after = \"0s\"\ndisk_free = \"500 MiB\"",
        OPERATOR,
    ),
    (
        "[operator]\ndisk_free = \"99999999999999 TB\"",
        "config.toml:2: operator.disk_free = \"99999999999999 TB\" is not a size; write one such as \
             \"500 MB\" or \"2 GB\"",
    ),
    ("site = 3", "config.toml:1: site is a table; write [site] and its keys below"),
    (
        "[[relay]]\nhost = \"x\"",
        "config.toml:1: relay.NAME is a table; write [relay.NAME] and its keys below",
    ),
    ("[site]\nname = \"\"", "config.toml:2: site.name = \"\" is empty; write some text"),
    (
        "[site]\nname = \"a\\nb\"",
        "config.toml:2: site.name = \"a\\nb\" holds a line break; write it on one line",
    ),
    ("[site]\nname = 5", "config.toml:2: site.name = 5 is not text; write it in quotes"),
    (
        "[site]\nlisten = \"localhost\"",
        "config.toml:2: site.listen = \"localhost\" is not an address and a port; write them \
             like 127.0.0.1:8080 or [::1]:8080",
    ),
    (
        "[site]\nlisten = \"127.0.0.1:8080\"\noperator_listen = \"127.0.0.1:8080\"",
        "config.toml:3: site.operator_listen = \"127.0.0.1:8080\" is taken by site.listen; \
             write another port",
    ),
    (
        "[site]\ntimezone = \"Europe/Londn\"",
        "config.toml:2: site.timezone = \"Europe/Londn\" is not a time zone; write one such as \
             Europe/London",
    ),
    (
        "[site]\nquiet_hours = \"21:00\"",
        "config.toml:2: site.quiet_hours = \"21:00\" are no quiet hours; write when they begin and when \
             they end, such as 21:00-08:00",
    ),
    (
        "[digest.weekly]\ncron = \"0 8 * * Mon\"\ncatch_up = \"twice\"",
        "config.toml:3: digest.weekly.catch_up = \"twice\" is not one of \"once\", \"skip\"",
    ),
    (
        "[site]\nlanguage = \"English, British\"",
        "config.toml:2: site.language = \"English, British\" is not a language; write one such \
             as en-GB or cy",
    ),
    (
        "[site]\nbase_url = \"http://news.example.org\"",
        "config.toml:2: site.base_url = \"http://news.example.org\" is open to eavesdroppers; \
             write https://… (http is for localhost, 127.0.0.1 and [::1])",
    ),
    (
        "[site]\nbase_url = \"news.example.org\"",
        "config.toml:2: site.base_url = \"news.example.org\" is not a web address; write one \
             such as https://news.example.org",
    ),
    (
        "[site]\nbase_url = \"https://news.example.org/?a\"",
        "config.toml:2: site.base_url = \"https://news.example.org/?a\" has a ? or #; write the \
             address without what follows it",
    ),
    (
        "[site]\nsecret_file = \"\"",
        "config.toml:2: site.secret_file = \"\" is empty; write the name of a file or folder",
    ),
    (
        "[sender]\naddress = \"ann\"",
        "config.toml:2: sender.address = \"ann\" is not an e-mail address: it has no @; write it \
             like ann@example.org",
    ),
    (
        "[sender]\nbounce_domain = \"bounces\"",
        "config.toml:2: sender.bounce_domain = \"bounces\" is not a domain; write one such as \
             bounces.example.org",
    ),
    (
        "[database]\nurl = \"mysql://ann:hunter2@db/x\"",
        "config.toml:2: database.url = … is not a database; write sqlite:bulletin.db or \
             postgres://…",
    ),
    (
        "[delivery]\ngive_up_after = \"3 days\"",
        "config.toml:2: delivery.give_up_after = \"3 days\" is not a duration; write a whole \
             number and a unit: 500ms, 90s, 5m, 2h, 3d or 1w",
    ),
    (
        "[delivery]\nlease = \"0s\"",
        "config.toml:2: delivery.lease = \"0s\" is no time at all; write a longer one, such as 5m",
    ),
    (
        "[delivery]\nretry = []",
        "config.toml:2: delivery.retry = [] is empty; write at least one duration, such as \
             [\"5m\"]",
    ),
    (
        "[delivery]\nrelay_retry = []",
        "config.toml:2: delivery.relay_retry = [] is empty; write at least one duration, such \
             as [\"5m\"]",
    ),
    (
        "[delivery]\nretry = [\n  \"1m\",\n  \"5x\",\n]",
        "config.toml:4: delivery.retry = \"5x\" is not a duration; write a whole number and a \
             unit: 500ms, 90s, 5m, 2h, 3d or 1w",
    ),
    (
        "[delivery]\nretry = \"1m\"",
        "config.toml:2: delivery.retry = \"1m\" is not a list; write it in square brackets, \
             such as [\"…\", \"…\"]",
    ),
    (
        "[delivery]\non_in_doubt = \"retry\"",
        "config.toml:2: delivery.on_in_doubt = \"retry\" is not one of \"resend\", \"hold\"",
    ),
    (
        "[log]\nlevel = \"inof\"",
        "config.toml:2: log.level = \"inof\" is not a log level; write one of error, warn, info, \
             debug, trace, off, or a filter such as info,bulletin=debug",
    ),
];

const TABLES: &[(&str, &str)] = &[
    (
        "[domain.gmail]\nrate = \"20/s\"",
        "config.toml:1: domain.gmail.domains is missing; write domains = [\"gmail.com\", \"googlemail.com\"]",
    ),
    (
        "[domain.a]\ndomains = [\"a.org\"]\n[domain.b]\ndomains = [\"b.org\", \"A.org\"]",
        "config.toml:4: domain.b.domains has a.org, which domain.a has already; leave one out",
    ),
    (
        "[relay.main]\nwarm_up = [\"200/d\"]",
        "config.toml:2: relay.main.warm_up has no beginning; write warm_up_from = \"2026-12-01\"",
    ),
    (
        "[relay.main]\nwarm_up_from = \"2026-12-01\"",
        "config.toml:2: relay.main.warm_up_from has no rates; write warm_up = [\"200/d\", \"400/d\", \"800/d\"]",
    ),
    (
        "[relay.main]\nwarm_up = [\"200/w\"]\nwarm_up_from = \"1.12.2026\"",
        "config.toml:2: relay.main.warm_up = \"200/w\" is not a rate; write one such as \"50/s\", \"600/m\", \
         \"1000/h\" or \"200/d\"\n\
         config.toml:3: relay.main.warm_up_from = \"1.12.2026\" is not a day; write one such as 2026-12-01",
    ),
    (
        "[relay.main]\nkind = \"smtp\"",
        "config.toml:1: relay.main.host is missing; write host = \"smtp.example.org\"",
    ),
    (
        "[relay.main]\nkind = \"file\"\npassword = \"hunter2\"",
        "config.toml:3: relay.main.password must not stand in this file; write it on the first \
         line of a file of mode 0600 and name that in password_file, or set \
         BULLETIN__RELAY__MAIN__PASSWORD",
    ),
    (
        "[relay.main]\nhost = \"smtp.example.org\"\ntls = \"none\"",
        "config.toml:3: relay.main.tls = \"none\" would send mail and password to \
             smtp.example.org for all to read; write \"starttls\" or \"implicit\" (\"none\" is for \
             localhost, 127.0.0.1 and [::1])",
    ),
    (
        "[relay.main]\nhost = \"smtp.example.org\"\nuser = \"ann\"",
        "config.toml:3: relay.main.user has no password; write password_file = \"relay.secret\"",
    ),
    (
        "[relay.main]\nhost = \"smtp example\"",
        "config.toml:2: relay.main.host = \"smtp example\" is not a host; write one such as \
             smtp.example.org",
    ),
    (
        "[relay.my-main]\nhost = \"localhost\"\npassword = \"hunter2\"",
        "config.toml:3: relay.my-main.password must not stand in this file; write it on the \
             first line of a file of mode 0600 and name that in password_file, or set \
             BULLETIN__RELAY__MY_MAIN__PASSWORD",
    ),
    (
        "[relay.main]\nhost = \"localhost\"\npassword_file = \"none.secret\"",
        "config.toml:3: relay.main.password_file = \"none.secret\" cannot be used: none.secret: \
             this secret file cannot be read: No such file or directory (os error 2)",
    ),
    (
        "[list.meetings]\napproval = true",
        "config.toml:1: list.meetings.name is missing; write name = \"Meetings\"",
    ),
    (
        "[list.meetings]\nname = \"M\"\napproval = \"yes\"",
        "config.toml:3: list.meetings.approval = \"yes\" is not true or false; write one of the \
             two, without quotes",
    ),
    (
        "[list.meetings]\nname = \"M\"\nkinds = [\"report\", \"poem\"]",
        "config.toml:3: list.meetings.kinds = \"poem\" is not a kind; write meeting-summary, \
             report, meeting-notice or announcement",
    ),
    (
        "[list.meetings]\nname = \"M\"\nlist_id = \"a.b\"",
        "config.toml:3: list.meetings.list_id = \"a.b\" is not a label; write a–z, 0–9 and \
             hyphens inside, at most 63",
    ),
    (
        "[list.meetings-]\nname = \"M\"",
        "config.toml:1: list.meetings- cannot be a List-Id; end its name with a letter or number, \
         or write list_id",
    ),
    (
        "[list.Meetings]\nname = \"M\"\nlist_id = \"m\"",
        "config.toml:1: list.Meetings is not a name; write a–z, 0–9 and hyphens, at most 63, no \
             hyphen first",
    ),
    (
        "[list.a]\nname = \"A\"\n[list.b]\nname = \"B\"\nlist_id = \"a\"",
        "config.toml:5: list.b.list_id = \"a\" is also that of list.a; write another",
    ),
    (
        "[digest.weekly]\nname = \"W\"",
        "config.toml:1: digest.weekly.cron is missing; write cron = \"0 8 * * Mon\"",
    ),
    (
        "[digest.weekly]\ncron = \"0 0 30 2 *\"",
        "config.toml:2: digest.weekly.cron = \"0 0 30 2 *\" never fires: there is no such date; \
             write five fields: minute, hour, day of the month, month, day of the week, such as \
             0 8 * * Mon",
    ),
    (
        "[digest.immediate]\ncron = \"0 8 * * Mon\"",
        "config.toml:1: digest.immediate is no digest: \"immediate\" means at once; choose \
             another name",
    ),
    (
        "[source.posts]\npath = \"posts\"",
        "config.toml:1: source.posts.kind is missing; write kind = \"folder\" or \"feed\"",
    ),
    (
        "[source.posts]\nkind = \"folder\"",
        "config.toml:1: source.posts.path is missing; write path = \"posts\"",
    ),
    (
        "[source.web]\nkind = \"feed\"\nurl = \"https://example.org\"\npath = \"posts\"",
        "config.toml:4: source.web.path belongs to sources of kind \"folder\", and this one is \
         \"feed\"; remove it",
    ),
    (
        "[source.web]\nkind = \"feed\"\nurl = \"ftp://example.org\"",
        "config.toml:3: source.web.url = \"ftp://example.org\" is not a web address; write one \
             such as https://news.example.org",
    ),
    (
        "[source.web]\nkind = \"feed\"\nurl = \"http://example.org/feed\"",
        "config.toml:3: source.web.url = \"http://example.org/feed\" can be changed on its way to us; \
             write https://…",
    ),
    (
        "[source.web]\nkind = \"feed\"\nurl = \"https://ann:pw@example.org/feed\"",
        "config.toml:3: source.web.url = … has a name or a password \
             in it, which is never sent; remove it",
    ),
    (
        "[source.web]\nkind = \"feed\"\nurl = \"https://example.org\"\nevery = \"10s\"",
        "config.toml:4: source.web.every is too often for somebody else's server; write 5m or longer",
    ),
    (
        "[source.web]\nkind = \"feed\"\nurl = \"https://example.org\"\nlists = [\"nws\"]\n[list.news]\nname = \"N\"",
        "config.toml:4: source.web.lists names \"nws\", which is not a list; the lists are news",
    ),
    (
        "[source.web]\nkind = \"feed\"\nurl = \"https://example.org\"\npost_kind = \"meeting-notice\"",
        "config.toml:4: source.web.post_kind = \"meeting-notice\" makes meeting notices, and a feed \
             does not say when and where people meet; write meeting-summary, report or announcement",
    ),
    (
        "[source.web]\nkind = \"feed\"\nurl = \"https://example.org\"\nkinds = [\"Research\"]",
        "config.toml:4: source.web.kinds = \"Research\" has no colon; write it like \"Research: report\"",
    ),
    (
        "[source.posts]\nkind = \"folder\"\npath = \"p\"\nlists = [\"news\"]",
        "config.toml:4: source.posts.lists belongs to sources of kind \"feed\", and this one is \
             \"folder\"; remove it",
    ),
    (
        "[source.posts]\nkind = \"folder\"\npath = \"p\"\npublish = \"always\"",
        "config.toml:4: source.posts.publish = \"always\" is not one of \"ask\", \"auto\"",
    ),
];
